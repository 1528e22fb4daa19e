/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A node's inputs: each port with what its attribute refers to, of a kind that it takes. */
#include <string.h>

#include "infer_parts.h"

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
        Value *value = reference_value(&r, r.text);
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

bool body_connect(Body *body, Scope *scope, const Element *element, Node *node)
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
            if (!element->faulty)
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
