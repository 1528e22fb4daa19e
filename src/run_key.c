/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys: all that a node's results depend on, hashed. */
#define _GNU_SOURCE /* dladdr */
#include <dlfcn.h>

#include "kernels/isa.h"
#include "run_parts.h"
#include "version.h"

static bool add_plugins(Run *run, Hasher *hasher, const Element *element, FornixError *error)
{
    Registry *registry = experiment_registry(run->experiment);
    for (const Element *e = element; e; e = e == element ? NULL : e->next) {
        const Plugin *plugin = registry_find(registry, e->name);
        Hash hash;
        if (plugin && !registry_hash(registry, plugin, &hash, error))
            return false;
        if (plugin)
            hasher_add(hasher, &hash, sizeof hash);
        for (const Element *child = e->first; child; child = child->next)
            if (!add_plugins(run, hasher, child, error))
                return false;
    }
    return true;
}

/* Those that the bodies came to use: of nets, of what composites stand for. */
static bool add_stage_plugins(Run *run, Hasher *hasher, const Stage *stage, FornixError *error)
{
    for (int k = 0; stage && k < stage->plugin_count; k++) {
        Hash hash;
        if (!registry_hash(experiment_registry(run->experiment), stage->plugins[k], &hash, error))
            return false;
        hasher_add(hasher, &hash, sizeof hash);
    }
    return true;
}

static bool add_files(Run *run, Hasher *hasher, const char *const *files, int count,
                      FornixError *error)
{
    for (int k = 0; k < count; k++) {
        Hash hash;
        if (!cache_file_hash(run->cache, files[k], &hash, error))
            return false;
        hasher_add(hasher, &hash, sizeof hash);
    }
    return true;
}

static bool add_weights(Run *run, Hasher *hasher, const Outer *outer, FornixError *error)
{
    for (int k = 0; outer->stage && k < outer->stage->net_count; k++) {
        const char *file = outer->stage->nets[k].weights;
        if (outer->weights[k])
            hasher_add(hasher, &outer->weights[k]->run->key, sizeof(Hash));
        else if (*file && !add_files(run, hasher, &file, 1, error))
            return false;
    }
    return true;
}

bool run_key(OuterRun *r, const char *const *files, int count, FornixError *error)
{
    Run *run = r->run;
    Text text = {0};
    Hasher *hasher = hasher_new();
    experiment_canonical(run->experiment, r->outer, &text);
    hasher_add_text(hasher, text_value(&text));
    hasher_add_text(hasher, FORNIX_BUILD);
    hasher_add(hasher, &run->engine, sizeof run->engine);
    hasher_add_text(hasher, isa_name(isa_active()));
    hasher_add_text(hasher, run->request->smoke ? "smoke" : "whole");
    for (int k = 0; k < r->outer->input_count; k++)
        if (r->outer->inputs[k].from)
            hasher_add(hasher, &r->outer->inputs[k].from->run->key, sizeof(Hash));
    bool fine = add_plugins(run, hasher, r->outer->element, error) &&
                add_stage_plugins(run, hasher, r->outer->stage, error) &&
                add_weights(run, hasher, r->outer, error) &&
                add_files(run, hasher, files, count, error);
    r->key = hasher_result(hasher);
    hasher_free(hasher);
    text_free(&text);
    return fine;
}

bool run_hash_engine(Run *run, FornixError *error)
{
    Dl_info info;
    if (!dladdr((const void *)(uintptr_t)&team_run, &info) || !info.dli_fname)
        return fornix_fail(error, "the engine's own file can't be found");
    return hash_file(info.dli_fname, &run->engine, error);
}

bool run_foresee(Experiment *experiment, Cache *cache, Hash *keys, FornixError *error)
{
    int count;
    Outer *const *nodes = experiment_nodes(experiment, &count);
    const RunRequest request = {0};
    Run run = {.request = &request, .experiment = experiment, .cache = cache};
    OuterRun *runs = mem_new((size_t)count + 1, sizeof *runs);
    bool fine = run_hash_engine(&run, error);
    for (int k = 0; k < count && fine; k++) {
        runs[k] = (OuterRun){.run = &run, .outer = nodes[k]};
        nodes[k]->run = &runs[k];
        fine = run_key(&runs[k], nodes[k]->files, nodes[k]->file_count, error);
        keys[k] = runs[k].key;
    }
    for (int k = 0; k < count; k++)
        nodes[k]->run = NULL;
    mem_free(runs);
    return fine;
}
