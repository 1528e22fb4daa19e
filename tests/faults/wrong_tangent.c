/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Three times its input, but its tangent says twice. */
#include <node.h>

static bool infer(FornixInfer *infer, const void *attrs)
{
    (void)attrs;
    FornixShape x = fornix_input(infer, 0);
    fornix_output(infer, 0, x);
    fornix_pass(infer, FORNIX_FORWARD, x.n, FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_BACKWARD, x.n, FORNIX_FOR_INPUT);
    return true;
}

static void triple(const float *from, float *to, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; i++)
        to[i] = 3 * from[i];
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    (void)attrs, (void)pass;
    int64_t count = step->in[0].pitch_n;
    triple(step->in[0].data, step->out[0].data, begin * count, end * count);
}

static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                     int64_t end)
{
    (void)attrs, (void)pass;
    int64_t count = step->dout[0].pitch_n;
    triple(step->dout[0].data, step->din[0].data, begin * count, end * count);
}

static bool tangent(FornixInfer *infer, const void *attrs)
{
    (void)attrs;
    fornix_emit(infer, "<scale id=\"tangent\" x=\"tangent0\" by=\"2\"/>");
    return true;
}

static const FornixPort inputs[] = {{"x", FORNIX_VALUES, 0, "any values"}, {0}};
static const FornixPort outputs[] = {{"y", FORNIX_FEATURE, 0, "the same shape"}, {0}};
static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {.abi = FORNIX_ABI,
                                .name = "wrong_tangent",
                                .doc = "Three times its input.",
                                .inputs = inputs,
                                .outputs = outputs,
                                .layer = &layer,
                                .example = "x=8,1,2,3,4 | <wrong_tangent x=\"x\"/>",
                                .tangent = tangent};
