/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tensors in files, in the safetensors format: weights, checkpoints, features.
 *
 * A file is eight bytes of header length, a JSON header (name: dtype, shape, place of the bytes)
 * and the bytes. Nothing in it is trusted: lengths, shapes, places, overlaps and duplicates are
 * checked before any tensor is looked at. Rows of a tensor (along its first dimension) are read on
 * their own, so that features of any size stay on disk; readers may be used by several threads.
 *
 * A writer puts rows where they finally lie, once. Every tensor gets room for the rows declared;
 * where fewer come, the room between tensors is covered by tensors named "__unused.N", because the
 * format allows no gaps, and the room at the end is cut off. Readers do not show those.
 */
#ifndef FORNIX_SAFETENSORS_H
#define FORNIX_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fornix-error.h"

enum { SAFE_RANK = 8 };

typedef enum {
    SAFE_F64,
    SAFE_I64,
    SAFE_F32,
    SAFE_I32,
    SAFE_F16,
    SAFE_BF16,
    SAFE_I16,
    SAFE_I8,
    SAFE_U8,
    SAFE_BOOL,
    SAFE_TYPES
} SafeType;

typedef struct {
    const char *name;
    SafeType type;
    int rank;
    int64_t dims[SAFE_RANK];
} SafeTensor;

typedef struct {
    const char *name, *value;
} SafeText; /* an entry of __metadata__ */

typedef struct SafeFile SafeFile;
SafeFile *safetensors_open(const char *path, FornixError *error); /* NULL on failure */
void safetensors_close(SafeFile *file);                           /* NULL is fine */
const char *safetensors_path(const SafeFile *file);
size_t safetensors_count(const SafeFile *file);
const SafeTensor *safetensors_tensor(const SafeFile *file, size_t index); /* in byte order */
int64_t safetensors_find(const SafeFile *file, const char *name);         /* -1: not there */
const char *safetensors_text(const SafeFile *file, const char *name);     /* NULL: not there */

/* Rows [first, first + count) along the first dimension; a scalar has one row. As floats of any
 * type, or as they are stored (little-endian). Out of range is a failure. */
bool safetensors_read(const SafeFile *file, size_t index, int64_t first, int64_t count, float *out,
                      FornixError *error);
/* Elements [first, first + count) of the tensor, as floats. */
bool safetensors_read_part(const SafeFile *file, size_t index, int64_t first, int64_t count,
                           float *out, FornixError *error);
bool safetensors_read_raw(const SafeFile *file, size_t index, int64_t first, int64_t count,
                          void *out, FornixError *error);
int64_t safetensors_rows(const SafeTensor *tensor);
int64_t safetensors_row_size(const SafeTensor *tensor); /* elements */
int64_t safetensors_type_size(SafeType type);           /* bytes */
const char *safetensors_type_name(SafeType type);       /* "F32" */
/* count stored numbers of that type, little-endian, as floats. */
void safetensors_to_floats(SafeType type, const void *stored, int64_t count, float *out);

/* tensors: dims[0] is the most rows that will come (rank 0: exactly one). */
typedef struct SafeWriter SafeWriter;
SafeWriter *safetensors_create(const char *path, const SafeTensor *tensors, size_t count,
                               const SafeText *texts, size_t text_count, FornixError *error);
/* Appends rows, in the tensor's own type, to tensor `index` of those declared. */
bool safetensors_write(SafeWriter *writer, size_t index, const void *rows, int64_t count,
                       FornixError *error);
/* The file appears, with the rows that came. Both ends free the writer. */
bool safetensors_commit(SafeWriter *writer, FornixError *error);
void safetensors_abort(SafeWriter *writer); /* NULL is fine */

#endif
