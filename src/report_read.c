/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a run left, read with distrust. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "arm.h"
#include "file.h"
#include "report_parts.h"
#include "store.h"

enum { JSON_MOST = 1 << 28, NODES_MOST = 100000 };

void report_misses(Report *report, const char *format, ...)
{
    char text[2000];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    html_add(&report->missing, "<li>", text, "</li>\n");
}

/* ---- Files ------------------------------------------------------------------------------- */

char *report_file(Report *report, const char *name, int64_t most)
{
    FornixError error = {0};
    char *path = file_join(report->folder, name), *text = NULL;
    if (file_exists(path)) {
        text = file_read(path, most, NULL, &error);
        if (!text)
            report_misses(report, "%s", error.text);
    }
    mem_free(path);
    return text;
}

json_t *report_json(Report *report, const char *name)
{
    char *text = report_file(report, name, JSON_MOST);
    json_error_t fault;
    json_t *root = text ? json_loads(text, JSON_REJECT_DUPLICATES, &fault) : NULL;
    if (text && !json_is_object(root)) {
        report_misses(report, "%s is damaged: what stands in it is left out", name);
        json_decref(root);
        root = NULL;
    }
    mem_free(text);
    return root;
}

const FornixTable *report_table(Report *report, const ReportNode *node)
{
    FornixError error = {0};
    const char *folder =
        arena_format(report->memory, "%s/stages/%s/table", report->folder, node->id);
    if (strstr(node->id, "..") || strchr(node->id, '/') || !file_is_folder(folder))
        return NULL;
    const FornixTable *table = store_load(report->samples, folder, node->id, &error);
    if (!table)
        report_misses(report, "%s: %s", node->id, error.text);
    return table;
}

/* ---- Nodes ------------------------------------------------------------------------------- */

const char *report_text(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

double report_number(const json_t *value)
{
    const char *word = json_string_value(value);
    if (word && strcmp(word, "inf") == 0)
        return INFINITY;
    if (word && strcmp(word, "-inf") == 0)
        return -INFINITY;
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static void open_node(Report *report, const json_t *entry)
{
    const char *id = report_text(entry, "id"), *type = report_text(entry, "type");
    if (!id || !type || !*id)
        return;
    ReportNode *node = &report->nodes[report->node_count++];
    *node = (ReportNode){.id = id,
                         .type = type,
                         .acknowledge = report_text(entry, "acknowledge"),
                         .seconds = report_number(json_object_get(entry, "seconds")),
                         .memory = report_number(json_object_get(entry, "memory")),
                         .cached = json_is_true(json_object_get(entry, "cached")),
                         .entry = entry,
                         .figures = json_object_get(report->final, id),
                         .lines = json_object_get(report->lines, id),
                         .curves = json_object_get(report->curves, id)};
    if (!json_is_object(node->figures))
        node->figures = NULL;
}

static void open_nodes(Report *report)
{
    const json_t *list = json_object_get(report->manifest, "nodes");
    size_t count = json_array_size(list);
    count = count < NODES_MOST ? count : NODES_MOST;
    report->nodes = arena_take(report->memory, count + 1, sizeof *report->nodes);
    for (size_t k = 0; k < count; k++)
        open_node(report, json_array_get(list, k));
}

static bool open_run(Report *report, FornixError *error)
{
    report->final = report_json(report, "final.json");
    if (!report->final)
        return fornix_fail_input(error, "%s/final.json is damaged", report->folder);
    report->manifest = report_json(report, "manifest.json");
    report->lines = report_json(report, "lines.json");
    report->curves = report_json(report, "curves.json");
    if (!report->manifest)
        report_misses(report, "without manifest.json nothing is known of the graph's nodes");
    open_nodes(report);
    return true;
}

bool report_open(Report *report, FornixError *error)
{
    report->memory = arena_new();
    report->samples = samples_new(NULL);
    report->folder = report->request->folder;
    const char *final = arena_format(report->memory, "%s/final.json", report->folder);
    const char *results = arena_format(report->memory, "%s/results.json", report->folder);
    if (!file_is_folder(report->folder))
        return fornix_fail_input(error, "%s is no folder of a run or sweep", report->folder);
    if (file_exists(final))
        return open_run(report, error);
    if (!file_exists(results))
        return fornix_fail_input(error, "%s: no run and no sweep has been finished in it",
                                 report->folder);
    report->sweep = report_json(report, "results.json");
    return report->sweep || fornix_fail_input(error, "%s is damaged", results);
}

void report_close(Report *report)
{
    json_decref(report->manifest);
    json_decref(report->final);
    json_decref(report->lines);
    json_decref(report->curves);
    json_decref(report->sweep);
    samples_free(report->samples);
    arena_free(report->memory);
    text_free(&report->page);
    text_free(&report->missing);
}

ReportNode *report_node(const Report *report, const char *id)
{
    for (int k = 0; id && k < report->node_count; k++)
        if (strcmp(report->nodes[k].id, id) == 0)
            return &report->nodes[k];
    return NULL;
}

bool report_is(const ReportNode *node, const char *type)
{
    return strcmp(node->type, type) == 0;
}

const char *report_attribute(const ReportNode *node, const char *name)
{
    return report_text(json_object_get(node->entry, "attributes"), name);
}

ReportNode *report_input(const Report *report, const ReportNode *node, const char *port, int nth)
{
    const json_t *inputs = json_object_get(node->entry, "inputs");
    for (size_t k = 0; k < json_array_size(inputs); k++) {
        const json_t *input = json_array_get(inputs, k);
        const char *of = report_text(input, "port");
        if (of && (!port || strcmp(of, port) == 0) && nth-- == 0)
            return report_node(report, report_text(input, "from"));
    }
    return NULL;
}

/* An interval's ends stand beside the figure: "auc", "auc.low", "auc.high". */
ReportFigure report_figure(const ReportNode *node, const char *format, ...)
{
    char name[500], end[520];
    va_list values;
    va_start(values, format);
    vsnprintf(name, sizeof name, format, values);
    va_end(values);
    const json_t *value = json_object_get(node->figures, name);
    ReportFigure figure = {.value = NAN, .low = NAN, .high = NAN, .there = value != NULL};
    if (!value)
        return figure;
    figure.value = report_number(value);
    snprintf(end, sizeof end, "%s.low", name);
    const json_t *low = json_object_get(node->figures, end);
    snprintf(end, sizeof end, "%s.high", name);
    const json_t *high = json_object_get(node->figures, end);
    if (low && high) {
        figure.low = report_number(low);
        figure.high = report_number(high);
    }
    return figure;
}

/* ---- Curves ------------------------------------------------------------------------------ */

double *report_series(Report *report, const ReportNode *node, const char *curve, const char *column,
                      size_t *count)
{
    const json_t *root = json_object_get(node->curves, curve);
    const json_t *columns = json_object_get(root, "columns"), *rows = json_object_get(root, "rows");
    size_t at = 0, rows_there = json_array_size(rows);
    for (; at < json_array_size(columns); at++) {
        const char *name = json_string_value(json_array_get(columns, at));
        if (name && strcmp(name, column) == 0)
            break;
    }
    *count = 0;
    if (at == json_array_size(columns) || !rows_there)
        return NULL;
    *count = rows_there < SERIES_MOST ? rows_there : SERIES_MOST;
    double *values = arena_take(report->memory, *count, sizeof *values);
    for (size_t k = 0; k < *count; k++)
        values[k] = report_number(json_array_get(json_array_get(rows, k), at));
    return values;
}

/* "low" of "f1.low", but not of "f1.low.high", which is an end of its interval. */
static const char *class_of(const ReportNode *node, const char *name)
{
    char of[300];
    const char *dot = strrchr(name, '.');
    bool end = strcmp(dot, ".low") == 0 || strcmp(dot, ".high") == 0;
    snprintf(of, sizeof of, "%.*s", (int)(dot - name), name);
    return end && json_object_get(node->figures, of) ? NULL : name + strlen("f1.");
}

static const char **classes_of_curve(Report *report, const ReportNode *node, size_t *count)
{
    const json_t *columns = json_object_get(json_object_get(node->curves, "confusion"), "columns");
    const char **classes =
        arena_take(report->memory, json_array_size(columns) + 1, sizeof *classes);
    for (*count = 0; *count < json_array_size(columns); (*count)++) {
        classes[*count] = json_string_value(json_array_get(columns, *count));
        if (!classes[*count])
            return NULL;
    }
    return *count ? classes : NULL;
}

const char **report_classes(Report *report, const ReportNode *node, size_t *count)
{
    if (!node->figures)
        return classes_of_curve(report, node, count);
    const char *name;
    json_t *value, *figures = (json_t *)(uintptr_t)node->figures;
    const char **classes =
        arena_take(report->memory, json_object_size(figures) + 1, sizeof *classes);
    *count = 0;
    json_object_foreach(figures, name, value)
    {
        const char *class = strncmp(name, "f1.", 3) == 0 ? class_of(node, name) : NULL;
        if (class)
            classes[(*count)++] = class;
    }
    return *count ? classes : NULL;
}

/* ---- Names ------------------------------------------------------------------------------- */

const char *report_base(Report *report, const ReportNode *node)
{
    return arena_slice(report->memory, node->id, strcspn(node->id, "["));
}

const char *report_label(Report *report, const ReportNode *node)
{
    char label[300];
    arm_label(node->id, label, sizeof label);
    return arena_text(report->memory, label);
}
