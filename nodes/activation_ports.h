/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the activations share: gradients from the output alone, in the input's place where nobody
 * else reads it. Internal to nodes/. */
#ifndef FORNIX_ACTIVATION_PORTS_H
#define FORNIX_ACTIVATION_PORTS_H

#include "kernels/activation.h"
#include "node.h"

static const FornixPort activation_inputs[] = {
    {"x", FORNIX_VALUES, FORNIX_PITCHED, "any tensor of values"}, {0}};

static inline bool activation_declare(FornixInfer *infer, double flops)
{
    FornixShape x = fornix_input(infer, 0);
    fornix_output(infer, 0, x);
    fornix_in_place(infer, 0, 0);
    fornix_pass(infer, FORNIX_FORWARD, activation_grains(x), FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_BACKWARD, activation_grains(x), FORNIX_FOR_INPUT);
    fornix_flops(infer, FORNIX_FORWARD, flops * (double)fornix_floats(x));
    fornix_flops(infer, FORNIX_BACKWARD, flops * (double)fornix_floats(x));
    return true;
}

static inline void activation_run(const FornixStep *step, ActivationKind kind, double a,
                                  int64_t begin, int64_t end)
{
    ActivationForward bound = {kind, (float)a, step->in[0], step->out[0]};
    activation_forward(&bound, begin, end);
}

static inline void activation_run_back(const FornixStep *step, ActivationKind kind, double a,
                                       int64_t begin, int64_t end)
{
    FornixTensor y = step->out[0];
    ActivationBackward bound = {kind,
                                (float)a,
                                {y.shape, y.pitch_w, y.pitch_h, y.pitch_d, y.pitch_n, y.data},
                                step->dout[0],
                                step->din[0]};
    activation_backward(&bound, begin, end);
}

#endif
