/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "optimise.h"

#include <math.h>

#include "lanes.h"

INLINE void sgd_range_body(const SgdStep *sgd, int64_t begin, int64_t end)
{
    float rate = (float)sgd->rate, decay = (float)sgd->decay, scale = (float)sgd->scale;
    float keep = sgd->step > 1 ? (float)sgd->momentum : 0;
    float ahead = sgd->nesterov ? (float)sgd->momentum : 1, direct = sgd->nesterov ? 1.0f : 0.0f;
    float *weight = sgd->weight, *velocity = sgd->velocity;
    const float *gradient = sgd->gradient;
    if (sgd->momentum == 0) {
        INDEPENDENT
        for (int64_t i = begin; i < end; i++)
            weight[i] -= rate * (scale * gradient[i] + decay * weight[i]);
        return;
    }
    INDEPENDENT
    for (int64_t i = begin; i < end; i++) {
        float g = scale * gradient[i] + decay * weight[i];
        float v = keep * velocity[i] + g;
        velocity[i] = v;
        weight[i] -= rate * (direct * g + ahead * v);
    }
}

KERNEL(sgd_range, (const SgdStep *sgd, int64_t begin, int64_t end), (sgd, begin, end))

void sgd_step(const SgdStep *sgd, int64_t begin, int64_t end)
{
    sgd_range(sgd, begin, end);
}

typedef struct {
    float kept, decay, scale;    /* of the weight, of the weight in the gradient, of the gradient */
    float first, second, fade;   /* 1 - beta1, 1 - beta2, beta2 */
    float length, root, epsilon; /* rate / (1 - beta1^t), 1 / sqrt(1 - beta2^t) */
} AdamFactors;

INLINE void adam_range_body(const AdamStep *adam, const AdamFactors *factors, int64_t begin,
                            int64_t end)
{
    AdamFactors f = *factors;
    float *weight = adam->weight, *mean = adam->mean, *square = adam->square;
    const float *gradient = adam->gradient;
    INDEPENDENT
    for (int64_t i = begin; i < end; i++) {
        float w = f.kept * weight[i];
        float g = f.scale * gradient[i] + f.decay * w;
        float m = mean[i] + f.first * (g - mean[i]);
        float v = f.fade * square[i] + f.second * g * g;
        mean[i] = m;
        square[i] = v;
        weight[i] = w - f.length * m / (__builtin_sqrtf(v) * f.root + f.epsilon);
    }
}

KERNEL(adam_range, (const AdamStep *adam, const AdamFactors *factors, int64_t begin, int64_t end),
       (adam, factors, begin, end))

/* By squaring: the C library's pow may round otherwise on another machine. */
static double whole_power(double base, int64_t exponent)
{
    double power = 1;
    for (; exponent > 0; exponent /= 2, base *= base)
        if (exponent % 2)
            power *= base;
    return power;
}

void adam_step(const AdamStep *adam, int64_t begin, int64_t end)
{
    AdamFactors factors = {
        .kept = adam->decoupled ? (float)(1 - adam->rate * adam->decay) : 1,
        .decay = adam->decoupled ? 0 : (float)adam->decay,
        .scale = (float)adam->scale,
        .first = (float)(1 - adam->beta1),
        .second = (float)(1 - adam->beta2),
        .fade = (float)adam->beta2,
        .length = (float)(adam->rate / (1 - whole_power(adam->beta1, adam->step))),
        .root = (float)(1 / sqrt(1 - whole_power(adam->beta2, adam->step))),
        .epsilon = (float)adam->epsilon,
    };
    adam_range(adam, &factors, begin, end);
}

INLINE void average_range_body(float share, const float *weight, float *average, int64_t begin,
                               int64_t end)
{
    INDEPENDENT
    for (int64_t i = begin; i < end; i++)
        average[i] += share * (weight[i] - average[i]);
}

KERNEL(average_range,
       (float share, const float *weight, float *average, int64_t begin, int64_t end),
       (share, weight, average, begin, end))

void average_step(double keep, const float *weight, float *average, int64_t begin, int64_t end)
{
    average_range((float)(1 - keep), weight, average, begin, end);
}
