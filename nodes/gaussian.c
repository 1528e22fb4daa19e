/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Makes up samples from a Gaussian fitted to each class.
 *
 *   x = m + sqrt((1 - s) / (n - 1)) sum over i of z_i (x_i - m) + sqrt(s) d e
 *
 * m, d: mean and deviation of the class; z_i, e: standard normal; s: shrink. The sum is an exact
 * draw from the Gaussian with the class's covariance, whatever the number of dimensions: no matrix
 * is ever formed. With fewer samples than dimensions it stays in their span; shrink mixes in a
 * Gaussian without correlations. It is the plainest of generators: what an ACGAN has to beat.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "balance.h"
#include "base.h"
#include "column.h"
#include "node.h"

typedef struct {
    const char *label;
    int part;
    double ratio, shrink;
    int64_t seed;
} Gaussian;

typedef struct {
    double *mean, *deviation; /* NULL: no row of the class is made */
} Moments;

typedef struct {
    const Gaussian *attrs;
    Balance balance;
    FornixRandomKey key;
    int columns;
    Moments *moments; /* by class and column */
    int64_t first;    /* of the rows made up */
    int32_t *class;   /* of each of those */
    bool begun;
} Opened;

static void gaussian_close(void *opened)
{
    Opened *o = opened;
    for (int64_t i = 0; o->moments && i < o->balance.classes * o->columns; i++) {
        mem_free(o->moments[i].mean);
        mem_free(o->moments[i].deviation);
    }
    mem_free(o->moments);
    mem_free(o->class);
    if (o->begun)
        balance_end(&o->balance);
    mem_free(o);
}

static bool gaussian_columns(FornixBuild *build, const void *attrs)
{
    const Gaussian *a = attrs;
    const FornixTable *table = fornix_table(build, 0);
    for (int c = 0; c < fornix_columns(table); c++)
        if (fornix_column(table, c)->kind & FORNIX_MASK)
            return fornix_build_fail(build, "samples", "'%s' is a mask: classes have no Gaussian",
                                     fornix_column(table, c)->name);
    fornix_fitted_on_parts(build, 0, balance_part(a->part));
    return balance_columns(build, a->label);
}

/* ---- Moments ----------------------------------------------------------------------------- */

static bool moments_fit(FornixBuild *build, const Opened *o, int64_t class, int column)
{
    const FornixTable *table = o->balance.table;
    int64_t size = fornix_floats(fornix_column(table, column)->shape);
    int64_t count = o->balance.count[class];
    size_t bytes = (size_t)size * sizeof(float);
    Moments *m = &o->moments[class * o->columns + column];
    FornixError error = {0};
    float *x = mem_large(bytes);
    bool fine = x || fornix_fail(&error, "no memory for a row");
    m->mean = mem_new((size_t)size, sizeof *m->mean);
    m->deviation = mem_new((size_t)size, sizeof *m->deviation);
    for (int64_t i = 0; fine && i < count; i++) { /* Welford 1962 */
        fine = fornix_read(table, column, o->balance.rows[class][i], x, &error);
        for (int64_t k = 0; fine && k < size; k++) {
            double apart = (double)x[k] - m->mean[k];
            m->mean[k] += apart / (double)(i + 1);
            m->deviation[k] += apart * ((double)x[k] - m->mean[k]);
        }
    }
    for (int64_t k = 0; k < size; k++)
        m->deviation[k] = sqrt(m->deviation[k] / (double)(count - 1));
    if (x)
        mem_large_free(x, bytes);
    return fine || fornix_build_fail(build, NULL, "%s", error.text);
}

static bool class_fit(FornixBuild *build, const Opened *o, int64_t class)
{
    char name[CLASS_NAME];
    const FornixTable *table = o->balance.table;
    if (o->balance.count[class] < 2)
        return fornix_build_fail(build, NULL, "class '%s' has one sample: that has no spread",
                                 column_class(fornix_column(table, o->balance.label), class, name));
    for (int c = 0; c < o->columns; c++)
        if (!(fornix_column(table, c)->kind & (FORNIX_LABEL | FORNIX_WEIGHT)) &&
            !moments_fit(build, o, class, c))
            return false;
    return true;
}

/* ---- Rows -------------------------------------------------------------------------------- */

static bool gaussian_rows(FornixBuild *build, const void *attrs)
{
    Opened *o = mem_new(1, sizeof *o);
    fornix_set_opened(build, o);
    o->attrs = attrs;
    o->begun = true;
    if (!balance_begin(build, o->attrs->label, o->attrs->part, &o->balance))
        return false;
    const Balance *balance = &o->balance;
    o->columns = fornix_columns(balance->table);
    o->first = fornix_rows(balance->table);
    o->key = fornix_build_random(build, o->attrs->seed);
    o->moments = mem_new((size_t)balance->classes * (size_t)o->columns + 1, sizeof *o->moments);
    balance_copy_rows(balance);
    int64_t *added = mem_new((size_t)balance->classes + 1, sizeof *added), made = 0;
    bool fine = true;
    for (int64_t c = 0; fine && c < balance->classes; c++) {
        added[c] = balance_lack(balance, o->attrs->ratio, c);
        fine = !added[c] || class_fit(build, o, c);
        o->class = mem_grow(o->class, (size_t)(made + added[c]) + 1, sizeof *o->class);
        for (int64_t i = 0; fine && i < added[c]; i++) {
            int64_t row = fornix_add_row(build, fornix_row(balance->table, 0));
            o->class[made++] = (int32_t)c;
            balance_name_row(balance, row, made, o->attrs->part);
            fornix_set_label(build, balance->label, row, (int32_t)c);
        }
    }
    if (fine)
        balance_report(balance, added);
    mem_free(added);
    return fine;
}

static bool gaussian_read(void *opened, const FornixTable *table, int column, int64_t row,
                          float *out, FornixError *error)
{
    const Opened *o = opened;
    int64_t made = row - o->first, class = o->class[made], count = o->balance.count[class];
    int64_t size = fornix_floats(fornix_column(table, column)->shape);
    size_t bytes = (size_t)size * sizeof(float);
    const Moments *m = &o->moments[class * o->columns + column];
    FornixRandomKey key = fornix_random_derive(o->key, (uint64_t)made);
    float *x = mem_large(bytes);
    if (!x)
        return fornix_fail(error, "no memory for a row of '%s'",
                           fornix_column(table, column)->name);
    FornixRandomKey free = fornix_random_derive(key, (uint64_t)column);
    double alone = sqrt(o->attrs->shrink);
    for (int64_t k = 0; k < size; k++)
        out[k] = (float)(m->mean[k] +
                         alone * m->deviation[k] * (double)fornix_random_normal(free, (uint64_t)k));
    double together = sqrt((1 - o->attrs->shrink) / (double)(count - 1));
    bool fine = true;
    for (int64_t i = 0; fine && i < count; i++) {
        float z = (float)(together * (double)fornix_random_normal(key, (uint64_t)i));
        fine = fornix_read(o->balance.table, column, o->balance.rows[class][i], x, error);
        for (int64_t k = 0; fine && k < size; k++)
            out[k] += z * (x[k] - (float)m->mean[k]);
    }
    mem_large_free(x, bytes);
    return fine;
}

static const FornixAttr attrs[] = {
    FORNIX_TEXT(Gaussian, label, "", "the label column, where there are several"),
    FORNIX_CHOICE(Gaussian, part, "train", balance_parts, "the part that is balanced"),
    FORNIX_REAL(Gaussian, ratio, "1", 0, 1000,
                "every class gets this share of the largest one's rows"),
    FORNIX_REAL(Gaussian, shrink, "0", 0, 1,
                "the share of the variance that is drawn without correlations"),
    FORNIX_INT(Gaussian, seed, "1", 0, INT32_MAX, "of the draws"),
    {0}};

static const FornixPort inputs[] = {{"samples", FORNIX_SAMPLES, 0, "labelled samples"}, {0}};
static const FornixPort outputs[] = {
    {"samples", FORNIX_SAMPLES, 0, "all samples, then those made up; column `weight` is 1"}, {0}};

static const FornixSamples samples = {.flags =
                                          FORNIX_PASSES_NEW | FORNIX_NEEDS_RUN | FORNIX_COSTLY_READ,
                                      .columns = gaussian_columns,
                                      .rows = gaussian_rows,
                                      .read = gaussian_read,
                                      .close = gaussian_close};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "gaussian",
    .doc = "Makes up samples of smaller classes from a Gaussian with each class's mean and "
           "covariance, in any number of dimensions.",
    .formula = "x = m + sqrt((1 - s) / (n - 1)) sum_i z_i (x_i - m) + sqrt(s) d e; z, e ~ N(0, 1)",
    .attrs_size = sizeof(Gaussian),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<gaussian id=\"balanced\" samples=\"features\" part=\"train\"/>"};
