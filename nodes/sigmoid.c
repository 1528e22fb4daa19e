/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The logistic function. */
#include "activation_ports.h"

ACTIVATION_LAYER(ACTIVATION_SIGMOID, ACTIVATION_NO_CONSTANT, 20)
ACTIVATION_TANGENT("sigmoid", ACTIVATION_NO_CONSTANT)

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "sigmoid",
    .doc = "The logistic function, value by value: the probability that a logit stands for. Losses "
           "take the logit itself, because that is exact where this one is flat.",
    .formula = "y = 1 / (1 + exp(-x))",
    .inputs = activation_inputs,
    .outputs = activation_probabilities,
    .layer = &layer,
    .example = "x=2,3,4,5,6 | <sigmoid x=\"x\"/>\nx=3,1,1,1,7 | <sigmoid x=\"x\"/>",
    .tangent = tangent};
