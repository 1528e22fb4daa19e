/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Channels side by side. Where the engine lets its producers write into the result, there is
 * nothing left to copy, forward or backward.
 */
#include "kernels/elementwise.h"
#include "node.h"

static bool infer(FornixInfer *infer, const void *attrs)
{
    (void)attrs;
    FornixShape first = fornix_input(infer, 0), y = first;
    y.c = 0;
    for (int i = 0; i < fornix_inputs(infer); i++) {
        FornixShape x = fornix_input(infer, i);
        if (x.n != first.n || x.d != first.d || x.h != first.h || x.w != first.w)
            return fornix_infer_fail(
                infer, "x",
                "input %d is %lld x %lld x %lld, the first %lld x %lld x %lld: only channels may "
                "differ",
                i + 1, (long long)x.d, (long long)x.h, (long long)x.w, (long long)first.d,
                (long long)first.h, (long long)first.w);
        fornix_part_of(infer, i, 0, y.c);
        y.c += x.c;
    }
    fornix_output(infer, 0, y);
    fornix_pass(infer, FORNIX_FORWARD, elementwise_grains(y), FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_BACKWARD, elementwise_grains(y), FORNIX_FOR_INPUT);
    return true;
}

/* Grains are those of the whole; each input is cut by the share of its own. */
static void part_range(FornixShape part, FornixShape whole, int64_t *begin, int64_t *end)
{
    int64_t all = elementwise_grains(whole), own = elementwise_grains(part);
    *begin = *begin * own / all;
    *end = *end * own / all;
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    (void)attrs, (void)pass;
    int64_t channel = 0;
    for (int i = 0; i < step->inputs; i++) {
        FornixTensor to = tensor_channels(&step->out[0], channel, step->in[i].shape.c);
        int64_t from = begin, until = end;
        part_range(to.shape, step->out[0].shape, &from, &until);
        if (to.data != step->in[i].data)
            elementwise_copy(&to, &step->in[i], from, until);
        channel += to.shape.c;
    }
}

static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                     int64_t end)
{
    (void)attrs, (void)pass;
    int64_t channel = 0;
    for (int i = 0; i < step->inputs; i++) {
        FornixView part = view_channels(&step->dout[0], channel, step->in[i].shape.c);
        int64_t from = begin, until = end;
        part_range(part.shape, step->dout[0].shape, &from, &until);
        if (step->din[i].data && step->din[i].data != part.data)
            elementwise_copy(&step->din[i], &part, from, until);
        channel += part.shape.c;
    }
}

static bool tangent(FornixInfer *infer, const void *attrs)
{
    (void)attrs;
    for (int i = 0; i < fornix_inputs(infer); i++)
        if (!fornix_has_tangent(infer, i))
            fornix_emit(infer, "<scale id=\"still%d\" x=\"input%d\" by=\"0\"/>", i, i);
    fornix_emit(infer, "<concat id=\"tangent\" x=\"");
    for (int i = 0; i < fornix_inputs(infer); i++)
        fornix_emit(infer, " %s%d", fornix_has_tangent(infer, i) ? "tangent" : "still", i);
    fornix_emit(infer, "\"/>");
    return true;
}

static const FornixPort inputs[] = {
    {"x", FORNIX_VALUES, FORNIX_MANY | FORNIX_PITCHED, "tensors that differ in channels alone"},
    {0}};
static const FornixPort outputs[] = {
    {"y", FORNIX_FEATURE, FORNIX_PITCHED, "all their channels, in the order of x"}, {0}};
static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "concat",
    .doc = "Puts the channels of several tensors side by side, as the skip connections of a U-Net "
           "do.",
    .formula = "y = [x1, x2, ...] along c",
    .inputs = inputs,
    .outputs = outputs,
    .layer = &layer,
    .example = "a=2,3,4,5,6 b=2,3,4,5,3 | <concat x=\"a b\"/>\n"
               "a=2,1,1,1,5 b=2,1,1,1,1 c=2,1,1,1,2 | <concat x=\"a b c\"/>",
    .tangent = tangent};
