/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Leaves out made-up samples that are copies of real ones, or nearly so.
 *
 *   leave out x where d(x) < w median of d(a) over the real a
 *
 * d: the distance to the nearest real sample of the part, of any class, oneself left out. A
 * generator that learnt its samples by heart adds nothing that oversampling would not, and gives
 * away whom it was trained on.
 */
#include "filter_ports.h"

/* The real rows of all classes in the part. */
static int64_t *real_rows(const Filtering *f, Points *points)
{
    *points = filtering_points(f, REAL, 0);
    int64_t *all = mem_new((size_t)fornix_rows(points->table) + 1, sizeof *all);
    points->count = 0;
    for (int64_t c = 0; c < f->classes; c++)
        for (int64_t i = 0; i < f->count[REAL][c]; i++)
            all[points->count++] = f->rows[REAL][c][i];
    points->rows = all;
    return all;
}

static bool spacing_find(const Filtering *f, const Points *real, double *spacing)
{
    Neighbours found = {0};
    if (real->count < 2)
        return fornix_build_fail(f->build, "real", "'%s' has %" PRId64 " samples in part %s",
                                 fornix_table_name(f->build, REAL), real->count,
                                 balance_parts[f->attrs->fit]);
    bool fine = neighbours_find(f->build, real, real, 1, &found);
    double *far = mem_new((size_t)real->count, sizeof *far);
    for (int64_t i = 0; fine && i < real->count; i++)
        far[i] = sqrt((double)found.squares[i]);
    *spacing = statistics_median(far, real->count);
    mem_free(far);
    neighbours_free(&found);
    return fine;
}

static bool class_judge(Filtering *f, const Points *real, int64_t class, double least)
{
    char name[CLASS_NAME];
    Neighbours found = {0};
    Points made = filtering_points(f, MADE, class);
    int64_t copies = 0;
    bool fine = neighbours_find(f->build, &made, real, 1, &found);
    for (int64_t i = 0; fine && i < made.count; i++)
        copies += !(f->keep[made.rows[i]] = sqrt((double)found.squares[i]) >= least);
    if (fine && made.count)
        fornix_report(f->build, "%s: %" PRId64 " of %" PRId64 " nearer than %.4g to a real sample",
                      column_class(fornix_column(made.table, f->label[MADE]), class, name), copies,
                      made.count, least);
    neighbours_free(&found);
    return fine;
}

static bool duplicate_judge(Filtering *f)
{
    Points real;
    double spacing = 0;
    int64_t *rows = real_rows(f, &real);
    bool fine = spacing_find(f, &real, &spacing);
    for (int64_t class = 0; fine && class < f->classes; class ++)
        fine = class_judge(f, &real, class, f->attrs->within * spacing);
    mem_free(rows);
    return fine;
}

static bool duplicate_rows(FornixBuild *build, const void *attrs)
{
    return row_filter_rows(build, attrs, duplicate_judge);
}

static const FornixAttr attrs[] = {
    ROW_FILTER_ATTRS,
    FORNIX_REAL(RowFilter, within, "0.5", 0, 1000,
                "w: what is nearer than this share of the real samples' median is a copy"),
    {0}};

static const FornixSamples samples = {.flags =
                                          FORNIX_PASSES_NEW | FORNIX_NEEDS_RUN | FORNIX_FORETELLS,
                                      .memory = neighbours_memory,
                                      .columns = row_filter_columns,
                                      .rows = duplicate_rows};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "duplicate_filter",
    .doc = "Leaves out made-up samples that lie much nearer to a real one than real ones lie to "
           "one another: they were learnt by heart.",
    .formula = "leave out x where d(x) < w median of d(a) over real a, d: distance to the nearest "
               "real sample",
    .attrs_size = sizeof(RowFilter),
    .attrs = attrs,
    .inputs = row_filter_inputs,
    .outputs = row_filter_outputs,
    .samples = &samples,
    .example = "<duplicate_filter id=\"new\" samples=\"synthetic\" real=\"features\" "
               "within=\"0.5\"/>"};
