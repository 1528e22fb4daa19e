/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The innermost loops for x86-64-v4: AVX-512.
 */
#include "isa_micro.h"

#if ISA_X86

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("arch=x86-64-v4"))), apply_to = function)
/* Without this, clang cuts vectors of 512 bits in two. */
#pragma clang attribute push(__attribute__((min_vector_width(512))), apply_to = function)
#else
#pragma GCC target("arch=x86-64-v4")
#endif

#define VECTOR 16
#define ROWS 8
#define MICRO isa_micro_v4
#include "isa_micro_body.h"

#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute pop
#endif

#endif
