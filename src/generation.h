/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether made-up points lie where real ones do, cover them all, and are none of them.
 *
 *   KID = mean k(x, x') + mean k(y, y') - 2 mean k(x, y), pairs of different points only, so that
 *         it is 0 on average where both are of one distribution; k(x, y) = (x.y / d + 1)^3
 *         (Binkowski et al. 2018; the squared MMD of Gretton et al. 2012)
 *   precision = share of made points within the k-nearest-neighbour ball of some real point
 *   recall    = share of real points within that of some made one (Kynkäänniemi et al. 2019)
 *   density   = mean over made points of the real points' balls that it lies in, over k
 *   coverage  = share of real points whose ball holds a made one (Naeem et al. 2020)
 *   closer    = P(made nearer to its nearest training point than an unseen real one to its own)
 */
#ifndef FORNIX_GENERATION_H
#define FORNIX_GENERATION_H

#include "distance.h"
#include "resample.h"
#include "statistics.h"

/* Every pair's kernel, of real and made points together: the real ones first. */
typedef struct {
    int64_t real, all;
    double *value; /* [all][all] */
} Kernels;

Kernels kernels_new(const Cloud *real, const Cloud *made);
void kernels_free(Kernels *kernels);
/* The KID of points that count times[i]; copies of one point make no pair. NAN without two real
 * and two made ones. A Statistic: context is Kernels, one figure. */
void kernels_distance(const void *kernels, const double *times, double *figure);

typedef struct {
    double precision, recall, density, coverage;
} Manifold;

/* NAN unless both have more than k points. A ball reaches to the k-th nearest other point of its
 * own kind, and includes it. */
Manifold manifold_compare(const Cloud *real, const Cloud *made, int64_t k);

/* The distance of each point of `from` to its nearest of `to`. */
void nearest_distances(const Cloud *from, const Cloud *to, double *out);

/* How often the first `made` distances lie below the others (of unseen real points), equal ones
 * count half; sorted once. */
typedef struct {
    Ranked *ranked;
    int32_t *unseen; /* 0: made, 1: unseen */
    int64_t all;
} Closeness;

Closeness closeness_new(const double *distances, int64_t made, int64_t all);
void closeness_free(Closeness *closeness);
/* A Statistic: context is a Closeness, one figure. */
void closeness_share(const void *closeness, const double *times, double *figure);

#endif
