/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inner product of two tensors, sample by sample: how much one says of the other.
 *
 * A grain is a sample; sums are of doubles in the order of the numbers.
 */
#include "node.h"
#include "pair_ports.h"

enum { A, B };

static bool infer(FornixInfer *infer, const void *attrs)
{
    (void)attrs;
    FornixShape a = fornix_input(infer, A);
    if (!pair_check(infer, "a", "b"))
        return false;
    fornix_output(infer, 0, (FornixShape){a.n, 1, 1, 1, 1});
    fornix_pass(infer, FORNIX_FORWARD, a.n, FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_BACKWARD, a.n, FORNIX_FOR_INPUT);
    fornix_flops(infer, FORNIX_FORWARD, 2.0 * (double)fornix_floats(a));
    fornix_flops(infer, FORNIX_BACKWARD, 2.0 * (double)fornix_floats(a));
    return true;
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    (void)attrs, (void)pass;
    int64_t floats = step->in[A].pitch_n;
    for (int64_t n = begin; n < end; n++) {
        const float *a = step->in[A].data + n * floats, *b = step->in[B].data + n * floats;
        double sum = 0;
        for (int64_t i = 0; i < floats; i++)
            sum += (double)a[i] * (double)b[i];
        step->out[0].data[n] = (float)sum;
    }
}

static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                     int64_t end)
{
    (void)attrs, (void)pass;
    int64_t floats = step->in[A].pitch_n;
    for (int side = A; side <= B; side++)
        for (int64_t n = begin; n < end && step->din[side].data; n++) {
            const float *other = step->in[1 - side].data + n * floats;
            float *to = step->din[side].data + n * floats, factor = step->dout[0].data[n];
            for (int64_t i = 0; i < floats; i++)
                to[i] = factor * other[i];
        }
}

static bool tangent(FornixInfer *infer, const void *attrs)
{
    (void)attrs;
    static const char *const other[] = {"input1", "input0"};
    for (int side = A; side <= B; side++)
        if (fornix_has_tangent(infer, side))
            fornix_emit(infer, "<inner_product id=\"%s\" a=\"tangent%d\" b=\"%s\"/>",
                        fornix_has_tangent(infer, 1 - side) ? side == A ? "left" : "right"
                                                            : "tangent",
                        side, other[side]);
    if (fornix_has_tangent(infer, A) && fornix_has_tangent(infer, B))
        fornix_emit(infer, "<residual id=\"tangent\" x=\"left right\"/>");
    return true;
}

static const FornixPort inputs[] = {
    {"a", FORNIX_VALUES, FORNIX_SAVED, "any tensor of values"},
    {"b", FORNIX_VALUES, FORNIX_SAVED, "another of the same shape, as a one_hot of labels"},
    {0}};
static const FornixPort outputs[] = {{"y", FORNIX_FEATURE, 0, "a number for each sample"}, {0}};
static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "inner_product",
    .doc = "The inner product of two tensors of one shape, a number for each sample. With the "
           "one_hot of a label it takes the label's channel: the projection of a projection "
           "discriminator, where the other is a dense layer without bias, a channel a class.",
    .formula = "y[n] = sum over d h w c of a[n] b[n] (Miyato & Koyama 2018)",
    .inputs = inputs,
    .outputs = outputs,
    .layer = &layer,
    .example = "a=3,1,1,1,5 b=3,1,1,1,5 | <inner_product a=\"a\" b=\"b\"/>\n"
               "a=2,2,3,2,4 b=2,2,3,2,4 | <inner_product a=\"a\" b=\"b\"/>\n"
               "a=2,1,1,1,4 | <inner_product a=\"a\" b=\"a\"/>",
    .tangent = tangent};
