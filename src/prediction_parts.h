/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inside of applying a run: its nodes (prediction.c) and what is written (prediction_write.c).
 */
#ifndef FORNIX_PREDICTION_PARTS_H
#define FORNIX_PREDICTION_PARTS_H

#include "experiment.h"
#include "meter.h"
#include "prediction.h"

typedef struct Prediction {
    const PredictionRequest *request;
    Bundle *bundle;
    Experiment *experiment;
    Team *team;
    Meter *meter;
    Arena *memory;
    char *folder;
    char *work; /* in the folder, removed at the end */
    FornixError error;
} Prediction;

/* Writes what a wanted node's table says of pixels and of samples. */
bool prediction_write(const Prediction *prediction, const Outer *outer, FornixError *error);

#endif
