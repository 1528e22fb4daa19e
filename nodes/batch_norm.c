/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Batch normalisation: each channel by its mean and variance over the batch, and by their running
 * averages afterwards.
 *
 * Outside of training, and in a net that no update of the stage trains, the running averages are
 * used and stay as they are: what PyTorch's eval() does. What is trained keeps them up to date once
 * a step, with the unbiased variance.
 */
#include "batch_norm_ports.h"

static const FornixLayer layer = {
    .infer = infer, .forward = forward, .backward = backward, .keep = keep};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "batch_norm",
    .doc = "Normalises each channel over the batch. Outside of training, and in a net that no "
           "update of the stage trains, it uses the running averages and leaves them as they are. "
           "They take the unbiased variance, of each use of the net once whenever its update runs.",
    .formula = "y = gamma (x - mean) / sqrt(variance + epsilon) + beta; running = (1 - momentum) "
               "running + momentum taken (Ioffe & Szegedy 2015; as torch.nn.BatchNorm)",
    .attrs_size = sizeof(BatchNorm),
    .attrs = attrs,
    .inputs = norm_inputs,
    .outputs = norm_outputs,
    .layer = &layer,
    .example = "x=2,3,4,5,6 | <batch_norm x=\"x\"/>\n"
               "x=7,1,1,1,3 | <batch_norm x=\"x\" slope=\"0.2\"/>\n"
               "x=2,1,4,5,17 | <batch_norm x=\"x\" momentum=\"0.5\" affine=\"no\"/>"};
