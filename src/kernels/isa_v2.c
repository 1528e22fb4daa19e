/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The innermost loops for x86-64-v2: SSE4.
 */
#include "isa_micro.h"

#if ISA_X86

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("arch=x86-64-v2"))), apply_to = function)
#else
#pragma GCC target("arch=x86-64-v2")
#endif

#define VECTOR 4
#define ROWS 3
#define MICRO isa_micro_v2
#include "isa_micro_body.h"

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
