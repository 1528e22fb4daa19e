/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Transposed convolution: the gradient of a convolution by its input, as a layer that enlarges.
 *
 * With the roles of kernels/conv.h changed: this node's input is that convolution's output, so
 * weights are [kd][kh][kw][output channels][input channels].
 */
#include "conv_ports.h"

typedef struct {
    int64_t channels;
    FornixDims kernel, stride, padding, extra;
    bool bias;
} TransposedAttrs;

static bool describe(const TransposedAttrs *attrs, FornixShape in, Conv *conv)
{
    *conv = (Conv){.y = in, .dilation = {1, 1, 1}};
    conv_axes(attrs->kernel, in, 1, conv->kernel);
    conv_axes(attrs->stride, in, 1, conv->stride);
    const int64_t sizes[3] = {in.d, in.h, in.w};
    int64_t out[3];
    for (int a = 0; a < 3; a++) {
        bool acts = conv->kernel[a] > 1;
        conv->front[a] = acts ? conv_padding(attrs->padding, a, conv->kernel[a]) : 0;
        int64_t extra = acts ? conv_padding(attrs->extra, a, conv->kernel[a]) : 0;
        out[a] = conv_transposed_extent(sizes[a], conv->kernel[a], conv->stride[a],
                                        2 * conv->front[a], 1, extra);
    }
    conv->x = (FornixShape){in.n, out[0], out[1], out[2], attrs->channels};
    return out[0] > 0 && out[1] > 0 && out[2] > 0;
}

static bool infer(FornixInfer *infer, const void *attrs)
{
    const TransposedAttrs *a = attrs;
    FornixShape in = fornix_input(infer, 0);
    Conv conv;
    if (!describe(a, in, &conv))
        return fornix_infer_fail(infer, "padding", "it would leave nothing of the output");
    conv.winograd = fornix_winograd(infer);
    conv_declare(infer, &conv, CONV_INPUT_GRADIENT, a->bias);
    return true;
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    const TransposedAttrs *a = attrs;
    Conv conv;
    describe(a, step->in[0].shape, &conv);
    conv.winograd = step->winograd;
    conv_forward(step, &conv, CONV_INPUT_GRADIENT, a->bias, pass, begin, end);
}

static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                     int64_t end)
{
    const TransposedAttrs *a = attrs;
    Conv conv;
    describe(a, step->in[0].shape, &conv);
    conv.winograd = step->winograd;
    conv_backward(step, &conv, CONV_INPUT_GRADIENT, a->bias, pass, begin, end);
}

static bool tangent(FornixInfer *infer, const void *attrs)
{
    const TransposedAttrs *a = attrs;
    fornix_emit(infer,
                "<transposed_conv id=\"tangent\" x=\"tangent0\" channels=\"%lld\" bias=\"no\"",
                (long long)a->channels);
    conv_emit_dims(infer, "kernel", a->kernel);
    conv_emit_dims(infer, "stride", a->stride);
    conv_emit_dims(infer, "padding", a->padding);
    conv_emit_dims(infer, "extra", a->extra);
    fornix_emit(infer, "/>");
    return true;
}

static const FornixAttr attrs[] = {
    FORNIX_INT(TransposedAttrs, channels, NULL, 1, 1 << 20, "of the output"),
    FORNIX_DIMS(TransposedAttrs, kernel, "2", 1, 1024, "size of the kernel"),
    FORNIX_DIMS(TransposedAttrs, stride, "2", 1, 1024, "how many times larger the output is"),
    FORNIX_DIMS(TransposedAttrs, padding, "0", 0, 1024, "pixels left out on each side"),
    FORNIX_DIMS(TransposedAttrs, extra, "0", 0, 1024, "pixels more behind (output padding)"),
    FORNIX_BOOL(TransposedAttrs, bias, "yes", "add a number to each channel"),
    {0}};

static const FornixPort inputs[] = {
    {"x", FORNIX_VALUES, FORNIX_SAVED_FOR_WEIGHT | FORNIX_PITCHED, "what is enlarged"}, {0}};
static const FornixPort outputs[] = {{"y", FORNIX_FEATURE, FORNIX_PITCHED, "the larger map"}, {0}};
static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "transposed_conv",
    .doc = "Transposed convolution, which enlarges: size = (size - 1) stride - 2 padding + kernel "
           "+ extra along each axis.",
    .formula = "y[p, i] = bias[i] + sum over k, j, o with stride o - padding + k = p of x[o, j] "
               "w[k, i, j]; weights start as PyTorch's",
    .attrs_size = sizeof(TransposedAttrs),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .layer = &layer,
    .example =
        "x=2,3,2,4,5 | <transposed_conv x=\"x\" channels=\"3\"/>\n"
        "x=1,1,4,3,6 | <transposed_conv x=\"x\" channels=\"4\" kernel=\"4\" padding=\"1\"/>\n"
        "x=2,1,5,5,3 | <transposed_conv x=\"x\" channels=\"2\" kernel=\"3\" padding=\"1\" "
        "extra=\"1\" bias=\"no\"/>",
    .tangent = tangent};
