/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs an experiment: independent nodes side by side, finished stages taken from the cache.
 *
 * The run's folder holds manifest.json (what ran where, with which keys and params, how long),
 * final.json (every final figure by node and name, the same bits wherever and however often it
 * runs), curves.json and lines.json (what else each node found, and said), the graph file,
 * stages/ID with each stage's weights, metrics and tables and with what each evaluator found row by
 * row, report.txt, and bundle, with which the run can be applied to new subjects.
 */
#ifndef FORNIX_RUN_H
#define FORNIX_RUN_H

#include "cache.h"
#include "experiment.h"

typedef struct RunRequest {
    const char *path;
    const char *const *overrides;
    size_t override_count;
    const Override *settings; /* of a sweep's job: more overrides */
    size_t setting_count;
    const char *folder; /* NULL: runs/NAME of the graph */
    const char *target; /* a stage: it and what it needs are made, no more; NULL: all */
    /* Called when all results lie in the folder, while the experiment is open; or NULL. */
    void (*after)(const char *folder, Experiment *experiment);
    FornixError *failure; /* NULL, or where to say what ended it */
    bool fresh, smoke, profile, json;
    int threads; /* 0: as many as OMP_NUM_THREADS or the machine say */
    int sharers; /* so many runs share the machine's memory; 0: it is alone */
} RunRequest;

enum { EXIT_FINE = 0, EXIT_RUN = 1, EXIT_INPUT = 2 };

/* The program's exit code; all that people need to know was written to stdout and stderr. */
int run_experiment(const RunRequest *request);

/* The keys that the experiment's nodes will have in a run, in their order. A node that reads files
 * which no check opens will have another, and so will all that depends on it. */
bool run_foresee(Experiment *experiment, Cache *cache, Hash *keys, FornixError *error);

#endif
