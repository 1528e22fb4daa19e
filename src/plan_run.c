/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Binds a plan to memory and runs it on the team. */
#include <math.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "kernels/optimise.h"
#include "plan_parts.h"

static float *tensor_memory(const Plan *plan, const PlanTensor *tensor)
{
    switch (tensor->home) {
    case TENSOR_COLUMN: return plan->run ? plan->run->columns[tensor->number] : NULL;
    case TENSOR_PARAMETER: return plan->parameters ? plan->parameters[tensor->number]->data : NULL;
    case TENSOR_GRADIENT:
        return plan->parameters ? plan->parameters[tensor->number]->gradient : NULL;
    case TENSOR_ONE: return plan->ones;
    case TENSOR_ARENA: break;
    }
    const PlanGroup *group = &plan->groups[tensor->group];
    const PlanGroup *root = group->parent >= 0 ? &plan->groups[group->parent] : group;
    return plan->arena ? (float *)(void *)(plan->arena + root->offset) + group->channel : NULL;
}

FornixTensor plan_view(const Plan *plan, int number)
{
    if (number < 0)
        return (FornixTensor){0};
    const PlanTensor *tensor = &plan->tensors[number];
    const PlanGroup *group = &plan->groups[tensor->group];
    FornixShape shape = tensor->shape;
    int64_t pitch = group->parent >= 0 ? plan->groups[group->parent].shape.c : shape.c;
    return (FornixTensor){.shape = shape,
                          .pitch_w = pitch,
                          .pitch_h = pitch * shape.w,
                          .pitch_d = pitch * shape.w * shape.h,
                          .pitch_n = pitch * shape.w * shape.h * shape.d,
                          .data = tensor_memory(plan, tensor)};
}

static FornixView read_only(FornixTensor t)
{
    return (FornixView){t.shape, t.pitch_w, t.pitch_h, t.pitch_d, t.pitch_n, t.data};
}

static FornixView *bind_views(const Plan *plan, const int *tensors, int count)
{
    FornixView *views = arena_take(plan->memory, (size_t)count + 1, sizeof *views);
    for (int k = 0; k < count; k++)
        views[k] = read_only(plan_view(plan, tensors[k]));
    return views;
}

static FornixTensor *bind_tensors(const Plan *plan, const int *tensors, int count)
{
    FornixTensor *views = arena_take(plan->memory, (size_t)count + 1, sizeof *views);
    for (int k = 0; k < count; k++)
        views[k] = plan_view(plan, tensors[k]);
    return views;
}

/* A tensor that is not there still has its shape. */
static void shape_inputs(const Node *node, const int *tensors, FornixView *views)
{
    for (int i = 0; i < node->inputs; i++)
        if (node->in[i] && tensors[i] < 0)
            views[i].shape = node->in[i]->shape;
}

static void shape_outputs(const Node *node, FornixTensor *views)
{
    for (int o = 0; o < node->outputs; o++)
        views[o].shape = node->out[o]->shape;
}

static const char *const in_phase[] = {
    [FORNIX_FORWARD] = "in forward", [FORNIX_BACKWARD] = "in backward", [FORNIX_KEEP] = "in keep"};

static void bind_node(const Plan *plan, PlanStep *step)
{
    const Node *node = step->node;
    FornixView *in = bind_views(plan, step->in, node->inputs);
    FornixTensor *out = bind_tensors(plan, step->out, node->outputs);
    shape_inputs(node, step->in, in);
    shape_outputs(node, out);
    void *opened = step->bound.opened;
    step->bound = (FornixStep){
        .in = in,
        .out = out,
        .weight = bind_views(plan, step->weight, node->weight_count),
        .saved = bind_tensors(plan, step->saved, node->saved_count),
        .state = bind_views(plan, step->state, node->state_count),
        .dout = bind_views(plan, step->dout, node->outputs),
        .din = bind_tensors(plan, step->din, node->inputs),
        .dweight = bind_tensors(plan, step->dweight, node->weight_count),
        .new_state = bind_tensors(plan, step->new_state, node->state_count),
        .scratch = plan_view(plan, step->scratch).data,
        .inputs = node->inputs,
        .training = plan->request.training,
        .frozen = node->net >= 0 && !(plan->request.trained >> node->net & 1),
        .adds = step->adds,
        .opened = opened,
        .winograd = plan->request.graph->winograd,
    };
    step->scene = (Scene){node->type, node->path, in_phase[step->phase], node->place};
    const char *path = node->twin ? node->twin->path : node->path;
    FornixRandomKey salt = fornix_random_key((uint64_t)(step->drawn + 1), path);
    step->salt = (uint64_t)salt.word[0] << 32 | salt.word[1];
}

/* ---- What the engine computes itself ---- */

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void add_terms(float *sum, const float *a, const float *b, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        sum[i] = a[i] + b[i];
}

/* Floats [begin, end) of the sum, in pieces that are contiguous in every term. */
static void sum_range(const Plan *plan, const PlanStep *step, int64_t begin, int64_t end)
{
    FornixTensor out = plan_view(plan, step->out[0]);
    int64_t channels = out.shape.c;
    bool dense = out.pitch_w == channels;
    for (int k = 0; k < step->term_count; k++)
        dense = dense && plan_view(plan, step->terms[k]).pitch_w == channels;
    bool adds = step->accumulates &&
                plan->run->numbers[step->update] % plan->updates[step->update].accumulate;
    for (int64_t at = begin; at < end;) {
        int64_t pixel = at / channels, channel = at % channels;
        int64_t count = dense ? end - at : least(end - at, channels - channel);
        float *to = out.data + pixel * out.pitch_w + channel;
        const float *first = adds ? to : NULL;
        for (int k = 0; k < step->term_count; k++) {
            FornixTensor term = plan_view(plan, step->terms[k]);
            const float *from = term.data + pixel * term.pitch_w + channel;
            if (first)
                add_terms(to, first, from, count);
            else if (step->term_count == 1)
                memcpy(to, from, (size_t)count * sizeof(float));
            first = first || step->term_count == 1 ? to : from;
        }
        at += count;
    }
}

static void zero_range(const Plan *plan, const PlanStep *step, int64_t begin, int64_t end)
{
    FornixTensor out = plan_view(plan, step->out[0]);
    for (int64_t at = begin; at < end; at++)
        out.data[at / out.shape.c * out.pitch_w + at % out.shape.c] = 0;
}

static double gradient_scale(const Plan *plan, int update)
{
    int batches = plan->updates[update].accumulate;
    return batches > 1 ? 1.0 / batches : 1.0;
}

static void optimize_squares(const PlanOptimizer *optimizer, int64_t grain)
{
    const OptimizerGrain *what = &optimizer->grains[grain];
    const float *gradient = optimizer->gradients[what->term];
    double sum = 0;
    for (int64_t i = what->begin; i < what->end; i++)
        sum += (double)gradient[i] * (double)gradient[i];
    optimizer->squares[grain] = sum;
}

/* Torch's clip_grad_norm_: scaled by limit / (norm + 1e-6) where that is below 1. */
static void optimize_norm(const Plan *plan, const PlanOptimizer *optimizer, int update)
{
    double sum = 0, scale = gradient_scale(plan, update);
    for (int64_t k = 0; k < optimizer->grain_count; k++)
        sum += optimizer->squares[k];
    double factor = plan->updates[update].clip / (scale * sqrt(sum) + 1e-6);
    optimizer->squares[optimizer->grain_count] = factor < 1 ? factor : 1;
}

static void optimize_grain(const Plan *plan, const PlanOptimizer *optimizer, int update,
                           int64_t grain)
{
    const OptimizerGrain *what = &optimizer->grains[grain];
    const PlanUpdate *settings = &plan->updates[update];
    WeightTensor *tensor = optimizer->tensors[what->term];
    double clipped = settings->clip > 0 ? optimizer->squares[optimizer->grain_count] : 1;
    FornixUpdate args = {.weight = tensor->data,
                         .gradient = optimizer->gradients[what->term],
                         .state = tensor->moment,
                         .step = optimizer->counts[what->term],
                         .rate = plan->run->rates[update],
                         .scale = gradient_scale(plan, update) * clipped};
    const Scene *before = scene_enter(&settings->scene);
    settings->optimizer->update(&args, settings->optimizer_attrs, what->begin, what->end);
    scene_leave(before);
    if (settings->average > 0)
        average_step(settings->average, tensor->data, tensor->average, what->begin, what->end);
}

static bool is_due(const Plan *plan, int update)
{
    int batches = plan->updates[update].accumulate;
    return batches <= 1 || plan->run->numbers[update] % batches == batches - 1;
}

static void run_step(const Plan *plan, const PlanStep *step, int pass, int64_t begin, int64_t end)
{
    if (step->kind == STEP_NODE) {
        const FornixLayer *layer = step->node->layer;
        FornixPass *run = step->phase == FORNIX_FORWARD    ? layer->forward
                          : step->phase == FORNIX_BACKWARD ? layer->backward
                                                           : layer->keep;
        const Scene *before = scene_enter(&step->scene);
        run(&step->bound, step->node->attrs, step->number[pass], begin, end);
        scene_leave(before);
        return;
    }
    if (step->kind == STEP_SUM || step->kind == STEP_ZERO) {
        int64_t floats = fornix_floats(plan->tensors[step->out[0]].shape);
        int64_t from = begin * SUM_GRAIN, to = least(end * SUM_GRAIN, floats);
        if (step->kind == STEP_SUM)
            sum_range(plan, step, from, to);
        else
            zero_range(plan, step, from, to);
        return;
    }
    const PlanOptimizer *optimizer = &plan->optimizers[step->update];
    if (!is_due(plan, step->update))
        return;
    for (int64_t grain = begin; grain < end; grain++)
        if (step->number[pass] == 0)
            optimize_squares(optimizer, grain);
        else if (step->number[pass] == 1)
            optimize_norm(plan, optimizer, step->update);
        else
            optimize_grain(plan, optimizer, step->update, grain);
}

static uint64_t nanoseconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void run_grains(void *context, int task, int pass, int64_t begin, int64_t end)
{
    const Plan *plan = context;
    uint64_t start = nanoseconds_now();
    run_step(plan, plan->steps[task], pass, begin, end);
    __atomic_fetch_add(&plan->nanoseconds[task], nanoseconds_now() - start, __ATOMIC_RELAXED);
}

/* ---- Opening ---- */

static bool open_optimizer(Plan *plan, const PlanStep *step, FornixError *error)
{
    PlanOptimizer *optimizer = &plan->optimizers[step->update];
    size_t terms = (size_t)step->term_count;
    optimizer->grain_count = step->grains[2];
    optimizer->grains =
        arena_take(plan->memory, (size_t)step->grains[2] + 1, sizeof *optimizer->grains);
    optimizer->squares = arena_take(plan->memory, (size_t)step->grains[2] + 1, sizeof(double));
    optimizer->tensors = arena_take(plan->memory, terms + 1, sizeof(WeightTensor *));
    optimizer->counts = arena_take(plan->memory, terms + 1, sizeof(int64_t));
    optimizer->gradients = arena_take(plan->memory, terms + 1, sizeof(float *));
    int64_t grain = 0;
    for (int k = 0; k < step->term_count; k++) {
        WeightTensor *tensor = plan->parameters[step->parameters[k]];
        const PlanUpdate *update = &plan->updates[step->update];
        if (!weights_moments(tensor, update->optimizer->states, error) ||
            (update->average > 0 && !weights_average(tensor, error)) ||
            (update->accumulate > 1 && !weights_gradient(tensor, error)))
            return false;
        optimizer->tensors[k] = tensor;
        optimizer->gradients[k] = plan_view(plan, step->terms[k]).data;
        int64_t floats = fornix_floats(tensor->shape);
        for (int64_t at = 0; at < floats; at += OPTIMIZER_GRAIN)
            optimizer->grains[grain++] =
                (OptimizerGrain){k, at, least(at + OPTIMIZER_GRAIN, floats)};
    }
    return true;
}

static bool open_parameters(Plan *plan, Weights *weights, uint64_t seed, FornixError *error)
{
    const Graph *graph = plan->graph;
    plan->parameters =
        arena_take(plan->memory, (size_t)graph->parameter_count + 1, sizeof(WeightTensor *));
    for (int p = 0; p < graph->parameter_count; p++) {
        plan->parameters[p] = weights_take(weights, graph->parameters[p], seed, error);
        if (!plan->parameters[p])
            return false;
    }
    for (int s = 0; s < plan->step_count; s++)
        if (plan->steps[s]->accumulates &&
            !weights_gradient(plan->parameters[plan->tensors[plan->steps[s]->out[0]].number],
                              error))
            return false;
    return true;
}

static void *open_node(const Node *node, FornixError *error)
{
    Scene scene = {node->type, node->path, "in open", node->place};
    const Scene *before = scene_enter(&scene);
    void *opened = node->layer->open(node->infer, node->attrs, error);
    scene_leave(before);
    if (!opened) {
        fornix_fail(error, "it could not be opened");
        scene_blame(&scene, error);
    }
    return opened;
}

static void close_node(const Node *node, void *opened)
{
    Scene scene = {node->type, node->path, "in close", node->place};
    const Scene *before = scene_enter(&scene);
    node->layer->close(opened);
    scene_leave(before);
}

static bool open_nodes(Plan *plan, FornixError *error)
{
    void **opened = arena_take(plan->memory, (size_t)plan->graph->node_count + 1, sizeof *opened);
    plan->opened = opened; /* what is open is closed with the plan, also after a failure */
    for (int n = 0; n < plan->graph->node_count; n++)
        if (plan->acting[n] && plan->acting[n]->layer->open &&
            !(opened[n] = open_node(plan->acting[n], error)))
            return false;
    for (int s = 0; s < plan->step_count; s++)
        if (plan->steps[s]->kind == STEP_NODE)
            plan->steps[s]->bound.opened = opened[plan->steps[s]->node->index];
    return true;
}

static void open_ones(Plan *plan)
{
    int64_t most = 1;
    for (int t = 0; t < plan->tensor_count; t++)
        if (plan->tensors[t].home == TENSOR_ONE && fornix_floats(plan->tensors[t].shape) > most)
            most = fornix_floats(plan->tensors[t].shape);
    plan->ones = arena_take(plan->memory, (size_t)most, sizeof *plan->ones);
    for (int64_t i = 0; i < most; i++)
        plan->ones[i] = 1;
}

bool plan_open(Plan *plan, Weights *weights, uint64_t seed, FornixError *error)
{
    open_ones(plan);
    plan->arena = mem_large((size_t)plan->size.arena + 64);
    if (!plan->arena)
        return fornix_fail(error, "no memory for %.1f MB of tensors",
                           (double)plan->size.arena / 1e6);
    if (!open_parameters(plan, weights, seed, error) || !open_nodes(plan, error))
        return false;
    size_t steps = (size_t)plan->step_count + 1;
    plan->tasks = arena_take(plan->memory, steps, sizeof *plan->tasks);
    plan->nanoseconds = arena_take(plan->memory, steps, sizeof *plan->nanoseconds);
    plan->timings = arena_take(plan->memory, steps, sizeof *plan->timings);
    plan->optimizers =
        arena_take(plan->memory, (size_t)plan->request.update_count + 1, sizeof *plan->optimizers);
    for (int s = 0; s < plan->step_count; s++) {
        PlanStep *step = plan->steps[s];
        if (step->kind == STEP_NODE)
            bind_node(plan, step);
        if (step->kind == STEP_OPTIMIZE && !open_optimizer(plan, step, error))
            return false;
        plan->tasks[s] = (Task){.grains = step->grains,
                                .passes = step->passes,
                                .before = step->before,
                                .after = step->after,
                                .after_count = step->after_count};
    }
    return true;
}

static void count_update(const PlanOptimizer *optimizer, int terms)
{
    for (int k = 0; k < terms; k++)
        optimizer->counts[k] = ++optimizer->tensors[k]->updates;
}

/* Columns move from run to run. */
static void bind_run(Plan *plan)
{
    for (int s = 0; s < plan->step_count; s++) {
        PlanStep *step = plan->steps[s];
        if (step->kind == STEP_OPTIMIZE && is_due(plan, step->update))
            count_update(&plan->optimizers[step->update], step->term_count);
        if (step->kind != STEP_NODE)
            continue;
        step->bound.random = fornix_random_derive(plan->run->random, step->salt);
        FornixView *in = (FornixView *)(uintptr_t)step->bound.in;
        for (int i = 0; i < step->node->inputs; i++)
            if (step->in[i] >= 0 && plan->tensors[step->in[i]].home == TENSOR_COLUMN)
                in[i].data = plan->run->columns[plan->tensors[step->in[i]].number];
    }
}

static void note_clock(Plan *plan)
{
    if (plan->runs == plan->clock_room) {
        plan->clock_room = plan->clock_room ? 2 * plan->clock_room : 64;
        plan->clock = mem_grow(plan->clock, (size_t)plan->clock_room, sizeof *plan->clock);
    }
    plan->clock[plan->runs++] = 1e-9 * (double)(nanoseconds_now() - plan->began);
}

/* It met its memory for the first time: what it took tells nothing of the others. */
static void forget_first(Plan *plan)
{
    for (int s = 0; s < plan->step_count; s++) {
        plan->nanoseconds[s] = 0;
        plan->timings[s].runs = 0;
    }
}

const Tasks *plan_begin(Plan *plan, const PlanRun *run)
{
    if (plan->runs == 1)
        forget_first(plan);
    plan->began = nanoseconds_now();
    plan->held = *run;
    plan->run = &plan->held;
    bind_run(plan);
    plan->work = (Tasks){
        .tasks = plan->tasks, .count = plan->step_count, .run = run_grains, .context = plan};
    return &plan->work;
}

void plan_end(Plan *plan)
{
    for (int s = 0; s < plan->step_count; s++)
        plan->timings[s].runs++;
    note_clock(plan);
}

bool plan_run(Plan *plan, Team *team, const PlanRun *run, FornixError *error)
{
    (void)error;
    team_tasks(team, plan_begin(plan, run));
    plan_end(plan);
    return true;
}

FornixView plan_wanted(const Plan *plan, int k)
{
    return read_only(plan_view(plan, plan->wanted[k]));
}

void plan_free(Plan *plan)
{
    if (!plan)
        return;
    for (int n = 0; plan->opened && n < plan->graph->node_count; n++)
        if (plan->opened[n] && plan->acting[n]->layer->close)
            close_node(plan->acting[n], plan->opened[n]);
    mem_large_free(plan->arena, (size_t)plan->size.arena + 64);
    mem_free(plan->clock);
    mem_free(plan->tensors);
    mem_free(plan->uses);
    mem_free(plan->steps);
    arena_free(plan->memory);
    mem_free(plan);
}
