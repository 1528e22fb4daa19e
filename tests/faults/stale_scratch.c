/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Forward reads scratch that it never wrote, and hides a NaN. */
#define NAME "stale_scratch"
#define DECLARE(infer) fornix_scratch(infer, FORNIX_FORWARD, 1)
#define AT_GRAIN(step, y, x, count, grain) ((y)[0] += (step)->scratch[0] > 1 ? 1.0f : 0.0f)
#include "twin.h"
