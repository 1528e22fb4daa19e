/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Forward allocates, though it frees at once. */
#include <stdlib.h>

static void take_and_free(void)
{
    void *volatile block = malloc(100);
    free(block);
}

#define NAME "allocates"
#define AT_GRAIN(step, y, x, count, grain) take_and_free()
#include "twin.h"
