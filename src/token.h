/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The words and signs of an expression in an attribute's value, one at a time (see expression.h).
 */
#ifndef FORNIX_TOKEN_H
#define FORNIX_TOKEN_H

#include "arena.h"
#include "xml.h"

typedef enum { TOKEN_END, TOKEN_NUMBER, TOKEN_TEXT, TOKEN_NAME, TOKEN_SIGN } TokenKind;

typedef struct {
    TokenKind kind;
    size_t at, length; /* bytes of the value */
    char sign[3];      /* TOKEN_SIGN: "+", "<=", "${", ...; "==" is read as "=" */
} Token;

typedef struct {
    const char *message, *help; /* help: NULL where there is none */
    size_t at, length;          /* bytes of the value */
    bool sense;                 /* it is well written, but has no such value */
} TokenFault;

typedef struct {
    Arena *arena;
    const Attribute *attribute;
    Token token; /* the next one, not yet used */
    TokenFault fault;
    bool failed;
} Tokens;

/* Moves on to the token at or behind byte at of the value, or behind the present one. */
void token_read(Tokens *tokens, size_t at);
void token_next(Tokens *tokens);

bool token_is(const Tokens *tokens, const char *text); /* a sign or a name */
bool token_take(Tokens *tokens, const char *text);     /* moves on if it is */
void token_expect(Tokens *tokens, const char *text);   /* an error if it is not */
void token_superfluous(Tokens *tokens);                /* an error at what is left over */
/* A copy of length bytes, of the value from at on or of a text, cut where it is long: for messages.
 */
const char *token_text(const Tokens *tokens, size_t at, size_t length);
const char *token_shown(Arena *arena, const char *text, size_t length);

/* Keeps an error at length bytes of the value from at on as the fault, unless there was one; from
 * then on the next token is TOKEN_END, so that a parser unwinds by itself. help may be NULL. */
void token_fault(Tokens *tokens, size_t at, size_t length, const char *help, const char *format,
                 ...) FORNIX_PRINTF(5, 6);
/* As above, of what is well written but has no value. */
void token_refuse(Tokens *tokens, size_t at, size_t length, const char *help, const char *format,
                  ...) FORNIX_PRINTF(5, 6);

/* The length of the ${...} at the start of text; 0: there is none ($${ is none). */
size_t token_hole(const char *text);
/* The length of what is one thing at the start of text: ${...}, $${ or a byte. */
size_t token_piece(const char *text);
/* The first byte of $, { or } that belongs to no ${...}; NULL: there is none. */
const char *token_stray(const char *text);

#endif
