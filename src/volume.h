/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Volumes: NIfTI-1 and -2 images (.nii, .nii.gz) read as floats, oriented, fitted to a grid, and
 * the way back into the image's own space.
 *
 * A scanner stores voxels in any order of axes. Read here, they are oriented to the nearest of
 * RAS: in fornix's D H W C, W runs to the patient's right (R), H to the front (anterior, A), D to
 * the head (superior, S), and the volumes of a 4-D file are the channels. An image that is RAS
 * already keeps its order of bytes: x fastest. Everything done afterwards (crop, pad, another
 * size or spacing) is kept in a VolumeMap of plain numbers, along each axis
 *
 *     place in the oriented image = start + step * place in the grid       (voxel centres)
 *
 * so that what a net says on the grid can be brought back to the voxels of the file. The affine is
 * that of nibabel: the sform if its code says so, else the qform, else pixdim with x to the left.
 * Headers are not trusted: whatever is malformed, truncated or not finite is named and refused.
 */
#ifndef FORNIX_VOLUME_H
#define FORNIX_VOLUME_H

#include <stdbool.h>
#include <stdint.h>

#include "fornix-error.h"

/* Arrays of three run W, H, D in the grid and i, j, k in the file. No pointers: it may be stored.
 */
typedef struct {
    int64_t file_size[3];
    int64_t size[3];          /* of the grid */
    int32_t axis[3];          /* the file's axis along W, H, D */
    int32_t flip[3];          /* 1: the file's axis runs the other way */
    double start[3], step[3]; /* as above */
} VolumeMap;

typedef struct {
    VolumeMap map; /* the whole oriented image: start 0, step 1 */
    int64_t channels;
    double spacing[3];   /* mm along W, H, D */
    double affine[3][4]; /* oriented voxel (w, h, d, 1) to mm (R, A, S) */
    const char *type;    /* as stored: "int16" */
    bool placed;         /* the file says where it lies; else orientation is a convention */
} VolumeInfo;

bool volume_inspect(const char *path, VolumeInfo *info, FornixError *error);
/* The oriented image, map.size[2] x [1] x [0] x channels floats, scaled as the header says; NULL on
 * failure. Freed with mem_large_free and volume_bytes. NaN and infinities are refused, or replaced
 * by *replace. */
float *volume_read(const char *path, VolumeInfo *info, const float *replace, FornixError *error);
int64_t volume_bytes(const VolumeMap *map, int64_t channels); /* of a grid */
/* The same onto a grid that is all of the image (volume_is_whole), without another copy. A file
 * that has become one of another size is refused. */
typedef struct VolumeTarget {
    float *out; /* volume_bytes(map, channels) */
    int64_t channels;
    const float *replace;
} VolumeTarget;
bool volume_read_into(const char *path, const VolumeMap *map, const VolumeTarget *target,
                      FornixError *error);

/* ---- The grid ---- */

typedef enum { VOLUME_CENTRE, VOLUME_CORNER } VolumeAnchor; /* the low corner of all axes */
typedef enum { VOLUME_LINEAR, VOLUME_NEAREST } VolumeSampling;

/* The grid cut or padded to size; the centre, or the low corner, stays where it is. */
VolumeMap volume_crop(VolumeMap map, const int64_t size[3], VolumeAnchor anchor);
/* The same field of view in another number of voxels, or the nearest to it in another spacing. */
VolumeMap volume_resize(VolumeMap map, const int64_t size[3]);
VolumeMap volume_respace(VolumeMap map, const double spacing[3], const double wanted[3]);
/* mm along W, H, D of a voxel of the grid, from those of the image. */
void volume_spacing(const VolumeMap *map, const double spacing[3], double out[3]);

/* Oriented image to grid, and back. Outside of what there is: fill. Linear shrinking averages over
 * the new voxel (a triangle), so that it does not alias. */
bool volume_to_grid(const VolumeMap *map, VolumeSampling sampling, const float *image,
                    int64_t channels, float fill, float *grid, FornixError *error);
bool volume_from_grid(const VolumeMap *map, VolumeSampling sampling, const float *grid,
                      int64_t channels, float fill, float *image, FornixError *error);
void volume_image_size(const VolumeMap *map, int64_t size[3]); /* of the oriented image, W H D */
/* Whether the grid is the oriented image, voxel by voxel. */
bool volume_is_whole(const VolumeMap *map);

/* ---- Slices ---- */

/* Slice `index` across axis (0 R, 1 A, 2 S) of a grid of that size: the other two axes stay in
 * order, the later one is the height. volume_slice_size gives {width, height}. */
void volume_slice_size(const int64_t size[3], int axis, int64_t out[2]);
void volume_take_slice(const float *grid, const int64_t size[3], int64_t channels, int axis,
                       int64_t index, float *slice);
/* Whether anything in each slice of one channel lies above 0. */
void volume_filled_slices(const float *grid, const int64_t size[3], int axis, bool *filled);
void volume_put_slice(float *grid, const int64_t size[3], int64_t channels, int axis, int64_t index,
                      const float *slice);

/* ---- Writing ---- */

typedef enum { VOLUME_UINT8, VOLUME_INT16, VOLUME_FLOAT32 } VolumeType; /* rounded, clamped */

/* An oriented image into the space of the file `reference`: its order of axes, its affine, its
 * header. path ends with .nii or .nii.gz; the file appears whole. */
bool volume_write_like(const char *path, const char *reference, const float *image,
                       int64_t channels, VolumeType type, FornixError *error);
/* An image of its own, RAS: size, affine and channels of info. */
bool volume_write(const char *path, const VolumeInfo *info, const float *image, VolumeType type,
                  FornixError *error);

#endif
