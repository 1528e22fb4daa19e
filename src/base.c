/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Memory that is checked, errors that are values.
 *
 * A failed small allocation ends the program here and nowhere else, so no caller needs a branch
 * that can never be tested. Large memory asks for large pages: a tensor is read in long strides,
 * and a page table walk for each of them costs more than the page itself.
 */
#define _GNU_SOURCE

#include "base.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { LINE = 64, LARGE_PAGE = 2 << 20 };

static void *kept(void *memory, size_t count, size_t size)
{
    if (!memory) {
        fprintf(stderr, "fornix: no memory left (%zu x %zu bytes)\n", count, size);
        exit(1);
    }
    return memory;
}

void *mem_new(size_t count, size_t size)
{
    return kept(calloc(count ? count : 1, size ? size : 1), count, size);
}

void *mem_grow(void *old, size_t count, size_t size)
{
    return kept(reallocarray(old, count ? count : 1, size ? size : 1), count, size);
}

char *mem_text(const char *text)
{
    return text ? kept(strdup(text), strlen(text) + 1, 1) : NULL;
}

void mem_free(void *memory)
{
    free(memory);
}

void *mem_large(size_t bytes)
{
    size_t unit = bytes >= LARGE_PAGE ? LARGE_PAGE : LINE;
    if (bytes > PTRDIFF_MAX - unit)
        return NULL;
    size_t whole = bytes ? (bytes + LINE - 1) / LINE * LINE : LINE;
    void *memory = NULL;
    if (posix_memalign(&memory, unit, whole) != 0)
        return NULL;
    if (unit == LARGE_PAGE) /* a wish: without it all works, slower; the rest takes small pages */
        madvise(memory, whole / LARGE_PAGE * LARGE_PAGE, MADV_HUGEPAGE);
    return memory;
}

void mem_large_free(void *memory, size_t bytes)
{
    (void)bytes;
    free(memory);
}

double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

bool size_multiply(int64_t a, int64_t b, int64_t *out)
{
    int64_t product;
    if (a < 0 || b < 0 || __builtin_mul_overflow(a, b, &product))
        return false;
    *out = product;
    return true;
}

bool size_add(int64_t a, int64_t b, int64_t *out)
{
    int64_t sum;
    if (a < 0 || b < 0 || __builtin_add_overflow(a, b, &sum))
        return false;
    *out = sum;
    return true;
}

static bool fail(FornixError *error, bool input, const char *format, va_list values)
{
    if (!error->text[0]) {
        vsnprintf(error->text, sizeof error->text, format, values);
        error->input = input;
    }
    return false;
}

bool fornix_fail(FornixError *error, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    fail(error, false, format, values);
    va_end(values);
    return false;
}

bool fornix_fail_input(FornixError *error, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    fail(error, true, format, values);
    va_end(values);
    return false;
}
