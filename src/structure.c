/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether the elements of a file are known and stand where they may, before it is expanded. */
#include "structure.h"

#include <string.h>

#include "attr.h"
#include "base.h"
#include "language.h"

typedef struct {
    const Element *root;
    Registry *registry;
    Diag *diag;
    Arena *arena;
    bool sound;
} Look;

/* What the element is; a NULL node where nobody knows. */
static LanguageWord word_of(const Look *look, const char *name)
{
    const LanguageWord *word = language_word(name);
    if (word)
        return *word;
    const Plugin *plugin = registry_find(look->registry, name);
    return plugin ? language_of(plugin->node) : (LanguageWord){0};
}

/* ---- Names and places ---------------------------------------------------------------------- */

/* The nearest of all that may stand there; NULL: nothing is near. */
static const char *suggest(const Look *look, const char *name, unsigned places)
{
    size_t plugins, words = 0, count = 0;
    const char *const *names = registry_names(look->registry, &plugins);
    while (language_words[words].node)
        words++;
    const char **fit = arena_take(look->arena, plugins + words, sizeof *fit);
    for (size_t i = 0; i < words; i++)
        if (language_words[i].stands & places)
            fit[count++] = language_words[i].node->name;
    for (size_t i = 0; i < plugins; i++)
        if (word_of(look, names[i]).stands & places)
            fit[count++] = names[i];
    return text_suggest(name, fit, count);
}

static const char root_mistake[] = "the root of a file is <graph> or <nets>, not <%s>";

/* The element's word, by the name that was meant; a NULL node after a mistake. */
static LanguageWord know(Look *look, Element *element, unsigned places)
{
    LanguageWord word = word_of(look, element->name);
    FornixError error = {0};
    if (word.node)
        return word;
    registry_fail(look->registry, element->name, &error);
    const char *near =
        strstr(error.text, "does not load") ? NULL : suggest(look, element->name, places);
    if (!near && places & PLACE_FILE) {
        diag_error(look->diag, element->place, root_mistake, element->name);
        look->sound = false;
        return word;
    }
    if (!near) {
        registry_explain(look->registry, element->name, NULL, look->diag, element->place);
        return word;
    }
    diag_error_help(look->diag, element->place,
                    arena_format(look->arena, "did you mean '%s'?", near),
                    places & PLACE_FILE     ? root_mistake
                    : places & PLACE_CHOOSE ? "a choose holds <when> and <otherwise>, no <%s>"
                                            : "there is no node '%s'",
                    element->name);
    element->name = near;
    return word_of(look, near);
}

void structure_places(unsigned places, Text *out)
{
    for (const LanguageWord *word = language_words; word->node; word++) {
        bool any = strcmp(word->node->name, "nets") == 0;
        if ((word->holds & places) && !any)
            text_format(out, "%s<%s>", out->length ? ", " : "", word->node->name);
    }
    if (places & PLACE_OPTIMIZER)
        text_format(out, "%san optimizer", out->length ? ", " : "");
}

static void refuse_place(Look *look, const Element *element, const LanguageWord *word)
{
    Text where = {0};
    const Element *around = element->parent;
    while (around && language_word(around->name) &&
           (language_word(around->name)->holds & PLACE_AROUND) && around->parent)
        around = around->parent;
    structure_places(word->stands, &where);
    diag_error(look->diag, element->place, "<%s> can't stand in <%s>: it stands in %s",
               element->name, around ? around->name : "", text_value(&where));
    text_free(&where);
    look->sound = false;
}

/* A <choose> with an id gives it to what its branches hold. */
static bool is_named(const Element *element)
{
    const Element *branch = element->parent, *choose = branch ? branch->parent : NULL;
    return element_attribute(element, "id") || element->faulty ||
           (choose && strcmp(choose->name, "choose") == 0 && element_attribute(choose, "id"));
}

/* ---- Values that can only be one of several words ------------------------------------------- */

/* Where the words of a name are listed: of= of a param, in= of a loop around the element. NULL:
 * they are not, or something depends on a condition. */
static const Attribute *words_of(const Look *look, const Element *element, const char *name)
{
    for (const Element *at = element; at->parent; at = at->parent) {
        bool branch = strcmp(at->name, "when") == 0 || strcmp(at->name, "otherwise") == 0;
        if (branch || element_attribute(at, "if"))
            return NULL;
        const char *own = strcmp(at->name, "for") == 0 ? element_value(at, "name") : NULL;
        if (own && strcmp(own, name) == 0)
            return element_attribute(at, "in");
    }
    for (const Element *param = look->root->first; param; param = param->next) {
        const char *own = strcmp(param->name, "param") == 0 ? element_value(param, "name") : NULL;
        const char *type = element_value(param, "type");
        if (own && strcmp(own, name) == 0 && type && strcmp(type, "choice") == 0)
            return element_attribute(param, "of");
    }
    return NULL;
}

static void check_words(Look *look, const Element *element, const FornixAttr *attr,
                        const Attribute *words)
{
    static const char blanks[] = " \t\r\n";
    const char *text = words->value;
    size_t choices = 0;
    while (attr->choices[choices])
        choices++;
    for (size_t at = strspn(text, blanks), length; text[at]; at += length) {
        at += strspn(text + at, blanks);
        length = strcspn(text + at, blanks);
        const char *word = arena_slice(look->arena, text + at, length);
        bool known = !length;
        for (size_t i = 0; i < choices; i++)
            known = known || strcmp(attr->choices[i], word) == 0;
        if (known)
            continue;
        const char *near = text_suggest(word, attr->choices, choices);
        diag_error_help(look->diag, attribute_part(words, at, length),
                        near ? arena_format(look->arena, "did you mean '%s'?", near) : NULL,
                        "'%s' is no %s of the <%s> on line %d", word, attr->name, element->name,
                        element->place.line);
    }
}

/* Attributes that are ${name} and nothing else, where the name's words are known. */
static void check_listed(Look *look, const Element *element, const FornixNode *node)
{
    for (const FornixAttr *attr = node->attrs; attr && attr->name; attr++) {
        const char *value = element_value(element, attr->name);
        size_t length = value ? strlen(value) : 0;
        if (attr->kind != FORNIX_ATTR_CHOICE || length < 4 || strncmp(value, "${", 2) != 0 ||
            strcspn(value, "}") != length - 1)
            continue;
        const char *name = arena_slice(look->arena, value + 2, length - 3);
        const Attribute *words = words_of(look, element, name);
        if (words && !strchr(words->value, '$') && !strstr(words->value, ".."))
            check_words(look, element, attr, words);
    }
}

/* ---- The whole ------------------------------------------------------------------------------ */

/* around: the places in which a <choose> stands whose branch this may be. */
static void check_element(Look *look, Element *element, unsigned places, unsigned around)
{
    LanguageWord word = know(look, element, places);
    unsigned holds = word.holds != PLACE_AROUND ? word.holds
                     : places == PLACE_CHOOSE   ? around
                                                : places;
    if (!word.node) {
        holds = ~0U; /* its content may be anything */
    } else if (!(word.stands & places)) {
        refuse_place(look, element, &word);
    } else {
        attr_inspect(&word, element, look->diag, look->arena);
        check_listed(look, element, word.node);
        if ((word.flags & LANGUAGE_NAMED) && !is_named(element)) {
            diag_error(look->diag, element->place, "<%s> has no id, so nothing can refer to it",
                       element->name);
            element->faulty = true;
        }
    }
    bool foreign = !word.node && places == PLACE_FILE; /* no graph at all */
    for (Element *child = foreign ? NULL : element->first; child; child = child->next)
        check_element(look, child, holds, places);
}

bool structure_check(Element *root, Registry *registry, Diag *diag, Arena *arena)
{
    Look look = {.root = root, .registry = registry, .diag = diag, .arena = arena, .sound = true};
    check_element(&look, root, PLACE_FILE, 0);
    return look.sound;
}
