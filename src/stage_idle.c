/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nodes of a body that nothing comes of: most often a reference that was meant to go to them. */
#include <string.h>

#include "stage_parts.h"

/* By index, whether what is wanted depends on a node. Nodes stand behind all that they read. */
static bool *used_nodes(const StagePlan *plan)
{
    const Graph *graph = body_graph(plan->body);
    bool *used = mem_new((size_t)graph->node_count + 1, sizeof *used);
    for (int k = 0; k < plan->wanted_count; k++)
        if (plan->wanted[k]->producer)
            used[plan->wanted[k]->producer->index] = true;
    for (int n = graph->node_count; n-- > 0;)
        for (int i = 0; used[n] && i < graph->nodes[n]->inputs; i++) {
            const Value *value = graph->nodes[n]->in[i];
            if (value && value->producer)
                used[value->producer->index] = true;
        }
    return used;
}

/* Whether a node that is used is the element's own or within it. */
static bool element_used(const Element *element, const Graph *graph, const bool *used)
{
    size_t length = strlen(element->id);
    for (int n = 0; n < graph->node_count; n++) {
        const char *path = graph->nodes[n]->path;
        if (used[n] && strncmp(path, element->id, length) == 0 &&
            (path[length] == '\0' || path[length] == '/'))
            return true;
    }
    return false;
}

bool stage_check_idle(const Stage *stage, const Element *body, const StagePlan *plan)
{
    bool *used = used_nodes(plan), fine = true;
    for (const Element *e = body->first; e; e = e->next) {
        bool node = strcmp(e->name, "update") != 0 && strcmp(e->name, "validate") != 0 &&
                    strcmp(e->name, "collect") != 0 && strcmp(e->name, "window") != 0;
        if (!node || element_used(e, body_graph(plan->body), used))
            continue;
        diag_error(stage->context.diag, e->place, "nothing that <%s> gives depends on %s '%s'",
                   body->name, e->name, e->id);
        fine = false;
    }
    mem_free(used);
    return fine;
}
