/* SPDX-License-Identifier: GPL-3.0-or-later */
/* XML: the tree is what the text says, every place is exact, and all that no graph needs is
 * refused where it stands. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"
#include "xml.h"

#define ROOT "<graph xmlns=\"urn:fornix:graph:1\">"

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

static char *printed(void)
{
    char *text;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    diag_print(diag, out, false);
    fclose(out);
    return text;
}

static void expect(Place place, int line, int column, int length)
{
    ck_assert_int_eq(place.line, line);
    ck_assert_int_eq(place.column, column);
    ck_assert_int_eq(place.length, length);
}

START_TEST(tree)
{
    const Source *source = source_make("a.xml",
                                       "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- é -->" ROOT
                                       "<a x=\"1\"/><b><c/></b></graph>",
                                       arena);
    const Element *root = xml_parse(source, diag, arena);
    ck_assert_ptr_nonnull(root);
    ck_assert_uint_eq(diag_errors(diag), 0);
    ck_assert_str_eq(root->name, "graph");
    ck_assert_uint_eq(root->attribute_count, 0); /* xmlns is no attribute of a graph */
    ck_assert_uint_eq(root->child_count, 2);
    ck_assert_str_eq(element_value(root->first, "x"), "1");
    ck_assert_ptr_null(element_value(root->first, "y"));
    ck_assert_str_eq(root->last->first->name, "c");
    ck_assert_ptr_eq(root->last->first->parent, root->last);
    expect(root->place, 2, 12, 5);
}
END_TEST

START_TEST(places)
{
    const Source *source =
        source_make("a.xml",
                    "<graph xmlns='urn:fornix:graph:1'\n  name =\n   'é&lt;&#x20AC;&amp;z' >\r\n"
                    "\t<conv\n\n x=\"a\r\nb &gt; c\" é='>'/></graph>",
                    arena);
    const Element *root = xml_parse(source, diag, arena);
    ck_assert_ptr_nonnull(root);
    const Attribute *name = element_attribute(root, "name");
    ck_assert_str_eq(name->value, "é<€&z");
    expect(name->place, 2, 3, 4);
    expect(name->value_place, 3, 5, 19);
    expect(attribute_part(name, 0, 2), 3, 5, 1);
    expect(attribute_part(name, 2, 1), 3, 6, 4);
    expect(attribute_part(name, 3, 3), 3, 10, 8);
    expect(attribute_part(name, 7, 1), 3, 23, 1);
    expect(attribute_part(name, 100, 5), 3, 24, 1); /* beyond the value: its end or near it */
    const Element *conv = root->first;
    expect(conv->place, 4, 3, 4);
    const Attribute *x = element_attribute(conv, "x");
    ck_assert_str_eq(x->value, "a b > c");
    expect(x->place, 6, 2, 1);
    expect(attribute_part(x, 2, 1), 7, 1, 1);
    expect(attribute_part(x, 6, 1), 7, 8, 1);
    expect(element_attribute(conv, "é")->place, 7, 11, 1);
    ck_assert_uint_eq(diag_errors(diag), 0);
}
END_TEST

START_TEST(fragments)
{
    const Element *root = xml_parse_fragment("<generator 'g'>", "<a x=\"1\"/>\n <b/>", diag, arena);
    ck_assert_ptr_nonnull(root);
    ck_assert_str_eq(root->name, "fragment");
    ck_assert_uint_eq(root->child_count, 2);
    expect(root->first->attributes[0].place, 1, 4, 1);
    expect(root->last->place, 2, 3, 1);
    ck_assert_str_eq(root->last->place.source->name, "<generator 'g'>");
    ck_assert_ptr_null(xml_parse_fragment("<f>", "<a>", diag, arena));
    ck_assert_ptr_null(xml_parse_fragment("<f>", "</fragment>", diag, arena));
    ck_assert_uint_eq(diag_errors(diag), 2);
}
END_TEST

static const struct {
    const char *text, *message;
    bool tree; /* there is one all the same */
} wrong[] = {
    {"", "a.xml:1:1: error: no XML: a graph begins with <graph ...>", false},
    {"hello", "a.xml:1:1: error: no XML: a graph begins with <graph ...>", false},
    {"<graph/>", "a.xml:1:2: error: 'graph' is in no namespace", true},
    {"<graph xmlns='urn:x'/>", "a.xml:1:2: error: 'graph' is in the namespace 'urn:x'", true},
    {ROOT "<a></b></graph>", "a.xml:1:38: error: </b> where <a> of line 1 is open", false},
    {ROOT "\n<a>", "a.xml:2:4: error: the text ends inside <a>, opened on line 2", false},
    {ROOT "<a x='1' x='2'/></graph>", "error: attribute 'x' is given twice", false},
    {ROOT "<a x='<'/></graph>", "error: '<' in a value is written &lt;", false},
    {ROOT "<a x='&'/></graph>", "error: '&' is written &amp;", false},
    {ROOT "<a x='&no;'/></graph>", "error: no entity 'no'", false},
    {ROOT "<a x/></graph>", "error: attribute 'x' has no value", false},
    {ROOT "<a x=1/></graph>", "error: a value stands between quotes", false},
    {ROOT "</graph><a/>", "error: more after the end of the root element", false},
    {ROOT "<a/>\n stray é <b/></graph>", "a.xml:2:2: error: text between elements", true},
    {ROOT "<![CDATA[x]]></graph>", "error: text between elements", true},
    {ROOT "<p:a/></graph>", "error: a graph knows no prefixes: write <a>", true},
    {ROOT "<a p:x='1'/></graph>", "a.xml:1:38: error: a graph knows no prefixes: 'p:x'", true},
    {ROOT "<a xmlns:p='urn:p'/></graph>", "error: a graph has one namespace", true},
    {ROOT "<a xmlns='urn:p'/></graph>", "error: 'a' is in another namespace than the root", true},
    {"<!DOCTYPE graph [<!ENTITY e 'x'>]>" ROOT "</graph>", "error: a graph has no document type",
     false},
    {"<?xml version='1.0' encoding='latin1'?>" ROOT "</graph>",
     "a.xml:1:31: error: a graph is UTF-8", false},
    {ROOT "<a x='\x01'/></graph>", "error: not well-formed XML", false},
};

START_TEST(refused)
{
    const Source *source = source_make("a.xml", wrong[_i].text, arena);
    const Element *root = xml_parse(source, diag, arena);
    char *shown = printed();
    ck_assert_int_eq(root != NULL, wrong[_i].tree);
    ck_assert_uint_gt(diag_errors(diag), 0);
    ck_assert_msg(strstr(shown, wrong[_i].message), "%s\ndoes not say %s", shown,
                  wrong[_i].message);
    free(shown);
}
END_TEST

START_TEST(too_deep)
{
    Text text = {0};
    text_add(&text, ROOT);
    for (int i = 0; i < 200; i++)
        text_add(&text, "<a>");
    ck_assert_ptr_null(xml_parse(source_make("a.xml", text.data, arena), diag, arena));
    char *shown = printed();
    ck_assert_ptr_nonnull(strstr(shown, "a.xml:1:333: error: elements are nested more than 100"));
    free(shown);
    text_free(&text);
}
END_TEST

/* A file that holds these bytes; its path, to be unlinked and freed. */
static char *file_of(const char *bytes, size_t length)
{
    char *path = mem_text("/tmp/fornix-xml-XXXXXX");
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, bytes, length), (ssize_t)length);
    close(file);
    return path;
}

START_TEST(files)
{
    static const struct {
        const char *bytes;
        size_t length;
        const char *message;
    } cases[] = {{"\xEF\xBB\xBF<a/>", 7, NULL},          {"", 0, NULL},
                 {"a\0b", 3, "it holds a NUL byte"},     {"\xFF\xFE<\0", 4, "it is UTF-16"},
                 {"caf\xE9", 4, "it is not UTF-8"},      {"\xC0\x80", 2, "it is not UTF-8"},
                 {"\xED\xA0\x80", 3, "it is not UTF-8"}, {"\xF4\x90\x80\x80", 4, "it is not UTF-8"},
                 {"\xE2\x82", 2, "it is not UTF-8"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *path = file_of(cases[i].bytes, cases[i].length);
        const Source *source = source_read(path, (Place){0}, diag, arena);
        char *shown = printed();
        ck_assert_int_eq(source != NULL, cases[i].message == NULL);
        if (cases[i].message)
            ck_assert_msg(strstr(shown, cases[i].message), "%s", shown);
        if (i == 0)
            ck_assert_str_eq(source->text, "<a/>");
        free(shown);
        unlink(path);
        mem_free(path);
    }
}
END_TEST

START_TEST(no_files)
{
    size_t length = (4 << 20) + 1;
    char *blanks = mem_new(length, 1);
    memset(blanks, ' ', length);
    char *path = file_of(blanks, length);
    mem_free(blanks);
    ck_assert_ptr_null(source_read(path, (Place){0}, diag, arena));
    ck_assert_ptr_null(source_read("/tmp", (Place){0}, diag, arena));
    ck_assert_ptr_null(source_read("/dev/zero", (Place){0}, diag, arena));
    ck_assert_ptr_null(source_read("/nowhere/at/all", (Place){0}, diag, arena));
    char *near = mem_text(path);
    near[strlen("/tmp/")] = '#';
    ck_assert_ptr_null(source_read(near, (Place){0}, diag, arena));
    char *shown = printed();
    ck_assert_ptr_nonnull(strstr(shown, "larger than the 4 MiB"));
    ck_assert_ptr_nonnull(strstr(shown, "'/tmp' is a folder"));
    ck_assert_ptr_nonnull(strstr(shown, "'/dev/zero' is a device or pipe"));
    ck_assert_ptr_nonnull(strstr(shown, "no file '/nowhere/at/all'\n"));
    ck_assert_ptr_nonnull(strstr(shown, arena_format(arena, "did you mean '%s'?", path)));
    free(shown);
    unlink(path);
    mem_free(path);
    mem_free(near);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("xml");
    TCase *tests = tcase_create("xml");
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, tree);
    tcase_add_test(tests, places);
    tcase_add_test(tests, fragments);
    tcase_add_loop_test(tests, refused, 0, (int)COUNT(wrong));
    tcase_add_test(tests, too_deep);
    tcase_add_test(tests, files);
    tcase_add_test(tests, no_files);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
