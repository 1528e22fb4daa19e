/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sets tables below one another: cohorts of several centres, parts that were treated apart. */
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "node.h"

static bool merge_columns(FornixBuild *build, const void *attrs)
{
    (void)attrs;
    for (int i = 0; i < fornix_tables(build); i++)
        fornix_copy_columns(build, i); /* equal names must mean equal columns */
    for (int i = 0; i < fornix_tables(build); i++)
        if (fornix_columns(fornix_table(build, i)) != fornix_columns(fornix_table(build, 0)))
            return fornix_build_fail(build, "samples", "'%s' and '%s' have not the same columns",
                                     fornix_table_name(build, 0), fornix_table_name(build, i));
    return true;
}

static int rows_compare(const void *a, const void *b)
{
    const FornixRow *const *x = a, *const *y = b;
    int subjects = strcmp((*x)->subject, (*y)->subject);
    return subjects ? subjects : strcmp((*x)->name, (*y)->name);
}

static bool rows_differ(FornixBuild *build)
{
    int64_t total = 0, count = 0;
    for (int i = 0; i < fornix_tables(build); i++)
        total += fornix_rows(fornix_table(build, i));
    const FornixRow **rows = mem_new((size_t)total + 1, sizeof *rows);
    for (int i = 0; i < fornix_tables(build); i++)
        for (int64_t row = 0; row < fornix_rows(fornix_table(build, i)); row++)
            rows[count++] = fornix_row(fornix_table(build, i), row);
    qsort(rows, (size_t)count, sizeof *rows, rows_compare);
    bool fine = true;
    for (int64_t i = 1; fine && i < count; i++)
        if (rows_compare(&rows[i - 1], &rows[i]) == 0)
            fine = fornix_build_fail(build, "samples",
                                     "subject '%s'%s%s is in two of the tables: "
                                     "give cohorts names of their own",
                                     rows[i]->subject, *rows[i]->name ? ", " : "", rows[i]->name);
    mem_free(rows);
    return fine;
}

static bool merge_rows(FornixBuild *build, const void *attrs)
{
    (void)attrs;
    if (!rows_differ(build))
        return false;
    for (int i = 0; i < fornix_tables(build); i++)
        for (int64_t row = 0; row < fornix_rows(fornix_table(build, i)); row++)
            fornix_copy_row(build, i, row);
    return true;
}

static const FornixPort inputs[] = {
    {"samples", FORNIX_SAMPLES, FORNIX_MANY, "tables with the same columns"}, {0}};
static const FornixPort outputs[] = {{"samples", FORNIX_SAMPLES, 0, "all rows, table after table"},
                                     {0}};

static const FornixSamples samples = {.columns = merge_columns, .rows = merge_rows};

const FornixNode fornix_node = {.abi = FORNIX_ABI,
                                .name = "merge",
                                .doc = "Sets tables with the same columns below one another.",
                                .inputs = inputs,
                                .outputs = outputs,
                                .samples = &samples,
                                .example = "<merge id=\"both\" samples=\"source target\"/>"};
