/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The dense layer: every output sees every number of its sample.
 *
 * The weight's gradient needs no partial sums: its blocks each run through the whole batch.
 */
#include "conv_ports.h"
#include "kernels/gemm.h"
#include "kernels/reduce.h"

typedef struct {
    int64_t channels;
    bool bias;
} Dense;

enum { WEIGHT_PASS, INPUT_PASS, BIAS_PASS };

static int64_t sample_floats(FornixShape x)
{
    return x.d * x.h * x.w * x.c;
}

static bool infer(FornixInfer *infer, const void *attrs)
{
    const Dense *a = attrs;
    FornixShape x = fornix_input(infer, 0), y = {x.n, 1, 1, 1, a->channels};
    int64_t in = sample_floats(x), out = a->channels;
    double flops = 2.0 * (double)x.n * (double)in * (double)out;
    fornix_output(infer, 0, y);
    fornix_weight(infer, 0, "weight", (FornixShape){1, 1, 1, in, out}, conv_init(in));
    fornix_pass(infer, FORNIX_FORWARD, gemm_grains(x.n, out, in), FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_BACKWARD, gemm_grains(in, out, x.n), FORNIX_FOR_WEIGHT);
    fornix_pass(infer, FORNIX_BACKWARD, gemm_grains(x.n, in, out), FORNIX_FOR_INPUT);
    fornix_gradient_in_place(infer, 0);
    fornix_flops(infer, FORNIX_FORWARD, flops);
    fornix_flops(infer, FORNIX_BACKWARD, 2 * flops);
    if (!a->bias)
        return true;
    fornix_weight(infer, 0, "bias", (FornixShape){1, 1, 1, 1, out}, conv_init(in));
    fornix_scratch(infer, FORNIX_BACKWARD, pixel_sum_scratch(y));
    for (int p = 0; p < REDUCE_PASSES; p++)
        fornix_pass(infer, FORNIX_BACKWARD, pixel_sum_grains(y, false, p), FORNIX_FOR_WEIGHT);
    return true;
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    (void)pass;
    const Dense *a = attrs;
    int64_t in = sample_floats(step->in[0].shape);
    Gemm product = {.m = step->in[0].shape.n,
                    .n = a->channels,
                    .k = in,
                    .a = step->in[0].data,
                    .b = step->weight[0].data,
                    .c = step->out[0].data,
                    .a_step = in,
                    .b_step = a->channels,
                    .c_step = a->channels,
                    .bias = a->bias ? step->weight[1].data : NULL};
    gemm(&product, begin, end);
}

static void input_gradient(const FornixStep *step, const Dense *a, int64_t begin, int64_t end)
{
    int64_t in = sample_floats(step->in[0].shape);
    Gemm product = {.m = step->in[0].shape.n,
                    .n = in,
                    .k = a->channels,
                    .a = step->dout[0].data,
                    .b = step->weight[0].data,
                    .c = step->din[0].data,
                    .a_step = a->channels,
                    .b_step = a->channels,
                    .c_step = in,
                    .b_turned = true};
    gemm(&product, begin, end);
}

static void weight_gradient(const FornixStep *step, const Dense *a, int64_t begin, int64_t end)
{
    int64_t in = sample_floats(step->in[0].shape);
    Gemm product = {.m = in,
                    .n = a->channels,
                    .k = step->in[0].shape.n,
                    .a = step->in[0].data,
                    .b = step->dout[0].data,
                    .c = step->dweight[0].data,
                    .a_step = in,
                    .b_step = a->channels,
                    .c_step = a->channels,
                    .a_turned = true};
    gemm(&product, begin, end);
}

static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                     int64_t end)
{
    if (pass == INPUT_PASS) {
        input_gradient(step, attrs, begin, end);
    } else if (pass == WEIGHT_PASS) {
        weight_gradient(step, attrs, begin, end);
    } else {
        PixelSum sum = {
            .x = step->dout[0], .scale = 1, .y = step->dweight[1].data, .scratch = step->scratch};
        pixel_sum(&sum, pass - BIAS_PASS, begin, end);
    }
}

static bool tangent(FornixInfer *infer, const void *attrs)
{
    const Dense *a = attrs;
    fornix_emit(infer, "<dense id=\"tangent\" x=\"tangent0\" channels=\"%lld\" bias=\"no\"/>",
                (long long)a->channels);
    return true;
}

static const FornixAttr attrs[] = {FORNIX_INT(Dense, channels, NULL, 1, 1 << 24, "of the output"),
                                   FORNIX_BOOL(Dense, bias, "yes", "add a number to each channel"),
                                   {0}};
static const FornixPort inputs[] = {{"x", FORNIX_VALUES, FORNIX_SAVED_FOR_WEIGHT,
                                     "vectors, or maps that are taken as one long vector each"},
                                    {0}};
static const FornixPort outputs[] = {{"y", FORNIX_FEATURE, 0, "a vector for each sample"}, {0}};
static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "dense",
    .doc = "The dense (fully connected, linear) layer. A map is taken as one long vector, "
           "in the order d h w c.",
    .formula = "y = x w + bias; weights start as PyTorch's: uniform in +-1 / sqrt(inputs)",
    .attrs_size = sizeof(Dense),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .layer = &layer,
    .example = "x=4,1,1,1,7 | <dense x=\"x\" channels=\"5\"/>\n"
               "x=3,2,3,2,5 | <dense x=\"x\" channels=\"70\"/>\n"
               "x=9,1,1,1,33 | <dense x=\"x\" channels=\"1\" bias=\"no\"/>",
    .tangent = tangent};
