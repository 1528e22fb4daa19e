/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The leaky rectifier. */
#include "activation_ports.h"

static double slope_of(const LeakyRelu *attrs)
{
    return attrs->slope;
}

ACTIVATION_LAYER(ACTIVATION_LEAKY, slope_of, 2)
ACTIVATION_TANGENT("leaky", slope_of)

static const FornixAttr attrs[] = {FORNIX_REAL(LeakyRelu, slope, "0.01", 0, 1, "of values below 0"),
                                   {0}};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "leaky_relu",
    .doc = "The leaky rectifier, value by value.",
    .formula = "y = x where x > 0, else slope x (Maas et al. 2013)",
    .attrs_size = sizeof(LeakyRelu),
    .attrs = attrs,
    .inputs = activation_inputs,
    .outputs = activation_outputs,
    .layer = &layer,
    .example =
        "x=2,3,4,5,6 | <leaky_relu x=\"x\"/>\nx=3,1,1,1,7 | <leaky_relu x=\"x\" slope=\"0.2\"/>",
    .tangent = tangent};
