/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A map's lines made rules; every mistake is told where it stands. */
#include <string.h>

#include "mapping_parts.h"
#include "text.h"

typedef struct Word {
    const char *text;
    Place place;
} Word;

enum { WORDS_MOST = 16, RULES_MOST = 10000 };

typedef struct Reading {
    Mapping *map;
    Diag *diag;
    Arena *arena;
    MapAxes axes; /* of the rules that follow */
    int line;
    Word words[WORDS_MOST];
    int count;
} Reading;

static bool wrong(const Reading *r, const Word *word, const char *help, const char *what)
{
    diag_error_help(r->diag, word->place, help, "%s", what);
    return false;
}

/* ---- Patterns --------------------------------------------------------------------------- */

static bool has_variable(const char *pattern, const Variable *sought)
{
    for (const char *at = pattern; (at = strchr(at, '{')); at++) {
        Variable variable;
        if (variable_read(at, &variable) && variable.name_length == sought->name_length &&
            memcmp(variable.name, sought->name, sought->name_length) == 0)
            return true;
    }
    return false;
}

/* other: the side that has to hold the same variables; NULL: there is none. */
static bool check_pattern(const Reading *r, const Word *word, const char *other)
{
    int count = 0;
    for (const char *at = word->text; *at; at++) {
        Variable variable;
        if (*at == '}')
            return wrong(r, word, NULL, "a '}' without its '{'");
        if (*at != '{')
            continue;
        if (!variable_read(at, &variable))
            return wrong(r, word, "{name}, {name+1} or {name-1}", "no variable of a pattern");
        if (++count > VARIABLES_MOST)
            return wrong(r, word, NULL, "more than 8 variables in one pattern");
        if (other && !has_variable(other, &variable)) {
            diag_error(r->diag, word->place, "{%.*s} is not on the other side of the arrow",
                       (int)variable.name_length, variable.name);
            return false;
        }
        at += variable.length - 1;
        if (at[1] == '{')
            return wrong(r, word, NULL, "something has to stand between two variables");
    }
    return true;
}

/* ---- Lines ------------------------------------------------------------------------------ */

static bool read_axes(Reading *r)
{
    static const char names[] = "dhw";
    MapAxes axes = {0};
    for (int k = 1; k < r->count; k++) {
        const char *name = r->words[k].text;
        bool back = *name == '-';
        name += back;
        const char *found = strlen(name) == 1 ? strchr(names, *name) : NULL;
        if (!found)
            return wrong(r, &r->words[k], "d, h or w, with a '-' before one that runs backwards",
                         "no axis of a kernel");
        int axis = (int)(found - names);
        for (int i = 0; i < axes.count; i++)
            if (axes.axis[i] == axis)
                return wrong(r, &r->words[k], NULL, "this axis is there already");
        axes.axis[axes.count] = axis;
        axes.back[axes.count++] = back;
    }
    if (!axes.count)
        return wrong(r, &r->words[0], "axes d h w, or axes h w for images", "axes names none");
    r->axes = axes;
    return true;
}

static bool read_flatten(const Reading *r, const Word *word, MapRule *rule)
{
    char *list = arena_text(r->arena, strchr(word->text, '=') + 1);
    for (char *at = list, *next; at; at = next) {
        int64_t size;
        next = strchr(at, ',');
        if (next)
            *next++ = '\0';
        if (rule->flatten_count == (int)COUNT(rule->flatten) || !text_to_int(at, &size) ||
            size < 1 || size > 1 << 24)
            return wrong(r, word, "flatten=CHANNELS or flatten=CHANNELS,SIZE,SIZE,SIZE",
                         "not the sizes of a map");
        rule->flatten[rule->flatten_count++] = size;
    }
    return true;
}

static bool read_options(const Reading *r, int first, MapRule *rule)
{
    for (int k = first; k < r->count; k++) {
        const Word *word = &r->words[k];
        if (strncmp(word->text, "flatten=", 8) != 0)
            return wrong(r, word, "flatten=CHANNELS is the only one", "no option of a rule");
        if (rule->flatten_count)
            return wrong(r, word, NULL, "flatten is there already");
        if (!read_flatten(r, word, rule))
            return false;
    }
    return true;
}

static bool read_names(const Reading *r, MapRule *rule)
{
    const Word *words = r->words;
    if (r->count < 3 || strcmp(words[1].text, "->") != 0)
        return wrong(r, &words[0], "NAME THERE -> NAME HERE, axes, ignore or leave", "no rule");
    rule->kind = RULE_NAMES;
    rule->there = words[0].text;
    rule->here = words[2].text;
    rule->here_place = words[2].place;
    rule->module = !strchr(rule->here, '.');
    return check_pattern(r, &words[0], rule->here) && check_pattern(r, &words[2], rule->there) &&
           read_options(r, 3, rule);
}

static bool read_drop(const Reading *r, MapRule *rule)
{
    bool ignore = strcmp(r->words[0].text, "ignore") == 0;
    if (r->count != 2)
        return wrong(r, &r->words[0], NULL, "one name stands behind it, in a line of its own");
    rule->kind = ignore ? RULE_IGNORE : RULE_LEAVE;
    *(ignore ? &rule->there : &rule->here) = r->words[1].text;
    rule->here_place = r->words[1].place;
    return check_pattern(r, &r->words[1], NULL);
}

static bool read_rule(Reading *r)
{
    const char *first = r->words[0].text;
    bool named = r->count > 1 && strcmp(r->words[1].text, "->") == 0;
    MapRule rule = {.place = r->words[0].place, .axes = r->axes};
    if (!named && strcmp(first, "axes") == 0)
        return read_axes(r);
    bool drops = !named && (strcmp(first, "ignore") == 0 || strcmp(first, "leave") == 0);
    if (!(drops ? read_drop(r, &rule) : read_names(r, &rule)))
        return false;
    if (r->map->count == RULES_MOST)
        return wrong(r, &r->words[0], NULL, "more than 10000 rules");
    r->map->rules = mem_grow(r->map->rules, (size_t)r->map->count + 1, sizeof rule);
    r->map->rules[r->map->count++] = rule;
    return true;
}

/* As source_place, without counting the lines above. */
static Place place_of(const Reading *r, const char *line, const char *at, size_t length)
{
    Place place = {.source = r->map->source, .line = r->line, .column = 1};
    for (; line < at + length; line++) {
        int *count = line < at ? &place.column : &place.length;
        *count += ((unsigned char)*line & 0xC0) != 0x80;
    }
    return place;
}

static bool read_words(Reading *r, size_t at, size_t end)
{
    const Source *source = r->map->source;
    const char *line = source->text + at;
    r->count = 0;
    while (at < end) {
        const char *text = source->text + at;
        size_t blank = strspn(text, " \t\r");
        at += blank;
        text += blank;
        if (at >= end || *text == '#')
            break;
        size_t length = strcspn(text, " \t\r\n#");
        Word word = {arena_slice(r->arena, text, length), place_of(r, line, text, length)};
        if (r->count == WORDS_MOST)
            return wrong(r, &word, NULL, "too many words for a rule");
        r->words[r->count++] = word;
        at += length;
    }
    return true;
}

Mapping *mapping_read(const char *path, Diag *diag, Arena *arena)
{
    const Source *source = source_read(path, (Place){0}, diag, arena);
    if (!source)
        return NULL;
    Reading r = {.map = arena_take(arena, 1, sizeof *r.map),
                 .diag = diag,
                 .arena = arena,
                 .axes = {.count = 3, .axis = {0, 1, 2}}};
    r.map->source = source;
    bool fine = true;
    for (size_t at = 0, end; at < source->length; at = end + 1) {
        end = at + strcspn(source->text + at, "\n");
        r.line++;
        if (!read_words(&r, at, end) || (r.count && !read_rule(&r)))
            fine = false;
    }
    if (fine)
        return r.map;
    mapping_free(r.map);
    return NULL;
}

void mapping_free(Mapping *map)
{
    if (map)
        mem_free(map->rules);
}
