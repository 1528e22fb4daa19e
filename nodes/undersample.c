/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Leaves out samples of the larger classes, drawn at random, until classes are alike.
 *
 * How many follows from the classes of all rows of the part: who was counted is not judged.
 */
#include <math.h>

#include "balance.h"
#include "base.h"
#include "node.h"

typedef struct {
    const char *label;
    int part;
    double ratio;
    int64_t seed;
} Undersample;

static bool undersample_columns(FornixBuild *build, const void *attrs)
{
    const Undersample *a = attrs;
    fornix_fitted_on_parts(build, 0, balance_part(a->part));
    return balance_columns(build, a->label);
}

/* Marks all but `keep` rows of a class. */
static void rows_drop(const Balance *balance, int64_t class, int64_t keep, FornixRandomKey key,
                      bool *dropped)
{
    int64_t count = balance->count[class];
    int64_t *order = mem_new((size_t)count, sizeof *order);
    fornix_random_permutation(key, order, count);
    for (int64_t i = keep; i < count; i++)
        dropped[balance->rows[class][order[i]]] = true;
    mem_free(order);
}

static bool undersample_rows(FornixBuild *build, const void *attrs)
{
    const Undersample *a = attrs;
    Balance balance;
    bool fine = balance_begin(build, a->label, a->part, &balance);
    bool *dropped = mem_new((size_t)fornix_rows(balance.table) + 1, sizeof *dropped);
    FornixRandomKey key = fornix_build_random(build, a->seed);
    for (int64_t c = 0; fine && c < balance.classes; c++) {
        double most = round((double)balance.smallest / a->ratio);
        int64_t keep = most < (double)balance.count[c] ? (int64_t)most : balance.count[c];
        rows_drop(&balance, c, keep, fornix_random_derive(key, (uint64_t)c), dropped);
    }
    if (fine)
        balance_drop_rows(&balance, dropped);
    mem_free(dropped);
    balance_end(&balance);
    return fine;
}

static const FornixAttr attrs[] = {
    FORNIX_TEXT(Undersample, label, "", "the label column, where there are several"),
    FORNIX_CHOICE(Undersample, part, "train", balance_parts, "the part that is balanced"),
    FORNIX_REAL(Undersample, ratio, "1", 0.001, 1,
                "the smallest class keeps all and is this share of what others keep at most"),
    FORNIX_INT(Undersample, seed, "1", 0, INT32_MAX, "of the draws"),
    {0}};

static const FornixPort inputs[] = {{"samples", FORNIX_SAMPLES, 0, "labelled samples"}, {0}};
static const FornixPort outputs[] = {
    {"samples", FORNIX_SAMPLES, 0, "those that are kept, in order; column `weight` is 1"}, {0}};

static const FornixSamples samples = {
    .flags = FORNIX_PASSES_NEW, .columns = undersample_columns, .rows = undersample_rows};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "undersample",
    .doc = "Leaves out samples of larger classes, drawn without replacement, until the smallest "
           "class is its share of every other.",
    .attrs_size = sizeof(Undersample),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<undersample id=\"balanced\" samples=\"features\" part=\"train\"/>"};
