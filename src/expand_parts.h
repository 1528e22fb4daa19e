/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parts of the expansion (expand*.c) share; nobody else includes it. */
#ifndef FORNIX_EXPAND_PARTS_H
#define FORNIX_EXPAND_PARTS_H

#include "expand.h"
#include "pattern.h"

enum { MOST_ROUNDS = EXPAND_ROUNDS, MOST_PARAMS = EXPAND_PARAMS, MOST_INCLUDES = EXPAND_INCLUDES };

typedef struct File File;
struct File {
    const char *path; /* as it was reached first */
    const char *real; /* one spelling a file */
    Element *root;    /* NULL: not well-formed, and reported */
    File *next;
};

/* The files that are open around a place. */
typedef struct Visit Visit;
struct Visit {
    const File *file;
    const Visit *includer;
    int depth;
};

/* What stands between an element and its parent in the sources: rounds of loops, includes. */
typedef struct {
    const char *rounds[MOST_ROUNDS]; /* values, outermost first */
    Name *names[MOST_ROUNDS];        /* the loops' variables */
    uint32_t spoken;                 /* bit r: a prefix refers to it, so that ids need not */
    size_t round_count;
    const char *prefixes[MOST_INCLUDES];
    size_t prefix_count;
} Level;

/* How an expanded element is found. */
typedef struct Identity {
    const char *plain; /* the id as written; NULL: none */
    const Level *level;
    const Element **children; /* those with an id, sorted by it */
    size_t child_count;
    const Element *source; /* of an element that is not taken: as it stands in its file */
    const Name *names;     /* and what ${} may refer to there */
} Identity;

typedef struct {
    const char *name; /* of the one element that an include brings */
    int taken;
} Rename;

/* A place in the walk over the sources. */
typedef struct {
    const Visit *visit;
    Name *names;
    Element *parent; /* of what is expanded here */
    const Level *level;
    const Attribute *id; /* that a <choose> gives to its element */
    Rename *rename;
    bool dry; /* nothing comes of it; check only */
} Walk;

typedef struct {
    Diag *diag;
    Arena *arena;
    File *files;
    const Source **sources;
    size_t source_count;
    size_t work, elements, bytes; /* spent, against the limits */
    bool exhausted;
    Inspector inspector;
    size_t inspected; /* mistakes that it told: they were mended, or made unsound */
    bool unsound;
} Expander;

/* expand.c */

/* False, with one error for the whole expansion, when it has become too large. */
bool expand_spend(Expander *expander, Place place, size_t bytes);
bool expand_fill(Expander *expander, const Walk *walk, const Attribute *attribute,
                 const char **filled);
/* As expand_fill, and tells which of the level's loop variables it refers to, as bits. */
bool expand_fill_name(Expander *expander, const Walk *walk, const Attribute *attribute,
                      const char **filled, uint32_t *spoken);
/* Refuses attributes that are not in allowed (NULL-terminated), doc and if apart. */
void expand_allow(Expander *expander, const Element *element, const char *const *allowed);
/* The attribute, or NULL after an error. */
const Attribute *expand_need(Expander *expander, const Element *element, const char *name);
bool expand_is_name(const char *text); /* of a param or loop variable */
bool expand_is_id(const char *text);
const char *expand_did_you_mean(Arena *arena, const char *nearest);
void expand_content(Expander *expander, const Walk *walk, const Element *element);

/* expand_control.c: the elements that vanish */

void expand_for(Expander *expander, const Walk *walk, const Element *element);
void expand_choose(Expander *expander, const Walk *walk, const Element *element);
void expand_include(Expander *expander, const Walk *walk, const Element *element);
/* The file at path, read once; NULL after an error. */
const File *expand_open(Expander *expander, const char *path, Place asked);

/* expand_param.c */

/* The names of the params in a file's root, and their list where params is not NULL. */
Name *expand_params(Expander *expander, const Visit *visit, const Override *given,
                    size_t given_count, Expansion *list);
/* Refuses params that nothing referred to. */
void expand_unused(Expander *expander, const Visit *visit, const Name *names);

/* expand_identity.c */

/* Sets id and identity of an expanded element; id may be NULL. */
void identity_set(Expander *expander, const Walk *walk, Element *element, const char *plain,
                  uint32_t spoken);
/* Sorts the ids of all that is below the element, and refuses those used twice. */
void identity_index(Expander *expander, Element *element);
/* Whether an attribute of it, or within it, has the name as a word, apart from that one. */
bool identity_mentions(const Element *element, const char *name, const Attribute *but);

bool identity_is_byte(char byte); /* of an id, wherever in it */

/* expand_compared.c */

/* False after it was told that on= can't be any of what the branches list, or is always the same.
 * Words that it can't be are told alone. */
bool expand_compared(Expander *expander, const Walk *walk, const Element *choose,
                     const Attribute *on);

/* expand_untaken.c */

/* Remembers an element of which nothing comes, so that what it refers to can be looked up; once
 * for all rounds of loops. It holds what is untaken in it. */
Element *expand_untaken(Expander *expander, const Walk *walk, const Element *source);

#endif
