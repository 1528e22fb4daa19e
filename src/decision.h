/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which class is predicted of a sample's probabilities, by fitted thresholds or without.
 *
 * Whoever judges predictions, writes them or fits thresholds for them decides here, so that what is
 * applied is what was judged. Two classes have one threshold: class 1 is predicted above it. More
 * have one each, t_c > 0 and 1 in sum, and the largest p_c / t_c is predicted, the first of equals.
 * Where all are the same, that is the likeliest; of two classes it would be that with
 * p_1 / t > p_0 / (1 - t), which is p_1 > t again.
 */
#ifndef FORNIX_DECISION_H
#define FORNIX_DECISION_H

#include "node.h"

/* The values of that name that `threshold` keeps. */
#define DECISION_VALUES "threshold"

/* threshold: as decision_check passed them; NULL: none was fitted, and it is the likeliest. */
int32_t decision_of(const double *probability, int32_t classes, const double *threshold);

/* How many thresholds there are for so many classes: 1 or classes. */
int64_t decision_values(int32_t classes);
/* Whether count values can be thresholds of that many classes; they may come from a file. name: of
 * whose they are. */
bool decision_check(const double *values, int64_t count, int32_t classes, const char *name,
                    FornixError *error);

/* The columns of input 0 that attributes `column` and `label` mean. */
typedef struct {
    int score, label;
    int32_t classes; /* that the scores tell apart */
} DecisionColumns;

/* Finds them; a mistake where they are not predictions of samples and classes that go with them. */
bool decision_columns(FornixBuild *build, const char *column, const char *label,
                      DecisionColumns *columns);
/* The probabilities of a row of input 0: `classes` of them. A mistake where the prediction is not a
 * number. */
bool decision_read(FornixBuild *build, const DecisionColumns *columns, int64_t row,
                   double *probability);

#endif
