/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The innermost loops for any machine, on vectors of four that the compiler lowers to what it
 * knows; and the choice of a table.
 */
#define VECTOR 4
#define ROWS 3
#define MICRO isa_micro_plain
#include "isa_micro_body.h"

const IsaMicro *isa_micro(Isa isa)
{
    switch (isa == ISA_ACTIVE ? isa_active() : isa) {
#if ISA_X86
    case ISA_V4: return &isa_micro_v4;
    case ISA_V3: return &isa_micro_v3;
    case ISA_V2: return &isa_micro_v2;
#endif
    default: return &isa_micro_plain;
    }
}
