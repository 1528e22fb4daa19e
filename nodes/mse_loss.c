/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mean squared error. */
#include "point_loss_ports.h"

POINT_LOSS_LAYER(POINT_SQUARE)

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "mse_loss",
    .doc = "The mean squared error between two tensors; gradients flow into both.",
    .formula = "sum of r (x - target)^2 / sum of r over all numbers, r: weight of the sample",
    .inputs = point_loss_inputs,
    .outputs = point_loss_outputs,
    .layer = &layer,
    .example = "x=2,3,4,5,3 y=2,3,4,5,3 | <mse_loss x=\"x\" target=\"y\"/>\n"
               "x=4,1,1,1,7 y=4,1,1,1,7 w=weight:4,1,1,1,1 | <mse_loss x=\"x\" target=\"y\" "
               "weight=\"w\"/>"};
