/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Enlargement by repetition: each pixel becomes a box of equal ones.
 *
 * A grain is a row of input pixels with all that comes from it, in both directions.
 */
#include <string.h>

#include "conv_ports.h"

typedef struct {
    FornixDims factor;
} Upsample;

static bool infer(FornixInfer *infer, const void *attrs)
{
    const Upsample *a = attrs;
    FornixShape x = fornix_input(infer, 0);
    int64_t f[3];
    conv_axes(a->factor, x, 1, f);
    fornix_output(infer, 0, (FornixShape){x.n, x.d * f[0], x.h * f[1], x.w * f[2], x.c});
    fornix_pass(infer, FORNIX_FORWARD, x.n * x.d * x.h, FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_BACKWARD, x.n * x.d * x.h, FORNIX_FOR_INPUT);
    fornix_flops(infer, FORNIX_BACKWARD, (double)(f[0] * f[1] * f[2]) * (double)fornix_floats(x));
    return true;
}

/* The first pixel of row j (of f[0] * f[1]) of the larger map that row `grain` of the smaller, of
 * shape x, becomes. */
static int64_t large_row(FornixShape x, const int64_t f[3], int64_t grain, int64_t j)
{
    int64_t h = grain % x.h, slice = grain / x.h; /* n and d in one */
    return ((slice * f[0] + j / f[1]) * x.h * f[1] + h * f[1] + j % f[1]) * x.w * f[2];
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    (void)pass;
    const Upsample *a = attrs;
    const FornixView *x = &step->in[0];
    const FornixTensor *y = &step->out[0];
    int64_t f[3];
    conv_axes(a->factor, x->shape, 1, f);
    for (int64_t grain = begin; grain < end; grain++)
        for (int64_t j = 0; j < f[0] * f[1]; j++) {
            const float *from = x->data + grain * x->pitch_h;
            float *to = y->data + large_row(x->shape, f, grain, j) * y->pitch_w;
            for (int64_t w = 0; w < x->shape.w * f[2]; w++)
                memcpy(to + w * y->pitch_w, from + w / f[2] * x->pitch_w,
                       (size_t)x->shape.c * sizeof *to);
        }
}

static void add_pixel(float *sum, const float *more, int64_t channels)
{
    for (int64_t c = 0; c < channels; c++)
        sum[c] += more[c];
}

static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                     int64_t end)
{
    (void)pass;
    const Upsample *a = attrs;
    const FornixTensor *dx = &step->din[0];
    const FornixView *dy = &step->dout[0];
    int64_t f[3], channels = dx->shape.c;
    conv_axes(a->factor, dx->shape, 1, f);
    for (int64_t grain = begin; grain < end; grain++) {
        float *row = dx->data + grain * dx->pitch_h;
        for (int64_t w = 0; w < dx->shape.w; w++)
            memset(row + w * dx->pitch_w, 0, (size_t)channels * sizeof *row);
        for (int64_t j = 0; j < f[0] * f[1]; j++) {
            const float *from = dy->data + large_row(dx->shape, f, grain, j) * dy->pitch_w;
            for (int64_t w = 0; w < dx->shape.w * f[2]; w++)
                add_pixel(row + w / f[2] * dx->pitch_w, from + w * dy->pitch_w, channels);
        }
    }
}

static bool tangent(FornixInfer *infer, const void *attrs)
{
    const Upsample *a = attrs;
    fornix_emit(infer, "<upsample id=\"tangent\" x=\"tangent0\"");
    conv_emit_dims(infer, "factor", a->factor);
    fornix_emit(infer, "/>");
    return true;
}

static const FornixAttr attrs[] = {
    FORNIX_DIMS(Upsample, factor, "2", 1, 64, "how many times larger the output is"), {0}};
static const FornixPort inputs[] = {{"x", FORNIX_VALUES, FORNIX_PITCHED, "the smaller map"}, {0}};
static const FornixPort outputs[] = {{"y", 0, FORNIX_PITCHED, "the larger map"}, {0}};
static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {.abi = FORNIX_ABI,
                                .name = "upsample",
                                .doc =
                                    "Enlarges a map by repeating its pixels (nearest neighbour).",
                                .formula = "y[p] = x[floor(p / factor)]",
                                .attrs_size = sizeof(Upsample),
                                .attrs = attrs,
                                .inputs = inputs,
                                .outputs = outputs,
                                .layer = &layer,
                                .example = "x=2,2,3,4,3 | <upsample x=\"x\"/>\n"
                                           "x=2,1,3,4,5 | <upsample x=\"x\" factor=\"3\"/>\n"
                                           "x=1,2,2,3,2 | <upsample x=\"x\" factor=\"1 2 3\"/>",
                                .tangent = tangent};
