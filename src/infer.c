/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Builds scopes item by item. An item is built when it is first referred to, or at its turn in the
 * document; one that is referred to while it is being built closes a cycle. */
#include "infer.h"

#include <string.h>

#include "infer_parts.h"

enum { DEPTH_MOST = 32, NETS_MOST = 64 };

static bool build_item(Body *body, Scope *scope, Item *item);
static Value *body_value_in(Body *body, Scope *scope, const Element *from,
                            const Attribute *attribute);

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

Parameter *body_add_parameter(Body *body, Parameter parameter)
{
    Graph *graph = &body->graph;
    for (int p = 0; p < graph->parameter_count; p++)
        if (strcmp(graph->parameters[p]->name, parameter.name) == 0)
            return graph->parameters[p];
    graph->parameters = grow_list(graph->parameters, graph->parameter_count, &body->parameter_room,
                                  sizeof(Parameter *));
    Parameter *made = arena_take(body->memory, 1, sizeof *made);
    *made = parameter;
    made->index = graph->parameter_count;
    return graph->parameters[graph->parameter_count++] = made;
}

static void add_node(Body *body, Node *node)
{
    Graph *graph = &body->graph;
    graph->nodes = grow_list(graph->nodes, graph->node_count, &body->node_room, sizeof(Node *));
    node->index = graph->node_count;
    graph->nodes[graph->node_count++] = node;
}

/* ---- Scopes ---- */

static bool is_item(const Element *element)
{
    static const char *const others[] = {"update", "validate", "collect"};
    for (size_t k = 0; k < COUNT(others); k++)
        if (strcmp(element->name, others[k]) == 0)
            return false;
    return true;
}

static void scope_fill(Body *body, Scope *scope, const Element *parent)
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

static Item *scope_item(Scope *scope, const char *id)
{
    for (int k = 0; k < scope->item_count; k++)
        if (strcmp(scope->items[k].id, id) == 0)
            return &scope->items[k];
    return NULL;
}

/* Seen from an element, in whose loops an id may have an instance of its own; from NULL: as one
 * who enters from outside. */
static Item *scope_find(Scope *scope, const Element *from, const char *id)
{
    const Element *found = from ? element_find(from, id) : NULL;
    for (int k = 0; found && k < scope->item_count; k++)
        if (scope->items[k].element == found)
            return &scope->items[k];
    return from ? NULL : scope_item(scope, id);
}

static const char *suggest_id(const Body *body, const Scope *scope, const char *id)
{
    size_t most = (size_t)(scope->item_count + scope->binding_count + body->request.column_count);
    const char **names = mem_new(most + 1, sizeof *names);
    size_t count = 0;
    for (int k = 0; k < scope->binding_count; k++)
        names[count++] = scope->bindings[k].name;
    for (int k = 0; k < scope->item_count; k++)
        names[count++] = scope->items[k].id;
    const char *near = text_suggest(id, names, count);
    mem_free(names);
    return near ? arena_format(body->memory, "did you mean '%s'?", near) : NULL;
}

/* ---- References ---- */

typedef struct Reference {
    Body *body;
    Scope *scope; /* in which the next segment is looked up */
    const Element *from;
    const char *text;
    Place place;
} Reference;

static Value *column_value(Reference *r, const char *name)
{
    Body *body = r->body;
    Graph *graph = &body->graph;
    for (int k = 0; k < graph->column_count; k++)
        if (strcmp(graph->column_names[k], name) == 0)
            return graph->columns[k];
    const char **names =
        arena_take(body->memory, (size_t)body->request.column_count + 1, sizeof *names);
    for (int k = 0; k < body->request.column_count; k++) {
        const FornixColumn *column = &body->request.columns[k];
        names[k] = column->name;
        if (strcmp(column->name, name) != 0)
            continue;
        FornixShape shape = column->shape;
        shape.n = body->graph.batch;
        Value *value = body_add_value(
            body, (Value){.path = arena_format(body->memory, "%s.%s", body->request.prefix, name),
                          .shape = shape,
                          .kind = column->kind,
                          .classes = column->classes,
                          .output = graph->column_count});
        graph->columns[graph->column_count] = value;
        graph->column_names[graph->column_count++] = column->name;
        return value;
    }
    const char *near = text_suggest(name, names, (size_t)body->request.column_count);
    diag_error_help(
        body->request.diag, r->place,
        near ? arena_format(body->memory, "did you mean '%s.%s'?", body->request.prefix, near)
             : NULL,
        "the samples of this stage have no column '%s'", name);
    return NULL;
}

/* The length of an id at the start of text: up to '/' or '.', brackets and what is in them held. */
static size_t id_length(const char *text)
{
    size_t at = 0;
    for (int depth = 0; text[at] && (depth > 0 || (text[at] != '/' && text[at] != '.')); at++)
        depth += (text[at] == '[') - (text[at] == ']');
    return at;
}

static Value *node_output(Reference *r, const Item *item, const char *port)
{
    const Node *node = item->node;
    if (!port)
        return node->out[0];
    const char *names[64];
    size_t count = 0;
    for (const FornixPort *p = node->type->outputs; p->name && count < COUNT(names); p++) {
        if (strcmp(p->name, port) == 0)
            return node->out[count];
        names[count++] = p->name;
    }
    const char *near = text_suggest(port, names, count);
    diag_error_help(r->body->request.diag, r->place,
                    near ? arena_format(r->body->memory, "did you mean '%s.%s'?", item->id, near)
                         : NULL,
                    "%s '%s' has no output '%s'", node->type->name, item->id, port);
    return NULL;
}

static Value *find_value(Reference *r, const char *rest);

static Value *composite_output(Reference *r, const Item *item, const char *port)
{
    if (!port)
        port = item->composite->outputs[0].name;
    Reference inside = {r->body, item->inside, NULL, r->text, r->place};
    for (const FornixPort *p = item->composite->outputs; p->name; p++)
        if (strcmp(p->name, port) == 0)
            return find_value(&inside, port);
    diag_error(r->body->request.diag, r->place, "%s '%s' has no output '%s'", item->composite->name,
               item->id, port);
    return NULL;
}

static Value *use_output(Reference *r, const Item *item)
{
    const Scope *inside = item->inside;
    const char *last = inside->item_count ? inside->items[inside->item_count - 1].id : "its node";
    diag_error_help(r->body->request.diag, r->place,
                    arena_format(r->body->memory, "for instance '%s/%s'", item->id, last),
                    "'%s' is a whole net: name one of its nodes", item->id);
    return NULL;
}

/* One that its own if= dropped is not connected, which an optional port can bear. */
static Value *unknown_id(Reference *r, const char *id)
{
    if (r->from && element_absent(r->from, id))
        return NULL;
    diag_error_help(
        r->body->request.diag, r->place, suggest_id(r->body, r->scope, id),
        r->scope->is_body ? "nothing here has the id '%s'" : "nothing in here has the id '%s'", id);
    return NULL;
}

/* What follows an item's id: "", "/inner" or ".port". */
static Value *item_value(Reference *r, Item *item, const char *rest)
{
    if (!build_item(r->body, r->scope, item))
        return NULL; /* its own mistake was told */
    if (*rest == '/') {
        if (!item->inside) {
            diag_error(r->body->request.diag, r->place,
                       "'%s' is a %s: there is nothing inside to enter with '/'", item->id,
                       item->node->type->name);
            return NULL;
        }
        Reference inside = {r->body, item->inside, NULL, r->text, r->place};
        return find_value(&inside, rest + 1);
    }
    const char *port = *rest == '.' ? rest + 1 : NULL;
    if (item->node)
        return node_output(r, item, port);
    return item->composite ? composite_output(r, item, port) : use_output(r, item);
}

static Value *find_value(Reference *r, const char *text)
{
    Body *body = r->body;
    size_t length = id_length(text);
    const char *id = arena_slice(body->memory, text, length), *rest = text + length;
    if (r->scope->is_body && *rest == '.' && strcmp(id, body->request.prefix) == 0)
        return column_value(r, rest + 1);
    for (int k = 0; k < r->scope->binding_count; k++)
        if (strcmp(r->scope->bindings[k].name, id) == 0 && !*rest && r->from)
            return r->scope->bindings[k].value;
    Item *item = scope_find(r->scope, r->from, id);
    return item ? item_value(r, item, rest) : unknown_id(r, id);
}

/* ---- Connecting ---- */

static bool same_word(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* Where a probability is offered and its own source would do, that is what the user meant. */
static const char *better_source(const Body *body, const Value *value, unsigned kinds)
{
    if (value->producer && value->producer->inputs && value->producer->in[0] &&
        (value->producer->in[0]->kind & kinds))
        return arena_format(body->memory, "feed '%s' instead", value->producer->in[0]->path);
    return NULL;
}

static bool check_kind(Body *body, const Node *node, const FornixPort *port, const Value *value,
                       Place place)
{
    if (value->kind & port->kinds)
        return true;
    diag_error_help(body->request.diag, place, better_source(body, value, port->kinds),
                    "%s '%s': %s takes %s, but '%s' is %s", node->type->name, node->path,
                    port->name, kinds_text(body->memory, port->kinds), value->path,
                    kinds_text(body->memory, value->kind));
    return false;
}

typedef struct Connection {
    Body *body;
    Scope *scope;
    Node *node;
    const Element *element;
    int room;
    bool fine;
} Connection;

static void connect_value(Connection *c, const FornixPort *port, Value *value, Place place)
{
    Node *node = c->node;
    if (value && !check_kind(c->body, node, port, value, place))
        c->fine = false;
    if (node->inputs == c->room) {
        c->room = 2 * c->room + 4;
        Value **in = arena_take(c->body->memory, (size_t)c->room, sizeof(Value *));
        if (node->inputs)
            memcpy(in, node->in, (size_t)node->inputs * sizeof(Value *));
        node->in = in;
    }
    node->in[node->inputs++] = value;
}

/* Each of the references between blanks in the attribute. */
static void connect_port(Connection *c, const FornixPort *port, const Attribute *attribute)
{
    const char *text = attribute->value;
    int found = 0;
    for (size_t at = 0; text[at];) {
        at += strspn(text + at, " \t\n\r");
        size_t length = strcspn(text + at, " \t\n\r");
        if (!length)
            break;
        Reference r = {c->body, c->scope, c->element,
                       arena_slice(c->body->memory, text + at, length),
                       attribute_part(attribute, at, length)};
        int before = c->body->failed;
        size_t errors = diag_errors(c->body->request.diag);
        Value *value = find_value(&r, r.text);
        bool unbound =
            !value && c->body->failed == before && diag_errors(c->body->request.diag) == errors;
        if (!value && !unbound)
            c->fine = false;
        else if (value || found == 0)
            connect_value(c, port, value, r.place);
        found++;
        at += length;
    }
    if (found != 1 && !(port->flags & FORNIX_MANY)) {
        diag_error(c->body->request.diag, attribute->value_place,
                   "%s '%s': %s takes one value, not %d", c->node->type->name, c->node->path,
                   port->name, found);
        c->fine = false;
    }
}

static bool connect_node(Body *body, Scope *scope, const Element *element, Node *node)
{
    Connection c = {body, scope, node, element, 0, true};
    for (const FornixPort *port = node->type->inputs; port && port->name; port++) {
        const Attribute *attribute = element_attribute(element, port->name);
        if (attribute) {
            connect_port(&c, port, attribute);
        } else if (port->flags & FORNIX_OPTIONAL) {
            if (!(port->flags & FORNIX_MANY))
                connect_value(&c, port, NULL, element->place);
        } else {
            diag_error(body->request.diag, element->place, "%s '%s' needs %s (%s)",
                       node->type->name, node->path, port->name, port->doc);
            c.fine = false;
        }
    }
    for (int i = 0; i < node->inputs && c.fine; i++) { /* an optional input of a net left open */
        const FornixPort *port = &node->type->inputs[i];
        if (!node->in[i] && !(port->flags & FORNIX_OPTIONAL)) {
            diag_error(body->request.diag, element->place, "%s '%s' needs %s (%s)",
                       node->type->name, node->path, port->name, port->doc);
            c.fine = false;
        }
    }
    return c.fine;
}

/* ---- Items ---- */

static Node *new_node(Body *body, Scope *scope, Item *item, const FornixNode *type)
{
    Node *node = arena_take(body->memory, 1, sizeof *node);
    node->id = item->id;
    node->path = arena_format(body->memory, "%s%s", scope->path, item->id);
    node->place = item->element->place;
    node->type = type;
    node->layer = type->layer;
    node->net = scope->net;
    return node;
}

static void make_outputs(Body *body, Node *node)
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

static bool build_scope(Body *body, Scope *scope)
{
    bool fine = true;
    for (int k = 0; k < scope->item_count; k++)
        fine = build_item(body, scope, &scope->items[k]) && fine;
    return fine;
}

static bool build_layer(Body *body, Scope *scope, Item *item, FornixInfer *infer)
{
    Node *node = infer->node;
    make_outputs(body, node);
    if (!infer_node(infer))
        return false;
    node->infer = infer;
    item->node = node;
    add_node(body, node);
    (void)scope;
    return true;
}

static Scope *inner_scope(Body *body, const Scope *scope, const Item *item)
{
    Scope *inside = arena_take(body->memory, 1, sizeof *inside);
    inside->path = arena_format(body->memory, "%s%s/", scope->path, item->id);
    return inside;
}

static bool build_composite(Body *body, Scope *scope, Item *item, FornixInfer *infer)
{
    Node *node = infer->node;
    const FornixNode *type = node->type;
    bool fine = type->composite->expand(infer, node->attrs) && !infer->failed;
    if (!fine && !infer->failed)
        diag_error(body->request.diag, node->place, "the plugin '%s' expands to nothing",
                   type->name);
    const char *name = arena_format(body->memory, "<%s '%s'>", type->name, node->path);
    const Element *inner =
        fine ? expand_fragment(name, text_value(&infer->emitted), body->request.diag, body->memory)
             : NULL;
    text_free(&infer->emitted);
    if (!inner)
        return false;
    Scope *inside = inner_scope(body, scope, item);
    inside->net = scope->net;
    inside->net_path = arena_format(body->memory, "%s%s/", scope->net_path, item->id);
    inside->bindings = arena_take(body->memory, (size_t)node->inputs + 1, sizeof(Binding));
    for (int i = 0; i < node->inputs; i++)
        inside->bindings[inside->binding_count++] = (Binding){type->inputs[i].name, node->in[i]};
    scope_fill(body, inside, inner);
    item->inside = inside;
    item->composite = type;
    return build_scope(body, inside);
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
    Node *node = new_node(body, scope, item, type);
    node->attrs =
        attr_read(type, item->element, body->request.resolver, body->request.diag, body->memory);
    bool fine = connect_node(body, scope, item->element, node) && node->attrs;
    if (!fine)
        return false;
    FornixInfer *infer = arena_take(body->memory, 1, sizeof *infer);
    *infer = (FornixInfer){body, scope, node, item->element, {0}, false};
    return type->layer ? build_layer(body, scope, item, infer)
                       : build_composite(body, scope, item, infer);
}

/* ---- Nets ---- */

static const NetDefinition *find_net(Body *body, const Element *use)
{
    const Attribute *net = element_attribute(use, "net");
    if (!net) {
        diag_error(body->request.diag, use->place, "<use> needs net, the net to use");
        return NULL;
    }
    const char **names =
        arena_take(body->memory, (size_t)body->request.net_count + 1, sizeof *names);
    for (int k = 0; k < body->request.net_count; k++) {
        names[k] = body->request.nets[k].name;
        if (same_word(names[k], net->value))
            return &body->request.nets[k];
    }
    const char *near = text_suggest(net->value, names, (size_t)body->request.net_count);
    diag_error_help(body->request.diag, net->value_place,
                    near ? arena_format(body->memory, "did you mean '%s'?", near) : NULL,
                    "there is no net '%s'", net->value);
    return NULL;
}

static int net_number(Body *body, const char *name, Place place)
{
    Graph *graph = &body->graph;
    int known = body_net(body, name);
    if (known >= 0)
        return known;
    if (graph->net_count == NETS_MOST) {
        diag_error(body->request.diag, place, "a stage can use at most %d nets", NETS_MOST);
        return -1;
    }
    graph->nets[graph->net_count] = (Net){.name = name, .weights = ""};
    return graph->net_count++;
}

static bool read_load(Body *body, const Element *use, Net *net)
{
    const Attribute *weights = element_attribute(use, "weights");
    const Attribute *load = element_attribute(use, "load");
    const Attribute *except = element_attribute(use, "except");
    if (!weights) {
        const Attribute *odd = load ? load : except;
        if (odd)
            diag_error(body->request.diag, odd->place,
                       "%s says how weights= is loaded, and "
                       "there is no weights=",
                       odd->name);
        return !odd;
    }
    if (*net->weights && !same_word(net->weights, weights->value)) {
        diag_error(body->request.diag, weights->value_place,
                   "net '%s' has its weights from '%s' already: all uses of a net in a stage "
                   "share one set",
                   net->name, net->weights);
        return false;
    }
    net->weights = weights->value;
    net->weights_place = weights->value_place;
    if (except)
        net->except = except->value;
    if (load && !same_word(load->value, "all") && !same_word(load->value, "matching")) {
        diag_error_help(body->request.diag, load->value_place, "'all' or 'matching'",
                        "load can't be '%s'", load->value);
        return false;
    }
    net->load_matching = load && same_word(load->value, "matching");
    return true;
}

static bool bind_input(Body *body, Scope *scope, const Element *use, Binding *binding)
{
    const Attribute *given = element_attribute(use, binding->name);
    if (!given) {
        diag_error(body->request.diag, use->place, "<use>: the net's input '%s' is not given",
                   binding->name);
        return false;
    }
    binding->value = body_value_in(body, scope, use, given);
    return binding->value != NULL;
}

static bool check_use_attributes(Body *body, const Element *use, const Scope *inside)
{
    static const char *const words[] = {"id", "net", "weights", "load", "except", "if", "doc"};
    const char **names =
        arena_take(body->memory, COUNT(words) + (size_t)inside->binding_count + 1, sizeof *names);
    size_t count = 0;
    for (int k = 0; k < inside->binding_count; k++)
        names[count++] = inside->bindings[k].name;
    for (size_t k = 0; k < COUNT(words); k++)
        names[count++] = words[k];
    bool fine = true;
    for (size_t a = 0; a < use->attribute_count; a++) {
        const Attribute *attribute = &use->attributes[a];
        bool known = false;
        for (size_t k = 0; k < count; k++)
            known = known || same_word(names[k], attribute->name);
        if (known)
            continue;
        const char *near = text_suggest(attribute->name, names, count);
        diag_error_help(body->request.diag, attribute->place,
                        near ? arena_format(body->memory, "did you mean '%s'?", near) : NULL,
                        "<use>: no attribute '%s'", attribute->name);
        fine = false;
    }
    return fine;
}

static bool build_use(Body *body, Scope *scope, Item *item)
{
    const Element *use = item->element;
    const NetDefinition *net = find_net(body, use);
    int number = net ? net_number(body, net->name, use->place) : -1;
    if (number < 0)
        return false;
    Scope *inside = inner_scope(body, scope, item);
    inside->net = number;
    inside->net_path = "";
    size_t words = 0;
    char **inputs = text_split(
        element_value(net->element, "input") ? element_value(net->element, "input") : "", &words);
    inside->bindings = arena_take(body->memory, words + 1, sizeof(Binding));
    for (size_t k = 0; k < words; k++)
        inside->bindings[inside->binding_count++] =
            (Binding){arena_text(body->memory, inputs[k]), NULL};
    text_split_free(inputs);
    bool fine = check_use_attributes(body, use, inside);
    fine = read_load(body, use, &body->graph.nets[number]) && fine;
    for (int k = 0; k < inside->binding_count; k++)
        fine = bind_input(body, scope, use, &inside->bindings[k]) && fine;
    scope_fill(body, inside, net->element);
    item->inside = inside;
    return fine && build_scope(body, inside);
}

static bool build_item(Body *body, Scope *scope, Item *item)
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
    bool is_use = same_word(item->element->name, "use");
    body->depth += is_use;
    bool fine = is_use ? build_use(body, scope, item) : build_node(body, scope, item);
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
    body->graph.nets = arena_take(body->memory, NETS_MOST, sizeof(Net));
    size_t columns = (size_t)request->column_count + 1;
    body->graph.columns = arena_take(body->memory, columns, sizeof(Value *));
    body->graph.column_names = arena_take(body->memory, columns, sizeof(char *));
    body->scope = arena_take(body->memory, 1, sizeof(Scope));
    *body->scope = (Scope){.path = "", .net = -1, .net_path = "", .is_body = true};
    scope_fill(body, body->scope, request->body);
    build_scope(body, body->scope);
    list_readers(body);
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

static Value *body_value_in(Body *body, Scope *scope, const Element *from,
                            const Attribute *attribute)
{
    Reference r = {body, scope, from, attribute->value, attribute->value_place};
    return find_value(&r, attribute->value);
}

Value *body_value(Body *body, const Element *from, const Attribute *attribute)
{
    return body_value_in(body, body->scope, from, attribute);
}

Value *body_value_part(Body *body, const Element *from, const Attribute *attribute, size_t offset,
                       size_t length)
{
    const char *text = arena_slice(body->memory, attribute->value + offset, length);
    Reference r = {body, body->scope, from, text, attribute_part(attribute, offset, length)};
    return find_value(&r, text);
}

int body_net(const Body *body, const char *name)
{
    for (int k = 0; k < body->graph.net_count; k++)
        if (same_word(body->graph.nets[k].name, name))
            return k;
    return -1;
}
