/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the cache holds, and how it is made smaller. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base.h"
#include "cache_parts.h"

typedef struct Held {
    char *path, *stage;
    double bytes, days;
    bool working;
} Held;

static double folder_bytes(const char *folder)
{
    double bytes = 0;
    for (size_t k = 0; cache_result_files[k]; k++) {
        struct stat info;
        char *path = file_join(folder, cache_result_files[k]);
        if (stat(path, &info) == 0)
            bytes += (double)info.st_size;
        mem_free(path);
    }
    return bytes;
}

static Held look_at(const Cache *cache, const char *name)
{
    Held held = {.path = file_join(cache->root, name)};
    held.working = strstr(name, ".work") != NULL;
    held.bytes = folder_bytes(held.path);
    char *path = file_join(held.path, held.working ? "." : "stage.json");
    struct stat info;
    if (stat(path, &info) == 0 || stat(held.path, &info) == 0)
        held.days = difftime(time(NULL), info.st_mtime) / 86400;
    FornixError error = {0};
    size_t length;
    char *text = held.working ? NULL : file_read(path, 1 << 26, &length, &error);
    json_t *root = text ? json_loads(text, 0, NULL) : NULL;
    const char *stage = json_string_value(json_object_get(root, "stage"));
    held.stage = mem_text(stage ? stage : "?");
    json_decref(root);
    mem_free(text);
    mem_free(path);
    return held;
}

static bool is_entry(const char *name)
{
    Hash hash;
    char text[HASH_TEXT] = "";
    if (strlen(name) < HASH_TEXT - 1)
        return false;
    memcpy(text, name, HASH_TEXT - 1);
    return hash_parse(text, &hash) && (!name[HASH_TEXT - 1] || strstr(name, ".work"));
}

static bool each_entry(Cache *cache, bool (*work)(const Held *held, void *context), void *context,
                       FornixError *error)
{
    size_t count;
    char **names = file_list(cache->root, &count, error);
    bool fine = names != NULL;
    for (size_t k = 0; k < count && fine; k++) {
        if (!is_entry(names[k]))
            continue;
        Held held = look_at(cache, names[k]);
        fine = work(&held, context);
        mem_free(held.path);
        mem_free(held.stage);
    }
    if (names)
        file_list_free(names, count);
    return fine;
}

static bool print_entry(const Held *held, void *out)
{
    fprintf(out, "%-32.32s %-24s %10.1f MB %8.1f days%s\n", file_name(held->path), held->stage,
            held->bytes / 1e6, held->days, held->working ? "  unfinished" : "");
    return true;
}

bool cache_list(Cache *cache, FILE *out, FornixError *error)
{
    fprintf(out, "%s\n%-32s %-24s %13s %13s\n", cache->root, "key", "stage", "size", "unused for");
    return each_entry(cache, print_entry, out, error);
}

bool cache_has(const Cache *cache, Hash key)
{
    char text[HASH_TEXT];
    hash_text(key, text);
    char *folder = file_join(cache->root, text), *path = file_join(folder, "stage.json");
    bool there = file_exists(path);
    mem_free(path);
    mem_free(folder);
    return there;
}

typedef struct Prune {
    const Cache *cache;
    double days;
    FILE *out;
    FornixError *error;
} Prune;

static bool prune_entry(const Held *held, void *context)
{
    Prune *prune = context;
    if (held->days < prune->days)
        return true;
    char key[HASH_TEXT];
    snprintf(key, sizeof key, "%.*s", HASH_TEXT - 1, file_name(held->path));
    int lock = cache_try_lock(prune->cache, key, prune->error);
    if (lock < 0)
        return lock == LOCK_BUSY; /* somebody works on it: it stays */
    char *locks = file_join(prune->cache->root, "locks"), *path = file_join(locks, key);
    bool removed = file_remove(held->path, prune->error) && file_remove(path, prune->error);
    close(lock);
    mem_free(locks);
    mem_free(path);
    if (!removed)
        return false;
    fprintf(prune->out, "removed %s (%s, %.1f MB)\n", file_name(held->path), held->stage,
            held->bytes / 1e6);
    return true;
}

bool cache_prune(Cache *cache, double days, FILE *out, FornixError *error)
{
    Prune prune = {cache, days, out, error};
    return each_entry(cache, prune_entry, &prune, error);
}
