/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What follows from a comparison, in sentences: better, worse or no evidence, than what, by how
 * much and from how many subjects; and what a reader must not overlook.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base.h"
#include "column.h"
#include "comparison_parts.h"
#include "samples.h"
#include "statistics.h"
#include "text.h"

/* ---- Sentences --------------------------------------------------------------------------- */

static void tell_difference(const Comparison *c, const ArmPair *pair, int k)
{
    char label[COMPARISON_LABEL], other[COMPARISON_LABEL], title[COMPARISON_TITLE];
    char interval[INTERVAL_TEXT], p[FIGURE_TEXT];
    arm_figure_title(c->arm[pair->arm], k, title, sizeof title);
    fornix_report(
        c->build, "  %s: %s is %s than that of '%s' by %s, %s%s",
        comparison_label(c, pair->arm, label), title, pair->apart[k].value > 0 ? "higher" : "lower",
        comparison_label(c, pair->other, other), interval_text(pair->apart[k], interval),
        p_words(pair->p[k], p), pair_verdict(c, pair, k) == VERDICT_WORSE ? ": worse" : "");
}

/* Among the figures of a classification: balanced accuracy first, AUC second. */
static void tell_threshold_shift(const Comparison *c, const ArmPair *pair)
{
    char label[COMPARISON_LABEL];
    if (c->arm[pair->arm]->truth && pair_verdict(c, pair, 0) == VERDICT_BETTER &&
        pair_verdict(c, pair, 1) == VERDICT_NONE)
        fornix_report(
            c->build,
            "  %s: there is no evidence that it ranks the samples better (AUC): a shifted "
            "threshold gives such a gain for nothing",
            comparison_label(c, pair->arm, label));
}

/* A class that gained at the cost of the others. */
static void tell_shifted_classes(const Comparison *c, const ArmPair *pair)
{
    const Arm *arm = c->arm[pair->arm];
    char label[COMPARISON_LABEL], title[COMPARISON_TITLE], interval[INTERVAL_TEXT];
    for (int32_t class = 0; arm->truth && class < arm->classes; class ++) {
        int figure = arm_sensitivity(arm, class);
        if (figure < 0 || pair_verdict(c, pair, figure) != VERDICT_BETTER ||
            pair_verdict(c, pair, 0) == VERDICT_BETTER)
            continue;
        arm_figure_title(arm, figure, title, sizeof title);
        fornix_warn(c->build,
                    "%s: %s is better by %s, and balanced accuracy is not: other classes paid for "
                    "it",
                    comparison_label(c, pair->arm, label), title,
                    interval_text(pair->apart[figure], interval));
    }
}

/* "'none', 'weights'": of the pairs of an arm with that verdict; how many. */
static int name_others(const Comparison *c, int arm, int verdict, Text *names)
{
    char other[COMPARISON_LABEL];
    int found = 0;
    for (int k = 0; k < c->pairs; k++) {
        const ArmPair *pair = &c->pair[k];
        if (pair->arm == arm && pair_overall(c, pair) == verdict)
            text_format(names, "%s'%s'", found++ ? ", " : "",
                        comparison_label(c, pair->other, other));
    }
    return found;
}

static void tell_subjects(const Comparison *c, int arm, Text *text)
{
    const Arm *a = c->arm[arm];
    int column = fornix_find_column(a->table, "truth");
    char class[CLASS_NAME];
    text_format(text, "from %" PRId64 " subjects", a->clusters);
    for (int32_t k = 0; a->truth && k < a->classes; k++)
        text_format(text, "%s%" PRId64 " %s", k ? ", " : " (", arm_subjects(a, k),
                    column_class(fornix_column(a->table, column), k, class));
    if (a->truth)
        text_add(text, ")");
}

/* How far apart they are in what counts most: AUC, or the first number. */
static void tell_size(const Comparison *c, const ArmPair *pair, Text *text)
{
    int figure = c->arm[pair->arm]->truth ? 1 : 0;
    char title[COMPARISON_TITLE], interval[INTERVAL_TEXT], other[COMPARISON_LABEL];
    arm_figure_title(c->arm[pair->arm], figure, title, sizeof title);
    text_format(text, "; %s less that of '%s': %s", title, comparison_label(c, pair->other, other),
                interval_text(pair->apart[figure], interval));
}

static void tell_verdict(const Comparison *c, int arm)
{
    static const struct {
        int verdict;
        const char *words;
    } kinds[] = {{VERDICT_BETTER, "better than"},
                 {VERDICT_WORSE, "worse than"},
                 {VERDICT_MIXED, "better and worse, by figure, than"},
                 {VERDICT_NONE, "no evidence of a difference to"}};
    static const char *const overall[] = {"worse", "no evidence", "better", "mixed"};
    char label[COMPARISON_LABEL];
    Text text = {0};
    for (size_t k = 0; k < COUNT(kinds); k++) {
        Text names = {0};
        if (name_others(c, arm, kinds[k].verdict, &names))
            text_format(&text, "%s%s %s", text.length ? "; " : "", kinds[k].words,
                        text_value(&names));
        text_free(&names);
    }
    text_add(&text, ")");
    tell_size(c, baseline_pair(c, arm), &text);
    text_add(&text, "; ");
    tell_subjects(c, arm, &text);
    fornix_report(c->build, "  verdict on '%s': %s (%s", comparison_label(c, arm, label),
                  overall[arm_verdict(c, arm) + 1], text_value(&text));
    text_free(&text);
}

static void tell_null_result(const Comparison *c)
{
    int judged = arm_judged(c->arm[0]);
    Text names = {0};
    char title[COMPARISON_TITLE];
    for (int k = 0; k < judged; k++) {
        arm_figure_title(c->arm[0], k, title, sizeof title);
        text_format(&names, "%s%s", k == 0 ? "" : k == judged - 1 ? " or " : ", ", title);
    }
    fornix_report(c->build, "  no arm differs from %s%s%s in %s: no p below %g",
                  *c->named ? "'" : "the first", c->named, *c->named ? "'" : "", text_value(&names),
                  c->level);
    text_free(&names);
}

void comparison_words(const Comparison *comparison)
{
    const Comparison *c = comparison;
    int found = 0;
    for (int i = 0; i < c->pairs; i++) {
        const ArmPair *pair = &c->pair[i];
        for (int k = 0; pair->null < 0 && k < arm_judged(c->arm[0]); k++)
            if (pair_verdict(c, pair, k) != VERDICT_NONE) {
                tell_difference(c, pair, k);
                found++;
            }
        if (pair->null < 0) {
            tell_threshold_shift(c, pair);
            tell_shifted_classes(c, pair);
        }
    }
    if (!found)
        tell_null_result(c);
    for (int i = 0; i < c->count; i++)
        if (baseline_pair(c, i))
            tell_verdict(c, i);
}

/* ---- Warnings ---------------------------------------------------------------------------- */

/* The arms of which something holds, in one line. */
static void warn_of_arms(const Comparison *c, bool (*holds)(const Arm *arm), const char *words)
{
    char label[COMPARISON_LABEL];
    Text names = {0};
    for (int i = 0; i < c->count; i++)
        if (holds(c->arm[i]))
            text_format(&names, "%s'%s'", names.length ? ", " : "", comparison_label(c, i, label));
    if (names.length)
        fornix_warn(c->build, "%s: %s", text_value(&names), words);
    text_free(&names);
}

static void warn_of_few(const Comparison *c)
{
    for (int32_t class = 0; c->arm[0]->truth && class < c->arm[0]->classes; class ++) {
        const Arm *fewest = c->arm[0];
        char name[CLASS_NAME];
        for (int i = 1; i < c->count; i++)
            if (arm_subjects(c->arm[i], class) < arm_subjects(fewest, class))
                fewest = c->arm[i];
        int column = fornix_find_column(fewest->table, "truth");
        if (arm_subjects(fewest, class) < FEW_SUBJECTS)
            fornix_warn(c->build,
                        "only %" PRId64 " subjects of class '%s': intervals and p of so few are "
                        "not to be relied on",
                        arm_subjects(fewest, class),
                        column_class(fornix_column(fewest->table, column), class, name));
    }
}

void comparison_warnings(const Comparison *comparison)
{
    const Comparison *c = comparison;
    warn_of_arms(c, arm_covers_chance, "chance lies in the interval of the AUC");
    warn_of_arms(c, arm_is_constant, "a constant classifier, which names one class always");
    warn_of_arms(c, arm_has_other_totals,
                 "the totals do not follow from the figures and counts of the classes");
    warn_of_arms(c, arm_was_fitted_on_judged,
                 "something was fitted or chosen on subjects that are judged here, which flatters");
    warn_of_few(c);
}
