/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Batch norm and the rectifier behind it, in one sweep over the tensor. */
#include "batch_norm_ports.h"
#include "fused_norm_ports.h"

FUSED_NORM(BatchNorm, "batch_norm", "relu", 0)
