/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Arms side by side: what each reaches, how it differs from the baseline, and whether that is luck.
 *
 * Arms that judged the same subjects are compared pair by pair, which sees differences that two
 * separate intervals cannot. Looking at many arms finds one that is lucky: their p values are
 * corrected together. A null result is a result, and is said in words; so is a balanced accuracy
 * that rose while the ranking of the subjects did not, which a shifted threshold gives for nothing.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base.h"
#include "comparison.h"
#include "node.h"
#include "statistics.h"

typedef struct {
    const char *over, *baseline;
    FornixList null;
    int64_t draws, seed;
    double confidence, level;
} Compare;

enum { POSITIVE, PERMUTED, SCORES };
static const char *const control_names[] = {"positive", "permuted"};

/* ---- Before a run ------------------------------------------------------------------------ */

static const char **table_names(const FornixBuild *build, int *count)
{
    *count = fornix_tables(build) - SCORES;
    const char **names = mem_new((size_t)*count + 1, sizeof *names);
    for (int i = 0; i < *count; i++)
        names[i] = fornix_table_name(build, SCORES + i);
    return names;
}

/* Without a baseline named, the first arm is it. */
static int baseline_of(const Compare *a, const char *const *names, int count, int i)
{
    return *a->baseline ? arm_baseline(names, count, i, a->baseline) : 0;
}

static bool fail_baseline(FornixBuild *build, const Compare *a, const char *const *names, int count,
                          int i)
{
    char near[200];
    arm_suggest(names, count, a->baseline, near, sizeof near);
    return fornix_build_fail(build, "baseline", "no '%s' among the arms to compare '%s' with%s%s%s",
                             a->baseline, names[i], *near ? "; did you mean '" : "", near,
                             *near ? "'?" : "");
}

/* A null arm may be left out of a run; one that is nearly another's name was misspelt. */
static bool check_nulls(FornixBuild *build, const Compare *a, const char *const *names, int count)
{
    for (int64_t k = 0; k < a->null.count; k++) {
        const char *null = a->null.items[k];
        char near[200];
        bool found = false;
        for (int i = 0; i < count; i++)
            found = found || arm_baseline(names, count, i, null) >= 0;
        arm_suggest(names, count, null, near, sizeof near);
        if (!found && *near)
            return fornix_build_fail(build, "null", "no '%s' among the arms; did you mean '%s'?",
                                     null, near);
    }
    return true;
}

static bool compare_columns(FornixBuild *build, const void *attrs)
{
    const Compare *a = attrs;
    int count;
    const char **names = table_names(build, &count);
    bool fine = check_nulls(build, a, names, count);
    for (int i = 0; i < count; i++) {
        if (!arm_comparable(fornix_table(build, SCORES + i)))
            fine = fornix_build_fail(build, "scores",
                                     "'%s' holds nothing to compare: an evaluator's output is what "
                                     "can be",
                                     names[i]);
        else if (fine && baseline_of(a, names, count, i) < 0)
            fine = fail_baseline(build, a, names, count, i);
    }
    mem_free(names);
    return fine;
}

/* ---- Reading ----------------------------------------------------------------------------- */

static bool read_arms(Comparison *c, const Compare *a)
{
    bool fine = true;
    c->name = table_names(c->build, &c->count);
    c->arm = mem_new((size_t)c->count + 1, sizeof *c->arm);
    c->baseline = mem_new((size_t)c->count + 1, sizeof *c->baseline);
    for (int i = 0; i < c->count; i++) {
        c->arm[i] = arm_new(fornix_table(c->build, SCORES + i));
        c->baseline[i] = baseline_of(a, c->name, c->count, i);
        if (c->baseline[i] < 0 || c->arm[i]->broken || c->arm[i]->samples < 1)
            fine = fornix_build_fail(c->build, "scores", "'%s' has nothing to compare", c->name[i]);
    }
    for (int i = 0; fine && i < c->count; i++) {
        const Arm *arm = c->arm[i], *other = c->arm[c->baseline[i]];
        int64_t shared = arms_shared(arm, other);
        if (arm->count != c->arm[0]->count || arm->classes != c->arm[0]->classes)
            fine = fornix_build_fail(c->build, "scores", "'%s' and '%s' judge different things",
                                     c->name[i], c->name[0]);
        else if (shared != arm->samples || shared != other->samples)
            fine = fornix_build_fail(
                c->build, "scores",
                "'%s' judges %" PRId64 " samples and '%s' %" PRId64 ", but only %" PRId64
                " are the same with the same truth: they cannot be paired",
                c->name[i], arm->samples, c->name[c->baseline[i]], other->samples, shared);
    }
    return fine;
}

/* ---- Controls ---------------------------------------------------------------------------- */

/* A control that failed says that the program, or the experiment, cannot be believed: what it finds
 * elsewhere is no finding. */
static bool check_control(FornixBuild *build, int control, bool *passed)
{
    const FornixTable *table = fornix_table(build, control);
    double found, mean, low, high, none;
    char text[3][FIGURE_TEXT];
    *passed = true;
    if (!table)
        return true;
    if (!fornix_get_metric(table, "passed", &found, &none, &none) ||
        !fornix_get_metric(table, "mean", &mean, &none, &none) ||
        !fornix_get_metric(table, "between.low", &low, &none, &none) ||
        !fornix_get_metric(table, "between.high", &high, &none, &none))
        return fornix_build_fail(build, control_names[control],
                                 "'%s' does not say where its mean has to lie: a control is a "
                                 "mean_scores with between=",
                                 fornix_table_name(build, control));
    *passed = found == 1;
    fornix_report(build, "%s control '%s': mean %s, has to lie between %s and %s: %s",
                  control_names[control], fornix_table_name(build, control),
                  figure_text(mean, text[0]), figure_text(low, text[1]), figure_text(high, text[2]),
                  *passed ? "passed" : "failed");
    return true;
}

static bool check_controls(FornixBuild *build, bool *withheld)
{
    bool passed[SCORES];
    for (int control = 0; control < SCORES; control++)
        if (!check_control(build, control, &passed[control]))
            return false;
    *withheld = !passed[POSITIVE] || !passed[PERMUTED];
    if (fornix_table(build, POSITIVE) || fornix_table(build, PERMUTED))
        fornix_metric(build, "controls_failed", *withheld);
    if (*withheld)
        fornix_warn(build,
                    "the verdict is withheld: the %s control failed, so that no difference found "
                    "here means anything",
                    passed[POSITIVE]   ? "permuted"
                    : passed[PERMUTED] ? "positive"
                                       : "positive and the permuted");
    return true;
}

static bool compare_rows(FornixBuild *build, const void *attrs)
{
    const Compare *a = attrs;
    bool withheld;
    Comparison c = {.build = build,
                    .over = a->over,
                    .named = a->baseline,
                    .null = &a->null,
                    .draws = a->draws,
                    .random = fornix_build_random(build, a->seed),
                    .confidence = a->confidence,
                    .level = a->level};
    bool fine = read_arms(&c, a) && check_controls(build, &withheld) && comparison_judge(&c);
    if (fine)
        comparison_report(&c, withheld);
    comparison_free(&c);
    return fine;
}

static const FornixAttr attrs[] = {
    FORNIX_TEXT(Compare, over, "", "what the arms are called together, above their column"),
    FORNIX_TEXT(Compare, baseline, "",
                "the arm that others are compared with: a value of a loop (each arm then meets the "
                "baseline of its own fold or seed) or an id; the first arm where it is not said"),
    FORNIX_LIST(Compare, null, "",
                "arms that an arm must be better than too, to be called better: values of the "
                "loop, such as weights threshold oversample; the baseline is one always"),
    FORNIX_INT(Compare, draws, "2000", 100, 100000,
               "replicates of the bootstrap and of the permutations"),
    FORNIX_REAL(Compare, confidence, "0.95", 0.5, 0.999, "of the intervals"),
    FORNIX_REAL(Compare, level, "0.05", 0.0001, 0.5,
                "p below which the verdict calls a difference"),
    FORNIX_INT(Compare, seed, "1", 0, INT32_MAX, "of the draws"),
    {0}};

static const FornixPort inputs[] = {
    {"positive", FORNIX_SCORES, FORNIX_OPTIONAL,
     "a control that has to find something: a mean_scores with between=; where it fails, the "
     "verdict "
     "is withheld"},
    {"permuted", FORNIX_SCORES, FORNIX_OPTIONAL,
     "a control that must find nothing, on permuted labels: a mean_scores with between="},
    {"scores", FORNIX_SCORES, FORNIX_MANY, "outputs of evaluators that judged the same samples"},
    {0}};

static const FornixPort outputs[] = {
    {"verdict", FORNIX_SCORES, 0, "figures by arm, differences with intervals, and p"}, {0}};

static const FornixSamples samples = {
    .flags = FORNIX_NEEDS_RUN, .columns = compare_columns, .rows = compare_rows};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "compare",
    .doc =
        "Sets arms side by side: of classifiers balanced accuracy, AUC, accuracy, macro F1 and "
        "each class's sensitivity, of segmentations what was found by subject and class. "
        "Differences to a baseline, and to null arms, are paired by subject and have an interval "
        "by bootstrap over subjects; p is DeLong's for an AUC of two classes, McNemar's for "
        "accuracy, where each subject has one sample, and else the bootstrap's, but never less "
        "than 2^(1 - n) of n subjects; corrected for the number of arms. permutation_p swaps what "
        "two arms say of a subject, and is small where they differ in any class. effect is Cohen's "
        "h of shares, d of numbers by subject. Where an arm is there several times (folds, seeds), "
        "medians follow, and over folds the corrected resampled t test. A sentence on each arm "
        "says whether it is better, worse or neither, than which arms, by how much and from how "
        "many subjects. Warns where chance lies in an interval, of constant classifiers, of "
        "totals that do not follow from their parts, of classes with fewer than ten subjects, of "
        "what was fitted or chosen on the subjects judged, and where one class is better and "
        "balanced accuracy is not. A control that failed withholds the verdict.",
    .formula = "DeLong, DeLong and Clarke-Pearson 1988; McNemar 1947 (exact); Efron 1979 "
               "(percentile bootstrap); Holm 1979; Nadeau and Bengio 2003; Cohen 1988",
    .attrs_size = sizeof(Compare),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<compare id=\"verdict\" scores=\"scores[*]\" over=\"arm\" baseline=\"none\"/>"};
