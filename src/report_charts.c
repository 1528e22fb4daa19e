/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The figures of a report, drawn as SVG.
 *
 * Losses, rates and scores have nothing in common but their steps: each series gets a small chart
 * with a scale of its own, which says more than one chart that all must fit.
 */
#include "report_parts.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base.h"

enum { WIDTH = 260, HEIGHT = 110, MOST_SERIES = 200, MOST_POINTS = 1000 };

typedef struct {
    double step, value;
} Point;

typedef struct {
    char *name;
    Point *points;
    size_t count, room;
} Series;

typedef struct {
    Series items[MOST_SERIES];
    size_t count;
} SeriesSet;

static Series *series_named(SeriesSet *set, const char *name)
{
    for (size_t i = 0; i < set->count; i++)
        if (strcmp(set->items[i].name, name) == 0)
            return &set->items[i];
    if (set->count == MOST_SERIES)
        return NULL;
    Series *series = &set->items[set->count++];
    *series = (Series){.name = mem_text(name)};
    return series;
}

static void series_add(Series *series, double step, double value)
{
    if (series->count == series->room) {
        series->room = 2 * series->room + 16;
        series->points = mem_grow(series->points, series->room, sizeof *series->points);
    }
    series->points[series->count++] = (Point){step, value};
}

static void read_line(SeriesSet *set, const char *line, size_t length)
{
    json_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL), *value;
    const char *name;
    if (json_is_object(object) && json_is_number(json_object_get(object, "step"))) {
        double step = json_number_value(json_object_get(object, "step"));
        json_object_foreach(object, name, value)
        {
            bool drawn = json_is_number(value) && strcmp(name, "step") && strcmp(name, "epoch");
            Series *series = drawn ? series_named(set, name) : NULL;
            if (series)
                series_add(series, step, json_number_value(value));
        }
    }
    json_decref(object);
}

static void read_lines(SeriesSet *set, const char *lines)
{
    while (*lines) {
        size_t length = strcspn(lines, "\n");
        read_line(set, lines, length);
        lines += length + (lines[length] == '\n');
    }
}

static void add_path(Text *page, const Series *series, Point low, Point high)
{
    size_t stride = 1 + series->count / MOST_POINTS;
    double steps = high.step > low.step ? high.step - low.step : 1;
    double range = high.value > low.value ? high.value - low.value : 1;
    text_add(page, "<polyline points=\"");
    for (size_t i = 0; i < series->count; i++) {
        Point point = series->points[i];
        if (i % stride && i + 1 != series->count)
            continue;
        text_format(page, "%.1f,%.1f ", (point.step - low.step) / steps * WIDTH,
                    HEIGHT - (point.value - low.value) / range * HEIGHT);
    }
    text_add(page, "\"/>");
}

static void add_label(Text *page, int x, int y, const char *anchor, double value)
{
    text_format(page, "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\">%.4g</text>", x, y, anchor,
                value);
}

static void add_chart(Text *page, const Series *series)
{
    Point low = series->points[0], high = low, last = series->points[series->count - 1];
    for (size_t i = 0; i < series->count; i++) {
        Point point = series->points[i];
        low = (Point){fmin(low.step, point.step), fmin(low.value, point.value)};
        high = (Point){fmax(high.step, point.step), fmax(high.value, point.value)};
    }
    text_add(page, "<figure><figcaption>");
    text_add_html(page, series->name);
    text_format(page, " <b>%.4g</b></figcaption>", last.value);
    text_format(
        page, "<svg viewBox=\"-50 -10 %d %d\" role=\"img\"><path class=\"axes\" d=\"M0 0V%dH%d\"/>",
        WIDTH + 60, HEIGHT + 30, HEIGHT, WIDTH);
    add_path(page, series, low, high);
    add_label(page, -4, 4, "end", high.value);
    add_label(page, -4, HEIGHT + 3, "end", low.value);
    add_label(page, 0, HEIGHT + 16, "start", low.step);
    add_label(page, WIDTH, HEIGHT + 16, "end", high.step);
    text_add(page, "</svg></figure>\n");
}

void charts_add(Text *page, const char *lines)
{
    SeriesSet *set = mem_new(1, sizeof *set);
    read_lines(set, lines);
    if (set->count)
        text_add(page, "<div class=\"charts\">\n");
    for (size_t i = 0; i < set->count; i++) {
        add_chart(page, &set->items[i]);
        mem_free(set->items[i].name);
        mem_free(set->items[i].points);
    }
    if (set->count)
        text_add(page, "</div>\n");
    mem_free(set);
}

void interval_add(Text *page, const TableMetric *metric)
{
    enum { BAR = 160 };
    double least = metric->low < 0 ? -1 : 0, scale = BAR / (1 - least);
    if (!metric->interval || !(metric->low >= -1 && metric->high <= 1))
        return;
    text_format(page, "<svg class=\"interval\" viewBox=\"-4 -6 %d 12\" role=\"img\">", BAR + 8);
    text_format(page, "<path class=\"axes\" d=\"M0 0H%dM0 -3V3M%d -3V3M%d -3V3\"/>", BAR, BAR / 2,
                BAR);
    text_format(page, "<path d=\"M%.1f 0H%.1f\"/><circle cx=\"%.1f\" r=\"3.5\"/></svg>",
                (metric->low - least) * scale, (metric->high - least) * scale,
                (metric->value - least) * scale);
}
