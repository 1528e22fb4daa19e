/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The examples in the descriptors of nodes, made into graphs: "x=2,3,4,5,6 y=mask:2,3,4,5,1:3 |
 * <element .../>", a tensor being NAME=[KIND:]N,D,H,W,C[:CLASSES]. Where no kind is said, it is one
 * that the port takes. */
#ifndef FORNIX_TESTS_EXAMPLES_H
#define FORNIX_TESTS_EXAMPLES_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/infer.h"
#include "../src/text.h"

enum { GIVEN_MOST = 8 };

typedef struct {
    char name[24];
    unsigned kind; /* 0: not said */
    FornixShape shape;
    int64_t classes;
} Given; /* a tensor that an example is given */

typedef struct {
    const char *name; /* of the node */
    Given given[GIVEN_MOST];
    int given_count;
    char element[1000]; /* as written, with id="t" */
    Arena *arena;
    Diag *diag;
    Registry *registry;
    Body *body;
    const Graph *graph; /* of <net id="n"> with the element, used as "u" */
} Example;

static const char *const given_kinds[] = {"image",  "mask",        "label", "weight", "feature",
                                          "logits", "probability", "noise", "loss"};

static inline void given_read(Example *example, const char *word)
{
    ck_assert_int_lt(example->given_count, GIVEN_MOST);
    Given *given = &example->given[example->given_count++];
    *given = (Given){.shape = {0}};
    char kind[24] = "";
    long long n, d, h, w, c, classes = 0;
    int found = sscanf(word, "%23[^=]=%23[a-z]:%lld,%lld,%lld,%lld,%lld:%lld", given->name, kind,
                       &n, &d, &h, &w, &c, &classes);
    if (found < 7)
        found = 1 + sscanf(word, "%23[^=]=%lld,%lld,%lld,%lld,%lld:%lld", given->name, &n, &d, &h,
                           &w, &c, &classes);
    ck_assert_msg(found >= 7, "%s: no tensor: %s", example->name, word);
    given->shape = (FornixShape){n, d, h, w, c};
    given->classes = classes;
    for (unsigned k = 0; k < COUNT(given_kinds); k++)
        if (strcmp(given_kinds[k], kind) == 0)
            given->kind = 1u << k;
    ck_assert_msg(given->kind || !*kind, "%s: no kind: %s", example->name, kind);
}

/* `line` is ended by a newline or the end of the text. */
static inline void example_read(Example *example, const char *name, const char *line)
{
    size_t length = strcspn(line, "\n"), bar = strcspn(line, "|"), words;
    *example = (Example){.name = name};
    ck_assert_msg(bar < length, "%s: no '|' in its example", name);
    char *text = strndup(line, bar), **word = text_split(text, &words);
    for (size_t k = 0; k < words; k++)
        given_read(example, word[k]);
    text_split_free(word);
    free(text);
    const char *element = line + bar + 1 + strspn(line + bar + 1, " ");
    int head = (int)strcspn(element, " />"), all = (int)(line + length - element);
    snprintf(example->element, sizeof example->element, "%.*s id=\"t\"%.*s", head, element,
             all - head, element + head);
}

static inline Given *example_given(Example *example, const char *name, size_t length)
{
    for (int k = 0; k < example->given_count; k++)
        if (strlen(example->given[k].name) == length &&
            strncmp(example->given[k].name, name, length) == 0)
            return &example->given[k];
    return NULL;
}

/* Kinds from the ports that the tensors go into. */
static inline void example_kinds(Example *example, const FornixNode *type, const Element *element)
{
    for (const FornixPort *port = type->inputs; port && port->name; port++) {
        const char *value = element_value(element, port->name);
        while (value && *value) {
            size_t length = strcspn(value, " ");
            Given *given = example_given(example, value, length);
            if (given && !given->kind)
                given->kind = port->kinds & FORNIX_FEATURE ? FORNIX_FEATURE
                                                           : port->kinds & ~(port->kinds - 1);
            value += length + strspn(value + length, " ");
        }
    }
    for (int k = 0; k < example->given_count; k++) {
        Given *given = &example->given[k];
        given->kind = given->kind ? given->kind : FORNIX_FEATURE;
    }
}

static inline bool example_classes(void *context, const char *label, FornixClasses *classes,
                                   FornixError *error)
{
    const Given *given = example_given(context, label, strlen(label));
    if (!given)
        return fornix_fail(error, "no label '%s'", label);
    *classes = (FornixClasses){.count = given->classes, .label = label};
    return true;
}

static inline bool example_like(void *context, const char *column, FornixLike *like,
                                FornixError *error)
{
    const Given *given = example_given(context, column, strlen(column));
    if (!given)
        return fornix_fail(error, "no column '%s'", column);
    *like = (FornixLike){given->shape, given->kind, given->classes};
    like->shape.n = 1;
    return true;
}

static inline void no_mistakes(const Example *example)
{
    char *told = NULL;
    size_t length;
    if (diag_errors(example->diag) == 0)
        return;
    FILE *out = open_memstream(&told, &length);
    diag_print(example->diag, out, false);
    fclose(out);
    ck_abort_msg("%s\n%s", example->element, told);
}

static inline const Element *example_xml(Example *example, const char *behind)
{
    Text text = {0};
    text_add(&text, "<net id=\"n\" input=\"");
    for (int k = 0; k < example->given_count; k++)
        text_format(&text, "%s%s", k ? " " : "", example->given[k].name);
    text_format(&text, "\">%s</net><body id=\"b\"><use id=\"u\" net=\"n\"", example->element);
    for (int k = 0; k < example->given_count; k++)
        text_format(&text, " %s=\"batch.%s\"", example->given[k].name, example->given[k].name);
    text_format(&text, "/>%s</body>", behind);
    const Element *xml =
        expand_fragment("<example>", text_value(&text), example->diag, example->arena);
    text_free(&text);
    no_mistakes(example);
    return xml;
}

/* Infers the graph of the example with what stands `behind` it in the body of its stage, and one
 * more column: goal, unless its n is 0. Mistakes are left in the diag. */
static inline void example_infer(Example *example, Registry *registry, const char *behind,
                                 FornixShape goal)
{
    example->arena = arena_new();
    example->diag = diag_new();
    example->registry = registry;
    const Element *xml = example_xml(example, behind);
    const Plugin *plugin = registry_need(registry, xml->first->first, example->diag);
    no_mistakes(example);
    example_kinds(example, plugin->node, xml->first->first);
    FornixColumn columns[GIVEN_MOST + 1];
    int count = 0;
    for (; count < example->given_count; count++) {
        const Given *given = &example->given[count];
        columns[count] = (FornixColumn){.name = given->name,
                                        .kind = given->kind,
                                        .shape = given->shape,
                                        .classes = given->classes};
        columns[count].shape.n = 1;
    }
    if (goal.n)
        columns[count++] = (FornixColumn){
            .name = "goal", .kind = FORNIX_FEATURE, .shape = {1, goal.d, goal.h, goal.w, goal.c}};
    NetDefinition net = {"n", xml->first};
    AttrResolver resolver = {.context = example, .classes = example_classes, .like = example_like};
    InferRequest request = {.body = xml->last,
                            .prefix = "batch",
                            .columns = columns,
                            .column_count = count,
                            .batch = example->given_count ? example->given[0].shape.n : 3,
                            .nets = &net,
                            .net_count = 1,
                            .registry = registry,
                            .resolver = &resolver,
                            .diag = example->diag};
    example->body = body_new(&request);
    example->graph = body_graph(example->body);
}

static inline void example_open(Example *example, Registry *registry, const char *behind,
                                FornixShape goal)
{
    example_infer(example, registry, behind, goal);
    no_mistakes(example);
}

static inline void example_close(Example *example)
{
    body_free(example->body);
    diag_free(example->diag);
    arena_free(example->arena);
}

/* Runs a statement for each line of the example of a node. */
#define EACH_EXAMPLE(line, type)                                                                   \
    for (const char *line = (type)->example; line && *line;                                        \
         line += strcspn(line, "\n"), line += *line == '\n')

#endif
