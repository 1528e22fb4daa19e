/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A fused node that takes an attribute of its parts otherwise than they do. */
#define NAME "fused_wrongly"
#define TAKEN(slope) (1.1 * (slope))
#include "fused.h"
