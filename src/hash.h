/* SPDX-License-Identifier: GPL-3.0-or-later */
/* 128 bits that stand for content (XXH3): keys of the cache, and checks of what is read back.
 * They find accidents, not forgers. */
#ifndef FORNIX_HASH_H
#define FORNIX_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fornix-error.h"

typedef struct {
    uint64_t high, low;
} Hash;

enum { HASH_TEXT = 33 }; /* 32 hexadecimal digits and a NUL */

Hash hash_bytes(const void *bytes, size_t length);
void hash_text(Hash hash, char text[HASH_TEXT]);
bool hash_parse(const char *text, Hash *hash); /* of hash_text; false for anything else */
bool hash_equal(Hash a, Hash b);
bool hash_file(const char *path, Hash *hash, FornixError *error);

/* Piece by piece. The same bytes give the same hash however they are cut. */
typedef struct Hasher Hasher;
Hasher *hasher_new(void);
void hasher_free(Hasher *hasher); /* NULL is fine */
void hasher_add(Hasher *hasher, const void *bytes, size_t length);
/* Text with its closing NUL: "ab" "c" differs from "a" "bc". */
void hasher_add_text(Hasher *hasher, const char *text);
Hash hasher_result(const Hasher *hasher); /* of all so far; more may be added */

#endif
