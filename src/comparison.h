/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Arms beside their baseline and the null arms: differences, how sure they are, and what follows.
 *
 * Arms that judged the same subjects are compared pair by pair, which sees differences that two
 * separate intervals cannot. Looking at many arms finds one that is lucky: the p of a figure are
 * corrected together, over all arms that meet the same one. A verdict calls an arm better where it
 * is better than its baseline and than every null arm: what class weights or a shifted threshold
 * reach too is no merit of a generator. (To be better than all of several, each p by itself has to
 * be small: over null arms there is nothing to correct.)
 */
#ifndef FORNIX_COMPARISON_H
#define FORNIX_COMPARISON_H

#include "arm.h"
#include "node.h"
#include "resample.h"

/* An arm less another one, figure by figure. */
typedef struct {
    int arm, other;
    int null; /* the number of the null arm that the other is; -1: the arm's baseline */
    Interval *apart;
    double *p;      /* corrected */
    double *swaps;  /* p of swapping the two, subject by subject; not corrected */
    double *effect; /* Cohen's h of shares, d of numbers by subject */
} ArmPair;

typedef struct {
    FornixBuild *build;
    const char *over, *named; /* the arms' column; the baseline as the user named it, or "" */
    const FornixList *null;   /* names of arms, or values of the loop */
    int64_t draws;
    FornixRandomKey random;
    double confidence, level;
    int first; /* the input that is the first arm */
    int count, figures;
    Arm **arm;
    const char **name;
    int *baseline; /* of each arm; itself where it is one */
    bool *is_null; /* or a baseline */
    double *value; /* [arm][figure] */
    ArmPair *pair; /* those with the baselines first, in the order of the arms */
    int pairs;
} Comparison;

/* Once arm and baseline are set: everything else. False after a mistake. */
bool comparison_judge(Comparison *comparison);
void comparison_free(Comparison *comparison); /* the arms too */

enum { VERDICT_WORSE = -1, VERDICT_NONE, VERDICT_BETTER, VERDICT_MIXED };
/* On a figure of a pair: VERDICT_NONE where p is not below the level. */
int pair_verdict(const Comparison *comparison, const ArmPair *pair, int figure);
/* On all figures that a verdict goes by: MIXED where they disagree. */
int pair_overall(const Comparison *comparison, const ArmPair *pair);
/* Over the baseline and all null arms: better than each, or worse than the baseline. */
int arm_verdict(const Comparison *comparison, int arm);
/* The pair with the arm's own baseline; NULL: it is one. */
const ArmPair *baseline_pair(const Comparison *comparison, int arm);

/* Figures, tables, sentences and warnings; withheld: no verdict. */
void comparison_report(const Comparison *comparison, bool withheld);

#endif
