/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a reference in an attribute stands for: "seg/bottleneck", "a.image", "batch.image". */
#include <string.h>

#include "infer_parts.h"
#include "mend.h"

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

/* The net of a <use>, where it is known. */
static const Element *item_net(const Body *body, const Item *item)
{
    const char *net =
        strcmp(item->element->name, "use") == 0 ? element_value(item->element, "net") : NULL;
    for (int k = 0; net && k < body->request.net_count; k++)
        if (strcmp(body->request.nets[k].name, net) == 0)
            return body->request.nets[k].element;
    return NULL;
}

/* Whether what follows the id can be read from the item: a use only by what is inside. */
static bool item_gives(const Body *body, const Item *item, const char *rest)
{
    bool use = strcmp(item->element->name, "use") == 0;
    if (*rest != '/' || !use || !element_value(item->element, "net"))
        return use == (*rest == '/');
    const Element *net = item_net(body, item);
    const char *id = arena_slice(body->memory, rest + 1, strcspn(rest + 1, "/."));
    return net && element_child(net, id);
}

/* The whole reference as it was probably meant, where its part `id` before `rest` is unknown. */
static const char *suggest_id(const Reference *r, const char *part, const char *id)
{
    enum { IDLE, GIVES, ANY, TIERS };
    const Scope *scope = r->scope;
    const char *rest = part + strlen(id);
    size_t most = (size_t)(TIERS * scope->item_count + scope->binding_count) + 1, count = 0;
    const Element *around = r->from ? r->from->parent : NULL;
    for (const Element *absent = around ? around->absent : NULL; absent; absent = absent->next)
        most++;
    const char **names = arena_take(r->body->memory, most, sizeof *names);
    for (const Element *absent = around ? around->absent : NULL; absent; absent = absent->next)
        names[count++] = absent->id;
    if (scope->is_body && *rest == '.')
        names[count++] = r->body->request.prefix;
    for (int k = 0; k < scope->binding_count && !*rest; k++)
        names[count++] = scope->bindings[k].name;
    for (int tier = IDLE; tier < TIERS; tier++)
        for (int k = 0; k < scope->item_count; k++) {
            const Item *item = &scope->items[k];
            bool fits = tier == ANY || item_gives(r->body, item, rest);
            if (fits && (tier != IDLE || element_idle(item->element)))
                names[count++] = item->id;
        }
    const char *near = text_suggest(id, names, count);
    return near ? arena_format(r->body->memory, "did you mean '%.*s%s%s'?", (int)(part - r->text),
                               r->text, near, rest)
                : NULL;
}

/* The nearest of all whole references: a column, or a node in a net ("clogits": 'c/logits'). */
static const char *suggest_whole(const Reference *r, int *typos)
{
    const Body *body = r->body;
    const Scope *scope = body->scope;
    Arena *memory = body->memory;
    size_t most = (size_t)body->request.column_count, count = 0;
    for (int k = 0; k < scope->item_count; k++) {
        const Element *net = item_net(body, &scope->items[k]);
        most += net ? net->child_count : 0;
    }
    const char **names = arena_take(memory, most, sizeof *names);
    for (int k = 0; k < body->request.column_count; k++)
        names[count++] =
            arena_format(memory, "%s.%s", body->request.prefix, body->request.columns[k].name);
    for (int k = 0; k < scope->item_count; k++) {
        const Element *net = item_net(body, &scope->items[k]);
        for (const Element *e = net ? net->first : NULL; e; e = e->next)
            if (e->id)
                names[count++] = arena_format(memory, "%s/%s", scope->items[k].id, e->id);
    }
    const char *near = text_suggest(r->text, names, count);
    *typos = near ? text_distance(r->text, near) : 0;
    return near ? arena_format(memory, "did you mean '%s'?", near) : NULL;
}

/* Whether all words of a text, and more than one, are ids of the scope. */
static bool are_ids(void *context, const char *text)
{
    Scope *scope = context;
    size_t count;
    char **words = text_split(text, &count);
    bool known = count > 1;
    for (size_t k = 0; k < count && known; k++)
        known = scope_item(scope, words[k]) != NULL;
    text_split_free(words);
    return known;
}

/* What a reference that nothing answers to was probably meant to be. */
static const char *suggest(const Reference *r, const char *part, const char *id)
{
    static const char *const blank[] = {" ", NULL};
    int typos;
    const char *whole = suggest_whole(r, &typos);
    if (whole && typos == 1)
        return whole;
    const Mend mend = {are_ids, r->scope, blank, 0};
    const char *help = r->from ? mend_help(r->text, &mend, r->body->memory) : NULL;
    if (!help)
        help = suggest_id(r, part, id);
    return help ? help : whole;
}

/* After a mistake was told: also where it was told before, of another use of the same net. */
static Value *mistaken(const Reference *r)
{
    r->body->failed++;
    return NULL;
}

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
    return mistaken(r);
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
    return mistaken(r);
}

static Value *composite_output(Reference *r, const Item *item, const char *port)
{
    if (!port)
        port = item->composite->outputs[0].name;
    Reference inside = {r->body, item->inside, NULL, r->text, r->place};
    for (const FornixPort *p = item->composite->outputs; p->name; p++)
        if (strcmp(p->name, port) == 0)
            return reference_value(&inside, port);
    diag_error(r->body->request.diag, r->place, "%s '%s' has no output '%s'", item->composite->name,
               item->id, port);
    return mistaken(r);
}

static Value *use_output(Reference *r, const Item *item)
{
    const Scope *inside = item->inside;
    const char *last = inside->item_count ? inside->items[inside->item_count - 1].id : "its node";
    diag_error_help(r->body->request.diag, r->place,
                    arena_format(r->body->memory, "for instance '%s/%s'", item->id, last),
                    "'%s' is a whole net: name one of its nodes", item->id);
    return mistaken(r);
}

/* One that its own if= dropped is not connected, which an optional port can bear. */
static Value *unknown_id(Reference *r, const char *part, const char *id)
{
    if (r->from && element_absent(r->from, id))
        return NULL;
    diag_error_help(
        r->body->request.diag, r->place, suggest(r, part, id),
        r->scope->is_body ? "nothing here has the id '%s'" : "nothing in here has the id '%s'", id);
    return mistaken(r);
}

/* What follows an item's id: "", "/inner" or ".port". */
static Value *item_value(Reference *r, Item *item, const char *rest)
{
    if (!body_build_item(r->body, r->scope, item)) {
        r->body->failed++; /* its own mistake was told: not one of whoever reads it */
        return NULL;
    }
    if (*rest == '/') {
        if (!item->inside) {
            diag_error(r->body->request.diag, r->place,
                       "'%s' is a %s: there is nothing inside to enter with '/'", item->id,
                       item->node->type->name);
            return mistaken(r);
        }
        Reference inside = {r->body, item->inside, NULL, r->text, r->place};
        return reference_value(&inside, rest + 1);
    }
    const char *port = *rest == '.' ? rest + 1 : NULL;
    if (item->node)
        return node_output(r, item, port);
    return item->composite ? composite_output(r, item, port) : use_output(r, item);
}

Value *reference_value(Reference *r, const char *text)
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
    return item ? item_value(r, item, rest) : unknown_id(r, text, id);
}

Value *body_value_in(Body *body, Scope *scope, const Element *from, const Attribute *attribute)
{
    Reference r = {body, scope, from, attribute->value, attribute->value_place};
    return reference_value(&r, attribute->value);
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
    return reference_value(&r, text);
}
