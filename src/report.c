/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A report from top to end: its order, and what all sections look like. */
#include "report.h"

#include <string.h>

#include "file.h"
#include "report_parts.h"

static const char style[] =
    "body { max-width: 64rem; line-height: 1.5 }\n"
    "header { margin-bottom: 1.6rem }\n"
    "h1 { font-size: 1.9rem; line-height: 1.2; letter-spacing: -.01em; margin: 0 0 .2rem }\n"
    "h2 { font-size: 1.3rem; margin: 2.8rem 0 .6rem; padding-top: .7rem;\n"
    "  border-top: 2px solid var(--ink) }\n"
    "h3 { font-size: 1rem; margin: 1.4rem 0 .3rem }\n"
    ".inner h2 { font-size: 1.1rem; margin-top: 1.8rem; border-top: 1px solid var(--line) }\n"
    "p { margin: .4rem 0; max-width: 46rem }\n"
    ".byline { color: var(--quiet); font-size: .92rem; max-width: none }\n"
    ".lead { display: grid; grid-template-columns: 1fr 1.5fr 1fr; gap: 0 2rem;\n"
    "  border-top: 2px solid var(--ink); padding-top: .8rem }\n"
    ".lead h2 { border: 0; padding: 0; margin: 0 0 .3rem; font-size: .82rem; color: var(--quiet);\n"
    "  font-weight: 600; letter-spacing: .04em }\n"
    ".lead p, .lead li { font-size: .97rem } .lead ul { margin: .3rem 0; padding-left: 1.1rem }\n"
    ".lead .answer { font-size: 1.2rem; line-height: 1.35; font-weight: 600; margin-top: 0 }\n"
    ".lead .big { font-size: 1.2rem; font-weight: 600; line-height: 1.35; margin-top: 0 }\n"
    ".warnings { border-left: 5px solid var(--red); color: var(--red); margin: 1rem 0;\n"
    "  padding: .3rem 0 .3rem 2rem; font-weight: 600 }\n"
    ".mind { border-left: 3px solid var(--c1); margin: .5rem 0; padding: .1rem 0 .1rem 1.8rem;\n"
    "  font-size: .92rem; max-width: 46rem }\n"
    "table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem }\n"
    "th { text-align: left; font-weight: 600; vertical-align: bottom; padding: .2rem 1rem .2rem 0 "
    "}\n"
    "td { padding: .22rem 1rem .22rem 0; border-top: 1px solid var(--line); vertical-align: top }\n"
    "tbody tr:first-child td { border-top-color: var(--quiet) }\n"
    "td.n, th.n { text-align: right; white-space: nowrap }\n"
    "td.t { white-space: nowrap }\n"
    ".scroll { overflow-x: auto }\n"
    "table.forest td { padding: 0 1rem 0 0; border: 0; vertical-align: middle; white-space: nowrap "
    "}\n"
    "table.forest th { padding-bottom: 0 } table.forest th.s { padding: 0 1rem 0 0 }\n"
    "table.forest tbody tr:first-child td { border: 0 }\n"
    "table.forest { margin-bottom: 1.2rem }\n"
    "table.forest .arm { font-weight: 600; min-width: 10.5rem }\n"
    "table.forest svg { max-width: none } table.forest td:nth-child(3) { min-width: 9.2rem }\n"
    "table.forest .arm .quiet { font-weight: 400; font-size: .85rem }\n"
    ".grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(15.5rem, 1fr));\n"
    "  gap: .4rem 1.6rem; margin: .6rem 0 1rem }\n"
    "figure img { width: 100%; image-rendering: pixelated; display: block }\n"
    ".grid.wide { grid-template-columns: repeat(auto-fill, minmax(26rem, 1fr)) }\n"
    ".grid.small { grid-template-columns: repeat(auto-fill, minmax(13.5rem, 1fr)) }\n"
    "figure { margin: .4rem 0; min-width: 0 }\n"
    "figcaption { font-size: .92rem; font-weight: 600; margin-bottom: .15rem }\n"
    "figcaption .quiet { font-weight: 400 }\n"
    ".words { font-size: .88rem; padding-left: 1.1rem; max-width: 60rem }\n"
    ".note { color: var(--quiet); font-size: .88rem }\n"
    "details { margin: .4rem 0 } summary { cursor: pointer }\n"
    "details[open] > summary { margin-bottom: .4rem }\n"
    ".mono { font-family: ui-monospace, monospace; font-size: .88em; overflow-wrap: anywhere }\n"
    ".graph svg { max-width: 100%; height: auto; max-height: 75rem }\n"
    ".graph { overflow-x: auto }\n"
    "footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: .6rem;\n"
    "  color: var(--quiet); font-size: .85rem }\n"
    "@media screen and (max-width: 48rem) { .lead, .grid.wide { grid-template-columns: 1fr; gap: "
    "1rem } }\n"
    "@page { size: A4; margin: 15mm 14mm }\n"
    "@media print { body { font-size: 10pt; margin: 0; padding: 0; max-width: none }\n"
    "  h1 { font-size: 18pt } h2 { font-size: 13pt; margin-top: 7mm; break-after: avoid }\n"
    "  h3, figcaption, summary { break-after: avoid }\n"
    "  figure, tr, .lead, .mind, .warnings, table.forest { break-inside: avoid }\n"
    "  p, li { orphans: 3; widows: 3 } .scroll, figure, .graph { overflow: visible }\n"
    "  details:not([open]) { display: none } table.figures { font-size: 7.5pt }\n"
    "  table.figures th, table.figures td { padding-right: .5rem }\n"
    "  .graph svg { max-height: 235mm }\n"
    "  .grid { grid-template-columns: repeat(3, 1fr); gap: 2mm 5mm }\n"
    "  .grid.small { grid-template-columns: repeat(4, 1fr) }\n"
    "  .grid.wide { grid-template-columns: repeat(2, 1fr) } }\n";

void report_heading(Report *report, const char *id, const char *title)
{
    text_format(&report->page, "<h2 id=\"%s\">", id);
    html_add(&report->page, "", title, "</h2>\n");
}

void report_figure_begin(Report *report, const char *kind, const char *of, const char *caption)
{
    text_format(&report->page, "<figure data-figure=\"%s\" data-of=\"", kind);
    html_add(&report->page, "", of, "\">");
    if (caption)
        html_add(&report->page, "<figcaption>", caption, "</figcaption>");
}

void report_figure_end(Report *report)
{
    text_add(&report->page, "</figure>\n");
}

/* ---- Warnings where they belong ---------------------------------------------------------- */

static bool is_red(const char *text)
{
    return strstr(text, "acknowledged: ") != NULL;
}

static bool says(const ReportNode *node, const char *text)
{
    for (size_t k = 0; k < json_array_size(node->lines); k++) {
        const json_t *line = json_array_get(node->lines, k);
        const char *other = report_text(line, "text");
        if (json_is_true(json_object_get(line, "warning")) && other && strcmp(other, text) == 0)
            return true;
    }
    return false;
}

/* The text with all nodes that say it; nothing where one before `first` said it. */
static void add_warning(Text *list, ReportNode *const *nodes, int count, int first,
                        const char *text)
{
    for (int k = 0; k < first; k++)
        if (says(nodes[k], text))
            return;
    const char *before = "<li><b>";
    for (int k = first; k < count; k++)
        if (says(nodes[k], text)) {
            html_add(list, before, nodes[k]->id, "</b>");
            before = ", <b>";
        }
    html_add(list, ": ", text, "</li>\n");
}

static void list_warnings(Text *list, ReportNode *const *nodes, int count, bool red)
{
    for (int n = 0; n < count; n++)
        for (size_t k = 0; k < json_array_size(nodes[n]->lines); k++) {
            const json_t *line = json_array_get(nodes[n]->lines, k);
            const char *text = report_text(line, "text");
            if (text && json_is_true(json_object_get(line, "warning")) && is_red(text) == red)
                add_warning(list, nodes, count, n, text);
        }
}

void report_warnings(Report *report, ReportNode *const *nodes, int count)
{
    Text list = {0};
    list_warnings(&list, nodes, count, false);
    for (int k = 0; k < count; k++)
        nodes[k]->told = true;
    if (list.length)
        text_format(&report->page, "<ul class=\"mind\">\n%s</ul>\n", text_value(&list));
    text_free(&list);
}

/* Whether no line of its own tells what a node's acknowledgement is for. */
static bool acknowledges_alone(const ReportNode *node)
{
    for (size_t k = 0; k < json_array_size(node->lines); k++) {
        const char *text = report_text(json_array_get(node->lines, k), "text");
        if (text && is_red(text))
            return false;
    }
    return node->acknowledge && *node->acknowledge;
}

/* Once for all nodes that answer with the same words. */
static void add_acknowledged(Text *list, ReportNode *const *nodes, int count, int first)
{
    for (int k = 0; k < first; k++)
        if (strcmp(nodes[k]->acknowledge, nodes[first]->acknowledge) == 0)
            return;
    const char *before = "<li><b>";
    for (int k = first; k < count; k++)
        if (strcmp(nodes[k]->acknowledge, nodes[first]->acknowledge) == 0) {
            html_add(list, before, nodes[k]->id, "</b>");
            before = ", <b>";
        }
    html_add(list, ": acknowledged: ", nodes[first]->acknowledge, "</li>\n");
}

void report_red_lines(Report *report, Text *list)
{
    ReportNode **nodes = arena_take(report->memory, (size_t)report->node_count + 1, sizeof *nodes);
    int count = 0;
    for (int k = 0; k < report->node_count; k++)
        if (acknowledges_alone(&report->nodes[k]))
            nodes[count++] = &report->nodes[k];
    for (int k = 0; k < count; k++)
        add_acknowledged(list, nodes, count, k);
    for (int k = 0; k < report->node_count; k++)
        nodes[k] = &report->nodes[k];
    list_warnings(list, nodes, report->node_count, true);
}

/* Of nodes whose section, if there is one, did not tell them. */
static void add_other_warnings(Report *report)
{
    Text list = {0};
    ReportNode **nodes = arena_take(report->memory, (size_t)report->node_count + 1, sizeof *nodes);
    int count = 0;
    for (int k = 0; k < report->node_count; k++)
        if (!report->nodes[k].told)
            nodes[count++] = &report->nodes[k];
    list_warnings(&list, nodes, count, false);
    if (list.length) {
        report_heading(report, "mind", "Other warnings");
        report_warnings(report, nodes, count);
    }
    text_free(&list);
}

/* ---- The whole --------------------------------------------------------------------------- */

static void add_missing(Report *report)
{
    if (!report->missing.length)
        return;
    report_heading(report, "missing", "Left out");
    text_format(&report->page, "<ul>\n%s</ul>\n", text_value(&report->missing));
}

static void add_run(Report *report)
{
    report_summary(report);
    report_arms(report);
    report_counts(report);
    report_scores(report);
    report_masks(report);
    report_slices(report);
    report_features(report);
    report_learning(report);
    add_other_warnings(report);
    report_picture(report);
    report_costs(report);
    report_subjects(report);
    report_details(report);
}

static const char *title_of(const Report *report)
{
    const json_t *root = report->sweep ? report->sweep : report->manifest;
    const char *name = json_string_value(json_object_get(root, report->sweep ? "sweep" : "name"));
    return name ? name : file_name(report->folder);
}

static void write_page(Report *report)
{
    Text both = {0};
    text_add(&both, plot_style);
    text_add(&both, style);
    html_begin(&report->page, title_of(report), text_value(&both));
    text_free(&both);
    html_add(&report->page, "<header>\n<h1>", title_of(report), "</h1>\n");
    if (report->sweep)
        report_sweep(report);
    else
        add_run(report);
    add_missing(report);
    text_add(&report->page, "<footer>Made by fornix report from the files of this folder. It needs "
                            "no network and no script");
    text_add(&report->page, report->request->with_subjects
                                ? ", and <b>names subjects</b>: mind who gets it.</footer>\n"
                                : ", names no subject and shows no image.</footer>\n");
    html_end(&report->page);
}

bool report_write(const ReportRequest *request, FornixError *error)
{
    Report report = {.request = request};
    bool fine = report_open(&report, error);
    if (fine) {
        write_page(&report);
        char *usual = file_join(report.folder, "report.html");
        const char *path = request->output ? request->output : usual;
        fine = file_write(path, text_value(&report.page), report.page.length, error);
        mem_free(usual);
    }
    report_close(&report);
    return fine;
}
