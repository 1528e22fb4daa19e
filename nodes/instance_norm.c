/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Instance normalisation: each channel of each sample by its own mean and variance, in training
 * and afterwards alike, so that a batch may be as small as one volume.
 */
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

static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "instance_norm",
    .doc = "Normalises each channel of each sample over its pixels.",
    .formula = "y = gamma (x - mean) / sqrt(variance + epsilon) + beta (Ulyanov et al. 2016; as "
               "torch.nn.InstanceNorm with affine=True)",
    .attrs_size = sizeof(InstanceNorm),
    .attrs = attrs,
    .inputs = norm_inputs,
    .outputs = norm_outputs,
    .layer = &layer,
    .example = "x=2,3,4,5,6 | <instance_norm x=\"x\"/>\n"
               "x=2,1,4,5,3 | <instance_norm x=\"x\" slope=\"0.01\"/>\n"
               "x=1,1,1,9,2 | <instance_norm x=\"x\" affine=\"no\"/>"};
