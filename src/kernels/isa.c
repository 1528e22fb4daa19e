/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which instruction set the kernels run with; see isa.h.
 *
 * The choice is made once, before main and before any thread, and never changes.
 */
#include "isa.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[ISA_COUNT] = {"active", "plain", "v2", "v3", "v4"};

static Isa active = ISA_PLAIN;
static const char *refused;

bool isa_available(Isa isa)
{
#if ISA_X86
    switch (isa) {
    case ISA_V2: return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
    case ISA_V3:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
               __builtin_cpu_supports("bmi2");
    case ISA_V4:
        return isa_available(ISA_V3) && __builtin_cpu_supports("avx512f") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    default: break;
    }
#endif
    return isa == ISA_PLAIN;
}

static Isa isa_of(const char *name)
{
    for (Isa isa = ISA_PLAIN; isa < ISA_COUNT; isa++)
        if (strcmp(name, names[isa]) == 0 && isa_available(isa))
            return isa;
    return ISA_ACTIVE;
}

__attribute__((constructor)) static void isa_choose(void)
{
#if ISA_X86
    __builtin_cpu_init();
#endif
    for (Isa isa = ISA_PLAIN; isa < ISA_COUNT; isa++)
        if (isa_available(isa))
            active = isa;
    const char *pinned = getenv("FORNIX_ISA");
    if (!pinned || !*pinned)
        return;
    if (isa_of(pinned) == ISA_ACTIVE)
        refused = pinned;
    else
        active = isa_of(pinned);
}

Isa isa_active(void)
{
    return active;
}

const char *isa_name(Isa isa)
{
    return names[isa == ISA_ACTIVE ? active : isa];
}

const char *isa_refused(void)
{
    return refused;
}
