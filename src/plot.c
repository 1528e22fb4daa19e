/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "html.h"

/* Blue, vermilion, green, purple, ochre, slate: after Okabe and Ito, darkened for paper and
 * lightened for the dark until each keeps 4.5 : 1 against its ground. */
#define LIGHT                                                                                      \
    "--c0: #0b6aa2; --c1: #b8500c; --c2: #00765a; --c3: #8b4a9c; --c4: #826700; --c5: #4d5863"
#define DARK                                                                                       \
    "--c0: #6bb8e8; --c1: #f09a5b; --c2: #55c4a4; --c3: #c99bdb; --c4: #d6b548; --c5: #a0abb8"

const char plot_style[] =
    ":root { " LIGHT " }\n"
    "@media (prefers-color-scheme: dark) { :root { " DARK " } }\n"
    "@media print { :root { " LIGHT " } }\n"
    ".c0 { --c: var(--c0) } .c1 { --c: var(--c1) } .c2 { --c: var(--c2) } .c3 { --c: var(--c3) }\n"
    ".c4 { --c: var(--c4) } .c5 { --c: var(--c5) }\n"
    "svg.plot { display: block; max-width: 100%; height: auto; overflow: visible }\n"
    ".plot text { fill: var(--quiet); font: 11.5px system-ui, sans-serif;\n"
    "  font-variant-numeric: tabular-nums }\n"
    ".plot text.axis { fill: var(--ink) } .plot text.name { fill: var(--c, var(--ink)); "
    "font-weight: 600 }\n"
    ".plot text.start { text-anchor: start } .plot text.middle { text-anchor: middle }\n"
    ".plot text.end { text-anchor: end } .plot text.loud { fill: var(--ink) }\n"
    ".plot text.inside { fill: var(--paper) } .plot text.big { font-size: 14px; font-weight: 600 "
    "}\n"
    ".plot .grid { stroke: var(--line); fill: none } .plot .base { stroke: var(--quiet); fill: "
    "none }\n"
    ".plot .rule { stroke: var(--quiet); stroke-dasharray: 4 3; fill: none }\n"
    ".plot .line { stroke: var(--c, var(--ink)); stroke-width: 2; fill: none;\n"
    "  stroke-linejoin: round; stroke-linecap: round }\n"
    ".plot .faint { stroke-width: 1; opacity: .35 } .plot .thin { stroke-width: 1.4 }\n"
    ".plot .dot { fill: var(--c, var(--ink)) } .plot .soft { fill-opacity: .5 }\n"
    ".plot .ring { fill: none; stroke: var(--c, var(--ink)); stroke-width: 1.3 }\n"
    ".plot .ring.soft { stroke-opacity: .6; stroke-width: 1.1 }\n"
    ".plot .band { stroke: var(--c, var(--ink)); stroke-width: 2; fill: none }\n"
    ".plot .bar { fill: var(--c, var(--ink)) } .plot .cell { fill: var(--c0) }\n";

/* ---- Ticks ------------------------------------------------------------------------------- */

static double round_step(double range, int most)
{
    static const double steps[] = {1, 2, 5, 10};
    double raw = range / most, power = pow(10, floor(log10(raw)));
    for (size_t k = 0; k < COUNT(steps); k++)
        if (steps[k] * power >= raw * (1 - 1e-9))
            return steps[k] * power;
    return 10 * power;
}

PlotAxis plot_axis(const double *values, size_t count, bool zero)
{
    double low = zero ? 0 : INFINITY, high = zero ? 0 : -INFINITY;
    for (size_t k = 0; k < count; k++) {
        if (!isfinite(values[k]) || fabs(values[k]) > 1e300)
            continue;
        low = fmin(low, values[k]);
        high = fmax(high, values[k]);
    }
    if (low > high)
        return (PlotAxis){.high = 1};
    if (!(high - low > 1e-12 * fmax(fabs(high), fabs(low)))) {
        double around = fabs(low) / 2;
        low -= zero ? 0 : around;
        high += around > 0 ? around : 1;
    }
    double step = round_step(high - low, 4);
    return (PlotAxis){.low = step * floor(low / step + 1e-9),
                      .high = step * ceil(high / step - 1e-9)};
}

static int log_ticks(PlotAxis axis, double *ticks)
{
    int count = 0;
    for (double power = pow(10, floor(log10(axis.low)));
         power <= axis.high * 1.0001 && count < TICKS_MOST; power *= 10)
        if (power >= axis.low * 0.9999)
            ticks[count++] = power;
    return count;
}

int plot_ticks(PlotAxis axis, int most, double *ticks, int *decimals)
{
    *decimals = 0;
    if (axis.log && axis.low > 0 && axis.high > axis.low)
        return log_ticks(axis, ticks);
    double range = axis.high - axis.low;
    if (!(range > 0) || !isfinite(range))
        return 0;
    if (most > TICKS_MOST - 1)
        most = TICKS_MOST - 1;
    double step = round_step(range, most);
    int count = 0;
    for (double k = ceil(axis.low / step - 1e-9);
         k * step <= axis.high + 1e-9 * range && count < TICKS_MOST; k++)
        ticks[count++] = k == 0 ? 0 : k * step;
    while (*decimals < 9 &&
           fabs(step * pow(10, *decimals) - round(step * pow(10, *decimals))) > 1e-6)
        ++*decimals;
    return count;
}

void plot_number(Text *text, double value, int decimals)
{
    char digits[64];
    double size = fabs(value);
    if (size >= 1e6 || (size > 0 && size < 1e-4))
        snprintf(digits, sizeof digits, "%.3g", size);
    else
        snprintf(digits, sizeof digits, "%.*f", size < 1e-12 ? 0 : decimals, size);
    text_add(text, value < 0 ? "−" : "");
    text_add(text, digits + (digits[0] == '0' && digits[1] == '.'));
}

/* ---- The frame --------------------------------------------------------------------------- */

static double share_of(const PlotAxis *axis, double value)
{
    if (axis->log)
        return value > 0 ? log(value / axis->low) / log(axis->high / axis->low) : 0;
    return (value - axis->low) / (axis->high - axis->low);
}

double plot_x(const Plot *plot, double x)
{
    return plot->left + fmin(fmax(share_of(&plot->frame.x, x), 0), 1) * plot->inner_width;
}

double plot_y(const Plot *plot, double y)
{
    return plot->top + (1 - fmin(fmax(share_of(&plot->frame.y, y), 0), 1)) * plot->inner_height;
}

static void mend_axis(PlotAxis *axis)
{
    if (!isfinite(axis->low) || !isfinite(axis->high) || !(axis->high > axis->low))
        *axis = (PlotAxis){.high = 1, .title = axis->title, .bare = axis->bare};
    axis->log = axis->log && axis->low > 0;
}

static void add_ticks_y(Plot *plot)
{
    double ticks[TICKS_MOST];
    int decimals, most = plot->inner_height < 130 ? 4 : 6;
    int count = plot->frame.y.bare ? 0 : plot_ticks(plot->frame.y, most, ticks, &decimals);
    for (int k = 0; k < count; k++) {
        double y = plot_y(plot, ticks[k]);
        text_format(plot->page, "<path class=\"grid\" d=\"M%.1f %.1fh%.1f\"/>", plot->left, y,
                    plot->inner_width);
        text_format(plot->page, "<text class=\"end\" x=\"%.1f\" y=\"%.1f\">", plot->left - 6,
                    y + 4);
        plot_number(plot->page, ticks[k], decimals);
        text_add(plot->page, "</text>");
    }
}

static void add_ticks_x(Plot *plot)
{
    double ticks[TICKS_MOST], bottom = plot->top + plot->inner_height;
    int decimals, most = plot->inner_width < 190 ? 3 : 6;
    int count = plot->frame.x.bare ? 0 : plot_ticks(plot->frame.x, most, ticks, &decimals);
    text_format(plot->page, "<path class=\"base\" d=\"M%.1f %.1fh%.1f\"/>", plot->left, bottom,
                plot->inner_width);
    for (int k = 0; k < count; k++) {
        double x = plot_x(plot, ticks[k]);
        text_format(plot->page, "<path class=\"base\" d=\"M%.1f %.1fv4\"/>", x, bottom);
        text_format(plot->page, "<text class=\"middle\" x=\"%.1f\" y=\"%.1f\">", x, bottom + 16);
        plot_number(plot->page, ticks[k], decimals);
        text_add(plot->page, "</text>");
    }
}

Plot plot_begin(Text *page, const PlotFrame *frame)
{
    Plot plot = {.page = page, .frame = *frame, .top = frame->y.title ? 22 : 8};
    mend_axis(&plot.frame.x);
    mend_axis(&plot.frame.y);
    plot.left = frame->y.bare ? 8 : 44;
    plot.inner_width = frame->width - plot.left - 10 - frame->right;
    double under = (frame->x.bare ? 6 : 22) + (frame->x.title ? 18 : 0);
    plot.inner_height = frame->height - plot.top - under;
    text_format(page,
                "<svg class=\"plot\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" "
                "role=\"img\" aria-label=\"",
                frame->width, frame->height, frame->width, frame->height);
    html_add(page, "", frame->title, "\">");
    add_ticks_y(&plot);
    add_ticks_x(&plot);
    if (frame->y.title) /* words lie flat: nobody turns his head for them */
        html_add(page, "<text class=\"axis\" x=\"2\" y=\"11\">", frame->y.title, "</text>");
    if (frame->x.title) {
        text_format(page, "<text class=\"axis end\" x=\"%.1f\" y=\"%.1f\">",
                    plot.left + plot.inner_width, frame->height - 4);
        html_add(page, "", frame->x.title, "</text>");
    }
    return plot;
}

void plot_end(Plot *plot)
{
    text_add(plot->page, "</svg>\n");
}

/* ---- Marks ------------------------------------------------------------------------------- */

void plot_line(Plot *plot, const double *x, const double *y, size_t count, const char *class)
{
    bool drawing = false;
    text_format(plot->page, "<path class=\"line %s\" d=\"", class);
    for (size_t k = 0; k < count; k++) {
        bool there = isfinite(x[k]) && isfinite(y[k]);
        if (there)
            text_format(plot->page, "%c%.1f %.1f", drawing ? 'L' : 'M', plot_x(plot, x[k]),
                        plot_y(plot, y[k]));
        drawing = there;
    }
    text_add(plot->page, "\"/>");
}

void plot_dot(Plot *plot, double x, double y, double radius, const char *class, const char *tip)
{
    if (!isfinite(x) || !isfinite(y))
        return;
    text_format(plot->page, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"", class,
                plot_x(plot, x), plot_y(plot, y), radius);
    if (tip)
        html_add(plot->page, "><title>", tip, "</title></circle>");
    else
        text_add(plot->page, "/>");
}

void plot_interval(Plot *plot, double x, double low, double high, const char *class)
{
    if (isfinite(x) && isfinite(low) && isfinite(high))
        text_format(plot->page, "<path class=\"band %s\" d=\"M%.1f %.1fV%.1f\"/>", class,
                    plot_x(plot, x), plot_y(plot, low), plot_y(plot, high));
}

void plot_rule_x(Plot *plot, double x, const char *words)
{
    if (!(x >= plot->frame.x.low && x <= plot->frame.x.high))
        return;
    double at = plot_x(plot, x);
    bool right = at > plot->left + 0.6 * plot->inner_width;
    text_format(plot->page, "<path class=\"rule\" d=\"M%.1f %.1fv%.1f\"/>", at, plot->top,
                plot->inner_height);
    if (!words)
        return;
    text_format(plot->page, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", right ? "end" : "start",
                at + (right ? -4 : 4), plot->top + 10);
    html_add(plot->page, "", words, "</text>");
}

void plot_rule_y(Plot *plot, double y, const char *words)
{
    if (!(y >= plot->frame.y.low && y <= plot->frame.y.high))
        return;
    double at = plot_y(plot, y);
    text_format(plot->page, "<path class=\"rule\" d=\"M%.1f %.1fh%.1f\"/>", plot->left, at,
                plot->inner_width);
    if (!words)
        return;
    text_format(plot->page, "<text class=\"end\" x=\"%.1f\" y=\"%.1f\">",
                plot->left + plot->inner_width - 2, at - 4);
    html_add(plot->page, "", words, "</text>");
}

void plot_text(Plot *plot, double x, double y, const char *class, const char *text)
{
    text_format(plot->page, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", class, plot_x(plot, x),
                plot_y(plot, y));
    html_add(plot->page, "", text, "</text>");
}

static int names_compare(const void *a, const void *b)
{
    const PlotName *x = a, *y = b;
    return (x->y < y->y) - (x->y > y->y); /* from above */
}

void plot_names(Plot *plot, PlotName *names, size_t count)
{
    enum { LEADING = 13 };
    double *at = mem_new(count + 1, sizeof *at);
    qsort(names, count, sizeof *names, names_compare);
    for (size_t k = 0; k < count; k++) {
        at[k] = plot_y(plot, names[k].y) + 4;
        if (k && at[k] < at[k - 1] + LEADING)
            at[k] = at[k - 1] + LEADING;
    }
    double floor = plot->top + plot->inner_height + 4;
    for (size_t k = count; k-- > 0; floor = at[k] - LEADING)
        at[k] = fmin(at[k], floor);
    for (size_t k = 0; k < count; k++) {
        text_format(plot->page, "<text class=\"name %s\" x=\"%.1f\" y=\"%.1f\">", names[k].class,
                    plot->left + plot->inner_width + 6, at[k]);
        html_add(plot->page, "", names[k].text, "</text>");
    }
    mem_free(at);
}

/* ---- Cells ------------------------------------------------------------------------------- */

enum { CELL_EDGE = 8, CELL_HEIGHT = 26, HEAD_HEIGHT = 34 };

static double cell_x(const PlotScale *scale, double value)
{
    double share = fmin(fmax(share_of(&scale->axis, value), 0), 1);
    return CELL_EDGE + share * (scale->width - 2 * CELL_EDGE);
}

static void begin_cell(Text *page, const PlotScale *scale, double height)
{
    text_format(page,
                "<svg class=\"plot\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" "
                "aria-hidden=\"true\">",
                scale->width, height, scale->width, height);
}

static void mark_cell(Text *page, const PlotScale *scale, double from, double to)
{
    if (scale->mark >= scale->axis.low && scale->mark <= scale->axis.high)
        text_format(page, "<path class=\"rule\" d=\"M%.1f %.1fV%.1f\"/>",
                    cell_x(scale, scale->mark), from, to);
}

void plot_scale_head(Text *page, const PlotScale *scale, const char *words)
{
    double ticks[TICKS_MOST];
    int decimals, count = plot_ticks(scale->axis, 5, ticks, &decimals);
    begin_cell(page, scale, HEAD_HEIGHT);
    if (words && scale->mark >= scale->axis.low && scale->mark <= scale->axis.high)
        text_format(page, "<text class=\"middle\" x=\"%.1f\" y=\"10\">%s</text>",
                    fmin(fmax(cell_x(scale, scale->mark), 30), scale->width - 30), words);
    for (int k = 0; k < count; k++) {
        double x = cell_x(scale, ticks[k]);
        text_format(page, "<text class=\"middle\" x=\"%.1f\" y=\"25\">", x);
        plot_number(page, ticks[k], decimals);
        text_format(page, "</text><path class=\"grid\" d=\"M%.1f 29v5\"/>", x);
    }
    mark_cell(page, scale, 29, HEAD_HEIGHT);
    text_add(page, "</svg>");
}

static void begin_row(Text *page, const PlotScale *scale)
{
    double ticks[TICKS_MOST];
    int decimals, count = plot_ticks(scale->axis, 5, ticks, &decimals);
    begin_cell(page, scale, CELL_HEIGHT);
    for (int k = 0; k < count; k++)
        text_format(page, "<path class=\"grid\" d=\"M%.1f 0v%d\"/>", cell_x(scale, ticks[k]),
                    CELL_HEIGHT);
    mark_cell(page, scale, 0, CELL_HEIGHT);
}

static void add_mark(Text *page, const PlotScale *scale, double value, const char *class)
{
    if (isfinite(value))
        text_format(page, "<circle class=\"dot %s\" cx=\"%.1f\" cy=\"%d\" r=\"4.5\"/>", class,
                    cell_x(scale, value), CELL_HEIGHT / 2);
}

void plot_scale_row(Text *page, const PlotScale *scale, double value, double low, double high,
                    const char *class)
{
    begin_row(page, scale);
    if (isfinite(low) && isfinite(high))
        text_format(page, "<path class=\"band %s\" d=\"M%.1f %dH%.1f\"/>", class,
                    cell_x(scale, low), CELL_HEIGHT / 2, cell_x(scale, high));
    add_mark(page, scale, value, class);
    text_add(page, "</svg>");
}

void plot_scale_dots(Text *page, const PlotScale *scale, const double *values, size_t count,
                     double mean, const char *class)
{
    begin_row(page, scale);
    for (size_t k = 0; k < count; k++)
        if (isfinite(values[k]))
            text_format(page, "<circle class=\"ring %s\" cx=\"%.1f\" cy=\"%d\" r=\"3\"/>", class,
                        cell_x(scale, values[k]), CELL_HEIGHT / 2);
    if (isfinite(mean))
        text_format(page, "<path class=\"band %s\" d=\"M%.1f 5V%d\"/>", class, cell_x(scale, mean),
                    CELL_HEIGHT - 5);
    text_add(page, "</svg>");
}

void plot_bar(Text *page, double share, const char *class)
{
    enum { WIDTH = 160 };
    double length = isfinite(share) && share > 0 ? fmin(share, 1) * WIDTH : 0;
    text_format(page,
                "<svg class=\"plot\" viewBox=\"0 0 %d 14\" width=\"%d\" height=\"14\" "
                "aria-hidden=\"true\"><rect class=\"bar %s\" y=\"2\" width=\"%.1f\" "
                "height=\"10\"/></svg>",
                WIDTH, WIDTH, class, fmax(length, 0.5));
}
