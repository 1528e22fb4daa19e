/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every node that the registry finds, tried on the examples of its own descriptor (trial.h), with
 * nothing written for any of them. */
#include <check.h>
#include <stdio.h>

#include "../src/trial.h"

static Registry *registry;
static const char *const *names;

START_TEST(tried)
{
    char told[8000] = "";
    TrialReport *report = trial_run(registry, names[_i], 2);
    for (int k = 0; k < report->finding_count; k++) {
        const TrialFinding *finding = &report->findings[k];
        size_t length = strlen(told);
        snprintf(told + length, sizeof told - length, "\n%s: %s\n  %.*s",
                 trial_check_name(finding->check), finding->text, (int)finding->length,
                 finding->line ? finding->line : "");
    }
    ck_assert_msg(report->finding_count == 0, "%s", told);
    trial_report_free(report);
}
END_TEST

/* A case for each node, so that a failure names it. */
static TCase *node_case(int index)
{
    TCase *tests = tcase_create(names[index]);
    tcase_set_timeout(tests, 300);
    tcase_add_loop_test(tests, tried, index, index + 1);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("nodes");
    registry = trial_registry();
    size_t count;
    names = registry_names(registry, &count);
    for (size_t index = 0; index < count; index++)
        suite_add_tcase(suite, node_case((int)index));
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    registry_free(registry);
    return failed > 0;
}
