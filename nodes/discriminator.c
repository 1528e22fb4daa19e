/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The discriminator's body: from a feature to the vector on which "real or fake" and the class are
 * decided by dense layers behind it.
 *
 * Vectors pass dense layers, each half as wide as the one before; maps strided convolutions, each
 * twice as wide, until they are at most 2 pixels along every axis.
 */
#include "adversarial_ports.h"

typedef struct {
    int64_t width, depth;
    double slope, dropout;
    int norm;
} Discriminator;

enum { END = 2, VECTOR_WIDTH = 512, VECTOR_DEPTH = 2, MAP_WIDTH = 64, DEPTH_MOST = 12 };
enum { NORM_NONE, NORM_BATCH };

/* The rectifier behind node `from` k, called act k, in the norm's own sweep where there is one, and
 * dropout where it is wanted. Gives the prefix of what the next layer reads. */
static const char *emit_behind(FornixInfer *infer, const Discriminator *a, const char *from,
                               int64_t k, bool drops)
{
    if (a->norm == NORM_BATCH && k > 1)
        fornix_emit(infer, "<batch_norm id=\"act%lld\"", (long long)k);
    else
        fornix_emit(infer, "<leaky_relu id=\"act%lld\"", (long long)k);
    fornix_emit(infer, " x=\"%s%lld\" slope=\"%.9g\" from=\"norm\"/>", from, (long long)k,
                a->slope);
    if (!drops || a->dropout <= 0)
        return "act";
    fornix_emit(infer, "<dropout id=\"drop%lld\" x=\"act%lld\" rate=\"%.9g\" from=\"dropout\"/>",
                (long long)k, (long long)k, a->dropout);
    return "drop";
}

static void emit_reading(FornixInfer *infer, const char *from, int64_t k)
{
    if (k == 0)
        fornix_emit(infer, " x=\"x\"");
    else
        fornix_emit(infer, " x=\"%s%lld\"", from, (long long)k);
}

static void emit_vector(FornixInfer *infer, const Discriminator *a)
{
    int64_t depth = a->depth ? a->depth : VECTOR_DEPTH, width = a->width ? a->width : VECTOR_WIDTH;
    const char *from = "x";
    for (int64_t k = 1; k <= depth; k++) {
        fornix_emit(infer, "<dense id=\"dense%lld\" channels=\"%lld\" from=\"width\"", (long long)k,
                    (long long)(width > 1 ? width : 1));
        emit_reading(infer, from, k - 1);
        fornix_emit(infer, "/>");
        from = emit_behind(infer, a, "dense", k, true);
        width /= 2;
    }
    fornix_emit(infer, "<identity id=\"h\" x=\"%s%lld\"/>", from, (long long)depth);
}

static void emit_map(FornixInfer *infer, const Discriminator *a, Extent size)
{
    int64_t width = a->width ? a->width : MAP_WIDTH, k = 0;
    const char *from = "x";
    bool last;
    do {
        Extent stride, half = extent_halve(size, a->depth ? 1 : END);
        for (int axis = 0; axis < AXES; axis++)
            stride.axis[axis] = half.axis[axis] < size.axis[axis] ? 2 : 1;
        size = half;
        k++;
        fornix_emit(infer,
                    "<conv id=\"conv%lld\" channels=\"%lld\" kernel=\"3\" padding=\"1\" "
                    "from=\"width depth\"",
                    (long long)k, (long long)(width << (k - 1)));
        emit_axes(infer, "stride", stride);
        emit_reading(infer, from, k - 1);
        fornix_emit(infer, "/>");
        last = a->depth ? k == a->depth : k == DEPTH_MOST || extent_most(size) <= END;
        from = emit_behind(infer, a, "conv", k, last);
    } while (!last);
    fornix_emit(infer, "<reshape id=\"h\" x=\"%s%lld\" shape=\"1 1 1 -1\"/>", from, (long long)k);
}

static bool expand(FornixInfer *infer, const void *attrs)
{
    Extent size = extent_of(fornix_input(infer, 0));
    if (extent_is_point(size))
        emit_vector(infer, attrs);
    else
        emit_map(infer, attrs, size);
    return true;
}

static const char *const norms[] = {"none", "batch", NULL};

static const FornixAttr attrs[] = {
    FORNIX_INT(Discriminator, width, "0", 0, 1 << 14,
               "channels of the first layer; 0: 512 for vectors, 64 for maps"),
    FORNIX_INT(Discriminator, depth, "0", 0, DEPTH_MOST,
               "layers; 0: 2 for vectors, for maps until 2 pixels are left along each axis"),
    FORNIX_REAL(Discriminator, slope, "0.2", 0, 1, "of the leaky rectifiers"),
    FORNIX_REAL(Discriminator, dropout, "0.3", 0, 1,
                "behind each dense layer, or the last convolution"),
    FORNIX_CHOICE(Discriminator, norm, "none", norms, "behind each layer but the first"),
    {0}};
static const FornixPort inputs[] = {{"x", FORNIX_VALUES, 0, "a feature or image, real or fake"},
                                    {0}};
static const FornixPort outputs[] = {{"h", FORNIX_FEATURE, 0, "the vector that its heads judge by"},
                                     {0}};
static const FornixComposite composite = {expand};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "discriminator",
    .doc = "The body of a discriminator: features become a vector h on which a dense layer decides "
           "real or fake, and an auxiliary_classifier the class. Inside: conv1 (dense1 for "
           "vectors), act1 (with the norm), ...",
    .formula =
        "Goodfellow et al. 2014; Odena, Olah & Shlens 2017; layers after Radford et al. 2016",
    .attrs_size = sizeof(Discriminator),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .composite = &composite,
    .example = "x=4,1,1,1,9 | <discriminator x=\"x\" width=\"8\"/>\n"
               "x=2,1,15,15,6 | <discriminator x=\"x\" width=\"4\" norm=\"batch\"/>\n"
               "x=2,4,4,4,3 | <discriminator x=\"x\" width=\"4\" dropout=\"0\"/>\n"
               "x=2,1,8,8,3 | <discriminator x=\"x\" width=\"4\" depth=\"2\"/>"};
