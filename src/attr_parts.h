/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parts of attr (attr*.c) share; nobody else includes it. */
#ifndef FORNIX_ATTR_PARTS_H
#define FORNIX_ATTR_PARTS_H

#include "attr.h"

/* The bytes of a value that are none of its choices; of no length: all of it is wrong otherwise. */
typedef struct {
    size_t at, length;
} Fault;

/* What reading one value needs beside its text. */
typedef struct Reading {
    const FornixAttr *attr;
    const char *text;
    const char *file; /* in which the text stands; NULL: none */
    const AttrResolver *resolver;
    Arena *arena;
    FornixError *error;
    Fault *fault;
    const Attribute *given; /* where the text stands; NULL: nowhere */
} Reading;

/* Into a field of the attribute's kind; false after the error was filled. */
bool value_read(const Reading *reading, void *field);
/* The same for a value that the user gave, with the mistake told. near: the choice that it was
 * probably meant to be, or NULL. */
bool value_told(Reading reading, const Element *element, void *field, Diag *diag,
                const char **near);

const FornixAttr *attr_find(const FornixNode *node, const char *name); /* NULL: none */
bool attr_port(const FornixNode *node, const char *name); /* whether an input has that name */
void attr_tell(const Element *element, Diag *diag, Place place, const char *help, const char *what);
/* The name of an attribute that the element could have and has not; NULL: none is near. */
const char *attr_suggest(const FornixNode *node, const Element *element, const char *name,
                         unsigned flags);
void attr_tell_unknown(const FornixNode *node, const Element *element, const Attribute *given,
                       const char *near, Diag *diag);
void attr_tell_missing(const Element *element, const FornixAttr *attr, Diag *diag);

#endif
