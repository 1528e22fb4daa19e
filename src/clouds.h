/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Features of samples from several tables, class by class, as points of few coordinates.
 *
 * A map has more features than there are samples: every feature, over the spread of the real ones,
 * is added to or taken from one coordinate, by a draw of its own. That keeps distances on average
 * (Charikar, Chen and Farach-Colton 2002) and needs no matrix of features by coordinates. Few
 * features are taken as they are.
 */
#ifndef FORNIX_CLOUDS_H
#define FORNIX_CLOUDS_H

#include "distance.h"
#include "node.h"

/* Rows of a table, of one part or (FORNIX_NO_PART) of all. The first source is what others are
 * measured by: the real samples. */
typedef struct {
    int input;
    int column, label;
    int part;
} CloudSource;

/* The samples of a class from a source. */
typedef struct {
    int64_t *row, rows; /* of the table */
    Moments moments;    /* of all of them */
    int64_t points;     /* those that became points: the first of `row` */
    double *at;         /* [points][coordinates] */
    FornixError error;
} CloudSide;

typedef struct {
    FornixBuild *build;
    const CloudSource *source;
    int sources;
    int64_t features, classes, coordinates;
    int64_t most; /* points of a side, drawn where there are more rows */
    bool common;  /* one centre and spread, of all classes together; else each class's own */
    FornixRandomKey random;
    Moments all;     /* of the first source's classes together */
    CloudSide *side; /* [classes][sources] */
} Clouds;

/* Chooses the columns named (or the only ones there are) of inputs 0 (real) and 1 (synthetic);
 * false after a mistake: they must have one shape and the same classes. */
bool clouds_choose(FornixBuild *build, const char *column, const char *label, CloudSource real,
                   CloudSource made, CloudSource out[2]);
/* Reads all that there is, once everything but all and side is set; false after a mistake. */
bool clouds_read(Clouds *clouds);
void clouds_free(Clouds *clouds);

CloudSide *clouds_side(const Clouds *clouds, int64_t class, int source);
const FornixTable *clouds_table(const Clouds *clouds, int source);
/* A row's features, all finite. */
bool clouds_row(const Clouds *clouds, int source, int64_t row, float *out, FornixError *error);

#endif
