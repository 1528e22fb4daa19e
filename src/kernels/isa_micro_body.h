/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The body of the innermost loops; see isa_micro.h.
 *
 * Included once for each instruction set by a file that defines VECTOR (floats in a register),
 * ROWS (height of the register tile, so that its sums, a row of B and a broadcast fit into the
 * registers there are) and MICRO (the name of the table). Where few columns are wanted, tiles are
 * half as wide and twice as high.
 */
#include "isa_micro.h"

#if defined(__clang__)
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define UNROLLED _Pragma("GCC unroll 16")
#endif
#define INLINE static inline __attribute__((always_inline))

/* Runs call(height) with a constant height, so that a tile's loops unroll. */
#define CASE(height, call)                                                                         \
    case height:                                                                                   \
        if (height <= TILE_ROWS)                                                                   \
            call(height <= TILE_ROWS ? height : 1);                                                \
        break;
#define WITH_HEIGHT(height, call)                                                                  \
    switch (height) {                                                                              \
        CASE(1, call)                                                                              \
        CASE(2, call)                                                                              \
        CASE(3, call)                                                                              \
        CASE(4, call)                                                                              \
        CASE(5, call)                                                                              \
        CASE(6, call)                                                                              \
        CASE(7, call)                                                                              \
        CASE(8, call)                                                                              \
        CASE(9, call)                                                                              \
        CASE(10, call)                                                                             \
        CASE(11, call)                                                                             \
        CASE(12, call)                                                                             \
    default: break;                                                                                \
    }

#define TILE(name) wide_##name
#define COLUMNS ISA_LANES
#define TILE_VECTOR VECTOR
#define TILE_ROWS ROWS
#include "isa_tile_body.h"

#define TILE(name) narrow_##name
#define COLUMNS (ISA_LANES / 2)
#define TILE_VECTOR (VECTOR < COLUMNS ? VECTOR : COLUMNS)
#define TILE_ROWS (ROWS < 6 ? 2 * ROWS : 12)
#include "isa_tile_body.h"

static void micro_dot(const IsaDot *dot, int64_t rows, const float *a, const float *b,
                      const float *start, float *c)
{
    if (dot->width > ISA_LANES / 2)
        wide_dot(dot, rows, a, b, start, c);
    else
        narrow_dot(dot, rows, a, b, start, c);
}

static void micro_outer(const IsaOuter *outer, const float *a, const float *b, float *c)
{
    if (outer->width > ISA_LANES / 2)
        wide_outer(outer, a, b, c);
    else
        narrow_outer(outer, a, b, c);
}

typedef float Vector __attribute__((vector_size(VECTOR * sizeof(float))));
typedef float LooseVector
    __attribute__((vector_size(VECTOR * sizeof(float)), aligned(sizeof(float)), may_alias));

INLINE Vector vector_load(const float *from)
{
    return *(const LooseVector *)from;
}

INLINE void vector_store(float *to, Vector value)
{
    *(LooseVector *)to = value;
}

#include "isa_winograd_body.h"

const IsaMicro MICRO = {micro_dot,    micro_outer,  micro_strip,
                        micro_result, micro_filter, micro_unfilter};
