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
enum { CONV_AREA = 131072, CONV_BLOCK_TILES = 96 };

typedef struct {
    int m;
    bool deep;              /* 3 planes in the kernel */
    int64_t depths, points; /* depth points, points of a plane */
    int64_t front[3], tiles[3];
    int64_t count; /* tiles of the batch */
} ConvTiles;

/* What of a tensor belongs to tiles of a block that lie side by side along w. */
typedef struct {
    const float *data; /* the first pixel that exists, were there the plane `plane` */
    int64_t plane;
    int64_t begin[2], end[2]; /* as in IsaStrip; nothing at all where end[0] is 0 */
    int64_t tiles;
} ConvStrip;

typedef struct {
    FornixView from;
    FornixShape shape;
    IsaStripKind kind;
    ConvStrip strip[CONV_BLOCK_TILES];
    int64_t count; /* of strips */
} ConvStrips;

/* m = 2 or 4 where the task is done so; 0: directly. */
int conv_winograd_size(const Conv *conv, ConvTask task);
ConvTiles conv_tiles(const Conv *conv, ConvTask task);

/* Where results begin: sample, d, h, w of `count` tiles from `first` on. */
typedef int64_t ConvPlace[4];
void conv_places(const ConvTiles *tiles, int64_t first, int64_t count, ConvPlace *places);

/* Finds what those tiles read of a tensor: strips of the operand, or of the gradient of the result;
 * and brings `channels` of them from `channel` on to their points for one depth point, as
 * far apart as IsaMicro.strip says, tiles `channels` rounded up to ISA_LANES apart. */
void conv_strips(ConvStrips *strips, const ConvTiles *tiles, const ConvPlace *places,
                 int64_t count);
typedef struct {
    int64_t depth, channel, channels; /* channels: a multiple of ISA_LANES */
    float *to;
    int64_t step;
} ConvPoints;
void conv_points(const ConvStrips *strips, const ConvTiles *tiles, const IsaMicro *micro,
                 const ConvPoints *points);

#endif
