/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was probably meant: the nearest text to a wrong one that is right.
 *
 * Where the right texts cannot be listed (expressions, ranges, several names in one value), single
 * edits of the wrong one are tried until one is right: a byte dropped, two swapped, one of some
 * short texts put in.
 */
#ifndef FORNIX_MEND_H
#define FORNIX_MEND_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"

typedef struct {
    bool (*fits)(void *context, const char *text); /* whether it is right */
    void *context;
    const char *const *missing; /* what may be missing, the likeliest first; NULL ends them */
    size_t fault;               /* the byte where the text turned out to be wrong */
} Mend;

/* The edit nearest to the fault that makes it right; NULL where none does, or where the text is too
 * long to be shown. */
const char *mend_text(const char *text, const Mend *mend, Arena *arena);
/* "did you mean '...'?" of what mend_text gives; NULL for NULL. */
const char *mend_help(const char *text, const Mend *mend, Arena *arena);

#endif
