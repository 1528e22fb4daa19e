/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Arms under one another on one scale: what each reached, how far from the baseline, how sure. */
#include <math.h>
#include <string.h>

#include "report_parts.h"
#include "statistics.h"

/* ---- A forest ---------------------------------------------------------------------------- */

enum { SCALE_WIDTH = 190 };

static PlotScale scale_of(const ReportArm *arms, int count, double mark, bool apart)
{
    double *values = mem_new((size_t)count * 3 + 1, sizeof *values);
    for (int k = 0; k < count; k++) {
        const ReportFigure *figure = apart ? &arms[k].apart : &arms[k].value;
        values[3 * k] = figure->value;
        values[3 * k + 1] = figure->low;
        values[3 * k + 2] = figure->high;
    }
    values[3 * count] = mark;
    PlotScale scale = {.axis = plot_axis(values, (size_t)count * 3 + 1, apart),
                       .mark = mark,
                       .width = SCALE_WIDTH};
    if (apart) { /* no difference stands off the edge */
        scale.axis.low = fmin(scale.axis.low, -scale.axis.high / 5);
        scale.axis.high = fmax(scale.axis.high, -scale.axis.low / 5);
    }
    mem_free(values);
    return scale;
}

static const char *look_of(const ReportArm *arm)
{
    return arm->is_baseline ? "c5" : arm->verdict > 0 ? "c2" : arm->verdict < 0 ? "c1" : "c0";
}

static void add_label(Text *page, const ReportArm *arm)
{
    html_add(page, "<td class=\"arm\">", arm->label, "");
    if (arm->verdict)
        text_add(page, arm->verdict > 0 ? " ▲" : " ▼");
    if (arm->is_baseline || arm->note) {
        text_add(page, " <span class=\"quiet\">");
        text_add(page, arm->is_baseline ? arm->note ? "baseline, " : "baseline" : "");
        html_add(page, "", arm->note, "</span>");
    }
    text_add(page, "</td>");
}

static void add_row(Text *page, const ReportArm *arm, const PlotScale *scale,
                    const PlotScale *apart)
{
    char p[FIGURE_TEXT];
    text_add(page, "<tr>");
    add_label(page, arm);
    text_add(page, "<td>");
    plot_scale_row(page, scale, arm->value.value, arm->value.low, arm->value.high, look_of(arm));
    text_add(page, "</td><td class=\"n\">");
    html_interval(page, arm->value.value, arm->value.low, arm->value.high);
    text_add(page, "</td>");
    if (apart) {
        text_add(page, "<td>");
        plot_scale_row(page, apart, arm->apart.value, arm->apart.low, arm->apart.high,
                       look_of(arm));
        text_add(page, "</td><td class=\"n\">");
        if (arm->apart.there)
            html_interval(page, arm->apart.value, arm->apart.low, arm->apart.high);
        text_add(page, "</td><td class=\"n\">");
        if (!isnan(arm->p))
            html_add(page, arm->verdict ? "<b>" : "", p_text(arm->p, p),
                     arm->verdict ? "</b>" : "");
        text_add(page, "</td>");
    }
    text_add(page, "</tr>\n");
}

static void add_head(Text *page, const char *title, const char *baseline, const PlotScale *scale,
                     const PlotScale *apart)
{
    text_add(page, "<thead><tr><th></th><th class=\"s\">");
    plot_scale_head(page, scale, "chance");
    html_add(page, "</th><th class=\"n\">", title, "</th>");
    if (apart) {
        text_add(page, "<th class=\"s\">");
        plot_scale_head(page, apart, "no difference");
        html_add(page, "</th><th class=\"n\">less “", baseline ? baseline : "its baseline",
                 "”</th><th class=\"n\">p</th>");
    }
    text_add(page, "</tr></thead>\n");
}

void report_forest(Report *report, const char *of, const char *title, const char *baseline,
                   double chance, const ReportArm *arms, int count)
{
    bool differences = false;
    for (int k = 0; k < count; k++)
        differences = differences || arms[k].apart.there;
    PlotScale scale = scale_of(arms, count, chance, false);
    PlotScale apart = scale_of(arms, count, 0, true);
    report_figure_begin(report, "forest", of, NULL);
    text_format(&report->page, "<div class=\"scroll\"><table class=\"forest\" data-rows=\"%d\">\n",
                count);
    add_head(&report->page, title, baseline, &scale, differences ? &apart : NULL);
    text_add(&report->page, "<tbody>\n");
    for (int k = 0; k < count; k++)
        add_row(&report->page, &arms[k], &scale, differences ? &apart : NULL);
    text_add(&report->page, "</tbody></table></div>\n");
    report_figure_end(report);
}

/* ---- Of a comparison --------------------------------------------------------------------- */

static const char *chance_note(const ReportNode *node, const char *figure)
{
    double chance = report_chance(node, figure);
    ReportFigure found = report_figure(node, "%s", figure);
    return found.low <= chance && found.high >= chance ? "covers chance" : NULL;
}

static void add_comparison(Report *report, const ReportVerdict *verdict, const char *figure)
{
    ReportArm *arms = arena_take(report->memory, (size_t)verdict->count + 1, sizeof *arms);
    for (int a = 0; a < verdict->count; a++) {
        const char *label = report_label(report, verdict->arms[a]);
        bool withheld;
        arms[a] =
            (ReportArm){.label = label,
                        .note = chance_note(verdict->arms[a], figure),
                        .value = report_figure(verdict->arms[a], "%s", figure),
                        .apart = report_figure(verdict->node, "difference.%s.%s", figure, label),
                        .p = report_figure(verdict->node, "p.%s.%s", figure, label).value,
                        .is_baseline = report_is_baseline(report, verdict, a)};
        if (arms[a].p < verdict->level && report_judgement(report, verdict, a, &withheld))
            arms[a].verdict = arms[a].apart.value > 0 ? 1 : -1;
    }
    double chance = verdict->count ? report_chance(verdict->arms[0], figure) : NAN;
    report_forest(report, figure, report_title(report, figure), verdict->baseline, chance, arms,
                  verdict->count);
}

/* ---- Figures of all arms ----------------------------------------------------------------- */

static bool is_told(const char *name)
{
    static const char *const plain[] = {"balanced_accuracy",
                                        "auc",
                                        "accuracy",
                                        "macro_f1",
                                        "average_precision",
                                        "g_mean",
                                        "mcc",
                                        "kappa",
                                        "brier",
                                        "ece",
                                        "dice",
                                        "iou",
                                        "hd95",
                                        "nsd",
                                        "volume_error",
                                        "volume_bias"};
    for (size_t k = 0; k < COUNT(plain); k++)
        if (strcmp(plain[k], name) == 0)
            return true;
    return false;
}

static bool is_end(const ReportNode *node, const char *name)
{
    size_t length = strlen(name);
    const char *dot = strrchr(name, '.');
    char of[300];
    if (!dot || (strcmp(dot, ".low") != 0 && strcmp(dot, ".high") != 0) || length >= sizeof of)
        return false;
    memcpy(of, name, length + 1);
    of[dot - name] = '\0';
    return json_object_get(node->figures, of) != NULL;
}

static void add_table(Report *report, ReportNode *const *nodes, int count)
{
    Text *page = &report->page;
    const char *name;
    json_t *value, *first = (json_t *)(uintptr_t)nodes[0]->figures;
    text_add(page, "<div class=\"scroll\"><table class=\"figures\"><thead><tr><th></th>");
    json_object_foreach(first, name, value)
    {
        if ((is_told(name) || strncmp(name, "sensitivity.", 12) == 0) && !is_end(nodes[0], name))
            html_add(page, "<th class=\"n\">", report_title(report, name), "</th>");
    }
    text_add(page, "</tr></thead>\n<tbody>\n");
    for (int k = 0; k < count; k++) {
        html_add(page, "<tr><td class=\"t\">", report_label(report, nodes[k]), "</td>");
        json_object_foreach(first, name, value)
        {
            if ((!is_told(name) && strncmp(name, "sensitivity.", 12) != 0) ||
                is_end(nodes[0], name))
                continue;
            text_add(page, "<td class=\"n\">");
            html_figure(page, report_figure(nodes[k], "%s", name).value);
            text_add(page, "</td>");
        }
        text_add(page, "</tr>\n");
    }
    text_add(page, "</tbody></table></div>\n");
}

/* Whether a figure's name has one of the two in it that a verdict goes by. */
static bool is_of_main(Report *report, const ReportVerdict *verdict, const char *name)
{
    for (int f = 0; f < verdict->figure_count && f < 2; f++)
        if (strstr(name, arena_format(report->memory, ".%s.", verdict->figures[f])))
            return true;
    return false;
}

/* What arms were besides set against: permuted labels, noise ("against.noise.auc.smote"). */
static void add_nulls(Report *report, const ReportVerdict *compared)
{
    static const char before[] = "against.";
    const ReportNode *verdict = compared->node;
    const char *name;
    json_t *value;
    Text rows = {0};
    json_object_foreach((json_t *)(uintptr_t)verdict->figures, name, value)
    {
        if (strncmp(name, before, sizeof before - 1) != 0 || is_end(verdict, name) ||
            !is_of_main(report, compared, name))
            continue;
        const char *what = name + sizeof before - 1;
        ReportFigure apart = report_figure(verdict, "%s", name);
        double p = report_figure(verdict, "against_p.%s", what).value;
        char text[FIGURE_TEXT];
        html_add(&rows, "<tr><td>", what, "</td><td class=\"n\">");
        html_interval(&rows, apart.value, apart.low, apart.high);
        html_add(&rows, "</td><td class=\"n\">", isnan(p) ? "" : p_text(p, text), "</td></tr>\n");
    }
    if (rows.length)
        text_format(&report->page,
                    "<h3>Against null arms</h3>\n<table><thead><tr><th>null arm, figure, arm</th>"
                    "<th class=\"n\">difference</th><th class=\"n\">p</th></tr></thead>\n<tbody>\n"
                    "%s</tbody></table>\n",
                    text_value(&rows));
    text_free(&rows);
}

static void add_verdict(Report *report, const ReportVerdict *verdict)
{
    ReportNode **nodes = arena_take(report->memory, (size_t)verdict->count + 1, sizeof *nodes);
    memcpy(nodes, verdict->arms, (size_t)verdict->count * sizeof *nodes);
    nodes[verdict->count] = verdict->node;
    for (int f = 0; f < verdict->figure_count && f < 2; f++)
        add_comparison(report, verdict, verdict->figures[f]);
    report_warnings(report, nodes, verdict->count + 1);
    if (verdict->count)
        add_table(report, nodes, verdict->count);
    add_nulls(report, verdict);
    text_add(&report->page, "<p class=\"note\">Dots are what was reached, bars its interval; p is "
                            "corrected (Holm); ▲ and ▼ mark what differs.</p>\n");
}

/* ---- Evaluators that nobody compares ----------------------------------------------------- */

static bool is_compared(const ReportVerdict *verdicts, int count, const ReportNode *node)
{
    for (int k = 0; k < count; k++)
        for (int a = 0; a < verdicts[k].count; a++)
            if (verdicts[k].arms[a] == node)
                return true;
    return false;
}

static void add_group(Report *report, ReportNode *const *nodes, int count)
{
    const char *figure = report_main_figure(nodes[0]);
    ReportArm *arms = arena_take(report->memory, (size_t)count + 1, sizeof *arms);
    for (int k = 0; k < count; k++)
        arms[k] = (ReportArm){.label = report_label(report, nodes[k]),
                              .note = figure ? chance_note(nodes[k], figure) : NULL,
                              .value = report_figure(nodes[k], "%s", figure ? figure : ""),
                              .p = NAN};
    html_add(&report->page, "<h3>", report_base(report, nodes[0]), "</h3>\n");
    report_warnings(report, nodes, count);
    if (figure)
        report_forest(report, figure, report_title(report, figure), NULL,
                      report_chance(nodes[0], figure), arms, count);
    add_table(report, nodes, count);
}

static void add_others(Report *report, const ReportVerdict *verdicts, int count)
{
    bool *done = arena_take(report->memory, (size_t)report->node_count + 1, sizeof *done);
    ReportNode **group = arena_take(report->memory, (size_t)report->node_count + 1, sizeof *group);
    for (int k = 0; k < report->node_count; k++) {
        ReportNode *node = &report->nodes[k];
        if (done[k] || !report_judges(node) || !node->figures || is_compared(verdicts, count, node))
            continue;
        int members = 0;
        for (int other = k; other < report->node_count; other++)
            if (report->nodes[other].figures && report_judges(&report->nodes[other]) &&
                !is_compared(verdicts, count, &report->nodes[other]) &&
                strcmp(report_base(report, &report->nodes[other]), report_base(report, node)) ==
                    0) {
                group[members++] = &report->nodes[other];
                done[other] = true;
            }
        add_group(report, group, members);
    }
}

void report_arms(Report *report)
{
    int count;
    ReportVerdict *verdicts = report_verdicts(report, &count);
    bool any = count > 0;
    for (int k = 0; k < report->node_count; k++)
        any = any || (report_judges(&report->nodes[k]) && report->nodes[k].figures);
    if (!any)
        return;
    report_heading(report, "arms", count ? "Arms, and how far apart" : "What was reached");
    for (int k = 0; k < count; k++) {
        if (count > 1)
            html_add(&report->page, "<h3>", verdicts[k].node->id, "</h3>\n");
        add_verdict(report, &verdicts[k]);
    }
    add_others(report, verdicts, count);
}
