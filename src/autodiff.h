/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reverse-mode differentiation of a Graph: which nodes run backward for an update, and which
 * gradients they must make. The plan turns this into steps. */
#ifndef FORNIX_AUTODIFF_H
#define FORNIX_AUTODIFF_H

#include "graph.h"

typedef struct Gradients {
    bool *value;   /* by Value.index: its gradient is needed */
    bool *node;    /* by Node.index: its backward runs */
    uint64_t nets; /* whose weights have gradients */
} Gradients;

/* Gradients of loss by the weights of the nets in the bit set. Both arrays come from arena, which
 * is the caller's. Mistakes (a node without backward on the way, a net that the loss does not
 * depend on) are recorded at place; false then. */
bool autodiff_trace(const Graph *graph, const Value *loss, uint64_t nets, Place place, Diag *diag,
                    Arena *arena, Gradients *gradients);

#endif
