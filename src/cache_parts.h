/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inside of a Cache: entries (cache.c), known files (cache_files.c), housekeeping
 * (cache_keep.c). */
#ifndef FORNIX_CACHE_PARTS_H
#define FORNIX_CACHE_PARTS_H

#include <pthread.h>

#include "cache.h"
#include "file.h"

typedef struct KnownFile {
    FileIdentity identity;
    Hash hash;
} KnownFile;

struct Cache {
    char *root;
    pthread_mutex_t lock; /* of what follows */
    KnownFile *known;     /* open addressing by identity; hash zero: free */
    size_t known_count, known_room;
};

void cache_read_known(Cache *cache);

enum { LOCK_BUSY = -2 };

/* A descriptor that holds the lock of a key until it is closed; LOCK_BUSY where another one has
 * it, -1 after a failure. */
int cache_try_lock(const Cache *cache, const char *key, FornixError *error);

/* What a stage hands on; checkpoints are not among it. Ends with NULL. */
extern const char *const cache_result_files[];

#endif
