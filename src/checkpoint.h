/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Weights in files: what a stage hands on, and all that it needs to go on after a break.
 *
 * Both are safetensors files that appear whole or not at all. Weights alone are the tensors under
 * their names. A checkpoint adds what optimizers keep ("moment.0/NAME"), gradients that are being
 * accumulated ("gradient/NAME"), moving averages ("average/NAME"), the best weights so far
 * ("best/NAME") and, in its metadata, the progress of the stage.
 */
#ifndef FORNIX_CHECKPOINT_H
#define FORNIX_CHECKPOINT_H

#include "safetensors.h"
#include "weights.h"

/* texts: what the file says of itself. */
bool weights_save(Weights *weights, const char *path, const SafeText *texts, size_t text_count,
                  FornixError *error);

typedef struct WeightsLoad {
    const char *path;
    const char *net;    /* only tensors of this net ("NET/...") */
    bool matching;      /* leave those out that are not in the file or have another shape there */
    const char *except; /* names of nodes or tensors in the net to leave out; NULL: none */
} WeightsLoad;

/* Fills tensors that exist already. An entry of `except` that matches nothing is a failure. */
bool weights_load(Weights *weights, const WeightsLoad *load, FornixError *error);

/* Whether weights_load would find all that it wants for a net with those parameters. */
bool weights_check(const Parameter *parameters, int count, const WeightsLoad *load,
                   FornixError *error);

typedef struct Progress {
    int64_t step;                /* steps done */
    int64_t metrics_offset;      /* bytes of the metrics file that belong to them */
    int64_t validations_without; /* a better monitor */
    bool has_best;
    double best;
    int64_t best_step;
} Progress;

/* best: NULL where the stage keeps none. */
bool checkpoint_save(const char *path, Weights *weights, Weights *best, const Progress *progress,
                     FornixError *error);
/* false with an empty error where there is no checkpoint. Tensors and moments must exist. */
bool checkpoint_load(const char *path, Weights *weights, Weights *best, Progress *progress,
                     FornixError *error);

#endif
