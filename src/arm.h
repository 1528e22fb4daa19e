/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One arm of a comparison: what an evaluator handed on, in an order in which arms can be paired.
 *
 * Rows are sorted by subject and name, so that two arms which judged the same samples have the same
 * sample at the same place, whatever order their stages read them in. An arm of a classification
 * has the figures of classification.h; any other arm (Dice by subject) the means of its numbers.
 */
#ifndef FORNIX_ARM_H
#define FORNIX_ARM_H

#include "classification.h"
#include "node.h"

enum { ARM_FIGURES = 64 }; /* at most so many are compared */

typedef struct {
    const FornixTable *table;
    int64_t samples;
    int64_t *row; /* of the table, by sample */
    bool broken;  /* a truth or prediction is no class: nothing can be said of it */
    /* Of a classification; truth NULL: this is none. */
    int32_t classes;
    int32_t *truth, *predicted;
    double *score; /* [samples][classes] */
    Predictions predictions;
    Judge *judge;
    double *value; /* of any other: [samples][count]; NAN: left out */
    int count;     /* figures */
    int64_t *cluster, clusters;
    int32_t *stratum;
} Arm;

/* False where the table holds nothing to compare. */
bool arm_comparable(const FornixTable *table);
Arm *arm_new(const FornixTable *table);
void arm_free(Arm *arm); /* NULL is fine */

/* The first arm_judged() figures are those that a verdict goes by. */
int arm_judged(const Arm *arm);
void arm_figure_name(const Arm *arm, int figure, char *name, size_t size);   /* "auc" */
void arm_figure_title(const Arm *arm, int figure, char *title, size_t size); /* "AUC" */
void arm_figures(const Arm *arm, const double *times, double *figures);      /* [count] */

int64_t arm_subjects(const Arm *arm, int32_t class); /* of a classification */
bool arm_lower_is_better(const Arm *arm, int figure);
/* The figure that is the sensitivity of a class; -1: none. */
int arm_sensitivity(const Arm *arm, int32_t class);
/* How many subjects of the judged cohorts, but none that was judged, the arm's nets were fitted on;
 * 0: nobody knows. */
int64_t arm_trained(const Arm *arm);

/* How many samples of a and b are the same; with the same truth. */
int64_t arms_shared(const Arm *a, const Arm *b);
/* p of no difference in a figure from an exact or asymptotic test where samples are independent
 * (DeLong's for the AUC of two classes, McNemar's for accuracy); NAN: none fits. */
double arms_test(const Arm *a, const Arm *b, int figure);
/* p of no difference in each figure by swapping what both say of a subject, with all its samples:
 * the share of swaps that reach the difference, all 2^n of them where draws allow it (else that of
 * the data counts too). So no p of n subjects is below 2^(1 - n). NAN where the difference is. */
void arms_permutation(const Arm *a, const Arm *b, const Resampling *resampling, double *p);

/* ---- Doubts (arm_doubts.c) --------------------------------------------------------------- */

enum { FEW_SUBJECTS = 10 }; /* of a class: below that nothing is to be relied on */

bool arm_covers_chance(const Arm *arm); /* the interval of its AUC */
bool arm_is_constant(const Arm *arm);   /* names one class always */
/* Totals do not follow from the figures and counts of the classes. */
bool arm_has_other_totals(const Arm *arm);
/* Something was fitted or chosen on subjects that it judges. */
bool arm_was_fitted_on_judged(const Arm *arm);

/* ---- Names ------------------------------------------------------------------------------- */

/* Names differ in the values of loops: "scores[smote][1]". The loop, from 0, that arms are told by:
 * every name has one beside it that is the same but for `baseline` in this loop. -1: there is none.
 */
int arms_loop(const char *const *names, int count, const char *baseline);
/* The number of the name that is the baseline of name i: the one called so, or the same but for
 * the loop's value. -1: there is none. */
int arm_baseline(const char *const *names, int count, int i, const char *baseline);
/* The arm, or value of a loop, that a baseline was probably meant to be; "": none is near. */
void arm_suggest(const char *const *names, int count, const char *baseline, char *near,
                 size_t size);
/* The value of a loop in a name, not ended by NUL but length long; NULL: it has no such loop. */
const char *arm_value(const char *name, int loop, size_t *length);
/* "smote.1", or the whole name where there are no loops. */
void arm_label(const char *name, char *label, size_t size);

#endif
