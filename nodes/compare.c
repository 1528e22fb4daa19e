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
#include <string.h>

#include "arm.h"
#include "base.h"
#include "findings.h"
#include "node.h"
#include "resample.h"
#include "statistics.h"
#include "text.h"

typedef struct {
    const char *over, *baseline;
    int64_t draws, seed;
    double confidence, level;
} Compare;

enum { LABEL = 160, TITLE = 128 };

typedef struct {
    FornixBuild *build;
    const Compare *attrs;
    int count; /* arms */
    Arm **arm;
    int *baseline; /* of each arm */
    int figures;
    double *value;   /* [arm][figure] */
    Interval *apart; /* [arm][figure]: the arm less its baseline; its own baseline's are unset */
    double *p;       /* [figure][arm], corrected; NAN for the baseline */
} Comparison;

/* ---- Before a run ------------------------------------------------------------------------ */

static const char **table_names(const FornixBuild *build, int *count)
{
    *count = fornix_tables(build);
    const char **names = mem_new((size_t)*count + 1, sizeof *names);
    for (int i = 0; i < *count; i++)
        names[i] = fornix_table_name(build, i);
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

static bool compare_columns(FornixBuild *build, const void *attrs)
{
    const Compare *a = attrs;
    int count;
    const char **names = table_names(build, &count);
    bool fine = true;
    for (int i = 0; i < count; i++) {
        if (!arm_comparable(fornix_table(build, i)))
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

/* ---- Comparing --------------------------------------------------------------------------- */

static bool read_arms(Comparison *c)
{
    int count;
    const char **names = table_names(c->build, &count);
    bool fine = true;
    c->arm = mem_new((size_t)count, sizeof *c->arm);
    c->baseline = mem_new((size_t)count, sizeof *c->baseline);
    c->count = count;
    for (int i = 0; i < count; i++) {
        c->arm[i] = arm_new(fornix_table(c->build, i));
        c->baseline[i] = baseline_of(c->attrs, names, count, i);
        if (c->baseline[i] < 0 || c->arm[i]->broken || c->arm[i]->samples < 1)
            fine = fornix_build_fail(c->build, "scores", "'%s' has nothing to compare", names[i]);
    }
    for (int i = 0; fine && i < count; i++) {
        const Arm *arm = c->arm[i], *other = c->arm[c->baseline[i]];
        int64_t shared = arms_shared(arm, other);
        if (arm->count != c->arm[0]->count || arm->classes != c->arm[0]->classes)
            fine = fornix_build_fail(c->build, "scores", "'%s' and '%s' judge different things",
                                     names[i], names[0]);
        else if (shared != arm->samples || shared != other->samples)
            fine = fornix_build_fail(
                c->build, "scores",
                "'%s' judges %" PRId64 " samples and '%s' %" PRId64 ", but only %" PRId64
                " are the same with the same truth: they cannot be paired",
                names[i], arm->samples, names[c->baseline[i]], other->samples, shared);
    }
    c->figures = c->arm[0]->count;
    mem_free(names);
    return fine;
}

typedef struct {
    const Arm *arm, *baseline;
} Pair;

static void pair_statistic(const void *context, const double *times, double *figures)
{
    const Pair *pair = context;
    double other[ARM_FIGURES];
    arm_figures(pair->arm, times, figures);
    arm_figures(pair->baseline, times, other);
    for (int k = 0; k < pair->arm->count; k++)
        figures[k] -= other[k];
}

static Resampling resampling_of(const Comparison *c, const Arm *arm)
{
    return (Resampling){.samples = arm->samples,
                        .clusters = arm->clusters,
                        .cluster = arm->cluster,
                        .stratum = arm->stratum,
                        .strata = arm->truth ? arm->classes : 1,
                        .draws = c->attrs->draws,
                        .confidence = c->attrs->confidence,
                        .random = fornix_build_random(c->build, c->attrs->seed)};
}

/* Few subjects drawn again look surer than they are: swapping two arms' predictions subject by
 * subject gives 2^n outcomes, so that no p of n subjects is below 2^(1 - n). NAN stays. */
static double at_least(double p, const Arm *arm)
{
    double least = ldexp(1, 1 - (int)(arm->clusters < 64 ? arm->clusters : 64));
    return p < least ? least : p;
}

static void compare_arm(Comparison *c, int i)
{
    Pair pair = {c->arm[i], c->arm[c->baseline[i]]};
    bool is_baseline = c->baseline[i] == i;
    arm_figures(pair.arm, NULL, c->value + i * c->figures);
    if (!is_baseline) {
        Resampling resampling = resampling_of(c, pair.baseline);
        bootstrap(&resampling, pair_statistic, &pair, c->figures, c->apart + i * c->figures);
    }
    for (int k = 0; k < c->figures; k++) {
        double p = is_baseline ? NAN : arms_test(pair.arm, pair.baseline, k);
        bool resampled = isnan(p) && !is_baseline;
        if (resampled)
            p = at_least(c->apart[i * c->figures + k].p, pair.arm);
        c->p[k * c->count + i] = p;
    }
}

static void compare_arms(Comparison *c)
{
    size_t size = (size_t)c->count * (size_t)c->figures;
    c->value = mem_new(size, sizeof *c->value);
    c->apart = mem_new(size, sizeof *c->apart);
    c->p = mem_new(size, sizeof *c->p);
    for (int i = 0; i < c->count; i++)
        compare_arm(c, i);
    for (int k = 0; k < c->figures; k++)
        statistics_holm(c->p + k * c->count, c->count);
}

/* ---- Figures and the report -------------------------------------------------------------- */

static const char *label_of(const Comparison *c, int arm, char label[LABEL])
{
    arm_label(fornix_table_name(c->build, arm), label, LABEL);
    return label;
}

static void add_metrics(const Comparison *c)
{
    char label[LABEL], figure[TITLE], name[TITLE + 16];
    for (int i = 0; i < c->count; i++)
        for (int k = 0; k < c->figures; k++) {
            arm_figure_name(c->arm[i], k, figure, sizeof figure);
            label_of(c, i, label);
            findings_value(c->build, figure, label, c->value[i * c->figures + k]);
            if (c->baseline[i] == i)
                continue;
            snprintf(name, sizeof name, "difference.%s", figure);
            findings_interval(c->build, name, label, c->apart[i * c->figures + k]);
            snprintf(name, sizeof name, "p.%s", figure);
            findings_value(c->build, name, label, c->p[k * c->count + i]);
        }
}

static void report_values(const Comparison *c)
{
    char text[LABEL], value[FIGURE_TEXT];
    Grid *grid = grid_new(2 + c->figures);
    grid_cell(grid, "%s", *c->attrs->over ? c->attrs->over : "arm");
    grid_cell(grid, "samples");
    for (int k = 0; k < c->figures; k++) {
        arm_figure_title(c->arm[0], k, text, sizeof text);
        grid_cell(grid, "%s", text);
    }
    for (int i = 0; i < c->count; i++) {
        grid_cell(grid, "%s", label_of(c, i, text));
        grid_cell(grid, "%" PRId64, c->arm[i]->samples);
        for (int k = 0; k < c->figures; k++)
            grid_cell(grid, "%s", figure_text(c->value[i * c->figures + k], value));
    }
    findings_grid(c->build, grid);
}

static bool has_differences(const Comparison *c)
{
    for (int i = 0; i < c->count; i++)
        if (c->baseline[i] != i)
            return true;
    return false;
}

static void report_differences(const Comparison *c)
{
    int judged = arm_judged(c->arm[0]);
    char text[LABEL], interval[INTERVAL_TEXT], value[FIGURE_TEXT];
    Grid *grid = grid_new(1 + 2 * judged);
    grid_cell(grid, "less its baseline");
    for (int k = 0; k < judged; k++) {
        arm_figure_title(c->arm[0], k, text, sizeof text);
        grid_cell(grid, "%s", text);
        grid_cell(grid, "p");
    }
    for (int i = 0; i < c->count; i++) {
        if (c->baseline[i] == i)
            continue;
        grid_cell(grid, "%s", label_of(c, i, text));
        for (int k = 0; k < judged; k++) {
            grid_cell(grid, "%s", interval_text(c->apart[i * c->figures + k], interval));
            grid_cell(grid, "%s", p_text(c->p[k * c->count + i], value));
        }
    }
    findings_grid(c->build, grid);
}

/* ---- Several of one arm: folds, seeds ---------------------------------------------------- */

/* The first arm that has the same value of the loop that arms are told by. */
static int first_alike(const Comparison *c, int loop, int arm)
{
    size_t length, other_length;
    const char *value = arm_value(fornix_table_name(c->build, arm), loop, &length);
    for (int other = 0; other < arm; other++) {
        const char *alike = arm_value(fornix_table_name(c->build, other), loop, &other_length);
        if (length == other_length && memcmp(value, alike, length) == 0)
            return other;
    }
    return arm;
}

/* Over the arms alike, of a figure or (apart) of its difference to the baseline. */
static double median_alike(const Comparison *c, int loop, int first, int figure, bool apart)
{
    double *values = mem_new((size_t)c->count, sizeof *values);
    int64_t found = 0;
    for (int i = first; i < c->count; i++)
        if (first_alike(c, loop, i) == first)
            values[found++] =
                apart ? c->apart[i * c->figures + figure].value : c->value[i * c->figures + figure];
    found = statistics_drop_undefined(values, found);
    double median = statistics_median(values, found);
    mem_free(values);
    return median;
}

static void report_alike(const Comparison *c, int loop, int first, Grid *grid)
{
    char name[TITLE + 16], figure[TITLE], arm[LABEL], value[FIGURE_TEXT];
    size_t length;
    const char *text = arm_value(fornix_table_name(c->build, first), loop, &length);
    snprintf(arm, sizeof arm, "%.*s", (int)length, text);
    grid_cell(grid, "%s", arm);
    for (int k = 0; k < arm_judged(c->arm[0]); k++) {
        double median = median_alike(c, loop, first, k, false);
        double apart = median_alike(c, loop, first, k, true);
        arm_figure_name(c->arm[0], k, figure, sizeof figure);
        snprintf(name, sizeof name, "median.%s", figure);
        findings_value(c->build, name, arm, median);
        grid_cell(grid, "%s", figure_text(median, value));
        grid_cell(grid, "%s", c->baseline[first] == first ? "" : figure_text(apart, value));
    }
}

static void report_medians(const Comparison *c)
{
    int count, alike = 0;
    const char **names = table_names(c->build, &count);
    int loop = *c->attrs->baseline ? arms_loop(names, count, c->attrs->baseline) : -1;
    char title[TITLE];
    mem_free(names);
    for (int i = 0; loop >= 0 && i < count; i++)
        alike += first_alike(c, loop, i) != i;
    if (!alike)
        return;
    Grid *grid = grid_new(1 + 2 * arm_judged(c->arm[0]));
    grid_cell(grid, "median");
    for (int k = 0; k < arm_judged(c->arm[0]); k++) {
        arm_figure_title(c->arm[0], k, title, sizeof title);
        grid_cell(grid, "%s", title);
        grid_cell(grid, "less baseline");
    }
    for (int i = 0; i < count; i++)
        if (first_alike(c, loop, i) == i)
            report_alike(c, loop, i, grid);
    findings_grid(c->build, grid);
}

/* ---- The verdict ------------------------------------------------------------------------- */

static bool differs(const Comparison *c, int arm, int figure)
{
    return c->p[figure * c->count + arm] < c->attrs->level; /* false for NAN */
}

static void report_difference(const Comparison *c, int i, int k)
{
    char label[LABEL], baseline[LABEL], title[TITLE], interval[INTERVAL_TEXT], p[FIGURE_TEXT];
    Interval apart = c->apart[i * c->figures + k];
    arm_figure_title(c->arm[i], k, title, sizeof title);
    fornix_report(c->build, "  %s: %s is %s than that of '%s' by %s, %s", label_of(c, i, label),
                  title, apart.value > 0 ? "higher" : "lower",
                  label_of(c, c->baseline[i], baseline), interval_text(apart, interval),
                  p_words(c->p[k * c->count + i], p));
}

/* Among the figures of a classification: balanced accuracy first, AUC second. */
static void report_threshold_shift(const Comparison *c, int i)
{
    char label[LABEL];
    bool classification = c->arm[i]->truth != NULL;
    if (classification && differs(c, i, 0) && !differs(c, i, 1) &&
        c->apart[i * c->figures].value > 0)
        fornix_report(
            c->build,
            "  %s: there is no evidence that it ranks the samples better (AUC): a shifted "
            "threshold gives such a gain for nothing",
            label_of(c, i, label));
}

static void report_verdict(const Comparison *c)
{
    int judged = arm_judged(c->arm[0]), found = 0;
    Text names = {0};
    char title[TITLE];
    for (int k = 0; k < judged; k++) {
        arm_figure_title(c->arm[0], k, title, sizeof title);
        text_format(&names, "%s%s", k == 0 ? "" : k == judged - 1 ? " or " : ", ", title);
    }
    for (int i = 0; i < c->count; i++) {
        for (int k = 0; k < judged; k++)
            if (differs(c, i, k)) {
                report_difference(c, i, k);
                found++;
            }
        report_threshold_shift(c, i);
    }
    if (!found)
        fornix_report(c->build, "  no arm differs from %s%s%s in %s: no p below %g",
                      *c->attrs->baseline ? "'" : "the first", c->attrs->baseline,
                      *c->attrs->baseline ? "'" : "", text_value(&names), c->attrs->level);
    text_free(&names);
}

static void report_heading(const Comparison *c)
{
    fornix_report(c->build,
                  "%d arms; differences are paired by subject, with %g %% intervals by drawing "
                  "subjects again %" PRId64 " times, and p corrected for all arms (Holm)",
                  c->count, 100 * c->attrs->confidence, c->attrs->draws);
}

static bool compare_rows(FornixBuild *build, const void *attrs)
{
    Comparison c = {.build = build, .attrs = attrs};
    bool fine = read_arms(&c);
    if (fine) {
        compare_arms(&c);
        add_metrics(&c);
        report_heading(&c);
        report_values(&c);
        if (has_differences(&c)) {
            report_differences(&c);
            report_medians(&c);
            report_verdict(&c);
        }
    }
    for (int i = 0; i < c.count; i++)
        arm_free(c.arm[i]);
    mem_free(c.arm);
    mem_free(c.baseline);
    mem_free(c.value);
    mem_free(c.apart);
    mem_free(c.p);
    return fine;
}

static const FornixAttr attrs[] = {
    FORNIX_TEXT(Compare, over, "", "what the arms are called together, above their column"),
    FORNIX_TEXT(Compare, baseline, "",
                "the arm that others are compared with: a value of a loop (each arm then meets the "
                "baseline of its own fold or seed) or an id; the first arm where it is not said"),
    FORNIX_INT(Compare, draws, "2000", 100, 100000, "replicates of the bootstrap"),
    FORNIX_REAL(Compare, confidence, "0.95", 0.5, 0.999, "of the intervals"),
    FORNIX_REAL(Compare, level, "0.05", 0.0001, 0.5,
                "p below which the verdict calls a difference"),
    FORNIX_INT(Compare, seed, "1", 0, INT32_MAX, "of the draws"),
    {0}};

static const FornixPort inputs[] = {
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
        "each class's sensitivity, of segmentations Dice and IoU by class. Differences to a "
        "baseline are paired by subject and have an interval by bootstrap over subjects; p is "
        "DeLong's for an AUC of two classes, McNemar's for accuracy, where each subject has one "
        "sample, and else the bootstrap's, but never less than 2^(1 - n) of n subjects; corrected "
        "for the number of arms. Where an arm is there several times (folds, seeds), medians "
        "follow.",
    .formula = "DeLong, DeLong and Clarke-Pearson 1988; McNemar 1947 (exact); Efron 1979 "
               "(percentile bootstrap); Holm 1979",
    .attrs_size = sizeof(Compare),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<compare id=\"verdict\" scores=\"scores[*]\" over=\"arm\" baseline=\"none\"/>"};
