/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Divisions of cohorts and corrections of imbalances, as graphs write them. */
#include <math.h>
#include <stdlib.h>

#include "tables.h"

static Made made;

static void start(void)
{
    made_start(&made);
}

static void stop(void)
{
    made_stop(&made);
}

enum { SUBJECTS = 60 };

/* Two rows a subject; every fourth subject is of class 0. x: two numbers that differ everywhere. */
static const FornixTable *cohort(FornixPart part)
{
    static char names[SUBJECTS][16];
    Cell cells[2 * SUBJECTS];
    for (int i = 0; i < 2 * SUBJECTS; i++) {
        int s = i / 2;
        snprintf(names[s], sizeof names[s], "c/%02d", s);
        cells[i] = (Cell){names[s], s % 4 != 0, part, {(float)sin(i), (float)cos(3 * i)}};
    }
    return made_table(&made, "cohort", cells, COUNT(cells), 2, 2);
}

static const FornixTable *run(const char *text, const FornixTable *table)
{
    return made_run(&made, text, table, NULL);
}

static void refused(const char *text, const FornixTable *table, const char *expected)
{
    const FornixTable *out = run(text, table);
    ck_assert_msg(!out, "%s was taken", text);
    ck_assert_msg(strstr(made.mistake, expected) != NULL, "%s: %s", text, made.mistake);
}

/* Rows of a part, and of a class in it. */
static int64_t rows_in(const FornixTable *table, FornixPart part, int32_t class)
{
    int64_t count = 0;
    for (int64_t row = 0; row < fornix_rows(table); row++)
        count +=
            fornix_row(table, row)->part == part && (class < 0 || made_label(table, row) == class);
    return count;
}

/* ---- split ------------------------------------------------------------------------------- */

START_TEST(shares)
{
    const FornixTable *table = cohort(FORNIX_NO_PART);
    const FornixTable *out = run("<split stratify='grade' test='0.2' validation='0.25'/>", table);
    ck_assert_msg(out != NULL, "%s", made.mistake);
    /* 15 and 45 subjects: 3 and 9 tested; of 12 and 36, 3 and 9 validate. */
    ck_assert_int_eq(rows_in(out, FORNIX_TEST, 0), 2 * 3);
    ck_assert_int_eq(rows_in(out, FORNIX_TEST, 1), 2 * 9);
    ck_assert_int_eq(rows_in(out, FORNIX_VALIDATION, 0), 2 * 3);
    ck_assert_int_eq(rows_in(out, FORNIX_VALIDATION, 1), 2 * 9);
    ck_assert_int_eq(rows_in(out, FORNIX_TRAIN, -1), 2 * 36);
    const FornixTable *other = run("<split stratify='grade' test='0.2' seed='2'/>", table);
    const FornixTable *again = run("<split stratify='grade' test='0.2' seed='2'/>", table);
    int differ = 0;
    for (int64_t row = 0; row < fornix_rows(out); row++) {
        ck_assert_int_eq(fornix_row(again, row)->part, fornix_row(other, row)->part);
        differ += (fornix_row(other, row)->part == FORNIX_TEST) !=
                  (fornix_row(out, row)->part == FORNIX_TEST);
        ck_assert_int_eq(fornix_row(out, row)->part, fornix_row(out, row ^ 1)->part);
    }
    ck_assert_int_gt(differ, 0);
    ck_assert(made_value(out, "feature", 7, 1) == made_value(table, "feature", 7, 1));
}
END_TEST

START_TEST(folds)
{
    const FornixTable *table = cohort(FORNIX_NO_PART);
    int tested[2 * SUBJECTS] = {0};
    for (int fold = 0; fold < 7; fold++) {
        char text[100];
        snprintf(text, sizeof text, "<split stratify='grade' folds='7' test='%d'/>", fold);
        const FornixTable *out = run(text, table);
        ck_assert_msg(out != NULL, "%s", made.mistake);
        int64_t size = rows_in(out, FORNIX_TEST, -1) / 2;
        ck_assert(size == SUBJECTS / 7 || size == SUBJECTS / 7 + 1);
        ck_assert_int_ge(rows_in(out, FORNIX_TEST, 0), 2 * 2);
        for (int64_t row = 0; row < fornix_rows(out); row++)
            tested[row] += fornix_row(out, row)->part == FORNIX_TEST;
    }
    for (size_t row = 0; row < COUNT(tested); row++)
        ck_assert_int_eq(tested[row], 1);
    refused("<split folds='7' test='7'/>", table, "0 to 6");
    refused("<split folds='7'/>", table, "0 to 6");
    refused("<split stratify='grade' folds='16' test='0'/>", table,
            "low: 15 subjects are too few for 16 folds");
}
END_TEST

START_TEST(every)
{
    const FornixTable *out = run("<split stratify='grade' every='4'/>", cohort(FORNIX_NO_PART));
    int seen[2] = {0};
    for (int64_t row = 0; row < fornix_rows(out); row += 2) {
        bool test = ++seen[made_label(out, row)] % 4 == 0;
        ck_assert_int_eq(fornix_row(out, row)->part, test ? FORNIX_TEST : FORNIX_TRAIN);
    }
}
END_TEST

START_TEST(by_column)
{
    const FornixTable *table = cohort(FORNIX_NO_PART);
    const FornixTable *out = run("<split column='grade' test='low'/>", table);
    for (int64_t row = 0; row < fornix_rows(out); row++)
        ck_assert_int_eq(fornix_row(out, row)->part,
                         made_label(out, row) ? FORNIX_TRAIN : FORNIX_TEST);
    out = run("<split column='grade' train='low'/>", table);
    ck_assert_int_eq(rows_in(out, FORNIX_NO_PART, -1), 90);
    refused("<split column='grade' test='lwo'/>", table, "no value 'lwo'");
    refused("<split column='grdae' test='low'/>", table, "did you mean 'grade'");
    refused("<split column='grade' folds='3'/>", table, "choose one");
    Cell torn[] = {{"s", 0, 0, {0}}, {"s", 1, 0, {0}}};
    refused("<split column='grade' test='low'/>", made_table(&made, "torn", torn, 2, 1, 2),
            "subject 's' in two parts");
    refused("<split stratify='grade' test='0.5'/>", made_table(&made, "torn", torn, 2, 1, 2),
            "subject 's' has two values");
    refused("<split stratify='grade' test='0.01'/>", table, "too few");
    refused("<split test='1.5'/>", table, "no share");
}
END_TEST

/* ---- Imbalance --------------------------------------------------------------------------- */

START_TEST(subsampled)
{
    const FornixTable *parts = run("<split stratify='grade' test='0.2'/>", cohort(FORNIX_NO_PART));
    const FornixTable *out = run("<subsample keep='low:0.25'/>", parts);
    ck_assert_msg(out != NULL, "%s", made.mistake);
    ck_assert_int_eq(rows_in(out, FORNIX_TRAIN, 0), 2 * 3);
    ck_assert_int_eq(rows_in(out, FORNIX_TRAIN, 1), 2 * 36);
    ck_assert_int_eq(rows_in(out, FORNIX_TEST, 0), 2 * 3);
    out = run("<subsample keep='low:1:4 high:1:2'/>", parts);
    ck_assert_int_eq(rows_in(out, FORNIX_TRAIN, 0), 2 * 3);
    ck_assert_int_eq(rows_in(out, FORNIX_TRAIN, 1), 2 * 18);
    refused("<subsample keep='low:0.01'/>", parts, "none is left");
    refused("<subsample keep='lo:0.5'/>", parts, "no class of 'grade'");
    refused("<subsample keep='low:2'/>", parts, "a share from 0 to 1");
    refused("<subsample part='validation' keep='low:0.5'/>", parts, "no row in part validation");
}
END_TEST

START_TEST(weights)
{
    const FornixTable *out = run("<class_weights/>", cohort(FORNIX_TRAIN));
    int weight = fornix_find_column(out, "weight");
    double sum[2] = {0};
    for (int64_t row = 0; row < fornix_rows(out); row++)
        sum[made_label(out, row)] += fornix_real(out, weight, row);
    ck_assert_double_eq_tol(sum[0], 60, 1e-9);
    ck_assert_double_eq_tol(sum[1], 60, 1e-9);
    ck_assert_double_eq(fornix_real(out, weight, 0), 2);
    const FornixTable *none = run("<none/>", out);
    ck_assert_int_eq(fornix_columns(none), 3);
    ck_assert_double_eq(fornix_real(none, weight, 0), 2);
    none = run("<none/>", cohort(FORNIX_TRAIN));
    ck_assert_double_eq(fornix_real(none, weight, 0), 1);
}
END_TEST

START_TEST(over_and_under)
{
    const FornixTable *table = cohort(FORNIX_TRAIN);
    const FornixTable *over = run("<oversample/>", table);
    ck_assert_int_eq(rows_in(over, FORNIX_TRAIN, 0), 90);
    ck_assert_int_eq(rows_in(over, FORNIX_TRAIN, 1), 90);
    for (int64_t row = 120; row < fornix_rows(over); row++) {
        const FornixRow *identity = fornix_row(over, row);
        ck_assert_int_eq(identity->origin, FORNIX_REAL_SAMPLE);
        ck_assert_ptr_nonnull(strstr(identity->name, " again "));
        ck_assert_int_eq(atoi(identity->subject + 2) % 4, 0);
    }
    ck_assert_int_eq(rows_in(run("<oversample ratio='0.5'/>", table), FORNIX_TRAIN, 0), 45);
    const FornixTable *under = run("<undersample/>", table);
    ck_assert_int_eq(rows_in(under, FORNIX_TRAIN, 0), 30);
    ck_assert_int_eq(rows_in(under, FORNIX_TRAIN, 1), 30);
    ck_assert_int_eq(rows_in(run("<undersample ratio='0.5'/>", table), FORNIX_TRAIN, 1), 60);
    refused("<oversample part='test'/>", table, "no row in part test");
}
END_TEST

/* ---- SMOTE and Gaussian ------------------------------------------------------------------ */

typedef struct {
    double x[2];
    int32_t label;
    bool near[2 * SUBJECTS]; /* which others are among the k nearest in its class */
} Point;

static double apart(const Point *a, const Point *b)
{
    return hypot(a->x[0] - b->x[0], a->x[1] - b->x[1]);
}

/* All rows with their neighbours, found naively: near if fewer than k others are nearer. */
static void points_find(const FornixTable *table, Point *points, int64_t rows, int k)
{
    for (int64_t a = 0; a < rows; a++)
        points[a] =
            (Point){{made_value(table, "feature", a, 0), made_value(table, "feature", a, 1)},
                    made_label(table, a),
                    {false}};
    for (int64_t a = 0; a < rows; a++)
        for (int64_t b = 0; b < rows; b++) {
            int nearer = 0;
            for (int64_t c = 0; c < rows; c++)
                nearer += c != a && points[c].label == points[a].label &&
                          apart(&points[a], &points[c]) < apart(&points[a], &points[b]);
            points[a].near[b] = a != b && points[b].label == points[a].label && nearer < k;
        }
}

/* Whether x lies on the line from a point to one of its neighbours; where. */
static bool between(const Point *points, int64_t rows, const double x[2], double *share)
{
    for (int64_t a = 0; a < rows; a++)
        for (int64_t b = 0; b < rows; b++) {
            const double *p = points[a].x, *q = points[b].x;
            double d[2] = {q[0] - p[0], q[1] - p[1]};
            if (!points[a].near[b] || points[a].label)
                continue;
            *share = ((x[0] - p[0]) * d[0] + (x[1] - p[1]) * d[1]) / (d[0] * d[0] + d[1] * d[1]);
            if (*share > -1e-6 && *share < 1 + 1e-6 && fabs(p[0] + *share * d[0] - x[0]) < 1e-5 &&
                fabs(p[1] + *share * d[1] - x[1]) < 1e-5)
                return true;
        }
    return false;
}

START_TEST(smote)
{
    const FornixTable *table = cohort(FORNIX_TRAIN);
    const FornixTable *out = run("<smote neighbours='3' ratio='3'/>", table);
    ck_assert_msg(out != NULL, "%s", made.mistake);
    ck_assert_int_eq(rows_in(out, FORNIX_TRAIN, 0), 270);
    ck_assert_int_eq(rows_in(out, FORNIX_TRAIN, 1), 270);
    static Point points[2 * SUBJECTS];
    points_find(table, points, 2 * SUBJECTS, 3);
    double sum = 0, squares = 0;
    int64_t count = 0;
    for (int64_t row = fornix_rows(table); row < fornix_rows(table) + 240; row++) {
        double x[2] = {made_value(out, "feature", row, 0), made_value(out, "feature", row, 1)};
        double share = 0;
        ck_assert_int_eq(made_label(out, row), 0);
        ck_assert_int_eq(fornix_row(out, row)->origin, FORNIX_SYNTHETIC_SAMPLE);
        ck_assert(between(points, 2 * SUBJECTS, x, &share));
        sum += share;
        squares += share * share;
        count++;
    }
    /* u is uniform, or 1 - u where the pair is seen from its other end. */
    ck_assert_double_eq_tol(sum / (double)count, .5, .08);
    ck_assert_double_eq_tol(squares / (double)count, 1.0 / 3, .08);
    ck_assert_ptr_ne(fornix_row(out, 120)->subject, fornix_row(out, 121)->subject);
    const Fits *fits = table_fits(out);
    ck_assert_int_eq(fits->count, 1);
    ck_assert_int_eq(fits->items[0]->count, 15 + 45);
    Cell one[] = {
        {"a", 0, FORNIX_TRAIN, {0}}, {"b", 1, FORNIX_TRAIN, {1}}, {"c", 1, FORNIX_TRAIN, {2}}};
    refused("<smote/>", made_table(&made, "one", one, 3, 1, 2), "has one sample");
}
END_TEST

START_TEST(smote_few)
{
    Cell few[] = {{"a", 0, FORNIX_TRAIN, {0}}, {"b", 0, FORNIX_TRAIN, {1}},
                  {"c", 1, FORNIX_TRAIN, {5}}, {"d", 1, FORNIX_TRAIN, {6}},
                  {"e", 1, FORNIX_TRAIN, {7}}, {"f", 1, FORNIX_TEST, {8}}};
    const FornixTable *out = run("<smote/>", made_table(&made, "few", few, 6, 1, 2));
    ck_assert_msg(out != NULL, "%s", made.mistake);
    ck_assert_int_eq(fornix_rows(out), 7);
    float x = made_value(out, "feature", 6, 0);
    ck_assert(x >= 0 && x <= 1);
    int lines;
    ck_assert(table_lines(out, &lines)[0].warning);
    refused("<smote column='grade'/>", out, "does not hold");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rebalance");
    TCase *tests = tcase_create("rebalance");
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, shares);
    tcase_add_test(tests, folds);
    tcase_add_test(tests, every);
    tcase_add_test(tests, by_column);
    tcase_add_test(tests, subsampled);
    tcase_add_test(tests, weights);
    tcase_add_test(tests, over_and_under);
    tcase_add_test(tests, smote);
    tcase_add_test(tests, smote_few);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
