/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Imbalance corrected as imbalanced-learn and scikit-learn define it: how many rows of each class,
 * whose neighbours SMOTE mixes, what a row weighs; and what a division of subjects has to keep to.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "samples_parts.h" /* where a row of a table comes from */
#include "tables.h"
#include "values/metrics-values.h"

static Made made;

static void start(void)
{
    made_start(&made);
}

static void stop(void)
{
    made_stop(&made);
}

enum { ROWS = COUNT(balance_label), CLASSES = 3, WIDTH = 3, NEIGHBOURS = 4 };

/* The rows of the fixture for training, and one of each class that is tested. */
static const FornixTable *cohort(void)
{
    static char names[ROWS + CLASSES][16];
    Cell cells[ROWS + CLASSES];
    for (int i = 0; i < ROWS + CLASSES; i++) {
        bool train = i < ROWS;
        snprintf(names[i], sizeof names[i], "c/%d", i);
        cells[i] = (Cell){
            names[i], train ? balance_label[i] : i - ROWS, train ? FORNIX_TRAIN : FORNIX_TEST, {0}};
        for (int k = 0; k < WIDTH; k++)
            cells[i].x[k] = train ? balance_x[i * WIDTH + k] : 0;
    }
    return made_table(&made, "cohort", cells, COUNT(cells), WIDTH, CLASSES);
}

static const FornixTable *run(const char *text)
{
    const FornixTable *table = made_run(&made, text, cohort(), NULL);
    ck_assert_msg(table != NULL, "%s: %s", text, made.mistake);
    return table;
}

static void check_counts(const char *text, const int32_t *wanted)
{
    const FornixTable *table = run(text);
    int32_t train[CLASSES] = {0}, test = 0;
    for (int64_t row = 0; row < fornix_rows(table); row++) {
        bool trains = fornix_row(table, row)->part == FORNIX_TRAIN;
        train[made_label(table, row)] += trains;
        test += !trains;
    }
    for (int c = 0; c < CLASSES; c++)
        ck_assert_msg(train[c] == wanted[c], "%s: %d of class %d, not %d", text, train[c], c,
                      wanted[c]);
    ck_assert_int_eq(test, CLASSES);
}

START_TEST(counts)
{
    check_counts("<oversample/>", balance_over);
    check_counts("<undersample/>", balance_under);
    check_counts("<smote neighbours='4'/>", balance_smote);
    check_counts("<gaussian/>", balance_over);
}
END_TEST

START_TEST(weights)
{
    const FornixTable *table = run("<class_weights/>");
    int weight = fornix_find_column(table, "weight");
    for (int64_t row = 0; row < fornix_rows(table); row++)
        ck_assert_double_eq_tol(fornix_real(table, weight, row),
                                row < ROWS ? balance_weights[made_label(table, row)] : 1, 1e-15);
}
END_TEST

static bool is_neighbour(int64_t row, int64_t other)
{
    for (int k = 0; k < NEIGHBOURS; k++)
        if (balance_neighbours[row * NEIGHBOURS + k] == other)
            return true;
    return false;
}

/* Each row made is a + u (b - a), b one of those that scikit-learn finds nearest to a in its class.
 */
START_TEST(smote)
{
    const FornixTable *table = run("<smote neighbours='4' ratio='20'/>");
    bool used[ROWS][ROWS] = {{false}};
    for (int64_t row = ROWS + CLASSES; row < fornix_rows(table); row++) {
        const Origin *from = &table->origins[row];
        ck_assert_msg(is_neighbour(from->row, from->other), "%d is no neighbour of %d",
                      (int)from->other, (int)from->row);
        ck_assert(from->share >= 0 && from->share < 1);
        ck_assert_int_eq(made_label(table, row), balance_label[from->row]);
        ck_assert_int_eq(made_label(table, row), balance_label[from->other]);
        used[from->row][from->other] = true;
        for (int k = 0; k < WIDTH; k++) {
            double a = (double)balance_x[from->row * WIDTH + k];
            double b = (double)balance_x[from->other * WIDTH + k];
            ck_assert_double_eq_tol((double)made_value(table, "feature", row, k),
                                    a + from->share * (b - a), 1e-6);
        }
    }
    for (int a = 0; a < ROWS; a++)
        for (int b = 0; b < ROWS; b++) /* some hundred draws for each dozen pairs: all came */
            ck_assert(used[a][b] == is_neighbour(a, b));
}
END_TEST

/* ---- Divisions --------------------------------------------------------------------------- */

enum { MOST = 90 };

/* Subjects with one to three rows, of classes as unequal as drawn. */
typedef struct {
    int subjects, classes, of_class[CLASSES];
    int32_t label[MOST];
    const FornixTable *table;
} Drawn;

static void drawn_make(Drawn *drawn, uint64_t seed)
{
    static char names[MOST][16];
    Cell cells[3 * MOST];
    FornixRandomKey key = fornix_random_key(seed, "division");
    int rows = 0;
    *drawn = (Drawn){.subjects = 30 + (int)fornix_random_below(key, 0, MOST - 30),
                     .classes = 2 + (int)fornix_random_below(key, 1, CLASSES - 1)};
    for (int s = 0; s < drawn->subjects; s++) {
        int64_t draw = fornix_random_below(key, (uint64_t)(10 + s), 10);
        int32_t class = s < 8 * drawn->classes ? s % drawn->classes
                        : draw < 7             ? 0
                                               : (int32_t)draw % drawn->classes;
        drawn->label[s] = class;
        drawn->of_class[class]++;
        snprintf(names[s], sizeof names[s], "s/%02d", s);
        for (int64_t k = fornix_random_below(key, (uint64_t)(200 + s), 3); k >= 0; k--)
            cells[rows++] = (Cell){names[s], class, FORNIX_NO_PART, {0}};
    }
    drawn->table = made_table(&made, "drawn", cells, rows, 1, drawn->classes);
}

/* Subjects of each class in each part; every subject has to be in one. */
static void drawn_count(const Drawn *drawn, const FornixTable *table, int count[CLASSES][4])
{
    FornixPart part[MOST] = {FORNIX_NO_PART};
    memset(count, 0, CLASSES * sizeof *count);
    ck_assert_int_eq(fornix_rows(table), fornix_rows(drawn->table));
    for (int64_t row = 0; row < fornix_rows(table); row++) {
        const FornixRow *identity = fornix_row(table, row);
        FornixPart *of = &part[atoi(identity->subject + 2)];
        ck_assert(identity->part != FORNIX_NO_PART);
        ck_assert(*of == FORNIX_NO_PART || *of == identity->part);
        *of = identity->part;
    }
    for (int s = 0; s < drawn->subjects; s++)
        count[drawn->label[s]][part[s]]++;
}

/* As StratifiedShuffleSplit: of each class its share, within one subject. */
START_TEST(shares_of_each_class)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        Drawn drawn;
        int count[CLASSES][4];
        drawn_make(&drawn, seed);
        const FornixTable *table = made_run(
            &made, "<split stratify='grade' test='0.3' validation='0.25'/>", drawn.table, NULL);
        ck_assert_msg(table != NULL, "%s", made.mistake);
        drawn_count(&drawn, table, count);
        for (int c = 0; c < drawn.classes; c++) {
            double left = drawn.of_class[c] - count[c][FORNIX_TEST];
            ck_assert(fabs(count[c][FORNIX_TEST] - .3 * drawn.of_class[c]) <= .5);
            ck_assert(fabs(count[c][FORNIX_VALIDATION] - .25 * left) <= .5);
        }
    }
}
END_TEST

/* As StratifiedKFold: every subject is tested once, and a class has in no two folds counts that
 * differ by more than one; beyond that, neither have the folds. */
START_TEST(folds_of_each_class)
{
    for (uint64_t seed = 0; seed < 10; seed++) {
        Drawn drawn;
        drawn_make(&drawn, seed);
        int folds = 3 + (int)seed % 4, tested = 0, least[CLASSES + 1], most[CLASSES + 1] = {0};
        for (int fold = 0; fold < folds; fold++) {
            int count[CLASSES][4], size[CLASSES + 1] = {0};
            char text[100];
            snprintf(text, sizeof text, "<split stratify='grade' folds='%d' test='%d'/>", folds,
                     fold);
            const FornixTable *table = made_run(&made, text, drawn.table, NULL);
            ck_assert_msg(table != NULL, "%s", made.mistake);
            drawn_count(&drawn, table, count);
            for (int c = 0; c < drawn.classes; c++)
                size[CLASSES] += size[c] = count[c][FORNIX_TEST];
            for (int c = 0; c <= CLASSES; c++) {
                least[c] = fold && least[c] < size[c] ? least[c] : size[c];
                most[c] = most[c] > size[c] ? most[c] : size[c];
            }
            tested += size[CLASSES];
        }
        ck_assert_int_eq(tested, drawn.subjects);
        for (int c = 0; c <= CLASSES; c++)
            ck_assert_int_le(most[c] - least[c], 1);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("balance");
    TCase *tests = tcase_create("balance");
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, counts);
    tcase_add_test(tests, weights);
    tcase_add_test(tests, smote);
    tcase_add_test(tests, shares_of_each_class);
    tcase_add_test(tests, folds_of_each_class);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
