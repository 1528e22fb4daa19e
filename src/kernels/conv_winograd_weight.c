/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Convolution by Winograd's minimal filtering: gradient of the weights; see conv_winograd.h.
 *
 * Pass 0 sums products of points over slabs of tiles that the shape fixes; a grain is one depth
 * point of some channels of a slab. Pass 1 adds the slabs and brings the sums back to weights.
 */
#include "conv_winograd.h"

enum {
    MOST_CHANNELS = 64,
    SLAB_TILES = 2048, /* longer sums would lose digits */
    GOOD_SLAB = 192,   /* tiles for which a slab is still worth its memory */
    GOOD_GRAINS = 16,
    MOST_FLOATS = 1 << 22, /* of all slabs, where one is not larger */
};

typedef struct {
    int64_t x, y, x_parts,
        y_parts;           /* channels at once, multiples of ISA_LANES; in how many parts */
    int64_t tiles;         /* of a block */
    int64_t slabs, slab;   /* their number, tiles of one */
    int64_t point, floats; /* floats from one point to the next, of a slab */
    int64_t row;           /* y.c as it stands there */
    int64_t depths;        /* depth points of a grain */
} Cut;

static Cut cut_of(const Conv *conv, const ConvTiles *tiles)
{
    Cut cut = {.x = conv_min(conv_blocks(conv->x.c) * ISA_LANES, MOST_CHANNELS),
               .y = conv_min(conv_blocks(conv->y.c) * ISA_LANES, MOST_CHANNELS),
               .row = conv_blocks(conv->y.c) * ISA_LANES};
    cut.x_parts = conv_shares(conv->x.c, cut.x);
    cut.y_parts = conv_shares(conv->y.c, cut.y);
    cut.point = conv->x.c * cut.row + ISA_LANES;
    cut.floats = tiles->depths * tiles->points * cut.point;
    int64_t room = CONV_AREA - 2 * tiles->points * ISA_LANES;
    cut.tiles = conv_min(CONV_BLOCK_TILES, room / (tiles->points * (cut.x + cut.y)));
    int64_t parts = tiles->depths * cut.x_parts * cut.y_parts;
    int64_t wanted = conv_min(conv_shares(GOOD_GRAINS, parts), tiles->count / GOOD_SLAB);
    wanted = conv_max(wanted, conv_shares(tiles->count, SLAB_TILES));
    wanted = conv_max(1, conv_min(wanted, MOST_FLOATS / cut.floats));
    cut.slab = conv_shares(tiles->count, wanted);
    cut.slabs = conv_shares(tiles->count, cut.slab);
    cut.depths = cut.slabs * cut.x_parts * cut.y_parts < GOOD_GRAINS ? 1 : tiles->depths;
    return cut;
}

static int64_t tiles_scratch(const Conv *conv)
{
    ConvTiles tiles = conv_tiles(conv, CONV_WEIGHT_GRADIENT);
    Cut cut = cut_of(conv, &tiles);
    return cut.slabs * cut.floats;
}

static int64_t tiles_grains(const Conv *conv, int pass)
{
    ConvTiles tiles = conv_tiles(conv, CONV_WEIGHT_GRADIENT);
    Cut cut = cut_of(conv, &tiles);
    if (pass == 0)
        return cut.slabs * (tiles.depths / cut.depths) * cut.x_parts * cut.y_parts;
    return conv->x.c * conv_blocks(conv->y.c);
}

typedef struct {
    const Conv *conv;
    const ConvWeightGradient *gradient;
    const IsaMicro *micro;
    ConvTiles tiles;
    Cut cut;
    int64_t x, y;           /* channels from which on */
    int64_t x_step, y_step; /* from one point to the next */
    float *xs, *ys, *to;    /* points of x, of dy, and their sums */
    ConvStrips x_strips, y_strips;
} Slab;

/* A block's tiles at one depth point, added to what is in `to`. */
static void depth_compute(Slab *s, IsaOuter *outer, int64_t depth)
{
    int64_t blocks = conv_blocks(conv_min(s->cut.y, s->conv->y.c - s->y));
    ConvPoints xs = {depth, s->x, s->cut.x, s->xs, s->x_step};
    ConvPoints ys = {depth, s->y, s->cut.y, s->ys, s->y_step};
    conv_points(&s->x_strips, &s->tiles, s->micro, &xs);
    conv_points(&s->y_strips, &s->tiles, s->micro, &ys);
    float *to = s->to + depth * s->tiles.points * s->cut.point;
    for (int64_t point = 0; point < s->tiles.points; point++)
        for (int64_t block = 0; block < blocks; block++)
            s->micro->outer(outer, s->xs + point * s->x_step,
                            s->ys + point * s->y_step + block * ISA_LANES,
                            to + point * s->cut.point + block * ISA_LANES);
}

static void slab_compute(Slab *s, int64_t first, int64_t end, int64_t depth, int64_t depths)
{
    IsaOuter outer = {.lines = 1,
                      .a_pixel = s->cut.x,
                      .b_pixel = s->cut.y,
                      .rows = conv_min(s->cut.x, s->conv->x.c - s->x),
                      .c_step = s->cut.row,
                      .width = ISA_LANES};
    for (; first < end; first += s->cut.tiles) {
        outer.pixels = conv_min(s->cut.tiles, end - first);
        ConvPlace places[CONV_BLOCK_TILES];
        conv_places(&s->tiles, first, outer.pixels, places);
        conv_strips(&s->x_strips, &s->tiles, places, outer.pixels);
        conv_strips(&s->y_strips, &s->tiles, places, outer.pixels);
        for (int64_t d = depth; d < depth + depths; d++)
            depth_compute(s, &outer, d);
        outer.accumulate = true;
    }
}

/* A block of y.c of one channel of x: the slabs in one, then back to weights. */
static void weights_restore(const Conv *conv, const ConvWeightGradient *gradient, int64_t grain)
{
    ConvTiles tiles = conv_tiles(conv, CONV_WEIGHT_GRADIENT);
    Cut cut = cut_of(conv, &tiles);
    int64_t block = grain % conv_blocks(conv->y.c), i = grain / conv_blocks(conv->y.c);
    int64_t place = i * cut.row + block * ISA_LANES;
    for (int64_t point = 0; point < tiles.depths * tiles.points; point++)
        conv_sum_parts(gradient->scratch + point * cut.point, cut.slabs, cut.floats, place,
                       place + ISA_LANES);
    float lanes[27 * ISA_LANES];
    isa_micro(conv->isa)->unfilter(gradient->scratch + place, cut.point, tiles.deep, tiles.m,
                                   lanes);
    for (int64_t tap = 0; tap < conv_taps(conv); tap++)
        for (int j = 0; j < conv_width(conv->y.c, block); j++)
            gradient->dweight[(tap * conv->x.c + i) * conv->y.c + block * ISA_LANES + j] =
                lanes[tap * ISA_LANES + j];
}

static void tiles_compute(const Conv *conv, const ConvWeightGradient *gradient, int pass,
                          int64_t begin, int64_t end)
{
    if (pass == 1) {
        for (int64_t grain = begin; grain < end; grain++)
            weights_restore(conv, gradient, grain);
        return;
    }
    _Alignas(64) float area[CONV_AREA];
    Slab s = {.conv = conv,
              .gradient = gradient,
              .micro = isa_micro(conv->isa),
              .x_strips = {.from = gradient->x, .shape = conv->x, .kind = ISA_OPERAND},
              .y_strips = {.from = gradient->dy, .shape = conv->y, .kind = ISA_GRADIENT},
              .tiles = conv_tiles(conv, CONV_WEIGHT_GRADIENT)};
    s.cut = cut_of(conv, &s.tiles);
    s.x_step = s.cut.tiles * s.cut.x + ISA_LANES;
    s.y_step = s.cut.tiles * s.cut.y + ISA_LANES;
    s.xs = area;
    s.ys = area + s.tiles.points * s.x_step;
    for (int64_t grain = begin; grain < end; grain++) {
        int64_t rest = grain, slab;
        s.y = rest % s.cut.y_parts * s.cut.y;
        rest /= s.cut.y_parts;
        s.x = rest % s.cut.x_parts * s.cut.x;
        rest /= s.cut.x_parts;
        int64_t depth = rest % (s.tiles.depths / s.cut.depths) * s.cut.depths;
        slab = rest / (s.tiles.depths / s.cut.depths);
        s.to = gradient->scratch + slab * s.cut.floats + s.x * s.cut.row + s.y;
        slab_compute(&s, slab * s.cut.slab, conv_min((slab + 1) * s.cut.slab, s.tiles.count), depth,
                     s.cut.depths);
    }
}

const ConvWeightWay conv_weight_winograd = {tiles_grains, tiles_scratch, tiles_compute};
