/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Made-up samples beside real ones: each figure against scikit-learn, numpy or plain loops, and
 * what the evaluator says of good ones, copies, shifted ones and too few. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "generation.h"
#include "logistic.h"
#include "spectrum.h"
#include "tables.h"
#include "values/generation-values.h"

static void assert_near(double found, double wanted, double most)
{
    ck_assert_msg(fabs(found - wanted) <= most * fmax(1, fabs(wanted)), "%.17g is not %.17g", found,
                  wanted);
}

static const Cloud real = {30, 4, points_real}, made_up = {25, 4, points_made},
                   unseen = {12, 4, points_unseen};

/* ---- Figures ----------------------------------------------------------------------------- */

START_TEST(kernel_distances)
{
    Kernels kernels = kernels_new(&real, &made_up);
    double once[COUNT(kid_times)], found;
    for (size_t i = 0; i < COUNT(once); i++)
        once[i] = 1;
    kernels_distance(&kernels, once, &found);
    assert_near(found, kid_wanted[0], 1e-12);
    kernels_distance(&kernels, kid_times, &found);
    assert_near(found, kid_wanted[1], 1e-12);
    memset(once, 0, 30 * sizeof *once);
    once[3] = 5; /* copies of one point are no pair */
    kernels_distance(&kernels, once, &found);
    ck_assert(isnan(found));
    kernels_free(&kernels);
}
END_TEST

START_TEST(manifolds)
{
    static const int64_t neighbours[] = {1, 3, 5};
    for (size_t k = 0; k < COUNT(neighbours); k++) {
        Manifold found = manifold_compare(&real, &made_up, neighbours[k]);
        const double *wanted = manifold_wanted + 4 * k;
        assert_near(found.precision, wanted[0], 1e-12);
        assert_near(found.recall, wanted[1], 1e-12);
        assert_near(found.density, wanted[2], 1e-12);
        assert_near(found.coverage, wanted[3], 1e-12);
    }
    ck_assert(isnan(manifold_compare(&real, &made_up, 25).precision));
}
END_TEST

START_TEST(nearness)
{
    double apart[37], once[37], share;
    nearest_distances(&made_up, &real, apart);
    nearest_distances(&unseen, &real, apart + 25);
    for (int i = 0; i < 37; i++) {
        assert_near(apart[i], nearest_wanted[i], 1e-12);
        once[i] = 1;
    }
    Closeness both = closeness_new(apart, 25, 37);
    closeness_share(&both, once, &share);
    assert_near(share, closer_wanted[0], 1e-12);
    closeness_free(&both);
}
END_TEST

START_TEST(logistic)
{
    static const double decays[] = {1, .05, 30};
    double weights[5];
    for (size_t k = 0; k < COUNT(decays); k++) {
        logistic_fit(&real, logistic_truth, decays[k], weights);
        for (size_t f = 0; f < 5; f++)
            assert_near(weights[f], logistic_wanted[5 * k + f], 1e-6);
    }
    double score[12 * 3];
    logistic_classify(&real, logistic_three, 3, &unseen, score);
    for (int i = 0; i < 36; i++)
        assert_near(score[i], logistic_scores[i], 1e-6);
    const int32_t alike[30] = {0};
    logistic_fit(&real, alike, 1, weights);
    ck_assert(logistic_probability(weights, points_real, 4) == 0);
}
END_TEST

static void check_spectrum(FornixShape shape, const float *samples, int count, const double *wanted,
                           size_t bins)
{
    FornixError error = {0};
    double frequency[8], power[8];
    ck_assert_uint_eq((size_t)spectrum_bins(shape), bins);
    Spectrum *spectrum = spectrum_new(shape, &error);
    ck_assert_msg(spectrum != NULL, "%s", error.text);
    for (int i = 0; i < count; i++)
        spectrum_add(spectrum, samples + i * fornix_floats(shape));
    spectrum_power(spectrum, frequency, power);
    for (size_t b = 0; b < bins; b++)
        assert_near(power[b], wanted[b], 2e-6);
    int64_t longest = shape.d > shape.h ? shape.d : shape.h;
    longest = shape.w > longest ? shape.w : longest;
    assert_near(frequency[bins - 1], (double)bins / (double)longest, 1e-12);
    spectrum_free(spectrum);
}

START_TEST(spectra)
{
    check_spectrum((FornixShape){1, 1, 8, 6, 2}, spectrum_0, 2, spectrum_0_power,
                   COUNT(spectrum_0_power));
    check_spectrum((FornixShape){1, 4, 6, 5, 1}, spectrum_1, 3, spectrum_1_power,
                   COUNT(spectrum_1_power));
    check_spectrum((FornixShape){1, 1, 1, 9, 3}, spectrum_2, 2, spectrum_2_power,
                   COUNT(spectrum_2_power));
    check_spectrum((FornixShape){1, 7, 1, 1, 2}, spectrum_3, 1, spectrum_3_power,
                   COUNT(spectrum_3_power));
    ck_assert_int_eq(spectrum_bins((FornixShape){1, 1, 1, 1, 64}), 0);
    assert_near(spectrum_distance(spectra_a, spectra_b, 6), spectra_distance[0], 1e-12);
    ck_assert(isnan(spectrum_distance((double[]){0, 0}, (double[]){0, 0}, 2)));
}
END_TEST

/* ---- The evaluator ----------------------------------------------------------------------- */

static Made made;

static void start(void)
{
    made_start(&made);
}

static void stop(void)
{
    made_stop(&made);
}

typedef struct {
    const char *id;
    int rows;
    uint64_t seed;        /* of the noise: the same noise is the same points */
    double shift, jitter; /* beside the class's centre; added noise of another seed */
    FornixPart part;
    bool synthetic;
} Plan;

static void draw_cell(const Plan *plan, int i, Cell *cell, char *subject, size_t size)
{
    FornixRandomKey key = fornix_random_key(plan->seed, "points");
    snprintf(subject, size, "%s/%d", plan->id, i);
    *cell = (Cell){subject, i % 2, plan->part, {0}};
    for (int f = 0; f < 4; f++)
        cell->x[f] = fornix_random_normal(key, (uint64_t)(4 * i + f)) +
                     (float)(plan->jitter * f * .1 + plan->shift) + (f == 0 && i % 2 ? 2.f : 0.f);
}

static const FornixTable *points(Plan plan)
{
    Cell *cells = mem_new((size_t)plan.rows, sizeof *cells);
    char(*subject)[32] = mem_new((size_t)plan.rows, sizeof *subject);
    for (int i = 0; i < plan.rows; i++)
        draw_cell(&plan, i, &cells[i], subject[i], sizeof subject[i]);
    const FornixTable *table = made_table(&made, plan.id, cells, plan.rows, 4, 2);
    mem_free(subject);
    mem_free(cells);
    ck_assert_msg(table != NULL, "%s", made.mistake);
    return table;
}

/* 80 of the train part and 60 of the test part, half of them in each class. */
static const FornixTable *cohort(void)
{
    const FornixTable *parts[] = {points((Plan){"train", 80, 1, 0, 0, FORNIX_TRAIN, false}),
                                  points((Plan){"test", 60, 2, 0, 0, FORNIX_TEST, false})};
    const FornixTable *table = made_run(&made, "<merge/>", parts[0], parts[1]);
    ck_assert_msg(table != NULL, "%s", made.mistake);
    return table;
}

static const FornixTable *judged(const char *attrs, const FornixTable *made_ones)
{
    char text[200];
    snprintf(text, sizeof text, "<evaluate_generation draws='200' %s/>", attrs);
    const FornixTable *table = made_run(&made, text, cohort(), made_ones);
    ck_assert_msg(table != NULL, "%s", made.mistake);
    return table;
}

static void bounds(const FornixTable *table, const char *name, double *low, double *high)
{
    double value;
    ck_assert_msg(fornix_get_metric(table, name, &value, low, high), "no figure %s", name);
    ck_assert_msg(*low <= value && value <= *high, "%s", name);
}

START_TEST(as_good_as_real)
{
    const FornixTable *table = judged("", points((Plan){"gan", 80, 3, 0, 0, FORNIX_NO_PART, true}));
    double low, high;
    bounds(table, "kid.all", &low, &high);
    ck_assert(low <= 0);
    bounds(table, "two_sample_auc.all", &low, &high);
    ck_assert(low < .5 && high < .7);
    bounds(table, "closer.all", &low, &high);
    ck_assert(low < .5 && high > .5);
    ck_assert(made_metric(table, "tstr.auc") > .8 && made_metric(table, "trtr.auc") > .8);
    ck_assert(made_metric(table, "recall.low") > .7 && made_metric(table, "coverage.high") > .7);
    ck_assert(made_metric(table, "samples_real.all") == 80);
    ck_assert(made_metric(table, "samples_held_out.low") == 30);
    ck_assert(made_metric(table, "frechet_rank.high") == 4);
    ck_assert(!made_says(table, "may repeat them", true) && !made_says(table, "rank", true));
    ck_assert(!made_says(table, "can be told", false));
    ck_assert_int_eq(fornix_rows(table), 0);
}
END_TEST

/* Twenty-four points of one distribution: who judges those that he was trained on tells them apart.
 */
START_TEST(told_apart_by_others)
{
    double sum = 0;
    for (int trial = 0; trial < 10; trial++) {
        char ids[2][16];
        snprintf(ids[0], sizeof ids[0], "real%d", trial);
        snprintf(ids[1], sizeof ids[1], "gan%d", trial);
        const FornixTable *table =
            made_run(&made, "<evaluate_generation held_out='none' draws='100'/>",
                     points((Plan){ids[0], 24, 100 + (uint64_t)trial, 0, 0, FORNIX_TRAIN, false}),
                     points((Plan){ids[1], 24, 200 + (uint64_t)trial, 0, 0, FORNIX_TRAIN, true}));
        sum += made_metric(table, "two_sample_auc.low");
    }
    ck_assert_msg(sum / 10 < .56, "%g", sum / 10);
}
END_TEST

START_TEST(copies_are_seen)
{
    const FornixTable *table =
        judged("", points((Plan){"copies", 80, 1, 0, .01, FORNIX_NO_PART, true}));
    double low, high;
    bounds(table, "closer.low", &low, &high);
    ck_assert(low > .9);
    ck_assert(made_metric(table, "nearest.low") < .1 * made_metric(table, "nearest_held_out.low"));
    ck_assert(made_says(table, "may repeat them", true));
    table = judged("held_out='none'", points((Plan){"copied", 80, 1, 0, .01, 0, true}));
    ck_assert(isnan(made_metric(table, "closer.low")) && isnan(made_metric(table, "tstr.auc")));
}
END_TEST

START_TEST(shifted_ones_are_seen)
{
    const FornixTable *table =
        judged("", points((Plan){"gan", 80, 3, 1.5, 0, FORNIX_NO_PART, true}));
    double low, high;
    bounds(table, "kid.low", &low, &high);
    ck_assert(low > 0);
    bounds(table, "two_sample_auc.low", &low, &high);
    ck_assert(low > .9);
    ck_assert(made_metric(table, "coverage.low") < .7);
    ck_assert(made_says(table, "synthetic 'low' are not distributed as the real: KID", false));
    ck_assert(made_says(table, "synthetic 'high' can be told from the real: AUC", false));
}
END_TEST

START_TEST(too_few)
{
    const FornixTable *table = judged("", points((Plan){"gan", 8, 3, 0, 0, FORNIX_NO_PART, true}));
    ck_assert(made_metric(table, "frechet_rank.low") == 3);
    ck_assert(
        made_says(table, "'low' has few samples: covariances of rank 3 in 4 coordinates", true));
    ck_assert(isnan(made_metric(table, "precision.low")));
    ck_assert(isnan(made_metric(table, "two_sample_auc.low")));
    table = judged("", points((Plan){"one", 1, 3, 0, 0, FORNIX_NO_PART, true}));
    ck_assert(made_says(table, "'high' lacks real or synthetic samples", true));
}
END_TEST

/* Maps of 4 x 4: made of the same noise they have the same spectrum, blurred ones have not. */
static bool map_of(void *opened, const FornixTable *table, int column, int64_t row, float *out,
                   FornixError *error)
{
    (void)table, (void)column, (void)error;
    const double blur = *(const double *)opened;
    FornixRandomKey key = fornix_random_key(7, "map");
    for (int p = 0; p < 16; p++) {
        float own = fornix_random_normal(key, (uint64_t)(16 * row + p));
        float next = fornix_random_normal(key, (uint64_t)(16 * row + (p + 1) % 16));
        out[p] = (float)((1 - blur) * (double)own + blur * (double)next);
    }
    return true;
}

static const FornixTable *maps(const char *id, const double *blur)
{
    FornixBuild *build = build_new(
        made.samples, &(BuildRequest){.id = id, .mistake = made_mistake, .context = &made});
    fornix_add_column(
        build,
        &(FornixColumn){.name = "feature", .kind = FORNIX_FEATURE, .shape = {1, 1, 4, 4, 1}});
    int grade = fornix_add_column(
        build, &(FornixColumn){
                   .name = "grade", .kind = FORNIX_LABEL, .shape = {1, 1, 1, 1, 1}, .classes = 2});
    for (int i = 0; i < 40; i++) {
        char subject[32];
        snprintf(subject, sizeof subject, "%s/%d", id, i);
        fornix_add_row(build, &(FornixRow){subject, "", FORNIX_REAL_SAMPLE, FORNIX_TRAIN});
        fornix_set_label(build, grade, i, i % 2);
    }
    build_set_reader(build, &(TableReader){.read = map_of, .opened = (void *)(uintptr_t)blur});
    const FornixTable *table = build_rows(build) ? build_table(build) : NULL;
    build_free(build);
    ck_assert_msg(table != NULL, "%s", made.mistake);
    return table;
}

START_TEST(spectra_of_maps)
{
    static const double sharp = 0, blurred = .5;
    const char *text = "<evaluate_generation held_out='none' draws='100'/>";
    const FornixTable *same = made_run(&made, text, maps("real", &sharp), maps("same", &sharp));
    const FornixTable *blur = made_run(&made, text, maps("real2", &sharp), maps("blur", &blurred));
    ck_assert_msg(same && blur, "%s", made.mistake);
    ck_assert(made_metric(same, "spectrum.all") < 1e-6 && made_metric(same, "spectrum.0") < 1e-6);
    ck_assert(made_metric(blur, "spectrum.all") > .2);
    int count;
    const TableCurve *curves = table_curves(blur, &count);
    ck_assert_int_eq(count, 3);
    ck_assert_str_eq(curves[0].name, "spectrum.0");
    ck_assert(curves[2].curve.rows == 2 && curves[2].curve.width == 3);
    double power[2][2];
    for (int b = 0; b < 2; b++) {
        power[0][b] = curves[2].curve.values[3 * b + 1];
        power[1][b] = curves[2].curve.values[3 * b + 2];
    }
    assert_near(made_metric(blur, "spectrum.all"), spectrum_distance(power[1], power[0], 2), 1e-12);
    double none;
    const FornixTable *vectors =
        judged("", points((Plan){"gan", 80, 3, 0, 0, FORNIX_NO_PART, true}));
    ck_assert(!fornix_get_metric(vectors, "spectrum.all", &none, &none, &none));
}
END_TEST

/* Who was trained on is not unseen. */
START_TEST(held_out_means_unseen)
{
    static const char *const subjects[] = {"test/3", "train/1", "test/8"};
    Fits fits = {0};
    fits_add(made.samples, &fits, &(Fit){"gan", subjects, 3, FIT_NAMED});
    FornixBuild *build = build_new(
        made.samples, &(BuildRequest){.id = "leak", .mistake = made_mistake, .context = &made});
    fornix_add_column(
        build,
        &(FornixColumn){.name = "feature", .kind = FORNIX_FEATURE, .shape = {1, 1, 1, 1, 4}});
    fornix_add_column(
        build, &(FornixColumn){
                   .name = "grade", .kind = FORNIX_LABEL, .shape = {1, 1, 1, 1, 1}, .classes = 2});
    build_add_fits(build, &fits);
    fits_free(&fits);
    const FornixTable *leak = build_rows(build) ? build_table(build) : NULL;
    build_free(build);
    ck_assert(!made_run(&made, "<evaluate_generation/>", cohort(), leak));
    ck_assert_msg(strstr(made.mistake, "2 of 60 held-out subjects were used to fit 'gan'"), "%s",
                  made.mistake);
    ck_assert_str_eq(made.where, "held_out");
    ck_assert(!made_run(&made, "<evaluate_generation part='test'/>", cohort(), leak));
    ck_assert_msg(strstr(made.mistake, "nobody of it is unseen"), "%s", made.mistake);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("generation");
    TCase *tests = tcase_create("generation");
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, kernel_distances);
    tcase_add_test(tests, manifolds);
    tcase_add_test(tests, nearness);
    tcase_add_test(tests, logistic);
    tcase_add_test(tests, spectra);
    tcase_add_test(tests, as_good_as_real);
    tcase_add_test(tests, told_apart_by_others);
    tcase_add_test(tests, copies_are_seen);
    tcase_add_test(tests, shifted_ones_are_seen);
    tcase_add_test(tests, too_few);
    tcase_add_test(tests, spectra_of_maps);
    tcase_add_test(tests, held_out_means_unseen);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
