/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What predictions of classes are worth.
 *
 * Accuracy alone rewards naming the larger class, so balanced accuracy and the area under the ROC
 * curve always stand beside it. Figures are numbered: first those of all classes together, then
 * those of each class against the others.
 *
 *   accuracy = right / n                  balanced accuracy = mean over classes of sensitivity
 *   sensitivity = TP / (TP + FN)          specificity = TN / (TN + FP)
 *   precision = TP / (TP + FP)            F1 = 2 TP / (2 TP + FP + FN)
 *   AUC = P(s+ > s-) + P(s+ = s-) / 2     Brier = sum over classes of (p - y)^2 / 2, mean over n
 *   G-mean = geometric mean over classes of sensitivity (Kubat and Matwin 1997)
 *   MCC = (n right - sum p t) / sqrt((n^2 - sum p^2) (n^2 - sum t^2)), p and t being how often each
 *         class is predicted and true (Matthews 1975; of many classes Gorodkin 2004)
 *   kappa = (n right - sum p t) / (n^2 - sum p t) (Cohen 1960)
 *   average precision = mean over positives of the precision among all that score as high
 *   ECE = sum over bins of samples / n |share right - mean confidence|, confidence being the
 * highest probability, right that its class is the true one: a fitted cut does not enter; bins (0,
 * .1], (.1, .2] ... (Naeini, Cooper and Hauskrecht 2015)
 *
 * AUC and average precision are of one class against the rest, and their means over classes.
 */
#ifndef FORNIX_CLASSIFICATION_H
#define FORNIX_CLASSIFICATION_H

#include <stdbool.h>
#include <stdint.h>

#include "resample.h"
#include "statistics.h"

typedef struct {
    int64_t samples;
    int32_t classes;          /* two or more */
    const int32_t *truth;     /* in [0, classes) */
    const int32_t *predicted; /* in [0, classes) */
    const double *score;      /* [samples][classes]: probabilities, finite */
} Predictions;

enum {
    ACCURACY,
    BALANCED_ACCURACY,
    MACRO_F1,
    AUC,
    BRIER,
    G_MEAN,
    MCC,
    KAPPA,
    AVERAGE_PRECISION,
    ECE,
    OVERALL_FIGURES
};
enum { SENSITIVITY, SPECIFICITY, PRECISION, F1, CLASS_AUC, CLASS_AVERAGE_PRECISION, CLASS_FIGURES };
enum { RELIABILITY_BINS = 10 };

int judge_figure_count(int32_t classes);
int figure_of_class(int32_t class, int which); /* which: SENSITIVITY ... */
const char *figure_name(int figure);           /* "balanced_accuracy", "sensitivity" */
const char *figure_title(int figure);          /* "balanced accuracy" */
/* Why a figure can be NAN, in words that follow "undefined: ". */
const char *figure_undefined(int figure);
/* What guessing reaches; NAN where that depends on the samples. */
double figure_chance(int figure, int32_t classes);

/* Predictions with their scores ranked once, for thousands of replicates. Borrows them. */
typedef struct Judge Judge;
Judge *judge_new(const Predictions *predictions);
void judge_free(Judge *judge);
/* All figures of samples that count times[i] each (NULL: once); truth NULL: their own. */
void judge_figures(const Judge *judge, const int32_t *truth, const double *times, double *figures);
/* The samples by their score for a class, as ranked_sort orders them; falling: the likeliest of the
 * class come first, else last. */
const Ranked *judge_ranked(const Judge *judge, int32_t class, bool *falling);
/* A Statistic: context is a Judge. */
void judge_statistic(const void *judge, const double *times, double *figures);
/* The share of relabelings (by cluster, resampling->draws of them) that reach the figure, that of
 * the data counted among them. NAN where the figure is, or where a cluster has several labels. */
double judge_permutation(const Judge *judge, const Resampling *resampling, int figure);

/* The bin of a probability, from 0. */
int reliability_bin(double probability);
/* The class of the highest probability, the first of equals. */
int32_t likeliest(const double *probability, int32_t classes);

/* The class that all samples are predicted to be; -1: there are several, or less than two samples.
 */
int32_t predictions_constant(const Predictions *predictions);
/* count[truth * classes + predicted], which the caller zeroed. */
void confusion_count(const Predictions *predictions, int64_t *count);
/* Whether the figures over all classes follow from those of each class and the counts. */
bool judge_agrees(const Predictions *predictions, const double *figures);

/* Softmax of one sample's logits; a single logit gives the two probabilities of a sigmoid. */
void probabilities_of_logits(const float *logits, int32_t channels, double *probability);
/* The same of what may be probabilities already; a single one is that of class 1. */
void probabilities_of(const float *values, int32_t channels, bool logits, double *probability);

#endif
