/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Batch norm as a layer, for the node and for those that fuse it. Internal to nodes/. */
#ifndef FORNIX_BATCH_NORM_PORTS_H
#define FORNIX_BATCH_NORM_PORTS_H

#include "norm_ports.h"

typedef struct {
    double epsilon, momentum, slope;
    bool affine;
} BatchNorm;

enum { RUNNING_MEAN, RUNNING_VAR };

/* Samples count as further slices of one: its blocks of pixels then run across samples, which
 * vectors are too short for by themselves. */
static Norm describe(const BatchNorm *attrs, FornixShape x)
{
    return (Norm){.shape = {1, x.n * x.d, x.h, x.w, x.c},
                  .kind = NORM_BATCH,
                  .epsilon = (float)attrs->epsilon,
                  .slope = (float)attrs->slope};
}

static bool infer(FornixInfer *infer, const void *attrs)
{
    const BatchNorm *a = attrs;
    FornixShape x = fornix_input(infer, 0), channels = {1, 1, 1, 1, x.c};
    Norm norm = describe(a, x);
    fornix_state(infer, 0, "running_mean", channels, 0);
    fornix_state(infer, 0, "running_var", channels, 1);
    fornix_pass(infer, FORNIX_KEEP, 1, FORNIX_ALWAYS);
    if (!norm_declare(infer, &norm, a->affine))
        return false;
    fornix_output(infer, 0, x);
    return true;
}

static bool uses_running(const FornixStep *step)
{
    return !step->training || step->frozen;
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    const BatchNorm *a = attrs;
    Norm norm = describe(a, step->in[0].shape);
    NormForward bound = norm_bind_forward(step, a->affine);
    if (uses_running(step)) {
        bound.mean = step->state[RUNNING_MEAN].data;
        bound.variance = step->state[RUNNING_VAR].data;
    }
    norm_forward(&norm, &bound, pass, begin, end);
}

static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                     int64_t end)
{
    const BatchNorm *a = attrs;
    Norm norm = describe(a, step->in[0].shape);
    NormBackward bound = norm_bind_backward(step, a->affine);
    bound.fixed = uses_running(step);
    norm_backward(&norm, &bound, pass, begin, end);
}

static void keep(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    (void)pass, (void)begin, (void)end;
    const BatchNorm *a = attrs;
    Norm norm = describe(a, step->in[0].shape);
    if (!uses_running(step))
        norm_keep(&norm, step->saved[0].data, (float)a->momentum,
                  step->new_state[RUNNING_MEAN].data, step->new_state[RUNNING_VAR].data);
}

static const FornixAttr attrs[] = {
    FORNIX_REAL(BatchNorm, epsilon, "1e-5", 1e-12, 1, "added to the variance"),
    FORNIX_REAL(BatchNorm, momentum, "0.1", 0, 1, "share of a new batch in the running averages"),
    FORNIX_REAL(BatchNorm, slope, "1", 0, 1,
                "of a rectifier right behind it, for values below 0; 1: none"),
    FORNIX_BOOL(BatchNorm, affine, "yes", "learn a scale and a shift for each channel"),
    {0}};

/* Of fused nodes. */
#define NORM_KEEP keep

#endif
