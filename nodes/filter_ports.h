/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the nodes share that judge made-up samples by where the real ones lie. Internal to nodes/.
 *
 * Distances are those to the real rows of one part: who was looked at there is not judged.
 */
#ifndef FORNIX_FILTER_PORTS_H
#define FORNIX_FILTER_PORTS_H

#include <math.h>

#include "neighbour_ports.h"
#include "statistics.h"

enum { MADE, REAL };

typedef struct {
    const char *label, *column;
    int fit;
    double quantile;    /* of density_filter, as */
    int64_t neighbours; /* this */
    double within;      /* of duplicate_filter */
} RowFilter;

#define ROW_FILTER_ATTRS                                                                           \
    FORNIX_TEXT(RowFilter, label, "", "the label column of both, where there are several"),        \
        FORNIX_TEXT(RowFilter, column, "",                                                         \
                    "the column in which rows lie near, where there are several"),                 \
        FORNIX_CHOICE(RowFilter, fit, "train", balance_parts, "the part of the real samples")

static const FornixPort row_filter_inputs[] = {
    {"samples", FORNIX_SAMPLES, 0, "samples made up, with labels"},
    {"real", FORNIX_SAMPLES, 0, "the real samples, with the same columns"},
    {0}};
static const FornixPort row_filter_outputs[] = {
    {"samples", FORNIX_SAMPLES, 0, "those made up that are kept, in order"}, {0}};

typedef struct {
    FornixBuild *build;
    const RowFilter *attrs;
    int label[2], column[2]; /* of MADE and REAL */
    int64_t classes, kept;
    int64_t **rows[2], *count[2]; /* by class: of all made up; of the real ones in the part */
    bool *keep;                   /* by row of MADE */
} Filtering;

static inline bool row_filter_choose(FornixBuild *build, const RowFilter *a, int *label,
                                     int *column)
{
    static const char *const where[] = {"samples", "real"};
    for (int t = MADE; t <= REAL; t++) {
        column[t] =
            column_choose(build, t, *a->column ? "column" : where[t], a->column, FORNIX_VALUES);
        label[t] = column_choose(build, t, *a->label ? "label" : where[t], a->label, FORNIX_LABEL);
        if (column[t] < 0 || label[t] < 0)
            return false;
    }
    return column_same_shape(build, "samples", MADE, column[MADE], REAL, column[REAL]) &&
           column_same_classes(build, "samples", MADE, label[MADE], REAL, label[REAL]);
}

static inline bool row_filter_columns(FornixBuild *build, const void *attrs)
{
    const RowFilter *a = attrs;
    int label[2], column[2];
    fornix_fitted_on_parts(build, REAL, balance_part(a->fit));
    fornix_copy_columns(build, MADE);
    return row_filter_choose(build, a, label, column);
}

static inline void filtering_sort(Filtering *f, int which)
{
    const FornixTable *table = fornix_table(f->build, which);
    int64_t rows = fornix_rows(table);
    f->rows[which] = mem_new((size_t)f->classes + 1, sizeof *f->rows[which]);
    f->count[which] = mem_new((size_t)f->classes + 1, sizeof *f->count[which]);
    for (int64_t c = 0; c < f->classes; c++)
        f->rows[which][c] = mem_new((size_t)rows + 1, sizeof *f->rows[which][c]);
    for (int64_t row = 0; row < rows; row++) {
        int32_t class = fornix_label(table, f->label[which], row);
        bool chosen =
            which == MADE || balance_part(f->attrs->fit) >> fornix_row(table, row)->part & 1;
        if (class >= 0 && class < f->classes && chosen)
            f->rows[which][class][f->count[which][class]++] = row;
    }
}

static inline Points filtering_points(const Filtering *f, int which, int64_t class)
{
    return (Points){fornix_table(f->build, which), f->column[which], f->rows[which][class],
                    f->count[which][class]};
}

/* Keeps those rows of MADE that `judge` marks, and says how many of each class these are. */
static inline bool row_filter_rows(FornixBuild *build, const void *attrs,
                                   bool (*judge)(Filtering *f))
{
    Filtering f = {.build = build, .attrs = attrs};
    const FornixTable *made = fornix_table(build, MADE);
    if (!row_filter_choose(build, attrs, f.label, f.column))
        return false;
    const FornixColumn *label = fornix_column(made, f.label[MADE]);
    f.classes = label->classes;
    filtering_sort(&f, MADE);
    filtering_sort(&f, REAL);
    f.keep = mem_new((size_t)fornix_rows(made) + 1, sizeof *f.keep);
    bool fine = judge(&f);
    for (int64_t row = 0; fine && row < fornix_rows(made); row++)
        if (f.keep[row]) {
            fornix_copy_row(build, MADE, row);
            f.kept++;
        }
    if (fine && fornix_rows(made))
        fornix_metric(build, "kept", (double)f.kept / (double)fornix_rows(made));
    for (int t = MADE; t <= REAL; t++) {
        for (int64_t c = 0; c < f.classes; c++)
            mem_free(f.rows[t][c]);
        mem_free(f.rows[t]);
        mem_free(f.count[t]);
    }
    mem_free(f.keep);
    return fine;
}

#endif
