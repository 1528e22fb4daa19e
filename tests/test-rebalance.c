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

static void check_every(const FornixTable *out, int every, int first)
{
    int seen[2] = {0};
    for (int64_t row = 0; row < fornix_rows(out); row += 2) {
        bool test = ++seen[made_label(out, row)] % every == first % every;
        ck_assert_int_eq(fornix_row(out, row)->part, test ? FORNIX_TEST : FORNIX_TRAIN);
    }
}

START_TEST(every)
{
    const FornixTable *table = cohort(FORNIX_NO_PART);
    check_every(run("<split stratify='grade' every='4'/>", table), 4, 4);
    check_every(run("<split stratify='grade' every='4' first='1'/>", table), 4, 1);
    check_every(run("<split stratify='grade' every='4' first='3'/>", table), 4, 3);
    refused("<split every='4' first='5'/>", table, "one of the first");
    refused("<split first='1' test='0.5'/>", table, "first goes with every");
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

/* ---- Gaussian, synthetic rows ------------------------------------------------------------- */

/* Four subjects of class 0 with a known mean and covariance, forty of class 1. */
static const FornixTable *lopsided(void)
{
    static char names[44][16];
    Cell cells[44] = {{NULL, 0, FORNIX_TRAIN, {1, 2}},
                      {NULL, 0, FORNIX_TRAIN, {3, 6}},
                      {NULL, 0, FORNIX_TRAIN, {5, 4}},
                      {NULL, 0, FORNIX_TRAIN, {7, 8}}};
    for (int i = 0; i < 44; i++) {
        snprintf(names[i], sizeof names[i], "c/%d", i);
        if (i >= 4)
            cells[i] = (Cell){NULL, 1, FORNIX_TRAIN, {(float)i, 0}};
        cells[i].subject = names[i];
    }
    return made_table(&made, "lopsided", cells, 44, 2, 2);
}

START_TEST(gaussian)
{
    /* Mean (4, 5); variances 20/3 and 20/3, covariance 16/3. */
    for (int shrink = 0; shrink < 2; shrink++) {
        const FornixTable *out = run(
            shrink ? "<gaussian ratio='50' shrink='1'/>" : "<gaussian ratio='50'/>", lopsided());
        ck_assert_msg(out != NULL, "%s", made.mistake);
        double sum[2] = {0}, products[3] = {0};
        int64_t count = 0;
        for (int64_t row = 44; made_label(out, row) == 0; row++, count++) {
            double x[2] = {made_value(out, "feature", row, 0) - 4.0,
                           made_value(out, "feature", row, 1) - 5.0};
            sum[0] += x[0];
            sum[1] += x[1];
            products[0] += x[0] * x[0];
            products[1] += x[1] * x[1];
            products[2] += x[0] * x[1];
        }
        ck_assert_int_eq(count, 2000 - 4);
        ck_assert_double_eq_tol(sum[0] / (double)count, 0, .2);
        ck_assert_double_eq_tol(sum[1] / (double)count, 0, .2);
        ck_assert_double_eq_tol(products[0] / (double)count, 20 / 3.0, .7);
        ck_assert_double_eq_tol(products[1] / (double)count, 20 / 3.0, .7);
        ck_assert_double_eq_tol(products[2] / (double)count, shrink ? 0 : 16 / 3.0, .6);
        ck_assert(made_value(out, "feature", 60, 0) == made_value(out, "feature", 60, 0));
        ck_assert(made_value(out, "feature", 2, 1) == 4);
    }
}
END_TEST

static const FornixTable *synthetic(void)
{
    static char names[30][16];
    Cell cells[30];
    for (int i = 0; i < 30; i++) {
        snprintf(names[i], sizeof names[i], "gan/%d", i);
        cells[i] = (Cell){names[i], i % 2, FORNIX_NO_PART, {(float)(100 + i), 0}};
    }
    return made_table(&made, "synthetic", cells, 30, 2, 2);
}

START_TEST(added)
{
    const FornixTable *out =
        made_run(&made, "<add count='10' classes='minority'/>", lopsided(), synthetic());
    ck_assert_msg(out != NULL, "%s", made.mistake);
    ck_assert_int_eq(fornix_rows(out), 54);
    ck_assert_int_eq(rows_in(out, FORNIX_TRAIN, 0), 14);
    ck_assert_str_eq(fornix_row(out, 45)->subject, "gan/2");
    ck_assert(made_value(out, "feature", 45, 0) == 102);
    out = made_run(&made, "<add count='10'/>", lopsided(), synthetic());
    ck_assert_int_eq(rows_in(out, FORNIX_TRAIN, 0), 9);
    out = made_run(&made, "<add ratio='0.25'/>", lopsided(), synthetic());
    ck_assert_int_eq(rows_in(out, FORNIX_TRAIN, 0), 10);
    ck_assert_int_eq(fornix_rows(out), 50);
    out = made_run(&made, "<add ratio='1'/>", lopsided(), synthetic());
    int lines;
    const TableLine *line = table_lines(out, &lines);
    ck_assert(line[0].warning && strstr(line[0].text, "21 more were wanted"));
    Cell three[] = {{"x", 2, 0, {0}}};
    out = made_run(&made, "<add count='1'/>", lopsided(), made_table(&made, "3", three, 1, 2, 3));
    ck_assert(!out && strstr(made.mistake, "other classes"));
    three[0].label = 1;
    out = made_run(&made, "<add count='1'/>", lopsided(), made_table(&made, "1", three, 1, 1, 2));
    ck_assert(!out && strstr(made.mistake, "'feature'"));
}
END_TEST

START_TEST(merged)
{
    const FornixTable *out = made_run(&made, "<merge/>", lopsided(), synthetic());
    ck_assert_msg(out != NULL, "%s", made.mistake);
    ck_assert_int_eq(fornix_rows(out), 74);
    ck_assert(made_value(out, "feature", 44, 0) == 100);
    ck_assert(!made_run(&made, "<merge/>", out, synthetic()));
    ck_assert_ptr_nonnull(strstr(made.mistake, "is in two of the tables"));
}
END_TEST

/* ---- Standardized, aggregated, cut --------------------------------------------------------- */

START_TEST(standardized)
{
    Cell cells[] = {{"a", 0, FORNIX_TRAIN, {1, 7}},
                    {"b", 0, FORNIX_TRAIN, {3, 7}},
                    {"c", 1, FORNIX_TEST, {9, 9}}};
    const FornixTable *out = run("<standardize/>", made_table(&made, "t", cells, 3, 2, 2));
    ck_assert_msg(out != NULL, "%s", made.mistake);
    ck_assert_float_eq(made_value(out, "feature", 0, 0), -1);
    ck_assert_float_eq(made_value(out, "feature", 1, 0), 1);
    ck_assert_float_eq(made_value(out, "feature", 2, 0), 7);
    ck_assert_float_eq(made_value(out, "feature", 2, 1), 2);
    int64_t count;
    ck_assert(fornix_values(out, "mean.feature", &count)[0] == 2 && count == 2);
    ck_assert_int_eq(table_fits(out)->items[0]->count, 2);
    out = run("<standardize per='column'/>", made_table(&made, "t", cells, 3, 2, 2));
    ck_assert_double_eq_tol(fornix_values(out, "deviation.feature", &count)[0], sqrt(6.75), 1e-12);
    refused("<standardize fit='validation'/>", out, "no row in part validation");
    const FornixTable *many = run("<standardize/>", cohort(FORNIX_TRAIN));
    double sum = 0, squares = 0;
    for (int64_t row = 0; row < 2 * SUBJECTS; row++) {
        sum += (double)made_value(many, "feature", row, 1);
        squares +=
            (double)made_value(many, "feature", row, 1) * made_value(many, "feature", row, 1);
    }
    ck_assert_double_eq_tol(sum, 0, 1e-4);
    ck_assert_double_eq_tol(squares / (2 * SUBJECTS), 1, 1e-5);
}
END_TEST

/* Predictions: the feature column of cells as probabilities or logits. */
static const FornixTable *scores(const Cell *cells, int64_t rows, unsigned kind, int width)
{
    const FornixTable *from = made_table(&made, "scores", cells, rows, width, 2);
    FornixBuild *build = build_new(made.samples, &(BuildRequest){.id = "predicted"});
    fornix_add_column(build,
                      &(FornixColumn){.name = "p", .kind = kind, .shape = {1, 1, 1, 1, width}});
    int grade = fornix_add_column(build, fornix_column(from, 1));
    CellReader *reader = mem_new(1, sizeof *reader);
    *reader = (CellReader){mem_new((size_t)(rows * width), sizeof(float)), width};
    for (int64_t row = 0; row < rows; row++) {
        fornix_set_label(build, grade, fornix_add_row(build, fornix_row(from, row)),
                         cells[row].label);
        memcpy(reader->x + row * width, cells[row].x, (size_t)width * sizeof(float));
    }
    build_set_reader(build,
                     &(TableReader){.read = cells_read, .close = cells_close, .opened = reader});
    ck_assert(build_rows(build));
    const FornixTable *out = build_table(build);
    build_free(build);
    return out;
}

START_TEST(aggregated)
{
    Cell cells[] = {{"a", 0, FORNIX_TEST, {.9f, .1f}},
                    {"b", 1, FORNIX_TEST, {.2f, .8f}},
                    {"a", 0, FORNIX_TEST, {.1f, .9f}},
                    {"a", 0, FORNIX_TEST, {.6f, .4f}}};
    const FornixTable *table = scores(cells, 4, FORNIX_PROBABILITY, 2);
    const struct {
        const char *rule;
        float p;
    } rules[] = {{"mean-probability", 1.4f / 3}, {"max", .5f}, {"vote", 1.0f / 3}};
    for (size_t i = 0; i < COUNT(rules); i++) {
        char text[100];
        snprintf(text, sizeof text, "<aggregate rule='%s'/>", rules[i].rule);
        const FornixTable *out = run(text, table);
        ck_assert_msg(out != NULL, "%s", made.mistake);
        ck_assert_int_eq(fornix_rows(out), 2);
        ck_assert_str_eq(fornix_row(out, 1)->subject, "b");
        ck_assert_int_eq(made_label(out, 1), 1);
        ck_assert_float_eq_tol(made_value(out, "probability", 0, 1), rules[i].p, 1e-6f);
    }
    refused("<aggregate rule='mean-logit'/>", table, "not logits");
    Cell logits[] = {{"a", 0, FORNIX_TEST, {1}}, {"a", 0, FORNIX_TEST, {2}}};
    const FornixTable *out =
        run("<aggregate rule='mean-logit'/>", scores(logits, 2, FORNIX_LOGITS, 1));
    ck_assert_float_eq_tol(made_value(out, "probability", 0, 1), 1 / (1 + expf(-1.5f)), 1e-6f);
    Cell torn[] = {{"a", 0, FORNIX_TEST, {.5f, .5f}}, {"a", 1, FORNIX_TEST, {.5f, .5f}}};
    refused("<aggregate/>", scores(torn, 2, FORNIX_PROBABILITY, 2), "differ in 'grade'");
}
END_TEST

START_TEST(cut)
{
    Cell cells[] = {{"a", 0, FORNIX_VALIDATION, {.1f}}, {"b", 0, FORNIX_VALIDATION, {.2f}},
                    {"c", 1, FORNIX_VALIDATION, {.3f}}, {"d", 0, FORNIX_VALIDATION, {.25f}},
                    {"e", 1, FORNIX_VALIDATION, {.4f}}, {"f", 0, FORNIX_TEST, {.9f}}};
    const FornixTable *table = scores(cells, 6, FORNIX_PROBABILITY, 1);
    const FornixTable *out = run("<threshold/>", table);
    ck_assert_msg(out != NULL, "%s", made.mistake);
    int64_t count;
    ck_assert_double_eq_tol(fornix_values(out, "threshold", &count)[0], .275, 1e-6);
    ck_assert_int_eq(table_fits(out)->items[0]->count, 5);
    refused("<threshold fit='train'/>", table, "nothing to fit");
}
END_TEST

/* ---- permute_labels ---------------------------------------------------------------------- */

START_TEST(permuted)
{
    const FornixTable *table = cohort(FORNIX_TRAIN);
    const FornixTable *out = run("<permute_labels seed='3'/>", table);
    const FornixTable *again = run("<permute_labels seed='3'/>", table);
    const FornixTable *other = run("<permute_labels seed='4'/>", table);
    ck_assert_msg(out && again && other, "%s", made.mistake);
    ck_assert_int_eq(rows_in(out, FORNIX_TRAIN, 0), rows_in(table, FORNIX_TRAIN, 0));
    int moved = 0, differ = 0;
    for (int64_t row = 0; row < fornix_rows(out); row++) {
        ck_assert_str_eq(fornix_row(out, row)->subject, fornix_row(table, row)->subject);
        ck_assert_int_eq(made_label(out, row), made_label(out, row ^ 1));
        ck_assert_int_eq(made_label(out, row), made_label(again, row));
        ck_assert(made_value(out, "feature", row, 1) == made_value(table, "feature", row, 1));
        moved += made_label(out, row) != made_label(table, row);
        differ += made_label(out, row) != made_label(other, row);
    }
    ck_assert_int_gt(moved, SUBJECTS / 4);
    ck_assert_int_gt(differ, SUBJECTS / 4);
}
END_TEST

START_TEST(permuted_by_subject)
{
    Cell torn[] = {{"a", 0, FORNIX_TRAIN, {1}}, {"a", 1, FORNIX_TRAIN, {2}}};
    refused("<permute_labels/>", made_table(&made, "torn", torn, 2, 1, 2),
            "subject 'a' has two values of 'grade'");
    Cell some[] = {{"a", -1, FORNIX_TRAIN, {1}}, {"b", 1, FORNIX_TRAIN, {2}}};
    const FornixTable *out = run("<permute_labels/>", made_table(&made, "some", some, 2, 1, 2));
    ck_assert_msg(out != NULL, "%s", made.mistake);
    ck_assert_int_eq(made_label(out, 0), -1);
    ck_assert_int_eq(made_label(out, 1), 1);
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
    tcase_add_test(tests, gaussian);
    tcase_add_test(tests, added);
    tcase_add_test(tests, merged);
    tcase_add_test(tests, standardized);
    tcase_add_test(tests, aggregated);
    tcase_add_test(tests, cut);
    tcase_add_test(tests, permuted);
    tcase_add_test(tests, permuted_by_subject);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
