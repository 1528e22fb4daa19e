/* SPDX-License-Identifier: GPL-3.0-or-later */
/* It crashes when it is loaded. */
#include <stdlib.h>

static void start(void) __attribute__((constructor));

static void start(void)
{
    abort();
}

#define NAME "crashes_early"
#include "twin.h"
