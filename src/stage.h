/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One stage as the graph describes it: train, apply, generate or filter, before anything runs.
 *
 * stage_new reads attributes, updates, validations and what is collected, and infers the body at
 * the stage's batch size, so that all mistakes are known. stage_plan gives the plan of a body at
 * any batch size; train.h and apply.h run them.
 */
#ifndef FORNIX_STAGE_H
#define FORNIX_STAGE_H

#include "infer.h"
#include "language.h"
#include "plan.h"
#include "tiling.h"

typedef enum { STAGE_TRAIN, STAGE_APPLY, STAGE_GENERATE, STAGE_FILTER } StageKind;

enum { UPDATES_MOST = 64 }; /* sets of them are bits */

typedef struct Update {
    const Element *element;
    const char *id;
    UpdateAttrs *attrs;
    const FornixNode *optimizer, *schedule; /* schedule: NULL for a constant rate */
    void *optimizer_attrs, *schedule_attrs;
} Update;

typedef struct Validation {
    const Element *element;
    const char *id;
    ValidateAttrs *attrs;
    int64_t every;
    bool in_epochs; /* unit of every */
} Validation;

typedef struct Collect {
    const Element *element;
    const char *name;
    const Attribute *reference;
    FornixColumn column;
    bool pools; /* mean over d, h, w */
} Collect;

/* <window> of an apply: what its body sees of samples on `grid`. */
typedef struct StageWindow {
    const Element *element;
    TilingRequest tiling;
} StageWindow;

typedef struct StageContext {
    Registry *registry;
    const NetDefinition *nets;
    int net_count;
    const AttrResolver *resolver;
    Diag *diag;
} StageContext;

typedef struct Stage {
    StageKind kind;
    const char *id;
    const Element *element;
    StageContext context;
    Arena *memory;
    TrainAttrs *train;
    ApplyAttrs *apply;
    GenerateAttrs *generate;
    FilterAttrs *filter;
    FornixColumn *columns; /* of its samples, or of windows of them; of a generate: row.label */
    int column_count;
    Update *updates;
    int update_count;
    Validation *validations;
    int validation_count;
    Collect *collects;
    int collect_count;
    StageWindow *window;      /* NULL: whole samples */
    FornixClasses label;      /* of a generate, and what a filter's rule compares with */
    const char *filter_value; /* reference of a filter's logits */
    Net *nets;                /* of the body and the validations, with where weights come from */
    int net_count;
    Parameter *parameters; /* of all those nets */
    int parameter_count;
    const Plugin **plugins; /* of every node in the bodies, nets, updates: what results depend on */
    int plugin_count;
} Stage;

/* columns: of its samples, NULL for a generate. NULL after a mistake. */
Stage *stage_new(StageKind kind, const Element *element, const FornixTable *samples,
                 const StageContext *context);
void stage_free(Stage *stage);

/* Whether that column of its samples is seen in windows. */
bool stage_windows(const Stage *stage, const FornixColumn *column);

int64_t stage_batch(const Stage *stage); /* rows in a batch */
FornixWinograd stage_winograd(const Stage *stage);
/* How many floats the weights of a net are, without what it keeps (running statistics). */
int64_t stage_net_size(const Stage *stage, const char *net);
/* Parts named in an attribute, as bits 1 << FornixPart; 0 (all parts) for none. false: told. */
bool stage_parts(const Stage *stage, const Element *element, FornixList names, unsigned *parts);

/* A body with its plan. */
typedef struct StagePlan {
    Body *body;
    Plan *plan;
    Value **wanted; /* losses and metrics by graph order, or what is collected */
    int wanted_count;
    Plan *ahead[2]; /* of training: makes what depends on the batch alone, for the next batch while
                       this one is in use; NULL: there is nothing of that kind */
    Value **given;  /* what it makes: they come behind the columns */
    int given_count;
} StagePlan;

/* The plan of the stage's body (validation NULL) or of a validation's. updates: bit k to include
 * update k. NULL after a mistake. */
StagePlan *stage_plan(Stage *stage, const Validation *validation, int64_t batch, uint64_t updates);
void stage_plan_free(StagePlan *plan);

#endif
