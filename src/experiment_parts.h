/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inside of an Experiment: its nodes one by one (experiment.c), what they are connected to
 * (experiment_inputs.c), stages (experiment_stage.c), branches that are not taken
 * (experiment_untaken.c), and a finished run that is applied (experiment_apply.c). */
#ifndef FORNIX_EXPERIMENT_PARTS_H
#define FORNIX_EXPERIMENT_PARTS_H

#include <pthread.h>

#include "experiment.h"

struct Experiment {
    Arena *memory;
    Diag *diag;
    Registry *registry;
    Samples *samples;
    const Expansion *expansion;
    NetDefinition *nets;
    int net_count;
    Outer *nodes; /* in document order */
    int node_count;
    Outer **order; /* each after what it needs */
    int ordered;
    const ExperimentApply *apply; /* NULL: a run of its own */
    bool to_come;                 /* files of weights are yet to be made */
    bool linking;                 /* nodes are connected and no more */
    Outer *loader;                /* of the new subjects */
    pthread_mutex_t lock; /* of memory and diag, for nodes and stages that run side by side */
};

/* The node of that element; NULL: it is none. */
Outer *experiment_outer(Experiment *x, const Element *element);
/* A node and all that it needs, once; false after mistakes. */
bool experiment_check(Experiment *x, Outer *outer);
/* Kinds of what a node hands on. */
unsigned outer_kind(const Outer *outer);
/* The node's type and plugin. */
bool outer_find_type(Experiment *x, Outer *outer);
bool outer_connect(Experiment *x, Outer *outer);
/* What a port was probably meant to be connected to; NULL: no idea. */
const char *experiment_suggest_table(Experiment *x, const Element *from, const FornixPort *port,
                                     const char *id);
/* Branches that are not taken, all over the graph: what they refer to must be possible. */
void experiment_check_untaken(Experiment *x);
/* The tables that a check knows, by input. */
const FornixTable **outer_input_tables(Experiment *x, const Outer *outer);
/* Looks up labels and columns: in its own samples first. */
AttrResolver *outer_resolver(Experiment *x, Outer *outer);
bool outer_check_stage(Experiment *x, Outer *outer);

/* Finds out which nodes work on new subjects, and sets the others' tables as the run left them. */
void experiment_choose(Experiment *x);
/* What the loader makes of new subjects must be what the run was trained on. */
bool experiment_fits_run(Experiment *x, const Outer *loader, const FornixTable *table);

#endif
