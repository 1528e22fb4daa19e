/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which node is at work on a thread, so that what goes wrong in a plugin is told by its name and
 * its place in the graph: crashes too (crash.h), which leave no time to look for them.
 *
 * Whoever calls a plugin enters a scene before and leaves it behind. That is a store each: scenes
 * of what is called often are made ahead.
 */
#ifndef FORNIX_SCENE_H
#define FORNIX_SCENE_H

#include "diag.h"
#include "node.h"

typedef struct Scene {
    const FornixNode *node; /* NULL: a plugin that is being loaded, and id is its file */
    const char *id;         /* as the graph calls it; NULL: it has no name there */
    const char *doing;      /* "forward" */
    Place place;            /* source NULL: not known */
} Scene;

/* In the thread's first block of storage: reached without a call, also from a signal's handler. */
extern _Thread_local const Scene *scene_now __attribute__((tls_model("initial-exec")));

/* Gives what scene_leave has to be given. */
static inline const Scene *scene_enter(const Scene *scene)
{
    const Scene *before = scene_now;
    scene_now = scene;
    return before;
}

static inline void scene_leave(const Scene *before)
{
    scene_now = before;
}

/* Adds to a plugin's failure whose it is, where nobody did: "; read by npy 'slices' (a.xml:3:5)".
 * Returns false. */
bool scene_blame(const Scene *scene, FornixError *error);

/* A plugin that is not one of fornix's own, and where it lies. Copied; kept for good. */
void scene_know(const FornixNode *node, const char *path);
/* NULL: one of fornix's own. Locks nothing. */
const char *scene_path(const FornixNode *node);

#endif
