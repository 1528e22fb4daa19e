/* SPDX-License-Identifier: GPL-3.0-or-later */
/* XXH3 of bytes, of streams and of files. */
#include "hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base.h"
#include "file.h"

struct Hasher {
    XXH3_state_t *state;
};

Hasher *hasher_new(void)
{
    Hasher *hasher = mem_new(1, sizeof *hasher);
    hasher->state = XXH3_createState();
    if (!hasher->state) {
        fputs("fornix: out of memory\n", stderr);
        exit(1);
    }
    XXH3_128bits_reset(hasher->state);
    return hasher;
}

void hasher_free(Hasher *hasher)
{
    if (!hasher)
        return;
    XXH3_freeState(hasher->state);
    mem_free(hasher);
}

void hasher_add(Hasher *hasher, const void *bytes, size_t length)
{
    XXH3_128bits_update(hasher->state, bytes, length);
}

void hasher_add_text(Hasher *hasher, const char *text)
{
    hasher_add(hasher, text, strlen(text) + 1);
}

Hash hasher_result(const Hasher *hasher)
{
    XXH128_hash_t hash = XXH3_128bits_digest(hasher->state);
    return (Hash){hash.high64, hash.low64};
}

Hash hash_bytes(const void *bytes, size_t length)
{
    XXH128_hash_t hash = XXH3_128bits(bytes, length);
    return (Hash){hash.high64, hash.low64};
}

void hash_text(Hash hash, char text[HASH_TEXT])
{
    snprintf(text, HASH_TEXT, "%016" PRIx64 "%016" PRIx64, hash.high, hash.low);
}

bool hash_parse(const char *text, Hash *hash)
{
    static const char digits[] = "0123456789abcdef";
    if (strlen(text) != HASH_TEXT - 1)
        return false;
    Hash value = {0, 0};
    for (const char *at = text; *at; at++) {
        const char *digit = strchr(digits, *at);
        if (!digit)
            return false;
        value.high = value.high << 4 | value.low >> 60;
        value.low = value.low << 4 | (uint64_t)(digit - digits);
    }
    *hash = value;
    return true;
}

bool hash_equal(Hash a, Hash b)
{
    return a.high == b.high && a.low == b.low;
}

bool hash_file(const char *path, Hash *hash, FornixError *error)
{
    enum { PIECE = 1 << 20 };
    int64_t size;
    int file = file_open(path, &size, error);
    if (file < 0)
        return false;
    Hasher *hasher = hasher_new();
    char *piece = mem_new(PIECE, 1);
    bool ok = true;
    for (int64_t at = 0; ok && at < size; at += PIECE) {
        size_t length = size - at < PIECE ? (size_t)(size - at) : PIECE;
        ok = file_read_at(file, path, piece, length, at, error);
        if (ok)
            hasher_add(hasher, piece, length);
    }
    if (ok)
        *hash = hasher_result(hasher);
    mem_free(piece);
    hasher_free(hasher);
    close(file);
    return ok;
}
