/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether the elements of a file are known and stand where they may, before it is expanded.
 *
 * A file is looked at once and whole, whatever its params switch off: a branch that nobody takes
 * today is taken tomorrow, in the middle of a sweep.
 */
#ifndef FORNIX_STRUCTURE_H
#define FORNIX_STRUCTURE_H

#include "registry.h"
#include "text.h"

/* Tells all that is wrong with the names of elements and attributes, with places and with values
 * that hold no ${}; what is plainly misspelt is mended in the tree (see attr_inspect). False where
 * that can't be: then the graph is not worth a further look. */
bool structure_check(Element *root, Registry *registry, Diag *diag, Arena *arena);

/* Elements that hold others which may stand in any of those places: "<train>, <apply>". */
void structure_places(unsigned places, Text *out);

#endif
