/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sums over pixels: gradients of biases, global pooling, norms of gradients.
 *
 * Two passes each: sums of fixed blocks into scratch as doubles, then their sum in block order.
 * scratch is aligned to 8 bytes.
 */
#ifndef FORNIX_KERNELS_REDUCE_H
#define FORNIX_KERNELS_REDUCE_H

#include "../node.h"

enum { REDUCE_PASSES = 2 };

/* y[c] = scale * the sum of x over all pixels, of the whole batch or of each sample (y then is
 * n x c, dense). */
typedef struct {
    FornixView x;
    bool per_sample;
    double scale;
    float *y, *scratch;
} PixelSum;

int64_t pixel_sum_scratch(FornixShape shape);
int64_t pixel_sum_grains(FornixShape shape, bool per_sample, int pass);
void pixel_sum(const PixelSum *sum, int pass, int64_t begin, int64_t end);

/* dx = scale dy for every pixel of a sample, dy being n x c, dense: the gradient of a global
 * average with scale = 1 / pixels. Grains: elementwise_grains(dx->shape). */
void pixel_spread(const FornixTensor *dx, const float *dy, float scale, int64_t begin, int64_t end);

/* The greatest value of each channel of each sample, and its first place among the sample's
 * pixels (fewer than 2^31); y and at are n x c, dense. NaN counts as the greatest. */
typedef struct {
    FornixView x;
    float *y;
    int32_t *at; /* NULL: not wanted */
    float *scratch;
} PixelMax;

int64_t pixel_max_scratch(FornixShape shape);
int64_t pixel_max_grains(FornixShape shape, int pass);
void pixel_max(const PixelMax *max, int pass, int64_t begin, int64_t end);
/* dx = dy at that place, 0 elsewhere. Grains: pixel_max_grains(shape, 0). */
void pixel_max_gradient(const FornixTensor *dx, const float *dy, const int32_t *at, int64_t begin,
                        int64_t end);

/* The sum of squares of a list of numbers: grains of square_sum_grains(count) each write one
 * double; square_sum_total adds those of all lists in order. */
int64_t square_sum_grains(int64_t count);
void square_sum(const float *values, int64_t count, double *partials, int64_t begin, int64_t end);
double square_sum_total(const double *partials, int64_t count);

#endif
