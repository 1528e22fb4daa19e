/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The outer graph of a file: read, resolved and checked whole, ready to run.
 *
 * experiment_open finds all that is wrong before anything runs: every node's attributes, every
 * stage's body with its shapes, every port's kind, weights against the nets they were trained in,
 * and, where the tables' rows are known without a run, their rows.
 */
#ifndef FORNIX_EXPERIMENT_H
#define FORNIX_EXPERIMENT_H

#include "bundle.h"
#include "hash.h"
#include "samples.h"
#include "stage.h"

typedef struct Outer Outer;

typedef enum { OUTER_NEW, OUTER_OPEN, OUTER_CHECKED, OUTER_WRONG } OuterCheck;

typedef struct OuterInput {
    Outer *from; /* NULL: an optional port left open */
    const char *name;
    int port;
} OuterInput;

/* A node of the outer graph: a plugin that works on tables, or a stage. */
struct Outer {
    const char *id;
    const Element *element;
    const FornixNode *type; /* of a stage: its language element */
    const Plugin *plugin;   /* NULL: a stage */
    int stage_kind;         /* StageKind, or -1 */
    OuterCheck check;
    void *attrs;
    unsigned parts; /* of an evaluator */
    const char *acknowledge;
    OuterInput *inputs;
    int input_count;
    Stage *stage;
    Outer **weights;          /* by stage->nets: the train stage, or NULL (none, or a file) */
    Fits fits;                /* of a stage: what its results will be fitted on, where known */
    const FornixTable *table; /* schema, or with rows where they're known or foreseen */
    bool has_rows;            /* table was made with its rows, as a run makes it */
    const char **files;       /* that it read to be checked */
    int file_count;
    /* what stage_plan told of a train stage, to compare with whoever loads its weights */
    Parameter *parameters;
    int parameter_count;
    struct OuterRun *run; /* of run_parts.h */
    /* Of a run that is applied. */
    const FornixTable *stored; /* the table that it left, without rows; NULL: none */
    bool live;                 /* has to be made of new subjects */
    bool wanted;               /* holds predictions that were asked for */
};

typedef struct Experiment Experiment;

/* A finished run to be applied to new subjects. Then only nodes on the way from the loader to
 * wanted predictions are made; all others stand as the run left them. */
typedef struct ExperimentApply {
    Bundle *bundle;
    const char *manifest;     /* a CSV file of new subjects */
    const char *input;        /* the loader that reads it; NULL: the only one there is */
    const char *const *nodes; /* whose predictions are wanted; none: all that nobody sums up */
    size_t node_count;
} ExperimentApply;

typedef struct ExperimentRequest {
    const char *path;
    const char *const *overrides; /* "name=value" */
    size_t override_count;
    const Override *settings; /* more of them, that know where they were written; borrowed */
    size_t setting_count;
    const SamplesHost *host;      /* NULL: serial */
    const ExperimentApply *apply; /* NULL: a run of its own */
    bool weights_to_come;         /* files that weights= names are not looked at */
    bool links_alone;             /* connects the nodes and no more: reads no data */
} ExperimentRequest;

/* Never NULL; diag_errors(experiment_diag()) tells whether it can run. */
Experiment *experiment_open(const ExperimentRequest *request);
void experiment_free(Experiment *experiment);

Diag *experiment_diag(Experiment *experiment);
const char *experiment_name(const Experiment *experiment);
Samples *experiment_samples(Experiment *experiment);
Registry *experiment_registry(Experiment *experiment);
/* The outer nodes, each after all that it needs. */
Outer *const *experiment_nodes(const Experiment *experiment, int *count);
const Source *experiment_source(const Experiment *experiment);
const Expansion *experiment_expansion(const Experiment *experiment);
/* The loader of new subjects, where a run is applied; NULL elsewhere. */
Outer *experiment_loader(const Experiment *experiment);
/* What a node's behaviour depends on in the text of the graph: the canonical element, of a stage
 * with the nets that it uses. */
void experiment_canonical(const Experiment *experiment, const Outer *outer, Text *out);

/* A build of a samples node over those inputs' tables; folder NULL in a check. */
FornixBuild *outer_build(Experiment *experiment, Outer *outer, const FornixTable *const *tables,
                         const char *folder);
/* The table that a stage hands on, without tensors: rows of samples in its parts, or made up. */
void outer_stage_columns(Experiment *experiment, Outer *outer, FornixBuild *build);
/* The rows that a generate stage makes: subjects of their own, labels as it says, into those
 * columns
 * (-1: into none). */
void outer_generate_rows(const Outer *outer, FornixBuild *build, int label, int other);
/* What a stage's results are fitted on by way of its samples: subjects that it trains on or is
 * chosen by, and all that the table stems from. */
void outer_add_fits(const Outer *outer, Samples *samples, const FornixTable *table, Fits *fits);

#endif
