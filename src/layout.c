/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Places the tensors of a plan: who shares memory, where it lies, and what order that demands.
 *
 * 1. Groups. Every tensor starts as a group of its own. In the order of the steps, a node's offers
 *    to share are taken where no later reader is harmed: an output in its input's place, a concat
 *    whose inputs are written into it by their producers (their gradients are read out of its own).
 * 2. Offsets. Groups without parent get offsets in the arena, largest first, each at the lowest
 *    place that is free during its lifetime.
 * 3. Order. A step waits for the steps before it that it conflicts with in memory.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "plan_parts.h"

enum { ALIGNMENT = 64 };

static int group_root(const Plan *plan, int group)
{
    return plan->groups[group].parent >= 0 ? plan->groups[group].parent : group;
}

static void groups_open(Plan *plan)
{
    plan->groups = arena_take(plan->memory, (size_t)plan->tensor_count + 1, sizeof(PlanGroup));
    for (int t = 0; t < plan->tensor_count; t++) {
        PlanTensor *tensor = &plan->tensors[t];
        tensor->group = t;
        plan->groups[t] = (PlanGroup){.parent = -1,
                                      .shape = tensor->shape,
                                      .first = INT_MAX,
                                      .last = tensor->lasts ? INT_MAX : -1,
                                      .pitched = !tensor->lasts,
                                      .in_arena = tensor->home == TENSOR_ARENA};
    }
    for (int u = 0; u < plan->use_count; u++) {
        const PlanUse *use = &plan->uses[u];
        PlanGroup *group = &plan->groups[use->tensor];
        if (use->step < group->first)
            group->first = use->step;
        if (use->step > group->last)
            group->last = use->step;
        group->pitched = group->pitched && use->pitched;
    }
}

/* Nobody reads what lies in the group after the step: neither it, nor what overlaps it. */
static bool is_over(const Plan *plan, int group, int step)
{
    const PlanGroup *g = &plan->groups[group];
    if (g->last > step || (g->parent >= 0 && plan->groups[g->parent].last > step))
        return false;
    for (int k = 0; g->whole && k < plan->tensor_count; k++)
        if (plan->groups[k].parent == group && plan->groups[k].last > step)
            return false;
    return true;
}

/* new, made by the step, goes where old lies. */
static void share_memory(Plan *plan, int step, ShareKind kind, int old, int new)
{
    int home = plan->tensors[old].group, guest = plan->tensors[new].group;
    PlanGroup *to = &plan->groups[home], *from = &plan->groups[guest];
    bool same_shape = shape_equal(plan->tensors[old].shape, plan->tensors[new].shape);
    if (home == guest || !to->in_arena || !from->in_arena || from->parent >= 0 || from->whole)
        return;
    if (to->parent >= 0 && !(from->pitched && same_shape))
        return;
    /* Within a whole every other cache line is somebody else's: a third of the memory's speed. */
    if (kind == SHARE_IN_PLACE && (to->parent >= 0 || !same_shape || !is_over(plan, home, step)))
        return;
    plan->tensors[new].group = home;
    to->last = from->last > to->last ? from->last : to->last;
    to->pitched = to->pitched && from->pitched && same_shape;
    from->in_arena = false;
}

/* part becomes some channels of whole. */
static void share_part(Plan *plan, int part, int whole, int64_t channel)
{
    int inner = plan->tensors[part].group, outer = plan->tensors[whole].group;
    PlanGroup *p = &plan->groups[inner], *w = &plan->groups[outer];
    if (inner == outer || !p->in_arena || !w->in_arena || p->parent >= 0 || p->whole ||
        w->parent >= 0 || !p->pitched)
        return;
    p->parent = outer;
    p->channel = channel;
    w->whole = true;
}

static void share_step(Plan *plan, int s)
{
    const PlanStep *step = plan->steps[s];
    if (step->kind == STEP_SUM && step->term_count && !step->accumulates) {
        share_memory(plan, s, SHARE_IN_PLACE, step->terms[0], step->out[0]);
        bool same = plan->tensors[step->terms[0]].group == plan->tensors[step->out[0]].group;
        if (step->term_count == 1 && same)
            plan->steps[s]->grains[0] = 0; /* a copy of what is there */
    }
    if (step->kind != STEP_NODE || step->phase == FORNIX_KEEP)
        return;
    bool forward = step->phase == FORNIX_FORWARD;
    for (int k = 0; k < step->node->share_count; k++) {
        const Share *share = &step->node->shares[k];
        if (share->kind == SHARE_GRADIENT) {
            if (!forward && step->in[share->input] >= 0 && step->din[share->input] >= 0)
                share_memory(plan, s, SHARE_IN_PLACE, step->in[share->input],
                             step->din[share->input]);
            continue;
        }
        int lower = forward ? step->in[share->input] : step->din[share->input];
        int upper = forward ? step->out[share->output] : step->dout[share->output];
        if (lower < 0 || upper < 0)
            continue;
        if (share->kind == SHARE_PART)
            share_part(plan, lower, upper, share->channel);
        else
            share_memory(plan, s, share->kind, forward ? lower : upper, forward ? upper : lower);
    }
}

/* A whole lives as long as its parts. */
static void extend_wholes(Plan *plan)
{
    for (int g = 0; g < plan->tensor_count; g++) {
        const PlanGroup *part = &plan->groups[g];
        if (part->parent < 0 || !part->in_arena)
            continue;
        PlanGroup *whole = &plan->groups[part->parent];
        whole->first = part->first < whole->first ? part->first : whole->first;
        whole->last = part->last > whole->last ? part->last : whole->last;
    }
}

static int64_t group_bytes(const PlanGroup *group)
{
    return (shape_bytes(group->shape) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static bool needs_place(const PlanGroup *group)
{
    return group->in_arena && group->parent < 0 && group->last >= 0;
}

typedef struct Placed {
    int group;
    int64_t bytes;
} Placed;

static int larger_first(const void *a, const void *b)
{
    const Placed *x = a, *y = b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return x->group - y->group;
}

static int lower_first(const void *a, const void *b)
{
    const PlanGroup *x = *(PlanGroup *const *)a, *y = *(PlanGroup *const *)b;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

static bool live_together(const PlanGroup *a, const PlanGroup *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* The lowest offset at which bytes are free among the neighbours (sorted in place). */
static int64_t free_offset(PlanGroup **neighbours, size_t count, int64_t bytes)
{
    qsort(neighbours, count, sizeof *neighbours, lower_first);
    int64_t offset = 0;
    for (size_t k = 0; k < count; k++) {
        if (neighbours[k]->offset - offset >= bytes)
            break;
        int64_t end = neighbours[k]->offset + group_bytes(neighbours[k]);
        offset = end > offset ? end : offset;
    }
    return offset;
}

static void place_groups(Plan *plan)
{
    size_t count = 0, total = (size_t)plan->tensor_count + 1;
    Placed *order = mem_new(total, sizeof *order);
    PlanGroup **neighbours = mem_new(total, sizeof(PlanGroup *));
    for (int g = 0; g < plan->tensor_count; g++)
        if (needs_place(&plan->groups[g]))
            order[count++] = (Placed){g, group_bytes(&plan->groups[g])};
    qsort(order, count, sizeof *order, larger_first);
    for (size_t k = 0; k < count; k++) {
        PlanGroup *group = &plan->groups[order[k].group];
        size_t near = 0;
        for (size_t j = 0; j < k; j++)
            if (live_together(group, &plan->groups[order[j].group]))
                neighbours[near++] = &plan->groups[order[j].group];
        group->offset = free_offset(neighbours, near, order[k].bytes);
        if (group->offset + order[k].bytes > plan->size.arena)
            plan->size.arena = group->offset + order[k].bytes;
    }
    mem_free(order);
    mem_free(neighbours);
}

static void bound_arena(Plan *plan)
{
    int64_t *change = mem_new((size_t)plan->step_count + 2, sizeof *change), alive = 0;
    for (int g = 0; g < plan->tensor_count; g++) {
        const PlanGroup *group = &plan->groups[g];
        if (!needs_place(group))
            continue;
        change[group->first] += group_bytes(group);
        if (group->last < plan->step_count)
            change[group->last + 1] -= group_bytes(group);
    }
    for (int s = 0; s < plan->step_count; s++) {
        alive += change[s];
        plan->size.bound = alive > plan->size.bound ? alive : plan->size.bound;
    }
    mem_free(change);
}

/* ---- Order ---- */

typedef struct Resource {       /* a region of memory, by its root group */
    int writer;                 /* the last step that wrote it, -1: none */
    int *accesses, count, room; /* all steps that touched it, in order */
    int readers;                /* from which access on they read what `writer` wrote */
} Resource;

typedef struct Order {
    Plan *plan;
    Resource *resources;
    int *mark; /* by step: the last step found to wait for it */
} Order;

static void wait_for(Order *order, int step, int earlier)
{
    if (earlier < 0 || earlier == step || order->mark[earlier] == step)
        return;
    order->mark[earlier] = step;
    PlanStep *from = order->plan->steps[earlier];
    if (from->after_count == from->after_room) {
        int room = from->after_room ? 2 * from->after_room : 4;
        int *after = arena_take(order->plan->memory, (size_t)room, sizeof(int));
        if (from->after_count)
            memcpy(after, from->after, (size_t)from->after_count * sizeof(int));
        from->after = after;
        from->after_room = room;
    }
    from->after[from->after_count++] = step;
    order->plan->steps[step]->before++;
}

/* What lay in this memory before must be done with. */
static void wait_for_memory(Order *order, int root, int step)
{
    const Plan *plan = order->plan;
    const PlanGroup *group = &plan->groups[root];
    for (int g = 0; g < plan->tensor_count; g++) {
        const PlanGroup *old = &plan->groups[g];
        if (!needs_place(old) || old->last >= step ||
            old->offset >= group->offset + group_bytes(group) ||
            group->offset >= old->offset + group_bytes(old))
            continue;
        for (int k = 0; k < order->resources[g].count; k++)
            wait_for(order, step, order->resources[g].accesses[k]);
    }
}

static void access_resource(Order *order, int root, int step, bool writes)
{
    Resource *resource = &order->resources[root];
    wait_for(order, step, resource->writer);
    if (writes)
        for (int k = resource->readers; k < resource->count; k++)
            wait_for(order, step, resource->accesses[k]);
    if (resource->count == 0 && needs_place(&order->plan->groups[root]))
        wait_for_memory(order, root, step);
    if (resource->count == 0 || resource->accesses[resource->count - 1] != step) {
        if (resource->count == resource->room) {
            resource->room = resource->room ? 2 * resource->room : 8;
            resource->accesses = mem_grow(resource->accesses, (size_t)resource->room, sizeof(int));
        }
        resource->accesses[resource->count++] = step;
    }
    if (writes) {
        resource->writer = step;
        resource->readers = resource->count;
    }
}

static void order_steps(Plan *plan)
{
    Order order = {.plan = plan};
    order.resources = mem_new((size_t)plan->tensor_count + 1, sizeof *order.resources);
    order.mark = mem_new((size_t)plan->step_count + 1, sizeof *order.mark);
    for (int t = 0; t < plan->tensor_count; t++)
        order.resources[t].writer = -1;
    for (int s = 0; s < plan->step_count; s++)
        order.mark[s] = -1;
    for (int u = 0; u < plan->use_count;) {
        int end = u;
        while (end < plan->use_count && plan->uses[end].step == plan->uses[u].step)
            end++;
        for (int pass = 0; pass < 2; pass++) /* a step's reads come before its writes */
            for (int k = u; k < end; k++)
                if (plan->uses[k].writes == (pass == 1))
                    access_resource(&order,
                                    group_root(plan, plan->tensors[plan->uses[k].tensor].group),
                                    plan->uses[k].step, plan->uses[k].writes);
        u = end;
    }
    for (int t = 0; t < plan->tensor_count; t++)
        mem_free(order.resources[t].accesses);
    mem_free(order.resources);
    mem_free(order.mark);
}

static void keep_apart(Plan *plan)
{
    for (int t = 0; t < plan->tensor_count; t++)
        if (plan->groups[t].last >= 0) {
            plan->groups[t].first = 0;
            plan->groups[t].last = INT_MAX;
        }
}

void layout_plan(Plan *plan)
{
    groups_open(plan);
    if (plan->request.apart)
        keep_apart(plan);
    for (int s = 0; s < plan->step_count && !plan->request.apart; s++)
        share_step(plan, s);
    extend_wholes(plan);
    place_groups(plan);
    bound_arena(plan);
    order_steps(plan);
}
