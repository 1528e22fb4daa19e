/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The innermost loops of convolution and matrix products, one table of them per instruction set.
 *
 * All arithmetic of a convolution comes down to two small products, both sixteen columns wide and
 * a few rows high, with their sums in vector registers (a register tile):
 *
 *   dot    C[p][j]  = start[j] + sum over taps and k of A[p][tap][k] B[tap][k][j]
 *   outer  C[r][j] += sum over pixels p of A[p][r] B[p][j]
 *
 * Every element of C is one sum in one fixed order, whatever tile it falls into, so that results
 * do not depend on how work is cut. Steps are in floats.
 */
#ifndef FORNIX_KERNELS_ISA_MICRO_H
#define FORNIX_KERNELS_ISA_MICRO_H

#include <stddef.h>
#include <stdint.h>

#include "isa.h"

enum { ISA_LANES = 16 }; /* columns of a block: what packed operands are padded to */

/* Taps are a box of up to three dimensions, `length` floats side by side in A for each. */
typedef struct {
    int64_t taps[3], a_tap[3], b_tap[3];
    int64_t length;
    int64_t a_step, c_step; /* from a row of A, of C to the next */
    int64_t b_step;         /* from one k to the next in B, ISA_LANES if packed */
    int width;              /* columns of C that are written: 1 to ISA_LANES */
    bool accumulate;        /* C += instead of C = start + */
} IsaDot;

typedef struct {
    int64_t lines, a_line, b_line; /* pixels come in lines */
    int64_t pixels, a_pixel, b_pixel;
    int64_t rows, c_step;
    int width;
    bool accumulate; /* else C is overwritten */
} IsaOuter;

/* ---- Winograd's transforms, of planes of m x m results and n x n = (m + 2)(m + 2) points ------
 *
 * With d the operand, g the weights, z the gradient of the result, along each axis:
 *
 *   points of d = B' d,  of g = G g,  of z = A z;  result = A' of their products;  G' back to
 * weights
 *
 * m is 2 or 4 (Lavin & Gray 2016; of F(2), the last point has its sign turned in B and A; F(4)
 * evaluates at 0, +-sqrt(1/2), +-sqrt(2) and infinity, where errors are a quarter of what they are
 * with +-1 and +-2; Barabasz et al., "Error analysis and improving the accuracy of Winograd
 * convolution for deep neural networks", 2020, say why the choice matters). Along the depth of a
 * volume, with m = 2, one point is done at a time: it needs two planes at most. */
typedef enum { ISA_OPERAND, ISA_GRADIENT } IsaStripKind;

enum { ISA_STRIP_CHANNELS = 128 };

/* The patches of `tiles` tiles side by side along w, n x n (operand) or m x m (gradient) pixels
 * each: a strip of plane[0] + sign plane[1], of which only the rows and columns from begin to
 * before end exist; the rest is 0. Patches of an operand overlap by two columns. */
typedef struct {
    const float *plane[2]; /* the pixel (begin[0], begin[1]); NULL: 0 */
    float sign;
    int64_t h_step, w_step, channels; /* up to ISA_STRIP_CHANNELS */
    int64_t begin[2], end[2];
    int64_t tiles, tile_step; /* from the points of one tile to those of the next */
} IsaStrip;

/* Where the results of a tile go: m x m pixels of one or two planes, of which `size` (planes, rows,
 * columns) lie inside; the bias is added. What is not complete yet stands in kept meanwhile. */
typedef struct {
    float *out;
    int64_t d_step, h_step, w_step, size[3], channels;
    const float *bias; /* channels rounded up to ISA_LANES */
    float *kept;       /* [2][m][m][channels rounded up]; not of ISA_FLAT */
} IsaResult;

enum { ISA_FLAT = 4 }; /* behind the four depth points */

typedef struct {
    /* rows of C; b has ISA_LANES columns, start too (NULL: 0). */
    void (*dot)(const IsaDot *dot, int64_t rows, const float *a, const float *b, const float *start,
                float *c);
    /* b has ISA_LANES columns; A's rows are side by side. */
    void (*outer)(const IsaOuter *outer, const float *a, const float *b, float *c);
    /* Point i of the first tile goes to to[i * step], channels rounded up to ISA_LANES, 0 behind
     * the last. */
    void (*strip)(const IsaStrip *strip, IsaStripKind kind, int m, float *to, int64_t step);
    /* Points, `step` apart, of one depth point to what it adds to a tile's results. Depth points
     * come in their order, 0 first; a kernel of one plane has but ISA_FLAT. */
    void (*result)(const IsaResult *tile, const float *from, int64_t step, int m, int depth);
    /* ISA_LANES columns of weights [depth][3][3] to points and back: (m + 2)(m + 2) points for each
     * of 1 (kernels with one plane) or 4 depth points. */
    void (*filter)(const float *from, bool deep, int m, float *to, int64_t step);
    void (*unfilter)(const float *from, int64_t step, bool deep, int m, float *to);
} IsaMicro;

const IsaMicro *isa_micro(Isa isa);

extern const IsaMicro isa_micro_plain, isa_micro_v2, isa_micro_v3, isa_micro_v4;

#endif
