/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two leaky rectifiers in one sweep; TAKEN is what it makes of the slope of the first. */
#ifndef FORNIX_FAULTS_FUSED_H
#define FORNIX_FAULTS_FUSED_H

#include <node.h>

typedef struct {
    double slope, behind;
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
        step->out[0].data[i] = x > 0 ? x : (float)a->behind * ((float)a->slope * x);
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
        float dy = step->dout[0].data[i];
        step->din[0].data[i] = y > 0 ? dy : (float)a->slope * ((float)a->behind * dy);
    }
}

static bool fuse(void *attrs, const void *const *parts, const bool *given)
{
    const double *slope = parts[0], *behind = parts[1];
    (void)given;
    *(Fused *)attrs = (Fused){TAKEN(*slope), *behind};
    return true;
}

static const FornixAttr attrs[] = {FORNIX_REAL(Fused, slope, "0.01", 0, 1, "of values below 0"),
                                   FORNIX_REAL(Fused, behind, "1", 0, 1, "of them once more"),
                                   {0}};
static const FornixPort inputs[] = {{"x", FORNIX_VALUES, 0, "any values"}, {0}};
static const FornixPort outputs[] = {{"y", FORNIX_FEATURE, FORNIX_SAVED, "the same shape"}, {0}};
static const FornixLayer layer = {.infer = infer,
                                  .forward = forward,
                                  .backward = backward,
                                  .fuses = "leaky_relu leaky_relu",
                                  .fuse = fuse};

const FornixNode fornix_node = {.abi = FORNIX_ABI,
                                .name = NAME,
                                .doc = "The leaky rectifier, twice.",
                                .attrs_size = sizeof(Fused),
                                .attrs = attrs,
                                .inputs = inputs,
                                .outputs = outputs,
                                .layer = &layer,
                                .example = "x=2,1,2,3,4 | <" NAME " x=\"x\" slope=\"0.3\"/>"};

#endif
