/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A node in the engine: on one and on four threads, its input and its weights used twice. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "trial_parts.h"

enum { THREADS = 4, STEPS = 3 };

/* ---- Threads ---- */

static bool bits_same(const float *a, const float *b, int64_t floats)
{
    return !a || !b || memcmp(a, b, (size_t)floats * sizeof(float)) == 0;
}

static bool views_same(FornixView a, FornixView b)
{
    for (int64_t i = 0; i < fornix_floats(a.shape); i++)
        if (!bits_same(a.data + i / a.shape.c * a.pitch_w + i % a.shape.c,
                       b.data + i / b.shape.c * b.pitch_w + i % b.shape.c, 1))
            return false;
    return true;
}

static bool machines_same(const Machine *one, const Machine *more, Fault *fault)
{
    const Node *both = one->both;
    for (int k = 0; k < both->inputs; k++)
        if (!views_same(plan_wanted(one->plan, k), plan_wanted(more->plan, k)))
            return fault_set(fault, TRIAL_THREADS,
                             "output %d has other bits on %d threads than on one: grains that "
                             "write the same place, or know their thread?",
                             k % (both->inputs / 2), (int)THREADS);
    for (size_t k = 0; k < weights_count(one->weights); k++) {
        const WeightTensor *a = weights_at(one->weights, k);
        const WeightTensor *b = weights_find(more->weights, a->name);
        int64_t floats = fornix_floats(a->shape);
        if (!bits_same(a->data, b->data, floats) || !bits_same(a->moment[0], b->moment[0], floats))
            return fault_set(fault, TRIAL_THREADS,
                             "'%s' or its gradient has other bits on %d threads than on one: "
                             "grains that write the same place, or know their thread?",
                             a->name, (int)THREADS);
        for (int64_t i = 0; i < floats; i++)
            if (!isfinite(a->data[i]))
                return fault_set(fault, TRIAL_THREADS, "'%s' is not finite after %d steps", a->name,
                                 (int)STEPS);
    }
    return true;
}

static bool machine_told(Trial *trial, Machine *machine, const Example *example, const char *loss,
                         uint64_t point, Fault *fault)
{
    trial_doing(trial, "the engine, which opens it");
    bool fine = machine_open(machine, example, loss, point, true);
    trial_doing(trial, "the engine, which runs it");
    return fine ||
           fault_set(fault, TRIAL_EXAMPLE, "the engine does not take it: %s", machine->error.text);
}

static bool threads_agree(Trial *trial, const Example *example, const char *loss, Fault *fault)
{
    Machine one, more;
    bool fine = machine_told(trial, &one, example, loss, 0, fault);
    fine = machine_told(trial, &more, example, loss, 0, fault) && fine;
    fine = fine && machine_run(&one, 1, STEPS, 1e-3) && machine_run(&more, THREADS, STEPS, 1e-3) &&
           machines_same(&one, &more, fault);
    machine_close(&one);
    machine_close(&more);
    return fine;
}

/* ---- Used twice ---- */

/* Sums of more than two terms may be made in another order: where one use reads an input twice, or
 * adds its terms one by one to what is there, within rounding. */
static double sum_tolerance(const Graph *graph)
{
    for (int n = 0; n < graph->node_count; n++)
        if (graph->nodes[n]->adds)
            return 2e-5;
    for (int v = 0; v < graph->value_count; v++)
        if (graph->values[v]->producer && graph->values[v]->producer->type == &trial_given &&
            graph->values[v]->reader_count > 2)
            return 2e-5;
    return 0;
}

static bool is_sum(const WeightTensor *both, const WeightTensor *a, const WeightTensor *b,
                   double tolerance, Fault *fault)
{
    double scale = 0;
    int64_t floats = fornix_floats(both->shape);
    for (int64_t i = 0; i < floats && tolerance > 0; i++)
        scale = fmax(scale, fabs((double)a->moment[0][i]) + fabs((double)b->moment[0][i]));
    for (int64_t i = 0; i < floats; i++) {
        float sum = a->moment[0][i] + b->moment[0][i];
        if (!(fabs((double)both->moment[0][i] - (double)sum) <= tolerance * scale))
            return fault_set(fault, TRIAL_SHARED,
                             "used twice, the gradient %lld of '%s' is %.9g, but those of the two "
                             "uses alone are %.9g and %.9g",
                             (long long)i, both->name, (double)both->moment[0][i],
                             (double)a->moment[0][i], (double)b->moment[0][i]);
    }
    return true;
}

/* The gradients of "l" are those of "a" and "b", which read the two uses apart. */
static bool gradients_add(Trial *trial, const Example *example, Fault *fault)
{
    static const char *const losses[] = {"l", "a", "b"};
    double tolerance = sum_tolerance(example->graph);
    Machine machine[COUNT(losses)];
    bool fine = true;
    for (size_t k = 0; k < COUNT(losses); k++)
        fine = machine_told(trial, &machine[k], example, losses[k], 0, fault) &&
               machine_run(&machine[k], 1, 1, 0) && fine;
    for (size_t k = 0; k < weights_count(machine[0].weights) && fine; k++) {
        const WeightTensor *both = weights_at(machine[0].weights, k);
        if (!both->kept && both->moments) /* else no gradient comes to it */
            fine = is_sum(both, weights_find(machine[1].weights, both->name),
                          weights_find(machine[2].weights, both->name), tolerance, fault);
    }
    for (size_t k = 0; k < COUNT(losses); k++)
        machine_close(&machine[k]);
    return fine;
}

/* What "l" measures, summed in double. */
static bool machine_value(void *context, double *value, double *noise)
{
    Machine *machine = context;
    double squares = 0;
    *value = 0;
    if (!machine_run(machine, 1, 1, 0))
        return false;
    for (int k = 0; k < machine->both->inputs; k++) {
        FornixView v = plan_wanted(machine->plan, k);
        for (int64_t i = 0; i < fornix_floats(v.shape); i++) {
            double term = (double)v.data[i / v.shape.c * v.pitch_w + i % v.shape.c] *
                          (double)trial_factor(k, i);
            *value += term;
            squares += term * term;
        }
    }
    *noise = 1.5e-7 * sqrt(squares);
    return true;
}

typedef struct WeightSlope {
    Machine *machine;
    uint64_t *seed;
    bool kinked;
    const char *how;
} WeightSlope;

static bool weight_slope(const WeightSlope *what, WeightTensor *weight, Fault *fault)
{
    int64_t floats = fornix_floats(weight->shape);
    char name[140];
    snprintf(name, sizeof name, "'%.100s' (%.30s)", weight->name, what->how);
    float *gradient = mem_new((size_t)floats, sizeof *gradient);
    memcpy(gradient, weight->moment[0], (size_t)floats * sizeof *gradient);
    FornixTensor value = {.shape = weight->shape, .pitch_w = weight->shape.c, .data = weight->data};
    FornixTensor slopes = value;
    slopes.data = gradient;
    Slope slope = {.functional = machine_value,
                   .context = what->machine,
                   .value = value,
                   .gradient = &slopes,
                   .name = name,
                   .seed = what->seed,
                   .kinked = what->kinked};
    bool fine = slope_check(&slope, fault);
    mem_free(gradient);
    return fine;
}

bool machine_slopes(Trial *trial, const Example *example, uint64_t point, const char *how,
                    Fault *fault)
{
    Machine machine;
    uint64_t seed = 23;
    WeightSlope slope = {&machine, &seed, trial->type->composite != NULL, how};
    bool fine =
        machine_told(trial, &machine, example, "l", point, fault) && machine_run(&machine, 1, 1, 0);
    for (size_t k = 0; k < weights_count(machine.weights) && fine; k++) {
        WeightTensor *weight = weights_at(machine.weights, k);
        fine = weight->kept || !weight->moments ||
               (machine_run(&machine, 1, 1, 0) && weight_slope(&slope, weight, fault));
    }
    machine_close(&machine);
    return fine;
}

void trial_engine(Trial *trial)
{
    Example example;
    Fault fault = {.check = TRIAL_EXAMPLE, .text = "the engine fails to run it"};
    bool grads;
    if (machine_example(trial, &example, &grads)) {
        trial_checks(trial, TRIAL_THREADS);
        bool fine = threads_agree(trial, &example, grads ? "l" : NULL, &fault);
        if (grads && fine) {
            trial_checks(trial, TRIAL_SHARED);
            trial_checks(trial, TRIAL_GRADIENT);
            fine = gradients_add(trial, &example, &fault);
            for (uint64_t point = 0, agrees = !fine; point < POINTS && !agrees; point++)
                agrees = fine = machine_slopes(trial, &example, point, "used twice", &fault);
        }
        if (!fine)
            trial_fail(trial, fault.check, "%s", fault.text);
    }
    example_close(&example);
}
