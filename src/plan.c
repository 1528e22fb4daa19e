/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes the steps of a plan: sweeps forward and backward over the graph, update by update.
 *
 * A value has a current version until an update changes weights that it depends on; each version,
 * each gradient and each node's saved and scratch memory is a PlanTensor of its own. Where a value
 * is read by several nodes, their gradients are summed in the order in which the backward sweep
 * meets them, which the graph alone decides.
 */
#include "plan.h"

#include <string.h>

#include "autodiff.h"
#include "plan_parts.h"

typedef struct Terms { /* tensors whose sum is one gradient */
    int *tensors, count, room;
} Terms;

typedef struct Writer {
    Plan *plan;
    Diag *diag;
    int *current;   /* by value: tensor of the current version, or -1 */
    int *latest;    /* by value: tensor of the newest version, or -1 */
    int **saved;    /* by node: tensors of the version in `current` */
    int *drawn;     /* by node: the update that made the version in `current` */
    bool *kept;     /* by node: its state was brought up to date in this step */
    int *parameter; /* by parameter: its tensor */
    Terms *value_terms, *weight_terms;
} Writer;

static void *take(const Writer *w, int count, size_t size)
{
    return arena_take(w->plan->memory, (size_t)count + 1, size);
}

static int tensor_new(Plan *plan, TensorHome home, FornixShape shape, int number)
{
    if (plan->tensor_count == plan->tensor_room) {
        plan->tensor_room = plan->tensor_room ? 2 * plan->tensor_room : 256;
        plan->tensors = mem_grow(plan->tensors, (size_t)plan->tensor_room, sizeof *plan->tensors);
    }
    plan->tensors[plan->tensor_count] =
        (PlanTensor){.home = home, .shape = shape, .number = number, .group = -1};
    return plan->tensor_count++;
}

static int arena_tensor(Writer *w, FornixShape shape)
{
    return tensor_new(w->plan, TENSOR_ARENA, shape, 0);
}

static PlanStep *step_new(Writer *w, StepKind kind, int update)
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

static void use(Writer *w, int tensor, bool writes, bool pitched)
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

static int *none(const Writer *w, int count)
{
    int *tensors = take(w, count, sizeof(int));
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
        step->scratch = arena_tensor(w, (FornixShape){1, 1, 1, 1, phase->scratch});
        use(w, step->scratch, true, false);
    }
    for (int k = 0; k < phase->count; k++) {
        FornixNeed need = phase->passes[k].need;
        if ((need == FORNIX_FOR_INPUT && !for_input) || (need == FORNIX_FOR_WEIGHT && !for_weight))
            continue;
        step->grains[step->passes] = phase->passes[k].grains;
        step->number[step->passes++] = k;
    }
}

static PlanStep *node_step(Writer *w, const Node *node, FornixPhase phase, int update)
{
    PlanStep *step = step_new(w, STEP_NODE, update);
    step->node = node;
    step->phase = phase;
    step->drawn = w->drawn[node->index];
    step->in = none(w, node->inputs);
    step->out = none(w, node->outputs);
    step->saved = none(w, node->saved_count);
    step->weight = none(w, node->weight_count);
    step->state = none(w, node->state_count);
    step->new_state = none(w, node->state_count);
    step->dout = none(w, node->outputs);
    step->din = none(w, node->inputs);
    step->dweight = none(w, node->weight_count);
    for (int k = 0; k < node->weight_count; k++)
        use(w, step->weight[k] = w->parameter[node->weights[k]->index], false, false);
    for (int k = 0; k < node->state_count; k++)
        use(w, step->state[k] = w->parameter[node->states[k]->index], false, false);
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
        use(w, step->saved[k] = w->saved[node->index][k], false, false);
    for (int k = 0; k < node->state_count; k++)
        use(w, step->new_state[k] = step->state[k], true, false);
    step_passes(w, step, true, true);
    w->kept[node->index] = true;
}

static void write_forward(Writer *w, const Node *node, int update)
{
    w->drawn[node->index] = update;
    PlanStep *step = node_step(w, node, FORNIX_FORWARD, update);
    for (int i = 0; i < node->inputs; i++)
        if (node->in[i])
            use(w, step->in[i] = w->current[node->in[i]->index], false, pitched_input(node, i));
    for (int o = 0; o < node->outputs; o++) {
        int tensor = arena_tensor(w, node->out[o]->shape);
        w->current[node->out[o]->index] = w->latest[node->out[o]->index] = tensor;
        use(w, step->out[o] = tensor, true, pitched_output(node, o));
    }
    for (int k = 0; k < node->saved_count; k++) {
        w->saved[node->index][k] = arena_tensor(w, node->saved[k]);
        use(w, step->saved[k] = w->saved[node->index][k], true, false);
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

/* Brings the values and all that they come from up to date. */
static void write_forwards(Writer *w, Value *const *values, int count, int update)
{
    const Graph *graph = w->plan->graph;
    bool *needed = take(w, graph->node_count + 1, sizeof(bool));
    for (int k = 0; k < count; k++)
        if (w->current[values[k]->index] < 0)
            need_value(graph, values[k], needed);
    for (int n = graph->node_count - 1; n >= 0; n--)
        for (int i = 0; needed[n] && i < graph->nodes[n]->inputs; i++)
            if (graph->nodes[n]->in[i] && w->current[graph->nodes[n]->in[i]->index] < 0)
                need_value(graph, graph->nodes[n]->in[i], needed);
    for (int n = 0; n < graph->node_count; n++)
        if (needed[n])
            write_forward(w, graph->nodes[n], update);
}

static void terms_add(Terms *terms, int tensor)
{
    if (terms->count == terms->room) {
        terms->room = terms->room ? 2 * terms->room : 4;
        terms->tensors = mem_grow(terms->tensors, (size_t)terms->room, sizeof(int));
    }
    terms->tensors[terms->count++] = tensor;
}

static void write_sum(Writer *w, const Terms *terms, int sum, int update)
{
    PlanStep *step = step_new(w, STEP_SUM, update);
    step->terms = take(w, terms->count, sizeof(int));
    step->term_count = terms->count;
    for (int k = 0; k < terms->count; k++)
        use(w, step->terms[k] = terms->tensors[k], false, true);
    step->out = none(w, 1);
    use(w, step->out[0] = sum, true, true);
    int64_t floats = fornix_floats(w->plan->tensors[sum].shape);
    step->grains[0] = (floats + SUM_GRAIN - 1) / SUM_GRAIN;
    step->passes = 1;
    step->accumulates = w->plan->tensors[sum].home == TENSOR_GRADIENT;
}

static int write_zero(Writer *w, FornixShape shape, int update)
{
    PlanStep *step = step_new(w, STEP_ZERO, update);
    step->out = none(w, 1);
    use(w, step->out[0] = arena_tensor(w, shape), true, true);
    step->grains[0] = (fornix_floats(shape) + SUM_GRAIN - 1) / SUM_GRAIN;
    step->passes = 1;
    return step->out[0];
}

/* The one tensor that is the gradient of a value, all its terms being there. */
static int value_gradient(Writer *w, const Value *value, int update)
{
    Terms *terms = &w->value_terms[value->index];
    if (terms->count == 0)
        return write_zero(w, value->shape, update);
    if (terms->count > 1) {
        int sum = arena_tensor(w, value->shape);
        write_sum(w, terms, sum, update);
        terms->tensors[0] = sum;
        terms->count = 1;
    }
    return terms->tensors[0];
}

static void write_backward(Writer *w, const Node *node, int update, const Gradients *gradients)
{
    int *dout = none(w, node->outputs);
    for (int o = 0; o < node->outputs; o++)
        dout[o] = value_gradient(w, node->out[o], update);
    PlanStep *step = node_step(w, node, FORNIX_BACKWARD, update);
    bool for_input = false, for_weight = false;
    for (int o = 0; o < node->outputs; o++) {
        use(w, step->dout[o] = dout[o], false, pitched_output(node, o));
        if (node_output_flags(node, o) & FORNIX_SAVED)
            use(w, step->out[o] = w->current[node->out[o]->index], false, pitched_output(node, o));
    }
    for (int i = 0; i < node->inputs; i++) {
        const Value *value = node->in[i];
        if (!value)
            continue;
        if (node_input_flags(node, i) & FORNIX_SAVED)
            use(w, step->in[i] = w->current[value->index], false, pitched_input(node, i));
        if (!gradients->value[value->index] || (node_input_flags(node, i) & FORNIX_NO_GRAD))
            continue;
        step->din[i] = arena_tensor(w, value->shape);
        use(w, step->din[i], true, pitched_input(node, i));
        terms_add(&w->value_terms[value->index], step->din[i]);
        for_input = true;
    }
    for (int k = 0; k < node->saved_count; k++)
        use(w, step->saved[k] = w->saved[node->index][k], false, false);
    if (node->net >= 0 && (w->plan->updates[update].nets >> node->net & 1))
        for (int k = 0; k < node->weight_count; k++) {
            step->dweight[k] = arena_tensor(w, node->weights[k]->shape);
            use(w, step->dweight[k], true, false);
            terms_add(&w->weight_terms[node->weights[k]->index], step->dweight[k]);
            for_weight = true;
        }
    step_passes(w, step, for_input, for_weight);
}

/* The gradient of a weight: one term, a sum of several, or a sum kept over batches. */
static int weight_gradient(Writer *w, const Parameter *parameter, int update)
{
    Terms *terms = &w->weight_terms[parameter->index];
    bool accumulates = w->plan->updates[update].accumulate > 1;
    if (terms->count == 1 && !accumulates)
        return terms->tensors[0];
    int sum = accumulates ? tensor_new(w->plan, TENSOR_GRADIENT, parameter->shape, parameter->index)
                          : arena_tensor(w, parameter->shape);
    write_sum(w, terms, sum, update);
    return sum;
}

static void write_optimizer(Writer *w, int update)
{
    const Graph *graph = w->plan->graph;
    int *terms = none(w, graph->parameter_count), count = 0;
    int *parameters = take(w, graph->parameter_count, sizeof(int));
    for (int p = 0; p < graph->parameter_count; p++)
        if (w->weight_terms[p].count > 0) {
            parameters[count] = p;
            terms[count++] = weight_gradient(w, graph->parameters[p], update);
        }
    PlanStep *step = step_new(w, STEP_OPTIMIZE, update);
    step->terms = terms;
    step->term_count = count;
    step->parameters = parameters;
    int64_t grains = 0;
    for (int k = 0; k < count; k++) {
        use(w, terms[k], false, false);
        use(w, w->parameter[parameters[k]], true, false);
        int64_t floats = fornix_floats(graph->parameters[parameters[k]]->shape);
        grains += (floats + OPTIMIZER_GRAIN - 1) / OPTIMIZER_GRAIN;
    }
    bool clips = w->plan->updates[update].clip > 0;
    step->grains[0] = clips ? grains : 0;
    step->grains[1] = clips ? 1 : 0;
    step->grains[2] = grains;
    step->passes = 3;
    for (int k = 0; k < 3; k++)
        step->number[k] = k;
}

static void invalidate(Writer *w, uint64_t nets)
{
    const Graph *graph = w->plan->graph;
    for (int v = 0; v < graph->value_count; v++)
        if (graph->values[v]->producer && (graph->values[v]->nets & nets))
            w->current[v] = -1;
}

static void clear_terms(Terms *terms, int count)
{
    for (int k = 0; k < count; k++) {
        mem_free(terms[k].tensors);
        terms[k] = (Terms){0};
    }
}

/* A weight has one gradient that is kept over batches. */
static bool check_accumulation(const Writer *w, int update)
{
    const PlanUpdate *what = &w->plan->updates[update];
    for (int u = 0; u < update && what->accumulate > 1; u++)
        if (w->plan->updates[u].accumulate > 1 && (w->plan->updates[u].nets & what->nets)) {
            diag_error(w->diag, what->place,
                       "two updates accumulate gradients of the same net; only one of them can");
            return false;
        }
    return true;
}

static bool write_update(Writer *w, int update)
{
    const Graph *graph = w->plan->graph;
    const PlanUpdate *what = &w->plan->updates[update];
    Gradients gradients;
    if (!check_accumulation(w, update))
        return false;
    if (!autodiff_trace(graph, what->loss, what->nets, what->place, w->diag, w->plan->memory,
                        &gradients))
        return false;
    Value *loss = (Value *)(uintptr_t)what->loss;
    write_forwards(w, &loss, 1, update);
    terms_add(&w->value_terms[loss->index],
              tensor_new(w->plan, TENSOR_ONE, (FornixShape){1, 1, 1, 1, 1}, 0));
    for (int n = graph->node_count - 1; n >= 0; n--)
        if (gradients.node[n])
            write_backward(w, graph->nodes[n], update, &gradients);
    write_optimizer(w, update);
    invalidate(w, what->nets);
    clear_terms(w->value_terms, graph->value_count);
    clear_terms(w->weight_terms, graph->parameter_count);
    return true;
}

static void write_wanted(Writer *w)
{
    Plan *plan = w->plan;
    plan->wanted = none(w, plan->request.wanted_count);
    for (int k = 0; k < plan->request.wanted_count; k++) {
        Value *value = plan->request.wanted[k];
        if (w->latest[value->index] < 0)
            write_forwards(w, &value, 1, plan->request.update_count - 1);
        plan->wanted[k] = w->latest[value->index];
        plan->tensors[plan->wanted[k]].lasts = true;
    }
}

static void writer_open(Writer *w)
{
    const Graph *graph = w->plan->graph;
    w->current = none(w, graph->value_count);
    w->latest = none(w, graph->value_count);
    w->saved = take(w, graph->node_count, sizeof(int *));
    w->drawn = none(w, graph->node_count);
    w->kept = take(w, graph->node_count, sizeof(bool));
    w->parameter = none(w, graph->parameter_count);
    w->value_terms = take(w, graph->value_count, sizeof(Terms));
    w->weight_terms = take(w, graph->parameter_count, sizeof(Terms));
    for (int n = 0; n < graph->node_count; n++)
        w->saved[n] = none(w, graph->nodes[n]->saved_count);
    for (int p = 0; p < graph->parameter_count; p++)
        w->parameter[p] = tensor_new(w->plan, TENSOR_PARAMETER, graph->parameters[p]->shape, p);
    for (int c = 0; c < graph->column_count; c++) {
        const Value *column = graph->columns[c];
        w->current[column->index] = w->latest[column->index] =
            tensor_new(w->plan, TENSOR_COLUMN, column->shape, c);
    }
    for (int k = 0; k < w->plan->request.given_count; k++) {
        const Value *given = w->plan->request.given[k];
        w->current[given->index] = w->latest[given->index] =
            tensor_new(w->plan, TENSOR_COLUMN, given->shape, graph->column_count + k);
    }
}

static void measure(Plan *plan)
{
    for (int s = 0; s < plan->step_count; s++)
        if (plan->steps[s]->kind == STEP_NODE)
            plan->size.flops += plan->steps[s]->node->phase[plan->steps[s]->phase].flops;
    for (int p = 0; p < plan->graph->parameter_count; p++)
        plan->size.weights += shape_bytes(plan->graph->parameters[p]->shape);
    for (int u = 0; u < plan->request.update_count; u++)
        for (int p = 0; p < plan->graph->parameter_count; p++) {
            const Parameter *parameter = plan->graph->parameters[p];
            int copies = plan->updates[u].optimizer->states + (plan->updates[u].accumulate > 1);
            if (!parameter->kept && (plan->updates[u].nets >> parameter->net & 1))
                plan->size.weights += copies * shape_bytes(parameter->shape);
        }
    plan->size.steps = plan->step_count;
}

Plan *plan_new(const PlanRequest *request, Diag *diag)
{
    Plan *plan = mem_new(1, sizeof *plan);
    plan->memory = arena_new();
    plan->request = *request;
    plan->graph = request->graph;
    size_t updates = (size_t)request->update_count;
    plan->updates = arena_take(plan->memory, updates + 1, sizeof *plan->updates);
    if (updates)
        memcpy(plan->updates, request->updates, updates * sizeof *plan->updates);
    Writer w = {.plan = plan, .diag = diag};
    writer_open(&w);
    bool fine = true;
    for (int u = 0; u < request->update_count; u++)
        fine = write_update(&w, u) && fine;
    clear_terms(w.value_terms, plan->graph->value_count);
    clear_terms(w.weight_terms, plan->graph->parameter_count);
    if (!fine) {
        plan_free(plan);
        return NULL;
    }
    write_wanted(&w);
    measure(plan);
    layout_plan(plan);
    return plan;
}

PlanSize plan_size(const Plan *plan)
{
    return plan->size;
}
