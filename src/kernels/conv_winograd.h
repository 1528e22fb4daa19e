/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Convolution by Winograd's minimal filtering: kernels of 3 x 3 and 3 x 3 x 3.
 *
 * Results are made in tiles of m x m (volumes: 2 x m x m), from patches two pixels larger. Both the
 * patch and the weights are brought to (m + 2)(m + 2) points (volumes: 4 times as many), where the
 * convolution of a tile is one product of channels for each point: for a whole block of tiles, one
 * matrix product. F(2) thus multiplies 2.25 (volumes: 3.4) times less than the direct way, F(4) 4
 * (volumes, 2 x 4 x 4: 6) times. The gradient of the weights does the same with the gradient of the
 * result in the place of the weights, and sums its products over all tiles.
 */
#ifndef FORNIX_KERNELS_CONV_WINOGRAD_H
#define FORNIX_KERNELS_CONV_WINOGRAD_H

#include "conv_parts.h"

/* Floats of a block of tiles, on the stack: within the second cache. */
enum { CONV_AREA = 65536 };

typedef struct {
    int m;
    bool deep;              /* 3 planes in the kernel */
    int64_t depths, points; /* depth points, points of a plane */
    int64_t front[3], tiles[3];
    int64_t count; /* tiles of the batch */
} ConvTiles;

/* m = 2 or 4 where the task is done so; 0: directly. */
int conv_winograd_size(const Conv *conv, ConvTask task);
ConvTiles conv_tiles(const Conv *conv, ConvTask task);

/* The patch of a tile for a depth point: of the operand, or of the gradient of the result. */
IsaPatch conv_patch(const ConvTiles *tiles, const FornixView *from, FornixShape shape,
                    IsaPatchKind kind, int64_t tile, int64_t depth);

int64_t conv_winograd_grains(const Conv *conv, ConvTask task, int pass);
int64_t conv_winograd_scratch(const Conv *conv, ConvTask task);
void conv_winograd(const Conv *conv, ConvTask task, const ConvApply *apply, int pass, int64_t begin,
                   int64_t end);

int64_t conv_winograd_weight_grains(const Conv *conv, int pass);
int64_t conv_winograd_weight_scratch(const Conv *conv);
void conv_winograd_weight(const Conv *conv, const ConvWeightGradient *gradient, int pass,
                          int64_t begin, int64_t end);

#endif
