/* SPDX-License-Identifier: GPL-3.0-or-later */
/* <net spectral="yes">: between each matrix of the net and the nodes that use it stands a node of
 * the engine's, one for all uses, that divides it by its largest singular value. */
#include <math.h>
#include <string.h>

#include "infer_parts.h"
#include "kernels/spectral.h"

enum { U, V, SIGMA }; /* what is saved */

static int64_t rows_of(FornixShape s)
{
    return s.n * s.d * s.h * s.w;
}

static FornixShape vector_of(int64_t floats)
{
    return (FornixShape){1, 1, 1, 1, floats};
}

static bool infer(FornixInfer *infer, const void *attrs)
{
    const FornixShape *shape = attrs;
    int64_t rows = rows_of(*shape), columns = shape->c;
    fornix_output(infer, 0, *shape);
    fornix_weight(infer, 0, "weight", *shape, (FornixInit){FORNIX_CONSTANT, 0});
    fornix_state(infer, 0, "spectral", vector_of(rows), 1 / sqrt((double)rows));
    fornix_saved(infer, vector_of(columns));
    fornix_saved(infer, vector_of(rows));
    fornix_saved(infer, vector_of(1));
    fornix_scratch(infer, FORNIX_FORWARD, spectral_scratch(rows, columns));
    fornix_scratch(infer, FORNIX_BACKWARD, spectral_scratch(rows, columns));
    for (int p = 0; p < SPECTRAL_FORWARD; p++)
        fornix_pass(infer, FORNIX_FORWARD, spectral_forward_grains(rows, columns, p),
                    FORNIX_ALWAYS);
    for (int p = 0; p < SPECTRAL_BACKWARD; p++)
        fornix_pass(infer, FORNIX_BACKWARD, spectral_backward_grains(rows, columns, p),
                    FORNIX_FOR_WEIGHT);
    fornix_pass(infer, FORNIX_KEEP, 1, FORNIX_ALWAYS);
    fornix_flops(infer, FORNIX_FORWARD, 5.0 * (double)fornix_floats(*shape));
    fornix_flops(infer, FORNIX_BACKWARD, 5.0 * (double)fornix_floats(*shape));
    return true;
}

static Spectral bind(const FornixStep *step)
{
    FornixShape shape = step->weight[0].shape;
    return (Spectral){.rows = rows_of(shape),
                      .columns = shape.c,
                      .weight = step->weight[0].data,
                      .start = step->state[0].data,
                      .u = step->saved[U].data,
                      .v = step->saved[V].data,
                      .value = step->saved[SIGMA].data,
                      .scratch = step->scratch};
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    (void)attrs;
    Spectral spectral = bind(step);
    spectral.y = step->out[0].data;
    spectral_forward(&spectral, pass, begin, end);
}

static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                     int64_t end)
{
    (void)attrs;
    Spectral spectral = bind(step);
    spectral.dy = step->dout[0].data;
    spectral.dweight = step->dweight[0].data;
    spectral_backward(&spectral, pass, begin, end);
}

static void keep(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    (void)attrs, (void)pass, (void)begin, (void)end;
    const FornixTensor *v = &step->saved[V];
    if (step->training && !step->frozen)
        memcpy(step->new_state[0].data, v->data, (size_t)fornix_floats(v->shape) * sizeof(float));
}

static const FornixPort outputs[] = {{"y", FORNIX_FEATURE, 0, "the weight that is used"}, {0}};
static const FornixLayer layer = {
    .infer = infer, .forward = forward, .backward = backward, .keep = keep};
static const FornixNode spectral_node = {.abi = FORNIX_ABI,
                                         .name = "spectral_norm",
                                         .doc = "A weight over its largest singular value.",
                                         .outputs = outputs,
                                         .layer = &layer};

static bool is_matrix(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && strcmp(dot, ".weight") == 0;
}

static Value *build(FornixInfer *user, const Parameter *weight)
{
    Body *body = user->body;
    const Node *owner = user->node->twin ? user->node->twin : user->node;
    FornixShape *shape = arena_take(body->memory, 1, sizeof *shape);
    Node *node = arena_take(body->memory, 1, sizeof *node);
    *shape = weight->shape;
    *node = (Node){.id = "spectral",
                   .path = arena_format(body->memory, "%s.spectral", user->node->path),
                   .place = owner->place,
                   .type = &spectral_node,
                   .layer = &layer,
                   .attrs = shape,
                   .net = owner->net,
                   .twin = owner};
    FornixInfer *made = arena_take(body->memory, 1, sizeof *made);
    *made =
        (FornixInfer){.body = body, .scope = user->scope, .node = node, .element = user->element};
    node->infer = made;
    body_make_outputs(body, node);
    if (!infer_node(made)) {
        user->failed = true;
        return NULL;
    }
    body_add_node(body, node);
    return node->out[0];
}

Value *body_weight_value(FornixInfer *infer, Parameter *weight)
{
    const Graph *graph = &infer->body->graph;
    if (!graph->nets[weight->net].spectral || infer->node->type == &spectral_node ||
        !is_matrix(weight->name))
        return NULL;
    for (int n = 0; n < graph->node_count; n++)
        if (graph->nodes[n]->type == &spectral_node && graph->nodes[n]->weights[0] == weight)
            return graph->nodes[n]->out[0];
    return build(infer, weight);
}
