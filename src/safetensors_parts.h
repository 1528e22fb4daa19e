/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the reader and the writer of safetensors share. */
#ifndef FORNIX_SAFETENSORS_PARTS_H
#define FORNIX_SAFETENSORS_PARTS_H

#include "safetensors.h"

#define SAFE_UNUSED "__unused." /* begins the names of tensors that only cover room */

typedef struct {
    const char *name;
    int64_t size;
} SafeTypeInfo;

extern const SafeTypeInfo safe_types[SAFE_TYPES];

/* The bytes of all rows; false where they overflow or a size is negative. */
bool safetensors_bytes(const SafeTensor *tensor, int64_t *bytes);

#endif
