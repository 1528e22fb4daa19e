/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Memory that is checked, errors that are values, and a clock.
 *
 * Small structures (graphs, tables, text) come from mem_new and its kin: when the machine has no
 * memory left for those, the program says so and exits 1; every file that it writes appears whole
 * or not at all, so nothing is lost. Tensors, whose sizes a user's graph decides, come from
 * mem_large, which returns NULL for the caller to report. A function that can fail because of the
 * world outside (files, sizes, plugins) returns false and fills a FornixError.
 */
#ifndef FORNIX_BASE_H
#define FORNIX_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fornix-error.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Zeroed memory for count elements of size bytes; never NULL. Freed with mem_free. */
void *mem_new(size_t count, size_t size);
/* old (or NULL) enlarged to count elements of size bytes; what is added is not zeroed. */
void *mem_grow(void *old, size_t count, size_t size);
char *mem_text(const char *text); /* a copy; NULL gives NULL */
void mem_free(void *memory);

/* bytes of memory aligned to 64, not zeroed; NULL where there is none or the size overflows.
 * Freed with mem_large_free, which takes the same size. */
void *mem_large(size_t bytes);
void mem_large_free(void *memory, size_t bytes);

/* Seconds since some moment; never goes back. */
double seconds_now(void);

/* a * b and a + b for non-negative sizes; false on overflow, out untouched. */
bool size_multiply(int64_t a, int64_t b, int64_t *out);
bool size_add(int64_t a, int64_t b, int64_t *out);

#endif
