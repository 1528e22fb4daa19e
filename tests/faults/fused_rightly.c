/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A fused node that is what it replaces. */
#define NAME "fused_rightly"
#define TAKEN(slope) (slope)
#include "fused.h"
