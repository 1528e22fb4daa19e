/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A default that its own range refuses. */
#define NAME "default_out_of_range"
#define SCALE_DEFAULT "11"
#include "twin.h"
