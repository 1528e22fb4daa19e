/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Branches that are not taken: whether what they refer to could be there if they were.
 *
 * Whoever takes the branch tomorrow, in the middle of a sweep, would meet the mistake then. What
 * could be right, for whatever params, is right here (expand.h tells how names are compared).
 */
#include <string.h>

#include "experiment_parts.h"
#include "pattern.h"
#include "token.h"

/* One name as it stands in an attribute of the element. */
typedef struct {
    Experiment *experiment;
    const Element *element;
    const Attribute *attribute;
    const FornixPort *port; /* of a table's reader, or NULL */
    size_t at, length;
    UntakenName name;
} Mention;

/* The length of the text before any of those bytes; ${...} and what is in brackets holds none. */
static size_t span_before(const char *text, const char *bytes)
{
    size_t at = 0;
    for (int depth = 0; text[at] && (depth > 0 || !strchr(bytes, text[at])); at++)
        depth += (text[at] == '[' || text[at] == '{') - (text[at] == ']' || text[at] == '}');
    return at;
}

static const Element *stage_around(const Element *element)
{
    while (element->parent && element->parent->parent)
        element = element->parent;
    return element;
}

static void refuse(const Mention *m, const char *before, const char *rest, bool inside)
{
    Experiment *x = m->experiment;
    const UntakenName *name = &m->name;
    const char *near = m->port && !strchr(name->id, '$')
                           ? experiment_suggest_table(x, m->element, m->port, name->id)
                           : NULL;
    if (!near)
        near = untaken_suggest(name, x->memory);
    const char *help =
        near ? arena_format(x->memory, "did you mean '%s%s%s'?", before, near, rest) : NULL;
    diag_error_help(x->diag, attribute_part(m->attribute, m->at, m->length), help,
                    name->tables ? "nothing in the graph has the id '%s'"
                    : inside     ? "nothing in here has the id '%s'"
                                 : "nothing here has the id '%s'",
                    name->id);
}

/* The net of a <use>, where there is but one that it can be. */
static const Element *net_of(const Experiment *x, const Element *use)
{
    const char *net = strcmp(use->name, "use") == 0 ? element_value(use, "net") : NULL;
    const Element *found = net ? element_child(x->expansion->root, net) : NULL;
    return found && strcmp(found->name, "net") == 0 ? found : NULL;
}

/* Whether a net of those that are, or one that could be, has what the name means. */
static bool net_has(const Mention *m, const Element *nets)
{
    UntakenName name = m->name;
    bool has = false;
    for (const Element *net = nets; net && !has; net = net->next) {
        name.from = net->first ? net->first : net->untaken;
        has = strcmp(net->name, "include") == 0 ||
              (strcmp(net->name, "net") == 0 && name.from &&
               untaken_finds(&name, NULL, m->experiment->memory));
    }
    return has;
}

/* What stands behind the '/' of a reference that enters a net. */
static void check_inside(Mention *m, const Element *use, const char *text, const char *rest)
{
    Experiment *x = m->experiment;
    const Element *net = net_of(x, use), *root = x->expansion->root;
    size_t length = span_before(rest, "/.");
    m->name.id = arena_slice(x->memory, rest, length);
    m->name.more = NULL;
    if (net_has(m, root->first) || net_has(m, root->untaken))
        return;
    for (const Element *e = root->first; e && !net; e = e->next) {
        m->name.from = strcmp(e->name, "net") == 0 ? e->first : NULL;
        net = m->name.from && untaken_suggest(&m->name, x->memory) ? e : NULL;
    }
    m->name.from = net && net->first ? net->first : use;
    refuse(m, arena_slice(x->memory, text, (size_t)(rest - text)), rest + length, true);
}

/* Whether it can be a reference: of ids, and what stands between them. */
static bool is_reference(const char *text)
{
    size_t hole;
    for (; *text; text += hole ? hole : 1) {
        hole = token_hole(text);
        bool sign = *text == '.' || *text == '/';
        if (!hole && (strchr("${}", *text) || (sign && (!text[1] || strchr("./", text[1])))))
            return false;
    }
    return true;
}

static void check_mention(Mention *m)
{
    Experiment *x = m->experiment;
    UntakenName *name = &m->name;
    const char *text = arena_slice(x->memory, m->attribute->value + m->at, m->length);
    size_t length = name->tables ? span_before(text, "[") : span_before(text, "/.[");
    const char *rest = text + length;
    const Element *found, *stage = stage_around(name->from);
    name->id = arena_slice(x->memory, text, length);
    if (*rest == '.')
        name->more = strcmp(stage->name, "generate") == 0 ? "row" : "batch";
    rest += span_before(rest, "/.");
    if (!untaken_finds(name, &found, x->memory))
        refuse(m, "", text + length, false);
    else if (!is_reference(text))
        diag_error(x->diag, attribute_part(m->attribute, m->at, m->length),
                   "'%s' can't refer to anything", text);
    else if (*rest == '/' && found)
        check_inside(m, found, text, rest + 1);
}

/* Every word of the attribute, or the first alone. */
static void check_words(Mention m, bool first)
{
    static const char blanks[] = " \t\r\n";
    const char *text = m.attribute->value;
    const UntakenName name = m.name;
    if (!text[strspn(text, blanks)])
        check_mention(&m);
    for (size_t at = strspn(text, blanks); text[at]; at += strspn(text + at, blanks)) {
        m.at = at;
        m.length = span_before(text + at, blanks);
        m.name = name;
        bool file = strcmp(m.attribute->name, "weights") == 0 && strpbrk(text, "./");
        if (!file)
            check_mention(&m);
        if (first)
            break;
        at += m.length;
    }
}

/* Names in attributes that are no ports. */
typedef enum { NAMES_TABLE, NAMES_VALUE, NAMES_WITHIN } Names;

static const struct {
    const char *element, *attribute;
    Names names;
} known[] = {
    {"use", "net", NAMES_TABLE},        {"use", "weights", NAMES_TABLE},
    {"update", "nets", NAMES_TABLE},    {"update", "minimise", NAMES_VALUE},
    {"train", "monitor", NAMES_WITHIN}, {"filter", "keep", NAMES_WITHIN},
};

static void check_known(Experiment *x, const Element *element)
{
    for (size_t k = 0; k < COUNT(known); k++) {
        const Attribute *attribute = strcmp(element->name, known[k].element) == 0
                                         ? element_attribute(element, known[k].attribute)
                                         : NULL;
        bool within = known[k].names == NAMES_WITHIN;
        const Element *from = within ? element->untaken : element;
        if (attribute && from)
            check_words((Mention){.experiment = x,
                                  .element = element,
                                  .attribute = attribute,
                                  .name = {.speaker = element,
                                           .from = from,
                                           .tables = known[k].names == NAMES_TABLE}},
                        within);
    }
}

/* In keep="c/logits agrees grade" stands one word that is no name. */
static void check_keep(Experiment *x, const Element *filter)
{
    const Attribute *keep = element_attribute(filter, "keep");
    size_t count = 0;
    char **words = keep ? text_split(keep->value, &count) : NULL;
    if (count == 3 && strcmp(words[1], "agrees") != 0)
        diag_error_help(x->diag, attribute_word(keep, 1), "did you mean 'agrees'?",
                        "keep compares with agrees, not with '%s'", words[1]);
    text_split_free(words);
}

static const FornixPort *port_of(const FornixNode *node, const char *name)
{
    for (const FornixPort *port = node->inputs; port && port->name; port++)
        if (strcmp(port->name, name) == 0)
            return port;
    return NULL;
}

/* Whether an attribute of a <use> or <collect> is a name that the user chose for a value. */
static bool is_chosen(const FornixNode *node, const LanguageWord *word, const char *name)
{
    for (const FornixAttr *attr = node->attrs; attr && attr->name; attr++)
        if (strcmp(attr->name, name) == 0)
            return false;
    return word && (word->flags & LANGUAGE_OPEN) && !attr_common(node, name);
}

/* An attribute of a <use> must be an input of its net. */
static void check_input(Experiment *x, const Element *use, const Attribute *attribute)
{
    const Element *net = net_of(x, use);
    const char *inputs = net ? element_value(net, "input") : NULL;
    size_t count = 0;
    bool given = !inputs;
    char **words = inputs ? text_split(inputs, &count) : NULL;
    for (size_t k = 0; k < count; k++)
        given = given || strcmp(words[k], attribute->name) == 0;
    const char *near =
        given ? NULL : text_suggest(attribute->name, (const char *const *)words, count);
    if (!given)
        diag_error_help(x->diag, attribute->place,
                        near ? arena_format(x->memory, "did you mean '%s'?", near)
                             : arena_format(x->memory, "its net takes %s", inputs),
                        "<use>: no attribute '%s'", attribute->name);
    text_split_free(words);
}

static void check_id(Experiment *x, const Element *element)
{
    const Attribute *id = element_attribute(element, "id");
    const char *meant;
    if (untaken_id(element, &meant, x->memory))
        return;
    diag_error_help(x->diag, id->value_place,
                    meant ? arena_format(x->memory, "did you mean '%s'?", meant) : NULL,
                    meant ? "nothing refers to '%s', which no other branch gives"
                          : "'%s' is no id: a letter or '_', then letters, digits, '_' or '-'",
                    id->value);
}

static void check_element(Experiment *x, const Element *element)
{
    const LanguageWord *word = language_word(element->name);
    const Plugin *plugin = word ? NULL : registry_find(x->registry, element->name);
    const FornixNode *node = word ? word->node : plugin ? plugin->node : NULL;
    bool outer = !element->parent->parent;
    if (!node || strcmp(element->name, "include") == 0)
        return;
    for (size_t a = 0; a < element->attribute_count; a++) {
        const Attribute *attribute = &element->attributes[a];
        const FornixPort *port = port_of(node, attribute->name);
        bool chosen = !port && is_chosen(node, word, attribute->name);
        if (chosen)
            check_input(x, element, attribute);
        if (port || chosen)
            check_words((Mention){.experiment = x,
                                  .element = element,
                                  .attribute = attribute,
                                  .port = outer ? port : NULL,
                                  .name = {.speaker = element, .from = element, .tables = outer}},
                        false);
    }
    check_known(x, element);
    if (strcmp(element->name, "filter") == 0)
        check_keep(x, element);
    check_id(x, element);
}

static void check_within(Experiment *x, const Element *holder)
{
    for (const Element *e = holder->untaken; e; e = e->next) {
        check_element(x, e);
        check_within(x, e);
    }
    for (const Element *e = holder->first; e; e = e->next)
        check_within(x, e);
}

void experiment_check_untaken(Experiment *x)
{
    check_within(x, x->expansion->root);
}
