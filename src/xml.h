/* SPDX-License-Identifier: GPL-3.0-or-later */
/* XML text as a tree of plain structures in which every name and value knows its exact place.
 *
 * The only user of libxml2. What a graph needs of XML is small, and all else is refused with its
 * place: UTF-8 only, one namespace (FORNIX_NAMESPACE, declared on the root) and no prefixes, no
 * document type and so no entities of its own, no text between elements, at most 100 levels and
 * 200,000 elements. Comments and processing
 * instructions are skipped. Nothing is fetched from anywhere.
 */
#ifndef FORNIX_XML_H
#define FORNIX_XML_H

#include "arena.h"
#include "base.h"
#include "diag.h"
#include "source.h"

#define XML_DEPTH 100 /* levels */
#define FORNIX_NAMESPACE "urn:fornix:graph:1"

typedef struct Attribute Attribute;
struct Attribute {
    const char *name, *value; /* the value with its entities replaced */
    Place place;              /* of the name */
    Place value_place;        /* of what stands between the quotes */
    size_t raw;               /* where that begins, in bytes of the source's text */
    bool made;                /* the value is no longer what the source says (see expand.h) */
    bool wrong;               /* a mistake in it was told */
    const Attribute *origin;  /* of a made value: where the same text was written, or NULL */
};

typedef struct Element Element;
struct Element {
    const char *name;
    Place place; /* of the name */
    Attribute *attributes;
    size_t attribute_count;
    Element *parent, *first, *last, *next; /* children: from first along next */
    size_t child_count;
    bool faulty; /* a mistake in its attributes was told: what is missing may be what was meant */
    /* Set when expanded (see expand.h), NULL before and for an element without an id. */
    const char *id;
    const struct Identity *identity;
    Element *absent;  /* what stood here but for its if=: ids alone, along next */
    Element *untaken; /* what stands here in branches that are not taken, as written, along next */
};

/* The root of the document in source; NULL when it is not well-formed. Other mistakes are recorded
 * and passed over. The tree and all that it refers to live
 * as long as the arena and the source. */
Element *xml_parse(const Source *source, Diag *diag, Arena *arena);
/* As xml_parse for text made by a program: any number of elements, no namespace needed. Gives an
 * element named "fragment" that holds them. name stands in messages for a file's. */
Element *xml_parse_fragment(const char *name, const char *text, Diag *diag, Arena *arena);

/* NULL where there is none of that name. */
const Attribute *element_attribute(const Element *element, const char *name);
/* The value of that attribute; NULL where there is none. */
const char *element_value(const Element *element, const char *name);

/* The place of length bytes of an attribute's value from its byte offset on, entities in the
 * source accounted for; of the whole value once it is made. */
Place attribute_part(const Attribute *attribute, size_t offset, size_t length);
/* The place of its word of that number, from 0; words stand between blanks. */
Place attribute_word(const Attribute *attribute, int64_t number);

#endif
