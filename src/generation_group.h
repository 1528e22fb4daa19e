/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Real, made-up and unseen real points of a class, or of all classes together, judged. */
#ifndef FORNIX_GENERATION_GROUP_H
#define FORNIX_GENERATION_GROUP_H

#include "clouds.h"
#include "generation.h"

enum { REAL_POINTS, MADE_POINTS, UNSEEN_POINTS, POINT_KINDS }; /* the sources of the Clouds */

typedef struct {
    int64_t features;
    int32_t classes;
    Cloud cloud[POINT_KINDS];
    int32_t *class[POINT_KINDS];       /* of each point */
    const char **subject[POINT_KINDS]; /* of each point */
} PointGroup;

/* Of a class, or (class -1) of all, each with its share of at most `most` of a kind. */
PointGroup group_new(const Clouds *clouds, int64_t class, int64_t most);
void group_free(PointGroup *group);

typedef struct {
    int64_t neighbours, folds, draws;
    double confidence;
    FornixRandomKey random;
} GroupRules;

/* A classifier trained on one kind of points and tested on another. */
typedef struct {
    Interval auc, balanced;
} Transfer;

typedef struct {
    double frechet;
    int64_t rank; /* of the covariances that it rests on: at most the coordinates */
    Interval kid;
    Manifold manifold;
    Interval two_sample; /* AUC of real against made, by cross-validation over subjects */
    double nearest, nearest_unseen; /* medians of the distances to the nearest real point */
    Interval closer;
} GroupFindings;

GroupFindings group_judge(const PointGroup *group, const GroupRules *rules);
Transfer group_transfer(const PointGroup *group, int trained, int tested, const GroupRules *rules);

#endif
