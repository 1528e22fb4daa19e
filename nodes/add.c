/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Adds synthetic samples to real ones, by number or until classes are alike.
 *
 * The added rows keep their own subjects, their origin and, with their table, the provenance of
 * what generated them. Too few of them is a warning, not an error: how many a filter leaves is
 * known only after the run.
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
    int part, classes;
    int64_t count;
    double ratio;
} Add;

enum { SAMPLES, SYNTHETIC };

static const char *const classes_choices[] = {"all", "minority", NULL};
enum { ALL, MINORITY };

static bool add_columns(FornixBuild *build, const void *attrs)
{
    const Add *a = attrs;
    if ((a->count > 0) + (a->ratio > 0) > 1)
        return fornix_build_fail(build, "ratio", "count and ratio are two ways to say how many");
    if (!balance_columns(build, a->label))
        return false;
    int real = column_choose(build, SAMPLES, "label", a->label, FORNIX_LABEL);
    const FornixColumn *label = fornix_column(fornix_table(build, SAMPLES), real);
    int made = column_choose(build, SYNTHETIC, "synthetic", label->name, FORNIX_LABEL);
    return made >= 0 && column_same_classes(build, "synthetic", SYNTHETIC, made, SAMPLES, real);
}

/* How many rows of each class may come; in all at most *total. */
static void room_find(const Balance *balance, const Add *a, int64_t *room, int64_t *total)
{
    *total = a->ratio > 0 ? INT64_MAX : a->count;
    for (int64_t c = 0; c < balance->classes; c++) {
        bool wanted = a->classes == ALL || balance->count[c] < balance->largest;
        room[c] = !wanted ? 0 : a->ratio > 0 ? balance_lack(balance, a->ratio, c) : INT64_MAX;
    }
}

static void row_add(const Balance *balance, const Add *a, int64_t from)
{
    static const FornixPart parts[] = {FORNIX_TRAIN, FORNIX_VALIDATION, FORNIX_TEST};
    FornixRow identity = *fornix_row(fornix_table(balance->build, SYNTHETIC), from);
    identity.part = (size_t)a->part < COUNT(parts) ? parts[a->part] : FORNIX_NO_PART;
    fornix_set_row(balance->build, fornix_copy_row(balance->build, SYNTHETIC, from), &identity);
}

/* Rows are taken in their order, as generated, so that more of them contain the fewer. */
static void rows_add(const Balance *balance, const Add *a, int64_t *added)
{
    const FornixTable *synthetic = fornix_table(balance->build, SYNTHETIC);
    int label = fornix_find_column(synthetic, fornix_column(balance->table, balance->label)->name);
    int64_t *room = mem_new((size_t)balance->classes + 1, sizeof *room), total, taken = 0, lack = 0;
    room_find(balance, a, room, &total);
    for (int64_t row = 0; row < fornix_rows(synthetic) && taken < total; row++) {
        int32_t class = fornix_label(synthetic, label, row);
        if (class < 0 || class >= balance->classes || added[class] >= room[class])
            continue;
        row_add(balance, a, row);
        added[class]++;
        taken++;
    }
    for (int64_t c = 0; a->ratio > 0 && c < balance->classes; c++)
        lack += room[c] - added[c];
    if (a->ratio <= 0)
        lack = total - taken;
    if (lack)
        fornix_warn(balance->build,
                    "'%s' has too few rows: %" PRId64 " were added, %" PRId64 " more were wanted",
                    fornix_table_name(balance->build, SYNTHETIC), taken, lack);
    mem_free(room);
}

static bool add_rows(FornixBuild *build, const void *attrs)
{
    const Add *a = attrs;
    Balance balance;
    bool fine = balance_begin(build, a->label, a->part, &balance);
    int64_t *added = mem_new((size_t)balance.classes + 1, sizeof *added);
    if (fine) {
        balance_copy_rows(&balance);
        rows_add(&balance, a, added);
        balance_report(&balance, added);
    }
    mem_free(added);
    balance_end(&balance);
    return fine;
}

static const FornixAttr attrs[] = {
    FORNIX_TEXT(Add, label, "", "the label column, where there are several"),
    FORNIX_CHOICE(Add, part, "train", balance_parts, "the part that they join"),
    FORNIX_CHOICE(Add, classes, "all", classes_choices,
                  "which classes get more: all, or those smaller than the largest"),
    FORNIX_INT(Add, count, "0", 0, INT32_MAX, "how many are added in all, in their order"),
    FORNIX_REAL(Add, ratio, "0", 0, 1000,
                "instead: classes are filled up to this share of the largest one's real rows"),
    {0}};

static const FornixPort inputs[] = {
    {"samples", FORNIX_SAMPLES, 0, "real samples"},
    {"synthetic", FORNIX_SAMPLES, 0, "samples made up, with the same columns"},
    {0}};
static const FornixPort outputs[] = {
    {"samples", FORNIX_SAMPLES, 0, "all real samples, then those added; column `weight` is 1"},
    {0}};

static const FornixSamples samples = {
    .flags = FORNIX_PASSES_NEW, .columns = add_columns, .rows = add_rows};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "add",
    .doc = "Adds synthetic samples to one part of the real ones.",
    .attrs_size = sizeof(Add),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<add id=\"balanced\" samples=\"features\" part=\"train\" synthetic=\"confirmed\" "
               "count=\"120\" classes=\"minority\"/>"};
