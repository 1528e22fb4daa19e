/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What loaders do to pixels: intensities to a common scale, the values of mask files to classes. */
#ifndef FORNIX_PIXELS_H
#define FORNIX_PIXELS_H

#include "arena.h"
#include "node.h"

/* none, zscore: (x - mean) / deviation; foreground: the same of all that is not 0, which stays 0;
 * percentile: 1 % and 99 % of all that is not 0 become 0 and 1, what lies beyond is clipped;
 * byte: x / 255. */
extern const char *const pixels_scales[];
enum { SCALE_NONE, SCALE_ZSCORE, SCALE_FOREGROUND, SCALE_PERCENTILE, SCALE_BYTE };

/* Each channel of one image in place. false: no memory. */
bool pixels_scale(float *image, int64_t pixels, int64_t channels, int scale, FornixError *error);
float pixels_least(const float *image, int64_t count);
/* Pixels of `channels` each to where others have `total`: a part of theirs. */
void pixels_interleave(const float *image, int64_t pixels, int64_t channels, float *out,
                       int64_t total);
/* Pixels of `channels` each to where others have `total`: a part of theirs. */
void pixels_interleave(const float *image, int64_t pixels, int64_t channels, float *out,
                       int64_t total);

typedef struct MaskMap {
    int64_t classes; /* with the background, class 0 */
    int64_t count;   /* of values; 0: all but 0 are class 1 */
    double *values;
    int32_t *class;
} MaskMap;

/* "any": all but 0; else a word a class, from 1: "1,2,4" or "1 2 4". Told at where. */
bool mask_map_read(FornixBuild *build, const char *where, FornixList words, Arena *arena,
                   MaskMap *map);
/* In place; values without a class become 0. A value that is no whole number is a failure. */
bool mask_map_apply(const MaskMap *map, float *mask, int64_t count, FornixError *error);

#endif
