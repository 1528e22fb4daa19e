/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Instance normalisation: each channel of each sample by its own mean and variance, in training
 * and afterwards alike, so that a batch may be as small as one volume.
 */
#include "instance_norm_ports.h"

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
