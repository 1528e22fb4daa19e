/* SPDX-License-Identifier: GPL-3.0-or-later */
/* It offers to add to a gradient that is there, and overwrites it. */
#define NAME "gradient_not_added"
#define DECLARE(infer) fornix_gradient_adds(infer, 0)
#include "twin.h"
