/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Deals a label out anew among the subjects: a control in which nothing can be found.
 *
 * Whatever a pipeline finds on such samples is a leak or luck. Labels move between subjects, never
 * between the rows of one, so that each subject's rows stay alike and each class keeps its number
 * of subjects: all that is lost is the tie between a label and what the samples look like.
 *
 *   label of subject s = label of subject p(s)      p: a random permutation
 */
#include <inttypes.h>

#include "base.h"
#include "column.h"
#include "node.h"
#include "samples.h"

typedef struct {
    int by;
    const char *label;
    int64_t seed;
} PermuteLabels;

static const char *const by_choices[] = {"subject", NULL};

static bool permute_labels_columns(FornixBuild *build, const void *attrs)
{
    const PermuteLabels *a = attrs;
    fornix_copy_columns(build, 0);
    return column_choose(build, 0, "label", a->label, FORNIX_LABEL) >= 0;
}

/* The label of each subject, -1 where it has none. */
static bool labels_read(FornixBuild *build, int column, const int64_t *subject, int32_t *label)
{
    const FornixTable *table = fornix_table(build, 0);
    for (int64_t row = 0; row < fornix_rows(table); row++)
        label[subject[row]] = fornix_label(table, column, row);
    for (int64_t row = 0; row < fornix_rows(table); row++)
        if (label[subject[row]] != fornix_label(table, column, row))
            return fornix_build_fail(build, "label", "subject '%s' has two values of '%s'",
                                     fornix_row(table, row)->subject,
                                     fornix_column(table, column)->name);
    return true;
}

/* Subjects without a label stay so. */
static void labels_permute(FornixBuild *build, int64_t seed, int32_t *label, int64_t subjects)
{
    int64_t *labelled = mem_new((size_t)subjects + 1, sizeof *labelled), count = 0, changed = 0;
    int64_t *from = mem_new((size_t)subjects + 1, sizeof *from);
    int32_t *old = mem_new((size_t)subjects + 1, sizeof *old);
    for (int64_t s = 0; s < subjects; s++) {
        old[s] = label[s];
        if (label[s] >= 0)
            labelled[count++] = s;
    }
    fornix_random_permutation(fornix_build_random(build, seed), from, count);
    for (int64_t i = 0; i < count; i++) {
        label[labelled[i]] = old[labelled[from[i]]];
        changed += label[labelled[i]] != old[labelled[i]];
    }
    fornix_report(build,
                  "labels of %" PRId64 " subjects dealt out anew, %" PRId64 " of them got another",
                  count, changed);
    mem_free(labelled);
    mem_free(from);
    mem_free(old);
}

static bool permute_labels_rows(FornixBuild *build, const void *attrs)
{
    const PermuteLabels *a = attrs;
    const FornixTable *table = fornix_table(build, 0);
    int column = column_choose(build, 0, "label", a->label, FORNIX_LABEL);
    int64_t rows = fornix_rows(table);
    int64_t *subject = mem_new((size_t)rows + 1, sizeof *subject);
    int64_t subjects = table_subjects(table, subject);
    int32_t *label = mem_new((size_t)subjects + 1, sizeof *label);
    bool fine = labels_read(build, column, subject, label);
    if (fine)
        labels_permute(build, a->seed, label, subjects);
    for (int64_t row = 0; fine && row < rows; row++)
        fornix_set_label(build, column, fornix_copy_row(build, 0, row), label[subject[row]]);
    mem_free(subject);
    mem_free(label);
    return fine;
}

static const FornixAttr attrs[] = {
    FORNIX_CHOICE(PermuteLabels, by, "subject", by_choices, "what has one label"),
    FORNIX_TEXT(PermuteLabels, label, "", "the label column, where there are several"),
    FORNIX_INT(PermuteLabels, seed, "1", 0, INT32_MAX, "of the permutation"),
    {0}};

static const FornixPort inputs[] = {{"samples", FORNIX_SAMPLES, 0, "labelled samples"}, {0}};
static const FornixPort outputs[] = {
    {"samples", FORNIX_SAMPLES, 0, "the same rows with the labels of other subjects"}, {0}};

static const FornixSamples samples = {
    .flags = FORNIX_PASSES_NEW, .columns = permute_labels_columns, .rows = permute_labels_rows};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "permute_labels",
    .doc = "Deals a label out anew among the subjects, in all parts together: a control in which "
           "nothing can be found but a leak or luck. It stands in front of a split.",
    .formula = "label of subject s = label of subject p(s), p a random permutation",
    .attrs_size = sizeof(PermuteLabels),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<permute_labels id=\"permuted\" samples=\"cohort\" label=\"grade\" seed=\"1\"/>"};
