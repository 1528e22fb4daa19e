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
#include "plan_writer.h"

/* The gradient of a weight: one term, a sum of several, or a sum kept over batches. */
static int weight_gradient(Writer *w, const Parameter *parameter, int update)
{
    Terms *terms = &w->weight_terms[parameter->index];
    bool accumulates = w->plan->updates[update].accumulate > 1;
    if (terms->count == 1 && !accumulates)
        return terms->tensors[0];
    int sum = accumulates ? writer_tensor(w, TENSOR_GRADIENT, parameter->shape, parameter->index)
                          : writer_arena(w, parameter->shape);
    writer_sum(w, terms, sum, update);
    return sum;
}

static void write_optimizer(Writer *w, int update)
{
    const Graph *graph = w->plan->graph;
    int *terms = writer_none(w, graph->parameter_count), count = 0;
    int *parameters = writer_take(w, graph->parameter_count, sizeof(int));
    for (int p = 0; p < graph->parameter_count; p++)
        if (w->weight_terms[p].count > 0) {
            parameters[count] = p;
            terms[count++] = weight_gradient(w, graph->parameters[p], update);
        }
    PlanStep *step = writer_step(w, STEP_OPTIMIZE, update);
    step->terms = terms;
    step->term_count = count;
    step->parameters = parameters;
    int64_t grains = 0;
    for (int k = 0; k < count; k++) {
        writer_use(w, terms[k], false, false);
        writer_use(w, w->parameter[parameters[k]], true, false);
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
    writer_forwards(w, &loss, 1, update);
    terms_add(&w->value_terms[loss->index],
              writer_tensor(w, TENSOR_ONE, (FornixShape){1, 1, 1, 1, 1}, 0));
    for (int n = graph->node_count - 1; n >= 0; n--) {
        const Node *derived = graph->nodes[n]->gradient;
        if (derived && gradients.value[derived->out[0]->index])
            writer_twins(w, derived, update);
        if (gradients.node[n] && w->plan->acting[n])
            writer_backward(w, w->plan->acting[n], update, &gradients);
    }
    write_optimizer(w, update);
    invalidate(w, what->nets);
    terms_clear(w->value_terms, graph->value_count);
    terms_clear(w->weight_terms, graph->parameter_count);
    return true;
}

static void write_wanted(Writer *w)
{
    Plan *plan = w->plan;
    plan->wanted = writer_none(w, plan->request.wanted_count);
    for (int k = 0; k < plan->request.wanted_count; k++) {
        Value *value = plan->request.wanted[k];
        if (w->latest[value->index] < 0)
            writer_forwards(w, &value, 1, plan->request.update_count - 1);
        plan->wanted[k] = w->latest[value->index];
        plan->tensors[plan->wanted[k]].lasts = true;
    }
}

static bool holds(Value *const *values, int count, const Value *value)
{
    for (int k = 0; k < count; k++)
        if (values[k] == value)
            return true;
    return false;
}

/* Whether nobody asks for what a chain makes on its way. */
static bool is_inner(const Plan *plan, const Node *fused)
{
    const PlanRequest *request = &plan->request;
    for (int k = 0; k < fused->part_count - 1; k++) {
        const Value *value = fused->parts[k]->out[0];
        for (int u = 0; u < request->update_count; u++)
            if (plan->updates[u].loss == value)
                return false;
        if (holds(request->wanted, request->wanted_count, value) ||
            holds(request->given, request->given_count, value))
            return false;
    }
    return true;
}

/* Fused nodes act for their parts, but where gradients are values, which are those of the parts. */
static void choose_acting(Plan *plan)
{
    const Graph *graph = plan->graph;
    bool derived = plan->request.unfused;
    plan->acting = arena_take(plan->memory, (size_t)graph->node_count + 1, sizeof *plan->acting);
    for (int n = 0; n < graph->node_count; n++) {
        plan->acting[n] = graph->nodes[n];
        derived = derived || graph->nodes[n]->derivative;
    }
    for (int n = graph->node_count - 1; n >= 0 && !derived; n--) {
        const Node *fused = graph->nodes[n]->fused;
        if (!fused || plan->acting[n] != graph->nodes[n] || !is_inner(plan, fused))
            continue;
        for (int k = 0; k < fused->part_count; k++)
            plan->acting[fused->parts[k]->index] = NULL;
        plan->acting[n] = fused;
    }
}

static void writer_open(Writer *w)
{
    const Graph *graph = w->plan->graph;
    choose_acting(w->plan);
    w->current = writer_none(w, graph->value_count);
    w->latest = writer_none(w, graph->value_count);
    w->saved = writer_take(w, graph->node_count, sizeof(int *));
    w->drawn = writer_none(w, graph->node_count);
    w->kept = writer_take(w, graph->node_count, sizeof(bool));
    w->parameter = writer_none(w, graph->parameter_count);
    w->value_terms = writer_take(w, graph->value_count, sizeof(Terms));
    w->weight_terms = writer_take(w, graph->parameter_count, sizeof(Terms));
    for (int n = 0; n < graph->node_count; n++)
        w->saved[n] = writer_none(w, w->plan->acting[n] ? w->plan->acting[n]->saved_count : 0);
    for (int p = 0; p < graph->parameter_count; p++)
        w->parameter[p] = writer_tensor(w, TENSOR_PARAMETER, graph->parameters[p]->shape, p);
    for (int c = 0; c < graph->column_count; c++) {
        const Value *column = graph->columns[c];
        w->current[column->index] = w->latest[column->index] =
            writer_tensor(w, TENSOR_COLUMN, column->shape, c);
    }
    for (int k = 0; k < w->plan->request.given_count; k++) {
        const Value *given = w->plan->request.given[k];
        w->current[given->index] = w->latest[given->index] =
            writer_tensor(w, TENSOR_COLUMN, given->shape, graph->column_count + k);
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
            int copies = plan->updates[u].optimizer->states + (plan->updates[u].accumulate > 1) +
                         (plan->updates[u].average > 0);
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
    terms_clear(w.value_terms, plan->graph->value_count);
    terms_clear(w.weight_terms, plan->graph->parameter_count);
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
