/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Philox against its published vectors; bits that no cut can change; distributions. */
#include "fornix-random.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The vectors that the authors publish with their Random123 library for philox4x32, 10 rounds. */
START_TEST(known_answers)
{
    static const struct {
        uint32_t counter[4], key[2], answer[4];
    } vectors[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        FornixRandomKey key = {{vectors[i].key[0], vectors[i].key[1]}};
        uint32_t out[4];
        fornix_random_block(key, vectors[i].counter, out);
        ck_assert_mem_eq(out, vectors[i].answer, sizeof out);
    }
}
END_TEST

START_TEST(cuts_do_not_matter)
{
    enum { N = 1000 };
    float whole[2][N], cut[2][N];
    uint64_t start = (1ull << 34) - 500; /* across a carry into the counter's second word */
    FornixRandomKey key = fornix_random_key(7, "stage/net/dropout");
    fornix_random_fill_uniform(key, start, whole[0], N);
    fornix_random_fill_normal(key, start, whole[1], N);
    int64_t at = 0;
    for (int64_t step = 1; at < N; step = step * 3 % 101, at += step) {
        int64_t count = at + step * 3 % 101 < N ? step * 3 % 101 : N - at;
        fornix_random_fill_uniform(key, start + (uint64_t)at, cut[0] + at, count);
        fornix_random_fill_normal(key, start + (uint64_t)at, cut[1] + at, count);
        if (at + count >= N)
            break;
    }
    ck_assert_mem_eq(whole, cut, sizeof whole);
    for (int i = 0; i < N; i++) {
        ck_assert(fornix_random_uniform(key, start + (uint64_t)i) == whole[0][i]);
        ck_assert(fornix_random_normal(key, start + (uint64_t)i) == whole[1][i]);
    }
}
END_TEST

START_TEST(keys_differ)
{
    static const char *const paths[] = {"",          "a",          "b",        "aa",   "a/b",
                                        "a/b/c/d/e", "a/b/c/d/e/", "abcdefgh", "\x01", "abcdefghi"};
    enum { PATHS = sizeof paths / sizeof *paths };
    FornixRandomKey keys[3 * PATHS];
    for (size_t i = 0; i < PATHS; i++) {
        keys[3 * i] = fornix_random_key(1, paths[i]);
        keys[3 * i + 1] = fornix_random_key(2, paths[i]);
        keys[3 * i + 2] = fornix_random_derive(keys[3 * i], 0);
    }
    for (size_t i = 0; i < 3 * PATHS; i++)
        for (size_t j = 0; j < i; j++)
            ck_assert(memcmp(&keys[i], &keys[j], sizeof *keys) != 0);
}
END_TEST

START_TEST(uniform_moments)
{
    enum { N = 1 << 20 };
    float *x = malloc(N * sizeof *x);
    fornix_random_fill_uniform(fornix_random_key(3, "uniform"), 0, x, N);
    double sum = 0, squares = 0, lagged = 0;
    for (int i = 0; i < N; i++) {
        ck_assert(x[i] >= 0 && x[i] < 1);
        sum += x[i];
        squares += (double)x[i] * x[i];
        lagged += (x[i] - 0.5) * (x[(i + 1) % N] - 0.5);
    }
    ck_assert_double_lt(fabs(sum / N - 0.5), 4 * 0.2887 / 1024);
    ck_assert_double_lt(fabs(squares / N - 1.0 / 3), 4 * 0.298 / 1024);
    ck_assert_double_lt(fabs(lagged / N * 12), 4.0 / 1024);
    free(x);
}
END_TEST

static int ascending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* The largest gap between the sample's distribution and the normal one (Kolmogorov). */
START_TEST(normal_distribution)
{
    enum { N = 1 << 18 };
    float *x = malloc(N * sizeof *x);
    fornix_random_fill_normal(fornix_random_key(4, "normal"), 0, x, N);
    double fourth = 0;
    for (int i = 0; i < N; i++)
        fourth += pow(x[i], 4) / N;
    ck_assert_double_lt(fabs(fourth - 3), 4 * sqrt(96.0 / N));
    qsort(x, N, sizeof *x, ascending);
    double gap = 0;
    for (int i = 0; i < N; i++) {
        double p = 0.5 * erfc(-(double)x[i] / sqrt(2));
        gap = fmax(gap, fmax(p - (double)i / N, (i + 1.0) / N - p));
    }
    ck_assert_double_lt(gap, 1.63 / sqrt(N)); /* one percent of right generators fail */
    ck_assert(x[0] > -7 && x[N - 1] < 7 && x[0] < -4 && x[N - 1] > 4);
    free(x);
}
END_TEST

START_TEST(integers_below)
{
    enum { N = 60000 };
    FornixRandomKey key = fornix_random_key(5, "below");
    int64_t counts[6] = {0};
    for (uint64_t i = 0; i < N; i++) {
        int64_t value = fornix_random_below(key, i, 6);
        ck_assert(value >= 0 && value < 6);
        counts[value]++;
    }
    double chi = 0;
    for (int v = 0; v < 6; v++)
        chi += pow((double)counts[v] - N / 6, 2) / (N / 6);
    ck_assert_double_lt(chi, 20.5); /* p = .001 at five degrees of freedom */
    ck_assert_int_eq(fornix_random_below(key, 0, 1), 0);
    /* Three quarters of 2^63: a third of plain remainders would fall in the lower third twice. */
    int64_t n = 3ll << 61, low = 0;
    for (uint64_t i = 0; i < N; i++)
        low += fornix_random_below(key, i, n) < n / 3;
    ck_assert_double_lt(fabs((double)low / N - 1.0 / 3), 4 * 0.4714 / sqrt(N));
}
END_TEST

START_TEST(permutations)
{
    int64_t order[5];
    int counts[5][5] = {{0}};
    for (uint64_t trial = 0; trial < 5000; trial++) {
        fornix_random_permutation(fornix_random_derive(fornix_random_key(6, "p"), trial), order, 5);
        int seen = 0;
        for (int i = 0; i < 5; i++) {
            seen |= 1 << order[i];
            counts[i][order[i]]++;
        }
        ck_assert_int_eq(seen, 31);
    }
    for (int i = 0; i < 25; i++)
        ck_assert_int_lt(abs(counts[i / 5][i % 5] - 1000), 4 * 29);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("random");
    TCase *tests = tcase_create("random");
    tcase_add_test(tests, known_answers);
    tcase_add_test(tests, cuts_do_not_matter);
    tcase_add_test(tests, keys_differ);
    tcase_add_test(tests, uniform_moments);
    tcase_add_test(tests, normal_distribution);
    tcase_add_test(tests, integers_below);
    tcase_add_test(tests, permutations);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
