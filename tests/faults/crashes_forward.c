/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A layer that crashes at the grain that CRASH_FORWARD names. */
#include "crash.h"

#define NAME "crashes_forward"
#define AT_GRAIN(step, y, x, count, grain) crash("CRASH_FORWARD")
#include "twin.h"
