/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text that grows, strict numbers, and the nearest name to one misspelt. */
#ifndef FORNIX_TEXT_H
#define FORNIX_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fornix-error.h"

typedef struct {
    char *data; /* NUL-terminated once anything was added; NULL before */
    size_t length, capacity;
} Text; /* start with {0}; end with text_free */

void text_add(Text *text, const char *more);
void text_add_slice(Text *text, const char *more, size_t length);
void text_format(Text *text, const char *format, ...) FORNIX_PRINTF(2, 3);
/* Digits that read back as value, 15 where they do; locale-independent. */
void text_add_real(Text *text, double value);
/* As text in HTML or XML: &, <, >, " are replaced. */
void text_add_html(Text *text, const char *more);
void text_free(Text *text);
const char *text_value(const Text *text); /* never NULL */

/* The whole of text must be one number; false otherwise. Locale-independent. */
bool text_to_int(const char *text, int64_t *value);
bool text_to_real(const char *text, double *value); /* finite only */
/* "first..last". */
bool text_to_range(const char *text, int64_t *first, int64_t *last);

/* Edits between a and b, a transposition counted once (optimal string alignment). */
int text_distance(const char *a, const char *b);
/* The candidate nearest to name within 1 + length/4 edits: of equals the one that has most of its
 * letters, then the first; NULL if none, or if every character differs. */
const char *text_suggest(const char *name, const char *const *candidates, size_t count);

/* Splits at blanks into NULL-terminated copies; free each and the array with text_split_free. */
char **text_split(const char *text, size_t *count);
void text_split_free(char **words);
/* Appends the words of a text, one blank between two. */
void text_add_words(Text *text, const char *words);

#endif
