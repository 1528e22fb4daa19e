/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The weights of a stage: by name, with what its optimizers keep of each.
 *
 * A stage has one Weights, shared by the plans of its body, its partial batches and its
 * validations. Memory of a tensor never moves while the Weights lives, so plans bind to it once.
 */
#ifndef FORNIX_WEIGHTS_H
#define FORNIX_WEIGHTS_H

#include "base.h"
#include "graph.h"

enum { OPTIMIZER_STATES_MOST = 4 };

typedef struct WeightTensor {
    char *name;
    FornixShape shape;
    bool kept; /* a running statistic, not trained */
    float *data;
    float *moment[OPTIMIZER_STATES_MOST]; /* of its optimizer; NULL until weights_moments */
    int moments;
    float *gradient; /* accumulated over batches; NULL unless asked for */
    float *average;  /* moving, of its values after each update; NULL unless asked for */
    int64_t updates; /* how often it was updated */
} WeightTensor;

typedef struct Weights Weights;

Weights *weights_new(void);
void weights_free(Weights *weights);
size_t weights_count(const Weights *weights);
WeightTensor *weights_at(Weights *weights, size_t index); /* in order of their first addition */
WeightTensor *weights_find(Weights *weights, const char *name);

/* The tensor of that name, made on first use and filled as the parameter's init says, from
 * (seed, name) alone: the order of creation doesn't matter. NULL without memory, or where it
 * exists with another shape. */
WeightTensor *weights_take(Weights *weights, const Parameter *parameter, uint64_t seed,
                           FornixError *error);
/* Sees that the tensor has that many zeroed moments (an accumulated gradient). */
bool weights_moments(WeightTensor *tensor, int moments, FornixError *error);
bool weights_gradient(WeightTensor *tensor, FornixError *error);
bool weights_average(WeightTensor *tensor, FornixError *error);
/* Averages begin with what the values are now. */
void weights_start_averages(Weights *weights);
/* Values and averages change places, where there are averages. */
void weights_swap_averages(Weights *weights);

/* Copies values (not moments) by name; shapes must agree. */
bool weights_copy(Weights *to, const Weights *from, FornixError *error);

#endif
