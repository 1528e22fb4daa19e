/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The phantom cohort: the same subject always, the AUC that is promised, a tumour that can be seen
 * but not by a threshold alone, grades that show, and mistakes told. */
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "file.h"
#include "phantom.h"
#include "tables.h"

enum { SIDE = 32, VOXELS = SIDE * SIDE * SIDE };

static Made made;

static void start(void)
{
    made_start(&made);
}

static void stop(void)
{
    made_stop(&made);
}

static const FornixTable *cohort(const char *text)
{
    const FornixTable *table = made_run(&made, text, NULL, NULL);
    ck_assert_msg(table != NULL, "%s: %s", text, made.mistake);
    return table;
}

static float *read_column(const FornixTable *table, const char *name, int64_t row)
{
    FornixError error = {.text = ""};
    int column = fornix_find_column(table, name);
    ck_assert_int_ge(column, 0);
    float *values =
        mem_new((size_t)fornix_floats(fornix_column(table, column)->shape), sizeof *values);
    ck_assert_msg(fornix_read(table, column, row, values, &error), "%s", error.text);
    return values;
}

/* ---- Statistics of the grades ------------------------------------------------------------ */

START_TEST(separation_gives_auc)
{
    ck_assert_double_eq_tol(phantom_separation(.85), 1.4657, 1e-4);
    ck_assert_double_eq_tol(phantom_separation(.5), 0, 1e-9);
    for (double auc = .55; auc < 1; auc += .1)
        ck_assert_double_eq_tol(phantom_auc(phantom_separation(auc)), auc, 1e-12);
}
END_TEST

START_TEST(severities_have_that_auc)
{
    enum { EACH = 2000 };
    static double severity[2][EACH];
    FornixRandomKey key = fornix_random_key(5, "phantom");
    double right = 0;
    for (uint64_t i = 0; i < 2 * EACH; i++)
        severity[i / EACH][i % EACH] = phantom_severity(
            fornix_random_derive(key, i), (int64_t)(i / EACH), 2, phantom_separation(.85));
    for (int i = 0; i < EACH; i++)
        for (int j = 0; j < EACH; j++)
            right += severity[1][j] > severity[0][i];
    ck_assert_double_eq_tol(right / EACH / EACH, .85, .02);
}
END_TEST

/* ---- The node ---------------------------------------------------------------------------- */

START_TEST(table_is_as_asked)
{
    const FornixTable *table = cohort("<phantom id=\"p\" cohort=\"target\" size=\"1 20 24\" "
                                      "grades=\"low:3 middle:1 high:2\" modalities=\"2\"/>");
    ck_assert_int_eq(fornix_rows(table), 6);
    const FornixColumn *image = fornix_column(table, fornix_find_column(table, "image"));
    ck_assert_int_eq(image->shape.d, 1);
    ck_assert_int_eq(image->shape.h, 20);
    ck_assert_int_eq(image->shape.w, 24);
    ck_assert_int_eq(image->shape.c, 2);
    ck_assert_int_eq(fornix_column(table, fornix_find_column(table, "mask"))->classes, 2);
    const FornixColumn *grade = fornix_column(table, fornix_find_column(table, "grade"));
    ck_assert_int_eq(grade->classes, 3);
    ck_assert_str_eq(grade->class_names[1], "middle");
    const int32_t wanted[] = {0, 0, 0, 1, 2, 2};
    for (int64_t row = 0; row < 6; row++)
        ck_assert_int_eq(made_label(table, row), wanted[row]);
    ck_assert_str_eq(fornix_row(table, 5)->subject, "target/0006");
    ck_assert_double_eq_tol(fornix_space(table, 0)->spacing[0], 200. / 24, 1e-9);
    ck_assert_double_eq_tol(fornix_space(table, 0)->spacing[1], 10, 1e-9);
}
END_TEST

START_TEST(subjects_are_their_seeds)
{
    const char *one = "<phantom id=\"p\" subjects=\"4\" size=\"16\" seed=\"11\"/>";
    const char *longer = "<phantom id=\"p\" grades=\"low:2 high:9\" size=\"16\" seed=\"11\"/>";
    const char *other = "<phantom id=\"p\" subjects=\"4\" size=\"16\" seed=\"12\"/>";
    size_t bytes = 16 * 16 * 16 * 4 * sizeof(float);
    float *a = read_column(cohort(one), "image", 3), *b = read_column(cohort(longer), "image", 3);
    float *c = read_column(cohort(other), "image", 3), *d = read_column(cohort(one), "image", 2);
    ck_assert(memcmp(a, b, bytes) == 0);
    ck_assert(memcmp(a, c, bytes) != 0);
    ck_assert(memcmp(a, d, bytes) != 0);
    mem_free(a), mem_free(b), mem_free(c), mem_free(d);
}
END_TEST

START_TEST(mistakes_are_told)
{
    static const char *const cases[][2] = {
        {"<phantom/>", "no subjects"},
        {"<phantom grades=\"low\"/>", "'low' is not a name and a number"},
        {"<phantom grades=\"low:-3\"/>", "'low:-3' is not"},
        {"<phantom grades=\"low:3 low:4\"/>", "'low' stands twice"},
        {"<phantom subjects=\"7\" grades=\"low:3 high:3\"/>", "grades give 6 subjects, not 7"}};
    ck_assert_msg(!made_run(&made, cases[_i][0], NULL, NULL), "%s was taken", cases[_i][0]);
    ck_assert_msg(strstr(made.mistake, cases[_i][1]) != NULL, "%s", made.mistake);
}
END_TEST

/* Written and loaded again, a cohort is the same: values, masks, grades, subjects. */
START_TEST(comes_back_through_files)
{
    char folder[] = "/tmp/fornix-phantom-XXXXXX", text[400];
    FornixError error = {.text = ""};
    ck_assert_ptr_nonnull(mkdtemp(folder));
    const FornixTable *made_up = cohort("<phantom id=\"p\" cohort=\"c\" size=\"10 12 14\" "
                                        "grades=\"low:1 high:2\" modalities=\"2\"/>");
    snprintf(text, sizeof text, "<write_volumes folder=\"%s\"/>", folder);
    ck_assert_msg(made_run(&made, text, made_up, NULL) != NULL, "%s", made.mistake);
    snprintf(text, sizeof text,
             "<nifti manifest=\"%s/manifest.csv\" subject=\"subject\" images=\"image_1 image_2\" "
             "mask=\"mask\" labels=\"grade\" classes=\"low:low high:high\" normalise=\"none\"/>",
             folder);
    const FornixTable *loaded = made_run(&made, text, NULL, NULL);
    ck_assert_msg(loaded != NULL, "%s", made.mistake);
    ck_assert_int_eq(fornix_rows(loaded), 3);
    for (int64_t row = 0; row < 3; row++) {
        float *a = read_column(made_up, "image", row), *b = read_column(loaded, "image", row);
        float *c = read_column(made_up, "mask", row), *d = read_column(loaded, "mask", row);
        ck_assert(memcmp(a, b, 10 * 12 * 14 * 2 * sizeof *a) == 0);
        ck_assert(memcmp(c, d, 10 * 12 * 14 * sizeof *c) == 0);
        ck_assert_int_eq(made_label(made_up, row), made_label(loaded, row));
        ck_assert_ptr_nonnull(
            strstr(fornix_row(loaded, row)->subject, fornix_row(made_up, row)->subject));
        for (int i = 0; i < 3; i++)
            ck_assert_double_eq_tol(fornix_space(loaded, row)->spacing[i],
                                    fornix_space(made_up, row)->spacing[i], 1e-4);
        mem_free(a), mem_free(b), mem_free(c), mem_free(d);
    }
    ck_assert(file_remove(folder, &error));
}
END_TEST

/* ---- Images ------------------------------------------------------------------------------ */

static Phantom *phantom_of(PhantomScanner scanner, bool parts, bool standardized)
{
    FornixError error = {.text = ""};
    PhantomSpec spec = {{SIDE, SIDE, SIDE}, PHANTOM_MODALITIES, scanner, parts, standardized};
    Phantom *phantom = phantom_new(&spec, &error);
    ck_assert_msg(phantom != NULL, "%s", error.text);
    return phantom;
}

typedef struct {
    float image[VOXELS * PHANTOM_MODALITIES], mask[VOXELS];
} Subject;

static Subject *subject_of(const Phantom *phantom, uint64_t number, double severity)
{
    FornixError error = {.text = ""};
    FornixRandomKey key = fornix_random_derive(fornix_random_key(2, "test"), number);
    Subject *subject = mem_new(1, sizeof *subject);
    ck_assert(phantom_image(phantom, key, severity, subject->image, &error));
    ck_assert(phantom_mask(phantom, key, severity, subject->mask, &error));
    return subject;
}

START_TEST(heads_are_standardized)
{
    Phantom *phantom = phantom_of(PHANTOM_SCANNER_B, false, true);
    Subject *subject = subject_of(phantom, 0, 0);
    for (int m = 0; m < PHANTOM_MODALITIES; m++) {
        double sum = 0, squares = 0, count = 0;
        for (int i = 0; i < VOXELS; i++) {
            double value = (double)subject->image[i * PHANTOM_MODALITIES + m];
            ck_assert(isfinite(value));
            sum += value;
            squares += value * value;
            count += value != 0;
        }
        ck_assert_double_gt(count, .2 * VOXELS);
        ck_assert_double_lt(count, .6 * VOXELS);
        ck_assert_double_eq_tol(sum / count, 0, 1e-4);
        ck_assert_double_eq_tol(squares / count, 1, 1e-3);
    }
    mem_free(subject);
    phantom_free(phantom);
}
END_TEST

START_TEST(tumours_are_there_in_parts)
{
    Phantom *parts = phantom_of(PHANTOM_SCANNER_A, true, true);
    Phantom *whole = phantom_of(PHANTOM_SCANNER_B, false, true);
    for (uint64_t n = 0; n < 8; n++) {
        Subject *a = subject_of(parts, n, n % 2 ? 2 : -2),
                *b = subject_of(whole, n, n % 2 ? 2 : -2);
        int core = 0, tumour = 0;
        for (int i = 0; i < VOXELS; i++) {
            core += a->mask[i] == PHANTOM_CORE;
            tumour += a->mask[i] != PHANTOM_BACKGROUND;
            ck_assert_float_eq(b->mask[i], a->mask[i] != PHANTOM_BACKGROUND);
            if (a->mask[i] > 0)
                ck_assert(a->image[i * PHANTOM_MODALITIES] != 0);
        }
        ck_assert_int_gt(core, 5);
        ck_assert_int_gt(tumour, 20);
        ck_assert_int_lt(tumour, VOXELS / 10);
        mem_free(a);
        mem_free(b);
    }
    phantom_free(parts);
    phantom_free(whole);
}
END_TEST

/* Dice of the best threshold on flair, over thresholds and subjects: it helps, but is not enough.
 */
START_TEST(no_threshold_finds_the_tumour)
{
    enum { STEPS = 30, SUBJECTS = 10 };
    Phantom *phantom = phantom_of(PHANTOM_SCANNER_A, false, true);
    double dice[STEPS] = {0}, best = 0;
    for (uint64_t n = 0; n < SUBJECTS; n++) {
        Subject *subject = subject_of(phantom, n, 0);
        for (int k = 0; k < STEPS; k++) {
            double both = 0, sum = 0;
            for (int i = 0; i < VOXELS; i++) {
                bool over = subject->image[i * PHANTOM_MODALITIES] > .1F * (float)k;
                both += over && subject->mask[i] > 0;
                sum += (double)over + (double)subject->mask[i];
            }
            dice[k] += 2 * both / sum / SUBJECTS;
        }
        mem_free(subject);
    }
    for (int k = 0; k < STEPS; k++)
        best = fmax(best, dice[k]);
    ck_assert_double_gt(best, .1);
    ck_assert_double_lt(best, .65);
    phantom_free(phantom);
}
END_TEST

/* The brightest of t1ce in the tumour: one of the things by which severity shows. */
static double rim_of(const Subject *subject)
{
    double most = -INFINITY;
    for (int i = 0; i < VOXELS; i++)
        if (subject->mask[i] > 0)
            most = fmax(most, (double)subject->image[i * PHANTOM_MODALITIES + 2]);
    return most;
}

/* Grades show in the image, yet no better than severity itself can tell them. */
START_TEST(grades_show)
{
    enum { EACH = 30 };
    double rim[2][EACH], right = 0;
    Phantom *phantom = phantom_of(PHANTOM_SCANNER_A, false, true);
    for (uint64_t n = 0; n < 2 * EACH; n++) {
        FornixRandomKey key = fornix_random_derive(fornix_random_key(2, "test"), n);
        double severity = phantom_severity(key, (int64_t)n % 2, 2, phantom_separation(.85));
        Subject *subject = subject_of(phantom, n, severity);
        rim[n % 2][n / 2] = rim_of(subject);
        mem_free(subject);
    }
    for (int i = 0; i < EACH; i++)
        for (int j = 0; j < EACH; j++)
            right += rim[1][j] > rim[0][i];
    ck_assert_double_gt(right / EACH / EACH, .65);
    ck_assert_double_lt(right / EACH / EACH, .93);
    phantom_free(phantom);
}
END_TEST

/* Processor time; the bound is a few times what it takes. */
START_TEST(is_quick)
{
    Phantom *phantom = phantom_of(PHANTOM_SCANNER_A, false, true);
    clock_t begin = clock();
    for (uint64_t n = 0; n < 5; n++)
        mem_free(subject_of(phantom, n, 0));
    ck_assert_double_lt((double)(clock() - begin) / CLOCKS_PER_SEC, 5 * .15);
    phantom_free(phantom);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("phantom");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, start, stop);
    tcase_set_timeout(all, 60);
    tcase_add_test(all, separation_gives_auc);
    tcase_add_test(all, severities_have_that_auc);
    tcase_add_test(all, table_is_as_asked);
    tcase_add_test(all, subjects_are_their_seeds);
    tcase_add_loop_test(all, mistakes_are_told, 0, 5);
    tcase_add_test(all, comes_back_through_files);
    tcase_add_test(all, heads_are_standardized);
    tcase_add_test(all, tumours_are_there_in_parts);
    tcase_add_test(all, no_threshold_finds_the_tumour);
    tcase_add_test(all, grades_show);
    tcase_add_test(all, is_quick);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
