/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inside of a train stage's run: its loop (train.c) and its figures (train_figures.c). */
#ifndef FORNIX_TRAIN_PARTS_H
#define FORNIX_TRAIN_PARTS_H

#include "checkpoint.h"
#include "file.h"
#include "loader.h"
#include "measure.h"
#include "train.h"

typedef struct Trainer {
    StageRun *run;
    const Stage *stage;
    StagePlans plans;
    Weights *best; /* NULL: the stage hands on its last weights */
    int64_t *rows, row_count;
    int64_t per_epoch; /* batches */
    int64_t draws;     /* batches in a step */
    int64_t steps;
    int64_t batch_most;
    FornixRandomKey random;
    int64_t *order, order_epoch; /* of the rows in the epoch that was shuffled last */
    Loader *loader;
    Progress progress;
    FileLines *metrics;
    Gauge *gauge;
    double checkpointed; /* when */
    bool damaged;        /* the checkpoint that was there can't be read */
    Measure *losses;     /* since the last line of metrics */
} Trainer;

/* From stage, row_count and run->smoke: draws, per_epoch, batch_most and steps. */
bool train_plan_epochs(Trainer *t, FornixError *error);
/* Of the epoch's batch number `place`: its first row in the epoch's order, and how many. */
void train_batch_range(const Trainer *t, int64_t place, int64_t *first, int64_t *count);
/* The rows of batch `number`, counted from the stage's beginning. */
const int64_t *train_batch_rows(Trainer *t, int64_t number, int64_t *count);
/* In draw d of a step, the updates that run in it: all in the last, those with times left before.
 */
uint64_t train_updates_in(const Trainer *t, int64_t draw);

/* The losses since the last line of metrics become a line; a loss that isn't finite is a failure.
 */
bool train_log_losses(Trainer *t, FornixError *error);
/* Measures, writes a line, and keeps the weights if they are the best so far. */
bool train_validate(Trainer *t, const Validation *validation, FornixError *error);
/* The last value of every figure, from the lines themselves: those before a break count too. */
bool train_read_latest(const Trainer *t, FornixError *error);

#endif
