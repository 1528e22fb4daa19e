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
#include "volume.h"

typedef struct {
    VolumeMap map;
    int64_t bytes;            /* of each volume */
    int64_t size[3];          /* of each: the grid's, or once brought back the image's */
    float *predicted, *truth; /* W x H x D */
} ImageSpace;

/* Whether rows with this space know their way back. */
bool image_space_known(const FornixSpace *space);
/* Volumes of background for rows with this space; false where there is no way back. */
bool image_space_open(ImageSpace *image, const FornixSpace *space, FornixError *error);
void image_space_close(ImageSpace *image);

/* Puts the classes of a row (of that shape, one number a pixel) where they belong. */
bool image_space_put(ImageSpace *image, const FornixSpace *space, FornixShape shape,
                     const float *predicted, const float *truth, FornixError *error);
/* Brings both from the grid to the voxels of the image. */
bool image_space_back(ImageSpace *image, FornixError *error);

#endif
