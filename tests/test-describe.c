/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Help says all of what a plugin says, within the width of a page. */
#include "describe.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"

typedef struct {
    FornixDims kernel;
    int padding;
    const char *note;
} Attrs;

static const char *const paddings[] = {"same", "valid", NULL};
static const FornixAttr attrs[] = {
    FORNIX_DIMS(Attrs, kernel, NULL, 1, 31, "how far it sees"),
    FORNIX_CHOICE(Attrs, padding, "same", paddings, "what it does at the border of an image"),
    FORNIX_TEXT(Attrs, note, "", "for people"),
    {0}};
static const FornixPort inputs[] = {
    {"x", FORNIX_IMAGE | FORNIX_FEATURE, 0, "what it works on"},
    {"more", FORNIX_IMAGE, FORNIX_OPTIONAL | FORNIX_MANY, "what it works on beside"},
    {0}};
static const FornixPort outputs[] = {{"y", 0, 0, "what it gives"}, {0}};
static const FornixLayer layer = {0};
static const FornixNode node = {
    .name = "conv",
    .doc = "Convolution in one to three dimensions. It has a doc that is much longer than a line "
           "of a usual page, so that it has to be broken, and – with a dash – counted well.",
    .formula = "y = w * x + b",
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .layer = &layer,
    .example = "x=2,1,4,4,3 | <conv x=\"x\" kernel=\"3\"/>\nx=1,1,1,9,3 | <conv x=\"x\" "
               "kernel=\"1 1 3\"/>"};

static char *print_node(void)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    describe_node(out, &node);
    fclose(out);
    return text;
}

START_TEST(says_all)
{
    static const char *const wanted[] = {
        "<conv>, layer\n",
        "\n    y = w * x + b\n",
        "  x        image or feature\n           what it works on\n",
        "  more     image; one or more; may be left out\n",
        "  y        as the first input\n",
        "  kernel   one to three sizes, 1 to 31; required\n",
        "  padding  same | valid; default same\n",
        "  note     text; may be left out\n",
        "\nExample\n  <conv x=\"x\" kernel=\"3\"/>\n  <conv x=\"x\" kernel=\"1 1 3\"/>\n"};
    char *text = print_node();
    for (size_t i = 0; i < COUNT(wanted); i++)
        ck_assert_msg(strstr(text, wanted[i]) != NULL, "no %s in\n%s", wanted[i], text);
    free(text);
}
END_TEST

START_TEST(fits_the_page)
{
    char *text = print_node();
    int lines = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        ck_assert_msg(strlen(line) <= 80 + 4, "%s", line); /* dashes are three bytes each */
        ck_assert_msg(line[strlen(line) - 1] != ' ', "'%s'", line);
        lines++;
    }
    ck_assert_int_gt(lines, 18);
    free(text);
}
END_TEST

START_TEST(lists_all)
{
    Registry *registry = registry_new();
    char *text = NULL;
    size_t length, count;
    FILE *out = open_memstream(&text, &length);
    describe_list(out, registry);
    fclose(out);
    const char *const *names = registry_names(registry, &count);
    for (size_t i = 0; i < count; i++) {
        char entry[100];
        snprintf(entry, sizeof entry, "\n  %s ", names[i]);
        ck_assert_msg(strstr(text, entry) != NULL, "no %s in\n%s", names[i], text);
    }
    ck_assert_ptr_null(strstr(text, "These do not load"));
    free(text);
    registry_free(registry);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("describe");
    TCase *tests = tcase_create("describe");
    tcase_add_test(tests, says_all);
    tcase_add_test(tests, fits_the_page);
    tcase_add_test(tests, lists_all);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
