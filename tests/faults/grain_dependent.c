/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A grain depends on those that were run with it. */
#define NAME "grain_dependent"
#define AT_GRAIN(step, y, x, count, grain) ((y)[0] += 0.5f * (float)((grain)-begin))
#include "twin.h"
