/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Memory freed all at once: what belongs to one graph or one plan lives and dies together. */
#ifndef FORNIX_ARENA_H
#define FORNIX_ARENA_H

#include <stddef.h>

#include "fornix-error.h"

typedef struct Arena Arena;

Arena *arena_new(void);
void arena_free(Arena *arena); /* and everything taken from it; NULL is fine */

/* Zeroed, aligned to 16, never NULL; lives until arena_free. */
void *arena_take(Arena *arena, size_t count, size_t size);
char *arena_text(Arena *arena, const char *text);                 /* NULL gives NULL */
char *arena_slice(Arena *arena, const char *text, size_t length); /* with a closing NUL */
char *arena_format(Arena *arena, const char *format, ...) FORNIX_PRINTF(2, 3);

#endif
