/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How far the length of each sample's gradient is from where it should be.
 *
 * A grain is a sample: lengths are sums of doubles in the order of the numbers, the mean is summed
 * in the order of the samples. Where a gradient is zero its length has no slope, and none is given.
 */
#include <math.h>

#include "node.h"

typedef struct {
    double to;
    bool one_sided;
} GradientPenalty;

static bool infer(FornixInfer *infer, const void *attrs)
{
    (void)attrs;
    FornixShape x = fornix_input(infer, 0);
    fornix_output(infer, 0, (FornixShape){1, 1, 1, 1, 1});
    fornix_saved(infer, (FornixShape){x.n, 1, 1, 1, 1});
    fornix_pass(infer, FORNIX_FORWARD, x.n, FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_FORWARD, 1, FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_BACKWARD, x.n, FORNIX_FOR_INPUT);
    fornix_flops(infer, FORNIX_FORWARD, 2.0 * (double)fornix_floats(x));
    fornix_flops(infer, FORNIX_BACKWARD, (double)fornix_floats(x));
    return true;
}

static double length_of(const float *x, int64_t floats)
{
    double squares = 0;
    for (int64_t i = 0; i < floats; i++)
        squares += (double)x[i] * (double)x[i];
    return sqrt(squares);
}

static double excess_of(const GradientPenalty *a, double length)
{
    double excess = length - a->to;
    return a->one_sided && excess < 0 ? 0 : excess;
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    const GradientPenalty *a = attrs;
    const FornixView *x = &step->in[0];
    float *length = step->saved[0].data;
    for (int64_t n = begin; n < end && pass == 0; n++)
        length[n] = (float)length_of(x->data + n * x->pitch_n, x->pitch_n);
    if (pass == 0)
        return;
    double sum = 0;
    for (int64_t n = 0; n < x->shape.n; n++)
        sum += excess_of(a, (double)length[n]) * excess_of(a, (double)length[n]);
    *step->out[0].data = (float)(sum / (double)x->shape.n);
}

static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                     int64_t end)
{
    (void)pass;
    const GradientPenalty *a = attrs;
    const FornixView *x = &step->in[0];
    double scale = 2 * (double)*step->dout[0].data / (double)x->shape.n;
    for (int64_t n = begin; n < end; n++) {
        double length = (double)step->saved[0].data[n];
        float factor = length > 0 ? (float)(scale * excess_of(a, length) / length) : 0;
        for (int64_t i = n * x->pitch_n; i < (n + 1) * x->pitch_n; i++)
            step->din[0].data[i] = factor * x->data[i];
    }
}

static const FornixAttr attrs[] = {
    FORNIX_REAL(GradientPenalty, to, "1", 0, 1e6,
                "the length that gradients should have: 1 for a Wasserstein critic, 0 for R1"),
    FORNIX_BOOL(GradientPenalty, one_sided, "no", "shorter ones are fine"),
    {0}};
static const FornixPort inputs[] = {
    {"x", FORNIX_VALUES, FORNIX_SAVED, "a <gradient>, or any tensor of values"}, {0}};
static const FornixPort outputs[] = {{"loss", FORNIX_LOSS, 0, "one number for the batch"}, {0}};
static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "gradient_penalty",
    .doc = "Holds the length of a gradient, sample by sample. Of a critic's gradient at points "
           "between real and fake (mix), to=\"1\" is the penalty of WGAN-GP, usually with weight "
           "10; at real samples, to=\"0\" is R1, with half of its gamma as weight.",
    .formula = "mean over samples of (|x| - to)^2 (Gulrajani et al. 2017; Mescheder, Geiger & "
               "Nowozin 2018)",
    .attrs_size = sizeof(GradientPenalty),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .layer = &layer,
    .example = "x=4,1,1,1,5 | <gradient_penalty x=\"x\"/>\n"
               "x=3,2,3,2,4 | <gradient_penalty x=\"x\" to=\"0\"/>\n"
               "x=4,1,1,1,5 | <gradient_penalty x=\"x\" to=\"2\" one_sided=\"yes\"/>"};
