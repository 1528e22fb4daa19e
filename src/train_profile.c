/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a stage's time went: each node and pass, most first, beside what the machine could do.
 *
 * A step's bound is the time that its multiply-adds (counted as if done directly) or its bytes
 * (read and written once) would take on this machine at its best, whichever is longer; "of bound"
 * is the share of its time that this explains. Winograd's filtering multiplies less than the direct
 * way, so that more than 100 % is no mistake.
 */
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "kernels/peak.h"
#include "base.h"
#include "train.h"

enum { LINES = 40 };

/* Bytes that the process holds in memory; 0: not to be known here. */
static double bytes_held(void)
{
    long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%*s %lld", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

/* Since bytes_most_forget, where the system knows how; else since the process began. */
static double bytes_most(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? 1024.0 * (double)usage.ru_maxrss : 0;
}

static void bytes_most_forget(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (file) {
        fputs("5", file);
        fclose(file);
    }
}

ProfileStart profile_start(const StageRun *run)
{
    if (run->profile)
        bytes_most_forget();
    return (ProfileStart){.seconds = seconds_now(),
                          .idle = run->profile ? team_idle(run->team) : 0,
                          .bytes = run->profile ? bytes_held() : 0};
}

typedef struct Machine {
    double flops, copy; /* of a thread while all work */
} Machine;

static void machine_measure(void *context, int64_t i)
{
    Machine *machine = (Machine *)context + i;
    *machine = (Machine){peak_flops(), peak_copy()};
}

/* All threads at once: they share memory, and often power. */
static Machine machine_of(Team *team)
{
    int threads = team_threads(team);
    Machine *each = mem_new((size_t)threads, sizeof *each), all = {0, 0};
    team_each(team, threads, machine_measure, each);
    for (int t = 0; t < threads; t++) {
        all.flops += each[t].flops / threads;
        all.copy += each[t].copy / threads;
    }
    mem_free(each);
    return all;
}

static int slower_first(const void *a, const void *b)
{
    const PlanTiming *x = a, *y = b;
    return (x->seconds < y->seconds) - (x->seconds > y->seconds);
}

static double bound_of(const PlanTiming *timing, const Machine *machine)
{
    double compute = timing->flops / machine->flops;
    double move = machine->copy > 0 ? timing->bytes / machine->copy : 0;
    return compute > move ? compute : move;
}

static void print_timing(const PlanTiming *timing, const Machine *machine, double all, FILE *out)
{
    static const char *const phases[] = {"forward", "backward", "keep"};
    double seconds = timing->seconds / (double)timing->runs;
    bool computes = timing->flops / machine->flops > timing->bytes / (machine->copy + 1);
    fprintf(out, "  %4.1f %% %8.3f %9.1f %8.1f  %4.0f %% %-6s  %s %s %s\n",
            100 * timing->seconds / all, 1e3 * seconds, 1e-9 * timing->flops / seconds,
            1e-9 * timing->bytes / seconds, 100 * bound_of(timing, machine) / seconds,
            computes ? "flops" : "memory", timing->type, timing->path, phases[timing->phase]);
}

static void print_plan(const StagePlanEntry *entry, const Machine *machine, int threads, FILE *out)
{
    const PlanTiming *found;
    int count = plan_timings(entry->plan->plan, &found);
    if (!count || !found[0].runs)
        return;
    PlanTiming *timings = mem_new((size_t)count, sizeof *timings);
    double all = 0, flops = plan_size(entry->plan->plan).flops,
           median = plan_median(entry->plan->plan);
    for (int k = 0; k < count; k++) {
        timings[k] = found[k];
        all += found[k].seconds;
    }
    qsort(timings, (size_t)count, sizeof *timings, slower_first);
    fprintf(out, "%s, batch %lld: %lld runs, median %.4f s, %.3f thread seconds each\n",
            entry->validation ? entry->validation->id : "body", (long long)entry->batch,
            (long long)timings[0].runs, median, all / (double)timings[0].runs);
    fprintf(out,
            "  done directly, that is %.1f GFLOP/s: %.0f %% of the multiply-adds of %d threads\n",
            1e-9 * flops / median, 100 * flops / median / (machine->flops * threads), threads);
    fprintf(out, "  share      ms    GFLOP/s    GB/s  of bound        what\n");
    for (int k = 0; k < count && k < LINES; k++)
        print_timing(&timings[k], machine, all, out);
    mem_free(timings);
}

void profile_print(const StagePlans *plans, const ProfileStart *start)
{
    const StageRun *run = plans->run;
    int threads = team_threads(run->team);
    double seconds = seconds_now() - start->seconds;
    double idle = (team_idle(run->team) - start->idle) / (seconds * threads);
    double most = bytes_most(); /* before the machine is measured, which takes memory */
    Machine machine = machine_of(run->team);
    fprintf(run->profile, "%s %s: %.2f s, waited %.3f s for its samples, cores idle %.1f %%\n",
            run->stage->element->name, run->stage->id, seconds, plans->waited, 100 * idle);
    fprintf(run->profile, "memory: %.1f MB before the first step, %.1f MB at the most\n",
            1e-6 * start->bytes, 1e-6 * most);
    fprintf(run->profile, "machine: %.1f GFLOP/s and %.1f GB/s copied a thread, measured\n",
            1e-9 * machine.flops, 1e-9 * machine.copy);
    for (int k = 0; k < plans->count; k++)
        print_plan(&plans->entries[k], &machine, threads, run->profile);
}
