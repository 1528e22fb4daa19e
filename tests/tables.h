/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables made by hand, and nodes run on them, for the tests of what works on samples. */
#ifndef FORNIX_TESTS_TABLES_H
#define FORNIX_TESTS_TABLES_H

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "attr.h"
#include "cutout.h"
#include "registry.h"
#include "samples.h"

typedef struct Made {
    Samples *samples;
    Registry *registry; /* for nodes as a graph writes them; else NULL */
    Arena *arena;
    const char *folder;          /* of the run */
    char mistake[2000];          /* the last one */
    const char *where;           /* of it */
    const FornixTable *first[2]; /* for optional ports before one that takes many; NULL: none */
} Made;

static inline void made_mistake(void *context, const char *where, const Place *at, const char *text)
{
    Made *made = context;
    if (at)
        snprintf(made->mistake, sizeof made->mistake, "%s:%d: %s", at->source->name, at->line,
                 text);
    else
        snprintf(made->mistake, sizeof made->mistake, "%s", text);
    made->where = where;
}

/* Row r of a hand-made table: its subject, class, part and as many numbers as the table is wide. */
typedef struct Cell {
    const char *subject;
    int32_t label;
    FornixPart part;
    float x[4];
} Cell;

typedef struct CellReader {
    float *x;
    int width;
} CellReader;

static inline bool cells_read(void *opened, const FornixTable *table, int column, int64_t row,
                              float *out, FornixError *error)
{
    (void)table, (void)column, (void)error;
    const CellReader *reader = opened;
    memcpy(out, reader->x + row * reader->width, (size_t)reader->width * sizeof *out);
    return true;
}

static inline void cells_close(void *opened)
{
    CellReader *reader = opened;
    mem_free(reader->x);
    mem_free(reader);
}

static const char *const made_grades[] = {"low", "high", "top"};

/* A table with the columns feature (of that shape) and grade (`classes` of them). */
static inline const FornixTable *made_shaped(Made *made, const char *id, const Cell *cells,
                                             int64_t rows, FornixShape shape, int classes)
{
    int width = (int)fornix_floats(shape);
    FornixBuild *build = build_new(
        made->samples, &(BuildRequest){.id = id, .mistake = made_mistake, .context = made});
    fornix_add_column(build,
                      &(FornixColumn){.name = "feature", .kind = FORNIX_FEATURE, .shape = shape});
    int grade = fornix_add_column(build, &(FornixColumn){.name = "grade",
                                                         .kind = FORNIX_LABEL,
                                                         .shape = {1, 1, 1, 1, 1},
                                                         .classes = classes,
                                                         .class_names = made_grades});
    CellReader *reader = mem_new(1, sizeof *reader);
    reader->x = mem_new((size_t)(rows * width) + 1, sizeof *reader->x);
    reader->width = width;
    for (int64_t r = 0; r < rows; r++) {
        char name[32];
        snprintf(name, sizeof name, "row %d", (int)r);
        fornix_add_row(build,
                       &(FornixRow){cells[r].subject, name, FORNIX_REAL_SAMPLE, cells[r].part});
        fornix_set_label(build, grade, r, cells[r].label);
        memcpy(reader->x + r * width, cells[r].x, (size_t)width * sizeof(float));
    }
    build_set_reader(build,
                     &(TableReader){.read = cells_read, .close = cells_close, .opened = reader});
    const FornixTable *table = build_rows(build) ? build_table(build) : NULL;
    build_free(build);
    return table;
}

/* The same with vectors of `width` numbers. */
static inline const FornixTable *made_table(Made *made, const char *id, const Cell *cells,
                                            int64_t rows, int width, int classes)
{
    return made_shaped(made, id, cells, rows, (FornixShape){1, 1, 1, 1, width}, classes);
}

/* What a node makes of tables (NULL: not connected), called by these names (NULL: by their ids), of
 * which a port of many takes all; NULL after a mistake. */
static inline const FornixTable *made_by(Made *made, const FornixNode *type, const void *attrs,
                                         const char *id, const FornixTable *const *tables,
                                         const char *const *names, int count)
{
    BuildInput *inputs = mem_new((size_t)count + COUNT(made->first) + 1, sizeof *inputs);
    int last = 0, before = 0;
    while (type->inputs && type->inputs[last].name && type->inputs[last + 1].name)
        last++;
    bool many = count && type->inputs[last].flags & FORNIX_MANY;
    for (; many && before < last; before++)
        inputs[before] = (BuildInput){made->first[before], type->inputs[before].name, before};
    for (int i = 0; i < count; i++)
        inputs[before + i] =
            (BuildInput){tables[i], names ? names[i] : table_id(tables[i]), many ? last : i};
    BuildRequest request = {.type = type,
                            .attrs = attrs,
                            .id = id,
                            .inputs = inputs,
                            .input_count = before + count,
                            .folder = made->folder,
                            .mistake = made_mistake,
                            .context = made};
    made->mistake[0] = '\0';
    FornixBuild *build = build_new(made->samples, &request);
    bool done = build_columns(build) && build_rows(build);
    const FornixTable *table = done ? build_table(build) : NULL;
    build_free(build);
    mem_free(inputs);
    return table;
}

/* The same of a node as it stands in a graph, its inputs left out. */
static inline const FornixTable *made_from(Made *made, const char *text,
                                           const FornixTable *const *tables,
                                           const char *const *names, int count)
{
    Diag *diag = diag_new();
    Element *element = xml_parse_fragment("test", text, diag, made->arena)->first;
    const Plugin *plugin = registry_need(made->registry, element, diag);
    const void *attrs = plugin ? attr_read(plugin->node, element, NULL, diag, made->arena) : NULL;
    if (diag_errors(diag))
        diag_print(diag, stdout, false);
    diag_free(diag);
    ck_assert_ptr_nonnull(attrs);
    const char *id = element_value(element, "id");
    return made_by(made, plugin->node, attrs, id ? id : plugin->node->name, tables, names, count);
}

/* Of up to two tables. */
static inline const FornixTable *made_run(Made *made, const char *text, const FornixTable *one,
                                          const FornixTable *two)
{
    return made_from(made, text, (const FornixTable *const[]){one, two}, NULL,
                     (one != NULL) + (two != NULL));
}

/* What was said of samples, and what is true. */
typedef struct Said {
    const char *id;
    int samples, channels, classes;
    unsigned kind;
    const int32_t *label, *subject; /* subject NULL: each its own */
    const float *values;
    FornixPart part;
} Said;

/* A table with the columns p (what was said) and grade (the truth). */
static inline const FornixTable *made_said(Made *made, Said said)
{
    FornixBuild *build = build_new(
        made->samples, &(BuildRequest){.id = said.id, .mistake = made_mistake, .context = made});
    fornix_add_column(
        build,
        &(FornixColumn){.name = "p", .kind = said.kind, .shape = {1, 1, 1, 1, said.channels}});
    int grade = fornix_add_column(build, &(FornixColumn){.name = "grade",
                                                         .kind = FORNIX_LABEL,
                                                         .shape = {1, 1, 1, 1, 1},
                                                         .classes = said.classes});
    size_t floats = (size_t)said.samples * (size_t)said.channels;
    CellReader *reader = mem_new(1, sizeof *reader);
    *reader = (CellReader){mem_new(floats + 1, sizeof(float)), said.channels};
    memcpy(reader->x, said.values, floats * sizeof(float));
    for (int i = 0; i < said.samples; i++) {
        char subject[32], name[32];
        snprintf(subject, sizeof subject, "s/%d", said.subject ? said.subject[i] : i);
        snprintf(name, sizeof name, "slice %d", i);
        fornix_add_row(build, &(FornixRow){subject, name, FORNIX_REAL_SAMPLE, said.part});
        fornix_set_label(build, grade, i, said.label ? said.label[i] : 0);
    }
    build_set_reader(build,
                     &(TableReader){.read = cells_read, .close = cells_close, .opened = reader});
    const FornixTable *table = build_rows(build) ? build_table(build) : NULL;
    build_free(build);
    ck_assert_msg(table != NULL, "%s", made->mistake);
    return table;
}

static inline double made_metric(const FornixTable *table, const char *name)
{
    double value, low, high;
    ck_assert_msg(fornix_get_metric(table, name, &value, &low, &high), "no figure %s", name);
    return value;
}

/* Whether a line of the report, or a warning, has these words. */
static inline bool made_says(const FornixTable *table, const char *words, bool warning)
{
    int count;
    const TableLine *lines = table_lines(table, &count);
    for (int i = 0; i < count; i++)
        if (lines[i].warning == warning && strstr(lines[i].text, words))
            return true;
    return false;
}

static inline void made_start(Made *made)
{
    *made = (Made){.samples = samples_new(NULL), .registry = registry_new(), .arena = arena_new()};
}

static inline void made_stop(Made *made)
{
    samples_free(made->samples);
    registry_free(made->registry);
    arena_free(made->arena);
}

static inline float made_value(const FornixTable *table, const char *column, int64_t row, int at)
{
    float x[4096];
    FornixError error = {0};
    int c = fornix_find_column(table, column);
    ck_assert_int_ge(c, 0);
    ck_assert_int_le(fornix_floats(fornix_column(table, c)->shape), (int)COUNT(x));
    ck_assert_msg(fornix_read(table, c, row, x, &error), "%s", error.text);
    return x[at];
}

/* What is read of a row in parts must be what is cut out of the whole. */
static inline void made_boxes(const FornixTable *table, const char *column, int64_t row)
{
    static const FornixBox boxes[] = {
        {{0, 0, 0}, {2, 3, 4}}, {{-1, -2, -3}, {4, 5, 6}}, {{3, 2, 9}, {40, 3, 30}}};
    FornixError error = {0};
    int c = fornix_find_column(table, column);
    FornixShape s = fornix_column(table, c)->shape;
    float *whole = mem_new((size_t)fornix_floats(s), sizeof *whole);
    ck_assert_msg(fornix_read(table, c, row, whole, &error), "%s", error.text);
    for (size_t b = 0; b < COUNT(boxes); b++) {
        const int64_t *size = boxes[b].size;
        size_t floats = (size_t)(size[0] * size[1] * size[2] * s.c);
        float *cut = mem_new(floats, sizeof *cut), *read = mem_new(floats, sizeof *read);
        cutout_take(&boxes[b], whole, (int64_t[]){s.d, s.h, s.w}, s.c, cut);
        ck_assert_msg(fornix_read_box(table, c, row, &boxes[b], read, &error), "%s", error.text);
        ck_assert_mem_eq(read, cut, floats * sizeof *cut);
        mem_free(cut);
        mem_free(read);
    }
    mem_free(whole);
}

static inline int32_t made_label(const FornixTable *table, int64_t row)
{
    return fornix_label(table, fornix_find_column(table, "grade"), row);
}

#endif
