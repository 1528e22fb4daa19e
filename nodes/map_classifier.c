/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A classifier of feature maps, in two and three dimensions: convolutions that halve the map, then
 * dense layers.
 */
#include "adversarial_ports.h"

typedef struct {
    FornixClasses classes;
    int64_t width, depth;
    double dropout;
} MapClassifier;

/* An axis of one pixel is left alone. */
static void emit_stage(FornixInfer *infer, int64_t k, int64_t width, Extent *size)
{
    Extent window;
    if (k == 1)
        fornix_emit(infer, "<conv id=\"conv1\" x=\"x\" channels=\"%lld\" from=\"width\"/>",
                    (long long)width);
    else
        fornix_emit(infer,
                    "<conv id=\"conv%lld\" x=\"pool%lld\" channels=\"%lld\" from=\"width\"/>",
                    (long long)k, (long long)(k - 1), (long long)width);
    fornix_emit(infer,
                "<batch_norm id=\"act%lld\" x=\"conv%lld\" slope=\"0\"/>"
                "<max_pool id=\"pool%lld\" x=\"act%lld\"",
                (long long)k, (long long)k, (long long)k, (long long)k);
    for (int a = 0; a < AXES; a++) {
        window.axis[a] = size->axis[a] > 1 ? 2 : 1;
        size->axis[a] /= window.axis[a];
    }
    emit_axes(infer, "kernel", window);
    fornix_emit(infer, "/>");
}

static bool expand(FornixInfer *infer, const void *attrs)
{
    const MapClassifier *a = attrs;
    Extent size = extent_of(fornix_input(infer, 0));
    for (int64_t k = 1; k <= a->depth; k++)
        emit_stage(infer, k, a->width, &size);
    fornix_emit(infer,
                "<dropout id=\"drop1\" x=\"pool%lld\" rate=\"%.9g\" from=\"dropout\"/>"
                "<dense id=\"dense1\" x=\"drop1\" channels=\"%lld\" from=\"width\"/>"
                "<relu id=\"act\" x=\"dense1\"/>"
                "<dropout id=\"drop2\" x=\"act\" rate=\"%.9g\" from=\"dropout\"/>"
                "<dense id=\"dense2\" x=\"drop2\" channels=\"%lld\" from=\"classes\"/>"
                "<identity id=\"logits\" x=\"dense2\" as=\"logits\"/>",
                (long long)a->depth, a->dropout, (long long)a->width, a->dropout,
                (long long)a->classes.count);
    return true;
}

static const FornixAttr attrs[] = {
    FORNIX_CLASSES(MapClassifier, classes, NULL, "their number, or the label column"),
    FORNIX_INT(MapClassifier, width, "64", 1, 1 << 14, "channels of all hidden layers"),
    FORNIX_INT(MapClassifier, depth, "2", 1, 12, "convolutions"),
    FORNIX_REAL(MapClassifier, dropout, "0.5", 0, 1, "in front of each dense layer"),
    {0}};
static const FornixPort inputs[] = {{"x", FORNIX_VALUES, 0, "a map for each sample"}, {0}};
static const FornixPort outputs[] = {{"logits", FORNIX_LOGITS, 0, "a channel a class"}, {0}};
static const FornixComposite composite = {expand};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "map_classifier",
    .doc = "A classifier of feature maps: convolution, batch norm, ReLU and max pooling, twice, "
           "then two dense layers with dropout. Inside: conv1, act1, pool1, ..., dense1, "
           "dense2.",
    .formula = "the classifier of arXiv 2209.14097, with logits instead of a sigmoid at its end",
    .attrs_size = sizeof(MapClassifier),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .composite = &composite,
    .example = "x=3,1,8,8,5 | <map_classifier x=\"x\" classes=\"2\" width=\"6\"/>\n"
               "x=2,4,4,4,3 | <map_classifier x=\"x\" classes=\"3\" width=\"4\" dropout=\"0\"/>"};
