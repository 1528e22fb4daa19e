/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The body of the innermost loops; see isa_micro.h.
 *
 * Included once for each instruction set by a file that defines VECTOR (floats in a register),
 * ROWS (height of the register tile, so that its sums, a row of B and a broadcast fit into the
 * registers there are) and MICRO (the name of the table).
 */
#include "isa_micro.h"

#if defined(__clang__)
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define UNROLLED _Pragma("GCC unroll 16")
#endif
#define INLINE static inline __attribute__((always_inline))

enum { VECTORS = ISA_LANES / VECTOR };

typedef float Vector __attribute__((vector_size(VECTOR * sizeof(float))));
typedef float LooseVector
    __attribute__((vector_size(VECTOR * sizeof(float)), aligned(sizeof(float)), may_alias));
typedef Vector Tile[ROWS][VECTORS];

INLINE Vector vector_load(const float *from)
{
    return *(const LooseVector *)from;
}

INLINE void vector_store(float *to, Vector value)
{
    *(LooseVector *)to = value;
}

/* Rows of C into registers and back; a row of fewer than ISA_LANES goes through a full one. */
INLINE void tile_load(const int rows, Tile sum, const float *c, int64_t step, int width)
{
    float part[ROWS][ISA_LANES] = {{0}};
    if (width < ISA_LANES) {
        for (int r = 0; r < rows; r++)
            for (int j = 0; j < width; j++)
                part[r][j] = c[r * step + j];
        c = part[0];
        step = ISA_LANES;
    }
    UNROLLED
    for (int r = 0; r < rows; r++) {
        UNROLLED
        for (int v = 0; v < VECTORS; v++)
            sum[r][v] = vector_load(c + r * step + v * VECTOR);
    }
}

INLINE void tile_store(const int rows, Tile sum, float *c, int64_t step, int width)
{
    float part[ROWS][ISA_LANES];
    float *to = width < ISA_LANES ? part[0] : c;
    int64_t to_step = width < ISA_LANES ? ISA_LANES : step;
    UNROLLED
    for (int r = 0; r < rows; r++) {
        UNROLLED
        for (int v = 0; v < VECTORS; v++)
            vector_store(to + r * to_step + v * VECTOR, sum[r][v]);
    }
    if (width < ISA_LANES)
        for (int r = 0; r < rows; r++)
            for (int j = 0; j < width; j++)
                c[r * step + j] = part[r][j];
}

/* sum += A B for `count` k. */
INLINE void tile_multiply(const int rows, Tile sum, int64_t count, const float *a, int64_t a_row,
                          int64_t a_k, const float *b, int64_t b_k)
{
    for (int64_t k = 0; k < count; k++) {
        Vector row[VECTORS];
        UNROLLED
        for (int v = 0; v < VECTORS; v++)
            row[v] = vector_load(b + v * VECTOR);
        UNROLLED
        for (int r = 0; r < rows; r++) {
            float factor = a[r * a_row];
            UNROLLED
            for (int v = 0; v < VECTORS; v++)
                sum[r][v] += factor * row[v];
        }
        a += a_k;
        b += b_k;
    }
}

INLINE void dot_tile(const int rows, const IsaDot *dot, const float *a, const float *b,
                     const float *start, float *c)
{
    Tile sum;
    if (dot->accumulate) {
        tile_load(rows, sum, c, dot->c_step, dot->width);
    } else {
        UNROLLED
        for (int r = 0; r < rows; r++) {
            UNROLLED
            for (int v = 0; v < VECTORS; v++)
                sum[r][v] = start ? vector_load(start + v * VECTOR) : (Vector){0};
        }
    }
    for (int64_t i = 0; i < dot->taps[0]; i++)
        for (int64_t j = 0; j < dot->taps[1]; j++)
            for (int64_t k = 0; k < dot->taps[2]; k++)
                tile_multiply(
                    rows, sum, dot->length,
                    a + i * dot->a_tap[0] + j * dot->a_tap[1] + k * dot->a_tap[2], dot->a_step, 1,
                    b + i * dot->b_tap[0] + j * dot->b_tap[1] + k * dot->b_tap[2], dot->b_step);
    tile_store(rows, sum, c, dot->c_step, dot->width);
}

INLINE void outer_tile(const int rows, const IsaOuter *outer, const float *a, const float *b,
                       float *c)
{
    Tile sum;
    if (outer->accumulate) {
        tile_load(rows, sum, c, outer->c_step, outer->width);
    } else {
        UNROLLED
        for (int r = 0; r < rows; r++) {
            UNROLLED
            for (int v = 0; v < VECTORS; v++)
                sum[r][v] = (Vector){0};
        }
    }
    for (int64_t i = 0; i < outer->lines; i++)
        tile_multiply(rows, sum, outer->pixels, a + i * outer->a_line, 1, outer->a_pixel,
                      b + i * outer->b_line, outer->b_pixel);
    tile_store(rows, sum, c, outer->c_step, outer->width);
}

/* Runs call(height) with a constant height, so that a tile's loops unroll. */
#define CASE(height, call)                                                                         \
    case height:                                                                                   \
        if (height <= ROWS)                                                                        \
            call(height <= ROWS ? height : 1);                                                     \
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
        CASE(13, call)                                                                             \
        CASE(14, call)                                                                             \
    default: break;                                                                                \
    }

/* Tiles of nearly the same height: 8 rows are 4 + 4, not 6 + 2. */
INLINE int tile_height(int64_t rows)
{
    int64_t tiles = (rows + ROWS - 1) / ROWS;
    return (int)((rows + tiles - 1) / tiles);
}

#define DOT(height) dot_tile(height, dot, a, b, start, c)
static void micro_dot(const IsaDot *dot, int64_t rows, const float *a, const float *b,
                      const float *start, float *c)
{
    while (rows > 0) {
        int height = tile_height(rows);
        WITH_HEIGHT(height, DOT)
        rows -= height;
        a += height * dot->a_step;
        c += height * dot->c_step;
    }
}

#define OUTER(height) outer_tile(height, outer, a, b, c)
static void micro_outer(const IsaOuter *outer, const float *a, const float *b, float *c)
{
    for (int64_t rows = outer->rows; rows > 0;) {
        int height = tile_height(rows);
        WITH_HEIGHT(height, OUTER)
        rows -= height;
        a += height;
        c += height * outer->c_step;
    }
}

#include "isa_winograd_body.h"

const IsaMicro MICRO = {micro_dot,    micro_outer,  micro_patch,
                        micro_result, micro_filter, micro_unfilter};
