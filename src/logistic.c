/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A small logistic regression, by Newton's method with own Cholesky steps: its bits depend on no
 * library's thread count.
 */
#include "logistic.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base.h"

const double logistic_decay = 1;

typedef struct {
    const Cloud *points;
    const int32_t *positive;
    double decay;
    int64_t size;                      /* features and b */
    double *slope, *curvature, *trial; /* [size], [size][size], [size] */
} Fit;

static double margin(const double *weights, const double *point, int64_t features)
{
    double sum = weights[features];
    for (int64_t f = 0; f < features; f++)
        sum += weights[f] * point[f];
    return sum;
}

double logistic_probability(const double *weights, const double *point, int64_t features)
{
    double z = margin(weights, point, features), e = exp(-fabs(z));
    return z > 0 ? 1 / (1 + e) : e / (1 + e);
}

static double loss(const Fit *fit, const double *weights)
{
    double sum = 0;
    int64_t features = fit->points->features;
    for (int64_t f = 0; f < features; f++)
        sum += fit->decay / 2 * weights[f] * weights[f];
    for (int64_t i = 0; i < fit->points->points; i++) {
        double z = margin(weights, fit->points->at + i * features, features);
        z = fit->positive[i] ? z : -z;
        sum += fmax(-z, 0) + log1p(exp(-fabs(z)));
    }
    return sum;
}

static double feature_of(const double *point, int64_t f, int64_t features)
{
    return f < features ? point[f] : 1;
}

static void differentiate(const Fit *fit, const double *weights)
{
    int64_t features = fit->points->features, size = fit->size;
    memset(fit->slope, 0, (size_t)size * sizeof *fit->slope);
    memset(fit->curvature, 0, (size_t)(size * size) * sizeof *fit->curvature);
    for (int64_t i = 0; i < fit->points->points; i++) {
        const double *point = fit->points->at + i * features;
        double p = logistic_probability(weights, point, features);
        for (int64_t f = 0; f < size; f++) {
            double x = feature_of(point, f, features);
            fit->slope[f] += (p - fit->positive[i]) * x;
            for (int64_t g = 0; g <= f; g++)
                fit->curvature[f * size + g] += p * (1 - p) * x * feature_of(point, g, features);
        }
    }
    for (int64_t f = 0; f < features; f++) {
        fit->slope[f] += fit->decay * weights[f];
        fit->curvature[f * size + f] += fit->decay;
    }
    fit->curvature[size * size - 1] += 1e-12; /* where all points are certain */
}

/* slope becomes the step: curvature step = slope, by Cholesky's factors in the lower half. */
static void solve(const Fit *fit)
{
    int64_t n = fit->size;
    double *a = fit->curvature, *b = fit->slope;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j <= i; j++) {
            double sum = a[i * n + j];
            for (int64_t k = 0; k < j; k++)
                sum -= a[i * n + k] * a[j * n + k];
            a[i * n + j] = i == j ? sqrt(fmax(sum, 1e-300)) : sum / a[j * n + j];
        }
    for (int64_t i = 0; i < n; i++) {
        for (int64_t k = 0; k < i; k++)
            b[i] -= a[i * n + k] * b[k];
        b[i] /= a[i * n + i];
    }
    for (int64_t i = n; i-- > 0;) {
        for (int64_t k = i + 1; k < n; k++)
            b[i] -= a[k * n + i] * b[k];
        b[i] /= a[i * n + i];
    }
}

/* Half of a step, until it leads down: far from the minimum a whole one may lead beyond. */
static bool descend(const Fit *fit, double *weights, double before)
{
    enum { HALVES = 40 };
    double share = 1;
    for (int halves = 0; halves < HALVES; halves++, share /= 2) {
        for (int64_t f = 0; f < fit->size; f++)
            fit->trial[f] = weights[f] - share * fit->slope[f];
        if (loss(fit, fit->trial) < before) {
            memcpy(weights, fit->trial, (size_t)fit->size * sizeof *weights);
            return true;
        }
    }
    return false;
}

void logistic_fit(const Cloud *points, const int32_t *positive, double decay, double *weights)
{
    enum { STEPS = 100 };
    size_t size = (size_t)points->features + 1;
    int64_t positives = 0;
    for (int64_t i = 0; i < points->points; i++)
        positives += positive[i];
    memset(weights, 0, size * sizeof *weights);
    if (positives == 0 || positives == points->points) {
        weights[points->features] = positives ? 1e3 : -1e3;
        return;
    }
    Fit fit = {points,
               positive,
               decay,
               (int64_t)size,
               mem_new(size, sizeof(double)),
               mem_new(size * size, sizeof(double)),
               mem_new(size, sizeof(double))};
    bool down = true;
    for (int step = 0; step < STEPS && down; step++) {
        differentiate(&fit, weights);
        solve(&fit);
        down = descend(&fit, weights, loss(&fit, weights));
    }
    mem_free(fit.slope);
    mem_free(fit.curvature);
    mem_free(fit.trial);
}

void logistic_classify(const Cloud *trained, const int32_t *class, int32_t classes,
                       const Cloud *tested, double *score)
{
    int64_t features = trained->features;
    double *weights = mem_new((size_t)features + 1, sizeof *weights);
    int32_t *positive = mem_new((size_t)trained->points + 1, sizeof *positive);
    for (int32_t c = classes == 2; c < classes; c++) {
        for (int64_t i = 0; i < trained->points; i++)
            positive[i] = class[i] == c;
        logistic_fit(trained, positive, logistic_decay, weights);
        for (int64_t i = 0; i < tested->points; i++)
            score[i * classes + c] =
                logistic_probability(weights, tested->at + i * features, features);
    }
    for (int64_t i = 0; i < tested->points; i++) {
        double *of = score + i * classes, sum = 0;
        if (classes == 2)
            of[0] = 1 - of[1];
        for (int32_t c = 0; c < classes; c++)
            sum += of[c];
        for (int32_t c = 0; classes > 2 && c < classes; c++)
            of[c] = sum > 0 ? of[c] / sum : 1.0 / classes;
    }
    mem_free(positive);
    mem_free(weights);
}
