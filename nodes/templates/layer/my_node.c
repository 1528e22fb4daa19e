/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A rectifier without a kink, whose slope is never quite 0: no channel dies. A grain is a plane. */
#include <math.h>
#include <node.h>

typedef struct {
    double beta;
} Settings;

static bool infer(FornixInfer *infer, const void *attrs)
{
    (void)attrs;
    FornixShape x = fornix_input(infer, 0);
    fornix_output(infer, 0, x);
    fornix_pass(infer, FORNIX_FORWARD, x.n * x.d, FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_BACKWARD, x.n * x.d, FORNIX_FOR_INPUT);
    return true;
}

static void forward(const FornixStep *s, const void *attrs, int pass, int64_t begin, int64_t end)
{
    (void)pass;
    const float *x = s->in[0].data, beta = (float)((const Settings *)attrs)->beta;
    for (int64_t i = begin * s->in[0].pitch_d; i < end * s->in[0].pitch_d; i++)
        s->out[0].data[i] = x[i] / (1 + expf(-beta * x[i]));
}

static void backward(const FornixStep *s, const void *attrs, int pass, int64_t begin, int64_t end)
{
    (void)pass;
    const float *x = s->in[0].data, beta = (float)((const Settings *)attrs)->beta;
    for (int64_t i = begin * s->in[0].pitch_d; i < end * s->in[0].pitch_d; i++) {
        float share = 1 / (1 + expf(-beta * x[i]));
        s->din[0].data[i] = s->dout[0].data[i] * (share + beta * x[i] * share * (1 - share));
    }
}

static const FornixAttr attrs[] = {
    FORNIX_REAL(Settings, beta, "1", 0, 100, "how sharp it bends; 0: half of x"), {0}};
static const FornixPort inputs[] = {{"x", FORNIX_VALUES, FORNIX_SAVED, "any values"}, {0}};
static const FornixPort outputs[] = {{"y", FORNIX_FEATURE, 0, "of the same shape"}, {0}};
static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "my_node",
    .doc = "Swish, value by value.",
    .formula = "y = x / (1 + exp(-beta x)) (Ramachandran et al. 2017)",
    .attrs_size = sizeof(Settings),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .layer = &layer,
    .example = "x=2,3,4,5,6 | <my_node x=\"x\"/>\nx=3,1,1,1,7 | <my_node x=\"x\" beta=\"2\"/>"};
