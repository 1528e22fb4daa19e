/* SPDX-License-Identifier: GPL-3.0-or-later */
/* It calls what only a fornix of a later minor ABI has. */
#include <stdint.h>

void fornix_newer(int64_t grain);

#define NAME "too_new"
#define AT_GRAIN(step, y, x, count, grain) fornix_newer(grain)
#include "twin.h"
