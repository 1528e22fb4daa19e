/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Arrays as NumPy saves them (.npy): sizes, order of axes, numbers as floats.
 *
 * Little-endian integers, booleans and floats of versions 1 to 3 of the format; a file that is
 * shorter or longer than its header says is refused when it is opened.
 */
#ifndef FORNIX_NPY_H
#define FORNIX_NPY_H

#include <stdbool.h>
#include <stdint.h>

#include "fornix-error.h"

enum { NPY_RANK = 8 };

typedef struct NpyInfo {
    int rank;
    int64_t dims[NPY_RANK];
    bool fortran;  /* the first axis runs fastest, not the last */
    int64_t count; /* of all elements */
} NpyInfo;

typedef struct NpyFile NpyFile;
NpyFile *npy_open(const char *path, FornixError *error); /* NULL on failure */
void npy_close(NpyFile *file);                           /* NULL is fine */
const NpyInfo *npy_info(const NpyFile *file);
/* Elements [first, first + count) as they lie in the file. Safe from several threads. */
bool npy_read(const NpyFile *file, int64_t first, int64_t count, float *out, FornixError *error);

#endif
