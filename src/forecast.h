/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a run will take, told before it: memory, arithmetic, rows and disk, node by node.
 *
 * Memory is what will be in use at once: the plans of a stage that are open together (a batch, a
 * smaller last one, validations), its weights, batches read ahead, whole samples that are put
 * together, and beside all that what loaders keep of costly reads, which only grows. Nodes that do
 * not wait for one another run side by side: who does is played through, with arithmetic for time.
 */
#ifndef FORNIX_FORECAST_H
#define FORNIX_FORECAST_H

#include "experiment.h"

typedef struct Forecast {
    int64_t rows;   /* that go through it; -1: only the run knows */
    int64_t steps;  /* batches; -1: as above */
    int64_t memory; /* of its own, while it runs */
    int64_t kept;   /* that loaders keep because it read them, beyond what they kept before */
    int64_t disk;   /* of what it leaves, at its largest */
    double flops;   /* of all steps; of one where steps are not known */
} Forecast;

typedef struct ForecastRun {
    int64_t memory, kept, disk;
    double flops;
    const Outer *at; /* the node that runs when memory is most */
} ForecastRun;

/* Asked of each node once, in the order of the run: what is kept counts where it is first read. */
Forecast forecast_node(const Outer *outer, int threads);
/* budget: of what loaders keep; forecasts by node. */
ForecastRun forecast_run(Outer *const *nodes, const Forecast *forecasts, int count, int threads,
                         int64_t budget);
/* Both, as a table. */
void forecast_print(Outer *const *nodes, int count, int threads, int64_t budget, FILE *out);

#endif
