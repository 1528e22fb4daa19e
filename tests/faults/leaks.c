/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What open returned is never freed: there is no close. */
#include <node.h>
#include <stdlib.h>

static void *open(const FornixInfer *infer, const void *attrs, FornixError *error)
{
    (void)infer, (void)attrs;
    void *opened = malloc(100);
    if (!opened)
        fornix_fail(error, "no memory");
    return opened;
}

#define NAME "leaks"
#define OPEN open
#include "twin.h"
