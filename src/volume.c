/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The voxels of a NIfTI file as oriented floats, and slices of them.
 *
 * Voxels are decoded in tiles as they come out of the gzip stream and put where they belong at
 * once: reading takes the time that inflating takes, and no second copy of the image.
 */
#include "volume_parts.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base.h"

enum { TILE = 8192 }; /* voxels */

typedef struct {
    const VolumeHeader *header;
    const char *path;
    const float *replace;
    FornixError *error;
    float *out;
    VolumeStrides strides;
    int64_t at; /* voxels done, of all channels */
} Filling;

int64_t volume_bytes(const VolumeMap *map, int64_t channels)
{
    return map->size[0] * map->size[1] * map->size[2] * channels * (int64_t)sizeof(float);
}

VolumeStrides volume_strides(const VolumeMap *map, int64_t channels)
{
    VolumeStrides strides = {0};
    int64_t step = channels;
    for (int a = 0; a < 3; a++) {
        int64_t length = map->file_size[map->axis[a]];
        strides.step[map->axis[a]] = map->flip[a] ? -step : step;
        strides.first += map->flip[a] ? step * (length - 1) : 0;
        step *= length;
    }
    return strides;
}

#define EACH(Type)                                                                                 \
    for (int64_t n = 0; n < count; n++) {                                                          \
        Type x;                                                                                    \
        memcpy(&x, bytes + (size_t)n * sizeof x, sizeof x);                                        \
        out[n] = plain ? (float)x : (float)((double)x * header->slope + header->intercept);        \
    }                                                                                              \
    break

static void decode(const VolumeHeader *header, char *bytes, int64_t count, float *out)
{
    bool plain = header->slope == 1 && header->intercept == 0;
    if (header->swap && header->type->size > 1)
        nifti_swap_Nbytes(count, (int)header->type->size, bytes);
    switch (header->type->code) {
    case DT_UINT8: EACH(uint8_t);
    case DT_INT8: EACH(int8_t);
    case DT_INT16: EACH(int16_t);
    case DT_UINT16: EACH(uint16_t);
    case DT_INT32: EACH(int32_t);
    case DT_UINT32: EACH(uint32_t);
    case DT_INT64: EACH(int64_t);
    case DT_UINT64: EACH(uint64_t);
    case DT_FLOAT32: EACH(float);
    default: EACH(double);
    }
}

static bool check_finite(const Filling *filling, float *values, int64_t count)
{
    bool finite = true;
    for (int64_t n = 0; n < count; n++)
        finite &= fabsf(values[n]) <= FLT_MAX;
    if (finite)
        return true;
    const int64_t *size = filling->header->size;
    for (int64_t n = 0; n < count; n++) {
        if (fabsf(values[n]) <= FLT_MAX)
            continue;
        int64_t at = filling->at + n;
        if (!filling->replace)
            return fornix_fail_input(
                filling->error,
                "%s: voxel (%" PRId64 ", %" PRId64 ", %" PRId64 ") of volume %" PRId64 " is %s",
                filling->path, at % size[0], at / size[0] % size[1],
                at / (size[0] * size[1]) % size[2], at / (size[0] * size[1] * size[2]),
                isnan(values[n]) ? "NaN" : "infinite");
        values[n] = *filling->replace;
    }
    return true;
}

/* Puts values, the next of the file, where they belong: row by row along i. */
static void place(Filling *filling, const float *values, int64_t count)
{
    const int64_t *size = filling->header->size, *step = filling->strides.step;
    while (count > 0) {
        int64_t row = filling->at / size[0], i = filling->at % size[0];
        int64_t j = row % size[1], k = row / size[1] % size[2], t = row / (size[1] * size[2]);
        int64_t part = size[0] - i < count ? size[0] - i : count;
        float *to =
            filling->out + filling->strides.first + t + k * step[2] + j * step[1] + i * step[0];
        if (step[0] == 1)
            memcpy(to, values, (size_t)part * sizeof *to);
        else
            for (int64_t n = 0; n < part; n++)
                to[n * step[0]] = values[n];
        values += part;
        count -= part;
        filling->at += part;
    }
}

static bool fill(gzFile file, Filling *filling)
{
    const VolumeHeader *header = filling->header;
    char bytes[TILE * sizeof(double)];
    float values[TILE];
    int64_t total = header->offset + header->bytes;
    for (int64_t left = header->bytes / header->type->size; left > 0;) {
        int64_t count = left < TILE ? left : TILE;
        if (!volume_fetch(file, filling->path, bytes, count * header->type->size, total,
                          filling->error))
            return false;
        decode(header, bytes, count, values);
        if (!check_finite(filling, values, count))
            return false;
        place(filling, values, count);
        left -= count;
    }
    /* The stream's checksum is looked at only when its end is read; damage may have moved that. */
    int status = Z_OK;
    while (gzread(file, bytes, sizeof bytes) > 0)
        continue;
    const char *reason = volume_reason(file, &status);
    return status == Z_OK || status == Z_STREAM_END ||
           fornix_fail_input(filling->error, "%s: damaged: %s", filling->path, reason);
}

static bool pass_extensions(gzFile file, const VolumeHeader *header, const char *path,
                            FornixError *error)
{
    if (gzseek(file, (z_off_t)header->offset, SEEK_SET) == (z_off_t)header->offset)
        return true;
    return fornix_fail_input(error, "%s is truncated: %jd of %" PRId64 " bytes", path,
                             (intmax_t)gztell(file), header->offset + header->bytes);
}

float *volume_read(const char *path, VolumeInfo *info, const float *replace, FornixError *error)
{
    VolumeHeader header;
    gzFile file = volume_open(path, &header, error);
    if (!file)
        return NULL;
    Filling filling = {.header = &header, .path = path, .replace = replace, .error = error};
    int64_t bytes = 0;
    bool ok = volume_orient(&header, path, info, error);
    if (ok) {
        bytes = volume_bytes(&info->map, header.channels);
        filling.strides = volume_strides(&info->map, header.channels);
        filling.out = mem_large((size_t)bytes);
        ok = filling.out || fornix_fail(error, "%s: no memory for its %" PRId64 " MB as floats",
                                        path, bytes >> 20);
    }
    ok = ok && pass_extensions(file, &header, path, error) && fill(file, &filling);
    gzclose(file);
    if (ok)
        return filling.out;
    if (filling.out)
        mem_large_free(filling.out, (size_t)bytes);
    return NULL;
}

static void slice_axes(int axis, int *across, int *down)
{
    *across = axis == 0 ? 1 : 0;
    *down = axis == 2 ? 1 : 2;
}

void volume_slice_size(const int64_t size[3], int axis, int64_t out[2])
{
    int across, down;
    slice_axes(axis, &across, &down);
    out[0] = size[across];
    out[1] = size[down];
}

/* The row y of a slice: where it begins in the grid and how far its pixels are apart. */
static int64_t slice_row(const int64_t size[3], int64_t channels, int axis, int64_t index,
                         int64_t y, int64_t *step)
{
    int64_t steps[3] = {channels, channels * size[0], channels * size[0] * size[1]};
    int across, down;
    slice_axes(axis, &across, &down);
    *step = steps[across];
    return index * steps[axis] + y * steps[down];
}

void volume_take_slice(const float *grid, const int64_t size[3], int64_t channels, int axis,
                       int64_t index, float *slice)
{
    int64_t area[2], step;
    volume_slice_size(size, axis, area);
    for (int64_t y = 0; y < area[1]; y++) {
        const float *row = grid + slice_row(size, channels, axis, index, y, &step);
        for (int64_t x = 0; x < area[0]; x++, slice += channels)
            memcpy(slice, row + x * step, (size_t)channels * sizeof *slice);
    }
}

void volume_put_slice(float *grid, const int64_t size[3], int64_t channels, int axis, int64_t index,
                      const float *slice)
{
    int64_t area[2], step;
    volume_slice_size(size, axis, area);
    for (int64_t y = 0; y < area[1]; y++) {
        float *row = grid + slice_row(size, channels, axis, index, y, &step);
        for (int64_t x = 0; x < area[0]; x++, slice += channels)
            memcpy(row + x * step, slice, (size_t)channels * sizeof *slice);
    }
}
