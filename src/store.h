/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables on disk: a folder with table.json (all but tensors) and tensors.safetensors.
 *
 * A stage hands on its samples this way, and the results of evaluators are kept for the next run.
 * Tensors are written row by row as they come and read row by row when they are wanted, so that
 * they may be larger than the memory. table.json is written last: a folder without it is none.
 */
#ifndef FORNIX_STORE_H
#define FORNIX_STORE_H

#include "samples.h"

typedef struct StoreRequest {
    const FornixColumn *columns; /* of the table to be */
    int count;
    int64_t rows;     /* the most that will come */
    const Fits *fits; /* of what makes it; NULL: none */
} StoreRequest;

/* NULL on failure. */
typedef struct StoreWriter StoreWriter;
StoreWriter *store_create(const char *folder, const StoreRequest *request, FornixError *error);
/* The next row, with the identity, space, labels and reals of a row of `from`, and its tensors:
 * tensors[c] for column c, dense. tensors or an entry NULL: read from `from`, by name. */
bool store_add(StoreWriter *writer, const FornixTable *from, int64_t row,
               const float *const *tensors, FornixError *error);
/* The table is there, with the figures, lines and values of `notes` (or NULL). Both ends free the
 * writer. */
bool store_commit(StoreWriter *writer, const FornixTable *notes, FornixError *error);
void store_abort(StoreWriter *writer); /* NULL is fine */

/* A whole table, with all that there is to it. */
bool store_save(const FornixTable *table, const char *folder, FornixError *error);

/* NULL on failure. The files are not trusted: what does not fit together is a failure. */
const FornixTable *store_load(Samples *samples, const char *folder, const char *id,
                              FornixError *error);

#endif
