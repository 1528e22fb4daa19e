/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What nodes of two tensors of one shape share. Internal to nodes/. */
#ifndef FORNIX_PAIR_PORTS_H
#define FORNIX_PAIR_PORTS_H

#include "node.h"

/* Whether the first two inputs have one shape; told at the second if not. */
static inline bool pair_check(FornixInfer *infer, const char *first, const char *second)
{
    FornixShape a = fornix_input(infer, 0), b = fornix_input(infer, 1);
    return (a.n == b.n && a.d == b.d && a.h == b.h && a.w == b.w && a.c == b.c) ||
           fornix_infer_fail(infer, second,
                             "%s is %lld x %lld x %lld x %lld, %s %lld x %lld x %lld x %lld: they "
                             "must be alike",
                             second, (long long)b.d, (long long)b.h, (long long)b.w, (long long)b.c,
                             first, (long long)a.d, (long long)a.h, (long long)a.w, (long long)a.c);
}

#endif
