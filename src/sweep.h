/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A graph run over a grid of settings: arms, seeds, folds, rates.
 *
 * THE LANGUAGE
 *
 *   <sweep xmlns="urn:fornix:graph:1" name="arms" graph="../lgg.xml" budget="12 h">
 *     <set name="epochs" value="6"/>                            in all jobs
 *     <axis name="arm" in="none smote acgan"/>                  words, or 0..4
 *     <axis name="count" in="300 600" when="arm = acgan"/>      elsewhere as the graph has it
 *     <axis name="rate" from="1e-4" to="1e-2" count="5" spacing="log"/>
 *     <axis name="decay" from="0" to="1" count="8" draw="random" seed="1"/>
 *     <axis name="arms"><value is="none smote"/><value is="acgan" when="fold = 0"/></axis>
 *     <zip when="..."> <axis .../> <axis .../> </zip>           side by side: equally many values
 *     <metric name="auc" of="scores[*].auc"/>                   as final.json: node, '.', figure
 *     <compare scores="scores[*]" over="arm count" baseline="none" figures="auc"
 *              null="weights threshold" when="labels = true"/>
 *     <control name="permuted" of="scores.auc" when="labels = permuted" between=".45 .55"/>
 *   </sweep>
 *
 * An axis is called as the param of the graph that it sets. The grid is the product of all axes,
 * the first one slowest; an axis whose when= is false in a job has no value there, nor has one of
 * whose values none fits. when= sees the axes above it and what <set> sets, in a comparison or a
 * control all axes. A path in a value is relative to the sweep's file. `-p` sets what all jobs have
 * in common, and pins an axis to one value. What fits a metric's pattern in several nodes of one
 * job makes several columns. A comparison takes the jobs that differ in the
 * axes of over= alone, pairs each arm with the baseline of its own seed and fold, and draws the
 * subjects again, over all seeds and folds together. over="*" tells arms by what the pattern's
 * stars stand for: those of a loop inside the graph. An arm is called better where it is better
 * than the baseline and than all arms of null=; where the mean of a control over the jobs that it
 * takes does not lie where it has to, nothing is called anything.
 *
 * HOW IT RUNS
 *
 * The stages of all jobs are merged by their keys into one graph (sweep_plan.c), in which a stage
 * that several jobs need stands once. Workers take what is ready, and run it as a run of the job
 * that ends at that stage: the cache hands on everything between them. A worker is a process: a
 * plugin that crashes takes nobody along, each has a log of its own, and stages too small to be cut
 * into grains (a GAN of vectors) fill the cores because each has a core to itself and shares
 * nothing: two stages on one team would hand every small pass from core to core. Where one stage is
 * ready alone, it gets all cores as threads.
 *
 * Several sweeps may work on one folder and cache, on several machines: claims are files, taken by
 * link, kept alive by their time (sweep_claim.c). Nothing else is remembered: what is done is what
 * lies in the cache and in jobs/, so that a kill costs nothing but the unfinished stages, which go
 * on at their checkpoints.
 *
 *   DIR/results.csv    a row a job: axes, status, metrics
 *   DIR/results.json   the same, with intervals, failures, stages, summaries, comparisons
 *   DIR/curves.json    ROC, precision over recall, reliability and confusion of the arms compared
 *   DIR/times.csv      what took how long: the only file that differs between equal sweeps
 *   DIR/jobs/NAME/     the run of each job, with its log.txt
 *   DIR/shared/        logs of stages that several jobs share
 *   DIR/report.html    all of it, to look at
 */
#ifndef FORNIX_SWEEP_H
#define FORNIX_SWEEP_H

#include "node.h"
#include "run.h"

typedef struct SweepRequest {
    const char *path;
    const char *const *overrides;
    size_t override_count;
    const char *folder;    /* NULL: sweeps/NAME */
    int64_t shard, shards; /* this process does every shards-th job, from shard 1 on; 0: all */
    bool fail_fast, retry_failed, json;
    void (*after)(const char *folder); /* called when all that can be said lies there; or NULL */
    /* The same of each job's run, while its graph is open. */
    void (*after_job)(const char *folder, Experiment *experiment);
    int64_t jobs, threads; /* at once, and of each; 0: as the sweep says, or as fills the cores */
} SweepRequest;

/* Whether the file's root is a <sweep>. */
bool sweep_is(const char *path);
/* The program's exit code: 0 when all jobs that it was to do are done. */
int run_sweep(const SweepRequest *request);
/* Checks all jobs; plan: says how much there is to do, and what it takes. */
int sweep_look(const SweepRequest *request, bool plan);

/* The elements of a sweep's file, <sweep> first, for help and for the schema; the last has no node.
 */
typedef struct SweepWord {
    const FornixNode *node;
    const char *holds; /* the names of what may stand in it, between blanks */
    bool needs;        /* one of those at least */
} SweepWord;
extern const SweepWord sweep_words[];
const SweepWord *sweep_word(const char *name); /* NULL: there is none */

#endif
