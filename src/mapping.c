/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Patterns: matched against a name on one side, filled in on the other. */
#include "mapping.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mapping_parts.h"
#include "text.h"

enum { DIGITS_MOST = 24 };

/* A part of a name, or a number beside one of its own. */
typedef struct Value {
    const char *text;
    size_t length;
    char digits[DIGITS_MOST];
} Value;

typedef struct Binding {
    const char *name;
    size_t length;
    Value value;
} Binding;

typedef struct Match {
    Binding bindings[VARIABLES_MOST];
    int count;
    bool prefix; /* the name may go on behind what was matched, in another part */
} Match;

/* ---- Variables -------------------------------------------------------------------------- */

bool variable_read(const char *pattern, Variable *variable)
{
    const char *at = pattern + 1;
    *variable = (Variable){.name = at};
    while ((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || *at == '_')
        at++;
    variable->name_length = (size_t)(at - variable->name);
    if (*at == '+' || *at == '-') {
        bool less = *at == '-';
        const char *digits = ++at;
        for (; *at >= '0' && *at <= '9' && at - digits < 6; at++)
            variable->shift = 10 * variable->shift + (*at - '0');
        if (at == digits)
            return false;
        variable->shift = less ? -variable->shift : variable->shift;
    }
    variable->length = (size_t)(at + 1 - pattern);
    return variable->name_length > 0 && *at == '}';
}

/* A number as it is written in names: no sign, no zero in front; -1: it is none. */
static int64_t number_read(const char *text, size_t length)
{
    int64_t number = 0;
    if (!length || length > 9 || (text[0] == '0' && length > 1))
        return -1;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        number = 10 * number + (text[i] - '0');
    }
    return number;
}

/* text, or the number that it is and `by` more; false: it is none, or that would be below 0. */
static bool value_make(const char *text, size_t length, int64_t by, Value *value)
{
    if (!by) {
        value->text = text;
        value->length = length;
        return true;
    }
    int64_t number = number_read(text, length);
    if (number < 0 || number + by < 0)
        return false;
    value->length = (size_t)snprintf(value->digits, DIGITS_MOST, "%" PRId64, number + by);
    value->text = value->digits;
    return true;
}

static const Binding *find_binding(const Match *match, const Variable *variable)
{
    for (int k = 0; k < match->count; k++) {
        const Binding *binding = &match->bindings[k];
        if (binding->length == variable->name_length &&
            memcmp(binding->name, variable->name, binding->length) == 0)
            return binding;
    }
    return NULL;
}

static bool value_of(const Binding *binding, const Variable *variable, Value *value)
{
    return binding &&
           value_make(binding->value.text, binding->value.length, variable->shift, value);
}

/* ---- Matching and filling --------------------------------------------------------------- */

static bool match_rest(Match *match, const char *pattern, const char *name);

static bool match_variable(Match *match, const char *pattern, const char *name)
{
    Variable variable;
    variable_read(pattern, &variable);
    const Binding *known = find_binding(match, &variable);
    if (known) {
        Value value;
        return value_of(known, &variable, &value) && strncmp(name, value.text, value.length) == 0 &&
               match_rest(match, pattern + variable.length, name + value.length);
    }
    if (match->count == VARIABLES_MOST)
        return false;
    size_t most = strcspn(name, "./");
    Binding *new = &match->bindings[match->count++];
    *new = (Binding){.name = variable.name, .length = variable.name_length};
    for (size_t length = 1; length <= most; length++)
        if (value_make(name, length, -variable.shift, &new->value) &&
            match_rest(match, pattern + variable.length, name + length))
            return true;
    match->count--;
    return false;
}

static bool match_rest(Match *match, const char *pattern, const char *name)
{
    for (; *pattern && *pattern != '{'; pattern++, name++)
        if (*pattern != *name)
            return false;
    if (*pattern)
        return match_variable(match, pattern, name);
    return !*name || (match->prefix && strchr("./", *name));
}

static const char *fill(const Match *match, const char *pattern, Arena *arena)
{
    Text text = {0};
    bool fine = true;
    while (*pattern && fine) {
        size_t plain = strcspn(pattern, "{");
        text_add_slice(&text, pattern, plain);
        pattern += plain;
        if (!*pattern)
            break;
        Variable variable;
        Value value;
        variable_read(pattern, &variable);
        fine = value_of(find_binding(match, &variable), &variable, &value);
        if (fine)
            text_add_slice(&text, value.text, value.length);
        pattern += variable.length;
    }
    const char *filled = fine ? arena_text(arena, text_value(&text)) : NULL;
    text_free(&text);
    return filled;
}

static const char *translate(const char *from, const char *to, const char *name, Arena *arena)
{
    Match match = {.count = 0};
    return match_rest(&match, from, name) ? fill(&match, to, arena) : NULL;
}

/* ---- Modules ---------------------------------------------------------------------------- */

static const struct {
    const char *there, *here[RULE_SPELLINGS];
} members[] = {{"weight", {"weight", "gamma"}},
               {"bias", {"bias", "beta"}},
               {"running_mean", {"running_mean", NULL}},
               {"running_var", {"running_var", NULL}}};

/* What a norm counts and nothing reads. */
static const char idle_member[] = "num_batches_tracked";

/* The name up to its last dot; NULL where it has none. */
static const char *owner_of(const char *name, const char **member, Arena *arena)
{
    const char *dot = strrchr(name, '.');
    if (!dot)
        return NULL;
    *member = dot + 1;
    return arena_slice(arena, name, (size_t)(dot - name));
}

const char *rule_here(const MapRule *rule, const char *there, int spelling, Arena *arena)
{
    const char *member, *owner;
    if (rule->kind != RULE_NAMES)
        return NULL;
    if (!rule->module)
        return spelling ? NULL : translate(rule->there, rule->here, there, arena);
    if (!(owner = owner_of(there, &member, arena)))
        return NULL;
    const char *node = translate(rule->there, rule->here, owner, arena);
    for (size_t k = 0; node && k < COUNT(members); k++)
        if (strcmp(members[k].there, member) == 0)
            return members[k].here[spelling]
                       ? arena_format(arena, "%s.%s", node, members[k].here[spelling])
                       : NULL;
    return NULL;
}

const char *rule_there(const MapRule *rule, const char *here, Arena *arena)
{
    const char *member, *owner;
    if (rule->kind != RULE_NAMES)
        return NULL;
    if (!rule->module)
        return translate(rule->here, rule->there, here, arena);
    if (!(owner = owner_of(here, &member, arena)))
        return NULL;
    const char *module = translate(rule->here, rule->there, owner, arena);
    for (size_t k = 0; module && k < COUNT(members); k++)
        for (int s = 0; s < RULE_SPELLINGS; s++)
            if (members[k].here[s] && strcmp(members[k].here[s], member) == 0)
                return arena_format(arena, "%s.%s", module, members[k].there);
    return NULL;
}

bool rule_drops(const MapRule *rule, const char *name, Arena *arena)
{
    Match match = {.prefix = true};
    const char *member, *owner;
    if (rule->kind == RULE_LEAVE)
        return match_rest(&match, rule->here, name);
    if (rule->kind == RULE_IGNORE)
        return match_rest(&match, rule->there, name);
    return rule->module && (owner = owner_of(name, &member, arena)) &&
           strcmp(member, idle_member) == 0 && translate(rule->there, rule->here, owner, arena);
}
