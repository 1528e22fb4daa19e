/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `fornix list` and `fornix describe NODE`: help for people, made of what plugins say of
 * themselves, so that it cannot differ from what the engine accepts. Lines end at the terminal's
 * width. */
#ifndef FORNIX_DESCRIBE_H
#define FORNIX_DESCRIBE_H

#include <stdio.h>

#include "descriptor.h"
#include "registry.h"
#include "text.h"

/* All nodes by family, with the first sentence of each; loads every plugin. Those that do not load
 * stand at the end with the reason. */
void describe_list(FILE *out, Registry *registry);

void describe_node(FILE *out, const FornixNode *node);
/* How a graph is written, and which elements the language has. */
void describe_language(FILE *out);

/* A page for each node and element, one for the language and an index: files of HTML in a folder
 * that need nothing else. Without Graphviz they are written without pictures, and the error, which
 * is otherwise empty, says so. */
bool describe_site(const char *folder, Registry *registry, FornixError *error);

/* The words of it, for other pages. */
void describe_port(const FornixPort *port, Text *words); /* "image or mask; may be left out" */
void describe_attr(const FornixAttr *attr, Text *words); /* "whole number, 1 to 5; default 3" */
void describe_sentence(const char *doc, Text *words);    /* the first one */
void describe_example(const char *example, Text *lines); /* what a user would write */
const char *describe_family(Family family);              /* a title */

/* What an attribute's value may be ("whole number, 1 to 5; default 3"), and what a port takes. */
void describe_attr(const FornixAttr *attr, Text *words);
void describe_port(const FornixPort *port, Text *words);

#endif
