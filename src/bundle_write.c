/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing a bundle: whole, before the run is called finished. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bundle.h"
#include "bundle_parts.h"
#include "file.h"
#include "hash.h"
#include "store.h"
#include "version.h"

typedef struct Writing {
    const char *run;
    json_t *root;
    Arena *memory;
    FornixError *error;
} Writing;

static char *path_in_run(const Writing *w, const char *name)
{
    return arena_format(w->memory, "%s/%s", w->run, name);
}

/* {"file", "hash"} of a file of the run; NULL after a failure. */
static json_t *entry_of(const Writing *w, const char *name)
{
    Hash hash;
    char text[HASH_TEXT];
    if (!hash_file(path_in_run(w, name), &hash, w->error))
        return NULL;
    hash_text(hash, text);
    return json_pack("{s:s, s:s}", "file", name, "hash", text);
}

static bool make_folder_of(const Writing *w, const char *path)
{
    char *folder = file_folder(path);
    bool fine = file_make_folders(folder, w->error);
    mem_free(folder);
    return fine;
}

/* ---- Sources ----------------------------------------------------------------------------- */

/* Absolute, without "." and "..". */
static char *path_plain(const char *path, Arena *arena)
{
    const char *whole = path_absolute(path, arena);
    char *plain = arena_take(arena, strlen(whole) + 2, 1);
    size_t length = 0;
    for (const char *at = whole; *at;) {
        size_t slashes = strspn(at, "/"), word = strcspn(at + slashes, "/");
        const char *name = at + slashes;
        at = name + word;
        if (word == 2 && strncmp(name, "..", 2) == 0) {
            while (length && plain[--length] != '/')
                ;
        } else if (word && !(word == 1 && *name == '.')) {
            plain[length++] = '/';
            memcpy(plain + length, name, word);
            length += word;
        }
    }
    plain[length] = '\0';
    return plain;
}

/* The length of the folder that holds both, up to its slash. */
static size_t common_folder(const char *a, const char *b, size_t most)
{
    size_t common = 0;
    for (size_t k = 0; k < most && a[k] && a[k] == b[k]; k++)
        if (a[k] == '/')
            common = k + 1;
    return common;
}

static bool write_sources(const Writing *w, const Expansion *expansion)
{
    char **paths = arena_take(w->memory, expansion->source_count + 1, sizeof *paths);
    size_t common = SIZE_MAX;
    for (size_t k = 0; k < expansion->source_count; k++) {
        paths[k] = path_plain(expansion->sources[k]->name, w->memory);
        common = common_folder(paths[0], paths[k], common);
    }
    json_t *list = json_array();
    json_object_set_new(w->root, "sources", list);
    for (size_t k = 0; k < expansion->source_count; k++) {
        const Source *source = expansion->sources[k];
        const char *name = arena_format(w->memory, BUNDLE_FOLDER "/sources/%s", paths[k] + common);
        const char *path = path_in_run(w, name);
        if (!make_folder_of(w, path) || !file_write(path, source->text, source->length, w->error))
            return false;
        json_t *entry = entry_of(w, name);
        if (json_array_append_new(list, entry))
            return fornix_fail(w->error, "%s can't be listed in " BUNDLE_FILE, name);
    }
    return true;
}

static void write_params(const Writing *w, const Expansion *expansion)
{
    json_t *params = json_object();
    for (size_t k = 0; k < expansion->param_count; k++)
        if (expansion->params[k].overridden)
            json_object_set_new(params, expansion->params[k].name,
                                json_string(expansion->params[k].value));
    json_object_set_new(w->root, "params", params);
}

/* ---- Tables and weights ------------------------------------------------------------------ */

/* Mean over rows; NULL where none lies in an image. */
static json_t *spacing_of(const FornixTable *table)
{
    double sum[3] = {0};
    int64_t count = 0;
    for (int64_t row = 0; row < fornix_rows(table); row++) {
        const FornixSpace *space = fornix_space(table, row);
        if (!space || !(space->spacing[0] > 0))
            continue;
        for (int k = 0; k < 3; k++)
            sum[k] += space->spacing[k];
        count++;
    }
    if (!count)
        return NULL;
    double n = (double)count;
    return json_pack("[fff]", sum[0] / n, sum[1] / n, sum[2] / n);
}

/* Columns and fitted numbers alone: figures and lines are the run's own business. */
static bool write_schema(const FornixTable *table, const char *folder, FornixError *error)
{
    Samples *samples = samples_new(NULL);
    BuildRequest request = {.id = table_id(table)};
    FornixBuild *build = build_new(samples, &request);
    int count;
    const TableValues *values = table_values(table, &count);
    for (int c = 0; c < fornix_columns(table); c++)
        fornix_add_column(build, fornix_column(table, c));
    for (int k = 0; k < count; k++)
        fornix_set_values(build, values[k].name, values[k].values, values[k].count);
    bool fine = build_rows(build) && store_save(build_table(build), folder, error);
    build_free(build);
    samples_free(samples);
    return fine;
}

static bool write_table(const Writing *w, const BundleNode *node)
{
    const char *folder = arena_format(w->memory, BUNDLE_FOLDER "/tables/%s", node->id);
    if (!write_schema(node->table, path_in_run(w, folder), w->error))
        return false;
    json_t *entry = entry_of(w, arena_format(w->memory, "%s/table.json", folder));
    json_t *spacing = spacing_of(node->table);
    if (spacing)
        json_object_set_new(entry, "spacing", spacing);
    return entry && !json_object_set_new(json_object_get(w->root, "tables"), node->id, entry);
}

static bool copy_file(const char *from, const char *to, FornixError *error)
{
    enum { PIECE = 1 << 20 };
    int64_t size = 0;
    int file = file_open(from, &size, error);
    FileWriter *writer = file < 0 ? NULL : file_writer_open(to, error);
    char *bytes = mem_new(PIECE, 1);
    bool fine = writer != NULL;
    for (int64_t at = 0; fine && at < size; at += PIECE) {
        size_t length = (size_t)(size - at < PIECE ? size - at : PIECE);
        fine = file_read_at(file, from, bytes, length, at, error) &&
               file_writer_add(writer, bytes, length, error);
    }
    if (file >= 0)
        close(file);
    mem_free(bytes);
    if (fine)
        return file_writer_commit(writer, error);
    file_writer_abort(writer);
    return false;
}

static bool list_weights(const Writing *w, const BundleNode *node, const char *name,
                         const char *net)
{
    json_t *entry = entry_of(w, name);
    if (!entry)
        return false;
    json_object_set_new(entry, "node", json_string(node->id));
    if (net)
        json_object_set_new(entry, "net", json_string(net));
    return !json_array_append_new(json_object_get(w->root, "weights"), entry);
}

static bool write_weights(const Writing *w, const BundleNode *node)
{
    const char *own = arena_format(w->memory, "stages/%s/weights.safetensors", node->id);
    bool fine = !node->trained || list_weights(w, node, own, NULL);
    for (int k = 0; k < node->net_count && fine; k++) {
        const char *name =
            arena_format(w->memory, BUNDLE_FOLDER "/weights/%s/%d.safetensors", node->id, k + 1);
        const char *path = path_in_run(w, name);
        fine = make_folder_of(w, path) && copy_file(node->nets[k].weights, path, w->error) &&
               list_weights(w, node, name, node->nets[k].name);
    }
    return fine;
}

/* ---- The whole --------------------------------------------------------------------------- */

static bool write_content(const Writing *w, const BundleContent *content)
{
    if (!file_remove(path_in_run(w, BUNDLE_FOLDER), w->error) ||
        !write_sources(w, content->expansion))
        return false;
    write_params(w, content->expansion);
    for (int k = 0; k < content->node_count; k++) {
        const BundleNode *node = &content->nodes[k];
        if ((node->table && !write_table(w, node)) || !write_weights(w, node))
            return false;
    }
    char *text = json_dumps(w->root, JSON_INDENT(1));
    bool fine = text && file_write(path_in_run(w, BUNDLE_FILE), text, strlen(text), w->error);
    free(text);
    return fine;
}

bool bundle_write(const char *run, const BundleContent *content, FornixError *error)
{
    Writing w = {.run = run, .memory = arena_new(), .error = error};
    w.root = json_pack("{s:i, s:s, s:b, s:{}, s:[]}", "format", BUNDLE_FORMAT, "fornix",
                       FORNIX_BUILD, "smoke", content->smoke, "tables", "weights");
    bool fine = write_content(&w, content) || fornix_fail(error, "%s can't be bundled", run);
    json_decref(w.root);
    arena_free(w.memory);
    return fine;
}
