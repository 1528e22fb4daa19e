/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sums, scalings, copies and their like: one sweep over pitched tensors of equal shape.
 *
 * One pass of elementwise_grains(shape) grains each. The output may be one of the inputs, pixel on
 * pixel; it must not overlap one in another way.
 */
#ifndef FORNIX_KERNELS_ELEMENTWISE_H
#define FORNIX_KERNELS_ELEMENTWISE_H

#include "../node.h"

int64_t elementwise_grains(FornixShape shape);

/* Channels [first, first + count): the place of one input of a concatenation. */
static inline FornixTensor tensor_channels(const FornixTensor *tensor, int64_t first, int64_t count)
{
    FornixTensor part = *tensor;
    part.data = tensor->data ? tensor->data + first : NULL;
    part.shape.c = count;
    return part;
}

static inline FornixView view_channels(const FornixView *view, int64_t first, int64_t count)
{
    FornixView part = *view;
    part.data = view->data ? view->data + first : NULL;
    part.shape.c = count;
    return part;
}

static inline FornixView tensor_view(const FornixTensor *tensor)
{
    return (FornixView){.shape = tensor->shape,
                        .pitch_w = tensor->pitch_w,
                        .pitch_h = tensor->pitch_h,
                        .pitch_d = tensor->pitch_d,
                        .pitch_n = tensor->pitch_n,
                        .data = tensor->data};
}

void elementwise_fill(const FornixTensor *y, float value, int64_t begin, int64_t end);
void elementwise_copy(const FornixTensor *y, const FornixView *x, int64_t begin, int64_t end);
/* y = factor x */
void elementwise_scale(const FornixTensor *y, const FornixView *x, float factor, int64_t begin,
                       int64_t end);
/* y = ((x[0] + x[1]) + x[2]) + ..., count at least 1; where y is one of them, it is x[0]. */
void elementwise_add(const FornixTensor *y, const FornixView *x, int count, int64_t begin,
                     int64_t end);
/* y = x + bias, a number for each channel */
void elementwise_bias(const FornixTensor *y, const FornixView *x, const float *bias, int64_t begin,
                      int64_t end);
/* y = x + factor shift, of which each sample has a number for each channel */
void elementwise_shift(const FornixTensor *y, const FornixView *x, const FornixView *shift,
                       float factor, int64_t begin, int64_t end);
/* y of c classes from labels of one channel: 1 at the class, 0 elsewhere; all 0 for a label that is
 * no whole number in [0, c). Grains by the shape of y. */
void elementwise_one_hot(const FornixTensor *y, const FornixView *label, int64_t begin,
                         int64_t end);

#endif
