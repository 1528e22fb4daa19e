/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "file.h"
#include "hash.h"
#include "safetensors.h"
#include "text.h"

typedef struct Entry {
    char *name;
    SafeTensor tensor;
    float *data;
} Entry;

typedef struct Entries {
    Entry *items;
    size_t count, room;
} Entries;

/* All five axes: a weight is [kd kh kw ic oc] or a vector under the last. */
static SafeTensor describe(const char *name, FornixShape s)
{
    return (SafeTensor){name, SAFE_F32, 5, {s.n, s.d, s.h, s.w, s.c}};
}

static void entries_add(Entries *entries, const char *prefix, const WeightTensor *tensor,
                        float *data)
{
    if (entries->count == entries->room) {
        entries->room = entries->room ? 2 * entries->room : 64;
        entries->items = mem_grow(entries->items, entries->room, sizeof *entries->items);
    }
    Text name = {0};
    text_add(&name, prefix);
    text_add(&name, tensor->name);
    entries->items[entries->count++] = (Entry){name.data, describe(name.data, tensor->shape), data};
}

static void entries_free(Entries *entries)
{
    for (size_t k = 0; k < entries->count; k++)
        mem_free(entries->items[k].name);
    mem_free(entries->items);
}

static void add_weights(Entries *entries, const char *prefix, Weights *weights)
{
    for (size_t k = 0; k < weights_count(weights); k++)
        entries_add(entries, prefix, weights_at(weights, k), weights_at(weights, k)->data);
}

static void add_moments(Entries *entries, Weights *weights)
{
    for (size_t k = 0; k < weights_count(weights); k++) {
        const WeightTensor *tensor = weights_at(weights, k);
        for (int m = 0; m < tensor->moments; m++) {
            char prefix[32];
            snprintf(prefix, sizeof prefix, "moment.%d/", m);
            entries_add(entries, prefix, tensor, tensor->moment[m]);
        }
        if (tensor->gradient)
            entries_add(entries, "gradient/", tensor, tensor->gradient);
        if (tensor->average)
            entries_add(entries, "average/", tensor, tensor->average);
    }
}

static bool entries_save(const Entries *entries, const char *path, const SafeText *texts,
                         size_t text_count, FornixError *error)
{
    SafeTensor *tensors = mem_new(entries->count + 1, sizeof *tensors);
    for (size_t k = 0; k < entries->count; k++)
        tensors[k] = entries->items[k].tensor;
    SafeWriter *writer =
        safetensors_create(path, tensors, entries->count, texts, text_count, error);
    mem_free(tensors);
    bool fine = writer != NULL;
    for (size_t k = 0; k < entries->count && fine; k++)
        fine = safetensors_write(writer, k, entries->items[k].data,
                                 entries->items[k].tensor.dims[0], error);
    if (fine)
        return safetensors_commit(writer, error);
    safetensors_abort(writer);
    return false;
}

bool weights_save(Weights *weights, const char *path, const SafeText *texts, size_t text_count,
                  FornixError *error)
{
    Entries entries = {0};
    add_weights(&entries, "", weights);
    bool fine = entries_save(&entries, path, texts, text_count, error);
    entries_free(&entries);
    return fine;
}

static bool same_shape(const SafeTensor *stored, const SafeTensor *wanted)
{
    if (stored->rank != wanted->rank)
        return false;
    for (int k = 0; k < stored->rank; k++)
        if (stored->dims[k] != wanted->dims[k])
            return false;
    return true;
}

static bool entry_load(const SafeFile *file, const Entry *entry, FornixError *error)
{
    int64_t index = safetensors_find(file, entry->tensor.name);
    if (index < 0)
        return fornix_fail(error, "%s: no tensor '%s'", safetensors_path(file), entry->tensor.name);
    const SafeTensor *stored = safetensors_tensor(file, (size_t)index);
    if (!same_shape(stored, &entry->tensor))
        return fornix_fail_input(error, "%s: '%s' has another shape there", safetensors_path(file),
                                 entry->tensor.name);
    return !entry->data ||
           safetensors_read(file, (size_t)index, 0, safetensors_rows(stored), entry->data, error);
}

/* "except" names a node ("logits": all of "NET/logits.…", "NET/logits/…") or a tensor. */
static bool is_excepted(const char *name, const char *word)
{
    size_t length = strlen(word);
    return strncmp(name, word, length) == 0 && strchr("./", name[length]);
}

static bool matches_any(const char *name, char **words, size_t count, bool *used)
{
    bool found = false;
    for (size_t k = 0; k < count; k++)
        if (is_excepted(name, words[k]))
            found = used[k] = true;
    return found;
}

static bool load_entry(const SafeFile *file, const Entry *entry, bool matching, FornixError *error)
{
    int64_t index = safetensors_find(file, entry->tensor.name);
    if (matching &&
        (index < 0 || !same_shape(safetensors_tensor(file, (size_t)index), &entry->tensor)))
        return true;
    if (index < 0)
        return fornix_fail_input(error,
                                 "%s: no tensor '%s'; load=\"matching\" or except=\"…\" leaves "
                                 "such out",
                                 safetensors_path(file), entry->tensor.name);
    return entry_load(file, entry, error);
}

static bool load_entries(const WeightsLoad *load, const Entry *entries, size_t entry_count,
                         FornixError *error)
{
    SafeFile *file = safetensors_open(load->path, error);
    if (!file)
        return false;
    size_t count = 0, prefix = strlen(load->net) + 1;
    char **words = text_split(load->except ? load->except : "", &count);
    bool *used = mem_new(count + 1, sizeof *used), fine = true;
    for (size_t k = 0; k < entry_count && fine; k++) {
        const char *name = entries[k].tensor.name;
        if (strncmp(name, load->net, prefix - 1) != 0 || name[prefix - 1] != '/')
            continue;
        if (!matches_any(name + prefix, words, count, used))
            fine = load_entry(file, &entries[k], load->matching, error);
    }
    for (size_t k = 0; k < count && fine; k++)
        if (!used[k])
            fine = fornix_fail_input(error, "except names '%s', and net '%s' has no such node",
                                     words[k], load->net);
    mem_free(used);
    text_split_free(words);
    safetensors_close(file);
    return fine;
}

bool weights_load(Weights *weights, const WeightsLoad *load, FornixError *error)
{
    size_t count = weights_count(weights);
    Entry *entries = mem_new(count + 1, sizeof *entries);
    for (size_t k = 0; k < count; k++) {
        const WeightTensor *tensor = weights_at(weights, k);
        entries[k] = (Entry){tensor->name, describe(tensor->name, tensor->shape), tensor->data};
    }
    bool fine = load_entries(load, entries, count, error);
    mem_free(entries);
    return fine;
}

bool weights_check(const Parameter *parameters, int count, const WeightsLoad *load,
                   FornixError *error)
{
    Entry *entries = mem_new((size_t)count + 1, sizeof *entries);
    for (int k = 0; k < count; k++)
        entries[k] = (Entry){.tensor = describe(parameters[k].name, parameters[k].shape)};
    bool fine = load_entries(load, entries, (size_t)count, error);
    mem_free(entries);
    return fine;
}

/* ---- Checkpoints ---- */

static void list_all(Entries *entries, Weights *weights, Weights *best)
{
    add_weights(entries, "", weights);
    add_moments(entries, weights);
    if (best)
        add_weights(entries, "best/", best);
}

/* How often each weight was updated, one number a tensor, in their order. */
static void updates_text(Weights *weights, Text *text)
{
    for (size_t k = 0; k < weights_count(weights); k++)
        text_format(text, "%" PRId64 " ", weights_at(weights, k)->updates);
}

/* Of all that a checkpoint holds, into text. */
static void entries_hash(const Entries *entries, const char *progress, const char *updates,
                         char text[HASH_TEXT])
{
    Hasher *hasher = hasher_new();
    hasher_add_text(hasher, progress);
    hasher_add_text(hasher, updates);
    for (size_t k = 0; k < entries->count; k++) {
        const Entry *entry = &entries->items[k];
        size_t floats = 1;
        for (int axis = 0; axis < entry->tensor.rank; axis++)
            floats *= (size_t)entry->tensor.dims[axis];
        hasher_add_text(hasher, entry->name);
        hasher_add(hasher, entry->data, floats * sizeof *entry->data);
    }
    hash_text(hasher_result(hasher), text);
    hasher_free(hasher);
}

bool checkpoint_save(const char *path, Weights *weights, Weights *best, const Progress *progress,
                     FornixError *error)
{
    Entries entries = {0};
    list_all(&entries, weights, best);
    Text updates = {0};
    updates_text(weights, &updates);
    char state[256];
    snprintf(state, sizeof state, "%" PRId64 " %" PRId64 " %" PRId64 " %d %a %" PRId64,
             progress->step, progress->metrics_offset, progress->validations_without,
             progress->has_best, progress->best, progress->best_step);
    char hash[HASH_TEXT];
    entries_hash(&entries, state, text_value(&updates), hash);
    SafeText texts[] = {{"progress", state}, {"updates", text_value(&updates)}, {"hash", hash}};
    bool fine = entries_save(&entries, path, texts, COUNT(texts), error);
    text_free(&updates);
    entries_free(&entries);
    return fine;
}

static bool read_progress(const SafeFile *file, Progress *progress, FornixError *error)
{
    const char *state = safetensors_text(file, "progress");
    int has_best = 0;
    if (!state || sscanf(state, "%" SCNd64 " %" SCNd64 " %" SCNd64 " %d %la %" SCNd64,
                         &progress->step, &progress->metrics_offset, &progress->validations_without,
                         &has_best, &progress->best, &progress->best_step) != 6)
        return fornix_fail(error, "%s is no checkpoint", safetensors_path(file));
    progress->has_best = has_best;
    return true;
}

static bool read_updates(const SafeFile *file, Weights *weights, FornixError *error)
{
    const char *text = safetensors_text(file, "updates");
    for (size_t k = 0; k < weights_count(weights); k++) {
        int used = 0;
        if (!text || sscanf(text, "%" SCNd64 "%n", &weights_at(weights, k)->updates, &used) != 1)
            return fornix_fail(error, "%s is damaged: the counts of updates end early",
                               safetensors_path(file));
        text += used;
    }
    return true;
}

/* After all was read. */
static bool is_intact(const SafeFile *file, const Entries *entries, FornixError *error)
{
    char hash[HASH_TEXT];
    const char *said = safetensors_text(file, "hash");
    entries_hash(entries, safetensors_text(file, "progress"), safetensors_text(file, "updates"),
                 hash);
    return (said && strcmp(said, hash) == 0) ||
           fornix_fail(error, "%s is damaged", safetensors_path(file));
}

bool checkpoint_load(const char *path, Weights *weights, Weights *best, Progress *progress,
                     FornixError *error)
{
    if (!file_exists(path))
        return false;
    SafeFile *file = safetensors_open(path, error);
    if (!file)
        return false;
    Entries entries = {0};
    list_all(&entries, weights, best);
    bool fine = read_progress(file, progress, error) && read_updates(file, weights, error);
    for (size_t k = 0; k < entries.count && fine; k++)
        fine = entry_load(file, &entries.items[k], error);
    fine = fine && is_intact(file, &entries, error);
    entries_free(&entries);
    safetensors_close(file);
    return fine;
}
