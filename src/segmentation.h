/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a predicted mask is worth, of one subject and one class.
 *
 *   Dice = 2 |P and T| / (|P| + |T|)        IoU = |P and T| / |P or T|
 *   HD95, NSD: see surface.h, in mm where the image's spacing is known, else in voxels
 *   volume error = ||P| - |T|| / |T|        volume bias = (|P| - |T|) / |T|
 *
 * Where neither mask has the class, nothing is said (NAN: left out), or what the user decides: one
 * is a perfect score (HD95 and volume error 0), zero the worst (HD95 the image's diagonal, volume
 * error 1, bias 0). Where just one has it, Dice, IoU and NSD are 0 and HD95 is the diagonal;
 * without a true voxel there is no volume error.
 */
#ifndef FORNIX_SEGMENTATION_H
#define FORNIX_SEGMENTATION_H

#include "overlap.h"
#include "surface.h"

enum { DICE, IOU, HD95, NSD, VOLUME_ERROR, VOLUME_BIAS, SEGMENTATION_FIGURES };

const char *segmentation_name(int figure);  /* "volume_error" */
const char *segmentation_title(int figure); /* "volume error" */

typedef struct {
    EmptyPolicy empty;
    double tolerance; /* of NSD */
} SegmentationRules;

/* surfaces NULL: not measured, HD95 and NSD are NAN. */
void segmentation_judge(const Overlap *overlap, Surfaces *surfaces, SegmentationRules rules,
                        double figures[SEGMENTATION_FIGURES]);

#endif
