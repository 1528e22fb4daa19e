/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The language, of sweeps too, as a RELAX NG schema, for editors and validators.
 *
 * A pattern for each element, and for each place one of all that may stand there. <for> and its
 * kin hold what may stand around them, so they have a pattern for each place. An element in a
 * <choose> that has an id has none of its own: a second pattern of it, without one.
 */
#include "schema.h"

#include <string.h>

#include "attr.h"
#include "base.h"
#include "describe.h"
#include "language.h"
#include "sweep.h"

static const struct {
    unsigned place;
    const char *name;
} places[] = {{PLACE_GRAPH, "graph"},   {PLACE_NET, "net"},
              {PLACE_TRAIN, "train"},   {PLACE_APPLY, "apply"},
              {PLACE_FILTER, "filter"}, {PLACE_VALIDATE, "validate"},
              {PLACE_UPDATE, "update"}, {PLACE_OPTIMIZER, "optimizer"}};

typedef struct {
    FILE *out;
    LanguageWord *words; /* the language's and the plugins' */
    size_t count;
} Schema;

/* ---- Text ----------------------------------------------------------------------------------- */

static void put_escaped(FILE *out, const char *text)
{
    for (; *text; text++) {
        const char *entity = *text == '&'   ? "&amp;"
                             : *text == '<' ? "&lt;"
                             : *text == '>' ? "&gt;"
                             : *text == '"' ? "&quot;"
                                            : NULL;
        if (entity)
            fputs(entity, out);
        else
            fputc(*text, out);
    }
}

static void put_doc(FILE *out, const char *doc)
{
    fputs("<a:documentation>", out);
    put_escaped(out, doc);
    fputs("</a:documentation>", out);
}

/* ---- Values --------------------------------------------------------------------------------- */

static void put_pattern(FILE *out, const char *pattern)
{
    fprintf(out, "<data type=\"string\"><param name=\"pattern\">%s</param></data>", pattern);
}

/* A number in the attribute's range, spelt as fornix reads it. */
static void put_number(FILE *out, const FornixAttr *attr, bool whole)
{
    const double most = 9e18; /* beyond: no bound */
    fprintf(out, "<data type=\"%s\">", whole ? "integer" : "double");
    if (attr->low > -most)
        fprintf(out,
                whole ? "<param name=\"minInclusive\">%.0f</param>"
                      : "<param name=\"minInclusive\">%.17g</param>",
                attr->low);
    if (attr->high < most)
        fprintf(out,
                whole ? "<param name=\"maxInclusive\">%.0f</param>"
                      : "<param name=\"maxInclusive\">%.17g</param>",
                attr->high);
    if (!whole)
        fputs("<param name=\"pattern\">[+\\-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][+\\-]?[0-9]+)?"
              "</param>",
              out);
    fputs("</data>", out);
}

static void put_choices(FILE *out, const char *const *choices)
{
    fputs("<choice>", out);
    for (; *choices; choices++)
        fprintf(out, "<value>%s</value>", *choices);
    fputs("</choice>", out);
}

static void put_dims(FILE *out, const FornixAttr *attr)
{
    fputs("<list>", out);
    for (int i = 0; i < 3; i++) {
        fputs(i ? "<optional>" : "", out);
        put_number(out, attr, true);
        fputs(i ? "</optional>" : "", out);
    }
    fputs("</list>", out);
}

static void put_list(FILE *out, const FornixAttr *attr)
{
    fputs("<list><oneOrMore>", out);
    if (attr->choices)
        put_choices(out, attr->choices);
    else
        fputs("<data type=\"token\"/>", out);
    fputs("</oneOrMore></list>", out);
}

/* expressions: it may be a ${} as well. */
static void put_value(FILE *out, const FornixAttr *attr, bool expressions)
{
    static const char *const truths[] = {"yes", "no", "true", "false", "1", "0", NULL};
    if (attr->kind == FORNIX_ATTR_TEXT || attr->kind == FORNIX_ATTR_PATH) {
        if (attr->fallback)
            fputs("<text/>", out);
        else
            fputs("<data type=\"string\"><param name=\"minLength\">1</param></data>", out);
        return;
    }
    bool number = attr->kind == FORNIX_ATTR_INT || attr->kind == FORNIX_ATTR_REAL ||
                  attr->kind == FORNIX_ATTR_BOOL || attr->kind == FORNIX_ATTR_CHOICE;
    fputs("<choice>", out);
    switch (attr->kind) {
    case FORNIX_ATTR_INT: put_number(out, attr, true); break;
    case FORNIX_ATTR_REAL: put_number(out, attr, false); break;
    case FORNIX_ATTR_BOOL: put_choices(out, truths); break;
    case FORNIX_ATTR_CHOICE: put_choices(out, attr->choices); break;
    case FORNIX_ATTR_DIMS: put_dims(out, attr); break;
    case FORNIX_ATTR_LIST: put_list(out, attr); break;
    case FORNIX_ATTR_CLASSES:
        put_number(out, attr, true);
        put_pattern(out, "[^\\s0-9+\\-][^\\s]*");
        break;
    default: put_pattern(out, "[^\\s]+\\.[^\\s]+"); break;
    }
    if (!number && attr->fallback && !*attr->fallback)
        fputs("<value/>", out);
    fputs(expressions ? "<ref name=\"expression\"/></choice>" : "</choice>", out);
}

/* ---- Attributes ----------------------------------------------------------------------------- */

static void open_attribute(FILE *out, const char *name, bool needed)
{
    fprintf(out, "\n    %s<attribute name=\"%s\">", needed ? "" : "<optional>", name);
}

static void close_attribute(FILE *out, bool needed)
{
    fprintf(out, "</attribute>%s", needed ? "" : "</optional>");
}

static void put_attr(FILE *out, const FornixAttr *attr, bool expressions)
{
    Text words = {0};
    describe_attr(attr, &words);
    text_format(&words, ": %s", attr->doc);
    open_attribute(out, attr->name, !attr->fallback);
    put_doc(out, text_value(&words));
    put_value(out, attr, expressions);
    close_attribute(out, !attr->fallback);
    text_free(&words);
}

static void put_port(FILE *out, const FornixPort *port)
{
    bool needed = !(port->flags & FORNIX_OPTIONAL);
    Text words = {0};
    describe_port(port, &words);
    text_format(&words, ": %s", port->doc);
    open_attribute(out, port->name, needed);
    put_doc(out, text_value(&words));
    if (port->flags & FORNIX_MANY)
        fputs("<choice><list><oneOrMore><data type=\"token\"/></oneOrMore></list>"
              "<ref name=\"expression\"/></choice>",
              out);
    else
        fputs("<choice><ref name=\"reference\"/><ref name=\"expression\"/></choice>", out);
    close_attribute(out, needed);
    text_free(&words);
}

static void put_commons(FILE *out, const LanguageWord *word, bool unnamed)
{
    size_t count;
    const FornixAttr *commons = attr_commons(word->node, &count);
    for (size_t i = 0; i < count; i++) {
        bool id = strcmp(commons[i].name, "id") == 0;
        bool needed = id && (word->flags & LANGUAGE_NAMED);
        if ((id && unnamed) ||
            ((word->flags & LANGUAGE_PLAIN) && strcmp(commons[i].name, "doc") != 0))
            continue;
        open_attribute(out, commons[i].name, needed);
        put_doc(out, commons[i].doc);
        fputs(id ? "<choice><ref name=\"id\"/><ref name=\"expression\"/></choice>" : "<text/>",
              out);
        close_attribute(out, needed);
    }
}

/* Any others: names that the user gave elsewhere. */
static void put_others(FILE *out, const LanguageWord *word)
{
    size_t count;
    const FornixAttr *commons = attr_commons(word->node, &count);
    fputs("\n    <zeroOrMore><attribute><nsName ns=\"\"><except>", out);
    for (size_t i = 0; i < count; i++)
        if (!(word->flags & LANGUAGE_PLAIN) || strcmp(commons[i].name, "doc") == 0)
            fprintf(out, "<name ns=\"\">%s</name>", commons[i].name);
    for (const FornixAttr *attr = word->node->attrs; attr && attr->name; attr++)
        fprintf(out, "<name ns=\"\">%s</name>", attr->name);
    fputs("</except></nsName><text/></attribute></zeroOrMore>", out);
}

static void put_attributes(FILE *out, const LanguageWord *word, bool unnamed)
{
    put_commons(out, word, unnamed);
    for (const FornixPort *port = word->node->inputs; port && port->name; port++)
        put_port(out, port);
    for (const FornixAttr *attr = word->node->attrs; attr && attr->name; attr++) {
        bool given = unnamed && strcmp(attr->name, "id") == 0;
        if (!given)
            put_attr(out, attr, true);
    }
    if (word->flags & LANGUAGE_OPEN)
        put_others(out, word);
}

/* ---- Elements ------------------------------------------------------------------------------- */

static const char *place_name(unsigned place)
{
    for (size_t i = 0; i < COUNT(places); i++)
        if (places[i].place == place)
            return places[i].name;
    return "anywhere"; /* what an included file may hold */
}

static bool stands_around(const LanguageWord *word)
{
    return word->holds & (PLACE_AROUND | PLACE_CHOOSE);
}

static void open_element(FILE *out, const LanguageWord *word)
{
    fprintf(out, "<element name=\"%s\">", word->node->name);
    put_doc(out, word->node->doc);
}

static void put_content(FILE *out, const char *place, bool some)
{
    const char *how = some ? "oneOrMore" : "zeroOrMore";
    fprintf(out, "\n    <%s><ref name=\"in.%s\"/></%s>", how, place, how);
}

static void define_element(FILE *out, const LanguageWord *word, bool unnamed)
{
    fprintf(out, "\n  <define name=\"%s%s\">", unnamed ? "unnamed." : "element.", word->node->name);
    open_element(out, word);
    put_attributes(out, word, unnamed);
    if (word->holds)
        put_content(out, place_name(word->holds), word->holds == PLACE_UPDATE);
    fputs("</element></define>", out);
}

static void put_branches(FILE *out, const char *place, bool unnamed)
{
    fprintf(out,
            "\n    <oneOrMore><ref name=\"%swhen.%s\"/></oneOrMore>"
            "<optional><ref name=\"%sotherwise.%s\"/></optional>",
            unnamed ? "unnamed." : "", place, unnamed ? "unnamed." : "", place);
}

/* Of <choose>: with an id, its branches hold one element without. */
static void define_around(FILE *out, const LanguageWord *word, const char *place, bool unnamed)
{
    bool chooses = word->holds == PLACE_CHOOSE, branch = word->stands == PLACE_CHOOSE;
    fprintf(out, "\n  <define name=\"%s%s.%s\">", unnamed ? "unnamed." : "", word->node->name,
            place);
    open_element(out, word);
    put_attributes(out, word, chooses && !unnamed);
    if (chooses && unnamed)
        put_branches(out, place, true);
    else if (chooses)
        put_branches(out, place, false);
    else if (branch && unnamed)
        fprintf(out, "\n    <ref name=\"one.%s\"/>", place);
    else
        put_content(out, place, false);
    fputs("</element></define>", out);
}

/* All that may stand in a place. */
static void define_place(const Schema *schema, unsigned place, const char *name)
{
    FILE *out = schema->out;
    fprintf(out, "\n  <define name=\"in.%s\"><choice>", name);
    for (size_t i = 0; i < schema->count; i++) {
        const LanguageWord *word = &schema->words[i];
        if (!(word->stands & place))
            continue;
        bool around = stands_around(word);
        fprintf(out, "<ref name=\"%s%s%s%s\"/>", around ? "" : "element.", word->node->name,
                around ? "." : "", around ? name : "");
        if (word->holds == PLACE_CHOOSE)
            fprintf(out, "<ref name=\"unnamed.%s.%s\"/>", word->node->name, name);
    }
    fprintf(out, "</choice></define>\n  <define name=\"one.%s\"><choice>", name);
    for (size_t i = 0; i < schema->count; i++)
        if ((schema->words[i].stands & place) && !(schema->words[i].flags & LANGUAGE_PLAIN))
            fprintf(out, "<ref name=\"unnamed.%s\"/>", schema->words[i].node->name);
    fputs("</choice></define>", out);
    for (size_t i = 0; i < schema->count; i++)
        for (int unnamed = 0; unnamed < 2; unnamed++) {
            const LanguageWord *word = &schema->words[i];
            bool both = word->holds == PLACE_CHOOSE || word->stands == PLACE_CHOOSE;
            if (stands_around(word) && (!unnamed || both))
                define_around(out, word, name, unnamed);
        }
}

/* ---- Sweeps --------------------------------------------------------------------------------- */

/* Names of their own: <compare> is another thing in a graph. Values stand for themselves. */
static void define_sweep_word(FILE *out, const SweepWord *sweep)
{
    LanguageWord word = {.node = sweep->node, .flags = LANGUAGE_PLAIN};
    const char *how = sweep->needs ? "oneOrMore" : "zeroOrMore";
    size_t count;
    char **held = text_split(sweep->holds, &count);
    fprintf(out, "\n  <define name=\"sweep.%s\">", word.node->name);
    open_element(out, &word);
    put_commons(out, &word, true);
    for (const FornixAttr *attr = word.node->attrs; attr->name; attr++)
        put_attr(out, attr, false);
    if (count)
        fprintf(out, "\n    <%s><choice>", how);
    for (size_t k = 0; k < count; k++)
        fprintf(out, "<ref name=\"sweep.%s\"/>", held[k]);
    if (count)
        fprintf(out, "</choice></%s>", how);
    fputs("</element></define>", out);
    text_split_free(held);
}

/* ---- The whole ------------------------------------------------------------------------------ */

static void collect_words(Schema *schema, Registry *registry)
{
    size_t plugins, words = 0;
    const char *const *names = registry_names(registry, &plugins);
    while (language_words[words].node)
        words++;
    schema->words = mem_new(words + plugins, sizeof *schema->words);
    for (size_t i = 0; i < words; i++)
        schema->words[schema->count++] = language_words[i];
    for (size_t i = 0; i < plugins; i++) {
        const Plugin *plugin = registry_find(registry, names[i]);
        if (plugin)
            schema->words[schema->count++] = language_of(plugin->node);
    }
}

void schema_write(FILE *out, Registry *registry)
{
    Schema schema = {.out = out};
    collect_words(&schema, registry);
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
          "<grammar xmlns=\"http://relaxng.org/ns/structure/1.0\" ns=\"" FORNIX_NAMESPACE "\"\n"
          "         xmlns:a=\"http://relaxng.org/ns/compatibility/annotations/1.0\"\n"
          "         datatypeLibrary=\"http://www.w3.org/2001/XMLSchema-datatypes\">\n"
          "  <start><choice>",
          out);
    for (size_t i = 0; i < schema.count; i++)
        if (schema.words[i].stands & PLACE_FILE)
            fprintf(out, "<ref name=\"element.%s\"/>", schema.words[i].node->name);
    fprintf(out, "<ref name=\"sweep.%s\"/></choice></start>\n  <define name=\"expression\">",
            sweep_words->node->name);
    put_pattern(out, ".*[$][{].*");
    fputs("</define>\n  <define name=\"id\">", out);
    put_pattern(out, "[A-Za-z_][A-Za-z0-9_\\-]*");
    fputs("</define>\n  <define name=\"reference\">", out);
    put_pattern(out, "\\s*[^\\s]+\\s*");
    fputs("</define>", out);
    for (size_t i = 0; i < schema.count; i++)
        if (!stands_around(&schema.words[i])) {
            define_element(out, &schema.words[i], false);
            if (!(schema.words[i].flags & LANGUAGE_PLAIN))
                define_element(out, &schema.words[i], true);
        }
    unsigned anywhere = 0;
    for (size_t i = 0; i < COUNT(places); i++) {
        define_place(&schema, places[i].place, places[i].name);
        anywhere |= places[i].place;
    }
    define_place(&schema, anywhere, place_name(anywhere));
    for (const SweepWord *word = sweep_words; word->node; word++)
        define_sweep_word(out, word);
    fputs("\n</grammar>\n", out);
    mem_free(schema.words);
}
