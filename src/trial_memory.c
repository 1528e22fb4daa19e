/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether code allocates, seen without a malloc of one's own.
 *
 * With glibc a new thread has no cache of freed blocks, and makes one at its first call of any
 * function of malloc's family: whatever it allocates then, also what it frees at once, changes the
 * totals of mallinfo2. The address sanitizer has a malloc of its own, which lets its calls be
 * counted. Elsewhere (another C library, valgrind) nothing is seen, and memory_seen says so.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>

#include "trial_parts.h"

typedef void MallocHook(const volatile void *block, size_t size);
typedef void FreeHook(const volatile void *block);

/* Of the address sanitizer's library, where that is loaded. */
int __sanitizer_install_malloc_and_free_hooks(MallocHook *taken, FreeHook *freed)
    __attribute__((weak));
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t calls; /* of the sanitizer's malloc */

static void count_call(const volatile void *block, size_t size)
{
    (void)block, (void)size;
    __atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED);
}

static void ignore_call(const volatile void *block)
{
    (void)block;
}

typedef struct Totals {
    size_t calls, used, mapped, arena;
} Totals;

static Totals totals_now(void)
{
    Totals now = {.calls = __atomic_load_n(&calls, __ATOMIC_RELAXED)};
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
    struct mallinfo2 info = mallinfo2();
    now.used = info.uordblks;
    now.mapped = info.hblkhd;
    now.arena = info.arena;
#endif
    return now;
}

typedef struct Watched {
    void (*run)(void *context);
    void *context;
    bool taken;
} Watched;

static void *watch(void *context)
{
    Watched *watched = context;
    Totals before = totals_now();
    watched->run(watched->context);
    Totals after = totals_now();
    watched->taken = before.calls != after.calls || before.used != after.used ||
                     before.mapped != after.mapped || before.arena != after.arena;
    return NULL;
}

static int taken_by(void (*run)(void *context), void *context)
{
    static bool hooked;
    Watched watched = {.run = run, .context = context};
    pthread_t thread;
    if (!hooked && __sanitizer_install_malloc_and_free_hooks)
        __sanitizer_install_malloc_and_free_hooks(count_call, ignore_call);
    hooked = true;
    if (pthread_create(&thread, NULL, watch, &watched))
        return -1;
    pthread_join(thread, NULL);
    return watched.taken;
}

static void take_and_free(void *context)
{
    void *volatile block = malloc(24);
    free(block);
    (void)context;
}

bool memory_seen(void)
{
    static int seen = -1;
    if (seen < 0)
        seen = taken_by(take_and_free, NULL) == 1;
    return seen;
}

int memory_taken(void (*run)(void *context), void *context)
{
    bool seen = memory_seen();
    int taken = taken_by(run, context);
    return seen ? taken : -1;
}

size_t memory_used(void)
{
    if (__sanitizer_get_current_allocated_bytes)
        return __sanitizer_get_current_allocated_bytes();
    Totals now = totals_now();
    return now.used + now.mapped;
}
