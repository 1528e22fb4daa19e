/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Instance norm and the rectifier behind it, in one sweep over the tensor. */
#include "activation_ports.h"
#include "instance_norm_ports.h"

static bool fuse(void *to, const void *const *parts, const bool *given)
{
    (void)given;
    InstanceNorm *fused = to;
    *fused = *(const InstanceNorm *)parts[0];
    bool alone = fused->slope >= 1; /* no rectifier of its own */
    fused->slope = 0;
    return alone;
}

static const FornixLayer layer = {.infer = infer,
                                  .forward = forward,
                                  .backward = backward,
                                  .fuses = "instance_norm relu",
                                  .fuse = fuse};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "fused_instance_norm_relu",
    .doc = "Instance norm and the rectifier right behind it. The engine takes it wherever both "
           "stand in "
           "this order and nothing reads what is between them.",
    .formula = "as instance_norm and relu, to the bit",
    .attrs_size = sizeof(InstanceNorm),
    .attrs = attrs,
    .inputs = norm_inputs,
    .outputs = norm_outputs,
    .layer = &layer,
    .example = "x=2,3,4,5,6 | <fused_instance_norm_relu x=\"x\" slope=\"0.1\"/>"};
