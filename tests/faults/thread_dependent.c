/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A grain knows which thread runs it. It sleeps, so that other threads take some of them. */
#include <pthread.h>
#include <time.h>

static pthread_t first;
static int known;

static float other_thread(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    if (!known)
        first = pthread_self();
    known = 1;
    return pthread_equal(first, pthread_self()) ? 0.0f : 1.0f;
}

#define NAME "thread_dependent"
#define AT_GRAIN(step, y, x, count, grain) ((y)[0] += other_thread())
#include "twin.h"
