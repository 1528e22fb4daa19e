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

typedef struct {
    /* rows of C; b has ISA_LANES columns, start too (NULL: 0). */
    void (*dot)(const IsaDot *dot, int64_t rows, const float *a, const float *b, const float *start,
                float *c);
    /* b has ISA_LANES columns; A's rows are side by side. */
    void (*outer)(const IsaOuter *outer, const float *a, const float *b, float *c);
} IsaMicro;

const IsaMicro *isa_micro(Isa isa);

extern const IsaMicro isa_micro_plain, isa_micro_v2, isa_micro_v3, isa_micro_v4;

#endif
