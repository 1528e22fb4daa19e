/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The words and signs of an expression in an attribute's value, one at a time.
 *
 * Each fault is shown at its own column inside the value; only the first one counts, since what a
 * parser says after it is mostly its echo.
 */
#include "token.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base.h"

enum { LONGEST_SHOWN = 60 };

static void keep_fault(Tokens *tokens, TokenFault fault, const char *format, va_list values)
{
    if (!tokens->failed) {
        char message[500];
        vsnprintf(message, sizeof message, format, values);
        fault.message = arena_text(tokens->arena, message);
        tokens->fault = fault;
    }
    tokens->failed = true;
    tokens->token = (Token){.kind = TOKEN_END, .at = fault.at};
}

void token_fault(Tokens *tokens, size_t at, size_t length, const char *help, const char *format,
                 ...)
{
    va_list values;
    va_start(values, format);
    keep_fault(tokens, (TokenFault){.help = help, .at = at, .length = length}, format, values);
    va_end(values);
}

void token_refuse(Tokens *tokens, size_t at, size_t length, const char *help, const char *format,
                  ...)
{
    va_list values;
    va_start(values, format);
    keep_fault(tokens, (TokenFault){.help = help, .at = at, .length = length, .sense = true},
               format, values);
    va_end(values);
}

const char *token_text(const Tokens *tokens, size_t at, size_t length)
{
    return token_shown(tokens->arena, tokens->attribute->value + at, length);
}

const char *token_shown(Arena *arena, const char *text, size_t length)
{
    return arena_slice(arena, text, length < LONGEST_SHOWN ? length : LONGEST_SHOWN);
}

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static size_t name_length(const char *text)
{
    size_t length = 0;
    while (is_name(text[length]))
        length++;
    return length;
}

/* "3d" and "1.2.3" are no numbers: they are taken whole, to be refused whole. */
static size_t number_length(const char *text)
{
    size_t length = strspn(text, "0123456789.");
    if (text[length] == 'e' || text[length] == 'E') {
        size_t sign = text[length + 1] == '-' || text[length + 1] == '+';
        size_t digits = strspn(text + length + 1 + sign, "0123456789");
        if (digits)
            length += 1 + sign + digits;
    }
    return length + name_length(text + length);
}

static size_t sign_length(const char *text)
{
    static const char *const pairs[] = {"<=", ">=", "!=", "==", "${"};
    for (size_t i = 0; i < COUNT(pairs); i++)
        if (strncmp(text, pairs[i], 2) == 0)
            return 2;
    return strchr("+-*/%^=<>(),}", *text) ? 1 : 0;
}

static Token token_at(const char *text, size_t at)
{
    const char *here = text + at;
    Token token = {.at = at};
    if (!*here) {
        token.kind = TOKEN_END;
    } else if (isdigit((unsigned char)*here) || *here == '.') {
        token.kind = TOKEN_NUMBER;
        token.length = number_length(here);
    } else if (is_name(*here)) {
        token.kind = TOKEN_NAME;
        token.length = name_length(here);
    } else if (*here == '\'' || *here == '"') {
        const char *end = strchr(here + 1, *here);
        token.kind = TOKEN_TEXT;
        token.length = end ? (size_t)(end - here) + 1 : 0;
    } else {
        token.kind = TOKEN_SIGN;
        token.length = sign_length(here);
        memcpy(token.sign, here, token.length);
        if (strcmp(token.sign, "==") == 0)
            token.sign[1] = '\0';
    }
    return token;
}

void token_read(Tokens *tokens, size_t at)
{
    const char *text = tokens->attribute->value;
    if (tokens->failed)
        return;
    Token token = token_at(text, at + strspn(text + at, " \t\r\n"));
    tokens->token = token;
    if (token.kind == TOKEN_TEXT && !token.length)
        token_fault(tokens, token.at, 1, NULL, "text without its closing quote");
    else if (token.kind == TOKEN_SIGN && !token.length)
        token_fault(tokens, token.at, 1, NULL, "this character has no meaning in an expression");
}

void token_next(Tokens *tokens)
{
    token_read(tokens, tokens->token.at + tokens->token.length);
}

bool token_is(const Tokens *tokens, const char *text)
{
    const Token *token = &tokens->token;
    if (token->kind == TOKEN_SIGN)
        return strcmp(token->sign, text) == 0;
    return token->kind == TOKEN_NAME && token->length == strlen(text) &&
           memcmp(tokens->attribute->value + token->at, text, token->length) == 0;
}

bool token_take(Tokens *tokens, const char *text)
{
    if (!token_is(tokens, text))
        return false;
    token_next(tokens);
    return true;
}

void token_expect(Tokens *tokens, const char *text)
{
    const Token *token = &tokens->token;
    if (tokens->failed || token_take(tokens, text))
        return;
    if (token->kind == TOKEN_END)
        token_fault(tokens, token->at, 1, NULL, "the expression ends where '%s' is missing", text);
    else
        token_fault(tokens, token->at, token->length, NULL, "'%s' where '%s' is expected",
                    token_text(tokens, token->at, token->length), text);
}

void token_superfluous(Tokens *tokens)
{
    const Token *token = &tokens->token;
    token_fault(tokens, token->at, token->length, NULL, "'%s' where the end is expected",
                token_text(tokens, token->at, token->length));
}

size_t token_hole(const char *text)
{
    if (strncmp(text, "${", 2) != 0)
        return 0;
    bool quoted = false;
    int depth = 0;
    for (size_t at = 1; text[at]; at++) {
        quoted ^= text[at] == '\'';
        depth += quoted ? 0 : (text[at] == '{') - (text[at] == '}');
        if (depth == 0)
            return at + 1;
    }
    return 0;
}

size_t token_piece(const char *text)
{
    size_t hole = token_hole(text);
    return hole ? hole : strncmp(text, "$${", 3) == 0 ? 3 : 1;
}

const char *token_stray(const char *text)
{
    for (size_t hole; *text; text += hole ? hole : 1) {
        hole = token_hole(text);
        if (!hole && strchr("${}", *text))
            return text;
    }
    return NULL;
}
