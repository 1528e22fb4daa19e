/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A report is well-formed, says the worst first, and lets no text become markup. */
#include "report.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "file.h"

static const TableMetric metrics[] = {{"auc", .62, .41, .8, true},
                                      {"difference", -.1, -.3, .1, true},
                                      {"count<1>", NAN, 0, 0, false}};
static const TableLine lines[] = {{"class  n\nlow    4", false}, {"AUC covers .5 & <b>", true}};
static const char curves[] = "{\"step\": 1, \"epoch\": 0.1, \"loss\": 2.5}\n"
                             "{\"step\": 2, \"loss\": 1.25, \"watch.dice\": 0.5}\n"
                             "{\"step\": 3, \"loss\": 1.5, \"wat";
static const ReportNode nodes[] = {
    {.id = "fit", .type = "train", .seconds = 12.25, .cached = true, .curves = curves},
    {.id = "scores[smote]",
     .type = "evaluate_classification",
     .acknowledged = "tested on the validation part",
     .metrics = metrics,
     .metric_count = COUNT(metrics),
     .lines = lines,
     .line_count = COUNT(lines)}};
static const ReportFact facts[] = {{"threads", "4"}};

static char *written(const Report *report)
{
    static const char path[] = "test-report.html";
    FornixError error = {0};
    ck_assert_msg(report_write(path, report, &error), "%s", error.text);
    char *page = file_read(path, 1 << 20, NULL, &error);
    ck_assert_msg(page != NULL, "%s", error.text);
    remove(path);
    return page;
}

static size_t times(const char *page, const char *words)
{
    size_t count = 0;
    for (; (page = strstr(page, words)); page += strlen(words))
        count++;
    return count;
}

START_TEST(says_it_all)
{
    Report report = {"a <graph>", facts, COUNT(facts), nodes, COUNT(nodes), "<graph a=\"1\"/>"};
    char *page = written(&report);
    ck_assert_ptr_null(strstr(page, "<b>\n"));
    ck_assert_ptr_nonnull(strstr(page, "<title>a &lt;graph&gt;</title>"));
    const char *warning = strstr(page, "AUC covers .5 &amp; &lt;b&gt;");
    const char *leak = strstr(page, "acknowledged: tested on the validation part");
    const char *finding = strstr(page, "low    4");
    ck_assert(warning && leak && finding && warning < finding && leak < finding);
    ck_assert_ptr_nonnull(strstr(page, "count&lt;1&gt;</td><td class=\"number\">undefined"));
    ck_assert_ptr_nonnull(strstr(page, "&lt;graph a=&quot;1&quot;/&gt;"));
    ck_assert_ptr_nonnull(strstr(page, "from the cache"));
    ck_assert_uint_eq(times(page, "<figure>"), 2);
    ck_assert_ptr_nonnull(strstr(page, "loss <b>1.25</b>"));
    ck_assert_uint_eq(times(page, "<svg class=\"interval\""), 2);
    ck_assert_uint_eq(times(page, "<details>"), times(page, "</details>"));
    ck_assert_uint_eq(times(page, "<table>"), times(page, "</table>"));
    ck_assert_uint_eq(times(page, "<tr>"), times(page, "</tr>"));
    ck_assert_uint_eq(times(page, "http"), 0);
    mem_free(page);
}
END_TEST

/* What many nodes say is told once, and of a leak the line that says which. */
START_TEST(warnings_in_common)
{
    static const TableLine leak[] = {{"few", true},
                                     {"judges 2 of 2; acknowledged: so it is", true}};
    static const TableLine few[] = {{"few", true}};
    const ReportNode judged[] = {
        {.id = "a", .type = "t", .lines = leak, .line_count = 2, .acknowledged = "so it is"},
        {.id = "b", .type = "t", .lines = few, .line_count = 1}};
    Report report = {.title = "x", .nodes = judged, .node_count = 2};
    char *page = written(&report);
    ck_assert_ptr_nonnull(strstr(page, "<li><b>a</b>, <b>b</b>: few</li>\n"
                                       "<li><b>a</b>: judges 2 of 2; acknowledged: so it is</li>\n"
                                       "</ul>"));
    mem_free(page);
}
END_TEST

START_TEST(an_empty_run)
{
    Report report = {.title = "nothing"};
    char *page = written(&report);
    ck_assert_ptr_null(strstr(page, "Mind this"));
    ck_assert_ptr_null(strstr(page, "Findings"));
    mem_free(page);
}
END_TEST

START_TEST(a_folder_that_is_not_there)
{
    FornixError error = {0};
    ck_assert(!report_write("no such folder/report.html", &(Report){.title = "x"}, &error));
    ck_assert(strlen(error.text) > 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report");
    TCase *tests = tcase_create("report");
    tcase_add_test(tests, says_it_all);
    tcase_add_test(tests, warnings_in_common);
    tcase_add_test(tests, an_empty_run);
    tcase_add_test(tests, a_folder_that_is_not_there);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
