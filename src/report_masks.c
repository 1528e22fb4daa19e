/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a segmentation reached in every subject: means hide those that it missed. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report_parts.h"
#include "statistics.h"

enum { ROWS_MOST = 24, ROW_HEIGHT = 44, DOTS_MOST = 4000 };

typedef struct Strip {
    const char *label;
    double *values;
    int64_t count;
} Strip;

/* The column's defined values. */
static Strip strip_of(Report *report, const FornixTable *table, int column, const char *label)
{
    int64_t rows = fornix_rows(table);
    Strip strip = {.label = label,
                   .values = arena_take(report->memory, (size_t)rows + 1, sizeof(double))};
    for (int64_t row = 0; row < rows; row++) {
        double value = fornix_real(table, column, row);
        if (isfinite(value))
            strip.values[strip.count++] = value;
    }
    return strip;
}

static int add_strips(Report *report, const ReportNode *node, Strip *strips, int count)
{
    const FornixTable *table = report_table(report, node);
    for (int c = 0; table && c < fornix_columns(table) && count < ROWS_MOST; c++) {
        const FornixColumn *column = fornix_column(table, c);
        if (strncmp(column->name, "dice_", 5) != 0 || !(column->kind & FORNIX_WEIGHT))
            continue;
        bool several = fornix_find_column(table, "dice_2") >= 0;
        const char *label = report_label(report, node);
        if (several)
            label = arena_format(report->memory, "%s, class %s", label, column->name + 5);
        strips[count++] = strip_of(report, table, c, label);
    }
    return count;
}

/* Dots of equal values stand above one another: where a row of subjects is dense, it is thick. */
static void add_dots(Plot *plot, const Strip *strip, double row)
{
    enum { BINS = 120 };
    int in[BINS] = {0};
    int64_t stride = 1 + strip->count / DOTS_MOST;
    for (int64_t k = 0; k < strip->count; k += stride) {
        int bin = (int)(fmin(fmax(strip->values[k], 0), 1) * (BINS - 1));
        int height = in[bin]++;
        double shift = (height % 2 ? 1 : -1) * (double)((height + 1) / 2) * 0.06;
        plot_dot(plot, strip->values[k], row + fmin(fmax(shift, -0.3), 0.3), 2.6, "dot soft c0",
                 NULL);
    }
}

static void draw(Report *report, const Strip *strips, int count)
{
    PlotFrame frame = {.width = 620,
                       .height = 44 + ROW_HEIGHT * count,
                       .x = {.high = 1, .title = "Dice"},
                       .y = {.high = count, .bare = true},
                       .title = "Dice of each subject"};
    report_figure_begin(report, "subjects", "dice", "Dice of each subject judged, and the median");
    Plot plot = plot_begin(&report->page, &frame);
    for (int k = 0; k < count; k++) {
        double row = count - k - 0.5, median = statistics_median(strips[k].values, strips[k].count);
        add_dots(&plot, &strips[k], row);
        plot_interval(&plot, median, row - 0.36, row + 0.36, "c1");
        plot_text(&plot, 0.012, row + 0.3, "start loud", strips[k].label);
    }
    plot_end(&plot);
    report_figure_end(report);
}

void report_masks(Report *report)
{
    Strip strips[ROWS_MOST];
    int count = 0, judged = 0;
    for (int k = 0; k < report->node_count; k++)
        if (report_is(&report->nodes[k], "evaluate_segmentation")) {
            judged++;
            count = add_strips(report, &report->nodes[k], strips, count);
        }
    if (judged && !count)
        report_misses(report, "Dice of each subject: this run kept no tables of it");
    if (!count)
        return;
    report_heading(report, "masks", "Segmentation, subject by subject");
    draw(report, strips, count);
}
