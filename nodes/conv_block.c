/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Convolution, norm and activation, so often as `convs` says: the block that U-Nets are made of. */
#include "node.h"

typedef struct {
    int64_t channels, convs;
    FornixDims kernel, stride, dilation;
    int norm, activation;
    bool bias;
    double slope;
} ConvBlock;

enum { NORM_NONE, NORM_INSTANCE, NORM_BATCH, NORM_GROUP };
enum { ACTIVATION_NONE, ACTIVATION_RELU, ACTIVATION_LEAKY, ACTIVATION_ELU };

/* The id of what stands behind convolution k: the block's output, or the next one's input. */
static void emit_id(FornixInfer *infer, const ConvBlock *a, int64_t k, const char *name)
{
    if (k == a->convs)
        fornix_emit(infer, "<%s id=\"y\"", name);
    else
        fornix_emit(infer, "<%s id=\"act%lld\"", name, (long long)k);
}

/* Rectifiers come with the norm, in one sweep over memory; others stand alone behind it. */
static void emit_behind(FornixInfer *infer, const ConvBlock *a, int64_t k)
{
    static const char *const norms[] = {"", "instance_norm", "batch_norm", "group_norm"};
    static const char *const activations[] = {"identity", "relu", "leaky_relu", "elu"};
    bool rectifies = a->activation == ACTIVATION_RELU || a->activation == ACTIVATION_LEAKY;
    double slope = a->activation == ACTIVATION_RELU ? 0 : a->slope;
    if (a->norm != NORM_NONE && (rectifies || a->activation == ACTIVATION_NONE)) {
        emit_id(infer, a, k, norms[a->norm]);
        fornix_emit(infer, " x=\"conv%lld\" slope=\"%.9g\" from=\"norm\"/>", (long long)k,
                    rectifies ? slope : 1.0);
        return;
    }
    if (a->norm != NORM_NONE)
        fornix_emit(infer, "<%s id=\"norm%lld\" x=\"conv%lld\" from=\"norm\"/>", norms[a->norm],
                    (long long)k, (long long)k);
    emit_id(infer, a, k, activations[a->activation]);
    fornix_emit(infer, " x=\"%s%lld\" from=\"activation\"", a->norm == NORM_NONE ? "conv" : "norm",
                (long long)k);
    if (a->activation == ACTIVATION_LEAKY)
        fornix_emit(infer, " slope=\"%.9g\"", a->slope);
    fornix_emit(infer, "/>");
}

static void emit_dims(FornixInfer *infer, const char *name, FornixDims dims)
{
    fornix_emit(infer, " %s=\"", name);
    for (int a = 3 - dims.count; a < 3; a++)
        fornix_emit(infer, "%s%lld", a > 3 - dims.count ? " " : "", (long long)dims.size[a]);
    fornix_emit(infer, "\"");
}

static bool expand(FornixInfer *infer, const void *attrs)
{
    const ConvBlock *a = attrs;
    for (int64_t k = 1; k <= a->convs; k++) {
        fornix_emit(infer, "<conv id=\"conv%lld\" channels=\"%lld\" bias=\"%s\"", (long long)k,
                    (long long)a->channels, a->bias ? "yes" : "no");
        if (k == 1)
            fornix_emit(infer, " x=\"x\"");
        else
            fornix_emit(infer, " x=\"act%lld\"", (long long)(k - 1));
        emit_dims(infer, "kernel", a->kernel);
        emit_dims(infer, "dilation", a->dilation);
        if (k == 1)
            emit_dims(infer, "stride", a->stride);
        fornix_emit(infer, "/>");
        emit_behind(infer, a, k);
    }
    return true;
}

static const char *const norms[] = {"none", "instance", "batch", "group", NULL};
static const char *const activations[] = {"none", "relu", "leaky_relu", "elu", NULL};

static const FornixAttr attrs[] = {
    FORNIX_INT(ConvBlock, channels, NULL, 1, 1 << 20, "of the output"),
    FORNIX_INT(ConvBlock, convs, "2", 1, 64, "convolutions, each with norm and activation"),
    FORNIX_DIMS(ConvBlock, kernel, "3", 1, 1024, "size of the kernels"),
    FORNIX_DIMS(ConvBlock, stride, "1", 1, 1024, "of the first convolution"),
    FORNIX_DIMS(ConvBlock, dilation, "1", 1, 1 << 20, "of all convolutions"),
    FORNIX_CHOICE(ConvBlock, norm, "instance", norms, "behind each convolution"),
    FORNIX_CHOICE(ConvBlock, activation, "leaky_relu", activations, "behind each norm"),
    FORNIX_BOOL(ConvBlock, bias, "yes",
                "convolutions add a number to each channel; a norm takes it out again"),
    FORNIX_REAL(ConvBlock, slope, "0.01", 0, 1, "of the leaky rectifier below 0"),
    {0}};
static const FornixPort inputs[] = {{"x", FORNIX_VALUES, 0, "what the first one convolves"}, {0}};
static const FornixPort outputs[] = {{"y", FORNIX_FEATURE, 0, "what the last activation gives"},
                                     {0}};
static const FornixComposite composite = {expand};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "conv_block",
    .doc = "Convolution, norm and activation, twice unless said otherwise: the block that U-Nets "
           "are made of. Inside: conv1, act1, conv2 and so on, and y, the last activation.",
    .formula = "y = act(norm(conv(... act(norm(conv(x))))))",
    .attrs_size = sizeof(ConvBlock),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .composite = &composite,
    .example = "x=1,4,4,4,3 | <conv_block x=\"x\" channels=\"4\"/>\n"
               "x=2,1,6,6,2 | <conv_block x=\"x\" channels=\"3\" convs=\"1\" norm=\"batch\" "
               "activation=\"relu\" bias=\"no\"/>"};
