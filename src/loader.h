/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Batches of a table's rows as dense tensors, read by the team ahead of their use. */
#ifndef FORNIX_LOADER_H
#define FORNIX_LOADER_H

#include "plan.h"

typedef struct Loader Loader;

/* Reads the columns that the graph reads (by name) of the table; batches of at most `most` rows.
 * NULL after a failure (no memory, a column that is missing). */
Loader *loader_new(Team *team, const FornixTable *table, const char *const *columns, int count,
                   int64_t most, FornixError *error);
void loader_free(Loader *loader); /* waits for what it began */

/* What can be made of a batch before its step: a plan that reads nothing but the batch. */
typedef struct LoaderAhead {
    Plan *plan;
    FornixRandomKey random; /* of the batch's step */
    int wanted;             /* how many values it makes */
} LoaderAhead;

/* Begins to read a batch in the background, then to run ahead->plan on it (NULL: nothing to run);
 * one at a time beyond the one in use. */
void loader_begin(Loader *loader, const int64_t *rows, int64_t count, const LoaderAhead *ahead);
/* 0 or 1: of two plans alike, the one that loader_begin may be given: the other may be in use. */
int loader_turn(const Loader *loader);
/* The columns of the batch begun last, in order, then what was made ahead; valid until the next
 * loader_wait. NULL after a failure to read. */
float *const *loader_wait(Loader *loader, FornixError *error);

/* Seconds that loader_wait waited, in all, but for those in which its thread worked for others. */
double loader_waited(const Loader *loader);

#endif
