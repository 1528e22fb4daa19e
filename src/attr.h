/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The attributes of a node: from what a user wrote to the struct that the node's functions read.
 *
 * One table in the node's descriptor says all about an attribute; reading, range checks, errors and
 * help come from it, and a default is read by the same parser as what a user writes. Numbers are
 * strict: the whole text or nothing. Mistakes go to the diag, at the value that is wrong.
 */
#ifndef FORNIX_ATTR_H
#define FORNIX_ATTR_H

#include "arena.h"
#include "diag.h"
#include "language.h"
#include "node.h"
#include "text.h"
#include "xml.h"

/* How the names of label columns and columns are looked up. A function returns false and fills the
 * error where there is none of that name; it leaves the error empty where the cause was told
 * already. What it gives lives as long as the graph. */
typedef struct AttrResolver {
    void *context;
    bool (*classes)(void *context, const char *label, FornixClasses *classes, FornixError *error);
    bool (*like)(void *context, const char *column, FornixLike *like, FornixError *error);
    /* Where the weights of a net lie, in place of the file that is named; the function is NULL
     * where that is the file, what it gives after a failure. */
    const char *(*net_file)(void *context, const char *net, FornixError *error);
} AttrResolver;

/* The node's struct, filled, in the arena; NULL after a mistake. Input ports and the attributes
 * that every node may have (attr_common) are left to the caller. A path is relative to the folder
 * of the file in which it stands. resolver NULL: columns can't be named here. */
void *attr_read(const FornixNode *node, const Element *element, const AttrResolver *resolver,
                Diag *diag, Arena *arena);

/* What attr_read gave, with defaults, as `name="value" ...` in the order of the table: two nodes
 * with equal text behave alike. Paths, classes and columns stand as they were written. */
void attr_canonical(const FornixNode *node, const Element *element, const void *values, Text *out);

/* What can be told of an element as it stands in its file, before anything is expanded: names, and
 * values without ${}. An attribute that was plainly meant to be another becomes that, so that what
 * follows is not told of the same mistake again; one that can't be read is marked as wrong. */
void attr_inspect(const LanguageWord *word, Element *element, Diag *diag, Arena *arena);

/* The attributes that the engine reads itself, with their docs: id, if, acknowledge, doc, and part
 * of what judges tables. */
const FornixAttr *attr_commons(const FornixNode *node, size_t *count);
bool attr_common(const FornixNode *node, const char *name);

/* Whether a table's entry makes sense, its default included. */
bool attr_check(const FornixAttr *attr, size_t attrs_size, FornixError *error);

const char *attr_kind_name(FornixAttrKind kind); /* "whole number" */
/* "1 to 5", "at least 1"; nothing where any number will do. */
void attr_range(const FornixAttr *attr, Text *out);

#endif
