/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Brings channels to mean 0 and deviation 1, fitted on one part and applied to all.
 *
 *   y = (x - mean) / deviation        (deviation over n; a constant channel keeps deviation 1)
 *
 * Statistics of the test part would be a leak, so they come from the part that is named; they stand
 * among the table's values as `mean.COLUMN` and `deviation.COLUMN`. Rows are read once, a few at a
 * time, and merged in their order (Chan, Golub, LeVeque 1979), so that features may be larger than
 * the memory and the result has the same bits on any number of threads.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "balance.h"
#include "base.h"
#include "column.h"
#include "node.h"

typedef struct {
    FornixList columns;
    int per, fit;
} Standardize;

static const char *const per_choices[] = {"channel", "element", "column", NULL};
enum { PER_CHANNEL, PER_ELEMENT, PER_COLUMN };
enum { ROWS_AT_ONCE = 32 };

typedef struct {
    bool wanted;
    int64_t groups;           /* that have a mean and a deviation each */
    double *mean, *deviation; /* in the end; until then deviation holds a sum of squares */
} Scale;

typedef struct {
    const FornixTable *table;
    int columns;
    Scale *scales; /* of each column of the input */
} Opened;

static void standardize_close(void *opened)
{
    Opened *o = opened;
    for (int c = 0; c < o->columns; c++) {
        mem_free(o->scales[c].mean);
        mem_free(o->scales[c].deviation);
    }
    mem_free(o->scales);
    mem_free(o);
}

/* ---- Columns ----------------------------------------------------------------------------- */

static int64_t groups_of(const FornixColumn *column, int per)
{
    return per == PER_CHANNEL   ? column->shape.c
           : per == PER_ELEMENT ? fornix_floats(column->shape)
                                : 1;
}

static void column_want(FornixBuild *build, Opened *opened, int c, int per)
{
    const FornixColumn *column = fornix_column(opened->table, c);
    opened->scales[c] = (Scale){.wanted = true, .groups = groups_of(column, per)};
    fornix_add_column(build, column); /* in the place of the one copied: our own to read */
}

static bool standardize_columns(FornixBuild *build, const void *attrs)
{
    const Standardize *a = attrs;
    const FornixTable *table = fornix_table(build, 0);
    Opened *opened = mem_new(1, sizeof *opened);
    *opened = (Opened){.table = table, .columns = fornix_columns(table)};
    opened->scales = mem_new((size_t)opened->columns + 1, sizeof *opened->scales);
    fornix_set_opened(build, opened);
    fornix_copy_columns(build, 0);
    fornix_fitted_on_parts(build, 0, balance_part(a->fit));
    for (int64_t i = 0; i < a->columns.count; i++) {
        int c = column_choose(build, 0, "columns", a->columns.items[i], FORNIX_VALUES);
        if (c < 0)
            return false;
        if (!opened->scales[c].wanted)
            column_want(build, opened, c, a->per);
    }
    bool found = a->columns.count;
    for (int c = 0; !a->columns.count && c < opened->columns; c++)
        if (fornix_column(table, c)->kind & FORNIX_FEATURE) {
            column_want(build, opened, c, a->per);
            found = true;
        }
    return found || fornix_build_fail(build, "columns", "'%s' has no features: name the columns",
                                      fornix_table_name(build, 0));
}

/* ---- The fit ----------------------------------------------------------------------------- */

typedef struct {
    const FornixTable *table;
    int column;
    const int64_t *rows;        /* of this round */
    int64_t size, groups, each; /* floats of a row; of them in a group */
    float *x;
    double *mean, *squares; /* groups for each row of the round */
    FornixError errors[ROWS_AT_ONCE];
} Round;

/* Two passes over a row in memory; a group's floats lie `groups` apart. */
static void row_measure(void *context, int64_t i)
{
    Round *r = context;
    float *x = r->x + i * r->size;
    double *mean = r->mean + i * r->groups, *squares = r->squares + i * r->groups;
    memset(mean, 0, (size_t)r->groups * sizeof *mean);
    memset(squares, 0, (size_t)r->groups * sizeof *squares);
    if (!fornix_read(r->table, r->column, r->rows[i], x, &r->errors[i]))
        return;
    for (int64_t k = 0; k < r->each; k++)
        for (int64_t g = 0; g < r->groups; g++)
            mean[g] += (double)x[k * r->groups + g];
    for (int64_t g = 0; g < r->groups; g++)
        mean[g] /= (double)r->each;
    for (int64_t k = 0; k < r->each; k++)
        for (int64_t g = 0; g < r->groups; g++) {
            double apart = (double)x[k * r->groups + g] - mean[g];
            squares[g] += apart * apart;
        }
}

static void scale_merge(Scale *scale, const Round *r, int64_t i, int64_t before)
{
    const double *mean = r->mean + i * r->groups, *squares = r->squares + i * r->groups;
    double old = (double)before * (double)r->each, new = (double)r->each;
    for (int64_t g = 0; g < r->groups; g++) {
        double apart = mean[g] - scale->mean[g];
        scale->mean[g] += apart * new / (old + new);
        scale->deviation[g] += squares[g] + apart * apart * old * new / (old + new);
    }
}

static bool round_run(FornixBuild *build, Round *round, int64_t count, Scale *scale, int64_t before)
{
    fornix_parallel(build, count, row_measure, round);
    for (int64_t i = 0; i < count; i++) {
        if (round->errors[i].text[0])
            return fornix_build_fail(build, NULL, "%s", round->errors[i].text);
        scale_merge(scale, round, i, before + i);
    }
    return true;
}

static void scale_publish(FornixBuild *build, const Scale *scale, const char *name)
{
    char text[300];
    snprintf(text, sizeof text, "mean.%.250s", name);
    fornix_set_values(build, text, scale->mean, scale->groups);
    snprintf(text, sizeof text, "deviation.%.250s", name);
    fornix_set_values(build, text, scale->deviation, scale->groups);
}

static bool scale_fit(FornixBuild *build, Opened *opened, int c, const int64_t *rows, int64_t count)
{
    Scale *scale = &opened->scales[c];
    const FornixColumn *column = fornix_column(opened->table, c);
    size_t groups = (size_t)scale->groups;
    Round round = {.table = opened->table,
                   .column = c,
                   .size = fornix_floats(column->shape),
                   .groups = scale->groups};
    round.each = round.size / scale->groups;
    size_t bytes = ROWS_AT_ONCE * (size_t)round.size * sizeof(float);
    scale->mean = mem_new(groups, sizeof *scale->mean);
    scale->deviation = mem_new(groups, sizeof *scale->deviation);
    round.mean = mem_new(ROWS_AT_ONCE * groups, sizeof *round.mean);
    round.squares = mem_new(ROWS_AT_ONCE * groups, sizeof *round.squares);
    round.x = mem_large(bytes);
    bool fine = round.x || fornix_build_fail(build, NULL, "no memory for %d rows of '%s'",
                                             ROWS_AT_ONCE, column->name);
    for (int64_t at = 0; fine && at < count; at += ROWS_AT_ONCE) {
        round.rows = rows + at;
        fine = round_run(build, &round, count - at < ROWS_AT_ONCE ? count - at : ROWS_AT_ONCE,
                         scale, at);
    }
    for (int64_t g = 0; g < scale->groups; g++) {
        double deviation = sqrt(scale->deviation[g] / ((double)count * (double)round.each));
        scale->deviation[g] = deviation > 0 ? deviation : 1;
    }
    mem_large_free(round.x, bytes);
    mem_free(round.mean);
    mem_free(round.squares);
    if (fine)
        scale_publish(build, scale, column->name);
    return fine;
}

/* What the run that is applied found. */
static bool scale_recall(FornixBuild *build, Scale *scale, const char *name)
{
    char text[300];
    int64_t means, deviations;
    snprintf(text, sizeof text, "mean.%.250s", name);
    const double *mean = fornix_stored(build, text, &means);
    snprintf(text, sizeof text, "deviation.%.250s", name);
    const double *deviation = fornix_stored(build, text, &deviations);
    if (!mean || !deviation)
        return fornix_build_fail(build, "columns", "the run did not fit '%s'", name);
    if (means != scale->groups || deviations != scale->groups)
        return fornix_build_fail(build, "columns",
                                 "'%s' was fitted for %" PRId64 " channels, here are %" PRId64,
                                 name, means, scale->groups);
    scale->mean = mem_new((size_t)scale->groups, sizeof *mean);
    scale->deviation = mem_new((size_t)scale->groups, sizeof *deviation);
    memcpy(scale->mean, mean, (size_t)scale->groups * sizeof *mean);
    memcpy(scale->deviation, deviation, (size_t)scale->groups * sizeof *deviation);
    return true;
}

static bool scales_recall(FornixBuild *build, const Opened *opened)
{
    for (int64_t row = 0; row < fornix_rows(opened->table); row++)
        fornix_copy_row(build, 0, row);
    bool fine = true;
    for (int c = 0; fine && c < opened->columns; c++)
        if (opened->scales[c].wanted)
            fine = scale_recall(build, &opened->scales[c], fornix_column(opened->table, c)->name);
    return fine;
}

static bool standardize_rows(FornixBuild *build, const void *attrs)
{
    const Standardize *a = attrs;
    Opened *opened = fornix_opened(build);
    if (fornix_applied(build))
        return scales_recall(build, opened);
    int64_t total = fornix_rows(opened->table), count = 0;
    int64_t *rows = mem_new((size_t)total + 1, sizeof *rows);
    for (int64_t row = 0; row < total; row++) {
        fornix_copy_row(build, 0, row);
        if (balance_part(a->fit) >> fornix_row(opened->table, row)->part & 1)
            rows[count++] = row;
    }
    bool fine = count > 0 || fornix_build_fail(build, "fit", "'%s' has no row in part %s",
                                               fornix_table_name(build, 0), balance_parts[a->fit]);
    for (int c = 0; fine && c < opened->columns; c++)
        if (opened->scales[c].wanted)
            fine = scale_fit(build, opened, c, rows, count);
    mem_free(rows);
    return fine;
}

static bool standardize_read(void *opened, const FornixTable *table, int column, int64_t row,
                             float *out, FornixError *error)
{
    const Opened *o = opened;
    const Scale *scale = &o->scales[column];
    if (!fornix_read(o->table, column, row, out, error))
        return false;
    int64_t size = fornix_floats(fornix_column(table, column)->shape);
    for (int64_t i = 0; i < size; i += scale->groups)
        for (int64_t g = 0; g < scale->groups; g++)
            out[i + g] = (float)(((double)out[i + g] - scale->mean[g]) / scale->deviation[g]);
    return true;
}

static const FornixAttr attrs[] = {
    FORNIX_LIST(Standardize, columns, "", "what is standardized; all features"),
    FORNIX_CHOICE(Standardize, per, "channel", per_choices,
                  "what has a mean and a deviation of its own"),
    FORNIX_CHOICE(Standardize, fit, "train", balance_parts, "the part they are fitted on"),
    {0}};

static const FornixPort inputs[] = {{"samples", FORNIX_SAMPLES, 0, "samples with features"}, {0}};
static const FornixPort outputs[] = {
    {"samples", FORNIX_SAMPLES, 0, "the same rows, standardized when they are read"}, {0}};

static const FornixSamples samples = {.flags = FORNIX_NEEDS_RUN,
                                      .columns = standardize_columns,
                                      .rows = standardize_rows,
                                      .read = standardize_read,
                                      .close = standardize_close};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "standardize",
    .doc = "Brings features to mean 0 and deviation 1 by statistics of one part. They are an "
           "artefact: who judges on subjects of that part is refused.",
    .formula = "y = (x - mean) / deviation",
    .attrs_size = sizeof(Standardize),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<standardize id=\"features\" samples=\"tapped\" columns=\"feature\" "
               "per=\"channel\" fit=\"train\"/>"};
