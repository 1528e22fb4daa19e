/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What convolution and its transpose read from their attributes. Internal to nodes/. */
#ifndef FORNIX_CONV_PORTS_H
#define FORNIX_CONV_PORTS_H

#include <math.h>

#include "kernels/conv.h"
#include "node.h"

/* A single number counts along the axes in which the input extends: "3" is 1 x 3 x 3 on an image
 * of depth 1 and 1 x 1 x 3 on a signal. Several count as they are written. */
static inline void conv_axes(FornixDims dims, FornixShape x, int64_t alone, int64_t out[3])
{
    const int64_t sizes[3] = {x.d, x.h, x.w};
    bool extends = false;
    for (int a = 0; a < 3; a++) {
        extends = extends || sizes[a] > 1 || a == 2;
        out[a] = dims.count == 1 && !extends ? alone : dims.size[a];
    }
}

/* PyTorch's start of convolutions and dense layers, weight and bias alike. */
static inline FornixInit conv_init(int64_t fan_in)
{
    return (FornixInit){FORNIX_UNIFORM, 1 / sqrt((double)fan_in)};
}

static inline void conv_declare(FornixInfer *infer, const Conv *conv, FornixPhase phase,
                                ConvTask task, FornixNeed need)
{
    for (int p = 0; p < conv_passes(conv, task); p++)
        fornix_pass(infer, phase, conv_grains(conv, task, p), need);
}

#endif
