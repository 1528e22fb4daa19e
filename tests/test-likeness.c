/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a generator is watched: the figures of likeness_score beside scipy's, and what they say of a
 * generator that repeats itself, whose classes are one, or that only remembers. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "expand.h"
#include "scores.h"
#include "values/likeness-values.h"

enum { SIDE = WIDTH / 2, FEATURES = SIDE - 1 };

static Made made;
static float changed[SAMPLES][WIDTH];

static void start(void)
{
    made_start(&made);
    memcpy(changed, rows, sizeof changed);
}

static void stop(void)
{
    made_stop(&made);
}

/* A table of as many rows, which only lends their subjects. */
static const FornixTable *table_make(void)
{
    FornixBuild *build = build_new(
        made.samples, &(BuildRequest){.id = "rows", .mistake = made_mistake, .context = &made});
    for (int k = 0; k < SAMPLES; k++) {
        char subject[32];
        snprintf(subject, sizeof subject, "made/%d", k);
        fornix_add_row(build, &(FornixRow){subject, "", FORNIX_REAL_SAMPLE, FORNIX_TRAIN});
    }
    ck_assert(build_rows(build));
    const FornixTable *table = build_table(build);
    build_free(build);
    return table;
}

/* The figures of what stands in `changed`, classes by number, with that many compared. */
static void judge(const char *most, Figures *figures)
{
    const FornixNode *node = made_node(&made, "likeness_score");
    char text[200];
    snprintf(text, sizeof text, "<likeness_score id=\"it\" classes=\"2\" most=\"%s\"/>", most);
    Diag *diag = diag_new();
    const Element *element = expand_fragment("<case>", text, diag, made.arena)->first;
    void *attrs = attr_read(node, element, NULL, diag, made.arena);
    ck_assert_ptr_nonnull(attrs);
    scores_finish(node, attrs, view_of((FornixShape){SAMPLES, 1, 1, 1, WIDTH}, changed[0]),
                  table_make(), figures);
    diag_free(diag);
}

static double judged(const char *name)
{
    Figures figures = {0};
    judge("500", &figures);
    double value = scores_figure(&figures, name);
    figures_clear(&figures);
    return value;
}

START_TEST(as_scipy)
{
    Figures figures = {0};
    judge("500", &figures);
    for (size_t k = 0; k < COUNT(figures_wanted); k++) {
        double found = scores_figure(&figures, figures_wanted[k].name);
        ck_assert_msg(fabs(found - figures_wanted[k].value) < 1e-12, "%s is %.17g, not %.17g",
                      figures_wanted[k].name, found, figures_wanted[k].value);
    }
    figures_clear(&figures);
}
END_TEST

START_TEST(repeats_itself)
{
    for (int k = 0; k < SAMPLES; k++)
        for (int f = 0; f < FEATURES; f++)
            changed[k][SIDE + 1 + f] = 5 * changed[k][SIDE];
    ck_assert_double_eq(judged("watch.it.diversity"), 0);
    ck_assert_double_gt(judged("watch.it.separation"), 1);
}
END_TEST

START_TEST(one_class)
{
    for (int k = 0; k < SAMPLES; k++)
        for (int f = 0; f < FEATURES; f++)
            changed[k][SIDE + 1 + f] -= 2 * changed[k][SIDE];
    ck_assert_double_lt(fabs(judged("watch.it.separation")), .05);
    ck_assert_double_gt(judged("watch.it"), figures_wanted[0].value + .5);
}
END_TEST

START_TEST(remembers)
{
    for (int k = 0; k < SAMPLES; k++)
        memcpy(&changed[k][SIDE], &changed[k][0], SIDE * sizeof(float));
    ck_assert_double_eq(judged("watch.it.nearest"), 0);
    ck_assert_double_eq_tol(judged("watch.it.diversity"), 1, 1e-12);
    ck_assert_double_lt(judged("watch.it"), 0); /* pairs with a copy are nearer than others */
}
END_TEST

START_TEST(nothing_to_compare)
{
    for (int k = 0; k < SAMPLES; k++)
        changed[k][SIDE] = 0;
    ck_assert(isnan(judged("watch.it.diversity.class_1")));
    ck_assert(isnan(judged("watch.it.separation")));
    ck_assert(isfinite(judged("watch.it")));
    ck_assert(isfinite(judged("watch.it.diversity")));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("likeness");
    TCase *tests = tcase_create("likeness");
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, as_scipy);
    tcase_add_test(tests, repeats_itself);
    tcase_add_test(tests, one_class);
    tcase_add_test(tests, remembers);
    tcase_add_test(tests, nothing_to_compare);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
