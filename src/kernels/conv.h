/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Convolution in one to three dimensions, and its gradients.
 *
 *   y[o, j]     = bias[j] + sum over k, i of x[stride o - front + dilation k, i] w[k, i, j]
 *   dx[p, i]    = sum over k, j, o with stride o - front + dilation k = p of dy[o, j] w[k, i, j]
 *   dw[k, i, j] = sum over o of x[stride o - front + dilation k, i] dy[o, j]
 *
 * o, p and k are positions (d, h, w); x is 0 outside of its shape. Padding behind is implied by
 * the shape of y. Weights are [kd][kh][kw][x.c][y.c], y.c side by side. A transposed convolution is
 * the same three with changed roles: its forward is the input gradient (of which the bias has x.c
 * elements), its input gradient is the forward, its weight gradient the weight gradient.
 *
 * A task runs conv_passes passes, one after the other; a pass has conv_grains grains that may run
 * in any order at the same time, and calls may take any range of them. What is handed out depends
 * on the descriptor alone, and so does every bit of the result. Results are overwritten; scratch,
 * aligned to 64 bytes, is shared by the passes of a task and may hold anything before.
 *
 * Tensors are seen through their pitches; those in the shape of x or y are pitched as they like. A
 * call keeps up to 600 KiB on its stack.
 *
 * Direct convolution sums in registers; kernels of 3 x 3 (x 3) with stride and dilation 1 and many
 * channels use Winograd's minimal filtering (Winograd 1980; Lavin & Gray, "Fast algorithms for
 * convolutional neural networks", CVPR 2016). Largest errors of results are 0.4 times those
 * of direct sums with F((2 x) 2 x 2) and 1.2 times with F((2 x) 4 x 4), those of weights' gradients
 * 1.7 and 4 times: 2 to 17e-7 of the largest (tests/bench/errors).
 */
#ifndef FORNIX_KERNELS_CONV_H
#define FORNIX_KERNELS_CONV_H

#include "../node.h"
#include "isa.h"

typedef enum { CONV_FORWARD, CONV_INPUT_GRADIENT, CONV_WEIGHT_GRADIENT } ConvTask;

typedef struct {
    FornixShape x, y;                                    /* y.n = x.n */
    int64_t kernel[3], stride[3], front[3], dilation[3]; /* D H W; front: padding, 0 or more */
    FornixWinograd winograd;
    Isa isa; /* ISA_ACTIVE but in tests */
} Conv;

/* Extent of y along an axis, and of the result of a transposed convolution, which has `extra` more
 * elements behind; below 1 where the kernel does not fit. */
int64_t conv_extent(int64_t size, int64_t kernel, int64_t stride, int64_t padding,
                    int64_t dilation);
int64_t conv_transposed_extent(int64_t size, int64_t kernel, int64_t stride, int64_t padding,
                               int64_t dilation, int64_t extra);

int conv_passes(const Conv *conv, ConvTask task);
int64_t conv_grains(const Conv *conv, ConvTask task, int pass);
int64_t conv_scratch(const Conv *conv, ConvTask task); /* floats */
double conv_flops(const Conv *conv);                   /* of one task, done directly */

/* CONV_FORWARD: in = x, out = y. CONV_INPUT_GRADIENT: in = dy, out = dx. bias: out.c, or NULL. */
typedef struct {
    FornixView in;
    const float *weight, *bias;
    FornixTensor out;
    float *scratch;
} ConvApply;

void conv_apply(const Conv *conv, ConvTask task, const ConvApply *apply, int pass, int64_t begin,
                int64_t end);

/* sum_dy (y.c) is the gradient of a bias, sum_x (x.c) that of a transposed convolution's; NULL:
 * not wanted, and so may dweight be. */
typedef struct {
    FornixView x, dy;
    float *dweight, *sum_dy, *sum_x;
    float *scratch;
} ConvWeightGradient;

void conv_weight_gradient(const Conv *conv, const ConvWeightGradient *gradient, int pass,
                          int64_t begin, int64_t end);

#endif
