/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a text with ${} in it can become, whatever its names stand for. */
#include "pattern.h"

#include <ctype.h>
#include <string.h>

#include "token.h"

enum { MOST_TEXTS = 64, MOST_STEPS = 1 << 20 };

bool pattern_varies(const char *text)
{
    for (; *text; text += token_piece(text))
        if (token_hole(text))
            return true;
    return false;
}

/* The name that is all of an expression, or NULL. */
static const Name *sole_name(const char *text, size_t length, const Name *names)
{
    while (length && isspace((unsigned char)*text)) {
        text++;
        length--;
    }
    while (length && isspace((unsigned char)text[length - 1]))
        length--;
    for (; names; names = names->outer)
        if (strlen(names->name) == length && strncmp(names->name, text, length) == 0)
            return names;
    return NULL;
}

/* Arithmetic gives a number; so does a name that has one. */
static char stands_for(const char *text, size_t length, const Name *sole)
{
    if (sole)
        return datum_is_number(&sole->datum) ? PATTERN_NUMBER : PATTERN_ANY;
    bool texts = memchr(text, '\'', length) || memchr(text, '(', length);
    for (size_t at = 0; at < length && !texts; at++)
        if (strchr("+-*/%^", text[at]))
            return PATTERN_NUMBER;
    return PATTERN_ANY;
}

static void add_text(Pattern *pattern, const char *head, const char *more, size_t length,
                     Arena *arena)
{
    pattern->texts[pattern->count++] = arena_format(arena, "%s%.*s", head, (int)length, more);
}

/* Every text so far, with each of the words behind it. */
static Pattern extend(const Pattern *pattern, const char *const *words, size_t count, Arena *arena)
{
    Pattern more = {.texts = arena_take(arena, pattern->count * count, sizeof *more.texts)};
    for (size_t i = 0; i < pattern->count; i++)
        for (size_t w = 0; w < count; w++)
            add_text(&more, pattern->texts[i], words[w], strlen(words[w]), arena);
    return more;
}

Pattern pattern_read(const char *text, const Name *names, Arena *arena)
{
    Pattern pattern = {.texts = arena_take(arena, 1, sizeof *pattern.texts), .count = 1};
    pattern.texts[0] = "";
    for (size_t length; *text; text += length) {
        length = token_piece(text);
        size_t hole = token_hole(text), plain = strcspn(text + 1, "$") + 1;
        const Name *sole = hole ? sole_name(text + 2, hole - 3, names) : NULL;
        const char *word = arena_slice(arena, text + (length == 3), length - (length == 3));
        char sign[2] = {0};
        if (sole && sole->choice_count && pattern.count * sole->choice_count <= MOST_TEXTS) {
            pattern = extend(&pattern, sole->choices, sole->choice_count, arena);
            continue;
        }
        if (hole) {
            sign[0] = stands_for(text + 2, hole - 3, sole);
            word = arena_text(arena, sign);
        } else if (length == 1) {
            length = plain;
            word = arena_slice(arena, text, plain);
        }
        pattern = extend(&pattern, &word, 1, arena);
    }
    return pattern;
}

static bool is_hole(char byte)
{
    return byte == PATTERN_NUMBER || byte == PATTERN_ANY;
}

/* Whether one byte of both can be the same. */
static bool byte_meets(char a, char b)
{
    if (a == PATTERN_ANY || b == PATTERN_ANY || a == b)
        return true;
    return (a == PATTERN_NUMBER && (isdigit((unsigned char)b) || strchr("-.", b))) ||
           (b == PATTERN_NUMBER && (isdigit((unsigned char)a) || strchr("-.", a)));
}

/* Which prefixes of a and b can be the same text, row by row: a sign for ${} takes one byte after
 * the other of the other text, and that for any text may take none. */
static bool text_meets(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    if (n && m && !byte_meets(a[0], b[0]))
        return false;
    if ((n + 1) * (m + 1) > MOST_STEPS)
        return true;
    bool *rows = mem_new(2 * (m + 2), sizeof *rows), *row = rows, *next = rows + m + 2;
    row[0] = true;
    for (size_t i = 0; i <= n; i++) {
        memset(next, 0, (m + 2) * sizeof *next);
        for (size_t j = 0; j <= m; j++) {
            bool both = row[j] && i < n && j < m && byte_meets(a[i], b[j]);
            next[j + 1] |= both;
            row[j + 1] |= (both && is_hole(a[i])) || (row[j] && b[j] == PATTERN_ANY);
            next[j] |= (both && is_hole(b[j])) || (row[j] && i < n && a[i] == PATTERN_ANY);
        }
        bool *swap = row;
        row = next;
        next = swap;
    }
    bool met = next[m];
    mem_free(rows);
    return met;
}

bool pattern_meets(const Pattern *a, const Pattern *b)
{
    for (size_t i = 0; i < a->count; i++)
        for (size_t j = 0; j < b->count; j++)
            if (text_meets(a->texts[i], b->texts[j]))
                return true;
    return false;
}
