/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Matrix products for dense layers: C = bias + A B, or C += A B.
 *
 * A is m x k, B k x n, C m x n; rows lie `step` floats apart, columns side by side. A turned
 * operand is stored the other way: A as k x m, B as n x k. With x batch x in, w in x out, dy batch
 * x out: y = bias + x w; dx = dy w' (b_turned); dw = x' dy (a_turned).
 *
 * Every element is one sum in the order of k, so that grains may be split and run in any order.
 */
#ifndef FORNIX_KERNELS_GEMM_H
#define FORNIX_KERNELS_GEMM_H

#include <stdint.h>

#include "isa.h"

typedef struct {
    int64_t m, n, k;
    const float *a, *b;
    int64_t a_step, b_step, c_step;
    bool a_turned, b_turned;
    bool accumulate;   /* else C is overwritten */
    const float *bias; /* n, added to each row; NULL: none, as with accumulate */
    float *c;
    Isa isa; /* ISA_ACTIVE but in tests */
} Gemm;

int64_t gemm_grains(int64_t m, int64_t n, int64_t k);
void gemm(const Gemm *product, int64_t begin, int64_t end);

#endif
