/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "reduce.h"

#include "lanes.h"

int64_t pixel_sum_scratch(FornixShape shape)
{
    return 2 * shape.n * sample_blocks(shape) * shape.c;
}

int64_t pixel_sum_grains(FornixShape shape, bool per_sample, int pass)
{
    if (pass == 0)
        return shape.n * sample_blocks(shape);
    return per_sample ? shape.n * shape.c : shape.c;
}

INLINE void sum_lanes(double *sums, const float *x, int64_t pitch, int64_t pixels, int width)
{
    double sum[WIDE] = {0};
    for (int64_t p = 0; p < pixels; p++)
        FOR_LANES (l, width)
            sum[l] += (double)x[p * pitch + l];
    FOR_LANES (l, width)
        sums[l] = sum[l];
}

INLINE void pixel_sum_blocks_body(const FornixView *x, double *partials, int64_t begin, int64_t end)
{
    int64_t channels = x->shape.c;
    for (int64_t g = begin; g < end; g++) {
        PixelBlock block = pixel_block(x->shape, g);
        for (int64_t c = 0; c < channels; c += WIDE) {
            const float *from = x->data + block.first * x->pitch_w + c;
            double *sums = partials + g * channels + c;
            WITH_WIDE(lane_count(WIDE, channels, c),
                      sum_lanes(sums, from, x->pitch_w, block.count, width));
        }
    }
}

KERNEL(pixel_sum_blocks, (const FornixView *x, double *partials, int64_t begin, int64_t end),
       (x, partials, begin, end))

void pixel_sum(const PixelSum *sum, int pass, int64_t begin, int64_t end)
{
    double *partials = (double *)(void *)sum->scratch;
    FornixShape shape = sum->x.shape;
    if (pass == 0) {
        pixel_sum_blocks(&sum->x, partials, begin, end);
        return;
    }
    int64_t blocks = sample_blocks(shape), count = sum->per_sample ? blocks : blocks * shape.n;
    for (int64_t i = begin; i < end; i++) {
        const double *from = partials + i / shape.c * blocks * shape.c + i % shape.c;
        double total = 0;
        for (int64_t b = 0; b < count; b++)
            total += from[b * shape.c];
        sum->y[i] = (float)(sum->scale * total);
    }
}

INLINE void pixel_spread_body(const FornixTensor *dx, const float *dy, float scale, int64_t begin,
                              int64_t end)
{
    RowBlock block = batch_rows(dx->shape, false, begin, end);
    int64_t pixels = sample_pixels(dx->shape);
    for (int64_t r = block.first; r < block.first + block.rows; r++) {
        const float *from = dy + r / pixels * block.length;
        float *out = dx->data + r * dx->pitch_w;
        INDEPENDENT
        for (int64_t i = 0; i < block.length; i++)
            out[i] = scale * from[i];
    }
}

ISA_KERNEL(pixel_spread,
           (const FornixTensor *dx, const float *dy, float scale, int64_t begin, int64_t end),
           (dx, dy, scale, begin, end))

/* Scratch: the greatest value of each block and channel, then their places. */
int64_t pixel_max_scratch(FornixShape shape)
{
    return 2 * shape.n * sample_blocks(shape) * shape.c;
}

int64_t pixel_max_grains(FornixShape shape, int pass)
{
    return shape.n * (pass == 0 ? sample_blocks(shape) : shape.c);
}

static int32_t *max_places(const PixelMax *max)
{
    FornixShape shape = max->x.shape;
    return (int32_t *)(void *)(max->scratch + shape.n * sample_blocks(shape) * shape.c);
}

INLINE bool exceeds(float x, float best) /* NaN stays */
{
    return x > best || (x != x && best == best);
}

INLINE void pixel_max_blocks_body(const FornixView *x, float *best, int32_t *at, int64_t begin,
                                  int64_t end)
{
    int64_t channels = x->shape.c;
    for (int64_t g = begin; g < end; g++) {
        PixelBlock block = pixel_block(x->shape, g);
        int32_t place = (int32_t)(block.first - block.sample * sample_pixels(x->shape));
        float *top = best + g * channels;
        int32_t *where = at + g * channels;
        for (int64_t p = 0; p < block.count; p++) {
            const float *from = x->data + (block.first + p) * x->pitch_w;
            for (int64_t c = 0; c < channels; c++) {
                bool better = p == 0 || exceeds(from[c], top[c]);
                top[c] = better ? from[c] : top[c];
                where[c] = better ? place + (int32_t)p : where[c];
            }
        }
    }
}

KERNEL(pixel_max_blocks,
       (const FornixView *x, float *best, int32_t *at, int64_t begin, int64_t end),
       (x, best, at, begin, end))

void pixel_max(const PixelMax *max, int pass, int64_t begin, int64_t end)
{
    FornixShape shape = max->x.shape;
    int32_t *places = max_places(max);
    if (pass == 0) {
        pixel_max_blocks(&max->x, max->scratch, places, begin, end);
        return;
    }
    int64_t blocks = sample_blocks(shape);
    for (int64_t i = begin; i < end; i++) {
        int64_t first = i / shape.c * blocks * shape.c + i % shape.c, best = first;
        for (int64_t b = 1; b < blocks; b++)
            if (exceeds(max->scratch[first + b * shape.c], max->scratch[best]))
                best = first + b * shape.c;
        max->y[i] = max->scratch[best];
        if (max->at)
            max->at[i] = places[best];
    }
}

INLINE void pixel_max_gradient_body(const FornixTensor *dx, const float *dy, const int32_t *at,
                                    int64_t begin, int64_t end)
{
    FornixShape shape = dx->shape;
    for (int64_t g = begin; g < end; g++) {
        PixelBlock block = pixel_block(shape, g);
        int32_t place = (int32_t)(block.first - block.sample * sample_pixels(shape));
        for (int64_t p = 0; p < block.count; p++) {
            float *out = dx->data + (block.first + p) * dx->pitch_w;
            for (int64_t c = 0; c < shape.c; c++) {
                int64_t i = block.sample * shape.c + c;
                out[c] = at[i] == place + (int32_t)p ? dy[i] : 0.0f;
            }
        }
    }
}

ISA_KERNEL(pixel_max_gradient,
           (const FornixTensor *dx, const float *dy, const int32_t *at, int64_t begin, int64_t end),
           (dx, dy, at, begin, end))

int64_t square_sum_grains(int64_t count)
{
    return shares(count, GRAIN_FLOATS);
}

INLINE void square_sum_body(const float *values, int64_t count, double *partials, int64_t begin,
                            int64_t end)
{
    for (int64_t g = begin; g < end; g++) {
        int64_t i = g * GRAIN_FLOATS, last = least(count, i + GRAIN_FLOATS);
        double lanes[LANES] = {0};
        for (; i + LANES <= last; i += LANES)
            FOR_LANES (l, LANES)
                lanes[l] += (double)values[i + l] * (double)values[i + l];
        for (int l = 0; i < last; i++, l++)
            lanes[l] += (double)values[i] * (double)values[i];
        double total = 0;
        FOR_LANES (l, LANES)
            total += lanes[l];
        partials[g] = total;
    }
}

ISA_KERNEL(square_sum,
           (const float *values, int64_t count, double *partials, int64_t begin, int64_t end),
           (values, count, partials, begin, end))

double square_sum_total(const double *partials, int64_t count)
{
    double total = 0;
    for (int64_t i = 0; i < count; i++)
        total += partials[i];
    return total;
}
