/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Convolution, norm and activation, so often as `convs` says: the block that U-Nets are made of. */
#include <stdio.h>

#include "node.h"

typedef struct {
    int64_t channels, convs;
    FornixDims kernel, stride, dilation;
    int norm, activation;
    double slope;
} ConvBlock;

enum { NORM_NONE, NORM_INSTANCE, NORM_BATCH, NORM_GROUP };
enum { ACTIVATION_NONE, ACTIVATION_RELU, ACTIVATION_LEAKY, ACTIVATION_ELU };

static void emit_norm(FornixInfer *infer, const ConvBlock *a, int64_t k)
{
    static const char *const names[] = {"", "instance_norm", "batch_norm", "group_norm"};
    if (a->norm == NORM_NONE)
        return;
    fornix_emit(infer, "<%s id=\"norm%lld\" x=\"conv%lld\"/>", names[a->norm], (long long)k,
                (long long)k);
}

static void emit_activation(FornixInfer *infer, const ConvBlock *a, int64_t k)
{
    const char *from = a->norm == NORM_NONE ? "conv" : "norm";
    const char *id = k == a->convs ? "y" : "act";
    char number[24] = "";
    if (k < a->convs)
        snprintf(number, sizeof number, "%lld", (long long)k);
    if (a->activation == ACTIVATION_LEAKY)
        fornix_emit(infer, "<leaky_relu id=\"%s%s\" x=\"%s%lld\" slope=\"%.9g\"/>", id, number,
                    from, (long long)k, a->slope);
    else
        fornix_emit(infer, "<%s id=\"%s%s\" x=\"%s%lld\"/>",
                    a->activation == ACTIVATION_RELU  ? "relu"
                    : a->activation == ACTIVATION_ELU ? "elu"
                                                      : "identity",
                    id, number, from, (long long)k);
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
        fornix_emit(infer, "<conv id=\"conv%lld\" channels=\"%lld\"", (long long)k,
                    (long long)a->channels);
        if (k == 1)
            fornix_emit(infer, " x=\"x\"");
        else
            fornix_emit(infer, " x=\"act%lld\"", (long long)(k - 1));
        emit_dims(infer, "kernel", a->kernel);
        emit_dims(infer, "dilation", a->dilation);
        if (k == 1)
            emit_dims(infer, "stride", a->stride);
        fornix_emit(infer, "/>");
        emit_norm(infer, a, k);
        emit_activation(infer, a, k);
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
           "are made of. Inside: conv1, norm1, act1, conv2, norm2, and y, the last activation.",
    .formula = "y = act(norm(conv(... act(norm(conv(x))))))",
    .attrs_size = sizeof(ConvBlock),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .composite = &composite,
    .example = "x=1,4,4,4,3 | <conv_block x=\"x\" channels=\"4\"/>\n"
               "x=2,1,6,6,2 | <conv_block x=\"x\" channels=\"3\" convs=\"1\" norm=\"batch\" "
               "activation=\"relu\"/>"};
