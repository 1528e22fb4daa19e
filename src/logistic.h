/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A small logistic regression: the classifier that judges points without a net, a seed or a rate.
 *
 *   minimise over w, b:  sum over points of log(1 + exp(-s (w.x + b))) + decay / 2 |w|^2,  s = +-1
 *
 * which has one minimum; Newton's steps find it to the last bits, the same ones always. It is
 * scikit-learn's LogisticRegression with C = 1 / decay. Of many classes each is told from the rest.
 */
#ifndef FORNIX_LOGISTIC_H
#define FORNIX_LOGISTIC_H

#include "distance.h"

/* weights: one a feature, then b. positive[i]: 0 or 1; with one kind alone all weights are 0 but b,
 * which is as good as infinite. */
void logistic_fit(const Cloud *points, const int32_t *positive, double decay, double *weights);
/* The probability of being positive. */
double logistic_probability(const double *weights, const double *point, int64_t features);

/* score[points of tested][classes]: each class's probability against the rest, over their sum; of
 * two classes that of the second and what is left. */
void logistic_classify(const Cloud *trained, const int32_t *class, int32_t classes,
                       const Cloud *tested, double *score);

/* The decay that the classifiers here have. */
extern const double logistic_decay;

#endif
