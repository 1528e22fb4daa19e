/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which instruction set the kernels run with.
 *
 * Kernels are written once and compiled several times: for any machine (plain), and on x86-64 for
 * the levels v2 (SSE4), v3 (AVX2 and FMA) and v4 (AVX-512). One level is picked when the program
 * starts: what the machine has, or what FORNIX_ISA pins (plain, v2, v3 or v4). Levels differ in
 * rounding, so that the same bits are promised within a level only; its name stands in whatever
 * must be reproduced.
 *
 * A kernel of loops over floats needs one line more than its body, which is inlined into a
 * function for each level:
 *
 *     static inline __attribute__((always_inline)) void scale_body(float *x, int64_t n) {...}
 *     ISA_KERNEL(scale, (float *x, int64_t n), (x, n))
 */
#ifndef FORNIX_KERNELS_ISA_H
#define FORNIX_KERNELS_ISA_H

#include <stdbool.h>

typedef enum { ISA_ACTIVE, ISA_PLAIN, ISA_V2, ISA_V3, ISA_V4, ISA_COUNT } Isa;

/* The level picked at start-up, never ISA_ACTIVE. */
Isa isa_active(void);
/* "plain", "v2", "v3", "v4". */
const char *isa_name(Isa isa);
/* Whether this machine and this build can run it. */
bool isa_available(Isa isa);
/* The value of FORNIX_ISA if it is no level that can run here (the machine's own is then active);
 * else NULL. */
const char *isa_refused(void);

#if defined(__x86_64__) && defined(__GNUC__)
#define ISA_X86 1
#define ISA_TARGET_V2 __attribute__((target("arch=x86-64-v2")))
#define ISA_TARGET_V3 __attribute__((target("arch=x86-64-v3")))
#define ISA_TARGET_V4 __attribute__((target("arch=x86-64-v4")))
#define ISA_KERNEL(name, parameters, arguments)                                                    \
    static void name##_plain parameters                                                            \
    {                                                                                              \
        name##_body arguments;                                                                     \
    }                                                                                              \
    ISA_TARGET_V2 static void name##_v2 parameters                                                 \
    {                                                                                              \
        name##_body arguments;                                                                     \
    }                                                                                              \
    ISA_TARGET_V3 static void name##_v3 parameters                                                 \
    {                                                                                              \
        name##_body arguments;                                                                     \
    }                                                                                              \
    ISA_TARGET_V4 static void name##_v4 parameters                                                 \
    {                                                                                              \
        name##_body arguments;                                                                     \
    }                                                                                              \
    void name parameters                                                                           \
    {                                                                                              \
        switch (isa_active()) {                                                                    \
        case ISA_V4: name##_v4 arguments; break;                                                   \
        case ISA_V3: name##_v3 arguments; break;                                                   \
        case ISA_V2: name##_v2 arguments; break;                                                   \
        default: name##_plain arguments; break;                                                    \
        }                                                                                          \
    }
#else
#define ISA_X86 0
#define ISA_KERNEL(name, parameters, arguments)                                                    \
    void name parameters                                                                           \
    {                                                                                              \
        name##_body arguments;                                                                     \
    }
#endif

#endif
