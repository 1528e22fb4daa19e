/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The numbers behind a judgement: summaries, ROC areas, tests.
 *
 * All of them are pure, serial and in double, so that a figure does not depend on the machine's
 * load. What a set of samples cannot tell (a class is missing, there is nothing to average) is NAN,
 * never a zero that looks like a finding.
 */
#ifndef FORNIX_STATISTICS_H
#define FORNIX_STATISTICS_H

#include <stdbool.h>
#include <stdint.h>

/* ---- Summaries: NAN of nothing ----------------------------------------------------------- */

double statistics_mean(const double *values, int64_t count);
double statistics_deviation(const double *values, int64_t count); /* over count - 1 */
void statistics_sort(double *values, int64_t count);              /* rising; no NAN among them */
/* Linear between order statistics, as numpy's default; sorted rises, share in [0, 1]. */
double statistics_quantile(const double *sorted, int64_t count, double share);
double statistics_median(const double *values, int64_t count);
/* Moves the defined values to the front and returns how many they are. */
int64_t statistics_drop_undefined(double *values, int64_t count);

/* ---- ROC area ---------------------------------------------------------------------------- */

typedef struct {
    double score;
    int64_t sample;
} Ranked;

/* ranked[i] by rising score, equal scores by sample. */
void ranked_sort(Ranked *ranked, int64_t count);

/* P(score of a positive > score of a negative) + P(equal) / 2 (Mann and Whitney 1947) over samples
 * of which sample i counts times[i] (NULL: once). NAN without both. */
double ranked_auc(const Ranked *ranked, int64_t count, const int32_t *truth, int32_t positive,
                  const double *times);

typedef struct {
    double auc[2];
    double difference; /* auc[0] - auc[1] */
    double error;      /* its standard error */
    double p;          /* two-sided, of no difference; NAN where the error is 0 and it is not */
} AucTest;

/* Compares two scores of the same independent samples (DeLong, DeLong and Clarke-Pearson 1988).
 * False, all NAN, unless there are two positives and two negatives. */
bool auc_compare(const double *a, const double *b, const int32_t *truth, int32_t positive,
                 int64_t count, AucTest *test);

/* The area under precision over recall, as steps: the mean over positives of the precision among
 * all that score as high (Zhu 2004; scikit-learn's average_precision_score). falling: the lowest
 * score is the likeliest positive. NAN without positives. */
double ranked_precision(const Ranked *ranked, int64_t count, const int32_t *truth, int32_t positive,
                        bool falling, const double *times);

/* ---- Tests ------------------------------------------------------------------------------- */

double statistics_normal_p(double z);                  /* two-sided */
double statistics_student_p(double t, double degrees); /* two-sided, of Student's t */

/* Differences of two arms in runs that share samples (folds, seeds), which are not independent: the
 * variance of their mean is taken as (1 / runs + tested / trained) of theirs (Nadeau and Bengio
 * 2003). share: tested / trained, in samples. NAN below two runs, or where share is none. */
typedef struct {
    double mean, t, p; /* p two-sided; 1 where all differences are 0, NAN where all are equal */
} ResampledTest;
ResampledTest statistics_resampled(const double *differences, int64_t runs, double share);

double statistics_cohen_h(double a, double b); /* of two shares: 2 asin sqrt a - 2 asin sqrt b */
double statistics_cohen_d(const double *differences, int64_t count); /* mean over deviation */

/* McNemar's exact test: of the samples that just one of two is right about, how many is it. */
double statistics_mcnemar(int64_t only_a, int64_t only_b);
/* Holm (1979): p in place becomes the p that holds for all of them together. NAN stays, and does
 * not count as a test. */
void statistics_holm(double *p, int64_t count);

/* ---- Text -------------------------------------------------------------------------------- */

enum { FIGURE_TEXT = 24 };

/* ".471", "1.000", "-.020", "12.3" or "undefined" into text, which it returns. */
const char *figure_text(double value, char text[FIGURE_TEXT]);
/* The same of a p value, which is never .000: "< .001". */
const char *p_text(double p, char text[FIGURE_TEXT]);
/* "p = .034", "p < .001" or "p undefined". */
const char *p_words(double p, char text[FIGURE_TEXT]);

#endif
