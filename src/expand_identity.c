/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Full ids of expanded elements, and what a reference means from a place.
 *
 * A reference is plain text in an attribute that only the node understands, so it is not rewritten
 * when a loop is unrolled. Instead each element keeps the rounds and includes that it came through,
 * and a reference is tried with all of them, then with fewer: so the inside finds its own round
 * first and still sees what is outside.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "expand_parts.h"
#include "mend.h"

static void full_id(Text *id, const Level *level, size_t prefixes, uint32_t rounds,
                    const char *name)
{
    for (size_t i = 0; i < prefixes; i++)
        text_add(id, level->prefixes[i]);
    size_t plain = strcspn(name, "[");
    text_add_slice(id, name, plain);
    for (size_t i = 0; i < level->round_count; i++)
        if (rounds >> i & 1)
            text_format(id, "[%s]", level->rounds[i]);
    text_add(id, name + plain);
}

void identity_set(Expander *expander, const Walk *walk, Element *element, const char *plain,
                  uint32_t spoken)
{
    const Level *level = walk->level;
    Identity *identity = arena_take(expander->arena, 1, sizeof *identity);
    *identity = (Identity){.plain = plain, .level = level};
    element->identity = identity;
    if (!plain)
        return;
    Text id = {0};
    full_id(&id, level, level->prefix_count, ~(spoken | level->spoken), plain);
    element->id = arena_text(expander->arena, text_value(&id));
    text_free(&id);
}

static int by_id(const void *left, const void *right)
{
    const Element *const *a = left, *const *b = right;
    return strcmp((*a)->id, (*b)->id);
}

static void refuse_twice(Expander *expander, const Element *first, const Element *again)
{
    if (first->place.source == again->place.source &&
        (again->place.line < first->place.line ||
         (again->place.line == first->place.line && again->place.column < first->place.column))) {
        const Element *swap = first;
        first = again;
        again = swap;
    }
    const Attribute *id = element_attribute(again, "id");
    diag_error(expander->diag, id ? id->value_place : again->place,
               "id '%s' is used twice: %s:%d has it too", again->id, first->place.source->name,
               first->place.line);
}

void identity_index(Expander *expander, Element *element)
{
    Identity *identity = arena_take(expander->arena, 1, sizeof *identity);
    if (element->identity)
        *identity = *element->identity;
    identity->children = arena_take(expander->arena, element->child_count, sizeof(Element *));
    for (Element *child = element->first; child; child = child->next) {
        if (child->id)
            identity->children[identity->child_count++] = child;
        if (child->first)
            identity_index(expander, child);
    }
    qsort(identity->children, identity->child_count, sizeof(Element *), by_id);
    for (size_t i = 1; i < identity->child_count; i++)
        if (strcmp(identity->children[i - 1]->id, identity->children[i]->id) == 0)
            refuse_twice(expander, identity->children[i - 1], identity->children[i]);
    element->identity = identity;
}

static int id_order(const void *key, const void *entry)
{
    const Element *const *element = entry;
    return strcmp(key, (*element)->id);
}

const Element *element_child(const Element *parent, const char *id)
{
    const Identity *identity = parent->identity;
    if (!identity || !identity->child_count)
        return NULL;
    const Element **found =
        bsearch(id, identity->children, identity->child_count, sizeof(Element *), id_order);
    return found ? *found : NULL;
}

/* Whether id is what the pattern says, with [*] for any value of a loop. */
static bool matches(const char *pattern, const char *id)
{
    while (*pattern && *id) {
        if (strncmp(pattern, "[*]", 3) == 0 && *id == '[') {
            pattern += 3;
            id += strcspn(id, "]");
            id += *id == ']';
        } else if (*pattern++ != *id++) {
            return false;
        }
    }
    return !*pattern && !*id;
}

/* Counts the children that the pattern means, and gives them where found is not NULL. */
static size_t children_matching(const Element *parent, const char *pattern, const Element **found)
{
    size_t count = 0;
    if (!strstr(pattern, "[*]")) {
        const Element *child = element_child(parent, pattern);
        if (child && found)
            found[0] = child;
        return child != NULL;
    }
    for (const Element *child = parent->first; child; child = child->next)
        if (child->id && matches(pattern, child->id)) {
            if (found)
                found[count] = child;
            count++;
        }
    return count;
}

static size_t absent_matching(const Element *parent, const char *pattern, const Element **found)
{
    (void)found;
    for (const Element *child = parent->absent; child; child = child->next)
        if (matches(pattern, child->id))
            return 1;
    return 0;
}

typedef size_t Matching(const Element *parent, const char *pattern, const Element **found);

/* The full spelling under which name is known to the elements beside `from`, into id. */
static size_t level_find(const Element *from, const char *name, Text *id, Matching *matching)
{
    static const Level none;
    const Level *level = from->identity && from->identity->level ? from->identity->level : &none;
    for (size_t prefixes = level->prefix_count + 1; prefixes-- > 0;)
        for (uint32_t rounds = 1U << level->round_count; rounds-- > 0;) {
            id->length = 0;
            full_id(id, level, prefixes, rounds, name);
            size_t count = matching(from->parent, text_value(id), NULL);
            if (count)
                return count;
        }
    return 0;
}

const Element *const *element_find_all(const Element *from, const char *name, size_t *count,
                                       Arena *arena)
{
    const Element **found = NULL;
    Text id = {0};
    *count = 0;
    for (; from->parent && !*count; from = from->parent) {
        *count = level_find(from, name, &id, children_matching);
        if (*count) {
            found = arena_take(arena, *count, sizeof *found);
            children_matching(from->parent, text_value(&id), found);
        }
    }
    text_free(&id);
    return found;
}

const Element *element_find(const Element *from, const char *name)
{
    const Element *found = NULL;
    Text id = {0};
    for (; from->parent && !found; from = from->parent)
        if (level_find(from, name, &id, children_matching))
            found = element_child(from->parent, text_value(&id));
    text_free(&id);
    return found;
}

bool element_absent(const Element *from, const char *name)
{
    Text id = {0};
    bool absent = false;
    for (; from->parent && !absent; from = from->parent)
        absent = level_find(from, name, &id, absent_matching) > 0;
    text_free(&id);
    return absent;
}

bool identity_is_byte(char byte)
{
    return isalnum((unsigned char)byte) || byte == '_' || byte == '-';
}

bool identity_mentions(const Element *element, const char *name, const Attribute *but)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < element->attribute_count; i++) {
        const char *value = element->attributes[i].value, *at = value;
        if (element->attributes[i].place.line == but->place.line &&
            element->attributes[i].place.column == but->place.column)
            continue;
        for (; (at = strstr(at, name)); at++)
            if ((at == value || !identity_is_byte(at[-1])) && !identity_is_byte(at[length]))
                return true;
    }
    for (const Element *child = element->first; child; child = child->next)
        if (identity_mentions(child, name, but))
            return true;
    return false;
}

bool element_idle(const Element *element)
{
    const Attribute *id = element_attribute(element, "id");
    return element->parent && id && element->identity && element->identity->plain &&
           !identity_mentions(element->parent, element->identity->plain, id);
}

/* How `from` would name that child of one of its ancestors. */
static const char *spoken(const Element *from, const Element *child)
{
    const char *plain = child->identity->plain;
    return element_find(from, plain) == child ? plain : child->id;
}

/* The full id nearest to "classify[nnoe]", of all that its loops give. */
static const char *suggest_round(const Element *from, const char *name, Arena *arena)
{
    size_t most = 0, count = 0;
    for (const Element *at = from; at->parent; at = at->parent)
        most += at->parent->child_count;
    const char **ids = arena_take(arena, most, sizeof *ids);
    for (const Element *at = from; at->parent; at = at->parent)
        for (const Element *child = at->parent->first; child; child = child->next)
            if (child->id)
                ids[count++] = child->id;
    return text_suggest(name, ids, count);
}

static bool is_found(void *context, const char *name)
{
    Arena *arena = arena_new();
    size_t count;
    element_find_all(context, name, &count, arena);
    arena_free(arena);
    return count > 0;
}

const char *element_suggest(const Element *from, const char *name, const ElementFits *fits,
                            Arena *arena)
{
    enum { IDLE, FIT, ANY, TIERS };
    size_t most = 0, length = strcspn(name, "["), count = 0;
    if (strpbrk(name, "[]*")) {
        static const char *const signs[] = {"[", "]", "*", NULL};
        const Mend mend = {is_found, (void *)from, signs, length};
        const char *meant = mend_text(name, &mend, arena);
        if (meant)
            return meant;
    }
    for (const Element *at = from; at->parent; at = at->parent) {
        most += at->parent->child_count;
        for (const Element *absent = at->parent->absent; absent; absent = absent->next)
            most++;
    }
    const char **names = arena_take(arena, TIERS * most, sizeof *names);
    const char *plain = arena_slice(arena, name, length);
    for (const Element *at = from; at->parent; at = at->parent)
        for (const Element *absent = at->parent->absent; absent; absent = absent->next)
            names[count++] = absent->identity->plain;
    for (int tier = IDLE; tier < TIERS; tier++)
        for (const Element *at = from; at->parent; at = at->parent)
            for (const Element *child = at->parent->first; child; child = child->next) {
                bool fit = child->id && (!fits || fits->fits(fits->context, child));
                if (!child->id || (tier != ANY && !fit) || (tier == IDLE && !element_idle(child)))
                    continue;
                if (strcmp(child->identity->plain, name) == 0 && tier == ANY) /* out of its loop */
                    return arena_text(arena, child->id);
                names[count++] = name[length] ? child->identity->plain : spoken(from, child);
            }
    const char *near = text_suggest(plain, names, count);
    if (near && name[length] && strcmp(near, plain) == 0) /* another round of its loop */
        return suggest_round(from, name, arena);
    return near ? arena_format(arena, "%s%s", near, name + length) : NULL;
}

static void canonical_value(Text *text, const char *value)
{
    for (; *value; value++)
        if (strchr("&<>\"", *value) || (unsigned char)*value < ' ')
            text_format(text, "&#%d;", *value);
        else
            text_add_slice(text, value, 1);
}

static int by_name(const void *left, const void *right)
{
    const Attribute *const *a = left, *const *b = right;
    return strcmp((*a)->name, (*b)->name);
}

void element_canonical(Text *text, const Element *element)
{
    size_t count = element->attribute_count;
    const Attribute **sorted = mem_new(count, sizeof *sorted);
    for (size_t i = 0; i < count; i++)
        sorted[i] = &element->attributes[i];
    qsort(sorted, count, sizeof *sorted, by_name);
    text_format(text, "<%s", element->name);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(sorted[i]->name, "doc") == 0)
            continue;
        bool id = element->id && strcmp(sorted[i]->name, "id") == 0;
        text_format(text, " %s=\"", sorted[i]->name);
        canonical_value(text, id ? element->id : sorted[i]->value);
        text_add(text, "\"");
    }
    text_add(text, element->first ? ">" : "/>");
    for (const Element *child = element->first; child; child = child->next)
        element_canonical(text, child);
    if (element->first)
        text_format(text, "</%s>", element->name);
    mem_free(sorted);
}
