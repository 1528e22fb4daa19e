/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Says which part of an experiment each subject belongs to: training, validation or test.
 *
 * It cuts no tables: it sets the part, which travels with the subject through everything that
 * follows. Subjects are drawn, never rows, so that no slice of a test patient is trained on. With
 * stratify, each class is divided on its own; a class too small for that is an error, because a
 * part without a class can judge nothing.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base.h"
#include "column.h"
#include "node.h"
#include "samples.h"
#include "text.h"

typedef struct {
    int by;
    const char *stratify, *column;
    int64_t folds, every, first, seed;
    FornixList train, validation, test;
} Split;

typedef struct {
    FornixBuild *build;
    const Split *attrs;
    const FornixTable *table;
    int label; /* that is stratified by; -1: none */
    int64_t rows, subjects, strata;
    int64_t *subject;  /* of each row */
    const char **name; /* of each subject */
    int32_t *stratum;  /* of each subject */
    FornixPart *part;  /* of each subject */
    int64_t folded;    /* subjects dealt out to folds so far */
} Division;

static const char *const by_choices[] = {"subject", NULL};

/* ---- Attributes -------------------------------------------------------------------------- */

/* A share in [0, 1); 0 where nothing is written. */
static bool share_read(FornixBuild *build, const char *where, FornixList words, double *share)
{
    *share = 0;
    if (!words.count)
        return true;
    if (words.count > 1 || !text_to_real(words.items[0], share) || *share < 0 || *share >= 1)
        return fornix_build_fail(build, where, "'%s' is no share from 0 to below 1",
                                 words.items[0]);
    return true;
}

static bool ways_check(FornixBuild *build, const Split *a)
{
    bool column = *a->column;
    if (column + (a->folds > 0) + (a->every > 0) > 1)
        return fornix_build_fail(build, NULL,
                                 "column, folds and every are three ways to divide: choose one");
    if (a->train.count && !column)
        return fornix_build_fail(build, "train", "train lists values of a column; name the column");
    if (a->folds == 1)
        return fornix_build_fail(build, "folds", "one fold leaves nothing to train on");
    if (a->every == 1)
        return fornix_build_fail(build, "every", "every subject would be tested");
    if (a->every && a->test.count)
        return fornix_build_fail(build, "test", "every says already who is tested");
    if (a->first > a->every)
        return fornix_build_fail(build, "first",
                                 a->every ? "first is one of the first `every`"
                                          : "first goes with every");
    if (column && *a->stratify)
        return fornix_build_fail(build, "stratify", "the column says already who is where");
    return true;
}

static bool split_columns(FornixBuild *build, const void *attrs)
{
    const Split *a = attrs;
    fornix_copy_columns(build, 0);
    if (!ways_check(build, a))
        return false;
    if (*a->stratify && column_choose(build, 0, "stratify", a->stratify, FORNIX_LABEL) < 0)
        return false;
    return !*a->column || column_choose(build, 0, "column", a->column, FORNIX_LABEL) >= 0;
}

/* ---- By a column's value ----------------------------------------------------------------- */

static bool words_hold(FornixList words, const char *word)
{
    for (int64_t i = 0; i < words.count; i++)
        if (strcmp(words.items[i], word) == 0)
            return true;
    return false;
}

static bool words_known(FornixBuild *build, const char *where, FornixList words,
                        const FornixColumn *column)
{
    char name[CLASS_NAME];
    for (int64_t i = 0; i < words.count; i++) {
        bool known = !column->classes;
        for (int64_t c = 0; c < column->classes && !known; c++)
            known = strcmp(words.items[i], column_class(column, c, name)) == 0;
        if (!known)
            return fornix_build_fail(build, where, "'%s' has no value '%s'", column->name,
                                     words.items[i]);
    }
    return true;
}

static FornixPart part_by_value(const Split *a, const char *value)
{
    if (words_hold(a->test, value))
        return FORNIX_TEST;
    if (words_hold(a->validation, value))
        return FORNIX_VALIDATION;
    return !a->train.count || words_hold(a->train, value) ? FORNIX_TRAIN : FORNIX_NO_PART;
}

static bool divide_by_column(Division *d)
{
    const Split *a = d->attrs;
    int at = column_choose(d->build, 0, "column", a->column, FORNIX_LABEL);
    const FornixColumn *column = fornix_column(d->table, at);
    if (!words_known(d->build, "train", a->train, column) ||
        !words_known(d->build, "validation", a->validation, column) ||
        !words_known(d->build, "test", a->test, column))
        return false;
    bool *seen = mem_new((size_t)d->subjects + 1, sizeof *seen), fine = true;
    for (int64_t row = 0; fine && row < d->rows; row++) {
        char name[CLASS_NAME];
        int32_t value = fornix_label(d->table, at, row);
        FornixPart part =
            value < 0 ? FORNIX_NO_PART : part_by_value(a, column_class(column, value, name));
        int64_t s = d->subject[row];
        if (seen[s] && d->part[s] != part)
            fine = fornix_build_fail(d->build, "column", "'%s' puts subject '%s' in two parts",
                                     column->name, d->name[s]);
        d->part[s] = part;
        seen[s] = true;
    }
    mem_free(seen);
    return fine;
}

/* ---- By chance or order ------------------------------------------------------------------ */

static const char *stratum_name(const Division *d, int64_t stratum, char text[CLASS_NAME])
{
    return d->label < 0 ? "all subjects"
                        : column_class(fornix_column(d->table, d->label), stratum, text);
}

/* Marks a share of the members that have no part yet, in their order; the rest stay. */
static bool share_take(Division *d, const int64_t *member, int64_t count, double share,
                       FornixPart part, int64_t stratum)
{
    int64_t open = 0, taken = 0;
    char name[CLASS_NAME];
    for (int64_t i = 0; i < count; i++)
        open += d->part[member[i]] == FORNIX_TRAIN;
    int64_t wanted = llround(share * (double)open);
    if (share > 0 && (wanted < 1 || wanted >= open))
        return fornix_build_fail(d->build, part == FORNIX_TEST ? "test" : "validation",
                                 "%s: %" PRId64 " subjects are too few to set %g of them apart",
                                 stratum_name(d, stratum, name), open, share);
    for (int64_t i = 0; i < count && taken < wanted; i++)
        if (d->part[member[i]] == FORNIX_TRAIN) {
            d->part[member[i]] = part;
            taken++;
        }
    return true;
}

/* Folds are dealt out across strata without a break, so that their sizes differ by one at most. */
static bool fold_take(Division *d, const int64_t *member, int64_t count, int64_t fold,
                      int64_t stratum)
{
    char name[CLASS_NAME];
    if (count < d->attrs->folds)
        return fornix_build_fail(d->build, "folds",
                                 "%s: %" PRId64 " subjects are too few for %" PRId64 " folds",
                                 stratum_name(d, stratum, name), count, d->attrs->folds);
    for (int64_t i = 0; i < count; i++)
        if (d->folded++ % d->attrs->folds == fold)
            d->part[member[i]] = FORNIX_TEST;
    return true;
}

static bool stratum_divide(Division *d, int64_t stratum, const int64_t *ordered, int64_t count)
{
    const Split *a = d->attrs;
    double test = 0, validation = 0;
    int64_t fold = 0;
    FornixRandomKey key =
        fornix_random_derive(fornix_build_random(d->build, a->seed), (uint64_t)stratum);
    int64_t *member = mem_new((size_t)count + 1, sizeof *member);
    fornix_random_permutation(key, member, count);
    for (int64_t i = 0; i < count; i++)
        member[i] = ordered[member[i]];
    for (int64_t i = (a->first ? a->first : a->every) - 1; a->every && i < count; i += a->every)
        d->part[ordered[i]] = FORNIX_TEST;
    bool fine = share_read(d->build, "validation", a->validation, &validation);
    if (a->folds && (a->test.count != 1 || !text_to_int(a->test.items[0], &fold) || fold < 0 ||
                     fold >= a->folds))
        fine = fornix_build_fail(d->build, "test",
                                 "test names the fold that is tested: 0 to %" PRId64, a->folds - 1);
    else if (a->folds)
        fine = fine && fold_take(d, member, count, fold, stratum);
    else
        fine = fine && share_read(d->build, "test", a->test, &test) &&
               share_take(d, member, count, test, FORNIX_TEST, stratum);
    fine = fine && share_take(d, member, count, validation, FORNIX_VALIDATION, stratum);
    mem_free(member);
    return fine;
}

static bool divide_by_strata(Division *d)
{
    int64_t *member = mem_new((size_t)d->subjects + 1, sizeof *member);
    bool fine = true;
    for (int64_t stratum = 0; fine && stratum < d->strata; stratum++) {
        int64_t count = 0;
        char name[CLASS_NAME];
        for (int64_t s = 0; s < d->subjects; s++)
            if (d->stratum[s] == stratum)
                member[count++] = s;
        if (!count)
            fine = fornix_build_fail(d->build, "stratify", "no subject is of class '%s'",
                                     stratum_name(d, stratum, name));
        fine = fine && stratum_divide(d, stratum, member, count);
    }
    mem_free(member);
    return fine;
}

/* ---- Subjects ---------------------------------------------------------------------------- */

static bool strata_find(Division *d)
{
    const Split *a = d->attrs;
    d->label =
        *a->stratify ? column_choose(d->build, 0, "stratify", a->stratify, FORNIX_LABEL) : -1;
    for (int64_t s = 0; s < d->subjects; s++)
        d->stratum[s] = d->label < 0 ? 0 : -1;
    d->strata = d->label < 0 ? 1 : fornix_column(d->table, d->label)->classes;
    for (int64_t row = 0; d->label >= 0 && row < d->rows; row++) {
        int32_t class = fornix_label(d->table, d->label, row);
        int32_t *stratum = &d->stratum[d->subject[row]];
        if (class < 0)
            return fornix_build_fail(d->build, "stratify", "subject '%s' has no '%s'",
                                     d->name[d->subject[row]], a->stratify);
        if (*stratum >= 0 && *stratum != class)
            return fornix_build_fail(d->build, "stratify", "subject '%s' has two values of '%s'",
                                     d->name[d->subject[row]], a->stratify);
        *stratum = class;
        d->strata = class >= d->strata ? class + 1 : d->strata;
    }
    return true;
}

static void parts_report(const Division *d)
{
    int64_t count[FORNIX_TEST + 1] = {0};
    for (int64_t s = 0; s < d->subjects; s++)
        count[d->part[s]]++;
    fornix_report(d->build,
                  "subjects: %" PRId64 " to train, %" PRId64 " to validate, %" PRId64 " to test%s",
                  count[FORNIX_TRAIN], count[FORNIX_VALIDATION], count[FORNIX_TEST],
                  count[FORNIX_NO_PART] ? ", others in no part" : "");
}

static bool split_rows(FornixBuild *build, const void *attrs)
{
    Division d = {.build = build, .attrs = attrs, .table = fornix_table(build, 0)};
    d.rows = fornix_rows(d.table);
    d.subject = mem_new((size_t)d.rows + 1, sizeof *d.subject);
    d.subjects = table_subjects(d.table, d.subject);
    d.name = mem_new((size_t)d.subjects + 1, sizeof *d.name);
    d.stratum = mem_new((size_t)d.subjects + 1, sizeof *d.stratum);
    d.part = mem_new((size_t)d.subjects + 1, sizeof *d.part);
    for (int64_t row = 0; row < d.rows; row++)
        d.name[d.subject[row]] = fornix_row(d.table, row)->subject;
    for (int64_t s = 0; s < d.subjects; s++)
        d.part[s] = FORNIX_TRAIN;
    bool fine = *d.attrs->column ? divide_by_column(&d) : strata_find(&d) && divide_by_strata(&d);
    for (int64_t row = 0; fine && row < d.rows; row++) {
        FornixRow identity = *fornix_row(d.table, row);
        identity.part = d.part[d.subject[row]];
        fornix_set_row(build, fornix_copy_row(build, 0, row), &identity);
    }
    if (fine)
        parts_report(&d);
    mem_free(d.subject);
    mem_free(d.name);
    mem_free(d.stratum);
    mem_free(d.part);
    return fine;
}

static const FornixAttr attrs[] = {
    FORNIX_CHOICE(Split, by, "subject", by_choices, "what is never torn apart"),
    FORNIX_TEXT(Split, stratify, "", "a label column: each of its classes is divided on its own"),
    FORNIX_INT(Split, folds, "0", 0, 1000, "how many folds; test names the one that is tested"),
    FORNIX_INT(Split, every, "0", 0, INT32_MAX,
               "every k-th subject (of a class, with stratify) is tested, in the samples' order"),
    FORNIX_INT(Split, first, "0", 0, INT32_MAX,
               "with every: the first of them that is tested, from 1; 0: the k-th"),
    FORNIX_TEXT(Split, column, "",
                "a label column whose values say the part; train, validation, test list them"),
    FORNIX_LIST(Split, train, "", "values of the column; all that are not listed elsewhere"),
    FORNIX_LIST(Split, validation, "",
                "the share of what is not tested that validates; or values of the column"),
    FORNIX_LIST(Split, test, "",
                "the share that is tested; with folds the fold, from 0; or values of the column"),
    FORNIX_INT(Split, seed, "1", 0, INT32_MAX, "of the draws"),
    {0}};

static const FornixPort inputs[] = {{"samples", FORNIX_SAMPLES, 0, "what is divided"}, {0}};
static const FornixPort outputs[] = {
    {"samples", FORNIX_SAMPLES, 0, "the same rows, each in a part"}, {0}};

static const FornixSamples samples = {
    .flags = FORNIX_PASSES_NEW, .columns = split_columns, .rows = split_rows};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "split",
    .doc = "Puts each subject into a part: train, validation or test. Divides by shares, by folds, "
           "by every k-th subject in order, or by a column's value.",
    .attrs_size = sizeof(Split),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<split id=\"parts\" samples=\"cohort\" stratify=\"grade\" folds=\"5\" test=\"0\" "
               "validation=\"0.2\" seed=\"1\"/>"};
