/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The nodes that are there: which plugin an element means, found by its name and loaded when asked
 * for.
 *
 * The plugin of <conv> is conv.so in the first of these folders that has one: those of
 * FORNIX_PLUGIN_PATH, between colons; then the build tree that the program stands in, or else
 * ../lib/fornix/nodes beside the program and the folder it was installed to. A file that is found
 * but does not load is an error, never passed over for a later one. Plugins are never unloaded.
 * All functions may be called from several threads.
 */
#ifndef FORNIX_REGISTRY_H
#define FORNIX_REGISTRY_H

#include "diag.h"
#include "hash.h"
#include "node.h"
#include "xml.h"

typedef struct Plugin {
    const char *name;
    const char *path;
    const FornixNode *node;
} Plugin;

typedef struct Registry Registry;

Registry *registry_new(void);
void registry_free(Registry *registry); /* what its plugins hold stays; NULL is fine */

/* A plugin that stands anywhere, and a node that is part of the program: both go before a plugin of
 * the same name in a folder, and are added before anything is looked up. */
void registry_add_file(Registry *registry, const char *path);
void registry_add_node(Registry *registry, const FornixNode *node);

/* NULL where there is none of that name or it does not load; registry_explain tells which. */
const Plugin *registry_find(Registry *registry, const char *name);
/* As registry_find for an element, but a mistake is told at its place. */
const Plugin *registry_need(Registry *registry, const Element *element, Diag *diag);
/* Tells at place why registry_find gave NULL. others: what else may stand there, for a suggestion;
 * NULL-terminated, or NULL. */
void registry_explain(Registry *registry, const char *name, const char *const *others, Diag *diag,
                      Place place);
/* The same in words: false, and the error filled. */
bool registry_fail(Registry *registry, const char *name, FornixError *error);
/* Whether it is a plugin, but refused for what it says of itself (descriptor.h). */
bool registry_refuses(Registry *registry, const char *name);

/* All names in order, those that do not load too. Lives as long as the registry. */
const char *const *registry_names(const Registry *registry, size_t *count);

/* The content of a plugin's file, read once: whatever a node computed depends on it. */
bool registry_hash(Registry *registry, const Plugin *plugin, Hash *hash, FornixError *error);

#endif
