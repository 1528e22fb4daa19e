/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The words and signs of an expression in an attribute's value, one at a time (see expression.h).
 */
#ifndef FORNIX_TOKEN_H
#define FORNIX_TOKEN_H

#include "arena.h"
#include "diag.h"
#include "xml.h"

typedef enum { TOKEN_END, TOKEN_NUMBER, TOKEN_TEXT, TOKEN_NAME, TOKEN_SIGN } TokenKind;

typedef struct {
    TokenKind kind;
    size_t at, length; /* bytes of the value */
    char sign[3];      /* TOKEN_SIGN: "+", "<=", "${", ...; "==" is read as "=" */
} Token;

typedef struct {
    Diag *diag;
    Arena *arena;
    const Attribute *attribute;
    Token token; /* the next one, not yet used */
    bool failed;
} Tokens;

/* Moves on to the token at or behind byte at of the value, or behind the present one. */
void token_read(Tokens *tokens, size_t at);
void token_next(Tokens *tokens);

bool token_is(const Tokens *tokens, const char *text); /* a sign or a name */
bool token_take(Tokens *tokens, const char *text);     /* moves on if it is */
void token_expect(Tokens *tokens, const char *text);   /* an error if it is not */
void token_superfluous(Tokens *tokens);                /* an error at what is left over */
/* A copy of length bytes of the value from at on, cut where it is long: for messages. */
const char *token_text(const Tokens *tokens, size_t at, size_t length);

/* Help that shows the value with `more` in place of `less` bytes at byte at; NULL where it is long.
 */
const char *token_mended(const Tokens *tokens, size_t at, size_t less, const char *more);

/* Records an error at length bytes of the value from at on, unless there was one; from then on the
 * next token is TOKEN_END, so that a parser unwinds by itself. help may be NULL. */
void token_fault(Tokens *tokens, size_t at, size_t length, const char *help, const char *format,
                 ...) FORNIX_PRINTF(5, 6);

#endif
