/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A weight divided by its largest singular value, which one power iteration a step keeps up with.
 *
 * The weight is a matrix W of rows x columns, its last axis the columns:
 *
 *   u = W' v0 / |W' v0|,  v = W u,  s = |v|,  v = v / s,  y = W / s
 *   dW = (dy - <dy, y> v u') / s                  u and v are held, as if they were found already
 *
 * Passes: SPECTRAL_FORWARD, then SPECTRAL_BACKWARD of spectral_grains each; sums are of doubles, by
 * blocks of rows, in their order.
 */
#ifndef FORNIX_KERNELS_SPECTRAL_H
#define FORNIX_KERNELS_SPECTRAL_H

#include <stdint.h>

enum { SPECTRAL_FORWARD = 5, SPECTRAL_BACKWARD = 3 };

typedef struct {
    int64_t rows, columns;
    const float *weight, *start; /* start: v0 */
    float *u, *v, *value;        /* written by forward, read by backward; value: s */
    float *y;
    const float *dy;
    float *dweight;
    float *scratch; /* of the phase, aligned to 8 bytes */
} Spectral;

int64_t spectral_forward_grains(int64_t rows, int64_t columns, int pass);
int64_t spectral_backward_grains(int64_t rows, int64_t columns, int pass);
int64_t spectral_scratch(int64_t rows, int64_t columns); /* floats, of either */
void spectral_forward(const Spectral *spectral, int pass, int64_t begin, int64_t end);
void spectral_backward(const Spectral *spectral, int pass, int64_t begin, int64_t end);

#endif
