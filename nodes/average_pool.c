/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mean over windows. */
#include "pool_ports.h"

typedef struct {
    FornixDims kernel, stride, padding;
    bool count_padding;
} AveragePool;

static Pool describe(const AveragePool *a, FornixShape x)
{
    PoolDims dims = {a->kernel, a->stride, a->padding};
    Pool pool = pool_describe(&dims, x);
    pool.average = true;
    pool.pixels_alone = !a->count_padding;
    return pool;
}

static bool infer(FornixInfer *infer, const void *attrs)
{
    Pool pool = describe(attrs, fornix_input(infer, 0));
    return pool_declare(infer, &pool);
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    (void)pass;
    Pool pool = describe(attrs, step->in[0].shape);
    PoolForward bound = {.x = step->in[0], .y = step->out[0]};
    pool_forward(&pool, &bound, begin, end);
}

static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                     int64_t end)
{
    (void)pass;
    Pool pool = describe(attrs, step->din[0].shape);
    PoolBackward bound = {.dy = step->dout[0], .dx = step->din[0], .adds = step->adds & 1};
    pool_backward(&pool, &bound, begin, end);
}

static bool tangent(FornixInfer *infer, const void *attrs)
{
    const AveragePool *a = attrs;
    fornix_emit(infer, "<average_pool id=\"tangent\" x=\"tangent0\" count_padding=\"%s\"",
                a->count_padding ? "yes" : "no");
    conv_emit_dims(infer, "kernel", a->kernel);
    conv_emit_dims(infer, "stride", a->stride);
    conv_emit_dims(infer, "padding", a->padding);
    fornix_emit(infer, "/>");
    return true;
}

static const FornixAttr attrs[] = {
    FORNIX_DIMS(AveragePool, kernel, "2", 1, 255, "size of a window"),
    FORNIX_DIMS(AveragePool, stride, "", 1, 255, "from one window to the next; unsaid: the kernel"),
    FORNIX_DIMS(AveragePool, padding, "0", 0, 127, "zeros on each side"),
    FORNIX_BOOL(AveragePool, count_padding, "yes",
                "divide by the whole window; else by the pixels inside the image"),
    {0}};
static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "average_pool",
    .doc = "The mean of each window. What does not fill a window at the far side is left out.",
    .formula = "y[o] = sum over k of x[stride o - padding + k] / size of the window (as "
               "torch.nn.AvgPool; count_padding is its count_include_pad)",
    .attrs_size = sizeof(AveragePool),
    .attrs = attrs,
    .inputs = pool_inputs,
    .outputs = pool_outputs,
    .layer = &layer,
    .example = "x=2,4,5,6,3 | <average_pool x=\"x\"/>\n"
               "x=1,1,7,8,4 | <average_pool x=\"x\" kernel=\"3\" stride=\"2\" padding=\"1\"/>\n"
               "x=2,1,5,5,2 | <average_pool x=\"x\" kernel=\"3\" stride=\"1\" padding=\"1\" "
               "count_padding=\"no\"/>",
    .tangent = tangent};
