/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The arms of a sweep, with all their runs. */
#include <math.h>
#include <string.h>

#include "report_sweep.h"
#include "statistics.h"

const json_t *sweep_jobs(const Report *report)
{
    return json_object_get(report->sweep, "jobs");
}

/* ---- The grid ---------------------------------------------------------------------------- */

static void see_value(SweepAxisSeen *axis, const char *value)
{
    for (size_t k = 0; k < axis->value_count; k++)
        if (strcmp(axis->values[k], value) == 0)
            return;
    axis->values[axis->value_count++] = value;
}

/* An arm is called after the axes that make it: "arm=acgan count=300". */
static bool tells_arms(const Report *report, const char *axis)
{
    const json_t *arms = json_object_get(report->sweep, "summary");
    size_t length = strlen(axis);
    for (size_t k = 0; k < json_array_size(arms); k++) {
        const char *label = report_text(json_array_get(arms, k), "arm");
        for (const char *at = label; at && *at; at++)
            if ((at == label || at[-1] == ' ') && strncmp(at, axis, length) == 0 &&
                at[length] == '=')
                return true;
    }
    return false;
}

static bool is_numeric(const SweepAxisSeen *axis)
{
    double number;
    for (size_t k = 0; k < axis->value_count; k++)
        if (!text_to_real(axis->values[k], &number))
            return false;
    return axis->value_count > 1;
}

SweepGrid *sweep_grid_seen(Report *report)
{
    SweepGrid *grid = arena_take(report->memory, 1, sizeof *grid);
    const json_t *jobs = sweep_jobs(report);
    json_t *first = json_object_get(json_array_get(jobs, 0), "axes"), *value;
    const char *name;
    grid->axes = arena_take(report->memory, json_object_size(first) + 1, sizeof *grid->axes);
    json_object_foreach(first, name, value)
    {
        SweepAxisSeen *axis = &grid->axes[grid->axis_count++];
        *axis = (SweepAxisSeen){.name = name, .repeats = !tells_arms(report, name)};
        axis->values = arena_take(report->memory, json_array_size(jobs) + 1, sizeof(char *));
        for (size_t j = 0; j < json_array_size(jobs); j++) {
            const char *text = report_text(json_object_get(json_array_get(jobs, j), "axes"), name);
            if (text)
                see_value(axis, text);
        }
        axis->numeric = is_numeric(axis);
    }
    return grid;
}

const char *sweep_arm(Report *report, const SweepGrid *grid, const json_t *job,
                      const SweepAxisSeen *without)
{
    Text label = {0};
    for (size_t a = 0; a < grid->axis_count; a++) {
        const SweepAxisSeen *axis = &grid->axes[a];
        const char *value = report_text(json_object_get(job, "axes"), axis->name);
        if (!value || axis->repeats || axis == without)
            continue;
        if (without)
            text_format(&label, "%s%s", label.length ? " " : "", value);
        else
            text_format(&label, "%s%s=%s", label.length ? " " : "", axis->name, value);
    }
    const char *kept = arena_text(report->memory, label.length ? label.data : "all");
    text_free(&label);
    return kept;
}

/* ---- Comparisons ------------------------------------------------------------------------- */

static bool is_baseline(const json_t *arm)
{
    const char *name;
    json_t *figure;
    json_object_foreach(json_object_get(arm, "figures"), name,
                        figure) if (json_object_get(figure, "difference")) return false;
    return true;
}

const char *sweep_baseline(const json_t *comparison)
{
    const char *named = report_text(comparison, "baseline");
    const json_t *arms = json_object_get(comparison, "arms");
    for (size_t k = 0; !named && k < json_array_size(arms); k++)
        if (is_baseline(json_array_get(arms, k)))
            named = report_text(json_array_get(arms, k), "arm");
    return named && *named ? named : NULL;
}

size_t sweep_figures(const json_t *comparison, const char *figures[FIGURES_DRAWN])
{
    static const char *const first[] = {"auc", "balanced_accuracy", "dice"};
    json_t *all =
        json_object_get(json_array_get(json_object_get(comparison, "arms"), 0), "figures");
    size_t count = 0;
    const char *name;
    json_t *value;
    for (size_t k = 0; k < COUNT(first) && count < FIGURES_DRAWN; k++)
        if (json_object_get(all, first[k]))
            figures[count++] = first[k];
    json_object_foreach(all, name, value)
    {
        bool known = false;
        for (size_t k = 0; k < count; k++)
            known = known || strcmp(figures[k], name) == 0;
        if (!known && count < FIGURES_DRAWN)
            figures[count++] = name;
    }
    return count;
}

/* "better", "worse", or what p says where the sweep gave no word. */
static int judgement_of(const json_t *arm, const char *figure)
{
    const char *word = report_text(arm, "verdict");
    const json_t *found = json_object_get(json_object_get(arm, "figures"), figure);
    double p = report_number(json_object_get(found, "p"));
    double apart = report_number(json_object_get(json_object_get(found, "difference"), "value"));
    if (word && (strcmp(word, "better") != 0 && strcmp(word, "worse") != 0))
        return 0;
    return p < 0.05 ? (apart > 0) - (apart < 0) : 0;
}

static ReportArm arm_read(const json_t *arm, const char *figure, Report *report)
{
    const json_t *found = json_object_get(json_object_get(arm, "figures"), figure);
    const json_t *apart = json_object_get(found, "difference");
    const char *label = report_text(arm, "arm");
    double mean = report_number(json_object_get(found, "mean"));
    double low = report_number(json_object_get(found, "low"));
    double high = report_number(json_object_get(found, "high"));
    double runs = report_number(json_object_get(arm, "runs")), chance = sweep_chance(figure);
    bool covers = low <= chance && high >= chance;
    return (ReportArm){.label = label ? label : "?",
                       .note = runs >= 1 ? arena_format(report->memory, "%.0f run%s%s", runs,
                                                        runs > 1 ? "s" : "",
                                                        covers ? ", covers chance" : "")
                                         : NULL,
                       .value = {mean, low, high, true},
                       .apart = {report_number(json_object_get(apart, "value")),
                                 report_number(json_object_get(apart, "low")),
                                 report_number(json_object_get(apart, "high")), apart != NULL},
                       .p = report_number(json_object_get(found, "p")),
                       .verdict = judgement_of(arm, figure),
                       .is_baseline = is_baseline(arm)};
}

double sweep_chance(const char *figure)
{
    return strcmp(figure, "auc") == 0 ? 0.5 : NAN;
}

/* Of arms without evidence the answer has told; their words stand with the arms. */
static bool tells_nothing(const char *words)
{
    return words && strstr(words, "': no evidence: ");
}

static void add_words(Report *report, const json_t *comparison)
{
    const json_t *words = json_object_get(comparison, "words");
    if (!json_array_size(words))
        return;
    text_add(&report->page,
             "<details class=\"words\"><summary>The same in words</summary>\n<ul>\n");
    for (size_t k = 0; k < json_array_size(words); k++)
        html_add(&report->page, "<li>", json_string_value(json_array_get(words, k)), "</li>\n");
    text_add(&report->page, "</ul></details>\n");
}

/* ---- Other figures, and other tests of the same -------------------------------------------- */

static bool is_drawn(const char *const *drawn, size_t count, const char *figure)
{
    for (size_t f = 0; f < count; f++)
        if (strcmp(drawn[f], figure) == 0)
            return true;
    return false;
}

static void add_spread(Text *page, const json_t *figure)
{
    text_add(page, "<td class=\"n\">");
    html_figure(page, report_number(json_object_get(figure, "mean")));
    text_add(page, " <span class=\"quiet\">± ");
    html_figure(page, report_number(json_object_get(figure, "deviation")));
    text_add(page, "</span></td>");
}

/* Effect size over runs, and p of the test over folds. */
static void add_tests(Text *page, const json_t *figure)
{
    char text[FIGURE_TEXT];
    double p = report_number(json_object_get(figure, "resampled_p"));
    text_add(page, "<td class=\"n\">");
    if (json_object_get(figure, "effect"))
        html_figure(page, report_number(json_object_get(figure, "effect")));
    html_add(page, "</td><td class=\"n\">", isnan(p) ? "" : p_text(p, text), "</td>");
}

static void add_others(Report *report, const json_t *comparison, const char *const *drawn,
                       size_t count)
{
    const json_t *arms = json_object_get(comparison, "arms");
    json_t *figures = json_object_get(json_array_get(arms, 0), "figures"), *value;
    const char *name;
    Text *page = &report->page;
    if (!json_array_size(arms))
        return;
    report_figure_begin(report, "figures", "arms", NULL);
    text_add(page, "<div class=\"scroll\"><table class=\"figures\"><thead><tr><th></th>");
    json_object_foreach(figures, name, value)
    {
        if (!is_drawn(drawn, count, name))
            html_add(page, "<th class=\"n\">", report_title(report, name), "</th>");
    }
    for (size_t f = 0; f < count; f++) {
        html_add(page, "<th class=\"n\">effect (d)<br>", report_title(report, drawn[f]), "</th>");
        html_add(page, "<th class=\"n\">p over folds<br>", report_title(report, drawn[f]), "</th>");
    }
    text_add(page, "</tr></thead>\n<tbody>\n");
    for (size_t a = 0; a < json_array_size(arms); a++) {
        const json_t *arm = json_array_get(arms, a), *own = json_object_get(arm, "figures");
        html_add(page, "<tr><td class=\"t\">", report_text(arm, "arm"), "</td>");
        json_object_foreach(figures, name, value)
        {
            if (!is_drawn(drawn, count, name))
                add_spread(page, json_object_get(own, name));
        }
        for (size_t f = 0; f < count; f++)
            add_tests(page, json_object_get(own, drawn[f]));
        text_add(page, "</tr>\n");
    }
    text_add(page, "</tbody></table></div>\n");
    report_figure_end(report);
}

/* ---- Against null arms ------------------------------------------------------------------- */

static const json_t *nulls_of(const json_t *arms, size_t arm)
{
    return json_object_get(json_array_get(arms, arm), "against");
}

static void add_null_cell(Text *page, const json_t *against, const char *figure)
{
    const json_t *found = json_object_get(json_object_get(against, "figures"), figure);
    const json_t *apart = json_object_get(found, "difference");
    double value = report_number(json_object_get(apart, "value"));
    bool differs = report_number(json_object_get(found, "p")) < 0.05;
    text_add(page, differs ? "<td class=\"n\"><b>" : "<td class=\"n\">");
    html_interval(page, value, report_number(json_object_get(apart, "low")),
                  report_number(json_object_get(apart, "high")));
    text_add(page, !differs ? "" : value > 0 ? " ▲</b>" : " ▼</b>");
    text_add(page, "</td>");
}

/* What each arm adds to what a null arm reaches for nothing. */
static void add_nulls(Report *report, const json_t *comparison, const char *figure)
{
    const json_t *arms = json_object_get(comparison, "arms"), *first = NULL;
    Text *page = &report->page;
    for (size_t a = 0; a < json_array_size(arms) && !json_array_size(first); a++)
        first = nulls_of(arms, a);
    if (!json_array_size(first))
        return;
    report_figure_begin(report, "nulls", figure, NULL);
    html_add(page, "<div class=\"scroll\"><table><thead><tr><th>", report_title(report, figure),
             " less that of a null arm</th>");
    for (size_t k = 0; k < json_array_size(first); k++)
        html_add(page, "<th class=\"n\">less “", report_text(json_array_get(first, k), "arm"),
                 "”</th>");
    text_add(page, "</tr></thead>\n<tbody>\n");
    for (size_t a = 0; a < json_array_size(arms); a++) {
        const json_t *nulls = nulls_of(arms, a);
        if (!json_array_size(nulls))
            continue;
        html_add(page, "<tr><td>", report_text(json_array_get(arms, a), "arm"), "</td>");
        for (size_t k = 0; k < json_array_size(nulls); k++)
            add_null_cell(page, json_array_get(nulls, k), figure);
        text_add(page, "</tr>\n");
    }
    text_add(page, "</tbody></table></div>\n");
    report_figure_end(report);
}

void sweep_add_title(Report *report, const json_t *comparison)
{
    const char *when = report_text(comparison, "when");
    html_add(&report->page, "<h3>", report_text(comparison, "scores"), "");
    if (when)
        html_add(&report->page, " <span class=\"quiet\">where ", when, "</span>");
    text_add(&report->page, "</h3>\n");
}

void sweep_add_comparison(Report *report, const json_t *comparison, bool first)
{
    const json_t *arms = json_object_get(comparison, "arms"),
                 *warnings = json_object_get(comparison, "warnings");
    const char *figures[FIGURES_DRAWN], *problem = report_text(comparison, "problem");
    size_t count = json_array_size(arms), chosen = sweep_figures(comparison, figures);
    if (first)
        report_heading(report, "arms", "Arms, and how far apart");
    sweep_add_title(report, comparison);
    if (problem)
        html_add(&report->page, "<ul class=\"mind\"><li>Not compared: ", problem, "</li></ul>\n");
    if (json_array_size(warnings)) {
        text_add(&report->page, "<ul class=\"mind\">\n");
        for (size_t k = 0; k < json_array_size(warnings); k++)
            html_add(&report->page, "<li>", json_string_value(json_array_get(warnings, k)),
                     "</li>\n");
        text_add(&report->page, "</ul>\n");
    }
    for (size_t f = 0; f < chosen; f++) {
        ReportArm *rows = arena_take(report->memory, count + 1, sizeof *rows);
        for (size_t a = 0; a < count; a++)
            rows[a] = arm_read(json_array_get(arms, a), figures[f], report);
        report_forest(report, figures[f], report_title(report, figures[f]),
                      sweep_baseline(comparison), sweep_chance(figures[f]), rows, (int)count);
    }
    add_others(report, comparison, figures, chosen);
    for (size_t f = 0; f < chosen; f++)
        add_nulls(report, comparison, figures[f]);
    add_words(report, comparison);
    text_add(&report->page,
             "<p class=\"note\">Left: the mean over runs. Right: the mean difference to the "
             "baseline's run of the same seed and fold; both with intervals by drawing subjects "
             "again over all runs, p corrected for all arms (Holm). An arm is called better where "
             "it is better than the baseline and than every null arm. Effect: the mean of the "
             "differences over their standard deviation; p over folds: the t test of Nadeau and "
             "Bengio on them, uncorrected.</p>\n");
}

/* ---- In words ---------------------------------------------------------------------------- */

static void add_arms_judged(const json_t *comparison, const char *figure, int judgement,
                            const char *words, Text *out)
{
    const json_t *arms = json_object_get(comparison, "arms");
    size_t count = 0;
    for (size_t a = 0; a < json_array_size(arms); a++) {
        const json_t *arm = json_array_get(arms, a);
        if (judgement_of(arm, figure) != judgement || is_baseline(arm))
            continue;
        html_add(out, count++ ? ", " : words, report_text(arm, "arm"), "");
    }
    text_add(out, count ? ". " : "");
}

/* "Better than “none”, but not than every null arm: smote." */
static void add_no_better(const json_t *comparison, const char *const *figures, size_t count,
                          Text *page)
{
    const json_t *arms = json_object_get(comparison, "arms");
    const char *baseline = sweep_baseline(comparison);
    size_t named = 0;
    for (size_t a = 0; a < json_array_size(arms); a++) {
        const json_t *arm = json_array_get(arms, a);
        const char *verdict = report_text(arm, "verdict");
        bool higher = false;
        for (size_t f = 0; f < count; f++) {
            const json_t *found = json_object_get(json_object_get(arm, "figures"), figures[f]);
            const json_t *apart = json_object_get(found, "difference");
            higher = higher || (report_number(json_object_get(found, "p")) < 0.05 &&
                                report_number(json_object_get(apart, "value")) > 0);
        }
        if (!higher || !verdict || strcmp(verdict, "no evidence") != 0 ||
            !json_array_size(json_object_get(arm, "against")))
            continue;
        if (named++)
            html_add(page, ", ", report_text(arm, "arm"), "");
        else {
            html_add(page, "<li>Above “", baseline ? baseline : "the baseline",
                     "” in a figure, but no better than every null arm: ");
            html_add(page, "", report_text(arm, "arm"), "");
        }
    }
    text_add(page, named ? ".</li>\n" : "");
}

void sweep_add_answer(Report *report, const json_t *comparison)
{
    const char *figures[FIGURES_DRAWN], *withheld = report_text(comparison, "withheld");
    const char *problem = report_text(comparison, "problem"),
               *baseline = sweep_baseline(comparison);
    size_t chosen = sweep_figures(comparison, figures);
    const json_t *words = json_object_get(comparison, "words");
    Text answer = {0}, *page = &report->page;
    for (size_t f = 0; f < chosen; f++) {
        const char *title = report_title(report, figures[f]);
        add_arms_judged(comparison, figures[f], 1,
                        arena_format(report->memory, "Higher %s: ", title), &answer);
        add_arms_judged(comparison, figures[f], -1,
                        arena_format(report->memory, "Lower %s: ", title), &answer);
    }
    text_add(page, "<p class=\"answer\">");
    if (problem)
        html_add(page, "No verdict: ", problem, "");
    else if (withheld)
        html_add(page, "No verdict: control “", withheld, "” failed.");
    else if (answer.length)
        text_add(page, text_value(&answer));
    else
        html_add(page, "No evidence that any arm differs from “",
                 baseline ? baseline : "the baseline", "”.");
    text_add(page, "</p>\n<ul>\n");
    for (size_t k = 0; k < json_array_size(words); k++)
        if (!tells_nothing(json_string_value(json_array_get(words, k))))
            html_add(page, "<li>", json_string_value(json_array_get(words, k)), "</li>\n");
    add_no_better(comparison, figures, chosen, page);
    text_add(page, "</ul>\n");
    text_free(&answer);
}

void sweep_add_surety(Report *report, const json_t *comparison, Text *list)
{
    const json_t *arms = json_object_get(comparison, "arms");
    double subjects = report_number(json_object_get(comparison, "subjects")), pairs = 0;
    for (size_t a = 0; a < json_array_size(arms); a++)
        pairs = fmax(pairs, report_number(json_object_get(json_array_get(arms, a), "pairs")));
    if (subjects >= 1) {
        text_add(&report->page, "<p class=\"big\">");
        html_count(&report->page, subjects);
        text_add(&report->page, " subjects</p>\n");
    }
    if (pairs >= 1)
        text_format(list,
                    "<li>%.0f pairs of runs an arm, each with the baseline's of its seed and "
                    "fold; they share subjects, so subjects are drawn again, not runs.</li>\n",
                    pairs);
}

void sweep_add_controls(Report *report)
{
    const json_t *controls = json_object_get(report->sweep, "controls");
    Text *page = &report->page;
    if (!json_array_size(controls))
        return;
    report_heading(report, "controls", "Controls");
    text_add(page, "<table><thead><tr><th>control</th><th class=\"n\">mean</th><th class=\"n\">"
                   "has to lie in</th><th class=\"n\">runs</th><th></th></tr></thead>\n<tbody>\n");
    for (size_t k = 0; k < json_array_size(controls); k++) {
        const json_t *control = json_array_get(controls, k);
        bool passed = json_is_true(json_object_get(control, "passed"));
        html_add(page, "<tr><td>", report_text(control, "name"), "</td><td class=\"n\">");
        html_figure(page, report_number(json_object_get(control, "mean")));
        text_add(page, "</td><td class=\"n\">");
        html_figure(page, report_number(json_object_get(control, "low")));
        text_add(page, " to ");
        html_figure(page, report_number(json_object_get(control, "high")));
        text_add(page, "</td><td class=\"n\">");
        html_count(page, report_number(json_object_get(control, "runs")));
        text_add(page,
                 passed ? "</td><td>passed</td></tr>\n" : "</td><td><b>failed</b></td></tr>\n");
    }
    text_add(page, "</tbody></table>\n");
}
