/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A judge of tables without a fault, which hands features on doubled: each file that includes it is
 * a twin with one fault, a macro that takes the place of what stands here. */
#ifndef FORNIX_FAULTS_TABLE_TWIN_H
#define FORNIX_FAULTS_TABLE_TWIN_H

#include <node.h>
#include <stdlib.h>

#ifndef REFUSE /* what columns does first */
#define REFUSE
#endif
#ifndef FOUND /* what is judged in the end, of the sums of rows */
#define FOUND(build, sums, rows) fornix_metric(build, "sum", in_order(sums, rows))
#endif
#ifndef WORK /* on a row */
#define WORK(sums, row) (sums)[row] = 1. / (double)(row + 3)
#endif
#ifndef COUNT_OF /* of the numbers of a tensor, those that read writes */
#define COUNT_OF(count) (count)
#endif
#ifndef FACTOR
#define FACTOR 2
#endif

typedef struct {
    const FornixTable *table;
    int feature, reads;
} Opened;

static inline double in_order(const double *sums, int64_t rows)
{
    double sum = 0;
    for (int64_t row = 0; row < rows; row++)
        sum += sums[row];
    return sum;
}

static bool columns(FornixBuild *build, const void *attrs)
{
    Opened *opened = calloc(1, sizeof *opened);
    (void)attrs;
    if (!opened)
        return fornix_build_fail(build, NULL, "no memory");
    fornix_set_opened(build, opened);
    REFUSE;
    opened->table = fornix_table(build, 0);
    opened->feature = fornix_find_column(opened->table, "feature");
    if (opened->feature < 0)
        return fornix_build_fail(build, "samples", "there is no column feature");
    fornix_copy_columns(build, 0);
    fornix_add_column(build, fornix_column(opened->table, opened->feature));
    return true;
}

static void work(void *context, int64_t row)
{
    double *sums = context;
    WORK(sums, row);
}

static bool rows(FornixBuild *build, const void *attrs)
{
    int64_t count = fornix_rows(fornix_table(build, 0));
    double *sums = calloc((size_t)count + 1, sizeof *sums);
    (void)attrs;
    if (!sums)
        return fornix_build_fail(build, NULL, "no memory");
    for (int64_t row = 0; row < count; row++)
        fornix_copy_row(build, 0, row);
    fornix_parallel(build, count, work, sums);
    FOUND(build, sums, count);
    free(sums);
    return true;
}

static bool read(void *opened, const FornixTable *table, int column, int64_t row, float *out,
                 FornixError *error)
{
    Opened *o = opened;
    int64_t count = fornix_floats(fornix_column(table, column)->shape);
    float values[64];
    if (count > 64 || !fornix_read(o->table, o->feature, row, values, error))
        return fornix_fail(error, "%d features are too many", (int)count);
    o->reads++;
    for (int64_t i = 0; i < COUNT_OF(count); i++)
        out[i] = (float)(FACTOR)*values[i < count ? i : 0];
    return true;
}

static const FornixPort inputs[] = {{"samples", FORNIX_SAMPLES, 0, "with features"}, {0}};
static const FornixPort outputs[] = {{"samples", FORNIX_SAMPLES, 0, "the same, doubled"}, {0}};
static const FornixSamples samples = {.flags = FORNIX_EVALUATES | FORNIX_NEEDS_RUN,
                                      .columns = columns,
                                      .rows = rows,
                                      .read = read,
                                      .close = free};

const FornixNode fornix_node = {.abi = FORNIX_ABI,
                                .name = NAME,
                                .doc = "Doubles features and judges them.",
                                .inputs = inputs,
                                .outputs = outputs,
                                .samples = &samples,
                                .example = "<" NAME " id=\"on\" samples=\"features\"/>"};

#endif
