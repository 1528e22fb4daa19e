/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A report made of a folder's files: all that they say, the worst first; no text becomes markup,
 * and no damage to any of them does more than leave something out. */
#include "report.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "file.h"
#include "html.h"
#include "plot.h"
#include "text.h"

static const char manifest[] =
    "{\"name\": \"a <graph>\", \"ended\": \"2020-01-02 03:04 UTC\", \"seconds\": 75.2,"
    " \"threads\": 2, \"fornix\": \"x\", \"isa\": \"v9\", \"memory\": 1234567890,"
    " \"settings\": [{\"name\": \"count\", \"value\": \"7\", \"doc\": \"how <many>\","
    " \"given\": true}],"
    " \"nodes\": ["
    "{\"id\": \"fit\", \"type\": \"train\", \"key\": \"k0\", \"seconds\": 12.5, \"cached\": true},"
    "{\"id\": \"made\", \"type\": \"add\", \"attributes\": {\"count\": \"7\"}, \"seconds\": 0},"
    "{\"id\": \"more\", \"type\": \"add\", \"attributes\": {\"count\": \"20\"}, \"inputs\": ["
    "  {\"port\": \"samples\", \"from\": \"more\"}]},"
    "{\"id\": \"scores[none]\", \"type\": \"evaluate_classification\", \"seconds\": 1,"
    " \"acknowledge\": \"tested on the <validation> part\", \"inputs\": []},"
    "{\"id\": \"scores[gan7]\", \"type\": \"evaluate_classification\", \"seconds\": 1,"
    " \"inputs\": [{\"port\": \"predictions\", \"from\": \"made\"}]},"
    "{\"id\": \"scores[gan-20]\", \"type\": \"evaluate_classification\", \"seconds\": 1,"
    " \"inputs\": [{\"port\": \"cut\", \"from\": \"scores[gan-20]\"},"
    "               {\"port\": \"predictions\", \"from\": \"more\"}]},"
    "{\"id\": \"verdict\", \"type\": \"compare\", \"attributes\": {\"baseline\": \"none\"},"
    " \"inputs\": [{\"port\": \"scores\", \"from\": \"scores[none]\"},"
    "              {\"port\": \"scores\", \"from\": \"scores[gan7]\"},"
    "              {\"port\": \"scores\", \"from\": \"scores[gan-20]\"}]}]}";

static const char final[] =
    "{\"fit\": {\"loss\": 1.5},"
    " \"scores[none]\": {\"auc\": 0.62, \"auc.low\": 0.41, \"auc.high\": 0.8, \"f1.low\": 0.5,"
    "  \"f1.low.low\": 0.1, \"f1.low.high\": 0.9, \"f1.high\": 0.75, \"confusion.low.low\": 3,"
    "  \"confusion.low.high\": 1, \"confusion.high.low\": 2, \"confusion.high.high\": 4,"
    "  \"clusters\": 10, \"samples\": 20, \"brier\": \"undefined\"},"
    " \"scores[gan7]\": {\"auc\": 0.875, \"auc.low\": 0.7, \"auc.high\": 0.95},"
    " \"scores[gan-20]\": {\"auc\": 0.6, \"auc.low\": 0.55, \"auc.high\": 0.7},"
    " \"verdict\": {\"difference.auc.gan-20\": -0.02, \"p.auc.gan-20\": 0.7, "
    "\"difference.auc.gan7\": 0.255,"
    "  \"difference.auc.gan7.low\": 0.1, \"difference.auc.gan7.high\": 0.4, \"p.auc.gan7\": "
    "0.012}}";

static const char lines[] =
    "{\"scores[none]\": [{\"text\": \"20 samples\", \"warning\": false},"
    "  {\"text\": \"AUC covers .5 & <b>\", \"warning\": true}],"
    " \"scores[gan7]\": [{\"text\": \"AUC covers .5 & <b>\", \"warning\": true}],"
    " \"verdict\": [{\"text\": \"2 arms; paired\", \"warning\": false},"
    "  {\"text\": \"  arm   AUC\", \"warning\": false},"
    "  {\"text\": \"  gan7: AUC is higher\", \"warning\": false}]}";

static const char curves[] =
    "{\"scores[none]\": {"
    " \"roc.high\": {\"columns\": [\"false_positive_rate\", \"sensitivity\", \"threshold\"],"
    "  \"rows\": [[0, 0, \"inf\"], [0.25, 0.5, 0.6], [1, 1, 0.1]]},"
    " \"reliability.high\": {\"columns\": [\"low\", \"high\", \"samples\", \"probability\","
    "  \"frequency\"], \"rows\": [[0, 0.1, 0, \"undefined\", \"undefined\"],"
    "  [0.1, 0.2, 8, 0.15, 0.25]]}}}";

static const char learnt[] = "{\"step\": 1, \"epoch\": 0.1, \"loss\": 2.5}\n"
                             "{\"step\": 2, \"loss\": 1.25, \"watch.dice\": 0.5}\n"
                             "{\"step\": 3, \"loss\": 1.5, \"wat";

static char folder[200];

static void put(const char *name, const char *text)
{
    FornixError error = {0};
    char *path = file_join(folder, name), *above = file_folder(path);
    ck_assert_msg(file_make_folders(above, &error) && file_write(path, text, strlen(text), &error),
                  "%s", error.text);
    mem_free(above);
    mem_free(path);
}

static void setup(void)
{
    const char *temporary = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/fornix-report.XXXXXX", temporary ? temporary : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    put("manifest.json", manifest);
    put("final.json", final);
    put("lines.json", lines);
    put("curves.json", curves);
    put("graph.xml", "<!-- Does <i>more</i> help?\n\n  Not told. -->\n<graph a=\"1\"/>");
    put("stages/fit/metrics.jsonl", learnt);
}

static void teardown(void)
{
    FornixError error = {0};
    file_remove(folder, &error);
}

static char *written(void)
{
    FornixError error = {0};
    ck_assert_msg(report_write(&(ReportRequest){.folder = folder}, &error), "%s", error.text);
    char *path = file_join(folder, "report.html");
    char *page = file_read(path, 1 << 22, NULL, &error);
    ck_assert_msg(page != NULL, "%s", error.text);
    mem_free(path);
    return page;
}

static size_t times(const char *page, const char *words)
{
    size_t count = 0;
    for (; (page = strstr(page, words)); page += strlen(words))
        count++;
    return count;
}

static bool in_order(const char *page, const char *const *words)
{
    for (; *words; words++) {
        const char *found = strstr(page, *words);
        if (!found) {
            fprintf(stderr, "not there, or too early: %s\n", *words);
            return false;
        }
        page = found + strlen(*words);
    }
    return true;
}

START_TEST(says_it_all)
{
    char *page = written();
    static const char *const order[] = {
        "<title>a &lt;graph&gt;</title>", "2020-01-02 03:04 UTC", "ran 75.2 s", "2 threads",
        /* what must not be missed */
        "<ul class=\"warnings\">", "acknowledged: tested on the &lt;validation&gt; part",
        /* asked, found, how sure */
        "Is any of 2 arms better than “none”?", "Does &lt;i&gt;more&lt;/i&gt; help?",
        "Higher AUC than “none”: gan7.", "<li>gan7: AUC is higher</li>", "10 subjects judged",
        "2 arms; paired", "inside the interval of none", "2 warnings",
        /* arms */
        "data-figure=\"forest\" data-of=\"auc\"", "data-rows=\"3\"", "baseline, covers chance",
        ".620 <span class=\"quiet\">[.410, .800]</span>", "gan7 ▲", ".255", "<b>.012</b>",
        "<b>scores[none]</b>, <b>scores[gan7]</b>: AUC covers .5 &amp; &lt;b&gt;",
        "data-figure=\"counts\" data-of=\"AUC\"", "data-figure=\"confusion\"",
        "data-figure=\"roc\" data-of=\"scores[none]\"", "data-figure=\"reliability\"",
        "data-figure=\"learning\" data-of=\"fit\"", "1.23 GB", "from the cache", "how &lt;many&gt;",
        "(given with -p)", "&lt;graph a=&quot;1&quot;/&gt;", NULL};
    ck_assert(in_order(page, order));
    ck_assert_uint_eq(times(page, "data-figure=\"learning\""), 2); /* loss and watch */
    ck_assert_ptr_null(strstr(page, "help? Not told"));            /* a second paragraph */
    ck_assert_uint_eq(times(page, "<details"), times(page, "</details>"));
    ck_assert_uint_eq(times(page, "<table"), times(page, "</table>"));
    ck_assert_uint_eq(times(page, "<tr>"), times(page, "</tr>"));
    ck_assert_uint_eq(times(page, "<figure "), times(page, "</figure>"));
    ck_assert_uint_eq(times(page, "<svg "), times(page, "</svg>"));
    ck_assert_uint_eq(times(page, "http:") + times(page, "https:"), 0);
    ck_assert_uint_eq(times(page, "<script"), 0);
    ck_assert_uint_eq(times(page, "nan") + times(page, "inf\""), 0);
    mem_free(page);
}
END_TEST

/* The curve goes from the baseline, which adds nothing, to the arms that add 7 and 20. */
START_TEST(counts_begin_at_the_baseline)
{
    put("final.json",
        "{\"scores[none]\": {\"auc\": 0.5}, \"scores[gan7]\": {\"auc\": 0.75},"
        " \"scores[gan-20]\": {\"auc\": 1}, \"verdict\": {\"difference.auc.gan7\": 0.25,"
        " \"difference.auc.gan-20\": 0.5, \"p.auc.gan7\": 0.5}}");
    char *page = written();
    char *figure = strstr(page, "data-figure=\"counts\"");
    ck_assert_ptr_nonnull(figure);
    *strstr(figure, "</figure>") = '\0';
    double x[4], y[4];
    size_t dots = 0;
    for (char *at = figure; (at = strstr(at, "<circle")) && dots < 4; at++, dots++)
        ck_assert_int_eq(
            sscanf(at, "<circle class=\"dot c0\" cx=\"%lf\" cy=\"%lf\"", &x[dots], &y[dots]), 2);
    ck_assert_uint_eq(dots, 3);
    ck_assert_double_eq_tol((x[1] - x[0]) / (x[2] - x[0]), 7.0 / 20, 1e-3);
    ck_assert_double_eq_tol((y[1] - y[0]) / (y[2] - y[0]), 0.5, 1e-3);
    mem_free(page);
    page = written();
    ck_assert_ptr_nonnull(strstr(page, "No evidence that any arm differs from “none”."));
    mem_free(page);
}
END_TEST

/* A generator's health: each kind on a scale of its own, with what is as in real samples. */
START_TEST(health_is_told)
{
    static const char *const order[] = {"watch.dice</figcaption>",
                                        "watch.likeness</figcaption>",
                                        "energy distance; 0: alike",
                                        "watch.likeness.diversity</figcaption>",
                                        "1: as diverse as real ones",
                                        "class=\"rule\"",
                                        ">low</text>",
                                        "watch.likeness.separation</figcaption>",
                                        "0: one class",
                                        NULL};
    put("stages/fit/metrics.jsonl",
        "{\"step\": 1, \"watch.dice\": 40, \"watch.likeness\": 0.5,"
        " \"watch.likeness.diversity\": 0.25, \"watch.likeness.diversity.low\": 0.75,"
        " \"watch.likeness.separation\": 0.5}\n");
    char *page = written();
    ck_assert(in_order(page, order));
    ck_assert_uint_eq(times(page, "data-figure=\"learning\""), 4);
    mem_free(page);
}
END_TEST

START_TEST(a_control_or_a_withheld_verdict_is_told)
{
    put("final.json", "{\"scores[none]\": {\"auc\": 0.5}, \"scores[gan7]\": {\"auc\": 0.75},"
                      " \"verdict\": {\"difference.auc.gan7\": 0.25, \"p.auc.gan7\": 0.001,"
                      " \"verdict.gan7\": \"undefined\", \"controls_failed\": 1,"
                      " \"against.noise.auc.gan7\": 0.125, \"against.noise.auc.gan7.low\": -0.25,"
                      " \"against.noise.auc.gan7.high\": 0.5, \"against_p.noise.auc.gan7\": 0.4}}");
    char *page = written();
    ck_assert_ptr_nonnull(strstr(page, "No verdict: it is withheld."));
    ck_assert_ptr_nonnull(strstr(page, "A control failed"));
    ck_assert_ptr_nonnull(strstr(page, "<td>noise.auc.gan7</td><td class=\"n\">.125 <span "
                                       "class=\"quiet\">[−.250, .500]</span></td><td class=\"n\">"
                                       ".400</td>"));
    ck_assert_ptr_null(strstr(page, "<td>noise.auc.gan7.low</td>"));
    ck_assert_ptr_null(strstr(page, "Higher AUC"));
    mem_free(page);
}
END_TEST

/* ---- Damage ------------------------------------------------------------------------------ */

static const char *const garbage[] = {
    "",
    "{",
    "[]",
    "null",
    "{\"nodes\": {}, \"scores[none]\": 7, \"fit\": [1]}",
    "{\"nodes\": [null, {\"id\": 7}, {\"id\": \"\", \"type\": \"x\"}, {\"id\": \"verdict\","
    " \"type\": \"compare\", \"inputs\": [{\"port\": \"scores\", \"from\": \"verdict\"}, 8]},"
    " {\"id\": \"../x\", \"type\": \"train\", \"seconds\": -1e999},"
    " {\"id\": \"s\", \"type\": \"evaluate_classification\", \"seconds\": \"long\"}]}",
    "{\"scores[none]\": [{\"text\": 5}, {\"warning\": true}, 3, null]}",
    "{\"scores[none]\": {\"roc.high\": {\"columns\": [\"sensitivity\", \"false_positive_rate\"],"
    " \"rows\": [[1], [\"x\", 1e308], 3, []]}, \"reliability.high\": {\"columns\": 4}}}",
    "{\"scores[none]\": {\"auc\": 1e308, \"auc.low\": -1e308, \"auc.high\": \"inf\","
    " \"f1.low\": 1, \"confusion.low.low\": -5}, \"scores[gan7]\": {\"auc\": \"undefined\"},"
    " \"verdict\": {\"difference.auc.gan7\": 1e300, \"difference.auc.gan7.low\": \"-inf\"}}",
};

static const char *const files[] = {"manifest.json", "final.json",  "lines.json",
                                    "curves.json",   "graph.dot",   "stages/fit/metrics.jsonl",
                                    "graph.xml",     "results.json"};

START_TEST(damage_leaves_something_out)
{
    size_t which = (size_t)_i % COUNT(garbage);
    const char *name = files[(size_t)_i / COUNT(garbage)], *text = garbage[which];
    FornixError error = {0};
    put(name, text);
    bool fine = report_write(&(ReportRequest){.folder = folder}, &error);
    if (!fine)
        ck_assert_msg(error.input && strstr(error.text, "final.json is damaged"), "%s: %s", name,
                      error.text);
    else
        ck_assert_msg(which > 3 || strcmp(name, "final.json") != 0, "final.json was taken for one");
    if (fine && which == 1 && strcmp(name, "lines.json") == 0) {
        char *page = written();
        ck_assert_ptr_nonnull(strstr(page, "lines.json is damaged"));
        mem_free(page);
    }
}
END_TEST

static void remove_final(void)
{
    char *path = file_join(folder, "final.json");
    ck_assert_int_eq(unlink(path), 0);
    mem_free(path);
}

START_TEST(a_sweep_damaged)
{
    FornixError error = {0};
    remove_final();
    static const char *const sweeps[] = {
        "{}",
        "{\"jobs\": [{\"axes\": {\"a\": 5}}, {\"job\": \"../..\", \"status\": \"done\"}, 3],"
        " \"comparisons\": [{}, {\"arms\": [{}, 4]}], \"summary\": [{\"metrics\": {\"m\": 1}}],"
        " \"controls\": [5]}"};
    put("results.json", sweeps[_i]);
    ck_assert_msg(report_write(&(ReportRequest){.folder = folder}, &error), "%s", error.text);
    put("results.json", "[");
    ck_assert(!report_write(&(ReportRequest){.folder = folder}, &error));
    ck_assert_ptr_nonnull(strstr(error.text, "damaged"));
}
END_TEST

/* A sweep whose arms were judged in one job, the run of which is the one above. */
static const char results[] =
    "{\"sweep\": \"s\", \"jobs\": [{\"job\": \"one\", \"axes\": {}, \"status\": \"done\","
    " \"stages\": 3, \"metrics\": {}}], \"comparisons\": [{\"scores\": \"scores[*]\","
    " \"subjects\": 10, \"arms\": ["
    " {\"arm\": \"none\", \"runs\": 1, \"verdict\": \"baseline\", \"figures\": {\"auc\":"
    "  {\"mean\": 0.5, \"low\": 0.375, \"high\": 0.625}}, \"scores\": [{\"job\": \"one\", "
    "\"node\": \"scores[none]\"}]},"
    " {\"arm\": \"gan7\", \"runs\": 1, \"verdict\": \"better\", \"figures\": {\"auc\":"
    "  {\"mean\": 0.75, \"p\": 0.01, \"difference\": {\"value\": 0.25, \"low\": 0.125,"
    "  \"high\": 0.5}}}, \"scores\": [{\"job\": \"one\", \"node\": \"scores[gan7]\"}]},"
    " {\"arm\": \"gan-20\", \"runs\": 1, \"verdict\": \"no evidence\", \"figures\": {\"auc\":"
    "  {\"mean\": 0.625, \"p\": 0.04, \"difference\": {\"value\": 0.125, \"low\": -0.25,"
    "  \"high\": 0.25}}}, \"against\": [{\"arm\": \"gan7\", \"figures\": {\"auc\": {\"p\": 0.01,"
    "  \"difference\": {\"value\": -0.125, \"low\": -0.25, \"high\": -0.0625}}}}], \"scores\": "
    "[{\"job\": \"one\", \"node\": \"scores[gan-20]\"}]}]}]}";

static const char pooled[] =
    "{\"comparisons\": [{\"none\": {\"confusion\": {\"columns\": [\"low\", \"high\"],"
    "  \"rows\": [[5, 1], [2, 1]]}, \"roc.high\": {\"columns\": [\"false_positive_rate\","
    "  \"sensitivity\"], \"rows\": [[0, 0], [0.5, 0.5], [1, 1]]}},"
    " \"gan7\": {\"confusion\": {\"columns\": [\"low\", \"high\"], \"rows\": [[4, 2], [1, 17]]},"
    "  \"roc.high\": {\"columns\": [\"false_positive_rate\", \"sensitivity\"],"
    "  \"rows\": [[0, 0], [0.25, 0.75], [1, 1]]},"
    "  \"precision_recall.low\": {\"columns\": [\"recall\", \"precision\"],"
    "  \"rows\": [[0.5, 1], [1, 0.25]]},"
    "  \"reliability.high\": {\"columns\": [\"low\", \"high\", \"samples\", \"probability\","
    "   \"frequency\"], \"rows\": [[0.1, 0.2, 8, 0.15, 0.25]]}}}]}";

static void put_sweep(void)
{
    remove_final();
    put("results.json", results);
    put("curves.json", pooled);
    put("jobs/one/manifest.json", manifest);
    put("jobs/one/final.json", final);
    put("jobs/one/lines.json", lines);
    put("jobs/one/curves.json", curves);
    put("jobs/one/stages/fit/metrics.jsonl", learnt);
}

START_TEST(a_sweep_says_it_all)
{
    static const char *const order[] = {
        "Is any of 2 arms better than “none”?", "Higher AUC: gan7.",
        "Above “none” in a figure, but no better than every null arm: gan-20.", "10 subjects",
        "data-figure=\"forest\"", "1 run, covers chance",
        ".500 <span class=\"quiet\">[.375, .625]</span>", "data-figure=\"nulls\"", "less “gan7”",
        "<td>gan-20</td><td class=\"n\"><b>−.125 <span class=\"quiet\">[−.250, −.062]</span> ▼</b>",
        /* seven and twenty synthetic samples, with the intervals of what they change */
        "data-figure=\"counts\" data-of=\"AUC less that of “none”\"", "synthetic samples added",
        "data-figure=\"confusion\" data-of=\"none\"", "data-figure=\"confusion\" data-of=\"gan7\"",
        ">17</text>", "data-figure=\"roc\" data-of=\"none\"",
        "data-figure=\"roc\" data-of=\"gan7\"", "grey: none",
        /* of the rarer class */
        "data-figure=\"precision\" data-of=\"gan7\"", "“low” right where named", "“low” found",
        "data-figure=\"reliability\" data-of=\"gan7\"", "8 samples", "<h2 id=\"example\"",
        "data-figure=\"learning\" data-of=\"fit\"", "how &lt;many&gt;", NULL};
    put_sweep();
    char *page = written();
    ck_assert(in_order(page, order));
    char *figure = strstr(page, "data-figure=\"counts\"");
    *strstr(figure, "</figure>") = '\0';
    ck_assert_uint_eq(times(figure, "<circle"), 3);
    ck_assert_uint_eq(times(figure, "class=\"band c0\""), 2); /* the baseline has no interval */
    mem_free(page);
}
END_TEST

/* All but results.json, by which the folder is a sweep's, may be gone or damaged. */
START_TEST(a_sweep_damaged_elsewhere)
{
    static const char *const others[] = {"curves.json", "jobs/one/manifest.json",
                                         "jobs/one/final.json", "jobs/one/curves.json"};
    put_sweep();
    put(others[(size_t)_i / COUNT(garbage)], garbage[(size_t)_i % COUNT(garbage)]);
    char *page = written();
    ck_assert_ptr_nonnull(strstr(page, "Higher AUC: gan7."));
    mem_free(page);
}
END_TEST

START_TEST(what_is_no_run)
{
    FornixError error = {0};
    ck_assert(!report_write(&(ReportRequest){.folder = "no such folder"}, &error));
    ck_assert(error.input && strstr(error.text, "no folder of a run"));
    char *stages = file_join(folder, "stages");
    error = (FornixError){0};
    ck_assert(!report_write(&(ReportRequest){.folder = stages}, &error));
    ck_assert(error.input && strstr(error.text, "no run and no sweep"));
    error = (FornixError){0};
    ck_assert(
        !report_write(&(ReportRequest){.folder = folder, .output = "no such/x.html"}, &error));
    ck_assert(!error.input && strlen(error.text) > 0);
    mem_free(stages);
}
END_TEST

/* ---- Ticks and numbers ------------------------------------------------------------------- */

START_TEST(ticks_are_round)
{
    static const struct {
        double low, high;
        int most, count, decimals;
        double first, step;
    } cases[] = {
        {0, 1, 6, 6, 1, 0, .2},      {.47, .83, 5, 4, 1, .5, .1},       {-3, 12, 5, 3, 0, 0, 5},
        {0, 2500, 6, 6, 0, 0, 500},  {1e-6, 9e-6, 5, 4, 6, 2e-6, 2e-6}, {0, 3, 12, 7, 1, 0, .5},
        {1e20, 1e20, 5, 0, 0, 0, 0}, {0, INFINITY, 5, 0, 0, 0, 0}};
    for (size_t k = 0; k < COUNT(cases); k++) {
        double ticks[TICKS_MOST];
        int decimals = 0;
        int count = plot_ticks((PlotAxis){.low = cases[k].low, .high = cases[k].high},
                               cases[k].most, ticks, &decimals);
        ck_assert_msg(count == cases[k].count, "case %zu: %d ticks", k, count);
        ck_assert_int_eq(decimals, cases[k].decimals);
        for (int i = 0; i < count; i++)
            ck_assert_double_eq_tol(ticks[i], cases[k].first + i * cases[k].step, 1e-12);
    }
}
END_TEST

START_TEST(axes_hold_all)
{
    const double values[] = {.31, NAN, .52, INFINITY, .33};
    PlotAxis axis = plot_axis(values, COUNT(values), false);
    ck_assert_double_eq_tol(axis.low, .3, 1e-12);
    ck_assert_double_eq_tol(axis.high, .6, 1e-12);
    ck_assert_double_eq(plot_axis(values, COUNT(values), true).low, 0);
    ck_assert_double_eq(plot_axis(values, 0, false).high, 1);
    const double one[] = {7, 7};
    axis = plot_axis(one, 2, false);
    ck_assert(axis.low < 7 && axis.high > 7);
}
END_TEST

START_TEST(numbers_in_one_hand)
{
    Text text = {0};
    html_interval(&text, -.25, NAN, NAN);
    text_add(&text, "|");
    html_figure(&text, NAN);
    text_add(&text, "|");
    html_seconds(&text, .0123);
    text_add(&text, "|");
    html_seconds(&text, 725);
    text_add(&text, "|");
    html_seconds(&text, 11110);
    text_add(&text, "|");
    html_bytes(&text, 999.6);
    text_add(&text, "|");
    html_count(&text, 1234567);
    text_add(&text, "|");
    html_count(&text, 1234);
    text_add(&text, "|");
    plot_number(&text, -.5, 1);
    ck_assert_str_eq(text.data, "−.250|–|12 ms|12 min 05 s|3 h 05 min|1.00 kB|1 234 567|1234|−.5");
    text_free(&text);
}
END_TEST

int main(void)
{
    TCase *run = tcase_create("run"), *looks = tcase_create("looks");
    tcase_add_checked_fixture(run, setup, teardown);
    tcase_add_test(run, says_it_all);
    tcase_add_test(run, counts_begin_at_the_baseline);
    tcase_add_test(run, health_is_told);
    tcase_add_test(run, a_control_or_a_withheld_verdict_is_told);
    tcase_add_loop_test(run, damage_leaves_something_out, 0, (int)(COUNT(files) * COUNT(garbage)));
    tcase_add_loop_test(run, a_sweep_damaged, 0, 2);
    tcase_add_test(run, a_sweep_says_it_all);
    tcase_add_loop_test(run, a_sweep_damaged_elsewhere, 0, 4 * (int)COUNT(garbage));
    tcase_add_test(run, what_is_no_run);
    tcase_add_test(looks, ticks_are_round);
    tcase_add_test(looks, axes_hold_all);
    tcase_add_test(looks, numbers_in_one_hand);
    Suite *suite = suite_create("report");
    suite_add_tcase(suite, run);
    suite_add_tcase(suite, looks);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
