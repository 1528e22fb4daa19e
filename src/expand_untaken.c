/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Elements in branches that are not taken: what their references could mean if they were.
 *
 * Nothing of them is expanded, so ids and references are compared as patterns (pattern.h), with all
 * ids that any branch and any round of a loop gives there. What could be right is taken for right.
 */
#include <string.h>

#include "expand_parts.h"
#include "token.h"

static bool same_prefixes(const Level *a, const Level *b)
{
    bool same = a->prefix_count == b->prefix_count;
    for (size_t k = 0; same && k < a->prefix_count; k++)
        same = strcmp(a->prefixes[k], b->prefixes[k]) == 0;
    return same;
}

static bool noted(const Walk *walk, const Element *source, Element **found)
{
    for (Element *known = walk->parent->untaken; known; known = known->next)
        if (known->identity->source == source &&
            same_prefixes(known->identity->level, walk->level)) {
            *found = known;
            return true;
        }
    return false;
}

Element *expand_untaken(Expander *expander, const Walk *walk, const Element *source)
{
    Element *element = NULL;
    if (!walk->parent || noted(walk, source, &element) ||
        !expand_spend(expander, source->place, 4 * sizeof *source))
        return element;
    element = arena_take(expander->arena, 1, sizeof *element);
    Identity *identity = arena_take(expander->arena, 1, sizeof *identity);
    *element = *source;
    element->first = element->last = NULL;
    element->id = walk->id ? walk->id->value : element_value(source, "id");
    if (element->id && walk->rename)
        element->id = walk->rename->name;
    *identity = (Identity){
        .plain = element->id, .level = walk->level, .source = source, .names = walk->names};
    element->identity = identity;
    element->parent = walk->parent;
    element->next = walk->parent->untaken;
    walk->parent->untaken = element;
    return element;
}

/* ---- All that has a name there ------------------------------------------------------------- */

/* The id as it stands in the file, where the expansion has filled it. */
static const char *written_id(const Element *element, Arena *arena)
{
    const Attribute *id = element_attribute(element, "id");
    if (!id || !id->made || !id->value_place.source)
        return element->identity->plain;
    const char *text = id->value_place.source->text + id->raw;
    return arena_slice(arena, text, strcspn(text, "\"'"));
}

typedef struct {
    const UntakenName *wanted;
    Pattern meant;
    Arena *arena;
    const Element *found; /* the last that fits */
    int fits, uses;
    const char **names; /* NULL: not wanted; as written, for a suggestion */
    size_t name_count, room;
} Search;

static void add_name(Search *search, const char *written)
{
    if (search->names && search->name_count < search->room)
        search->names[search->name_count] = written;
    search->name_count++;
}

static bool name_fits(const Search *search, const char *name, const Name *names)
{
    const char *plain = arena_slice(search->arena, name, strcspn(name, "["));
    Pattern pattern = {&plain, 1};
    if (strchr(plain, '$'))
        pattern = pattern_read(plain, names, search->arena);
    return pattern_meets(&search->meant, &pattern);
}

static void try_name(Search *search, const char *name, const Name *names)
{
    search->fits += name_fits(search, name, names);
    add_name(search, name);
}

/* By its id as written there, and with the prefixes of the includes that it came through. */
static void try_element(Search *search, const Element *element)
{
    if (strcmp(element->name, "include") == 0) { /* not opened: it may bring anything */
        search->fits += 2;
        return;
    }
    if (!element->id)
        return;
    const Identity *identity = element->identity;
    Text whole = {0};
    for (size_t k = 0; k < identity->level->prefix_count; k++)
        text_add(&whole, identity->level->prefixes[k]);
    text_add(&whole, identity->plain);
    if (name_fits(search, identity->plain, identity->names) ||
        (whole.length > strlen(identity->plain) &&
         name_fits(search, text_value(&whole), identity->names))) {
        search->fits++;
        search->uses += strcmp(element->name, "use") == 0;
        search->found = element;
    }
    text_free(&whole);
    add_name(search, search->names ? written_id(element, search->arena) : NULL);
}

static void try_holder(Search *search, const Element *holder)
{
    for (const Element *e = holder->first; e; e = e->next)
        try_element(search, e);
    for (const Element *e = holder->untaken; e; e = e->next)
        try_element(search, e);
    for (const Element *e = holder->absent; e; e = e->next)
        try_element(search, e);
    const char *inputs = strcmp(holder->name, "net") == 0 ? element_value(holder, "input") : NULL;
    size_t count = 0;
    char **words = inputs ? text_split(inputs, &count) : NULL;
    const Name *names = holder->identity ? holder->identity->names : NULL;
    for (size_t k = 0; k < count; k++)
        try_name(search, arena_text(search->arena, words[k]), names);
    text_split_free(words);
}

static void search_all(Search *search)
{
    const UntakenName *wanted = search->wanted;
    search->fits = 0;
    search->name_count = 0;
    for (const Element *holder = wanted->from->parent; holder; holder = holder->parent) {
        bool root = !holder->parent, stage = !root && !holder->parent->parent;
        if (root || !wanted->tables)
            try_holder(search, holder);
        if (stage && !wanted->tables)
            break;
    }
    if (wanted->more)
        try_name(search, wanted->more, NULL);
}

bool untaken_finds(const UntakenName *wanted, const Element **found, Arena *arena)
{
    Search search = {.wanted = wanted,
                     .meant = pattern_read(wanted->id, wanted->speaker->identity->names, arena),
                     .arena = arena};
    search_all(&search);
    if (found)
        *found = search.fits == search.uses ? search.found : NULL;
    return search.fits > 0;
}

/* ---- What was meant ------------------------------------------------------------------------ */

/* Every ${...} as one byte: an edit to its inside is none of the name. */
static const char *without_holes(const char *text, Arena *arena)
{
    char *out = arena_text(arena, text), *to = out;
    for (size_t hole; *text; text += hole ? hole : 1) {
        hole = token_hole(text);
        *to++ = hole ? PATTERN_ANY : *text;
    }
    *to = '\0';
    return out;
}

/* The name with the ${...} of the text in its places, in their order, as far as there are any. */
static const char *with_holes(const char *name, const char *text, Arena *arena)
{
    Text out = {0};
    for (size_t hole; *name; name += hole ? hole : 1) {
        hole = token_hole(name);
        while (hole && *text && !token_hole(text))
            text++;
        size_t own = hole ? token_hole(text) : 0;
        text_add_slice(&out, own ? text : name, own ? own : hole ? hole : 1);
        text += own;
    }
    const char *kept = arena_text(arena, text_value(&out));
    text_free(&out);
    return kept;
}

static const char *suggest(const char *meant, const char *const *names, size_t count, Arena *arena)
{
    const char **plain = arena_take(arena, count, sizeof *plain);
    for (size_t k = 0; k < count; k++)
        plain[k] = without_holes(names[k], arena);
    const char *near = text_suggest(without_holes(meant, arena), plain, count);
    for (size_t k = 0; near && k < count; k++)
        if (plain[k] == near)
            return with_holes(names[k], meant, arena);
    return text_suggest(meant, names, count);
}

const char *untaken_suggest(const UntakenName *wanted, Arena *arena)
{
    Search search = {.wanted = wanted,
                     .meant = pattern_read(wanted->id, wanted->speaker->identity->names, arena),
                     .arena = arena};
    search_all(&search);
    search.room = search.name_count;
    search.names = arena_take(arena, search.room, sizeof *search.names);
    search_all(&search);
    return suggest(wanted->id, search.names, search.room, arena);
}

/* ---- Ids that branches share --------------------------------------------------------------- */

/* The ids that a branch gives, into names where not NULL. */
static size_t given_ids(const Element *holder, const char **names)
{
    size_t count = 0;
    for (const Element *e = holder->first; e; e = e->next) {
        const char *id = element_value(e, "id");
        if (id && names)
            names[count] = id;
        count += id != NULL;
        count += given_ids(e, names ? names + count : NULL);
    }
    return count;
}

static bool gives(const Element *branch, const char *id, Arena *arena)
{
    size_t count = given_ids(branch, NULL);
    const char **names = arena_take(arena, count, sizeof *names);
    given_ids(branch, names);
    for (size_t k = 0; k < count; k++)
        if (strcmp(names[k], id) == 0)
            return true;
    return false;
}

/* Whether it can be an id at all, ${...} apart. */
static bool is_id(const char *text, Arena *arena)
{
    char *plain = arena_text(arena, without_holes(text, arena));
    for (char *at = plain; *at; at++)
        if (*at == PATTERN_ANY)
            *at = 'x';
    return expand_is_id(plain);
}

/* Of what other branches of the <choose> give and the element's own does not. */
static const char *suggest_shared(const Element *source, const char *id, Arena *arena)
{
    const Element *branch = source->parent, *choose = branch ? branch->parent : NULL;
    while (choose && strcmp(choose->name, "choose") != 0) {
        branch = choose;
        choose = branch->parent;
    }
    if (!choose)
        return NULL;
    size_t count = given_ids(choose, NULL), others = 0;
    const char **names = arena_take(arena, count, sizeof *names);
    given_ids(choose, names);
    for (size_t k = 0; k < count; k++)
        if (!gives(branch, names[k], arena))
            names[others++] = names[k];
    return suggest(id, names, others, arena);
}

bool untaken_id(const Element *element, const char **meant, Arena *arena)
{
    const Element *source = element->identity->source, *root = source;
    const Attribute *id = element_attribute(source, "id");
    *meant = NULL;
    if (!id)
        return true;
    while (root->parent)
        root = root->parent;
    *meant = suggest_shared(source, id->value, arena);
    const char *start = arena_slice(arena, id->value, strcspn(id->value, "$"));
    if (!is_id(id->value, arena))
        return false;
    return !*meant || !*start || identity_mentions(root, start, id);
}
