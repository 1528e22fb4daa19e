/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What plan.c writes, layout.c places and plan_run.c runs: the inside of a Plan. */
#ifndef FORNIX_PLAN_PARTS_H
#define FORNIX_PLAN_PARTS_H

#include "plan.h"

typedef enum {
    TENSOR_ARENA,     /* in the arena, alive from its first use to its last */
    TENSOR_COLUMN,    /* of the batch: given at each run */
    TENSOR_PARAMETER, /* a weight or kept state */
    TENSOR_GRADIENT,  /* a weight's gradient accumulated over batches */
    TENSOR_ONE,       /* ones: the gradient of a loss by itself */
} TensorHome;

/* One version of a value, a gradient, saved or scratch memory. */
typedef struct PlanTensor {
    TensorHome home;
    FornixShape shape;
    int number; /* of the column or parameter */
    int group;  /* tensors of one group share the same memory */
    bool lasts; /* wanted: stays to the end */
} PlanTensor;

typedef struct PlanUse {
    int step, tensor;
    bool writes, pitched; /* pitched: the step can do with pitch_w > c there */
} PlanUse;

/* A region of memory: all of a block of the arena, or some channels of another group's. */
typedef struct PlanGroup {
    int parent; /* -1: none */
    int64_t channel;
    FornixShape shape;    /* whose pitch rules (of a parent: all channels) */
    int first, last;      /* steps, with those of its parts */
    int64_t offset;       /* bytes into the arena; of groups without parent */
    bool pitched;         /* all uses can do with a pitch */
    bool in_arena, whole; /* whole: others are part of it */
} PlanGroup;

typedef enum { STEP_NODE, STEP_SUM, STEP_ZERO, STEP_OPTIMIZE } StepKind;

/* Numbers of tensors, -1 where there is none, as FornixStep has pointers. */
typedef struct PlanStep {
    StepKind kind;
    const Node *node;
    FornixPhase phase;
    int update;
    int drawn; /* the update whose random numbers it uses: that of its forward pass */
    int *in, *out, *saved, *weight, *state, *dout, *din, *dweight, *new_state;
    uint16_t adds; /* as FornixStep.adds */
    int scratch;
    int *terms, term_count; /* of a sum (into out[0]) or the gradients of an optimizer */
    int *parameters;        /* of an optimizer: whose gradients terms are */
    bool accumulates;       /* a sum into a gradient kept over batches */
    int64_t grains[PASSES_MOST];
    int number[PASSES_MOST]; /* the node's own number of each pass */
    int passes;
    int *after, after_count, after_room, before;
    FornixStep bound;
    Scene scene;   /* of the node at work */
    uint64_t salt; /* its share in the random key of a run */
} PlanStep;

typedef struct OptimizerGrain {
    int term;
    int64_t begin, end;
} OptimizerGrain;

typedef struct PlanOptimizer {
    OptimizerGrain *grains;
    int64_t grain_count;
    double *squares; /* of each grain's gradient, then their scale at [grain_count] */
    WeightTensor **tensors;
    int64_t *counts; /* which update of each tensor this one is, from 1 */
    const float **gradients;
} PlanOptimizer;

struct Plan {
    Arena *memory;
    PlanRequest request;
    PlanUpdate *updates;
    const Graph *graph;
    const Node *
        *acting; /* by node: it, the fused node that ends there, or NULL: a fused one's part */
    PlanTensor *tensors;
    int tensor_count, tensor_room;
    PlanUse *uses;
    int use_count, use_room;
    PlanStep **steps;
    int step_count, step_room;
    PlanGroup *groups;
    int *wanted; /* tensors */
    PlanSize size;
    /* of plan_open */
    char *arena;
    Task *tasks;
    WeightTensor **parameters; /* by Parameter.index */
    PlanOptimizer *optimizers; /* by update */
    float *ones;               /* as many as the largest TENSOR_ONE has */
    PlanTiming *timings;
    uint64_t *nanoseconds; /* by step, written by all threads atomically */
    double *clock;         /* seconds of each run */
    int64_t runs, clock_room;
    const PlanRun *run; /* NULL or &held */
    PlanRun held;
    uint64_t began;
    Tasks work;
    void **opened; /* by node */
};

enum { SUM_GRAIN = 16384, OPTIMIZER_GRAIN = 16384 };

/* Chooses groups, offsets and the order that memory demands (PlanStep.after). */
void layout_plan(Plan *plan);

/* The view that a tensor has in memory; data is NULL before plan_open. */
FornixTensor plan_view(const Plan *plan, int tensor);

#endif
