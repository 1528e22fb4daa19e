/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The voxels of a NIfTI file as oriented floats, and slices of them.
 *
 * A gzip file is inflated at once, because that is several times as fast as a stream; where that
 * will not do, and of plain files, the bytes come in pieces. Voxels are decoded in tiles that stay
 * in the cache, and put where they belong at once.
 */
#include "volume_parts.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"

enum { TILE = 2048, SIDE = 16, SPAN = 128 }; /* voxels */

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
    for (int64_t n = 0; plain && n < count; n++) {                                                 \
        Type x;                                                                                    \
        memcpy(&x, bytes + (size_t)n * sizeof x, sizeof x);                                        \
        out[n] = (float)x;                                                                         \
    }                                                                                              \
    for (int64_t n = 0; !plain && n < count; n++) {                                                \
        Type x;                                                                                    \
        memcpy(&x, bytes + (size_t)n * sizeof x, sizeof x);                                        \
        out[n] = (float)((double)x * header->slope + header->intercept);                           \
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

/* An exponent of all ones, and one more, carries into the sign. */
static bool all_finite(const float *values, int64_t count)
{
    const uint32_t exponent = 0x7f800000, one = 0x00800000;
    uint32_t carried = 0;
    for (int64_t n = 0; n < count; n++) {
        uint32_t bits;
        memcpy(&bits, values + n, sizeof bits);
        carried |= (bits & exponent) + one;
    }
    return !(carried >> 31);
}

static bool check_finite(const Filling *filling, float *values, int64_t count)
{
    if (all_finite(values, count))
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

static void place_row(const float *values, int64_t count, int64_t step, float *to)
{
    if (step == 1)
        memcpy(to, values, (size_t)count * sizeof *to);
    else if (step == -1) /* said as a constant, it is made into vectors */
        for (int64_t n = 0; n < count; n++)
            to[-n] = values[n];
    else
        for (int64_t n = 0; n < count; n++)
            to[n * step] = values[n];
}

/* Puts values, the next of the file, where they belong: row by row along i. */
static void place(Filling *filling, const float *values, int64_t count)
{
    const int64_t *size = filling->header->size, *step = filling->strides.step;
    while (count > 0) {
        int64_t row = filling->at / size[0], i = filling->at % size[0];
        int64_t j = row % size[1], k = row / size[1] % size[2], t = row / (size[1] * size[2]);
        int64_t part = size[0] - i < count ? size[0] - i : count;
        int64_t to = filling->strides.first + t + k * step[2] + j * step[1] + i * step[0];
        place_row(values, part, step[0], filling->out + to);
        values += part;
        count -= part;
        filling->at += part;
    }
}

/* Values of rows that are neighbours along W, as they lie there. */
static void place_rows(float values[SIDE][SPAN], int64_t rows, int64_t count, int64_t step,
                       float *to)
{
    for (int64_t n = 0; n < count; n++, to += step)
        for (int64_t row = 0; row < rows; row++)
            to[row] = values[row][n];
}

/* Where W is not the file's own row, neighbours in a row come to lie far apart, each in a line of
 * the cache of its own. So some rows are decoded at a time that are neighbours along W. false: not
 * for this file, or a value is not finite, which fill will find. */
static bool fill_turned(Filling *filling, char *whole)
{
    const VolumeHeader *header = filling->header;
    const int64_t *size = header->size, *step = filling->strides.step;
    int near = llabs(step[1]) == 1 ? 1 : 2, far = 3 - near;
    if (header->swap || header->channels > 1 || llabs(step[0]) == 1 || llabs(step[near]) != 1)
        return false;
    int64_t apart = near == 1 ? size[0] : size[0] * size[1]; /* voxels, from row to row */
    for (int64_t f = 0; f < size[far]; f++)
        for (int64_t n = 0; n < size[near]; n += SIDE)
            for (int64_t i = 0; i < size[0]; i += SPAN) {
                float values[SIDE][SPAN];
                int64_t rows = size[near] - n < SIDE ? size[near] - n : SIDE;
                int64_t count = size[0] - i < SPAN ? size[0] - i : SPAN;
                int64_t from = i + n * apart + f * (near == 1 ? size[0] * size[1] : size[0]);
                for (int64_t row = 0; row < rows; row++) {
                    float *to = values[step[near] > 0 ? row : rows - 1 - row];
                    decode(header, whole + (from + row * apart) * header->type->size, count, to);
                    if (!all_finite(to, count))
                        return false;
                }
                int64_t low = step[near] > 0 ? n : n + rows - 1;
                place_rows(values, rows, count, step[0],
                           filling->out + filling->strides.first + f * step[far] +
                               low * step[near] + i * step[0]);
            }
    return true;
}

/* The stream's checksum is looked at only when its end is read; damage may have moved that. */
static bool stream_end(gzFile file, const Filling *filling)
{
    char bytes[TILE * sizeof(double)];
    int status = Z_OK;
    while (gzread(file, bytes, sizeof bytes) > 0)
        continue;
    const char *reason = volume_reason(file, &status);
    return status == Z_OK || status == Z_STREAM_END ||
           fornix_fail_input(filling->error, "%s: damaged: %s", filling->path, reason);
}

/* whole: the voxels' bytes, or NULL where they are still to be read. */
static bool fill(gzFile file, Filling *filling, char *whole)
{
    const VolumeHeader *header = filling->header;
    char piece[TILE * sizeof(double)], *bytes = piece;
    float values[TILE];
    int64_t total = header->offset + header->bytes;
    if (whole && fill_turned(filling, whole))
        return true;
    for (int64_t left = header->bytes / header->type->size; left > 0;) {
        int64_t count = left < TILE ? left : TILE, length = count * header->type->size;
        if (whole)
            bytes = whole + (header->bytes - left * header->type->size);
        else if (!volume_fetch(file, filling->path, bytes, length, total, filling->error))
            return false;
        decode(header, bytes, count, values);
        if (!check_finite(filling, values, count))
            return false;
        place(filling, values, count);
        left -= count;
    }
    return whole || stream_end(file, filling);
}

static bool pass_extensions(gzFile file, const VolumeHeader *header, const char *path,
                            FornixError *error)
{
    if (gzseek(file, (z_off_t)header->offset, SEEK_SET) == (z_off_t)header->offset)
        return true;
    return fornix_fail_input(error, "%s is truncated: %jd of %" PRId64 " bytes", path,
                             (intmax_t)gztell(file), header->offset + header->bytes);
}

static bool read_voxels(gzFile file, Filling *filling, const VolumeMap *map)
{
    const VolumeHeader *header = filling->header;
    int64_t total = header->offset + header->bytes;
    char *whole = gzdirect(file) ? NULL : volume_inflate(filling->path, total);
    filling->strides = volume_strides(map, header->channels);
    bool ok = (whole || pass_extensions(file, header, filling->path, filling->error)) &&
              fill(file, filling, whole ? whole + header->offset : NULL);
    if (whole)
        mem_large_free(whole, (size_t)total);
    return ok;
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
        filling.out = mem_large((size_t)bytes);
        ok = filling.out || fornix_fail(error, "%s: no memory for its %" PRId64 " MB as floats",
                                        path, bytes >> 20);
    }
    ok = ok && read_voxels(file, &filling, &info->map);
    gzclose(file);
    if (ok)
        return filling.out;
    if (filling.out)
        mem_large_free(filling.out, (size_t)bytes);
    return NULL;
}

bool volume_read_into(const char *path, const VolumeMap *map, const VolumeTarget *target,
                      FornixError *error)
{
    VolumeHeader header;
    VolumeInfo info;
    gzFile file = volume_open(path, &header, error);
    if (!file)
        return false;
    Filling filling = {.header = &header,
                       .path = path,
                       .replace = target->replace,
                       .error = error,
                       .out = target->out};
    bool ok = volume_orient(&header, path, &info, error);
    for (int a = 0; ok && a < 3; a++)
        ok = info.map.size[a] == map->size[a];
    ok = (ok && info.channels == target->channels) ||
         fornix_fail(error, "%s changed while it was used", path);
    ok = ok && read_voxels(file, &filling, &info.map);
    gzclose(file);
    return ok;
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

void volume_filled_slices(const float *grid, const int64_t size[3], int axis, bool *filled)
{
    int64_t at[3];
    memset(filled, 0, (size_t)size[axis] * sizeof *filled);
    for (at[2] = 0; at[2] < size[2]; at[2]++)
        for (at[1] = 0; at[1] < size[1]; at[1]++)
            for (at[0] = 0; at[0] < size[0]; at[0]++, grid++)
                filled[at[axis]] |= *grid > 0;
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
