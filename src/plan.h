/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The plan of one step of a stage: what runs, where its tensors lie, what waits for what.
 *
 * Each update of a step is a forward and a backward sweep over the same Graph; what an update has
 * not invalidated is not computed again. All temporary tensors lie in one arena, at offsets chosen
 * from their lifetimes; tensors that may share memory (node.h: in place, same memory, part of) do
 * where no later reader is harmed. A step waits for another where it reads what that wrote, or
 * writes memory that that still uses; everything else may run at the same time.
 */
#ifndef FORNIX_PLAN_H
#define FORNIX_PLAN_H

#include "graph.h"
#include "scene.h"
#include "team.h"
#include "weights.h"

typedef struct PlanUpdate {
    const char *id;
    Place place;
    const Value *loss;
    uint64_t nets; /* bit k: net k of the graph is trained */
    const FornixOptimizer *optimizer;
    const void *optimizer_attrs;
    Scene scene;    /* of the optimizer at work */
    double clip;    /* largest global norm of its gradient; 0: none */
    int accumulate; /* over so many batches; 1: none */
    double average; /* share of the old in the weights' moving averages; 0: none are kept */
} PlanUpdate;

typedef struct PlanRequest {
    const Graph *graph;
    const PlanUpdate *updates;
    int update_count;
    Value *const *wanted; /* stay readable after a run: metrics, losses, what is collected */
    int wanted_count;
    Value *const *given; /* made ahead by another plan: they come with the columns, behind them */
    int given_count;
    uint64_t trained; /* nets that some update of the stage trains; the others are frozen */
    bool training;    /* false: forward only, with running statistics */
    bool apart;       /* every tensor in memory of its own: what sharing is tested against */
    bool unfused;     /* every node itself: what fused nodes are tested against */
} PlanRequest;

typedef struct Plan Plan;

/* NULL where the diag got a mistake. The graph must outlive the plan. */
Plan *plan_new(const PlanRequest *request, Diag *diag);
void plan_free(Plan *plan);

typedef struct PlanSize {
    int64_t arena;   /* bytes of all temporary tensors, as laid out */
    int64_t bound;   /* the most that is alive at once: no layout can be below */
    int64_t weights; /* bytes of weights, moments and accumulated gradients */
    double flops;    /* of one run, forward and backward */
    int steps;
} PlanSize;

PlanSize plan_size(const Plan *plan);
void plan_print(const Plan *plan, FILE *out); /* steps, lifetimes, offsets */

/* Takes memory and the weights (made from seed where they're new). */
bool plan_open(Plan *plan, Weights *weights, uint64_t seed, FornixError *error);

typedef struct PlanRun {
    float *const *columns;  /* the batch, dense, in the order of Graph.columns */
    FornixRandomKey random; /* of the stage and the step */
    const int64_t *numbers; /* of this run of each update, from 0: for accumulation */
    const double *rates;    /* of each update, after the schedule */
} PlanRun;

bool plan_run(Plan *plan, Team *team, const PlanRun *run, FornixError *error);

/* The same in two halves, for who runs the tasks in the background: what run points to must stay
 * until plan_end. */
const Tasks *plan_begin(Plan *plan, const PlanRun *run);
void plan_end(Plan *plan);

/* Where wanted value k lies after a run; valid until the next. */
FornixView plan_wanted(const Plan *plan, int k);

/* What each step of the plan took in all runs, the first left out unless it is the only one, for
 * --profile. */
typedef struct PlanTiming {
    const char *path, *type;
    FornixPhase phase;
    double seconds; /* of all threads together */
    double flops;   /* of one run */
    double bytes;   /* read and written by one run */
    int64_t runs;
} PlanTiming;

int plan_timings(const Plan *plan, const PlanTiming **timings);
/* Seconds on the clock of a run, the first left out unless it is the only one. */
double plan_median(const Plan *plan);

#endif
