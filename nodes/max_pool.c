/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The maximum over windows. Which pixel won is kept for backward, not the input. */
#include "conv_ports.h"
#include "kernels/pool.h"

typedef struct {
    FornixDims kernel, stride, padding;
} MaxPool;

static Pool describe(const MaxPool *attrs, FornixShape x)
{
    Pool pool = {0};
    conv_axes(attrs->kernel, x, 1, pool.kernel);
    conv_axes(attrs->stride.count ? attrs->stride : attrs->kernel, x, 1, pool.stride);
    for (int a = 0; a < 3; a++)
        pool.padding[a] = pool.kernel[a] > 1 ? attrs->padding.size[a] : 0;
    return pool;
}

static bool infer(FornixInfer *infer, const void *attrs)
{
    FornixShape x = fornix_input(infer, 0);
    Pool pool = describe(attrs, x);
    for (int a = 0; a < 3; a++)
        if (2 * pool.padding[a] > pool.kernel[a])
            return fornix_infer_fail(infer, "padding", "it is more than half the kernel");
    FornixShape y = pool_output(&pool, x);
    if (fornix_floats(y) == 0)
        return fornix_infer_fail(infer, "kernel",
                                 "the input of %lld x %lld x %lld is smaller than a window",
                                 (long long)x.d, (long long)x.h, (long long)x.w);
    fornix_output(infer, 0, y);
    fornix_saved(infer, y);
    fornix_pass(infer, FORNIX_FORWARD, pool_grains(&pool, x), FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_BACKWARD, pool_grains(&pool, x), FORNIX_FOR_INPUT);
    fornix_flops(infer, FORNIX_FORWARD, (double)fornix_floats(x));
    return true;
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    (void)pass;
    Pool pool = describe(attrs, step->in[0].shape);
    PoolForward bound = {step->in[0], step->out[0], step->saved[0].data};
    pool_forward(&pool, &bound, begin, end);
}

static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                     int64_t end)
{
    (void)pass;
    Pool pool = describe(attrs, step->din[0].shape);
    PoolBackward bound = {step->dout[0], step->din[0], step->saved[0].data};
    pool_backward(&pool, &bound, begin, end);
}

static const FornixAttr attrs[] = {
    FORNIX_DIMS(MaxPool, kernel, "2", 1, 255, "size of a window"),
    FORNIX_DIMS(MaxPool, stride, "", 1, 255, "from one window to the next; unsaid: the kernel"),
    FORNIX_DIMS(MaxPool, padding, "0", 0, 127, "on each side; never the maximum"),
    {0}};
static const FornixPort inputs[] = {{"x", FORNIX_VALUES, FORNIX_PITCHED, "the larger map"}, {0}};
static const FornixPort outputs[] = {{"y", 0, FORNIX_PITCHED, "the maxima"}, {0}};
static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "max_pool",
    .doc = "The maximum of each window. What does not fill a window at the far side is left out.",
    .formula = "y[o] = max over k of x[stride o - padding + k]; the first of equals takes the "
               "gradient",
    .attrs_size = sizeof(MaxPool),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .layer = &layer,
    .example = "x=2,4,5,6,3 | <max_pool x=\"x\"/>\n"
               "x=1,1,7,8,4 | <max_pool x=\"x\" kernel=\"3\" stride=\"2\" padding=\"1\"/>"};
