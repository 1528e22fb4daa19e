/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A slice of an image with the outlines of masks, as a picture for people to look at. */
#ifndef FORNIX_SLICE_H
#define FORNIX_SLICE_H

#include "node.h"

typedef struct SliceRequest {
    const FornixTable *table;
    int image; /* its column; -1: how likely each pixel is said to be of any class but 0 */
    int64_t channel;
    int mask, truth; /* columns; truth -1: there is none */
} SliceRequest;

typedef struct Slice {
    uint8_t *colours;      /* red, green, blue; mem_free */
    int64_t height, width; /* of both panels: the truth on the left, the mask on the right */
} Slice;

/* Of a volume the slice with most of the truth. All columns have the mask's size. */
bool slice_draw(const SliceRequest *request, int64_t row, Slice *slice, FornixError *error);

#endif
