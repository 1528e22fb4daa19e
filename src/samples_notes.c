/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a node says of its table besides rows: figures, lines, numbers, files, and what it asks of
 * the engine while it works. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "file.h"
#include "samples_parts.h"
#include "text.h"

int fornix_tables(const FornixBuild *build)
{
    return build->table->input_count;
}

const FornixTable *fornix_table(const FornixBuild *build, int input)
{
    return input < build->table->input_count ? build->table->inputs[input] : NULL;
}

const char *fornix_table_name(const FornixBuild *build, int input)
{
    return build->table->input_names[input];
}

const char *fornix_build_id(const FornixBuild *build)
{
    return build->table->id;
}

void fornix_set_opened(FornixBuild *build, void *opened)
{
    build->table->reader.opened = opened;
}

void *fornix_opened(const FornixBuild *build)
{
    return build->table->reader.opened;
}

/* ---- Figures and lines ------------------------------------------------------------------- */

static void metric_add(FornixBuild *build, const TableMetric *metric)
{
    FornixTable *table = build->table;
    table->metrics =
        mem_grow(table->metrics, (size_t)table->metric_count + 1, sizeof *table->metrics);
    table->metrics[table->metric_count] = *metric;
    table->metrics[table->metric_count++].name = arena_text(table->arena, metric->name);
}

void fornix_metric(FornixBuild *build, const char *name, double value)
{
    metric_add(build, &(TableMetric){.name = name, .value = value});
}

void fornix_metric_interval(FornixBuild *build, const char *name, double value, double low,
                            double high)
{
    metric_add(build, &(TableMetric){name, value, low, high, true});
}

void fornix_curve(FornixBuild *build, const char *name, const FornixCurve *curve)
{
    FornixTable *table = build->table;
    size_t width = (size_t)curve->width, count = (size_t)curve->rows * width;
    const char **columns = arena_take(table->arena, width + 1, sizeof *columns);
    double *values = arena_take(table->arena, count + 1, sizeof *values);
    for (size_t k = 0; k < width; k++)
        columns[k] = arena_text(table->arena, curve->columns[k]);
    if (count)
        memcpy(values, curve->values, count * sizeof *values);
    table->curves = mem_grow(table->curves, (size_t)table->curve_count + 1, sizeof *table->curves);
    table->curves[table->curve_count++] = (TableCurve){
        arena_text(table->arena, name),
        {.columns = columns, .width = curve->width, .values = values, .rows = curve->rows}};
}

static void line_add(FornixBuild *build, bool warning, const char *format, va_list values)
{
    FornixTable *table = build->table;
    va_list again;
    va_copy(again, values);
    int length = vsnprintf(NULL, 0, format, values);
    char *text = arena_take(table->arena, length < 0 ? 1 : (size_t)length + 1, 1);
    if (length > 0)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    table->lines = mem_grow(table->lines, (size_t)table->line_count + 1, sizeof *table->lines);
    table->lines[table->line_count++] = (TableLine){text, warning};
}

void fornix_report(FornixBuild *build, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    line_add(build, false, format, values);
    va_end(values);
}

void fornix_warn(FornixBuild *build, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    line_add(build, true, format, values);
    va_end(values);
}

void fornix_set_values(FornixBuild *build, const char *name, const double *values, int64_t count)
{
    FornixTable *table = build->table;
    double *copy = arena_take(table->arena, (size_t)count + 1, sizeof *copy);
    if (count)
        memcpy(copy, values, (size_t)count * sizeof *copy);
    table->values = mem_grow(table->values, (size_t)table->value_count + 1, sizeof *table->values);
    table->values[table->value_count++] =
        (TableValues){arena_text(table->arena, name), copy, count};
}

/* ---- Files ------------------------------------------------------------------------------- */

bool fornix_uses_file(FornixBuild *build, const char *path)
{
    FornixError error = {0};
    FileIdentity identity;
    if (!file_identity(path, &identity, &error))
        return fornix_build_fail(build, NULL, "%s", error.text);
    build->files = mem_grow(build->files, (size_t)build->file_count + 1, sizeof *build->files);
    build->files[build->file_count++] = arena_text(build->table->arena, path);
    return true;
}

const char *const *build_files(const FornixBuild *build, int *count)
{
    *count = build->file_count;
    return build->files;
}

const char *fornix_output_folder(FornixBuild *build)
{
    FornixError error = {0};
    const char *folder = build->request.folder ? build->request.folder : ".";
    if (!build->request.folder)
        fornix_build_fail(build, NULL, "'%s' has a folder for its files in a run only",
                          build->table->id);
    else if (!file_make_folders(folder, &error))
        fornix_build_fail(build, NULL, "%s", error.text);
    return folder;
}

/* ---- A run that is applied --------------------------------------------------------------- */

bool fornix_applied(const FornixBuild *build)
{
    return build->request.stored != NULL;
}

const char *fornix_new_manifest(const FornixBuild *build)
{
    return build->request.manifest;
}

const double *fornix_stored(const FornixBuild *build, const char *name, int64_t *count)
{
    const FornixTable *stored = build->request.stored;
    *count = 0;
    return stored ? fornix_values(stored, name, count) : NULL;
}

const FornixColumn *fornix_stored_column(const FornixBuild *build, const char *name)
{
    const FornixTable *stored = build->request.stored;
    int column = stored ? fornix_find_column(stored, name) : -1;
    return column < 0 ? NULL : fornix_column(stored, column);
}

/* ---- Chance and work --------------------------------------------------------------------- */

/* Without the values of loops: what a seed draws does not depend on the arm it is drawn in. */
FornixRandomKey fornix_build_random(const FornixBuild *build, int64_t seed)
{
    char path[200];
    int length = (int)strcspn(build->table->id, "[");
    snprintf(path, sizeof path, "samples/%.*s", length, build->table->id);
    return fornix_random_key((uint64_t)seed, path);
}

void fornix_parallel(FornixBuild *build, int64_t count, void (*work)(void *context, int64_t i),
                     void *context)
{
    const SamplesHost *host = &build->table->samples->host;
    if (host->parallel) {
        host->parallel(host->host, count, work, context);
        return;
    }
    for (int64_t i = 0; i < count; i++)
        work(context, i);
}
