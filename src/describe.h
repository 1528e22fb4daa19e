/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `fornix list` and `fornix describe NODE`: help for people, made of what plugins say of
 * themselves, so that it cannot differ from what the engine accepts. Lines end at the terminal's
 * width. */
#ifndef FORNIX_DESCRIBE_H
#define FORNIX_DESCRIBE_H

#include <stdio.h>

#include "registry.h"
#include "text.h"

/* All nodes by family, with the first sentence of each; loads every plugin. Those that do not load
 * stand at the end with the reason. */
void describe_list(FILE *out, Registry *registry);

void describe_node(FILE *out, const FornixNode *node);

/* What an attribute's value may be ("whole number, 1 to 5; default 3"), and what a port takes. */
void describe_attr(const FornixAttr *attr, Text *words);
void describe_port(const FornixPort *port, Text *words);

#endif
