/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who writes a plan: the sweeps of its updates (plan.c), and their steps (plan_write.c). */
#ifndef FORNIX_PLAN_WRITER_H
#define FORNIX_PLAN_WRITER_H

#include "autodiff.h"
#include "plan_parts.h"

typedef struct Terms { /* tensors whose sum is one gradient */
    int *tensors, count, room;
} Terms;

typedef struct Writer {
    Plan *plan;
    Diag *diag;
    int *current;   /* by value: tensor of the current version, or -1 */
    int *latest;    /* by value: tensor of the newest version, or -1 */
    int **saved;    /* by node: tensors of the version in `current` */
    int *drawn;     /* by node: the update that made the version in `current` */
    bool *kept;     /* by node: its state was brought up to date in this step */
    int *parameter; /* by parameter: its tensor */
    Terms *value_terms, *weight_terms;
} Writer;

/* Zeroed, one more than count; the plan's. */
void *writer_take(const Writer *w, int count, size_t size);
int *writer_none(const Writer *w, int count); /* so many tensors that are not there: -1 */
int writer_tensor(Writer *w, TensorHome home, FornixShape shape, int number);
int writer_arena(Writer *w, FornixShape shape);
PlanStep *writer_step(Writer *w, StepKind kind, int update);
/* The newest step reads or writes the tensor; -1: nothing. */
void writer_use(Writer *w, int tensor, bool writes, bool pitched);

/* Brings the values and all that they come from up to date. */
void writer_forwards(Writer *w, Value *const *values, int count, int update);
/* The gradients of a node's inputs and weights, from all terms of its outputs'. */
void writer_backward(Writer *w, const Node *node, int update, const Gradients *gradients);
/* Before the backward sweep comes to the twins of the <gradient> `node`, whose own gradient is
 * known: they run forward along it, and what they give is differentiated in its place. */
void writer_twins(Writer *w, const Node *node, int update);

void terms_add(Terms *terms, int tensor);
void terms_clear(Terms *terms, int count);
/* A step that sums them into a tensor. */
void writer_sum(Writer *w, const Terms *terms, int sum, int update);

#endif
