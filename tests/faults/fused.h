/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A leaky rectifier and a tanh in one sweep; TAKEN is what it makes of the slope of the rectifier.
 */
#ifndef FORNIX_FAULTS_FUSED_H
#define FORNIX_FAULTS_FUSED_H

#include <math.h>
#include <node.h>

typedef struct {
    double slope;
} Fused;

static bool infer(FornixInfer *infer, const void *attrs)
{
    (void)attrs;
    FornixShape x = fornix_input(infer, 0);
    fornix_output(infer, 0, x);
    fornix_pass(infer, FORNIX_FORWARD, x.n, FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_BACKWARD, x.n, FORNIX_FOR_INPUT);
    return true;
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    const Fused *a = attrs;
    int64_t count = fornix_floats(step->in[0].shape) / step->in[0].shape.n;
    (void)pass;
    for (int64_t i = begin * count; i < end * count; i++) {
        float x = step->in[0].data[i];
        step->out[0].data[i] = tanhf(x > 0 ? x : (float)a->slope * x);
    }
}

static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                     int64_t end)
{
    const Fused *a = attrs;
    int64_t count = fornix_floats(step->out[0].shape) / step->out[0].shape.n;
    (void)pass;
    for (int64_t i = begin * count; i < end * count; i++) {
        float y = step->out[0].data[i];
        step->din[0].data[i] = step->dout[0].data[i] * (1 - y * y) * (y > 0 ? 1 : (float)a->slope);
    }
}

static bool fuse(void *attrs, const void *const *parts, const bool *in_net_inputs)
{
    const double *slope = parts[0];
    (void)in_net_inputs;
    *(Fused *)attrs = (Fused){TAKEN(*slope)};
    return true;
}

static const FornixAttr attrs[] = {FORNIX_REAL(Fused, slope, "0.01", 0, 1, "of values below 0"),
                                   {0}};
static const FornixPort inputs[] = {{"x", FORNIX_VALUES, 0, "any values"}, {0}};
static const FornixPort outputs[] = {{"y", FORNIX_FEATURE, FORNIX_SAVED, "the same shape"}, {0}};
static const FornixLayer layer = {.infer = infer,
                                  .forward = forward,
                                  .backward = backward,
                                  .fuses = "leaky_relu tanh",
                                  .fuse = fuse};

const FornixNode fornix_node = {.abi = FORNIX_ABI,
                                .name = NAME,
                                .doc = "tanh of the leaky rectifier.",
                                .attrs_size = sizeof(Fused),
                                .attrs = attrs,
                                .inputs = inputs,
                                .outputs = outputs,
                                .layer = &layer,
                                .example = "x=2,1,2,3,4 | <" NAME " x=\"x\" slope=\"0.3\"/>"};

#endif
