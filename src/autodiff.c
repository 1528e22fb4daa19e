/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "autodiff.h"

static bool flows_into(const Node *node, int input, uint64_t nets)
{
    const Value *value = node->in[input];
    return value && (value->nets & nets) && !is_direction(value) &&
           !(node_input_flags(node, input) & FORNIX_NO_GRAD);
}

static bool owns_trained_weights(const Node *node, uint64_t nets)
{
    return node->weight_count > 0 && node->net >= 0 && (nets >> node->net & 1);
}

/* The slopes of a <gradient> are those of what its twins give, which comes to them here: nodes that
 * read it stand behind them. */
static void trace_twins(const Node *node, Gradients *g)
{
    if (node->gradient && g->value[node->gradient->out[0]->index])
        g->value[node->gradient->derivative->along->index] = true;
}

static bool trace_node(const Node *node, uint64_t nets, Place place, Diag *diag, Gradients *g)
{
    bool any = false;
    trace_twins(node, g);
    for (int o = 0; o < node->outputs; o++)
        any = any || g->value[node->out[o]->index];
    if (!any || node->derivative)
        return true;
    bool below = owns_trained_weights(node, nets);
    for (int i = 0; i < node->inputs; i++)
        below = below || flows_into(node, i, nets);
    if (!below)
        return true;
    if (!node->layer->backward) {
        diag_error(diag, node->place, "%s '%s' has no gradient, but this update trains through it",
                   node->type->name, node->path);
        diag_warn(diag, place, "this is the update that trains through '%s'", node->path);
        return false;
    }
    g->node[node->index] = true;
    for (int i = 0; i < node->inputs; i++)
        if (flows_into(node, i, nets))
            g->value[node->in[i]->index] = true;
    for (int k = 0; k < node->weight_count && owns_trained_weights(node, nets); k++)
        if (node->weight_values && node->weight_values[k])
            g->value[node->weight_values[k]->index] = true;
    return true;
}

bool autodiff_trace(const Graph *graph, const Value *loss, uint64_t nets, Place place, Diag *diag,
                    Arena *arena, Gradients *gradients)
{
    gradients->value = arena_take(arena, (size_t)graph->value_count + 1, sizeof(bool));
    gradients->node = arena_take(arena, (size_t)graph->node_count + 1, sizeof(bool));
    gradients->nets = nets;
    gradients->value[loss->index] = (loss->nets & nets) != 0;
    bool fine = true;
    for (int k = graph->node_count - 1; k >= 0; k--)
        fine = trace_node(graph->nodes[k], nets, place, diag, gradients) && fine;

    uint64_t reached = 0;
    for (int k = 0; k < graph->node_count; k++)
        if (gradients->node[k] && owns_trained_weights(graph->nodes[k], nets))
            reached |= (uint64_t)1 << graph->nodes[k]->net;
    for (int k = 0; k < graph->net_count && fine; k++)
        if ((nets & ~reached) >> k & 1) {
            diag_error(diag, place, "'%s' does not depend on the weights of net '%s'", loss->path,
                       graph->nets[k].name);
            fine = false;
        }
    return fine;
}
