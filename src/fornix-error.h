/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A failure as a value: one line for people, and whether the user is to blame. Installed. */
#ifndef FORNIX_ERROR_H
#define FORNIX_ERROR_H

#include <stdbool.h>

#if defined(__GNUC__)
#define FORNIX_PRINTF(text, first) __attribute__((__format__(__printf__, text, first)))
#else
#define FORNIX_PRINTF(text, first)
#endif

typedef struct {
    char text[1000]; /* empty: no failure yet; no newline at its end */
    bool input;      /* the user's input is wrong (exit 2), not this run (exit 1) */
} FornixError;

/* Both write the message (unless one is there already: the first failure is the cause) and return
 * false, so that a function can end in `return fornix_fail(error, ...)`. */
bool fornix_fail(FornixError *error, const char *format, ...) FORNIX_PRINTF(2, 3);
bool fornix_fail_input(FornixError *error, const char *format, ...) FORNIX_PRINTF(2, 3);

#endif
