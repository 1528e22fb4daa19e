/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Repeats samples of the smaller classes, drawn at random, until they are as many as wanted.
 *
 * Repeated rows keep their subject: they are the same sample once more, not new evidence. How many
 * there are follows from the classes of all rows of the part: who was counted is not judged.
 */
#include <inttypes.h>
#include <stdio.h>

#include "balance.h"
#include "base.h"
#include "node.h"

typedef struct {
    const char *label;
    int part;
    double ratio;
    int64_t seed;
} Oversample;

static bool oversample_columns(FornixBuild *build, const void *attrs)
{
    const Oversample *a = attrs;
    fornix_fitted_on_parts(build, 0, balance_part(a->part));
    return balance_columns(build, a->label);
}

static void repeat_row(FornixBuild *build, const FornixTable *table, int64_t from, int64_t time)
{
    char name[300];
    FornixRow row = *fornix_row(table, from);
    snprintf(name, sizeof name, "%.250s%sagain %" PRId64, row.name, *row.name ? " " : "", time);
    row.name = name;
    fornix_set_row(build, fornix_copy_row(build, 0, from), &row);
}

static bool oversample_rows(FornixBuild *build, const void *attrs)
{
    const Oversample *a = attrs;
    Balance balance;
    bool fine = balance_begin(build, a->label, a->part, &balance);
    if (fine)
        balance_copy_rows(&balance);
    int64_t *added = mem_new((size_t)balance.classes + 1, sizeof *added), time = 0;
    for (int64_t c = 0; fine && c < balance.classes; c++) {
        FornixRandomKey key =
            fornix_random_derive(fornix_build_random(build, a->seed), (uint64_t)c);
        added[c] = balance_lack(&balance, a->ratio, c);
        for (int64_t i = 0; i < added[c]; i++) {
            int64_t drawn = fornix_random_below(key, (uint64_t)i, balance.count[c]);
            repeat_row(build, balance.table, balance.rows[c][drawn], ++time);
        }
    }
    if (fine)
        balance_report(&balance, added);
    mem_free(added);
    balance_end(&balance);
    return fine;
}

static const FornixAttr attrs[] = {
    FORNIX_TEXT(Oversample, label, "", "the label column, where there are several"),
    FORNIX_CHOICE(Oversample, part, "train", balance_parts, "the part that is balanced"),
    FORNIX_REAL(Oversample, ratio, "1", 0, 1000,
                "every class gets this share of the largest one's rows"),
    FORNIX_INT(Oversample, seed, "1", 0, INT32_MAX, "of the draws"),
    {0}};

static const FornixPort inputs[] = {{"samples", FORNIX_SAMPLES, 0, "labelled samples"}, {0}};
static const FornixPort outputs[] = {
    {"samples", FORNIX_SAMPLES, 0, "all samples, then those repeated; column `weight` is 1"}, {0}};

static const FornixSamples samples = {
    .flags = FORNIX_PASSES_NEW, .columns = oversample_columns, .rows = oversample_rows};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "oversample",
    .doc = "Repeats samples of smaller classes, drawn with replacement, until every class has its "
           "share of the largest one's rows.",
    .attrs_size = sizeof(Oversample),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<oversample id=\"balanced\" samples=\"features\" part=\"train\"/>"};
