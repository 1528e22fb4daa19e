/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a stage's time went: each node and pass, most first. */
#include <stdlib.h>

#include "train.h"

enum { LINES = 40 };

static int slower_first(const void *a, const void *b)
{
    const PlanTiming *x = a, *y = b;
    return (x->seconds < y->seconds) - (x->seconds > y->seconds);
}

static void print_plan(const StagePlanEntry *entry, FILE *out)
{
    static const char *const phases[] = {"forward", "backward", "keep"};
    const PlanTiming *found;
    int count = plan_timings(entry->plan->plan, &found);
    PlanTiming *timings = mem_new((size_t)count + 1, sizeof *timings);
    double all = 0;
    for (int k = 0; k < count; k++) {
        timings[k] = found[k];
        all += found[k].seconds;
    }
    if (count && timings[0].runs) {
        qsort(timings, (size_t)count, sizeof *timings, slower_first);
        fprintf(out, "%s, batch %lld: %lld runs, median %.4f s, %.3f thread seconds each\n",
                entry->validation ? entry->validation->id : "body", (long long)entry->batch,
                (long long)timings[0].runs, plan_median(entry->plan->plan),
                all / (double)timings[0].runs);
        fprintf(out, "  share      ms    GFLOP/s    GB/s  what\n");
        for (int k = 0; k < count && k < LINES; k++) {
            double runs = (double)timings[k].runs, seconds = timings[k].seconds / runs;
            fprintf(out, "  %4.1f %% %8.3f %9.1f %8.1f  %s %s %s\n", 100 * timings[k].seconds / all,
                    1e3 * seconds, 1e-9 * timings[k].flops / seconds,
                    1e-9 * timings[k].bytes / seconds, timings[k].type, timings[k].path,
                    phases[timings[k].phase]);
        }
    }
    mem_free(timings);
}

void plans_profile(const StagePlans *plans, double waited, FILE *out)
{
    fprintf(out, "%s %s: waited %.3f s for its samples\n", plans->run->stage->element->name,
            plans->run->stage->id, waited);
    for (int k = 0; k < plans->count; k++)
        print_plan(&plans->entries[k], out);
}
