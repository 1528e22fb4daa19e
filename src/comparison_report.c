/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a comparison found, as figures and tables. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base.h"
#include "comparison_parts.h"
#include "findings.h"
#include "statistics.h"

const char *comparison_label(const Comparison *comparison, int arm, char label[COMPARISON_LABEL])
{
    arm_label(comparison->name[arm], label, COMPARISON_LABEL);
    return label;
}

/* ---- Figures ----------------------------------------------------------------------------- */

static void add_pair(const Comparison *c, const ArmPair *pair)
{
    char label[COMPARISON_LABEL], null[COMPARISON_LABEL], figure[COMPARISON_TITLE];
    char name[COMPARISON_LABEL + COMPARISON_TITLE + 16];
    comparison_label(c, pair->arm, label);
    comparison_label(c, pair->other, null);
    for (int k = 0; k < c->figures; k++) {
        arm_figure_name(c->arm[pair->arm], k, figure, sizeof figure);
        if (pair->null < 0) {
            snprintf(name, sizeof name, "difference.%s", figure);
            findings_interval(c->build, name, label, pair->apart[k]);
            snprintf(name, sizeof name, "p.%s", figure);
            findings_value(c->build, name, label, pair->p[k]);
            snprintf(name, sizeof name, "permutation_p.%s", figure);
            findings_value(c->build, name, label, pair->swaps[k]);
            snprintf(name, sizeof name, "effect.%s", figure);
            findings_value(c->build, name, label, pair->effect[k]);
        } else {
            snprintf(name, sizeof name, "against.%s.%s", null, figure);
            findings_interval(c->build, name, label, pair->apart[k]);
            snprintf(name, sizeof name, "against_p.%s.%s", null, figure);
            findings_value(c->build, name, label, pair->p[k]);
        }
    }
}

static void add_figures(const Comparison *c, bool withheld)
{
    char label[COMPARISON_LABEL], figure[COMPARISON_TITLE];
    for (int i = 0; i < c->count; i++) {
        const ArmPair *pair = baseline_pair(c, i);
        comparison_label(c, i, label);
        for (int k = 0; k < c->figures; k++) {
            arm_figure_name(c->arm[i], k, figure, sizeof figure);
            findings_value(c->build, figure, label, c->value[i * c->figures + k]);
        }
        if (!pair)
            continue;
        int verdict = arm_verdict(c, i);
        add_pair(c, pair);
        if (verdict == VERDICT_MIXED)
            verdict = VERDICT_NONE;
        findings_value(c->build, "verdict", label, withheld ? (double)NAN : (double)verdict);
    }
    for (int k = 0; k < c->pairs; k++)
        if (c->pair[k].null >= 0)
            add_pair(c, &c->pair[k]);
    findings_value(c->build, "subjects", "", (double)c->arm[0]->clusters);
}

/* ---- Tables ------------------------------------------------------------------------------ */

static void report_values(const Comparison *c)
{
    char text[COMPARISON_LABEL], value[FIGURE_TEXT];
    Grid *grid = grid_new(2 + c->figures);
    grid_cell(grid, "%s", *c->over ? c->over : "arm");
    grid_cell(grid, "samples");
    for (int k = 0; k < c->figures; k++) {
        arm_figure_title(c->arm[0], k, text, sizeof text);
        grid_cell(grid, "%s", text);
    }
    for (int i = 0; i < c->count; i++) {
        grid_cell(grid, "%s", comparison_label(c, i, text));
        grid_cell(grid, "%" PRId64, c->arm[i]->samples);
        for (int k = 0; k < c->figures; k++)
            grid_cell(grid, "%s", figure_text(c->value[i * c->figures + k], value));
    }
    findings_grid(c->build, grid);
}

/* Differences to the baselines, or to the null arms. */
static void report_differences(const Comparison *c, bool baselines)
{
    int judged = arm_judged(c->arm[0]), found = 0;
    char text[COMPARISON_LABEL], null[COMPARISON_LABEL], interval[INTERVAL_TEXT];
    char value[FIGURE_TEXT];
    Grid *grid = grid_new(1 + 2 * judged);
    grid_cell(grid, "%s", baselines ? "less its baseline" : "less a null arm");
    for (int k = 0; k < judged; k++) {
        arm_figure_title(c->arm[0], k, text, sizeof text);
        grid_cell(grid, "%s", text);
        grid_cell(grid, "p");
    }
    for (int i = 0; i < c->pairs; i++) {
        const ArmPair *pair = &c->pair[i];
        if ((pair->null < 0) != baselines)
            continue;
        found++;
        comparison_label(c, pair->arm, text);
        if (baselines)
            grid_cell(grid, "%s", text);
        else
            grid_cell(grid, "%s less %s", text, comparison_label(c, pair->other, null));
        for (int k = 0; k < judged; k++) {
            grid_cell(grid, "%s", interval_text(pair->apart[k], interval));
            grid_cell(grid, "%s", p_text(pair->p[k], value));
        }
    }
    if (found)
        findings_grid(c->build, grid);
    else
        grid_free(grid);
}

void comparison_report(const Comparison *comparison, bool withheld)
{
    const Comparison *c = comparison;
    add_figures(c, withheld);
    fornix_report(c->build,
                  "%d arms; differences are paired by subject, with %g %% intervals by drawing "
                  "subjects again %" PRId64 " times, and p corrected for all arms (Holm)",
                  c->count, 100 * c->confidence, c->draws);
    report_values(c);
    if (c->pairs) {
        report_differences(c, true);
        report_differences(c, false);
        comparison_repeats(c);
        if (!withheld)
            comparison_words(c);
    }
    comparison_warnings(c);
}
