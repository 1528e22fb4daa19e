/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is told of a wrong expression: the mistake, and the first edit of it that evaluates. */
#include <string.h>

#include "expression_parts.h"
#include "mend.h"

enum { MOST_WORDS = 8 };

typedef struct {
    Scope scope; /* with an arena of its own: many texts are tried */
    Attribute attribute;
    bool condition;
    size_t holes; /* more of them are wanted */
} Trial;

/* How many ${...} a text has. */
static size_t holes(const char *text)
{
    size_t count = 0;
    for (; *text; text += token_piece(text))
        count += token_hole(text) > 0;
    return count;
}

static bool evaluates(void *context, const char *text)
{
    Trial *trial = context;
    TokenFault fault = {0};
    trial->attribute.value = text;
    if (trial->condition) {
        bool truth;
        return expression_try_truth(&trial->scope, &trial->attribute, &truth, &fault);
    }
    const char *filled;
    return !token_stray(text) && holes(text) >= trial->holes &&
           expression_try_fill(&trial->scope, &trial->attribute, &filled, &fault);
}

/* Names, functions and words of the language; room for one more at the end. */
static const char **vocabulary(const Scope *scope, size_t *count)
{
    static const char *const own[] = {"and", "or", "not", "true", "false"};
    size_t most = COUNT(own) + datum_function_count + 1;
    for (const Name *name = scope->names; name; name = name->outer)
        most++;
    const char **words = arena_take(scope->arena, most, sizeof *words);
    *count = 0;
    for (const Name *name = scope->names; name; name = name->outer)
        words[(*count)++] = name->name;
    for (size_t i = 0; i < datum_function_count; i++)
        words[(*count)++] = datum_functions[i].name;
    for (size_t i = 0; i < COUNT(own); i++)
        words[(*count)++] = own[i];
    return words;
}

/* The nearest word with which it evaluates in place of the one at the fault. */
static const char *word_meant(Trial *trial, const char *text, const TokenFault *fault,
                              const char **nearest)
{
    Arena *arena = trial->scope.arena;
    const char *word = arena_slice(arena, text + fault->at, fault->length);
    size_t count;
    const char **words = vocabulary(&trial->scope, &count);
    for (int tried = 0; tried < MOST_WORDS; tried++) {
        const char *near = text_suggest(word, words, count);
        if (!near)
            return NULL;
        if (!tried)
            *nearest = near;
        if (evaluates(trial, arena_format(arena, "%.*s%s%s", (int)fault->at, text, near,
                                          text + fault->at + fault->length)))
            return near;
        for (size_t i = 0; i < count; i++)
            if (words[i] == near)
                words[i] = words[--count];
    }
    return NULL;
}

/* Whether the last thing before byte at is one of those signs. */
static bool follows(const char *text, size_t at, const char *signs)
{
    while (at > 0 && text[at - 1] == ' ')
        at--;
    return at > 0 && strchr(signs, text[at - 1]);
}

/* What may have been left out before byte at: a sign, or a value where it tells which. */
static const char **missing(const Scope *scope, const char *text, size_t at, bool condition)
{
    static const char *const signs[] = {"${", "}", "{", "$", ")", "(", ",", "*",
                                        "^",  "+", "-", " ", "'", "=", ">"};
    static const char *const compared[] = {"=", ">", "<"};
    const Name *inner = scope->names;
    const char **all = arena_take(scope->arena, COUNT(compared) + COUNT(signs) + 2, sizeof *all);
    size_t count = 0;
    bool named = false;
    for (const Name *name = inner; name; name = name->outer)
        named = named || strstr(text, name->name);
    for (size_t i = 0; i < COUNT(compared) && condition; i++)
        all[count++] = compared[i];
    for (size_t i = 0; i < COUNT(signs); i++)
        all[count++] = signs[i];
    if (follows(text, at, "+-"))
        all[count++] = "1";
    else if (!named && inner && inner->loop)
        all[count++] = inner->name;
    return all;
}

/* A word of the value, or all of it, as it was probably meant. The names in what was tried count as
 * used. NULL: unknown. */
static const char *help_with(Trial trial, const TokenFault *fault)
{
    Arena *arena = arena_new(), *kept = trial.scope.arena;
    const char *text = trial.attribute.value, *nearest = NULL, *meant = NULL;
    trial.scope.arena = arena;
    if (fault->length)
        meant = word_meant(&trial, text, fault, &nearest);
    if (!meant) {
        const Mend mend = {evaluates, &trial,
                           missing(&trial.scope, text, fault->at, trial.condition), fault->at};
        meant = mend_text(text, &mend, kept);
    }
    if (!meant)
        meant = nearest;
    const char *help = meant ? arena_format(kept, "did you mean '%s'?", meant) : NULL;
    arena_free(arena);
    return help;
}

static void tell(const Scope *scope, const Attribute *attribute, bool condition,
                 const TokenFault *fault)
{
    const Trial trial = {.scope = *scope, .attribute = *attribute, .condition = condition};
    const char *meant = fault->sense ? NULL : help_with(trial, fault);
    diag_error_help(scope->diag, attribute_part(attribute, fault->at, fault->length),
                    meant ? meant : fault->help, "%s", fault->message);
}

/* What is left of a ${name} that was misspelt: whatever the attribute is, nobody means that. */
static bool check_signs(const Scope *scope, const Attribute *attribute)
{
    const char *text = attribute->value, *stray = token_stray(text);
    if (!stray || strcmp(attribute->name, "doc") == 0)
        return true;
    const TokenFault fault = {.at = (size_t)(stray - text)};
    const Trial trial = {.scope = *scope, .attribute = *attribute, .holes = holes(text) + 1};
    const char *meant = help_with(trial, &fault);
    if (meant)
        diag_error_help(scope->diag, attribute_part(attribute, 0, strlen(text)), meant,
                        "'%s' refers to nothing: a reference is ${name}",
                        token_shown(scope->arena, text, strlen(text)));
    return !meant;
}

bool expression_fill(const Scope *scope, const Attribute *attribute, const char **filled)
{
    TokenFault fault = {0};
    *filled = attribute->value;
    if (!strpbrk(attribute->value, "${}"))
        return true;
    bool good = expression_try_fill(scope, attribute, filled, &fault);
    if (fault.message)
        tell(scope, attribute, false, &fault);
    return good && check_signs(scope, attribute);
}

bool expression_truth(const Scope *scope, const Attribute *attribute, bool *truth)
{
    TokenFault fault = {0};
    bool good = expression_try_truth(scope, attribute, truth, &fault);
    if (!good)
        tell(scope, attribute, true, &fault);
    return good;
}
