/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rebalances nothing: the arm that all others are measured against.
 *
 * It gives the same columns as they do, so that the classifier that follows is the very same.
 */
#include "balance.h"
#include "node.h"

static bool none_columns(FornixBuild *build, const void *attrs)
{
    (void)attrs;
    fornix_copy_columns(build, 0);
    if (fornix_find_column(fornix_table(build, 0), "weight") < 0)
        fornix_add_column(
            build,
            &(FornixColumn){.name = "weight", .kind = FORNIX_WEIGHT, .shape = {1, 1, 1, 1, 1}});
    return true;
}

static bool none_rows(FornixBuild *build, const void *attrs)
{
    (void)attrs;
    for (int64_t row = 0; row < fornix_rows(fornix_table(build, 0)); row++)
        fornix_copy_row(build, 0, row);
    return true;
}

static const FornixPort inputs[] = {{"samples", FORNIX_SAMPLES, 0, "the samples"}, {0}};
static const FornixPort outputs[] = {
    {"samples", FORNIX_SAMPLES, 0, "the same, each with weight 1 unless it had one"}, {0}};

static const FornixSamples samples = {
    .flags = FORNIX_PASSES_NEW, .columns = none_columns, .rows = none_rows};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "none",
    .doc = "Leaves samples as they are: the arm of a comparison that corrects no imbalance.",
    .inputs = inputs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<none id=\"balanced\" samples=\"features\"/>"};
