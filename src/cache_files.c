/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hashes of input files, kept by what changes whenever their content may have changed. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "cache_parts.h"

static size_t known_slot(const Cache *cache, const FileIdentity *identity)
{
    uint64_t start = hash_bytes(identity, sizeof *identity).low;
    size_t at = (size_t)start & (cache->known_room - 1);
    while ((cache->known[at].hash.high || cache->known[at].hash.low) &&
           memcmp(&cache->known[at].identity, identity, sizeof *identity) != 0)
        at = (at + 1) & (cache->known_room - 1);
    return at;
}

static void know_file(Cache *cache, const FileIdentity *identity, Hash hash)
{
    if (2 * (cache->known_count + 1) > cache->known_room) {
        KnownFile *old = cache->known;
        size_t room = cache->known_room;
        cache->known_room = room ? 2 * room : 1024;
        cache->known = mem_new(cache->known_room, sizeof *cache->known);
        for (size_t k = 0; k < room; k++)
            if (old[k].hash.high || old[k].hash.low)
                cache->known[known_slot(cache, &old[k].identity)] = old[k];
        mem_free(old);
    }
    size_t at = known_slot(cache, identity);
    cache->known_count += !cache->known[at].hash.high && !cache->known[at].hash.low;
    cache->known[at] = (KnownFile){*identity, hash};
}

/* A line that is cut off or strange is passed over: the file is then hashed again. */
void cache_read_known(Cache *cache)
{
    char *path = file_join(cache->root, "files"), line[256], text[40];
    FILE *file = fopen(path, "r");
    mem_free(path);
    while (file && fgets(line, sizeof line, file)) {
        FileIdentity id = {0};
        Hash hash;
        if (sscanf(line, "%39s %" SCNu64 " %" SCNu64 " %" SCNd64 " %" SCNd64 " %" SCNd64, text,
                   &id.device, &id.inode, &id.size, &id.modified, &id.changed) == 6 &&
            hash_parse(text, &hash) && strchr(line, '\n'))
            know_file(cache, &id, hash);
    }
    if (file)
        fclose(file);
}

static void note_known(const Cache *cache, const FileIdentity *id, Hash hash)
{
    char *path = file_join(cache->root, "files"), text[HASH_TEXT], line[256];
    hash_text(hash, text);
    int length = snprintf(line, sizeof line,
                          "%s %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64 " %" PRId64 "\n", text,
                          id->device, id->inode, id->size, id->modified, id->changed);
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (file >= 0) { /* a line in one write: whole, or passed over by who reads it */
        ssize_t wrote = write(file, line, (size_t)length);
        (void)wrote;
        close(file);
    }
    mem_free(path);
}

bool cache_file_hash(Cache *cache, const char *path, Hash *hash, FornixError *error)
{
    FileIdentity identity;
    if (!file_identity(path, &identity, error))
        return false;
    pthread_mutex_lock(&cache->lock);
    bool known = false;
    if (cache->known_room) {
        *hash = cache->known[known_slot(cache, &identity)].hash;
        known = hash->high || hash->low;
    }
    pthread_mutex_unlock(&cache->lock);
    if (known)
        return true;
    if (!hash_file(path, hash, error))
        return false;
    if (!file_is_settled(&identity))
        return true;
    pthread_mutex_lock(&cache->lock);
    know_file(cache, &identity, *hash);
    note_known(cache, &identity, *hash);
    pthread_mutex_unlock(&cache->lock);
    return true;
}
