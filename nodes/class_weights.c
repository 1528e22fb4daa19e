/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Weighs samples so that every class counts alike in the loss.
 *
 *   weight of a row of class c = n / (K n_c)      n rows, K classes, n_c rows of class c
 *
 * The oldest correction of an imbalance and the cheapest: a null arm that more elaborate ones have
 * to beat.
 */
#include "balance.h"
#include "node.h"

typedef struct {
    const char *label;
    int part;
} ClassWeights;

static bool class_weights_columns(FornixBuild *build, const void *attrs)
{
    const ClassWeights *a = attrs;
    fornix_fitted_on_parts(build, 0, balance_part(a->part));
    return balance_columns(build, a->label);
}

static bool class_weights_rows(FornixBuild *build, const void *attrs)
{
    const ClassWeights *a = attrs;
    Balance balance;
    bool fine = balance_begin(build, a->label, a->part, &balance);
    if (fine)
        balance_copy_rows(&balance);
    double total = 0;
    for (int64_t c = 0; fine && c < balance.classes; c++)
        total += (double)balance.count[c];
    for (int64_t c = 0; fine && c < balance.classes; c++)
        for (int64_t i = 0; i < balance.count[c]; i++)
            fornix_set_real(build, balance.weight, balance.rows[c][i],
                            total / ((double)balance.classes * (double)balance.count[c]));
    balance_end(&balance);
    return fine;
}

static const FornixAttr attrs[] = {
    FORNIX_TEXT(ClassWeights, label, "", "the label column, where there are several"),
    FORNIX_CHOICE(ClassWeights, part, "train", balance_parts,
                  "the part that is counted and weighed; other rows weigh 1"),
    {0}};

static const FornixPort inputs[] = {{"samples", FORNIX_SAMPLES, 0, "labelled samples"}, {0}};
static const FornixPort outputs[] = {
    {"samples", FORNIX_SAMPLES, 0, "the same rows with a column `weight`"}, {0}};

static const FornixSamples samples = {
    .flags = FORNIX_PASSES_NEW, .columns = class_weights_columns, .rows = class_weights_rows};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "class_weights",
    .doc = "Weighs the samples of each class by its rarity. Losses take the weights from "
           "batch.weight.",
    .formula = "weight = n / (K n_c)",
    .attrs_size = sizeof(ClassWeights),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<class_weights id=\"balanced\" samples=\"features\" part=\"train\"/>"};
