/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Losses and metrics over many batches: rows gathered in order, figures made of them at the end. */
#ifndef FORNIX_MEASURE_H
#define FORNIX_MEASURE_H

#include "figures.h"
#include "graph.h"

typedef struct Measure Measure;

/* values: of kind LOSS or METRIC; samples tell the rows' subjects. */
Measure *measure_new(Value *const *values, int count, const FornixTable *samples);
void measure_free(Measure *measure);

/* What value k was for the rows of one batch (a loss counts once for each of them). */
void measure_add(Measure *measure, int k, FornixView view, const int64_t *rows, int64_t count);

/* Adds each value's figures under prefix ("watch." gives "watch.dice", "watch.dice.low"). The
 * values are those of any batch size: their order is what counts. */
void measure_finish(Measure *measure, const char *prefix, Figures *figures);

#endif
