/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Thresholds of many classes against an exhaustive search, and what is decided by them. */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "decision.h"
#include "fornix-random.h"
#include "tables.h"

enum { MOST_ROWS = 2000, MOST_CLASSES = 6 };
#define AS_GOOD 1e-12

static const char *const figures[] = {"balanced-accuracy", "accuracy", "f1"};
static Made made;

static void start(void)
{
    made_start(&made);
}

static void stop(void)
{
    made_stop(&made);
}

/* Predictions and the truth. */
typedef struct {
    int rows, classes;
    unsigned kind;
    float x[MOST_ROWS * MOST_CLASSES];
    int32_t truth[MOST_ROWS];
} Data;

static const FornixTable *table_of(const Data *data, FornixPart part)
{
    return made_said(&made, (Said){"predicted", data->rows, data->classes, data->classes,
                                   data->kind, data->truth, NULL, data->x, part});
}

static const FornixTable *fitted(const Data *data, const char *figure)
{
    char text[64];
    snprintf(text, sizeof text, "<threshold id='cut' maximise='%s'/>", figure);
    return made_run(&made, text, table_of(data, FORNIX_VALIDATION), NULL);
}

/* What was fitted: checked, and copied into t. */
static void fit(const Data *data, const char *figure, double *t)
{
    const FornixTable *cut = fitted(data, figure);
    ck_assert_msg(cut != NULL, "%s", made.mistake);
    int64_t count;
    const double *values = fornix_values(cut, "threshold", &count);
    ck_assert_int_eq(count, data->classes);
    double sum = 0;
    for (int c = 0; c < data->classes; c++) {
        ck_assert(values[c] >= DBL_MIN && values[c] <= 1);
        sum += values[c];
    }
    ck_assert_double_eq_tol(sum, 1, 1e-12);
    memcpy(t, values, (size_t)count * sizeof *t);
}

static void refused(const FornixTable *table, const char *where, const char *words)
{
    ck_assert_ptr_null(table);
    ck_assert_msg(strstr(made.mistake, words), "'%s' is not in '%s'", words, made.mistake);
    ck_assert_str_eq(made.where ? made.where : "", where);
}

/* ---- A plain reference ------------------------------------------------------------------- */

static double probability(const Data *data, int row, int class)
{
    const float *x = data->x + row * data->classes;
    double most = x[0], sum = 0;
    if (data->kind == FORNIX_PROBABILITY)
        return (double)x[class];
    for (int c = 1; c < data->classes; c++)
        most = fmax(most, (double)x[c]);
    for (int c = 0; c < data->classes; c++)
        sum += exp((double)x[c] - most);
    return exp((double)x[class] - most) / sum;
}

static double figure_by(const Data *data, const double *t, int which)
{
    double all[MOST_CLASSES] = {0}, said[MOST_CLASSES] = {0}, right[MOST_CLASSES] = {0};
    double balanced = 0, f1 = 0, correct = 0;
    for (int i = 0; i < data->rows; i++) {
        int best = 0;
        for (int c = 1; c < data->classes; c++)
            if (probability(data, i, c) / t[c] > probability(data, i, best) / t[best])
                best = c;
        all[data->truth[i]]++;
        said[best]++;
        right[best] += best == data->truth[i];
    }
    for (int c = 0; c < data->classes; c++) {
        correct += right[c];
        balanced += right[c] / all[c] / data->classes;
        f1 += 2 * right[c] / (said[c] + all[c]) / data->classes;
    }
    return which == 0 ? balanced : which == 1 ? correct / data->rows : f1;
}

static void equal(const Data *data, double *t)
{
    for (int c = 0; c < data->classes; c++)
        t[c] = 1.0 / data->classes;
}

static int real_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The best figure that one threshold can reach, the others staying as they are. */
static double best_alone(const Data *data, const double *from, int class, int which)
{
    double edge[MOST_ROWS], t[MOST_CLASSES], best = 0;
    int count = 0;
    memcpy(t, from, sizeof t);
    for (int i = 0; i < data->rows; i++) {
        double rival = 0;
        for (int c = 0; c < data->classes; c++)
            if (c != class)
                rival = fmax(rival, probability(data, i, c) / t[c]);
        if (rival > 0 && probability(data, i, class) > 0)
            edge[count++] = probability(data, i, class) / rival;
    }
    qsort(edge, (size_t)count, sizeof *edge, real_compare);
    for (int i = 0; i <= count; i++) {
        double low = i ? edge[i - 1] : edge[0] / 4, high = i < count ? edge[i] : 4 * low;
        if (high < low * (1 + 1e-8))
            continue;
        t[class] = sqrt(low) * sqrt(high);
        best = fmax(best, figure_by(data, t, which));
    }
    return best;
}

/* Rows of classes that differ in number; grid: probabilities that are often the same. */
static Data *random_data(int rows, int classes, uint64_t seed, bool grid)
{
    Data *data = mem_new(1, sizeof *data);
    FornixRandomKey key = fornix_random_key(seed, "rows");
    *data =
        (Data){.rows = rows, .classes = classes, .kind = grid ? FORNIX_PROBABILITY : FORNIX_LOGITS};
    for (int i = 0; i < rows; i++) {
        double u = fornix_random_uniform(key, (uint64_t)(100000 + i));
        data->truth[i] = i < classes ? i : (int32_t)(u * u * classes);
        for (int c = 0; c < classes; c++) {
            float z = fornix_random_normal(key, (uint64_t)(i * classes + c));
            float x = z + 1.5f * (float)(c == data->truth[i]) - .8f * (float)c;
            data->x[i * classes + c] = grid ? floorf(4 / (1 + expf(-x))) / 4 : x;
        }
    }
    return data;
}

START_TEST(no_threshold_is_better_alone)
{
    static const int sizes[][2] = {{12, 3}, {60, 3}, {200, 3}, {80, 4}, {120, 6}};
    int moved = 0;
    for (size_t size = 0; size < COUNT(sizes); size++)
        for (uint64_t seed = 0; seed < 6; seed++)
            for (int which = 0; which < 3; which++) {
                Data *data = random_data(sizes[size][0], sizes[size][1], seed, seed % 3 == 2);
                double t[MOST_CLASSES], plain[MOST_CLASSES];
                equal(data, plain);
                fit(data, figures[which], t);
                double found = figure_by(data, t, which), before = figure_by(data, plain, which);
                ck_assert_msg(found >= before - AS_GOOD, "%s: %.17g, the likeliest class has %.17g",
                              figures[which], found, before);
                for (int c = 0; c < data->classes; c++) {
                    double alone = best_alone(data, t, c, which);
                    ck_assert_msg(alone <= found + AS_GOOD,
                                  "%d rows, seed %d, %s: %.17g, %.17g by the threshold of %d alone",
                                  data->rows, (int)seed, figures[which], found, alone, c);
                }
                moved += found > before + .01;
                mem_free(data);
            }
    ck_assert_int_gt(moved, 60);
}
END_TEST

START_TEST(order_of_rows_does_not_matter)
{
    for (uint64_t seed = 0; seed < 6; seed++) {
        Data *data = random_data(90, 3, seed, seed % 2), *turned = mem_new(1, sizeof *turned);
        double t[2][MOST_CLASSES];
        *turned = *data;
        for (int i = 0; i < 90; i++) {
            int to = (i * 37 + 11) % 90;
            turned->truth[to] = data->truth[i];
            memcpy(turned->x + 3 * to, data->x + 3 * i, 3 * sizeof(float));
        }
        fit(data, figures[seed % 3], t[0]);
        fit(turned, figures[seed % 3], t[1]);
        ck_assert_mem_eq(t[0], t[1], 3 * sizeof(double));
        mem_free(data);
        mem_free(turned);
    }
}
END_TEST

/* ---- Cases known ------------------------------------------------------------------------- */

/* Class 2 loses a row to each of the others: their thresholds rise in turn, by the square root of
 * .5 * .8, half-way between the row that stays and the row that goes. */
START_TEST(known)
{
    static Data data = {4,
                        3,
                        FORNIX_PROBABILITY,
                        {.6f, .1f, .3f, .1f, .6f, .3f, .5f, .1f, .4f, .1f, .5f, .4f},
                        {0, 1, 2, 2}};
    double t[MOST_CLASSES], factor = sqrt(.4), sum = 2 / factor + 1;
    fit(&data, figures[0], t);
    ck_assert_double_eq_tol(t[0], 1 / factor / sum, 1e-6);
    ck_assert_double_eq_tol(t[1], 1 / factor / sum, 1e-6);
    ck_assert_double_eq_tol(t[2], 1 / sum, 1e-6);
    ck_assert(figure_by(&data, t, 0) == 1);
    const FornixTable *cut = fitted(&data, figures[0]);
    ck_assert_double_eq_tol(made_metric(cut, "threshold.2"), 1 / sum, 1e-6);
    ck_assert(made_says(cut, "the largest of p / threshold: 0 0.3799, 1 0.3799, 2 0.2403", false));
    ck_assert(made_says(cut,
                        "balanced-accuracy 1.000 on 4 rows of part validation, 0.667 by the "
                        "likeliest class",
                        false));
    ck_assert_int_eq(table_fits(cut)->items[0]->count, 4);
}
END_TEST

/* Two cuts of class 0 make three of four rows right, and the one nearer to 1 is taken; where its
 * own row can't be won, one beyond all rows: half the least of the ratios. */
START_TEST(nearest_and_outermost)
{
    static Data data = {4,
                        3,
                        FORNIX_PROBABILITY,
                        {.5f, .1f, .4f, .6f, .1f, .3f, .6f, .15f, .25f, .1f, .8f, .1f},
                        {2, 0, 2, 1}};
    static Data last = {
        5,
        3,
        FORNIX_PROBABILITY,
        {.5f, .1f, .4f, .6f, .1f, .3f, .6f, .15f, .25f, .1f, .8f, .1f, .1f, .8f, .1f},
        {2, 2, 2, 1, 0}};
    double t[MOST_CLASSES], factor = sqrt(.4);
    fit(&data, "accuracy", t);
    ck_assert_double_eq_tol(t[0], 1 / factor / (1 / factor + 2), 1e-6);
    ck_assert(t[1] == t[2]);
    fit(&last, "accuracy", t);
    factor = .25 / .6 / 2;
    ck_assert_double_eq_tol(t[0], 1 / factor / (1 / factor + 2), 1e-6);
    ck_assert(t[1] == t[2]);
}
END_TEST

START_TEST(nothing_to_better)
{
    static Data same = {3,
                        3,
                        FORNIX_PROBABILITY,
                        {.25f, .25f, .25f, .25f, .25f, .25f, .25f, .25f, .25f},
                        {2, 1, 0}};
    static Data sure = {
        4, 3, FORNIX_PROBABILITY, {1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0}, {0, 1, 2, 1}};
    static Data none = {
        4, 3, FORNIX_PROBABILITY, {0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0}, {0, 1, 2, 2}};
    static Data *const data[] = {&same, &sure, &none};
    for (size_t i = 0; i < COUNT(data); i++)
        for (int which = 0; which < 3; which++) {
            double t[MOST_CLASSES];
            fit(data[i], figures[which], t);
            ck_assert(t[0] == t[1] && t[1] == t[2]);
        }
}
END_TEST

/* Probabilities that are 0 in double, or nearly: the thresholds stay numbers, and are worth it. */
START_TEST(far_apart)
{
    static const float far[] = {30, 300, 650, 740, 1000, 1e30f};
    for (size_t i = 0; i < COUNT(far); i++)
        for (int which = 0; which < 3; which++) {
            Data *data = random_data(40, 4, i, false);
            double t[MOST_CLASSES], plain[MOST_CLASSES];
            for (int row = 0; row < 40; row++)
                for (int c = 1; c < 4; c++)
                    data->x[4 * row + c] -= row % 3 ? far[i] / (float)c : 0;
            equal(data, plain);
            fit(data, figures[which], t);
            ck_assert(figure_by(data, t, which) >= figure_by(data, plain, which) - AS_GOOD);
            mem_free(data);
        }
}
END_TEST

START_TEST(mistakes)
{
    Data *data = random_data(12, 3, 1, true);
    data->x[7] = NAN;
    refused(fitted(data, "f1"), "column", "the prediction for s/2 is not a number");
    data->x[7] = -.25f;
    refused(fitted(data, "f1"), "column", "the prediction for s/2 is below 0: -0.25");
    data->x[7] = INFINITY;
    refused(fitted(data, "f1"), "column", "is not a number");
    data->x[7] = .25f;
    for (int i = 0; i < 12; i++)
        data->truth[i] -= data->truth[i] == 1;
    refused(
        fitted(data, "f1"), "fit",
        "part validation of 'predicted' has no rows of class '1': nothing to fit its threshold");
    Said said = {"predicted",      3, 3, 4, FORNIX_LOGITS, data->truth, NULL, data->x,
                 FORNIX_VALIDATION};
    refused(made_run(&made, "<threshold/>", made_said(&made, said), NULL), "label",
            "'grade' has 4 classes, the predictions tell 3 apart");
    said = (Said){"predicted",      2, 300, 300, FORNIX_LOGITS, data->truth, NULL, data->x,
                  FORNIX_VALIDATION};
    refused(made_run(&made, "<threshold/>", made_said(&made, said), NULL), "column",
            "300 classes; at most 256");
    mem_free(data);
}
END_TEST

/* Logits of one class lowered by a constant, as a prior does it: the cut gives back on new rows
 * what was lost. */
START_TEST(a_prior_is_undone)
{
    for (int class = 0; class < 3; class ++) {
        Data *data[2] = {random_data(MOST_ROWS, 3, 11, false),
                         random_data(MOST_ROWS, 3, 12, false)};
        double t[2][MOST_CLASSES], plain[MOST_CLASSES];
        equal(data[0], plain);
        fit(data[0], figures[0], t[0]);
        double whole = figure_by(data[1], t[0], 0);
        for (int i = 0; i < MOST_ROWS; i++)
            for (int k = 0; k < 2; k++)
                data[k]->x[3 * i + class] -= 3;
        fit(data[0], figures[0], t[1]);
        double lost = figure_by(data[1], plain, 0), back = figure_by(data[1], t[1], 0);
        ck_assert_msg(lost < whole - .03 && fabs(back - whole) < .01,
                      "class %d: %.4f, lowered %.4f, by its cut %.4f", class, whole, lost, back);
        /* Of equal predictions thresholds too are the old ones, in their ratios, times exp(-3). */
        for (int other = 0; other < 3; other++)
            if (other != class)
                ck_assert_double_eq_tol(
                    log(t[1][class] / t[1][other]) - log(t[0][class] / t[0][other]), -3, .3);
        mem_free(data[0]);
        mem_free(data[1]);
    }
}
END_TEST

/* ---- What is decided --------------------------------------------------------------------- */

START_TEST(decided)
{
    double third[] = {1.0 / 3, 1.0 / 3, 1.0 / 3}, t[] = {.5, .3, .2}, cut = .3;
    double fifth[] = {.2, .2, .2, .2, .2};
    ck_assert_int_eq(decision_of((double[]){.4, .3, .3}, 3, NULL), 0);
    ck_assert_int_eq(decision_of((double[]){.2, .4, .4}, 3, third), 1);
    ck_assert_int_eq(decision_of((double[]){.5, .3, .2}, 3, t), 0);
    ck_assert_int_eq(decision_of((double[]){.45, .33, .22}, 3, t), 1);
    ck_assert_int_eq(decision_of((double[]){0, 0, 1e-300}, 3, t), 2);
    ck_assert_int_eq(decision_of((double[]){0, 0, 0}, 3, t), 0);
    /* A hair more is more, whatever a quotient rounds to. */
    for (int i = 0; i < 100; i++) {
        double p = .4 + i / 1000.0;
        ck_assert_int_eq(decision_of((double[]){p, nextafter(p, 1), .1, 0, 0}, 5, fifth), 1);
    }
    ck_assert_int_eq(decision_of((double[]){.5, .5}, 2, NULL), 0);
    ck_assert_int_eq(decision_of((double[]){.69, .31}, 2, &cut), 1);
    ck_assert_int_eq(decision_of((double[]){.7, .3}, 2, &cut), 0);
}
END_TEST

static const FornixTable *holding(const double *values, int64_t count)
{
    FornixBuild *build = build_new(
        made.samples, &(BuildRequest){.id = "cut", .mistake = made_mistake, .context = &made});
    if (values)
        fornix_set_values(build, "threshold", values, count);
    ck_assert(build_rows(build));
    const FornixTable *table = build_table(build);
    build_free(build);
    return table;
}

static const FornixTable *judged(const FornixTable *predicted, const FornixTable *cut)
{
    return made_run(&made, "<evaluate_classification id='scores' draws='100'/>", predicted, cut);
}

START_TEST(judged_by_them)
{
    Data *data = random_data(150, 3, 5, false);
    double t[MOST_CLASSES];
    fit(data, figures[0], t);
    const FornixTable *predicted = table_of(data, FORNIX_TEST);
    const FornixTable *scores = judged(predicted, holding(t, 3)), *plain = judged(predicted, NULL);
    ck_assert_msg(scores && plain, "%s", made.mistake);
    ck_assert_double_eq_tol(made_metric(scores, "balanced_accuracy"), figure_by(data, t, 0), 1e-12);
    ck_assert(made_metric(scores, "balanced_accuracy") >
              made_metric(plain, "balanced_accuracy") + .05);
    ck_assert(made_metric(scores, "auc") == made_metric(plain, "auc"));
    double third[] = {1.0 / 3, 1.0 / 3, 1.0 / 3};
    const FornixTable *same = judged(predicted, holding(third, 3));
    int column = fornix_find_column(plain, "predicted");
    for (int64_t row = 0; row < 150; row++)
        ck_assert_int_eq(fornix_label(same, column, row), fornix_label(plain, column, row));
    mem_free(data);
}
END_TEST

/* ---- What comes from a file -------------------------------------------------------------- */

/* The node in a run that is applied, and what that run left. */
static const FornixTable *recalled(const Data *data, const FornixTable *stored)
{
    const FornixNode *node = registry_find(made.registry, "threshold")->node;
    struct {
        const char *column, *label;
        int fit, maximise;
    } attrs = {"", "", 1, 0};
    BuildInput input = {.table = table_of(data, FORNIX_TEST), .name = "predicted"};
    FornixBuild *build = build_new(made.samples, &(BuildRequest){.type = node,
                                                                 .attrs = &attrs,
                                                                 .id = "cut",
                                                                 .inputs = &input,
                                                                 .input_count = 1,
                                                                 .stored = stored,
                                                                 .mistake = made_mistake,
                                                                 .context = &made});
    made.where = NULL;
    const FornixTable *table =
        build_columns(build) && build_rows(build) ? build_table(build) : NULL;
    build_free(build);
    return table;
}

START_TEST(stored_ones)
{
    static const struct {
        int64_t count;
        double values[4];
        const char *words;
    } wrong[] = {{1, {.5}, "'cut' was fitted for two classes, these are 3"},
                 {2, {.5, .5}, "'cut' holds 2 thresholds; 3 classes have 3"},
                 {4, {.25, .25, .25, .25}, "'cut' holds 4 thresholds; 3 classes have 3"},
                 {0, {0}, "'cut' holds no threshold"},
                 {3, {.5, .5, 0}, "'cut' holds 0, which is no threshold"},
                 {3, {.5, -.5, 1}, "'cut' holds -0.5, which is no threshold"},
                 {3, {.5, INFINITY, .5}, "'cut' holds inf, which is no threshold"},
                 {3, {NAN, .5, .5}, "nan, which is no threshold"}};
    Data *data = random_data(30, 3, 5, false), *two = random_data(30, 2, 5, false);
    const FornixTable *cut = fitted(data, "accuracy"), *again = recalled(data, cut);
    int64_t count[2];
    const double *values = fornix_values(cut, "threshold", &count[0]);
    ck_assert_msg(again != NULL, "%s", made.mistake);
    ck_assert_mem_eq(fornix_values(again, "threshold", &count[1]), values, 3 * sizeof *values);
    ck_assert_int_eq(count[1], 3);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        const FornixTable *stored = holding(wrong[i].values, wrong[i].count);
        refused(recalled(data, stored), "", wrong[i].words);
        refused(judged(table_of(data, FORNIX_TEST), stored), "cut", wrong[i].words);
    }
    refused(judged(table_of(data, FORNIX_TEST), holding(NULL, 0)), "cut",
            "'cut' holds no threshold");
    refused(judged(table_of(two, FORNIX_TEST), holding(values, 3)), "cut",
            "'cut' holds 3 thresholds; 2 classes have 1");
    refused(judged(table_of(two, FORNIX_TEST), holding((double[]){NAN}, 1)), "cut",
            "which is no threshold");
    mem_free(data);
    mem_free(two);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("threshold");
    TCase *tests = tcase_create("threshold");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, no_threshold_is_better_alone);
    tcase_add_test(tests, order_of_rows_does_not_matter);
    tcase_add_test(tests, known);
    tcase_add_test(tests, nearest_and_outermost);
    tcase_add_test(tests, nothing_to_better);
    tcase_add_test(tests, far_apart);
    tcase_add_test(tests, mistakes);
    tcase_add_test(tests, a_prior_is_undone);
    tcase_add_test(tests, decided);
    tcase_add_test(tests, judged_by_them);
    tcase_add_test(tests, stored_ones);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
