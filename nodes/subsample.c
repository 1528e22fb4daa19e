/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Thins classes of one part by subject: an imbalance made on purpose.
 *
 * What corrects an imbalance can only be judged where the balanced truth is known, so the other
 * parts stay whole.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "balance.h"
#include "base.h"
#include "column.h"
#include "node.h"
#include "samples.h"
#include "text.h"

typedef struct {
    int by, part;
    const char *label;
    FornixList keep;
    int64_t seed;
} Subsample;

static const char *const by_choices[] = {"subject", NULL};

static bool fail_class(FornixBuild *build, const FornixColumn *label, const char *word,
                       const char *colon)
{
    char *class = mem_text(word);
    class[colon - word] = '\0';
    const char *near = column_suggest_class(label, class);
    mem_free(class);
    if (near)
        return fornix_build_fail(build, "keep", "'%.*s' is no class of '%s'; did you mean '%s%s'?",
                                 (int)(colon - word), word, label->name, near, colon);
    return fornix_build_fail(build, "keep", "'%s' begins with no class of '%s' and a colon", word,
                             label->name);
}

/* "low:0.25" or "low:1:10": the class, and which share of its subjects stays. */
static bool keep_read(FornixBuild *build, const FornixColumn *label, const char *word,
                      int64_t *class, double *share)
{
    char name[CLASS_NAME];
    double of = 1;
    const char *colon = strchr(word, ':');
    for (*class = 0; colon && *class < label->classes; ++*class) {
        const char *known = column_class(label, *class, name);
        if (strlen(known) == (size_t)(colon - word) &&
            strncmp(known, word, (size_t)(colon - word)) == 0)
            break;
    }
    if (!colon || *class == label->classes)
        return fail_class(build, label, word, colon ? colon : word + strlen(word));
    char *value = mem_text(colon + 1), *second = strchr(value, ':');
    if (second)
        *second++ = '\0';
    bool fine = text_to_real(value, share) && (!second || text_to_real(second, &of)) && of > 0;
    *share = fine ? *share / of : -1;
    mem_free(value);
    if (*share < 0 || *share > 1)
        return fornix_build_fail(build, "keep", "'%s': a share from 0 to 1 is wanted, or 1:10",
                                 word);
    return true;
}

static bool subsample_columns(FornixBuild *build, const void *attrs)
{
    const Subsample *a = attrs;
    fornix_copy_columns(build, 0);
    int label = column_choose(build, 0, "label", a->label, FORNIX_LABEL);
    if (label < 0)
        return false;
    for (int64_t i = 0; i < a->keep.count; i++) {
        int64_t class;
        double share;
        if (!keep_read(build, fornix_column(fornix_table(build, 0), label), a->keep.items[i],
                       &class, &share))
            return false;
    }
    return true;
}

typedef struct {
    Balance balance;
    int64_t *subject;     /* of each row */
    bool *seen, *dropped; /* by subject */
} Thinning;

static bool class_thin(Thinning *thinning, int64_t class, double share, FornixRandomKey key)
{
    const Balance *balance = &thinning->balance;
    int64_t rows = balance->count[class], count = 0;
    int64_t *member = mem_new((size_t)rows, sizeof *member);
    for (int64_t i = 0; i < rows; i++) {
        int64_t s = thinning->subject[balance->rows[class][i]];
        if (!thinning->seen[s])
            member[count++] = s;
        thinning->seen[s] = true;
    }
    int64_t keep = llround(share * (double)count);
    int64_t *order = mem_new((size_t)count + 1, sizeof *order);
    fornix_random_permutation(key, order, count);
    for (int64_t i = keep; i < count; i++)
        thinning->dropped[member[order[i]]] = true;
    mem_free(order);
    mem_free(member);
    char name[CLASS_NAME];
    const FornixColumn *label = fornix_column(balance->table, balance->label);
    fornix_report(balance->build, "%s: %" PRId64 " of %" PRId64 " subjects kept",
                  column_class(label, class, name), keep, count);
    return keep > 0 || fornix_build_fail(balance->build, "keep",
                                         "of the %" PRId64 " subjects of class '%s' none is left",
                                         count, column_class(label, class, name));
}

static bool subsample_rows(FornixBuild *build, const void *attrs)
{
    const Subsample *a = attrs;
    Thinning t = {0};
    bool fine = balance_begin(build, a->label, a->part, &t.balance);
    const FornixTable *table = t.balance.table;
    int64_t rows = fornix_rows(table);
    t.subject = mem_new((size_t)rows + 1, sizeof *t.subject);
    int64_t subjects = table_subjects(table, t.subject);
    t.seen = mem_new((size_t)subjects + 1, sizeof *t.seen);
    t.dropped = mem_new((size_t)subjects + 1, sizeof *t.dropped);
    FornixRandomKey key = fornix_build_random(build, a->seed);
    for (int64_t i = 0; fine && i < a->keep.count; i++) {
        int64_t class;
        double share;
        fine = keep_read(build, fornix_column(table, t.balance.label), a->keep.items[i], &class,
                         &share) &&
               class_thin(&t, class, share, fornix_random_derive(key, (uint64_t) class));
    }
    unsigned parts = balance_part(a->part);
    for (int64_t row = 0; fine && row < rows; row++)
        if (!t.dropped[t.subject[row]] || !(parts >> fornix_row(table, row)->part & 1))
            fornix_copy_row(build, 0, row);
    mem_free(t.subject);
    mem_free(t.seen);
    mem_free(t.dropped);
    balance_end(&t.balance);
    return fine;
}

static const FornixAttr attrs[] = {
    FORNIX_CHOICE(Subsample, by, "subject", by_choices, "what is never torn apart"),
    FORNIX_CHOICE(Subsample, part, "train", balance_parts, "the part that is thinned"),
    FORNIX_TEXT(Subsample, label, "", "the label column, where there are several"),
    FORNIX_LIST(Subsample, keep, NULL,
                "classes with the share of their subjects that stays: low:0.25, or low:1:4; other "
                "classes stay whole"),
    FORNIX_INT(Subsample, seed, "1", 0, INT32_MAX, "of the draws"),
    {0}};

static const FornixPort inputs[] = {{"samples", FORNIX_SAMPLES, 0, "labelled samples"}, {0}};
static const FornixPort outputs[] = {
    {"samples", FORNIX_SAMPLES, 0, "those of the subjects that stay"}, {0}};

static const FornixSamples samples = {
    .flags = FORNIX_PASSES_NEW, .columns = subsample_columns, .rows = subsample_rows};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "subsample",
    .doc = "Keeps a share of the subjects of some classes in one part, drawn at random, to make an "
           "imbalance there.",
    .attrs_size = sizeof(Subsample),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<subsample id=\"cohort\" samples=\"parts\" part=\"train\" keep=\"low:0.25\"/>"};
