/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Quotes, line ends and line numbers; malformed tables refused with their line. */
#include "csv.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "file.h"

static Csv *parse(const char *text)
{
    FornixError error = {0};
    Csv *csv = csv_parse("t.csv", text, strlen(text), &error);
    ck_assert_msg(csv != NULL, "%s", error.text);
    return csv;
}

START_TEST(fields)
{
    Csv *csv = parse("\xEF\xBB\xBFsubject,\"who, grade\",note\r\n"
                     "a,2,\"says \"\"no\"\"\"\r\n"
                     "\n"
                     "b,,\"two\r\nlines\"\n"
                     "\"\",3,z\xC3\xA9");
    ck_assert_int_eq(csv_rows(csv), 3);
    ck_assert_int_eq(csv_columns(csv), 3);
    ck_assert_str_eq(csv_header(csv, 0), "subject");
    ck_assert_str_eq(csv_header(csv, 1), "who, grade");
    ck_assert_str_eq(csv_field(csv, 0, 2), "says \"no\"");
    ck_assert_str_eq(csv_field(csv, 1, 1), "");
    ck_assert_str_eq(csv_field(csv, 1, 2), "two\r\nlines");
    ck_assert_str_eq(csv_field(csv, 2, 0), "");
    ck_assert_str_eq(csv_field(csv, 2, 2), "z\xC3\xA9");
    ck_assert_int_eq(csv_line(csv, 0), 2);
    ck_assert_int_eq(csv_line(csv, 1), 4);
    ck_assert_int_eq(csv_line(csv, 2), 6);
    csv_free(csv);
    csv = parse("only\n\"\"\nx\n");
    ck_assert_int_eq(csv_rows(csv), 2);
    csv_free(csv);
    csv = parse("a,b\r\n");
    ck_assert_int_eq(csv_rows(csv), 0);
    csv_free(csv);
}
END_TEST

START_TEST(columns)
{
    FornixError error = {0};
    Csv *csv = parse("subject,age,\nx,41.5,1\ny,old,2\n");
    ck_assert_int_eq(csv_column(csv, "age", &error), 1);
    ck_assert_int_eq(csv_find(csv, ""), 2);
    ck_assert_int_eq(csv_find(csv, "Age"), -1);
    ck_assert_int_eq(csv_column(csv, "sbuject", &error), -1);
    ck_assert(error.input && strstr(error.text, "did you mean 'subject'?"));
    error = (FornixError){0};
    ck_assert_int_eq(csv_column(csv, "severity", &error), -1);
    ck_assert(strstr(error.text, "it has 'subject', 'age'"));
    double value;
    error = (FornixError){0};
    ck_assert(csv_real(csv, 0, 1, &value, &error) && value == 41.5);
    ck_assert(!csv_real(csv, 1, 1, &value, &error));
    ck_assert_str_eq(error.text, "t.csv:3: column 'age': 'old' is not a number");
    csv_free(csv);
}
END_TEST

START_TEST(malformed)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"", "t.csv: empty"},
        {"\n\r\n", "t.csv: empty"},
        {"a,b\n1,2\n1,2,3\n", "t.csv:3: 3 fields, but the header has 2"},
        {"a,b\n1\n", "t.csv:2: 1 fields"},
        {"a,a\n", "t.csv:1: two columns are named 'a'"},
        {"a\n\"x\n\n", "t.csv:2: this quote is never closed"},
        {"a\n\"x\" y\n", "t.csv:2: text behind a closing quote"},
        {"a\nx\"y\"\n", "t.csv:2: a quote inside"},
        {"a\n\"", "t.csv:2: this quote"},
        {"a\nb\n\xFFx\n", "t.csv:3: not UTF-8"},
        {"a\n\xC3\n", "t.csv:2: not UTF-8"},
        {"a\n\xED\xA0\x80\n", "t.csv:2: not UTF-8"},
        {"a\n\xE2\x82", "t.csv:2: not UTF-8"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        FornixError error = {0};
        Csv *csv = csv_parse("t.csv", cases[i].text, strlen(cases[i].text), &error);
        ck_assert_msg(!csv, "case %zu was accepted", i);
        ck_assert_msg(error.input &&
                          strncmp(error.text, cases[i].words, strlen(cases[i].words)) == 0,
                      "case %zu: %s", i, error.text);
    }
    FornixError error = {0};
    ck_assert(!csv_parse("t.csv", "a\n\0\n", 4, &error));
    error = (FornixError){0};
    ck_assert(!csv_read("no-such-file.csv", &error) && error.input);
}
END_TEST

START_TEST(written_and_read)
{
    static const char *const rows[][3] = {
        {"name", "with, comma", "plain"}, {"a \"b\"", "", "line\nbreak"}, {"", "", " spaces "}};
    Text text = {0};
    for (size_t i = 0; i < COUNT(rows); i++)
        csv_add_row(&text, rows[i], 3);
    Csv *csv = parse(text_value(&text));
    ck_assert_int_eq(csv_rows(csv), 2);
    for (int64_t i = 0; i < 2; i++)
        for (int64_t j = 0; j < 3; j++)
            ck_assert_str_eq(csv_field(csv, i, j), rows[i + 1][j]);
    csv_free(csv);
    text_free(&text);
    static const char *const lone[] = {""};
    csv_add_row(&text, lone, 1);
    ck_assert_str_eq(text_value(&text), "\"\"\r\n");
    text_free(&text);
}
END_TEST

/* Every prefix of a table, and every table with one byte replaced, is read or refused. */
START_TEST(damaged)
{
    static const char table[] = "a,\"b\"\"c\",d\r\n1,\"x\r\ny\",\xC3\xA9\r\n\r\n2,3,4\n";
    static const char bytes[] = "\",\r\n\xC3x";
    for (size_t length = 0; length < sizeof table; length++) {
        FornixError error = {0};
        csv_free(csv_parse("t.csv", table, length, &error));
        for (size_t i = 0; i < sizeof bytes && length < sizeof table - 1; i++) {
            char copy[sizeof table];
            memcpy(copy, table, sizeof table);
            copy[length] = bytes[i];
            error = (FornixError){0};
            Csv *csv = csv_parse("t.csv", copy, sizeof table - 1, &error);
            ck_assert(csv || *error.text);
            csv_free(csv);
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("csv");
    TCase *tests = tcase_create("csv");
    tcase_add_test(tests, fields);
    tcase_add_test(tests, columns);
    tcase_add_test(tests, malformed);
    tcase_add_test(tests, written_and_read);
    tcase_add_test(tests, damaged);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
