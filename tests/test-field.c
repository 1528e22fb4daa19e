/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random fields: variance, correlation and band are those promised, keys decide the bits. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "field.h"

typedef struct {
    Field *field;
    float *scratch;
    int64_t size[3], count;
} Fixture;

static Fixture fixture_open(int64_t d, int64_t h, int64_t w, double smoothness)
{
    Fixture f = {.size = {d, h, w}, .count = d * h * w};
    double along[3] = {smoothness, smoothness, smoothness};
    FornixError error = {.text = ""};
    f.field = field_new(f.size, along, &error);
    ck_assert_msg(f.field != NULL, "%s", error.text);
    f.scratch = mem_new((size_t)field_scratch(f.field) + 1, sizeof(float));
    return f;
}

static void fixture_close(Fixture *f)
{
    field_free(f->field);
    mem_free(f->scratch);
}

static const float *draw(Fixture *f, uint64_t n)
{
    return field_draw(f->field, fornix_random_derive(fornix_random_key(1, "field"), n), f->scratch);
}

/* Mean of F(x) F(x + lag along w) over a field. */
static double product(const Fixture *f, const float *values, int64_t lag)
{
    double sum = 0;
    int64_t count = 0;
    for (int64_t row = 0; row < f->size[0] * f->size[1]; row++)
        for (int64_t w = 0; w + lag < f->size[2]; w++, count++)
            sum += (double)values[row * f->size[2] + w] * values[row * f->size[2] + w + lag];
    return sum / (double)count;
}

static const struct {
    int64_t size[3];
    double smoothness;
} cases[] = {
    {{16, 16, 16}, 1.5}, {{1, 48, 40}, 3}, {{8, 12, 31}, 2}, {{1, 1, 100}, 2}, {{12, 13, 14}, 0}};

START_TEST(variance_and_correlation)
{
    Fixture f =
        fixture_open(cases[_i].size[0], cases[_i].size[1], cases[_i].size[2], cases[_i].smoothness);
    enum { DRAWS = 600, LAGS = 5 };
    double found[LAGS] = {0};
    for (uint64_t n = 0; n < DRAWS; n++) {
        const float *values = draw(&f, n);
        for (int lag = 0; lag < LAGS; lag++)
            found[lag] += product(&f, values, lag) / DRAWS;
    }
    for (int lag = 0; lag < LAGS; lag++) {
        double s = cases[_i].smoothness;
        double wanted = s > 0 ? exp(-lag * lag / (4 * s * s)) : lag == 0;
        ck_assert_double_eq_tol(found[lag], wanted, .06);
    }
    fixture_close(&f);
}
END_TEST

/* The transform joins opposite sides; its margin must keep them apart. */
START_TEST(does_not_wrap)
{
    Fixture f = fixture_open(1, 1, 40, 4);
    double sides = 0;
    for (uint64_t n = 0; n < 4000; n++) {
        const float *values = draw(&f, n);
        sides += (double)values[0] * values[39] / 4000;
    }
    ck_assert_double_eq_tol(sides, 0, .07);
    fixture_close(&f);
}
END_TEST

START_TEST(mean_is_zero)
{
    Fixture f = fixture_open(6, 6, 6, 2);
    double mean = 0;
    for (uint64_t n = 0; n < 4000; n++)
        mean += (double)draw(&f, n)[100] / 4000;
    ck_assert_double_eq_tol(mean, 0, .07);
    fixture_close(&f);
}
END_TEST

START_TEST(key_decides_bits)
{
    Fixture f = fixture_open(9, 10, 11, 1.2), g = fixture_open(9, 10, 11, 1.2);
    size_t bytes = (size_t)f.count * sizeof(float);
    float *first = mem_new((size_t)f.count, sizeof(float));
    memcpy(first, draw(&f, 7), bytes);
    ck_assert(memcmp(first, draw(&f, 8), bytes) != 0);
    ck_assert(memcmp(first, draw(&f, 7), bytes) == 0);

    g.scratch[0] = NAN;
    const float *shifted =
        field_draw(g.field, fornix_random_derive(fornix_random_key(1, "field"), 7), g.scratch + 1);
    ck_assert(memcmp(first, shifted, bytes) == 0);
    mem_free(first);
    fixture_close(&f);
    fixture_close(&g);
}
END_TEST

START_TEST(refuses_bad_sizes)
{
    FornixError error = {.text = ""};
    double smooth[3] = {1, 1, 1}, negative[3] = {1, -1, 1};
    ck_assert_ptr_null(field_new((int64_t[3]){0, 4, 4}, smooth, &error));
    ck_assert(error.input);
    error = (FornixError){.text = ""};
    ck_assert_ptr_null(field_new((int64_t[3]){4, 4, 4}, negative, &error));
    ck_assert(error.input);
    error = (FornixError){.text = ""};
    ck_assert_ptr_null(field_new((int64_t[3]){1 << 20, 1 << 20, 1 << 20}, smooth, &error));
    ck_assert(error.text[0]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("field");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, variance_and_correlation, 0, COUNT(cases));
    tcase_add_test(all, does_not_wrap);
    tcase_add_test(all, mean_is_zero);
    tcase_add_test(all, key_decides_bits);
    tcase_add_test(all, refuses_bad_sizes);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
