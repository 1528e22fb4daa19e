/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The steps of a plan, node by node: forward, backward, sums of gradients, and gradients as values.
 */
#include "plan_writer.h"

void *writer_take(const Writer *w, int count, size_t size)
{
    return arena_take(w->plan->memory, (size_t)count + 1, size);
}

int writer_tensor(Writer *w, TensorHome home, FornixShape shape, int number)
{
    Plan *plan = w->plan;
    if (plan->tensor_count == plan->tensor_room) {
        plan->tensor_room = plan->tensor_room ? 2 * plan->tensor_room : 256;
        plan->tensors = mem_grow(plan->tensors, (size_t)plan->tensor_room, sizeof *plan->tensors);
    }
    plan->tensors[plan->tensor_count] =
        (PlanTensor){.home = home, .shape = shape, .number = number, .group = -1};
    return plan->tensor_count++;
}

int writer_arena(Writer *w, FornixShape shape)
{
    return writer_tensor(w, TENSOR_ARENA, shape, 0);
}

PlanStep *writer_step(Writer *w, StepKind kind, int update)
{
    Plan *plan = w->plan;
    if (plan->step_count == plan->step_room) {
        plan->step_room = plan->step_room ? 2 * plan->step_room : 256;
        plan->steps = mem_grow(plan->steps, (size_t)plan->step_room, sizeof(PlanStep *));
    }
    PlanStep *step = arena_take(plan->memory, 1, sizeof *step);
    step->kind = kind;
    step->update = update;
    step->scratch = -1;
    plan->steps[plan->step_count++] = step;
    return step;
}

void writer_use(Writer *w, int tensor, bool writes, bool pitched)
{
    Plan *plan = w->plan;
    if (tensor < 0)
        return;
    if (plan->use_count == plan->use_room) {
        plan->use_room = plan->use_room ? 2 * plan->use_room : 1024;
        plan->uses = mem_grow(plan->uses, (size_t)plan->use_room, sizeof *plan->uses);
    }
    plan->uses[plan->use_count++] = (PlanUse){plan->step_count - 1, tensor, writes, pitched};
}

int *writer_none(const Writer *w, int count)
{
    int *tensors = writer_take(w, count, sizeof(int));
    for (int k = 0; k < count; k++)
        tensors[k] = -1;
    return tensors;
}

static bool pitched_input(const Node *node, int input)
{
    return node_input_flags(node, input) & FORNIX_PITCHED;
}

static bool pitched_output(const Node *node, int output)
{
    return node_output_flags(node, output) & FORNIX_PITCHED;
}

/* Scratch and passes of a phase; those that make nothing wanted are left out. */
static void step_passes(Writer *w, PlanStep *step, bool for_input, bool for_weight)
{
    const Phase *phase = &step->node->phase[step->phase];
    if (phase->scratch > 0) {
        step->scratch = writer_arena(w, (FornixShape){1, 1, 1, 1, phase->scratch});
        writer_use(w, step->scratch, true, false);
    }
    for (int k = 0; k < phase->count; k++) {
        FornixNeed need = phase->passes[k].need;
        if ((need == FORNIX_FOR_INPUT && !for_input) || (need == FORNIX_FOR_WEIGHT && !for_weight))
            continue;
        step->grains[step->passes] = phase->passes[k].grains;
        step->number[step->passes++] = k;
    }
}

/* What stands in for a weight; NULL: nothing. */
static const Value *weight_value(const Node *node, int weight)
{
    return node->weight_values ? node->weight_values[weight] : NULL;
}

static PlanStep *node_step(Writer *w, const Node *node, FornixPhase phase, int update)
{
    PlanStep *step = writer_step(w, STEP_NODE, update);
    step->node = node;
    step->phase = phase;
    step->drawn = w->drawn[node->twin ? node->twin->index : node->index];
    step->in = writer_none(w, node->inputs);
    step->out = writer_none(w, node->outputs);
    step->saved = writer_none(w, node->saved_count);
    step->weight = writer_none(w, node->weight_count);
    step->state = writer_none(w, node->state_count);
    step->new_state = writer_none(w, node->state_count);
    step->dout = writer_none(w, node->outputs);
    step->din = writer_none(w, node->inputs);
    step->dweight = writer_none(w, node->weight_count);
    for (int k = 0; k < node->weight_count; k++) {
        const Value *value = weight_value(node, k);
        step->weight[k] = value ? w->current[value->index] : w->parameter[node->weights[k]->index];
        writer_use(w, step->weight[k], false, false);
    }
    for (int k = 0; k < node->state_count; k++)
        writer_use(w, step->state[k] = w->parameter[node->states[k]->index], false, false);
    return step;
}

static bool is_trained(const Writer *w, const Node *node)
{
    return node->net >= 0 && (w->plan->request.trained >> node->net & 1);
}

static void write_keep(Writer *w, const Node *node, int update)
{
    PlanStep *step = node_step(w, node, FORNIX_KEEP, update);
    for (int k = 0; k < node->saved_count; k++)
        writer_use(w, step->saved[k] = w->saved[node->index][k], false, false);
    for (int k = 0; k < node->state_count; k++)
        writer_use(w, step->new_state[k] = step->state[k], true, false);
    step_passes(w, step, true, true);
    w->kept[node->index] = true;
}

static void write_gradient(Writer *w, const Node *node, int update);

static void write_forward(Writer *w, const Node *node, int update)
{
    if (node->derivative) {
        write_gradient(w, node, update);
        return;
    }
    w->drawn[node->index] = update;
    PlanStep *step = node_step(w, node, FORNIX_FORWARD, update);
    for (int i = 0; i < node->inputs; i++)
        if (node->in[i])
            writer_use(w, step->in[i] = w->current[node->in[i]->index], false,
                       pitched_input(node, i));
    for (int o = 0; o < node->outputs; o++) {
        int tensor = writer_arena(w, node->out[o]->shape);
        w->current[node->out[o]->index] = w->latest[node->out[o]->index] = tensor;
        writer_use(w, step->out[o] = tensor, true, pitched_output(node, o));
    }
    for (int k = 0; k < node->saved_count; k++) {
        w->saved[node->index][k] = writer_arena(w, node->saved[k]);
        writer_use(w, step->saved[k] = w->saved[node->index][k], true, false);
    }
    step_passes(w, step, true, true);
    if (w->plan->request.training && node->layer->keep && is_trained(w, node) &&
        !w->kept[node->index])
        write_keep(w, node, update);
}

static void need_value(const Graph *graph, const Value *value, bool *needed)
{
    needed[value->producer ? value->producer->index : graph->node_count] = true;
}

static void need_inputs(const Writer *w, const Node *node, bool *needed)
{
    for (int i = 0; i < node->inputs; i++)
        if (node->in[i] && w->current[node->in[i]->index] < 0)
            need_value(w->plan->graph, node->in[i], needed);
    for (int k = 0; k < node->weight_count; k++)
        if (weight_value(node, k) && w->current[weight_value(node, k)->index] < 0)
            need_value(w->plan->graph, weight_value(node, k), needed);
}

/* Brings the values and all that they come from up to date. */
void writer_forwards(Writer *w, Value *const *values, int count, int update)
{
    const Graph *graph = w->plan->graph;
    bool *needed = writer_take(w, graph->node_count + 1, sizeof(bool));
    for (int k = 0; k < count; k++)
        if (w->current[values[k]->index] < 0)
            need_value(graph, values[k], needed);
    for (int n = graph->node_count - 1; n >= 0; n--)
        if (needed[n])
            need_inputs(w, w->plan->acting[n], needed);
    for (int n = 0; n < graph->node_count; n++)
        if (needed[n])
            write_forward(w, w->plan->acting[n], update);
}

void terms_add(Terms *terms, int tensor)
{
    if (terms->count == terms->room) {
        terms->room = terms->room ? 2 * terms->room : 4;
        terms->tensors = mem_grow(terms->tensors, (size_t)terms->room, sizeof(int));
    }
    terms->tensors[terms->count++] = tensor;
}

void terms_clear(Terms *terms, int count)
{
    for (int k = 0; k < count; k++) {
        mem_free(terms[k].tensors);
        terms[k] = (Terms){0};
    }
}

void writer_sum(Writer *w, const Terms *terms, int sum, int update)
{
    PlanStep *step = writer_step(w, STEP_SUM, update);
    step->terms = writer_take(w, terms->count, sizeof(int));
    step->term_count = terms->count;
    for (int k = 0; k < terms->count; k++)
        writer_use(w, step->terms[k] = terms->tensors[k], false, true);
    step->out = writer_none(w, 1);
    writer_use(w, step->out[0] = sum, true, true);
    int64_t floats = fornix_floats(w->plan->tensors[sum].shape);
    step->grains[0] = (floats + SUM_GRAIN - 1) / SUM_GRAIN;
    step->passes = 1;
    step->accumulates = w->plan->tensors[sum].home == TENSOR_GRADIENT;
}

static int write_zero(Writer *w, FornixShape shape, int update)
{
    PlanStep *step = writer_step(w, STEP_ZERO, update);
    step->out = writer_none(w, 1);
    writer_use(w, step->out[0] = writer_arena(w, shape), true, true);
    step->grains[0] = (fornix_floats(shape) + SUM_GRAIN - 1) / SUM_GRAIN;
    step->passes = 1;
    return step->out[0];
}

/* The terms so far become one, in a tensor that nobody else reads. */
static int sum_terms(Writer *w, const Value *value, int update)
{
    Terms *terms = &w->value_terms[value->index];
    int sum = writer_arena(w, value->shape);
    writer_sum(w, terms, sum, update);
    terms->tensors[0] = sum;
    terms->count = 1;
    return sum;
}

/* The one tensor that is the gradient of a value, all its terms being there. */
static int value_gradient(Writer *w, const Value *value, int update)
{
    Terms *terms = &w->value_terms[value->index];
    if (terms->count == 0)
        return write_zero(w, value->shape, update);
    return terms->count > 1 ? sum_terms(w, value, update) : terms->tensors[0];
}

/* The gradient to which backward adds its own: a copy, which layout.c leaves out where it can lie
 * in the same memory. -1: it makes one of its own. */
static int gradient_so_far(Writer *w, const Node *node, int input, int update)
{
    const Value *value = node->in[input];
    bool adds = input < 16 && (node->adds >> input & 1) && w->value_terms[value->index].count > 0;
    for (int i = 0; i < node->inputs; i++) /* one that is read twice gets terms of its own */
        adds = adds && (i == input || node->in[i] != value);
    if (!adds || (node_input_flags(node, input) & FORNIX_NO_GRAD))
        return -1;
    return sum_terms(w, value, update);
}

void writer_backward(Writer *w, const Node *node, int update, const Gradients *gradients)
{
    int *dout = writer_none(w, node->outputs), *base = writer_none(w, node->inputs);
    for (int o = 0; o < node->outputs; o++)
        dout[o] = value_gradient(w, node->out[o], update);
    for (int i = 0; i < node->inputs; i++)
        if (node->in[i] && gradients->value[node->in[i]->index])
            base[i] = gradient_so_far(w, node, i, update);
    PlanStep *step = node_step(w, node, FORNIX_BACKWARD, update);
    bool for_input = false;
    bool for_weight = node->net >= 0 && node->weight_count && (gradients->nets >> node->net & 1);
    for (int o = 0; o < node->outputs; o++) {
        writer_use(w, step->dout[o] = dout[o], false, pitched_output(node, o));
        if (node_output_flags(node, o) & FORNIX_SAVED)
            writer_use(w, step->out[o] = w->current[node->out[o]->index], false,
                       pitched_output(node, o));
    }
    for (int i = 0; i < node->inputs; i++) {
        const Value *value = node->in[i];
        if (!value)
            continue;
        if (node_input_saved(node, i, for_weight))
            writer_use(w, step->in[i] = w->current[value->index], false, pitched_input(node, i));
        if (!gradients->value[value->index] || (node_input_flags(node, i) & FORNIX_NO_GRAD))
            continue;
        bool adds = base[i] >= 0;
        step->din[i] = adds ? base[i] : writer_arena(w, value->shape);
        step->adds |= (uint16_t)((adds ? 1u : 0u) << i);
        writer_use(w, step->din[i], true, pitched_input(node, i));
        if (!adds)
            terms_add(&w->value_terms[value->index], step->din[i]);
        for_input = true;
    }
    for (int k = 0; k < node->saved_count; k++)
        writer_use(w, step->saved[k] = w->saved[node->index][k], false, false);
    if (for_weight)
        for (int k = 0; k < node->weight_count; k++) {
            const Value *value = weight_value(node, k);
            step->dweight[k] = writer_arena(w, node->weights[k]->shape);
            writer_use(w, step->dweight[k], true, false);
            terms_add(value ? &w->value_terms[value->index]
                            : &w->weight_terms[node->weights[k]->index],
                      step->dweight[k]);
        }
    step_passes(w, step, for_input, for_weight);
}

/* A gradient as a value: a backward sweep of its own, over what lies between, to no weight. */
static void write_gradient(Writer *w, const Node *node, int update)
{
    const Graph *graph = w->plan->graph;
    const GradientWay *what = node->derivative;
    Gradients gradients = {.value = what->values, .node = what->nodes};
    Terms *outer = w->value_terms;
    w->value_terms = writer_take(w, graph->value_count, sizeof(Terms));
    terms_add(&w->value_terms[what->of->index], writer_tensor(w, TENSOR_ONE, what->of->shape, 0));
    for (int n = node->index - 1; n >= 0; n--)
        if (what->nodes[n])
            writer_backward(w, graph->nodes[n], update, &gradients);
    int tensor = value_gradient(w, what->by, update);
    terms_clear(w->value_terms, graph->value_count);
    w->value_terms = outer;
    w->current[node->out[0]->index] = w->latest[node->out[0]->index] = tensor;
}

/* Before the backward sweep comes to the twins of a <gradient> whose own gradient is known: they
 * run forward along it, and what they give is differentiated in its place. */
void writer_twins(Writer *w, const Node *node, int update)
{
    const Graph *graph = w->plan->graph;
    const GradientWay *what = node->derivative;
    for (int n = node->index + 1; n <= what->last->index; n++)
        for (int o = 0; o < graph->nodes[n]->outputs; o++)
            w->current[graph->nodes[n]->out[o]->index] = -1;
    w->current[what->direction->index] = value_gradient(w, node->out[0], update);
    writer_forwards(w, &(Value *){what->along}, 1, update);
    terms_add(&w->value_terms[what->along->index],
              writer_tensor(w, TENSOR_ONE, what->along->shape, 0));
}
