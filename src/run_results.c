/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a run leaves behind in its folder. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "file.h"
#include "kernels/isa.h"
#include "report.h"
#include "run_parts.h"
#include "store.h"
#include "version.h"

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
        const OuterRun *r = nodes[k]->run;
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
    return run_write_json(run->folder, "manifest.json", root, error);
}

static bool copy_graph(const Run *run, FornixError *error)
{
    const Source *source = experiment_source(run->experiment);
    char *path = file_join(run->folder, "graph.xml");
    bool fine = file_write(path, source->text, source->length, error);
    mem_free(path);
    return fine;
}

static bool copy_bytes(const char *from, FileWriter *to, FornixError *error)
{
    enum { PIECE = 1 << 20 };
    int64_t size;
    int file = file_open(from, &size, error);
    char *bytes = mem_new(PIECE, 1);
    bool fine = file >= 0;
    for (int64_t at = 0; fine && at < size; at += PIECE) {
        size_t length = (size_t)(size - at < PIECE ? size - at : PIECE);
        fine = file_read_at(file, from, bytes, length, at, error) &&
               file_writer_add(to, bytes, length, error);
    }
    if (file >= 0)
        close(file);
    mem_free(bytes);
    return fine;
}

/* A second name for a result's file; on another disk, a copy. */
static bool bring_file(const char *from, const char *to, FornixError *error)
{
    if (!file_remove(to, error))
        return false;
    if (!file_exists(from) || link(from, to) == 0)
        return true;
    FileWriter *writer = file_writer_open(to, error);
    if (writer && copy_bytes(from, writer, error))
        return file_writer_commit(writer, error);
    file_writer_abort(writer);
    return false;
}

static bool bring_results(const Run *run, const Outer *outer, FornixError *error)
{
    static const char *const names[] = {"weights.safetensors", "metrics.jsonl", "table/table.json",
                                        "table/tensors.safetensors"};
    if (!outer->run->entry)
        return true;
    char *folder = run_node_folder(run, outer), *table = file_join(folder, "table");
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

void run_print_report(const Run *run, FILE *out)
{
    int count;
    Outer *const *nodes = experiment_nodes(run->experiment, &count);
    for (int k = 0; k < count; k++) {
        int lines = 0;
        const TableLine *line =
            nodes[k]->run->table ? table_lines(nodes[k]->run->table, &lines) : NULL;
        const char *deviation = nodes[k]->acknowledge;
        bool told = deviation && *deviation;
        if (lines || told)
            fprintf(out, "\n%s\n", nodes[k]->id);
        if (told)
            fprintf(out, "  ! acknowledged: %s\n", deviation);
        for (int l = 0; l < lines; l++)
            fprintf(out, "%s%s\n", line[l].warning ? "  ! " : "  ", line[l].text);
    }
}

static bool write_text_report(const Run *run, FornixError *error)
{
    char *text = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&text, &length);
    if (!memory)
        return fornix_fail(error, "no memory for the report");
    run_print_report(run, memory);
    fclose(memory);
    char *path = file_join(run->folder, "report.txt");
    bool fine = file_write(path, text, length, error);
    mem_free(path);
    free(text);
    return fine;
}

/* ---- report.html ---- */

enum { CURVES_MOST = 1 << 24 };

static char *read_curves(const OuterRun *r)
{
    if (!r->weights)
        return NULL;
    FornixError error = {0};
    char *path = file_join(cache_folder(r->entry), "metrics.jsonl");
    char *curves = file_read(path, CURVES_MOST, NULL, &error); /* a report does without */
    mem_free(path);
    return curves;
}

/* A stage's figures in the form of a table's. */
static TableMetric *stage_metrics(const Figures *figures)
{
    TableMetric *metrics = mem_new(figures->count + 1, sizeof *metrics);
    for (size_t k = 0; k < figures->count; k++)
        metrics[k] =
            (TableMetric){.name = figures->items[k].name, .value = figures->items[k].value};
    return metrics;
}

static ReportNode describe_node(const OuterRun *r)
{
    ReportNode node = {.id = r->outer->id,
                       .type = r->outer->type->name,
                       .seconds = r->seconds,
                       .cached = r->cached,
                       .acknowledged = r->outer->acknowledge,
                       .curves = read_curves(r)};
    if (r->table)
        node.lines = table_lines(r->table, &node.line_count);
    if (r->outer->stage) {
        node.metrics = stage_metrics(&r->figures);
        node.metric_count = (int)r->figures.count;
    } else if (r->table) {
        node.metrics = table_metrics(r->table, &node.metric_count);
    }
    return node;
}

static char *params_text(const RunRequest *request)
{
    Text text = {0};
    for (size_t k = 0; k < request->override_count; k++)
        text_format(&text, "%s%s", k ? " " : "", request->overrides[k]);
    char *copy = mem_text(text_value(&text));
    text_free(&text);
    return copy;
}

static bool write_page(const Run *run, double seconds, FornixError *error)
{
    int count;
    Outer *const *nodes = experiment_nodes(run->experiment, &count);
    ReportNode *list = mem_new((size_t)count + 1, sizeof *list);
    for (int k = 0; k < count; k++)
        list[k] = describe_node(nodes[k]->run);
    char threads[24], took[40], *params = params_text(run->request);
    snprintf(threads, sizeof threads, "%d", run->threads);
    snprintf(took, sizeof took, "%.1f", seconds);
    const ReportFact facts[] = {
        {"fornix", FORNIX_BUILD},      {"instruction set", isa_name(isa_active())},
        {"threads", threads},          {"seconds", took},
        {"graph", run->request->path}, {"params", params}};
    Report report = {.title = experiment_name(run->experiment),
                     .facts = facts,
                     .fact_count = COUNT(facts),
                     .nodes = list,
                     .node_count = count,
                     .graph = experiment_source(run->experiment)->text};
    char *path = file_join(run->folder, "report.html");
    bool fine = report_write(path, &report, error);
    for (int k = 0; k < count; k++) {
        mem_free((char *)(uintptr_t)list[k].curves);
        if (nodes[k]->stage)
            mem_free((TableMetric *)(uintptr_t)list[k].metrics);
    }
    mem_free(list);
    mem_free(params);
    mem_free(path);
    return fine;
}

/* ---- The whole ---- */

bool run_clear_results(const Run *run, FornixError *error)
{
    static const char *const names[] = {"final.json",  "bundle/bundle.json", "manifest.json",
                                        "report.html", "report.txt",         "curves.json",
                                        "lines.json"};
    bool fine = true;
    for (size_t k = 0; k < COUNT(names) && fine; k++) {
        char *path = file_join(run->folder, names[k]);
        fine = file_remove(path, error);
        mem_free(path);
    }
    return fine;
}

/* What a sweep compares later, when the runs beside this one have ended. */
static bool keep_scores(const Run *run, const Outer *outer, FornixError *error)
{
    bool scores = !outer->stage && outer->type->samples->flags & FORNIX_EVALUATES;
    if (!run->request->keep_scores || !scores || !outer->run->table)
        return true;
    char *folder = run_node_folder(run, outer), *table = file_join(folder, "table");
    bool fine = file_make_folders(table, error) && store_save(outer->run->table, table, error);
    mem_free(folder);
    mem_free(table);
    return fine;
}

bool run_write_results(const Run *run, double seconds, FornixError *error)
{
    int count;
    Outer *const *nodes = experiment_nodes(run->experiment, &count);
    bool fine = copy_graph(run, error) && write_manifest(run, seconds, error);
    for (int k = 0; k < count && fine; k++)
        fine = bring_results(run, nodes[k], error) && keep_scores(run, nodes[k], error);
    return fine && run_write_bundle(run, error) && write_text_report(run, error) &&
           write_page(run, seconds, error) && run_write_findings(run, error);
}
