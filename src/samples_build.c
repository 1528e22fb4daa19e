/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One node of the outer graph being made: its columns, its rows, and the checks at its end. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "file.h"
#include "samples_parts.h"
#include "text.h"

FornixBuild *build_new(Samples *samples, const BuildRequest *request)
{
    FornixBuild *build = mem_new(1, sizeof *build);
    build->request = *request;
    if (!build->request.parts)
        build->request.parts = 1u << FORNIX_TEST;
    FornixTable *table = build->table = table_new(samples, request->id);
    size_t count = (size_t)request->input_count;
    table->inputs = arena_take(table->arena, count + 1, sizeof *table->inputs);
    table->input_names = arena_take(table->arena, count + 1, sizeof *table->input_names);
    table->input_count = request->input_count;
    const FornixSamples *type = request->type ? request->type->samples : NULL;
    for (int i = 0; i < request->input_count; i++) {
        const BuildInput *input = &request->inputs[i];
        table->inputs[i] = input->table;
        table->input_names[i] = arena_text(table->arena, input->name ? input->name : "");
        if (!input->table)
            continue;
        fits_join(&table->fits, &input->table->fits);
        table->foreseen = table->foreseen || input->table->foreseen;
        bool judged = type && type->flags & FORNIX_EVALUATES &&
                      request->type->inputs[input->port].kinds & FORNIX_SAMPLES;
        if (judged)
            table->inputs[i] = table_part(input->table, build->request.parts);
    }
    if (type) {
        table->costly = type->flags & FORNIX_COSTLY_READ;
        table->scene = (Scene){request->type, table->id, "in read", request->place};
        table->reader.read = type->read;
        table->reader.close = type->close;
        table->reader.keeps = type->flags & FORNIX_FORETELLS ? type->keeps : NULL;
        table->reader.read_box = type->flags & FORNIX_READS_BOX ? type->read_box : NULL;
    }
    return build;
}

void build_free(FornixBuild *build)
{
    if (!build)
        return;
    mem_free(build->fitted.subjects);
    mem_free(build->files);
    mem_free(build);
}

void build_set_reader(FornixBuild *build, const TableReader *reader)
{
    build->table->reader = *reader;
}

/* ---- Mistakes ---------------------------------------------------------------------------- */

static bool tell(FornixBuild *build, const char *where, const Place *at, const char *format,
                 va_list values)
{
    char text[2000];
    vsnprintf(text, sizeof text, format, values);
    build->failed = true;
    if (build->request.mistake)
        build->request.mistake(build->request.context, where, at, text);
    return false;
}

bool fornix_build_fail(FornixBuild *build, const char *where, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    tell(build, where, NULL, format, values);
    va_end(values);
    return false;
}

bool build_fail_at(FornixBuild *build, Place at, const char *where, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    tell(build, where, &at, format, values);
    va_end(values);
    return false;
}

static bool call(FornixBuild *build, bool (*make)(FornixBuild *build, const void *attrs),
                 const char *doing)
{
    Scene scene = build->table->scene;
    scene.doing = doing;
    const Scene *before = scene_enter(&scene);
    bool fine = make(build, build->request.attrs);
    scene_leave(before);
    return fine;
}

/* ---- Columns ----------------------------------------------------------------------------- */

bool build_columns(FornixBuild *build)
{
    const FornixNode *type = build->request.type;
    if (!type)
        return !build->failed;
    if (type->samples->columns) {
        if (!call(build, type->samples->columns, "in columns"))
            build->failed = true;
    } else if (fornix_tables(build) && fornix_table(build, 0)) {
        fornix_copy_columns(build, 0);
    }
    return !build->failed;
}

static bool column_sound(FornixBuild *build, const FornixColumn *column)
{
    const char *id = build->table->id;
    if (!column->name || !*column->name || strpbrk(column->name, "./ \t\n"))
        return fornix_build_fail(build, NULL, "'%s' cannot be the name of a column of '%s'",
                                 column->name ? column->name : "", id);
    FornixShape s = column->shape;
    int64_t size = 1;
    if (s.d < 1 || s.h < 1 || s.w < 1 || s.c < 1 || !size_multiply(s.d, s.h, &size) ||
        !size_multiply(size, s.w, &size) || !size_multiply(size, s.c, &size) ||
        !size_multiply(size, sizeof(float), &size))
        return fornix_build_fail(build, NULL,
                                 "column '%s' of '%s' has the impossible size "
                                 "%lld x %lld x %lld x %lld",
                                 column->name, id, (long long)s.d, (long long)s.h, (long long)s.w,
                                 (long long)s.c);
    return true;
}

static Column *column_put(FornixBuild *build, int at, const FornixColumn *shown, bool own)
{
    FornixTable *table = build->table;
    if (at == table->column_count) {
        table->columns =
            mem_grow(table->columns, (size_t)table->column_count + 1, sizeof *table->columns);
        table->column_count++;
    }
    Column *column = &table->columns[at];
    *column = (Column){.shown = *shown, .own = own};
    column->shown.name = arena_text(table->arena, shown->name);
    column->shown.shape.n = 1;
    column->shown.class_names = NULL;
    if (shown->class_names && shown->classes > 0) {
        const char **names = arena_take(table->arena, (size_t)shown->classes, sizeof *names);
        for (int64_t i = 0; i < shown->classes; i++)
            names[i] = arena_text(table->arena, shown->class_names[i]);
        column->shown.class_names = names;
    }
    return column;
}

int fornix_add_column(FornixBuild *build, const FornixColumn *column)
{
    if (!column_sound(build, column))
        return -1;
    int at = fornix_find_column(build->table, column->name);
    if (at >= 0 && build->table->columns[at].own) {
        fornix_build_fail(build, NULL, "'%s' has two columns '%s'", build->table->id, column->name);
        return at;
    }
    at = at >= 0 ? at : build->table->column_count;
    column_put(build, at, column, true);
    return at;
}

static bool shapes_same(FornixShape a, FornixShape b)
{
    return a.d == b.d && a.h == b.h && a.w == b.w && a.c == b.c;
}

static bool columns_same(const FornixColumn *a, const FornixColumn *b)
{
    if (a->kind != b->kind || !shapes_same(a->shape, b->shape) || a->classes != b->classes)
        return false;
    for (int64_t i = 0; a->class_names && b->class_names && i < a->classes; i++)
        if (strcmp(a->class_names[i], b->class_names[i]) != 0)
            return false;
    return true;
}

void fornix_copy_columns(FornixBuild *build, int input)
{
    const FornixTable *from = fornix_table(build, input), *table = build->table;
    for (int c = 0; c < from->column_count; c++) {
        const FornixColumn *shown = &from->columns[c].shown;
        int at = fornix_find_column(table, shown->name);
        if (at < 0)
            column_put(build, table->column_count, shown, false);
        else if (!table->columns[at].own && !columns_same(shown, &table->columns[at].shown))
            fornix_build_fail(build, NULL,
                              "column '%s' of '%s' has another kind, shape or classes than that "
                              "of '%s'",
                              shown->name, fornix_table_name(build, input),
                              fornix_table_name(build, 0));
    }
}

/* ---- Rows -------------------------------------------------------------------------------- */

static bool passes_new(const FornixBuild *build)
{
    return build->request.stored && build->request.type->samples->flags & FORNIX_PASSES_NEW;
}

bool build_rows_known(const FornixBuild *build, bool checking)
{
    const FornixNode *type = build->request.type;
    if (checking && type && type->samples->flags & FORNIX_NEEDS_RUN && !passes_new(build))
        return false;
    for (int i = 0; i < build->table->input_count; i++)
        if (build->table->inputs[i] && !build->table->inputs[i]->rows_known)
            return false;
    return true;
}

/* Columns are final from here on: where each is found in each input. */
static void columns_link(FornixTable *table)
{
    for (int c = 0; c < table->column_count; c++) {
        Column *column = &table->columns[c];
        column->from = arena_take(table->arena, (size_t)table->input_count + 1, sizeof(int));
        for (int i = 0; i < table->input_count; i++) {
            const FornixTable *input = table->inputs[i];
            int at = input ? fornix_find_column(input, column->shown.name) : -1;
            const FornixColumn *there = at >= 0 ? &input->columns[at].shown : NULL;
            bool fits = there && there->kind == column->shown.kind &&
                        shapes_same(there->shape, column->shown.shape);
            column->from[i] = fits ? at : -1;
        }
    }
}

static void rows_begin(FornixBuild *build)
{
    if (build->ready)
        return;
    build->ready = true;
    columns_link(build->table);
}

static bool rows_make(FornixBuild *build)
{
    if (!passes_new(build))
        return call(build, build->request.type->samples->rows, "in rows");
    for (int64_t row = 0; row < fornix_rows(fornix_table(build, 0)); row++)
        fornix_copy_row(build, 0, row);
    return true;
}

bool build_rows(FornixBuild *build)
{
    const FornixNode *type = build->request.type;
    rows_begin(build);
    if (build->failed || !guard_evaluation(build))
        return false;
    if (type && !rows_make(build))
        build->failed = true;
    if (build->failed || !guard_parts(build) || !guard_tensors(build))
        return false;
    fits_add(build->table->samples, &build->table->fits,
             &(Fit){build->table->id, build->fitted.subjects, build->fitted.count, FIT_NAMED});
    build->table->rows_known = true;
    table_keep_reads(build->table);
    return true;
}

const FornixTable *build_table(FornixBuild *build)
{
    if (!build->request.type && build->ready && !build->table->rows_known)
        build_rows(build);
    return build->table;
}

static void rows_reserve(FornixTable *table)
{
    if (table->rows < table->row_capacity)
        return;
    size_t capacity = table->row_capacity ? 2 * (size_t)table->row_capacity : 64;
    table->row = mem_grow(table->row, capacity, sizeof *table->row);
    table->origins = mem_grow(table->origins, capacity, sizeof *table->origins);
    table->spaces = mem_grow(table->spaces, capacity, sizeof *table->spaces);
    for (int c = 0; c < table->column_count; c++) {
        Column *column = &table->columns[c];
        if (column->shown.kind & FORNIX_LABEL)
            column->labels = mem_grow(column->labels, capacity, sizeof *column->labels);
        if (column->shown.kind & FORNIX_WEIGHT)
            column->reals = mem_grow(column->reals, capacity, sizeof *column->reals);
    }
    table->row_capacity = (int64_t)capacity;
}

static int64_t row_append(FornixBuild *build, const FornixRow *row, const Origin *origin)
{
    FornixTable *table = build->table;
    rows_begin(build);
    rows_reserve(table);
    int64_t at = table->rows++;
    for (int c = 0; c < table->column_count; c++) {
        Column *column = &table->columns[c];
        int from = origin->input >= 0 ? column->from[origin->input] : -1;
        const FornixTable *input = from >= 0 ? table->inputs[origin->input] : NULL;
        if (column->labels)
            column->labels[at] = input ? fornix_label(input, from, origin->row) : -1;
        if (column->reals)
            column->reals[at] = input ? fornix_real(input, from, origin->row) : 1;
    }
    table->origins[at] = *origin;
    table->spaces[at] =
        origin->input >= 0 ? table->inputs[origin->input]->spaces[origin->row] : NULL;
    fornix_set_row(build, at, row);
    return at;
}

void fornix_set_row(FornixBuild *build, int64_t row, const FornixRow *identity)
{
    FornixTable *table = build->table;
    const char *subject = identity->subject ? identity->subject : "";
    if (!*subject)
        fornix_build_fail(build, NULL, "row %lld of '%s' has no subject", (long long)row,
                          table->id);
    table->row[row] = *identity;
    table->row[row].subject = samples_intern(table->samples, subject);
    table->row[row].name = samples_intern(table->samples, identity->name ? identity->name : "");
}

int64_t fornix_add_row(FornixBuild *build, const FornixRow *row)
{
    return row_append(build, row, &(Origin){.input = -1, .other = -1});
}

int64_t fornix_copy_row(FornixBuild *build, int input, int64_t row)
{
    return row_append(build, fornix_row(fornix_table(build, input), row),
                      &(Origin){.input = input, .row = row, .other = -1});
}

int64_t fornix_mix_rows(FornixBuild *build, int input, int64_t row, int64_t other, double share)
{
    return row_append(build, fornix_row(fornix_table(build, input), row),
                      &(Origin){.input = input, .row = row, .other = other, .share = share});
}

void fornix_set_label(FornixBuild *build, int column, int64_t row, int32_t label)
{
    const Column *to = &build->table->columns[column];
    if (label < -1 || (to->shown.classes && label >= to->shown.classes))
        fornix_build_fail(build, NULL, "row %lld of '%s': '%s' has no class %d", (long long)row,
                          build->table->id, to->shown.name, label);
    else
        to->labels[row] = label;
}

void fornix_set_real(FornixBuild *build, int column, int64_t row, double value)
{
    build->table->columns[column].reals[row] = value;
}

void fornix_set_space(FornixBuild *build, int64_t row, const FornixSpace *space)
{
    FornixTable *table = build->table;
    FornixSpace *copy = arena_take(table->arena, 1, sizeof *copy);
    *copy = *space;
    copy->file = space->file ? samples_intern(table->samples, space->file) : NULL;
    table->spaces[row] = copy;
    const FornixRow *of = &table->row[row];
    if (copy->file && of->origin == FORNIX_REAL_SAMPLE && !build->failed)
        fornix_file_of(build, copy->file, 0, of->subject);
}
