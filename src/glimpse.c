/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "glimpse.h"

#include <pthread.h>
#include <string.h>

#include "base.h"

enum { GLIMPSES_MOST = 1 << 20 };

typedef struct Kept {
    Hash key;
    size_t bytes;
    void *seen; /* NULL: free */
} Kept;

/* For as long as the process lives: open addressing by key. */
static struct {
    pthread_mutex_t lock;
    Kept *kept;
    size_t count, room;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

static Kept *find(Hash key)
{
    size_t at = (size_t)key.low & (all.room - 1);
    while (all.kept[at].seen && !hash_equal(all.kept[at].key, key))
        at = (at + 1) & (all.room - 1);
    return &all.kept[at];
}

static void make_room(void)
{
    Kept *old = all.kept;
    size_t room = all.room;
    if (2 * (all.count + 1) <= all.room)
        return;
    all.room = room ? 2 * room : 256;
    all.kept = mem_new(all.room, sizeof *all.kept);
    for (size_t k = 0; k < room; k++)
        if (old[k].seen)
            *find(old[k].key) = old[k];
    mem_free(old);
}

bool glimpse_find(Glimpse *glimpse, const char *path, Hash of, void *seen, size_t bytes)
{
    FornixError ignored = {0};
    struct {
        FileIdentity file;
        Hash of;
    } key = {.of = of};
    *glimpse = (Glimpse){.bytes = bytes};
    if (!file_identity(path, &glimpse->file, &ignored))
        return false;
    glimpse->settled = file_is_settled(&glimpse->file);
    key.file = glimpse->file;
    glimpse->key = hash_bytes(&key, sizeof key);
    pthread_mutex_lock(&all.lock);
    const Kept *kept = all.room ? find(glimpse->key) : NULL;
    bool known = kept && kept->seen && kept->bytes == bytes;
    if (known)
        memcpy(seen, kept->seen, bytes);
    pthread_mutex_unlock(&all.lock);
    return known;
}

void glimpse_keep(const Glimpse *glimpse, const void *seen)
{
    if (!glimpse->settled || !glimpse->bytes)
        return;
    pthread_mutex_lock(&all.lock);
    if (all.count < GLIMPSES_MOST) {
        make_room();
        Kept *kept = find(glimpse->key);
        if (!kept->seen) {
            void *copy = mem_new(glimpse->bytes, 1);
            memcpy(copy, seen, glimpse->bytes);
            *kept = (Kept){glimpse->key, glimpse->bytes, copy};
            all.count++;
        }
    }
    pthread_mutex_unlock(&all.lock);
}
