/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Samplers that look at neighbours, and filters of made-up samples, beside imbalanced-learn and
 * numpy: who is at the border, how many are made from whom, who is left out, who is kept. And
 * priors: counted in one part, kept for new subjects.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "samples_parts.h" /* where a row of a table comes from */
#include "tables.h"
#include "values/samplers-values.h"

static Made made;

static void start(void)
{
    made_start(&made);
}

static void stop(void)
{
    made_stop(&made);
}

enum {
    ROWS = COUNT(sampler_label),
    MIXED = COUNT(mixed_label),
    MADE_UP = COUNT(made_label_of),
    CLASSES = 3,
    WIDTH = 4,
    NEIGHBOURS = 5,
    ROWS_MOST = 200
};

/* Maps and vectors of the same numbers have the same neighbours. */
static const FornixShape shapes[] = {{1, 1, 1, 1, WIDTH}, {1, 1, 2, 1, 2}, {1, 2, 1, 2, 1}};
enum { SHAPES = COUNT(shapes) };

/* The given rows for training, and one of each class that is tested, in the midst of them. */
static const FornixTable *table_of(const char *id, const int32_t *label, const float *x, int rows,
                                   FornixShape shape, FornixPart part)
{
    static char names[ROWS_MOST + CLASSES][24];
    Cell cells[ROWS_MOST + CLASSES];
    for (int i = 0; i < rows + CLASSES; i++) {
        bool given = i < rows;
        snprintf(names[i], sizeof names[i], "%s/%d", id, i);
        cells[i] = (Cell){names[i], given ? label[i] : i - rows, given ? part : FORNIX_TEST, {0}};
        for (int k = 0; k < WIDTH; k++)
            cells[i].x[k] = given ? x[i * WIDTH + k] : x[(i - rows) * WIDTH + k];
    }
    bool tested = part == FORNIX_TRAIN;
    return made_shaped(&made, id, cells, rows + (tested ? CLASSES : 0), shape, CLASSES);
}

static const FornixTable *cohort(int shape)
{
    return table_of("cohort", sampler_label, sampler_x, ROWS, shapes[shape], FORNIX_TRAIN);
}

static const FornixTable *run(const char *text, const FornixTable *one, const FornixTable *two)
{
    const FornixTable *table = made_run(&made, text, one, two);
    ck_assert_msg(table != NULL, "%s: %s", text, made.mistake);
    return table;
}

static void refused(const char *text, const FornixTable *one, const FornixTable *two,
                    const char *expected)
{
    ck_assert_msg(!made_run(&made, text, one, two), "%s was taken", text);
    ck_assert_msg(strstr(made.mistake, expected) != NULL, "%s: %s", text, made.mistake);
}

/* ---- Made between neighbours ------------------------------------------------------------- */

static bool is_neighbour(int64_t row, int64_t other)
{
    for (int k = 0; k < NEIGHBOURS; k++)
        if (sampler_neighbours[row * NEIGHBOURS + k] == other)
            return true;
    return false;
}

/* How often each row is what others are made from. Each of those lies between it and one of its
 * neighbours, has a subject of its own, is of the part and weighs 1. */
static void check_made(const FornixTable *table, int *times)
{
    int weight = fornix_find_column(table, "weight");
    for (int64_t row = 0; row < ROWS + CLASSES; row++) {
        ck_assert_int_eq(table->origins[row].row, row);
        ck_assert_int_eq(table->origins[row].other, -1);
    }
    for (int64_t row = ROWS + CLASSES; row < fornix_rows(table); row++) {
        const Origin *from = &table->origins[row];
        times[from->row]++;
        ck_assert_msg(is_neighbour(from->row, from->other), "%d is no neighbour of %d",
                      (int)from->other, (int)from->row);
        ck_assert_int_eq(made_label(table, row), sampler_label[from->row]);
        ck_assert_int_eq(fornix_row(table, row)->part, FORNIX_TRAIN);
        ck_assert_int_eq(fornix_row(table, row)->origin, FORNIX_SYNTHETIC_SAMPLE);
        ck_assert_double_eq(fornix_real(table, weight, row), 1);
        ck_assert(from->share >= 0 && from->share < 1);
        for (int k = 0; k < WIDTH; k++) {
            double a = (double)sampler_x[from->row * WIDTH + k];
            double b = (double)sampler_x[from->other * WIDTH + k];
            ck_assert_double_eq_tol((double)made_value(table, "feature", row, k),
                                    a + from->share * (b - a), 1e-6);
        }
    }
}

START_TEST(borderline)
{
    int times[ROWS] = {0};
    check_made(run("<borderline_smote ratio='40' border='10'/>", cohort(_i), NULL), times);
    for (int i = 0; i < ROWS; i++)
        if (sampler_label[i] != 1) {
            bool danger = sampler_label[i] ? borderline_2[i] : borderline_0[i];
            ck_assert_msg((times[i] > 0) == danger, "row %d of class %d: %d made from it, %s", i,
                          sampler_label[i], times[i], danger ? "in danger" : "not in danger");
        }
}
END_TEST

START_TEST(adasyn)
{
    int times[ROWS] = {0};
    const FornixTable *table = run("<adasyn/>", cohort(_i), NULL);
    check_made(table, times);
    for (int i = 0; i < ROWS; i++) {
        int wanted = sampler_label[i] == 0 ? adasyn_0[i] : sampler_label[i] == 2 ? adasyn_2[i] : 0;
        ck_assert_msg(times[i] == wanted, "row %d of class %d: %d made from it, not %d", i,
                      sampler_label[i], times[i], wanted);
    }
    double sum = 0, rows = (double)(fornix_rows(table) - ROWS - CLASSES);
    for (int64_t row = ROWS + CLASSES; row < fornix_rows(table); row++)
        sum += table->origins[row].share / rows;
    ck_assert_double_eq_tol(sum, .5, .15);
}
END_TEST

/* Classes that lie apart have no border: nothing is made, and the report says why. */
START_TEST(apart)
{
    Cell cells[12];
    static char names[12][8];
    for (int i = 0; i < 12; i++) {
        snprintf(names[i], sizeof names[i], "a/%d", i);
        cells[i] = (Cell){names[i], i > 3, FORNIX_TRAIN, {(float)i + (i > 3 ? 100 : 0)}};
    }
    const FornixTable *table = made_table(&made, "apart", cells, 12, 1, 2);
    const FornixTable *out = run("<borderline_smote neighbours='3' border='3'/>", table, NULL);
    ck_assert_int_eq(fornix_rows(out), 12);
    ck_assert(made_says(out, "no sample of class 'low' is at its border", true));
    out = run("<adasyn neighbours='3'/>", table, NULL);
    ck_assert_int_eq(fornix_rows(out), 12);
    ck_assert(made_says(out, "no sample of class 'low' has a neighbour of another", true));
    refused("<adasyn/>", made_table(&made, "one", cells + 3, 3, 1, 2), NULL, "has one sample");
    refused("<borderline_smote column='grade'/>", table, NULL, "does not hold");
}
END_TEST

/* ---- Left out ---------------------------------------------------------------------------- */

/* What is left out of a table of `rows`: the marked ones, and nothing of what is tested. */
static void check_removed(const char *text, const FornixTable *table, const int32_t *gone, int rows)
{
    const FornixTable *out = run(text, table, NULL);
    bool kept[ROWS_MOST + CLASSES] = {false};
    for (int64_t row = 0; row < fornix_rows(out); row++) {
        ck_assert_int_eq(out->origins[row].other, -1);
        kept[out->origins[row].row] = true;
    }
    for (int i = 0; i < rows + CLASSES; i++) {
        bool wanted = i >= rows || !gone[i];
        ck_assert_msg(kept[i] == wanted, "%s: row %d is %s", text, i,
                      kept[i] ? "kept" : "left out");
    }
}

START_TEST(cleaned)
{
    const FornixTable *table = cohort(_i);
    check_removed("<tomek_links/>", table, tomek_larger, ROWS);
    check_removed("<tomek_links remove='all'/>", table, tomek_all, ROWS);
    check_removed("<edited_neighbours/>", table, edited_larger_all, ROWS);
    check_removed("<edited_neighbours remove='all'/>", table, edited_all_all, ROWS);
    check_removed("<edited_neighbours agree='most'/>", table, edited_larger_most, ROWS);
    check_removed("<edited_neighbours remove='all' agree='most'/>", table, edited_all_most, ROWS);
}
END_TEST

/* Behind a SMOTE, whose rows are mixed as they are read. */
START_TEST(mixed)
{
    const FornixTable *table =
        table_of("mixed", mixed_label, mixed_x, MIXED, shapes[0], FORNIX_TRAIN);
    check_removed("<tomek_links remove='all'/>", table, mixed_tomek, MIXED);
    check_removed("<edited_neighbours remove='all'/>", table, mixed_edited, MIXED);
    const FornixTable *denser = run("<smote neighbours='5'/>", cohort(0), NULL);
    const FornixTable *out = run("<edited_neighbours remove='all'/>", denser, NULL);
    int64_t made_up = 0;
    for (int64_t row = 0; row < fornix_rows(out); row++) {
        int64_t from = out->origins[row].row;
        made_up += from >= ROWS + CLASSES;
        for (int k = 0; k < WIDTH; k++)
            ck_assert(made_value(out, "feature", row, k) == made_value(denser, "feature", from, k));
    }
    ck_assert_int_gt(made_up, 0);
    ck_assert_int_lt(fornix_rows(out), fornix_rows(denser));
    const Fits *fits = table_fits(out);
    for (int i = 0; i < fits->count; i++)
        for (int64_t k = 0; k < fits->items[i]->count; k++) {
            const char *subject = fits->items[i]->subjects[k];
            ck_assert(strncmp(subject, "cohort/", 7) != 0 || atoi(subject + 7) < ROWS);
        }
    ck_assert_int_ge(fits->count, 2);
}
END_TEST

/* What is made of maps are the numbers that are made of vectors, whatever the rank. */
START_TEST(of_any_rank)
{
    static const char *const all[] = {"<smote ratio='2'/>",  "<gaussian ratio='2'/>",
                                      "<oversample/>",       "<undersample/>",
                                      "<class_weights/>",    "<none/>",
                                      "<borderline_smote/>", "<adasyn/>"};
    const FornixTable *vectors = run(all[_i], cohort(0), NULL);
    for (int shape = 1; shape < SHAPES; shape++) {
        const FornixTable *maps = run(all[_i], cohort(shape), NULL);
        ck_assert_int_eq(fornix_rows(maps), fornix_rows(vectors));
        ck_assert_int_gt(fornix_rows(maps), 0);
        for (int64_t row = 0; row < fornix_rows(maps); row++) {
            ck_assert_int_eq(made_label(maps, row), made_label(vectors, row));
            for (int k = 0; k < WIDTH; k++)
                if (made_value(maps, "feature", row, k) != made_value(vectors, "feature", row, k))
                    ck_abort_msg("%s: number %d of row %d differs", all[_i], k, (int)row);
        }
    }
}
END_TEST

/* A class that would lose all stays as it is. */
START_TEST(lonely)
{
    Cell cells[] = {{"a", 0, FORNIX_TRAIN, {0}}, {"b", 0, FORNIX_TRAIN, {10}},
                    {"c", 1, FORNIX_TRAIN, {1}}, {"d", 1, FORNIX_TRAIN, {2}},
                    {"e", 1, FORNIX_TRAIN, {9}}, {"f", 1, FORNIX_TRAIN, {11}},
                    {"g", 1, FORNIX_TRAIN, {3}}};
    const FornixTable *out = run("<edited_neighbours remove='all' neighbours='1'/>",
                                 made_table(&made, "lonely", cells, COUNT(cells), 1, 2), NULL);
    ck_assert(made_says(out, "of class 'low' no sample would be left: all are kept", true));
    int64_t low = 0;
    for (int64_t row = 0; row < fornix_rows(out); row++)
        low += made_label(out, row) == 0;
    ck_assert_int_eq(low, 2);
    ck_assert_int_eq(fornix_rows(out), 4); /* c, e and f lie nearest to the others */
}
END_TEST

/* ---- Filters ----------------------------------------------------------------------------- */

static const FornixTable *made_up(int shape)
{
    return table_of("synthetic", made_label_of, made_x, MADE_UP, shapes[shape], FORNIX_NO_PART);
}

static void check_kept(const char *text, int shape, const int32_t *wanted)
{
    const FornixTable *out = run(text, made_up(shape), cohort(shape));
    bool kept[MADE_UP] = {false};
    for (int64_t row = 0; row < fornix_rows(out); row++) {
        kept[out->origins[row].row] = true;
        ck_assert_int_eq(made_label(out, row), made_label_of[out->origins[row].row]);
        ck_assert(made_value(out, "feature", row, 1) == made_x[out->origins[row].row * WIDTH + 1]);
    }
    for (int i = 0; i < MADE_UP; i++)
        ck_assert_msg(kept[i] == wanted[i], "%s: row %d is %s", text, i,
                      kept[i] ? "kept" : "left out");
    ck_assert_double_eq_tol(made_metric(out, "kept"), (double)fornix_rows(out) / MADE_UP, 1e-12);
    const Fits *fits = table_fits(out);
    ck_assert_int_eq(fits->count, 1);
    ck_assert_int_eq(fits->items[0]->count, ROWS);
}

START_TEST(filtered)
{
    check_kept("<density_filter neighbours='3' quantile='0.8'/>", _i, dense_3);
    check_kept("<density_filter/>", _i, dense_5);
    check_kept("<duplicate_filter/>", _i, new_half);
    check_kept("<duplicate_filter within='1'/>", _i, new_whole);
}
END_TEST

START_TEST(filters_refuse)
{
    Cell cells[] = {{"a", 0, FORNIX_TRAIN, {0}},
                    {"b", 1, FORNIX_TRAIN, {1}},
                    {"c", 1, FORNIX_TRAIN, {2}},
                    {"d", 0, FORNIX_TEST, {2}}};
    const FornixTable *real = made_table(&made, "real", cells, 4, WIDTH, CLASSES);
    refused("<density_filter/>", made_up(0), real, "class 'low' has 1 samples in part train");
    refused("<density_filter/>", made_up(1), real, "features are 1 x 2 x 1 x 2");
    refused("<duplicate_filter/>", made_up(0), made_table(&made, "real", cells, 4, WIDTH, 2),
            "'grade' of 'synthetic' has other classes than that of 'real'");
    refused("<duplicate_filter fit='test'/>", made_up(0), real, "has 1 samples in part test");
    ck_assert_int_eq(fornix_rows(run("<duplicate_filter within='0'/>", made_up(0), real)), MADE_UP);
}
END_TEST

/* ---- Priors ------------------------------------------------------------------------------ */

START_TEST(priors)
{
    const FornixTable *out = run("<class_priors/>", cohort(_i), NULL);
    double count[CLASSES] = {0};
    for (int i = 0; i < ROWS; i++)
        count[sampler_label[i]]++;
    ck_assert_int_eq(fornix_rows(out), ROWS + CLASSES);
    for (int64_t row = 0; row < fornix_rows(out); row += ROWS / 2 + 1)
        for (int c = 0; c < CLASSES; c++)
            ck_assert_double_eq_tol((double)made_value(out, "log_prior", row, c),
                                    log(count[c] / ROWS), 1e-6);
    ck_assert(made_value(out, "feature", 7, 2) == sampler_x[7 * WIDTH + 2]);
    ck_assert_int_eq(table_fits(out)->items[0]->count, ROWS);
    int64_t kept;
    const double *values = fornix_values(out, "log_prior", &kept);
    ck_assert_int_eq(kept, CLASSES);
    ck_assert_double_eq(values[0], log(count[0] / ROWS));
    refused("<class_priors fit='validation'/>", cohort(_i), NULL, "no row in part validation");
    out = run("<smote column='feature'/>", out, NULL); /* rows that are mixed have the same */
    ck_assert_double_eq_tol((double)made_value(out, "log_prior", fornix_rows(out) - 1, 2),
                            values[2], 1e-6);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("samplers");
    TCase *tests = tcase_create("samplers");
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_loop_test(tests, borderline, 0, SHAPES);
    tcase_add_loop_test(tests, adasyn, 0, SHAPES);
    tcase_add_test(tests, apart);
    tcase_add_loop_test(tests, cleaned, 0, SHAPES);
    tcase_add_test(tests, mixed);
    tcase_add_loop_test(tests, of_any_rank, 0, 8);
    tcase_add_test(tests, lonely);
    tcase_add_loop_test(tests, filtered, 0, SHAPES);
    tcase_add_test(tests, filters_refuse);
    tcase_add_loop_test(tests, priors, 0, SHAPES);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
