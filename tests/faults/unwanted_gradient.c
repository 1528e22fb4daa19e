/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Backward writes the gradient of its input where nobody wants it. */
#define NAME "unwanted_gradient"
#define NEED FORNIX_ALWAYS
#include "twin.h"
