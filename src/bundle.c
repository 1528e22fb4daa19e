/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading a bundle; nothing in it is trusted. */
#include "bundle.h"

#include <jansson.h>
#include <string.h>

#include "bundle_parts.h"
#include "file.h"
#include "hash.h"
#include "store.h"

struct Bundle {
    Arena *memory;
    const char *run;
    json_t *root;
    const char *graph;
    const char **params;
    size_t param_count;
};

static bool damaged(const char *run, const char *what, FornixError *error)
{
    return fornix_fail_input(error, "%s can't be applied: %s", run, what);
}

/* A file of the bundle, relative to the run's folder, with the content that it had. */
static const char *file_checked(const Bundle *bundle, const json_t *entry, FornixError *error)
{
    const char *name = json_string_value(json_object_get(entry, "file"));
    const char *known = json_string_value(json_object_get(entry, "hash"));
    Hash wanted, hash;
    if (!name || !known || !hash_parse(known, &wanted)) {
        damaged(bundle->run, BUNDLE_FILE " is damaged", error);
        return NULL;
    }
    const char *path = arena_format(bundle->memory, "%s/%s", bundle->run, name);
    if (!hash_file(path, &hash, error))
        return NULL;
    if (hash_equal(hash, wanted))
        return path;
    damaged(bundle->run, arena_format(bundle->memory, "%s was changed since", name), error);
    return NULL;
}

static bool read_root(Bundle *bundle, FornixError *error)
{
    enum { MOST = 64 << 20 };
    const char *final = arena_format(bundle->memory, "%s/final.json", bundle->run);
    const char *path = arena_format(bundle->memory, "%s/" BUNDLE_FILE, bundle->run);
    size_t length;
    json_error_t fault;
    if (!file_is_folder(bundle->run))
        return fornix_fail_input(error, "%s is no folder of a run", bundle->run);
    if (!file_exists(final) || !file_exists(path))
        return damaged(bundle->run, "no run has been finished in it", error);
    char *text = file_read(path, MOST, &length, error);
    bundle->root = text ? json_loadb(text, length, JSON_REJECT_DUPLICATES, &fault) : NULL;
    mem_free(text);
    if (text && !bundle->root)
        return damaged(bundle->run, BUNDLE_FILE " is damaged", error);
    if (text && json_integer_value(json_object_get(bundle->root, "format")) != BUNDLE_FORMAT)
        return damaged(bundle->run, "it was made by another version of fornix", error);
    return text != NULL;
}

static bool read_sources(Bundle *bundle, FornixError *error)
{
    const json_t *sources = json_object_get(bundle->root, "sources");
    for (size_t k = 0; k < json_array_size(sources); k++) {
        const char *path = file_checked(bundle, json_array_get(sources, k), error);
        if (!path)
            return false;
        bundle->graph = k ? bundle->graph : path;
    }
    return bundle->graph || damaged(bundle->run, "it holds no graph", error);
}

static void read_params(Bundle *bundle)
{
    json_t *params = json_object_get(bundle->root, "params"), *value;
    const char *name;
    bundle->params = arena_take(bundle->memory, json_object_size(params) + 1, sizeof(char *));
    json_object_foreach(params, name, value) if (json_is_string(value))
        bundle->params[bundle->param_count++] =
        arena_format(bundle->memory, "%s=%s", name, json_string_value(value));
}

Bundle *bundle_open(const char *run, FornixError *error)
{
    Bundle *bundle = mem_new(1, sizeof *bundle);
    bundle->memory = arena_new();
    bundle->run = arena_text(bundle->memory, run);
    if (read_root(bundle, error) && read_sources(bundle, error)) {
        read_params(bundle);
        return bundle;
    }
    bundle_free(bundle);
    return NULL;
}

void bundle_free(Bundle *bundle)
{
    if (!bundle)
        return;
    json_decref(bundle->root);
    arena_free(bundle->memory);
    mem_free(bundle);
}

const char *bundle_graph(const Bundle *bundle)
{
    return bundle->graph;
}

const char *const *bundle_params(const Bundle *bundle, size_t *count)
{
    *count = bundle->param_count;
    return bundle->params;
}

bool bundle_knows(const Bundle *bundle, const Source *source)
{
    const json_t *sources = json_object_get(bundle->root, "sources");
    char text[HASH_TEXT];
    hash_text(hash_bytes(source->text, source->length), text);
    for (size_t k = 0; k < json_array_size(sources); k++) {
        const char *known = json_string_value(json_object_get(json_array_get(sources, k), "hash"));
        if (known && strcmp(known, text) == 0)
            return true;
    }
    return false;
}

bool bundle_is_smoke(const Bundle *bundle)
{
    return json_is_true(json_object_get(bundle->root, "smoke"));
}

static const json_t *table_entry(const Bundle *bundle, const char *id)
{
    return json_object_get(json_object_get(bundle->root, "tables"), id);
}

const FornixTable *bundle_table(const Bundle *bundle, Samples *samples, const char *id,
                                FornixError *error)
{
    const json_t *entry = table_entry(bundle, id);
    const char *path = entry ? file_checked(bundle, entry, error) : NULL;
    if (!path)
        return NULL;
    char *folder = file_folder(path);
    const FornixTable *table = store_load(samples, folder, id, error);
    mem_free(folder);
    return table;
}

bool bundle_spacing(const Bundle *bundle, const char *id, double spacing[3])
{
    const json_t *numbers = json_object_get(table_entry(bundle, id), "spacing");
    for (size_t k = 0; k < 3; k++)
        spacing[k] = json_number_value(json_array_get(numbers, k));
    return json_array_size(numbers) == 3;
}

const char *bundle_weights(Bundle *bundle, const char *id, const char *net, FornixError *error)
{
    const json_t *all = json_object_get(bundle->root, "weights");
    for (size_t k = 0; k < json_array_size(all); k++) {
        const json_t *entry = json_array_get(all, k);
        const char *node = json_string_value(json_object_get(entry, "node"));
        const char *of = json_string_value(json_object_get(entry, "net"));
        if (node && strcmp(node, id) == 0 && (net ? of && strcmp(of, net) == 0 : !of))
            return file_checked(bundle, entry, error);
    }
    damaged(bundle->run, arena_format(bundle->memory, "it lacks the weights of '%s'", id), error);
    return NULL;
}
