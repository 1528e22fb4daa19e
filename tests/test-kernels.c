/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Kernels against naive double references: values, gradients, pitches, splits, guards. */
#include "kernels.h"

#include "../src/kernels/activation.h"
#include "../src/kernels/dropout.h"
#include "../src/kernels/functions.h"
#include "../src/kernels/norm.h"
#include "../src/kernels/optimise.h"
#include "../src/kernels/pool.h"
#include "../src/kernels/reduce.h"

typedef struct {
    Norm norm;
    bool fixed;
    double *x, *gamma, *beta, *weight, *mean, *variance;
} NaiveNorm;

static double naive_norm_at(const NaiveNorm *naive, int64_t i)
{
    FornixShape s = naive->norm.shape;
    int64_t pixels = sample_pixels(s), c = i % s.c, n = i / s.c / pixels;
    int64_t size = naive->norm.kind == NORM_GROUP ? s.c / naive->norm.groups : 1;
    double sum = 0, square = 0, count = 0;
    for (int64_t j = 0; j < fornix_floats(s) && !naive->fixed; j++)
        if (j % s.c / size == c / size &&
            (naive->norm.kind == NORM_BATCH || j / s.c / pixels == n)) {
            sum += naive->x[j];
            square += naive->x[j] * naive->x[j];
            count++;
        }
    double mean = naive->fixed ? naive->mean[c] : sum / count;
    double variance = naive->fixed ? naive->variance[c] : square / count - mean * mean;
    double z =
        (naive->x[i] - mean) / sqrt(variance + (double)naive->norm.epsilon) * naive->gamma[c] +
        naive->beta[c];
    return z > 0 ? z : z * (double)naive->norm.slope;
}

/* The outputs are weighed with numbers that are 0 but at a few places. */
static double naive_norm(const void *problem)
{
    const NaiveNorm *naive = (const NaiveNorm *)problem;
    double total = 0;
    for (int64_t i = 0; i < fornix_floats(naive->norm.shape); i++)
        if (naive->weight[i] != 0)
            total += naive->weight[i] * naive_norm_at(naive, i);
    return total;
}

typedef struct {
    Box x, dy, gamma, beta, mean, variance;
    Box y[2], dx[2], dgamma[2], dbeta[2];
    NaiveNorm naive;
} NormCase;

static NormCase norm_case(const Norm *norm, bool fixed, int64_t gap)
{
    uint64_t seed = 7;
    FornixShape s = norm->shape, channels = {1, 1, 1, 1, s.c};
    NormCase made = {.x = box_random(s, gap, &seed),
                     .dy = box_new(s, gap),
                     .gamma = box_random(channels, 0, &seed),
                     .beta = box_random(channels, 0, &seed),
                     .mean = box_random(channels, 0, &seed),
                     .variance = box_random(channels, 0, &seed)};
    int64_t step = fornix_floats(s) / 7 + 1;
    for (int64_t i = 0; i < fornix_floats(s); i++)
        *box_at(&made.dy, i) = i % step == 0 ? (float)draw(&seed) : 0;
    for (int64_t c = 0; c < s.c; c++)
        *box_at(&made.variance, c) = fabsf(*box_at(&made.variance, c)) + 0.1f;
    made.naive = (NaiveNorm){*norm,
                             fixed,
                             box_doubles(&made.x),
                             box_doubles(&made.gamma),
                             box_doubles(&made.beta),
                             box_doubles(&made.dy),
                             box_doubles(&made.mean),
                             box_doubles(&made.variance)};
    for (int k = 0; k < 2; k++) {
        made.y[k] = box_new(s, gap ? gap + 1 : 0);
        made.dx[k] = box_new(s, gap);
        made.dgamma[k] = box_new(channels, 0);
        made.dbeta[k] = box_new(channels, 0);
    }
    return made;
}

static void norm_case_free(NormCase *made)
{
    Box *boxes[] = {&made->x,        &made->dy,       &made->gamma,     &made->beta,
                    &made->mean,     &made->variance, &made->y[0],      &made->y[1],
                    &made->dx[0],    &made->dx[1],    &made->dgamma[0], &made->dgamma[1],
                    &made->dbeta[0], &made->dbeta[1]};
    for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++)
        box_free(boxes[i]);
    NaiveNorm *naive = &made->naive;
    double *values[] = {naive->x,      naive->gamma, naive->beta,
                        naive->weight, naive->mean,  naive->variance};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        free(values[i]);
}

static void norm_run(const Norm *norm, NormCase *made, int split)
{
    bool fixed = made->naive.fixed;
    Box saved = box_new((FornixShape){1, 1, 1, 1, norm_saved(norm)}, 0);
    Box scratch = box_new((FornixShape){1, 1, 1, 1, norm_scratch(norm)}, 0);
    NormForward forward = {.x = box_view(&made->x),
                           .gamma = made->gamma.tensor.data,
                           .beta = made->beta.tensor.data,
                           .mean = fixed ? made->mean.tensor.data : NULL,
                           .variance = fixed ? made->variance.tensor.data : NULL,
                           .y = made->y[split].tensor,
                           .saved = saved.tensor.data,
                           .scratch = scratch.tensor.data};
    for (int pass = 0; pass < NORM_FORWARD_PASSES; pass++)
        RUN_GRAINS(norm_forward_grains(norm, pass), split,
                   norm_forward(norm, &forward, pass, begin, end));
    NormBackward backward = {.x = forward.x,
                             .dy = box_view(&made->dy),
                             .gamma = forward.gamma,
                             .beta = forward.beta,
                             .saved = forward.saved,
                             .fixed = fixed,
                             .dx = made->dx[split].tensor,
                             .dgamma = made->dgamma[split].tensor.data,
                             .dbeta = made->dbeta[split].tensor.data,
                             .scratch = forward.scratch};
    for (int pass = 0; pass < NORM_BACKWARD_PASSES; pass++)
        RUN_GRAINS(norm_backward_grains(norm, pass), split,
                   norm_backward(norm, &backward, pass, begin, end));
    if (norm->kind != NORM_BATCH)
        for (int64_t i = 0; i < norm->shape.c; i++)
            *box_at(&saved, norm_saved(norm) - 1 - i) = 0;
    box_check(&saved);
    box_free(&saved);
    box_free(&scratch);
}

static void check_norm(Norm norm, bool fixed, int64_t gap)
{
    NormCase made = norm_case(&norm, fixed, gap);
    for (int split = 0; split < 2; split++)
        norm_run(&norm, &made, split);
    box_check(&made.y[0]);
    box_check(&made.dx[0]);
    box_same(&made.y[0], &made.y[1]);
    box_same(&made.dx[0], &made.dx[1]);
    box_same(&made.dgamma[0], &made.dgamma[1]);
    box_same(&made.dbeta[0], &made.dbeta[1]);
    double worst = 0;
    for (int64_t i = 0; i < fornix_floats(norm.shape); i += fornix_floats(norm.shape) / 40 + 1) {
        double y = naive_norm_at(&made.naive, i);
        worst = fmax(worst, fabs((double)*box_at(&made.y[0], i) - y));
    }
    ck_assert_double_le(worst, 2e-5);
    slopes_near(naive_norm, &made.naive, made.naive.x, &made.dx[0], 2e-4);
    slopes_near(naive_norm, &made.naive, made.naive.gamma, &made.dgamma[0], 2e-4);
    slopes_near(naive_norm, &made.naive, made.naive.beta, &made.dbeta[0], 2e-4);
    norm_case_free(&made);
}

START_TEST(norms)
{
    FornixShape s = test_shapes[_i];
    int64_t groups = s.c % 4 == 0 ? s.c / 4 : 1;
    for (int64_t gap = 0; gap < 4; gap += 3) {
        check_norm((Norm){s, NORM_BATCH, 0, 1e-5f, 0.01f}, false, gap);
        check_norm((Norm){s, NORM_BATCH, 0, 1e-3f, 1}, true, gap);
        check_norm((Norm){s, NORM_GROUP, groups, 1e-5f, 0}, false, gap);
        if (sample_pixels(s) > 1)
            check_norm((Norm){s, NORM_INSTANCE, 0, 1e-5f, 0.2f}, false, gap);
    }
}
END_TEST

START_TEST(norm_keeps_statistics)
{
    FornixShape s = {2, 1, 1, 3, 1};
    Norm norm = {s, NORM_BATCH, 0, 1e-5f, 1};
    const float x[6] = {1001, 1002, 1003, 1004, 1005, 1009}; /* mean 1004, variance 40/6, 40/5 */
    float y[6], saved[8], mean = 10, variance = 1;
    double scratch[64];
    ck_assert_int_le(norm_saved(&norm), 8);
    ck_assert_int_le(norm_scratch(&norm), 128);
    NormForward forward = {.x = {s, 1, 3, 3, 3, x},
                           .y = {s, 1, 3, 3, 3, y},
                           .saved = saved,
                           .scratch = (float *)(void *)scratch};
    for (int pass = 0; pass < NORM_FORWARD_PASSES; pass++)
        norm_forward(&norm, &forward, pass, 0, norm_forward_grains(&norm, pass));
    norm_keep(&norm, saved, 0.1f, &mean, &variance);
    ck_assert_float_eq_tol(mean, 9 + 100.4f, 1e-4f);
    ck_assert_float_eq_tol(variance, 0.9f + 0.8f, 1e-5f);
    ck_assert_float_eq_tol(y[5], (float)(5 / sqrt(40.0 / 6)), 1e-5f);
}
END_TEST

static double relative(float found, double expected)
{
    return fabs((double)found / expected - 1);
}

START_TEST(functions_are_accurate)
{
    double worst[6] = {0};
    for (int i = -8800; i < 8800; i++) {
        float x = (float)(i / 100.0 + 0.00123), part = fabsf(x) / 89;
        double e = exp((double)x);
        worst[0] = fmax(worst[0], e > 1.2e-38 ? relative(exp_of(x), e) : 0);
        worst[1] = fmax(worst[1], relative(expm1_of(x), expm1((double)x)));
        worst[2] = fmax(worst[2], relative(sigmoid_of(x), 1 / (1 + exp(-(double)x))));
        worst[3] = fmax(worst[3], relative(tanh_of(x / 10), tanh((double)(x / 10))));
        worst[4] = fmax(worst[4], relative(log1p_of(part), log1p((double)part)));
        worst[5] = fmax(worst[5], x > 1.1f ? relative(log_of(x), log((double)x)) : 0);
    }
    for (int i = 0; i < 6; i++)
        ck_assert_double_le(worst[i], 4e-7);
    ck_assert_float_eq(exp_of(-1000), 0);
    ck_assert_float_infinite(exp_of(1000));
    ck_assert_float_nan(exp_of(nanf("")));
    ck_assert_float_nan(tanh_of(nanf("")));
    ck_assert_float_eq(tanh_of(-1000), -1);
}
END_TEST

static double naive_activation(ActivationKind kind, double a, const double *x, int64_t i, int64_t c)
{
    double sum = 0;
    switch (kind) {
    case ACTIVATION_LEAKY: return x[i] > 0 ? x[i] : a * x[i];
    case ACTIVATION_ELU: return x[i] > 0 ? x[i] : a * expm1(x[i]);
    case ACTIVATION_SIGMOID: return 1 / (1 + exp(-x[i]));
    case ACTIVATION_TANH: return tanh(x[i]);
    case ACTIVATION_SOFTMAX: break;
    }
    for (int64_t k = 0; k < c; k++)
        sum += exp(x[i / c * c + k]);
    return exp(x[i]) / sum;
}

typedef struct {
    ActivationKind kind;
    double a, *x, *dy;
    FornixShape shape;
} NaiveActivation;

static double naive_activation_sum(const void *problem)
{
    const NaiveActivation *naive = (const NaiveActivation *)problem;
    double total = 0;
    for (int64_t i = 0; i < fornix_floats(naive->shape); i++)
        total +=
            naive->dy[i] * naive_activation(naive->kind, naive->a, naive->x, i, naive->shape.c);
    return total;
}

static void check_activation(ActivationKind kind, FornixShape s, int64_t gap)
{
    uint64_t seed = 3;
    Box x = box_random(s, gap, &seed), dy = box_random(s, 0, &seed);
    Box y[2] = {box_new(s, 0), box_new(s, gap)}, dx[2] = {box_new(s, gap), box_new(s, gap)};
    Box work = box_new(s, 0);
    for (int split = 0; split < 2; split++) {
        ActivationForward forward = {kind, 0.3f, box_view(&x), split ? y[1].tensor : work.tensor};
        RUN_GRAINS(activation_grains(s), split, activation_forward(&forward, begin, end));
        ActivationBackward backward = {kind, 0.3f, tensor_view(&forward.y), box_view(&dy),
                                       dx[split].tensor};
        RUN_GRAINS(activation_grains(s), split, activation_backward(&backward, begin, end));
    }
    box_check(&y[1]);
    box_check(&dx[0]);
    box_same(&dx[0], &dx[1]);
    NaiveActivation naive = {kind, (double)0.3f, box_doubles(&x), box_doubles(&dy), s};
    double *expected = doubles(fornix_floats(s));
    for (int64_t i = 0; i < fornix_floats(s); i++)
        expected[i] = naive_activation(kind, naive.a, naive.x, i, s.c);
    box_near(&work, expected, 1e-6);
    box_near(&y[1], expected, 1e-6);
    slopes_near(naive_activation_sum, &naive, naive.x, &dx[0], 1e-5);
    FornixTensor same = x.tensor;
    ActivationForward inplace = {kind, 0.3f, box_view(&x), same};
    RUN_GRAINS(activation_grains(s), 0, activation_forward(&inplace, begin, end));
    box_near(&x, expected, 1e-6);
    Box *boxes[] = {&x, &dy, &y[0], &y[1], &dx[0], &dx[1], &work};
    for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++)
        box_free(boxes[i]);
    free(naive.x);
    free(naive.dy);
    free(expected);
}

START_TEST(activations)
{
    for (int kind = ACTIVATION_LEAKY; kind <= ACTIVATION_SOFTMAX; kind++)
        for (int64_t gap = 0; gap < 3; gap += 2)
            check_activation((ActivationKind)kind, test_shapes[_i], gap);
}
END_TEST

typedef struct {
    Pool pool;
    FornixShape in, out;
    double *x, *dy;
} NaivePool;

static double naive_pool_at(const NaivePool *naive, int64_t i)
{
    const Pool *pool = &naive->pool;
    FornixShape in = naive->in, out = naive->out;
    int64_t c = i % out.c, w = i / out.c % out.w, h = i / out.c / out.w % out.h;
    int64_t d = i / out.c / out.w / out.h % out.d, n = i / out.c / out.w / out.h / out.d;
    double best = -INFINITY, sum = 0, count = 0;
    for (int64_t a = 0; a < pool->kernel[0]; a++)
        for (int64_t b = 0; b < pool->kernel[1]; b++)
            for (int64_t e = 0; e < pool->kernel[2]; e++) {
                int64_t z = d * pool->stride[0] - pool->padding[0] + a;
                int64_t y = h * pool->stride[1] - pool->padding[1] + b;
                int64_t x = w * pool->stride[2] - pool->padding[2] + e;
                bool inside = z >= 0 && z < in.d && y >= 0 && y < in.h && x >= 0 && x < in.w;
                if (!inside && pool->pixels_alone)
                    continue;
                count++;
                if (!inside)
                    continue;
                double value = naive->x[(((n * in.d + z) * in.h + y) * in.w + x) * in.c + c];
                best = fmax(best, value);
                sum += value;
            }
    return pool->average ? sum / count : best;
}

static double naive_pool(const void *problem)
{
    const NaivePool *naive = (const NaivePool *)problem;
    double total = 0;
    for (int64_t i = 0; i < fornix_floats(naive->out); i++)
        total += naive->dy[i] * naive_pool_at(naive, i);
    return total;
}

static void check_pool(const Pool *pool, FornixShape in, int64_t gap)
{
    uint64_t seed = 11;
    FornixShape out = pool_output(pool, in);
    Box x = box_random(in, gap, &seed), dy = box_random(out, gap, &seed);
    void *winner = malloc((size_t)pool_winner_bytes(pool, in));
    Box y[2] = {box_new(out, gap), box_new(out, gap)}, dx[2] = {box_new(in, gap), box_new(in, gap)};
    for (int split = 0; split < 2; split++) {
        PoolForward forward = {box_view(&x), y[split].tensor, winner};
        RUN_GRAINS(pool_grains(pool, in), split, pool_forward(pool, &forward, begin, end));
        PoolBackward backward = {box_view(&dy), dx[split].tensor, winner, false};
        RUN_GRAINS(pool_grains(pool, in), split, pool_backward(pool, &backward, begin, end));
    }
    Box added = box_new(in, gap); /* to ones */
    for (int64_t i = 0; i < fornix_floats(in); i++)
        *box_at(&added, i) = 1;
    PoolBackward more = {box_view(&dy), added.tensor, winner, true};
    pool_backward(pool, &more, 0, pool_grains(pool, in));
    box_check(&added);
    for (int64_t i = 0; i < fornix_floats(in); i++)
        ck_assert_double_eq_tol(*box_at(&added, i), 1 + (double)*box_at(&dx[0], i), 2e-6);
    NaivePool naive = {*pool, in, out, box_doubles(&x), box_doubles(&dy)};
    double *expected = doubles(fornix_floats(out));
    for (int64_t i = 0; i < fornix_floats(out); i++)
        expected[i] = naive_pool_at(&naive, i);
    box_check(&y[0]);
    box_check(&dx[0]);
    box_same(&y[0], &y[1]);
    box_same(&dx[0], &dx[1]);
    box_near(&y[0], expected, 1e-6);
    slopes_near(naive_pool, &naive, naive.x, &dx[0], 1e-5);
    Box *boxes[] = {&x, &dy, &y[0], &y[1], &dx[0], &dx[1], &added};
    for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++)
        box_free(boxes[i]);
    free(winner);
    free(naive.x);
    free(naive.dy);
    free(expected);
}

START_TEST(pools)
{
    static const Pool tried[] = {
        {{2, 2, 2}, {2, 2, 2}, {0, 0, 0}, false, false},
        {{3, 3, 3}, {2, 2, 2}, {1, 1, 1}, false, false},
        {{1, 3, 2}, {1, 1, 3}, {0, 1, 1}, false, false},
        {{1, 2, 2}, {3, 3, 3}, {0, 0, 1}, false, false},
        {{2, 3, 3}, {1, 2, 1}, {1, 1, 1}, false, false},
    };
    static const FornixShape shapes[] = {{2, 6, 5, 7, 3}, {1, 4, 4, 4, 16}, {2, 3, 5, 4, 25}};
    Pool pool = tried[_i];
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (int kind = 0; kind < 3; kind++) {
            pool.average = kind > 0;
            pool.pixels_alone = kind > 1;
            check_pool(&pool, shapes[s], kind);
        }
}
END_TEST

START_TEST(pool_of_many_pixels)
{
    FornixShape in = {2, 1, 20, 18, 4};
    Pool pool = {{1, 16, 16}, {1, 2, 1}, {0, 0, 0}, false, false};
    ck_assert_int_eq(pool_winner_bytes(&pool, in), fornix_floats(pool_output(&pool, in)));
    check_pool(&pool, in, 0);
    pool.kernel[2] = 17;
    ck_assert_int_eq(pool_winner_bytes(&pool, in), 4 * fornix_floats(pool_output(&pool, in)));
    check_pool(&pool, in, 1);
}
END_TEST

START_TEST(pool_gives_ties_to_the_first)
{
    const float x[9] = {1, 5, 5, 5, 0, 5, 2, 5, 5}, dy[4] = {1, 10, 100, 1000};
    const float expected[9] = {0, 11, 0, 100, 0, 1000, 0, 0, 0};
    FornixShape in = {1, 1, 3, 3, 1}, out = {1, 1, 2, 2, 1};
    Pool pool = {{1, 2, 2}, {1, 1, 1}, {0, 0, 0}, false, false};
    float y[4], dx[9];
    uint8_t winner[4];
    PoolForward forward = {{in, 1, 3, 9, 9, x}, {out, 1, 2, 4, 4, y}, winner};
    PoolBackward backward = {{out, 1, 2, 4, 4, dy}, {in, 1, 3, 9, 9, dx}, winner, false};
    pool_forward(&pool, &forward, 0, pool_grains(&pool, in));
    pool_backward(&pool, &backward, 0, pool_grains(&pool, in));
    ck_assert_mem_eq(dx, expected, sizeof dx);
    ck_assert_int_eq(pool_output(&pool, (FornixShape){1, 1, 1, 3, 1}).h, 0);
}
END_TEST

static Suite *kernels_suite(void)
{
    Suite *suite = suite_create("kernels");
    TCase *layers = tcase_create("layers");
    tcase_add_loop_test(layers, norms, 0, SHAPE_COUNT);
    tcase_add_test(layers, norm_keeps_statistics);
    tcase_add_test(layers, functions_are_accurate);
    tcase_add_loop_test(layers, activations, 0, SHAPE_COUNT);
    tcase_add_loop_test(layers, pools, 0, 5);
    tcase_add_test(layers, pool_of_many_pixels);
    tcase_add_test(layers, pool_gives_ties_to_the_first);
    suite_add_tcase(suite, layers);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(kernels_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
