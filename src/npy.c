/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The header is a Python dictionary of three entries; no more of the language is understood. */
#include "npy.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "file.h"
#include "safetensors.h"

enum { HEADER_MOST = 1 << 16 };

typedef struct NpyType {
    const char *code;
    int64_t size;
    SafeType type; /* SAFE_TYPES: unsigned, which those are not */
} NpyType;

static const NpyType types[] = {
    {"<f4", 4, SAFE_F32}, {"<f8", 8, SAFE_F64},   {"<f2", 2, SAFE_F16},  {"|u1", 1, SAFE_U8},
    {"|i1", 1, SAFE_I8},  {"|b1", 1, SAFE_BOOL},  {"<i2", 2, SAFE_I16},  {"<i4", 4, SAFE_I32},
    {"<i8", 8, SAFE_I64}, {"<u2", 2, SAFE_TYPES}, {"<u4", 4, SAFE_TYPES}};

struct NpyFile {
    char *path;
    int file;
    int64_t data; /* where the elements begin */
    const NpyType *type;
    NpyInfo info;
};

/* ---- The header ------------------------------------------------------------------------- */

/* What stands behind 'name': in the dictionary; NULL: it is not there. */
static const char *entry(const char *header, const char *name)
{
    const char *at = strstr(header, name);
    at = at ? at + strlen(name) : NULL;
    return at ? at + strspn(at, " ") : NULL;
}

static bool read_type(NpyFile *file, const char *header, FornixError *error)
{
    const char *at = entry(header, "'descr':");
    size_t length = at && *at == '\'' ? strcspn(at + 1, "'") : 0;
    for (size_t k = 0; length == 3 && k < COUNT(types); k++)
        if (strncmp(at + 1, types[k].code, 3) == 0)
            file->type = &types[k];
    return file->type ||
           fornix_fail_input(error, "%s: numbers of type '%.*s' are none that fornix reads",
                             file->path, length < 40 ? (int)length : 40, at ? at + 1 : "");
}

static bool read_shape(NpyFile *file, const char *header, FornixError *error)
{
    NpyInfo *info = &file->info;
    const char *at = entry(header, "'shape':"), *order = entry(header, "'fortran_order':");
    bool fine = at && *at == '(' && order;
    info->count = 1;
    info->fortran = order && *order == 'T';
    for (at = fine ? at + 1 : ""; fine && *at != ')';) {
        char *end;
        at += strspn(at, " ");
        if (*at == ')')
            break;
        fine = *at >= '0' && *at <= '9' && info->rank < NPY_RANK;
        if (!fine)
            break;
        info->dims[info->rank] = strtoll(at, &end, 10);
        fine = size_multiply(info->count, info->dims[info->rank++], &info->count);
        at = end + strspn(end, " ");
        fine = fine && (*at == ',' || *at == ')');
        at += *at == ',';
    }
    return fine || fornix_fail_input(error, "%s: its header has no shape of at most %d sizes",
                                     file->path, NPY_RANK);
}

static bool read_header(NpyFile *file, int64_t size, FornixError *error)
{
    unsigned char start[12];
    int64_t bytes, at = 10;
    if (size < (int64_t)sizeof start ||
        !file_read_at(file->file, file->path, start, sizeof start, 0, error) ||
        memcmp(start, "\x93NUMPY", 6) != 0)
        return fornix_fail_input(error, "%s is no .npy file", file->path);
    int64_t length = start[8] | start[9] << 8;
    if (start[6] > 1) {
        length |= (int64_t)start[10] << 16 | (int64_t)start[11] << 24;
        at = 12;
    }
    if (start[6] < 1 || start[6] > 3 || length > HEADER_MOST || length > size - at)
        return fornix_fail_input(error, "%s: its header is damaged", file->path);
    char *header = mem_new((size_t)length + 1, 1);
    bool fine = file_read_at(file->file, file->path, header, (size_t)length, at, error) &&
                read_type(file, header, error) && read_shape(file, header, error);
    mem_free(header);
    file->data = at + length;
    if (!fine)
        return false;
    if (!size_multiply(file->info.count, file->type->size, &bytes) || bytes != size - file->data)
        return fornix_fail_input(error,
                                 "%s holds %" PRId64 " bytes of numbers, not what its "
                                 "header says",
                                 file->path, size - file->data);
    return true;
}

NpyFile *npy_open(const char *path, FornixError *error)
{
    int64_t size;
    int handle = file_open(path, &size, error);
    if (handle < 0)
        return NULL;
    NpyFile *file = mem_new(1, sizeof *file);
    file->path = mem_text(path);
    file->file = handle;
    if (read_header(file, size, error))
        return file;
    npy_close(file);
    return NULL;
}

void npy_close(NpyFile *file)
{
    if (!file)
        return;
    close(file->file);
    mem_free(file->path);
    mem_free(file);
}

const NpyInfo *npy_info(const NpyFile *file)
{
    return &file->info;
}

/* ---- Numbers ---------------------------------------------------------------------------- */

static void to_floats(const NpyType *type, const char *stored, int64_t count, float *out)
{
    if (type->type != SAFE_TYPES) {
        safetensors_to_floats(type->type, stored, count, out);
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        uint32_t number = 0;
        memcpy(&number, stored + i * type->size, (size_t)type->size);
        out[i] = (float)number;
    }
}

bool npy_read(const NpyFile *file, int64_t first, int64_t count, float *out, FornixError *error)
{
    char piece[1 << 14];
    int64_t size = file->type->size;
    if (first < 0 || count < 0 || first > file->info.count - count)
        return fornix_fail(error, "%s has %" PRId64 " numbers, not %" PRId64, file->path,
                           file->info.count, first + count);
    while (count > 0) {
        int64_t part = (int64_t)sizeof piece / size;
        part = part < count ? part : count;
        if (!file_read_at(file->file, file->path, piece, (size_t)(part * size),
                          file->data + first * size, error))
            return false;
        to_floats(file->type, piece, part, out);
        out += part;
        first += part;
        count -= part;
    }
    return true;
}
