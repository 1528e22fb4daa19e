/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Backward adds to the gradient instead of overwriting it. */
#define NAME "adds_gradient"
#define ASSIGN(place, value) (place) += (value)
#include "twin.h"
