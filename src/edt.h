/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The exact Euclidean distance of every voxel to a set of voxels, on a grid of any spacing.
 *
 * One pass along each axis takes the lower envelope of parabolas (Felzenszwalb and Huttenlocher
 * 2012; the same as Maurer, Qi and Raghavan 2003 find by Voronoi cells): linear in the voxels,
 * where looking at all pairs is quadratic.
 */
#ifndef FORNIX_EDT_H
#define FORNIX_EDT_H

#include <stdint.h>

/* squares[i]: the square of the distance between the centres of voxel i and of the nearest voxel j
 * with in[j] != 0; INFINITY where there is none. Arrays run W fastest, then H, then D; size and
 * spacing are given along W, H, D. */
void edt_squares(const uint8_t *in, const int64_t size[3], const double spacing[3],
                 double *squares);

#endif
