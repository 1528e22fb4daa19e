/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plugins with one fault each (tests/faults) are caught, by the check that is meant to and in words
 * that tell what to mend; their innocent twins pass; `fornix test-node` ends as it says. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "../src/base.h"
#include "../src/trial_parts.h"

static const struct {
    const char *name;
    TrialCheck check;
    const char *words, *example; /* which example shows it: a part of its line; NULL: none */
} faults[] = {
    {"adds_gradient", TRIAL_WRITES, "backward does not write all of the gradient of input 'x'",
     "x"},
    {"allocates", TRIAL_MEMORY, "forward allocates memory in pass 0: take scratch", "x=8"},
    {"default_out_of_range", TRIAL_DESCRIPTOR, "scale is '11', not 0 to 10", NULL},
    {"curve_as_it_comes", TRIAL_TABLE, "curve 'sums' is another one when it is made again", NULL},
    {"crashes_early", TRIAL_ENDS, "its file, while it is loaded", NULL},
    {"fused_wrongly", TRIAL_FUSED, "of the chain", NULL},
    {"grain_dependent", TRIAL_GRAINS, "grain by grain, the last first", "x=8"},
    {"hidden_state", TRIAL_REPEATS, "does it keep something between runs?", "x=8"},
    {"finds_nothing", TRIAL_TABLE, "it judges and finds nothing: fornix_metric says what", NULL},
    {"growing", TRIAL_UPDATE, "its factor is 2 in step 1 of", NULL},
    {"leaks", TRIAL_MEMORY, "and there is no close to free them", "x=8"},
    {"missing_doc", TRIAL_DESCRIPTOR, "port 'x' has no doc", NULL},
    {"gradient_not_added", TRIAL_GRAINS, "where it adds to", "x=8"},
    {"gradient_not_in_place", TRIAL_GRAINS, "in shared memory", "x=8"},
    {"not_in_place", TRIAL_GRAINS, "in shared memory", "x=8"},
    {"out_of_bounds", TRIAL_WRITES, "forward writes out of bounds: float 192", "x=8"},
    {"reads_beyond", TRIAL_TABLE, "read writes out of bounds: float 6 from the", NULL},
    {"reads_otherwise", TRIAL_TABLE, "has other numbers when it is read again", NULL},
    {"reads_part", TRIAL_TABLE, "read leaves number 5 of 'feature' unwritten", NULL},
    {"refuses_silently", TRIAL_TABLE, "columns fails without a word: fornix_build_fail", NULL},
    {"stale_scratch", TRIAL_REPEATS, "it reads what it did not write", "x=8"},
    {"sums_as_it_comes", TRIAL_TABLE, "figure 'sum' is another one when it is made again", NULL},
    {"thread_dependent", TRIAL_THREADS, "other bits on 4 threads than on one", "x=8"},
    {"unsaved_input", TRIAL_ENDS, "does it read input 'x' (not FORNIX_SAVED)", "x=8"},
    {"unwritten", TRIAL_WRITES, "forward does not write all of output 'y': number 23 ", "x=8"},
    {"writes_input", TRIAL_WRITES, "forward writes input 'x', which it may only read", "x=8"},
    {"uphill", TRIAL_UPDATE, "after 50 steps down a bowl it is not lower", NULL},
    {"unwanted_gradient", TRIAL_ENDS, "write the gradient of input 'x' (not wanted)", "x=8"},
    {"too_new", TRIAL_DESCRIPTOR, "undefined symbol: fornix_newer (is it made for a newer", NULL},
    {"wrong_abi", TRIAL_DESCRIPTOR, "it was built for ABI", NULL},
    {"wrong_factor", TRIAL_GRADIENT, "input 'x' is", "scale=\"2\""},
    {"wrong_sign", TRIAL_GRADIENT, "its sign is wrong", "x=8"},
    {"wrong_tangent", TRIAL_TANGENT, "(under a <gradient>) is", "x=8"},
};

/* Those that do as they say. */
static const char *const innocent[] = {"innocent", "fused_rightly"};

static TrialReport *report_of(Registry *registry, const char *name)
{
    char path[200];
    snprintf(path, sizeof path, "tests/faults/%s.so", name);
    registry_add_file(registry, path);
    return trial_run(registry, name, 2);
}

static bool is_expected(const TrialFinding *finding, int fault)
{
    const char *example = faults[fault].example;
    char line[200] = "";
    if (finding->line)
        snprintf(line, sizeof line, "%.*s", (int)finding->length, finding->line);
    return finding->check == faults[fault].check && strstr(finding->text, faults[fault].words) &&
           (example ? strstr(line, example) != NULL : !finding->line);
}

START_TEST(caught)
{
    if (faults[_i].check == TRIAL_MEMORY && !memory_seen()) {
        printf("test-trial: %s is left out: malloc can't be seen here\n", faults[_i].name);
        return;
    }
    Registry *registry = trial_registry();
    TrialReport *report = report_of(registry, faults[_i].name);
    int found = 0;
    for (int k = 0; k < report->finding_count; k++)
        found += is_expected(&report->findings[k], _i);
    ck_assert_msg(found > 0, "%s: %d findings, the first is %s: %s", faults[_i].name,
                  report->finding_count,
                  report->finding_count ? trial_check_name(report->findings[0].check) : "none",
                  report->finding_count ? report->findings[0].text : "");
    trial_report_free(report);
    registry_free(registry);
}
END_TEST

START_TEST(passed)
{
    Registry *registry = trial_registry();
    TrialReport *report = report_of(registry, innocent[_i]);
    ck_assert_msg(report->finding_count == 0, "%s: %s", innocent[_i], report->findings[0].text);
    unsigned wanted = 1u << TRIAL_DESCRIPTOR | 1u << TRIAL_EXAMPLE | 1u << TRIAL_ENDS |
                      1u << TRIAL_WRITES | 1u << TRIAL_REPEATS | 1u << TRIAL_GRAINS |
                      1u << TRIAL_GRADIENT | 1u << TRIAL_THREADS | 1u << TRIAL_SHARED;
    if (_i == 1)
        wanted |= 1u << TRIAL_FUSED;
    if (memory_seen())
        wanted |= 1u << TRIAL_MEMORY;
    ck_assert_uint_eq(report->checked, wanted);
    ck_assert_uint_eq(report->unfinished, 0);
    trial_report_free(report);
    registry_free(registry);
}
END_TEST

/* ---- The command ---- */

static const struct {
    const char *arguments;
    int code;
    const char *words;
} commands[] = {
    {"tests/faults/innocent.so", 0, "gradient   fine: backward is the slope of forward"},
    {"relu tests/faults/innocent.so", 0, "relu "},
    {"tests/faults/wrong_sign.so", 1, "in the example: x=8,1,2,3,4 | <wrong_sign x=\"x\"/>"},
    {"relu tests/faults/wrong_sign.so", 1, "gradient   FAILED: the gradient of input 'x'"},
    {"tests/faults/unsaved_input.so", 1, "gradient   not finished: "},
    {"tests/faults/crashes_early.so", 1, "ends       FAILED: crashed"},
    {"tests/faults/wrong_abi.so", 1, "descriptor FAILED"},
    {"tests/faults/table_rightly.so", 0, "table      fine: of the same tables it makes the same"},
    {"features", 0,
     "table      not tried: TCGA_InfoWithGrade.csv, which its example names, is not"},
    {"mean_scores", 0, "table      not tried: it takes what another node found"},
    {"tests/faults/nothing.so", 2, "there is no file 'tests/faults/nothing.so'"},
    {"relu rellu", 2, "there is no node 'rellu'; did you mean 'relu'?"},
    {"src/.libs/libfornix.so", 2, "has no symbol 'fornix_node'"},
    {"Makefile.am/", 2, "a plugin is a file NAME.so"},
    {"--all", 2, "usage: fornix test-node"},
};

START_TEST(command)
{
    char line[300], told[20000];
    snprintf(line, sizeof line, "src/fornix test-node %s 2>&1", commands[_i].arguments);
    FILE *out = popen(line, "r");
    ck_assert_ptr_nonnull(out);
    told[fread(told, 1, sizeof told - 1, out)] = '\0';
    int status = pclose(out);
    ck_assert(WIFEXITED(status));
    ck_assert_msg(WEXITSTATUS(status) == commands[_i].code, "%s: ended with %d\n%s", line,
                  WEXITSTATUS(status), told);
    ck_assert_msg(strstr(told, commands[_i].words) != NULL, "%s\nwanted: %s\ngot: %s", line,
                  commands[_i].words, told);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trial");
    TCase *tests = tcase_create("trial");
    tcase_set_timeout(tests, 300);
    tcase_add_loop_test(tests, caught, 0, COUNT(faults));
    tcase_add_loop_test(tests, passed, 0, COUNT(innocent));
    tcase_add_loop_test(tests, command, 0, COUNT(commands));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
