/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A finished run applied to new subjects: masks in the space of their images, and classes.
 *
 * The run's bundle is opened with a list of new subjects in the place of its own. Nothing is fitted
 * and no label is read: weights, class names, statistics and thresholds are the run's. For every
 * wanted table DIR/NODE/ holds a mask for each volume (and, when asked, the probability of its
 * classes), or predictions.csv with a row for each sample.
 */
#ifndef FORNIX_PREDICTION_H
#define FORNIX_PREDICTION_H

#include <stdbool.h>
#include <stddef.h>

typedef struct PredictionRequest {
    const char *run;          /* the folder of a finished run */
    const char *manifest;     /* a CSV file of new subjects */
    const char *folder;       /* NULL: applied/NAME of the graph */
    const char *input;        /* the loader that reads the list; NULL: the only one there is */
    const char *const *nodes; /* whose predictions are wanted; none: all that nobody sums up */
    size_t node_count;
    bool probability; /* of pixels, too */
    bool json;
    int threads; /* 0: as many as OMP_NUM_THREADS or the machine say */
} PredictionRequest;

/* The program's exit code; all that people need to know was written to stdout and stderr. */
int prediction_run(const PredictionRequest *request);

#endif
