/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Classes of pixels, predicted and true, put together from a subject's rows and brought back to
 * the voxels of the image that they came from.
 *
 * A grid that was resampled counts its own pixels, of which each stands for several voxels or for
 * a part of one. Both masks are brought back by the row's own map, nearest voxel: what a crop cut
 * away is background in both, and so are slices that no row holds.
 */
#ifndef FORNIX_IMAGE_SPACE_H
#define FORNIX_IMAGE_SPACE_H

#include "node.h"
#include "overlap.h"
#include "volume.h"

typedef struct {
    VolumeMap map;
    int64_t bytes;            /* of each volume */
    float *predicted, *truth; /* on the grid, W x H x D */
} ImageSpace;

/* Volumes of background for rows with this space; false where there is no way back. */
bool image_space_open(ImageSpace *image, const FornixSpace *space, FornixError *error);
void image_space_close(ImageSpace *image);

/* Puts the classes of a row (of that shape, one number a pixel) where they belong. */
bool image_space_put(ImageSpace *image, const FornixSpace *space, FornixShape shape,
                     const float *predicted, const float *truth, FornixError *error);
/* Adds the voxels of the image to overlap[classes]. */
bool image_space_count(const ImageSpace *image, int64_t classes, Overlap *overlap,
                       FornixError *error);

#endif
