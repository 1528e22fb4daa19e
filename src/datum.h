/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A value of the graph language's arithmetic, and what can be computed with it.
 *
 * Integers stay integers (64 bits, an overflow is an error) and a division that leaves no rest
 * gives one: 8/2 is 4, 7/2 is 3.5. a % b has the sign of b. Every operation either gives a value or
 * says in words why there is none.
 */
#ifndef FORNIX_DATUM_H
#define FORNIX_DATUM_H

#include "base.h"
#include "text.h"

typedef enum {
    DATUM_UNKNOWN, /* in code that is only checked: whatever is computed with it is unknown too */
    DATUM_INT,
    DATUM_REAL,
    DATUM_BOOL,
    DATUM_TEXT
} DatumKind;

typedef struct {
    DatumKind kind;
    int64_t whole;    /* DATUM_INT; DATUM_BOOL: 0 or 1 */
    double real;      /* DATUM_REAL; DATUM_INT: whole */
    const char *text; /* DATUM_TEXT; of other kinds as the user wrote it, or NULL */
} Datum;

Datum datum_int(int64_t whole);
Datum datum_real(double real);
Datum datum_bool(bool truth);
Datum datum_text(const char *text);
Datum datum_read(const char *text); /* as the number that text spells, or as text */

const char *datum_kind(const Datum *datum); /* in words: "a number" */
bool datum_is_number(const Datum *datum);
/* As the user wrote it, or the shortest spelling. */
void datum_write(Text *text, const Datum *datum);
/* Numbers as numbers, all else as it is written. */
bool datum_equal(const Datum *a, const Datum *b);

/* One of + - * / % ^ on numbers. NULL, or what is wrong. */
const char *datum_operate(char operation, const Datum *a, const Datum *b, Datum *out);

typedef struct {
    const char *name;
    size_t least, most;                                                    /* arguments */
    const char *(*call)(const Datum *arguments, size_t count, Datum *out); /* NULL, or the fault */
} DatumFunction;

extern const DatumFunction datum_functions[];
extern const size_t datum_function_count;

#endif
