/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What pooling over windows reads from its attributes. Internal to nodes/. */
#ifndef FORNIX_POOL_PORTS_H
#define FORNIX_POOL_PORTS_H

#include "conv_ports.h"
#include "kernels/pool.h"

typedef struct {
    FornixDims kernel, stride, padding;
} PoolDims;

static const FornixPort pool_inputs[] = {{"x", FORNIX_VALUES, FORNIX_PITCHED, "the larger map"},
                                         {0}};
static const FornixPort pool_outputs[] = {{"y", 0, FORNIX_PITCHED, "a value for each window"}, {0}};

static inline Pool pool_describe(const PoolDims *dims, FornixShape x)
{
    Pool pool = {0};
    conv_axes(dims->kernel, x, 1, pool.kernel);
    conv_axes(dims->stride.count ? dims->stride : dims->kernel, x, 1, pool.stride);
    for (int a = 0; a < 3; a++)
        pool.padding[a] = pool.kernel[a] > 1 ? conv_padding(dims->padding, a, pool.kernel[a]) : 0;
    return pool;
}

static inline bool pool_declare(FornixInfer *infer, const Pool *pool)
{
    FornixShape x = fornix_input(infer, 0);
    for (int a = 0; a < 3; a++)
        if (2 * pool->padding[a] > pool->kernel[a])
            return fornix_infer_fail(infer, "padding", "it is more than half the kernel");
    FornixShape y = pool_output(pool, x);
    if (fornix_floats(y) == 0)
        return fornix_infer_fail(infer, "kernel",
                                 "the input of %lld x %lld x %lld is smaller than a window",
                                 (long long)x.d, (long long)x.h, (long long)x.w);
    fornix_output(infer, 0, y);
    fornix_pass(infer, FORNIX_FORWARD, pool_grains(pool, x), FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_BACKWARD, pool_grains(pool, x), FORNIX_FOR_INPUT);
    fornix_gradient_adds(infer, 0);
    fornix_flops(infer, FORNIX_FORWARD, (double)fornix_floats(x));
    return true;
}

#endif
