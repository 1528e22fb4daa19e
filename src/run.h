/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs an experiment: independent nodes side by side, finished stages taken from the cache.
 *
 * The run's folder holds manifest.json (what ran where, with which keys), final.json (every final
 * figure by node and name, the same bits wherever and however often it runs), the graph file,
 * stages/ID with each stage's weights, metrics and tables, report.txt, and bundle, with which the
 * run can be applied to new subjects.
 */
#ifndef FORNIX_RUN_H
#define FORNIX_RUN_H

#include "experiment.h"

typedef struct RunRequest {
    const char *path;
    const char *const *overrides;
    size_t override_count;
    const char *folder; /* NULL: runs/NAME of the graph */
    bool fresh, smoke, profile, json;
    int threads; /* 0: as many as OMP_NUM_THREADS or the machine say */
} RunRequest;

enum { EXIT_FINE = 0, EXIT_RUN = 1, EXIT_INPUT = 2 };

/* The program's exit code; all that people need to know was written to stdout and stderr. */
int run_experiment(const RunRequest *request);

#endif
