/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Figures against scikit-learn, scipy and numpy; what happens where they are not defined; the
 * behaviour of intervals and tests over many draws. */
#include "classification.h"
#include "distance.h"
#include "overlap.h"
#include "resample.h"
#include "statistics.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "values/metrics-values.h"
#include "values/statistics-values.h"

static void assert_close(double found, double wanted)
{
    ck_assert_msg(fabs(found - wanted) <= 1e-12 * fmax(1, fabs(wanted)), "%.17g is not %.17g",
                  found, wanted);
}

static void check_figures(const Predictions *predictions, const double *times, const double *wanted,
                          const double *weighted)
{
    double figures[64];
    Judge *judge = judge_new(predictions);
    judge_figures(judge, NULL, NULL, figures);
    for (int i = 0; i < judge_figure_count(predictions->classes); i++)
        assert_close(figures[i], wanted[i]);
    ck_assert(judge_agrees(predictions, figures));
    figures[ACCURACY] += 0.01;
    ck_assert(!judge_agrees(predictions, figures));
    judge_figures(judge, NULL, times, figures);
    for (int i = 0; i < judge_figure_count(predictions->classes); i++)
        assert_close(figures[i], weighted[i]);
    judge_free(judge);
}

START_TEST(figures_of_two_classes)
{
    Predictions p = {COUNT(two_truth), 2, two_truth, two_predicted, two_score};
    ck_assert_uint_eq(COUNT(two_figures), (size_t)judge_figure_count(2));
    check_figures(&p, two_times, two_figures, two_weighted);
}
END_TEST

START_TEST(figures_of_three_classes)
{
    Predictions p = {COUNT(three_truth), 3, three_truth, three_predicted, three_score};
    ck_assert_uint_eq(COUNT(three_figures), (size_t)judge_figure_count(3));
    check_figures(&p, three_times, three_figures, three_weighted);
}
END_TEST

START_TEST(figures_without_a_class)
{
    int32_t truth[] = {0, 0, 0}, predicted[] = {0, 1, 0};
    double score[] = {.8, .2, .4, .6, .9, .1}, figures[64];
    Predictions p = {3, 2, truth, predicted, score};
    Judge *judge = judge_new(&p);
    judge_figures(judge, NULL, NULL, figures);
    assert_close(figures[ACCURACY], 2. / 3);
    ck_assert(isnan(figures[BALANCED_ACCURACY]) && isnan(figures[AUC]));
    ck_assert(isnan(figures[figure_of_class(1, SENSITIVITY)]));
    ck_assert(isnan(figures[figure_of_class(0, SPECIFICITY)]));
    assert_close(figures[figure_of_class(1, F1)], 0);
    ck_assert(judge_agrees(&p, figures));
    p.samples = 0;
    judge_figures(judge, NULL, NULL, figures);
    for (int i = 0; i < judge_figure_count(2); i++)
        ck_assert(isnan(figures[i]));
    judge_free(judge);
}
END_TEST

START_TEST(equal_scores_are_half_right)
{
    int32_t truth[] = {0, 1, 0, 1, 1};
    Ranked ranked[5];
    for (int i = 0; i < 5; i++)
        ranked[i] = (Ranked){.3, i};
    ranked_sort(ranked, 5);
    assert_close(ranked_auc(ranked, 5, truth, 1, NULL), .5);
}
END_TEST

START_TEST(delong_and_other_tests)
{
    AucTest test;
    ck_assert(auc_compare(delong_a, delong_b, delong_truth, 1, COUNT(delong_truth), &test));
    assert_close(test.auc[0], delong_test[0]);
    assert_close(test.auc[1], delong_test[1]);
    assert_close(test.difference, delong_test[2]);
    assert_close(test.error, delong_test[3]);
    assert_close(test.p, delong_test[4]);
    ck_assert(auc_compare(delong_a, delong_a, delong_truth, 1, COUNT(delong_truth), &test));
    assert_close(test.p, 1);
    ck_assert(!auc_compare(delong_a, delong_b, delong_truth, 1, 3, &test));
    ck_assert(isnan(test.p));
    for (size_t i = 0; i < COUNT(mcnemar_p); i++)
        assert_close(statistics_mcnemar(mcnemar_pairs[2 * i], mcnemar_pairs[2 * i + 1]),
                     mcnemar_p[i]);
    double p[] = {.04, NAN, .01, .03, .9}, holm[] = {.09, NAN, .04, .09, .9};
    statistics_holm(p, 5);
    for (int i = 0; i < 5; i++)
        ck_assert(i == 1 ? isnan(p[i]) : fabs(p[i] - holm[i]) < 1e-12);
}
END_TEST

START_TEST(student)
{
    for (size_t i = 0; i < COUNT(student_p); i++) {
        double p = statistics_student_p(student_tails[2 * i], student_tails[2 * i + 1]);
        ck_assert_msg(fabs(p - student_p[i]) <= 1e-11 * student_p[i], "%zu: %.17g", i, p);
    }
    ck_assert(isnan(statistics_student_p(1, 0)) && isnan(statistics_student_p(NAN, 3)));
}
END_TEST

static void check_resampled(const double *runs, size_t count, const double *wanted)
{
    ResampledTest test = statistics_resampled(runs, (int64_t)count, wanted[0]);
    assert_close(test.mean, wanted[1]);
    assert_close(test.t, wanted[2]);
    ck_assert_msg(fabs(test.p - wanted[3]) <= 1e-11, "%.17g", test.p);
}

START_TEST(resampled)
{
    check_resampled(resampled_0, COUNT(resampled_0), resampled_test_0);
    check_resampled(resampled_1, COUNT(resampled_1), resampled_test_1);
    check_resampled(resampled_2, COUNT(resampled_2), resampled_test_2);
    ResampledTest plain = statistics_resampled(resampled_0, COUNT(resampled_0), 0);
    assert_close(plain.t, resampled_plain[0]);
    ck_assert(fabs(plain.p - resampled_plain[1]) < 1e-11);
    ck_assert(statistics_resampled((double[]){0, 0, 0}, 3, .5).p == 1);
    ck_assert(isnan(statistics_resampled((double[]){1, 1, 1}, 3, .5).p));
    ck_assert(isnan(statistics_resampled(resampled_0, 1, .5).p));
    ck_assert(isnan(statistics_resampled(resampled_0, COUNT(resampled_0), NAN).p));
}
END_TEST

START_TEST(effects)
{
    const double apart[] = {1, 2, 3, 6};
    assert_close(statistics_cohen_h(1, 0), M_PI);
    assert_close(statistics_cohen_h(.5, .25), M_PI / 6);
    assert_close(statistics_cohen_d(apart, 4), 3 / sqrt(14. / 3));
    ck_assert(statistics_cohen_d((double[]){0, 0}, 2) == 0);
    ck_assert(isnan(statistics_cohen_d(apart, 1)));
}
END_TEST

START_TEST(summaries)
{
    double sorted[COUNT(sample)], holes[] = {NAN, 2, NAN, 1};
    memcpy(sorted, sample, sizeof sample);
    statistics_sort(sorted, COUNT(sample));
    for (size_t i = 0; i < COUNT(sample_shares); i++)
        assert_close(statistics_quantile(sorted, COUNT(sample), sample_shares[i]),
                     sample_quantiles[i]);
    assert_close(statistics_mean(sample, COUNT(sample)), sample_mean_deviation[0]);
    assert_close(statistics_deviation(sample, COUNT(sample)), sample_mean_deviation[1]);
    assert_close(statistics_median(sample, COUNT(sample)), sample_quantiles[3]);
    ck_assert(isnan(statistics_mean(NULL, 0)) && isnan(statistics_deviation(sample, 1)));
    ck_assert(isnan(statistics_median(NULL, 0)) && isnan(statistics_quantile(NULL, 0, .5)));
    ck_assert_int_eq(statistics_drop_undefined(holes, 4), 2);
    ck_assert(holes[0] == 2 && holes[1] == 1);
}
END_TEST

START_TEST(overlaps)
{
    Overlap half = {2, 4, 4}, none = {0, 0, 0}, missed = {0, 0, 5};
    assert_close(overlap_dice(half, EMPTY_SKIP), .5);
    assert_close(overlap_iou(half, EMPTY_SKIP), 1. / 3);
    assert_close(overlap_dice(missed, EMPTY_SKIP), 0);
    ck_assert(isnan(overlap_dice(none, EMPTY_SKIP)) && isnan(overlap_iou(none, EMPTY_SKIP)));
    assert_close(overlap_dice(none, EMPTY_ONE), 1);
    assert_close(overlap_iou(none, EMPTY_ZERO), 0);
}
END_TEST

START_TEST(overlaps_of_pixels)
{
    float values[] = {1, 0, 0, 0, 2, 2, NAN, 0, 5, 0, 0, 1, 9, 0, 0}, mask[] = {0, 1, 2, 2, -1};
    Overlap classes[3] = {{0}}, one[2] = {{0}};
    overlap_count(values, 3, 0, mask, 5, classes);
    ck_assert(classes[0].both == 1 && classes[1].both == 1 && classes[2].both == 1);
    ck_assert(classes[0].predicted == 2 && classes[2].truth == 2 && classes[2].predicted == 1);
    overlap_count((float[]){-1, .5f, 0, 3}, 1, 0, (float[]){0, 1, 1, 0}, 4, one);
    ck_assert(one[1].both == 1 && one[1].predicted == 2 && one[1].truth == 2);
}
END_TEST

START_TEST(figures_as_text)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {{.4712, ".471"}, {-.02, "-.020"}, {1, "1.000"},     {-.0001, ".000"},
                 {0, ".000"},     {12.34, "12.3"}, {1234.5, "1234"}, {NAN, "undefined"}};
    char text[FIGURE_TEXT];
    for (size_t i = 0; i < COUNT(cases); i++)
        ck_assert_str_eq(figure_text(cases[i].value, text), cases[i].text);
}
END_TEST

/* Subjects of four equal samples each, half of them in class 1. */
enum { SUBJECTS = 30, SLICES = 4, SAMPLES = SUBJECTS * SLICES };

typedef struct {
    int64_t cluster[SAMPLES];
    int32_t stratum[SUBJECTS];
    double value[SAMPLES];
} Cohort;

static Resampling cohort_make(Cohort *cohort, uint64_t seed)
{
    FornixRandomKey key = fornix_random_key(seed, "cohort");
    for (int i = 0; i < SAMPLES; i++) {
        cohort->cluster[i] = i / SLICES;
        cohort->stratum[i / SLICES] = i / SLICES % 2;
        cohort->value[i] = fornix_random_normal(key, (uint64_t)(i / SLICES));
    }
    return (Resampling){.samples = SAMPLES,
                        .clusters = SUBJECTS,
                        .cluster = cohort->cluster,
                        .stratum = cohort->stratum,
                        .strata = 2,
                        .draws = 400,
                        .confidence = .95,
                        .random = fornix_random_key(seed, "bootstrap")};
}

/* Figure 0: the mean; 1: the samples of class 0; 2: whether a subject was drawn in part. */
static void cohort_statistic(const void *context, const double *times, double *figures)
{
    const Cohort *cohort = context;
    double sum = 0, all = 0;
    figures[1] = figures[2] = 0;
    for (int i = 0; i < SAMPLES; i++) {
        sum += times[i] * cohort->value[i];
        all += times[i];
        figures[1] += cohort->stratum[i / SLICES] == 0 ? times[i] : 0;
        figures[2] += times[i] != times[i / SLICES * SLICES];
    }
    figures[0] = sum / all;
}

START_TEST(bootstrap_draws_subjects_within_classes)
{
    Cohort cohort;
    Interval intervals[3], again[3];
    Resampling resampling = cohort_make(&cohort, 3);
    bootstrap(&resampling, cohort_statistic, &cohort, 3, intervals);
    bootstrap(&resampling, cohort_statistic, &cohort, 3, again);
    ck_assert_mem_eq(intervals, again, sizeof again);
    ck_assert(intervals[1].low == SAMPLES / 2 && intervals[1].high == SAMPLES / 2);
    ck_assert(intervals[2].high == 0);
    ck_assert(intervals[0].low < intervals[0].value && intervals[0].value < intervals[0].high);
    ck_assert_int_eq(intervals[0].defined, 400);
}
END_TEST

/* Intervals that took slices for subjects would be half as wide, and hold 0 in about two thirds. */
START_TEST(intervals_hold_the_truth)
{
    enum { TRIALS = 200 };
    int held = 0, rejected = 0;
    for (int trial = 0; trial < TRIALS; trial++) {
        Cohort cohort;
        Interval intervals[3];
        Resampling resampling = cohort_make(&cohort, (uint64_t)trial);
        bootstrap(&resampling, cohort_statistic, &cohort, 3, intervals);
        held += intervals[0].low <= 0 && intervals[0].high >= 0;
        rejected += intervals[0].p < .05;
    }
    ck_assert_int_ge(held, 178);
    ck_assert_int_le(held, 198);
    ck_assert_int_le(abs(rejected - (TRIALS - held)), 4);
}
END_TEST

/* ---- Against drawing by hand ------------------------------------------------------------- */

/* The samples of one replicate, each as often as it was drawn. */
typedef struct {
    int count, sample[4 * SAMPLES];
} Replicate;

/* Within each class, as many subjects as it has, each draw from all of them. */
static void replicate_by_hand(const Cohort *cohort, FornixRandomKey key, Replicate *replicate)
{
    int drawn = 0;
    replicate->count = 0;
    for (int32_t stratum = 0; stratum < 2; stratum++)
        for (int s = 0; s < SUBJECTS; s++) {
            if (cohort->stratum[s] != stratum)
                continue;
            int64_t pick = fornix_random_below(key, (uint64_t)drawn++, SUBJECTS / 2);
            int subject = 2 * (int)pick + stratum; /* classes take turns */
            for (int i = 0; i < SLICES; i++)
                replicate->sample[replicate->count++] = subject * SLICES + i;
        }
}

/* The sensitivity of class 1 and the area, from their definitions. */
static void figures_by_hand(const Predictions *p, const Replicate *replicate, double figures[2])
{
    double right = 0, positives = 0, won = 0, pairs = 0;
    for (int i = 0; i < replicate->count; i++) {
        int a = replicate->sample[i];
        if (!p->truth[a])
            continue;
        positives++;
        right += p->predicted[a] == 1;
        for (int j = 0; j < replicate->count; j++) {
            int b = replicate->sample[j];
            double apart = p->score[2 * a + 1] - p->score[2 * b + 1];
            if (p->truth[b])
                continue;
            pairs++;
            won += apart > 0 ? 1 : apart < 0 ? 0 : .5;
        }
    }
    figures[0] = right / positives;
    figures[1] = won / pairs;
}

static int order_of(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Linear between the two nearest. */
static double percentile(double *values, int count, double share)
{
    qsort(values, (size_t)count, sizeof *values, order_of);
    double at = share * (count - 1), below = floor(at);
    double next = values[below + 1 < count ? (int)below + 1 : count - 1];
    return values[(int)below] + (at - below) * (next - values[(int)below]);
}

START_TEST(bootstrap_by_hand)
{
    enum { DRAWS = 400 };
    Cohort cohort;
    int32_t truth[SAMPLES], predicted[SAMPLES];
    double score[2 * SAMPLES], by_hand[2][DRAWS], found[2];
    Resampling resampling = cohort_make(&cohort, 9);
    for (int i = 0; i < SAMPLES; i++) {
        truth[i] = cohort.stratum[i / SLICES];
        score[2 * i + 1] = round(4 / (1 + exp(-cohort.value[i] - truth[i] - i % SLICES * .2))) / 4;
        score[2 * i] = 1 - score[2 * i + 1];
        predicted[i] = score[2 * i + 1] > .5;
    }
    Predictions p = {SAMPLES, 2, truth, predicted, score};
    Interval intervals[64];
    Judge *judge = judge_new(&p);
    bootstrap(&resampling, judge_statistic, judge, judge_figure_count(2), intervals);
    judge_free(judge);
    for (int b = 0; b < DRAWS; b++) {
        Replicate replicate;
        FornixRandomKey key = fornix_random_derive(resampling.random, (uint64_t)b);
        replicate_by_hand(&cohort, key, &replicate);
        figures_by_hand(&p, &replicate, found);
        by_hand[0][b] = found[0];
        by_hand[1][b] = found[1];
    }
    int figure[2] = {figure_of_class(1, SENSITIVITY), AUC};
    for (int k = 0; k < 2; k++) {
        assert_close(intervals[figure[k]].low, percentile(by_hand[k], DRAWS, .025));
        assert_close(intervals[figure[k]].high, percentile(by_hand[k], DRAWS, .975));
        ck_assert_int_eq(intervals[figure[k]].defined, DRAWS);
    }
}
END_TEST

/* Scores of two normal distributions a deviation apart, whose area is known. */
START_TEST(areas_lie_in_their_intervals)
{
    enum { TRIALS = 200, EACH = 40 };
    int held = 0;
    for (int trial = 0; trial < TRIALS; trial++) {
        int64_t cluster[2 * EACH];
        int32_t truth[2 * EACH], predicted[2 * EACH] = {0};
        double score[4 * EACH];
        FornixRandomKey key = fornix_random_key((uint64_t)trial, "areas");
        for (int i = 0; i < 2 * EACH; i++) {
            cluster[i] = i;
            truth[i] = i % 2;
            score[2 * i + 1] = (double)fornix_random_normal(key, (uint64_t)i) + truth[i];
            score[2 * i] = -score[2 * i + 1];
        }
        Predictions p = {2 * EACH, 2, truth, predicted, score};
        Resampling resampling = {2 * EACH, 2 * EACH, cluster, truth, 2, 200, .95, key};
        Interval intervals[64];
        Judge *judge = judge_new(&p);
        bootstrap(&resampling, judge_statistic, judge, judge_figure_count(2), intervals);
        judge_free(judge);
        held += intervals[AUC].low <= normal_auc[0] && normal_auc[0] <= intervals[AUC].high;
    }
    ck_assert_msg(held >= 180 && held <= 198, "%d of %d", held, TRIALS);
}
END_TEST

/* The share of all relabelings is what the rank-sum test of Mann and Whitney counts. */
START_TEST(permutations_agree_with_ranks)
{
    enum { N = COUNT(rank_scores), FIRST = 6, DRAWS = 40000 };
    int64_t cluster[N];
    int32_t truth[N], predicted[N] = {0};
    double score[2 * N];
    for (int i = 0; i < N; i++) {
        cluster[i] = i;
        truth[i] = i < FIRST;
        score[2 * i + 1] = rank_scores[i];
        score[2 * i] = -rank_scores[i];
    }
    Predictions p = {N, 2, truth, predicted, score};
    Resampling resampling = {N, N, cluster, truth, 2, DRAWS, .95, fornix_random_key(1, "ranks")};
    Judge *judge = judge_new(&p);
    double found = judge_permutation(judge, &resampling, AUC), wanted = rank_p[0];
    judge_free(judge);
    double error = sqrt(wanted * (1 - wanted) / DRAWS);
    ck_assert_msg(fabs(found - wanted) < 4 * error, "%g is not %g", found, wanted);
}
END_TEST

START_TEST(several_p_are_corrected)
{
    enum { EACH = 9 };
    for (size_t i = 0; i < COUNT(holm_p); i += EACH) {
        double p[EACH];
        memcpy(p, holm_p + i, sizeof p);
        statistics_holm(p, EACH);
        for (size_t k = 0; k < EACH; k++)
            ck_assert(isnan(holm_corrected[i + k]) ? isnan(p[k])
                                                   : fabs(p[k] - holm_corrected[i + k]) < 1e-15);
    }
}
END_TEST

START_TEST(p_as_text)
{
    static const struct {
        double p;
        const char *text, *words;
    } cases[] = {{0, "< .001", "p < .001"},  {.00099, "< .001", "p < .001"},
                 {.001, ".001", "p = .001"}, {.0496, ".050", "p = .050"},
                 {1, "1.000", "p = 1.000"},  {NAN, "undefined", "p undefined"}};
    char text[FIGURE_TEXT];
    for (size_t i = 0; i < COUNT(cases); i++) {
        ck_assert_str_eq(p_text(cases[i].p, text), cases[i].text);
        ck_assert_str_eq(p_words(cases[i].p, text), cases[i].words);
    }
}
END_TEST

START_TEST(permutations_tell_signal_from_none)
{
    int32_t truth[SAMPLES], predicted[SAMPLES];
    double score[2 * SAMPLES], p[2];
    Cohort cohort;
    Resampling resampling = cohort_make(&cohort, 5);
    for (int signal = 0; signal < 2; signal++) {
        for (int i = 0; i < SAMPLES; i++) {
            truth[i] = cohort.stratum[i / SLICES];
            score[2 * i + 1] = 1 / (1 + exp(-cohort.value[i] - 2 * signal * truth[i]));
            score[2 * i] = 1 - score[2 * i + 1];
            predicted[i] = score[2 * i + 1] > .5;
        }
        Predictions predictions = {SAMPLES, 2, truth, predicted, score};
        Judge *judge = judge_new(&predictions);
        p[signal] = judge_permutation(judge, &resampling, AUC);
        judge_free(judge);
    }
    ck_assert(p[0] > .05 && p[1] < .01 && p[1] >= 1. / 401);
}
END_TEST

START_TEST(clusters_by_name)
{
    const char *const key[] = {"b/2", "a/1", "b/2", "a/3", "a/1"};
    int32_t truth[] = {1, 0, 1, 1, 1}, stratum[5];
    int64_t cluster[5], wanted[] = {0, 1, 0, 2, 1};
    ck_assert_int_eq(clusters_find(key, 5, cluster), 3);
    ck_assert_mem_eq(cluster, wanted, sizeof wanted);
    ck_assert_int_eq(clusters_label(cluster, 3, truth, 5, stratum), 1);
    ck_assert(stratum[0] == 1 && stratum[1] == 0 && stratum[2] == 1);
}
END_TEST

START_TEST(probabilities)
{
    float logits[] = {1000, 999, -1000}, one = -2;
    double p[3];
    probabilities_of_logits(logits, 3, p);
    assert_close(p[0], 1 / (1 + exp(-1)));
    assert_close(p[0] + p[1] + p[2], 1);
    probabilities_of_logits(&one, 1, p);
    assert_close(p[1], 1 / (1 + exp(2)));
    assert_close(p[0] + p[1], 1);
}
END_TEST

START_TEST(distances_of_clouds)
{
    Cloud x = {COUNT(cloud_x) / 4, 4, cloud_x}, y = {COUNT(cloud_y) / 4, 4, cloud_y};
    double found = frechet_distance(&x, &y);
    ck_assert_msg(fabs(found - cloud_frechet[0]) < 1e-9 * cloud_frechet[0], "%.17g", found);
    ck_assert(frechet_distance(&x, &x) < 1e-9);
    double line[] = {0, 1, 2, 10, 11, 12}, far[] = {0, 1, 2, 3, 4, 5};
    ck_assert(neighbour_share(&(Cloud){3, 1, line}, &(Cloud){3, 1, line + 3}) == 1);
    ck_assert(neighbour_share(&(Cloud){3, 2, far}, &(Cloud){3, 2, far}) == 0);
    ck_assert(isnan(neighbour_share(&(Cloud){1, 1, line}, &(Cloud){3, 1, line})));
}
END_TEST

START_TEST(distances_of_moments)
{
    Moments a = moments_new(3), b = moments_new(3);
    float points[][3] = {{0, 5, 1}, {2, 5, 3}, {4, 5, 5}};
    for (int i = 0; i < 3; i++) {
        moments_add(&a, points[i]);
        moments_add(&b, (float[]){2 * points[i][0] + 2, 7, points[i][2]});
    }
    assert_close(moments_spread(&a), sqrt(4. + 0 + 4));
    MomentsDistance distance = moments_distance(&a, &b);
    ck_assert_int_eq(distance.features, 2);
    assert_close(distance.means, sqrt((16. + 4 + 0) / 8));
    assert_close(distance.spreads, sqrt((16. + 0 + 4) / 8));
    assert_close(distance.by_chance, sqrt(2. / 3));
    moments_free(&a);
    moments_free(&b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("statistics");
    TCase *tests = tcase_create("statistics");
    tcase_add_test(tests, figures_of_two_classes);
    tcase_add_test(tests, figures_of_three_classes);
    tcase_add_test(tests, figures_without_a_class);
    tcase_add_test(tests, equal_scores_are_half_right);
    tcase_add_test(tests, delong_and_other_tests);
    tcase_add_test(tests, student);
    tcase_add_test(tests, resampled);
    tcase_add_test(tests, effects);
    tcase_add_test(tests, summaries);
    tcase_add_test(tests, overlaps);
    tcase_add_test(tests, overlaps_of_pixels);
    tcase_add_test(tests, figures_as_text);
    tcase_add_test(tests, bootstrap_draws_subjects_within_classes);
    tcase_add_test(tests, intervals_hold_the_truth);
    tcase_add_test(tests, bootstrap_by_hand);
    tcase_add_test(tests, areas_lie_in_their_intervals);
    tcase_add_test(tests, permutations_agree_with_ranks);
    tcase_add_test(tests, several_p_are_corrected);
    tcase_add_test(tests, p_as_text);
    tcase_add_test(tests, permutations_tell_signal_from_none);
    tcase_add_test(tests, clusters_by_name);
    tcase_add_test(tests, probabilities);
    tcase_add_test(tests, distances_of_clouds);
    tcase_add_test(tests, distances_of_moments);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
