/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the anatomy of a phantom hands to the scanner that images it. */
#ifndef FORNIX_PHANTOM_PARTS_H
#define FORNIX_PHANTOM_PARTS_H

#include "field.h"
#include "phantom.h"

/* What a head is painted with, in this order: each layer covers those before it. */
typedef enum {
    LAYER_SCALP,
    LAYER_SKULL,
    LAYER_CSF,
    LAYER_GREY,
    LAYER_WHITE,
    LAYER_NUCLEI,
    LAYER_VENTRICLES,
    LAYER_LESIONS,
    LAYER_OEDEMA,
    LAYER_SOLID,
    LAYER_RIM,
    LAYER_NECROSIS,
    LAYERS
} Layer;

typedef struct {
    float weight[LAYERS]; /* 0 to 1: how much of the voxel it covers */
} Cover;

typedef enum { FIELD_SHAPE, FIELD_FOLDS, FIELD_BORDER, FIELD_TEXTURE, FIELD_BIAS, FIELDS } FieldUse;

enum { LESIONS_MOST = 5 };

typedef struct {
    double at[3];
} Point;

typedef struct {
    Point centre;
    double aspect[3];
    double radius, oedema, necrosis; /* mm: core, rim of oedema round it, inner core */
    double rough;                    /* of the border, as part of the radius */
    double rim, texture;             /* how bright the rim is in t1ce, how uneven the inside */
} Tumour;

/* One subject. Lengths are mm in the head's own frame, d h w, origin at its centre. */
typedef struct {
    double turn[3][3]; /* from the scanner's frame to the head's */
    double shift[3], scale[3];
    double ventricles; /* size, about 1 */
    int lesions;
    Point lesion[LESIONS_MOST];
    double lesion_radius[LESIONS_MOST];
    Tumour tumour;
    double slice; /* of a grid with D = 1: mm in the scanner's frame */
} Anatomy;

Anatomy anatomy_draw(FornixRandomKey subject, double severity);

/* Random fields' values at a voxel. */
typedef struct {
    float shape, folds, border;
} Bumps;

/* What covers the voxel at `place` (scanner's frame, mm); edge is a voxel's length there. */
Cover anatomy_cover(const Anatomy *anatomy, Point place, Bumps bumps, double edge);

#endif
