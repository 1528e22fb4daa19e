/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The twin without a fault. */
#define NAME "innocent"
#include "twin.h"
