/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One step of an optimiser over the elements [begin, end) of a weight, as PyTorch takes it.
 *
 *   g = scale gradient                       clipping and accumulation
 *   SGD     g += decay w;  b = momentum b + g (b = g at the first step);
 *           w -= rate (nesterov ? g + momentum b : b)
 *   Adam    g += decay w;  m += (1 - beta1) (g - m);  v = beta2 v + (1 - beta2) g^2;
 *           w -= rate / (1 - beta1^t)  m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
 *   AdamW   w -= rate decay w first, and no decay in g
 *
 * (Sutskever et al. 2013; Kingma & Ba 2015; Loshchilov & Hutter 2019.) Each element stands alone,
 * so that a range may be split anywhere.
 */
#ifndef FORNIX_KERNELS_OPTIMISE_H
#define FORNIX_KERNELS_OPTIMISE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    double rate, momentum, decay, scale;
    bool nesterov;
    int64_t step; /* from 1 */
    float *weight;
    const float *gradient;
    float *velocity; /* unused, may be NULL, where momentum is 0 */
} SgdStep;

void sgd_step(const SgdStep *sgd, int64_t begin, int64_t end);

typedef struct {
    double rate, beta1, beta2, epsilon, decay, scale;
    bool decoupled; /* AdamW */
    int64_t step;   /* from 1 */
    float *weight;
    const float *gradient;
    float *mean, *square; /* m and v, zero at first */
} AdamStep;

void adam_step(const AdamStep *adam, int64_t begin, int64_t end);

/* average = keep average + (1 - keep) weight */
void average_step(double keep, const float *weight, float *average, int64_t begin, int64_t end);

#endif
