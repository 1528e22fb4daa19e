/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* renameat2 */
#include "cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base.h"
#include "cache_parts.h"

struct CacheEntry {
    char *done, *work, *stage;
    int lock; /* -1: not held */
    bool is_done, was_damaged;
    Figures figures;
};

/* ---- Opening ---- */

static char *default_root(void)
{
    const char *named = getenv("FORNIX_CACHE"), *shared = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    if (named && *named)
        return mem_text(named);
    if (shared && *shared)
        return file_join(shared, "fornix");
    return file_join(home && *home ? home : "/tmp", ".cache/fornix");
}

Cache *cache_open(const char *root, FornixError *error)
{
    Cache *cache = mem_new(1, sizeof *cache);
    cache->root = root ? mem_text(root) : default_root();
    pthread_mutex_init(&cache->lock, NULL);
    if (file_make_folders(cache->root, error)) {
        cache_read_known(cache);
        return cache;
    }
    cache_close(cache);
    return NULL;
}

void cache_close(Cache *cache)
{
    if (!cache)
        return;
    pthread_mutex_destroy(&cache->lock);
    mem_free(cache->known);
    mem_free(cache->root);
    mem_free(cache);
}

/* ---- stage.json ---- */

static bool add_hash(json_t *files, const char *folder, const char *name, FornixError *error)
{
    char *path = file_join(folder, name), text[HASH_TEXT];
    Hash hash;
    bool fine = hash_file(path, &hash, error);
    if (fine) {
        hash_text(hash, text);
        json_object_set_new(files, name, json_string(text));
    }
    mem_free(path);
    return fine;
}

const char *const cache_result_files[] = {"weights.safetensors", "metrics.jsonl",
                                          "table/table.json", "table/tensors.safetensors", NULL};

/* What a break may need once more stays until the result is where it belongs. */
static const char *const work_files[] = {"checkpoint.safetensors", "journal.bin", "journal.json"};

static json_t *hash_results(const char *folder, FornixError *error)
{
    json_t *files = json_object();
    for (size_t k = 0; cache_result_files[k]; k++) {
        char *path = file_join(folder, cache_result_files[k]);
        bool there = file_exists(path);
        mem_free(path);
        if (there && !add_hash(files, folder, cache_result_files[k], error)) {
            json_decref(files);
            return NULL;
        }
    }
    return files;
}

/* Of everything else in a stage.json. */
static bool hash_stage(const json_t *root, char text[HASH_TEXT])
{
    json_t *bare = json_copy((json_t *)(uintptr_t)root);
    json_object_del(bare, "hash");
    char *whole = json_dumps(bare, JSON_COMPACT | JSON_SORT_KEYS);
    if (whole)
        hash_text(hash_bytes(whole, strlen(whole)), text);
    json_decref(bare);
    bool fine = whole != NULL;
    free(whole);
    return fine;
}

static bool write_stage(const CacheEntry *entry, const Figures *figures, FornixError *error)
{
    json_t *files = hash_results(entry->work, error);
    if (!files)
        return false;
    json_t *root = json_object(), *numbers = json_object();
    for (size_t k = 0; k < figures->count; k++) { /* hexadecimal: every bit of them */
        char text[40];
        snprintf(text, sizeof text, "%a", figures->items[k].value);
        json_object_set_new(numbers, figures->items[k].name, json_string(text));
    }
    json_object_set_new(root, "stage", json_string(entry->stage));
    json_object_set_new(root, "figures", numbers);
    json_object_set_new(root, "files", files);
    char hash[HASH_TEXT] = "";
    hash_stage(root, hash);
    json_object_set_new(root, "hash", json_string(hash));
    char *text = json_dumps(root, JSON_INDENT(1)), *path = file_join(entry->work, "stage.json");
    bool fine = text && file_write(path, text, strlen(text), error);
    free(text);
    mem_free(path);
    json_decref(root);
    return fine;
}

static bool is_intact(const char *folder, const json_t *root)
{
    const char *name, *said_of_all = json_string_value(json_object_get(root, "hash"));
    char hash[HASH_TEXT];
    json_t *files = json_object_get(root, "files"), *value;
    if (!json_is_object(files) || !said_of_all || !hash_stage(root, hash) ||
        strcmp(said_of_all, hash) != 0)
        return false;
    json_object_foreach(files, name, value)
    {
        FornixError error = {0};
        Hash said, found;
        char *path = file_join(folder, name);
        bool same = json_is_string(value) && hash_parse(json_string_value(value), &said) &&
                    hash_file(path, &found, &error) && hash_equal(said, found);
        mem_free(path);
        if (!same)
            return false;
    }
    return true;
}

static bool remove_files(const char *folder, FornixError *error)
{
    bool fine = true;
    for (size_t k = 0; k < COUNT(work_files); k++) {
        char *path = file_join(folder, work_files[k]);
        fine = file_remove(path, error) && fine;
        mem_free(path);
    }
    return fine;
}

static bool read_stage(CacheEntry *entry)
{
    FornixError error = {0};
    size_t length;
    char *path = file_join(entry->done, "stage.json");
    char *text = file_exists(path) ? file_read(path, 1 << 26, &length, &error) : NULL;
    json_t *root = text ? json_loads(text, 0, NULL) : NULL;
    bool fine = root && is_intact(entry->done, root);
    const char *name;
    json_t *value;
    figures_clear(&entry->figures);
    json_object_foreach(json_object_get(root, "figures"), name, value)
        figures_set(&entry->figures, name,
                    strtod(json_string_value(value) ? json_string_value(value) : "nan", NULL));
    if (fine) {
        utimensat(AT_FDCWD, path, NULL, 0); /* used now: prune goes by it */
        remove_files(entry->done, &error);  /* where a kill came between rename and removal */
    }
    json_decref(root);
    mem_free(text);
    mem_free(path);
    return fine;
}

/* ---- Locks ---- */

int cache_try_lock(const Cache *cache, const char *key, FornixError *error)
{
    char *folder = file_join(cache->root, "locks"), *path = file_join(folder, key);
    int file = -1;
    struct stat mine = {0};
    bool fine = file_make_folders(folder, error);
    while (fine && mine.st_nlink == 0) { /* else whoever had it took the file away */
        if (file >= 0)
            close(file);
        file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        fine = file >= 0 && flock(file, LOCK_EX | LOCK_NB) == 0 && fstat(file, &mine) == 0;
    }
    int reason = errno;
    if (!fine && file >= 0)
        close(file);
    bool busy = !fine && file >= 0 && (reason == EWOULDBLOCK || reason == EINTR);
    if (!fine && !busy)
        fornix_fail(error, "%s can't be locked: %s", path, strerror(reason));
    mem_free(folder);
    mem_free(path);
    return fine ? file : busy ? LOCK_BUSY : -1;
}

/* Waits while another process has it. */
static bool lock_entry(CacheEntry *entry, const Cache *cache, const CacheRequest *request,
                       FornixError *error)
{
    const struct timespec moment = {.tv_nsec = 50000000};
    bool told = false;
    while ((entry->lock = cache_try_lock(cache, file_name(entry->done), error)) == LOCK_BUSY) {
        if (!told)
            meter_say(request->meter, "%-24s waits for another process that makes it",
                      request->stage);
        told = true;
        if (atomic_load(request->stop))
            return fornix_fail(error, "stopped before '%s'", request->stage);
        nanosleep(&moment, NULL);
    }
    return entry->lock >= 0;
}

static void unlock_entry(CacheEntry *entry)
{
    if (entry->lock >= 0)
        close(entry->lock);
    entry->lock = -1;
}

/* ---- Entries ---- */

/* Hidden files are what a kill left of atomic writes; with the lock held nobody is at them. */
static bool sweep(const char *path, FornixError *error)
{
    DIR *folder = opendir(path);
    if (!folder)
        return errno == ENOENT || fornix_fail(error, "%s: %s", path, strerror(errno));
    bool fine = true;
    for (struct dirent *found; fine && (found = readdir(folder));) {
        if (found->d_name[0] != '.' || !strstr(found->d_name, ".tmp-"))
            continue;
        char *leftover = file_join(path, found->d_name);
        fine = file_remove(leftover, error);
        mem_free(leftover);
    }
    closedir(folder);
    return fine;
}

static bool open_work(CacheEntry *entry, bool fresh, FornixError *error)
{
    entry->was_damaged = !fresh && file_exists(entry->done);
    return file_make_folders(entry->work, error) && sweep(entry->work, error) &&
           (!fresh || remove_files(entry->work, error));
}

CacheEntry *cache_enter(Cache *cache, const CacheRequest *request, FornixError *error)
{
    char text[HASH_TEXT], work[HASH_TEXT + 8];
    hash_text(request->key, text);
    snprintf(work, sizeof work, "%s.work", text);
    CacheEntry *entry = mem_new(1, sizeof *entry);
    *entry = (CacheEntry){.done = file_join(cache->root, text),
                          .work = file_join(cache->root, work),
                          .stage = mem_text(request->stage),
                          .lock = -1};
    entry->is_done = !request->fresh && read_stage(entry);
    if (entry->is_done)
        return entry;
    bool fine = lock_entry(entry, cache, request, error);
    if (fine && !request->fresh && read_stage(entry)) { /* another one made it meanwhile */
        entry->is_done = true;
        unlock_entry(entry);
    }
    if (fine && (entry->is_done || open_work(entry, request->fresh, error)))
        return entry;
    cache_leave(entry);
    return NULL;
}

bool cache_is_done(const CacheEntry *entry)
{
    return entry->is_done;
}

bool cache_was_damaged(const CacheEntry *entry)
{
    return entry->was_damaged;
}

const char *cache_folder(const CacheEntry *entry)
{
    return entry->is_done ? entry->done : entry->work;
}

const Figures *cache_figures(const CacheEntry *entry)
{
    return &entry->figures;
}

/* In the place of what is there: at once where the file system can exchange two folders. */
static bool replace(const char *work, const char *done, FornixError *error)
{
    if (!file_exists(done))
        return file_rename(work, done, error);
    if (renameat2(AT_FDCWD, work, AT_FDCWD, done, RENAME_EXCHANGE) == 0)
        return file_remove(work, error);
    return file_remove(done, error) && file_rename(work, done, error);
}

bool cache_publish(CacheEntry *entry, const Figures *figures, FornixError *error)
{
    bool fine = write_stage(entry, figures, error) && replace(entry->work, entry->done, error) &&
                remove_files(entry->done, error);
    figures_clear(&entry->figures);
    for (size_t k = 0; k < figures->count && fine; k++)
        figures_set(&entry->figures, figures->items[k].name, figures->items[k].value);
    entry->is_done = fine;
    unlock_entry(entry);
    return fine;
}

void cache_leave(CacheEntry *entry)
{
    if (!entry)
        return;
    unlock_entry(entry);
    figures_clear(&entry->figures);
    mem_free(entry->done);
    mem_free(entry->work);
    mem_free(entry->stage);
    mem_free(entry);
}
