/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the activations share: gradients from the output alone, in the input's place where nobody
 * else reads it. Internal to nodes/. */
#ifndef FORNIX_ACTIVATION_PORTS_H
#define FORNIX_ACTIVATION_PORTS_H

#include "kernels/activation.h"
#include "node.h"

typedef struct { /* attributes of leaky_relu */
    double slope;
} LeakyRelu;

static const FornixPort activation_inputs[]
    __attribute__((unused)) = {{"x", FORNIX_VALUES, FORNIX_PITCHED, "any tensor of values"}, {0}};

static const FornixPort activation_outputs[] __attribute__((unused)) = {
    {"y", FORNIX_FEATURE, FORNIX_SAVED | FORNIX_PITCHED, "the same shape"}, {0}};
static const FornixPort activation_probabilities[] __attribute__((unused)) = {
    {"y", FORNIX_PROBABILITY, FORNIX_SAVED | FORNIX_PITCHED, "the same shape, in 0 to 1"}, {0}};

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

/* The passes of an activation whose number a is constant(attrs), and the layer of one that takes
 * any shape. */
#define ACTIVATION_PASSES(kind, constant)                                                          \
    static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin,        \
                        int64_t end)                                                               \
    {                                                                                              \
        (void)pass;                                                                                \
        activation_run(step, kind, constant(attrs), begin, end);                                   \
    }                                                                                              \
    static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,       \
                         int64_t end)                                                              \
    {                                                                                              \
        (void)pass;                                                                                \
        activation_run_back(step, kind, constant(attrs), begin, end);                              \
    }                                                                                              \
    static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

#define ACTIVATION_LAYER(kind, constant, flops)                                                    \
    static bool infer(FornixInfer *infer, const void *attrs)                                       \
    {                                                                                              \
        (void)attrs;                                                                               \
        return activation_declare(infer, flops);                                                   \
    }                                                                                              \
    ACTIVATION_PASSES(kind, constant)

/* Along a direction it changes by the slope at its output. */
#define ACTIVATION_TANGENT(name, constant)                                                         \
    static bool tangent(FornixInfer *infer, const void *attrs)                                     \
    {                                                                                              \
        fornix_emit(infer,                                                                         \
                    "<slope id=\"tangent\" x=\"tangent0\" of=\"output0\" activation=\"" name       \
                    "\" constant=\"%.17g\"/>",                                                     \
                    (double)constant(attrs));                                                      \
        return true;                                                                               \
    }

#define ACTIVATION_NO_CONSTANT(attrs) ((void)(attrs), 0)

#endif
