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
#include "node.h"
#include "text.h"

typedef struct AttrText { /* as it stands in the graph */
    const char *name, *value;
    Place place, value_place;
} AttrText;

/* How the names of label columns and columns are looked up. A function returns false and fills the
 * error where there is none of that name; it leaves the error empty where the cause was told
 * already. What it gives lives as long as the graph. */
typedef struct AttrResolver {
    void *context;
    bool (*classes)(void *context, const char *label, FornixClasses *classes, FornixError *error);
    bool (*like)(void *context, const char *column, FornixLike *like, FornixError *error);
} AttrResolver;

typedef struct AttrRequest {
    const FornixNode *node;
    const char *who; /* how errors name it: "conv_block 'enc2'" */
    Place place;     /* of the node */
    const AttrText *given;
    size_t given_count;
    const char *const *others;    /* more names that the caller reads itself; NULL: none */
    const AttrResolver *resolver; /* NULL: names no columns */
    Diag *diag;
    Arena *arena;
} AttrRequest;

/* The node's struct, filled, in the arena; NULL after a mistake. Of the names given it leaves to
 * the caller: input ports, `others`, and those that every node has (attr_common). A path is
 * relative to the folder of the file in which it stands. */
void *attr_fill(const AttrRequest *request);

/* What attr_fill read, with defaults, as `name="value" …` in the order of the table: two nodes with
 * equal text behave alike. Paths, classes and columns stand as they were written. */
void attr_canonical(const AttrRequest *request, const void *values, Text *out);

/* Where a mistake about an attribute or port of that name is to be shown. */
Place attr_place(const AttrRequest *request, const char *name);

/* The attributes that every element may have: NULL-terminated. */
extern const char *const attr_common[];

/* Whether a table's entry makes sense, its default included. */
bool attr_check(const FornixAttr *attr, size_t attrs_size, FornixError *error);

const char *attr_kind_name(FornixAttrKind kind); /* "whole number" */
/* "1 to 5", "at least 1"; nothing where any number will do. */
void attr_range(const FornixAttr *attr, Text *out);

#endif
