/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Forward leaves the last number of each sample as it was. */
#define NAME "unwritten"
#define LEFT_OUT 1
#include "twin.h"
