/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a line of an example to a graph. */
#include "example.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"

/* ---- Reading ---- */

static bool kind_read(Given *given, const char *kind)
{
    static const char *const kinds[] = {"image",  "mask",        "label", "weight", "feature",
                                        "logits", "probability", "noise", "loss"};
    for (unsigned k = 0; k < COUNT(kinds); k++)
        if (strcmp(kinds[k], kind) == 0)
            given->kind = 1u << k;
    return given->kind || !*kind;
}

static bool shape_sane(const Given *given)
{
    FornixShape s = given->shape;
    int64_t sizes[] = {s.n, s.d, s.h, s.w, s.c}, all = 1;
    for (size_t k = 0; k < COUNT(sizes); k++)
        if (sizes[k] < 1 || !size_multiply(all, sizes[k], &all))
            return false;
    return all <= 1 << 24 && given->classes >= 0;
}

static bool given_read(Example *example, const char *word, FornixError *error)
{
    if (example->given_count == GIVEN_MOST)
        return fornix_fail(error, "an example is given at most %d tensors", GIVEN_MOST);
    Given *given = &example->given[example->given_count++];
    *given = (Given){.shape = {0}};
    char kind[24] = "";
    long long n, d, h, w, c, classes = 0;
    int found = sscanf(word, "%23[^=]=%23[a-z]:%lld,%lld,%lld,%lld,%lld:%lld", given->name, kind,
                       &n, &d, &h, &w, &c, &classes);
    if (found < 7) {
        *kind = '\0';
        found = 1 + sscanf(word, "%23[^=]=%lld,%lld,%lld,%lld,%lld:%lld", given->name, &n, &d, &h,
                           &w, &c, &classes);
    }
    if (found < 7)
        return fornix_fail(error, "'%s' is no tensor: NAME=[KIND:]N,D,H,W,C[:CLASSES]", word);
    given->shape = (FornixShape){n, d, h, w, c};
    given->classes = classes;
    if (!shape_sane(given))
        return fornix_fail(error, "'%s': sizes are from 1 up, 16 million numbers at most", word);
    return kind_read(given, kind) || fornix_fail(error, "'%s' is no kind of tensor", kind);
}

bool example_make(Example *example, const char *name, const char *given, const char *elements,
                  FornixError *error)
{
    *example = (Example){.name = name, .arena = arena_new(), .diag = diag_new()};
    example->element = arena_text(example->arena, elements);
    size_t words;
    bool fine = true;
    char **word = text_split(given, &words);
    for (size_t k = 0; k < words && fine; k++)
        fine = given_read(example, word[k], error);
    text_split_free(word);
    return fine;
}

bool example_read(Example *example, const char *name, const char *line, FornixError *error)
{
    size_t length = strcspn(line, "\n"), bar = strcspn(line, "|");
    if (bar >= length) {
        *example = (Example){.name = name, .arena = arena_new(), .diag = diag_new()};
        return fornix_fail(error, "there is no '|' between the tensors and the element");
    }
    const char *element = line + bar + 1 + strspn(line + bar + 1, " ");
    int head = (int)strcspn(element, " />"), all = (int)(line + length - element);
    Text given = {0}, named = {0};
    text_add_slice(&given, line, bar);
    text_format(&named, "%.*s id=\"t\"%.*s", head, element, all > head ? all - head : 0,
                element + head);
    bool fine = example_make(example, name, text_value(&given), text_value(&named), error);
    text_free(&given);
    text_free(&named);
    return fine;
}

/* ---- Kinds, classes and columns ---- */

static Given *example_given(Example *example, const char *name, size_t length)
{
    for (int k = 0; k < example->given_count; k++)
        if (strlen(example->given[k].name) == length &&
            strncmp(example->given[k].name, name, length) == 0)
            return &example->given[k];
    return NULL;
}

/* Kinds from the ports that the tensors go into, and whether a gradient can come out there. */
static void read_ports(Example *example, const FornixNode *type, const Element *element)
{
    for (const FornixPort *port = type->inputs; port && port->name; port++) {
        const char *value = element_value(element, port->name);
        while (value && *value) {
            size_t length = strcspn(value, " ");
            Given *given = example_given(example, value, length);
            if (given && !given->kind)
                given->kind = port->kinds & FORNIX_FEATURE ? FORNIX_FEATURE
                                                           : port->kinds & ~(port->kinds - 1);
            if (given && !(port->flags & FORNIX_NO_GRAD))
                given->source = true;
            value += length + strspn(value + length, " ");
        }
    }
    for (int k = 0; k < example->given_count; k++) {
        Given *given = &example->given[k];
        given->kind = given->kind ? given->kind : FORNIX_FEATURE;
        given->source = given->source && given->kind & (FORNIX_VALUES | FORNIX_LOSS);
    }
}

static bool example_classes(void *context, const char *label, FornixClasses *classes,
                            FornixError *error)
{
    const Given *given = example_given(context, label, strlen(label));
    if (!given)
        return fornix_fail(error, "no label '%s'", label);
    *classes = (FornixClasses){.count = given->classes, .label = label};
    return true;
}

static bool example_like(void *context, const char *column, FornixLike *like, FornixError *error)
{
    const Given *given = example_given(context, column, strlen(column));
    if (!given)
        return fornix_fail(error, "no column '%s'", column);
    *like = (FornixLike){given->shape, given->kind, given->classes};
    like->shape.n = 1;
    return true;
}

AttrResolver example_resolver(Example *example)
{
    return (AttrResolver){.context = example, .classes = example_classes, .like = example_like};
}

bool example_fine(const Example *example, FornixError *error)
{
    char *told = NULL;
    size_t length;
    if (diag_errors(example->diag) == 0)
        return true;
    FILE *out = open_memstream(&told, &length);
    if (!out)
        return fornix_fail(error, "no memory");
    diag_print(example->diag, out, false);
    fclose(out);
    fornix_fail(error, "%s", told);
    free(told);
    return false;
}

/* ---- The graph ---- */

static void write_use(const Example *example, const char *id, bool sources, Text *text)
{
    text_format(text, "<use id=\"%s\" net=\"n\"", id);
    for (int k = 0; k < example->given_count; k++) {
        const Given *given = &example->given[k];
        text_format(text, " %s=\"%s%s\"", given->name,
                    sources && given->source ? "given/" : "batch.", given->name);
    }
    text_add(text, "/>");
}

static void write_sources(const Example *example, Text *text)
{
    for (int k = 0; k < example->given_count; k++) {
        const Given *given = &example->given[k];
        FornixShape s = given->shape;
        if (given->source)
            text_format(text,
                        "<trial_given id=\"%s\" n=\"%lld\" d=\"%lld\" h=\"%lld\" w=\"%lld\" "
                        "c=\"%lld\" kind=\"%u\"/>",
                        given->name, (long long)s.n, (long long)s.d, (long long)s.h, (long long)s.w,
                        (long long)s.c, given->kind);
    }
}

/* <net id="n">, <net id="given"> and <body>, in this order. */
static const Element *example_xml(Example *example, const ExampleSetting *setting)
{
    Text text = {0};
    bool sources = false;
    text_add(&text, "<net id=\"n\" input=\"");
    for (int k = 0; k < example->given_count; k++) {
        text_format(&text, "%s%s", k ? " " : "", example->given[k].name);
        sources = sources || (setting->sources && example->given[k].source);
    }
    text_format(&text, "\">%s</net><net id=\"given\">", example->element);
    if (sources)
        write_sources(example, &text);
    text_format(&text, "</net><body id=\"b\">%s",
                sources ? "<use id=\"given\" net=\"given\"/>" : "");
    write_use(example, "u", sources, &text);
    if (setting->twice)
        write_use(example, "v", sources, &text);
    text_format(&text, "%s</body>", setting->behind ? setting->behind : "");
    const Element *xml =
        expand_fragment("<example>", text_value(&text), example->diag, example->arena);
    text_free(&text);
    return xml;
}

static void infer_body(Example *example, Registry *registry, const Element *xml, FornixShape goal)
{
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
    NetDefinition nets[] = {{"n", xml->first}, {"given", xml->first->next}};
    AttrResolver resolver = example_resolver(example);
    InferRequest request = {.body = xml->last,
                            .prefix = "batch",
                            .columns = columns,
                            .column_count = count,
                            .batch = example->given_count ? example->given[0].shape.n : 3,
                            .nets = nets,
                            .net_count = COUNT(nets),
                            .registry = registry,
                            .resolver = &resolver,
                            .diag = example->diag};
    example->net = xml->first;
    example->body = body_new(&request);
    example->graph = body_graph(example->body);
}

void example_infer(Example *example, Registry *registry, const ExampleSetting *setting)
{
    /* The element is looked at alone first: its ports tell which tensors become weights. */
    const Element *alone =
        expand_fragment("<example>", example->element, example->diag, example->arena);
    if (diag_errors(example->diag) || !alone)
        return;
    if (!alone->first) {
        diag_error(example->diag, alone->place, "there is no element");
        return;
    }
    const Plugin *plugin = registry_need(registry, alone->first, example->diag);
    if (!plugin)
        return;
    read_ports(example, plugin->node, alone->first);
    const Element *xml = example_xml(example, setting);
    if (!diag_errors(example->diag))
        infer_body(example, registry, xml, setting->goal);
}

bool example_open(Example *example, Registry *registry, const ExampleSetting *setting,
                  FornixError *error)
{
    example_infer(example, registry, setting);
    return example_fine(example, error);
}

void example_close(Example *example)
{
    body_free(example->body);
    diag_free(example->diag);
    arena_free(example->arena);
}
