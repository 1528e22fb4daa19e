/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plain arithmetic on names: what stands in ${...} and in if="...".
 *
 *   either   = both {"or" both}              both  = not {"and" not}
 *   not      = "not" not | compare           compare = sum [("=" | "!=" | "<" | "<=" | ">" | ">=")
 * sum] sum      = product {("+" | "-") product} product = sign {("*" | "/" | "%") sign} sign     =
 * "-" sign | power              power = atom ["^" sign] atom     = NUMBER | 'text' | "true" |
 * "false" | NAME | FUNCTION "(" [either {"," either}] ")" | "(" either ")" | "${" either "}"
 *
 * A NAME is a letter or '_' and letters, digits, '_'; how numbers behave, datum.h says. What
 * functions and operators do, and what a bare word means, language_text.c tells the user.
 */
#ifndef FORNIX_EXPRESSION_H
#define FORNIX_EXPRESSION_H

#include "arena.h"
#include "datum.h"
#include "diag.h"
#include "xml.h"

#define EXPRESSION_MIB 1 /* the longest value */

/* What a name stands for. */
typedef struct Name Name;
struct Name {
    const char *name;
    Datum datum;
    const char *const *choices; /* all words that it can be; NULL where that is not known */
    size_t choice_count;
    Place place;             /* of its value, where one place is that; else without a source */
    const Attribute *origin; /* whose value is the name's, letter by letter; or NULL */
    bool used;               /* set when an expression refers to it */
    bool loop;               /* a loop's variable, not a param */
    Name *outer;             /* the next name to be looked at */
};

typedef struct {
    Name *names; /* innermost first */
    bool dry;    /* check syntax and names only: the values are not known, or not needed */
    Diag *diag;
    Arena *arena;
} Scope;

Name *scope_name(const Scope *scope, const char *name); /* NULL: there is none */

/* The attribute's value with every ${...} replaced by what it gives; $${ stands for ${. What is
 * but one typo away from a ${...} of a known name is an error too, but in doc=. False after an
 * error, now or in a name's value (whose datum is unknown). */
bool expression_fill(const Scope *scope, const Attribute *attribute, const char **filled);
/* The whole of the attribute's value as one expression that is true or false. */
bool expression_truth(const Scope *scope, const Attribute *attribute, bool *truth);
/* The name when the value is ${name} and nothing else; NULL otherwise. */
Name *expression_sole_name(const Scope *scope, const Attribute *attribute);
#endif
