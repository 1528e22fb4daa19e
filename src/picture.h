/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures: PNG files read as floats and written for people to look at.
 *
 * Values are those of the file, 0 to 255 or 0 to 65535, without any gamma: in a mask they are
 * class indices. Fewer than 8 bits of grey are read as they are (0 and 1 of a bitmap); a palette is
 * looked up; alpha is dropped.
 */
#ifndef FORNIX_PICTURE_H
#define FORNIX_PICTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "text.h"

typedef struct {
    int64_t height, width, channels; /* 1: grey, 3: red, green, blue */
    int depth;                       /* bits of a channel in the file: 1, 2, 4, 8 or 16 */
} PictureInfo;

enum { PICTURE_SIDE = 32768 }; /* the most pixels of a side */

bool picture_inspect(const char *path, PictureInfo *info, FornixError *error);
/* Height x width x channels floats, freed with mem_large_free and picture_bytes; NULL on failure.
 */
float *picture_read(const char *path, PictureInfo *info, FornixError *error);
int64_t picture_bytes(const PictureInfo *info);
/* Colours to grey in place: .299 R + .587 G + .114 B, equal ones unchanged. The memory stays. */
void picture_to_grey(float *pixels, PictureInfo *info);

/* 8 bits; channels is 1 or 3. The file appears whole. */
bool picture_write(const char *path, const uint8_t *pixels, int64_t height, int64_t width,
                   int64_t channels, FornixError *error);
/* The same file's bytes, added to png. */
bool picture_encode(const uint8_t *pixels, int64_t height, int64_t width, int64_t channels,
                    Text *png, FornixError *error);
/* One channel (of `channels`) of an image as grey, low to 0 and high to 255. */
void picture_window(const float *image, int64_t pixels, int64_t channels, int64_t channel,
                    float low, float high, uint8_t *grey);
/* Grey as red, green, blue, with the pixels of each class of the mask (1 and up) that have a
 * neighbour of another class in that class's colour. */
void picture_outline(const uint8_t *grey, const float *mask, int64_t height, int64_t width,
                     uint8_t *colours);

#endif
