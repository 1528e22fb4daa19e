/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Builds scopes item by item. An item is built when it is first referred to, or at its turn in the
 * document; one that is referred to while it is being built closes a cycle. */
#include "infer.h"

#include <string.h>

#include "infer_parts.h"

enum { DEPTH_MOST = 32 };

/* ---- The graph's lists ---- */

static void *grow_list(void *list, int count, int *room, size_t size)
{
    if (count < *room)
        return list;
    *room = *room ? 2 * *room : 64;
    return mem_grow(list, (size_t)*room, size);
}

Value *body_add_value(Body *body, Value value)
{
    Graph *graph = &body->graph;
    graph->values =
        grow_list(graph->values, graph->value_count, &body->value_room, sizeof(Value *));
    Value *made = arena_take(body->memory, 1, sizeof *made);
    *made = value;
    made->index = graph->value_count;
    return graph->values[graph->value_count++] = made;
}

Parameter *body_find_parameter(const Body *body, const char *name)
{
    for (int p = 0; p < body->graph.parameter_count; p++)
        if (strcmp(body->graph.parameters[p]->name, name) == 0)
            return body->graph.parameters[p];
    return NULL;
}

Parameter *body_add_parameter(Body *body, Parameter parameter)
{
    Graph *graph = &body->graph;
    Parameter *known = body_find_parameter(body, parameter.name);
    if (known)
        return known;
    graph->parameters = grow_list(graph->parameters, graph->parameter_count, &body->parameter_room,
                                  sizeof(Parameter *));
    Parameter *made = arena_take(body->memory, 1, sizeof *made);
    *made = parameter;
    made->index = graph->parameter_count;
    return graph->parameters[graph->parameter_count++] = made;
}

void body_add_node(Body *body, Node *node)
{
    Graph *graph = &body->graph;
    graph->nodes = grow_list(graph->nodes, graph->node_count, &body->node_room, sizeof(Node *));
    node->index = graph->node_count;
    graph->nodes[graph->node_count++] = node;
}

/* ---- Scopes ---- */

static bool is_item(const Element *element)
{
    static const char *const others[] = {"update", "validate", "collect", "window"};
    for (size_t k = 0; k < COUNT(others); k++)
        if (strcmp(element->name, others[k]) == 0)
            return false;
    return true;
}

void scope_fill(Body *body, Scope *scope, const Element *parent)
{
    scope->items = arena_take(body->memory, parent->child_count + 1, sizeof(Item));
    for (const Element *e = parent->first; e; e = e->next) {
        if (!is_item(e))
            continue;
        const char *id = e->id;
        if (!id) {
            diag_error(body->request.diag, e->place, "<%s> has no id, so nothing can refer to it",
                       e->name);
            body->failed++;
            continue;
        }
        scope->items[scope->item_count++] = (Item){.element = e, .id = id};
    }
}

/* ---- Items ---- */

Node *body_new_node(Body *body, const Scope *scope, const Item *item, const FornixNode *type)
{
    Node *node = arena_take(body->memory, 1, sizeof *node);
    node->id = item->id;
    node->path = arena_format(body->memory, "%s%s", scope->path, item->id);
    node->place = item->element->place;
    node->type = type;
    node->layer = type->layer;
    node->net = scope->net;
    node->twin = strcmp(item->id, "tangent") == 0 ? scope->twin : NULL;
    return node;
}

void body_make_outputs(Body *body, Node *node)
{
    while (node->type->outputs[node->outputs].name)
        node->outputs++;
    node->out = arena_take(body->memory, (size_t)node->outputs, sizeof(Value *));
    for (int o = 0; o < node->outputs; o++) {
        const FornixPort *port = &node->type->outputs[o];
        Value value = {.path = o ? arena_format(body->memory, "%s.%s", node->path, port->name)
                                 : node->path,
                       .producer = node,
                       .output = o,
                       .kind = port->kinds};
        if (!port->kinds && node->inputs && node->in[0]) {
            value.kind = node->in[0]->kind;
            value.classes = node->in[0]->classes;
        }
        node->out[o] = body_add_value(body, value);
    }
}

bool body_build_scope(Body *body, Scope *scope)
{
    bool fine = true;
    for (int k = 0; k < scope->item_count; k++)
        fine = body_build_item(body, scope, &scope->items[k]) && fine;
    return fine;
}

static bool build_layer(Body *body, Scope *scope, Item *item, FornixInfer *infer)
{
    Node *node = infer->node;
    body_make_outputs(body, node);
    node->infer = infer;
    if (!infer_node(infer))
        return false;
    item->node = node;
    body_add_node(body, node);
    (void)scope;
    return true;
}

Scope *scope_inside(Body *body, const Scope *scope, const Item *item)
{
    Scope *inside = arena_take(body->memory, 1, sizeof *inside);
    inside->path = arena_format(body->memory, "%s%s/", scope->path, item->id);
    return inside;
}

static bool build_node(Body *body, Scope *scope, Item *item)
{
    const Plugin *plugin = registry_need(body->request.registry, item->element, body->request.diag);
    if (!plugin)
        return false;
    const FornixNode *type = plugin->node;
    if (!type->layer && !type->composite) {
        diag_error(body->request.diag, item->element->place,
                   "<%s> does not work on tensors, so it can't stand in here", type->name);
        return false;
    }
    Node *node = body_new_node(body, scope, item, type);
    node->attrs =
        attr_read(type, item->element, body->request.resolver, body->request.diag, body->memory);
    bool fine = body_connect(body, scope, item->element, node) && node->attrs;
    if (!fine)
        return false;
    FornixInfer *infer = arena_take(body->memory, 1, sizeof *infer);
    *infer = (FornixInfer){.body = body, .scope = scope, .node = node, .element = item->element};
    return type->layer ? build_layer(body, scope, item, infer)
                       : body_build_composite(body, scope, item, infer);
}

bool body_build_item(Body *body, Scope *scope, Item *item)
{
    if (item->state == ITEM_DONE || item->state == ITEM_FAILED)
        return item->state == ITEM_DONE;
    bool deep = body->depth >= DEPTH_MOST;
    if (item->state == ITEM_OPEN || deep) {
        diag_error(body->request.diag, item->element->place,
                   deep ? "'%s%s' is too deep: a net that contains itself?"
                        : "'%s%s' depends on itself: a cycle",
                   scope->path, item->id);
        body->failed++;
        return false;
    }
    item->state = ITEM_OPEN;
    bool is_use = strcmp(item->element->name, "use") == 0;
    body->depth += is_use;
    bool is_gradient = strcmp(item->element->name, "gradient") == 0;
    bool fine = is_use        ? body_build_use(body, scope, item)
                : is_gradient ? body_build_gradient(body, scope, item)
                              : build_node(body, scope, item);
    body->depth -= is_use;
    item->state = fine ? ITEM_DONE : ITEM_FAILED;
    body->failed += !fine;
    return fine;
}

/* ---- The whole ---- */

static void list_readers(Body *body)
{
    Graph *graph = &body->graph;
    for (int n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->nodes[n]->inputs; i++)
            if (graph->nodes[n]->in[i])
                graph->nodes[n]->in[i]->reader_count++;
    for (int v = 0; v < graph->value_count; v++) {
        Value *value = graph->values[v];
        size_t count = (size_t)value->reader_count + 1;
        value->readers = arena_take(body->memory, count, sizeof(Node *));
        value->reader_inputs = arena_take(body->memory, count, sizeof(int));
        value->reader_count = 0;
    }
    for (int n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->nodes[n]->inputs; i++) {
            Value *value = graph->nodes[n]->in[i];
            if (!value)
                continue;
            value->readers[value->reader_count] = graph->nodes[n];
            value->reader_inputs[value->reader_count++] = i;
        }
}

Body *body_new(const InferRequest *request)
{
    Body *body = mem_new(1, sizeof *body);
    body->request = *request;
    body->memory = arena_new();
    body->graph.arena = body->memory;
    body->graph.batch = request->batch;
    body->graph.winograd = request->winograd;
    body->graph.nets = arena_take(body->memory, NETS_MOST, sizeof(Net));
    size_t columns = (size_t)request->column_count + 1;
    body->graph.columns = arena_take(body->memory, columns, sizeof(Value *));
    body->graph.column_names = arena_take(body->memory, columns, sizeof(char *));
    body->scope = arena_take(body->memory, 1, sizeof(Scope));
    *body->scope = (Scope){.path = "", .net = -1, .net_path = "", .is_body = true};
    scope_fill(body, body->scope, request->body);
    body_build_scope(body, body->scope);
    list_readers(body);
    body_fuse(body);
    return body;
}

void body_free(Body *body)
{
    if (!body)
        return;
    mem_free(body->graph.values);
    mem_free(body->graph.nodes);
    mem_free(body->graph.parameters);
    arena_free(body->memory);
    mem_free(body);
}

const Graph *body_graph(const Body *body)
{
    return &body->graph;
}

bool body_failed(const Body *body)
{
    return body->failed > 0;
}

int body_net(const Body *body, const char *name)
{
    for (int k = 0; k < body->graph.net_count; k++)
        if (strcmp(body->graph.nets[k].name, name) == 0)
            return k;
    return -1;
}
