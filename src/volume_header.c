/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The header of a NIfTI file, checked before anything is done with it, and what it says of space.
 *
 * libnifti2 knows the two layouts, the byte orders, quaternions and polar decompositions; reading
 * is done here, because a length that a header claims must be held against the file first.
 */
#include "volume_parts.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "file.h"

static const VoxelType types[] = {
    {"uint8", DT_UINT8, 1},     {"int8", DT_INT8, 1},     {"int16", DT_INT16, 2},
    {"uint16", DT_UINT16, 2},   {"int32", DT_INT32, 4},   {"uint32", DT_UINT32, 4},
    {"int64", DT_INT64, 8},     {"uint64", DT_UINT64, 8}, {"float32", DT_FLOAT32, 4},
    {"float64", DT_FLOAT64, 8},
};

/* What this needs of either layout. */
typedef struct {
    int64_t dim[8];
    double pixdim[8], offset, slope, intercept, quatern[6], srow[3][4];
    int type, qform, sform;
} Fields;

#define TAKE(fields, raw)                                                                          \
    do {                                                                                           \
        for (int i = 0; i < 8; i++) {                                                              \
            (fields).dim[i] = (raw).dim[i];                                                        \
            (fields).pixdim[i] = (double)(raw).pixdim[i];                                          \
        }                                                                                          \
        for (int i = 0; i < 4; i++) {                                                              \
            (fields).srow[0][i] = (double)(raw).srow_x[i];                                         \
            (fields).srow[1][i] = (double)(raw).srow_y[i];                                         \
            (fields).srow[2][i] = (double)(raw).srow_z[i];                                         \
        }                                                                                          \
        (fields).quatern[0] = (double)(raw).quatern_b;                                             \
        (fields).quatern[1] = (double)(raw).quatern_c;                                             \
        (fields).quatern[2] = (double)(raw).quatern_d;                                             \
        (fields).quatern[3] = (double)(raw).qoffset_x;                                             \
        (fields).quatern[4] = (double)(raw).qoffset_y;                                             \
        (fields).quatern[5] = (double)(raw).qoffset_z;                                             \
        (fields).offset = (double)(raw).vox_offset;                                                \
        (fields).slope = (double)(raw).scl_slope;                                                  \
        (fields).intercept = (double)(raw).scl_inter;                                              \
        (fields).type = (raw).datatype;                                                            \
        (fields).qform = (raw).qform_code;                                                         \
        (fields).sform = (raw).sform_code;                                                         \
    } while (0)

static bool set_sizes(VolumeHeader *header, const Fields *fields, const char *path,
                      FornixError *error)
{
    const int64_t *dim = fields->dim;
    if (dim[0] < 1 || dim[0] > 7)
        return fornix_fail_input(error, "%s: malformed: %" PRId64 " dimensions", path, dim[0]);
    int64_t voxels = 1;
    header->channels = 1;
    for (int i = 0; i < 7; i++) {
        int64_t size = i < dim[0] ? dim[i + 1] : 1;
        if (size < 1)
            return fornix_fail_input(error, "%s: malformed: dimension %d is %" PRId64, path, i + 1,
                                     size);
        if (i < 3)
            header->size[i] = size;
        else
            header->channels *= size;
        if (!size_multiply(voxels, size, &voxels) ||
            !size_multiply(voxels, (int64_t)sizeof(double), &header->bytes))
            return fornix_fail_input(error, "%s: malformed: its sizes overflow", path);
    }
    header->bytes = voxels * header->type->size;
    return true;
}

static bool set_values(VolumeHeader *header, const Fields *fields, const char *path,
                       FornixError *error)
{
    for (size_t i = 0; i < COUNT(types); i++)
        if (types[i].code == fields->type)
            header->type = &types[i];
    if (!header->type)
        return fornix_fail_input(error,
                                 "%s: voxels of type %d (%s); fornix reads integers of 8 to 64 "
                                 "bits, float32 and float64",
                                 path, fields->type, nifti_datatype_to_string(fields->type));
    bool scaled = isfinite(fields->slope) && fields->slope != 0;
    header->slope = scaled ? fields->slope : 1;
    header->intercept = scaled ? fields->intercept : 0;
    if (!isfinite(header->intercept))
        return fornix_fail_input(error, "%s: malformed: scl_inter is not finite", path);
    double least = header->version == 1 ? 352 : 544;
    double offset = fields->offset == 0 ? least : fields->offset;
    if (!(offset >= least - 4 && offset <= 0x1p40))
        return fornix_fail_input(error, "%s: malformed: vox_offset is %g", path, fields->offset);
    header->offset = (int64_t)offset;
    return true;
}

static bool set_affine(VolumeHeader *header, const Fields *fields, const char *path,
                       FornixError *error)
{
    const double *pixdim = fields->pixdim, *q = fields->quatern;
    header->placed = fields->sform > 0 || fields->qform > 0;
    memset(header->affine, 0, sizeof header->affine);
    if (fields->sform > 0) {
        memcpy(header->affine, fields->srow, sizeof header->affine);
    } else if (fields->qform > 0) {
        nifti_dmat44 m = nifti_quatern_to_dmat44(q[0], q[1], q[2], q[3], q[4], q[5], pixdim[1],
                                                 pixdim[2], pixdim[3], pixdim[0] < 0 ? -1 : 1);
        memcpy(header->affine, m.m, sizeof header->affine);
    } else {
        for (int i = 0; i < 3; i++) {
            double step = pixdim[i + 1] == 0 ? 1 : i ? pixdim[i + 1] : -pixdim[i + 1];
            header->affine[i][i] = step;
            header->affine[i][3] = -step * (double)(header->size[i] - 1) / 2;
        }
    }
    for (int i = 0; i < 12; i++)
        if (!isfinite(header->affine[i / 4][i % 4]))
            return fornix_fail_input(error, "%s: malformed: its affine is not finite", path);
    return true;
}

/* libnifti2's own test may speak, and to silence it is to write to a global. */
static int find_version(const char *buffer, bool *swap)
{
    uint32_t size;
    memcpy(&size, buffer, sizeof size);
    *swap = size != sizeof(nifti_1_header) && size != sizeof(nifti_2_header);
    if (*swap)
        size = __builtin_bswap32(size);
    if (size == sizeof(nifti_1_header) &&
        (memcmp(buffer + 344, "n+1", 4) == 0 || memcmp(buffer + 344, "ni1", 4) == 0))
        return 1;
    if (size == sizeof(nifti_2_header) &&
        (memcmp(buffer + 4, "n+2", 4) == 0 || memcmp(buffer + 4, "ni2", 4) == 0))
        return 2;
    return 0;
}

static bool read_header(gzFile file, const char *path, VolumeHeader *header, FornixError *error)
{
    char buffer[sizeof(nifti_2_header)] = {0};
    if (!volume_fetch(file, path, buffer, sizeof(nifti_1_header), 352, error))
        return false;
    header->version = find_version(buffer, &header->swap);
    if (!header->version)
        return fornix_fail_input(error, "%s: not a NIfTI file", path);
    Fields fields;
    if (header->version == 1) {
        memcpy(&header->raw.one, buffer, sizeof header->raw.one);
        if (header->swap)
            nifti_swap_as_nifti1(&header->raw.one);
        if (header->raw.one.magic[1] != '+')
            return fornix_fail_input(error, "%s: half of a .hdr/.img pair: convert it to .nii",
                                     path);
        TAKE(fields, header->raw.one);
    } else {
        int64_t rest = (int64_t)(sizeof(nifti_2_header) - sizeof(nifti_1_header));
        if (!volume_fetch(file, path, buffer + sizeof(nifti_1_header), rest, 544, error))
            return false;
        memcpy(&header->raw.two, buffer, sizeof header->raw.two);
        if (header->swap)
            nifti_swap_as_nifti2(&header->raw.two);
        if (header->raw.two.magic[1] != '+')
            return fornix_fail_input(error, "%s: half of a .hdr/.img pair: convert it to .nii",
                                     path);
        TAKE(fields, header->raw.two);
    }
    return set_values(header, &fields, path, error) && set_sizes(header, &fields, path, error) &&
           set_affine(header, &fields, path, error);
}

/* zlib puts the number of the file before what it says. */
const char *volume_reason(gzFile file, int *status)
{
    const char *text = gzerror(file, status), *behind = strstr(text, ">: ");
    return behind ? behind + 3 : text;
}

bool volume_fetch(gzFile file, const char *path, void *out, int64_t length, int64_t total,
                  FornixError *error)
{
    const int64_t piece = 1 << 20;
    for (int64_t done = 0; done < length;) {
        int64_t want = length - done < piece ? length - done : piece;
        int got = gzread(file, (char *)out + done, (unsigned)want);
        int status;
        const char *reason = volume_reason(file, &status);
        if (got < 0 && status != Z_BUF_ERROR)
            return fornix_fail_input(error, "%s: damaged at byte %jd of its content: %s", path,
                                     (intmax_t)gztell(file), reason);
        if (got <= 0)
            return fornix_fail_input(error, "%s is truncated: %jd of %" PRId64 " bytes", path,
                                     (intmax_t)gztell(file), total);
        done += got;
    }
    return true;
}

/* A file that is no longer than `size` cannot hold what the header claims: deflate makes at most
 * 1032 bytes of one. Found here, no memory is asked for in vain. */
static bool check_length(gzFile file, const VolumeHeader *header, const char *path, int64_t size,
                         FornixError *error)
{
    int64_t total;
    if (!size_add(header->offset, header->bytes, &total))
        return fornix_fail_input(error, "%s: malformed: its sizes overflow", path);
    if (gzdirect(file) ? total <= size : total / 1032 <= size)
        return true;
    if (gzdirect(file))
        return fornix_fail_input(error, "%s is truncated: %" PRId64 " of %" PRId64 " bytes", path,
                                 size, total);
    return fornix_fail_input(
        error, "%s: its header claims %" PRId64 " bytes; a file of %" PRId64 " cannot hold them",
        path, total, size);
}

gzFile volume_open(const char *path, VolumeHeader *header, FornixError *error)
{
    memset(header, 0, sizeof *header);
    int64_t size;
    int handle = file_open(path, &size, error);
    if (handle < 0)
        return NULL;
    gzFile file = gzdopen(handle, "rb");
    if (!file) {
        close(handle);
        fornix_fail(error, "%s: no memory to read it", path);
        return NULL;
    }
    gzbuffer(file, 1 << 14); /* for the header: voxels are inflated in another way */
    if (read_header(file, path, header, error) && check_length(file, header, path, size, error))
        return file;
    gzclose(file);
    return NULL;
}

/* Each axis of the file in turn takes the free direction that it points along most, as nibabel's
 * closest canonical does; on the nearest rotation, so that unequal spacing has no say. */
static bool choose_axes(const VolumeHeader *header, VolumeMap *map)
{
    nifti_dmat33 steps;
    for (int column = 0; column < 3; column++) {
        double norm = 0;
        for (int row = 0; row < 3; row++)
            norm += header->affine[row][column] * header->affine[row][column];
        if (norm == 0 || !isfinite(norm))
            return false;
        for (int row = 0; row < 3; row++)
            steps.m[row][column] = header->affine[row][column] / sqrt(norm);
    }
    if (fabs(nifti_dmat33_determ(steps)) < 1e-6)
        return false;
    nifti_dmat33 rotation = nifti_dmat33_polar(steps);
    bool taken[3] = {false};
    for (int column = 0; column < 3; column++) {
        int best = -1;
        for (int row = 0; row < 3; row++)
            if (!taken[row] &&
                (best < 0 || fabs(rotation.m[row][column]) > fabs(rotation.m[best][column])))
                best = row;
        taken[best] = true;
        map->axis[best] = column;
        map->flip[best] = rotation.m[best][column] < 0;
    }
    return true;
}

bool volume_orient(const VolumeHeader *header, const char *path, VolumeInfo *info,
                   FornixError *error)
{
    *info = (VolumeInfo){
        .channels = header->channels, .type = header->type->name, .placed = header->placed};
    VolumeMap *map = &info->map;
    if (!choose_axes(header, map))
        return fornix_fail_input(error, "%s: its affine is singular: axes have no direction", path);
    for (int row = 0; row < 3; row++)
        info->affine[row][3] = header->affine[row][3];
    for (int a = 0; a < 3; a++) {
        int32_t axis = map->axis[a];
        map->file_size[a] = header->size[a];
        map->size[a] = header->size[axis];
        map->step[a] = 1;
        double norm = 0;
        for (int row = 0; row < 3; row++) {
            double step = header->affine[row][axis];
            norm += step * step;
            info->affine[row][a] = map->flip[a] ? -step : step;
            if (map->flip[a])
                info->affine[row][3] += step * (double)(header->size[axis] - 1);
        }
        info->spacing[a] = sqrt(norm);
    }
    return true;
}

bool volume_inspect(const char *path, VolumeInfo *info, FornixError *error)
{
    VolumeHeader header;
    gzFile file = volume_open(path, &header, error);
    if (!file)
        return false;
    gzclose(file);
    return volume_orient(&header, path, info, error);
}
