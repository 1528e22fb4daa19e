/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A node of the outer graph in a run: made, or taken from the cache. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "apply.h"
#include "file.h"
#include "run_parts.h"
#include "store.h"

/* ---- Nodes that work on tables ---- */

static const FornixTable **runtime_tables(const Outer *outer)
{
    const FornixTable **tables = mem_new((size_t)outer->input_count + 1, sizeof *tables);
    for (int k = 0; k < outer->input_count; k++)
        tables[k] = outer->inputs[k].from ? outer->inputs[k].from->run->table : NULL;
    return tables;
}

char *run_node_folder(const Run *run, const Outer *outer)
{
    char *stages = file_join(run->folder, "stages"), *folder = file_join(stages, outer->id);
    mem_free(stages);
    return folder;
}

static void note_metrics(OuterRun *r)
{
    int count;
    const TableMetric *metrics = table_metrics(r->table, &count);
    for (int k = 0; k < count; k++) {
        char name[300];
        figures_set(&r->figures, metrics[k].name, metrics[k].value);
        if (!metrics[k].interval)
            continue;
        snprintf(name, sizeof name, "%s.low", metrics[k].name);
        figures_set(&r->figures, name, metrics[k].low);
        snprintf(name, sizeof name, "%s.high", metrics[k].name);
        figures_set(&r->figures, name, metrics[k].high);
    }
}

static bool run_samples_node(OuterRun *r, FornixError *error)
{
    Outer *outer = r->outer;
    if (outer->has_rows) {
        r->table = outer->table;
        note_metrics(r);
        return run_key(r, outer->files, outer->file_count, error);
    }
    const FornixTable **tables = runtime_tables(outer);
    char *folder = run_node_folder(r->run, outer);
    FornixBuild *build = outer_build(r->run->experiment, outer, tables, folder);
    bool fine = build_columns(build) && build_rows(build);
    if (fine) {
        int count;
        const char *const *files = build_files(build, &count);
        fine = run_key(r, files, count, error);
        r->table = build_table(build);
        note_metrics(r);
    } else {
        fornix_fail(error, "%s '%s' failed", outer->type->name, outer->id);
    }
    build_free(build);
    mem_free(tables);
    mem_free(folder);
    return fine;
}

/* ---- Stages ---- */

static const char *weights_of(void *context, const char *source)
{
    OuterRun *r = context;
    const Stage *stage = r->outer->stage;
    for (int k = 0; k < stage->net_count; k++)
        if (strcmp(stage->nets[k].weights, source) == 0)
            return r->outer->weights[k] ? r->outer->weights[k]->run->weights : source;
    return NULL;
}

static bool collect_fits(OuterRun *r, Fits *fits, FornixError *error)
{
    const Outer *outer = r->outer;
    Samples *samples = experiment_samples(r->run->experiment);
    for (int k = 0; k < outer->stage->net_count; k++) {
        if (outer->weights[k])
            fits_join(fits, &outer->weights[k]->run->fits);
        else if (outer->stage->nets[k].weights_file &&
                 !fits_of_file(samples, fits, outer->stage->nets[k].weights, error))
            return false;
    }
    if (outer->input_count)
        outer_add_fits(outer, samples, outer->inputs[0].from->run->table, fits);
    return true;
}

/* The rows of a generate stage, with their label in both columns that a body may read. */
static const FornixTable *make_rows(OuterRun *r)
{
    const Stage *stage = r->outer->stage;
    const char *label = stage->generate->label;
    FornixBuild *build = outer_build(r->run->experiment, r->outer, NULL, NULL);
    int plain = -1, named = -1;
    if (*label) {
        FornixColumn column = stage->columns[0];
        plain = fornix_add_column(build, &column);
        column.name = label;
        named = strcmp(label, "label") == 0 ? plain : fornix_add_column(build, &column);
    }
    outer_generate_rows(r->outer, build, plain, named);
    const FornixTable *table = build_table(build);
    build_free(build);
    return table;
}

static bool apply_stage(OuterRun *r, StageRun *stage_run, FornixError *error)
{
    const FornixTable *schema = r->outer->table;
    int count = fornix_columns(schema);
    FornixColumn *columns = mem_new((size_t)count + 1, sizeof *columns);
    for (int k = 0; k < count; k++)
        columns[k] = *fornix_column(schema, k);
    ApplyRun apply = {.run = *stage_run,
                      .columns = columns,
                      .column_count = count,
                      .made = r->outer->stage->kind == STAGE_GENERATE ? make_rows(r) : NULL};
    bool fine = apply_run(&apply, error);
    stage_run->figures = apply.run.figures;
    mem_free(columns);
    return fine;
}

static bool work_stage(OuterRun *r, FornixError *error)
{
    const Outer *outer = r->outer;
    StageRun stage_run = {.team = r->run->team,
                          .stage = outer->stage,
                          .samples = outer->input_count ? outer->inputs[0].from->run->table : NULL,
                          .fits = &r->fits,
                          .folder = cache_folder(r->entry),
                          .weights_file = weights_of,
                          .context = r,
                          .meter = r->run->meter,
                          .stop = r->run->stop,
                          .smoke = r->run->request->smoke,
                          .profile = r->run->request->profile ? stdout : NULL};
    bool fine = outer->stage->kind == STAGE_TRAIN ? train_run(&stage_run, error)
                                                  : apply_stage(r, &stage_run, error);
    fine = fine && cache_publish(r->entry, &stage_run.figures, error);
    figures_clear(&stage_run.figures);
    return fine;
}

static bool enter_stage(OuterRun *r, FornixError *error)
{
    Run *run = r->run;
    CacheRequest request = {.key = r->key,
                            .stage = r->outer->id,
                            .fresh = run->request->fresh || run->request->profile,
                            .stop = run->stop,
                            .meter = run->meter};
    r->entry = cache_enter(run->cache, &request, error);
    if (!r->entry)
        return false;
    r->cached = cache_is_done(r->entry);
    if (r->cached)
        meter_say(run->meter, "%-24s from the cache", r->outer->id);
    if (cache_was_damaged(r->entry))
        meter_say(run->meter, "%-24s is damaged in the cache, and made again", r->outer->id);
    return true;
}

static bool take_result(OuterRun *r, FornixError *error)
{
    const Figures *figures = cache_figures(r->entry);
    for (size_t k = 0; k < figures->count; k++)
        figures_set(&r->figures, figures->items[k].name, figures->items[k].value);
    if (r->outer->stage->kind == STAGE_TRAIN) {
        r->weights = file_join(cache_folder(r->entry), "weights.safetensors");
        return true;
    }
    char *folder = file_join(cache_folder(r->entry), "table");
    r->table = store_load(experiment_samples(r->run->experiment), folder, r->outer->id, error);
    mem_free(folder);
    return r->table != NULL;
}

static bool run_stage(OuterRun *r, FornixError *error)
{
    if (!run_key(r, NULL, 0, error) || !collect_fits(r, &r->fits, error))
        return false;
    return enter_stage(r, error) && (r->cached || work_stage(r, error)) && take_result(r, error);
}

bool run_node(OuterRun *r, FornixError *error)
{
    return r->outer->stage ? run_stage(r, error) : run_samples_node(r, error);
}
