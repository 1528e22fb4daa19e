/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every run of a sweep: each figure as a dot, and against the numbers among its axes. */
#include <math.h>
#include <string.h>

#include "report_sweep.h"

enum { METRICS_DRAWN = 8 };

/* ---- Every run --------------------------------------------------------------------------- */

static double metric_of(const json_t *job, const char *metric)
{
    return report_number(
        json_object_get(json_object_get(json_object_get(job, "metrics"), metric), "value"));
}

static size_t values_of(Report *report, const SweepGrid *grid, const char *arm, const char *metric,
                        double *values)
{
    const json_t *jobs = sweep_jobs(report);
    size_t count = 0;
    for (size_t j = 0; j < json_array_size(jobs); j++) {
        const json_t *job = json_array_get(jobs, j);
        if (!arm || strcmp(sweep_arm(report, grid, job, NULL), arm) == 0)
            values[count++] = metric_of(job, metric);
    }
    return count;
}

/* "smote" of "arm=smote", where nothing else tells arms. */
static const char *short_label(const SweepGrid *grid, const char *label)
{
    const char *equals = label ? strchr(label, '=') : NULL;
    size_t telling = 0;
    for (size_t a = 0; a < grid->axis_count; a++)
        telling += !grid->axes[a].repeats;
    return equals && telling == 1 ? equals + 1 : label;
}

/* Columns of one metric, "auc[none]" and "auc[smote]", stand in one table. */
typedef struct Drawn {
    const SweepGrid *grid;
    const char *metric;
    size_t length; /* of the metric's own name, without what a star stands for */
    PlotScale scale;
    double *values;
} Drawn;

static size_t own_length(const char *column)
{
    const char *star = strchr(column, '[');
    return star && column[strlen(column) - 1] == ']' ? (size_t)(star - column) : strlen(column);
}

static bool is_of_metric(const Drawn *drawn, const char *column)
{
    return own_length(column) == drawn->length &&
           strncmp(column, drawn->metric, drawn->length) == 0;
}

/* "none rare=first": what the star stands for, and the arm; that alone where there is no star. */
static const char *row_label(Report *report, const Drawn *drawn, const char *arm,
                             const char *column)
{
    const char *star = column + drawn->length;
    const char *own = strcmp(arm, "all") == 0 ? "" : short_label(drawn->grid, arm);
    return *star ? arena_format(report->memory, "%.*s %s", (int)(strlen(star) - 2), star + 1, own)
                 : short_label(drawn->grid, arm);
}

static void add_row(Report *report, Drawn *drawn, const json_t *arm, const char *column)
{
    const json_t *found = json_object_get(json_object_get(arm, "metrics"), column);
    const char *label = report_text(arm, "arm");
    double runs = report_number(json_object_get(found, "runs"));
    Text *page = &report->page;
    if (!label || !(runs > 0))
        return;
    size_t count = values_of(report, drawn->grid, label, column, drawn->values);
    double mean = report_number(json_object_get(found, "mean"));
    html_add(page, "<tr><td class=\"arm\">", row_label(report, drawn, label, column), "</td><td>");
    plot_scale_dots(page, &drawn->scale, drawn->values, count, mean, "c0");
    text_add(page, "</td><td class=\"n\">");
    html_figure(page, mean);
    text_add(page, " <span class=\"quiet\">± ");
    html_figure(page, report_number(json_object_get(found, "deviation")));
    text_add(page, "</span></td><td class=\"n\">");
    html_count(page, runs);
    text_add(page, "</td></tr>\n");
}

/* Around the values of all its columns. */
static PlotScale scale_of(Report *report, const Drawn *drawn, json_t *columns, double mark)
{
    size_t jobs = json_array_size(sweep_jobs(report)), count = 0;
    double *all =
        arena_take(report->memory, (jobs + 1) * (json_object_size(columns) + 1), sizeof *all);
    const char *column;
    json_t *value;
    json_object_foreach(columns, column, value)
    {
        if (is_of_metric(drawn, column))
            count += values_of(report, drawn->grid, NULL, column, all + count);
    }
    all[count++] = mark;
    return (PlotScale){.axis = plot_axis(all, count, false), .mark = mark, .width = 380};
}

static void add_metric(Report *report, Drawn *drawn, json_t *columns)
{
    const json_t *arms = json_object_get(report->sweep, "summary");
    const char *name = arena_slice(report->memory, drawn->metric, drawn->length), *column;
    Text *page = &report->page;
    json_t *value;
    drawn->scale = scale_of(report, drawn, columns, sweep_chance(name));
    drawn->values =
        arena_take(report->memory, json_array_size(sweep_jobs(report)) + 1, sizeof *drawn->values);
    report_figure_begin(report, "runs", name, NULL);
    text_add(page, "<div class=\"scroll\"><table class=\"forest\"><thead><tr><th></th>"
                   "<th class=\"s\">");
    plot_scale_head(page, &drawn->scale, "chance");
    html_add(page, "</th><th class=\"n\">", report_title(report, name),
             " ± SD</th><th class=\"n\">runs</th></tr></thead>\n<tbody>\n");
    for (size_t a = 0; a < json_array_size(arms); a++)
        json_object_foreach(columns, column, value)
        {
            if (is_of_metric(drawn, column))
                add_row(report, drawn, json_array_get(arms, a), column);
        }
    text_add(page, "</tbody></table></div>\n");
    report_figure_end(report);
}

/* The metrics' names: those of the first arm's. */
static json_t *metrics_of(const Report *report)
{
    return json_object_get(json_array_get(json_object_get(report->sweep, "summary"), 0), "metrics");
}

void sweep_add_runs(Report *report, const SweepGrid *grid)
{
    json_t *columns = metrics_of(report), *value;
    const char *column, *before = "";
    size_t drawn = 0;
    json_object_foreach(columns, column, value)
    {
        Drawn metric = {.grid = grid, .metric = column, .length = own_length(column)};
        if (*before && is_of_metric(&metric, before))
            continue; /* they stand side by side */
        before = column;
        if (!drawn++)
            report_heading(report, "runs", "Every run");
        if (drawn <= METRICS_DRAWN)
            add_metric(report, &metric, columns);
    }
    if (drawn)
        text_add(&report->page, "<p class=\"note\">A ring is a run, the bar their mean.</p>\n");
    if (drawn > METRICS_DRAWN)
        report_misses(report, "dots of %zu more metrics: results.csv has them",
                      drawn - METRICS_DRAWN);
}

/* ---- Against a number -------------------------------------------------------------------- */

static size_t points_of(Report *report, const SweepGrid *grid, const SweepAxisSeen *axis,
                        const char *metric, ReportPoint *points)
{
    const json_t *jobs = sweep_jobs(report);
    size_t count = 0, all = json_array_size(jobs);
    double *sums = arena_take(report->memory, 3 * all + 1, sizeof *sums); /* n, sum, squares */
    bool share = true; /* all lie in [0, 1]: so do the bars */
    for (size_t j = 0; j < all; j++) {
        const json_t *job = json_array_get(jobs, j);
        const char *written = report_text(json_object_get(job, "axes"), axis->name);
        double at, value = metric_of(job, metric);
        if (!written || !text_to_real(written, &at) || isnan(value))
            continue;
        const char *arm = sweep_arm(report, grid, job, axis);
        share = share && value >= 0 && value <= 1;
        size_t k = 0;
        while (k < count && (strcmp(points[k].arm, arm) != 0 || points[k].count != at))
            k++;
        if (k == count)
            points[count++] = (ReportPoint){.arm = arm, .count = at};
        sums[3 * k]++;
        sums[3 * k + 1] += value;
        sums[3 * k + 2] += value * value;
    }
    for (size_t k = 0; k < count; k++) {
        double n = sums[3 * k], mean = sums[3 * k + 1] / n;
        double spread = n > 1 ? sqrt(fmax(0, sums[3 * k + 2] - n * mean * mean) / (n - 1)) : NAN;
        points[k].figure = (ReportFigure){mean, mean - spread, mean + spread, true};
        if (share && n > 1) {
            points[k].figure.low = fmax(0, points[k].figure.low);
            points[k].figure.high = fmin(1, points[k].figure.high);
        }
    }
    return count;
}

void sweep_add_counts(Report *report, const SweepGrid *grid)
{
    enum { CURVES_MOST = 6 };
    size_t drawn = 0;
    for (size_t a = 0; a < grid->axis_count; a++) {
        const SweepAxisSeen *axis = &grid->axes[a];
        const char *name;
        json_t *value;
        if (axis->repeats || !axis->numeric)
            continue;
        json_object_foreach(metrics_of(report), name, value)
        {
            ReportPoint *points =
                arena_take(report->memory, json_array_size(sweep_jobs(report)) + 1, sizeof *points);
            size_t count = points_of(report, grid, axis, name, points);
            if (count < 2 || drawn++ >= CURVES_MOST)
                continue;
            if (drawn == 1) {
                report_heading(report, "numbers", "Against a number");
                text_add(&report->page, "<div class=\"grid wide\">\n");
            }
            report_count_curve(report, points, count, NAN, axis->name, report_title(report, name));
        }
    }
    if (drawn)
        text_add(&report->page,
                 "</div>\n<p class=\"note\">Dots are means over runs, bars ± their standard "
                 "deviation.</p>\n");
}
