/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of convolution share: arithmetic of sizes, and the ways to do it.
 */
#ifndef FORNIX_KERNELS_CONV_PARTS_H
#define FORNIX_KERNELS_CONV_PARTS_H

#include <string.h>

#include "conv.h"
#include "isa_micro.h"

static inline int64_t conv_min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t conv_max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static inline int64_t conv_shares(int64_t count, int64_t size) /* how many of size hold count */
{
    return (count + size - 1) / size;
}

static inline int64_t conv_blocks(int64_t channels) /* of ISA_LANES channels */
{
    return conv_shares(channels, ISA_LANES);
}

static inline int conv_width(int64_t channels, int64_t block) /* channels in a block */
{
    return (int)conv_min(ISA_LANES, channels - block * ISA_LANES);
}

static inline int64_t conv_taps(const Conv *conv)
{
    return conv->kernel[0] * conv->kernel[1] * conv->kernel[2];
}

static inline int64_t conv_extent_of(FornixShape shape, int axis)
{
    return axis == 0 ? shape.d : axis == 1 ? shape.h : shape.w;
}

/* Channels summed over and channels made by conv_apply. */
static inline FornixShape conv_in(const Conv *conv, ConvTask task)
{
    return task == CONV_FORWARD ? conv->x : conv->y;
}

static inline FornixShape conv_out(const Conv *conv, ConvTask task)
{
    return task == CONV_FORWARD ? conv->y : conv->x;
}

/* Bias of a block of channels, zero behind the last channel. */
static inline void conv_start(float start[ISA_LANES], const float *bias, int64_t channels,
                              int64_t block)
{
    for (int j = 0; j < ISA_LANES; j++)
        start[j] = bias && j < conv_width(channels, block) ? bias[block * ISA_LANES + j] : 0;
}

/* ---- Positions along an axis that share their taps ---------------------------------------- */

/* Positions first, first + step... (count of them) of what is made, which read from `in` on,
 * in_step further for each position: taps of them, tap_in apart, through the weights tap,
 * tap + tap_step...; taps may be 0. Weights count backwards in an input gradient. */
typedef struct {
    int64_t first, step, count;
    int64_t in, in_step;
    int64_t tap, tap_step, tap_in, taps;
} ConvRange;

/* The longest such range that begins at `first` and ends before `end`. */
ConvRange conv_range(const Conv *conv, ConvTask task, int axis, int64_t first, int64_t end);

/* How many interleaved series of ranges cover an axis: those that begin at 0, 1... */
static inline int64_t conv_phases(const Conv *conv, ConvTask task, int axis)
{
    return task == CONV_INPUT_GRADIENT ? conv->stride[axis] : 1;
}

/* ---- Strided walks through memory ----------------------------------------------------------- */

/* Whether x is read in short pieces that lie apart, and too large to stay in the last cache. */
bool conv_far(const Conv *conv);

/* Reads a float of every piece that the positions of one row see, well before sums wait for them
 * one after the other. (Asking for them by prefetching does nothing where pages must be looked up.)
 * first: of the taps d and h, the pixel that the first position sees first. */
void conv_touch(const FornixView *x, const ConvRange *d, const ConvRange *h, const ConvRange *w,
                const float *first);

/* ---- Ways to do it -------------------------------------------------------------------------- */

typedef struct {
    int64_t (*grains)(const Conv *conv, ConvTask task, int pass);
    int64_t (*scratch)(const Conv *conv, ConvTask task);
    void (*compute)(const Conv *conv, ConvTask task, const ConvApply *apply, int pass,
                    int64_t begin, int64_t end);
} ConvApplyWay;

extern const ConvApplyWay conv_direct, conv_gathered, conv_winograd;

/* Whether few pixels meet many channels, so that gathering them pays. */
bool conv_gathers(const Conv *conv, ConvTask task);

/* The gradient of the weights without the sums for biases. */
typedef struct {
    int64_t (*grains)(const Conv *conv, int pass);
    int64_t (*scratch)(const Conv *conv);
    void (*compute)(const Conv *conv, const ConvWeightGradient *gradient, int pass, int64_t begin,
                    int64_t end);
} ConvWeightWay;

extern const ConvWeightWay conv_weight_direct, conv_weight_gathered, conv_weight_winograd;

/* The same of this. */
bool conv_weight_gathers(const Conv *conv);

/* parts[0][i] = sum over `count` parts, `size` apart, of their element i in [begin, end); pairs,
 * then pairs of pairs: the error grows with the logarithm of count. Parts are used up. */
void conv_sum_parts(float *parts, int64_t count, int64_t size, int64_t begin, int64_t end);

#endif
