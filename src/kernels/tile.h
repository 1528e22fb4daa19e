/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A few pixels turned so that lanes are pixels and rows are channels.
 *
 * Softmax and its losses reduce over the channels of a pixel, of which there often are two or four:
 * too few for a vector. Turned round, each step of the reduction serves TILE pixels at once.
 */
#ifndef FORNIX_KERNELS_TILE_H
#define FORNIX_KERNELS_TILE_H

#include "activation.h"
#include "functions.h"

enum { TILE = 32 };

typedef float TileRow[TILE];

INLINE void tile_load(TileRow *rows, const float *x, int64_t pitch, int64_t channels, int pixels)
{
    for (int64_t k = 0; k < channels; k++) {
        for (int p = 0; p < pixels; p++)
            rows[k][p] = x[p * pitch + k];
        for (int p = pixels; p < TILE; p++)
            rows[k][p] = 0;
    }
}

INLINE void tile_store(float *y, int64_t pitch, TileRow *rows, int64_t channels, int pixels)
{
    for (int p = 0; p < pixels; p++)
        for (int64_t k = 0; k < channels; k++)
            y[p * pitch + k] = rows[k][p];
}

/* x - max over the channels, in place. */
INLINE void tile_centre(TileRow *rows, int64_t channels)
{
    TileRow top;
    FOR_LANES (p, TILE)
        top[p] = rows[0][p];
    for (int64_t k = 1; k < channels; k++)
        FOR_LANES (p, TILE)
            top[p] = rows[k][p] > top[p] ? rows[k][p] : top[p];
    for (int64_t k = 0; k < channels; k++)
        FOR_LANES (p, TILE)
            rows[k][p] = rows[k][p] - top[p];
}

/* Centred logits to probabilities, in place; sum takes the sums of exponentials. */
INLINE void tile_softmax(TileRow *rows, int64_t channels, float *sum)
{
    FOR_LANES (p, TILE)
        sum[p] = 0;
    for (int64_t k = 0; k < channels; k++)
        FOR_LANES (p, TILE) {
            rows[k][p] = exp_of(rows[k][p]);
            sum[p] += rows[k][p];
        }
    TileRow inverse;
    FOR_LANES (p, TILE)
        inverse[p] = 1 / sum[p];
    for (int64_t k = 0; k < channels; k++)
        FOR_LANES (p, TILE)
            rows[k][p] = rows[k][p] * inverse[p];
}

#endif
