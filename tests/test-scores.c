/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scores that validation goes by: what a batch gives, however it is cut, and what rows become. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "scores.h"

enum { SAMPLES = 5, DEPTH = 3, SIDE = 4, PIXELS = DEPTH * SIDE * SIDE };

static Made made;

static void start(void)
{
    made_start(&made);
}

static void stop(void)
{
    made_stop(&made);
}

/* Runs the passes with these grains, each of them alone where `singly`. */
static void run(const FornixNode *node, const void *attrs, FornixStep *step, const int64_t *grains,
                int passes, bool singly)
{
    for (int pass = 0; pass < passes; pass++) {
        if (!singly)
            node->layer->forward(step, attrs, pass, 0, grains[pass]);
        for (int64_t i = grains[pass]; singly && i-- > 0;)
            node->layer->forward(step, attrs, pass, i, i + 1);
    }
}

/* The figures that rows of a metric become, with the subjects of a table. */
static void finish(const FornixNode *node, void *attrs, FornixView rows, const Cell *of,
                   Figures *figures)
{
    scores_finish(node, attrs, rows, made_table(&made, "table", of, rows.shape.n, 1, 2), figures);
}

static void assert_figure(const Figures *figures, const char *name, double wanted)
{
    double value = scores_figure(figures, name);
    ck_assert_msg(isnan(wanted) ? isnan(value) : fabs(value - wanted) < 1e-6, "%s is %g, not %g",
                  name, value, wanted);
}

/* Subject s/0 has two samples, one of them empty; s/3 has none of the class in either mask. */
static const Cell cells[SAMPLES] = {{.subject = "s/0", .label = 0, .part = FORNIX_VALIDATION},
                                    {.subject = "s/1", .label = 1, .part = FORNIX_VALIDATION},
                                    {.subject = "s/0", .label = 0, .part = FORNIX_VALIDATION},
                                    {.subject = "s/3", .label = 1, .part = FORNIX_VALIDATION},
                                    {.subject = "s/4", .label = 1, .part = FORNIX_VALIDATION}};

START_TEST(dice)
{
    static const int predicted[SAMPLES] = {8, 10, 4, 0, 0}, truth[SAMPLES] = {4, 10, 0, 0, 7};
    const FornixNode *node = made_node(&made, "dice_score");
    static float logits[SAMPLES * PIXELS * 2], mask[SAMPLES * PIXELS];
    float out[2][SAMPLES * 6], scratch[SAMPLES * DEPTH * 6], cut = 0;
    for (int i = 0; i < SAMPLES * PIXELS; i++) {
        logits[2 * i + 1] = i % PIXELS < predicted[i / PIXELS] ? 1.f : -1.f;
        mask[i] = (float)(i % PIXELS < truth[i / PIXELS]);
    }
    FornixView in[] = {view_of((FornixShape){SAMPLES, DEPTH, SIDE, SIDE, 2}, logits),
                       view_of((FornixShape){SAMPLES, DEPTH, SIDE, SIDE, 1}, mask)};
    for (int singly = 0; singly < 2; singly++) {
        memset(out[singly], 0xff, sizeof out[singly]);
        memset(scratch, 0xff, sizeof scratch);
        FornixTensor to = tensor_of((FornixShape){SAMPLES, 1, 1, 1, 6}, out[singly]);
        FornixStep step = {.in = in, .out = &to, .scratch = scratch, .opened = &cut};
        run(node, NULL, &step, (int64_t[]){SAMPLES * DEPTH, SAMPLES}, 2, singly);
    }
    ck_assert_mem_eq(out[0], out[1], sizeof out[0]);
    ck_assert(out[0][3] == 4 && out[0][4] == 8 && out[0][5] == 4);

    Figures figures = {0};
    void *attrs = mem_new(1, node->attrs_size); /* empty: skip, the first of the choices */
    finish(node, attrs, view_of((FornixShape){SAMPLES, 1, 1, 1, 6}, out[0]), cells, &figures);
    assert_figure(&figures, "watch.it", (2. * 4 / (12 + 4) + 1 + 0) / 3);
    assert_figure(&figures, "watch.it.iou", (4. / 12 + 1 + 0) / 3);
    figures_clear(&figures);
    mem_free(attrs);
}
END_TEST

START_TEST(accuracy)
{
    const FornixNode *node = made_node(&made, "accuracy_score");
    float logits[SAMPLES * 2] = {0, -1, 0, 1, 0, 3, 0, 2, 0, -2}, label[SAMPLES] = {0, 1, 0, 1, -1};
    float out[2][SAMPLES * 3];
    FornixView in[] = {view_of((FornixShape){SAMPLES, 1, 1, 1, 2}, logits),
                       view_of((FornixShape){SAMPLES, 1, 1, 1, 1}, label)};
    for (int singly = 0; singly < 2; singly++) {
        memset(out[singly], 0xff, sizeof out[singly]);
        FornixTensor to = tensor_of((FornixShape){SAMPLES, 1, 1, 1, 3}, out[singly]);
        FornixStep step = {.in = in, .out = &to};
        run(node, NULL, &step, (int64_t[]){SAMPLES}, 1, singly);
    }
    ck_assert_mem_eq(out[0], out[1], sizeof out[0]);

    Figures figures = {0};
    void *attrs = mem_new(1, node->attrs_size);
    FornixView rows = view_of((FornixShape){SAMPLES, 1, 1, 1, 3}, out[0]);
    finish(node, attrs, rows, cells, &figures);
    assert_figure(&figures, "watch.it", .75); /* one of two, and two of two */
    assert_figure(&figures, "watch.it.accuracy", .75);
    assert_figure(&figures, "watch.it.auc", .5); /* 1 and 2 above -1, below 3 */
    out[0][1] = NAN;
    finish(node, attrs, rows, cells, &figures);
    assert_figure(&figures, "watch.it", NAN);
    figures_clear(&figures);
    mem_free(attrs);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scores");
    TCase *tests = tcase_create("scores");
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, dice);
    tcase_add_test(tests, accuracy);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
