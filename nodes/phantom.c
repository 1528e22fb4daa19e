/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A cohort of heads with tumours that nobody has, of known difficulty, made from numbers.
 *
 * Methods are compared best where the truth is known: here the best AUC that any classifier can
 * reach is an attribute, and so is how a second scanner differs from the first. Subjects are made
 * when they are read, each from the seed and its number alone; src/phantom.h tells how.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "node.h"
#include "phantom.h"
#include "text.h"

enum { GRADES_MOST = 16, NAME_MOST = 64 };

typedef struct {
    int64_t subjects, seed, modalities;
    FornixDims size;
    FornixList grades;
    const char *cohort;
    int shift, labels, normalise;
    double auc;
} Attrs;

typedef struct {
    Phantom *phantom;
    FornixRandomKey key;
    double separation;
    int64_t grades, subjects;
    int64_t count[GRADES_MOST]; /* subjects of each grade */
    char *name[GRADES_MOST];
} Cohort;

enum { COLUMN_IMAGE, COLUMN_MASK, COLUMN_GRADE };
enum { LABELS_WHOLE, LABELS_PARTS };
enum { NORMALISE_FOREGROUND, NORMALISE_NONE };

static void cohort_close(void *opened)
{
    Cohort *cohort = opened;
    if (!cohort)
        return;
    phantom_free(cohort->phantom);
    for (int64_t g = 0; g < cohort->grades; g++)
        mem_free(cohort->name[g]);
    mem_free(cohort);
}

/* "low:40": a grade's name and how many subjects have it. */
static bool read_grade(FornixBuild *build, Cohort *cohort, const char *word)
{
    const char *colon = strrchr(word, ':');
    int64_t count;
    if (!colon || colon == word || !text_to_int(colon + 1, &count) || count < 0 || count > 1000000)
        return fornix_build_fail(build, "grades",
                                 "'%s' is not a name and a number of subjects, as in low:40", word);
    char *name = mem_text(word);
    name[colon - word] = '\0';
    bool known = false;
    for (int64_t g = 0; g < cohort->grades; g++)
        known |= strcmp(cohort->name[g], name) == 0;
    if (known || cohort->grades == GRADES_MOST) {
        fornix_build_fail(build, "grades",
                          known ? "grade '%s' stands twice" : "'%s' is one grade too many", name);
        mem_free(name);
        return false;
    }
    cohort->name[cohort->grades] = name;
    cohort->count[cohort->grades++] = count;
    cohort->subjects += count;
    return true;
}

static bool read_grades(FornixBuild *build, const Attrs *a, Cohort *cohort)
{
    for (int64_t i = 0; i < a->grades.count; i++)
        if (!read_grade(build, cohort, a->grades.items[i]))
            return false;
    if (a->grades.count == 0) {
        cohort->grades = 2;
        cohort->name[0] = mem_text("low");
        cohort->name[1] = mem_text("high");
        cohort->count[0] = (a->subjects + 1) / 2;
        cohort->count[1] = a->subjects / 2;
        cohort->subjects = a->subjects;
    }
    if (a->subjects > 0 && a->subjects != cohort->subjects)
        return fornix_build_fail(build, "subjects",
                                 "grades give %" PRId64 " subjects, not %" PRId64, cohort->subjects,
                                 a->subjects);
    return cohort->subjects > 0 ||
           fornix_build_fail(build, "subjects", "the cohort has no subjects");
}

static bool add_columns(FornixBuild *build, const Attrs *a, const Cohort *cohort)
{
    static const char *const whole[] = {"background", "tumour"};
    static const char *const parts[] = {"background", "oedema", "core"};
    bool in_parts = a->labels == LABELS_PARTS;
    FornixShape shape = {1, a->size.size[0], a->size.size[1], a->size.size[2], a->modalities};
    fornix_add_column(build, &(FornixColumn){"image", FORNIX_IMAGE, shape, 0, NULL});
    shape.c = 1;
    fornix_add_column(build, &(FornixColumn){"mask", FORNIX_MASK, shape, in_parts ? 3 : 2,
                                             in_parts ? parts : whole});
    const char *names[GRADES_MOST];
    for (int64_t g = 0; g < cohort->grades; g++)
        names[g] = cohort->name[g];
    fornix_add_column(build, &(FornixColumn){"grade", FORNIX_LABEL, (FornixShape){1, 1, 1, 1, 1},
                                             cohort->grades, names});
    return true;
}

static bool phantom_columns(FornixBuild *build, const void *attrs)
{
    const Attrs *a = attrs;
    Cohort *cohort = mem_new(1, sizeof *cohort);
    fornix_set_opened(build, cohort);
    if (!read_grades(build, a, cohort))
        return false;

    FornixError error = {.text = ""};
    PhantomSpec spec = {.size = {a->size.size[0], a->size.size[1], a->size.size[2]},
                        .modalities = a->modalities,
                        .scanner = (PhantomScanner)a->shift,
                        .parts = a->labels == LABELS_PARTS,
                        .standardized = a->normalise == NORMALISE_FOREGROUND};
    cohort->phantom = phantom_new(&spec, &error);
    if (!cohort->phantom)
        return fornix_build_fail(build, "size", "%s", error.text);
    /* Not the node's id: a cohort is the same wherever it stands. */
    cohort->key = fornix_random_key((uint64_t)a->seed, "phantom");
    cohort->separation = phantom_separation(a->auc);
    return add_columns(build, a, cohort);
}

static int64_t grade_of(const Cohort *cohort, int64_t subject)
{
    int64_t grade = 0;
    for (int64_t first = 0; subject >= first + cohort->count[grade]; grade++)
        first += cohort->count[grade];
    return grade;
}

static double severity_of(const Cohort *cohort, int64_t subject)
{
    return phantom_severity(fornix_random_derive(cohort->key, (uint64_t)subject),
                            grade_of(cohort, subject), cohort->grades, cohort->separation);
}

/* How well the severities of this very cohort tell its grades apart: chance has moved that a
 * little from the best possible. */
static void tell_difficulty(FornixBuild *build, const Cohort *cohort)
{
    double best = phantom_auc(cohort->separation), right = 0;
    int64_t low = cohort->count[0], high = cohort->count[1];
    fornix_metric(build, "best_auc", best);
    if (low == 0 || high == 0)
        return;
    double *severity = mem_new((size_t)cohort->subjects, sizeof *severity);
    for (int64_t i = 0; i < cohort->subjects; i++)
        severity[i] = severity_of(cohort, i);
    for (int64_t i = 0; i < low; i++)
        for (int64_t j = low; j < low + high; j++)
            right += severity[j] > severity[i];
    mem_free(severity);
    double here = right / ((double)low * (double)high);
    fornix_metric(build, "cohort_auc", here);
    fornix_report(build,
                  "the best possible AUC for '%s' against '%s' is %.3f by design, %.3f in this "
                  "cohort of %" PRId64,
                  cohort->name[1], cohort->name[0], best, here, low + high);
}

static bool phantom_rows(FornixBuild *build, const void *attrs)
{
    const Attrs *a = attrs;
    const Cohort *cohort = fornix_opened(build);
    FornixSpace space = {.slice = -1};
    for (int i = 0; i < 3; i++)
        space.spacing[i] = PHANTOM_VIEW_MM / (double)a->size.size[2 - i];
    if (a->size.size[0] == 1)
        space.spacing[2] = space.spacing[1];

    for (int64_t i = 0; i < cohort->subjects; i++) {
        char subject[NAME_MOST * 2];
        const char *prefix = a->cohort[0] ? a->cohort : fornix_build_id(build);
        snprintf(subject, sizeof subject, "%.*s/%04" PRId64, NAME_MOST, prefix, i + 1);
        int64_t row = fornix_add_row(build, &(FornixRow){.subject = subject, .name = ""});
        fornix_set_label(build, COLUMN_GRADE, row, (int32_t)grade_of(cohort, i));
        fornix_set_space(build, row, &space);
    }
    if (cohort->grades == 2)
        tell_difficulty(build, cohort);
    return true;
}

static bool phantom_read(void *opened, const FornixTable *table, int column, int64_t row,
                         float *out, FornixError *error)
{
    const Cohort *cohort = opened;
    (void)table;
    FornixRandomKey subject = fornix_random_derive(cohort->key, (uint64_t)row);
    double severity = severity_of(cohort, row);
    return column == COLUMN_IMAGE ? phantom_image(cohort->phantom, subject, severity, out, error)
                                  : phantom_mask(cohort->phantom, subject, severity, out, error);
}

static const char *const shifts[] = {"none", "scanner-b", NULL};
static const char *const labels[] = {"whole", "parts", NULL};
static const char *const normalisations[] = {"foreground", "none", NULL};

static const FornixAttr attrs[] = {
    FORNIX_INT(
        Attrs, subjects, "0", 0, 1000000,
        "how many; half low, half high where grades are not given. 0: as many as grades say"),
    FORNIX_LIST(Attrs, grades, "", "grades with their numbers of subjects: low:40 high:40"),
    FORNIX_DIMS(Attrs, size, "32", 1, 512,
                "voxels of a volume, whose sides are 200 mm long; with D = 1 one axial slice "
                "through the middle of the tumour"),
    FORNIX_INT(Attrs, modalities, "4", 1, PHANTOM_MODALITIES,
               "channels: the first so many of flair, t1, t1ce, t2"),
    FORNIX_CHOICE(
        Attrs, shift, "none", shifts,
        "the scanner: scanner-b has other contrasts, a curved scale of values, a stronger "
        "bias field and more noise; the heads of a seed stay the same"),
    FORNIX_CHOICE(Attrs, labels, "whole", labels, "mask: tumour or not, or oedema and core apart"),
    FORNIX_CHOICE(Attrs, normalise, "foreground", normalisations,
                  "each channel of a volume to mean 0 and variance 1 in the head, or as scanned; "
                  "0 outside"),
    FORNIX_REAL(Attrs, auc, "0.85", 0.5, 0.9999,
                "best AUC that is possible for two neighbouring grades"),
    FORNIX_TEXT(Attrs, cohort, "", "prefix of the subjects' names; the node's id unless given"),
    FORNIX_INT(Attrs, seed, "1", 0, INT32_MAX, "of the cohort"),
    {0}};

static const FornixPort outputs[] = {
    {"samples", FORNIX_SAMPLES, 0, "a subject a row: image, mask, grade"}, {0}};

static const FornixSamples samples = {.flags = FORNIX_COSTLY_READ,
                                      .columns = phantom_columns,
                                      .rows = phantom_rows,
                                      .read = phantom_read,
                                      .close = cohort_close};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "phantom",
    .doc = "Makes a cohort of heads with tumours, no files needed: tissues with folds, ventricles "
           "and harmless lesions, a bias field, Rician noise, and a tumour with core and oedema "
           "whose border, rim, necrosis and texture follow a severity. Severity overlaps between "
           "grades, so that the best possible AUC is known: `auc`.",
    .formula = "severity ~ N(+d/2, 1) for high, N(-d/2, 1) for low grade; nothing else differs, so "
               "the best AUC is P(s_high > s_low) = Phi(d / sqrt 2): d = 1.4657 for .85",
    .attrs_size = sizeof(Attrs),
    .attrs = attrs,
    .outputs = outputs,
    .samples = &samples,
    .example =
        "<phantom id=\"source\" subjects=\"8\" size=\"16\"/>\n"
        "<phantom id=\"target\" grades=\"low:4 middle:2 high:2\" size=\"1 24 24\" modalities=\"1\" "
        "shift=\"scanner-b\" labels=\"parts\" normalise=\"none\"/>"};
