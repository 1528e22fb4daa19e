/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a node's infer and expand see and say: the FornixInfer functions of node.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "infer_parts.h"
#include "scene.h"

enum { FLOATS_MOST_LOG2 = 40 };

int fornix_inputs(const FornixInfer *infer)
{
    return infer->node->inputs;
}

int64_t fornix_batch(const FornixInfer *infer)
{
    return infer->body->graph.batch;
}

FornixWinograd fornix_winograd(const FornixInfer *infer)
{
    return infer->body->graph.winograd;
}

bool fornix_has_input(const FornixInfer *infer, int input)
{
    return input >= 0 && input < infer->node->inputs && infer->node->in[input];
}

FornixShape fornix_input(const FornixInfer *infer, int input)
{
    return fornix_has_input(infer, input) ? infer->node->in[input]->shape : (FornixShape){0};
}

unsigned fornix_input_kind(const FornixInfer *infer, int input)
{
    return fornix_has_input(infer, input) ? infer->node->in[input]->kind : 0;
}

int64_t fornix_input_classes(const FornixInfer *infer, int input)
{
    return fornix_has_input(infer, input) ? infer->node->in[input]->classes : 0;
}

/* A mistake of the plugin's author, told like one of the user's: there's no other place for it. */
static void plugin_mistake(FornixInfer *infer, const char *what)
{
    infer->failed = true;
    diag_error(infer->body->request.diag, infer->node->place, "the plugin '%s' is wrong: %s",
               infer->node->type->name, what);
}

static bool shape_fits(FornixShape s)
{
    int64_t sizes[] = {s.n, s.d, s.h, s.w, s.c}, all = 1;
    for (size_t k = 0; k < COUNT(sizes); k++)
        if (sizes[k] < 1 || !size_multiply(all, sizes[k], &all))
            return false;
    return all <= (int64_t)1 << FLOATS_MOST_LOG2;
}

static void *grow(Arena *arena, void *old, int count, size_t size)
{
    if (count & (count - 1))
        return old; /* room doubles at powers of two */
    void *new = arena_take(arena, count ? 2 * (size_t)count : 1, size);
    if (count)
        memcpy(new, old, (size_t)count * size);
    return new;
}

void fornix_output(FornixInfer *infer, int output, FornixShape shape)
{
    if (output < 0 || output >= infer->node->outputs) {
        plugin_mistake(infer, "it gives a shape to an output that it has not");
        return;
    }
    if (!shape_fits(shape)) {
        infer->failed = true;
        diag_error(infer->body->request.diag, infer->node->place,
                   "%s '%s': its output would be %s, which no tensor can be",
                   infer->node->type->name, infer->node->path,
                   shape_text(infer->body->memory, shape));
        return;
    }
    infer->node->out[output]->shape = shape;
}

void fornix_output_kind(FornixInfer *infer, int output, unsigned kind)
{
    infer->node->out[output]->kind = kind;
}

void fornix_output_classes(FornixInfer *infer, int output, int64_t classes)
{
    infer->node->out[output]->classes = classes;
}

/* A fused node's weights are those of its parts, which are there already. */
static Parameter *part_parameter(FornixInfer *infer, int part, const char *full)
{
    Parameter *parameter = body_find_parameter(infer->body, full);
    if (parameter)
        return parameter;
    const FornixNode *type = infer->node->parts[part]->type;
    plugin_mistake(infer,
                   arena_format(infer->body->memory, "it names a weight '%s' that '%s' has not",
                                full, type->name));
    return NULL;
}

/* The node whose weight it is. */
static const Node *owner_of(FornixInfer *infer, int part)
{
    const Node *node = infer->node;
    if (!node->parts)
        return node->twin ? node->twin : node;
    if (part >= 0 && part < node->part_count)
        return node->parts[part];
    plugin_mistake(infer, "it names a weight of a node that it does not replace");
    return NULL;
}

static Parameter *declare(FornixInfer *infer, int part, const char *name, FornixShape shape)
{
    const Node *node = infer->node, *owner = owner_of(infer, part);
    if (!owner)
        return NULL;
    if (node->net < 0) {
        infer->failed = true;
        diag_error(infer->body->request.diag, node->place,
                   "%s '%s' has weights, and only nets own weights: put it into a <net>",
                   node->type->name, node->path);
        return NULL;
    }
    if (!shape_fits(shape)) {
        infer->failed = true;
        diag_error(infer->body->request.diag, node->place,
                   "%s '%s': its weight would be %s, which no tensor can be", node->type->name,
                   node->path, shape_text(infer->body->memory, shape));
        return NULL;
    }
    const char *full = arena_format(
        infer->body->memory, "%s/%s%s.%s", infer->body->graph.nets[node->net].name,
        owner == node ? infer->scope->net_path : owner->infer->scope->net_path, owner->id, name);
    Parameter *parameter = node->parts
                               ? part_parameter(infer, part, full)
                               : body_add_parameter(infer->body, (Parameter){.name = full,
                                                                             .type = node->type,
                                                                             .net = node->net,
                                                                             .shape = shape,
                                                                             .place = node->place});
    if (!parameter)
        return NULL;
    if (!shape_equal(parameter->shape, shape)) {
        infer->failed = true;
        diag_error(infer->body->request.diag, node->place,
                   "'%s' would be %s here, but it is %s where net '%s' is used before", full,
                   shape_text(infer->body->memory, shape),
                   shape_text(infer->body->memory, parameter->shape),
                   infer->body->graph.nets[node->net].name);
        return NULL;
    }
    return parameter;
}

void fornix_weight(FornixInfer *infer, int part, const char *name, FornixShape shape,
                   FornixInit init)
{
    Node *node = infer->node;
    Parameter *parameter = declare(infer, part, name, shape);
    if (!parameter)
        return;
    Arena *memory = infer->body->memory;
    Value *value = node->parts ? NULL : body_weight_value(infer, parameter);
    if (!node->parts)
        parameter->init = init;
    node->weights = grow(memory, node->weights, node->weight_count, sizeof(Parameter *));
    node->weight_values = grow(memory, node->weight_values, node->weight_count, sizeof(Value *));
    node->weight_values[node->weight_count] = value;
    node->weights[node->weight_count++] = parameter;
}

void fornix_state(FornixInfer *infer, int part, const char *name, FornixShape shape, double start)
{
    Node *node = infer->node;
    Parameter *parameter = declare(infer, part, name, shape);
    if (!parameter)
        return;
    if (!node->parts)
        parameter->init = (FornixInit){FORNIX_CONSTANT, start};
    parameter->kept = true;
    node->states = grow(infer->body->memory, node->states, node->state_count, sizeof(Parameter *));
    node->states[node->state_count++] = parameter;
}

void fornix_saved(FornixInfer *infer, FornixShape shape)
{
    Node *node = infer->node;
    if (!shape_fits(shape)) {
        plugin_mistake(infer, "it asks for a saved tensor of an impossible size");
        return;
    }
    node->saved = grow(infer->body->memory, node->saved, node->saved_count, sizeof(FornixShape));
    node->saved[node->saved_count++] = shape;
}

void fornix_scratch(FornixInfer *infer, FornixPhase phase, int64_t floats)
{
    if (floats < 0 || floats > (int64_t)1 << FLOATS_MOST_LOG2)
        plugin_mistake(infer, "it asks for scratch of an impossible size");
    else
        infer->node->phase[phase].scratch = floats;
}

void fornix_pass(FornixInfer *infer, FornixPhase phase, int64_t grains, FornixNeed need)
{
    Phase *p = &infer->node->phase[phase];
    if (p->count == PASSES_MOST || grains < 0)
        plugin_mistake(infer, "it declares too many passes, or a negative number of grains");
    else
        p->passes[p->count++] = (Pass){grains, need};
}

void fornix_flops(FornixInfer *infer, FornixPhase phase, double flops)
{
    infer->node->phase[phase].flops = flops;
}

static void add_share(FornixInfer *infer, Share share)
{
    Node *node = infer->node;
    if (share.input >= node->inputs || !node->in[share.input])
        return;
    node->shares = grow(infer->body->memory, node->shares, node->share_count, sizeof(Share));
    node->shares[node->share_count++] = share;
}

void fornix_in_place(FornixInfer *infer, int output, int input)
{
    add_share(infer, (Share){SHARE_IN_PLACE, input, output, 0});
}

void fornix_same_memory(FornixInfer *infer, int output, int input)
{
    add_share(infer, (Share){SHARE_SAME, input, output, 0});
}

void fornix_part_of(FornixInfer *infer, int input, int output, int64_t channel)
{
    add_share(infer, (Share){SHARE_PART, input, output, channel});
}

void fornix_gradient_in_place(FornixInfer *infer, int input)
{
    add_share(infer, (Share){SHARE_GRADIENT, input, 0, 0});
}

void fornix_gradient_adds(FornixInfer *infer, int input)
{
    if (input < 0 || input >= 16)
        plugin_mistake(infer, "it adds to the gradient of an input that it has not, or from the "
                              "16th on");
    else
        infer->node->adds |= (uint16_t)(1u << input);
}

void fornix_no_gradient(FornixInfer *infer, int input)
{
    if (input < 0 || input >= 64)
        plugin_mistake(infer, "it speaks of the gradient of an input that it has not");
    else
        infer->node->no_gradients |= (uint64_t)1 << input;
}

bool fornix_infer_fail(FornixInfer *infer, const char *where, const char *format, ...)
{
    char text[700];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const Attribute *attribute = where ? element_attribute(infer->element, where) : NULL;
    diag_error(infer->body->request.diag, attribute ? attribute->value_place : infer->node->place,
               "%s '%s': %s", infer->node->type->name, infer->node->path, text);
    infer->failed = true;
    return false;
}

void fornix_emit(FornixInfer *infer, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length > 0) {
        char *text = mem_new((size_t)length + 1, 1);
        vsnprintf(text, (size_t)length + 1, format, again);
        text_add(&infer->emitted, text);
        mem_free(text);
    }
    va_end(again);
}

bool fornix_has_tangent(const FornixInfer *infer, int input)
{
    return infer->tangents && input >= 0 && input < infer->node->inputs && infer->tangents[input];
}

static bool check_inferred(FornixInfer *infer)
{
    Node *node = infer->node;
    for (int o = 0; o < node->outputs && !infer->failed; o++)
        if (node->out[o]->shape.n < 1)
            plugin_mistake(infer, "it gives an output no shape");
    if (!infer->failed && node->phase[FORNIX_FORWARD].count == 0)
        plugin_mistake(infer, "it declares no forward pass");
    return !infer->failed;
}

bool infer_node(FornixInfer *infer)
{
    Node *node = infer->node;
    Scene scene = {node->type, node->path, "in infer", node->place};
    const Scene *before = scene_enter(&scene);
    bool fine = node->layer->infer(infer, node->attrs);
    scene_leave(before);
    if (!fine && !infer->failed)
        plugin_mistake(infer, "its infer fails without a word");
    if (!fine || !check_inferred(infer))
        return false;
    uint64_t nets = node->weight_count + node->state_count > 0 ? (uint64_t)1 << node->net : 0;
    for (int i = 0; i < node->inputs; i++)
        if (node->in[i])
            nets |= node->in[i]->nets;
    for (int o = 0; o < node->outputs; o++)
        node->out[o]->nets = nets;
    return true;
}
