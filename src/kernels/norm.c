/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Normalisation in passes: sums of blocks, their combination in block order, the map itself.
 *
 * Sums of a block go into scratch as doubles: squares of floats are exact there, so that one sweep
 * gives the variance without a shift. A statistic belongs to a box of samples and channels; the
 * combination writes its coefficients for each (sample, channel) of the box, so that the last sweep
 * is the same for all kinds. Told by convolutions of each block of tiles that they have just made,
 * the sums cost there what the sweep for them takes here: 6 of 720 ms of a U-Net's step.
 */
#include "norm.h"

#include <math.h>

#include "functions.h"

typedef struct {
    int64_t sample, samples, channel, channels; /* the box of one statistic */
} NormBox;

static int64_t norm_statistics(const Norm *norm)
{
    switch (norm->kind) {
    case NORM_BATCH: return norm->shape.c;
    case NORM_GROUP: return norm->shape.n * norm->groups;
    case NORM_INSTANCE: break;
    }
    return norm->shape.n * norm->shape.c;
}

static NormBox norm_box(const Norm *norm, int64_t statistic)
{
    int64_t n = norm->shape.n, c = norm->shape.c;
    switch (norm->kind) {
    case NORM_BATCH: return (NormBox){0, n, statistic, 1};
    case NORM_GROUP: {
        int64_t size = c / norm->groups;
        return (NormBox){statistic / norm->groups, 1, statistic % norm->groups * size, size};
    }
    case NORM_INSTANCE: break;
    }
    return (NormBox){statistic / c, 1, statistic % c, 1};
}

static int64_t norm_partials(const Norm *norm) /* doubles */
{
    return norm->shape.n * sample_blocks(norm->shape) * 2 * norm->shape.c;
}

int64_t norm_scratch(const Norm *norm)
{
    return 2 * norm_partials(norm) + 2 * norm->shape.n * norm->shape.c;
}

int64_t norm_saved(const Norm *norm)
{
    return 2 * norm->shape.n * norm->shape.c + norm->shape.c;
}

int64_t norm_forward_grains(const Norm *norm, int pass)
{
    return pass == 1 ? norm_statistics(norm) : norm->shape.n * sample_blocks(norm->shape);
}

int64_t norm_backward_grains(const Norm *norm, int pass)
{
    return pass == NORM_WEIGHT_PASS ? norm->shape.c : norm_forward_grains(norm, pass);
}

/* Channels [channel, channel + width) of one sample: what its pixels are mapped with. */
typedef struct {
    float mean[WIDE], rstd[WIDE], scale[WIDE], shift[WIDE];
} NormLanes;

typedef struct {
    const float *saved, *gamma, *beta;
} NormMap;

INLINE NormLanes norm_lanes(const Norm *norm, NormMap map, int64_t sample, int64_t channel)
{
    NormLanes lanes = {{0}, {0}, {0}, {0}};
    const float *mean = map.saved + sample * norm->shape.c + channel;
    const float *rstd = mean + norm->shape.n * norm->shape.c;
    int count = lane_count(WIDE, norm->shape.c, channel);
    for (int l = 0; l < count; l++) {
        lanes.mean[l] = mean[l];
        lanes.rstd[l] = rstd[l];
        lanes.scale[l] = map.gamma ? rstd[l] * map.gamma[channel + l] : rstd[l];
        lanes.shift[l] = map.beta ? map.beta[channel + l] : 0;
    }
    return lanes;
}

INLINE float norm_value(const NormLanes *lanes, int l, float x)
{
    return (x - lanes->mean[l]) * lanes->scale[l] + lanes->shift[l];
}

typedef struct {
    const float *x, *dy;
    float *out;
    int64_t x_pitch, dy_pitch, out_pitch, pixels;
    float slope;
} NormRun; /* the same channels of a block of pixels in each tensor */

INLINE void sum_lanes(double *sums, int64_t channels, NormRun run, int width)
{
    double sum[WIDE] = {0}, square[WIDE] = {0};
    for (int64_t p = 0; p < run.pixels; p++)
        FOR_LANES (l, width) {
            double value = (double)run.x[p * run.x_pitch + l];
            sum[l] += value;
            square[l] += value * value;
        }
    FOR_LANES (l, width) {
        sums[l] = sum[l];
        sums[channels + l] = square[l];
    }
}

INLINE void norm_sum_block(const FornixView *x, PixelBlock block, double *sums)
{
    int64_t channels = x->shape.c;
    for (int64_t c = 0; c < channels; c += WIDE) {
        NormRun run = {.x = x->data + block.first * x->pitch_w + c,
                       .x_pitch = x->pitch_w,
                       .pixels = block.count};
        WITH_WIDE(lane_count(WIDE, channels, c), sum_lanes(sums + c, channels, run, width));
    }
}

INLINE void norm_sum_body(const Norm *norm, const FornixView *x, double *partials, int64_t begin,
                          int64_t end)
{
    int64_t channels = norm->shape.c;
    for (int64_t g = begin; g < end; g++) {
        PixelBlock block = pixel_block(norm->shape, g);
        double *sums = partials + g * 2 * channels;
        norm_sum_block(x, block, sums);
    }
}

KERNEL(norm_sum,
       (const Norm *norm, const FornixView *x, double *partials, int64_t begin, int64_t end),
       (norm, x, partials, begin, end))

/* The partial sums of a box, of which = 0: x or dz, 1: x^2 or dz u; each channel times its gamma.
 */
static double norm_total(const Norm *norm, const double *partials, NormBox box, int which,
                         const float *gamma)
{
    int64_t blocks = sample_blocks(norm->shape), channels = norm->shape.c;
    double total = 0;
    for (int64_t c = box.channel; c < box.channel + box.channels; c++) {
        double sum = 0;
        for (int64_t g = box.sample * blocks; g < (box.sample + box.samples) * blocks; g++)
            sum += partials[(g * 2 + which) * channels + c];
        total += gamma ? sum * (double)gamma[c] : sum;
    }
    return total;
}

static double norm_count(const Norm *norm, NormBox box)
{
    return (double)(box.samples * box.channels * sample_pixels(norm->shape));
}

static void norm_measure(const Norm *norm, const NormForward *forward, int64_t statistic)
{
    NormBox box = norm_box(norm, statistic);
    const double *partials = (const double *)(const void *)forward->scratch;
    double mean, variance, count = norm_count(norm, box);
    if (forward->mean) {
        mean = (double)forward->mean[statistic];
        variance = (double)forward->variance[statistic];
    } else {
        mean = norm_total(norm, partials, box, 0, NULL) / count;
        variance = norm_total(norm, partials, box, 1, NULL) / count - mean * mean;
        variance = variance < 0 ? 0 : variance;
    }
    float *means = forward->saved, *rstds = means + norm->shape.n * norm->shape.c;
    float *unbiased = rstds + norm->shape.n * norm->shape.c;
    for (int64_t n = box.sample; n < box.sample + box.samples; n++)
        for (int64_t c = box.channel; c < box.channel + box.channels; c++) {
            means[n * norm->shape.c + c] = (float)mean;
            rstds[n * norm->shape.c + c] = (float)(1 / sqrt(variance + (double)norm->epsilon));
        }
    if (norm->kind == NORM_BATCH)
        unbiased[statistic] = (float)(count > 1 ? variance * count / (count - 1) : variance);
}

INLINE void map_lanes(const NormLanes *lanes, NormRun run, int width)
{
    for (int64_t p = 0; p < run.pixels; p++) {
        float y[WIDE];
        FOR_LANES (l, width)
            y[l] = rectify(norm_value(lanes, l, run.x[p * run.x_pitch + l]), run.slope);
        FOR_LANES (l, width)
            run.out[p * run.out_pitch + l] = y[l];
    }
}

INLINE void norm_map_block(const Norm *norm, const NormForward *forward, PixelBlock block)
{
    const FornixView *x = &forward->x;
    const FornixTensor *y = &forward->y;
    NormMap map = {forward->saved, forward->gamma, forward->beta};
    for (int64_t c = 0; c < norm->shape.c; c += WIDE) {
        NormLanes lanes = norm_lanes(norm, map, block.sample, c);
        NormRun run = {.x = x->data + block.first * x->pitch_w + c,
                       .out = y->data + block.first * y->pitch_w + c,
                       .x_pitch = x->pitch_w,
                       .out_pitch = y->pitch_w,
                       .pixels = block.count,
                       .slope = norm->slope};
        WITH_WIDE(lane_count(WIDE, norm->shape.c, c), map_lanes(&lanes, run, width));
    }
}

INLINE void norm_map_body(const Norm *norm, const NormForward *forward, int64_t begin, int64_t end)
{
    for (int64_t g = begin; g < end; g++) {
        PixelBlock block = pixel_block(norm->shape, g);
        norm_map_block(norm, forward, block);
    }
}

KERNEL(norm_map, (const Norm *norm, const NormForward *forward, int64_t begin, int64_t end),
       (norm, forward, begin, end))

void norm_forward(const Norm *norm, const NormForward *forward, int pass, int64_t begin,
                  int64_t end)
{
    double *partials = (double *)(void *)forward->scratch;
    switch (pass) {
    case 0:
        if (!forward->mean)
            norm_sum(norm, &forward->x, partials, begin, end);
        break;
    case 1:
        for (int64_t s = begin; s < end; s++)
            norm_measure(norm, forward, s);
        break;
    default: norm_map(norm, forward, begin, end);
    }
}

INLINE void sum_gradient_lanes(double *sums, int64_t channels, const NormLanes *lanes, NormRun run,
                               int width)
{
    double plain[WIDE] = {0}, weighted[WIDE] = {0};
    for (int64_t p = 0; p < run.pixels; p++)
        FOR_LANES (l, width) {
            float x = run.x[p * run.x_pitch + l], dy = run.dy[p * run.dy_pitch + l];
            float dz = norm_value(lanes, l, x) > 0 ? dy : dy * run.slope;
            plain[l] += (double)dz;
            weighted[l] += (double)dz * (double)((x - lanes->mean[l]) * lanes->rstd[l]);
        }
    FOR_LANES (l, width) {
        sums[l] = plain[l];
        sums[channels + l] = weighted[l];
    }
}

INLINE NormRun backward_run(const Norm *norm, const NormBackward *backward, PixelBlock block,
                            int64_t channel)
{
    const FornixView *x = &backward->x, *dy = &backward->dy;
    const FornixTensor *dx = &backward->dx;
    return (NormRun){.x = x->data + block.first * x->pitch_w + channel,
                     .dy = dy->data + block.first * dy->pitch_w + channel,
                     .out = dx->data ? dx->data + block.first * dx->pitch_w + channel : NULL,
                     .x_pitch = x->pitch_w,
                     .dy_pitch = dy->pitch_w,
                     .out_pitch = dx->pitch_w,
                     .pixels = block.count,
                     .slope = norm->slope};
}

INLINE void norm_sum_gradient_block(const Norm *norm, const NormBackward *backward,
                                    PixelBlock block, double *sums)
{
    int64_t channels = norm->shape.c;
    NormMap map = {backward->saved, backward->gamma, backward->beta};
    for (int64_t c = 0; c < channels; c += WIDE) {
        NormLanes lanes = norm_lanes(norm, map, block.sample, c);
        NormRun run = backward_run(norm, backward, block, c);
        WITH_WIDE(lane_count(WIDE, channels, c),
                  sum_gradient_lanes(sums + c, channels, &lanes, run, width));
    }
}

INLINE void norm_sum_gradient_body(const Norm *norm, const NormBackward *backward, int64_t begin,
                                   int64_t end)
{
    int64_t channels = norm->shape.c;
    for (int64_t g = begin; g < end; g++) {
        PixelBlock block = pixel_block(norm->shape, g);
        double *sums = (double *)(void *)backward->scratch + g * 2 * channels;
        norm_sum_gradient_block(norm, backward, block, sums);
    }
}

KERNEL(norm_sum_gradient,
       (const Norm *norm, const NormBackward *backward, int64_t begin, int64_t end),
       (norm, backward, begin, end))

/* What is taken from gamma rstd dz, for each (sample, channel): rstd times both averages. */
static float *norm_averages(const Norm *norm, float *scratch)
{
    return scratch + 2 * norm_partials(norm);
}

static void norm_average(const Norm *norm, const NormBackward *backward, int64_t statistic)
{
    NormBox box = norm_box(norm, statistic);
    int64_t channels = norm->shape.c, pairs = norm->shape.n * channels;
    const double *partials = (const double *)(const void *)backward->scratch;
    float *plain = norm_averages(norm, backward->scratch), *weighted = plain + pairs;
    double rstd = (double)backward->saved[pairs + box.sample * channels + box.channel];
    double factor = backward->fixed ? 0 : rstd / norm_count(norm, box);
    double first = factor * norm_total(norm, partials, box, 0, backward->gamma);
    double second = factor * norm_total(norm, partials, box, 1, backward->gamma);
    for (int64_t n = box.sample; n < box.sample + box.samples; n++)
        for (int64_t c = box.channel; c < box.channel + box.channels; c++) {
            plain[n * channels + c] = (float)first;
            weighted[n * channels + c] = (float)second;
        }
}

INLINE void gradient_lanes(const NormLanes *lanes, const float *averages, int64_t pairs,
                           NormRun run, int width)
{
    float plain[WIDE] = {0}, weighted[WIDE] = {0};
    FOR_LANES (l, width) {
        plain[l] = averages[l];
        weighted[l] = averages[pairs + l];
    }
    for (int64_t p = 0; p < run.pixels; p++) {
        float dx[WIDE];
        FOR_LANES (l, width) {
            float x = run.x[p * run.x_pitch + l], dy = run.dy[p * run.dy_pitch + l];
            float dz = norm_value(lanes, l, x) > 0 ? dy : dy * run.slope;
            float u = (x - lanes->mean[l]) * lanes->rstd[l];
            dx[l] = lanes->scale[l] * dz - plain[l] - u * weighted[l];
        }
        FOR_LANES (l, width)
            run.out[p * run.out_pitch + l] = dx[l];
    }
}

INLINE void norm_gradient_block(const Norm *norm, const NormBackward *backward, PixelBlock block)
{
    int64_t channels = norm->shape.c, pairs = norm->shape.n * channels;
    const float *averages = norm_averages(norm, backward->scratch) + block.sample * channels;
    NormMap map = {backward->saved, backward->gamma, backward->beta};
    for (int64_t c = 0; c < channels; c += WIDE) {
        NormLanes lanes = norm_lanes(norm, map, block.sample, c);
        NormRun run = backward_run(norm, backward, block, c);
        WITH_WIDE(lane_count(WIDE, channels, c),
                  gradient_lanes(&lanes, averages + c, pairs, run, width));
    }
}

INLINE void norm_gradient_body(const Norm *norm, const NormBackward *backward, int64_t begin,
                               int64_t end)
{
    for (int64_t g = begin; g < end; g++) {
        PixelBlock block = pixel_block(norm->shape, g);
        norm_gradient_block(norm, backward, block);
    }
}

KERNEL(norm_gradient, (const Norm *norm, const NormBackward *backward, int64_t begin, int64_t end),
       (norm, backward, begin, end))

static void norm_gradient_weights(const Norm *norm, const NormBackward *backward, int64_t channel)
{
    const double *partials = (const double *)(const void *)backward->scratch;
    NormBox box = {0, norm->shape.n, channel, 1};
    if (backward->dbeta)
        backward->dbeta[channel] = (float)norm_total(norm, partials, box, 0, NULL);
    if (backward->dgamma)
        backward->dgamma[channel] = (float)norm_total(norm, partials, box, 1, NULL);
}

void norm_backward(const Norm *norm, const NormBackward *backward, int pass, int64_t begin,
                   int64_t end)
{
    switch (pass) {
    case 0: norm_sum_gradient(norm, backward, begin, end); break;
    case NORM_MEAN_PASS:
        for (int64_t s = begin; s < end; s++)
            norm_average(norm, backward, s);
        break;
    case NORM_INPUT_PASS:
        if (backward->dx.data)
            norm_gradient(norm, backward, begin, end);
        break;
    default:
        for (int64_t c = begin; c < end; c++)
            norm_gradient_weights(norm, backward, c);
    }
}

void norm_keep(const Norm *norm, const float *saved, float momentum, float *mean, float *variance)
{
    const float *unbiased = saved + 2 * norm->shape.n * norm->shape.c;
    for (int64_t c = 0; c < norm->shape.c; c++) {
        mean[c] = (1 - momentum) * mean[c] + momentum * saved[c];
        variance[c] = (1 - momentum) * variance[c] + momentum * unbiased[c];
    }
}
