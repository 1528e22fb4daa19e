/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A score against the number of synthetic samples: whether more of them help, and how many. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report_parts.h"

/* ---- The curve --------------------------------------------------------------------------- */

static int points_compare(const void *a, const void *b)
{
    const ReportPoint *x = a, *y = b;
    int arms = strcmp(x->arm, y->arm);
    return arms ? arms : (x->count > y->count) - (x->count < y->count);
}

static PlotFrame frame_of(const ReportPoint *points, size_t count, const char *x, const char *y)
{
    double *values = mem_new(3 * count + 1, sizeof *values);
    double *counts = mem_new(count + 1, sizeof *counts);
    for (size_t k = 0; k < count; k++) {
        const ReportFigure *figure = &points[k].figure;
        counts[k] = points[k].count;
        values[3 * k] = figure->value;
        values[3 * k + 1] = isnan(figure->low) ? figure->value : figure->low;
        values[3 * k + 2] = isnan(figure->high) ? figure->value : figure->high;
    }
    PlotFrame frame = {.width = 480,
                       .height = 280,
                       .right = 90,
                       .x = plot_axis(counts, count, true),
                       .y = plot_axis(values, 3 * count, false),
                       .title = "a score against a number"};
    double edge = 0.03 * (frame.x.high - frame.x.low); /* marks stand off the ends */
    frame.x.low -= edge;
    frame.x.high += edge;
    frame.x.title = x;
    frame.y.title = y;
    mem_free(values);
    mem_free(counts);
    return frame;
}

/* shift: aside of the others, so that intervals at one number do not cover each other. */
static void add_arm(Report *report, Plot *plot, const ReportPoint *points, size_t count,
                    const char *look, double shift)
{
    double *x = arena_take(report->memory, count + 1, sizeof *x);
    double *y = arena_take(report->memory, count + 1, sizeof *y);
    for (size_t k = 0; k < count; k++) {
        x[k] = points[k].count + shift;
        y[k] = points[k].figure.value;
        plot_interval(plot, x[k], points[k].figure.low, points[k].figure.high, look);
    }
    plot_line(plot, x, y, count, look);
    for (size_t k = 0; k < count; k++)
        plot_dot(plot, x[k], y[k], 4, arena_format(report->memory, "dot %s", look), NULL);
}

void report_count_curve(Report *report, const ReportPoint *points, size_t count, double level,
                        const char *count_title, const char *figure_title)
{
    static const char *const looks[] = {"c0", "c1", "c2", "c3", "c4", "c5"};
    ReportPoint *sorted = arena_take(report->memory, count + 1, sizeof *sorted);
    PlotName *names = arena_take(report->memory, count + 1, sizeof *names);
    size_t arms = 0;
    memcpy(sorted, points, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, points_compare);
    size_t all = 0;
    for (size_t k = 0; k < count; k++)
        all += k == 0 || strcmp(sorted[k].arm, sorted[k - 1].arm) != 0;
    PlotFrame frame = frame_of(sorted, count, count_title, figure_title);
    report_figure_begin(report, "counts", figure_title, NULL);
    Plot plot = plot_begin(&report->page, &frame);
    plot_rule_y(&plot, level, NULL);
    for (size_t first = 0, end; first < count; first = end, arms++) {
        const char *look = looks[arms % COUNT(looks)];
        for (end = first; end < count && strcmp(sorted[end].arm, sorted[first].arm) == 0;)
            end++;
        double aside = ((double)arms - ((double)all - 1) / 2) * 0.012;
        add_arm(report, &plot, sorted + first, end - first, look,
                aside * (frame.x.high - frame.x.low));
        names[arms] = (PlotName){sorted[first].arm, look, sorted[end - 1].figure.value};
    }
    plot_names(&plot, names, arms);
    plot_end(&plot);
    report_figure_end(report);
}

/* ---- Of one run: arms that add samples, each so many ------------------------------------- */

/* What <add> upstream of it adds; NAN: there is none. seen: by node, those that were looked at. */
static double count_above(const Report *report, const ReportNode *node, bool *seen)
{
    size_t inputs = json_array_size(json_object_get(node->entry, "inputs"));
    const char *written = report_is(node, "add") ? report_attribute(node, "count") : NULL;
    double count = NAN;
    if (written && text_to_real(written, &count))
        return count;
    for (size_t k = 0; k < inputs && isnan(count); k++) {
        const ReportNode *from = report_input(report, node, NULL, (int)k);
        if (!from || seen[from - report->nodes])
            continue;
        seen[from - report->nodes] = true;
        count = count_above(report, from, seen);
    }
    return count;
}

double report_count(Report *report, const ReportNode *scores)
{
    bool *seen = arena_take(report->memory, (size_t)report->node_count + 1, sizeof *seen);
    return count_above(report, scores, seen);
}

/* The number in the label that is the count; NULL: there is none. */
static const char *find_count(const char *label, double count, size_t *length)
{
    for (const char *at = label; *at; at += *length ? *length : 1) {
        *length = strspn(at, "0123456789");
        if (*length && strtod(at, NULL) == count)
            return at;
    }
    return NULL;
}

const char *report_family(Report *report, const char *label, double count)
{
    size_t length, before;
    const char *number = find_count(label, count, &length);
    if (!number)
        return label;
    before = (size_t)(number - label);
    while (before && strchr(".-_= ", label[before - 1]))
        before--;
    if (!before && !number[length])
        return "synthetic";
    return arena_format(report->memory, "%.*s%s", (int)before, label, number + length);
}

static size_t find_points(Report *report, const ReportVerdict *verdict, const char *figure,
                          ReportPoint *points)
{
    size_t found = 0;
    for (int a = 0; a < verdict->count; a++) {
        double count = report_count(report, verdict->arms[a]);
        const char *label = report_label(report, verdict->arms[a]);
        ReportFigure value = report_figure(verdict->arms[a], "%s", figure);
        if (!isnan(count) && !isnan(value.value))
            points[found++] = (ReportPoint){report_family(report, label, count), value, count};
    }
    return found;
}

/* Of the baseline, where it adds nothing. */
static ReportFigure origin_of(Report *report, const ReportVerdict *verdict, const char *figure)
{
    ReportFigure origin = {.value = NAN, .low = NAN, .high = NAN};
    for (int a = 0; a < verdict->count; a++)
        if (report_is_baseline(report, verdict, a) && isnan(report_count(report, verdict->arms[a])))
            origin = report_figure(verdict->arms[a], "%s", figure);
    return origin;
}

size_t report_add_origins(ReportFigure origin, ReportPoint *points, size_t count)
{
    size_t all = count;
    for (size_t k = 0; k < count && !isnan(origin.value); k++) {
        bool known = false;
        for (size_t other = 0; other < all; other++)
            known = known ||
                    (points[other].count == 0 && strcmp(points[other].arm, points[k].arm) == 0);
        if (!known)
            points[all++] = (ReportPoint){points[k].arm, origin, 0};
    }
    return all;
}

static bool differ(const ReportPoint *points, size_t count)
{
    for (size_t k = 1; k < count; k++)
        if (points[k].count != points[0].count)
            return true;
    return false;
}

void report_counts(Report *report)
{
    int count;
    ReportVerdict *verdicts = report_verdicts(report, &count);
    bool headed = false;
    for (int v = 0; v < count; v++)
        for (int f = 0; f < verdicts[v].figure_count && f < 2; f++) {
            const char *figure = verdicts[v].figures[f];
            ReportPoint *points =
                arena_take(report->memory, 2 * (size_t)verdicts[v].count + 1, sizeof *points);
            size_t found = find_points(report, &verdicts[v], figure, points);
            if (!differ(points, found))
                continue;
            if (!headed) {
                report_heading(report, "counts", "Does adding more synthetic samples help?");
                text_add(&report->page, "<div class=\"grid wide\">\n");
            }
            headed = true;
            ReportFigure origin = origin_of(report, &verdicts[v], figure);
            found = report_add_origins(origin, points, found);
            report_count_curve(report, points, found, origin.value, "synthetic samples added",
                               report_title(report, figure));
        }
    if (headed)
        text_add(&report->page, "</div>\n<p class=\"note\">At 0, and dashed: the baseline, which "
                                "adds none. Bars are intervals of each score by itself.</p>\n");
}
