/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stands behind a sweep's arms: their predictions of all runs together, their scores against
 * the number of synthetic samples, and one of the runs with all that only single runs have.
 */
#include <math.h>
#include <string.h>

#include "report_sweep.h"

/* ---- A run of the sweep ------------------------------------------------------------------ */

bool sweep_open_run(Report *report, const char *job, ReportRequest *request, Report *run)
{
    FornixError error = {0};
    bool sound = job && *job && !strstr(job, "..") && !strchr(job, '/');
    *request = (ReportRequest){
        .folder = arena_format(report->memory, "%s/jobs/%s", report->folder, sound ? job : ""),
        .with_subjects = report->request->with_subjects};
    *run = (Report){.request = request};
    if (sound && report_open(run, &error) && !run->sweep)
        return true;
    report_misses(report, "job %s: %s", job ? job : "?", *error.text ? error.text : "is no run");
    return false;
}

/* ---- ROC, precision, reliability, confusion ---------------------------------------------- */

static size_t find_scored(Report *report, const json_t *comparison, const json_t *curves,
                          ReportScored *scored)
{
    const json_t *arms = json_object_get(comparison, "arms");
    const char *baseline = sweep_baseline(comparison);
    const ReportNode *behind = NULL;
    size_t count = 0;
    for (size_t a = 0; a < json_array_size(arms); a++) {
        const char *label = report_text(json_array_get(arms, a), "arm");
        json_t *own = label ? json_object_get(curves, label) : NULL;
        if (!json_is_object(own))
            continue;
        ReportNode *node = arena_take(report->memory, 1, sizeof *node);
        *node = (ReportNode){.id = label, .type = "", .curves = own};
        if (baseline && strcmp(label, baseline) == 0)
            behind = node;
        scored[count++] = (ReportScored){.node = node};
    }
    for (size_t k = 0; k < count; k++)
        scored[k].baseline = behind;
    return count;
}

void sweep_add_scores(Report *report)
{
    const json_t *comparisons = json_object_get(report->sweep, "comparisons");
    report->curves = json_array_size(comparisons) ? report_json(report, "curves.json") : NULL;
    const json_t *all = json_object_get(report->curves, "comparisons");
    bool headed = false;
    for (size_t c = 0; c < json_array_size(comparisons); c++) {
        const json_t *comparison = json_array_get(comparisons, c);
        size_t arms = json_array_size(json_object_get(comparison, "arms"));
        ReportScored *scored = arena_take(report->memory, arms + 1, sizeof *scored);
        size_t count = find_scored(report, comparison, json_array_get(all, c), scored);
        if (!count)
            continue;
        if (!headed)
            report_heading(report, "scores", "Behind the scores");
        headed = true;
        if (json_array_size(comparisons) > 1)
            sweep_add_title(report, comparison);
        report_scored(report, scored, (int)count);
    }
    if (headed)
        text_add(
            &report->page,
            "<p class=\"note\">Of each arm all predictions of all runs together, each of a "
            "subject that its run was not fitted on. Probabilities of different runs need not "
            "mean the same, which bends such curves down: the scores above are means over runs "
            "instead.</p>\n");
    else if (json_array_size(comparisons))
        report_misses(report, "ROC, precision and reliability curves: nothing of this sweep's "
                              "curves.json is known");
}

/* ---- Against the number of synthetic samples --------------------------------------------- */

static size_t find_points(Report *report, const json_t *comparison, const char *figure,
                          const double *counts, ReportPoint *points)
{
    const json_t *arms = json_object_get(comparison, "arms");
    size_t found = 0;
    for (size_t a = 0; a < json_array_size(arms); a++) {
        const json_t *arm = json_array_get(arms, a);
        const json_t *of = json_object_get(json_object_get(arm, "figures"), figure);
        const json_t *apart = json_object_get(of, "difference");
        double value = report_number(json_object_get(apart, "value"));
        const char *label = report_text(arm, "arm");
        if (!label || isnan(counts[a]) || isnan(value))
            continue;
        points[found++] =
            (ReportPoint){.arm = report_family(report, label, counts[a]),
                          .count = counts[a],
                          .figure = {value, report_number(json_object_get(apart, "low")),
                                     report_number(json_object_get(apart, "high")), true}};
    }
    return found;
}

/* How many synthetic samples each arm adds, as one of its runs tells; whether that differs. */
static bool find_counts(Report *report, const json_t *comparison, double *counts)
{
    const json_t *arms = json_object_get(comparison, "arms");
    double first = NAN;
    bool differ = false;
    for (size_t a = 0; a < json_array_size(arms); a++) {
        const json_t *scores = json_object_get(json_array_get(arms, a), "scores");
        const char *job = report_text(json_array_get(scores, 0), "job");
        ReportRequest request;
        Report run;
        counts[a] = NAN;
        if (!job)
            continue;
        if (sweep_open_run(report, job, &request, &run)) {
            const ReportNode *node =
                report_node(&run, report_text(json_array_get(scores, 0), "node"));
            counts[a] = node ? report_count(&run, node) : NAN;
        }
        report_close(&run);
        first = isnan(first) ? counts[a] : first;
        differ = differ || (!isnan(counts[a]) && counts[a] != first);
    }
    return differ;
}

void sweep_add_made(Report *report)
{
    const json_t *comparisons = json_object_get(report->sweep, "comparisons");
    bool headed = false;
    for (size_t c = 0; c < json_array_size(comparisons); c++) {
        const json_t *comparison = json_array_get(comparisons, c);
        const char *baseline = sweep_baseline(comparison), *figures[FIGURES_DRAWN];
        size_t arms = json_array_size(json_object_get(comparison, "arms"));
        size_t chosen = sweep_figures(comparison, figures);
        double *counts = arena_take(report->memory, arms + 1, sizeof *counts);
        ReportPoint *points = arena_take(report->memory, 2 * arms + 1, sizeof *points);
        if (!find_counts(report, comparison, counts))
            continue;
        if (!headed)
            report_heading(report, "counts", "Does adding more synthetic samples help?");
        headed = true;
        if (json_array_size(comparisons) > 1)
            sweep_add_title(report, comparison);
        text_add(&report->page, "<div class=\"grid wide\">\n");
        for (size_t f = 0; f < chosen; f++) {
            size_t found = find_points(report, comparison, figures[f], counts, points);
            found = report_add_origins((ReportFigure){0, NAN, NAN, true}, points, found);
            report_count_curve(report, points, found, 0, "synthetic samples added",
                               arena_format(report->memory, "%s less that of “%s”",
                                            report_title(report, figures[f]),
                                            baseline ? baseline : "the baseline"));
        }
        text_add(&report->page, "</div>\n");
    }
    if (headed)
        text_add(&report->page,
                 "<p class=\"note\">At 0, and dashed: the baseline, which adds none. Bars are the "
                 "intervals of the differences, by drawing subjects again over all runs: where one "
                 "covers 0, this many say nothing.</p>\n");
}

/* ---- One of the runs --------------------------------------------------------------------- */

/* The one whose graph has most nodes: a GAN is in it where there is one. */
static const char *richest_run(Report *report)
{
    const json_t *jobs = json_object_get(report->sweep, "jobs");
    const char *richest = NULL;
    double most = 0;
    for (size_t j = 0; j < json_array_size(jobs); j++) {
        const json_t *job = json_array_get(jobs, j);
        const char *status = report_text(job, "status");
        double stages = report_number(json_object_get(job, "stages"));
        if (status && strcmp(status, "done") == 0 && (!richest || stages > most)) {
            richest = report_text(job, "job");
            most = isnan(stages) ? 0 : stages;
        }
    }
    return richest;
}

void sweep_add_example(Report *report)
{
    const char *job = richest_run(report);
    ReportRequest request;
    Report run;
    if (!job)
        return;
    if (sweep_open_run(report, job, &request, &run)) {
        report_heading(report, "example", "One of the runs");
        html_add(&report->page, "<p>", job,
                 ", whose graph has most stages; fornix report jobs/NAME "
                 "tells the same of any other.</p>\n");
        text_add(&report->page, "<div class=\"inner\">\n");
        report_masks(&run);
        report_slices(&run);
        report_features(&run);
        report_learning(&run);
        report_picture(&run);
        report_costs(&run);
        report_subjects(&run);
        report_manifest(&run);
        text_add(&report->page, text_value(&run.page));
        text_add(&report->page, "</div>\n");
        text_add(&report->missing, text_value(&run.missing));
    }
    report_close(&run);
}
