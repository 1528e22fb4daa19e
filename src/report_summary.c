/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The head of a run's report: what was asked, what came out, how sure that is. */
#include <math.h>
#include <string.h>

#include "report_parts.h"

enum { GRAPH_MOST = 1 << 24 };

/* ---- Title ------------------------------------------------------------------------------- */

static void add_byline_fact(Text *page, const char *name, const char *value)
{
    if (value && *value)
        html_add(page, name, value, "");
}

static void add_byline(Report *report)
{
    const json_t *m = report->manifest;
    Text *page = &report->page;
    text_add(page, "<p class=\"byline\">");
    add_byline_fact(page, "", report_text(m, "ended"));
    double seconds = report_number(json_object_get(m, "seconds"));
    if (seconds >= 0) {
        text_add(page, " · ran ");
        html_seconds(page, seconds);
    }
    double threads = report_number(json_object_get(m, "threads"));
    if (threads >= 1)
        text_format(page, " on %.0f thread%s", threads, threads > 1 ? "s" : "");
    add_byline_fact(page, " · fornix ", report_text(m, "fornix"));
    add_byline_fact(page, " · instruction set ", report_text(m, "isa"));
    text_add(page, "</p>\n");
}

static void add_red(Report *report)
{
    Text list = {0};
    report_red_lines(report, &list);
    if (json_is_true(json_object_get(report->manifest, "smoke")))
        text_add(&list, "<li>A smoke run: one batch of everything. None of its figures mean "
                        "anything.</li>\n");
    if (list.length)
        text_format(&report->page, "<ul class=\"warnings\">\n%s</ul>\n", text_value(&list));
    text_free(&list);
}

/* ---- Asked ------------------------------------------------------------------------------- */

/* The first paragraph of the comment above the root: what the author says that it is. */
static char *author_words(Report *report)
{
    char *graph = report_file(report, "graph.xml", GRAPH_MOST);
    const char *open = graph ? strstr(graph, "<!--") : NULL;
    const char *root = graph ? strstr(graph, "<graph") : NULL;
    const char *close = open ? strstr(open, "-->") : NULL;
    Text words = {0};
    for (const char *at = open + 4; close && root && close < root && at < close; at++) {
        bool blank = strchr(" \t\r\n", *at) != NULL;
        if (*at == '\n' && words.length && at[1 + strspn(at + 1, " \t\r")] == '\n')
            break;
        if (!blank)
            text_add_slice(&words, at, 1);
        else if (words.length && words.data[words.length - 1] != ' ')
            text_add(&words, " ");
    }
    mem_free(graph);
    while (words.length && strchr(" :", words.data[words.length - 1]))
        words.data[--words.length] = '\0';
    return words.data;
}

static void add_arms_asked(Report *report, const ReportVerdict *verdict)
{
    Text *page = &report->page, names = {0};
    int others = 0;
    for (int a = 0; a < verdict->count; a++)
        if (!report_is_baseline(report, verdict, a))
            html_add(&names, others++ ? ", " : "", report_label(report, verdict->arms[a]), "");
    const char *first = verdict->figure_count ? report_title(report, verdict->figures[0]) : NULL;
    if (others > 1)
        text_format(page, "<p class=\"big\">Is any of %d arms better than ", others);
    else
        text_format(page, "<p class=\"big\">Is %s better than ",
                    others ? text_value(&names) : "one arm");
    if (verdict->baseline)
        html_add(page, "“", verdict->baseline, "”");
    else
        text_add(page, "its baseline");
    text_add(page, "?</p>\n");
    if (others > 1)
        text_format(page, "<p>%s</p>\n", text_value(&names));
    if (first) {
        html_add(page, "<p class=\"quiet\">Judged by ", first, "");
        if (verdict->figure_count > 1)
            html_add(page, " and ", report_title(report, verdict->figures[1]), "");
        text_add(page, ".</p>\n");
    }
    text_free(&names);
}

static void add_asked(Report *report, const ReportVerdict *verdicts, int count)
{
    char *words = author_words(report);
    text_add(&report->page, "<div data-part=\"asked\"><h2>Asked</h2>\n");
    for (int k = 0; k < count; k++)
        add_arms_asked(report, &verdicts[k]);
    if (words)
        html_add(&report->page, count ? "<p class=\"quiet\">" : "<p>", words, "</p>\n");
    if (!count && !words)
        text_add(&report->page, "<p>The graph does not say. A comment above its root would stand "
                                "here.</p>\n");
    text_add(&report->page, "</div>\n");
    mem_free(words);
}

/* ---- Found ------------------------------------------------------------------------------- */

/* "Higher AUC than “none”: smote. " of the arms that are judged so, and differ in this figure. */
static void add_judged(Report *report, const ReportVerdict *verdict, const char *figure,
                       int judgement, Text *answer)
{
    Text names = {0};
    bool withheld;
    int count = 0;
    for (int a = 0; a < verdict->count; a++) {
        const char *label = report_label(report, verdict->arms[a]);
        ReportFigure apart = report_figure(verdict->node, "difference.%s.%s", figure, label);
        ReportFigure p = report_figure(verdict->node, "p.%s.%s", figure, label);
        if (p.value < verdict->level && (apart.value > 0) - (apart.value < 0) == judgement &&
            report_judgement(report, verdict, a, &withheld) && !withheld)
            html_add(&names, count++ ? ", " : "", label, "");
    }
    if (count) {
        html_add(answer, judgement > 0 ? "Higher " : "Lower ", report_title(report, figure),
                 " than ");
        html_add(answer, "“", verdict->baseline ? verdict->baseline : "the baseline", "”: ");
        text_format(answer, "%s. ", text_value(&names));
    }
    text_free(&names);
}

static bool is_withheld(Report *report, const ReportVerdict *verdict)
{
    bool withheld = false;
    for (int a = 0; a < verdict->count && !withheld; a++)
        if (!report_is_baseline(report, verdict, a))
            report_judgement(report, verdict, a, &withheld);
    return withheld;
}

static void add_answer(Report *report, const ReportVerdict *verdict)
{
    Text *page = &report->page, answer = {0}, words = {0};
    for (int f = 0; f < verdict->figure_count && f < 2; f++) {
        add_judged(report, verdict, verdict->figures[f], 1, &answer);
        add_judged(report, verdict, verdict->figures[f], -1, &answer);
    }
    text_add(page, "<p class=\"answer\">");
    if (is_withheld(report, verdict))
        text_add(page, "No verdict: it is withheld.");
    else if (answer.length)
        text_add(page, text_value(&answer));
    else
        html_add(page, "No evidence that any arm differs from “",
                 verdict->baseline ? verdict->baseline : "the baseline", "”.");
    text_add(page, "</p>\n");
    report_words(verdict->node, &words);
    if (words.length)
        text_format(page, "<ul>\n%s</ul>\n", text_value(&words));
    text_free(&answer);
    text_free(&words);
}

static void add_score(Report *report, const ReportNode *node)
{
    const char *figure = report_main_figure(node);
    if (!figure)
        return;
    ReportFigure found = report_figure(node, "%s", figure);
    html_add(&report->page, "<p class=\"answer\">", report_title(report, figure), " ");
    html_interval(&report->page, found.value, found.low, found.high);
    html_add(&report->page, " <span class=\"quiet\">", node->id, "</span></p>\n");
}

static void add_found(Report *report, const ReportVerdict *verdicts, int count)
{
    enum { SCORES_TOLD = 6 };
    text_add(&report->page, "<div data-part=\"found\"><h2>Found</h2>\n");
    for (int k = 0; k < count; k++)
        add_answer(report, &verdicts[k]);
    int told = 0;
    for (int k = 0; k < report->node_count && !count; k++)
        if (report_judges(&report->nodes[k]) && told++ < SCORES_TOLD)
            add_score(report, &report->nodes[k]);
    if (told > SCORES_TOLD)
        text_format(&report->page, "<p>… and %d more below.</p>\n", told - SCORES_TOLD);
    if (!told && !count)
        text_add(&report->page, "<p>Nothing was judged in this graph.</p>\n");
    text_add(&report->page, "</div>\n");
}

/* ---- How sure ---------------------------------------------------------------------------- */

static int count_warnings(const Report *report)
{
    int count = 0;
    for (int n = 0; n < report->node_count; n++)
        for (size_t k = 0; k < json_array_size(report->nodes[n].lines); k++)
            count +=
                json_is_true(json_object_get(json_array_get(report->nodes[n].lines, k), "warning"));
    return count;
}

/* How many were judged: "120 subjects". */
static void add_subjects(Report *report, const ReportNode *node)
{
    ReportFigure subjects = report_figure(node, "subjects");
    ReportFigure clusters = report_figure(node, "clusters"),
                 samples = report_figure(node, "samples");
    double judged = subjects.there ? subjects.value : clusters.value;
    if (!(judged >= 1))
        return;
    text_add(&report->page, "<p class=\"big\">");
    html_count(&report->page, judged);
    text_add(&report->page, judged > 1 ? " subjects judged" : " subject judged");
    if (samples.value > judged) {
        text_add(&report->page, " <span class=\"quiet\">in ");
        html_count(&report->page, samples.value);
        text_add(&report->page, " samples</span>");
    }
    text_add(&report->page, "</p>\n");
}

static bool covers_chance(const ReportNode *node)
{
    ReportFigure auc = report_figure(node, "auc");
    return auc.low <= 0.5 && auc.high >= 0.5;
}

static void add_chance(Report *report)
{
    Text inside = {0};
    int judged = 0, covering = 0;
    for (int k = 0; k < report->node_count; k++) {
        const ReportNode *node = &report->nodes[k];
        if (!report_is(node, "evaluate_classification") || isnan(report_figure(node, "auc").low))
            continue;
        judged++;
        if (covers_chance(node))
            html_add(&inside, covering++ ? ", " : "", report_label(report, node), "");
    }
    if (covering && covering == judged)
        text_add(&report->page, "<li><b>Every AUC interval covers chance (.5): these scores carry "
                                "no evidence that the classes can be told apart.</b></li>\n");
    else if (covering)
        text_format(&report->page,
                    "<li><b>Chance (AUC .5) lies inside the interval of %s.</b></li>\n",
                    text_value(&inside));
    else if (judged)
        text_format(&report->page, "<li>Chance (AUC .5) lies outside %s.</li>\n",
                    judged > 1 ? "every interval" : "the interval");
    text_free(&inside);
}

static void add_heading_line(Report *report, const ReportNode *node)
{
    const json_t *line = json_array_get(node->lines, 0);
    const char *text = report_text(line, "text");
    if (text && *text != ' ')
        html_add(&report->page, "<li>", text, "</li>\n");
}

static const ReportNode *first_judge(const Report *report)
{
    for (int k = 0; k < report->node_count; k++)
        if (report_judges(&report->nodes[k]))
            return &report->nodes[k];
    return NULL;
}

static void add_sure(Report *report, const ReportVerdict *verdicts, int count)
{
    int warnings = count_warnings(report);
    const ReportNode *judge =
        count && verdicts[0].count ? verdicts[0].arms[0] : first_judge(report);
    text_add(&report->page, "<div data-part=\"sure\"><h2>How sure</h2>\n");
    if (judge)
        add_subjects(report, judge);
    text_add(&report->page, "<ul>\n");
    for (int k = 0; k < count; k++)
        add_heading_line(report, verdicts[k].node);
    if (!count && judge)
        add_heading_line(report, judge);
    add_chance(report);
    for (int k = 0; k < count; k++)
        if (report_figure(verdicts[k].node, "controls_failed").value > 0)
            text_add(&report->page, "<li><b>A control failed: mind what is said below.</b></li>\n");
    if (warnings)
        text_format(&report->page, "<li><b>%d warning%s</b>, beside what %s.</li>\n", warnings,
                    warnings > 1 ? "s" : "", warnings > 1 ? "they concern" : "it concerns");
    else
        text_add(&report->page, "<li>No warnings.</li>\n");
    text_add(&report->page, "</ul></div>\n");
}

void report_summary(Report *report)
{
    int count;
    ReportVerdict *verdicts = report_verdicts(report, &count);
    add_byline(report);
    add_red(report);
    text_add(&report->page, "</header>\n<section class=\"lead\">\n");
    add_asked(report, verdicts, count);
    add_found(report, verdicts, count);
    add_sure(report, verdicts, count);
    text_add(&report->page, "</section>\n");
}
