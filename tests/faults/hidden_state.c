/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Forward keeps something from one run to the next. */
#define NAME "hidden_state"
static int runs;
#define AT_GRAIN(step, y, x, count, grain) ((y)[0] += 1e-3f * (float)(runs++))
#include "twin.h"
