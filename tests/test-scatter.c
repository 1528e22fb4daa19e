/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Principal axes of points whose axes are known: a cross of long and short arms, turned. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "distance.h"

enum { FEATURES = 3, POINTS = 6 };

/* At right angles, of length 1; the first has the longest arms. */
static const double arms[FEATURES][FEATURES] = {
    {2 / 3., -2 / 3., 1 / 3.}, {1 / 3., 2 / 3., 2 / 3.}, {-2 / 3., -1 / 3., 2 / 3.}};
static const double length[FEATURES] = {5, 3, 1}, centre[FEATURES] = {10, -20, 30};

static void cross(double *at)
{
    for (int p = 0; p < POINTS; p++)
        for (int f = 0; f < FEATURES; f++)
            at[p * FEATURES + f] = centre[f] + (p % 2 ? -1 : 1) * length[p / 2] * arms[p / 2][f];
}

START_TEST(the_arms_of_a_cross)
{
    double at[POINTS * FEATURES];
    cross(at);
    PrincipalAxes axes = principal_axes(&(Cloud){POINTS, FEATURES, at}, FEATURES);
    for (int axis = 0; axis < FEATURES; axis++) {
        double along = 0, heaviest = 0;
        ck_assert_double_eq_tol(axes.mean[axis], centre[axis], 1e-12);
        for (int f = 0; f < FEATURES; f++) {
            double part = axes.direction[axis * FEATURES + f];
            along += part * arms[axis][f];
            heaviest = fabs(part) > fabs(heaviest) + 1e-9 ? part : heaviest;
        }
        ck_assert_double_eq_tol(fabs(along), 1, 1e-9);
        ck_assert(heaviest > 0);
        for (int p = 0; p < POINTS; p++)
            ck_assert_double_eq_tol(fabs(principal_coordinate(&axes, axis, at + p * FEATURES)),
                                    p / 2 == axis ? length[axis] : 0, 1e-9);
    }
    principal_axes_free(&axes);
}
END_TEST

/* More axes than features, or one point: the rest is 0, as is every coordinate along it. */
START_TEST(too_little_for_axes)
{
    const double line[] = {1, 2, 4};
    PrincipalAxes axes = principal_axes(&(Cloud){3, 1, line}, 2);
    ck_assert_double_eq_tol(axes.direction[0], 1, 1e-12);
    ck_assert_double_eq(axes.direction[1], 0);
    ck_assert_double_eq(principal_coordinate(&axes, 1, line), 0);
    principal_axes_free(&axes);
    axes = principal_axes(&(Cloud){1, 3, line}, 2);
    ck_assert_double_eq(principal_coordinate(&axes, 0, line), 0);
    principal_axes_free(&axes);
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("principal axes");
    tcase_add_test(cases, the_arms_of_a_cross);
    tcase_add_test(cases, too_little_for_axes);
    Suite *suite = suite_create("scatter");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
