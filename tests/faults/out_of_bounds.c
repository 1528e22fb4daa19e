/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Forward writes one number behind its output. */
#define NAME "out_of_bounds"
#define AT_GRAIN(step, y, x, count, grain)                                                         \
    ((grain) == (step)->in[0].shape.n - 1 ? (y)[count] = 0 : 0)
#include "twin.h"
