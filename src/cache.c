/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cache.h"

#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base.h"
#include "file.h"
#include "text.h"

typedef struct KnownFile {
    FileIdentity identity;
    Hash hash;
} KnownFile;

struct Cache {
    char *root;
    pthread_mutex_t lock;
    KnownFile *known; /* open addressing by identity; hash zero: free */
    size_t known_count, known_room;
};

struct CacheEntry {
    Cache *cache;
    char *done, *work, *stage;
    int lock;
    bool is_done;
    Figures figures;
};

/* ---- Files that were hashed before ---- */

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
static void read_known(Cache *cache)
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
    pthread_mutex_lock(&cache->lock);
    know_file(cache, &identity, *hash);
    note_known(cache, &identity, *hash);
    pthread_mutex_unlock(&cache->lock);
    return true;
}

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
        read_known(cache);
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

/* What a stage hands on; checkpoints are not among it. */
static const char *const result_files[] = {"weights.safetensors", "metrics.jsonl",
                                           "table/table.json", "table/tensors.safetensors"};

static json_t *hash_results(const char *folder, FornixError *error)
{
    json_t *files = json_object();
    for (size_t k = 0; k < COUNT(result_files); k++) {
        char *path = file_join(folder, result_files[k]);
        bool there = file_exists(path);
        mem_free(path);
        if (there && !add_hash(files, folder, result_files[k], error)) {
            json_decref(files);
            return NULL;
        }
    }
    return files;
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
    char *text = json_dumps(root, JSON_INDENT(1)), *path = file_join(entry->work, "stage.json");
    bool fine = text && file_write(path, text, strlen(text), error);
    free(text);
    mem_free(path);
    json_decref(root);
    return fine;
}

static bool is_intact(const char *folder, const json_t *root)
{
    const char *name;
    json_t *files = json_object_get(root, "files"), *value;
    if (!json_is_object(files))
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
    json_object_foreach(json_object_get(root, "figures"), name, value)
        figures_set(&entry->figures, name,
                    strtod(json_string_value(value) ? json_string_value(value) : "nan", NULL));
    if (fine)
        utimensat(AT_FDCWD, path, NULL, 0); /* used now: prune goes by it */
    json_decref(root);
    mem_free(text);
    mem_free(path);
    return fine;
}

/* ---- Entries ---- */

static bool lock_work(CacheEntry *entry, FornixError *error)
{
    char *path = file_join(entry->work, ".lock");
    bool fine = file_make_folders(entry->work, error);
    entry->lock = fine ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666) : -1;
    mem_free(path);
    if (fine && entry->lock < 0)
        return fornix_fail(error, "%s can't be locked", entry->work);
    if (!fine)
        return false;
    while (flock(entry->lock, LOCK_EX) != 0)
        continue;
    return true;
}

CacheEntry *cache_enter(Cache *cache, Hash key, const char *stage, bool fresh, FornixError *error)
{
    char text[HASH_TEXT], work[HASH_TEXT + 8];
    hash_text(key, text);
    snprintf(work, sizeof work, "%s.work", text);
    CacheEntry *entry = mem_new(1, sizeof *entry);
    *entry = (CacheEntry){.cache = cache,
                          .done = file_join(cache->root, text),
                          .work = file_join(cache->root, work),
                          .stage = mem_text(stage),
                          .lock = -1};
    entry->is_done = !fresh && read_stage(entry);
    if (entry->is_done)
        return entry;
    bool fine = lock_work(entry, error);
    struct stat now, mine;
    if (fine && (fstat(entry->lock, &mine) != 0 || stat(entry->work, &now) != 0 ||
                 mine.st_nlink == 0)) { /* while it waited, the other one published */
        close(entry->lock);
        entry->lock = -1;
        entry->is_done = read_stage(entry);
        fine = entry->is_done || lock_work(entry, error);
    }
    if (fine && fresh) {
        char *checkpoint = file_join(entry->work, "checkpoint.safetensors");
        fine = file_remove(checkpoint, error);
        mem_free(checkpoint);
    }
    if (fine && !entry->is_done)
        fine = file_remove(entry->done, error); /* what was not intact */
    if (fine)
        return entry;
    cache_leave(entry);
    return NULL;
}

bool cache_is_done(const CacheEntry *entry)
{
    return entry->is_done;
}

const char *cache_folder(const CacheEntry *entry)
{
    return entry->is_done ? entry->done : entry->work;
}

const Figures *cache_figures(const CacheEntry *entry)
{
    return &entry->figures;
}

bool cache_publish(CacheEntry *entry, const Figures *figures, FornixError *error)
{
    char *checkpoint = file_join(entry->work, "checkpoint.safetensors");
    char *lock = file_join(entry->work, ".lock");
    bool fine = write_stage(entry, figures, error) && file_remove(checkpoint, error) &&
                file_remove(lock, error) && file_rename(entry->work, entry->done, error);
    mem_free(checkpoint);
    mem_free(lock);
    for (size_t k = 0; k < figures->count && fine; k++)
        figures_set(&entry->figures, figures->items[k].name, figures->items[k].value);
    entry->is_done = fine;
    return fine;
}

void cache_leave(CacheEntry *entry)
{
    if (!entry)
        return;
    if (entry->lock >= 0)
        close(entry->lock);
    figures_clear(&entry->figures);
    mem_free(entry->done);
    mem_free(entry->work);
    mem_free(entry->stage);
    mem_free(entry);
}

/* ---- Housekeeping ---- */

typedef struct Held {
    char *path, *stage;
    double bytes, days;
    bool working;
} Held;

static double folder_bytes(const char *folder)
{
    double bytes = 0;
    for (size_t k = 0; k < COUNT(result_files); k++) {
        struct stat info;
        char *path = file_join(folder, result_files[k]);
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
    char *path = file_join(held.path, held.working ? ".lock" : "stage.json");
    struct stat info;
    if (stat(path, &info) == 0)
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

typedef struct Prune {
    double days;
    FILE *out;
    FornixError *error;
} Prune;

static bool prune_entry(const Held *held, void *context)
{
    Prune *prune = context;
    if (held->days < prune->days)
        return true;
    if (!file_remove(held->path, prune->error))
        return false;
    fprintf(prune->out, "removed %s (%s, %.1f MB)\n", file_name(held->path), held->stage,
            held->bytes / 1e6);
    return true;
}

bool cache_prune(Cache *cache, double days, FILE *out, FornixError *error)
{
    Prune prune = {days, out, error};
    return each_entry(cache, prune_entry, &prune, error);
}
