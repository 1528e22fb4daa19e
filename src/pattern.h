/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a text with ${} in it can become, whatever its names stand for.
 *
 * Where a branch is not taken nothing is computed: whoever would refer to whom can only be told by
 * what both can be. ${} of a name whose words are known stands for each of these, of a number for
 * digits, and of anything else for any text.
 */
#ifndef FORNIX_PATTERN_H
#define FORNIX_PATTERN_H

#include "expression.h"

typedef struct {
    const char *
        *texts; /* alternatives; in them a byte PATTERN_NUMBER or PATTERN_ANY stands for ${} */
    size_t count;
} Pattern;

enum { PATTERN_NUMBER = 1, PATTERN_ANY = 2 };

/* names: innermost first. It lives in the arena. */
Pattern pattern_read(const char *text, const Name *names, Arena *arena);
/* Whether there is a text that both can become. */
bool pattern_meets(const Pattern *a, const Pattern *b);

/* Whether a text has a ${...} at all. */
bool pattern_varies(const char *text);

#endif
