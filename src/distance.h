/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How far one cloud of points lies from another: means, spreads, Fréchet, nearest neighbours.
 *
 * Generated samples are worth adding only where they lie where real ones would. None of these
 * measures trains anything, so none can flatter the generator that it judges.
 */
#ifndef FORNIX_DISTANCE_H
#define FORNIX_DISTANCE_H

#include <stdint.h>

/* Mean and spread of every feature, of points that come one at a time (Welford 1962). */
typedef struct {
    int64_t features, points;
    double *mean, *squares; /* squares: sum of squared deviations from the mean */
} Moments;

Moments moments_new(int64_t features);
void moments_free(Moments *moments);
void moments_add(Moments *moments, const float *point);
/* Adds the points of others (Chan, Golub and LeVeque 1979). */
void moments_join(Moments *moments, const Moments *others);
double moments_spread(const Moments *moments); /* sqrt(sum of variances); NAN below two points */

typedef struct {
    double means;     /* |mean b - mean a| / sqrt(sum of a's variances): in all directions together,
                         so that a feature which hardly varies does not outweigh all others */
    double by_chance; /* what `means` would be about if both came from one distribution */
    double spreads;   /* sqrt(sum of b's variances / sum of a's) */
    int64_t features; /* those that vary in a */
} MomentsDistance;

/* NAN where a has fewer than two points, or (spreads) b has. */
MomentsDistance moments_distance(const Moments *a, const Moments *b);

typedef struct {
    int64_t points, features;
    const double *at; /* [points][features] */
} Cloud;

/* |mean a - mean b|^2 + trace(A + B - 2 (A B)^1/2), A and B the covariances (Dowson and Landau
 * 1982): the squared distance between two normal distributions. NAN below two points each. */
double frechet_distance(const Cloud *a, const Cloud *b);

/* Of all points of both clouds, the share whose nearest other point is of their own cloud: about
 * .5 where nobody could tell equally large clouds apart, 1 where they lie apart (Lopez-Paz and
 * Oquab 2017). Of equally near ones a point of the other cloud counts. NAN below two points each.
 */
double neighbour_share(const Cloud *a, const Cloud *b);

/* The directions, at right angles, in which points vary most; those beyond the features are 0. */
typedef struct {
    int64_t features;
    int axes;
    double *mean, *direction; /* direction: [axes][features] */
} PrincipalAxes;

PrincipalAxes principal_axes(const Cloud *points, int axes);
void principal_axes_free(PrincipalAxes *axes);
double principal_coordinate(const PrincipalAxes *axes, int axis, const double *point);

/* matrix (n x n, symmetric) = vectors diag(values) vectors'; overwritten. Column j of vectors
 * belongs to values[j]. Jacobi rotations: slow beyond some hundred, but the same bits always. */
void symmetric_eigen(double *matrix, int64_t n, double *values, double *vectors);

#endif
