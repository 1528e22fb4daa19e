/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sum of several tensors: residual connections. */
#include "kernels/elementwise.h"
#include "node.h"

static bool same_shape(FornixShape a, FornixShape b)
{
    return a.n == b.n && a.d == b.d && a.h == b.h && a.w == b.w && a.c == b.c;
}

static bool infer(FornixInfer *infer, const void *attrs)
{
    (void)attrs;
    FornixShape first = fornix_input(infer, 0);
    for (int i = 1; i < fornix_inputs(infer); i++) {
        FornixShape x = fornix_input(infer, i);
        if (!same_shape(x, first))
            return fornix_infer_fail(infer, "x",
                                     "input %d is %lld x %lld x %lld x %lld, the first %lld x %lld "
                                     "x %lld x %lld: they must be alike",
                                     i + 1, (long long)x.d, (long long)x.h, (long long)x.w,
                                     (long long)x.c, (long long)first.d, (long long)first.h,
                                     (long long)first.w, (long long)first.c);
    }
    fornix_output(infer, 0, first);
    fornix_pass(infer, FORNIX_FORWARD, elementwise_grains(first), FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_BACKWARD, elementwise_grains(first), FORNIX_FOR_INPUT);
    fornix_flops(infer, FORNIX_FORWARD,
                 (double)(fornix_inputs(infer) - 1) * (double)fornix_floats(first));
    return true;
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    (void)attrs, (void)pass;
    elementwise_add(&step->out[0], step->in, step->inputs, begin, end);
}

static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                     int64_t end)
{
    (void)attrs, (void)pass;
    for (int i = 0; i < step->inputs; i++)
        if (step->din[i].data)
            elementwise_copy(&step->din[i], &step->dout[0], begin, end);
}

static bool tangent(FornixInfer *infer, const void *attrs)
{
    (void)attrs;
    fornix_emit(infer, "<residual id=\"tangent\" x=\"");
    for (int i = 0; i < fornix_inputs(infer); i++)
        if (fornix_has_tangent(infer, i))
            fornix_emit(infer, " tangent%d", i);
    fornix_emit(infer, "\"/>");
    return true;
}

static const FornixPort inputs[] = {
    {"x", FORNIX_VALUES, FORNIX_MANY | FORNIX_PITCHED, "tensors of one shape"}, {0}};
static const FornixPort outputs[] = {{"y", FORNIX_FEATURE, FORNIX_PITCHED, "their sum"}, {0}};
static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "residual",
    .doc = "Adds tensors of one shape, as residual connections do.",
    .formula = "y = x1 + x2 + ... (He et al. 2016)",
    .inputs = inputs,
    .outputs = outputs,
    .layer = &layer,
    .example = "a=2,3,4,5,6 b=2,3,4,5,6 | <residual x=\"a b\"/>\n"
               "a=2,1,1,1,5 b=2,1,1,1,5 c=2,1,1,1,5 | <residual x=\"a b c\"/>\n"
               "a=1,1,3,4,2 | <residual x=\"a a a\"/>",
    .tangent = tangent};
