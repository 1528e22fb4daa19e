/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Attributes: every kind read strictly, and each mistake told at its place. */
#include "attr.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"

typedef struct {
    int64_t stride;
    double slope;
    bool bias;
    int padding;
    FornixDims kernel;
    const char *note, *file;
    FornixList words;
    FornixClasses classes;
    FornixLike like;
} Attrs;

static const char *const paddings[] = {"same", "valid", NULL};

static const FornixAttr table[] = {
    FORNIX_INT(Attrs, stride, "1", 1, 64, "pixels from one output to the next"),
    FORNIX_REAL(Attrs, slope, "0.01", 0, INFINITY, "below zero"),
    FORNIX_BOOL(Attrs, bias, "yes", "adds a bias"),
    FORNIX_CHOICE(Attrs, padding, "same", paddings, "at the border"),
    FORNIX_DIMS(Attrs, kernel, NULL, 1, 31, "size of the window"),
    FORNIX_TEXT(Attrs, note, "", "any words"),
    FORNIX_PATH(Attrs, file, "", "a file"),
    FORNIX_LIST(Attrs, words, "", "some words"),
    FORNIX_CLASSES(Attrs, classes, "", "what to tell apart"),
    FORNIX_LIKE(Attrs, like, "", "a column to take after"),
    {0}};

static const FornixPort inputs[] = {{"image", FORNIX_IMAGE, 0, "what is filtered"}, {0}};

static const FornixNode node = {
    .name = "conv", .attrs_size = sizeof(Attrs), .attrs = table, .inputs = inputs};

static Arena *arena;
static Diag *diag;

static void start(void)
{
    arena = arena_new();
    diag = diag_new();
}

static void stop(void)
{
    diag_free(diag);
    arena_free(arena);
}

static bool find_classes(void *context, const char *label, FornixClasses *classes,
                         FornixError *error)
{
    static const char *const names[] = {"low", "high"};
    (void)context;
    if (strcmp(label, "lost") == 0)
        return false;
    if (strcmp(label, "grade") != 0)
        return fornix_fail_input(error, "no label '%s'", label);
    *classes = (FornixClasses){.count = 2, .names = names};
    return true;
}

static bool find_like(void *context, const char *column, FornixLike *like, FornixError *error)
{
    (void)context;
    if (strcmp(column, "features.x") != 0)
        return fornix_fail_input(error, "no column '%s'", column);
    *like = (FornixLike){.shape = {1, 2, 3, 4, 5}, .kind = FORNIX_FEATURE};
    return true;
}

static const AttrResolver resolver = {.classes = find_classes, .like = find_like};

static const Element *parse(const char *text)
{
    return xml_parse_fragment("graphs/test.xml", text, diag, arena)->first;
}

static const Attrs *read_text(const char *text)
{
    return attr_read(&node, parse(text), &resolver, diag, arena);
}

/* What is told of a mistake in text, all of it. */
static void expect(const char *text, const char *told)
{
    start();
    ck_assert_ptr_null(read_text(text));
    char *printed = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&printed, &length);
    diag_print(diag, out, false);
    fclose(out);
    ck_assert_msg(strstr(printed, told) != NULL, "for %s\nwanted: %s\ngot: %s", text, told,
                  printed);
    free(printed);
    stop();
}

START_TEST(defaults)
{
    const Attrs *a = read_text("<conv id='c' image='x' kernel='3'/>");
    ck_assert_ptr_nonnull(a);
    ck_assert_int_eq(a->stride, 1);
    ck_assert_double_eq(a->slope, 0.01);
    ck_assert(a->bias);
    ck_assert_int_eq(a->padding, 0);
    ck_assert_str_eq(a->note, "");
    ck_assert_str_eq(a->file, "");
    ck_assert_int_eq(a->words.count, 0);
    ck_assert_int_eq(a->classes.count, 0);
    ck_assert_int_eq(a->like.shape.n, 0);
}
END_TEST

START_TEST(given_values)
{
    const Attrs *a = read_text("<conv kernel='3' stride='64' slope='1e-3' bias='no' "
                               "padding='valid' note=' a b ' words=' one two ' file='/data/a.csv' "
                               "classes='grade' like='features.x' acknowledge='so be it'/>");
    ck_assert_ptr_nonnull(a);
    ck_assert_int_eq(a->stride, 64);
    ck_assert_double_eq(a->slope, 1e-3);
    ck_assert(!a->bias);
    ck_assert_int_eq(a->padding, 1);
    ck_assert_str_eq(a->note, " a b ");
    ck_assert_int_eq(a->words.count, 2);
    ck_assert_str_eq(a->words.items[1], "two");
    ck_assert_str_eq(a->file, "/data/a.csv");
    ck_assert_int_eq(a->classes.count, 2);
    ck_assert_str_eq(a->classes.label, "grade");
    ck_assert_str_eq(a->classes.names[1], "high");
    ck_assert_int_eq(a->like.shape.c, 5);
    a = read_text("<conv kernel='3' classes='7' file='a.csv'/>");
    ck_assert_int_eq(a->classes.count, 7);
    ck_assert_ptr_null(a->classes.label);
    ck_assert_int_eq(a->file[0], '/');
    const char *end = "/graphs/a.csv";
    ck_assert_str_eq(a->file + strlen(a->file) - strlen(end), end);
}
END_TEST

START_TEST(dims)
{
    static const struct {
        const char *text;
        int64_t size[3];
        int count;
    } cases[] = {{"5", {5, 5, 5}, 1}, {"4 5", {1, 4, 5}, 2}, {"3 4 5", {3, 4, 5}, 3}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        const Attrs *a = read_text(arena_format(arena, "<conv kernel='%s'/>", cases[i].text));
        ck_assert_ptr_nonnull(a);
        ck_assert_int_eq(a->kernel.count, cases[i].count);
        ck_assert_mem_eq(a->kernel.size, cases[i].size, sizeof cases[i].size);
    }
}
END_TEST

START_TEST(mistakes)
{
    expect("<conv id='c' stride='2'/>", "conv 'c': 'kernel' is missing (size of the window)");
    expect("<conv id='c' kernle='3' kernel='3'/>",
           "graphs/test.xml:1:14: error: conv 'c': no attribute 'kernle'");
    expect("<conv kernle='3' kernel='3'/>", "did you mean 'kernel'?");
    expect("<conv imege='x' kernel='3'/>", "did you mean 'image'?");
    expect("<conv part='test' kernel='3'/>", "no attribute 'part'");
    expect("<conv zzzzzz='3' kernel='3'/>", "it has image, stride, slope");
    expect("<conv kernel='3' stride='1.5'/>",
           "graphs/test.xml:1:26: error: conv: stride is '1.5', not a whole number");
    expect("<conv kernel='3' stride=' 1'/>", "not a whole number");
    expect("<conv kernel='3' stride='0'/>", "stride is '0', not 1 to 64");
    expect("<conv kernel='3' stride='99999999999999999999'/>", "stride is");
    expect("<conv kernel='3' slope='-1'/>", "slope is '-1', not at least 0");
    expect("<conv kernel='3' slope='nan'/>", "not a number");
    expect("<conv kernel='3' bias='maybe'/>", "bias is 'maybe', neither yes nor no");
    expect("<conv kernel='3' padding='vaild'/>", "did you mean 'valid'?");
    expect("<conv kernel='3' padding='other'/>", "not one of: same, valid");
    expect("<conv kernel=''/>", "not one to three sizes");
    expect("<conv kernel='1 2 3 4'/>", "not one to three sizes");
    expect("<conv kernel='3x3'/>", "not one to three sizes");
    expect("<conv kernel='3 32'/>", "kernel is '3 32', not 1 to 31");
    expect("<conv kernel='3' classes='0'/>", "classes is '0', not 1 to 65536");
    expect("<conv kernel='3' classes='size'/>", "no label 'size'");
    expect("<conv kernel='3' like='features.y'/>", "no column 'features.y'");
}
END_TEST

START_TEST(several_mistakes)
{
    ck_assert_ptr_null(read_text("<conv kernel='x' stride='y' wrong='z'/>"));
    ck_assert_uint_eq(diag_errors(diag), 3);
}
END_TEST

/* The resolver has told of the cause already. */
START_TEST(told_before)
{
    ck_assert_ptr_null(read_text("<conv kernel='3' classes='lost'/>"));
    ck_assert_uint_eq(diag_errors(diag), 0);
}
END_TEST

static const char *canonical(const char *text)
{
    const Element *element = parse(text);
    const void *values = attr_read(&node, element, &resolver, diag, arena);
    ck_assert_ptr_nonnull(values);
    Text out = {0};
    attr_canonical(&node, element, values, &out);
    const char *copy = arena_text(arena, text_value(&out));
    text_free(&out);
    return copy;
}

START_TEST(canonical_text)
{
    ck_assert_str_eq(canonical("<conv id='a' kernel='3'/>"),
                     "stride=\"1\" slope=\"0.01\" bias=\"yes\" padding=\"same\" kernel=\"3\" "
                     "note=\"\" file=\"\" words=\"\" classes=\"\" like=\"\"");
    ck_assert_str_eq(canonical("<conv kernel='  3 ' bias='1' slope='1.0e-2' words=''/>"),
                     canonical("<conv  slope='0.010' kernel='3' bias='true'/>"));
    ck_assert_str_ne(canonical("<conv kernel='3'/>"), canonical("<conv kernel='3 3 3'/>"));
    ck_assert_ptr_nonnull(strstr(canonical("<conv kernel='3 4' note='&quot; a=&quot;'/>"),
                                 "kernel=\"3 4\" note=\"&#34; a=&#34;\""));
    ck_assert_ptr_nonnull(strstr(canonical("<conv kernel='3' classes='grade' words='a  b'/>"),
                                 "words=\"a b\" classes=\"grade\""));
}
END_TEST

static bool entry_good(FornixAttr attr)
{
    FornixError error = {0};
    bool good = attr_check(&attr, sizeof(Attrs), &error);
    ck_assert(good == !*error.text);
    return good;
}

START_TEST(tables)
{
    for (const FornixAttr *attr = table; attr->name; attr++)
        ck_assert_msg(entry_good(*attr), "%s", attr->name);
    FornixAttr stride = table[0], padding = table[3], kernel = table[4];
    stride.fallback = "0";
    ck_assert(!entry_good(stride));
    stride.fallback = "";
    ck_assert(!entry_good(stride));
    stride = table[0], stride.doc = "";
    ck_assert(!entry_good(stride));
    stride = table[0], stride.low = 65;
    ck_assert(!entry_good(stride));
    stride = table[0], stride.offset = sizeof(Attrs) - 4;
    ck_assert(!entry_good(stride));
    stride = table[0], stride.kind = (FornixAttrKind)99;
    ck_assert(!entry_good(stride));
    padding.fallback = "other";
    ck_assert(!entry_good(padding));
    padding = table[3], padding.choices = NULL;
    ck_assert(!entry_good(padding));
    kernel.fallback = "a";
    ck_assert(!entry_good(kernel));
}
END_TEST

START_TEST(ranges)
{
    static const struct {
        FornixAttrKind kind;
        double low, high;
        const char *words;
    } cases[] = {{FORNIX_ATTR_INT, 1, 5, "1 to 5"},
                 {FORNIX_ATTR_INT, 0, INFINITY, "at least 0"},
                 {FORNIX_ATTR_REAL, -INFINITY, 0.5, "at most 0.5"},
                 {FORNIX_ATTR_REAL, -INFINITY, INFINITY, ""},
                 {FORNIX_ATTR_INT, 1, 1e6, "1 to 1000000"},
                 {FORNIX_ATTR_TEXT, 0, 0, ""}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        Text out = {0};
        attr_range(&(FornixAttr){.kind = cases[i].kind, .low = cases[i].low, .high = cases[i].high},
                   &out);
        ck_assert_str_eq(text_value(&out), cases[i].words);
        text_free(&out);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("attr");
    TCase *tests = tcase_create("attr");
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, defaults);
    tcase_add_test(tests, given_values);
    tcase_add_test(tests, dims);
    tcase_add_test(tests, several_mistakes);
    tcase_add_test(tests, told_before);
    tcase_add_test(tests, canonical_text);
    tcase_add_test(tests, tables);
    tcase_add_test(tests, ranges);
    suite_add_tcase(suite, tests);
    TCase *told = tcase_create("mistakes");
    tcase_add_test(told, mistakes);
    suite_add_tcase(suite, told);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
