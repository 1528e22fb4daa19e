/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs a stage in a working folder of its own.
 *
 * train_run keeps checkpoint.safetensors and metrics.jsonl there, goes on from the checkpoint if
 * one is there, and leaves weights.safetensors and the stage's figures. apply_run (apply.h) leaves
 * a table. What they leave depends on the stage, its samples and weights alone: not on the number
 * of threads, nor on how often it was broken off.
 */
#ifndef FORNIX_TRAIN_H
#define FORNIX_TRAIN_H

#include <stdatomic.h>

#include "figures.h"
#include "meter.h"
#include "samples.h"
#include "stage.h"

typedef struct StageRun {
    Team *team;
    Stage *stage;
    const FornixTable *samples; /* NULL for a generate */
    const Fits *fits;           /* that its results hand on; NULL: none */
    const char *folder;         /* exists; what is in it is this stage's */
    /* The file with the weights that weights="source" names. */
    const char *(*weights_file)(void *context, const char *source);
    void *context;
    Meter *meter;
    const atomic_bool *stop; /* end at a checkpoint */
    bool smoke;              /* one batch, to see that all of it works */
    FILE *profile;           /* where the time went; NULL: not asked */
    Figures figures;         /* out */
} StageRun;

bool train_run(StageRun *run, FornixError *error);

/* The same in every round of a loop, so that arms differ in their samples alone. */
FornixRandomKey stage_random(const Stage *stage, int64_t seed);

/* The plans of a stage's bodies, each made once, opened, with the loaded weights. */
typedef struct StagePlanEntry {
    const Validation *validation; /* NULL: the stage's own body */
    int64_t batch;
    uint64_t updates;
    StagePlan *plan;
} StagePlanEntry;

typedef struct StagePlans {
    StageRun *run;
    Weights *weights;
    StagePlanEntry *entries;
    int count;
    uint64_t seed;
    double waited; /* seconds that batches were waited for */
} StagePlans;

/* NULL after a failure. The plan stays the StagePlans'. */
StagePlan *plans_get(StagePlans *plans, const Validation *validation, int64_t batch,
                     uint64_t updates, FornixError *error);
/* Loads what weights= says, after all plans that own weights were got once. */
bool plans_load(StagePlans *plans, FornixError *error);
void plans_free(StagePlans *plans);

/* Where the time went, for StageRun.profile: taken before the first step... */
typedef struct ProfileStart {
    double seconds, idle, bytes;
} ProfileStart;

ProfileStart profile_start(const StageRun *run);
/* ... and told after the last: each node and pass, most first, beside what the machine can do. */
void profile_print(const StagePlans *plans, const ProfileStart *start);

/* Runs a body over rows in order, batch by batch; `each` gets every batch's plan and rows. */
typedef struct Sweep {
    StagePlans *plans;
    const Validation *validation;
    const FornixTable *samples;
    const int64_t *rows;
    int64_t row_count, batch;
    int64_t begin;  /* rows done already: whole batches */
    int64_t before; /* rows of the same gauge that were done by other sweeps */
    FornixRandomKey random;
    Gauge *gauge; /* NULL: none */
    bool stops;   /* when the run is to stop: not within a validation */
    bool (*each)(void *context, const StagePlan *plan, const int64_t *rows, int64_t count,
                 FornixError *error);
    void *context;
} Sweep;

bool sweep_run(const Sweep *sweep, FornixError *error);

#endif
