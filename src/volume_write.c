/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Volumes into files: NIfTI, plain or through gzip, whole or not at all.
 *
 * A result on an image takes the image's own header, with only what describes the voxels changed,
 * so that every program puts the two on top of each other. The gzip stream carries no time and no
 * name: the same voxels give the same bytes.
 */
#include "volume_parts.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base.h"
#include "file.h"

enum { PIECE = 1 << 16 };

typedef struct {
    FileWriter *file;
    bool zipped;
    z_stream stream;
    FornixError *error;
    unsigned char buffer[PIECE];
} Sink;

static bool deflate_to(Sink *sink, const void *bytes, size_t length, int flush)
{
    if (!sink->zipped)
        return file_writer_add(sink->file, bytes, length, sink->error);
    sink->stream.next_in = (void *)(uintptr_t)bytes;
    sink->stream.avail_in = (uInt)length;
    do {
        sink->stream.next_out = sink->buffer;
        sink->stream.avail_out = PIECE;
        deflate(&sink->stream, flush);
        if (!file_writer_add(sink->file, sink->buffer, PIECE - sink->stream.avail_out, sink->error))
            return false;
    } while (sink->stream.avail_out == 0);
    return true;
}

static const VoxelType written[] = {[VOLUME_UINT8] = {"uint8", DT_UINT8, 1},
                                    [VOLUME_INT16] = {"int16", DT_INT16, 2},
                                    [VOLUME_FLOAT32] = {"float32", DT_FLOAT32, 4}};

static void encode(VolumeType type, const float *values, int64_t count, char *bytes)
{
    double low = type == VOLUME_UINT8 ? 0 : INT16_MIN,
           high = type == VOLUME_UINT8 ? 255 : INT16_MAX;
    for (int64_t n = 0; n < count; n++) {
        /* fmax drops a NaN, so that it becomes `low` and never an undefined conversion. */
        double whole = fmin(fmax(nearbyint(values[n]), low), high);
        if (type == VOLUME_UINT8)
            bytes[n] = (char)(uint8_t)whole;
        else if (type == VOLUME_INT16)
            memcpy(bytes + 2 * n, &(int16_t){(int16_t)whole}, 2);
        else
            memcpy(bytes + 4 * n, &values[n], 4);
    }
}

/* Row by row along i, in the order of the file. */
static bool put_voxels(Sink *sink, const VolumeMap *map, int64_t channels, VolumeType type,
                       const float *image)
{
    VolumeStrides strides = volume_strides(map, channels);
    const int64_t *size = map->file_size;
    float *row = mem_new((size_t)size[0], sizeof *row);
    char *bytes = mem_new((size_t)size[0], sizeof *row);
    bool ok = true;
    for (int64_t r = 0; ok && r < size[1] * size[2] * channels; r++) {
        int64_t j = r % size[1], k = r / size[1] % size[2], t = r / (size[1] * size[2]);
        const float *from = image + strides.first + t + j * strides.step[1] + k * strides.step[2];
        for (int64_t i = 0; i < size[0]; i++)
            row[i] = from[i * strides.step[0]];
        encode(type, row, size[0], bytes);
        ok = deflate_to(sink, bytes, (size_t)(size[0] * written[type].size), Z_NO_FLUSH);
    }
    mem_free(row);
    mem_free(bytes);
    return ok;
}

#define DESCRIBE_VOXELS(raw, type_, channels_)                                                     \
    do {                                                                                           \
        (raw).datatype = (int16_t)written[type_].code;                                             \
        (raw).bitpix = (int16_t)(8 * written[type_].size);                                         \
        (raw).scl_slope = 1;                                                                       \
        (raw).scl_inter = (raw).cal_min = (raw).cal_max = 0;                                       \
        (raw).intent_code = 0;                                                                     \
        memset((raw).intent_name, 0, sizeof(raw).intent_name);                                     \
        (raw).dim[0] = (channels_) > 1 ? 4 : 3;                                                    \
        for (int i_ = 1; i_ < 8; i_++)                                                             \
            if (i_ > 3 || (raw).dim[i_] < 1)                                                       \
                (raw).dim[i_] = 1;                                                                 \
    } while (0)

static bool write_file(const char *path, VolumeHeader *header, const VolumeMap *map,
                       int64_t channels, const float *image, VolumeType type, FornixError *error)
{
    size_t name = strlen(path);
    static const char none[4] = {0}; /* no extensions follow the header */
    const void *raw = &header->raw;
    size_t length = sizeof header->raw.one;
    if (header->version == 1) {
        DESCRIBE_VOXELS(header->raw.one, type, channels);
        header->raw.one.dim[4] = (int16_t)channels;
        header->raw.one.vox_offset = 352;
    } else {
        DESCRIBE_VOXELS(header->raw.two, type, channels);
        header->raw.two.dim[4] = channels;
        header->raw.two.vox_offset = 544;
        length = sizeof header->raw.two;
    }
    Sink *sink = mem_new(1, sizeof *sink);
    sink->error = error;
    sink->zipped = name > 3 && strcmp(path + name - 3, ".gz") == 0;
    bool ok = !sink->zipped ||
              deflateInit2(&sink->stream, 4, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK;
    if (!ok)
        fornix_fail(error, "%s: no memory to write it", path);
    sink->file = ok ? file_writer_open(path, error) : NULL;
    bool done = sink->file && deflate_to(sink, raw, length, Z_NO_FLUSH) &&
                deflate_to(sink, none, sizeof none, Z_NO_FLUSH) &&
                put_voxels(sink, map, channels, type, image) && deflate_to(sink, none, 0, Z_FINISH);
    if (ok && sink->zipped)
        deflateEnd(&sink->stream);
    if (done)
        done = file_writer_commit(sink->file, error);
    else
        file_writer_abort(sink->file);
    mem_free(sink);
    return done;
}

bool volume_write_like(const char *path, const char *reference, const float *image,
                       int64_t channels, VolumeType type, FornixError *error)
{
    VolumeHeader header;
    VolumeInfo info;
    gzFile file = volume_open(reference, &header, error);
    if (!file)
        return false;
    gzclose(file);
    if (channels < 1 || (header.version == 1 && channels > INT16_MAX))
        return fornix_fail(error, "%s: %" PRId64 " channels do not go into NIfTI-1", path,
                           channels);
    return volume_orient(&header, reference, &info, error) &&
           write_file(path, &header, &info.map, channels, image, type, error);
}

bool volume_write(const char *path, const VolumeInfo *info, const float *image, VolumeType type,
                  FornixError *error)
{
    VolumeHeader header = {.version = 1};
    VolumeMap map = {.axis = {0, 1, 2}};
    nifti_1_header *raw = &header.raw.one;
    memset(raw, 0, sizeof *raw);
    raw->sizeof_hdr = sizeof *raw;
    raw->regular = 'r';
    memcpy(raw->magic, "n+1", 4);
    raw->xyzt_units = NIFTI_UNITS_MM;
    raw->sform_code = NIFTI_XFORM_SCANNER_ANAT;
    raw->pixdim[0] = raw->pixdim[4] = 1;
    float *rows[3] = {raw->srow_x, raw->srow_y, raw->srow_z};
    for (int a = 0; a < 3; a++) {
        int64_t size = info->map.size[a];
        if (size < 1 || size > INT16_MAX || info->channels < 1 || info->channels > INT16_MAX)
            return fornix_fail(
                error, "%s: %" PRId64 " voxels by %" PRId64 " channels do not go into NIfTI-1",
                path, size, info->channels);
        raw->dim[a + 1] = (int16_t)size;
        map.file_size[a] = map.size[a] = size;
        raw->pixdim[a + 1] = (float)info->spacing[a];
        for (int i = 0; i < 4; i++)
            rows[a][i] = (float)info->affine[a][i];
    }
    return write_file(path, &header, &map, info->channels, image, type, error);
}
