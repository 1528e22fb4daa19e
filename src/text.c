/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text that grows, strict numbers, and the nearest name to one misspelt.
 *
 * Numbers are read and written in the C locale whatever the program that uses the library has
 * set: a decimal comma in a cache key would be another experiment.
 */
#define _GNU_SOURCE

#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"

enum { LONGEST_NAME = 200 }; /* beyond it nobody misspelt a name, and distances cost length^2 */

static void text_reserve(Text *text, size_t more)
{
    size_t need = text->length + more + 1;
    if (need <= text->capacity)
        return;
    size_t capacity = text->capacity ? text->capacity : 64;
    while (capacity < need)
        capacity *= 2;
    text->data = mem_grow(text->data, capacity, 1);
    text->capacity = capacity;
}

void text_add_slice(Text *text, const char *more, size_t length)
{
    text_reserve(text, length);
    if (length)
        memcpy(text->data + text->length, more, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void text_add(Text *text, const char *more)
{
    text_add_slice(text, more, strlen(more));
}

void text_format(Text *text, const char *format, ...)
{
    va_list values, again;
    va_start(values, format);
    va_copy(again, values);
    int length = vsnprintf(NULL, 0, format, values);
    va_end(values);
    if (length > 0) {
        text_reserve(text, (size_t)length);
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

void text_add_real(Text *text, double value)
{
    char digits[40] = "";
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale_t users = uselocale(plain);
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (strtod(digits, NULL) == value)
            break;
    }
    uselocale(users);
    freelocale(plain);
    text_add(text, digits);
}

void text_add_html(Text *text, const char *more)
{
    while (*more) {
        size_t plain = strcspn(more, "&<>\"");
        text_add_slice(text, more, plain);
        more += plain;
        switch (*more) {
        case '&': text_add(text, "&amp;"); break;
        case '<': text_add(text, "&lt;"); break;
        case '>': text_add(text, "&gt;"); break;
        case '"': text_add(text, "&quot;"); break;
        default: return;
        }
        more++;
    }
}

void text_free(Text *text)
{
    mem_free(text->data);
    *text = (Text){0};
}

const char *text_value(const Text *text)
{
    return text->data ? text->data : "";
}

bool text_to_int(const char *text, int64_t *value)
{
    const char *digits = text + (*text == '-' || *text == '+');
    if (!*digits || strspn(digits, "0123456789") != strlen(digits))
        return false;
    errno = 0;
    intmax_t parsed = strtoimax(text, NULL, 10);
    if (errno || parsed > INT64_MAX || parsed < INT64_MIN)
        return false;
    *value = parsed;
    return true;
}

bool text_to_range(const char *text, int64_t *first, int64_t *last)
{
    char low[24];
    const char *dots = strstr(text, "..");
    size_t length = dots ? (size_t)(dots - text) : sizeof low;
    if (length >= sizeof low)
        return false;
    memcpy(low, text, length);
    low[length] = '\0';
    return text_to_int(low, first) && text_to_int(dots + 2, last);
}

/* Digits, at most one point with a digit on some side of it, an exponent: what strtod takes
 * beyond these (hexadecimal, inf, nan, leading blanks) no user means. */
static bool real_spelt(const char *text)
{
    const char *at = text + (*text == '-' || *text == '+');
    size_t whole = strspn(at, "0123456789"), part = 0;
    at += whole;
    if (*at == '.') {
        part = strspn(at + 1, "0123456789");
        at += 1 + part;
    }
    if (!whole && !part)
        return false;
    if (*at == 'e' || *at == 'E') {
        at++;
        at += *at == '-' || *at == '+';
        size_t power = strspn(at, "0123456789");
        if (!power)
            return false;
        at += power;
    }
    return !*at;
}

bool text_to_real(const char *text, double *value)
{
    if (!real_spelt(text))
        return false;
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    double parsed = strtod_l(text, NULL, plain);
    freelocale(plain);
    if (!isfinite(parsed))
        return false;
    *value = parsed;
    return true;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

int text_distance(const char *a, const char *b)
{
    size_t rows = strlen(a), columns = strlen(b), width = columns + 1;
    if (!rows || !columns)
        return (int)(rows + columns);
    int *line = mem_new(3 * width, sizeof *line);
    int *before = line, *last = line + width, *now = line + 2 * width;
    for (size_t j = 0; j <= columns; j++)
        last[j] = (int)j;
    for (size_t i = 1; i <= rows; i++) {
        now[0] = (int)i;
        for (size_t j = 1; j <= columns; j++) {
            int changed = last[j - 1] + (a[i - 1] != b[j - 1]);
            now[j] = least(changed, least(last[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], before[j - 2] + 1);
        }
        int *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    int distance = last[columns];
    mem_free(line);
    return distance;
}

/* How many letters one has and the other has not. */
static int letters_apart(const char *a, const char *b)
{
    int count[256] = {0}, apart = 0;
    while (*a)
        count[(unsigned char)*a++]++;
    while (*b)
        count[(unsigned char)*b++]--;
    for (size_t i = 0; i < COUNT(count); i++)
        apart += count[i] < 0 ? -count[i] : count[i];
    return apart;
}

const char *text_suggest(const char *name, const char *const *candidates, size_t count)
{
    const char *nearest = NULL;
    size_t length = strlen(name);
    if (length > LONGEST_NAME)
        return NULL;
    int allowed = 1 + (int)length / 4, letters = 0;
    for (size_t i = 0; i < count; i++) {
        size_t other = strlen(candidates[i]);
        size_t apart = other > length ? other - length : length - other;
        if (apart > (size_t)allowed)
            continue;
        int distance = text_distance(name, candidates[i]);
        bool alike = (size_t)distance < (other > length ? other : length);
        if (!alike || distance > allowed)
            continue;
        int apart_letters = letters_apart(name, candidates[i]);
        if (nearest && distance == allowed && apart_letters >= letters)
            continue;
        nearest = candidates[i];
        allowed = distance;
        letters = apart_letters;
    }
    return nearest;
}

char **text_split(const char *text, size_t *count)
{
    static const char blanks[] = " \t\r\n\f\v";
    char **words = mem_new(1, sizeof *words);
    size_t found = 0;
    for (text += strspn(text, blanks); *text; text += strspn(text, blanks)) {
        size_t length = strcspn(text, blanks);
        words = mem_grow(words, found + 2, sizeof *words);
        words[found] = mem_new(length + 1, 1);
        memcpy(words[found++], text, length);
        text += length;
    }
    words[found] = NULL;
    *count = found;
    return words;
}

void text_split_free(char **words)
{
    for (char **word = words; word && *word; word++)
        mem_free(*word);
    mem_free(words);
}

void text_add_words(Text *text, const char *words)
{
    size_t count;
    char **split = text_split(words, &count);
    for (size_t k = 0; k < count; k++)
        text_format(text, "%s%s", k ? " " : "", split[k]);
    text_split_free(split);
}
