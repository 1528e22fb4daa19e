/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A tensor times a number. */
#include "kernels/elementwise.h"
#include "node.h"

typedef struct {
    double by;
} Scale;

static bool infer(FornixInfer *infer, const void *attrs)
{
    (void)attrs;
    FornixShape x = fornix_input(infer, 0);
    fornix_output(infer, 0, x);
    fornix_in_place(infer, 0, 0);
    fornix_pass(infer, FORNIX_FORWARD, elementwise_grains(x), FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_BACKWARD, elementwise_grains(x), FORNIX_FOR_INPUT);
    fornix_flops(infer, FORNIX_FORWARD, (double)fornix_floats(x));
    fornix_flops(infer, FORNIX_BACKWARD, (double)fornix_floats(x));
    return true;
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    (void)pass;
    const Scale *a = attrs;
    elementwise_scale(&step->out[0], &step->in[0], (float)a->by, begin, end);
}

static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                     int64_t end)
{
    (void)pass;
    const Scale *a = attrs;
    elementwise_scale(&step->din[0], &step->dout[0], (float)a->by, begin, end);
}

static bool tangent(FornixInfer *infer, const void *attrs)
{
    const Scale *a = attrs;
    fornix_emit(infer, "<scale id=\"tangent\" x=\"tangent0\" by=\"%.17g\"/>", a->by);
    return true;
}

static const FornixAttr attrs[] = {FORNIX_REAL(Scale, by, NULL, -1e12, 1e12, "the factor"), {0}};
static const FornixPort inputs[] = {{"x", FORNIX_VALUES, FORNIX_PITCHED, "any tensor of values"},
                                    {0}};
static const FornixPort outputs[] = {{"y", FORNIX_FEATURE, FORNIX_PITCHED, "the same shape"}, {0}};
static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {.abi = FORNIX_ABI,
                                .name = "scale",
                                .doc = "A tensor times a number.",
                                .formula = "y = by x",
                                .attrs_size = sizeof(Scale),
                                .attrs = attrs,
                                .inputs = inputs,
                                .outputs = outputs,
                                .layer = &layer,
                                .example = "x=2,3,4,5,6 | <scale x=\"x\" by=\"-0.5\"/>\n"
                                           "x=3,1,1,1,7 | <scale x=\"x\" by=\"0\"/>",
                                .tangent = tangent};
