/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Group normalisation: groups of channels of each sample by their own mean and variance, whatever
 * the batch.
 */
#include "norm_ports.h"

typedef struct {
    int64_t groups;
    double epsilon, slope;
    bool affine;
} GroupNorm;

static Norm describe(const GroupNorm *attrs, FornixShape shape)
{
    return (Norm){.shape = shape,
                  .kind = NORM_GROUP,
                  .groups = attrs->groups,
                  .epsilon = (float)attrs->epsilon,
                  .slope = (float)attrs->slope};
}

static bool infer(FornixInfer *infer, const void *attrs)
{
    const GroupNorm *a = attrs;
    FornixShape x = fornix_input(infer, 0);
    if (x.c % a->groups)
        return fornix_infer_fail(infer, "groups", "%lld channels can't be cut into %lld groups",
                                 (long long)x.c, (long long)a->groups);
    if (x.d * x.h * x.w * (x.c / a->groups) < 2)
        return fornix_infer_fail(infer, "groups", "a group of one number has no variance");
    Norm norm = describe(a, x);
    return norm_declare(infer, &norm, a->affine);
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    const GroupNorm *a = attrs;
    Norm norm = describe(a, step->in[0].shape);
    NormForward bound = norm_bind_forward(step, a->affine);
    norm_forward(&norm, &bound, pass, begin, end);
}

static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                     int64_t end)
{
    const GroupNorm *a = attrs;
    Norm norm = describe(a, step->in[0].shape);
    NormBackward bound = norm_bind_backward(step, a->affine);
    norm_backward(&norm, &bound, pass, begin, end);
}

static const FornixAttr attrs[] = {
    FORNIX_INT(GroupNorm, groups, "8", 1, 1 << 20, "of channels; must divide their number"),
    FORNIX_REAL(GroupNorm, epsilon, "1e-5", 1e-12, 1, "added to the variance"),
    FORNIX_REAL(GroupNorm, slope, "1", 0, 1,
                "of a rectifier right behind it, for values below 0; 1: none"),
    FORNIX_BOOL(GroupNorm, affine, "yes", "learn a scale and a shift for each channel"),
    {0}};

static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "group_norm",
    .doc = "Normalises groups of channels of each sample over their pixels.",
    .formula = "y = gamma (x - mean) / sqrt(variance + epsilon) + beta (Wu & He 2018; as "
               "torch.nn.GroupNorm)",
    .attrs_size = sizeof(GroupNorm),
    .attrs = attrs,
    .inputs = norm_inputs,
    .outputs = norm_outputs,
    .layer = &layer,
    .example = "x=2,3,4,5,6 | <group_norm x=\"x\" groups=\"3\"/>\n"
               "x=2,1,4,5,8 | <group_norm x=\"x\" slope=\"0.01\"/>\n"
               "x=3,1,1,1,8 | <group_norm x=\"x\" groups=\"2\" affine=\"no\"/>"};
