/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The gradient of its input forgets the scale, which is 1 in one example alone. */
#define NAME "wrong_factor"
#define SLOPE(scale, w, x) ((w) * (x))
#include "twin.h"
