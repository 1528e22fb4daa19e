/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Optimisers, sums over pixels, copies, dropout: what sweeps memory once. */
#include "kernels.h"

#include "../src/kernels/dropout.h"
#include "../src/kernels/optimise.h"
#include "../src/kernels/reduce.h"

START_TEST(optimisers)
{
    enum { COUNT = 37 };
    float weight[COUNT], gradient[COUNT], mean[COUNT] = {0}, square[COUNT] = {0};
    double w[COUNT], m[COUNT] = {0}, v[COUNT] = {0};
    uint64_t seed = 13;
    for (int i = 0; i < COUNT; i++)
        w[i] = (double)(weight[i] = (float)draw(&seed));
    for (int64_t step = 1; step <= 20; step++) {
        for (int i = 0; i < COUNT; i++)
            gradient[i] = (float)draw(&seed);
        SgdStep sgd = {0.1, 0.9, 0.01, 0.5, _i & 1, step, weight, gradient, mean};
        AdamStep adam = {0.01,   0.5,  0.99,   1e-3,     0.1,  2,
                         _i & 1, step, weight, gradient, mean, square};
        for (int64_t i = 0; i < COUNT; i += 5) {
            if (_i < 2)
                sgd_step(&sgd, i, least(COUNT, i + 5));
            else
                adam_step(&adam, i, least(COUNT, i + 5));
        }
        for (int i = 0; i < COUNT; i++) {
            double g = (_i < 2 ? 0.5 : 2) * (double)gradient[i];
            if (_i == 3)
                w[i] -= 0.01 * 0.1 * w[i];
            g += _i < 2 ? 0.01 * w[i] : _i == 2 ? 0.1 * w[i] : 0;
            m[i] = _i < 2 ? 0.9 * m[i] + g : 0.5 * m[i] + 0.5 * g;
            v[i] = 0.99 * v[i] + 0.01 * g * g;
            if (_i < 2)
                w[i] -= 0.1 * (_i == 1 ? g + 0.9 * m[i] : m[i]);
            else
                w[i] -= 0.01 * m[i] / (1 - pow(0.5, (double)step)) /
                        (sqrt(v[i] / (1 - pow(0.99, (double)step))) + 1e-3);
        }
    }
    for (int i = 0; i < COUNT; i++)
        ck_assert_double_eq_tol((double)weight[i], w[i], 2e-6);
}
END_TEST

START_TEST(sgd_without_momentum_needs_no_velocity)
{
    float weight[3] = {1, 2, 3};
    const float gradient[3] = {1, -1, 0.5f};
    sgd_step(&(SgdStep){.rate = 0.5, .scale = 2, .step = 1, .weight = weight, .gradient = gradient},
             0, 3);
    ck_assert_float_eq(weight[0], 0);
    ck_assert_float_eq(weight[1], 3);
    ck_assert_float_eq(weight[2], 2.5f);
}
END_TEST

START_TEST(sums_and_maxima)
{
    FornixShape s = test_shapes[_i];
    uint64_t seed = 17;
    Box x = box_random(s, 2, &seed);
    int64_t pixels = sample_pixels(s),
            scratch_floats = most(pixel_sum_scratch(s), pixel_max_scratch(s));
    Box sum = box_new((FornixShape){s.n, 1, 1, 1, s.c}, 0), top = box_new(sum.tensor.shape, 0);
    Box all = box_new((FornixShape){1, 1, 1, 1, s.c}, 0), dx = box_new(s, 1);
    double *scratch = doubles(scratch_floats);
    int32_t *at = (int32_t *)test_memory(s.n * s.c, sizeof *at);
    double *each = doubles(s.n * s.c), *total = doubles(s.c), *best = doubles(s.n * s.c);
    for (int64_t i = 0; i < fornix_floats(s); i++) {
        int64_t k = i / s.c / pixels * s.c + i % s.c;
        double value = (double)*box_at(&x, i);
        best[k] = i / s.c % pixels == 0 ? value : fmax(best[k], value);
        each[k] += 0.5 * value;
        total[i % s.c] += value;
    }
    PixelSum sums[2] = {{box_view(&x), true, 0.5, sum.tensor.data, (float *)(void *)scratch},
                        {box_view(&x), false, 1, all.tensor.data, (float *)(void *)scratch}};
    PixelMax max = {box_view(&x), top.tensor.data, at, (float *)(void *)scratch};
    for (int pass = 0; pass < REDUCE_PASSES; pass++)
        RUN_GRAINS(pixel_sum_grains(s, true, pass), 1, pixel_sum(&sums[0], pass, begin, end));
    for (int pass = 0; pass < REDUCE_PASSES; pass++)
        RUN_GRAINS(pixel_sum_grains(s, false, pass), 1, pixel_sum(&sums[1], pass, begin, end));
    for (int pass = 0; pass < REDUCE_PASSES; pass++)
        RUN_GRAINS(pixel_max_grains(s, pass), 1, pixel_max(&max, pass, begin, end));
    box_near(&sum, each, 1e-6);
    box_near(&all, total, 1e-6);
    box_near(&top, best, 0);
    RUN_GRAINS(pixel_max_grains(s, 0), 1,
               pixel_max_gradient(&dx.tensor, sum.tensor.data, at, begin, end));
    box_check(&dx);
    for (int64_t i = 0; i < fornix_floats(s); i++) {
        int64_t k = i / s.c / pixels * s.c + i % s.c;
        float expected = at[k] == i / s.c % pixels ? *box_at(&sum, k) : 0;
        if (*box_at(&dx, i) != expected)
            ck_abort_msg("gradient of the maximum at %ld", (long)i);
        if (at[k] == i / s.c % pixels && *box_at(&x, i) != *box_at(&top, k))
            ck_abort_msg("maximum of %ld is elsewhere", (long)k);
    }
    RUN_GRAINS(elementwise_grains(s), 1,
               pixel_spread(&dx.tensor, sum.tensor.data, 0.5f, begin, end));
    box_check(&dx);
    ck_assert_float_eq(*box_at(&dx, fornix_floats(s) - 1), *box_at(&sum, s.n * s.c - 1) / 2);
    Box *boxes[] = {&x, &sum, &top, &all, &dx};
    for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++)
        box_free(boxes[i]);
    free(scratch);
    free(at);
    free(each);
    free(total);
    free(best);
}
END_TEST

START_TEST(squares_are_summed)
{
    enum { COUNT = 40001 };
    float *values = (float *)test_memory(COUNT, sizeof *values);
    double expected = 0, partials[3] = {0};
    uint64_t seed = 19;
    for (int i = 0; i < COUNT; i++) {
        values[i] = (float)draw(&seed);
        expected += (double)values[i] * (double)values[i];
    }
    ck_assert_int_eq(square_sum_grains(COUNT), 3);
    square_sum(values, COUNT, partials, 2, 3);
    square_sum(values, COUNT, partials, 0, 2);
    ck_assert_double_eq_tol(square_sum_total(partials, 3), expected, 1e-7);
    free(values);
}
END_TEST

START_TEST(sweeps)
{
    FornixShape s = test_shapes[_i], wide = s;
    wide.c += 5;
    uint64_t seed = 23;
    Box a = box_random(s, 1, &seed), b = box_random(s, 0, &seed), c = box_random(s, 3, &seed);
    Box sum = box_new(s, 2), scaled = box_new(s, 0), shifted = box_new(s, 0),
        joined = box_new(wide, 0);
    Box bias = box_random((FornixShape){1, 1, 1, 1, s.c}, 0, &seed);
    FornixView three[3] = {box_view(&a), box_view(&b), box_view(&c)};
    FornixTensor first = tensor_channels(&joined.tensor, 0, 5);
    FornixTensor rest = tensor_channels(&joined.tensor, 5, s.c);
    int64_t grains = elementwise_grains(s);
    RUN_GRAINS(grains, 1, elementwise_add(&sum.tensor, three, 3, begin, end));
    RUN_GRAINS(grains, 1, elementwise_scale(&scaled.tensor, &three[1], -2, begin, end));
    RUN_GRAINS(grains, 1,
               elementwise_bias(&shifted.tensor, &three[1], bias.tensor.data, begin, end));
    RUN_GRAINS(elementwise_grains(first.shape), 1, elementwise_fill(&first, 3, begin, end));
    RUN_GRAINS(grains, 1, elementwise_copy(&rest, &three[0], begin, end));
    Box *written[] = {&sum, &scaled, &shifted, &joined};
    for (size_t i = 0; i < sizeof written / sizeof *written; i++)
        box_check(written[i]);
    RUN_GRAINS(grains, 0, elementwise_add(&b.tensor, three, 1, begin, end));
    for (int64_t i = 0; i < fornix_floats(s); i++) {
        float x = *box_at(&a, i), y = *box_at(&scaled, i) / -2, z = *box_at(&c, i);
        bool right = *box_at(&sum, i) == (x + y) + z &&
                     *box_at(&shifted, i) == y + *box_at(&bias, i % s.c) &&
                     *box_at(&joined, i / s.c * wide.c + 5 + i % s.c) == x &&
                     *box_at(&joined, i / s.c * wide.c) == 3 && *box_at(&b, i) == x;
        if (!right)
            ck_abort_msg("element %ld", (long)i);
    }
    Box *boxes[] = {&a, &b, &c, &sum, &scaled, &shifted, &joined, &bias};
    for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++)
        box_free(boxes[i]);
}
END_TEST

START_TEST(one_hot)
{
    FornixShape s = {5, 1, 1, 1, 3}, one = {5, 1, 1, 1, 1};
    const float label[5] = {0, 2, -1, 3, 1};
    const float expected[15] = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0};
    float y[15];
    FornixTensor out = {s, 3, 3, 3, 3, y};
    FornixView view = {one, 1, 1, 1, 1, label};
    elementwise_one_hot(&out, &view, 0, elementwise_grains(s));
    ck_assert_mem_eq(y, expected, sizeof y);
}
END_TEST

START_TEST(dropout_masks)
{
    FornixShape s = test_shapes[_i];
    FornixRandomKey key = fornix_random_key(3, "dropout");
    Box x = box_new(s, 2), y[2] = {box_new(s, 0), box_new(s, 1)};
    int64_t kept = 0, count = fornix_floats(s);
    for (int64_t i = 0; i < count; i++)
        *box_at(&x, i) = 3;
    for (int split = 0; split < 2; split++) {
        Dropout d = {0.25, key, box_view(&x), y[split].tensor};
        RUN_GRAINS(dropout_grains(s), split, dropout(&d, begin, end));
        box_check(&y[split]);
    }
    for (int64_t i = 0; i < count; i++) {
        bool keeps = fornix_random_uniform(key, (uint64_t)i) >= 0.25f;
        kept += keeps;
        if (*box_at(&y[0], i) != (keeps ? 4.0f : 0.0f) || *box_at(&y[1], i) != *box_at(&y[0], i))
            ck_abort_msg("element %ld", (long)i);
    }
    ck_assert_double_le(fabs((double)kept / (double)count - 0.75), 2 / sqrt((double)count));
    box_free(&x);
    box_free(&y[0]);
    box_free(&y[1]);
}
END_TEST

static Suite *sweeps_suite(void)
{
    Suite *suite = suite_create("sweeps");
    TCase *sweep = tcase_create("sweeps");
    tcase_add_loop_test(sweep, optimisers, 0, 4);
    tcase_add_test(sweep, sgd_without_momentum_needs_no_velocity);
    tcase_add_loop_test(sweep, sums_and_maxima, 0, SHAPE_COUNT);
    tcase_add_test(sweep, squares_are_summed);
    tcase_add_loop_test(sweep, sweeps, 0, SHAPE_COUNT);
    tcase_add_test(sweep, one_hot);
    tcase_add_loop_test(sweep, dropout_masks, 0, SHAPE_COUNT);
    suite_add_tcase(suite, sweep);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(sweeps_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
