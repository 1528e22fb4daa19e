/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an evaluator says of predicted masks: means over subjects with intervals, in words.
 *
 * Every subject counts the same, and intervals come from drawing subjects again.
 */
#include "segmentation_report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base.h"
#include "column.h"
#include "findings.h"
#include "resample.h"
#include "statistics.h"

enum { FIGURES = SEGMENTATION_FIGURES };

static double figure_at(const SegmentationReport *report, int64_t unit, int64_t class, int figure)
{
    return report->figures[(unit * report->classes + class) * FIGURES + figure];
}

/* For each class from 0 and figure: its mean over units; under class 0, which is the background,
 * stands the mean over the other classes, those without a defined unit left out. */
static void mean_figures(const void *context, const double *times, double *figures)
{
    const SegmentationReport *report = context;
    for (int which = 0; which < FIGURES; which++) {
        double all = 0, defined = 0;
        for (int64_t c = 1; c < report->classes; c++) {
            double sum = 0, weight = 0;
            for (int64_t u = 0; u < report->units; u++) {
                double value = figure_at(report, u, c, which);
                if (isnan(value))
                    continue;
                sum += times[u] * value;
                weight += times[u];
            }
            figures[c * FIGURES + which] = weight > 0 ? sum / weight : NAN;
            all += weight > 0 ? sum / weight : 0;
            defined += weight > 0;
        }
        figures[which] = defined > 0 ? all / defined : NAN;
    }
}

static Interval *find_intervals(const SegmentationReport *report)
{
    int64_t *cluster = mem_new((size_t)report->units + 1, sizeof *cluster);
    int32_t *stratum = mem_new((size_t)report->units + 1, sizeof *stratum);
    for (int64_t u = 0; u < report->units; u++)
        cluster[u] = u;
    Resampling resampling = {.samples = report->units,
                             .clusters = report->units,
                             .cluster = cluster,
                             .stratum = stratum,
                             .strata = 1,
                             .draws = report->draws,
                             .confidence = report->confidence,
                             .random = fornix_build_random(report->build, report->seed)};
    Interval *intervals = mem_new((size_t)report->classes * FIGURES, sizeof *intervals);
    bootstrap(&resampling, mean_figures, report, (int)report->classes * FIGURES, intervals);
    mem_free(stratum);
    mem_free(cluster);
    return intervals;
}

static bool is_told(const SegmentationReport *report, int figure)
{
    return report->surfaces || (figure != HD95 && figure != NSD);
}

static void add_class(const SegmentationReport *report, int64_t class, const Interval *intervals,
                      double median, int64_t left_out)
{
    char name[CLASS_NAME], figure[40];
    column_class(report->mask, class, name);
    for (int f = 0; f < FIGURES; f++) {
        snprintf(figure, sizeof figure, "class_%s", segmentation_name(f));
        if (is_told(report, f))
            findings_interval(report->build, figure, name, intervals[class * FIGURES + f]);
    }
    findings_value(report->build, "class_dice_median", name, median);
    findings_value(report->build, "class_left_out", name, (double)left_out);
    findings_value(report->build, "class_missed", name, (double)report->missed[class]);
}

static void judge_class(const SegmentationReport *report, int64_t class, const Interval *intervals,
                        Grid *grid)
{
    char name[CLASS_NAME], text[INTERVAL_TEXT], value[FIGURE_TEXT];
    double *dice = mem_new((size_t)report->units + 1, sizeof *dice);
    for (int64_t u = 0; u < report->units; u++)
        dice[u] = figure_at(report, u, class, DICE);
    int64_t defined = statistics_drop_undefined(dice, report->units);
    double median = statistics_median(dice, defined);
    statistics_sort(dice, defined);
    add_class(report, class, intervals, median, report->units - defined);
    grid_cell(grid, "%s", column_class(report->mask, class, name));
    grid_cell(grid, "%" PRId64, defined);
    grid_cell(grid, "%s", interval_text(intervals[class * FIGURES + DICE], text));
    grid_cell(grid, "%s", figure_text(median, value));
    grid_cell(grid, "%s", figure_text(statistics_quantile(dice, defined, 0), value));
    for (int f = IOU; f < FIGURES; f++)
        if (is_told(report, f))
            grid_cell(grid, "%s", interval_text(intervals[class * FIGURES + f], text));
    if (defined == 0)
        fornix_warn(report->build, "Dice of class '%s' is undefined: nowhere is it in either mask",
                    name);
    mem_free(dice);
}

static Grid *open_grid(const SegmentationReport *report)
{
    const char *const titles[] = {"class", report->by_subject ? "subjects" : "samples", "Dice",
                                  "median", "least"};
    Grid *grid = grid_new((int)COUNT(titles) + FIGURES - 1 - (report->surfaces ? 0 : 2));
    for (size_t i = 0; i < COUNT(titles); i++)
        grid_cell(grid, "%s", titles[i]);
    for (int f = IOU; f < FIGURES; f++)
        if (is_told(report, f))
            grid_cell(grid, "%s%s", segmentation_title(f),
                      f != HD95             ? ""
                      : report->millimetres ? ", mm"
                                            : ", pixels");
    return grid;
}

static void add_means(const SegmentationReport *report, const Interval *intervals, Grid *grid)
{
    char text[INTERVAL_TEXT];
    grid_cell(grid, "mean of classes");
    grid_cell(grid, "%" PRId64, report->units);
    grid_cell(grid, "%s", interval_text(intervals[DICE], text));
    grid_cell(grid, "%s", "");
    grid_cell(grid, "%s", "");
    for (int f = IOU; f < FIGURES; f++)
        if (is_told(report, f))
            grid_cell(grid, "%s", interval_text(intervals[f], text));
}

static void tell_surfaces(const SegmentationReport *report)
{
    int64_t missed = 0;
    for (int64_t c = 1; c < report->classes; c++)
        missed += report->missed[c];
    fornix_metric(report->build, "spacing_known", report->millimetres);
    fornix_metric(report->build, "tolerance", report->tolerance);
    fornix_report(report->build,
                  "  NSD within %g %s; HD95 counts the image's diagonal where just one mask has "
                  "the class (%" PRId64 " times)",
                  report->tolerance, report->millimetres ? "mm" : "pixels", missed);
}

void segmentation_report(const SegmentationReport *report)
{
    Interval *intervals = find_intervals(report);
    fornix_report(report->build,
                  "%" PRId64 " %s; means with %g %% intervals by drawing them again %" PRId64
                  " times",
                  report->units, report->by_subject ? "subjects" : "samples",
                  100 * report->confidence, report->draws);
    for (int f = 0; f < FIGURES; f++)
        if (is_told(report, f))
            findings_interval(report->build, segmentation_name(f), "", intervals[f]);
    Grid *grid = open_grid(report);
    for (int64_t c = 1; c < report->classes; c++)
        judge_class(report, c, intervals, grid);
    if (report->classes > 2)
        add_means(report, intervals, grid);
    findings_grid(report->build, grid);
    if (report->surfaces)
        tell_surfaces(report);
    fornix_metric(report->build, "subjects", (double)report->units);
    mem_free(intervals);
}
