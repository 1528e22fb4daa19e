/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How loaders bring images of many sizes onto one grid, and what a row of it looks like. */
#ifndef FORNIX_FIT_H
#define FORNIX_FIT_H

#include "node.h"
#include "volume.h"

extern const char *const fit_choices[]; /* for attributes `fit` */
extern const char *const fit_anchors[]; /* for attributes `anchor` */
enum { FIT_CROP, FIT_RESAMPLE };

typedef struct Fitting {
    FornixDims size;    /* D H W, of slices H W; count 0: as it is */
    FornixList spacing; /* mm along D H W, or one for all; count 0: as it is */
    int fit;            /* FIT_CROP or FIT_RESAMPLE, to reach size */
    int anchor;         /* VolumeAnchor, of a crop */
    int axis;           /* that slices are across; -1: whole volumes */
} Fitting;

/* The grid of an image, and mm along its W H D. Mistakes are told at size and spacing. */
bool fit_volume(FornixBuild *build, const Fitting *fitting, const VolumeInfo *info, VolumeMap *map,
                double spacing[3]);
/* Of a row: the grid, or a slice of it across axis. */
FornixShape fit_shape(const VolumeMap *map, int axis, int64_t channels);

#endif
