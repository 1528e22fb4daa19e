/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An accuracy says nothing until one knows what saying always the same would have reached. */
#include <inttypes.h>
#include <node.h>

typedef struct {
    double most;
} Settings;

static int label_column(const FornixTable *table)
{
    for (int c = 0; c < fornix_columns(table); c++)
        if (fornix_column(table, c)->kind & FORNIX_LABEL)
            return c;
    return -1;
}

static bool columns(FornixBuild *build, const void *attrs)
{
    (void)attrs;
    return label_column(fornix_table(build, 0)) >= 0 ||
           fornix_build_fail(build, "samples", "'%s' has no labels", fornix_table_name(build, 0));
}

static bool rows(FornixBuild *build, const void *attrs)
{
    const FornixTable *table = fornix_table(build, 0); /* rows of `part` alone */
    int column = label_column(table);
    int64_t largest = 0, all = 0;
    for (int64_t k = 0, n = 0; k < fornix_column(table, column)->classes; k++, n = 0) {
        for (int64_t row = 0; row < fornix_rows(table); row++)
            n += fornix_label(table, column, row) == k; /* a missing label is -1 */
        largest = n > largest ? n : largest;
        all += n;
    }
    double rate = all ? (double)largest / (double)all : 0;
    fornix_metric(build, "rate", rate);
    fornix_report(build, "%" PRId64 " of %" PRId64 " are of the largest class", largest, all);
    if (rate > ((const Settings *)attrs)->most)
        fornix_warn(build, "accuracy is no figure for classes as unequal as these");
    return true;
}

static const FornixAttr attrs[] = {
    FORNIX_REAL(Settings, most, "0.8", 0, 1, "above this rate there is a warning"), {0}};
static const FornixPort inputs[] = {{"samples", FORNIX_SAMPLES, 0, "labelled samples"}, {0}};
static const FornixPort outputs[] = {{"scores", FORNIX_SCORES, 0, "the figure `rate`"}, {0}};
static const FornixSamples samples = {.flags = FORNIX_EVALUATES, .columns = columns, .rows = rows};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "my_node",
    .doc = "The no-information rate: the accuracy of always saying the most frequent class.",
    .attrs_size = sizeof(Settings),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<my_node id=\"chance\" samples=\"parts\" part=\"test\"/>"};
