/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Batch norm and the rectifier behind it, in one sweep over the tensor. */
#include "activation_ports.h"
#include "batch_norm_ports.h"

static bool fuse(void *to, const void *const *parts, const bool *given)
{
    (void)given;
    BatchNorm *fused = to;
    *fused = *(const BatchNorm *)parts[0];
    bool alone = fused->slope >= 1; /* no rectifier of its own */
    fused->slope = 0;
    return alone;
}

static const FornixLayer layer = {.infer = infer,
                                  .forward = forward,
                                  .backward = backward,
                                  .keep = keep,
                                  .fuses = "batch_norm relu",
                                  .fuse = fuse};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "fused_batch_norm_relu",
    .doc =
        "Batch norm and the rectifier right behind it. The engine takes it wherever both stand in "
        "this order and nothing reads what is between them.",
    .formula = "as batch_norm and relu, to the bit",
    .attrs_size = sizeof(BatchNorm),
    .attrs = attrs,
    .inputs = norm_inputs,
    .outputs = norm_outputs,
    .layer = &layer,
    .example = "x=7,1,1,1,3 | <fused_batch_norm_relu x=\"x\" slope=\"0.1\"/>"};
