/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a finished run keeps so that it can be applied to new subjects, anywhere.
 *
 *   bundle/bundle.json     the params, and the hash of every file that the bundle is made of
 *   bundle/sources/        the graph with all that it includes, as they lay to one another
 *   bundle/tables/ID/      each node's columns, class names and fitted numbers, without rows
 *   bundle/weights/ID/     weights that a stage took from a file of its own
 *   stages/ID/weights.safetensors   of each train stage
 *
 * Nothing in it names a subject (weights hold hashes of the ids that they were fitted on, so that
 * who applies them is told when he meets one again), and nothing refers to what lies outside, so
 * that a run's folder can be moved to another machine and the cache be emptied. (A source that is
 * included by an absolute path is read from there.) What was changed since is refused.
 */
#ifndef FORNIX_BUNDLE_H
#define FORNIX_BUNDLE_H

#include "expand.h"
#include "graph.h"
#include "samples.h"

typedef struct BundleNode {
    const char *id;
    const FornixTable *table; /* NULL: it hands on none */
    bool trained;             /* stages/ID/weights.safetensors is there */
    const Net *nets;          /* that take their weights from files */
    int net_count;
} BundleNode;

typedef struct BundleContent {
    const Expansion *expansion;
    const BundleNode *nodes;
    int node_count;
    bool smoke; /* one batch for each stage: of no use but to try it */
} BundleContent;

/* In the run's folder. */
bool bundle_write(const char *run, const BundleContent *content, FornixError *error);

typedef struct Bundle Bundle;

/* Of the run in that folder; NULL where it is not finished, or damaged. */
Bundle *bundle_open(const char *run, FornixError *error);
void bundle_free(Bundle *bundle); /* NULL is fine */

const char *bundle_graph(const Bundle *bundle);                        /* the main file */
const char *const *bundle_params(const Bundle *bundle, size_t *count); /* "name=value" */
/* Whether the run read a file of that content. */
bool bundle_knows(const Bundle *bundle, const Source *source);
bool bundle_is_smoke(const Bundle *bundle);
/* A node's table, without rows; NULL where it has none, or with an error. */
const FornixTable *bundle_table(const Bundle *bundle, Samples *samples, const char *id,
                                FornixError *error);
/* Mean mm along W, H, D of a node's rows in the run; false: they had none. */
bool bundle_spacing(const Bundle *bundle, const char *id, double spacing[3]);
/* The file with the weights of a train stage, or (net not NULL) with those that a net of the stage
 * took from a file. NULL after a failure; lives as long as the bundle. */
const char *bundle_weights(Bundle *bundle, const char *id, const char *net, FornixError *error);

#endif
