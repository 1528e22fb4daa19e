/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The maximum over windows. Which pixel won is kept for backward, not the input. */
#include "pool_ports.h"

typedef struct {
    FornixDims kernel, stride, padding;
} MaxPool;

static Pool describe(const MaxPool *a, FornixShape x)
{
    PoolDims dims = {a->kernel, a->stride, a->padding};
    return pool_describe(&dims, x);
}

static bool infer(FornixInfer *infer, const void *attrs)
{
    FornixShape x = fornix_input(infer, 0);
    Pool pool = describe(attrs, x);
    if (!pool_declare(infer, &pool))
        return false;
    int64_t floats = (pool_winner_bytes(&pool, x) + 3) / 4;
    fornix_saved(infer, (FornixShape){1, 1, 1, 1, floats});
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
    PoolBackward bound = {step->dout[0], step->din[0], step->saved[0].data, step->adds & 1};
    pool_backward(&pool, &bound, begin, end);
}

static bool tangent(FornixInfer *infer, const void *attrs)
{
    const MaxPool *a = attrs;
    fornix_emit(infer, "<peak id=\"tangent\" x=\"tangent0\" of=\"input0\"");
    conv_emit_dims(infer, "kernel", a->kernel);
    conv_emit_dims(infer, "stride", a->stride);
    conv_emit_dims(infer, "padding", a->padding);
    fornix_emit(infer, "/>");
    return true;
}

static const FornixAttr attrs[] = {
    FORNIX_DIMS(MaxPool, kernel, "2", 1, 255, "size of a window"),
    FORNIX_DIMS(MaxPool, stride, "", 1, 255, "from one window to the next; unsaid: the kernel"),
    FORNIX_DIMS(MaxPool, padding, "0", 0, 127, "on each side; never the maximum"),
    {0}};
static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "max_pool",
    .doc = "The maximum of each window. What does not fill a window at the far side is left out.",
    .formula = "y[o] = max over k of x[stride o - padding + k]; the first of equals takes the "
               "gradient",
    .attrs_size = sizeof(MaxPool),
    .attrs = attrs,
    .inputs = pool_inputs,
    .outputs = pool_outputs,
    .layer = &layer,
    .example = "x=2,4,5,6,3 | <max_pool x=\"x\"/>\n"
               "x=1,1,7,8,4 | <max_pool x=\"x\" kernel=\"3\" stride=\"2\" padding=\"1\"/>",
    .tangent = tangent};
