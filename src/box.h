/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tensors between guards: what a pass left unwritten, or wrote where it may not, is seen
 * afterwards. Every float of a new box is poison, a NaN that no arithmetic starts from. */
#ifndef FORNIX_BOX_H
#define FORNIX_BOX_H

#include "kernels/elementwise.h"
#include "node.h"

enum { GUARD = 64 }; /* floats in front and behind */

typedef struct Box {
    FornixTensor tensor;
    float *memory; /* with the guards, aligned to 64 bytes */
    size_t count;
    void *base;
} Box;

float poison(void);

/* A tensor of `gap` more floats a pixel than channels. */
Box box_new(FornixShape shape, int64_t gap);
Box box_random(FornixShape shape, int64_t gap, uint64_t *seed); /* in [-2, 2) */
void box_free(Box *box);                                        /* {0} is fine */
FornixView box_view(const Box *box);

/* Element i, counted as in a dense tensor. */
static inline float *tensor_at(const FornixTensor *t, int64_t i)
{
    return t->data + i / t->shape.c * t->pitch_w + i % t->shape.c;
}

static inline float *box_at(const Box *box, int64_t i)
{
    return tensor_at(&box->tensor, i);
}

typedef enum { BOX_FINE, BOX_UNWRITTEN, BOX_OUTSIDE } BoxState;

/* Whether all of the tensor was written, and nothing between its pixels nor round it: that goes
 * first. at: the first float where not, from the tensor's first one on. */
BoxState box_state(const Box *box, int64_t *at);

/* Numbers in [-1, 1) that depend on the seed alone. */
static inline double draw(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(*seed >> 40) / (double)(1 << 23) - 1;
}

/* Numbers as they are usual for a kind, the same whatever the pitch. classes 0: not known. */
void tensor_draw(const FornixTensor *tensor, unsigned kind, int64_t classes, uint64_t *seed);

#endif
