/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Real, made-up and unseen real points of a class, or of all classes together, judged.
 *
 * Intervals draw subjects again, real ones with all their samples and made-up ones each for itself,
 * within their kind and class.
 */
#include "generation_group.h"

#include <math.h>
#include <string.h>

#include "base.h"
#include "classification.h"
#include "logistic.h"

static const Interval unknown = {NAN, NAN, NAN, NAN, 0};

/* ---- Groups ------------------------------------------------------------------------------ */

static int64_t share_of(const Clouds *clouds, int kind, int64_t class, int64_t most)
{
    int64_t all = 0, own = clouds_side(clouds, class, kind)->points;
    for (int64_t k = 0; k < clouds->classes; k++)
        all += clouds_side(clouds, k, kind)->points;
    return all > most ? (own * most + all - 1) / all : own;
}

static void take_points(const Clouds *clouds, int kind, int64_t class, int64_t count,
                        PointGroup *group)
{
    const CloudSide *side = clouds_side(clouds, class, kind);
    Cloud *cloud = &group->cloud[kind];
    double *at = (double *)(uintptr_t)cloud->at + cloud->points * cloud->features;
    if (count)
        memcpy(at, side->at, (size_t)(count * cloud->features) * sizeof *at);
    for (int64_t i = 0; i < count; i++) {
        group->class[kind][cloud->points] = (int32_t) class;
        group->subject[kind][cloud->points++] =
            fornix_row(clouds_table(clouds, kind), side->row[i])->subject;
    }
}

PointGroup group_new(const Clouds *clouds, int64_t class, int64_t most)
{
    PointGroup group = {.features = clouds->coordinates, .classes = (int32_t)clouds->classes};
    for (int kind = 0; kind < POINT_KINDS; kind++) {
        int64_t room = 1;
        for (int64_t k = 0; k < clouds->classes; k++)
            room += clouds_side(clouds, k, kind)->points;
        group.cloud[kind] = (Cloud){0, clouds->coordinates,
                                    mem_new((size_t)(room * clouds->coordinates), sizeof(double))};
        group.class[kind] = mem_new((size_t)room, sizeof *group.class[kind]);
        group.subject[kind] = mem_new((size_t)room, sizeof *group.subject[kind]);
        for (int64_t k = 0; k < clouds->classes; k++)
            if (class < 0)
                take_points(clouds, kind, k, share_of(clouds, kind, k, most), &group);
            else if (k == class)
                take_points(clouds, kind, k, clouds_side(clouds, k, kind)->points, &group);
    }
    return group;
}

void group_free(PointGroup *group)
{
    for (int kind = 0; kind < POINT_KINDS; kind++) {
        mem_free((double *)(uintptr_t)group->cloud[kind].at);
        mem_free(group->class[kind]);
        mem_free(group->subject[kind]);
    }
}

/* ---- Drawing subjects again -------------------------------------------------------------- */

/* The points of two kinds, one behind the other. */
typedef struct {
    Resampling resampling;
    int64_t *cluster, count[2];
    int32_t *stratum;
} Drawing;

static Drawing drawing_new(const PointGroup *group, int first, int second, const GroupRules *rules)
{
    int64_t n = group->cloud[first].points, all = n + group->cloud[second].points;
    Drawing drawing = {.cluster = mem_new((size_t)all + 1, sizeof *drawing.cluster),
                       .count = {n, all - n},
                       .stratum = mem_new((size_t)all + 1, sizeof *drawing.stratum)};
    const char **subject = mem_new((size_t)all + 1, sizeof *subject);
    int32_t *label = mem_new((size_t)all + 1, sizeof *label);
    for (int64_t i = 0; i < all; i++) {
        int kind = i < n ? first : second;
        int64_t at = i < n ? i : i - n;
        subject[i] = group->subject[kind][at];
        label[i] = 2 * group->class[kind][at] + (i >= n);
    }
    int64_t clusters = clusters_find(subject, all, drawing.cluster);
    clusters_label(drawing.cluster, clusters, label, all, drawing.stratum);
    drawing.resampling = (Resampling){.samples = all,
                                      .clusters = clusters,
                                      .cluster = drawing.cluster,
                                      .stratum = drawing.stratum,
                                      .strata = 2 * group->classes,
                                      .draws = rules->draws,
                                      .confidence = rules->confidence,
                                      .random = rules->random};
    mem_free(subject);
    mem_free(label);
    return drawing;
}

static void drawing_free(Drawing *drawing)
{
    mem_free(drawing->cluster);
    mem_free(drawing->stratum);
}

/* P(a value of the second kind > one of the first). */
static Interval compare_values(const Drawing *drawing, const double *values)
{
    Interval interval;
    Closeness closeness = closeness_new(values, drawing->count[0], drawing->resampling.samples);
    bootstrap(&drawing->resampling, closeness_share, &closeness, 1, &interval);
    closeness_free(&closeness);
    return interval;
}

/* ---- Real or made-up --------------------------------------------------------------------- */

/* Dealt subject by subject, real and made-up ones in turn of their own. */
static void deal_folds(const Drawing *drawing, int64_t folds, FornixRandomKey key, int64_t *fold)
{
    int64_t clusters = drawing->resampling.clusters, dealt[2] = {0, 0};
    int64_t *order = mem_new((size_t)clusters + 1, sizeof *order);
    fornix_random_permutation(key, order, clusters);
    for (int64_t k = 0; k < clusters; k++)
        fold[order[k]] = dealt[drawing->stratum[order[k]] % 2]++ % folds;
    mem_free(order);
}

/* Scores the points of one fold by what all others teach. */
static void score_fold(const PointGroup *group, const Drawing *drawing, const int64_t *fold,
                       int64_t which, double *score)
{
    int64_t n = drawing->count[0], all = drawing->resampling.samples, count = 0;
    size_t width = (size_t)group->features;
    double *at = mem_new((size_t)all * width + 1, sizeof *at);
    double *weights = mem_new(width + 1, sizeof *weights);
    int32_t *made = mem_new((size_t)all + 1, sizeof *made);
    const Cloud *cloud = group->cloud;
    for (int64_t i = 0; i < all; i++) {
        const double *point = i < n ? cloud[REAL_POINTS].at + i * group->features
                                    : cloud[MADE_POINTS].at + (i - n) * group->features;
        if (fold[drawing->cluster[i]] == which)
            continue;
        memcpy(at + (size_t)count * width, point, width * sizeof *at);
        made[count++] = i >= n;
    }
    logistic_fit(&(Cloud){count, group->features, at}, made, logistic_decay, weights);
    for (int64_t i = 0; i < all; i++) {
        const double *point = i < n ? cloud[REAL_POINTS].at + i * group->features
                                    : cloud[MADE_POINTS].at + (i - n) * group->features;
        if (fold[drawing->cluster[i]] == which)
            score[i] = logistic_probability(weights, point, group->features);
    }
    mem_free(made);
    mem_free(weights);
    mem_free(at);
}

static Interval judge_two_samples(const PointGroup *group, const Drawing *drawing,
                                  const GroupRules *rules)
{
    if (drawing->count[0] < rules->folds || drawing->count[1] < rules->folds)
        return unknown;
    int64_t all = drawing->resampling.samples;
    int64_t *fold = mem_new((size_t)all + 1, sizeof *fold);
    double *score = mem_new((size_t)all + 1, sizeof *score);
    deal_folds(drawing, rules->folds, fornix_random_derive(rules->random, 1u << 30), fold);
    for (int64_t which = 0; which < rules->folds; which++)
        score_fold(group, drawing, fold, which, score);
    Interval interval = compare_values(drawing, score);
    mem_free(score);
    mem_free(fold);
    return interval;
}

/* ---- Memorisation ------------------------------------------------------------------------ */

static void judge_memory(const PointGroup *group, const GroupRules *rules, GroupFindings *found)
{
    const Cloud *real = &group->cloud[REAL_POINTS], *made = &group->cloud[MADE_POINTS];
    const Cloud *unseen = &group->cloud[UNSEEN_POINTS];
    double *apart = mem_new((size_t)(made->points + unseen->points) + 1, sizeof *apart);
    if (real->points) {
        nearest_distances(made, real, apart);
        nearest_distances(unseen, real, apart + made->points);
        found->nearest = statistics_median(apart, made->points);
        found->nearest_unseen = statistics_median(apart + made->points, unseen->points);
    }
    if (real->points && made->points && unseen->points) {
        Drawing drawing = drawing_new(group, MADE_POINTS, UNSEEN_POINTS, rules);
        found->closer = compare_values(&drawing, apart);
        drawing_free(&drawing);
    }
    mem_free(apart);
}

/* ---- The whole --------------------------------------------------------------------------- */

GroupFindings group_judge(const PointGroup *group, const GroupRules *rules)
{
    const Cloud *real = &group->cloud[REAL_POINTS], *made = &group->cloud[MADE_POINTS];
    int64_t fewer = real->points < made->points ? real->points : made->points;
    GroupFindings found = {.frechet = frechet_distance(real, made),
                           .rank = fewer - 1 < group->features ? fewer - 1 : group->features,
                           .kid = unknown,
                           .manifold = manifold_compare(real, made, rules->neighbours),
                           .two_sample = unknown,
                           .nearest = NAN,
                           .nearest_unseen = NAN,
                           .closer = unknown};
    if (fewer > 1) {
        Kernels kernels = kernels_new(real, made);
        Drawing drawing = drawing_new(group, REAL_POINTS, MADE_POINTS, rules);
        bootstrap(&drawing.resampling, kernels_distance, &kernels, 1, &found.kid);
        found.two_sample = judge_two_samples(group, &drawing, rules);
        drawing_free(&drawing);
        kernels_free(&kernels);
    }
    judge_memory(group, rules, &found);
    return found;
}

Transfer group_transfer(const PointGroup *group, int trained, int tested, const GroupRules *rules)
{
    const Cloud *from = &group->cloud[trained], *to = &group->cloud[tested];
    int32_t classes = group->classes;
    if (classes < 2 || !from->points || !to->points)
        return (Transfer){unknown, unknown};
    double *score = mem_new((size_t)(to->points * classes) + 1, sizeof *score);
    int32_t *predicted = mem_new((size_t)to->points + 1, sizeof *predicted);
    int figures = judge_figure_count(classes);
    Interval *intervals = mem_new((size_t)figures, sizeof *intervals);
    logistic_classify(from, group->class[trained], classes, to, score);
    for (int64_t i = 0; i < to->points; i++)
        predicted[i] = likeliest(score + i * classes, classes);
    Predictions predictions = {to->points, classes, group->class[tested], predicted, score};
    Judge *judge = judge_new(&predictions);
    PointGroup only = *group; /* the tested points alone are drawn */
    only.cloud[trained].points = 0;
    Drawing drawing = drawing_new(&only, tested, trained, rules);
    bootstrap(&drawing.resampling, judge_statistic, judge, figures, intervals);
    Transfer transfer = {intervals[AUC], intervals[BALANCED_ACCURACY]};
    drawing_free(&drawing);
    judge_free(judge);
    mem_free(intervals);
    mem_free(predicted);
    mem_free(score);
    return transfer;
}
