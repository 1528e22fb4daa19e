/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Convolution by Winograd's minimal filtering: forward and input gradient; see conv_winograd.h.
 *
 * A grain is a block of tiles. For each depth point, its patches are brought to points, multiplied,
 * and brought back into a buffer of results, where depth points add up; what leaves the second
 * cache is the result alone.
 */
#include "conv_winograd.h"

enum {
    MOST_CHANNELS = ISA_STRIP_CHANNELS, /* at once */
    GOOD_TILES = 12,                    /* in a block */
};

/* Where it pays: the transforms cost by channels summed over plus channels made, what they save by
 * their product; and weights at their points should not be larger than the last cache. */
enum {
    LEAST_CHANNELS = 16,
    LEAST_FLAT_PRODUCT = 512, /* of channels, for F(2) of one plane */
    LEAST_TILES = 32,
    MOST_FILTER = 1 << 21,
};

/* ---- Tiles ---------------------------------------------------------------------------------- */

int conv_winograd_size(const Conv *conv, ConvTask task)
{
    const int64_t *kernel = conv->kernel;
    bool shaped = (kernel[0] == 1 || kernel[0] == 3) && kernel[1] == 3 && kernel[2] == 3;
    for (int i = 0; i < 3; i++)
        shaped = shaped && conv->stride[i] == 1 && conv->dilation[i] == 1;
    if (!shaped || conv->winograd == FORNIX_WINOGRAD_NONE || conv->x.c < LEAST_CHANNELS ||
        conv->y.c < LEAST_CHANNELS)
        return 0;
    bool deep = kernel[0] == 3;
    int64_t product = conv->x.c * conv->y.c;
    int64_t room = MOST_FILTER / (product * (deep ? 4 : 1)); /* points of a plane that fit */
    FornixShape made = task == CONV_INPUT_GRADIENT ? conv->x : conv->y;
    if (fornix_pixels(made) < LEAST_TILES * (deep ? 8 : 4) || made.h < 2 || made.w < 2)
        return 0;
    if (conv->winograd == FORNIX_WINOGRAD_F4 && made.h > 8 && made.w > 8 && room >= 6 * 6)
        return 4;
    bool pays = deep || product >= LEAST_FLAT_PRODUCT;
    return pays && (task == CONV_WEIGHT_GRADIENT || room >= 4 * 4) ? 2 : 0;
}

ConvTiles conv_tiles(const Conv *conv, ConvTask task)
{
    bool turned = task == CONV_INPUT_GRADIENT;
    FornixShape made = turned ? conv->x : conv->y;
    ConvTiles tiles = {.m = conv_winograd_size(conv, task), .deep = conv->kernel[0] == 3};
    tiles.depths = tiles.deep ? 4 : 1;
    tiles.points = (tiles.m + 2) * (tiles.m + 2);
    tiles.count = made.n;
    for (int i = 0; i < 3; i++) {
        tiles.front[i] = turned ? conv->kernel[i] - 1 - conv->front[i] : conv->front[i];
        int64_t step = i > 0 ? tiles.m : tiles.deep ? 2 : 1;
        tiles.tiles[i] = conv_shares(conv_extent_of(made, i), step);
        tiles.count *= tiles.tiles[i];
    }
    return tiles;
}

void conv_places(const ConvTiles *tiles, int64_t first, int64_t count, ConvPlace *places)
{
    const int64_t *most = tiles->tiles;
    int64_t w = first % most[2], h = first / most[2] % most[1];
    int64_t d = first / most[2] / most[1] % most[0], n = first / most[2] / most[1] / most[0];
    for (int64_t t = 0; t < count; t++) {
        places[t][0] = n;
        places[t][1] = d * (tiles->deep ? 2 : 1);
        places[t][2] = h * tiles->m;
        places[t][3] = w * tiles->m;
        if (++w == most[2])
            w = 0, h++;
        if (h == most[1])
            h = 0, d++;
        if (d == most[0])
            d = 0, n++;
    }
}

/* The strip that begins with the first of the places. */
static ConvStrip strip_of(const ConvStrips *strips, const ConvTiles *tiles, const ConvPlace *places,
                          int64_t count)
{
    bool operand = strips->kind == ISA_OPERAND;
    const FornixView *from = &strips->from;
    const int64_t *place = places[0];
    int64_t corner[3], around = operand ? 2 : 0, run = 1;
    while (run < count && places[run][3] == place[3] + run * tiles->m)
        run++;
    for (int i = 0; i < 3; i++)
        corner[i] = place[i + 1] - (operand ? tiles->front[i] : 0);
    int64_t size[2] = {tiles->m + around, run * tiles->m + around};
    ConvStrip strip = {.plane = corner[0], .tiles = run};
    for (int i = 0; i < 2; i++) {
        strip.begin[i] = conv_max(0, -corner[i + 1]);
        strip.end[i] = conv_min(size[i], conv_extent_of(strips->shape, i + 1) - corner[i + 1]);
    }
    if (strip.begin[0] >= strip.end[0] || strip.begin[1] >= strip.end[1])
        return (ConvStrip){.plane = corner[0], .tiles = run};
    strip.data = from->data + place[0] * from->pitch_n +
                 (corner[1] + strip.begin[0]) * from->pitch_h +
                 (corner[2] + strip.begin[1]) * from->pitch_w;
    return strip;
}

void conv_strips(ConvStrips *strips, const ConvTiles *tiles, const ConvPlace *places, int64_t count)
{
    strips->count = 0;
    for (int64_t t = 0; t < count; t += strips->strip[strips->count++].tiles)
        strips->strip[strips->count] = strip_of(strips, tiles, places + t, count - t);
}

/* The planes of a depth point and the sign of the second: B' and A along an axis, as isa_micro.h
 * has them. */
typedef struct {
    int first, second;
    float sign;
} Planes;

static Planes planes_of(const ConvTiles *tiles, IsaStripKind kind, int64_t depth)
{
    static const Planes operand[4] = {{0, 2, -1}, {1, 2, 1}, {2, 1, -1}, {3, 1, -1}};
    static const Planes gradient[4] = {{0, -1, 0}, {0, 1, 1}, {0, 1, -1}, {1, -1, 0}};
    if (!tiles->deep)
        return (Planes){0, -1, 0};
    return kind == ISA_OPERAND ? operand[depth] : gradient[depth];
}

void conv_points(const ConvStrips *strips, const ConvTiles *tiles, const IsaMicro *micro,
                 const ConvPoints *points)
{
    const FornixView *from = &strips->from;
    Planes planes = planes_of(tiles, strips->kind, points->depth);
    IsaStrip strip = {.sign = planes.sign,
                      .h_step = from->pitch_h,
                      .w_step = from->pitch_w,
                      .channels = conv_min(points->channels, strips->shape.c - points->channel),
                      .tile_step = points->channels};
    int plane[2] = {planes.first, planes.second};
    float *to = points->to;
    for (int64_t s = 0; s < strips->count; s++) {
        const ConvStrip *tensor = &strips->strip[s];
        for (int i = 0; i < 2; i++) {
            int64_t d = tensor->plane + plane[i];
            bool there = tensor->data && plane[i] >= 0 && d >= 0 && d < strips->shape.d;
            strip.plane[i] = there ? tensor->data + d * from->pitch_d + points->channel : NULL;
            strip.begin[i] = tensor->begin[i];
            strip.end[i] = tensor->end[i];
        }
        strip.tiles = tensor->tiles;
        micro->strip(&strip, strips->kind, tiles->m, to, points->step);
        to += tensor->tiles * points->channels;
    }
}

/* ---- Weights at their points: [depth, point][block][channels summed over][ISA_LANES] -------- */

/* One cache line more than there is, lest all points fall into the same few lines. */
static int64_t filter_step(const Conv *conv, ConvTask task)
{
    return (conv_blocks(conv_out(conv, task).c) * conv_in(conv, task).c + 1) * ISA_LANES;
}

static int64_t tiles_scratch(const Conv *conv, ConvTask task)
{
    ConvTiles tiles = conv_tiles(conv, task);
    return tiles.depths * tiles.points * filter_step(conv, task);
}

/* A grain is a block of channels made, of one channel that is summed over. */
static void weights_transform(const Conv *conv, ConvTask task, const ConvApply *apply,
                              int64_t grain)
{
    ConvTiles tiles = conv_tiles(conv, task);
    int64_t sums = conv_in(conv, task).c, made = conv_out(conv, task).c, taps = conv_taps(conv);
    int64_t block = grain / sums, i = grain % sums;
    int width = conv_width(made, block);
    bool turned = task == CONV_INPUT_GRADIENT;
    int64_t from_sum = turned ? 1 : made, from_made = turned ? sums : 1;
    float lanes[27 * ISA_LANES] = {0};
    for (int64_t tap = 0; tap < taps; tap++) {
        const float *from = apply->weight + (turned ? taps - 1 - tap : tap) * sums * made +
                            i * from_sum + block * ISA_LANES * from_made;
        for (int j = 0; j < width; j++)
            lanes[tap * ISA_LANES + j] = from[j * from_made];
    }
    isa_micro(conv->isa)->filter(lanes, tiles.deep, tiles.m,
                                 apply->scratch + (block * sums + i) * ISA_LANES,
                                 filter_step(conv, task));
}

/* ---- How tiles and channels are cut to fit ----------------------------------------------------
 */

typedef struct {
    int64_t sums, made; /* channels at once, multiples of ISA_LANES */
    int64_t tiles;
} Cut;

static int64_t kept_of(const ConvTiles *tiles) /* pixels of a tile, until their depth is complete */
{
    return tiles->deep ? 2 * tiles->m * tiles->m : 0;
}

static int64_t tiles_fitting(const ConvTiles *tiles, const Cut *cut)
{
    int64_t room = CONV_AREA - 2 * tiles->points * ISA_LANES;
    return room / (tiles->points * (cut->sums + cut->made) + kept_of(tiles) * cut->made);
}

static Cut cut_of(const Conv *conv, ConvTask task, const ConvTiles *tiles)
{
    Cut cut = {conv_blocks(conv_in(conv, task).c) * ISA_LANES,
               conv_blocks(conv_out(conv, task).c) * ISA_LANES, 0};
    cut.sums = conv_min(cut.sums, MOST_CHANNELS);
    cut.made = conv_min(cut.made, MOST_CHANNELS);
    while (tiles_fitting(tiles, &cut) < GOOD_TILES) {
        int64_t *larger = cut.made > cut.sums ? &cut.made : &cut.sums;
        *larger = conv_shares(*larger / ISA_LANES, 2) * ISA_LANES;
    }
    cut.tiles = conv_min(tiles_fitting(tiles, &cut) / GOOD_TILES * GOOD_TILES, CONV_BLOCK_TILES);
    return cut;
}

static int64_t tiles_grains(const Conv *conv, ConvTask task, int pass)
{
    ConvTiles tiles = conv_tiles(conv, task);
    if (pass == 0)
        return conv_blocks(conv_out(conv, task).c) * conv_in(conv, task).c;
    return conv_shares(tiles.count, cut_of(conv, task, &tiles).tiles);
}

/* ---- Compute -------------------------------------------------------------------------------- */

typedef struct {
    const Conv *conv;
    ConvTask task;
    const ConvApply *apply;
    const IsaMicro *micro;
    ConvTiles tiles;
    Cut cut;
    int64_t count; /* tiles */
    ConvPlace place[CONV_BLOCK_TILES];
    ConvStrips operand;
    int64_t sums_step, made_step; /* from one point to the next */
    float *sums, *made, *kept;    /* points of operand and result, results to be completed */
    float bias[MOST_CHANNELS];
} Block;

static void points_multiply(const Block *b, int64_t depth, int64_t channel, int64_t made,
                            int64_t blocks)
{
    int64_t sums = conv_in(b->conv, b->task).c;
    IsaDot dot = {.taps = {1, 1, 1},
                  .length = conv_min(b->cut.sums, sums - channel),
                  .a_step = b->cut.sums,
                  .c_step = b->cut.made,
                  .b_step = ISA_LANES,
                  .width = ISA_LANES,
                  .accumulate = channel > 0};
    for (int64_t point = 0; point < b->tiles.points; point++) {
        const float *filter =
            b->apply->scratch + (depth * b->tiles.points + point) * filter_step(b->conv, b->task);
        for (int64_t block = 0; block < blocks; block++)
            b->micro->dot(&dot, b->count, b->sums + point * b->sums_step,
                          filter + ((made / ISA_LANES + block) * sums + channel) * ISA_LANES, NULL,
                          b->made + point * b->made_step + block * ISA_LANES);
    }
}

/* Where the channels from `made` on of a tile go. */
static IsaResult result_of(const Block *b, int64_t tile, int64_t made)
{
    FornixShape out = conv_out(b->conv, b->task);
    const FornixTensor *to = &b->apply->out;
    const int64_t *place = b->place[tile];
    return (IsaResult){.out = to->data + place[0] * to->pitch_n + place[1] * to->pitch_d +
                              place[2] * to->pitch_h + place[3] * to->pitch_w + made,
                       .d_step = to->pitch_d,
                       .h_step = to->pitch_h,
                       .w_step = to->pitch_w,
                       .size = {conv_min(b->tiles.deep ? 2 : 1, out.d - place[1]),
                                conv_min(b->tiles.m, out.h - place[2]),
                                conv_min(b->tiles.m, out.w - place[3])},
                       .channels = conv_min(b->cut.made, out.c - made),
                       .bias = b->bias,
                       .kept = b->kept + tile * kept_of(&b->tiles) * b->cut.made};
}

static void block_compute(Block *b, int64_t made)
{
    int64_t sums = conv_in(b->conv, b->task).c;
    int64_t left = conv_out(b->conv, b->task).c - made;
    int64_t blocks = conv_min(b->cut.made / ISA_LANES, conv_blocks(left));
    for (int64_t block = 0; block < blocks; block++)
        conv_start(b->bias + block * ISA_LANES, b->apply->bias, conv_out(b->conv, b->task).c,
                   made / ISA_LANES + block);
    for (int64_t depth = 0; depth < b->tiles.depths; depth++) {
        for (int64_t channel = 0; channel < sums; channel += b->cut.sums) {
            ConvPoints points = {depth, channel, b->cut.sums, b->sums, b->sums_step};
            conv_points(&b->operand, &b->tiles, b->micro, &points);
            points_multiply(b, depth, channel, made, blocks);
        }
        for (int64_t t = 0; t < b->count; t++) {
            IsaResult tile = result_of(b, t, made);
            b->micro->result(&tile, b->made + t * b->cut.made, b->made_step, b->tiles.m,
                             b->tiles.deep ? (int)depth : ISA_FLAT);
        }
    }
}

static void tiles_compute(const Conv *conv, ConvTask task, const ConvApply *apply, int pass,
                          int64_t begin, int64_t end)
{
    if (pass == 0) {
        for (int64_t grain = begin; grain < end; grain++)
            weights_transform(conv, task, apply, grain);
        return;
    }
    _Alignas(64) float area[CONV_AREA];
    ConvTiles tiles = conv_tiles(conv, task);
    Cut cut = cut_of(conv, task, &tiles);
    Block b = {.conv = conv,
               .task = task,
               .apply = apply,
               .micro = isa_micro(conv->isa),
               .tiles = tiles,
               .cut = cut,
               .operand = {.from = apply->in, .shape = conv_in(conv, task), .kind = ISA_OPERAND},
               .sums_step = cut.tiles * cut.sums + ISA_LANES,
               .made_step = cut.tiles * cut.made + ISA_LANES};
    b.sums = area;
    b.made = b.sums + tiles.points * b.sums_step;
    b.kept = b.made + tiles.points * b.made_step;
    for (int64_t grain = begin; grain < end; grain++) {
        int64_t first = grain * cut.tiles;
        b.count = conv_min(cut.tiles, tiles.count - first);
        conv_places(&tiles, first, b.count, b.place);
        conv_strips(&b.operand, &tiles, b.place, b.count);
        for (int64_t made = 0; made < conv_out(conv, task).c; made += cut.made)
            block_compute(&b, made);
    }
}

const ConvApplyWay conv_winograd = {tiles_grains, tiles_scratch, tiles_compute};
