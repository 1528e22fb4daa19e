/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plan as people read it, and where its time went. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "plan_parts.h"

static const char *step_type(const PlanStep *step)
{
    switch (step->kind) {
    case STEP_SUM: return step->accumulates ? "accumulate" : "sum";
    case STEP_ZERO: return "zero";
    case STEP_OPTIMIZE: return "optimize";
    case STEP_NODE: break;
    }
    return step->node->type->name;
}

static const char *step_path(const Plan *plan, const PlanStep *step)
{
    if (step->kind == STEP_NODE)
        return step->node->path;
    const char *id = step->update >= 0 ? plan->updates[step->update].id : NULL;
    return id ? id : "";
}

static const char *step_phase(const PlanStep *step)
{
    static const char *const names[] = {"forward", "backward", "keep"};
    return step->kind == STEP_NODE ? names[step->phase] : "";
}

static void print_written(const Plan *plan, int number, FILE *out)
{
    if (number < 0 || plan->tensors[number].home != TENSOR_ARENA)
        return;
    const PlanGroup *group = &plan->groups[plan->tensors[number].group];
    const PlanGroup *root = group->parent >= 0 ? &plan->groups[group->parent] : group;
    fprintf(out, "  %lld+%lld", (long long)(root->offset + group->channel * 4),
            (long long)shape_bytes(plan->tensors[number].shape));
    if (root->last < INT_MAX)
        fprintf(out, " to %d", root->last);
    else
        fputs(" to the end", out);
}

void plan_print(const Plan *plan, FILE *out)
{
    fprintf(out, "  step  what       node                              grains  writes at+bytes to "
                 "step\n");
    for (int s = 0; s < plan->step_count; s++) {
        const PlanStep *step = plan->steps[s];
        int64_t grains = 0;
        for (int p = 0; p < step->passes; p++)
            grains += step->grains[p];
        fprintf(out, "  %4d  %-9s  %-16s %-16s %6lld", s, step_phase(step), step_type(step),
                step_path(plan, step), (long long)grains);
        if (step->kind == STEP_NODE) {
            for (int o = 0; o < step->node->outputs; o++)
                print_written(plan, step->phase == FORNIX_FORWARD ? step->out[o] : -1, out);
            for (int i = 0; i < step->node->inputs; i++)
                print_written(plan, step->din[i], out);
        } else if (step->out) {
            print_written(plan, step->out[0], out);
        }
        fputc('\n', out);
    }
}

static double step_bytes(const Plan *plan, int s)
{
    double bytes = 0;
    for (int u = 0; u < plan->use_count; u++)
        if (plan->uses[u].step == s)
            bytes += (double)shape_bytes(plan->tensors[plan->uses[u].tensor].shape);
    return bytes;
}

int plan_timings(const Plan *plan, const PlanTiming **timings)
{
    for (int s = 0; s < plan->step_count; s++) {
        const PlanStep *step = plan->steps[s];
        PlanTiming *timing = &plan->timings[s];
        timing->path = step_path(plan, step);
        timing->type = step_type(step);
        timing->phase = step->phase;
        timing->seconds = 1e-9 * (double)plan->nanoseconds[s];
        timing->flops = step->kind == STEP_NODE ? step->node->phase[step->phase].flops : 0;
        timing->bytes = step_bytes(plan, s);
    }
    *timings = plan->timings;
    return plan->step_count;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double plan_median(const Plan *plan)
{
    int64_t first = plan->runs > 1, count = plan->runs - first;
    if (count < 1)
        return 0;
    double *sorted = mem_new((size_t)count, sizeof *sorted);
    memcpy(sorted, plan->clock + first, (size_t)count * sizeof *sorted);
    qsort(sorted, (size_t)count, sizeof *sorted, by_size);
    double median = sorted[count / 2];
    mem_free(sorted);
    return median;
}
