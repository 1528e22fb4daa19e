/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The curves behind the figures, as numbers: whoever draws them needs no prediction again, and the
 * areas and sums that they show are those of the figures.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "classification_report.h"

/* How many lie above a cut just below this score. */
typedef struct {
    double score, positives, negatives;
} Step;

/* From the likeliest on, equal scores in one step; returns how many. */
static int64_t find_steps(const Judge *judge, const Predictions *p, int32_t class, Step *steps)
{
    bool falling;
    const Ranked *ranked = judge_ranked(judge, class, &falling);
    int64_t count = 0, n = p->samples;
    double positives = 0, negatives = 0, before = NAN;
    for (int64_t k = 0; k < n; k++) {
        const Ranked *at = &ranked[falling ? k : n - 1 - k];
        positives += p->truth[at->sample] == class;
        negatives += p->truth[at->sample] != class;
        count += k == 0 || at->score != before;
        before = at->score;
        steps[count - 1] = (Step){p->score[at->sample * p->classes + class], positives, negatives};
    }
    return count;
}

static const char *class_of(const CurveRequest *request, int32_t class, char text[CLASS_NAME])
{
    return report_class(request->label, request->predictions->classes, class, text);
}

static void add_curve(const CurveRequest *request, const char *name, int32_t class,
                      const FornixCurve *curve)
{
    char text[CLASS_NAME], full[CLASS_NAME + 64];
    snprintf(full, sizeof full, "%s%s%s", name, class < 0 ? "" : ".",
             class < 0 ? "" : class_of(request, class, text));
    request->take(request->context, full, curve);
}

/* Points on a straight line between their neighbours say nothing: counts are exact. */
static bool is_corner(const Step *before, const Step *at, const Step *after)
{
    double up = at->positives - before->positives, right = at->negatives - before->negatives;
    double on = after->positives - at->positives, further = after->negatives - at->negatives;
    return up * further != on * right;
}

static void add_roc(const CurveRequest *request, int32_t class, const Step *steps, int64_t count)
{
    static const char *const columns[] = {"false_positive_rate", "sensitivity", "threshold"};
    const Step *last = &steps[count - 1], start = {INFINITY, 0, 0};
    double *values = mem_new((size_t)count + 1, 3 * sizeof *values);
    int64_t rows = 0;
    for (int64_t k = -1; k < count; k++) {
        const Step *at = k < 0 ? &start : &steps[k];
        if (k >= 0 && k + 1 < count && !is_corner(k ? &steps[k - 1] : &start, at, &steps[k + 1]))
            continue;
        values[3 * rows] = at->negatives / last->negatives;
        values[3 * rows + 1] = at->positives / last->positives;
        values[3 * rows++ + 2] = at->score;
    }
    if (last->positives > 0 && last->negatives > 0)
        add_curve(request, "roc", class, &(FornixCurve){columns, 3, values, rows});
    mem_free(values);
}

static void add_precision(const CurveRequest *request, int32_t class, const Step *steps,
                          int64_t count)
{
    static const char *const columns[] = {"recall", "precision", "threshold"};
    double *values = mem_new((size_t)count + 1, 3 * sizeof *values);
    double all = steps[count - 1].positives;
    for (int64_t k = 0; k < count; k++) {
        values[3 * k] = steps[k].positives / all;
        values[3 * k + 1] = steps[k].positives / (steps[k].positives + steps[k].negatives);
        values[3 * k + 2] = steps[k].score;
    }
    if (all > 0)
        add_curve(request, "precision_recall", class, &(FornixCurve){columns, 3, values, count});
    mem_free(values);
}

/* class -1: of the highest probability, whichever class it is of. */
static void add_reliability(const CurveRequest *request, int32_t class)
{
    static const char *const columns[][5] = {
        {"low", "high", "samples", "confidence", "accuracy"},
        {"low", "high", "samples", "probability", "frequency"}};
    const Predictions *p = request->predictions;
    double bins[RELIABILITY_BINS][5] = {{0}};
    for (int64_t i = 0; i < p->samples; i++) {
        const double *score = p->score + i * p->classes;
        int32_t of = class < 0 ? likeliest(score, p->classes) : class;
        double *bin = bins[reliability_bin(score[of])];
        bin[2]++;
        bin[3] += score[of];
        bin[4] += p->truth[i] == of;
    }
    for (int k = 0; k < RELIABILITY_BINS; k++) {
        double samples = bins[k][2];
        bins[k][0] = (double)k / RELIABILITY_BINS;
        bins[k][1] = (double)(k + 1) / RELIABILITY_BINS;
        bins[k][3] = samples > 0 ? bins[k][3] / samples : NAN;
        bins[k][4] = samples > 0 ? bins[k][4] / samples : NAN;
    }
    add_curve(request, "reliability", class,
              &(FornixCurve){columns[class >= 0], 5, bins[0], RELIABILITY_BINS});
}

static void add_confusion(const CurveRequest *request)
{
    int32_t classes = request->predictions->classes;
    size_t cells = (size_t)classes * (size_t)classes;
    char(*text)[CLASS_NAME] = mem_new((size_t)classes, sizeof *text);
    const char **names = mem_new((size_t)classes, sizeof *names);
    int64_t *count = mem_new(cells, sizeof *count);
    double *values = mem_new(cells, sizeof *values);
    for (int32_t c = 0; c < classes; c++)
        names[c] = class_of(request, c, text[c]);
    confusion_count(request->predictions, count);
    for (size_t k = 0; k < cells; k++)
        values[k] = (double)count[k];
    add_curve(request, "confusion", -1, &(FornixCurve){names, classes, values, classes});
    mem_free(values);
    mem_free(count);
    mem_free(names);
    mem_free(text);
}

void classification_curves(const CurveRequest *request)
{
    const Predictions *p = request->predictions;
    Step *steps = mem_new((size_t)p->samples + 1, sizeof *steps);
    for (int32_t c = 0; c < p->classes; c++) {
        int64_t count = find_steps(request->judge, p, c, steps);
        add_roc(request, c, steps, count);
        add_precision(request, c, steps, count);
        add_reliability(request, c);
    }
    add_reliability(request, -1);
    add_confusion(request);
    mem_free(steps);
}
