/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "scene.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base.h"

enum { FOREIGN_MOST = 256 };

_Thread_local const Scene *scene_now;

/* Grows alone, each entry whole before it counts: a handler may read it at any moment. */
static struct {
    const FornixNode *node;
    char *path;
} foreign[FOREIGN_MOST];
static atomic_int foreign_taken, foreign_count;

void scene_know(const FornixNode *node, const char *path)
{
    if (scene_path(node))
        return;
    int at = atomic_fetch_add(&foreign_taken, 1);
    if (at >= FOREIGN_MOST)
        return;
    foreign[at].path = mem_text(path);
    foreign[at].node = node;
    while (atomic_load(&foreign_count) != at) /* those before are nearly there */
        ;
    atomic_store(&foreign_count, at + 1);
}

const char *scene_path(const FornixNode *node)
{
    for (int k = 0, count = atomic_load(&foreign_count); k < count; k++)
        if (foreign[k].node == node)
            return foreign[k].path;
    return NULL;
}

bool scene_blame(const Scene *scene, FornixError *error)
{
    static const char by[] = "; told by ";
    size_t length = strlen(error->text);
    if (!length || strstr(error->text, by))
        return false;
    int room = (int)(sizeof error->text - length);
    int added = snprintf(error->text + length, (size_t)room, "%s%s", by, scene->node->name);
    if (scene->id && added < room)
        added += snprintf(error->text + length + added, (size_t)(room - added), " '%s'", scene->id);
    const Place *place = &scene->place;
    if (place->source && added < room)
        snprintf(error->text + length + added, (size_t)(room - added), " (%s:%d:%d)",
                 place->source->name, place->line, place->column);
    return false;
}
