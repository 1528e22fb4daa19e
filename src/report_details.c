/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stands behind it all: every word, every figure, and what is needed to do it again. */
#include <math.h>
#include <string.h>

#include "report_parts.h"

enum { GRAPH_MOST = 1 << 24, ROWS_MOST = 20000 };

/* ---- Subjects, where they were asked for ------------------------------------------------- */

static void add_cell(Text *page, const FornixTable *table, int column, int64_t row)
{
    const FornixColumn *c = fornix_column(table, column);
    if (c->kind & FORNIX_WEIGHT) {
        text_add(page, "<td class=\"n\">");
        html_figure(page, fornix_real(table, column, row));
    } else {
        int32_t class = fornix_label(table, column, row);
        text_add(page, "<td>");
        if (class >= 0 && class < c->classes && c->class_names)
            text_add_html(page, c->class_names[class]);
        else
            text_format(page, "%d", (int)class);
    }
    text_add(page, "</td>");
}

static bool is_plain(const FornixColumn *column)
{
    return column->kind & (FORNIX_WEIGHT | FORNIX_LABEL);
}

static void add_subject_table(Report *report, const ReportNode *node, const FornixTable *table)
{
    Text *page = &report->page;
    int64_t rows = fornix_rows(table) < ROWS_MOST ? fornix_rows(table) : ROWS_MOST;
    html_add(page, "<details data-subjects=\"1\"><summary>", node->id,
             "</summary>\n"
             "<div class=\"scroll\"><table><thead><tr><th>subject</th>");
    for (int c = 0; c < fornix_columns(table); c++)
        if (is_plain(fornix_column(table, c)))
            html_add(page, "<th>", fornix_column(table, c)->name, "</th>");
    text_add(page, "</tr></thead>\n<tbody>\n");
    for (int64_t row = 0; row < rows; row++) {
        html_add(page, "<tr><td class=\"t\">", fornix_row(table, row)->subject, " ");
        html_add(page, "", fornix_row(table, row)->name, "</td>");
        for (int c = 0; c < fornix_columns(table); c++)
            if (is_plain(fornix_column(table, c)))
                add_cell(page, table, c, row);
        text_add(page, "</tr>\n");
    }
    text_add(page, "</tbody></table></div></details>\n");
}

void report_subjects(Report *report)
{
    if (!report->request->with_subjects)
        return;
    report_heading(report, "subjects", "Subjects");
    for (int k = 0; k < report->node_count; k++) {
        const FornixTable *table =
            report_judges(&report->nodes[k]) ? report_table(report, &report->nodes[k]) : NULL;
        if (table)
            add_subject_table(report, &report->nodes[k], table);
    }
}

/* ---- Words and figures ------------------------------------------------------------------- */

static void add_lines(Report *report)
{
    Text *page = &report->page;
    text_add(page, "<details id=\"words\"><summary>Everything that the nodes said</summary>\n");
    for (int k = 0; k < report->node_count; k++) {
        const json_t *lines = report->nodes[k].lines;
        if (!json_array_size(lines))
            continue;
        html_add(page, "<h3>", report->nodes[k].id, "</h3>\n<pre>");
        for (size_t l = 0; l < json_array_size(lines); l++) {
            const json_t *line = json_array_get(lines, l);
            text_add(page, json_is_true(json_object_get(line, "warning")) ? "! " : "");
            html_add(page, "", report_text(line, "text"), "\n");
        }
        text_add(page, "</pre>\n");
    }
    text_add(page, "</details>\n");
}

static void add_figures(Report *report)
{
    Text *page = &report->page;
    text_add(page, "<details id=\"figures\"><summary>Every figure</summary>\n");
    for (int k = 0; k < report->node_count; k++) {
        const char *name;
        json_t *value, *figures = (json_t *)(uintptr_t)report->nodes[k].figures;
        if (!json_object_size(figures))
            continue;
        html_add(page, "<h3>", report->nodes[k].id, "</h3>\n<table>\n");
        json_object_foreach(figures, name, value)
        {
            html_add(page, "<tr><td class=\"mono\">", name, "</td><td class=\"n\">");
            html_figure(page, report_number(value));
            text_add(page, "</td></tr>\n");
        }
        text_add(page, "</table>\n");
    }
    text_add(page, "</details>\n");
}

/* ---- The manifest ------------------------------------------------------------------------ */

static void add_fact(Text *page, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    html_add(page, "<tr><td>", name, "</td>");
    html_add(page, "<td class=\"mono\">", value, "</td></tr>\n");
}

static void add_facts(Report *report)
{
    static const char *const facts[][2] = {{"graph", "graph file"},
                                           {"ended", "ended"},
                                           {"fornix", "fornix"},
                                           {"isa", "instruction set"},
                                           {"machine", "machine"}};
    const json_t *m = report->manifest;
    text_add(&report->page, "<table class=\"facts\">\n");
    for (size_t k = 0; k < COUNT(facts); k++)
        add_fact(&report->page, facts[k][1], report_text(m, facts[k][0]));
    double threads = report_number(json_object_get(m, "threads"));
    if (threads >= 0)
        add_fact(&report->page, "threads", arena_format(report->memory, "%.0f", threads));
    text_add(&report->page, "</table>\n");
}

static void add_params(Report *report)
{
    const json_t *settings = json_object_get(report->manifest, "settings");
    Text *page = &report->page;
    if (!json_array_size(settings))
        return;
    text_add(page, "<h3>Params</h3>\n<div class=\"scroll\"><table class=\"params\"><thead><tr>"
                   "<th>name</th><th>value</th><th></th></tr></thead>\n<tbody>\n");
    for (size_t k = 0; k < json_array_size(settings); k++) {
        const json_t *param = json_array_get(settings, k);
        bool given = json_is_true(json_object_get(param, "given"));
        html_add(page, "<tr><td class=\"t\">", report_text(param, "name"), "</td>");
        html_add(page, given ? "<td class=\"mono\"><b>" : "<td class=\"mono\">",
                 report_text(param, "value"), given ? "</b></td>" : "</td>");
        html_add(page, "<td class=\"quiet\">", report_text(param, "doc"), "");
        text_add(page, given ? " (given with -p)</td></tr>\n" : "</td></tr>\n");
    }
    text_add(page, "</tbody></table></div>\n");
}

static void add_keys(Report *report)
{
    Text *page = &report->page;
    text_add(page, "<details id=\"keys\"><summary>Keys: hashes of all that each node's result "
                   "depends on</summary>\n<table>\n");
    for (int k = 0; k < report->node_count; k++) {
        html_add(page, "<tr><td class=\"t\">", report->nodes[k].id, "</td>");
        html_add(page, "<td class=\"mono\">", report_text(report->nodes[k].entry, "key"),
                 "</td></tr>\n");
    }
    text_add(page, "</table></details>\n");
}

void report_manifest(Report *report)
{
    if (!report->manifest)
        return;
    report_heading(report, "manifest", "To do it again");
    add_facts(report);
    add_params(report);
    add_keys(report);
}

void report_details(Report *report)
{
    report_manifest(report);
    char *graph = report_file(report, "graph.xml", GRAPH_MOST);
    if (graph)
        html_add(&report->page, "<details id=\"source\"><summary>The graph file</summary>\n<pre>",
                 graph, "</pre></details>\n");
    mem_free(graph);
    add_lines(report);
    add_figures(report);
}
