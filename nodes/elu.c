/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The exponential linear unit. */
#include "activation_ports.h"

typedef struct {
    double alpha;
} Elu;

static double alpha_of(const Elu *attrs)
{
    return attrs->alpha;
}

ACTIVATION_LAYER(ACTIVATION_ELU, alpha_of, 20)
ACTIVATION_TANGENT("elu", alpha_of)

static const FornixAttr attrs[] = {
    FORNIX_REAL(Elu, alpha, "1", 0, 100, "how far below 0 values can come"), {0}};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "elu",
    .doc = "The exponential linear unit, value by value.",
    .formula = "y = x where x > 0, else alpha (exp(x) - 1) (Clevert et al. 2016)",
    .attrs_size = sizeof(Elu),
    .attrs = attrs,
    .inputs = activation_inputs,
    .outputs = activation_outputs,
    .layer = &layer,
    .example = "x=2,3,4,5,6 | <elu x=\"x\"/>\nx=3,1,1,1,7 | <elu x=\"x\" alpha=\"0.5\"/>",
    .tangent = tangent};
