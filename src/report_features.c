/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Synthetic features beside the real ones of their class: where they lie, and how far off. */
#include <math.h>
#include <string.h>

#include "report_parts.h"

enum { PANEL = 270, CLASSES_SHOWN = 6, POINTS_SHOWN = 400 };

static const char *const looks[CLASSES_SHOWN] = {"c0", "c1", "c2", "c3", "c4", "c5"};

/* ---- Where they lie ---------------------------------------------------------------------- */

typedef struct Scatter {
    const FornixTable *table;
    int class, x, y; /* columns */
    PlotAxis horizontal, vertical;
} Scatter;

/* Round ends would leave half a panel empty. */
static PlotAxis axis_around(const double *values, int64_t count)
{
    double low = INFINITY, high = -INFINITY;
    for (int64_t k = 0; k < count; k++) {
        low = fmin(low, values[k]);
        high = fmax(high, values[k]);
    }
    double edge = 0.04 * (high - low);
    return (PlotAxis){.low = low - edge, .high = high + edge};
}

static bool open_scatter(Report *report, const ReportNode *node, Scatter *scatter)
{
    scatter->table = report_table(report, node);
    if (!scatter->table || fornix_rows(scatter->table) < 1)
        return false;
    scatter->x = fornix_find_column(scatter->table, "axis_1");
    scatter->y = fornix_find_column(scatter->table, "axis_2");
    scatter->class = fornix_find_column(scatter->table, "class");
    if (scatter->x < 0 || scatter->y < 0 || scatter->class < 0)
        return false;
    int64_t rows = fornix_rows(scatter->table);
    double *values = mem_new((size_t)rows, sizeof *values);
    for (int64_t row = 0; row < rows; row++)
        values[row] = fornix_real(scatter->table, scatter->x, row);
    scatter->horizontal = axis_around(values, rows);
    for (int64_t row = 0; row < rows; row++)
        values[row] = fornix_real(scatter->table, scatter->y, row);
    scatter->vertical = axis_around(values, rows);
    mem_free(values);
    return true;
}

static bool is_of(const Scatter *s, int64_t row, int class, FornixOrigin origin)
{
    return fornix_label(s->table, s->class, row) == class &&
           fornix_row(s->table, row)->origin == origin;
}

static int64_t count_points(const Scatter *s, int class, FornixOrigin origin)
{
    int64_t count = 0;
    for (int64_t row = 0; row < fornix_rows(s->table); row++)
        count += is_of(s, row, class, origin);
    return count;
}

static void add_points(Plot *plot, const Scatter *s, int class, FornixOrigin origin,
                       const char *look)
{
    int64_t drawn = 0, stride = 1 + count_points(s, class, origin) / POINTS_SHOWN;
    for (int64_t row = 0; row < fornix_rows(s->table); row++)
        if (is_of(s, row, class, origin) && drawn++ % stride == 0)
            plot_dot(plot, fornix_real(s->table, s->x, row), fornix_real(s->table, s->y, row), 2.6,
                     look, NULL);
}

static const char *class_name(Report *report, const Scatter *s, int class)
{
    const FornixColumn *column = fornix_column(s->table, s->class);
    return column->class_names ? column->class_names[class]
                               : arena_format(report->memory, "class %d", class);
}

static Plot begin_panel(Report *report, const ReportNode *node, const Scatter *s,
                        const char *caption)
{
    PlotFrame frame = {
        .width = PANEL, .height = PANEL, .x = s->horizontal, .y = s->vertical, .title = caption};
    frame.x.title = "first axis";
    frame.y.title = "second axis";
    report_figure_begin(report, "features", node->id, caption);
    return plot_begin(&report->page, &frame);
}

static void add_overview(Report *report, const ReportNode *node, const Scatter *s, int classes)
{
    Plot plot = begin_panel(report, node, s, "Real samples, by class");
    for (int c = 0; c < classes; c++)
        add_points(&plot, s, c, FORNIX_REAL_SAMPLE,
                   arena_format(report->memory, "dot soft %s", looks[c]));
    for (int c = 0; c < classes; c++) {
        text_format(plot.page, "<text class=\"name %s\" x=\"%.1f\" y=\"%.1f\">", looks[c],
                    plot.left + 6, plot.top + 12 + 14 * c);
        html_add(plot.page, "", class_name(report, s, c), "</text>");
    }
    plot_end(&plot);
    report_figure_end(report);
}

static void add_class(Report *report, const ReportNode *node, const Scatter *s, int class)
{
    const char *name = class_name(report, s, class);
    Plot plot =
        begin_panel(report, node, s,
                    arena_format(report->memory, "“%s”: %lld real ●, %lld synthetic ○", name,
                                 (long long)count_points(s, class, FORNIX_REAL_SAMPLE),
                                 (long long)count_points(s, class, FORNIX_SYNTHETIC_SAMPLE)));
    add_points(&plot, s, class, FORNIX_SYNTHETIC_SAMPLE,
               arena_format(report->memory, "ring soft %s", looks[class]));
    add_points(&plot, s, class, FORNIX_REAL_SAMPLE, "dot");
    plot_end(&plot);
    report_figure_end(report);
}

static void add_scatter(Report *report, const ReportNode *node)
{
    Scatter s;
    if (!open_scatter(report, node, &s)) {
        report_misses(report, "%s: where the features lie, since the run kept no points of them",
                      node->id);
        return;
    }
    int classes = (int)fornix_column(s.table, s.class)->classes;
    if (classes > CLASSES_SHOWN) {
        report_misses(report, "%s: features of all but the first %d classes", node->id,
                      CLASSES_SHOWN);
        classes = CLASSES_SHOWN;
    }
    text_add(&report->page, "<div class=\"grid\">\n");
    add_overview(report, node, &s, classes);
    for (int c = 0; c < classes; c++)
        add_class(report, node, &s, c);
    text_add(&report->page,
             "</div>\n<p class=\"note\">Principal components: the two directions in which the real "
             "samples vary most. All panels have the same axes.</p>\n");
}

/* ---- How far off ------------------------------------------------------------------------- */

typedef struct Measure {
    const char *name, *title;
} Measure;

static const Measure distances[] = {{"means", "distance of means"},
                                    {"means_by_chance", "by chance"},
                                    {"spreads", "spread ratio"},
                                    {"frechet", "Fréchet distance"},
                                    {"frechet_of_halves", "of real halves"},
                                    {"neighbours", "nearest of own kind"},
                                    {0}};
static const Measure generation[] = {{"frechet", "Fréchet distance"},
                                     {"kid", "KID"},
                                     {"precision", "precision"},
                                     {"recall", "recall"},
                                     {"density", "density"},
                                     {"coverage", "coverage"},
                                     {"two_sample_auc", "told apart (AUC)"},
                                     {"closer", "nearer than held-out"},
                                     {0}};
static const Measure detours[] = {{"tstr", "trained on synthetic, tested on real"},
                                  {"trtr", "trained on real, tested on real"},
                                  {"trts", "trained on real, tested on synthetic"},
                                  {0}};

static void add_measures(Report *report, const ReportNode *node, const Measure *measures)
{
    const char *name, *first = arena_format(report->memory, "%s.", measures->name);
    size_t length = strlen(first);
    json_t *value, *figures = (json_t *)(uintptr_t)node->figures;
    Text *page = &report->page;
    text_add(page, "<div class=\"scroll\"><table><thead><tr><th>class</th>");
    for (const Measure *m = measures; m->name; m++)
        html_add(page, "<th class=\"n\">", m->title, "</th>");
    text_add(page, "</tr></thead>\n<tbody>\n");
    json_object_foreach(figures, name, value)
    {
        if (strncmp(name, first, length) != 0)
            continue;
        html_add(page, "<tr><td>", name + length, "</td>");
        for (const Measure *m = measures; m->name; m++) {
            ReportFigure found = report_figure(node, "%s.%s", m->name, name + length);
            text_add(page, "<td class=\"n\">");
            html_interval(page, found.value, found.low, found.high);
            text_add(page, "</td>");
        }
        text_add(page, "</tr>\n");
    }
    text_add(page, "</tbody></table></div>\n");
}

static void add_detours(Report *report, const ReportNode *node)
{
    if (!report_figure(node, "tstr.auc").there)
        return;
    Text *page = &report->page;
    text_add(page, "<table><thead><tr><th>classifier</th><th class=\"n\">AUC</th><th class=\"n\">"
                   "balanced accuracy</th></tr></thead>\n<tbody>\n");
    for (const Measure *m = detours; m->name; m++) {
        html_add(page, "<tr><td>", m->title, "</td><td class=\"n\">");
        html_figure(page, report_figure(node, "%s.auc", m->name).value);
        text_add(page, "</td><td class=\"n\">");
        html_figure(page, report_figure(node, "%s.balanced_accuracy", m->name).value);
        text_add(page, "</td></tr>\n");
    }
    text_add(page, "</tbody></table>\n");
}

static void add_spectra(Report *report, const ReportNode *node)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)node->curves, name, value)
    {
        size_t n, real_n, made_n;
        if (strncmp(name, "spectrum.", 9) != 0)
            continue;
        double *x = report_series(report, node, name, "frequency", &n);
        double *real = report_series(report, node, name, "real", &real_n);
        double *made = report_series(report, node, name, "synthetic", &made_n);
        if (!x || !real || !made || n != real_n || n != made_n)
            continue;
        double *all = arena_take(report->memory, 2 * n, sizeof *all);
        memcpy(all, real, n * sizeof *all);
        memcpy(all + n, made, n * sizeof *all);
        PlotFrame frame = {.width = 330,
                           .height = 210,
                           .right = 70,
                           .x = plot_axis(x, n, true),
                           .y = plot_axis(all, 2 * n, true),
                           .title = "power spectrum"};
        frame.x.title = "cycles a pixel";
        frame.y.title = "power";
        report_figure_begin(report, "spectrum", node->id,
                            arena_format(report->memory, "Spectrum, %s", name + 9));
        Plot plot = plot_begin(&report->page, &frame);
        plot_line(&plot, x, real, n, "c5");
        plot_line(&plot, x, made, n, "c0");
        PlotName names[] = {{"real", "c5", real[n - 1]}, {"synthetic", "c0", made[n - 1]}};
        plot_names(&plot, names, COUNT(names));
        plot_end(&plot);
        report_figure_end(report);
    }
}

void report_features(Report *report)
{
    bool headed = false;
    for (int k = 0; k < report->node_count; k++) {
        ReportNode *node = &report->nodes[k];
        bool apart = report_is(node, "feature_distance");
        if ((!apart && !report_is(node, "evaluate_generation")) || !node->figures)
            continue;
        if (!headed)
            report_heading(report, "features", "Synthetic features beside real ones");
        headed = true;
        html_add(&report->page, "<h3>", node->id, "</h3>\n");
        report_warnings(report, &node, 1);
        if (apart)
            add_scatter(report, node);
        add_measures(report, node, apart ? distances : generation);
        add_detours(report, node);
        add_spectra(report, node);
    }
}
