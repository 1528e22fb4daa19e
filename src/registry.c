/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Folders are listed at the start, files opened one by one as graphs ask for them: a run of a few
 * nodes does not pay for all, and a broken plugin harms only those who use it. */
#include "registry.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "base.h"
#include "descriptor.h"
#include "file.h"
#include "install.h"
#include "scene.h"
#include "text.h"

typedef struct {
    Plugin plugin; /* node is NULL until loaded */
    bool opened, hashed;
    bool refused;  /* it does not load for what it says of itself */
    bool foreign;  /* not one of fornix's own */
    char *failure; /* why it does not load; NULL: it does, or was not opened */
    Hash hash;
} Entry;

struct Registry {
    pthread_mutex_t lock;
    Arena *arena;
    Text folders; /* as told to users */
    Entry *entries;
    const char **names;
    size_t count, room;
};

/* ---- Finding files ------------------------------------------------------------------------ */

static Entry *find(const Registry *registry, const char *name)
{
    for (size_t i = 0; i < registry->count; i++)
        if (strcmp(registry->entries[i].plugin.name, name) == 0)
            return &registry->entries[i];
    return NULL;
}

/* What a file is the plugin of; NULL: of nothing. */
static char *plugin_name(Arena *arena, const char *file)
{
    size_t length = strlen(file);
    if (length <= 3 || strcmp(file + length - 3, ".so") != 0)
        return NULL;
    return arena_slice(arena, file, length - 3);
}

static Entry *add_entry(Registry *registry)
{
    if (registry->count == registry->room) {
        registry->room = registry->room ? 2 * registry->room : 128;
        registry->entries = mem_grow(registry->entries, registry->room, sizeof(Entry));
    }
    return &registry->entries[registry->count++];
}

static void add_file(Registry *registry, const char *folder, const char *file, bool foreign)
{
    char *name = plugin_name(registry->arena, file);
    if (!name || find(registry, name))
        return;
    /* With a slash in it, or dlopen would look in the system's folders instead. */
    char *path = arena_format(registry->arena, "%s/%s", folder, file);
    *add_entry(registry) = (Entry){.plugin = {.name = name, .path = path}, .foreign = foreign};
}

static bool add_folder(Registry *registry, const char *folder, bool foreign)
{
    text_format(&registry->folders, "%s%s", registry->folders.length ? ", " : "", folder);
    size_t count = 0;
    FornixError missing = {0};
    char **files = file_list(folder, &count, &missing);
    if (!files)
        return false;
    for (size_t i = 0; i < count; i++)
        add_file(registry, folder, files[i], foreign);
    file_list_free(files, count);
    return true;
}

static void add_path(Registry *registry, const char *path)
{
    while (path && *path) {
        size_t length = strcspn(path, ":");
        if (length)
            add_folder(registry, arena_slice(registry->arena, path, length), true);
        path += length + (path[length] == ':');
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const Entry *)a)->plugin.name, ((const Entry *)b)->plugin.name);
}

static void sort_entries(Registry *registry)
{
    if (registry->count)
        qsort(registry->entries, registry->count, sizeof(Entry), by_name);
    registry->names = arena_take(registry->arena, registry->count + 1, sizeof(char *));
    for (size_t i = 0; i < registry->count; i++)
        registry->names[i] = registry->entries[i].plugin.name;
}

Registry *registry_new(void)
{
    Registry *registry = mem_new(1, sizeof *registry);
    pthread_mutex_init(&registry->lock, NULL);
    registry->arena = arena_new();
    add_path(registry, getenv("FORNIX_PLUGIN_PATH"));
    const char *build = install_build(registry->arena);
    const char *beside = install_beside(registry->arena, "lib/fornix/nodes");
    if (build) {
        add_folder(registry, arena_format(registry->arena, "%s/nodes/.libs", build), false);
    } else {
        if (beside)
            add_folder(registry, beside, false);
        add_folder(registry, FORNIX_NODES, false);
    }
    sort_entries(registry);
    return registry;
}

static void add_first(Registry *registry, Entry entry)
{
    Entry *same = find(registry, entry.plugin.name);
    *(same ? same : add_entry(registry)) = entry;
    sort_entries(registry);
}

void registry_add_file(Registry *registry, const char *path)
{
    const char *file = file_name(path), *name = plugin_name(registry->arena, file);
    const char *here = arena_format(registry->arena, "%s%s", file == path ? "./" : "", path);
    add_first(registry, (Entry){.plugin = {.name = name ? name : file_name(here), .path = here},
                                .foreign = true});
}

void registry_add_node(Registry *registry, const FornixNode *node)
{
    add_first(registry,
              (Entry){.plugin = {.name = node->name, .path = "", .node = node}, .opened = true});
}

void registry_free(Registry *registry)
{
    if (!registry)
        return;
    for (size_t i = 0; i < registry->count; i++)
        mem_free(registry->entries[i].failure);
    mem_free(registry->entries);
    text_free(&registry->folders);
    arena_free(registry->arena);
    pthread_mutex_destroy(&registry->lock);
    mem_free(registry);
}

/* ---- Loading ------------------------------------------------------------------------------ */

static const FornixNode *load(const Plugin *plugin, bool *refused, FornixError *error)
{
    Scene scene = {.id = plugin->path, .doing = "while it was loaded"};
    const Scene *before = scene_enter(&scene);
    void *handle = dlopen(plugin->path, RTLD_NOW | RTLD_LOCAL);
    scene_leave(before);
    if (!handle) {
        const char *reason = dlerror();
        bool newer = reason && strstr(reason, "undefined symbol: fornix_");
        fornix_fail_input(error, "%s%s", reason ? reason : "dlopen fails without a reason",
                          newer ? " (is it made for a newer fornix?)" : "");
        return NULL;
    }
    const FornixNode *node = dlsym(handle, "fornix_node");
    if (!node)
        fornix_fail_input(error, "%s is no plugin of fornix: it has no symbol 'fornix_node'",
                          plugin->path);
    FornixError reason = {0};
    if (node && descriptor_check(node, plugin->name, &reason))
        return node;
    *refused = node != NULL;
    if (node)
        fornix_fail_input(error, "%s: %s", plugin->path, reason.text);
    dlclose(handle);
    return NULL;
}

/* The entry of that name, opened; the lock is held. */
static Entry *open_entry(Registry *registry, const char *name)
{
    Entry *entry = find(registry, name);
    if (!entry || entry->opened)
        return entry;
    FornixError error = {0};
    entry->opened = true;
    entry->plugin.node = load(&entry->plugin, &entry->refused, &error);
    if (!entry->plugin.node)
        entry->failure = mem_text(error.text);
    else if (entry->foreign)
        scene_know(entry->plugin.node, entry->plugin.path);
    return entry;
}

const Plugin *registry_find(Registry *registry, const char *name)
{
    pthread_mutex_lock(&registry->lock);
    const Entry *entry = open_entry(registry, name);
    pthread_mutex_unlock(&registry->lock);
    return entry && entry->plugin.node ? &entry->plugin : NULL;
}

const Plugin *registry_need(Registry *registry, const Element *element, Diag *diag)
{
    const Plugin *plugin = registry_find(registry, element->name);
    if (!plugin)
        registry_explain(registry, element->name, NULL, diag, element->place);
    return plugin;
}

/* ---- Telling ------------------------------------------------------------------------------ */

const char *const *registry_names(const Registry *registry, size_t *count)
{
    *count = registry->count;
    return registry->names;
}

static bool fail(Registry *registry, const char *name, FornixError *error)
{
    pthread_mutex_lock(&registry->lock);
    const Entry *entry = open_entry(registry, name);
    pthread_mutex_unlock(&registry->lock);
    if (entry && entry->failure)
        return fornix_fail_input(error, "node '%s' does not load: %s", name, entry->failure);
    return fornix_fail_input(error, "there is no node '%s'", name);
}

static const char *suggest(const Registry *registry, const char *name, const char *const *others)
{
    size_t extra = 0;
    while (others && others[extra])
        extra++;
    const char **names = mem_new(registry->count + extra + 1, sizeof *names);
    memcpy(names, registry->names, registry->count * sizeof *names);
    for (size_t i = 0; i < extra; i++)
        names[registry->count + i] = others[i];
    const char *near = text_suggest(name, names, registry->count + extra);
    mem_free(names);
    return near;
}

void registry_explain(Registry *registry, const char *name, const char *const *others, Diag *diag,
                      Place place)
{
    FornixError error = {0};
    fail(registry, name, &error);
    const char *near = find(registry, name) ? NULL : suggest(registry, name, others);
    Text help = {0};
    if (near)
        text_format(&help, "did you mean '%s'?", near);
    else
        text_format(&help, "looked in %s", text_value(&registry->folders));
    diag_error_help(diag, place, text_value(&help), "%s", error.text);
    text_free(&help);
}

bool registry_fail(Registry *registry, const char *name, FornixError *error)
{
    const char *near = find(registry, name) ? NULL : suggest(registry, name, NULL);
    if (near)
        return fornix_fail_input(error, "there is no node '%s'; did you mean '%s'?", name, near);
    return fail(registry, name, error);
}

bool registry_refuses(Registry *registry, const char *name)
{
    pthread_mutex_lock(&registry->lock);
    const Entry *entry = open_entry(registry, name);
    bool refused = entry && entry->refused;
    pthread_mutex_unlock(&registry->lock);
    return refused;
}

bool registry_hash(Registry *registry, const Plugin *plugin, Hash *hash, FornixError *error)
{
    pthread_mutex_lock(&registry->lock);
    Entry *entry = find(registry, plugin->name);
    if (!entry->hashed)
        entry->hashed = hash_file(entry->plugin.path, &entry->hash, error);
    *hash = entry->hash;
    bool good = entry->hashed;
    pthread_mutex_unlock(&registry->lock);
    return good;
}
