/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What instance, batch and group norm share: ports, weights, passes. Internal to nodes/. */
#ifndef FORNIX_NORM_PORTS_H
#define FORNIX_NORM_PORTS_H

#include "kernels/norm.h"
#include "node.h"

static const FornixPort norm_inputs[] = {
    {"x", FORNIX_VALUES, FORNIX_SAVED | FORNIX_PITCHED, "what is normalised"}, {0}};
static const FornixPort norm_outputs[] = {{"y", FORNIX_FEATURE, FORNIX_PITCHED, "the same shape"},
                                          {0}};

static inline bool norm_declare(FornixInfer *infer, const Norm *norm, bool affine)
{
    FornixShape channels = {1, 1, 1, 1, norm->shape.c};
    fornix_output(infer, 0, norm->shape);
    fornix_in_place(infer, 0, 0);
    if (affine) {
        fornix_weight(infer, 0, "gamma", channels, (FornixInit){FORNIX_CONSTANT, 1});
        fornix_weight(infer, 0, "beta", channels, (FornixInit){FORNIX_CONSTANT, 0});
    }
    fornix_saved(infer, (FornixShape){1, 1, 1, 1, norm_saved(norm)});
    fornix_scratch(infer, FORNIX_FORWARD, norm_scratch(norm));
    fornix_scratch(infer, FORNIX_BACKWARD, norm_scratch(norm));
    for (int p = 0; p < NORM_FORWARD_PASSES; p++)
        fornix_pass(infer, FORNIX_FORWARD, norm_forward_grains(norm, p), FORNIX_ALWAYS);
    for (int p = 0; p < NORM_BACKWARD_PASSES; p++)
        fornix_pass(infer, FORNIX_BACKWARD, norm_backward_grains(norm, p),
                    p == NORM_WEIGHT_PASS                         ? FORNIX_FOR_WEIGHT
                    : p == NORM_INPUT_PASS || p == NORM_MEAN_PASS ? FORNIX_FOR_INPUT
                                                                  : FORNIX_ALWAYS);
    fornix_flops(infer, FORNIX_FORWARD, 6.0 * (double)fornix_floats(norm->shape));
    fornix_flops(infer, FORNIX_BACKWARD, 12.0 * (double)fornix_floats(norm->shape));
    return true;
}

static inline NormForward norm_bind_forward(const FornixStep *step, bool affine)
{
    return (NormForward){.x = step->in[0],
                         .gamma = affine ? step->weight[0].data : NULL,
                         .beta = affine ? step->weight[1].data : NULL,
                         .y = step->out[0],
                         .saved = step->saved[0].data,
                         .scratch = step->scratch};
}

static inline NormBackward norm_bind_backward(const FornixStep *step, bool affine)
{
    return (NormBackward){.x = step->in[0],
                          .dy = step->dout[0],
                          .gamma = affine ? step->weight[0].data : NULL,
                          .beta = affine ? step->weight[1].data : NULL,
                          .saved = step->saved[0].data,
                          .dx = step->din[0],
                          .dgamma = affine ? step->dweight[0].data : NULL,
                          .dbeta = affine ? step->dweight[1].data : NULL,
                          .scratch = step->scratch};
}

#endif
