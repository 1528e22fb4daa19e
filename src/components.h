/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connected components of a grid of classes. */
#ifndef FORNIX_COMPONENTS_H
#define FORNIX_COMPONENTS_H

#include <stdbool.h>
#include <stdint.h>

/* Neighbours of a voxel: by a face, also by an edge, also by a corner. */
typedef enum { NEIGHBOURS_6, NEIGHBOURS_18, NEIGHBOURS_26 } Neighbours;

/* Keeps the largest component (of equals the first in memory) of each class from 1 on, or of all of
 * them as one, and makes the other places 0. size is D H W; values are whole numbers, those below 1
 * count as 0. Returns how many places it cleared. */
int64_t components_keep_largest(float *classes, const int64_t size[3], Neighbours neighbours,
                                bool each_class);

#endif
