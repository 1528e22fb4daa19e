/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The numbers behind a judgement: summaries, ROC areas, tests.
 *
 * A figure that a reader cannot trust is worse than none: each function here is short enough to be
 * read against its definition, and is tested against scikit-learn, scipy and numpy.
 */
#define _GNU_SOURCE

#include "statistics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"

double statistics_mean(const double *values, int64_t count)
{
    double sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += values[i];
    return count > 0 ? sum / (double)count : NAN;
}

double statistics_deviation(const double *values, int64_t count)
{
    if (count < 2)
        return NAN;
    double mean = statistics_mean(values, count), sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += (values[i] - mean) * (values[i] - mean);
    return sqrt(sum / (double)(count - 1));
}

static int real_order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void statistics_sort(double *values, int64_t count)
{
    if (count > 1)
        qsort(values, (size_t)count, sizeof *values, real_order);
}

double statistics_quantile(const double *sorted, int64_t count, double share)
{
    if (count < 1)
        return NAN;
    double at = share * (double)(count - 1);
    int64_t below = (int64_t)floor(at);
    if (below >= count - 1)
        return sorted[count - 1];
    return sorted[below] + (at - (double)below) * (sorted[below + 1] - sorted[below]);
}

double statistics_median(const double *values, int64_t count)
{
    if (count < 1)
        return NAN;
    double *sorted = mem_new((size_t)count, sizeof *sorted);
    memcpy(sorted, values, (size_t)count * sizeof *sorted);
    statistics_sort(sorted, count);
    double median = statistics_quantile(sorted, count, 0.5);
    mem_free(sorted);
    return median;
}

int64_t statistics_drop_undefined(double *values, int64_t count)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < count; i++)
        if (!isnan(values[i]))
            values[kept++] = values[i];
    return kept;
}

static int ranked_order(const void *a, const void *b)
{
    const Ranked *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? 1 : -1;
    return (x->sample > y->sample) - (x->sample < y->sample);
}

void ranked_sort(Ranked *ranked, int64_t count)
{
    if (count > 1)
        qsort(ranked, (size_t)count, sizeof *ranked, ranked_order);
}

double ranked_auc(const Ranked *ranked, int64_t count, const int32_t *truth, int32_t positive,
                  const double *times)
{
    double won = 0, positives = 0, negatives = 0;
    for (int64_t i = 0; i < count;) {
        double tied[2] = {0, 0}, score = ranked[i].score;
        do {
            int64_t sample = ranked[i++].sample;
            tied[truth[sample] == positive] += times ? times[sample] : 1;
        } while (i < count && ranked[i].score == score);
        won += tied[1] * (negatives + tied[0] / 2);
        positives += tied[1];
        negatives += tied[0];
    }
    return positives > 0 && negatives > 0 ? won / (positives * negatives) : NAN;
}

double ranked_precision(const Ranked *ranked, int64_t count, const int32_t *truth, int32_t positive,
                        bool falling, const double *times)
{
    double sum = 0, positives = 0, above = 0;
    for (int64_t k = 0; k < count;) {
        double found = 0, score = ranked[falling ? k : count - 1 - k].score;
        do {
            int64_t sample = ranked[falling ? k : count - 1 - k].sample;
            double weight = times ? times[sample] : 1;
            found += truth[sample] == positive ? weight : 0;
            above += weight;
            k++;
        } while (k < count && ranked[falling ? k : count - 1 - k].score == score);
        positives += found;
        sum += found > 0 ? found * positives / above : 0;
    }
    return positives > 0 ? sum / positives : NAN;
}

/* Ranks from 1 of the chosen samples among themselves, equal scores sharing their mean rank. */
static void mid_ranks(const Ranked *ranked, int64_t count, const int32_t *truth, int32_t positive,
                      int which, double *ranks)
{
    double before = 0;
    for (int64_t i = 0; i < count;) {
        int64_t end = i;
        double tied = 0;
        do
            tied += which < 0 || (truth[ranked[end].sample] == positive) == which;
        while (++end < count && ranked[end].score == ranked[i].score);
        for (; i < end; i++)
            ranks[ranked[i].sample] = before + (tied + 1) / 2;
        before += tied;
    }
}

/* The share of the other class that each sample is on the right side of (Sun and Xu 2014). */
static void placements(const double *score, const int32_t *truth, int32_t positive, int64_t count,
                       int64_t positives, double *place)
{
    Ranked *ranked = mem_new((size_t)count, sizeof *ranked);
    double *ranks = mem_new((size_t)count, 3 * sizeof *ranks);
    double *all = ranks, *within[2] = {ranks + count, ranks + 2 * count};
    for (int64_t i = 0; i < count; i++)
        ranked[i] = (Ranked){score[i], i};
    ranked_sort(ranked, count);
    mid_ranks(ranked, count, truth, positive, -1, all);
    mid_ranks(ranked, count, truth, positive, 0, within[0]);
    mid_ranks(ranked, count, truth, positive, 1, within[1]);
    for (int64_t i = 0; i < count; i++) {
        bool is_positive = truth[i] == positive;
        double others = (double)(is_positive ? count - positives : positives);
        double below = (all[i] - within[is_positive][i]) / others;
        place[i] = is_positive ? below : 1 - below;
    }
    mem_free(ranks);
    mem_free(ranked);
}

bool auc_compare(const double *a, const double *b, const int32_t *truth, int32_t positive,
                 int64_t count, AucTest *test)
{
    *test = (AucTest){{NAN, NAN}, NAN, NAN, NAN};
    int64_t size[2] = {0, 0};
    for (int64_t i = 0; i < count; i++)
        size[truth[i] == positive]++;
    if (size[0] < 2 || size[1] < 2)
        return false;
    double *place = mem_new((size_t)count, 2 * sizeof *place);
    double *places[2] = {place, place + count};
    placements(a, truth, positive, count, size[1], places[0]);
    placements(b, truth, positive, count, size[1], places[1]);

    double mean[2][2] = {{0}}, spread[2] = {0, 0}; /* by score and class; of the difference */
    for (int which = 0; which < 2; which++)
        for (int64_t i = 0; i < count; i++) {
            int class = truth[i] == positive;
            mean[which][class] += places[which][i] / (double)size[class];
        }
    for (int64_t i = 0; i < count; i++) {
        int class = truth[i] == positive;
        double apart = (places[0][i] - mean[0][class]) - (places[1][i] - mean[1][class]);
        spread[class] += apart * apart / (double)(size[class] - 1);
    }
    mem_free(place);
    test->auc[0] = mean[0][1];
    test->auc[1] = mean[1][1];
    test->difference = test->auc[0] - test->auc[1];
    test->error = sqrt(spread[0] / (double)size[0] + spread[1] / (double)size[1]);
    bool none = fabs(test->difference) < 1e-14;
    test->p = none              ? 1
              : test->error > 0 ? statistics_normal_p(test->difference / test->error)
                                : NAN;
    return true;
}

double statistics_normal_p(double z)
{
    return erfc(fabs(z) / M_SQRT2);
}

/* The continued fraction of the incomplete beta function (Lentz 1976), which converges quickly for
 * x < (a + 1) / (a + b + 2). */
static double beta_fraction(double a, double b, double x)
{
    enum { TERMS = 1000 };
    const double least = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < least ? least : d);
    double value = d;
    for (int m = 1; m <= TERMS; m++) {
        double terms[2] = {m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                           -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))};
        double before = value;
        for (int k = 0; k < 2; k++) {
            d = 1 + terms[k] * d;
            c = 1 + terms[k] / c;
            d = 1 / (fabs(d) < least ? least : d);
            c = fabs(c) < least ? least : c;
            value *= d * c;
        }
        if (fabs(value - before) <= 1e-16 * fabs(value))
            break;
    }
    return value;
}

static double beta_share(double a, double b, double x) /* I_x(a, b) */
{
    int sign;
    if (x <= 0 || x >= 1)
        return x > 0;
    double scale = exp(lgamma_r(a + b, &sign) - lgamma_r(a, &sign) - lgamma_r(b, &sign) +
                       a * log(x) + b * log1p(-x));
    return x < (a + 1) / (a + b + 2) ? scale * beta_fraction(a, b, x) / a
                                     : 1 - scale * beta_fraction(b, a, 1 - x) / b;
}

double statistics_student_p(double t, double degrees)
{
    if (isnan(t) || !(degrees > 0))
        return NAN;
    return beta_share(degrees / 2, 0.5, degrees / (degrees + t * t));
}

ResampledTest statistics_resampled(const double *differences, int64_t runs, double share)
{
    double mean = statistics_mean(differences, runs);
    double deviation = statistics_deviation(differences, runs);
    ResampledTest test = {mean, NAN, NAN};
    if (isnan(deviation) || !(share >= 0) || isinf(share))
        return test;
    if (deviation > 1e-14) {
        test.t = mean / (deviation * sqrt(1 / (double)runs + share));
        test.p = statistics_student_p(test.t, (double)(runs - 1));
    } else if (fabs(mean) < 1e-14) {
        test.t = 0;
        test.p = 1;
    }
    return test;
}

double statistics_cohen_h(double a, double b)
{
    return 2 * asin(sqrt(a)) - 2 * asin(sqrt(b));
}

double statistics_cohen_d(const double *differences, int64_t count)
{
    double deviation = statistics_deviation(differences, count);
    double mean = statistics_mean(differences, count);
    return deviation > 1e-14 ? mean / deviation : fabs(mean) < 1e-14 ? 0 : NAN;
}

double statistics_mcnemar(int64_t only_a, int64_t only_b)
{
    double n = (double)(only_a + only_b), fewer = (double)(only_a < only_b ? only_a : only_b);
    int sign;
    double all = lgamma_r(n + 1, &sign) - n * M_LN2, p = 0;
    for (double k = 0; k <= fewer; k++)
        p += exp(all - lgamma_r(k + 1, &sign) - lgamma_r(n - k + 1, &sign));
    return fmin(1, 2 * p);
}

void statistics_holm(double *p, int64_t count)
{
    Ranked *ranked = mem_new((size_t)count + 1, sizeof *ranked);
    int64_t tests = 0;
    for (int64_t i = 0; i < count; i++)
        if (!isnan(p[i]))
            ranked[tests++] = (Ranked){p[i], i};
    ranked_sort(ranked, tests);
    double least = 0;
    for (int64_t i = 0; i < tests; i++) {
        least = fmax(least, fmin(1, ranked[i].score * (double)(tests - i)));
        p[ranked[i].sample] = least;
    }
    mem_free(ranked);
}

const char *figure_text(double value, char text[FIGURE_TEXT])
{
    if (isnan(value))
        return strcpy(text, "undefined");
    int decimals = fabs(value) < 9.9995 ? 3 : fabs(value) < 999.95 ? 1 : 0;
    char digits[FIGURE_TEXT - 2];
    snprintf(digits, sizeof digits, fabs(value) < 1e15 ? "%.*f" : "%.*e", decimals, value);
    bool negative = digits[0] == '-';
    const char *body = digits + negative;
    bool zero = strspn(body, "0.") == strlen(body);
    body += body[0] == '0' && body[1] == '.';
    snprintf(text, FIGURE_TEXT, "%s%s", negative && !zero ? "-" : "", body);
    return text;
}

const char *p_text(double p, char text[FIGURE_TEXT])
{
    return p < 0.001 ? strcpy(text, "< .001") : figure_text(p, text);
}

const char *p_words(double p, char text[FIGURE_TEXT])
{
    char value[FIGURE_TEXT];
    snprintf(text, FIGURE_TEXT, isnan(p) || p < 0.001 ? "p %.16s" : "p = %.16s", p_text(p, value));
    return text;
}
