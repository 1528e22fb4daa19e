/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing tables. */
#include "store.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "file.h"
#include "safetensors.h"
#include "store_parts.h"

const KindWord store_kinds[] = {{FORNIX_IMAGE, "image"},
                                {FORNIX_MASK, "mask"},
                                {FORNIX_LABEL, "label"},
                                {FORNIX_WEIGHT, "weight"},
                                {FORNIX_FEATURE, "feature"},
                                {FORNIX_LOGITS, "logits"},
                                {FORNIX_PROBABILITY, "probability"},
                                {FORNIX_NOISE, "noise"},
                                {0}};

typedef struct StoreColumn {
    const char *name;
    unsigned kind;
    int tensor;    /* its number in the file of tensors; -1: label or weight */
    int from;      /* its number in the table that rows come from */
    json_t *cells; /* labels or weights */
} StoreColumn;

struct StoreWriter {
    char *folder;
    json_t *root;
    StoreColumn *columns;
    int count;
    SafeWriter *tensors; /* NULL: no row has any */
    float *buffer;       /* for one tensor that is read */
    size_t buffer_bytes;
    const FornixTable *from;  /* that the columns' `from` is for */
    const FornixSpace *space; /* the last one written */
};

/* ---- JSON -------------------------------------------------------------------------------- */

static json_t *json_of_real(double value)
{
    if (isfinite(value))
        return json_real(value);
    return json_string(isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
}

static json_t *json_of_column(const FornixColumn *column)
{
    const char *word = NULL;
    for (const KindWord *kind = store_kinds; kind->kind; kind++)
        if (kind->kind == column->kind)
            word = kind->word;
    FornixShape s = column->shape;
    json_t *names = json_array();
    for (int64_t i = 0; column->class_names && i < column->classes; i++)
        json_array_append_new(names, json_string(column->class_names[i]));
    return json_pack("{s:s*, s:s*, s:[IIII], s:I, s:o}", "name", column->name, "kind", word,
                     "shape", (json_int_t)s.d, (json_int_t)s.h, (json_int_t)s.w, (json_int_t)s.c,
                     "classes", (json_int_t)column->classes, "names", names);
}

static json_t *json_of_space(const FornixSpace *space)
{
    static const char digits[] = "0123456789abcdef";
    char map[2 * sizeof space->map + 1];
    for (size_t i = 0; i < sizeof space->map; i++) {
        map[2 * i] = digits[space->map[i] >> 4];
        map[2 * i + 1] = digits[space->map[i] & 15];
    }
    map[2 * sizeof space->map] = '\0';
    return json_pack("{s:s*, s:i, s:[ooo], s:s}", "file", space->file, "axis", space->axis,
                     "spacing", json_of_real(space->spacing[0]), json_of_real(space->spacing[1]),
                     json_of_real(space->spacing[2]), "map", map);
}

/* By FitKind. */
const char *const store_fit_kinds[] = {"named", "hashed", "unknown", NULL};

static json_t *json_of_fits(const Fits *fits)
{
    json_t *all = json_array();
    for (int i = 0; fits && i < fits->count; i++) {
        const Fit *fit = fits->items[i];
        json_t *subjects = json_array();
        for (int64_t k = 0; k < fit->count; k++)
            json_array_append_new(subjects, json_string(fit->subjects[k]));
        json_array_append_new(all, json_pack("{s:s, s:s, s:o}", "artefact", fit->artefact, "kind",
                                             store_fit_kinds[fit->kind], "subjects", subjects));
    }
    return all;
}

static void json_add_notes(json_t *root, const FornixTable *notes)
{
    int count;
    json_t *metrics = json_array(), *lines = json_array(), *values = json_array();
    const TableMetric *metric = table_metrics(notes, &count);
    for (int i = 0; i < count; i++, metric++)
        json_array_append_new(
            metrics, json_pack("{s:s, s:o, s:o, s:o, s:b}", "name", metric->name, "value",
                               json_of_real(metric->value), "low", json_of_real(metric->low),
                               "high", json_of_real(metric->high), "interval", metric->interval));
    const TableLine *line = table_lines(notes, &count);
    for (int i = 0; i < count; i++, line++)
        json_array_append_new(
            lines, json_pack("{s:s, s:b}", "text", line->text, "warning", line->warning));
    const TableValues *set = table_values(notes, &count);
    for (int i = 0; i < count; i++, set++) {
        json_t *numbers = json_array();
        for (int64_t k = 0; k < set->count; k++)
            json_array_append_new(numbers, json_of_real(set->values[k]));
        json_array_append_new(values,
                              json_pack("{s:s, s:o}", "name", set->name, "values", numbers));
    }
    json_object_set_new(root, "metrics", metrics);
    json_object_set_new(root, "lines", lines);
    json_object_set_new(root, "values", values);
}

/* ---- The writer -------------------------------------------------------------------------- */

/* An older table there must not be taken for this one if we are killed on the way. */
static bool folder_begin(const char *folder, FornixError *error)
{
    char *path = file_join(folder, STORE_TABLE);
    bool done = file_make_folders(folder, error) && file_remove(path, error);
    mem_free(path);
    return done;
}

/* The tensors may be read on their own (as features): they say of themselves what they stem from.
 */
static bool tensors_create(StoreWriter *writer, const StoreRequest *request, FornixError *error)
{
    const FornixColumn *columns = request->columns;
    int64_t rows = request->rows;
    SafeTensor *tensors = mem_new((size_t)writer->count + 1, sizeof *tensors);
    size_t count = 0;
    for (int c = 0; c < writer->count; c++) {
        FornixShape s = columns[c].shape;
        size_t bytes = (size_t)fornix_floats((FornixShape){1, s.d, s.h, s.w, s.c}) * sizeof(float);
        if (columns[c].kind & (FORNIX_LABEL | FORNIX_WEIGHT))
            continue;
        writer->columns[c].tensor = (int)count;
        tensors[count++] = (SafeTensor){columns[c].name, SAFE_F32, 5, {rows, s.d, s.h, s.w, s.c}};
        writer->buffer_bytes = bytes > writer->buffer_bytes ? bytes : writer->buffer_bytes;
    }
    bool done = true;
    if (count && rows) {
        char *path = file_join(writer->folder, STORE_TENSORS);
        char *fitted = request->fits ? fits_text(request->fits) : NULL;
        SafeText text = {FITS_TEXT, fitted};
        writer->tensors = safetensors_create(path, tensors, count, &text, fitted ? 1 : 0, error);
        mem_free(fitted);
        mem_free(path);
        writer->buffer = writer->tensors ? mem_large(writer->buffer_bytes) : NULL;
        done = writer->tensors && (writer->buffer || fornix_fail(error, "no memory for a tensor"));
    }
    mem_free(tensors);
    return done;
}

StoreWriter *store_create(const char *folder, const StoreRequest *request, FornixError *error)
{
    const FornixColumn *columns = request->columns;
    int count = request->count;
    StoreWriter *writer = mem_new(1, sizeof *writer);
    writer->folder = mem_text(folder);
    writer->count = count;
    writer->columns = mem_new((size_t)count + 1, sizeof *writer->columns);
    json_t *shown = json_array();
    for (int c = 0; c < count; c++) {
        bool cells = columns[c].kind & (FORNIX_LABEL | FORNIX_WEIGHT);
        writer->columns[c] = (StoreColumn){.name = mem_text(columns[c].name),
                                           .kind = columns[c].kind,
                                           .tensor = -1,
                                           .cells = cells ? json_array() : NULL};
        json_array_append_new(shown, json_of_column(&columns[c]));
    }
    writer->root = json_pack("{s:i, s:o, s:[], s:[], s:o}", "format", STORE_FORMAT, "columns",
                             shown, "rows", "spaces", "fits", json_of_fits(request->fits));
    if (request->rows < 0)
        fornix_fail(error, "%s: how many rows will come is not known", folder);
    if (request->rows < 0 || !folder_begin(folder, error) ||
        !tensors_create(writer, request, error)) {
        store_abort(writer);
        return NULL;
    }
    return writer;
}

static bool columns_find(StoreWriter *writer, const FornixTable *from, FornixError *error)
{
    for (int c = 0; c < writer->count && writer->from != from; c++) {
        StoreColumn *column = &writer->columns[c];
        column->from = fornix_find_column(from, column->name);
        if (column->from < 0 && column->cells)
            return fornix_fail(error, "'%s' has no column '%s' to keep", table_id(from),
                               column->name);
    }
    writer->from = from;
    return true;
}

static int64_t space_add(StoreWriter *writer, const FornixSpace *space)
{
    const FornixSpace *last = writer->space;
    json_t *spaces = json_object_get(writer->root, "spaces");
    if (!space)
        return -1;
    bool same = last && last->file == space->file && last->axis == space->axis &&
                memcmp(last->spacing, space->spacing, sizeof space->spacing) == 0 &&
                memcmp(last->map, space->map, sizeof space->map) == 0;
    if (!same)
        json_array_append_new(spaces, json_of_space(space));
    writer->space = space;
    return (int64_t)json_array_size(spaces) - 1;
}

static bool tensor_add(StoreWriter *writer, int c, int64_t row, const float *data,
                       FornixError *error)
{
    const StoreColumn *column = &writer->columns[c];
    if (!writer->tensors)
        return fornix_fail(error, "more rows came than '%s' was made for", writer->folder);
    if (!data && column->from < 0)
        return fornix_fail(error, "'%s' has no column '%s' to keep", table_id(writer->from),
                           column->name);
    if (!data && !fornix_read(writer->from, column->from, row, writer->buffer, error))
        return false;
    return safetensors_write(writer->tensors, (size_t)column->tensor, data ? data : writer->buffer,
                             1, error);
}

bool store_add(StoreWriter *writer, const FornixTable *from, int64_t row,
               const float *const *tensors, FornixError *error)
{
    if (!columns_find(writer, from, error))
        return false;
    const FornixRow *identity = fornix_row(from, row);
    const FornixSpace *space = fornix_space(from, row);
    json_int_t at = space_add(writer, space), slice = space ? space->slice : -1;
    json_t *one = json_pack("[ssiiII]", identity->subject, identity->name, (int)identity->origin,
                            (int)identity->part, at, slice);
    if (json_array_append_new(json_object_get(writer->root, "rows"), one))
        return fornix_fail(error, "subject '%s', sample '%s' is no UTF-8", identity->subject,
                           identity->name);
    for (int c = 0; c < writer->count; c++) {
        const StoreColumn *column = &writer->columns[c];
        if (column->kind & FORNIX_LABEL)
            json_array_append_new(column->cells,
                                  json_integer(fornix_label(from, column->from, row)));
        else if (column->kind & FORNIX_WEIGHT)
            json_array_append_new(column->cells,
                                  json_of_real(fornix_real(from, column->from, row)));
        else if (!tensor_add(writer, c, row, tensors ? tensors[c] : NULL, error))
            return false;
    }
    return true;
}

static bool table_write(StoreWriter *writer, FornixError *error)
{
    char *text = json_dumps(writer->root, JSON_COMPACT | JSON_SORT_KEYS);
    if (!text)
        return fornix_fail(error, "'%s' cannot be written as JSON", writer->folder);
    char *path = file_join(writer->folder, STORE_TABLE);
    bool done = file_write(path, text, strlen(text), error);
    mem_free(path);
    free(text);
    return done;
}

bool store_commit(StoreWriter *writer, const FornixTable *notes, FornixError *error)
{
    json_t *cells = json_object();
    for (int c = 0; c < writer->count; c++)
        if (writer->columns[c].cells)
            json_object_set(cells, writer->columns[c].name, writer->columns[c].cells);
    json_object_set_new(writer->root, "cells", cells);
    if (notes)
        json_add_notes(writer->root, notes);
    SafeWriter *tensors = writer->tensors;
    writer->tensors = NULL;
    bool done = (!tensors || safetensors_commit(tensors, error)) && table_write(writer, error);
    store_abort(writer);
    return done;
}

void store_abort(StoreWriter *writer)
{
    if (!writer)
        return;
    safetensors_abort(writer->tensors);
    for (int c = 0; c < writer->count; c++) {
        mem_free((char *)writer->columns[c].name);
        json_decref(writer->columns[c].cells);
    }
    json_decref(writer->root);
    mem_large_free(writer->buffer, writer->buffer_bytes);
    mem_free(writer->columns);
    mem_free(writer->folder);
    mem_free(writer);
}

bool store_save(const FornixTable *table, const char *folder, FornixError *error)
{
    int count = fornix_columns(table);
    FornixColumn *columns = mem_new((size_t)count + 1, sizeof *columns);
    for (int c = 0; c < count; c++)
        columns[c] = *fornix_column(table, c);
    int64_t rows = fornix_rows(table);
    StoreRequest request = {columns, count, rows < 0 ? 0 : rows, table_fits(table)};
    StoreWriter *writer = store_create(folder, &request, error);
    mem_free(columns);
    bool done = writer != NULL;
    for (int64_t row = 0; done && row < rows; row++)
        done = store_add(writer, table, row, NULL, error);
    if (done)
        return store_commit(writer, table, error);
    store_abort(writer);
    return false;
}
