/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The files of one volume, read onto its grid: side by side as the channels of an image, or as a
 * mask. Intensities are scaled, values of masks named, on the file's own voxels. */
#ifndef FORNIX_SCAN_H
#define FORNIX_SCAN_H

#include "pixels.h"
#include "volume.h"

typedef struct ScanFiles {
    const char *const *paths;
    int64_t count;
    int64_t channels;     /* of all files; a mask's file has one */
    const MaskMap *mask;  /* NULL: an image */
    int scale;            /* of an image, a SCALE_ of pixels.h */
    bool least;           /* beyond an image lies its least value, scaled; else 0 */
    const float *replace; /* as for volume_read */
} ScanFiles;

/* Into volume_bytes(map, channels). A file that became another while it was used is refused. */
bool scan_load(const ScanFiles *files, const VolumeMap *map, float *grid, FornixError *error);

#endif
