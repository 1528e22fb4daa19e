/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Gradients against central differences along random directions: all elements at once, and few of
 * them. A kink near the point spoils a direction, not every one that is drawn anew with smaller
 * steps; one in the point itself spoils all of them, so that another point is tried. A gradient
 * that is wrong is wrong everywhere. */
#include <math.h>

#include "base.h"
#include "trial_parts.h"

typedef struct Direction {
    int64_t moved; /* how many elements */
    int64_t *at;
    float *kept, *by;
} Direction;

static void direction_draw(Direction *d, const Slope *slope, int64_t support)
{
    int64_t floats = fornix_floats(slope->value.shape);
    d->moved = support && support < floats ? support : floats;
    for (int64_t j = 0; j < d->moved; j++) {
        bool all = d->moved == floats;
        d->at[j] = all ? j : (int64_t)((draw(slope->seed) + 1) / 2 * (double)floats);
        d->kept[j] = *tensor_at(&slope->value, d->at[j]);
        d->by[j] = (float)((draw(slope->seed) > 0 ? 1 : -1) * (1 + draw(slope->seed) / 2));
    }
}

static void direction_move(const Direction *d, const Slope *slope, double size)
{
    for (int64_t j = 0; j < d->moved; j++)
        *tensor_at(&slope->value, d->at[j]) = d->kept[j];
    for (int64_t j = 0; j < d->moved && size != 0; j++)
        *tensor_at(&slope->value, d->at[j]) += (float)(size * (double)d->by[j]);
}

typedef struct Derivative {
    double expected, found, spread, noise;
} Derivative;

/* By the gradient and by a central difference of that step. */
static bool derivative_of(const Slope *slope, const Direction *d, double size, Derivative *out)
{
    double side[2], noise[2], squares = 0;
    *out = (Derivative){0};
    for (int64_t j = 0; j < d->moved; j++) {
        double part = (double)d->by[j] * (double)*tensor_at(slope->gradient, d->at[j]);
        out->expected += part;
        squares += part * part;
    }
    bool fine = true;
    for (int s = 0; s < 2 && fine; s++) {
        direction_move(d, slope, s ? -size : size);
        fine = slope->functional(slope->context, &side[s], &noise[s]);
    }
    direction_move(d, slope, 0);
    if (!fine)
        return false;
    out->found = (side[0] - side[1]) / (2 * size);
    out->spread = sqrt(squares);
    out->noise = noise[1] / size;
    return true;
}

/* Whether one of several directions agrees; -1: the functional failed. */
static int support_agrees(const Slope *slope, Direction *d, int64_t support, Derivative *last)
{
    static const double sizes[] = {1e-2, 1e-2, 1e-2, 4e-3, 4e-3, 2e-3, 2e-3, 1e-3};
    for (size_t k = 0; k < COUNT(sizes); k++) {
        direction_draw(d, slope, support);
        if (!derivative_of(slope, d, sizes[k], last))
            return -1;
        double slack = 4e-3 * last->spread + last->noise;
        if (fabs(last->found - last->expected) <= slack)
            return 1;
        Derivative half;
        if (!slope->kinked)
            continue;
        if (!derivative_of(slope, d, sizes[k] / 2, &half))
            return -1;
        slack += 2 * fabs(half.found - last->found) + half.noise;
        if (fabs(half.found - half.expected) <= slack)
            return 1;
    }
    return 0;
}

bool slope_check(const Slope *slope, Fault *fault)
{
    static const int64_t supports[] = {0, 1, 1, 2, 2, 5};
    size_t floats = (size_t)fornix_floats(slope->value.shape);
    Direction d = {.at = mem_new(floats, sizeof *d.at),
                   .kept = mem_new(floats, sizeof *d.kept),
                   .by = mem_new(floats, sizeof *d.by)};
    Derivative last = {0};
    int agrees = 1;
    for (size_t k = 0; k < COUNT(supports) && agrees == 1; k++)
        agrees = support_agrees(slope, &d, supports[k], &last);
    mem_free(d.at);
    mem_free(d.kept);
    mem_free(d.by);
    double ratio = last.expected / last.found;
    if (agrees == 0)
        fault_set(fault, TRIAL_GRADIENT,
                  "the gradient of %s is %.6g along a direction, and forward rises by %.6g%s",
                  slope->name, last.expected, last.found,
                  fabs(ratio + 1) < 0.02     ? ": its sign is wrong"
                  : fabs(ratio - 2) < 0.04   ? ": it is twice as large"
                  : fabs(ratio - 0.5) < 0.01 ? ": it is half as large"
                  : last.expected == 0       ? ": backward gives nothing there"
                                             : "");
    return agrees == 1;
}

/* ---- Of a node's own passes ---- */

typedef struct Passes {
    Bench *bench;
    Fault *fault;
} Passes;

/* <dout, forward>, summed in double. */
static bool passes_value(void *context, double *value, double *noise)
{
    const Passes *passes = context;
    Bench *bench = passes->bench;
    double squares = 0;
    *value = 0;
    if (!bench_run(bench, FORNIX_FORWARD, passes->fault))
        return false;
    for (int o = 0; o < bench->node->outputs; o++)
        for (int64_t i = 0; i < fornix_floats(bench->at_out[o].shape); i++) {
            double term = (double)*tensor_at(&bench->at_out[o], i) *
                          (double)*tensor_at(&bench->at_dout[o], i);
            *value += term;
            squares += term * term;
        }
    *noise = 1.5e-7 * sqrt(squares);
    return true;
}

static bool bench_slopes(Bench *bench, Fault *fault)
{
    const Node *node = bench->node;
    Passes passes = {bench, fault};
    uint64_t seed = 99;
    char name[80];
    Slope slope = {.functional = passes_value, .context = &passes, .seed = &seed, .name = name};
    bool fine = bench_run(bench, FORNIX_FORWARD, fault) && bench_run(bench, FORNIX_BACKWARD, fault);
    for (int i = 0; i < node->inputs && fine; i++) {
        if (!input_has_gradient(node, i))
            continue;
        tensor_name(node, "input", i, name);
        slope.value = bench->at_in[i];
        slope.gradient = &bench->at_din[i];
        fine = slope_check(&slope, fault);
    }
    for (int w = 0; w < node->weight_count && fine; w++) {
        tensor_name(node, "weight", w, name);
        slope.value = bench->weight[w].tensor;
        slope.gradient = &bench->dweight[w].tensor;
        fine = slope_check(&slope, fault);
    }
    return fine;
}

static bool point_agrees(Trial *trial, const Node *node, bool frozen, uint64_t point, Fault *fault)
{
    Variant variant = {
        .name = frozen ? "gradients, frozen" : "gradients", .frozen = frozen, .point = point};
    Bench *bench = trial_bench(trial, node, &variant, fault);
    bool fine = bench && bench_slopes(bench, fault);
    bench_free(bench);
    return fine;
}

void trial_gradients(Trial *trial)
{
    Example example;
    Fault fault;
    if (trial_open(trial, &example, &(ExampleSetting){.behind = NULL})) {
        trial_checks(trial, TRIAL_GRADIENT);
        bool fine = true;
        for (int frozen = 0; frozen < 2 && fine; frozen++) {
            fine = false;
            for (uint64_t point = 0; point < POINTS && !fine; point++)
                fine = point_agrees(trial, trial_node(&example), frozen, point, &fault);
        }
        if (!fine)
            trial_fail(trial, fault.check, "%s", fault.text);
    }
    example_close(&example);
}
