/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Resampling of images and masks under one transform.
 *
 * A warp says, for each voxel x = (d, h, w) of the output, where in the input its value is:
 *
 *   y = M x + m + u(x)
 *
 * with an affine part (M, m) and a displacement u (optional, in voxels). Images are interpolated
 * linearly, masks by the nearest voxel, so that no class is made up between two others; what lies
 * outside takes the value of the border. Both go through the same y, bit by bit.
 *
 * Tensors are one sample, dense: D x H x W x C. Work is cut by rows (of W voxels, D x H of them);
 * rows are independent of each other.
 */
#ifndef FORNIX_WARP_H
#define FORNIX_WARP_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    int64_t size[3];              /* D H W, of input and output */
    float matrix[3][4];           /* rows give y_d, y_h, y_w from (d, h, w, 1) */
    const float *displacement[3]; /* D x H x W each, along d, h, w; NULL: none */
} Warp;

/* What the affine part does to the picture, in this order, about the grid's centre: flip, zoom,
 * shear, rotate, shift. */
typedef struct {
    bool flip[3];
    double zoom[3];   /* factors; above 1 magnifies */
    double shear[3];  /* d by h, d by w, h by w: voxels per voxel */
    double rotate[3]; /* radians in the planes h-w, d-w, d-h: the first axis towards the second */
    double shift[3];  /* voxels */
} Affine;

extern const Affine affine_identity;

/* A warp of that grid without displacement. Axes of size 1 stay as they are. */
Warp warp_affine(const int64_t size[3], const Affine *affine);

void warp_image(const Warp *warp, int64_t channels, const float *in, float *out, int64_t row_begin,
                int64_t row_end);
void warp_mask(const Warp *warp, const float *in, float *out, int64_t row_begin, int64_t row_end);

#endif
