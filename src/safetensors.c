/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The safetensors reader.
 *
 * All that a header says is checked while it is opened: after that, the place of a row is
 * arithmetic that cannot leave the file.
 */
#include "safetensors.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "file.h"
#include "safetensors_parts.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "safetensors are little-endian");

enum { HEADER_MOST = 100000000 }; /* what the format allows */

const SafeTypeInfo safe_types[SAFE_TYPES] = {
    [SAFE_F64] = {"F64", 8},   [SAFE_I64] = {"I64", 8}, [SAFE_F32] = {"F32", 4},
    [SAFE_I32] = {"I32", 4},   [SAFE_F16] = {"F16", 2}, [SAFE_BF16] = {"BF16", 2},
    [SAFE_I16] = {"I16", 2},   [SAFE_I8] = {"I8", 1},   [SAFE_U8] = {"U8", 1},
    [SAFE_BOOL] = {"BOOL", 1},
};

typedef struct {
    SafeTensor tensor;
    int64_t begin, end; /* in the file's data */
} Entry;

struct SafeFile {
    char *path;
    int file;
    int64_t data; /* where the data begin */
    json_t *header;
    size_t count;
    Entry *entries;
};

int64_t safetensors_type_size(SafeType type)
{
    return safe_types[type].size;
}

const char *safetensors_type_name(SafeType type)
{
    return safe_types[type].name;
}

int64_t safetensors_rows(const SafeTensor *tensor)
{
    return tensor->rank ? tensor->dims[0] : 1;
}

int64_t safetensors_row_size(const SafeTensor *tensor)
{
    int64_t size = 1;
    for (int i = 1; i < tensor->rank; i++)
        size *= tensor->dims[i];
    return size;
}

bool safetensors_bytes(const SafeTensor *tensor, int64_t *bytes)
{
    /* A zero among the sizes must not hide that the others overflow: rows multiply them alone. */
    int64_t row = safe_types[tensor->type].size, rows = safetensors_rows(tensor);
    for (int i = 1; i < tensor->rank; i++)
        if (tensor->dims[i] < 0 || !size_multiply(row, tensor->dims[i] ? tensor->dims[i] : 1, &row))
            return false;
    for (int i = 1; i < tensor->rank; i++)
        if (tensor->dims[i] == 0)
            row = 0;
    return rows >= 0 && size_multiply(row, rows, bytes);
}

static bool read_type(const json_t *json, SafeType *type)
{
    const char *name = json_string_value(json);
    for (int i = 0; name && i < SAFE_TYPES; i++)
        if (strcmp(name, safe_types[i].name) == 0) {
            *type = (SafeType)i;
            return true;
        }
    return false;
}

static bool read_shape(const json_t *json, SafeTensor *tensor)
{
    if (!json_is_array(json) || json_array_size(json) > SAFE_RANK)
        return false;
    tensor->rank = (int)json_array_size(json);
    for (int i = 0; i < tensor->rank; i++) {
        const json_t *size = json_array_get(json, (size_t)i);
        tensor->dims[i] = json_integer_value(size);
        if (!json_is_integer(size) || tensor->dims[i] < 0)
            return false;
    }
    return true;
}

static bool read_entry(const char *path, const char *name, const json_t *json, Entry *entry,
                       FornixError *error)
{
    SafeTensor *tensor = &entry->tensor;
    tensor->name = name;
    if (!read_type(json_object_get(json, "dtype"), &tensor->type)) {
        const char *dtype = json_string_value(json_object_get(json, "dtype"));
        return fornix_fail_input(error, "%s: tensor '%s': dtype '%s' is none that fornix reads",
                                 path, name, dtype ? dtype : "");
    }
    if (!read_shape(json_object_get(json, "shape"), tensor))
        return fornix_fail_input(error, "%s: tensor '%s': not a shape of at most %d sizes", path,
                                 name, SAFE_RANK);
    const json_t *place = json_object_get(json, "data_offsets");
    const json_t *begin = json_array_get(place, 0), *end = json_array_get(place, 1);
    if (json_array_size(place) != 2 || !json_is_integer(begin) || !json_is_integer(end))
        return fornix_fail_input(error, "%s: tensor '%s': data_offsets are not two integers", path,
                                 name);
    entry->begin = json_integer_value(begin);
    entry->end = json_integer_value(end);
    int64_t bytes;
    if (entry->begin < 0 || entry->end < entry->begin || !safetensors_bytes(tensor, &bytes) ||
        bytes != entry->end - entry->begin)
        return fornix_fail_input(
            error, "%s: tensor '%s': its shape does not fill bytes %" PRId64 " to %" PRId64, path,
            name, entry->begin, entry->end);
    return true;
}

static int by_place(const void *a, const void *b)
{
    const Entry *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end)
        return x->end < y->end ? -1 : 1;
    return strcmp(x->tensor.name, y->tensor.name);
}

static bool check_places(const SafeFile *file, int64_t size, FornixError *error)
{
    int64_t end = 0;
    for (size_t i = 0; i < file->count; i++) {
        const Entry *entry = &file->entries[i];
        if (entry->begin != end)
            return fornix_fail_input(error,
                                     "%s: tensor '%s' begins at byte %" PRId64 ", not %" PRId64,
                                     file->path, entry->tensor.name, entry->begin, end);
        end = entry->end;
    }
    if (end > size)
        return fornix_fail_input(error, "%s is truncated: %" PRId64 " of %" PRId64 " bytes of data",
                                 file->path, size, end);
    if (end < size)
        return fornix_fail_input(error, "%s: %" PRId64 " bytes behind its tensors", file->path,
                                 size - end);
    return true;
}

static bool read_entries(SafeFile *file, FornixError *error)
{
    file->entries = mem_new(json_object_size(file->header) + 1, sizeof *file->entries);
    const char *name;
    json_t *json;
    json_object_foreach(file->header, name, json)
    {
        if (strcmp(name, "__metadata__") == 0)
            continue;
        if (!read_entry(file->path, name, json, &file->entries[file->count++], error))
            return false;
    }
    qsort(file->entries, file->count, sizeof *file->entries, by_place);
    return true;
}

static void hide_unused(SafeFile *file)
{
    size_t kept = 0;
    for (size_t i = 0; i < file->count; i++)
        if (strncmp(file->entries[i].tensor.name, SAFE_UNUSED, strlen(SAFE_UNUSED)) != 0)
            file->entries[kept++] = file->entries[i];
    file->count = kept;
}

static bool read_header(SafeFile *file, int64_t size, FornixError *error)
{
    uint64_t length;
    if (size < 8)
        return fornix_fail_input(error, "%s is truncated: %" PRId64 " bytes", file->path, size);
    if (!file_read_at(file->file, file->path, &length, sizeof length, 0, error))
        return false;
    if (memcmp(&length, "PK\3\4", 4) == 0)
        return fornix_fail_input(error,
                                 "%s: no safetensors file but a zip archive, as torch.save makes "
                                 "it: safetensors.torch.save_file makes what can be read",
                                 file->path);
    if (length > HEADER_MOST)
        return fornix_fail_input(error, "%s: no safetensors file: a header of %" PRIu64 " bytes",
                                 file->path, length);
    if ((int64_t)length > size - 8)
        return fornix_fail_input(error,
                                 "%s is truncated: %" PRId64 " of %" PRIu64 " bytes of header",
                                 file->path, size - 8, length);
    file->data = 8 + (int64_t)length;
    char *text = mem_new((size_t)length + 1, 1);
    bool ok = file_read_at(file->file, file->path, text, (size_t)length, 8, error);
    json_error_t reason;
    if (ok)
        file->header = json_loadb(text, (size_t)length, JSON_REJECT_DUPLICATES, &reason);
    mem_free(text);
    if (ok && !json_is_object(file->header))
        ok = fornix_fail_input(error, "%s: its header is no JSON object: %s", file->path,
                               file->header ? "something else" : reason.text);
    return ok && read_entries(file, error) && check_places(file, size - file->data, error);
}

SafeFile *safetensors_open(const char *path, FornixError *error)
{
    int64_t size;
    int handle = file_open(path, &size, error);
    if (handle < 0)
        return NULL;
    SafeFile *file = mem_new(1, sizeof *file);
    file->path = mem_text(path);
    file->file = handle;
    if (read_header(file, size, error)) {
        hide_unused(file);
        return file;
    }
    safetensors_close(file);
    return NULL;
}

void safetensors_close(SafeFile *file)
{
    if (!file)
        return;
    close(file->file);
    json_decref(file->header);
    mem_free(file->entries);
    mem_free(file->path);
    mem_free(file);
}

const char *safetensors_path(const SafeFile *file)
{
    return file->path;
}

size_t safetensors_count(const SafeFile *file)
{
    return file->count;
}

const SafeTensor *safetensors_tensor(const SafeFile *file, size_t index)
{
    return &file->entries[index].tensor;
}

int64_t safetensors_find(const SafeFile *file, const char *name)
{
    for (size_t i = 0; i < file->count; i++)
        if (strcmp(file->entries[i].tensor.name, name) == 0)
            return (int64_t)i;
    return -1;
}

const char *safetensors_text(const SafeFile *file, const char *name)
{
    return json_string_value(json_object_get(json_object_get(file->header, "__metadata__"), name));
}

bool safetensors_read_raw(const SafeFile *file, size_t index, int64_t first, int64_t count,
                          void *out, FornixError *error)
{
    const Entry *entry = &file->entries[index];
    int64_t rows = safetensors_rows(&entry->tensor);
    if (first < 0 || count < 0 || first > rows - count)
        return fornix_fail(error, "%s: tensor '%s' has %" PRId64 " rows, not %" PRId64, file->path,
                           entry->tensor.name, rows, first + count);
    if (rows == 0)
        return true;
    int64_t row = (entry->end - entry->begin) / rows;
    return file_read_at(file->file, file->path, out, (size_t)(count * row),
                        file->data + entry->begin + first * row, error);
}

static float from_half(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31;
    uint32_t mantissa = half & 1023, bits;
    float value;
    if (exponent == 0) { /* zero or subnormal: mantissa * 2^-24 is a normal float */
        value = (float)mantissa * 0x1p-24f;
        memcpy(&bits, &value, sizeof bits);
    } else {
        bits = (exponent == 31 ? 255u : exponent + 112) << 23 | mantissa << 13;
    }
    bits |= sign;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static float from_bfloat(uint16_t word)
{
    uint32_t bits = (uint32_t)word << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

#define EACH(Type, expression)                                                                     \
    for (int64_t i = 0; i < count; i++) {                                                          \
        Type x;                                                                                    \
        memcpy(&x, (const char *)stored + (size_t)i * sizeof x, sizeof x);                         \
        out[i] = (expression);                                                                     \
    }                                                                                              \
    break

void safetensors_to_floats(SafeType type, const void *stored, int64_t count, float *out)
{
    switch (type) {
    case SAFE_F64: EACH(double, (float)x);
    case SAFE_I64: EACH(int64_t, (float)x);
    case SAFE_F32: EACH(float, x);
    case SAFE_I32: EACH(int32_t, (float)x);
    case SAFE_F16: EACH(uint16_t, from_half(x));
    case SAFE_BF16: EACH(uint16_t, from_bfloat(x));
    case SAFE_I16: EACH(int16_t, x);
    case SAFE_I8: EACH(int8_t, x);
    case SAFE_U8: EACH(uint8_t, x);
    case SAFE_BOOL: EACH(uint8_t, x != 0);
    case SAFE_TYPES: break;
    }
}

bool safetensors_read_part(const SafeFile *file, size_t index, int64_t first, int64_t count,
                           float *out, FornixError *error)
{
    const Entry *entry = &file->entries[index];
    SafeType type = entry->tensor.type;
    int64_t size = safe_types[type].size, all = (entry->end - entry->begin) / size;
    if (first < 0 || count < 0 || first > all - count)
        return fornix_fail(error, "%s: tensor '%s' has %" PRId64 " elements, not %" PRId64,
                           file->path, entry->tensor.name, all, first + count);
    int64_t at = file->data + entry->begin + first * size;
    if (type == SAFE_F32)
        return file_read_at(file->file, file->path, out, (size_t)(count * size), at, error);
    char piece[1 << 14];
    while (count > 0) {
        int64_t part = (int64_t)sizeof piece / size;
        part = part < count ? part : count;
        if (!file_read_at(file->file, file->path, piece, (size_t)(part * size), at, error))
            return false;
        safetensors_to_floats(type, piece, part, out);
        out += part;
        at += part * size;
        count -= part;
    }
    return true;
}

bool safetensors_read(const SafeFile *file, size_t index, int64_t first, int64_t count, float *out,
                      FornixError *error)
{
    const SafeTensor *tensor = &file->entries[index].tensor;
    int64_t rows = safetensors_rows(tensor), row = safetensors_row_size(tensor);
    if (tensor->type == SAFE_F32 || first < 0 || count < 0 || first > rows - count)
        return safetensors_read_raw(file, index, first, count, out, error);
    return safetensors_read_part(file, index, first * row, count * row, out, error);
}
