/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading stored tables back, trusting nothing: a cache may lie on a disk that failed. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "cutout.h"
#include "file.h"
#include "safetensors.h"
#include "store.h"
#include "store_parts.h"

typedef struct StoreReader {
    SafeFile *file;
    int *tensors; /* of each column */
} StoreReader;

typedef struct Load {
    Samples *samples;
    FornixBuild *build;
    const json_t *root;
    const char *folder;
    StoreReader *reader;
    FornixError *error;
} Load;

static bool tensor_read(void *opened, const FornixTable *table, int column, int64_t row, float *out,
                        FornixError *error)
{
    (void)table;
    const StoreReader *reader = opened;
    return safetensors_read(reader->file, (size_t)reader->tensors[column], row, 1, out, error);
}

static bool tensor_read_box(void *opened, const FornixTable *table, int column, int64_t row,
                            const FornixBox *box, float *out, FornixError *error)
{
    const StoreReader *reader = opened;
    FornixShape s = fornix_column(table, column)->shape;
    size_t tensor = (size_t)reader->tensors[column];
    CutoutLine line = cutout_line(box, s.w);
    int64_t grid[] = {s.d, s.h, s.w}, first = row * s.d * s.h;
    for (int64_t k = 0; k < box->size[0] * box->size[1]; k++) {
        int64_t number = cutout_line_number(box, grid, k / box->size[1], k % box->size[1]);
        if (!safetensors_read_part(reader->file, tensor,
                                   ((first + number) * s.w + line.place) * s.c, line.count * s.c,
                                   out + line.at * s.c, error))
            return false;
        cutout_line_fill(box, &line, s.c, out);
        out += box->size[2] * s.c;
    }
    return true;
}

static void reader_close(void *opened)
{
    StoreReader *reader = opened;
    safetensors_close(reader->file);
    mem_free(reader->tensors);
    mem_free(reader);
}

static bool damaged(const Load *load, const char *what)
{
    return fornix_fail(load->error, "%s is damaged: %s", load->folder, what);
}

static void mistake(void *context, const char *where, const Place *at, const char *text)
{
    (void)where, (void)at;
    damaged(context, text);
}

static bool real_of_json(const json_t *json, double *value)
{
    const char *text = json_string_value(json);
    if (json_is_number(json))
        *value = json_number_value(json);
    else if (text && strcmp(text, "nan") == 0)
        *value = NAN;
    else if (text && strcmp(text, "inf") == 0)
        *value = INFINITY;
    else if (text && strcmp(text, "-inf") == 0)
        *value = -INFINITY;
    else
        return false;
    return true;
}

/* ---- Columns ----------------------------------------------------------------------------- */

static bool names_load(const json_t *names, FornixColumn *column, Arena *arena)
{
    size_t count = json_array_size(names);
    if (!count)
        return true;
    if ((int64_t)count != column->classes)
        return false;
    const char **list = arena_take(arena, count, sizeof *list);
    for (size_t i = 0; i < count; i++)
        if (!(list[i] = json_string_value(json_array_get(names, i))))
            return false;
    column->class_names = list;
    return true;
}

static bool column_load(Load *load, const json_t *json, Arena *arena)
{
    const char *name, *word;
    json_int_t d, h, w, c, classes;
    json_t *names;
    if (json_unpack((json_t *)json, "{s:s, s:s, s:[IIII], s:I, s:o}", "name", &name, "kind", &word,
                    "shape", &d, &h, &w, &c, "classes", &classes, "names", &names))
        return damaged(load, "a column of " STORE_TABLE);
    FornixColumn column = {.name = name, .shape = {1, d, h, w, c}, .classes = classes};
    for (const KindWord *kind = store_kinds; kind->kind; kind++)
        if (strcmp(kind->word, word) == 0)
            column.kind = kind->kind;
    if (!column.kind || classes < 0 || !names_load(names, &column, arena))
        return damaged(load, "a column of " STORE_TABLE);
    return fornix_add_column(load->build, &column) >= 0 && !load->error->text[0];
}

static bool columns_load(Load *load)
{
    const json_t *columns = json_object_get(load->root, "columns");
    if (!json_is_array(columns))
        return damaged(load, "no columns");
    Arena *arena = arena_new();
    bool done = true;
    for (size_t i = 0; done && i < json_array_size(columns); i++)
        done = column_load(load, json_array_get(columns, i), arena);
    arena_free(arena);
    return done;
}

/* ---- Rows -------------------------------------------------------------------------------- */

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool space_load(const json_t *json, FornixSpace *space)
{
    const char *map;
    json_t *spacing[3];
    *space = (FornixSpace){.slice = -1};
    if (json_unpack((json_t *)json, "{s?s, s:i, s:[ooo], s:s}", "file", &space->file, "axis",
                    &space->axis, "spacing", &spacing[0], &spacing[1], &spacing[2], "map", &map) ||
        strlen(map) != 2 * sizeof space->map)
        return false;
    for (int i = 0; i < 3; i++)
        if (!real_of_json(spacing[i], &space->spacing[i]))
            return false;
    for (size_t i = 0; i < sizeof space->map; i++) {
        int high = digit_of(map[2 * i]), low = digit_of(map[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        space->map[i] = (unsigned char)(high << 4 | low);
    }
    return space->axis >= 0 && space->axis < 3;
}

static bool row_load(Load *load, const json_t *json, const json_t *spaces)
{
    const char *subject, *name;
    int origin, part;
    json_int_t at, slice;
    if (json_unpack((json_t *)json, "[ssiiII]", &subject, &name, &origin, &part, &at, &slice) ||
        origin < FORNIX_REAL_SAMPLE || origin > FORNIX_SYNTHETIC_SAMPLE || part < FORNIX_NO_PART ||
        part > FORNIX_TEST)
        return damaged(load, "a row of " STORE_TABLE);
    FornixRow row = {subject, name, (FornixOrigin)origin, (FornixPart)part};
    int64_t made = fornix_add_row(load->build, &row);
    if (at < 0)
        return true;
    FornixSpace space;
    if (!space_load(json_array_get(spaces, (size_t)at), &space))
        return damaged(load, "a space of " STORE_TABLE);
    space.slice = slice;
    fornix_set_space(load->build, made, &space);
    return true;
}

static bool cells_load(Load *load, int64_t rows)
{
    const FornixTable *table = build_table(load->build);
    const json_t *all = json_object_get(load->root, "cells");
    for (int c = 0; c < fornix_columns(table); c++) {
        const FornixColumn *column = fornix_column(table, c);
        bool label = column->kind & FORNIX_LABEL;
        if (!label && !(column->kind & FORNIX_WEIGHT))
            continue;
        const json_t *cells = json_object_get(all, column->name);
        if ((int64_t)json_array_size(cells) != rows)
            return damaged(load, "labels or weights of " STORE_TABLE);
        for (int64_t row = 0; row < rows; row++) {
            const json_t *cell = json_array_get(cells, (size_t)row);
            json_int_t whole = json_integer_value(cell);
            double real;
            if (label && (!json_is_integer(cell) || whole < -1 || whole > INT32_MAX))
                return damaged(load, "a label of " STORE_TABLE);
            if (!label && !real_of_json(cell, &real))
                return damaged(load, "a weight of " STORE_TABLE);
            if (label)
                fornix_set_label(load->build, c, row, (int32_t)whole);
            else
                fornix_set_real(load->build, c, row, real);
        }
    }
    return true;
}

static bool rows_load(Load *load)
{
    const json_t *rows = json_object_get(load->root, "rows");
    const json_t *spaces = json_object_get(load->root, "spaces");
    if (!json_is_array(rows) || !json_is_array(spaces))
        return damaged(load, "no rows");
    for (size_t i = 0; i < json_array_size(rows); i++)
        if (!row_load(load, json_array_get(rows, i), spaces))
            return false;
    return cells_load(load, (int64_t)json_array_size(rows));
}

/* Every tensor column has its rows in the file, in its shape. */
static bool tensors_load(Load *load, int64_t rows)
{
    const FornixTable *table = build_table(load->build);
    StoreReader *reader = load->reader;
    reader->tensors = mem_new((size_t)fornix_columns(table) + 1, sizeof *reader->tensors);
    for (int c = 0; rows && c < fornix_columns(table); c++) {
        const FornixColumn *column = fornix_column(table, c);
        if (column->kind & (FORNIX_LABEL | FORNIX_WEIGHT))
            continue;
        if (!reader->file) {
            char *path = file_join(load->folder, STORE_TENSORS);
            reader->file = safetensors_open(path, load->error);
            mem_free(path);
            if (!reader->file)
                return false;
        }
        int64_t at = safetensors_find(reader->file, column->name);
        const SafeTensor *tensor = at < 0 ? NULL : safetensors_tensor(reader->file, (size_t)at);
        FornixShape s = column->shape;
        if (!tensor || tensor->rank != 5 || tensor->dims[0] != rows || tensor->dims[1] != s.d ||
            tensor->dims[2] != s.h || tensor->dims[3] != s.w || tensor->dims[4] != s.c)
            return damaged(load, STORE_TENSORS " does not fit " STORE_TABLE);
        reader->tensors[c] = (int)at;
    }
    return true;
}

/* ---- Notes ------------------------------------------------------------------------------- */

static int fit_kind_of(const json_t *fit)
{
    const char *word = json_string_value(json_object_get(fit, "kind"));
    for (int kind = 0; word && store_fit_kinds[kind]; kind++)
        if (strcmp(store_fit_kinds[kind], word) == 0)
            return kind;
    return -1;
}

static bool fits_load(Load *load)
{
    const json_t *all = json_object_get(load->root, "fits");
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *fit = json_array_get(all, i);
        const json_t *list = json_object_get(fit, "subjects");
        const char *artefact = json_string_value(json_object_get(fit, "artefact"));
        size_t count = json_array_size(list);
        const char **subjects = mem_new(count + 1, sizeof *subjects);
        int kind = fit_kind_of(fit);
        bool sound = artefact && kind >= 0 && (count > 0) == (kind != FIT_UNKNOWN);
        for (size_t k = 0; sound && k < count; k++)
            sound = (subjects[k] = json_string_value(json_array_get(list, k))) != NULL;
        if (sound) {
            Fits fits = {0};
            fits_add(load->samples, &fits,
                     &(Fit){artefact, subjects, (int64_t)count, (FitKind)kind});
            build_add_fits(load->build, &fits);
            fits_free(&fits);
        }
        mem_free(subjects);
        if (!sound)
            return damaged(load, "what it was fitted on");
    }
    return json_is_array(all) || damaged(load, "what it was fitted on");
}

static bool values_load(Load *load, const json_t *json)
{
    const char *name = json_string_value(json_object_get(json, "name"));
    const json_t *numbers = json_object_get(json, "values");
    size_t count = json_array_size(numbers);
    double *values = mem_new(count + 1, sizeof *values);
    bool sound = name && json_is_array(numbers);
    for (size_t i = 0; sound && i < count; i++)
        sound = real_of_json(json_array_get(numbers, i), &values[i]);
    if (sound)
        fornix_set_values(load->build, name, values, (int64_t)count);
    mem_free(values);
    return sound || damaged(load, "its values");
}

static bool metric_load(Load *load, const json_t *json)
{
    const char *name;
    int interval;
    double value, low, high;
    if (json_unpack((json_t *)json, "{s:s, s:b}", "name", &name, "interval", &interval) ||
        !real_of_json(json_object_get(json, "value"), &value) ||
        !real_of_json(json_object_get(json, "low"), &low) ||
        !real_of_json(json_object_get(json, "high"), &high))
        return damaged(load, "its figures");
    if (interval)
        fornix_metric_interval(load->build, name, value, low, high);
    else
        fornix_metric(load->build, name, value);
    return true;
}

static bool line_load(Load *load, const json_t *json)
{
    const char *text;
    int warning;
    if (json_unpack((json_t *)json, "{s:s, s:b}", "text", &text, "warning", &warning))
        return damaged(load, "its report");
    if (warning)
        fornix_warn(load->build, "%s", text);
    else
        fornix_report(load->build, "%s", text);
    return true;
}

static bool notes_load(Load *load)
{
    static const struct {
        const char *name;
        bool (*load)(Load *load, const json_t *json);
    } kinds[] = {{"values", values_load}, {"metrics", metric_load}, {"lines", line_load}};
    for (size_t k = 0; k < COUNT(kinds); k++) {
        const json_t *all = json_object_get(load->root, kinds[k].name);
        for (size_t i = 0; i < json_array_size(all); i++)
            if (!kinds[k].load(load, json_array_get(all, i)))
                return false;
    }
    return true;
}

/* ---- The table --------------------------------------------------------------------------- */

static json_t *root_load(const char *folder, FornixError *error)
{
    char *path = file_join(folder, STORE_TABLE);
    size_t length;
    char *text = file_read(path, INT64_MAX / 2, &length, error);
    json_error_t fault;
    json_t *root = text ? json_loadb(text, length, JSON_REJECT_DUPLICATES, &fault) : NULL;
    if (text && !root)
        fornix_fail(error, "%s is damaged: %s", path, fault.text);
    if (root && json_integer_value(json_object_get(root, "format")) != STORE_FORMAT) {
        fornix_fail(error, "%s is of another version of fornix", path);
        json_decref(root);
        root = NULL;
    }
    mem_free(text);
    mem_free(path);
    return root;
}

const FornixTable *store_load(Samples *samples, const char *folder, const char *id,
                              FornixError *error)
{
    json_t *root = root_load(folder, error);
    if (!root)
        return NULL;
    Load load = {.samples = samples, .root = root, .folder = folder, .error = error};
    BuildRequest request = {.id = id, .mistake = mistake, .context = &load};
    load.build = build_new(samples, &request);
    load.reader = mem_new(1, sizeof *load.reader);
    build_set_reader(load.build, &(TableReader){.read = tensor_read,
                                                .close = reader_close,
                                                .opened = load.reader,
                                                .read_box = tensor_read_box});
    bool done = columns_load(&load) && rows_load(&load) &&
                tensors_load(&load, (int64_t)json_array_size(json_object_get(root, "rows"))) &&
                fits_load(&load) && notes_load(&load) && build_rows(load.build);
    const FornixTable *table = done ? build_table(load.build) : NULL;
    build_free(load.build);
    json_decref(root);
    return table;
}
