/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Windows that cover a grid and overlap, and what they say put together.
 *
 * A net that was trained on patches is shown a volume in pieces of their size. At a window's border
 * it knows least, so that a place is the weighted mean of all windows that saw it, by default with
 * a Gaussian of sigma = size / 8, as nnU-Net does. Where all of them agree the mean is that very
 * value, to the last bit. Sizes and places are D H W.
 */
#ifndef FORNIX_TILING_H
#define FORNIX_TILING_H

#include "node.h"

typedef struct TilingRequest {
    int64_t grid[3], size[3];
    double overlap; /* of neighbours, at least; in [0, 1) */
    bool even;      /* every place of a window counts the same */
    bool flips[3];  /* each window also flipped along every choice of these axes */
} TilingRequest;

typedef struct Tiling {
    TilingRequest request;
    int64_t count[3];  /* windows along each axis */
    int64_t *start[3]; /* of these; negative where the grid is smaller than a window */
    float *weight[3];  /* by place in the window; a place counts the product */
    int64_t views;     /* of a window: itself and its flips */
    bool flipped[8][3];
} Tiling;

Tiling *tiling_new(const TilingRequest *request);
void tiling_free(Tiling *tiling); /* NULL is fine */

int64_t tiling_count(const Tiling *tiling);         /* windows, times their views */
int64_t tiling_views(const TilingRequest *request); /* the same, before it is made */
/* The largest batch of at most `most` that all views can be dealt out in, where it is not much
 * smaller: a remainder costs a plan, and its memory, of its own. */
int64_t tiling_batch(const TilingRequest *request, int64_t most);
FornixBox tiling_box(const Tiling *tiling, int64_t k);
/* View k out of a grid, dense. */
void tiling_take(const Tiling *tiling, int64_t k, const float *grid, int64_t channels, float *out);

/* What was made of view k is blended into mean, a grid of as many channels that was 0 at first.
 * weight, a number for each place, was 0 at first, too; tiling_weigh changes it once all that was
 * made of view k is in. */
void tiling_put(const Tiling *tiling, int64_t k, FornixView made, int64_t n, const float *weight,
                float *mean);
void tiling_weigh(const Tiling *tiling, int64_t k, float *weight);

#endif
