/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Losses and their gradients against naive double references. */
#include "kernels.h"

#include "../src/kernels/loss.h"

typedef struct {
    ClassLoss loss;
    double *x, *label, *row, *class_weight;
} NaiveClass;

static double softplus(double x)
{
    return fmax(x, 0) + log1p(exp(-fabs(x)));
}

/* Probability of channel k of pixel i, its logarithm, and whether the pixel is of its class. */
static double naive_probability(const NaiveClass *naive, int64_t i, int64_t k, double *logarithm)
{
    int64_t c = naive->loss.x.shape.c;
    const double *x = naive->x + i * c;
    double sum = 0;
    if (naive->loss.sigmoid) {
        *logarithm = -softplus(-x[k]);
        return exp(*logarithm);
    }
    for (int64_t j = 0; j < c; j++)
        sum += exp(x[j]);
    *logarithm = x[k] - log(sum);
    return exp(x[k]) / sum;
}

static bool naive_counts(const NaiveClass *naive, int64_t i)
{
    double label = naive->label[i];
    double limit = (double)(naive->loss.x.shape.c + naive->loss.sigmoid);
    return label >= 0 && label < limit && label == floor(label);
}

static double naive_entropy(const NaiveClass *naive)
{
    FornixShape s = naive->loss.x.shape;
    double total = 0, weight = 0, smoothing = naive->loss.smoothing;
    for (int64_t i = 0; i < fornix_pixels(s); i++) {
        double row = naive->row ? naive->row[i / sample_pixels(s)] : 1, mine = 1, sum = 0;
        if (!naive_counts(naive, i))
            continue;
        for (int64_t k = 0; k < s.c; k++) {
            double logarithm, w = naive->class_weight ? naive->class_weight[k] : 1;
            bool is = naive->label[i] == (double)(k + naive->loss.sigmoid);
            naive_probability(naive, i, k, &logarithm);
            double target = (1 - smoothing) * is + smoothing / 2;
            if (naive->loss.sigmoid)
                sum += (softplus(naive->x[i * s.c + k]) - target * naive->x[i * s.c + k]) /
                       (double)s.c;
            else
                sum -= w * logarithm * ((1 - smoothing) * is + smoothing / (double)s.c);
            mine = is && !naive->loss.sigmoid ? w : mine;
        }
        total += row * sum;
        weight += row * mine;
    }
    return weight > 0 ? total / weight : 0;
}

static double naive_dice(const NaiveClass *naive)
{
    FornixShape s = naive->loss.x.shape;
    int64_t groups = naive->loss.per_sample ? s.n : 1, pixels = fornix_pixels(s) / groups;
    double total = 0, count = 0;
    for (int64_t g = 0; g < groups; g++)
        for (int64_t k = 0; k < s.c; k++) {
            double both = 0, each = 0, logarithm;
            for (int64_t i = g * pixels; i < (g + 1) * pixels; i++) {
                bool is = naive->label[i] == (double)(k + naive->loss.sigmoid);
                double row = naive->row ? naive->row[i / sample_pixels(s)] : 1;
                double p = naive_probability(naive, i, k, &logarithm);
                row = naive->loss.per_sample ? 1 : row;
                both += naive_counts(naive, i) ? row * p * is : 0;
                each += naive_counts(naive, i) ? row * (p + is) : 0;
            }
            double v = naive->loss.per_sample && naive->row ? naive->row[g] : 1;
            total += v * (2 * both + naive->loss.smooth) / (each + naive->loss.smooth);
            count += v;
        }
    return 1 - total / count;
}

static double naive_class(const void *problem)
{
    const NaiveClass *naive = (const NaiveClass *)problem;
    return naive->loss.entropy_share * naive_entropy(naive) +
           (naive->loss.dice_share != 0 ? naive->loss.dice_share * naive_dice(naive) : 0);
}

/* Labels of all classes, one in nine ignored and a few that are no class. */
static Box random_labels(FornixShape shape, int64_t classes, uint64_t *seed)
{
    shape.c = 1;
    Box label = box_random(shape, 2, seed);
    for (int64_t i = 0; i < fornix_pixels(shape); i++) {
        float drawn = (float)(int64_t)((draw(seed) + 1) / 2 * (double)classes);
        *box_at(&label, i) = i % 9 == 4 ? -1 : i % 31 == 30 ? (float)classes : drawn;
    }
    return label;
}

static Box positive(FornixShape shape, uint64_t *seed)
{
    Box box = box_random(shape, 0, seed);
    for (int64_t i = 0; i < fornix_floats(shape); i++)
        *box_at(&box, i) = fabsf(*box_at(&box, i)) + 0.1f;
    return box;
}

static void check_class_loss(ClassLoss loss, FornixShape s, bool weighted)
{
    uint64_t seed = 5;
    Box x = box_random(s, 3, &seed), label = random_labels(s, s.c + loss.sigmoid, &seed);
    Box row = positive((FornixShape){s.n, 1, 1, 1, 1}, &seed);
    Box class_weight = positive((FornixShape){1, 1, 1, 1, s.c}, &seed);
    Box dx[2] = {box_new(s, 1), box_new(s, 1)};
    Box saved = box_new((FornixShape){1, 1, 1, 1, class_loss_saved(s)}, 0);
    Box scratch = box_new((FornixShape){1, 1, 1, 1, class_loss_scratch(s)}, 0);
    float value[2];
    bool classes_weigh = weighted && !loss.sigmoid;
    loss.x = box_view(&x);
    loss.label = box_view(&label);
    loss.row_weight = weighted ? box_view(&row) : (FornixView){.data = NULL};
    loss.class_weight = classes_weigh ? class_weight.tensor.data : NULL;
    loss.saved = saved.tensor.data;
    loss.scratch = scratch.tensor.data;
    for (int split = 0; split < 2; split++) {
        loss.value = &value[split];
        for (int pass = 0; pass < LOSS_FORWARD_PASSES; pass++)
            RUN_GRAINS(loss_grains(s, pass), split, class_loss_forward(&loss, pass, begin, end));
        RUN_GRAINS(loss_grains(s, 0), split,
                   class_loss_backward(&loss, 1, &dx[split].tensor, begin, end));
    }
    box_check(&dx[0]);
    box_check(&saved);
    box_check(&scratch);
    box_same(&dx[0], &dx[1]);
    ck_assert_mem_eq(&value[0], &value[1], sizeof value[0]);
    NaiveClass naive = {loss, box_doubles(&x), box_doubles(&label),
                        weighted ? box_doubles(&row) : NULL,
                        classes_weigh ? box_doubles(&class_weight) : NULL};
    ck_assert_double_le(fabs(naive_class(&naive) - (double)value[0]), 2e-6);
    slopes_near(naive_class, &naive, naive.x, &dx[0], 2e-4);
    Box *boxes[] = {&x, &label, &row, &class_weight, &dx[0], &dx[1], &saved, &scratch};
    for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++)
        box_free(boxes[i]);
    free(naive.x);
    free(naive.label);
    free(naive.row);
    free(naive.class_weight);
}

START_TEST(class_losses)
{
    static const FornixShape shapes[] = {
        {2, 3, 4, 5, 4}, {9, 1, 1, 1, 2}, {3, 1, 7, 9, 1}, {2, 1, 70, 80, 3}, {2, 1, 1, 40, 37}};
    FornixShape s = shapes[_i];
    for (int k = 0; k < 16; k++) {
        ClassLoss loss = {.sigmoid = k & 1,
                          .per_sample = k & 2,
                          .entropy_share = k & 4 ? 0.7 : 0,
                          .dice_share = k & 4 && k & 8 ? 0 : 1.3,
                          .smooth = k & 1 ? 1 : 1e-3,
                          .smoothing = k & 8 ? 0.1 : 0};
        check_class_loss(loss, s, k & 8 || k & 2);
    }
}
END_TEST

START_TEST(class_loss_of_nothing_is_zero)
{
    FornixShape s = {1, 1, 1, 3, 2};
    const float x[6] = {1, 2, 3, -1, 0, 5}, label[3] = {-1, nanf(""), 1.5f};
    float value, saved[8], dx[6];
    double scratch[16];
    ck_assert_int_le(class_loss_saved(s), 8);
    ck_assert_int_le(class_loss_scratch(s), 32);
    ClassLoss loss = {.entropy_share = 1,
                      .dice_share = 1,
                      .smooth = 1,
                      .x = {s, 2, 6, 6, 6, x},
                      .label = {{1, 1, 1, 3, 1}, 1, 3, 3, 3, label},
                      .value = &value,
                      .saved = saved,
                      .scratch = (float *)(void *)scratch};
    FornixTensor gradient = {s, 2, 6, 6, 6, dx};
    class_loss_forward(&loss, 0, 0, loss_grains(s, 0));
    class_loss_forward(&loss, 1, 0, 1);
    class_loss_backward(&loss, 1, &gradient, 0, loss_grains(s, 0));
    ck_assert_float_eq(value, 0);
    for (int i = 0; i < 6; i++)
        ck_assert_float_eq(dx[i], 0);
}
END_TEST

typedef struct {
    PointLoss loss;
    double *x, *target, *row;
} NaivePoint;

static double naive_point(const void *problem)
{
    const NaivePoint *naive = (const NaivePoint *)problem;
    FornixShape s = naive->loss.x.shape;
    double total = 0, count = 0;
    for (int64_t i = 0; i < fornix_floats(s); i++) {
        double row = naive->row[i / s.c / sample_pixels(s)], x = naive->x[i];
        double target = naive->target ? naive->target[i] : (double)naive->loss.constant;
        if (naive->loss.kind == POINT_ENTROPY) {
            target = (1 - naive->loss.smoothing) * target + naive->loss.smoothing / 2;
            total += row * (softplus(x) - x * target);
        } else {
            double off = fabs(x - target);
            total += row * (naive->loss.kind == POINT_SQUARE ? off * off : off);
        }
        count += row;
    }
    return total / count;
}

static void check_point_loss(PointLossKind kind, FornixShape s, int64_t gap, bool constant)
{
    uint64_t seed = 9;
    Box x = box_random(s, gap, &seed), target = box_random(s, 0, &seed);
    Box row = positive((FornixShape){s.n, 1, 1, 1, 1}, &seed);
    Box dx[2] = {box_new(s, gap), box_new(s, gap)};
    Box scratch = box_new((FornixShape){1, 1, 1, 1, point_loss_scratch(s)}, 0);
    float value[2];
    PointLoss loss = {.kind = kind,
                      .smoothing = 0.2,
                      .constant = 0.75f,
                      .x = box_view(&x),
                      .target = constant ? (FornixView){.data = NULL} : box_view(&target),
                      .row_weight = box_view(&row),
                      .scratch = scratch.tensor.data};
    for (int split = 0; split < 2; split++) {
        loss.value = &value[split];
        for (int pass = 0; pass < LOSS_FORWARD_PASSES; pass++)
            RUN_GRAINS(loss_grains(s, pass), split, point_loss_forward(&loss, pass, begin, end));
        RUN_GRAINS(loss_grains(s, 0), split,
                   point_loss_backward(&loss, 1, &dx[split].tensor, begin, end));
    }
    NaivePoint naive = {loss, box_doubles(&x), constant ? NULL : box_doubles(&target),
                        box_doubles(&row)};
    box_check(&dx[0]);
    box_check(&scratch);
    box_same(&dx[0], &dx[1]);
    ck_assert_mem_eq(&value[0], &value[1], sizeof value[0]);
    ck_assert_double_le(fabs(naive_point(&naive) - (double)value[0]), 2e-6);
    slopes_near(naive_point, &naive, naive.x, &dx[0], 1e-5);
    Box *boxes[] = {&x, &target, &row, &dx[0], &dx[1], &scratch};
    for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++)
        box_free(boxes[i]);
    free(naive.x);
    free(naive.target);
    free(naive.row);
}

START_TEST(point_losses)
{
    for (int kind = POINT_ENTROPY; kind <= POINT_ABSOLUTE; kind++)
        for (int64_t gap = 0; gap < 2; gap++)
            for (int constant = 0; constant < 2; constant++)
                check_point_loss((PointLossKind)kind, test_shapes[_i], gap, constant);
}
END_TEST

static Suite *losses_suite(void)
{
    Suite *suite = suite_create("losses");
    TCase *losses = tcase_create("losses");
    tcase_add_loop_test(losses, class_losses, 0, 5);
    tcase_add_test(losses, class_loss_of_nothing_is_zero);
    tcase_add_loop_test(losses, point_losses, 0, SHAPE_COUNT);
    suite_add_tcase(suite, losses);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(losses_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
