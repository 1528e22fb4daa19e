/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A run's report.html: what must not be missed first, then what was found, then how. */
#include "report.h"

#include <math.h>
#include <string.h>

#include "file.h"
#include "report_parts.h"

static const char head[] =
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<style>\n"
    ":root { color-scheme: light dark; --line: #8886; --ink: #0b6aa2; --red: #b3261e }\n"
    "@media (prefers-color-scheme: dark) { :root { --ink: #6bb8e8; --red: #ff8a80 } }\n"
    "body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto;"
    " padding: 0 1rem }\n"
    "h1 { margin-bottom: 0 }\n"
    "h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line) }\n"
    "h3 { margin-bottom: .3rem }\n"
    "pre { overflow-x: auto; font: 13px/1.45 ui-monospace, monospace; padding: .6rem;"
    " border: 1px solid var(--line); border-radius: 6px }\n"
    ".warnings { border-left: 4px solid var(--red); padding-left: 1rem; color: var(--red) }\n"
    "table { border-collapse: collapse; font-variant-numeric: tabular-nums }\n"
    "td, th { text-align: left; padding: .15rem .9rem .15rem 0;"
    " border-bottom: 1px solid var(--line) }\n"
    "td.number { text-align: right }\n"
    ".charts { display: flex; flex-wrap: wrap; gap: 1rem }\n"
    "figure { margin: 0; width: 18rem }\n"
    "figcaption { font-size: .85rem }\n"
    "svg { fill: none; stroke: var(--ink); stroke-width: 1.5; width: 100% }\n"
    "svg.interval { width: 10.5rem; height: 12px }\n"
    "svg circle { fill: var(--ink); stroke: none }\n"
    "svg .axes { stroke: var(--line); stroke-width: 1 }\n"
    "svg text { fill: currentColor; stroke: none; font-size: 11px }\n"
    ".quiet { opacity: .7 }\n"
    "</style>\n";

static void add_between(Text *page, const char *before, const char *text, const char *after)
{
    text_add(page, before);
    text_add_html(page, text ? text : "");
    text_add(page, after);
}

static bool warns_of(const ReportNode *node, const char *text)
{
    for (int k = 0; k < node->line_count; k++)
        if (node->lines[k].warning && strcmp(node->lines[k].text, text) == 0)
            return true;
    return false;
}

/* Whether no line of its own tells what a node's acknowledgement is for. */
static bool acknowledges_alone(const ReportNode *node)
{
    bool alone = node->acknowledged && *node->acknowledged;
    for (int k = 0; k < node->line_count; k++)
        alone = alone && !(node->lines[k].warning && strstr(node->lines[k].text, "acknowledged: "));
    return alone;
}

/* Once, with all the nodes that say so; nothing where a node before `first` said it. */
static void add_warning(Text *page, const Report *report, int first, const char *text)
{
    for (int i = 0; i < first; i++)
        if (warns_of(&report->nodes[i], text))
            return;
    const char *before = "<li><b>";
    for (int i = first; i < report->node_count; i++)
        if (warns_of(&report->nodes[i], text)) {
            add_between(page, before, report->nodes[i].id, "</b>");
            before = ", <b>";
        }
    add_between(page, ": ", text, "</li>\n");
}

static void add_warnings(Text *page, const Report *report)
{
    Text warnings = {0};
    for (int i = 0; i < report->node_count; i++) {
        const ReportNode *node = &report->nodes[i];
        if (acknowledges_alone(node)) {
            add_between(&warnings, "<li><b>", node->id, "</b>: acknowledged: ");
            add_between(&warnings, "", node->acknowledged, "</li>\n");
        }
        for (int k = 0; k < node->line_count; k++)
            if (node->lines[k].warning)
                add_warning(&warnings, report, i, node->lines[k].text);
    }
    if (warnings.length) {
        text_add(page, "<h2>Mind this</h2>\n<ul class=\"warnings\">\n");
        text_add(page, text_value(&warnings));
        text_add(page, "</ul>\n");
    }
    text_free(&warnings);
}

/* Verdicts come last in a graph and are read first: nodes in reverse order. */
static void add_findings(Text *page, const Report *report)
{
    bool any = false;
    for (int i = report->node_count - 1; i >= 0; i--) {
        const ReportNode *node = &report->nodes[i];
        Text lines = {0};
        for (int k = 0; k < node->line_count; k++)
            if (!node->lines[k].warning)
                add_between(&lines, "", node->lines[k].text, "\n");
        if (lines.length) {
            if (!any)
                text_add(page, "<h2>Findings</h2>\n");
            any = true;
            add_between(page, "<h3>", node->id, "</h3>\n<pre>");
            text_add(page, text_value(&lines));
            text_add(page, "</pre>\n");
        }
        text_free(&lines);
    }
}

static void add_number(Text *page, double value)
{
    if (isnan(value))
        text_add(page, "undefined");
    else
        text_format(page, "%.4g", value);
}

static void add_metric(Text *page, const TableMetric *metric)
{
    add_between(page, "<tr><td>", metric->name, "</td><td class=\"number\">");
    add_number(page, metric->value);
    text_add(page, "</td><td>");
    if (metric->interval) {
        text_add(page, "[");
        add_number(page, metric->low);
        text_add(page, ", ");
        add_number(page, metric->high);
        text_add(page, "]");
    }
    text_add(page, "</td><td>");
    interval_add(page, metric);
    text_add(page, "</td></tr>\n");
}

static void add_metrics(Text *page, const Report *report)
{
    text_add(page, "<h2>Figures</h2>\n");
    for (int i = 0; i < report->node_count; i++) {
        const ReportNode *node = &report->nodes[i];
        if (!node->metric_count)
            continue;
        add_between(page, "<details><summary>", node->id, " <span class=\"quiet\">");
        add_between(page, "", node->type, "</span></summary>\n<table>\n");
        for (int k = 0; k < node->metric_count; k++)
            add_metric(page, &node->metrics[k]);
        text_add(page, "</table></details>\n");
    }
}

static void add_curves(Text *page, const Report *report)
{
    bool any = false;
    for (int i = 0; i < report->node_count; i++) {
        const ReportNode *node = &report->nodes[i];
        if (!node->curves || !*node->curves)
            continue;
        if (!any)
            text_add(page, "<h2>Learning</h2>\n");
        any = true;
        add_between(page, "<h3>", node->id, "</h3>\n");
        charts_add(page, node->curves);
    }
}

static void add_run(Text *page, const Report *report)
{
    text_add(page, "<h2>Run</h2>\n<table>\n");
    for (int i = 0; i < report->fact_count; i++) {
        add_between(page, "<tr><td>", report->facts[i].name, "</td><td>");
        add_between(page, "", report->facts[i].value, "</td></tr>\n");
    }
    text_add(page, "</table>\n<details><summary>Nodes and their seconds</summary>\n<table>\n");
    for (int i = 0; i < report->node_count; i++) {
        const ReportNode *node = &report->nodes[i];
        add_between(page, "<tr><td>", node->id, "</td><td class=\"quiet\">");
        add_between(page, "", node->type, "</td><td class=\"number\">");
        text_format(page, "%.1f</td><td class=\"quiet\">%s</td></tr>\n", node->seconds,
                    node->cached ? "from the cache" : "");
    }
    text_add(page, "</table></details>\n");
    if (report->graph)
        add_between(page, "<details><summary>The graph</summary>\n<pre>", report->graph,
                    "</pre></details>\n");
}

bool report_write(const char *path, const Report *report, FornixError *error)
{
    Text page = {0};
    text_add(&page, "<!DOCTYPE html>\n<html lang=\"en\">\n<title>");
    text_add_html(&page, report->title);
    text_add(&page, "</title>\n");
    text_add(&page, head);
    add_between(&page, "<h1>", report->title, "</h1>\n");
    add_warnings(&page, report);
    add_findings(&page, report);
    add_curves(&page, report);
    add_metrics(&page, report);
    add_run(&page, report);
    text_add(&page, "</html>\n");
    bool written = file_write(path, text_value(&page), page.length, error);
    text_free(&page);
    return written;
}
