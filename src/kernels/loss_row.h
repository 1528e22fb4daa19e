/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the losses share: weights of rows, and the entropy of one logit. */
#ifndef FORNIX_KERNELS_LOSS_ROW_H
#define FORNIX_KERNELS_LOSS_ROW_H

#include "functions.h"

INLINE float row_weight(const FornixView *weight, int64_t sample)
{
    return weight->data ? weight->data[sample * weight->pitch_n] : 1.0f;
}

INLINE double row_total(const FornixView *weight, int64_t samples)
{
    double total = 0;
    for (int64_t n = 0; n < samples; n++)
        total += (double)row_weight(weight, n);
    return total;
}

/* -t log p - (1 - t) log(1 - p) with p = sigmoid(x), from exponentials that cannot overflow. */
INLINE float point_entropy(float x, float target)
{
    return (x > 0 ? x : 0) - x * target + log1p_of(exp_of(x > 0 ? -x : x));
}

#endif
