/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Instance norm and the leaky rectifier behind it, in one sweep over the tensor. */
#include "instance_norm_ports.h"
#include "fused_norm_ports.h"

FUSED_NORM(InstanceNorm, "instance_norm", "leaky_relu", ((const LeakyRelu *)parts[1])->slope)
