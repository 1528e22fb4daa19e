/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plain arithmetic on names, by recursive descent over the value as the user wrote it.
 *
 * Nothing is kept between evaluations: an expression is a few characters long, and reading it again
 * for each round of a loop costs less than a tree of it would. Each fault is shown at its own
 * column inside the value; the first one ends the expression, since the rest would be its echo.
 */
#include <string.h>

#include "expression_parts.h"

enum { MOST_NESTED = 50, MOST_ARGUMENTS = 32, MOST_TEXT = EXPRESSION_MIB << 20 };

typedef struct {
    Tokens tokens;
    const Scope *scope;
    int nested;
    int dry;      /* above 0: inside what is not to be computed */
    bool unknown; /* the result rests on a value whose fault was reported before */
} Parse;

typedef struct {
    Datum datum;
    Name *sole;  /* the operand is this name alone */
    bool varies; /* it depends on a name */
    bool word;   /* a bare word that names nothing */
    size_t at, length;
} Operand;

static Operand parse_either(Parse *parse);
static Operand parse_sign(Parse *parse);

static bool enter(Parse *parse)
{
    if (parse->nested == MOST_NESTED)
        token_fault(&parse->tokens, parse->tokens.token.at, 1, NULL,
                    "an expression nested more than %d deep", MOST_NESTED);
    else
        parse->nested++;
    return !parse->tokens.failed;
}

static bool is_computed(const Parse *parse)
{
    return !parse->tokens.failed && !parse->dry;
}

static bool is_known(const Parse *parse, const Operand *a, const Operand *b)
{
    return is_computed(parse) && a->datum.kind != DATUM_UNKNOWN && b->datum.kind != DATUM_UNKNOWN;
}

static Operand joined(const Operand *a, const Operand *b)
{
    return (Operand){.varies = a->varies || b->varies,
                     .at = a->at,
                     .length = b->at + b->length > a->at ? b->at + b->length - a->at : 1};
}

static void unknown_name(Parse *parse, const Operand *operand)
{
    token_fault(&parse->tokens, operand->at, operand->length, "text stands in quotes: 'text'",
                "no param or loop variable '%s'",
                arena_slice(parse->scope->arena, parse->tokens.attribute->value + operand->at,
                            operand->length));
}

static bool need_known(Parse *parse, const Operand *operand)
{
    if (operand->word)
        unknown_name(parse, operand);
    return !parse->tokens.failed;
}

static bool need_number(Parse *parse, const Operand *operand, const char *what)
{
    if (need_known(parse, operand) && is_known(parse, operand, operand) &&
        !datum_is_number(&operand->datum))
        token_refuse(&parse->tokens, operand->at, operand->length, NULL,
                     "%s takes numbers, and this is %s", what, datum_kind(&operand->datum));
    return !parse->tokens.failed;
}

static bool need_truth(Parse *parse, const Operand *operand, const char *what)
{
    if (need_known(parse, operand) && is_known(parse, operand, operand) &&
        operand->datum.kind != DATUM_BOOL)
        token_refuse(&parse->tokens, operand->at, operand->length, NULL,
                     "%s takes what is true or false, and this is %s", what,
                     datum_kind(&operand->datum));
    return !parse->tokens.failed;
}

static bool is_choice(const Name *name, const char *word)
{
    for (size_t i = 0; i < name->choice_count; i++)
        if (strcmp(name->choices[i], word) == 0)
            return true;
    return false;
}

/* What stands across from a name must be a value that the name can have: for a list, of words. */
static void check_choice(Parse *parse, const Operand *constant, const Operand *other)
{
    const Name *name = other->sole;
    if (parse->tokens.failed || constant->varies || constant->datum.kind == DATUM_UNKNOWN ||
        !name || !name->choices)
        return;
    Arena *arena = parse->scope->arena;
    Text text = {0};
    datum_write(&text, &constant->datum);
    size_t count;
    char **words = text_split(text_value(&text), &count);
    for (size_t i = 0; i < count; i++) {
        if (is_choice(name, words[i]))
            continue;
        const char *nearest = text_suggest(words[i], name->choices, name->choice_count);
        token_refuse(&parse->tokens, constant->at, constant->length,
                     nearest ? arena_format(arena, "did you mean '%s'?", nearest) : NULL,
                     "'%s' is never '%.60s'", name->name, words[i]);
        break;
    }
    text_split_free(words);
    text_free(&text);
}

static void call(Parse *parse, const DatumFunction *function, Operand *result)
{
    Datum arguments[MOST_ARGUMENTS];
    Operand first = {0};
    size_t count = 0, start = result->at;
    bool has = strcmp(function->name, "has") == 0, known = true;
    do {
        Operand argument = parse_either(parse);
        bool word = has && count == 1 && argument.word && first.varies;
        if (!word && !need_known(parse, &argument))
            return;
        if (count == 0)
            first = argument;
        else if (has)
            check_choice(parse, &argument, &first);
        if (count == MOST_ARGUMENTS) {
            token_refuse(&parse->tokens, argument.at, argument.length, NULL,
                         "more than %d arguments", MOST_ARGUMENTS);
            return;
        }
        result->varies = result->varies || argument.varies;
        known = known && is_known(parse, &argument, &argument);
        arguments[count++] = argument.datum;
    } while (token_take(&parse->tokens, ","));
    result->length = parse->tokens.token.at + 1 - start;
    token_expect(&parse->tokens, ")");
    if (parse->tokens.failed)
        return;
    if (count < function->least || count > function->most)
        token_fault(&parse->tokens, start, result->length, NULL, "%s takes %zu argument%s, not %zu",
                    function->name, function->least, function->least == 1 ? "" : "s", count);
    if (!known || !is_computed(parse))
        return;
    const char *wrong = function->call(arguments, count, &result->datum);
    if (wrong)
        token_refuse(&parse->tokens, start, result->length, NULL, "%s: %s", function->name, wrong);
}

/* A function's call, true, false, a name known or not. */
static Operand parse_name(Parse *parse)
{
    Token token = parse->tokens.token;
    Operand operand = {.at = token.at, .length = token.length};
    const char *word =
        arena_slice(parse->scope->arena, parse->tokens.attribute->value + token.at, token.length);
    token_next(&parse->tokens);
    if (token_take(&parse->tokens, "(")) {
        size_t i = 0;
        while (i < datum_function_count && strcmp(datum_functions[i].name, word) != 0)
            i++;
        if (i == datum_function_count)
            token_fault(&parse->tokens, token.at, token.length, NULL, "no function '%s'", word);
        else
            call(parse, &datum_functions[i], &operand);
        return operand;
    }
    if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0) {
        operand.datum = datum_bool(word[0] == 't');
        return operand;
    }
    Name *name = scope_name(parse->scope, word);
    if (name) {
        name->used = true;
        operand.datum = name->datum;
    } else {
        operand.datum = datum_text(word);
    }
    operand.sole = name;
    operand.varies = name != NULL;
    operand.word = !name;
    return operand;
}

static Operand parse_group(Parse *parse, const char *closing)
{
    size_t start = parse->tokens.token.at;
    token_next(&parse->tokens);
    Operand operand = {.at = start, .length = 1};
    if (!enter(parse))
        return operand;
    operand = parse_either(parse);
    parse->nested--;
    need_known(parse, &operand);
    operand.at = start;
    operand.length = parse->tokens.token.at + 1 - start;
    token_expect(&parse->tokens, closing);
    return operand;
}

static Operand parse_atom(Parse *parse)
{
    Token token = parse->tokens.token;
    Operand operand = {.at = token.at, .length = token.length ? token.length : 1};
    const char *written = parse->tokens.attribute->value + token.at;
    if (token.kind == TOKEN_NAME && !token_is(&parse->tokens, "and") &&
        !token_is(&parse->tokens, "or") && !token_is(&parse->tokens, "not"))
        return parse_name(parse);
    if (token_is(&parse->tokens, "("))
        return parse_group(parse, ")");
    if (token_is(&parse->tokens, "${"))
        return parse_group(parse, "}");
    if (token.kind == TOKEN_TEXT) {
        operand.datum = datum_text(arena_slice(parse->scope->arena, written + 1, token.length - 2));
        token_next(&parse->tokens);
    } else if (token.kind == TOKEN_NUMBER) {
        operand.datum = datum_read(arena_slice(parse->scope->arena, written, token.length));
        if (operand.datum.kind == DATUM_TEXT)
            token_fault(&parse->tokens, token.at, token.length, "text stands in quotes: 'text'",
                        "'%s' is no number", token_text(&parse->tokens, token.at, token.length));
        token_next(&parse->tokens);
    } else if (token.kind == TOKEN_END) {
        token_fault(&parse->tokens, token.at, 1, NULL, "a value is missing");
    } else {
        token_fault(&parse->tokens, token.at, token.length, NULL, "'%s' where a value is expected",
                    token_text(&parse->tokens, token.at, token.length));
    }
    return operand;
}

static Operand operated(Parse *parse, const char *sign, const Operand *a, const Operand *b)
{
    Operand result = joined(a, b);
    const char *what = arena_format(parse->scope->arena, "'%s'", sign);
    if (!need_number(parse, a, what) || !need_number(parse, b, what) || !is_known(parse, a, b))
        return result;
    const char *wrong = datum_operate(sign[0], &a->datum, &b->datum, &result.datum);
    if (wrong)
        token_refuse(&parse->tokens, result.at, result.length, NULL, "%s", wrong);
    return result;
}

static Operand parse_power(Parse *parse)
{
    Operand base = parse_atom(parse);
    if (!token_take(&parse->tokens, "^"))
        return base;
    Operand exponent = parse_sign(parse);
    return operated(parse, "^", &base, &exponent);
}

static Operand parse_sign(Parse *parse)
{
    Operand zero = {.datum = datum_int(0), .at = parse->tokens.token.at, .length = 1};
    if (!token_is(&parse->tokens, "-"))
        return parse_power(parse);
    token_next(&parse->tokens);
    if (!enter(parse))
        return zero;
    Operand operand = parse_sign(parse);
    parse->nested--;
    return operated(parse, "-", &zero, &operand);
}

static Operand parse_product(Parse *parse)
{
    Operand a = parse_sign(parse);
    while (token_is(&parse->tokens, "*") || token_is(&parse->tokens, "/") ||
           token_is(&parse->tokens, "%")) {
        char sign[2] = {parse->tokens.token.sign[0]};
        token_next(&parse->tokens);
        Operand b = parse_sign(parse);
        a = operated(parse, sign, &a, &b);
    }
    return a;
}

static Operand parse_sum(Parse *parse)
{
    Operand a = parse_product(parse);
    while (token_is(&parse->tokens, "+") || token_is(&parse->tokens, "-")) {
        char sign[2] = {parse->tokens.token.sign[0]};
        token_next(&parse->tokens);
        Operand b = parse_product(parse);
        a = operated(parse, sign, &a, &b);
    }
    return a;
}

static Operand parse_compare(Parse *parse)
{
    static const char *const signs[] = {"=", "!=", "<=", ">=", "<", ">"};
    Operand a = parse_sum(parse);
    size_t i = 0;
    while (i < COUNT(signs) && !token_is(&parse->tokens, signs[i]))
        i++;
    if (i == COUNT(signs))
        return a;
    token_next(&parse->tokens);
    Operand b = parse_sum(parse), result = joined(&a, &b);
    if (i < 2) {
        if ((a.word && !b.varies && !need_known(parse, &a)) ||
            (b.word && !a.varies && !need_known(parse, &b)))
            return result;
        check_choice(parse, &a, &b);
        check_choice(parse, &b, &a);
        if (is_known(parse, &a, &b))
            result.datum = datum_bool(datum_equal(&a.datum, &b.datum) == (i == 0));
        return result;
    }
    const char *what = arena_format(parse->scope->arena, "'%s'", signs[i]);
    if (!need_number(parse, &a, what) || !need_number(parse, &b, what) || !is_known(parse, &a, &b))
        return result;
    double x = a.datum.real, y = b.datum.real;
    bool less = a.datum.kind == DATUM_INT && b.datum.kind == DATUM_INT
                    ? a.datum.whole < b.datum.whole
                    : x < y;
    bool equal = datum_equal(&a.datum, &b.datum);
    bool wants_less = signs[i][0] == '<', wants_equal = signs[i][1] == '=';
    result.datum = datum_bool(equal ? wants_equal : less == wants_less);
    return result;
}

static Operand parse_not(Parse *parse)
{
    size_t start = parse->tokens.token.at;
    if (!token_take(&parse->tokens, "not"))
        return parse_compare(parse);
    Operand none = {.at = start, .length = 1};
    if (!enter(parse))
        return none;
    Operand operand = parse_not(parse);
    parse->nested--;
    need_truth(parse, &operand, "'not'");
    if (is_known(parse, &operand, &operand))
        operand.datum = datum_bool(!operand.datum.whole);
    operand.sole = NULL;
    return operand;
}

/* A chain of operands joined by one word, where an operand of value `decisive` settles it. */
static Operand parse_chain(Parse *parse, const char *word, bool decisive,
                           Operand (*next)(Parse *parse))
{
    Operand a = next(parse);
    while (token_take(&parse->tokens, word)) {
        const char *what = decisive ? "'or'" : "'and'";
        need_truth(parse, &a, what);
        bool settled = is_known(parse, &a, &a) && (a.datum.whole != 0) == decisive;
        parse->dry += settled;
        Operand b = next(parse);
        need_truth(parse, &b, what);
        parse->dry -= settled;
        Operand result = joined(&a, &b);
        result.datum = settled ? a.datum : b.datum;
        a = result;
    }
    return a;
}

static Operand parse_both(Parse *parse)
{
    return parse_chain(parse, "and", false, parse_not);
}

static Operand parse_either(Parse *parse)
{
    return parse_chain(parse, "or", true, parse_both);
}

Name *scope_name(const Scope *scope, const char *name)
{
    for (Name *known = scope->names; known; known = known->outer)
        if (strcmp(known->name, name) == 0)
            return known;
    return NULL;
}

static Parse parse_new(const Scope *scope, const Attribute *attribute)
{
    return (Parse){.tokens = {.arena = scope->arena, .attribute = attribute},
                   .scope = scope,
                   .dry = scope->dry};
}

/* Replaces the ${...} at byte at and gives the byte behind it. The text there is not an
 * expression, so no token of it may be read. */
static size_t fill_one(Parse *parse, size_t at, Text *out)
{
    Tokens *tokens = &parse->tokens;
    token_read(tokens, at);
    token_next(tokens);
    Operand operand = parse_either(parse);
    need_known(parse, &operand);
    if (!token_is(tokens, "}"))
        token_expect(tokens, "}");
    if (is_computed(parse)) {
        parse->unknown = parse->unknown || operand.datum.kind == DATUM_UNKNOWN;
        datum_write(out, &operand.datum);
    }
    return tokens->token.at + tokens->token.length;
}

bool expression_try_fill(const Scope *scope, const Attribute *attribute, const char **filled,
                         TokenFault *fault)
{
    const char *text = attribute->value;
    Parse parse = parse_new(scope, attribute);
    Text out = {0};
    for (size_t at = 0; text[at] && !parse.tokens.failed;) {
        if (strncmp(text + at, "$${", 3) == 0) {
            text_add(&out, "${");
            at += 3;
        } else if (strncmp(text + at, "${", 2) == 0) {
            at = fill_one(&parse, at, &out);
            if (text[at] == '}')
                token_fault(&parse.tokens, at, 1, NULL, "'}' without a '${' before it");
        } else {
            text_add_slice(&out, text + at++, 1);
        }
        if (out.length > MOST_TEXT)
            token_refuse(&parse.tokens, 0, strlen(text), NULL, "a value of more than %d bytes",
                         MOST_TEXT);
    }
    *filled = arena_text(scope->arena, text_value(&out));
    *fault = parse.tokens.fault;
    text_free(&out);
    return !parse.tokens.failed && !parse.unknown;
}

bool expression_try_truth(const Scope *scope, const Attribute *attribute, bool *truth,
                          TokenFault *fault)
{
    Parse parse = parse_new(scope, attribute);
    token_read(&parse.tokens, 0);
    Operand operand = parse_either(&parse);
    if (!parse.tokens.failed && parse.tokens.token.kind != TOKEN_END)
        token_superfluous(&parse.tokens);
    need_truth(&parse, &operand, arena_format(scope->arena, "'%s'", attribute->name));
    *truth = is_computed(&parse) && operand.datum.whole != 0;
    *fault = parse.tokens.fault;
    return !parse.tokens.failed;
}

Name *expression_sole_name(const Scope *scope, const Attribute *attribute)
{
    for (Name *name = scope->names; name; name = name->outer) {
        const char *text = attribute->value;
        size_t length = strlen(name->name);
        if (strncmp(text, "${", 2) == 0 && strncmp(text + 2, name->name, length) == 0 &&
            strcmp(text + 2 + length, "}") == 0)
            return name;
    }
    return NULL;
}
