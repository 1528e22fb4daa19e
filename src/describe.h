/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `fornix list` and `fornix describe NODE`: help for people, made of what plugins say of
 * themselves, so that it cannot differ from what the engine accepts. Lines end at the terminal's
 * width. */
#ifndef FORNIX_DESCRIBE_H
#define FORNIX_DESCRIBE_H

#include <stdio.h>

#include "registry.h"

/* All nodes by family, with the first sentence of each; loads every plugin. Those that do not load
 * stand at the end with the reason. */
void describe_list(FILE *out, Registry *registry);

void describe_node(FILE *out, const FornixNode *node);

#endif
