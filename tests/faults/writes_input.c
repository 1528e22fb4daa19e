/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Forward writes its input. */
#define NAME "writes_input"
#define AT_GRAIN(step, y, x, count, grain) (*(float *)(uintptr_t)(x) = 0)
#include "twin.h"
