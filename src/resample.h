/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Intervals and tests by drawing the subjects again.
 *
 * Slices of one patient are not independent: what is drawn is the cluster (the subject) with all
 * its samples, within its stratum (its class), so that no replicate lacks a class that the data
 * has. Replicate b depends on the key and b alone. Two arms judged in one statistic are drawn
 * together, which is what makes their difference paired.
 */
#ifndef FORNIX_RESAMPLE_H
#define FORNIX_RESAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "fornix-random.h"

/* Numbers the clusters of samples, those with the same key, in order of first appearance, and
 * returns how many there are. */
int64_t clusters_find(const char *const *key, int64_t samples, int64_t *cluster);
/* Gives each cluster the label of its first sample; returns how many clusters hold others too. */
int64_t clusters_label(const int64_t *cluster, int64_t clusters, const int32_t *label,
                       int64_t samples, int32_t *of_cluster);

typedef struct {
    int64_t samples, clusters;
    const int64_t *cluster; /* of each sample, in [0, clusters) */
    const int32_t *stratum; /* of each cluster, in [0, strata) */
    int32_t strata;
    int64_t draws;
    double confidence; /* .95 */
    FornixRandomKey random;
} Resampling;

typedef struct {
    double value;     /* of the samples as they are */
    double low, high; /* percentiles over the replicates where it is defined */
    double p;         /* two-sided, of the figure being 0: for differences */
    int64_t defined;  /* replicates */
} Interval;

/* The figures of samples of which sample i counts times[i]. */
typedef void Statistic(const void *context, const double *times, double *figures);

/* Percentile bootstrap (Efron 1979) of `count` figures at once. */
void bootstrap(const Resampling *resampling, Statistic *statistic, const void *context, int count,
               Interval *intervals);

enum { INTERVAL_TEXT = 80 };

/* ".471 [.35, .60]" or "undefined" into text, which it returns. */
const char *interval_text(Interval interval, char text[INTERVAL_TEXT]);

/* The labels of the clusters dealt out anew: permuted[i] for sample i. All samples of a cluster
 * must have one label, which is their cluster's stratum. */
void resampling_permute(const Resampling *resampling, int64_t replicate, int32_t *permuted);

#endif
