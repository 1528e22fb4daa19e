/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was probably meant: the nearest text to a wrong one that is right. */
#include "mend.h"

#include <string.h>

#include "base.h"

enum { LONGEST = 200, LONGEST_MISSING = 40 };

typedef struct {
    const char *text;
    size_t length;
    const Mend *mend;
    char edit[LONGEST + LONGEST_MISSING + 1];
} Search;

/* The edit with so many bytes at a place replaced. */
static bool fits(Search *search, size_t at, size_t less, const char *more, size_t more_length)
{
    memcpy(search->edit, search->text, at);
    memcpy(search->edit + at, more, more_length);
    memcpy(search->edit + at + more_length, search->text + at + less, search->length - at - less);
    search->edit[search->length - less + more_length] = '\0';
    return search->mend->fits(search->mend->context, search->edit);
}

static bool is_plain(char byte)
{
    return (unsigned char)byte < 0x80;
}

static bool fits_without(Search *search, size_t at)
{
    return at < search->length && is_plain(search->text[at]) && fits(search, at, 1, "", 0);
}

static bool fits_swapped(Search *search, size_t at)
{
    const char *here = search->text + at;
    const char swapped[2] = {here[0] ? here[1] : '\0', here[0]};
    return swapped[0] && swapped[0] != swapped[1] && is_plain(here[0]) && is_plain(here[1]) &&
           fits(search, at, 2, swapped, 2);
}

/* Where a word was left out two blanks stand: it goes between them. */
static bool fits_with(Search *search, size_t at)
{
    if (at > 1 && search->text[at - 1] == ' ' && search->text[at - 2] == ' ')
        at--;
    for (const char *const *more = search->mend->missing; more && *more; more++)
        if (strlen(*more) <= LONGEST_MISSING && fits(search, at, 0, *more, strlen(*more)))
            return true;
    return false;
}

/* A byte that repeats the one before it was probably typed twice. */
static bool fits_once(Search *search, size_t at)
{
    return at > 0 && search->text[at] == search->text[at - 1] && fits_without(search, at);
}

static bool fits_around(Search *search, size_t at)
{
    return fits_swapped(search, at) || fits_with(search, at) || fits_without(search, at);
}

/* The nearest place to the fault where the edit makes it right. */
static bool fits_near(Search *search, size_t fault, bool (*edit)(Search *search, size_t at))
{
    for (size_t away = 0; away <= search->length; away++)
        if ((away <= fault && edit(search, fault - away)) ||
            (away && fault + away <= search->length && edit(search, fault + away)))
            return true;
    return false;
}

const char *mend_text(const char *text, const Mend *mend, Arena *arena)
{
    Search search = {.text = text, .length = strlen(text), .mend = mend};
    size_t fault = mend->fault < search.length ? mend->fault : search.length;
    if (search.length > LONGEST)
        return NULL;
    bool found = fits_near(&search, fault, fits_once) || fits_near(&search, fault, fits_around);
    return found ? arena_text(arena, search.edit) : NULL;
}

const char *mend_help(const char *text, const Mend *mend, Arena *arena)
{
    const char *meant = mend_text(text, mend, arena);
    return meant ? arena_format(arena, "did you mean '%s'?", meant) : NULL;
}
