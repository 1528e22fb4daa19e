/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Crashes from outside: a plugin that is well until the environment says otherwise, so that its
 * file, and all keys that depend on it, are the same before and after. */
#ifndef FORNIX_FAULTS_CRASH_H
#define FORNIX_FAULTS_CRASH_H

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static int *volatile nowhere;
static volatile int zero, result;
static atomic_int times;

static int overflow(volatile char *before)
{
    volatile char room[4096];
    room[0] = before ? before[0] : 1;
    return room[0] > 1 ? 0 : overflow(room) + room[0];
}

/* At call number N of "VARIABLE=N HOW": whether it has to fail, if it did not crash. */
static inline int crash(const char *variable)
{
    const char *wanted = getenv(variable);
    if (!wanted || atomic_fetch_add(&times, 1) != atoi(wanted))
        return 0;
    if (strstr(wanted, "abort"))
        abort();
    if (strstr(wanted, "stack"))
        return overflow(NULL);
    if (strstr(wanted, "zero"))
        return result = 77 / zero;
    if (!strstr(wanted, "fail"))
        *nowhere = 1;
    return 1;
}

#endif
