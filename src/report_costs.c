/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The graph as a picture, and what each of its nodes took. */
#include <math.h>
#include <string.h>

#include "drawing.h"
#include "file.h"
#include "report_parts.h"

/* ---- The picture ------------------------------------------------------------------------- */

enum { DRAWING_MOST = 1 << 22 };

/* What stands before <svg> is for a file of its own. Its size is in points, which the page ignores:
 * it is as large as it can be. */
static void add_svg(Report *report, const Text *picture)
{
    const char *svg = strstr(text_value(picture), "<svg");
    report_figure_begin(report, "graph", "graph", NULL);
    text_add(&report->page, "<div class=\"graph\">\n");
    text_add(&report->page, svg ? svg : "");
    text_add(&report->page, "</div>\n");
    report_figure_end(report);
}

void report_picture(Report *report)
{
    FornixError error = {0};
    char *words = report_file(report, "graph.dot", DRAWING_MOST);
    Text dot = {.data = words, .length = words ? strlen(words) : 0}, picture = {0};
    if (words) {
        report_heading(report, "graph", "The graph");
        if (drawing_render(&dot, "svg", &picture, &error))
            add_svg(report, &picture);
        else
            html_add(&report->page, "<p class=\"note\">There is no picture: ", error.text,
                     "</p>\n");
    } else {
        report_misses(report, "the graph's picture: there is no graph.dot");
    }
    text_free(&picture);
    mem_free(words);
}

/* ---- Time and memory --------------------------------------------------------------------- */

typedef struct Costs {
    double longest, largest, seconds, rest_seconds;
    int shown, rest;
} Costs;

/* Splits, sums and the like take next to nothing. */
static bool is_shown(const ReportNode *node, const Costs *costs)
{
    return node->seconds >= 0.01 * costs->longest || node->memory >= 0.01 * costs->largest;
}

static void add_row(Text *page, const ReportNode *node, const Costs *costs)
{
    html_add(page, "<tr><td class=\"t\">", node->id, " <span class=\"quiet\">");
    html_add(page, "", node->type, "</span></td><td class=\"n\">");
    html_seconds(page, node->seconds);
    text_add(page, "</td><td>");
    plot_bar(page, node->seconds / costs->longest, node->cached ? "c5" : "c0");
    text_add(page, node->cached ? "<span class=\"quiet\">from the cache</span>" : "");
    text_add(page, "</td><td class=\"n\">");
    if (node->memory > 0)
        html_bytes(page, node->memory);
    text_add(page, "</td><td>");
    if (node->memory > 0)
        plot_bar(page, node->memory / costs->largest, "c4");
    text_add(page, "</td></tr>\n");
}

static void add_total(Report *report, const Costs *costs)
{
    double wall = report_number(json_object_get(report->manifest, "seconds"));
    double peak = report_number(json_object_get(report->manifest, "memory"));
    Text *page = &report->page;
    text_add(page, "<p>");
    if (wall >= 0) {
        text_add(page, "The run took ");
        html_seconds(page, wall);
        text_add(page, "; ");
    }
    text_add(page, "its nodes, some of them side by side, ");
    html_seconds(page, costs->seconds);
    if (peak > 0) {
        text_add(page, " together. At its largest the process held ");
        html_bytes(page, peak);
    } else {
        text_add(page, " together");
    }
    text_add(page, ".</p>\n");
}

void report_costs(Report *report)
{
    Costs costs = {0};
    Text *page = &report->page;
    for (int k = 0; k < report->node_count; k++) {
        const ReportNode *node = &report->nodes[k];
        costs.longest = fmax(costs.longest, isnan(node->seconds) ? 0 : node->seconds);
        costs.largest = fmax(costs.largest, isnan(node->memory) ? 0 : node->memory);
        costs.seconds += isnan(node->seconds) ? 0 : node->seconds;
    }
    if (!(costs.longest > 0))
        return;
    report_heading(report, "costs", "Time and memory");
    add_total(report, &costs);
    report_figure_begin(report, "costs", "run", NULL);
    text_add(page, "<div class=\"scroll\"><table class=\"costs\"><thead><tr><th>node</th>"
                   "<th class=\"n\">time</th><th></th><th class=\"n\">memory</th>"
                   "<th></th></tr></thead>\n<tbody>\n");
    for (int k = 0; k < report->node_count; k++) {
        const ReportNode *node = &report->nodes[k];
        if (is_shown(node, &costs)) {
            add_row(page, node, &costs);
        } else {
            costs.rest++;
            costs.rest_seconds += isnan(node->seconds) ? 0 : node->seconds;
        }
    }
    if (costs.rest) {
        text_format(page, "<tr><td class=\"quiet\">%d others</td><td class=\"n\">", costs.rest);
        html_seconds(page, costs.rest_seconds);
        text_add(page, "</td><td></td><td></td><td></td></tr>\n");
    }
    text_add(page, "</tbody></table></div>\n");
    report_figure_end(report);
    text_add(page, "<p class=\"note\">Memory is what each node was foretold to hold while it runs "
                   "(fornix plan).</p>\n");
}
