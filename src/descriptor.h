/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a plugin says of itself: whether that makes sense, and words for it.
 *
 * A plugin's author is told at the first load, not when a graph behaves oddly; so the rest of the
 * engine takes every table that it sees for sound.
 */
#ifndef FORNIX_DESCRIPTOR_H
#define FORNIX_DESCRIPTOR_H

#include "node.h"
#include "text.h"

typedef enum {
    FAMILY_LAYER,
    FAMILY_COMPOSITE,
    FAMILY_SAMPLES,
    FAMILY_OPTIMIZER,
    FAMILY_SCHEDULE,
    FAMILIES /* an element of the language */
} Family;

/* Lower case letters, digits and _, a letter first: of nodes, attributes and ports. */
bool descriptor_name_good(const char *name);

/* Whether node can be used under that name; the error says what its author has to mend. */
bool descriptor_check(const FornixNode *node, const char *name, FornixError *error);

Family descriptor_family(const FornixNode *node);
const char *family_name(Family family); /* "layer" */

/* "image, feature or logits", in the order of node.h; "any tensor" for long sets. */
void descriptor_kinds(unsigned kinds, Text *out);

#endif
