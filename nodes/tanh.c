/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The hyperbolic tangent. */
#include "activation_ports.h"

ACTIVATION_LAYER(ACTIVATION_TANH, ACTIVATION_NO_CONSTANT, 20)
ACTIVATION_TANGENT("tanh", ACTIVATION_NO_CONSTANT)

const FornixNode fornix_node = {.abi = FORNIX_ABI,
                                .name = "tanh",
                                .doc = "The hyperbolic tangent, value by value.",
                                .formula = "y = (exp(x) - exp(-x)) / (exp(x) + exp(-x))",
                                .inputs = activation_inputs,
                                .outputs = activation_outputs,
                                .layer = &layer,
                                .example =
                                    "x=2,3,4,5,6 | <tanh x=\"x\"/>\nx=3,1,1,1,7 | <tanh x=\"x\"/>",
                                .tangent = tangent};
