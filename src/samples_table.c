/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables as they are read: rows, columns, and tensors through the tables that rows came from.
 *
 * A tensor read at a cost stays in memory while the budget lasts and is never thrown out for
 * another: epochs go round all rows, where keeping the latest would keep nothing. A row's slot is
 * set by one compare-and-swap, so that two readers of a row wait for nobody and keep one copy.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "samples_parts.h"

FornixTable *table_new(Samples *samples, const char *id)
{
    FornixTable *table = mem_new(1, sizeof *table);
    table->samples = samples;
    table->arena = arena_new();
    table->id = arena_text(table->arena, id ? id : "");
    samples_own(samples, table);
    return table;
}

bool column_is_tensor(const Column *column)
{
    return !(column->shown.kind & (FORNIX_LABEL | FORNIX_WEIGHT));
}

int64_t fornix_rows(const FornixTable *table)
{
    return table->rows_known ? table->rows : -1;
}

int fornix_columns(const FornixTable *table)
{
    return table->column_count;
}

const FornixColumn *fornix_column(const FornixTable *table, int column)
{
    return &table->columns[column].shown;
}

int fornix_find_column(const FornixTable *table, const char *name)
{
    for (int c = 0; c < table->column_count; c++)
        if (strcmp(table->columns[c].shown.name, name) == 0)
            return c;
    return -1;
}

const FornixRow *fornix_row(const FornixTable *table, int64_t row)
{
    return &table->row[row];
}

int32_t fornix_label(const FornixTable *table, int column, int64_t row)
{
    const int32_t *labels = table->columns[column].labels;
    return labels ? labels[row] : -1;
}

double fornix_real(const FornixTable *table, int column, int64_t row)
{
    const double *reals = table->columns[column].reals;
    return reals ? reals[row] : 1;
}

const FornixSpace *fornix_space(const FornixTable *table, int64_t row)
{
    return table->spaces[row];
}

/* ---- Tensors ----------------------------------------------------------------------------- */

bool table_reserve(const FornixTable *table, int64_t bytes)
{
    Samples *samples = table->samples;
    if (atomic_fetch_add(&samples->kept, bytes) + bytes <= samples->host.cache_bytes)
        return true;
    atomic_fetch_sub(&samples->kept, bytes);
    return false;
}

void table_release(const FornixTable *table, int64_t bytes)
{
    atomic_fetch_sub(&table->samples->kept, bytes);
}

bool table_read_own(const FornixTable *table, int c, int64_t row, float *out, FornixError *error)
{
    const Scene *before = scene_enter(table->scene.node ? &table->scene : scene_now);
    bool fine = table->reader.read(table->reader.opened, table, c, row, out, error);
    scene_leave(before);
    return fine || (table->scene.node && scene_blame(&table->scene, error));
}

static bool read_kept(const FornixTable *table, int c, int64_t row, float *out, FornixError *error)
{
    Column *column = &table->columns[c];
    _Atomic(float *) *slot = &column->kept[row];
    int64_t bytes = fornix_floats(column->shown.shape) * (int64_t)sizeof *out;
    const float *known = atomic_load_explicit(slot, memory_order_acquire);
    if (known) {
        memcpy(out, known, (size_t)bytes);
        return true;
    }
    if (!table_read_own(table, c, row, out, error))
        return false;
    if (!table_reserve(table, bytes))
        return true;
    float *copy = malloc((size_t)bytes), *none = NULL;
    if (copy) {
        memcpy(copy, out, (size_t)bytes);
        if (atomic_compare_exchange_strong(slot, &none, copy))
            return true;
        free(copy);
    }
    table_release(table, bytes);
    return true;
}

static bool read_mixed(const FornixTable *table, int column, const Origin *origin, float *out,
                       FornixError *error)
{
    const FornixTable *input = table->inputs[origin->input];
    const FornixColumn *shown = &table->columns[column].shown;
    int from = table->columns[column].from[origin->input];
    if (shown->kind & FORNIX_MASK) /* classes have no mean: the nearer row's */
        return fornix_read(input, from, origin->share < .5 ? origin->row : origin->other, out,
                           error);
    int64_t floats = fornix_floats(shown->shape);
    size_t bytes = (size_t)floats * sizeof *out;
    float *other = mem_large(bytes);
    if (!other)
        return fornix_fail(error, "no memory to mix two rows of '%s'", shown->name);
    bool done = fornix_read(input, from, origin->row, out, error) &&
                fornix_read(input, from, origin->other, other, error);
    float share = (float)origin->share;
    for (int64_t i = 0; done && i < floats; i++)
        out[i] += share * (other[i] - out[i]);
    mem_large_free(other, bytes);
    return done;
}

bool fornix_read(const FornixTable *table, int c, int64_t row, float *out, FornixError *error)
{
    if (c < 0 || c >= table->column_count || row < 0 || row >= table->rows)
        return fornix_fail(error, "'%s' has no row %lld in column %d", table->id, (long long)row,
                           c);
    const Column *column = &table->columns[c];
    if (!column_is_tensor(column)) {
        *out = column->labels ? (float)column->labels[row] : (float)column->reals[row];
        return true;
    }
    const Origin *origin = &table->origins[row];
    int from = origin->input >= 0 ? column->from[origin->input] : -1;
    if (from >= 0 && !(column->own && table->reader.read)) {
        if (origin->other >= 0)
            return read_mixed(table, c, origin, out, error);
        return fornix_read(table->inputs[origin->input], from, origin->row, out, error);
    }
    if (!table->reader.read)
        return fornix_fail(error, "'%s' does not say where row %lld has its '%s' from", table->id,
                           (long long)row, column->shown.name);
    if (table->costly && column->kept)
        return read_kept(table, c, row, out, error);
    return table_read_own(table, c, row, out, error);
}

void table_keep_reads(FornixTable *table)
{
    for (int c = 0; table->costly && c < table->column_count; c++)
        if (column_is_tensor(&table->columns[c]) && table->rows)
            table->columns[c].kept = calloc((size_t)table->rows, sizeof(_Atomic(float *)));
}

void table_forget(const FornixTable *table)
{
    for (int c = 0; c < table->column_count; c++) {
        Column *column = &table->columns[c];
        int64_t bytes = fornix_floats(column->shown.shape) * (int64_t)sizeof(float);
        for (int64_t row = 0; column->kept && row < table->rows; row++) {
            float *kept = atomic_exchange(&column->kept[row], NULL);
            if (kept)
                table_release(table, bytes);
            free(kept);
        }
    }
}

/* ---- Rows -------------------------------------------------------------------------------- */

const char *table_id(const FornixTable *table)
{
    return table->id;
}

Samples *table_samples(const FornixTable *table)
{
    return table->samples;
}

int64_t *table_select(const FornixTable *table, unsigned parts, int64_t *count)
{
    int64_t *rows = mem_new((size_t)table->rows + 1, sizeof *rows);
    *count = 0;
    for (int64_t row = 0; row < table->rows; row++)
        if (parts >> table->row[row].part & 1)
            rows[(*count)++] = row;
    return rows;
}

int64_t table_subjects(const FornixTable *table, int64_t *group)
{
    int64_t most = -1, groups = 0;
    for (int64_t row = 0; row < table->rows; row++) {
        int64_t number = interned_number(table->row[row].subject);
        most = number > most ? number : most;
    }
    int64_t *known = mem_new((size_t)(most + 1), sizeof *known); /* the group + 1 */
    for (int64_t row = 0; row < table->rows; row++) {
        int64_t *of = &known[interned_number(table->row[row].subject)];
        if (!*of)
            *of = ++groups;
        group[row] = *of - 1;
    }
    mem_free(known);
    return groups;
}

/* ---- What a node left with its table ------------------------------------------------------- */

const TableMetric *table_metrics(const FornixTable *table, int *count)
{
    *count = table->metric_count;
    return table->metrics;
}

const TableLine *table_lines(const FornixTable *table, int *count)
{
    *count = table->line_count;
    return table->lines;
}

const TableValues *table_values(const FornixTable *table, int *count)
{
    *count = table->value_count;
    return table->values;
}

const TableCurve *table_curves(const FornixTable *table, int *count)
{
    *count = table->curve_count;
    return table->curves;
}

const double *fornix_values(const FornixTable *table, const char *name, int64_t *count)
{
    for (int i = 0; i < table->value_count; i++)
        if (strcmp(table->values[i].name, name) == 0) {
            *count = table->values[i].count;
            return table->values[i].values;
        }
    *count = 0;
    return NULL;
}

bool fornix_get_metric(const FornixTable *table, const char *name, double *value, double *low,
                       double *high)
{
    for (int i = 0; i < table->metric_count; i++) {
        const TableMetric *metric = &table->metrics[i];
        if (strcmp(metric->name, name) == 0) {
            *value = metric->value;
            *low = metric->interval ? metric->low : NAN;
            *high = metric->interval ? metric->high : NAN;
            return true;
        }
    }
    return false;
}
