/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Charts as SVG: a frame with well-chosen ticks, and lines, dots, intervals and words in it.
 *
 * Coordinates are those of the data; what lies beyond the axes is cut. Looks are classes, which the
 * page's style gives colours for light, dark and paper (plot_style): c0 to c5 are told apart by
 * those who see no red or no green, too. Lines are named where they end, not in a legend.
 */
#ifndef FORNIX_PLOT_H
#define FORNIX_PLOT_H

#include "text.h"

extern const char plot_style[];

typedef struct PlotAxis {
    double low, high;
    const char *title; /* NULL: none */
    bool log;          /* low > 0 */
    bool bare;         /* no ticks */
} PlotAxis;

/* From one round number to another, around all values (NAN and infinities do not count); 0 to 1
 * where there are none. zero: 0 is among them. */
PlotAxis plot_axis(const double *values, size_t count, bool zero);

enum { TICKS_MOST = 12 };

/* At most `most` round numbers in [low, high], and the decimals that tell them apart. */
int plot_ticks(PlotAxis axis, int most, double *ticks, int *decimals);
/* ".25", "−2", "1" */
void plot_number(Text *text, double value, int decimals);

typedef struct PlotFrame {
    double width, height; /* of the whole picture, in pixels */
    double right;         /* room for names of lines */
    PlotAxis x, y;
    const char *title; /* what it shows, for those who cannot see it */
} PlotFrame;

typedef struct Plot {
    Text *page;
    PlotFrame frame;
    double left, top, inner_width, inner_height;
} Plot;

Plot plot_begin(Text *page, const PlotFrame *frame);
void plot_end(Plot *plot);

/* In pixels of the picture. */
double plot_x(const Plot *plot, double x);
double plot_y(const Plot *plot, double y);

/* Breaks where a value is undefined. */
void plot_line(Plot *plot, const double *x, const double *y, size_t count, const char *class);
void plot_dot(Plot *plot, double x, double y, double radius, const char *class, const char *tip);
/* From (x, low) to (x, high). */
void plot_interval(Plot *plot, double x, double low, double high, const char *class);
void plot_rule_x(Plot *plot, double x, const char *words); /* a dashed line across; words or NULL */
void plot_rule_y(Plot *plot, double y, const char *words);
/* class: "start", "middle" or "end" say where the text stands, and others how it looks. */
void plot_text(Plot *plot, double x, double y, const char *class, const char *text);

typedef struct PlotName {
    const char *text, *class;
    double y; /* of the data */
} PlotName;

/* At the right end of lines, moved apart where they would cover one another. */
void plot_names(Plot *plot, PlotName *names, size_t count);

/* ---- In the cells of a table: marks on a scale that all rows share ------------------------ */

typedef struct PlotScale {
    PlotAxis axis;
    double mark; /* chance, or no difference; NAN: none */
    double width;
} PlotScale;

void plot_scale_head(Text *page, const PlotScale *scale,
                     const char *words); /* words: of the mark */
/* NAN: nothing but the scale. */
void plot_scale_row(Text *page, const PlotScale *scale, double value, double low, double high,
                    const char *class);
/* Every one of several values, faint, and their mean. */
void plot_scale_dots(Text *page, const PlotScale *scale, const double *values, size_t count,
                     double mean, const char *class);
/* A bar from 0, for times and sizes. */
void plot_bar(Text *page, double share, const char *class);

#endif
