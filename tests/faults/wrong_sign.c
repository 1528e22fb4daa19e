/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The gradient of its input has the wrong sign. */
#define NAME "wrong_sign"
#define SLOPE(scale, w, x) (-(scale) * (w) * (x))
#include "twin.h"
