/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What convolution and its transpose read from their attributes. Internal to nodes/. */
#ifndef FORNIX_CONV_PORTS_H
#define FORNIX_CONV_PORTS_H

#include <math.h>

#include "kernels/conv.h"
#include "node.h"

/* A single number counts along the axes in which the input extends: "3" is 1 x 3 x 3 on an image
 * of depth 1 and 1 x 1 x 3 on a signal. Several count as they are written. */
static inline void conv_axes(FornixDims dims, FornixShape x, int64_t alone, int64_t out[3])
{
    const int64_t sizes[3] = {x.d, x.h, x.w};
    bool extends = false;
    for (int a = 0; a < 3; a++) {
        extends = extends || sizes[a] > 1 || a == 2;
        out[a] = dims.count == 1 && !extends ? alone : dims.size[a];
    }
}

/* Zeros in front of an axis: none for the depth that two numbers say nothing of, nor by a single
 * number where the kernel doesn't extend. */
static inline int64_t conv_padding(FornixDims dims, int axis, int64_t kernel)
{
    bool said = dims.count == 1 ? kernel > 1 : axis >= 3 - dims.count;
    return said ? dims.size[axis] : 0;
}

/* An attribute of sizes, as it was written, for a tangent. */
static inline void conv_emit_dims(FornixInfer *infer, const char *name, FornixDims dims)
{
    if (!dims.count)
        return;
    fornix_emit(infer, " %s=\"", name);
    for (int a = 3 - dims.count; a < 3; a++)
        fornix_emit(infer, "%s%lld", a > 3 - dims.count ? " " : "", (long long)dims.size[a]);
    fornix_emit(infer, "\"");
}

/* PyTorch's start of convolutions and dense layers, weight and bias alike. */
static inline FornixInit conv_init(int64_t fan_in)
{
    return (FornixInit){FORNIX_UNIFORM, 1 / sqrt((double)fan_in)};
}

static inline void conv_passes_declare(FornixInfer *infer, const Conv *conv, FornixPhase phase,
                                       ConvTask task, FornixNeed need)
{
    for (int p = 0; p < conv_passes(conv, task); p++)
        fornix_pass(infer, phase, conv_grains(conv, task, p), need);
}

/* Weights, passes and scratch of a node whose forward is one task of conv and whose input gradient
 * is the other. Weights lie as the convolution has them, x.c before y.c. */
static inline void conv_declare(FornixInfer *infer, const Conv *conv, ConvTask forward, bool bias)
{
    bool plain = forward == CONV_FORWARD;
    ConvTask back = plain ? CONV_INPUT_GRADIENT : CONV_FORWARD;
    const int64_t *k = conv->kernel;
    FornixShape out = plain ? conv->y : conv->x;
    FornixInit init = conv_init(k[0] * k[1] * k[2] * conv->x.c);
    fornix_output(infer, 0, out);
    fornix_weight(infer, 0, "weight", (FornixShape){k[0], k[1], k[2], conv->x.c, conv->y.c}, init);
    if (bias)
        fornix_weight(infer, 0, "bias", (FornixShape){1, 1, 1, 1, out.c}, init);
    conv_passes_declare(infer, conv, FORNIX_FORWARD, forward, FORNIX_ALWAYS);
    conv_passes_declare(infer, conv, FORNIX_BACKWARD, CONV_WEIGHT_GRADIENT, FORNIX_FOR_WEIGHT);
    conv_passes_declare(infer, conv, FORNIX_BACKWARD, back, FORNIX_FOR_INPUT);
    fornix_gradient_in_place(infer, 0);
    int64_t input = conv_scratch(conv, back), weight = conv_scratch(conv, CONV_WEIGHT_GRADIENT);
    fornix_scratch(infer, FORNIX_FORWARD, conv_scratch(conv, forward));
    fornix_scratch(infer, FORNIX_BACKWARD, input > weight ? input : weight);
    fornix_flops(infer, FORNIX_FORWARD, conv_flops(conv));
    fornix_flops(infer, FORNIX_BACKWARD, 2 * conv_flops(conv));
}

static inline void conv_forward(const FornixStep *step, const Conv *conv, ConvTask task, bool bias,
                                int pass, int64_t begin, int64_t end)
{
    ConvApply apply = {.in = step->in[0],
                       .weight = step->weight[0].data,
                       .bias = bias ? step->weight[1].data : NULL,
                       .out = step->out[0],
                       .scratch = step->scratch};
    conv_apply(conv, task, &apply, pass, begin, end);
}

/* forward: the task that the node's forward is. */
static inline void conv_backward(const FornixStep *step, const Conv *conv, ConvTask forward,
                                 bool bias, int pass, int64_t begin, int64_t end)
{
    bool plain = forward == CONV_FORWARD;
    int weight_passes = conv_passes(conv, CONV_WEIGHT_GRADIENT);
    if (pass >= weight_passes) {
        ConvApply apply = {.in = step->dout[0],
                           .weight = step->weight[0].data,
                           .out = step->din[0],
                           .scratch = step->scratch};
        conv_apply(conv, plain ? CONV_INPUT_GRADIENT : CONV_FORWARD, &apply, pass - weight_passes,
                   begin, end);
        return;
    }
    float *dbias = bias ? step->dweight[1].data : NULL;
    ConvWeightGradient gradient = {.x = plain ? step->in[0] : step->dout[0],
                                   .dy = plain ? step->dout[0] : step->in[0],
                                   .dweight = step->dweight[0].data,
                                   .sum_dy = plain ? dbias : NULL,
                                   .sum_x = plain ? NULL : dbias,
                                   .scratch = step->scratch};
    conv_weight_gradient(conv, &gradient, pass, begin, end);
}

#endif
