/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The innermost loops for x86-64-v3: AVX2 and FMA.
 */
#include "isa_micro.h"

#if ISA_X86

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("arch=x86-64-v3"))), apply_to = function)
#else
#pragma GCC target("arch=x86-64-v3")
#endif

#define VECTOR 8
#define ROWS 6
#define MICRO isa_micro_v3
#include "isa_micro_body.h"

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
