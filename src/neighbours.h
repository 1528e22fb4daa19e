/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rows that lie nearest to others, in the Euclidean distance of a tensor column.
 *
 * Whoever makes up samples, or judges where made-up ones lie, asks this; tensors may be of any rank
 * and larger than memory: rows are read block by block, with no more than a block and a row held.
 */
#ifndef FORNIX_NEIGHBOURS_H
#define FORNIX_NEIGHBOURS_H

#include "node.h"

/* Rows of a table by their numbers, and the column that tells where they lie. */
typedef struct {
    const FornixTable *table;
    int column;
    const int64_t *rows;
    int64_t count;
} Points;

typedef struct {
    int64_t count, k;
    int64_t *nearest; /* [count][k]: places among those searched, of equally near ones the first */
    float *squares;   /* [count][k]: distances squared, rising */
} Neighbours;

/* For each of `of` its k nearest of `among`; fewer than asked for where there are not so many, by
 * found->k. A row is no neighbour of itself. Both columns have the same shape. */
bool neighbours_find(FornixBuild *build, const Points *of, const Points *among, int64_t k,
                     Neighbours *found);
void neighbours_free(Neighbours *found);
/* For `plan`: the `memory` of a node that looks for neighbours among the rows of its input. */
int64_t neighbours_memory(const void *attrs, const FornixTable *input, int threads);

#endif
