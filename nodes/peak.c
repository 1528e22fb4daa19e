/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What one tensor has where another has its maximum: how a maximum changes along a direction.
 *
 * Where the maximum lies is saved as a whole number in the bits of a float. A grain of forward is a
 * pixel of the output, of backward a sample.
 */
#include <string.h>

#include "pool_ports.h"
#include "pair_ports.h"

typedef struct {
    FornixDims kernel, stride, padding;
    bool whole;
} Peak;

enum { X, OF };

static Pool describe(const Peak *a, FornixShape x)
{
    PoolDims dims = {a->kernel, a->stride, a->padding};
    if (!a->whole)
        return pool_describe(&dims, x);
    return (Pool){.kernel = {x.d, x.h, x.w}, .stride = {x.d, x.h, x.w}};
}

static bool infer(FornixInfer *infer, const void *attrs)
{
    FornixShape x = fornix_input(infer, X);
    if (!pair_check(infer, "x", "of"))
        return false;
    Pool pool = describe(attrs, x);
    FornixShape y = pool_output(&pool, x);
    if (fornix_floats(y) == 0 || x.d * x.h * x.w > INT32_MAX)
        return fornix_infer_fail(infer, "kernel",
                                 "the input is smaller than a window, or too large");
    fornix_output(infer, 0, y);
    fornix_saved(infer, y);
    fornix_pass(infer, FORNIX_FORWARD, fornix_pixels(y), FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_BACKWARD, x.n, FORNIX_FOR_INPUT);
    fornix_flops(infer, FORNIX_FORWARD, (double)fornix_floats(x));
    return true;
}

/* The pixel of the sample in which the channel has its maximum over the window of output pixel
 * `pixel`; the first of equal ones. */
static int32_t winner_of(const Pool *pool, const FornixView *of, FornixShape y, int64_t pixel,
                         int64_t channel)
{
    FornixShape x = of->shape;
    const float *sample = of->data + pixel / (y.d * y.h * y.w) * of->pitch_n + channel;
    int64_t at[3] = {pixel / (y.h * y.w) % y.d, pixel / y.w % y.h, pixel % y.w};
    const int64_t size[3] = {x.d, x.h, x.w};
    int64_t from[3], to[3], best = -1;
    for (int a = 0; a < 3; a++) {
        from[a] = at[a] * pool->stride[a] - pool->padding[a];
        to[a] = from[a] + pool->kernel[a] < size[a] ? from[a] + pool->kernel[a] : size[a];
        from[a] = from[a] > 0 ? from[a] : 0;
    }
    for (int64_t d = from[0]; d < to[0]; d++)
        for (int64_t h = from[1]; h < to[1]; h++)
            for (int64_t w = from[2]; w < to[2]; w++) {
                int64_t p = (d * x.h + h) * x.w + w;
                if (best < 0 || sample[p * x.c] > sample[best * x.c])
                    best = p;
            }
    return (int32_t)best;
}

static int32_t *winners(const FornixStep *step)
{
    return (int32_t *)(void *)step->saved[0].data;
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    (void)pass;
    const FornixView *x = &step->in[X];
    FornixShape y = step->out[0].shape;
    Pool pool = describe(attrs, x->shape);
    int64_t pixels = y.d * y.h * y.w;
    for (int64_t pixel = begin; pixel < end; pixel++)
        for (int64_t c = 0; c < y.c; c++) {
            int32_t at = winner_of(&pool, &step->in[OF], y, pixel, c);
            winners(step)[pixel * y.c + c] = at;
            step->out[0].data[pixel * y.c + c] =
                x->data[pixel / pixels * x->pitch_n + at * y.c + c];
        }
}

static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                     int64_t end)
{
    (void)attrs, (void)pass;
    const FornixView *dy = &step->dout[0];
    const FornixTensor *dx = &step->din[X];
    for (int64_t n = begin; n < end; n++) {
        float *to = dx->data + n * dx->pitch_n;
        memset(to, 0, (size_t)dx->pitch_n * sizeof *to);
        for (int64_t i = n * dy->pitch_n; i < (n + 1) * dy->pitch_n; i++)
            to[winners(step)[i] * dy->shape.c + i % dy->shape.c] += dy->data[i];
    }
}

static bool tangent(FornixInfer *infer, const void *attrs)
{
    const Peak *a = attrs;
    if (!fornix_has_tangent(infer, X)) {
        fornix_emit(infer, "<scale id=\"tangent\" x=\"output0\" by=\"0\"/>");
        return true;
    }
    fornix_emit(infer, "<peak id=\"tangent\" x=\"tangent0\" of=\"input1\" whole=\"%s\"",
                a->whole ? "yes" : "no");
    conv_emit_dims(infer, "kernel", a->kernel);
    conv_emit_dims(infer, "stride", a->stride);
    conv_emit_dims(infer, "padding", a->padding);
    fornix_emit(infer, "/>");
    return true;
}

static const FornixAttr attrs[] = {
    FORNIX_DIMS(Peak, kernel, "2", 1, 255, "size of a window"),
    FORNIX_DIMS(Peak, stride, "", 1, 255, "from one window to the next; unsaid: the kernel"),
    FORNIX_DIMS(Peak, padding, "0", 0, 127, "on each side; never the maximum"),
    FORNIX_BOOL(Peak, whole, "no", "one window, the whole map"),
    {0}};
static const FornixPort inputs[] = {
    {"x", FORNIX_VALUES, 0, "a direction: how the larger map changes"},
    {"of", FORNIX_VALUES, FORNIX_NO_GRAD, "the larger map, which has the maxima"},
    {0}};
static const FornixPort outputs[] = {
    {"y", FORNIX_FEATURE, 0, "how the maximum of each window changes"}, {0}};
static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "peak",
    .doc = "What a tensor has where another has the maximum of each window: how max_pool, or the "
           "maximum of global_pool, changes along a direction. What a <gradient> is made of, of "
           "little use by itself.",
    .formula = "y[o] = x[argmax over k of of[stride o - padding + k]], the first of equals",
    .attrs_size = sizeof(Peak),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .layer = &layer,
    .example = "x=2,4,5,6,3 y=2,4,5,6,3 | <peak x=\"x\" of=\"y\"/>\n"
               "x=1,1,7,8,4 y=1,1,7,8,4 | <peak x=\"x\" of=\"y\" kernel=\"3\" stride=\"2\" "
               "padding=\"1\"/>\n"
               "x=3,1,4,3,5 y=3,1,4,3,5 | <peak x=\"x\" of=\"y\" whole=\"yes\"/>",
    .tangent = tangent};
