/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can be told of an element's attributes before the graph is expanded: so it is told once, and
 * of branches that are not taken too.
 *
 * After a mistake whose remedy is plain the tree is mended, as the user is about to: everything
 * that depends on a name that was misspelt would else be a mistake of its own.
 */
#include <string.h>

#include "attr_parts.h"
#include "base.h"

static bool is_known(const LanguageWord *word, const char *name)
{
    bool common =
        word->flags & LANGUAGE_PLAIN ? strcmp(name, "doc") == 0 : attr_common(word->node, name);
    return common || attr_find(word->node, name) || attr_port(word->node, name);
}

static void inspect_name(const LanguageWord *word, Element *element, Attribute *given, Diag *diag)
{
    if (is_known(word, given->name))
        return;
    const char *near = attr_suggest(word->node, element, given->name, word->flags);
    attr_tell_unknown(word->node, element, given, near, diag);
    if (near && !element_attribute(element, near))
        given->name = near;
    else
        given->wrong = element->faulty = true;
}

/* Where names are the user's, one that is missing tells which was meant. */
static void seek_missing(const LanguageWord *word, const char *missing, Element *element,
                         Diag *diag, Arena *arena)
{
    const char **names = arena_take(arena, element->attribute_count, sizeof *names);
    size_t count = 0;
    for (size_t i = 0; i < element->attribute_count; i++)
        if (!is_known(word, element->attributes[i].name))
            names[count++] = element->attributes[i].name;
    const char *meant = text_suggest(missing, names, count);
    for (size_t i = 0; meant && i < element->attribute_count; i++)
        if (element->attributes[i].name == meant) {
            attr_tell_unknown(word->node, element, &element->attributes[i], missing, diag);
            element->attributes[i].name = missing;
        }
}

static void seek_all_missing(const LanguageWord *word, Element *element, Diag *diag, Arena *arena)
{
    for (const FornixAttr *attr = word->node->attrs; attr && attr->name; attr++)
        if (!attr->fallback && !element_attribute(element, attr->name))
            seek_missing(word, attr->name, element, diag, arena);
    if ((word->flags & LANGUAGE_NAMED) && !element_attribute(element, "id"))
        seek_missing(word, "id", element, diag, arena);
}

/* What a value with signs of ${...} gives, right or wrong, the expansion says. */
static void inspect_value(const FornixAttr *attr, Element *element, Attribute *given, Diag *diag,
                          Arena *arena)
{
    union {
        FornixDims dims;
        FornixList list;
        int64_t whole;
        double real;
    } field;
    bool plain = attr->kind == FORNIX_ATTR_INT || attr->kind == FORNIX_ATTR_REAL ||
                 attr->kind == FORNIX_ATTR_BOOL || attr->kind == FORNIX_ATTR_CHOICE ||
                 attr->kind == FORNIX_ATTR_DIMS ||
                 (attr->kind == FORNIX_ATTR_LIST && attr->choices);
    const char *near = NULL;
    Reading reading = {.attr = attr, .text = given->value, .given = given, .arena = arena};
    if (!plain || strpbrk(given->value, "${}") || value_told(reading, element, &field, diag, &near))
        return;
    if (near && attr->kind != FORNIX_ATTR_LIST)
        given->value = near;
    else
        given->wrong = true;
}

static void seek_needed(const FornixNode *node, Element *element, Diag *diag)
{
    for (const FornixPort *port = node->inputs; port && port->name; port++)
        if (!(port->flags & FORNIX_OPTIONAL) && !element_attribute(element, port->name)) {
            Text what = {0};
            text_format(&what, " needs %s (%s)", port->name, port->doc);
            attr_tell(element, diag, element->place, NULL, text_value(&what));
            text_free(&what);
            element->faulty = true;
        }
    for (const FornixAttr *attr = node->attrs; attr && attr->name; attr++)
        if (!attr->fallback && !element_attribute(element, attr->name)) {
            attr_tell_missing(element, attr, diag);
            element->faulty = true;
        }
}

void attr_inspect(const LanguageWord *word, Element *element, Diag *diag, Arena *arena)
{
    bool open = word->flags & LANGUAGE_OPEN, plain = word->flags & LANGUAGE_PLAIN;
    if (open)
        seek_all_missing(word, element, diag, arena);
    for (size_t i = 0; i < element->attribute_count; i++) {
        Attribute *given = &element->attributes[i];
        if (!open)
            inspect_name(word, element, given, diag);
        const FornixAttr *attr = attr_find(word->node, given->name);
        if (attr && !plain && !given->wrong)
            inspect_value(attr, element, given, diag, arena);
    }
    if (!plain && !element->faulty)
        seek_needed(word->node, element, diag);
}
