/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How far the surfaces of a predicted mask and of the true one lie apart.
 *
 * An overlap does not see where the voxels lie that are wrong: an island far away costs as much as
 * a rim. Definitions:
 *
 *   surface   the voxels of a mask that share a face with a voxel outside of it; what lies beyond
 *             the image is outside, axes with a single voxel do not count
 *   distance  from a surface voxel of one mask to the nearest of the other, between centres; where
 *             the other mask is empty, the image's diagonal: the largest distance there can be
 *   HD95      the larger of the two directed 95th percentiles (linear between order statistics)
 *   NSD       the share of the surface voxels of both masks that lie within a tolerance of the
 *             other's surface (Nikolov et al. 2021, with voxels in the place of surface elements)
 */
#ifndef FORNIX_SURFACE_H
#define FORNIX_SURFACE_H

#include <stdbool.h>
#include <stdint.h>

#include "fornix-error.h"

/* An image's two masks as classes of voxels, W fastest; size and spacing along W, H, D. What is no
 * class in the truth (-1: not annotated) is in neither mask. */
typedef struct {
    int64_t size[3];
    double spacing[3];
    const float *predicted, *truth;
} MaskPair;

/* The distances from the predicted surface to the true one, and back: of one image, or of all
 * images of a subject. Starts with {0}. */
typedef struct {
    double *apart[2];
    int64_t count[2], room[2];
    double diagonal; /* of the largest image */
} Surfaces;

double mask_diagonal(const MaskPair *pair);
/* Adds those of a class; false where there is no memory for them. */
bool surfaces_add(Surfaces *surfaces, const MaskPair *pair, int64_t class, FornixError *error);
void surfaces_free(Surfaces *surfaces);

/* NAN where neither mask has a surface. They sort the distances. */
double surfaces_hd95(Surfaces *surfaces);
double surfaces_nsd(const Surfaces *surfaces, double tolerance);

#endif
