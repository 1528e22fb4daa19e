/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The walk over a graph's sources that writes the expanded tree.
 *
 * One function visits a source element in a Walk, which says what the names mean here, where the
 * result goes, and whether there is to be one: a branch that is not taken is walked "dry", so that
 * its syntax and names are checked and the params it mentions count as used. Every visit is paid
 * for from a fixed purse, since a few nested loops can ask for more than any machine has.
 */
#include "expand.h"

#include <ctype.h>
#include <string.h>

#include "expand_parts.h"
#include "token.h"

enum {
    MOST_WORK = 1000000,
    WORK_OF_HELP = 1000, /* it takes many evaluations */
    MOST_ELEMENTS = EXPAND_ELEMENTS,
    MOST_BYTES = 256 << 20
};

static const Level direct; /* nothing stands between an element and its parent */

bool expand_spend(Expander *expander, Place place, size_t bytes)
{
    if (expander->exhausted)
        return false;
    expander->work++;
    expander->bytes += bytes;
    const char *most = expander->work > MOST_WORK           ? "work to expand it"
                       : expander->elements > MOST_ELEMENTS ? "elements"
                       : expander->bytes > MOST_BYTES       ? "text"
                                                            : NULL;
    if (most) {
        expander->exhausted = true;
        diag_error(expander->diag, place, "the graph has too much here: more %s than is allowed",
                   most);
    }
    return !most;
}

static Scope scope_of(const Expander *expander, const Walk *walk)
{
    return (Scope){
        .names = walk->names, .dry = walk->dry, .diag = expander->diag, .arena = expander->arena};
}

bool expand_fill(Expander *expander, const Walk *walk, const Attribute *attribute,
                 const char **filled)
{
    *filled = attribute->value;
    if (!strpbrk(attribute->value, "${}"))
        return true;
    Scope scope = scope_of(expander, walk);
    if (token_stray(attribute->value)) /* what it was meant to be takes many evaluations */
        expander->work += strlen(attribute->value);
    /* An evaluation leaves some words in the arena for every word it reads. */
    bool good = expand_spend(expander, attribute->place, 16 * strlen(attribute->value)) &&
                expression_fill(&scope, attribute, filled) &&
                expand_spend(expander, attribute->place, strlen(*filled));
    if (!good)
        expander->work += WORK_OF_HELP;
    return good;
}

bool expand_fill_name(Expander *expander, const Walk *walk, const Attribute *attribute,
                      const char **filled, uint32_t *spoken)
{
    const Level *level = walk->level;
    uint32_t before = 0;
    for (size_t i = 0; i < level->round_count; i++) {
        before |= (uint32_t)level->names[i]->used << i;
        level->names[i]->used = false;
    }
    bool good = expand_fill(expander, walk, attribute, filled);
    *spoken = 0;
    for (size_t i = 0; i < level->round_count; i++) {
        *spoken |= (uint32_t)level->names[i]->used << i;
        level->names[i]->used = level->names[i]->used || (before >> i & 1);
    }
    return good;
}

bool expand_is_name(const char *text)
{
    if (!isalpha((unsigned char)*text) && *text != '_')
        return false;
    while (isalnum((unsigned char)*text) || *text == '_')
        text++;
    return !*text;
}

bool expand_is_id(const char *text)
{
    if (!isalpha((unsigned char)*text) && *text != '_')
        return false;
    while (isalnum((unsigned char)*text) || *text == '_' || *text == '-')
        text++;
    return !*text;
}

const char *expand_did_you_mean(Arena *arena, const char *nearest)
{
    return nearest ? arena_format(arena, "did you mean '%s'?", nearest) : NULL;
}

void expand_allow(Expander *expander, const Element *element, const char *const *allowed)
{
    size_t count = 0;
    while (allowed[count])
        count++;
    for (size_t i = 0; i < element->attribute_count; i++) {
        const Attribute *attribute = &element->attributes[i];
        size_t a = 0;
        while (a < count && strcmp(allowed[a], attribute->name) != 0)
            a++;
        if (a < count || strcmp(attribute->name, "doc") == 0 || attribute->wrong)
            continue;
        const char *nearest = text_suggest(attribute->name, allowed, count);
        diag_error_help(expander->diag, attribute->place,
                        expand_did_you_mean(expander->arena, nearest), "%s: no attribute '%s'",
                        element->name, attribute->name);
    }
}

const Attribute *expand_need(Expander *expander, const Element *element, const char *name)
{
    const Attribute *attribute = element_attribute(element, name);
    if (!attribute && !element->faulty)
        diag_error(expander->diag, element->place, "%s needs %s=", element->name, name);
    return attribute;
}

static void link_child(Element *parent, Element *child)
{
    child->parent = parent;
    if (!parent)
        return;
    if (parent->last)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
    parent->child_count++;
}

static void set_id(Expander *expander, const Walk *walk, Element *element, const Attribute *source)
{
    const char *plain = NULL;
    uint32_t spoken = 0;
    if (source) {
        if (!expand_fill_name(expander, walk, source, &plain, &spoken)) {
            plain = NULL;
        } else if (!expand_is_id(plain)) {
            diag_error(expander->diag, source->value_place,
                       "'%s' is no id: a letter or '_', then letters, digits, '_' or '-'", plain);
            plain = NULL;
        } else if (walk->rename) {
            walk->rename->taken++;
            plain = walk->rename->name;
        }
    }
    identity_set(expander, walk, element, plain, spoken);
}

/* A value that is ${name} and nothing else is wrong where the name got it. */
static void set_origin(const Expander *expander, const Walk *walk, const Attribute *source,
                       Attribute *copy)
{
    Scope scope = scope_of(expander, walk);
    const Name *name = copy->made ? expression_sole_name(&scope, source) : NULL;
    if (!name || !name->place.source)
        return;
    copy->value_place = name->place;
    copy->origin = name->origin;
}

/* The filled attributes of source, with the id that a <choose> gives; `if` has done its work. */
static void copy_attributes(Expander *expander, const Walk *walk, const Element *source,
                            Element *element)
{
    const Attribute *id = element_attribute(source, "id");
    if (id && walk->id)
        diag_error(expander->diag, id->place, "the <choose> of line %d gives this element its id",
                   walk->id->place.line);
    size_t most = source->attribute_count + 1;
    element->attributes = arena_take(expander->arena, most, sizeof(Attribute));
    for (size_t i = 0; i < source->attribute_count; i++) {
        Attribute copy = source->attributes[i];
        if (strcmp(copy.name, "if") == 0 || (walk->id && strcmp(copy.name, "id") == 0))
            continue;
        copy.made = strchr(copy.value, '$') != NULL;
        set_origin(expander, walk, &source->attributes[i], &copy);
        if (!expand_fill(expander, walk, &source->attributes[i], &copy.value))
            copy.wrong = true;
        element->attributes[element->attribute_count++] = copy;
    }
    if (walk->id) {
        Attribute copy = *walk->id;
        expand_fill(expander, walk, walk->id, &copy.value);
        element->attributes[element->attribute_count++] = copy;
    }
    set_id(expander, walk, element, walk->id ? walk->id : id);
}

static void expand_node(Expander *expander, const Walk *walk, const Element *source)
{
    Walk inside = *walk;
    inside.id = NULL;
    inside.rename = NULL;
    inside.level = &direct;
    if (walk->dry) {
        inside.parent = expand_untaken(expander, walk, source);
        const char *ignored;
        for (size_t i = 0; i < source->attribute_count; i++)
            if (strcmp(source->attributes[i].name, "if") != 0)
                expand_fill(expander, walk, &source->attributes[i], &ignored);
    } else {
        Element *element = arena_take(expander->arena, 1, sizeof *element);
        element->name = source->name;
        element->place = source->place;
        element->faulty = source->faulty;
        expander->elements++;
        expand_spend(expander, source->place, (source->attribute_count + 2) * sizeof(Attribute));
        copy_attributes(expander, walk, source, element);
        link_child(walk->parent, element);
        inside.parent = element;
    }
    expand_content(expander, &inside, source);
}

/* Remembers the id of an element that its if= drops. */
static void note_absent(Expander *expander, const Walk *walk, const Element *source)
{
    const Attribute *id = walk->id ? walk->id : element_attribute(source, "id");
    if (walk->dry || !id || !walk->parent)
        return;
    Walk here = *walk;
    here.rename = NULL;
    Element *element = arena_take(expander->arena, 1, sizeof *element);
    element->name = source->name;
    element->place = source->place;
    set_id(expander, &here, element, id);
    if (element->id && expand_spend(expander, source->place, 4 * sizeof *element)) {
        element->next = walk->parent->absent;
        walk->parent->absent = element;
    }
}

static void expand_element(Expander *expander, const Walk *outside, const Element *element)
{
    static const struct {
        const char *name;
        void (*expand)(Expander *expander, const Walk *walk, const Element *element);
    } controls[] = {{"for", expand_for}, {"choose", expand_choose}, {"include", expand_include}};
    Walk walk = *outside;
    const Attribute *condition = element_attribute(element, "if");
    if (!expand_spend(expander, element->place, 0))
        return;
    if (strcmp(element->name, "param") == 0) {
        if ((!walk.visit || element->parent->parent) && !expander->unsound)
            diag_error(expander->diag, element->place,
                       "a param stands directly in the root of a file");
        return;
    }
    if ((strcmp(element->name, "when") == 0 || strcmp(element->name, "otherwise") == 0) &&
        !expander->unsound)
        diag_error(expander->diag, element->place, "<%s> stands directly in a <choose>",
                   element->name);
    if (condition) {
        bool truth = false;
        Scope scope = scope_of(expander, &walk);
        bool good = expand_spend(expander, condition->place, 16 * strlen(condition->value)) &&
                    expression_truth(&scope, condition, &truth);
        expander->work += good ? 0 : WORK_OF_HELP;
        if (!good || !truth)
            note_absent(expander, &walk, element);
        walk.dry = walk.dry || !good || !truth;
    }
    for (size_t i = 0; i < COUNT(controls); i++)
        if (strcmp(element->name, controls[i].name) == 0) {
            controls[i].expand(expander, &walk, element);
            return;
        }
    expand_node(expander, &walk, element);
}

void expand_content(Expander *expander, const Walk *walk, const Element *element)
{
    for (const Element *child = element->first; child && !expander->exhausted; child = child->next)
        expand_element(expander, walk, child);
}

/* The tree below a holder, which only spares the root a case of its own. */
static Element *expand_root(Expander *expander, Walk walk, const Element *source)
{
    const Attribute *condition = element_attribute(source, "if");
    if (condition)
        diag_error(expander->diag, condition->place, "a whole file cannot be switched off");
    Element holder = {0};
    walk.level = &direct;
    walk.parent = &holder;
    expand_node(expander, &walk, source);
    Element *root = holder.first;
    root->parent = NULL;
    identity_index(expander, root);
    return root;
}

const Expansion *expand_file(const ExpandRequest *request, Diag *diag, Arena *arena)
{
    Expander expander = {.diag = diag, .arena = arena, .inspector = request->inspector};
    const File *file = expand_open(&expander, request->path, (Place){0});
    if (!file || !file->root) {
        mem_free(expander.sources);
        return NULL;
    }
    Expansion *expansion = arena_take(arena, 1, sizeof *expansion);
    Visit visit = {.file = file};
    size_t before = diag_errors(diag);
    expander.inspected = 0;
    Name *names =
        expand_params(&expander, &visit, request->overrides, request->override_count, expansion);
    expansion->root = expand_root(&expander, (Walk){.visit = &visit, .names = names}, file->root);
    bool fine = diag_errors(diag) - expander.inspected == before;
    expansion->sound = fine && !expander.unsound;
    if (fine) /* an expression that failed did not read all its names */
        expand_unused(&expander, &visit, names);
    expansion->source_count = expander.source_count;
    const Source **sources = arena_take(arena, expander.source_count, sizeof *sources);
    memcpy(sources, expander.sources, expander.source_count * sizeof *sources);
    expansion->sources = sources;
    mem_free(expander.sources);
    return expansion;
}

Element *expand_fragment(const char *name, const char *text, Diag *diag, Arena *arena)
{
    Expander expander = {.diag = diag, .arena = arena};
    const Element *source = xml_parse_fragment(name, text, diag, arena);
    return source ? expand_root(&expander, (Walk){0}, source) : NULL;
}
