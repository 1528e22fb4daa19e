/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inside of a run: its order (run.c), keys (run_key.c), nodes (run_node.c) and what it leaves
 * behind (run_results.c, run_findings.c, run_manifest.c). */
#ifndef FORNIX_RUN_PARTS_H
#define FORNIX_RUN_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "run.h"

typedef enum { RUN_WAITS, RUN_GOES, RUN_DONE, RUN_FAILED } RunState;

typedef struct Run Run;
struct json_t;

/* A node of the outer graph in this run. */
typedef struct OuterRun {
    Run *run;
    Outer *outer;
    RunState state;
    bool wanted;
    Hash key;
    const FornixTable *table;
    Fits fits; /* of a train stage: what its weights were fitted on */
    CacheEntry *entry;
    char *weights; /* file of a train stage */
    Figures figures;
    bool cached;
    double seconds;
} OuterRun;

struct Run {
    const RunRequest *request;
    Experiment *experiment;
    Team *team;
    Cache *cache;
    Meter *meter;
    char *folder;
    int threads;
    Hash engine;          /* the library's own file */
    atomic_bool *stop;    /* stages end at their next checkpoint */
    pthread_mutex_t lock; /* of states and the failure */
    FornixError failure;
    bool failed;
};

/* Everything that a node's results depend on; files: that it read. */
bool run_key(OuterRun *node, const char *const *files, int count, FornixError *error);
/* What a stage computes depends on the engine as it depends on plugins. */
bool run_hash_engine(Run *run, FornixError *error);

/* Makes the node's table or weights, or takes them from the cache. */
bool run_node(OuterRun *node, FornixError *error);
char *run_node_folder(const Run *run, const Outer *outer); /* its own in the run's folder */

/* Removes what tells of an earlier run, so that nothing there is taken for this one's. */
bool run_clear_results(const Run *run, FornixError *error);
bool run_write_bundle(const Run *run, FornixError *error); /* what `apply` needs */
bool run_write_results(const Run *run, double seconds, FornixError *error);
bool run_write_findings(const Run *run, FornixError *error);
void run_print_report(const Run *run, FILE *out);

bool run_write_manifest(const Run *run, double seconds, FornixError *error);

#endif
