/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Instance norm as a layer, for the node and for those that fuse it. Internal to nodes/. */
#ifndef FORNIX_INSTANCE_NORM_PORTS_H
#define FORNIX_INSTANCE_NORM_PORTS_H

#include "norm_ports.h"

typedef struct {
    double epsilon, slope;
    bool affine;
} InstanceNorm;

static Norm describe(const InstanceNorm *attrs, FornixShape shape)
{
    return (Norm){.shape = shape,
                  .kind = NORM_INSTANCE,
                  .epsilon = (float)attrs->epsilon,
                  .slope = (float)attrs->slope};
}

static bool infer(FornixInfer *infer, const void *attrs)
{
    const InstanceNorm *a = attrs;
    FornixShape x = fornix_input(infer, 0);
    if (x.d * x.h * x.w < 2)
        return fornix_infer_fail(infer, "x",
                                 "a channel of one pixel has no variance; use batch_norm");
    Norm norm = describe(a, x);
    return norm_declare(infer, &norm, a->affine);
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    const InstanceNorm *a = attrs;
    Norm norm = describe(a, step->in[0].shape);
    NormForward bound = norm_bind_forward(step, a->affine);
    norm_forward(&norm, &bound, pass, begin, end);
}

static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                     int64_t end)
{
    const InstanceNorm *a = attrs;
    Norm norm = describe(a, step->in[0].shape);
    NormBackward bound = norm_bind_backward(step, a->affine);
    norm_backward(&norm, &bound, pass, begin, end);
}

static const FornixAttr attrs[] = {
    FORNIX_REAL(InstanceNorm, epsilon, "1e-5", 1e-12, 1, "added to the variance"),
    FORNIX_REAL(InstanceNorm, slope, "1", 0, 1,
                "of a rectifier right behind it, for values below 0; 1: none"),
    FORNIX_BOOL(InstanceNorm, affine, "yes", "learn a scale and a shift for each channel"),
    {0}};

/* Of fused nodes. */
#define NORM_KEEP NULL

#endif
