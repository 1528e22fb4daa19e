/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* dladdr */
#include "run.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "apply.h"
#include "cache.h"
#include "file.h"
#include "kernels/isa.h"
#include "store.h"
#include "version.h"

typedef enum { RUN_WAITS, RUN_GOES, RUN_DONE, RUN_FAILED } RunState;

typedef struct Run Run;

struct OuterRun {
    Run *run;
    Outer *outer;
    RunState state;
    Hash key;
    const FornixTable *table;
    Fits fits; /* of a train stage: what its weights were fitted on */
    CacheEntry *entry;
    char *weights; /* file of a train stage */
    Figures figures;
    bool cached;
    double seconds;
};

struct Run {
    const RunRequest *request;
    Experiment *experiment;
    Team *team;
    Cache *cache;
    Meter *meter;
    char *folder;
    int threads;
    Hash engine;          /* the library's own file */
    pthread_mutex_t lock; /* of states and the failure */
    FornixError failure;
    bool failed;
};

static volatile sig_atomic_t stop_asked;

static void ask_to_stop(int signal_number)
{
    if (stop_asked)
        _exit(128 + signal_number); /* asked twice: at once, as a kill would */
    stop_asked = 1;
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---- Keys ---- */

static bool add_plugins(Run *run, Hasher *hasher, const Element *element, FornixError *error)
{
    Registry *registry = experiment_registry(run->experiment);
    for (const Element *e = element; e; e = e == element ? NULL : e->next) {
        const Plugin *plugin = registry_find(registry, e->name);
        Hash hash;
        if (plugin && !registry_hash(registry, plugin, &hash, error))
            return false;
        if (plugin)
            hasher_add(hasher, &hash, sizeof hash);
        for (const Element *child = e->first; child; child = child->next)
            if (!add_plugins(run, hasher, child, error))
                return false;
    }
    return true;
}

/* Those that the bodies came to use: of nets, of what composites stand for. */
static bool add_stage_plugins(Run *run, Hasher *hasher, const Stage *stage, FornixError *error)
{
    for (int k = 0; stage && k < stage->plugin_count; k++) {
        Hash hash;
        if (!registry_hash(experiment_registry(run->experiment), stage->plugins[k], &hash, error))
            return false;
        hasher_add(hasher, &hash, sizeof hash);
    }
    return true;
}

static bool add_files(Run *run, Hasher *hasher, const char *const *files, int count,
                      FornixError *error)
{
    for (int k = 0; k < count; k++) {
        Hash hash;
        if (!cache_file_hash(run->cache, files[k], &hash, error))
            return false;
        hasher_add(hasher, &hash, sizeof hash);
    }
    return true;
}

static bool add_weights(Run *run, Hasher *hasher, const Outer *outer, FornixError *error)
{
    for (int k = 0; outer->stage && k < outer->stage->net_count; k++) {
        const char *file = outer->stage->nets[k].weights;
        if (outer->weights[k])
            hasher_add(hasher, &outer->weights[k]->run->key, sizeof(Hash));
        else if (*file && !add_files(run, hasher, &file, 1, error))
            return false;
    }
    return true;
}

/* Everything that a node's results depend on. */
static bool make_key(struct OuterRun *r, const char *const *files, int count, FornixError *error)
{
    Run *run = r->run;
    Text text = {0};
    Hasher *hasher = hasher_new();
    experiment_canonical(run->experiment, r->outer, &text);
    hasher_add_text(hasher, text_value(&text));
    hasher_add_text(hasher, FORNIX_BUILD);
    hasher_add(hasher, &run->engine, sizeof run->engine);
    hasher_add_text(hasher, isa_name(isa_active()));
    hasher_add_text(hasher, run->request->smoke ? "smoke" : "whole");
    for (int k = 0; k < r->outer->input_count; k++)
        if (r->outer->inputs[k].from)
            hasher_add(hasher, &r->outer->inputs[k].from->run->key, sizeof(Hash));
    bool fine = add_plugins(run, hasher, r->outer->element, error) &&
                add_stage_plugins(run, hasher, r->outer->stage, error) &&
                add_weights(run, hasher, r->outer, error) &&
                add_files(run, hasher, files, count, error);
    r->key = hasher_result(hasher);
    hasher_free(hasher);
    text_free(&text);
    return fine;
}

/* ---- Nodes that work on tables ---- */

static const FornixTable **runtime_tables(const Outer *outer)
{
    const FornixTable **tables = mem_new((size_t)outer->input_count + 1, sizeof *tables);
    for (int k = 0; k < outer->input_count; k++)
        tables[k] = outer->inputs[k].from ? outer->inputs[k].from->run->table : NULL;
    return tables;
}

static char *node_folder(const Run *run, const Outer *outer)
{
    char *stages = file_join(run->folder, "stages"), *folder = file_join(stages, outer->id);
    mem_free(stages);
    return folder;
}

static void note_metrics(struct OuterRun *r)
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

static bool run_samples_node(struct OuterRun *r, FornixError *error)
{
    Outer *outer = r->outer;
    if (outer->has_rows) {
        r->table = outer->table;
        note_metrics(r);
        return make_key(r, outer->files, outer->file_count, error);
    }
    const FornixTable **tables = runtime_tables(outer);
    char *folder = node_folder(r->run, outer);
    FornixBuild *build = outer_build(r->run->experiment, outer, tables, folder);
    bool fine = build_columns(build) && build_rows(build);
    if (fine) {
        int count;
        const char *const *files = build_files(build, &count);
        fine = make_key(r, files, count, error);
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
    struct OuterRun *r = context;
    const Stage *stage = r->outer->stage;
    for (int k = 0; k < stage->net_count; k++)
        if (strcmp(stage->nets[k].weights, source) == 0)
            return r->outer->weights[k] ? r->outer->weights[k]->run->weights : source;
    return NULL;
}

static void collect_fits(struct OuterRun *r, Fits *fits)
{
    const Outer *outer = r->outer;
    Samples *samples = experiment_samples(r->run->experiment);
    for (int k = 0; k < outer->stage->net_count; k++)
        if (outer->weights[k])
            fits_join(fits, &outer->weights[k]->run->fits);
    if (!outer->input_count)
        return;
    const FornixTable *table = outer->inputs[0].from->run->table;
    if (outer->stage->kind != STAGE_TRAIN) {
        fits_join(fits, table_fits(table));
        return;
    }
    unsigned parts, all;
    stage_parts(outer->stage, outer->element, outer->stage->train->part, &all);
    bool chooses = *outer->stage->train->monitor;
    for (int v = 0; chooses && v < outer->stage->validation_count; v++)
        if (stage_parts(outer->stage, outer->stage->validations[v].element,
                        outer->stage->validations[v].attrs->part, &parts))
            all |= parts ? parts : PARTS_ALL;
    fits_add_table(samples, fits, outer->id, table, all ? all : PARTS_ALL);
}

/* The rows of a generate stage: made-up subjects, with labels as it says. */
static const FornixTable *make_rows(struct OuterRun *r)
{
    const Stage *stage = r->outer->stage;
    const GenerateAttrs *attrs = stage->generate;
    FornixBuild *build = outer_build(r->run->experiment, r->outer, NULL, NULL);
    int plain = -1, named = -1;
    if (*attrs->label) {
        FornixColumn column = stage->columns[0];
        plain = fornix_add_column(build, &column);
        column.name = attrs->label;
        named = strcmp(attrs->label, "label") == 0 ? plain : fornix_add_column(build, &column);
    }
    FornixRandomKey key = stage_random(stage, attrs->seed);
    for (int64_t k = 0; k < attrs->count; k++) {
        char subject[300];
        snprintf(subject, sizeof subject, "%s/%06" PRId64, attrs->cohort, k + 1);
        FornixRow row = {subject, "", FORNIX_SYNTHETIC_SAMPLE, FORNIX_NO_PART};
        int64_t at = fornix_add_row(build, &row);
        int64_t label =
            attrs->labels == LABELS_EQUAL
                ? k % (plain < 0 ? 1 : stage->label.count)
                : fornix_random_below(key, (uint64_t)k, plain < 0 ? 1 : stage->label.count);
        if (plain >= 0)
            fornix_set_label(build, plain, at, (int32_t)label);
        if (named >= 0)
            fornix_set_label(build, named, at, (int32_t)label);
    }
    const FornixTable *table = build_table(build);
    build_free(build);
    return table;
}

static bool apply_stage(struct OuterRun *r, StageRun *stage_run, FornixError *error)
{
    const FornixTable *schema = r->outer->table;
    int count = fornix_columns(schema);
    FornixColumn *columns = mem_new((size_t)count + 1, sizeof *columns);
    for (int k = 0; k < count; k++)
        columns[k] = *fornix_column(schema, k);
    ApplyRun apply = {.run = *stage_run,
                      .columns = columns,
                      .column_count = count,
                      .made = r->outer->stage->kind == STAGE_GENERATE ? make_rows(r) : NULL,
                      .fits = &r->fits};
    bool fine = apply_run(&apply, error);
    stage_run->figures = apply.run.figures;
    mem_free(columns);
    return fine;
}

static bool work_stage(struct OuterRun *r, FornixError *error)
{
    const Outer *outer = r->outer;
    StageRun stage_run = {.team = r->run->team,
                          .stage = outer->stage,
                          .samples = outer->input_count ? outer->inputs[0].from->run->table : NULL,
                          .folder = cache_folder(r->entry),
                          .weights_file = weights_of,
                          .context = r,
                          .meter = r->run->meter,
                          .stop = &stop_asked,
                          .smoke = r->run->request->smoke,
                          .profile = r->run->request->profile ? stdout : NULL};
    bool fine = outer->stage->kind == STAGE_TRAIN ? train_run(&stage_run, error)
                                                  : apply_stage(r, &stage_run, error);
    fine = fine && cache_publish(r->entry, &stage_run.figures, error);
    figures_clear(&stage_run.figures);
    return fine;
}

static bool run_stage(struct OuterRun *r, FornixError *error)
{
    Run *run = r->run;
    if (!make_key(r, NULL, 0, error))
        return false;
    collect_fits(r, &r->fits);
    r->entry = cache_enter(run->cache, r->key, r->outer->id,
                           run->request->fresh || run->request->profile, error);
    if (!r->entry)
        return false;
    r->cached = cache_is_done(r->entry);
    if (r->cached)
        meter_say(run->meter, "%-24s from the cache", r->outer->id);
    else if (!work_stage(r, error))
        return false;
    const Figures *figures = cache_figures(r->entry);
    for (size_t k = 0; k < figures->count; k++)
        figures_set(&r->figures, figures->items[k].name, figures->items[k].value);
    if (r->outer->stage->kind == STAGE_TRAIN) {
        r->weights = file_join(cache_folder(r->entry), "weights.safetensors");
        return true;
    }
    char *folder = file_join(cache_folder(r->entry), "table");
    r->table = store_load(experiment_samples(run->experiment), folder, r->outer->id, error);
    mem_free(folder);
    return r->table != NULL;
}

/* ---- Order ---- */

static bool is_ready(const Outer *outer)
{
    if (outer->run->state != RUN_WAITS)
        return false;
    for (int k = 0; k < outer->input_count; k++)
        if (outer->inputs[k].from && outer->inputs[k].from->run->state != RUN_DONE)
            return false;
    for (int k = 0; outer->stage && k < outer->stage->net_count; k++)
        if (outer->weights[k] && outer->weights[k]->run->state != RUN_DONE)
            return false;
    return true;
}

static void run_outer(void *context);

static void start_ready(Run *run) /* lock held */
{
    int count;
    Outer *const *nodes = experiment_nodes(run->experiment, &count);
    for (int k = 0; k < count && !run->failed; k++)
        if (is_ready(nodes[k])) {
            nodes[k]->run->state = RUN_GOES;
            team_drive(run->team, run_outer, nodes[k]->run);
        }
}

static void run_outer(void *context)
{
    struct OuterRun *r = context;
    Run *run = r->run;
    FornixError error = {0};
    double began = seconds_now();
    bool fine = r->outer->stage ? run_stage(r, &error) : run_samples_node(r, &error);
    r->seconds = seconds_now() - began;
    pthread_mutex_lock(&run->lock);
    r->state = fine ? RUN_DONE : RUN_FAILED;
    if (!fine && !run->failed) {
        run->failed = true;
        run->failure = error;
        stop_asked = 1; /* what runs beside it ends at a checkpoint */
    }
    start_ready(run);
    pthread_mutex_unlock(&run->lock);
}

static void begin_run(void *context, Team *team)
{
    Run *run = context;
    run->team = team;
    pthread_mutex_lock(&run->lock);
    start_ready(run);
    pthread_mutex_unlock(&run->lock);
}

/* ---- What is left behind ---- */

static json_t *real_or_text(double value)
{
    return isfinite(value) ? json_real(value) : json_string(isnan(value) ? "undefined" : "inf");
}

static bool write_json(const char *folder, const char *name, json_t *root, FornixError *error)
{
    char *path = file_join(folder, name);
    char *text = json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(17));
    bool fine = text && file_write(path, text, strlen(text), error);
    free(text);
    mem_free(path);
    json_decref(root);
    return fine;
}

static bool write_final(const Run *run, FornixError *error)
{
    int count;
    Outer *const *nodes = experiment_nodes(run->experiment, &count);
    json_t *root = json_object();
    for (int k = 0; k < count; k++) {
        const Figures *figures = &nodes[k]->run->figures;
        if (!figures->count)
            continue;
        json_t *entry = json_object();
        for (size_t f = 0; f < figures->count; f++)
            json_object_set_new(entry, figures->items[f].name,
                                real_or_text(figures->items[f].value));
        json_object_set_new(root, nodes[k]->id, entry);
    }
    return write_json(run->folder, "final.json", root, error);
}

static bool write_manifest(const Run *run, double seconds, FornixError *error)
{
    int count;
    Outer *const *nodes = experiment_nodes(run->experiment, &count);
    json_t *root = json_object(), *list = json_array();
    struct utsname system;
    json_object_set_new(root, "fornix", json_string(FORNIX_BUILD));
    json_object_set_new(root, "isa", json_string(isa_name(isa_active())));
    json_object_set_new(root, "threads", json_integer(run->threads));
    if (uname(&system) == 0)
        json_object_set_new(root, "machine", json_string(system.machine));
    json_object_set_new(root, "graph", json_string(run->request->path));
    json_t *overrides = json_array();
    for (size_t k = 0; k < run->request->override_count; k++)
        json_array_append_new(overrides, json_string(run->request->overrides[k]));
    json_object_set_new(root, "params", overrides);
    json_object_set_new(root, "seconds", json_real(seconds));
    for (int k = 0; k < count; k++) {
        const struct OuterRun *r = nodes[k]->run;
        char text[HASH_TEXT];
        hash_text(r->key, text);
        json_t *node = json_object();
        json_object_set_new(node, "id", json_string(nodes[k]->id));
        json_object_set_new(node, "type", json_string(nodes[k]->type->name));
        json_object_set_new(node, "key", json_string(text));
        json_object_set_new(node, "cached", json_boolean(r->cached));
        json_object_set_new(node, "seconds", json_real(r->seconds));
        json_array_append_new(list, node);
    }
    json_object_set_new(root, "nodes", list);
    return write_json(run->folder, "manifest.json", root, error);
}

static bool copy_graph(const Run *run, FornixError *error)
{
    const Source *source = experiment_source(run->experiment);
    char *path = file_join(run->folder, "graph.xml");
    bool fine = file_write(path, source->text, source->length, error);
    mem_free(path);
    return fine;
}

/* A second name for a result's file; the same disk or not. */
static bool bring_file(const char *from, const char *to, FornixError *error)
{
    if (!file_exists(from))
        return true;
    if (!file_remove(to, error))
        return false;
    if (link(from, to) == 0)
        return true;
    size_t length;
    char *bytes = file_read(from, INT64_MAX, &length, error);
    bool fine = bytes && file_write(to, bytes, length, error);
    mem_free(bytes);
    return fine;
}

static bool bring_results(const Run *run, const Outer *outer, FornixError *error)
{
    static const char *const names[] = {"weights.safetensors", "metrics.jsonl", "table/table.json",
                                        "table/tensors.safetensors"};
    if (!outer->run->entry)
        return true;
    char *folder = node_folder(run, outer), *table = file_join(folder, "table");
    bool fine = file_make_folders(outer->stage->kind == STAGE_TRAIN ? folder : table, error);
    for (size_t k = 0; k < COUNT(names) && fine; k++) {
        char *from = file_join(cache_folder(outer->run->entry), names[k]);
        char *to = file_join(folder, names[k]);
        fine = bring_file(from, to, error);
        mem_free(from);
        mem_free(to);
    }
    mem_free(folder);
    mem_free(table);
    return fine;
}

static bool write_results(const Run *run, double seconds, FornixError *error)
{
    int count;
    Outer *const *nodes = experiment_nodes(run->experiment, &count);
    bool fine = copy_graph(run, error) && write_manifest(run, seconds, error);
    for (int k = 0; k < count && fine; k++)
        fine = bring_results(run, nodes[k], error);
    return fine && write_final(run, error);
}

static void print_report(const Run *run, FILE *out)
{
    int count;
    Outer *const *nodes = experiment_nodes(run->experiment, &count);
    for (int k = 0; k < count; k++) {
        int lines = 0;
        const TableLine *line =
            nodes[k]->run->table ? table_lines(nodes[k]->run->table, &lines) : NULL;
        if (lines)
            fprintf(out, "\n%s\n", nodes[k]->id);
        for (int l = 0; l < lines; l++)
            fprintf(out, "%s%s\n", line[l].warning ? "  ! " : "  ", line[l].text);
    }
}

static bool write_report(const Run *run, FornixError *error)
{
    char *text = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&text, &length);
    if (!memory)
        return fornix_fail(error, "no memory for the report");
    print_report(run, memory);
    fclose(memory);
    char *path = file_join(run->folder, "report.txt");
    bool fine = file_write(path, text, length, error);
    mem_free(path);
    free(text);
    return fine;
}

/* ---- The whole ---- */

static void host_parallel(void *host, int64_t count, void (*work)(void *context, int64_t i),
                          void *context)
{
    const Run *run = host;
    if (run->team) {
        team_each(run->team, count, work, context);
        return;
    }
    for (int64_t i = 0; i < count; i++)
        work(context, i);
}

static struct OuterRun *open_nodes(Run *run)
{
    int count;
    Outer *const *nodes = experiment_nodes(run->experiment, &count);
    struct OuterRun *runs = mem_new((size_t)count + 1, sizeof *runs);
    for (int k = 0; k < count; k++) {
        runs[k] = (struct OuterRun){.run = run, .outer = nodes[k]};
        nodes[k]->run = &runs[k];
    }
    return runs;
}

static void close_nodes(const Run *run, struct OuterRun *runs)
{
    int count;
    experiment_nodes(run->experiment, &count);
    for (int k = 0; k < count; k++) {
        fits_free(&runs[k].fits);
        figures_clear(&runs[k].figures);
        cache_leave(runs[k].entry);
        mem_free(runs[k].weights);
    }
    mem_free(runs);
}

/* What a stage computes depends on the engine as it depends on plugins. */
static bool hash_engine(Run *run, FornixError *error)
{
    Dl_info info;
    if (!dladdr((const void *)(uintptr_t)&team_run, &info) || !info.dli_fname)
        return fornix_fail(error, "the engine's own file can't be found");
    return hash_file(info.dli_fname, &run->engine, error);
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = ask_to_stop};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static int finish(Run *run, double seconds)
{
    FornixError error = {0};
    Diag *diag = experiment_diag(run->experiment);
    if (run->failed) {
        diag_print(diag, stderr, run->request->json);
        fprintf(stderr, "fornix: %s\n", run->failure.text);
        return run->failure.input ? EXIT_INPUT : EXIT_RUN;
    }
    if (!write_results(run, seconds, &error) || !write_report(run, &error)) {
        fprintf(stderr, "fornix: %s\n", error.text);
        return EXIT_RUN;
    }
    print_report(run, stdout);
    printf("\nresults: %s (%.1f s)\n", run->folder, seconds);
    return EXIT_FINE;
}

static int run_checked(Run *run)
{
    FornixError error = {0};
    char *name = file_join("runs", experiment_name(run->experiment));
    run->folder = mem_text(run->request->folder ? run->request->folder : name);
    mem_free(name);
    run->cache = file_make_folders(run->folder, &error) && hash_engine(run, &error)
                     ? cache_open(NULL, &error)
                     : NULL;
    int code = EXIT_RUN;
    if (run->cache) {
        struct OuterRun *runs = open_nodes(run);
        double began = seconds_now();
        catch_signals();
        run->threads = run->request->threads ? run->request->threads : team_default_threads();
        team_run(run->threads, begin_run, run);
        run->team = NULL;
        code = finish(run, seconds_now() - began);
        close_nodes(run, runs);
    } else {
        fprintf(stderr, "fornix: %s\n", error.text);
    }
    cache_close(run->cache);
    mem_free(run->folder);
    return code;
}

int run_experiment(const RunRequest *request)
{
    Run run = {.request = request};
    pthread_mutex_init(&run.lock, NULL);
    SamplesHost host = {.parallel = host_parallel, .host = &run};
    run.experiment = experiment_open(
        &(ExperimentRequest){request->path, request->overrides, request->override_count, &host});
    run.meter = meter_new(stderr, request->json);
    Diag *diag = experiment_diag(run.experiment);
    int code = EXIT_INPUT;
    if (diag_errors(diag))
        diag_print(diag, stderr, request->json);
    else
        code = run_checked(&run);
    meter_free(run.meter);
    experiment_free(run.experiment);
    pthread_mutex_destroy(&run.lock);
    return code;
}
