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

/* Of dense pixels, whose number and channels are constants: becomes shuffles of vectors. */
INLINE void tile_load_whole(TileRow *rows, const float *x, const int channels)
{
    FOR_LANES (p, TILE)
        for (int k = 0; k < channels; k++)
            rows[k][p] = x[p * channels + k];
}

INLINE void tile_store_whole(float *y, TileRow *rows, const int channels)
{
    FOR_LANES (p, TILE)
        for (int k = 0; k < channels; k++)
            y[p * channels + k] = rows[k][p];
}

INLINE void tile_load(TileRow *rows, const float *x, int64_t pitch, int64_t channels, int pixels)
{
    bool whole = pixels == TILE && pitch == channels;
    if (whole && channels == 4) {
        tile_load_whole(rows, x, 4);
        return;
    }
    if (whole && channels == 2) {
        tile_load_whole(rows, x, 2);
        return;
    }
    for (int64_t k = 0; k < channels; k++) {
        for (int p = 0; p < pixels; p++)
            rows[k][p] = x[p * pitch + k];
        for (int p = pixels; p < TILE; p++)
            rows[k][p] = 0;
    }
}

INLINE void tile_store(float *y, int64_t pitch, TileRow *rows, int64_t channels, int pixels)
{
    bool whole = pixels == TILE && pitch == channels;
    if (whole && channels == 4) {
        tile_store_whole(y, rows, 4);
        return;
    }
    if (whole && channels == 2) {
        tile_store_whole(y, rows, 2);
        return;
    }
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
