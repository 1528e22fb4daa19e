/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The generator of an adversarial pair: from noise, and a class, to a feature shaped like those of
 * a column.
 *
 * A vector comes from dense layers. A map starts as a small one, made by a dense layer, and is
 * enlarged by transposed convolutions, each of which undoes one halving of the target's size: an
 * even size comes from its half (kernel 4, stride 2), an odd one from the half rounded up (kernel
 * 3), so that 15 x 15 grows from 4 x 4 by way of 8 x 8. The target's size, known when the net is
 * built, decides how often; channels halve on the way, down to `width`.
 */
#include "adversarial_ports.h"

typedef struct {
    FornixLike like;
    int64_t width, depth;
    double slope;
} Generator;

enum { START = 4, VECTOR_WIDTH = 512, VECTOR_DEPTH = 2, MAP_WIDTH = 64, DEPTH_MOST = 12 };

/* The bare names of the chain: what the next layer reads. */
static const char *emit_condition(FornixInfer *infer)
{
    if (!fornix_has_input(infer, 1))
        return "noise";
    fornix_emit(infer, "<one_hot id=\"class\" label=\"label\"/>"
                       "<concat id=\"given\" x=\"noise class\"/>");
    return "given";
}

static void emit_vector(FornixInfer *infer, const Generator *a, const char *from)
{
    int64_t depth = a->depth ? a->depth : VECTOR_DEPTH, width = a->width ? a->width : VECTOR_WIDTH;
    for (int64_t k = 1; k <= depth; k++) {
        if (k == 1)
            fornix_emit(infer, "<dense id=\"dense1\" x=\"%s\" channels=\"%lld\" from=\"width\"/>",
                        from, (long long)width);
        else
            fornix_emit(infer,
                        "<dense id=\"dense%lld\" x=\"act%lld\" channels=\"%lld\" from=\"width\"/>",
                        (long long)k, (long long)(k - 1), (long long)width);
        fornix_emit(infer, "<batch_norm id=\"act%lld\" x=\"dense%lld\" slope=\"%.9g\"/>",
                    (long long)k, (long long)k, a->slope);
    }
    fornix_emit(infer, "<dense id=\"x\" x=\"act%lld\" channels=\"%lld\" from=\"like\"/>",
                (long long)depth, (long long)a->like.shape.c);
}

/* The transposed convolution that makes `to` of `from`, an axis at a time. */
static void emit_enlargement(FornixInfer *infer, int64_t k, Extent from, Extent to)
{
    Extent kernel, stride, padding;
    for (int a = 0; a < AXES; a++) {
        bool grows = to.axis[a] > from.axis[a];
        kernel.axis[a] = to.axis[a] == 1 ? 1 : grows && to.axis[a] % 2 == 0 ? 4 : 3;
        stride.axis[a] = grows ? 2 : 1;
        padding.axis[a] = to.axis[a] == 1 ? 0 : 1;
    }
    fornix_emit(infer, "<transposed_conv id=\"up%lld\" x=\"act%lld\" from=\"width like\"",
                (long long)k, (long long)(k - 1));
    emit_axes(infer, "kernel", kernel);
    emit_axes(infer, "stride", stride);
    emit_axes(infer, "padding", padding);
}

static void emit_map(FornixInfer *infer, const Generator *a, const char *from)
{
    int64_t width = a->width ? a->width : MAP_WIDTH, steps = 0, least = a->depth ? 1 : START;
    Extent sizes[DEPTH_MOST + 1] = {extent_of(a->like.shape)};
    while (steps < DEPTH_MOST &&
           (a->depth ? steps < a->depth : extent_most(sizes[steps]) > START)) {
        sizes[steps + 1] = extent_halve(sizes[steps], least);
        steps++;
    }
    Extent start = sizes[steps];
    int64_t channels = width << steps;
    fornix_emit(
        infer,
        "<dense id=\"dense\" x=\"%s\" channels=\"%lld\" from=\"width depth like\"/>"
        "<leaky_relu id=\"act\" x=\"dense\" slope=\"%.9g\"/>"
        "<reshape id=\"act0\" x=\"act\" shape=\"%lld %lld %lld %lld\" from=\"width like\"/>",
        from, (long long)(start.axis[0] * start.axis[1] * start.axis[2] * channels), a->slope,
        (long long)start.axis[0], (long long)start.axis[1], (long long)start.axis[2],
        (long long)channels);
    for (int64_t k = 1; k <= steps; k++) {
        emit_enlargement(infer, k, sizes[steps - k + 1], sizes[steps - k]);
        fornix_emit(infer,
                    " channels=\"%lld\"/><batch_norm id=\"act%lld\" x=\"up%lld\" slope=\"%.9g\"/>",
                    (long long)(channels >> k), (long long)k, (long long)k, a->slope);
    }
    fornix_emit(infer,
                "<conv id=\"x\" x=\"act%lld\" channels=\"%lld\" kernel=\"3\" from=\"like\"/>",
                (long long)steps, (long long)a->like.shape.c);
}

static bool expand(FornixInfer *infer, const void *attrs)
{
    const Generator *a = attrs;
    if (a->like.kind & (FORNIX_MASK | FORNIX_LABEL | FORNIX_WEIGHT))
        return fornix_infer_fail(infer, "like", "only images and features can be generated");
    if (extent_most(extent_of(a->like.shape)) > (int64_t)START << DEPTH_MOST)
        return fornix_infer_fail(infer, "like", "more than %lld pixels along an axis",
                                 (long long)START << DEPTH_MOST);
    const char *from = emit_condition(infer);
    if (extent_is_point(extent_of(a->like.shape)))
        emit_vector(infer, a, from);
    else
        emit_map(infer, a, from);
    return true;
}

static const FornixAttr attrs[] = {
    FORNIX_LIKE(Generator, like, NULL, "the column whose shape the output takes"),
    FORNIX_INT(Generator, width, "0", 0, 1 << 14,
               "channels of a hidden layer, of the last one for maps; 0: 512 for vectors, 64 for "
               "maps"),
    FORNIX_INT(Generator, depth, "0", 0, DEPTH_MOST,
               "hidden layers (0: 2); for maps enlargements (0: from a start of at most 4 along "
               "each axis)"),
    FORNIX_REAL(Generator, slope, "0.2", 0, 1, "of the leaky rectifiers"),
    {0}};
static const FornixPort inputs[] = {
    {"noise", FORNIX_NOISE | FORNIX_FEATURE, 0, "a random vector for each sample"},
    {"label", FORNIX_LABEL, FORNIX_OPTIONAL | FORNIX_NO_GRAD, "the class to generate"},
    {0}};
static const FornixPort outputs[] = {{"x", FORNIX_FEATURE, 0, "what is generated"}, {0}};
static const FornixComposite composite = {expand};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "generator",
    .doc = "The generator of an ACGAN: noise and a class become a feature vector (dense layers) or "
           "map (transposed convolutions from a small start, 2-D and 3-D). Its output has no "
           "activation, as standardised features are of any size. Inside: dense, up1 (dense1 for "
           "vectors), act1 (batch norm with its rectifier), ... and x, the last layer.",
    .formula =
        "Goodfellow et al. 2014; Odena, Olah & Shlens 2017; layers after Radford et al. 2016",
    .attrs_size = sizeof(Generator),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .composite = &composite,
    .example =
        "z=noise:4,1,1,1,6 l=label:4,1,1,1,1:2 f=4,1,1,1,9 | <generator noise=\"z\" label=\"l\" "
        "like=\"f\" width=\"8\"/>\n"
        "z=noise:2,1,1,1,5 l=label:2,1,1,1,1:3 f=2,1,15,15,6 | <generator noise=\"z\" label=\"l\" "
        "like=\"f\" width=\"4\"/>\n"
        "z=noise:2,1,1,1,5 f=2,4,8,7,3 | <generator noise=\"z\" like=\"f\" width=\"4\"/>\n"
        "z=noise:2,1,1,1,5 f=2,4,4,4,3 | <generator noise=\"z\" like=\"f\" width=\"4\" "
        "depth=\"1\"/>"};
