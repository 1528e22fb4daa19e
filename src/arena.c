/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Memory freed all at once: blocks in a chain, filled from their front.
 *
 * What does not fit a block gets one of its own size, linked behind the one in use, so that a
 * single long text does not waste the rest of the current block.
 */
#include "arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"

enum { BLOCK = 64 << 10, GRAIN = 16 };

typedef struct Block Block;
struct Block {
    Block *next;
    size_t used, size;
    _Alignas(GRAIN) unsigned char bytes[];
};

struct Arena {
    Block *first; /* the one in use */
};

Arena *arena_new(void)
{
    return mem_new(1, sizeof(Arena));
}

void arena_free(Arena *arena)
{
    if (!arena)
        return;
    for (Block *block = arena->first, *next; block; block = next) {
        next = block->next;
        mem_free(block);
    }
    mem_free(arena);
}

static Block *block_new(size_t size)
{
    Block *block = mem_new(1, sizeof *block + size);
    block->size = size;
    return block;
}

void *arena_take(Arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > PTRDIFF_MAX - BLOCK)
        bytes = PTRDIFF_MAX - BLOCK; /* more than there is: mem_new says so and ends */
    bytes = (bytes + GRAIN - 1) / GRAIN * GRAIN;
    Block *block = arena->first;
    if (!block || block->size - block->used < bytes) {
        block = block_new(bytes > BLOCK / 4 ? bytes : BLOCK);
        if (arena->first && block->size != BLOCK) {
            block->next = arena->first->next;
            arena->first->next = block;
        } else {
            block->next = arena->first;
            arena->first = block;
        }
    }
    void *memory = block->bytes + block->used;
    block->used += bytes;
    return memory;
}

char *arena_text(Arena *arena, const char *text)
{
    return text ? arena_slice(arena, text, strlen(text)) : NULL;
}

char *arena_slice(Arena *arena, const char *text, size_t length)
{
    char *copy = arena_take(arena, length + 1, 1);
    if (length)
        memcpy(copy, text, length);
    return copy;
}

char *arena_format(Arena *arena, const char *format, ...)
{
    va_list values, again;
    va_start(values, format);
    va_copy(again, values);
    int length = vsnprintf(NULL, 0, format, values);
    va_end(values);
    char *text = arena_take(arena, length < 0 ? 1 : (size_t)length + 1, 1);
    if (length > 0)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}
