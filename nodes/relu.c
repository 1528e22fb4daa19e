/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rectifier. */
#include "activation_ports.h"

ACTIVATION_LAYER(ACTIVATION_LEAKY, ACTIVATION_NO_CONSTANT, 1)
ACTIVATION_TANGENT("leaky", ACTIVATION_NO_CONSTANT)

const FornixNode fornix_node = {.abi = FORNIX_ABI,
                                .name = "relu",
                                .doc = "The rectifier, value by value.",
                                .formula = "y = max(x, 0) (Nair & Hinton 2010)",
                                .inputs = activation_inputs,
                                .outputs = activation_outputs,
                                .layer = &layer,
                                .example =
                                    "x=2,3,4,5,6 | <relu x=\"x\"/>\nx=3,1,1,1,7 | <relu x=\"x\"/>",
                                .tangent = tangent};
