/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers read strictly, names suggested by nearness, memory checked, mistakes shown in place. */
#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "base.h"
#include "diag.h"
#include "mend.h"
#include "text.h"

START_TEST(ints)
{
    static const char *const wrong[] = {
        "", " 1", "1 ", "+", "-", "1.0", "0x1", "1e3", "one", "--1", "9223372036854775808"};
    int64_t value = 7;
    for (size_t i = 0; i < COUNT(wrong); i++)
        ck_assert_msg(!text_to_int(wrong[i], &value), "'%s' was taken", wrong[i]);
    ck_assert_int_eq(value, 7);
    ck_assert(text_to_int("-9223372036854775808", &value) && value == INT64_MIN);
    ck_assert(text_to_int("+042", &value) && value == 42);
}
END_TEST

START_TEST(reals)
{
    static const char *const wrong[] = {"",    ".",  "1e", "e5",    "nan",   "inf", "0x1p3",
                                        "1,5", " 1", "1 ", "1.2.3", "1e999", "1e+", "--1"};
    double value = 7;
    for (size_t i = 0; i < COUNT(wrong); i++)
        ck_assert_msg(!text_to_real(wrong[i], &value), "'%s' was taken", wrong[i]);
    ck_assert(text_to_real("-.5e1", &value) && value == -5);
    ck_assert(text_to_real("3.", &value) && value == 3);
}
END_TEST

START_TEST(reals_written)
{
    static const double values[] = {0, 0.1, 1.0 / 3, 1e-3, 2e-4, 1e22, -5, 123456789.125, 5e-324};
    for (size_t i = 0; i < COUNT(values); i++) {
        Text text = {0};
        double again;
        text_add_real(&text, values[i]);
        ck_assert(text_to_real(text_value(&text), &again) && again == values[i]);
        text_free(&text);
    }
    Text text = {0};
    text_add_real(&text, 0.1);
    ck_assert_str_eq(text_value(&text), "0.1");
    text_free(&text);
}
END_TEST

START_TEST(distances)
{
    ck_assert_int_eq(text_distance("", "abc"), 3);
    ck_assert_int_eq(text_distance("kernel", "kernel"), 0);
    ck_assert_int_eq(text_distance("kernle", "kernel"), 1);
    ck_assert_int_eq(text_distance("kernl", "kernel"), 1);
    ck_assert_int_eq(text_distance("smite", "smote"), 1);
    ck_assert_int_eq(text_distance("ca", "abc"), 3); /* a swapped pair is not edited again */
}
END_TEST

START_TEST(suggestions)
{
    static const char *const names[] = {"kernel", "stride", "padding", "x", "xy"};
    ck_assert_str_eq(text_suggest("kernle", names, COUNT(names)), "kernel");
    ck_assert_str_eq(text_suggest("pading", names, COUNT(names)), "padding");
    ck_assert_str_eq(text_suggest("xz", names, COUNT(names)), "x");
    ck_assert_ptr_null(text_suggest("dilation", names, COUNT(names)));
    ck_assert_ptr_null(text_suggest("q", names, COUNT(names))); /* nothing in common with x */
    ck_assert_ptr_null(text_suggest("kernel", names, 0));
}
END_TEST

/* Brackets that close what they open. */
static bool closes(void *context, const char *text)
{
    int depth = 0, *tried = context;
    ++*tried;
    for (; *text && depth >= 0; text++)
        depth += (*text == '(') - (*text == ')');
    return depth == 0;
}

START_TEST(mending)
{
    static const char *const missing[] = {")", "(", NULL};
    static const struct {
        const char *text, *meant;
        size_t fault;
    } cases[] = {
        {"f((a)", "f(a)", 5},           /* typed twice, before what is left out */
        {"(a", "(a)", 2},               /* left out */
        {"a)(", "a()", 1},              /* swapped */
        {"a)", "(a)", 0},               /* put in, where the fault is */
        {"a)", "a()", 2},               /* nearer the fault */
        {"\xc3\xa4(", "\xc3\xa4()", 3}, /* characters stay whole */
        {"((((", NULL, 4},              /* more than one edit */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        Arena *arena = arena_new();
        int tried = 0;
        const Mend mend = {closes, &tried, missing, cases[i].fault};
        const char *meant = mend_text(cases[i].text, &mend, arena);
        ck_assert_msg(!meant == !cases[i].meant && (!meant || strcmp(meant, cases[i].meant) == 0),
                      "%s gives %s", cases[i].text, meant ? meant : "nothing");
        ck_assert_int_lt(tried, 40);
        arena_free(arena);
    }
    char text[1000];
    memset(text, '(', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    int tried = 0;
    const Mend mend = {closes, &tried, missing, 0};
    ck_assert_ptr_null(mend_text(text, &mend, NULL));
    ck_assert_int_eq(tried, 0); /* too long to be shown */
}
END_TEST

START_TEST(splitting)
{
    size_t count;
    char **words = text_split("  a\tbc\n d ", &count);
    ck_assert_uint_eq(count, 3);
    ck_assert_str_eq(words[0], "a");
    ck_assert_str_eq(words[1], "bc");
    ck_assert_str_eq(words[2], "d");
    ck_assert_ptr_null(words[3]);
    text_split_free(words);
    words = text_split(" ", &count);
    ck_assert_uint_eq(count, 0);
    text_split_free(words);
}
END_TEST

START_TEST(sizes)
{
    int64_t out = 1;
    ck_assert(size_multiply(3, 5, &out) && out == 15);
    ck_assert(!size_multiply(INT64_MAX, 2, &out) && !size_multiply(-1, 2, &out));
    ck_assert(!size_add(INT64_MAX, 1, &out) && !size_add(1, -1, &out));
    ck_assert_int_eq(out, 15);
    ck_assert_ptr_null(mem_large(SIZE_MAX));
    size_t bytes = (5 << 20) + 3;
    char *large = mem_large(bytes);
    ck_assert_ptr_nonnull(large);
    ck_assert_uint_eq((uintptr_t)large % 64, 0);
    large[0] = large[bytes - 1] = 1;
    mem_large_free(large, bytes);
}
END_TEST

START_TEST(arenas)
{
    Arena *arena = arena_new();
    char *kept = arena_text(arena, "kept");
    for (size_t size = 0; size < 300000; size = size * 3 + 1) {
        unsigned char *bytes = arena_take(arena, size, 1);
        ck_assert_uint_eq((uintptr_t)bytes % 16, 0);
        for (size_t i = 0; i < size; i++)
            ck_assert_uint_eq(bytes[i], 0);
        memset(bytes, 0xFF, size);
    }
    ck_assert_str_eq(kept, "kept");
    ck_assert_str_eq(arena_format(arena, "%s %d", "n", 3), "n 3");
    ck_assert_str_eq(arena_slice(arena, "abc", 2), "ab");
    ck_assert_ptr_null(arena_text(arena, NULL));
    arena_free(arena);
}
END_TEST

START_TEST(failures)
{
    FornixError error = {0};
    ck_assert(!fornix_fail_input(&error, "no %s", "file"));
    ck_assert(!fornix_fail(&error, "later"));
    ck_assert_str_eq(error.text, "no file");
    ck_assert(error.input);
}
END_TEST

static char *printed(const Diag *diag, bool json)
{
    char *text;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    diag_print(diag, out, json);
    fclose(out);
    return text;
}

START_TEST(mistakes)
{
    static const char text[] = "one\n\tdeux é kernle=\"3\"\r\nthree";
    Source source = {"a.xml", text, sizeof text - 1};
    Diag *diag = diag_new();
    diag_error(diag, (Place){&source, 3, 6, 1, NULL}, "late\nline");
    diag_error_help(diag, (Place){&source, 2, 9, 6, NULL}, "did you mean 'kernel'?", "no '%s'",
                    "kernle");
    diag_error_help(diag, (Place){&source, 2, 9, 6, NULL}, "did you mean 'kernel'?", "no '%s'",
                    "kernle");
    diag_warn(diag, (Place){0}, "odd");
    ck_assert_uint_eq(diag_errors(diag), 2);
    char *shown = printed(diag, false);
    ck_assert_str_eq(shown, "a.xml:2:9: error: no 'kernle'\n"
                            "    2 | \tdeux é kernle=\"3\"\n"
                            "      | \t       ^~~~~~ did you mean 'kernel'?\n"
                            "a.xml:3:6: error: late line\n"
                            "    3 | three\n"
                            "      |      ^\n"
                            "fornix: warning: odd\n"
                            "2 errors\n");
    free(shown);
    shown = printed(diag, true);
    ck_assert_ptr_nonnull(strstr(shown,
                                 "{\"severity\": \"error\", \"file\": \"a.xml\", \"line\": 2, "
                                 "\"column\": 9, \"length\": 6, \"message\": \"no "
                                 "'kernle'\", \"help\": \"did you mean 'kernel'?\"}\n"));
    free(shown);
    diag_free(diag);
}
END_TEST

/* Text that a composite wrote is gone with its stage, before anything is printed. */
START_TEST(mistakes_in_passing_text)
{
    Diag *diag = diag_new();
    char name[] = "<made>", text[] = "<cnv/>";
    Source source = {name, text, sizeof text - 1};
    diag_error(diag, (Place){&source, 1, 2, 3, NULL}, "no node");
    memset(name, 'x', sizeof name - 1);
    memset(text, 'x', sizeof text - 1);
    char *shown = printed(diag, false);
    ck_assert_str_eq(shown, "<made>:1:2: error: no node\n"
                            "    1 | <cnv/>\n"
                            "      |  ^~~\n"
                            "1 error\n");
    free(shown);
    diag_free(diag);
}
END_TEST

/* What is behind a mistake comes behind it, all of it, also where the text is gone by then. */
START_TEST(mistakes_that_lead_on)
{
    Diag *diag = diag_new();
    char text[] = "<conv/>";
    Source written = {"a.xml", "<block/>", 8}, made = {"<block>", text, 7};
    Trail last = {"read by nets", {.source = &written, .line = 1, .column = 1, .length = 1}};
    Trail first = {"made by block", {&made, 1, 2, 4, &last}};
    diag_error(diag, (Place){&written, 1, 2, 5, &first}, "too large");
    memset(text, 'x', 7);
    char *shown = printed(diag, false);
    ck_assert_str_eq(shown, "a.xml:1:2: error: too large\n"
                            "    1 | <block/>\n"
                            "      |  ^~~~~\n"
                            "<block>:1:2: note: made by block\n"
                            "    1 | <conv/>\n"
                            "      |  ^~~~\n"
                            "a.xml:1:1: note: read by nets\n"
                            "    1 | <block/>\n"
                            "      | ^\n"
                            "1 error\n");
    free(shown);
    shown = printed(diag, true);
    ck_assert_str_eq(
        shown, "{\"severity\": \"error\", \"file\": \"a.xml\", \"line\": 1, \"column\": 2, "
               "\"length\": 5, \"message\": \"too large\", \"notes\": [{\"file\": \"<block>\", "
               "\"line\": 1, \"column\": 2, \"length\": 4, \"message\": \"made by block\"}, "
               "{\"file\": \"a.xml\", \"line\": 1, \"column\": 1, \"length\": 1, \"message\": "
               "\"read by nets\"}]}\n");
    free(shown);
    diag_free(diag);
}
END_TEST

START_TEST(many_mistakes)
{
    Diag *diag = diag_new();
    Source source = {"a.xml", "", 0};
    for (int i = 0; i < 1000; i++)
        diag_error(diag, (Place){&source, 1 + i, 1, INT_MAX, NULL}, "mistake");
    ck_assert_uint_eq(diag_errors(diag), 1000);
    char *shown = printed(diag, false);
    ck_assert_ptr_nonnull(strstr(shown, "1000 errors\n"));
    free(shown);
    diag_free(diag);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("text");
    TCase *tests = tcase_create("text");
    tcase_add_test(tests, ints);
    tcase_add_test(tests, reals);
    tcase_add_test(tests, reals_written);
    tcase_add_test(tests, distances);
    tcase_add_test(tests, suggestions);
    tcase_add_test(tests, mending);
    tcase_add_test(tests, splitting);
    tcase_add_test(tests, sizes);
    tcase_add_test(tests, arenas);
    tcase_add_test(tests, failures);
    tcase_add_test(tests, mistakes);
    tcase_add_test(tests, mistakes_in_passing_text);
    tcase_add_test(tests, mistakes_that_lead_on);
    tcase_add_test(tests, many_mistakes);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
