/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What reading and writing volumes share: the checked header of a NIfTI file. */
#ifndef FORNIX_VOLUME_PARTS_H
#define FORNIX_VOLUME_PARTS_H

#include <nifti2_io.h>
#include <zlib.h>

#include "volume.h"

typedef struct {
    const char *name;
    int code;     /* of NIfTI */
    int64_t size; /* bytes */
} VoxelType;

typedef struct {
    int version; /* 1 or 2 */
    union {
        nifti_1_header one;
        nifti_2_header two;
    } raw;     /* in this machine's byte order */
    bool swap; /* the data are in the other one */
    const VoxelType *type;
    int64_t size[3], channels, offset, bytes; /* of the data */
    double slope, intercept;
    double affine[3][4]; /* file voxel (i, j, k, 1) to mm */
    bool placed;
} VolumeHeader;

/* Opens a file of voxels and checks all of its header, the length of the data included. */
gzFile volume_open(const char *path, VolumeHeader *header, FornixError *error);
/* As gzread, but of all length bytes; total is how many there should be in the file. */
bool volume_fetch(gzFile file, const char *path, void *out, int64_t length, int64_t total,
                  FornixError *error);
/* All of a gzip file's content at once, which is to be of that many bytes; freed with
 * mem_large_free. NULL where it is not, or not to be had in this way: the stream tells why. */
char *volume_inflate(const char *path, int64_t bytes);
/* What gzerror says. */
const char *volume_reason(gzFile file, int *status);
bool volume_orient(const VolumeHeader *header, const char *path, VolumeInfo *info,
                   FornixError *error);

/* Where file voxel (0, 0, 0) lies in the oriented floats, and how far the next along i, j, k. */
typedef struct {
    int64_t first, step[3];
} VolumeStrides;
VolumeStrides volume_strides(const VolumeMap *map, int64_t channels);

#endif
