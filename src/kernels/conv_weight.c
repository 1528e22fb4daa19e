/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Direct convolution: gradient of the weights.
 *
 * Pass 0 takes the rows of dy in slabs that the shape fixes, each of which sums its part in scratch
 * in the layout of the weights; pass 1 adds the slabs. Within a slab, an output row is worked on in
 * chunks that stay in the first cache while all taps of a plane and all channels go over them.
 */
#include "conv_parts.h"

enum {
    SLAB_PIXELS = 4096,
    MOST_SLABS = 64,
    MOST_FLOATS = 1 << 22, /* of all slabs together, where one alone is not larger */
    CHUNK_PIXELS = 128,
    SUM_FLOATS = 4096,
    GOOD_GRAINS = 16,
    FEW_CHANNELS = 4,
};

static int64_t weight_floats(const Conv *conv)
{
    return conv_taps(conv) * conv->x.c * conv->y.c;
}

/* How the work is cut: slabs of rows, and in each the planes of the kernel, and groups of blocks of
 * y.c: all of them where there are slabs enough, for which what is near is used by all. */
typedef struct {
    int64_t rows, slabs;
    int64_t blocks, groups; /* of a group, and their number */
} Cut;

static Cut cut_of(const Conv *conv)
{
    int64_t rows = conv->y.n * conv->y.d * conv->y.h;
    int64_t slabs = conv_shares(rows * conv->y.w, SLAB_PIXELS);
    slabs = conv_min(slabs, conv_max(1, MOST_FLOATS / weight_floats(conv)));
    slabs = conv_max(1, conv_min(conv_min(slabs, MOST_SLABS), rows));
    Cut cut = {.rows = conv_shares(rows, slabs)};
    cut.slabs = conv_shares(rows, cut.rows);
    int64_t blocks = conv_blocks(conv->y.c);
    cut.blocks = cut.slabs * conv->kernel[0] >= GOOD_GRAINS ? blocks : 1;
    cut.groups = conv_shares(blocks, cut.blocks);
    return cut;
}

static int64_t direct_grains(const Conv *conv, int pass)
{
    Cut cut = cut_of(conv);
    if (pass == 0)
        return cut.slabs * conv->kernel[0] * cut.groups;
    return cut.slabs > 1 ? conv_shares(weight_floats(conv), SUM_FLOATS) : 0;
}

static int64_t direct_scratch(const Conv *conv)
{
    Cut cut = cut_of(conv);
    return cut.slabs > 1 ? cut.slabs * weight_floats(conv) : 0;
}

typedef struct {
    const Conv *conv;
    const ConvWeightGradient *gradient;
    const IsaMicro *micro;
    float *to;             /* [kd][kh][kw][x.c][y.c] */
    int64_t first, end;    /* blocks of y.c */
    int64_t block, tap;    /* of them, of the kernel's planes */
    int64_t sample, plane; /* of dy */
    const float *x;        /* the plane that the tap reads */
} Job;

/* A box of pixels of dy and the rows of x and taps that go with it. */
typedef struct {
    int64_t first, count; /* rows */
    ConvRange w;
    const float *dy; /* ISA_LANES channels of the first pixel */
    int64_t dy_h, dy_w;
} Chunk;

/* One row of the kernel. */
static void chunk_multiply(const Job *job, const Chunk *chunk, const ConvRange *h, int64_t tap)
{
    const Conv *conv = job->conv;
    const FornixView *x = &job->gradient->x;
    int64_t channels = conv->y.c, row = conv->x.c * channels;
    bool joined = chunk->w.tap_in == 1 && x->pitch_w == conv->x.c;
    IsaOuter outer = {.lines = h->count,
                      .a_line = h->in_step * x->pitch_h,
                      .b_line = chunk->dy_h,
                      .pixels = chunk->w.count,
                      .a_pixel = chunk->w.in_step * x->pitch_w,
                      .b_pixel = chunk->dy_w,
                      .rows = joined ? chunk->w.taps * conv->x.c : conv->x.c,
                      .c_step = channels,
                      .width = conv_width(channels, job->block),
                      .accumulate = true};
    if (outer.pixels < outer.lines) {
        IsaOuter turned = outer;
        turned.lines = outer.pixels, turned.pixels = outer.lines;
        turned.a_line = outer.a_pixel, turned.a_pixel = outer.a_line;
        turned.b_line = outer.b_pixel, turned.b_pixel = outer.b_line;
        outer = turned;
    }
    const float *a =
        job->x + (h->in + (tap - h->tap) * h->tap_in) * x->pitch_h + chunk->w.in * x->pitch_w;
    const float *b = chunk->dy + (h->first - chunk->first) * chunk->dy_h;
    float *c = job->to + job->block * ISA_LANES +
               ((job->tap * conv->kernel[1] + tap) * conv->kernel[2] + chunk->w.tap) * row;
    for (int64_t k = 0; k < (joined ? 1 : chunk->w.taps); k++)
        job->micro->outer(&outer, a + k * chunk->w.tap_in * x->pitch_w, b, c + k * row);
}

/* Whether a row of dy would leave most lanes idle where one of x fills them: a head of few classes.
 */
static bool few_made(const Conv *conv)
{
    bool pixelwise = conv_taps(conv) == 1;
    for (int a = 0; a < 3; a++)
        pixelwise = pixelwise && conv->stride[a] == 1 && conv->front[a] == 0;
    return pixelwise && conv->y.c <= FEW_CHANNELS && conv->x.c % ISA_LANES == 0;
}

/* The same product with the roles of x and dy changed. */
static void chunk_turned(const Job *job, const Chunk *chunk)
{
    const Conv *conv = job->conv;
    const FornixView *x = &job->gradient->x, *dy = &job->gradient->dy;
    const float *rows = dy->data + job->sample * dy->pitch_n + job->plane * dy->pitch_d +
                        chunk->first * dy->pitch_h + chunk->w.first * dy->pitch_w;
    const float *columns = job->x + chunk->first * x->pitch_h + chunk->w.first * x->pitch_w;
    IsaOuter outer = {.lines = chunk->count,
                      .a_line = dy->pitch_h,
                      .b_line = x->pitch_h,
                      .pixels = chunk->w.count,
                      .a_pixel = dy->pitch_w,
                      .b_pixel = x->pitch_w,
                      .rows = conv->y.c,
                      .c_step = ISA_LANES,
                      .width = ISA_LANES};
    for (int64_t channel = 0; channel < conv->x.c; channel += ISA_LANES) {
        float sums[FEW_CHANNELS * ISA_LANES];
        job->micro->outer(&outer, rows, columns + channel, sums);
        float *to = job->to + channel * conv->y.c;
        for (int i = 0; i < ISA_LANES; i++)
            for (int64_t j = 0; j < conv->y.c; j++)
                to[i * conv->y.c + j] += sums[j * ISA_LANES + i];
    }
}

static void chunk_compute(const Job *job, Chunk *chunk)
{
    const Conv *conv = job->conv;
    const FornixView *dy = &job->gradient->dy;
    int width = conv_width(conv->y.c, job->block);
    float packed[CHUNK_PIXELS * ISA_LANES];
    chunk->dy = dy->data + job->sample * dy->pitch_n + job->plane * dy->pitch_d +
                chunk->first * dy->pitch_h + chunk->w.first * dy->pitch_w + job->block * ISA_LANES;
    chunk->dy_h = dy->pitch_h;
    chunk->dy_w = dy->pitch_w;
    if (width < ISA_LANES) {
        for (int64_t p = 0; p < chunk->count * chunk->w.count; p++)
            for (int j = 0; j < ISA_LANES; j++)
                packed[p * ISA_LANES + j] = j < width
                                                ? chunk->dy[p / chunk->w.count * dy->pitch_h +
                                                            p % chunk->w.count * dy->pitch_w + j]
                                                : 0;
        chunk->dy = packed;
        chunk->dy_w = ISA_LANES;
        chunk->dy_h = chunk->w.count * ISA_LANES;
    }
    int64_t end = chunk->first + chunk->count;
    for (int64_t row = chunk->first; row < end;) {
        ConvRange h = conv_range(conv, CONV_FORWARD, 1, row, end);
        for (int64_t tap = h.tap; tap < h.tap + h.taps; tap++)
            chunk_multiply(job, chunk, &h, tap);
        row += h.count;
    }
}

/* What of x a plane of the kernel sees of the chunk. */
static void chunk_touch(const Job *job, const Chunk *chunk)
{
    const FornixView *x = &job->gradient->x;
    ConvRange plane = {.taps = 1};
    for (int64_t row = chunk->first; row < chunk->first + chunk->count;) {
        ConvRange h = conv_range(job->conv, CONV_FORWARD, 1, row, chunk->first + chunk->count);
        for (int64_t i = 0; i < h.count; i++)
            conv_touch(x, &plane, &h, &chunk->w,
                       job->x + (h.in + i * h.in_step) * x->pitch_h + chunk->w.in * x->pitch_w);
        row += h.count;
    }
}

static void rows_compute(Job *job, int64_t begin, int64_t end)
{
    const Conv *conv = job->conv;
    ConvRange d = conv_range(conv, CONV_FORWARD, 0, job->plane, job->plane + 1);
    if (job->tap < d.tap || job->tap >= d.tap + d.taps)
        return;
    const FornixView *x = &job->gradient->x;
    bool far = conv_far(conv), few = few_made(conv);
    job->x =
        x->data + job->sample * x->pitch_n + (d.in + (job->tap - d.tap) * d.tap_in) * x->pitch_d;
    for (int64_t first = 0; first < conv->y.w;) {
        Chunk chunk = {.w = conv_range(conv, CONV_FORWARD, 2, first, conv->y.w)};
        chunk.w.count = conv_min(chunk.w.count, CHUNK_PIXELS);
        first += chunk.w.count;
        for (chunk.first = begin; chunk.w.taps && chunk.first < end; chunk.first += chunk.count) {
            chunk.count = conv_min(CHUNK_PIXELS / chunk.w.count, end - chunk.first);
            if (far)
                chunk_touch(job, &chunk);
            if (few)
                chunk_turned(job, &chunk);
            for (job->block = job->first; !few && job->block < job->end; job->block++)
                chunk_compute(job, &chunk);
        }
    }
}

/* One plane of the kernel and some blocks of channels of one slab. */
static void slab_compute(Job *job, int64_t begin, int64_t end)
{
    const Conv *conv = job->conv;
    int64_t rows = conv->kernel[1] * conv->kernel[2] * conv->x.c;
    float *to = job->to + job->tap * rows * conv->y.c;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t j = job->first * ISA_LANES; j < conv_min(job->end * ISA_LANES, conv->y.c); j++)
            to[r * conv->y.c + j] = 0;
    for (int64_t row = begin; row < end;) {
        int64_t plane = row / conv->y.h, next = conv_min(end, (plane + 1) * conv->y.h);
        job->sample = plane / conv->y.d;
        job->plane = plane % conv->y.d;
        rows_compute(job, row - plane * conv->y.h, next - plane * conv->y.h);
        row = next;
    }
}

void conv_sum_parts(float *parts, int64_t count, int64_t size, int64_t begin, int64_t end)
{
    for (int64_t step = 1; step < count; step *= 2)
        for (int64_t part = 0; part + step < count; part += 2 * step) {
            float *to = parts + part * size;
            const float *from = to + step * size;
            for (int64_t i = begin; i < end; i++)
                to[i] += from[i];
        }
}

static void direct_compute(const Conv *conv, const ConvWeightGradient *gradient, int pass,
                           int64_t begin, int64_t end)
{
    Cut cut = cut_of(conv);
    int64_t floats = weight_floats(conv);
    if (pass == 1) {
        int64_t first = begin * SUM_FLOATS, last = conv_min(end * SUM_FLOATS, floats);
        conv_sum_parts(gradient->scratch, cut.slabs, floats, first, last);
        for (int64_t i = first; i < last; i++)
            gradient->dweight[i] = gradient->scratch[i];
        return;
    }
    Job job = {.conv = conv, .gradient = gradient, .micro = isa_micro(conv->isa)};
    for (int64_t grain = begin; grain < end; grain++) {
        int64_t slab = grain / cut.groups / conv->kernel[0];
        job.first = grain % cut.groups * cut.blocks;
        job.end = conv_min(job.first + cut.blocks, conv_blocks(conv->y.c));
        job.tap = grain / cut.groups % conv->kernel[0];
        job.to = cut.slabs > 1 ? gradient->scratch + slab * floats : gradient->dweight;
        slab_compute(&job, slab * cut.rows,
                     conv_min((slab + 1) * cut.rows, conv->y.n * conv->y.d * conv->y.h));
    }
}

const ConvWeightWay conv_weight_direct = {direct_grains, direct_scratch, direct_compute};
