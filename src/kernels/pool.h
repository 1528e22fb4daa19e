/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Maximum and average over windows, one to three dimensions, and their gradients.
 *
 *   output size = floor((size + 2 padding - kernel) / stride) + 1        in each of d, h, w
 *
 * Padding never wins a maximum; an average divides by the whole kernel, padding included, unless
 * told to count pixels alone. The first of equal values wins and takes the gradient; NaN counts as
 * the greatest. Forward notes the winner's number in its window, (kd * h + kh) * w + kw, in a byte
 * where a window has up to 256 pixels, else in four, so that the gradient reads neither x nor y.
 *
 * One pass each of pool_grains. In backward a grain owns a box of input rows and gathers what the
 * windows that touch it send there, in window order; windows that do not overlap are read once.
 */
#ifndef FORNIX_KERNELS_POOL_H
#define FORNIX_KERNELS_POOL_H

#include "../node.h"

typedef struct {
    int64_t kernel[3], stride[3], padding[3]; /* D H W; padding at most half the kernel */
    bool average;
    bool pixels_alone; /* average: divide by the pixels inside the image */
} Pool;

FornixShape pool_output(const Pool *pool, FornixShape x); /* a size of 0 where none fits */
int64_t pool_grains(const Pool *pool, FornixShape x);     /* both directions */
int64_t pool_winner_bytes(const Pool *pool, FornixShape x);

typedef struct {
    FornixView x;
    FornixTensor y;
    void *winner; /* maximum only: pool_winner_bytes; NULL: not wanted */
} PoolForward;

typedef struct {
    FornixView dy;
    FornixTensor dx;
    const void *winner;
    bool adds; /* to what dx holds */
} PoolBackward;

void pool_forward(const Pool *pool, const PoolForward *forward, int64_t begin, int64_t end);
void pool_backward(const Pool *pool, const PoolBackward *backward, int64_t begin, int64_t end);

#endif
