/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How the memory-bound kernels walk a tensor: blocks of pixels, lanes of channels.
 *
 * A tensor is fornix_pixels(shape) pixels, pitch_w floats apart, of c channels side by side. A
 * grain is a block of pixels of about 64 KiB, counted from the shape alone: big enough to hide the
 * cost of handing it out, small enough to stay in a core's cache between two sweeps. Within a
 * grain, channels go LANES at a time, with their coefficients and sums in local arrays that the
 * compiler keeps in vector registers; or WIDE at a time where that would leave too short a run of
 * memory to fetch ahead. Bodies are INLINE, so that ISA_KERNEL can compile each of
 * them for several instruction sets.
 */
#ifndef FORNIX_KERNELS_LANES_H
#define FORNIX_KERNELS_LANES_H

#include "../node.h"
#include "isa.h"

/* GCC only turns a selection between two sums into a vector blend where it need not care for
 * floating point exceptions; NaN and infinity keep their meaning. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3", "no-trapping-math", "no-math-errno")
#endif

#define INLINE static inline __attribute__((always_inline))

/* Before a loop whose iterations do not depend on each other, though its pointers may be equal. */
#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

/* A kernel for this file alone. */
#define KERNEL(name, parameters, arguments)                                                        \
    static void name parameters;                                                                   \
    ISA_KERNEL(name, parameters, arguments)

/* for (int l = 0; l < count; l++), kept a loop until it is made into vectors: GCC would unroll a
 * count that it knows into scalars first. */
#if defined(__clang__)
#define FOR_LANES(l, count) for (int l = 0; l < (count); l++)
#else
#define FOR_LANES(l, count) _Pragma("GCC unroll 1") for (int l = 0; l < (count); l++)
#endif

enum { LANES = 16, WIDE = 64, GRAIN_FLOATS = 16384 };

/* Runs a statement with `width` a constant where that is a usual one: its loops become vectors. */
#define WITH_WIDTH(count, statement)                                                               \
    do {                                                                                           \
        switch (count) {                                                                           \
            WIDTH_CASE(4, statement)                                                               \
            WIDTH_CASE(8, statement)                                                               \
            WIDTH_CASE(16, statement)                                                              \
            WIDTH_OTHER(count, statement)                                                          \
        }                                                                                          \
    } while (0)
#define WITH_WIDE(count, statement)                                                                \
    do {                                                                                           \
        switch (count) {                                                                           \
            WIDTH_CASE(4, statement)                                                               \
            WIDTH_CASE(8, statement)                                                               \
            WIDTH_CASE(16, statement)                                                              \
            WIDTH_CASE(32, statement)                                                              \
            WIDTH_CASE(64, statement)                                                              \
            WIDTH_OTHER(count, statement)                                                          \
        }                                                                                          \
    } while (0)
#define WIDTH_CASE(lanes, statement)                                                               \
    case lanes: {                                                                                  \
        enum { width = lanes };                                                                    \
        statement;                                                                                 \
        break;                                                                                     \
    }
#define WIDTH_OTHER(count, statement)                                                              \
    default: {                                                                                     \
        const int width = (count);                                                                 \
        statement;                                                                                 \
    }

INLINE int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

INLINE int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

INLINE int64_t shares(int64_t count, int64_t size) /* how many blocks of size hold count */
{
    return (count + size - 1) / size;
}

INLINE int lane_count(int lanes, int64_t channels, int64_t first)
{
    return (int)least(lanes, channels - first);
}

INLINE int64_t sample_pixels(FornixShape shape)
{
    return shape.d * shape.h * shape.w;
}

INLINE int64_t grain_pixels(int64_t channels)
{
    return most(1, GRAIN_FLOATS / channels);
}

/* Grains of a pass over all pixels of a batch, and over each sample apart. */
INLINE int64_t batch_grains(FornixShape shape)
{
    return shares(fornix_pixels(shape), grain_pixels(shape.c));
}

INLINE int64_t sample_blocks(FornixShape shape)
{
    return shares(sample_pixels(shape), grain_pixels(shape.c));
}

/* Pixels [first, first + count) of the batch: what a grain of N * sample_blocks covers. */
typedef struct {
    int64_t sample, first, count;
} PixelBlock;

INLINE PixelBlock pixel_block(FornixShape shape, int64_t grain)
{
    int64_t blocks = sample_blocks(shape), size = grain_pixels(shape.c);
    int64_t sample = grain / blocks, offset = grain % blocks * size;
    return (PixelBlock){.sample = sample,
                        .first = sample * sample_pixels(shape) + offset,
                        .count = least(size, sample_pixels(shape) - offset)};
}

/* The same pixels as rows: one long row where every view in play is dense. */
typedef struct {
    int64_t first, rows, length;
} RowBlock;

INLINE RowBlock row_block(int64_t first, int64_t pixels, int64_t channels, bool dense)
{
    return dense ? (RowBlock){first, 1, pixels * channels} : (RowBlock){first, pixels, channels};
}

INLINE RowBlock batch_rows(FornixShape shape, bool dense, int64_t begin, int64_t end)
{
    int64_t size = grain_pixels(shape.c), first = begin * size;
    return row_block(first, least(end * size, fornix_pixels(shape)) - first, shape.c, dense);
}

INLINE bool view_dense(const FornixView *view)
{
    return view->pitch_w == view->shape.c;
}

INLINE bool tensor_dense(const FornixTensor *tensor)
{
    return tensor->pitch_w == tensor->shape.c;
}

#endif
