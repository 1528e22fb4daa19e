/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stands behind a classification's figures: who was taken for what, at which threshold, and
 * whether its probabilities can be believed. */
#include <math.h>
#include <string.h>

#include "report_parts.h"

enum { SIDE = 198, CURVE_SIDE = 232, CLASSES_DRAWN = 12, CURVE_POINTS = 400, DRAWN_MOST = 40 };
static const double LETTER = 6.9; /* its width */

static const char *const looks[] = {"c0", "c1", "c2", "c3", "c4", "c5"};

/* ---- Confusion --------------------------------------------------------------------------- */

/* Arms of a sweep have no figures of their own, but the curve that tells the same. */
static double cell_of(Report *report, const ReportNode *node, const char *const *classes, size_t t,
                      size_t p)
{
    size_t count;
    if (node->figures)
        return report_figure(node, "confusion.%s.%s", classes[t], classes[p]).value;
    const double *column = report_series(report, node, "confusion", classes[p], &count);
    return column && t < count ? column[t] : NAN;
}

static size_t letters_in(const char *name)
{
    size_t letters = 0;
    for (; *name; name++)
        letters += ((unsigned char)*name & 0xc0) != 0x80;
    return letters;
}

/* At most so many letters, of which the last one says that some are left out. */
static void add_name(Text *page, double x, double y, const char *class, const char *name,
                     size_t room)
{
    bool cut = letters_in(name) > room;
    size_t length = 0;
    for (size_t letters = cut ? room - 1 : SIZE_MAX; name[length]; length++)
        if (((unsigned char)name[length] & 0xc0) != 0x80 && letters-- == 0)
            break;
    Text text = {0};
    text_add_slice(&text, name, length);
    text_format(page, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", class, x, y);
    html_add(page, "", text_value(&text), cut ? "…</text>" : "</text>");
    text_free(&text);
}

static void add_cell(Text *page, double x, double y, double size, double count, double all)
{
    double share = all > 0 ? count / all : 0;
    text_format(page,
                "<rect class=\"cell\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
                "fill-opacity=\"%.2f\"/><text class=\"middle %s %s\" x=\"%.1f\" y=\"%.1f\">",
                x + 1, y + 1, size - 2, size - 2, 0.08 + 0.87 * share,
                share > 0.5 ? "inside" : "loud", size > 40 ? "big" : "", x + size / 2,
                y + size / 2 + 5);
    html_count(page, count);
    text_add(page, "</text>");
}

static void add_confusion(Report *report, const ReportScored *scored)
{
    const ReportNode *node = scored->node;
    size_t count;
    const char **classes = report_classes(report, node, &count);
    if (!classes || count > CLASSES_DRAWN)
        return;
    const double left = 66, top = 36, size = (SIDE - left - 8) / (double)count;
    Text *page = &report->page;
    report_figure_begin(report, "confusion", node->id, report_label(report, node));
    text_format(page,
                "<svg class=\"plot\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" "
                "aria-label=\"confusion matrix\">",
                SIDE, SIDE, SIDE, SIDE);
    text_format(page, "<text class=\"axis\" x=\"%.1f\" y=\"12\">predicted</text>", left);
    text_format(page, "<text class=\"axis\" x=\"0\" y=\"%.1f\">true</text>", top - 6);
    for (size_t t = 0; t < count; t++) {
        double all = 0;
        add_name(page, left - 6, top + size * ((double)t + 0.5) + 4, "end loud", classes[t],
                 (size_t)(left / LETTER));
        add_name(page, left + size * ((double)t + 0.5), top - 6, "middle loud", classes[t],
                 (size_t)fmax(2, size / LETTER));
        for (size_t p = 0; p < count; p++)
            all += cell_of(report, node, classes, t, p);
        for (size_t p = 0; p < count; p++)
            add_cell(page, left + size * (double)p, top + size * (double)t, size,
                     cell_of(report, node, classes, t, p), all);
    }
    text_add(page, "</svg>\n");
    report_figure_end(report);
}

/* ---- ROC --------------------------------------------------------------------------------- */

/* Every so many points, and the last. */
static size_t thin(double *values, size_t count)
{
    size_t stride = 1 + count / CURVE_POINTS, kept = 0;
    for (size_t k = 0; k < count; k++)
        if (k % stride == 0 || k + 1 == count)
            values[kept++] = values[k];
    return kept;
}

/* How a kind of curve is called in curves.json, and what it shows. */
typedef struct CurveKind {
    const char *kind, *curve, *x, *y, *title;
    bool of_rarer; /* else what guessing reaches is the diagonal */
} CurveKind;

static bool add_curve_line(Report *report, Plot *plot, const CurveKind *kind,
                           const ReportNode *node, const char *class, const char *look)
{
    size_t count, other;
    const char *name = arena_format(report->memory, "%s.%s", kind->curve, class);
    double *x = report_series(report, node, name, kind->x, &count);
    double *y = report_series(report, node, name, kind->y, &other);
    if (!x || !y || count != other)
        return false;
    thin(y, count);
    plot_line(plot, x, y, thin(x, count), look);
    return true;
}

static PlotFrame square_of(const char *x, const char *y, const char *title)
{
    return (PlotFrame){.width = CURVE_SIDE,
                       .height = CURVE_SIDE + 10,
                       .x = {.high = 1, .title = x},
                       .y = {.high = 1, .title = y},
                       .title = title};
}

static void add_diagonal(Plot *plot)
{
    text_format(plot->page, "<path class=\"rule\" d=\"M%.1f %.1fL%.1f %.1f\"/>", plot_x(plot, 0),
                plot_y(plot, 0), plot_x(plot, 1), plot_y(plot, 1));
}

static const ReportNode *baseline_of(Report *report, const ReportNode *node)
{
    int count;
    ReportVerdict *verdicts = report_verdicts(report, &count);
    for (int k = 0; k < count; k++) {
        const ReportNode *found = NULL;
        bool member = false;
        int baselines = 0;
        for (int a = 0; a < verdicts[k].count; a++) {
            member = member || verdicts[k].arms[a] == node;
            if (report_is_baseline(report, &verdicts[k], a)) {
                found = verdicts[k].arms[a];
                baselines++;
            }
        }
        if (member && baselines == 1)
            return found;
    }
    return NULL;
}

/* The share of the class, which guessing reaches. */
static double share_of(Report *report, const ReportNode *node, const char *const *classes,
                       size_t count, size_t class)
{
    double all = 0, of = 0;
    for (size_t t = 0; t < count; t++)
        for (size_t p = 0; p < count; p++) {
            double cell = cell_of(report, node, classes, t, p);
            all += cell;
            of += t == class ? cell : 0;
        }
    return all > 0 ? of / all : NAN;
}

/* Of two classes one: the second, or where it matters how many there are the rarer one. */
static size_t one_of_two(Report *report, const ReportNode *node, bool rarer)
{
    size_t count;
    const char **classes = report_classes(report, node, &count);
    return rarer && classes && share_of(report, node, classes, count, 0) < 0.5 ? 0 : 1;
}

static void add_curve(Report *report, const ReportScored *scored, const CurveKind *kind,
                      PlotFrame frame)
{
    size_t count, points;
    const ReportNode *node = scored->node;
    const char **classes = report_classes(report, node, &count);
    bool two = classes && count == 2;
    size_t first = two ? one_of_two(report, node, kind->of_rarer) : 0;
    size_t end = two ? first + 1 : count < COUNT(looks) ? count : COUNT(looks);
    if (!classes ||
        !report_series(report, node,
                       arena_format(report->memory, "%s.%s", kind->curve, classes[first]), kind->y,
                       &points))
        return;
    report_figure_begin(report, kind->kind, node->id, report_label(report, node));
    Plot plot = plot_begin(&report->page, &frame);
    if (!kind->of_rarer)
        add_diagonal(&plot);
    else if (two)
        plot_rule_y(&plot, share_of(report, node, classes, count, first), NULL);
    if (scored->baseline && scored->baseline != node && two) {
        add_curve_line(report, &plot, kind, scored->baseline, classes[first], "c5 thin");
        plot_text(&plot, 1, kind->of_rarer ? 0.94 : 0.06, "end",
                  arena_format(report->memory, "grey: %s", report_label(report, scored->baseline)));
    }
    for (size_t c = first; c < end; c++)
        add_curve_line(report, &plot, kind, node, classes[c], two ? "c0" : looks[c]);
    for (size_t c = 0; !two && c < end; c++)
        plot_text(&plot, 0.98, 0.06 + 0.07 * (double)(count - 1 - c),
                  arena_format(report->memory, "name end %s", looks[c]), classes[c]);
    plot_end(&plot);
    report_figure_end(report);
}

/* "“high” found", where there are two classes. */
static const char *of_one(Report *report, const ReportNode *node, bool rarer, const char *words)
{
    size_t count;
    const char **classes = report_classes(report, node, &count);
    return classes && count == 2 ? arena_format(report->memory, "“%s” %s",
                                                classes[one_of_two(report, node, rarer)], words)
                                 : words;
}

static void add_roc(Report *report, const ReportScored *scored)
{
    static const CurveKind kind = {"roc",         "roc",       "false_positive_rate",
                                   "sensitivity", "ROC curve", false};
    add_curve(report, scored, &kind,
              square_of("false alarms", of_one(report, scored->node, false, "found"), kind.title));
}

static void add_precision(Report *report, const ReportScored *scored)
{
    static const CurveKind kind = {"precision", "precision_recall",      "recall",
                                   "precision", "precision over recall", true};
    add_curve(report, scored, &kind,
              square_of(of_one(report, scored->node, true, "found"),
                        of_one(report, scored->node, true, "right where named"), kind.title));
}

/* ---- Reliability ------------------------------------------------------------------------- */

static void add_reliability(Report *report, const ReportScored *scored)
{
    const ReportNode *node = scored->node;
    size_t count;
    const char **classes = report_classes(report, node, &count);
    bool two = classes && count == 2;
    const char *name =
        two ? arena_format(report->memory, "reliability.%s", classes[1]) : "reliability";
    size_t bins, same, sizes;
    double *x = report_series(report, node, name, two ? "probability" : "confidence", &bins);
    double *y = report_series(report, node, name, two ? "frequency" : "accuracy", &same);
    double *n = report_series(report, node, name, "samples", &sizes);
    if (!x || !y || !n || bins != same || bins != sizes)
        return;
    double most = 0;
    for (size_t k = 0; k < bins; k++)
        most = fmax(most, n[k]);
    PlotFrame frame = square_of(two ? arena_format(report->memory, "said: P(%s)", classes[1])
                                    : "said: highest probability",
                                two ? "was so" : "was right", "reliability");
    report_figure_begin(report, "reliability", node->id, report_label(report, node));
    Plot plot = plot_begin(&report->page, &frame);
    add_diagonal(&plot);
    for (size_t k = 0; k < bins; k++)
        if (n[k] > 0)
            plot_dot(&plot, x[k], y[k], 2 + 8 * sqrt(n[k] / most), "dot soft c0",
                     arena_format(report->memory, "%.0f samples", n[k]));
    plot_end(&plot);
    report_figure_end(report);
}

/* ---- All --------------------------------------------------------------------------------- */

typedef void DrawScored(Report *report, const ReportScored *scored);

/* One kind of figure for all arms, side by side. */
static void add_kind(Report *report, const char *title, DrawScored *draw,
                     const ReportScored *scored, int count)
{
    html_add(&report->page, "<h3>", title, "</h3>\n<div class=\"grid small\">\n");
    for (int k = 0; k < count && k < DRAWN_MOST; k++)
        draw(report, &scored[k]);
    text_add(&report->page, "</div>\n");
}

void report_scored(Report *report, const ReportScored *scored, int count)
{
    bool curves = false;
    for (int k = 0; k < count; k++)
        curves = curves || scored[k].node->curves;
    add_kind(report, "Who was taken for what", add_confusion, scored, count);
    if (curves) {
        add_kind(report, "At every threshold (ROC)", add_roc, scored, count);
        add_kind(report, "How many of those named are right (precision over recall)", add_precision,
                 scored, count);
        add_kind(report, "Are the probabilities true?", add_reliability, scored, count);
        text_add(&report->page,
                 "<p class=\"note\">Dashed is what guessing reaches. On the diagonal a probability "
                 "means what it says; the larger a dot, the more samples.</p>\n");
    } else {
        report_misses(report, "ROC, precision and reliability curves: there is no curves.json");
    }
    if (count > DRAWN_MOST)
        report_misses(report, "confusion matrices and curves of %d more arms", count - DRAWN_MOST);
}

void report_scores(Report *report)
{
    int count = 0;
    ReportScored *scored =
        arena_take(report->memory, (size_t)report->node_count + 1, sizeof *scored);
    for (int k = 0; k < report->node_count; k++) {
        const ReportNode *node = &report->nodes[k];
        if (report_is(node, "evaluate_classification") && node->figures)
            scored[count++] = (ReportScored){node, baseline_of(report, node)};
    }
    if (!count)
        return;
    report_heading(report, "scores", "Behind the scores");
    report_scored(report, scored, count);
}
