/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where an arm is there several times, in folds or with other seeds: what holds over all of them.
 *
 * Runs of several folds train on much the same subjects, so that a plain t test over them finds
 * what is not there; the variance is corrected for that (Nadeau and Bengio 2003). Runs that all
 * judge the same subjects tell of the seeds alone: there is no such test of them.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "comparison_parts.h"
#include "findings.h"
#include "statistics.h"

/* The first arm that has the same value of the loop that arms are told by. */
static int first_alike(const Comparison *c, int loop, int arm)
{
    size_t length, other_length;
    const char *value = arm_value(c->name[arm], loop, &length);
    for (int other = 0; other < arm; other++) {
        const char *alike = arm_value(c->name[other], loop, &other_length);
        if (length == other_length && memcmp(value, alike, length) == 0)
            return other;
    }
    return arm;
}

static double value_of(const Comparison *c, int arm, int figure, bool apart)
{
    const ArmPair *pair = baseline_pair(c, arm);
    return !apart ? c->value[arm * c->figures + figure] : pair ? pair->apart[figure].value : NAN;
}

/* Over the arms alike, of a figure or (apart) of its difference to the baseline. */
static int64_t values_alike(const Comparison *c, int loop, int first, int figure, bool apart,
                            double *values)
{
    int64_t found = 0;
    for (int i = first; i < c->count; i++)
        if (first_alike(c, loop, i) == first)
            values[found++] = value_of(c, i, figure, apart);
    return statistics_drop_undefined(values, found);
}

/* Subjects tested over subjects trained on, on average of the runs; NAN where nobody knows, or
 * where all runs judge the same subjects. */
static double tested_share(const Comparison *c, int loop, int first)
{
    double sum = 0, runs = 0;
    bool others = false;
    for (int i = first; i < c->count; i++) {
        if (first_alike(c, loop, i) != first)
            continue;
        int64_t trained = arm_trained(c->arm[i]);
        sum += trained ? (double)c->arm[i]->clusters / (double)trained : NAN;
        runs++;
        others = others || arms_shared(c->arm[i], c->arm[first]) != c->arm[first]->samples;
    }
    return others ? sum / runs : NAN;
}

static void report_alike(const Comparison *c, int loop, int first, Grid *grid)
{
    char name[COMPARISON_TITLE + 16], figure[COMPARISON_TITLE], arm[COMPARISON_LABEL];
    char value[FIGURE_TEXT];
    size_t length;
    const char *text = arm_value(c->name[first], loop, &length);
    double *values = mem_new((size_t)c->count, sizeof *values);
    double share = tested_share(c, loop, first);
    bool is_baseline = c->baseline[first] == first;
    snprintf(arm, sizeof arm, "%.*s", (int)length, text);
    grid_cell(grid, "%s", arm);
    for (int k = 0; k < arm_judged(c->arm[0]); k++) {
        double median = statistics_median(values, values_alike(c, loop, first, k, false, values));
        int64_t runs = values_alike(c, loop, first, k, true, values);
        ResampledTest test = statistics_resampled(values, runs, share);
        arm_figure_name(c->arm[0], k, figure, sizeof figure);
        snprintf(name, sizeof name, "median.%s", figure);
        findings_value(c->build, name, arm, median);
        if (!is_baseline && !isnan(share)) {
            snprintf(name, sizeof name, "resampled_p.%s", figure);
            findings_value(c->build, name, arm, test.p);
        }
        grid_cell(grid, "%s", figure_text(median, value));
        grid_cell(grid, "%s",
                  is_baseline ? "" : figure_text(statistics_median(values, runs), value));
        grid_cell(grid, "%s", is_baseline || isnan(share) ? "" : p_text(test.p, value));
    }
    mem_free(values);
}

void comparison_repeats(const Comparison *comparison)
{
    const Comparison *c = comparison;
    int alike = 0, loop = *c->named ? arms_loop(c->name, c->count, c->named) : -1;
    char title[COMPARISON_TITLE];
    for (int i = 0; loop >= 0 && i < c->count; i++)
        alike += first_alike(c, loop, i) != i;
    if (!alike)
        return;
    Grid *grid = grid_new(1 + 3 * arm_judged(c->arm[0]));
    grid_cell(grid, "median");
    for (int k = 0; k < arm_judged(c->arm[0]); k++) {
        arm_figure_title(c->arm[0], k, title, sizeof title);
        grid_cell(grid, "%s", title);
        grid_cell(grid, "less baseline");
        grid_cell(grid, "p over runs");
    }
    for (int i = 0; i < c->count; i++)
        if (first_alike(c, loop, i) == i)
            report_alike(c, loop, i, grid);
    findings_grid(c->build, grid);
}
