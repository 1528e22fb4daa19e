/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A composite: the nodes that it emits, in a scope of their own.
 *
 * Nobody wrote the emitted text, so what is wrong in it is told at what was written: each emitted
 * attribute takes the place of the one it stems from, each emitted element that of the composite,
 * and its own place in the emitted text comes behind as a note.
 */
#include <string.h>

#include "infer_parts.h"
#include "scene.h"

static const char emitted_from[] = "from"; /* see node.h */

static bool is_one_of(const char *word, size_t length, const char *name)
{
    return strlen(name) == length && memcmp(word, name, length) == 0;
}

/* The composite's attribute for the first of its inputs among the words of a value. */
static const Attribute *input_named(const FornixInfer *infer, const char *text)
{
    for (size_t length; *(text += strspn(text, " ")); text += length) {
        length = strcspn(text, " ");
        for (const FornixPort *port = infer->node->type->inputs; port && port->name; port++)
            if (is_one_of(text, length, port->name))
                return element_attribute(infer->element, port->name);
    }
    return NULL;
}

static const Attribute *setting_named(const FornixInfer *infer, const char *word, size_t length)
{
    for (const FornixAttr *attr = infer->node->type->attrs; attr && attr->name; attr++)
        if (is_one_of(word, length, attr->name))
            return element_attribute(infer->element, attr->name);
    return NULL;
}

/* The first of those that the element says to be emitted for. */
static const Attribute *setting_told(const FornixInfer *infer, const Element *element)
{
    const char *from = element_value(element, emitted_from);
    const Attribute *found = NULL;
    for (size_t length; from && !found && *(from += strspn(from, " ")); from += length) {
        length = strcspn(from, " ");
        found = setting_named(infer, from, length);
    }
    return found;
}

/* The place of what the user wrote for which an attribute was emitted. */
static Place place_written(const FornixInfer *infer, const Attribute *attribute, Place otherwise)
{
    const Attribute *origin = input_named(infer, attribute->value);
    if (!origin)
        origin = setting_named(infer, attribute->name, strlen(attribute->name));
    return origin ? origin->value_place : otherwise;
}

/* The place of what the user wrote, leading on to that of what was emitted. */
static Place place_behind(Arena *arena, Place written, Place emitted, const char *why)
{
    Trail *trail = arena_take(arena, 1, sizeof *trail);
    emitted.trail = written.trail;
    *trail = (Trail){why, emitted};
    written.trail = trail;
    return written;
}

static void element_place(const FornixInfer *infer, Element *element, const char *why)
{
    Arena *arena = infer->body->memory;
    const Attribute *told = setting_told(infer, element);
    Place otherwise = told ? told->value_place : infer->element->place;
    size_t kept = 0;
    for (size_t k = 0; k < element->attribute_count; k++) {
        Attribute attribute = element->attributes[k];
        if (strcmp(attribute.name, emitted_from) == 0)
            continue;
        Place written = place_written(infer, &attribute, otherwise);
        attribute.place = place_behind(arena, written, attribute.place, why);
        attribute.value_place = place_behind(arena, written, attribute.value_place, why);
        attribute.made = true; /* a part of it is no part of what was written */
        element->attributes[kept++] = attribute;
    }
    element->attribute_count = kept;
    element->place = place_behind(arena, otherwise, element->place, why);
}

Element *body_emitted(FornixInfer *infer, const char *name, const char *why)
{
    Body *body = infer->body;
    Element *inner =
        expand_fragment(name, text_value(&infer->emitted), body->request.diag, body->memory);
    text_free(&infer->emitted);
    for (Element *e = inner ? inner->first : NULL; e; e = e->next)
        element_place(infer, e, why);
    return inner;
}

/* The nodes that the composite stands for; NULL after a mistake. */
static Element *expand_composite(FornixInfer *infer)
{
    Body *body = infer->body;
    const Node *node = infer->node;
    const char *name = arena_format(body->memory, "<%s '%s'>", node->type->name, node->path);
    const char *why = arena_format(body->memory, "made by %s '%s'", node->type->name, node->path);
    Element *inner = NULL;
    Scene scene = {node->type, node->path, "in expand", node->place};
    const Scene *before = scene_enter(&scene);
    bool fine = node->type->composite->expand(infer, node->attrs);
    scene_leave(before);
    if (fine && !infer->failed)
        inner = body_emitted(infer, name, why);
    text_free(&infer->emitted);
    if (!inner && !infer->failed)
        diag_error(body->request.diag, node->place, "the plugin '%s' is wrong: it emits no nodes",
                   node->type->name);
    return inner;
}

bool body_build_composite(Body *body, Scope *scope, Item *item, FornixInfer *infer)
{
    Node *node = infer->node;
    const Element *inner = expand_composite(infer);
    if (!inner)
        return false;
    Scope *inside = scope_inside(body, scope, item);
    inside->net = scope->net;
    inside->net_path = arena_format(body->memory, "%s%s/", scope->net_path, item->id);
    inside->bindings = arena_take(body->memory, (size_t)node->inputs + 1, sizeof(Binding));
    for (int i = 0; i < node->inputs; i++)
        inside->bindings[inside->binding_count++] =
            (Binding){node->type->inputs[i].name, node->in[i]};
    scope_fill(body, inside, inner);
    item->inside = inside;
    item->composite = node->type;
    return body_build_scope(body, inside);
}
