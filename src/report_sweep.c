/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sweep's report: the grid, the arms against their baseline, every run, what failed.
 *
 * Runs of one arm differ in seeds and folds: each is a dot, and what is tested is what the sweep
 * tested over subjects. What single runs warn of is told once, with how many say it.
 */
#include <math.h>
#include <string.h>

#include "csv.h"
#include "file.h"
#include "report_parts.h"
#include "report_sweep.h"

/* ---- What runs warn of ------------------------------------------------------------------- */

typedef struct Warning {
    char *text, *kind; /* kind: the same without its numbers */
    bool varies;       /* other runs say it with other numbers */
    size_t jobs, last; /* last: the job that said it last, from 1 */
} Warning;

typedef struct Warnings {
    Warning items[200];
    size_t count;
} Warnings;

static char *kind_of(Report *report, const char *text)
{
    Text kind = {0};
    while (*text) {
        size_t digits = strspn(text, "0123456789.");
        bool number = digits && strcspn(text, "0123456789") < digits;
        if (number)
            digits -= digits > 1 && text[digits - 1] == '.'; /* the sentence's end */
        text_add_slice(&kind, number ? "…" : text, number ? strlen("…") : 1);
        text += number ? digits : 1;
    }
    char *kept = arena_text(report->memory, text_value(&kind));
    text_free(&kind);
    return kept;
}

static void add_warning(Warnings *warnings, Report *report, const char *text, size_t job)
{
    size_t k = 0;
    char *kind = kind_of(report, text);
    while (k < warnings->count && strcmp(warnings->items[k].kind, kind) != 0)
        k++;
    if (k == COUNT(warnings->items))
        return;
    Warning *warning = &warnings->items[k];
    if (k == warnings->count) {
        *warning = (Warning){.text = arena_text(report->memory, text), .kind = kind};
        warnings->count++;
    }
    warning->varies = warning->varies || strcmp(warning->text, text) != 0;
    warning->jobs += warning->last != job;
    warning->last = job;
}

static void gather_node(Report *report, const ReportNode *node, Warnings *warnings, size_t job)
{
    bool red = false;
    for (size_t k = 0; k < json_array_size(node->lines); k++) {
        const json_t *line = json_array_get(node->lines, k);
        const char *text = report_text(line, "text");
        if (!text || !json_is_true(json_object_get(line, "warning")))
            continue;
        red = red || strstr(text, "acknowledged: ");
        add_warning(warnings, report, text, job);
    }
    if (node->acknowledge && *node->acknowledge && !red)
        add_warning(
            warnings, report,
            arena_format(report->memory, "%s: acknowledged: %s", node->id, node->acknowledge), job);
}

static void gather_warnings(Report *report, Warnings *warnings)
{
    const json_t *jobs = json_object_get(report->sweep, "jobs");
    for (size_t j = 0; j < json_array_size(jobs); j++) {
        const json_t *job = json_array_get(jobs, j);
        const char *name = report_text(job, "job"), *status = report_text(job, "status");
        if (!name || !status || strcmp(status, "done") != 0)
            continue;
        ReportRequest request;
        Report run;
        if (sweep_open_run(report, name, &request, &run))
            for (int k = 0; k < run.node_count; k++)
                gather_node(report, &run.nodes[k], warnings, j + 1);
        report_close(&run);
    }
}

static void list_warnings(const Warnings *warnings, bool red, Text *list)
{
    for (size_t k = 0; k < warnings->count; k++) {
        const Warning *warning = &warnings->items[k];
        if ((strstr(warning->text, "acknowledged: ") != NULL) != red)
            continue;
        html_add(list, "<li>", warning->varies ? warning->kind : warning->text, "");
        text_format(list, " <span class=\"quiet\">(%zu job%s)</span></li>\n", warning->jobs,
                    warning->jobs > 1 ? "s" : "");
    }
}

/* ---- The head ---------------------------------------------------------------------------- */

static size_t count_status(const Report *report, const char *status)
{
    const json_t *jobs = json_object_get(report->sweep, "jobs");
    size_t count = 0;
    for (size_t j = 0; j < json_array_size(jobs); j++) {
        const char *is = report_text(json_array_get(jobs, j), "status");
        count += is && strcmp(is, status) == 0;
    }
    return count;
}

static void add_byline(Report *report)
{
    Text *page = &report->page;
    const json_t *stages = json_object_get(report->sweep, "stages");
    size_t jobs = json_array_size(json_object_get(report->sweep, "jobs"));
    text_format(page, "<p class=\"byline\">A sweep: %zu of %zu jobs done",
                count_status(report, "done"), jobs);
    double distinct = report_number(json_object_get(stages, "distinct"));
    double uses = report_number(json_object_get(stages, "in_jobs"));
    if (distinct >= 0 && uses >= 0)
        text_format(page, " · %.0f distinct stages of %.0f", distinct, uses);
    html_add(page, " · fornix ", report_text(report->sweep, "fornix"), "");
    html_add(page, " · instruction set ", report_text(report->sweep, "isa"), "</p>\n");
}

static void add_red(Report *report, const Warnings *warnings)
{
    Text list = {0};
    size_t failed = count_status(report, "failed"), missing = count_status(report, "missing");
    list_warnings(warnings, true, &list);
    if (failed)
        text_format(&list, "<li>%zu job%s failed: see below.</li>\n", failed,
                    failed > 1 ? "s" : "");
    if (missing)
        text_format(&list, "<li>%zu job%s not done yet.</li>\n", missing,
                    missing > 1 ? "s are" : " is");
    if (list.length)
        text_format(&report->page, "<ul class=\"warnings\">\n%s</ul>\n", text_value(&list));
    text_free(&list);
}

static void add_grid(Report *report, const SweepGrid *grid)
{
    Text *page = &report->page;
    text_add(page, "<ul>\n");
    for (size_t a = 0; a < grid->axis_count; a++) {
        const SweepAxisSeen *axis = &grid->axes[a];
        html_add(page, "<li><b>", axis->name, "</b>: ");
        for (size_t v = 0; v < axis->value_count; v++)
            html_add(page, v ? ", " : "", axis->values[v], "");
        text_add(page, "</li>\n");
    }
    text_add(page, "</ul>\n");
}

static void add_asked(Report *report, const SweepGrid *grid)
{
    const json_t *comparisons = json_object_get(report->sweep, "comparisons");
    Text *page = &report->page;
    text_add(page, "<div data-part=\"asked\"><h2>Asked</h2>\n");
    for (size_t c = 0; c < json_array_size(comparisons); c++) {
        const json_t *comparison = json_array_get(comparisons, c);
        const char *baseline = sweep_baseline(comparison);
        const char *when = report_text(comparison, "when");
        size_t arms = json_array_size(json_object_get(comparison, "arms"));
        if (arms > 1)
            text_format(page, "<p class=\"big\">Is any of %zu arms better than “", arms - 1);
        else
            text_add(page, "<p class=\"big\">Is any arm better than “");
        html_add(page, "", baseline ? baseline : "the baseline", "”");
        html_add(page, when ? ", where " : "", when, "?</p>\n");
    }
    if (!json_array_size(comparisons))
        text_add(page, "<p class=\"big\">How do the figures depend on the settings?</p>\n");
    add_grid(report, grid);
    text_add(page, "</div>\n");
}

static void add_found(Report *report, const json_t *comparisons)
{
    Text *page = &report->page;
    text_add(page, "<div data-part=\"found\"><h2>Found</h2>\n");
    for (size_t c = 0; c < json_array_size(comparisons); c++) {
        const json_t *comparison = json_array_get(comparisons, c);
        const char *when = report_text(comparison, "when");
        if (json_array_size(comparisons) > 1 && when)
            html_add(page, "<p class=\"quiet\">Where ", when, ":</p>\n");
        sweep_add_answer(report, comparison);
    }
    if (!json_array_size(comparisons))
        text_add(page, "<p>The sweep compares nothing: its figures stand below, run by run.</p>\n");
    text_add(page, "</div>\n");
}

static bool same_surety(const json_t *a, const json_t *b)
{
    const json_t *one = json_array_get(json_object_get(a, "arms"), 0);
    const json_t *other = json_array_get(json_object_get(b, "arms"), 0);
    return json_equal(json_object_get(a, "subjects"), json_object_get(b, "subjects")) &&
           json_equal(json_object_get(one, "pairs"), json_object_get(other, "pairs"));
}

static void add_sure(Report *report, const json_t *comparisons, const Warnings *warnings)
{
    Text *page = &report->page, list = {0};
    size_t others = 0;
    text_add(page, "<div data-part=\"sure\"><h2>How sure</h2>\n");
    for (size_t c = 0; c < json_array_size(comparisons); c++)
        if (!c || !same_surety(json_array_get(comparisons, c - 1), json_array_get(comparisons, c)))
            sweep_add_surety(report, json_array_get(comparisons, c), &list);
    for (size_t k = 0; k < warnings->count; k++)
        others += !strstr(warnings->items[k].text, "acknowledged: ");
    if (others)
        text_format(&list, "<li><b>%zu kind%s of warning</b> in single runs, below.</li>\n", others,
                    others > 1 ? "s" : "");
    else
        text_add(&list, "<li>No warnings in single runs.</li>\n");
    text_format(page, "<ul>\n%s</ul></div>\n", text_value(&list));
    text_free(&list);
}

/* ---- Behind it --------------------------------------------------------------------------- */

static void add_jobs(Report *report)
{
    const json_t *jobs = json_object_get(report->sweep, "jobs");
    Text *page = &report->page;
    const char *name;
    json_t *value;
    bool failed = count_status(report, "failed") > 0;
    report_heading(report, "jobs", "Jobs");
    text_format(page, "<details%s><summary>%zu jobs and their figures</summary>\n",
                failed ? " open" : "", json_array_size(jobs));
    text_add(page, "<div class=\"scroll\"><table><thead><tr><th>job</th><th>status</th>"
                   "<th>figures</th></tr></thead>\n<tbody>\n");
    for (size_t j = 0; j < json_array_size(jobs); j++) {
        const json_t *job = json_array_get(jobs, j);
        html_add(page, "<tr><td class=\"t\">", report_text(job, "job"), "</td>");
        html_add(page, "<td>", report_text(job, "status"), "</td><td>");
        html_add(page, "", report_text(job, "message"), "");
        json_object_foreach(json_object_get(job, "metrics"), name, value)
        {
            html_add(page, "<span class=\"quiet\">", name, "</span> ");
            html_interval(page, report_number(json_object_get(value, "value")),
                          report_number(json_object_get(value, "low")),
                          report_number(json_object_get(value, "high")));
            text_add(page, " &ensp;");
        }
        text_add(page, "</td></tr>\n");
    }
    text_add(page, "</tbody></table></div></details>\n");
    text_add(page, "<p class=\"note\">fornix report jobs/NAME tells all of one of them.</p>\n");
}

typedef struct Taken {
    const char *stage;
    double seconds, count;
} Taken;

static size_t sum_times(Report *report, const Csv *csv, Taken *taken, size_t most)
{
    int64_t stage = csv_find(csv, "stage"), seconds = csv_find(csv, "seconds");
    size_t count = 0;
    for (int64_t row = 0; stage >= 0 && seconds >= 0 && row < csv_rows(csv); row++) {
        const char *id = csv_field(csv, row, stage);
        size_t length = strcspn(id, "["), k = 0;
        double took;
        if (!text_to_real(csv_field(csv, row, seconds), &took))
            continue;
        char *name = *id ? arena_slice(report->memory, id, length) : (char[]){"ends of jobs"};
        while (k < count && strcmp(taken[k].stage, name) != 0)
            k++;
        if (k == most)
            continue;
        if (k == count)
            taken[count++] = (Taken){.stage = arena_text(report->memory, name)};
        taken[k].seconds += took;
        taken[k].count++;
    }
    return count;
}

static void add_times(Report *report)
{
    enum { STAGES_MOST = 100 };
    FornixError error = {0};
    Taken taken[STAGES_MOST];
    Text *page = &report->page;
    char *path = file_join(report->folder, "times.csv");
    Csv *csv = file_exists(path) ? csv_read(path, &error) : NULL;
    size_t count = csv ? sum_times(report, csv, taken, STAGES_MOST) : 0;
    double longest = 0;
    for (size_t k = 0; k < count; k++)
        longest = fmax(longest, taken[k].seconds);
    if (!csv)
        report_misses(report, "times: %s", *error.text ? error.text : "there is no times.csv");
    if (longest > 0) {
        report_heading(report, "times", "Time");
        report_figure_begin(report, "costs", "sweep", NULL);
        text_add(page, "<table><thead><tr><th>processes that ended with</th><th class=\"n\">times"
                       "</th><th class=\"n\">together</th><th></th></tr></thead>\n<tbody>\n");
        for (size_t k = 0; k < count; k++) {
            html_add(page, "<tr><td>", taken[k].stage, "</td><td class=\"n\">");
            html_count(page, taken[k].count);
            text_add(page, "</td><td class=\"n\">");
            html_seconds(page, taken[k].seconds);
            text_add(page, "</td><td>");
            plot_bar(page, taken[k].seconds / longest, "c0");
            text_add(page, "</td></tr>\n");
        }
        text_add(page, "</tbody></table>\n");
        report_figure_end(report);
    }
    csv_free(csv);
    mem_free(path);
}

void report_sweep(Report *report)
{
    const json_t *comparisons = json_object_get(report->sweep, "comparisons");
    SweepGrid *grid = sweep_grid_seen(report);
    Warnings *warnings = arena_take(report->memory, 1, sizeof *warnings);
    Text list = {0};
    gather_warnings(report, warnings);
    add_byline(report);
    add_red(report, warnings);
    text_add(&report->page, "</header>\n<section class=\"lead\">\n");
    add_asked(report, grid);
    add_found(report, comparisons);
    add_sure(report, comparisons, warnings);
    text_add(&report->page, "</section>\n");
    for (size_t c = 0; c < json_array_size(comparisons); c++)
        sweep_add_comparison(report, json_array_get(comparisons, c), c == 0);
    sweep_add_controls(report);
    sweep_add_made(report);
    sweep_add_counts(report, grid);
    sweep_add_runs(report, grid);
    sweep_add_scores(report);
    list_warnings(warnings, false, &list);
    if (list.length) {
        report_heading(report, "mind", "What single runs warn of");
        text_format(&report->page, "<ul class=\"mind\">\n%s</ul>\n", text_value(&list));
    }
    sweep_add_example(report);
    add_times(report);
    add_jobs(report);
    text_free(&list);
}
