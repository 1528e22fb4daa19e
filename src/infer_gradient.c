/* SPDX-License-Identifier: GPL-3.0-or-later */
/* <gradient>: its node, and behind it twins of the nodes that it goes through. */
#include <string.h>

#include "infer_parts.h"
#include "language.h"
#include "scene.h"

/* It has no passes of its own: the plan makes it of those that it goes through. */
static const FornixLayer no_passes;

/* Which values and nodes lie on the way from `by` to `of`. */
static void find_way(const Graph *graph, GradientWay *what)
{
    bool *reached = what->values;
    reached[what->by->index] = true;
    for (int n = 0; n < graph->node_count; n++) {
        const Node *node = graph->nodes[n];
        for (int i = 0; i < node->inputs; i++)
            if (node->in[i] && reached[node->in[i]->index] &&
                !(node_input_flags(node, i) & FORNIX_NO_GRAD))
                what->nodes[n] = true;
        for (int o = 0; what->nodes[n] && o < node->outputs; o++)
            reached[node->out[o]->index] = true;
    }
    bool *wanted = arena_take(graph->arena, (size_t)graph->value_count + 1, sizeof *wanted);
    wanted[what->of->index] = true;
    for (int n = graph->node_count - 1; n >= 0; n--) {
        const Node *node = graph->nodes[n];
        bool any = false;
        for (int o = 0; o < node->outputs; o++)
            any = any || wanted[node->out[o]->index];
        what->nodes[n] = what->nodes[n] && any;
        for (int i = 0; what->nodes[n] && i < node->inputs; i++)
            if (node->in[i])
                wanted[node->in[i]->index] = true;
    }
    for (int v = 0; v < graph->value_count; v++)
        what->values[v] = reached[v] && wanted[v];
}

typedef struct Twins {
    Body *body;
    Scope *scope;   /* of the <gradient> */
    Node *node;     /* the <gradient> */
    Value **change; /* by Value.index of what came before: its twin */
} Twins;

static bool refuse(const Twins *t, const Node *layer, const char *why)
{
    Diag *diag = t->body->request.diag;
    diag_error(diag, t->node->place, "gradient '%s' goes through %s '%s', which %s", t->node->path,
               layer->type->name, layer->path, why);
    diag_warn(diag, layer->place, "this is '%s'", layer->path);
    return false;
}

static void bind_twin(Scope *inside, Arena *memory, const char *what, int number, Value *value)
{
    inside->bindings[inside->binding_count++] =
        (Binding){arena_format(memory, "%s%d", what, number), value};
}

/* The scope in which a layer's tangent stands: its inputs, their twins and its output. */
static Scope *twin_scope(const Twins *t, const Node *layer)
{
    Arena *memory = t->body->memory;
    Scope *inside = arena_take(memory, 1, sizeof *inside);
    inside->path = arena_format(memory, "%s/%s/", t->node->path, layer->path);
    inside->net = layer->net;
    inside->net_path = arena_format(memory, "%s%s/", layer->infer->scope->net_path, layer->id);
    inside->twin = layer;
    inside->bindings = arena_take(memory, 2 * (size_t)layer->inputs + 2, sizeof(Binding));
    for (int i = 0; i < layer->inputs; i++) {
        bind_twin(inside, memory, "input", i, layer->in[i]);
        bind_twin(inside, memory, "tangent", i,
                  layer->in[i] ? t->change[layer->in[i]->index] : NULL);
    }
    bind_twin(inside, memory, "output", 0, layer->out[0]);
    return inside;
}

static Item *result_of(Scope *inside)
{
    for (int k = 0; k < inside->item_count; k++)
        if (strcmp(inside->items[k].id, "tangent") == 0)
            return &inside->items[k];
    return NULL;
}

static bool build_twin(Twins *t, const Node *layer)
{
    Body *body = t->body;
    if (!layer->type->tangent || layer->outputs != 1)
        return refuse(t, layer, "can't tell how it changes along a direction");
    bool *tangents = arena_take(body->memory, (size_t)layer->inputs + 1, sizeof *tangents);
    for (int i = 0; i < layer->inputs; i++)
        tangents[i] = layer->in[i] && t->change[layer->in[i]->index];
    FornixInfer *infer = arena_take(body->memory, 1, sizeof *infer);
    *infer = *layer->infer;
    infer->emitted = (Text){0};
    infer->tangents = tangents;
    const char *name = arena_format(body->memory, "<gradient '%s'>", t->node->path);
    const char *why = arena_format(body->memory, "made for gradient '%s' through '%s'",
                                   t->node->path, layer->path);
    Scene scene = {layer->type, layer->path, "in tangent", layer->place};
    const Scene *before = scene_enter(&scene);
    bool fine = layer->type->tangent(infer, layer->attrs);
    scene_leave(before);
    if (!fine) {
        text_free(&infer->emitted);
        return false;
    }
    const Element *inner = body_emitted(infer, name, why);
    Scope *inside = twin_scope(t, layer);
    if (!inner)
        return false;
    scope_fill(body, inside, inner);
    const Item *result = result_of(inside);
    if (!result)
        return refuse(t, layer, "emits no node with the id 'tangent'");
    if (!body_build_scope(body, inside))
        return false;
    t->change[layer->out[0]->index] = result->node->out[0];
    return true;
}

static bool build_twins(Twins *t)
{
    GradientWay *what = t->node->derivative;
    const Graph *graph = &t->body->graph;
    t->change = arena_take(t->body->memory, (size_t)graph->value_count + 1, sizeof(Value *));
    t->change[what->by->index] = what->direction;
    for (int n = 0; n < t->node->index; n++) {
        const Node *layer = graph->nodes[n];
        if (what->nodes[n] && layer->derivative)
            return refuse(t, layer, "is a gradient itself");
        if (what->nodes[n] && !layer->layer->backward)
            return refuse(t, layer, "has no gradient");
        if (what->nodes[n] && !build_twin(t, layer))
            return false;
    }
    what->along = t->change[what->of->index];
    what->last = graph->nodes[graph->node_count - 1];
    what->last->gradient = t->node;
    return true;
}

static void shape_output(Body *body, Node *node)
{
    GradientWay *what = node->derivative;
    Value *gradient = node->out[0];
    gradient->shape = what->by->shape;
    gradient->nets = what->of->nets | what->by->nets;
    what->direction =
        body_add_value(body, (Value){.path = arena_format(body->memory, "%s/direction", node->path),
                                     .producer = node,
                                     .kind = FORNIX_FEATURE,
                                     .shape = gradient->shape,
                                     .nets = gradient->nets});
}

bool body_build_gradient(Body *body, Scope *scope, Item *item)
{
    Node *node = body_new_node(body, scope, item, &language_gradient);
    node->layer = &no_passes;
    if (!body_connect(body, scope, item->element, node))
        return false;
    body_make_outputs(body, node);
    GradientWay *what = arena_take(body->memory, 1, sizeof *what);
    *what = (GradientWay){.of = node->in[0], .by = node->in[1]};
    what->values = arena_take(body->memory, (size_t)body->graph.value_count + 1, sizeof(bool));
    what->nodes = arena_take(body->memory, (size_t)body->graph.node_count + 1, sizeof(bool));
    node->derivative = what;
    find_way(&body->graph, what);
    if (!what->values[what->of->index] || what->of == what->by) {
        const Attribute *by = element_attribute(item->element, "by");
        diag_error(body->request.diag, by->value_place,
                   "gradient '%s': '%s' does not depend on '%s'", node->path, what->of->path,
                   what->by->path);
        return false;
    }
    shape_output(body, node);
    body_add_node(body, node);
    item->node = node;
    Twins twins = {.body = body, .scope = scope, .node = node};
    return build_twins(&twins);
}
