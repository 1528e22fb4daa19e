/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Intervals and tests by drawing the subjects again.
 *
 * Everything is serial: some thousands of replicates of some hundred samples cost less than a
 * second, and the order of a sum is then beyond doubt.
 */
#include "resample.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "statistics.h"

typedef struct {
    const char *key;
    int64_t sample;
} Keyed;

static int keyed_order(const void *a, const void *b)
{
    const Keyed *x = a, *y = b;
    int order = strcmp(x->key, y->key);
    return order ? order : (x->sample > y->sample) - (x->sample < y->sample);
}

int64_t clusters_find(const char *const *key, int64_t samples, int64_t *cluster)
{
    Keyed *keyed = mem_new((size_t)samples + 1, sizeof *keyed);
    int64_t *first = mem_new((size_t)samples + 1, sizeof *first); /* sample of the same key */
    int64_t clusters = 0;
    for (int64_t i = 0; i < samples; i++)
        keyed[i] = (Keyed){key[i], i};
    qsort(keyed, (size_t)samples, sizeof *keyed, keyed_order);
    for (int64_t i = 0; i < samples; i++) {
        bool again = i > 0 && strcmp(keyed[i].key, keyed[i - 1].key) == 0;
        first[keyed[i].sample] = again ? first[keyed[i - 1].sample] : keyed[i].sample;
    }
    for (int64_t i = 0; i < samples; i++)
        cluster[i] = first[i] == i ? clusters++ : cluster[first[i]];
    mem_free(first);
    mem_free(keyed);
    return clusters;
}

int64_t clusters_label(const int64_t *cluster, int64_t clusters, const int32_t *label,
                       int64_t samples, int32_t *of_cluster)
{
    bool *several = mem_new((size_t)clusters + 1, sizeof *several);
    int64_t seen = 0, mixed = 0;
    for (int64_t i = 0; i < samples; i++) {
        int64_t c = cluster[i];
        if (c == seen) {
            of_cluster[c] = label[i];
            seen++;
        }
        several[c] |= of_cluster[c] != label[i];
    }
    for (int64_t c = 0; c < clusters; c++)
        mixed += several[c];
    mem_free(several);
    return mixed;
}

typedef struct {
    int64_t *member; /* clusters by stratum */
    int64_t *first;  /* of each stratum in member; one more than strata */
} Strata;

static Strata strata_new(const Resampling *r)
{
    Strata strata = {mem_new((size_t)r->clusters + 1, sizeof(int64_t)),
                     mem_new((size_t)r->strata + 2, sizeof(int64_t))};
    for (int64_t c = 0; c < r->clusters; c++)
        strata.first[r->stratum[c] + 2]++;
    for (int32_t s = 2; s < r->strata + 2; s++)
        strata.first[s] += strata.first[s - 1];
    for (int64_t c = 0; c < r->clusters; c++)
        strata.member[strata.first[r->stratum[c] + 1]++] = c;
    return strata;
}

static void strata_free(Strata strata)
{
    mem_free(strata.member);
    mem_free(strata.first);
}

static void replicate_draw(const Resampling *r, Strata strata, int64_t replicate, double *drawn,
                           double *times)
{
    FornixRandomKey key = fornix_random_derive(r->random, (uint64_t)replicate);
    memset(drawn, 0, (size_t)r->clusters * sizeof *drawn);
    for (int32_t s = 0; s < r->strata; s++) {
        int64_t begin = strata.first[s], size = strata.first[s + 1] - begin;
        for (int64_t i = begin; i < begin + size; i++)
            drawn[strata.member[begin + fornix_random_below(key, (uint64_t)i, size)]]++;
    }
    for (int64_t i = 0; i < r->samples; i++)
        times[i] = drawn[r->cluster[i]];
}

/* Counts a replicate in which the figure is exactly 0 on both sides: two arms that never differ
 * have p = 1. The 1 added to each count keeps p above 0, which no finite number of draws shows. */
static double two_sided(const double *replicates, int64_t count)
{
    double below = 1, above = 1;
    for (int64_t i = 0; i < count; i++) {
        below += replicates[i] <= 0;
        above += replicates[i] >= 0;
    }
    return count > 0 ? fmin(1, 2 * fmin(below, above) / (double)(count + 1)) : NAN;
}

static Interval interval_of(double value, double *replicates, int64_t count, double confidence)
{
    Interval interval = {.value = value, .defined = statistics_drop_undefined(replicates, count)};
    statistics_sort(replicates, interval.defined);
    interval.low = statistics_quantile(replicates, interval.defined, (1 - confidence) / 2);
    interval.high = statistics_quantile(replicates, interval.defined, (1 + confidence) / 2);
    interval.p = two_sided(replicates, interval.defined);
    if (isnan(value))
        interval.low = interval.high = interval.p = NAN;
    return interval;
}

void bootstrap(const Resampling *resampling, Statistic *statistic, const void *context, int count,
               Interval *intervals)
{
    int64_t draws = resampling->draws;
    Strata strata = strata_new(resampling);
    double *drawn = mem_new((size_t)resampling->clusters + 1, sizeof *drawn);
    double *times = mem_new((size_t)resampling->samples + 1, sizeof *times);
    double *figures = mem_new((size_t)count, sizeof *figures);
    double *replicates = mem_new((size_t)count * (size_t)(draws + 1), sizeof *replicates);
    for (int64_t b = 0; b < draws; b++) {
        replicate_draw(resampling, strata, b, drawn, times);
        statistic(context, times, figures);
        for (int f = 0; f < count; f++)
            replicates[f * draws + b] = figures[f];
    }
    for (int64_t i = 0; i < resampling->samples; i++)
        times[i] = 1;
    statistic(context, times, figures);
    for (int f = 0; f < count; f++)
        intervals[f] =
            interval_of(figures[f], replicates + f * draws, draws, resampling->confidence);
    mem_free(replicates);
    mem_free(figures);
    mem_free(times);
    mem_free(drawn);
    strata_free(strata);
}

const char *interval_text(Interval interval, char text[INTERVAL_TEXT])
{
    char value[FIGURE_TEXT], low[FIGURE_TEXT], high[FIGURE_TEXT];
    figure_text(interval.value, value);
    if (isnan(interval.low) || isnan(interval.high))
        snprintf(text, INTERVAL_TEXT, "%s", value);
    else
        snprintf(text, INTERVAL_TEXT, "%s [%s, %s]", value, figure_text(interval.low, low),
                 figure_text(interval.high, high));
    return text;
}

void resampling_permute(const Resampling *resampling, int64_t replicate, int32_t *permuted)
{
    FornixRandomKey key = fornix_random_derive(resampling->random, (uint64_t)replicate);
    int64_t *order = mem_new((size_t)resampling->clusters + 1, sizeof *order);
    fornix_random_permutation(key, order, resampling->clusters);
    for (int64_t i = 0; i < resampling->samples; i++)
        permuted[i] = resampling->stratum[order[resampling->cluster[i]]];
    mem_free(order);
}
