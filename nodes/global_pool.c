/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mean or maximum of each channel over a whole sample: from a map to a vector. */
#include "kernels/elementwise.h"
#include "kernels/reduce.h"
#include "node.h"

typedef struct {
    int take;
} GlobalPool;

enum { TAKE_MEAN, TAKE_MAX };

static bool infer(FornixInfer *infer, const void *attrs)
{
    const GlobalPool *a = attrs;
    FornixShape x = fornix_input(infer, 0), y = {x.n, 1, 1, 1, x.c};
    bool max = a->take == TAKE_MAX;
    if (max && x.d * x.h * x.w > INT32_MAX)
        return fornix_infer_fail(infer, "x", "more than 2^31 - 1 pixels in a sample");
    fornix_output(infer, 0, y);
    if (max)
        fornix_saved(infer, y);
    fornix_scratch(infer, FORNIX_FORWARD, max ? pixel_max_scratch(x) : pixel_sum_scratch(x));
    for (int p = 0; p < REDUCE_PASSES; p++)
        fornix_pass(infer, FORNIX_FORWARD,
                    max ? pixel_max_grains(x, p) : pixel_sum_grains(x, true, p), FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_BACKWARD, max ? pixel_max_grains(x, 0) : elementwise_grains(x),
                FORNIX_FOR_INPUT);
    fornix_flops(infer, FORNIX_FORWARD, (double)fornix_floats(x));
    return true;
}

static double inverse_pixels(FornixShape x)
{
    return 1 / (double)(x.d * x.h * x.w);
}

/* The winners' places are whole numbers in the bits of what is saved. */
static int32_t *places(const FornixStep *step)
{
    return (int32_t *)(void *)step->saved[0].data;
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    const GlobalPool *a = attrs;
    if (a->take == TAKE_MAX) {
        PixelMax max = {step->in[0], step->out[0].data, places(step), step->scratch};
        pixel_max(&max, pass, begin, end);
        return;
    }
    PixelSum sum = {.x = step->in[0],
                    .per_sample = true,
                    .scale = inverse_pixels(step->in[0].shape),
                    .y = step->out[0].data,
                    .scratch = step->scratch};
    pixel_sum(&sum, pass, begin, end);
}

static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                     int64_t end)
{
    (void)pass;
    const GlobalPool *a = attrs;
    const FornixTensor *dx = &step->din[0];
    if (a->take == TAKE_MAX)
        pixel_max_gradient(dx, step->dout[0].data, places(step), begin, end);
    else
        pixel_spread(dx, step->dout[0].data, (float)inverse_pixels(dx->shape), begin, end);
}

static bool tangent(FornixInfer *infer, const void *attrs)
{
    const GlobalPool *a = attrs;
    fornix_emit(infer, a->take == TAKE_MAX
                           ? "<peak id=\"tangent\" x=\"tangent0\" of=\"input0\" whole=\"yes\"/>"
                           : "<global_pool id=\"tangent\" x=\"tangent0\"/>");
    return true;
}

static const char *const takes[] = {"mean", "max", NULL};

static const FornixAttr attrs[] = {
    FORNIX_CHOICE(GlobalPool, take, "mean", takes, "what is taken of each channel"), {0}};
static const FornixPort inputs[] = {{"x", FORNIX_VALUES, FORNIX_PITCHED, "a map"}, {0}};
static const FornixPort outputs[] = {{"y", FORNIX_FEATURE, 0, "a vector for each sample"}, {0}};
static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "global_pool",
    .doc = "The mean or the maximum of each channel over all pixels of a sample.",
    .formula = "y[c] = mean (or max) over p of x[p, c]; the first of equals takes the gradient",
    .attrs_size = sizeof(GlobalPool),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .layer = &layer,
    .example = "x=2,4,5,6,3 | <global_pool x=\"x\"/>\n"
               "x=3,1,7,8,17 | <global_pool x=\"x\" take=\"max\"/>\n"
               "x=2,1,1,1,5 | <global_pool x=\"x\"/>",
    .tangent = tangent};
