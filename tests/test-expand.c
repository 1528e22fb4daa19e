/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The graph language: what each construct becomes, what a reference means, and the message that
 * each mistake gets at its place. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "expand.h"
#include "expression.h"

#define XMLNS "xmlns=\"urn:fornix:graph:1\""

static Arena *arena;
static Diag *diag;
static char folder[] = "/tmp/fornix-expand-XXXXXX";

static void start(void)
{
    arena = arena_new();
    diag = diag_new();
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert_int_eq(mkdir("nets", 0700), 0);
}

static void stop(void)
{
    static const char *const files[] = {"g.xml", "nets/a.xml", "nets/b.xml"};
    for (size_t i = 0; i < COUNT(files); i++)
        unlink(files[i]);
    rmdir("nets");
    ck_assert_int_eq(chdir("/"), 0);
    rmdir(folder);
    diag_free(diag);
    arena_free(arena);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

/* The lines of all messages, without excerpts. */
static const char *messages(void)
{
    char *text, *shown = NULL;
    size_t length;
    Text lines = {0};
    FILE *out = open_memstream(&text, &length);
    diag_print(diag, out, false);
    fclose(out);
    for (char *line = strtok_r(text, "\n", &shown); line; line = strtok_r(NULL, "\n", &shown))
        if (strstr(line, ": error: ") || strstr(line, "did you mean"))
            text_format(&lines, "%s\n", line);
    const char *kept = arena_text(arena, text_value(&lines));
    text_free(&lines);
    free(text);
    return kept;
}

/* g.xml, written here with <graph> around content, expanded with -p options (blanks between). */
static const Expansion *expand(const char *content, const char *options)
{
    Override overrides[8];
    size_t count, read = 0;
    write_file("g.xml", arena_format(arena, "<graph " XMLNS ">%s</graph>", content));
    char **words = text_split(options, &count);
    for (size_t i = 0; i < count; i++)
        read += override_read(words[i], &overrides[read], diag, arena);
    text_split_free(words);
    return expand_file(&(ExpandRequest){"g.xml", overrides, read, {NULL, NULL}}, diag, arena);
}

static const char *canonical(const Expansion *expansion)
{
    Text text = {0};
    ck_assert_ptr_nonnull(expansion);
    for (const Element *child = expansion->root->first; child; child = child->next)
        element_canonical(&text, child);
    const char *kept = arena_text(arena, text_value(&text));
    text_free(&text);
    return kept;
}

static const struct {
    const char *content, *options, *expanded;
} right[] = {
    {"<a x='1' if='true'/><b if='1 = 2'/><!-- c -->", "", "<a x=\"1\"/>"},
    {"<b  id='y' x='&lt;&amp;&quot;' doc='words' />", "", "<b id=\"y\" x=\"&#60;&#38;&#34;\"/>"},
    /* arithmetic */
    {"<a x='${7/2} ${8/2} ${-7%3} ${2^10} ${-2^2} ${2^-1}'/>", "",
     "<a x=\"3.5 4 2 1024 -4 0.5\"/>"},
    {"<a x='${min(3,1,2)} ${max(1,2.5)} ${floor(-2.5)} ${ceil(2.1)} ${round(2.5)} ${abs(-3)}'/>",
     "", "<a x=\"1 2.5 -3 3 3 3\"/>"},
    {"<a x='${log2(8)} ${pow(3,2)} ${1 + 2*3 - (4 - 5)} ${0.1} $${k} $'/>", "",
     "<a x=\"3 9 8 0.1 ${k} $\"/>"},
    {"<for name='k' in='1'><a x='{k x' y='{l} $$ } a$b' doc='{k}'/></for>", "",
     "<a x=\"{k x\" y=\"{l} $$ } a$b\"/>"}, /* no typo in ${k}: doc= is for readers */
    {"<a if='1 &lt; 2 and not (2 &lt;= 1) or 1/0 = 1'/><a if='3 >= 3 and 3 > 2 and 3 != 4'/>", "",
     "<a/><a/>"},
    {"<a x=\"${'it' = 'it'} ${count('a b')} ${has('a b', 'b')} ${1 == 1.0}\"/>", "",
     "<a x=\"true 2 true true\"/>"},
    {"<param name='l' type='list' value='2 4 0.5'/><for name='k' in='0..2'><a x='${item(l, k)}'/>"
     "</for><a x=\"${item('7', 0)}\"/>",
     "", "<a x=\"2\"/><a x=\"4\"/><a x=\"0.5\"/><a x=\"7\"/>"},
    /* params */
    {"<param name='n' type='int' value='4' range='1 9'/><param name='r' type='real' "
     "value='${n/8}'/>"
     "<a x='enc${n-1}' r='${r}'/>",
     "", "<a r=\"0.5\" x=\"enc3\"/>"},
    {"<param name='n' type='int' value='4' range='1 9'/><a x='${n}'/>", "n=07", "<a x=\"7\"/>"},
    {"<param name='r' type='real' value='1e-3'/><a x='${r}'/>", "r=1e2", "<a x=\"100\"/>"},
    {"<param name='b' type='bool' value='no'/><a if='b'/><c if='not b'/>", "b=yes", "<a/>"},
    {"<param name='l' type='list' of='a b c' value='a b'/><a if='has(l, a)' x='${l}'/>", "l=c", ""},
    {"<param name='c' type='choice' of='a b' value='a'/><a if='${c} = a'/><b if=\"c != 'a'\"/>", "",
     "<a/>"},
    {"<param name='t' type='text' value='3 and more'/><a x='${t}'/>", "t=1", "<a x=\"1\"/>"},
    /* loops */
    {"<for name='k' in='2..0'><a x='${k}'/></for>", "", "<a x=\"2\"/><a x=\"1\"/><a x=\"0\"/>"},
    {"<for name='k' in='a b'><s id='i'><t id='j'/></s><u id='u${k}'/></for>", "",
     "<s id=\"i[a]\"><t id=\"j\"/></s><u id=\"ua\"/><s id=\"i[b]\"><t id=\"j\"/></s><u "
     "id=\"ub\"/>"},
    {"<for name='k' in='x'><for name='l' in='1..2'><a id='i'/><b id='j${l}'/></for></for>", "",
     "<a id=\"i[x][1]\"/><b id=\"j1[x]\"/><a id=\"i[x][2]\"/><b id=\"j2[x]\"/>"},
    {"<s><for name='k' in='0.10'><a id='i' x='${k} ${k*2}'/></for></s>", "",
     "<s><a id=\"i[0.10]\" x=\"0.10 0.2\"/></s>"},
    {"<param name='l' type='list' value=''/><for name='k' in='${l}'><a x='${k+1}'/></for>", "", ""},
    /* switches */
    {"<for name='k' in='a b c'><choose id='i' on='${k}'><when is='a b'><x/></when>"
     "<otherwise><y z='${k}'/></otherwise></choose></for>",
     "", "<x id=\"i[a]\"/><x id=\"i[b]\"/><y id=\"i[c]\" z=\"c\"/>"},
    {"<choose on='${1+1}'><when is='1'><a/></when><when is='2'><b/><c/></when></choose>", "",
     "<b/><c/>"},
};

START_TEST(expanded)
{
    const char *text = canonical(expand(right[_i].content, right[_i].options));
    ck_assert_msg(!diag_errors(diag), "%s\n%s", right[_i].content, messages());
    ck_assert_str_eq(text, right[_i].expanded);
}
END_TEST

/* Columns count from the end of <graph ...>, which is 34 characters long. */
static const struct {
    const char *content, *options, *message;
} wrong[] = {
    {"<a x='${k}'/>", "", "g.xml:1:43: error: no param or loop variable 'k'"},
    {"<a x='${1/0}'/>", "", "g.xml:1:43: error: division by zero"},
    {"<a x='&lt; ${9223372036854775807 + 1}'/>", "", "g.xml:1:48: error: the result does not fit"},
    {"<a x='${1 + }'/>", "", "g.xml:1:47: error: '}' where a value is expected"},
    {"<a x='${1'/>", "", "g.xml:1:44: error: the expression ends where '}' is missing"},
    {"<a x='${mni(1)}'/>", "", "g.xml:1:43: error: no function 'mni'"},
    {"<a x=\"${'a' + 1}\"/>", "", "g.xml:1:43: error: '+' takes numbers, and this is text"},
    {"<a x=\"${item('3 5', 2)}\"/>", "", "item: the list has no item of that number"},
    {"<a x=\"${item('3 5', -1)}\"/>", "", "item: the list has no item of that number"},
    {"<a x=\"${item('3 b', 1)}\"/>", "", "item: the item is no number"},
    {"<a x='${1 # 2}'/>", "", "g.xml:1:45: error: this character has no meaning"},
    {"<a if='3'/>", "", "g.xml:1:42: error: 'if' takes what is true or false"},
    {"<a if='x = y'/>", "", "g.xml:1:42: error: no param or loop variable 'x'"},
    {"<a if='false' x='${k}'/>", "", "error: no param or loop variable 'k'"},
    {"<a if='false'><b x='${1 +}'/></a>", "", "error: '}' where a value is expected"},
    {"<param name='n' type='int' value='1'/>", "",
     "g.xml:1:48: error: nothing refers to param 'n'"},
    {"<param name='n' type='int'/><a x='${n}'/>", "", "error: param 'n' has no value"},
    {"<param name='n' type='integer' value='1'/>", "", "error: 'integer' is no type"},
    {"<param name='n' type='int' value='1.5'/><a x='${n}'/>", "",
     "g.xml:1:69: error: param 'n': '1.5' is not an int"},
    {"<param name='n' type='int' value='5' range='0 4'/><a x='${n}'/>", "",
     "error: param 'n': 5 is outside 0 to 4"},
    {"<param name='n' type='int' value='1' range='4 0'/><a x='${n}'/>", "",
     "error: a range is its low and its high end"},
    {"<param name='n' type='int' value='1' range='0 4'/><a x='${n}'/>", "n=7",
     "-p:1:3: error: param 'n': 7 is outside 0 to 4 (declared in g.xml:1)"},
    {"<param name='fold' type='int' value='1'/><a x='${fold}'/>", "fodl=7",
     "-p:1:1: error: g.xml has no param 'fodl'"},
    {"<param name='n' type='int' value='1'/><a x='${n}'/>", "n=1 n=2", "error: 'n' is given twice"},
    {"<a/>", "n", "-p:1:1: error: -p takes name=value"},
    {"<param name='c' type='choice' of='one two' value='tow'/><a x='${c}'/>", "",
     "error: param 'c': 'tow' is none of one, two"},
    {"<param name='c' type='choice' of='one two' value='one'/><a if='${c} = tow'/>", "",
     "error: 'c' is never 'tow'"},
    {"<param name='b' type='bool' value='maybe'/><a if='b'/>", "", "'maybe' is neither true nor"},
    {"<param name='n' type='int' value='1'/><param name='n' type='int' value='1'/><a x='${n}'/>",
     "", "error: param 'n' is declared twice"},
    {"<param name='1n' type='int' value='1'/>", "", "error: '1n' is no name"},
    {"<param name='if' type='int' value='1'/>", "", "error: 'if' means something else already"},
    {"<param name='n' type='int' value='1' rnage='0 1'/>", "",
     "error: param: no attribute 'rnage'"},
    {"<s><param name='n' type='int' value='1'/></s>", "", "error: a param stands directly in"},
    {"<for name='k' in='a'><a id='i'/><b id='i'/></for>", "", "error: id 'i[a]' is used twice"},
    {"<for name='k' in=''><a/></for>", "", "error: a loop over nothing"},
    {"<for name='k' in='0..9999999'><a/></for>", "", "error: a loop of more than 100000 rounds"},
    {"<for name='k' in='a[b'><a/></for>", "", "error: 'a[b' cannot name a round"},
    {"<for name='k' in='a'><for name='k' in='a'/></for>", "", "error: 'k' is the name of a param"},
    {"<for in='a'><a/></for>", "", "g.xml:1:36: error: for needs name="},
    {"<a id='1'/>", "", "error: '1' is no id"},
    {"<choose on='${1}'><when is='2'><x/></when></choose>", "",
     "g.xml:1:47: error: no <when> takes '1'"},
    {"<for name='k' in='smote none'><choose on='${k}'><when is='smoet'><x/></when>"
     "<otherwise/></choose></for>",
     "", "error: 'k' is never 'smoet'"},
    {"<choose on='${1}'><when is='1'/><when is='2 1'/></choose>", "",
     "error: a <when> above takes '1'"},
    {"<choose id='i' on='${1}'><when is='1'><x/><y/></when></choose>", "",
     "error: the choose has an id, so each branch holds one element"},
    {"<choose id='i' on='${1}'><when is='1'><x id='j'/></when></choose>", "",
     "error: the <choose> of line 1 gives this element its id"},
    {"<choose on='${1}'><x/></choose>", "", "error: a choose holds <when> and <otherwise>, no <x>"},
    {"<param name='arm' type='text' value='a'/><choose on='$arm}'><when is='a'><x/></when>"
     "<otherwise><y z='${arm}'/></otherwise></choose>",
     "", "'$arm}' refers to nothing"},
    {"<param name='arm' type='choice' value='a' of='a b'/><choose on='${arm}s'><when is='a'><x/>"
     "</when><otherwise><y/></otherwise></choose>",
     "", "no <when> can ever take '${arm}s'"},
    {"<when is='a'/>", "", "error: <when> stands directly in a <choose>"},
    {"<include href='nets/c.xml'/>", "", "error: no file 'nets/c.xml'"},
    {"<include href='g.xml'/>", "", "g.xml:1:50: error: 'g.xml' includes itself"},
    {"<include href='nets/a.xml' levles='1'/>", "", "error: nets/a.xml has no param 'levles'"},
    {"<include href='nets/a.xml' levels='x'/>", "",
     "g.xml:1:70: error: param 'levels': 'x' is not an int (declared in nets/a.xml:1)"},
    {"<include href='nets/a.xml' levels='1' as='n' prefix='m'/>", "", "not both"},
    {"<include/>", "", "error: include needs href="},
};

static const char net[] = "<nets " XMLNS "><param name='levels' type='int' value='2'/>"
                          "<net id='unet'><for name='k' in='1..${levels}'><conv id='c${k}'/></for>"
                          "</net></nets>";

START_TEST(refused)
{
    write_file("nets/a.xml", net);
    expand(wrong[_i].content, wrong[_i].options);
    ck_assert_msg(strstr(messages(), wrong[_i].message), "%s\n%s\ndoes not say %s",
                  wrong[_i].content, messages(), wrong[_i].message);
    ck_assert_msg(diag_errors(diag) == 1, "%s\n%s", wrong[_i].content, messages());
}
END_TEST

START_TEST(several_mistakes)
{
    expand("<a x='${k}'/><for name='l' in=''/><b if='maybe'/>", "m=1");
    ck_assert_uint_eq(diag_errors(diag), 4);
}
END_TEST

START_TEST(includes)
{
    write_file("nets/a.xml", net);
    write_file("nets/b.xml", "<nets " XMLNS "><param name='n' type='int' value='1'/>"
                             "<include href='a.xml' levels='${n}'/></nets>");
    const Expansion *expansion =
        expand("<param name='deep' type='int' value='3'/><include href='nets/a.xml'/>"
               "<include href='nets/a.xml' as='second' levels='${deep-2}'/>"
               "<include href='nets/b.xml' prefix='b_'/>"
               "<for name='k' in='1 2'><include href='nets/b.xml' prefix='p${k}_'/></for>",
               "deep=3");
    ck_assert_msg(!diag_errors(diag), "%s", messages());
    ck_assert_str_eq(canonical(expansion),
                     "<net id=\"unet\"><conv id=\"c1\"/><conv id=\"c2\"/></net>"
                     "<net id=\"second\"><conv id=\"c1\"/></net>"
                     "<net id=\"b_unet\"><conv id=\"c1\"/></net>"
                     "<net id=\"p1_unet\"><conv id=\"c1\"/></net>"
                     "<net id=\"p2_unet\"><conv id=\"c1\"/></net>");
    ck_assert_uint_eq(expansion->source_count, 3);
    ck_assert_str_eq(expansion->sources[0]->name, "g.xml");
    ck_assert_str_eq(expansion->root->first->place.source->name, "nets/a.xml");
    ck_assert_uint_eq(expansion->param_count, 1);
    ck_assert_str_eq(expansion->params[0].value, "3");
    ck_assert(expansion->params[0].overridden);
}
END_TEST

START_TEST(includes_in_a_circle)
{
    write_file("nets/a.xml", "<nets " XMLNS "><include href='b.xml'/></nets>");
    write_file("nets/b.xml", "<nets " XMLNS "><include href='../nets/a.xml'/></nets>");
    expand("<include href='nets/a.xml'/>", "");
    ck_assert_ptr_nonnull(strstr(messages(), "nets/b.xml:1:49: error: 'nets/../nets/a.xml' "
                                             "includes itself"));
    write_file("nets/a.xml", "<a " XMLNS "/>");
    expand("<include href='nets/a.xml'/>", "");
    ck_assert_ptr_nonnull(strstr(messages(), "the root of a file is <graph> or <nets>, not <a>"));
}
END_TEST

START_TEST(paths)
{
    write_file("nets/a.xml", "<nets " XMLNS "><param name='f' type='path' value='a.csv'/>"
                             "<x f='${f}'/></nets>");
    const Expansion *expansion =
        expand("<param name='g' type='path' value='g.csv'/><param name='h' type='path' value=''/>"
               "<x g='${g}' h='${h}'/><include href='nets/a.xml'/>"
               "<include href='nets/a.xml' f='b.csv'/>",
               "");
    ck_assert_msg(!diag_errors(diag), "%s", messages());
    char *here = realpath(folder, NULL);
    const Element *x = expansion->root->first;
    ck_assert_str_eq(element_value(x, "g"), arena_format(arena, "%s/g.csv", here));
    ck_assert_str_eq(element_value(x, "h"), "");
    ck_assert_str_eq(element_value(x->next, "f"), arena_format(arena, "%s/nets/a.csv", here));
    ck_assert_str_eq(element_value(x->next->next, "f"), arena_format(arena, "%s/b.csv", here));
    free(here);
}
END_TEST

START_TEST(references)
{
    write_file("nets/a.xml", "<nets " XMLNS "><net id='n'/><use id='u' net='n'/></nets>");
    const Expansion *expansion =
        expand("<include href='nets/a.xml' prefix='p_'/><net id='n'/>"
               "<for name='arm' in='x y'><for name='k' in='1 2'><s id='s'><in/></s></for>"
               "<cut id='cut' if='arm = y'/><t id='t'/></for><v id='v'/>",
               "");
    ck_assert_msg(!diag_errors(diag), "%s", messages());
    const Element *root = expansion->root;
    const Element *in = element_child(root, "s[y][1]")->first;
    ck_assert_ptr_eq(element_find(in, "s"), in->parent);
    ck_assert_ptr_eq(element_find(in, "s[x][2]"), element_child(root, "s[x][2]"));
    ck_assert_ptr_eq(element_find(in, "t"), element_child(root, "t[y]"));
    ck_assert_ptr_eq(element_find(in, "v"), root->last);
    ck_assert_ptr_eq(element_find(element_child(root, "t[x]"), "s[2]"),
                     element_child(root, "s[x][2]"));
    ck_assert_ptr_null(element_find(root->last, "t"));
    ck_assert_str_eq(element_suggest(root->last, "t", NULL, arena), "t[x]");
    ck_assert_ptr_eq(element_find(element_child(root, "p_u"), "n"), element_child(root, "p_n"));
    ck_assert_ptr_eq(element_find(root->last, "n"), element_child(root, "n"));

    const Element *tx = element_child(root, "t[x]"), *ty = element_child(root, "t[y]");
    ck_assert_ptr_nonnull(element_find(ty, "cut"));
    ck_assert(!element_find(tx, "cut") && element_absent(tx, "cut"));
    ck_assert(!element_absent(tx, "cute"));

    size_t count;
    const Element *const *all = element_find_all(root->last, "s[*][2]", &count, arena);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(all[0]->id, "s[x][2]");
    ck_assert_str_eq(all[1]->id, "s[y][2]");
    all = element_find_all(ty, "s[*]", &count, arena);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(all[0]->id, "s[y][1]");
    element_find_all(root->last, "t[*]", &count, arena);
    ck_assert_uint_eq(count, 2);
    element_find_all(root->last, "w[*]", &count, arena);
    ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(fragments)
{
    const Element *root = expand_fragment(
        "<generator 'g'>", "<a id='x'/><for name='k' in='1..2'><b id='y${k}'/></for>", diag, arena);
    ck_assert_msg(!diag_errors(diag), "%s", messages());
    ck_assert_ptr_nonnull(element_child(root, "y2"));
    ck_assert_ptr_eq(element_find(element_child(root, "y1"), "x"), root->first);
    expand_fragment("<g>", "<include href='g.xml'/><param name='n' type='int' value='1'/>", diag,
                    arena);
    ck_assert_uint_eq(diag_errors(diag), 2);
}
END_TEST

START_TEST(limits)
{
    static const char *const large[] = {
        "<for name='a' in='1..1000'><for name='b' in='1..1000'><x/></for></for>",
        "<for name='a' in='1..9000'><for name='b' in='1..9000'/></for>",
        "<for name='a' in='1..9000'><for name='b' in='1..9000'><x if='1 = 2'/></for></for>"};
    for (size_t i = 0; i < COUNT(large); i++) {
        diag_free(diag);
        diag = diag_new();
        expand(large[i], "");
        ck_assert_ptr_nonnull(strstr(messages(), "error: the graph has too much here"));
        ck_assert_uint_eq(diag_errors(diag), 1);
    }
    Text text = {0};
    text_add(&text, "<param name='p0' type='text' value='0123456789'/>");
    for (int i = 1; i < 40; i++)
        text_format(&text, "<param name='p%d' type='text' value='${p%d}${p%d}'/>", i, i - 1, i - 1);
    text_add(&text, "<a x='${p39}'/>");
    diag_free(diag);
    diag = diag_new();
    expand(text.data, "");
    ck_assert_ptr_nonnull(strstr(messages(), "error: a value of more than 1048576 bytes"));
    ck_assert_uint_eq(diag_errors(diag), 1);
    text_free(&text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("expand");
    TCase *tests = tcase_create("expand");
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_loop_test(tests, expanded, 0, (int)COUNT(right));
    tcase_add_loop_test(tests, refused, 0, (int)COUNT(wrong));
    tcase_add_test(tests, several_mistakes);
    tcase_add_test(tests, includes);
    tcase_add_test(tests, includes_in_a_circle);
    tcase_add_test(tests, paths);
    tcase_add_test(tests, references);
    tcase_add_test(tests, fragments);
    tcase_add_test(tests, limits);
    tcase_set_timeout(tests, 30);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
