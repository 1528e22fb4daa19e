/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The graph language: params, includes, loops, switches and arithmetic, all gone after this stage.
 *
 * What is left is a tree of nodes, stages and nets in which every value is plain text that still
 * knows the place where the user wrote it. Every mistake that can be seen without knowing what the
 * nodes mean is recorded here; none ends the work before the rest has been looked at, and code in a
 * branch that is not taken is checked too, for syntax and names.
 *
 * What the language is, language_text.c tells: `fornix help graph`.
 */
#ifndef FORNIX_EXPAND_H
#define FORNIX_EXPAND_H

#include "arena.h"
#include "diag.h"
#include "text.h"
#include "xml.h"

/* Limits, so that no file can exhaust the machine. */
#define EXPAND_ROUNDS 8 /* loops in one another */
#define EXPAND_PARAMS 1000
#define EXPAND_INCLUDES 20 /* in one another */
#define EXPAND_ELEMENTS 200000

/* A value given to a param from outside its file. */
typedef struct {
    const char *name, *value;
    Place name_place, value_place;
    const char *beside; /* the file that a path is relative to; NULL: the working directory */
} Override;

/* Reads "name=value" as it stands behind -p. False after an error. */
bool override_read(const char *text, Override *override, Diag *diag, Arena *arena);

typedef struct {
    const char *name, *type, *doc; /* doc: "" where there is none */
    const char *value;             /* the final one */
    const char *range, *of;        /* as written, or NULL */
    bool overridden;
    Place place;
} Param;

typedef struct {
    const Element *root;
    const Param *params; /* of the main file */
    size_t param_count;
    bool sound; /* nothing is wrong but params that nothing refers to: elements can be trusted */
    const Source *const *sources; /* every file that was read, the main file first */
    size_t source_count;
} Expansion;

/* Looks at the tree of each file before it is expanded, and may mend it. False: what comes of it is
 * not sound. */
typedef struct {
    bool (*look)(void *context, Element *root);
    void *context;
} Inspector;

/* NULL when there is no tree at all (no such file, not well-formed); otherwise what could be
 * expanded: diag_errors tells whether it may be used. All of it lives in the arena. */
typedef struct {
    const char *path;
    const Override *overrides;
    size_t override_count;
    Inspector inspector; /* look NULL: none */
} ExpandRequest;
const Expansion *expand_file(const ExpandRequest *request, Diag *diag, Arena *arena);

/* As expand_file for elements written by a program, without params and includes; gives an element
 * named "fragment" that holds them. */
Element *expand_fragment(const char *name, const char *text, Diag *diag, Arena *arena);

/* The element that a reference (without port or path) means from where `from` stands: among the
 * elements of its parent, then of the parent's parent, and so on. NULL: none. */
const Element *element_find(const Element *from, const char *name);
/* All that "scores[*]" means from there, in document order; a name without [*] gives one or none.
 */
const Element *const *element_find_all(const Element *from, const char *name, size_t *count,
                                       Arena *arena);
/* Whether name would mean an element that its own if= dropped: a port that may be left out can
 * refer to one and is then not connected. Asked when element_find finds none. */
bool element_absent(const Element *from, const char *name);
/* The child with that full id; NULL: none. */
const Element *element_child(const Element *parent, const char *id);
/* Whether nothing beside an element with an id mentions it: then the id may be what is misspelt. */
bool element_idle(const Element *element);

/* Which elements could be meant at all. */
typedef struct {
    bool (*fits)(const void *context, const Element *element);
    const void *context;
} ElementFits;
/* What `name` was probably meant to be, of all that element_find could reach, rather of those that
 * fit and that nothing refers to yet; NULL: no idea. fits may be NULL. */
const char *element_suggest(const Element *from, const char *name, const ElementFits *fits,
                            Arena *arena);

/* ---- Branches that are not taken: elements of `untaken`, whose values stand as written ---- */

/* What a name in such an element could mean, ${} in it and in ids standing for all that they may
 * be. */
typedef struct {
    const Element *speaker; /* whose name it is */
    const char *id;         /* that part of it which is an id */
    const Element *from;    /* where it is looked for: beside this and around it, */
    bool tables;            /* in the outer graph alone, or as far as the net or stage goes */
    const char *more;       /* a name that is known there besides; NULL: none */
} UntakenName;

/* Whether something could have that id; where only uses of nets could, gives one of them, else
 * NULL. found may be NULL. */
bool untaken_finds(const UntakenName *name, const Element **found, Arena *arena);
/* What was probably meant, with the name's own ${}; NULL: no idea. */
const char *untaken_suggest(const UntakenName *name, Arena *arena);
/* Whether the element's own id can stand; false: it is none, or nothing in its file mentions it and
 * another branch of its <choose> gives a similar one that this branch lacks. meant: that one, or
 * NULL. */
bool untaken_id(const Element *element, const char **meant, Arena *arena);

/* Adds the element in one spelling for all equal meanings: full ids, attributes sorted, values as
 * they are after expansion, no doc, no comments and no layout. */
void element_canonical(Text *text, const Element *element);

#endif
