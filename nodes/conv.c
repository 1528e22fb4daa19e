/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Convolution in one to three dimensions: strided, padded, dilated.
 *
 * The arithmetic, its passes and grains are kernels/conv.h's; backward makes the input's gradient
 * in its first passes and the weight's in the others.
 */
#include "conv_ports.h"

typedef struct {
    int64_t channels;
    FornixDims kernel, stride, padding, dilation;
    bool bias;
} ConvAttrs;

static bool describe(const ConvAttrs *attrs, FornixShape x, Conv *conv)
{
    *conv = (Conv){.x = x};
    conv_axes(attrs->kernel, x, 1, conv->kernel);
    conv_axes(attrs->stride, x, 1, conv->stride);
    conv_axes(attrs->dilation, x, 1, conv->dilation);
    const int64_t sizes[3] = {x.d, x.h, x.w};
    int64_t out[3];
    for (int a = 0; a < 3; a++) {
        int64_t whole = conv->dilation[a] * (conv->kernel[a] - 1);
        conv->front[a] =
            attrs->padding.count ? conv_padding(attrs->padding, a, conv->kernel[a]) : whole / 2;
        int64_t both = attrs->padding.count ? 2 * conv->front[a] : whole;
        out[a] = conv_extent(sizes[a], conv->kernel[a], conv->stride[a], both, conv->dilation[a]);
    }
    conv->y = (FornixShape){x.n, out[0], out[1], out[2], attrs->channels};
    return out[0] > 0 && out[1] > 0 && out[2] > 0;
}

static bool infer(FornixInfer *infer, const void *attrs)
{
    const ConvAttrs *a = attrs;
    FornixShape x = fornix_input(infer, 0);
    Conv conv;
    if (!describe(a, x, &conv))
        return fornix_infer_fail(infer, "kernel",
                                 "a kernel of %lld x %lld x %lld does not fit into the input of "
                                 "%lld x %lld x %lld",
                                 (long long)conv.kernel[0], (long long)conv.kernel[1],
                                 (long long)conv.kernel[2], (long long)x.d, (long long)x.h,
                                 (long long)x.w);
    conv.winograd = fornix_winograd(infer);
    conv_declare(infer, &conv, CONV_FORWARD, a->bias);
    return true;
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    const ConvAttrs *a = attrs;
    Conv conv;
    describe(a, step->in[0].shape, &conv);
    conv.winograd = step->winograd;
    conv_forward(step, &conv, CONV_FORWARD, a->bias, pass, begin, end);
}

static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                     int64_t end)
{
    const ConvAttrs *a = attrs;
    Conv conv;
    describe(a, step->in[0].shape, &conv);
    conv.winograd = step->winograd;
    conv_backward(step, &conv, CONV_FORWARD, a->bias, pass, begin, end);
}

static bool tangent(FornixInfer *infer, const void *attrs)
{
    const ConvAttrs *a = attrs;
    fornix_emit(infer, "<conv id=\"tangent\" x=\"tangent0\" channels=\"%lld\" bias=\"no\"",
                (long long)a->channels);
    conv_emit_dims(infer, "kernel", a->kernel);
    conv_emit_dims(infer, "stride", a->stride);
    conv_emit_dims(infer, "padding", a->padding);
    conv_emit_dims(infer, "dilation", a->dilation);
    fornix_emit(infer, "/>");
    return true;
}

static const FornixAttr attrs[] = {
    FORNIX_INT(ConvAttrs, channels, NULL, 1, 1 << 20, "of the output"),
    FORNIX_DIMS(ConvAttrs, kernel, "3", 1, 1024, "size of the kernel"),
    FORNIX_DIMS(ConvAttrs, stride, "1", 1, 1024, "pixels from one output to the next"),
    FORNIX_DIMS(ConvAttrs, padding, "", 0, 1 << 20,
                "zeros before and behind; unsaid: as many as keep the size at stride 1, an odd one "
                "behind"),
    FORNIX_DIMS(ConvAttrs, dilation, "1", 1, 1 << 20, "pixels from one tap to the next"),
    FORNIX_BOOL(ConvAttrs, bias, "yes", "add a number to each channel"),
    {0}};

static const FornixPort inputs[] = {
    {"x", FORNIX_VALUES, FORNIX_SAVED_FOR_WEIGHT | FORNIX_PITCHED, "what is convolved"}, {0}};
static const FornixPort outputs[] = {{"y", FORNIX_FEATURE, FORNIX_PITCHED, "one channel a kernel"},
                                     {0}};
static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "conv",
    .doc = "Convolution in one to three dimensions. A single number for kernel, stride or "
           "dilation counts along the axes in which the input extends, so that kernel=\"3\" is "
           "3 x 3 x 3 on volumes and 3 x 3 on images.",
    .formula = "y[o, j] = bias[j] + sum over k, i of x[stride o - padding + dilation k, i] "
               "w[k, i, j]; weights start as PyTorch's: uniform in +-1 / sqrt(fan-in)",
    .attrs_size = sizeof(ConvAttrs),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .layer = &layer,
    .example = "x=2,4,5,6,3 | <conv x=\"x\" channels=\"5\"/>\n"
               "x=1,1,9,8,4 | <conv x=\"x\" channels=\"3\" stride=\"2\" padding=\"1\"/>\n"
               "x=2,1,1,11,2 | <conv x=\"x\" channels=\"4\" dilation=\"2\" bias=\"no\"/>\n"
               "x=1,3,4,5,6 | <conv x=\"x\" channels=\"7\" kernel=\"1\"/>\n"
               "x=1,1,7,6,17 | <conv x=\"x\" channels=\"18\" kernel=\"2 3\" padding=\"0\"/>",
    .tangent = tangent};
