/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Makes the tables that new subjects go through, in order. */
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "apply.h"
#include "file.h"
#include "prediction_parts.h"
#include "run.h"
#include "store.h"

/* ---- Nodes ------------------------------------------------------------------------------- */

typedef struct NetFiles {
    const Stage *stage;
    const char **files; /* of each of its nets */
} NetFiles;

static const char *file_of(void *context, const char *source)
{
    const NetFiles *nets = context;
    for (int k = 0; k < nets->stage->net_count; k++)
        if (strcmp(nets->stage->nets[k].weights, source) == 0)
            return nets->files[k];
    return NULL;
}

/* The weights of every net, checked before anything is computed with them. */
static bool find_weights(const Prediction *p, const Outer *outer, NetFiles *nets,
                         FornixError *error)
{
    const Stage *stage = nets->stage = outer->stage;
    nets->files = arena_take(p->memory, (size_t)stage->net_count + 1, sizeof *nets->files);
    for (int k = 0; k < stage->net_count; k++) {
        const char *source = stage->nets[k].weights;
        const Outer *from = outer->weights[k];
        if (!*source)
            continue;
        nets->files[k] = from ? bundle_weights(p->bundle, from->id, NULL, error)
                              : bundle_weights(p->bundle, outer->id, stage->nets[k].name, error);
        if (!nets->files[k])
            return false;
    }
    return true;
}

static bool apply_stage(const Prediction *p, Outer *outer, FornixError *error)
{
    atomic_bool stop = false;
    NetFiles nets;
    const FornixTable *schema = outer->table;
    int count = fornix_columns(schema);
    FornixColumn *columns = arena_take(p->memory, (size_t)count + 1, sizeof *columns);
    for (int c = 0; c < count; c++)
        columns[c] = *fornix_column(schema, c);
    const char *folder = arena_format(p->memory, "%s/%s", p->work, outer->id);
    if (!find_weights(p, outer, &nets, error) || !file_make_folders(folder, error))
        return false;
    ApplyRun apply = {.run = {.team = p->team,
                              .stage = outer->stage,
                              .samples = outer->inputs[0].from->table,
                              .folder = folder,
                              .weights_file = file_of,
                              .context = &nets,
                              .meter = p->meter,
                              .stop = &stop},
                      .columns = columns,
                      .column_count = count};
    bool fine = apply_run(&apply, error);
    figures_clear(&apply.run.figures);
    if (fine)
        outer->table = store_load(experiment_samples(p->experiment),
                                  arena_format(p->memory, "%s/table", folder), outer->id, error);
    return fine && outer->table;
}

static bool build_samples(const Prediction *p, Outer *outer, FornixError *error)
{
    const FornixTable **tables =
        arena_take(p->memory, (size_t)outer->input_count + 1, sizeof *tables);
    for (int k = 0; k < outer->input_count; k++)
        tables[k] = outer->inputs[k].from ? outer->inputs[k].from->table : NULL;
    FornixBuild *build = outer_build(p->experiment, outer, tables, NULL);
    bool fine = build_columns(build) && build_rows(build);
    outer->table = build_table(build);
    build_free(build);
    return fine || fornix_fail(error, "%s '%s' failed", outer->type->name, outer->id);
}

static bool make_table(const Prediction *p, Outer *outer, FornixError *error)
{
    if (outer->has_rows)
        return true;
    if (!outer->stage)
        return build_samples(p, outer, error);
    if (outer->stage->kind == STAGE_APPLY)
        return apply_stage(p, outer, error);
    outer->table = outer->inputs[0].from->table; /* a filter asks for labels that nobody knows */
    return true;
}

static void make_all(void *context)
{
    Prediction *p = context;
    int count;
    Outer *const *nodes = experiment_nodes(p->experiment, &count);
    bool fine = true;
    for (int k = 0; k < count && fine; k++)
        if (nodes[k]->live)
            fine = make_table(p, nodes[k], &p->error) &&
                   (!nodes[k]->wanted || prediction_write(p, nodes[k], &p->error));
}

static void begin(void *context, Team *team)
{
    Prediction *p = context;
    p->team = team;
    team_drive(team, make_all, p);
}

/* ---- What people should know ------------------------------------------------------------- */

/* Nets know the voxels that they were trained on. */
static void compare_spacing(const Prediction *p)
{
    const Outer *loader = experiment_loader(p->experiment);
    double known[3], sum[3] = {0};
    int64_t count = 0, rows = fornix_rows(loader->table);
    if (!bundle_spacing(p->bundle, loader->id, known))
        return;
    for (int64_t row = 0; row < rows; row++) {
        const FornixSpace *space = fornix_space(loader->table, row);
        bool other = false;
        for (int k = 0; space && k < 3; k++)
            other = other || fabs(space->spacing[k] - known[k]) > .1 * known[k];
        for (int k = 0; other && k < 3; k++)
            sum[k] += space->spacing[k];
        count += other;
    }
    double n = (double)count;
    if (count)
        fprintf(stderr,
                "fornix: warning: %lld of %lld samples have other voxels (%.2f x %.2f x %.2f mm, "
                "W H D) than those trained on (%.2f x %.2f x %.2f mm)\n",
                (long long)count, (long long)rows, sum[0] / n, sum[1] / n, sum[2] / n, known[0],
                known[1], known[2]);
}

/* What the nets on the way were fitted on, as their files say. */
static Fits nets_fits(const Prediction *p)
{
    int count;
    Outer *const *nodes = experiment_nodes(p->experiment, &count);
    Fits fits = {0};
    for (int n = 0; n < count; n++) {
        FornixError error = {0}; /* told by who loads them */
        NetFiles nets;
        if (!nodes[n]->live || !nodes[n]->stage || !find_weights(p, nodes[n], &nets, &error))
            continue;
        for (int k = 0; k < nets.stage->net_count; k++)
            if (nets.files[k])
                fits_of_file(experiment_samples(p->experiment), &fits, nets.files[k], &error);
    }
    return fits;
}

/* A net looks better on subjects that it knows. The list may call them with their cohort or
 * without. */
static void warn_of_known(const Prediction *p)
{
    const Outer *loader = experiment_loader(p->experiment);
    const char *cohort = element_value(loader->element, "cohort");
    size_t rows = (size_t)fornix_rows(loader->table), count = 0;
    const char **subjects = arena_take(p->memory, 2 * rows + 1, sizeof *subjects);
    for (size_t row = 0; row < rows; row++) {
        const char *subject = fornix_row(loader->table, (int64_t)row)->subject;
        subjects[count++] = subject;
        subjects[count++] =
            arena_format(p->memory, "%s/%s", cohort && *cohort ? cohort : loader->id, subject);
    }
    Fits fits = nets_fits(p);
    Meeting meeting = fits_meet(experiment_samples(p->experiment), &fits, subjects, (int64_t)count);
    if (meeting.met)
        fprintf(stderr,
                "fornix: warning: %lld of these subjects were used to fit %s, which therefore "
                "looks better on them than on new ones: %s\n",
                (long long)meeting.met, meeting.artefacts, meeting.names);
    meeting_free(&meeting);
    fits_free(&fits);
}

static void print_lines(const Prediction *p)
{
    int count;
    Outer *const *nodes = experiment_nodes(p->experiment, &count);
    for (int k = 0; k < count; k++) {
        int lines = 0;
        const TableLine *line =
            nodes[k]->live && !nodes[k]->stage ? table_lines(nodes[k]->table, &lines) : NULL;
        if (lines)
            printf("\n%s\n", nodes[k]->id);
        for (int l = 0; l < lines; l++)
            printf("%s%s\n", line[l].warning ? "  ! " : "  ", line[l].text);
    }
}

/* ---- The whole --------------------------------------------------------------------------- */

static void host_parallel(void *host, int64_t count, void (*work)(void *context, int64_t i),
                          void *context)
{
    const Prediction *p = host;
    if (p->team) {
        team_each(p->team, count, work, context);
        return;
    }
    for (int64_t i = 0; i < count; i++)
        work(context, i);
}

static int report(Prediction *p)
{
    const Diag *diag = experiment_diag(p->experiment);
    if (!p->error.text[0]) {
        print_lines(p);
        printf("\nresults: %s\n", p->folder);
        return EXIT_FINE;
    }
    if (diag_errors(diag))
        diag_print(experiment_diag(p->experiment), stderr, p->request->json);
    fprintf(stderr, "fornix: %s\n", p->error.text);
    return p->error.input ? EXIT_INPUT : EXIT_RUN;
}

static int predict(Prediction *p)
{
    const PredictionRequest *request = p->request;
    char *name = file_join("applied", experiment_name(p->experiment));
    p->folder = request->folder ? mem_text(request->folder) : mem_text(name);
    p->work = file_join(p->folder, ".work");
    mem_free(name);
    if (bundle_is_smoke(p->bundle))
        fprintf(stderr, "fornix: warning: the run was made with --smoke: its nets know nothing\n");
    if (file_remove(p->work, &p->error) && file_make_folders(p->work, &p->error)) {
        compare_spacing(p);
        warn_of_known(p);
        team_run(request->threads ? request->threads : team_default_threads(), begin, p);
        p->team = NULL;
    }
    return report(p);
}

static int open_and_predict(Prediction *p)
{
    const PredictionRequest *request = p->request;
    ExperimentApply apply = {p->bundle, request->manifest, request->input, request->nodes,
                             request->node_count};
    SamplesHost host = {.parallel = host_parallel, .host = p};
    ExperimentRequest graph = {.path = bundle_graph(p->bundle), .host = &host, .apply = &apply};
    graph.overrides = bundle_params(p->bundle, &graph.override_count);
    p->experiment = experiment_open(&graph);
    Diag *diag = experiment_diag(p->experiment);
    int code = EXIT_INPUT;
    if (diag_errors(diag))
        diag_print(diag, stderr, request->json);
    else
        code = predict(p);
    experiment_free(p->experiment);
    return code;
}

int prediction_run(const PredictionRequest *request)
{
    Prediction p = {.request = request, .memory = arena_new()};
    FornixError late = {0};
    p.bundle = bundle_open(request->run, &p.error);
    int code = EXIT_INPUT;
    if (p.bundle) {
        p.meter = meter_new(stderr, request->json);
        code = open_and_predict(&p);
        meter_free(p.meter);
    } else {
        fprintf(stderr, "fornix: %s\n", p.error.text);
        code = p.error.input ? EXIT_INPUT : EXIT_RUN;
    }
    if (p.work && !file_remove(p.work, &late))
        fprintf(stderr, "fornix: %s\n", late.text);
    bundle_free(p.bundle);
    mem_free(p.folder);
    mem_free(p.work);
    arena_free(p.memory);
    return code;
}
