/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mean of a figure over runs of one experiment: seeds, folds, draws.
 *
 * One run of a small cohort can look like anything. What holds is the mean over many, beside how
 * far the runs lie apart. A control says beforehand where its mean has to lie, and is told when it
 * does not.
 */
#include <inttypes.h>
#include <math.h>

#include "base.h"
#include "findings.h"
#include "node.h"
#include "statistics.h"
#include "text.h"

typedef struct {
    const char *figure;
    FornixList between;
} MeanScores;

/* False after a mistake; bounds stay as they are where none are written. */
static bool between_read(FornixBuild *build, const MeanScores *a, double bounds[2])
{
    if (!a->between.count)
        return true;
    for (int64_t i = 0; i < a->between.count; i++)
        if (a->between.count != 2 || !text_to_real(a->between.items[i], &bounds[i]))
            return fornix_build_fail(build, "between", "two numbers are wanted: 0.45 0.55");
    return bounds[0] <= bounds[1] ||
           fornix_build_fail(build, "between", "%g is above %g", bounds[0], bounds[1]);
}

static bool mean_scores_columns(FornixBuild *build, const void *attrs)
{
    double bounds[2];
    return between_read(build, attrs, bounds);
}

static bool values_read(FornixBuild *build, const char *figure, double *values)
{
    double low, high;
    for (int i = 0; i < fornix_tables(build); i++)
        if (!fornix_get_metric(fornix_table(build, i), figure, &values[i], &low, &high))
            return fornix_build_fail(build, "figure", "'%s' has no figure '%s'",
                                     fornix_table_name(build, i), figure);
    return true;
}

static void summary_report(FornixBuild *build, const MeanScores *a, double *values, int64_t count)
{
    char text[4][FIGURE_TEXT];
    double bounds[2] = {-INFINITY, INFINITY};
    double mean = statistics_mean(values, count), deviation = statistics_deviation(values, count);
    statistics_sort(values, count);
    double least = statistics_quantile(values, count, 0),
           most = statistics_quantile(values, count, 1);
    findings_value(build, "mean", a->figure, mean);
    findings_value(build, "deviation", a->figure, deviation);
    fornix_report(build, "  %s: mean %s over %" PRId64 " runs, deviation %s, from %s to %s",
                  a->figure, figure_text(mean, text[0]), count, figure_text(deviation, text[1]),
                  figure_text(least, text[2]), figure_text(most, text[3]));
    findings_value(build, "mean", "", mean);
    if (between_read(build, a, bounds) && a->between.count) {
        bool passed = mean >= bounds[0] && mean <= bounds[1];
        findings_value(build, "passed", "", passed);
        findings_value(build, "between", "low", bounds[0]);
        findings_value(build, "between", "high", bounds[1]);
        if (passed)
            fornix_report(build, "  as it has to be: between %g and %g", bounds[0], bounds[1]);
        else
            fornix_warn(build, "the mean has to lie between %g and %g, and does not", bounds[0],
                        bounds[1]);
    }
}

static bool mean_scores_rows(FornixBuild *build, const void *attrs)
{
    const MeanScores *a = attrs;
    int count = fornix_tables(build);
    double *values = mem_new((size_t)count + 1, sizeof *values);
    bool fine = values_read(build, a->figure, values);
    int64_t defined = fine ? statistics_drop_undefined(values, count) : 0;
    if (fine && defined < count)
        fornix_warn(build, "%s is undefined in %" PRId64 " of %d runs", a->figure, count - defined,
                    count);
    if (fine)
        summary_report(build, a, values, defined);
    mem_free(values);
    return fine;
}

static const FornixAttr attrs[] = {
    FORNIX_TEXT(MeanScores, figure, "auc", "the evaluators' figure, as final.json names it"),
    FORNIX_LIST(MeanScores, between, "",
                "where the mean has to lie, such as 0.45 0.55; else there is a warning"),
    {0}};

static const FornixPort inputs[] = {
    {"scores", FORNIX_SCORES, FORNIX_MANY, "outputs of evaluators, one a run"}, {0}};
static const FornixPort outputs[] = {
    {"scores", FORNIX_SCORES, 0, "the mean and the standard deviation over the runs"}, {0}};

static const FornixSamples samples = {
    .flags = FORNIX_NEEDS_RUN, .columns = mean_scores_columns, .rows = mean_scores_rows};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "mean_scores",
    .doc = "Averages a figure over runs of one experiment (seeds, folds, draws), whoever they "
           "judged, and says how far the runs lie apart; warns where the mean is not where it has "
           "to be.",
    .attrs_size = sizeof(MeanScores),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .samples = &samples,
    .example =
        "<mean_scores id=\"mean\" scores=\"scores[*]\" figure=\"auc\" between=\"0.45 0.55\"/>"};
