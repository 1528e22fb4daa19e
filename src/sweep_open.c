/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The jobs' graphs opened: by several processes, since a loader may look at thousands of files.
 *
 * The first job is opened by the parent, which so hashes what input files there are; then each of
 * the others is opened by a planner, which hands on what it comes down to. A job in which something
 * is wrong is opened again by the parent, which can say what.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sweep_parts.h"
#include "team.h"

enum { MOST_PLANNERS = 64, FEW_JOBS = 8, MOST_NODES = 200000, MOST_TEXT = 1 << 26 };

/* ---- What a graph comes down to ---------------------------------------------------------- */

static PlannedJob *planned_new(int count)
{
    PlannedJob *planned = mem_new(1, sizeof *planned);
    size_t room = (size_t)count + 1;
    *planned = (PlannedJob){.count = count,
                            .nodes = mem_new(room, sizeof *planned->nodes),
                            .above = mem_new(room * room, sizeof *planned->above),
                            .task = mem_new(room, sizeof *planned->task)};
    return planned;
}

static void planned_free(PlannedJob *planned)
{
    for (int k = 0; planned && k < planned->count; k++)
        mem_free(planned->nodes[k].id);
    if (planned) {
        mem_free(planned->names);
        mem_free(planned->nodes);
        mem_free(planned->above);
        mem_free(planned->task);
    }
    mem_free(planned);
}

static void note_above(const PlannedJob *p, Outer *const *nodes, int node, const Outer *from)
{
    for (int k = 0; k < node; k++)
        if (nodes[k] == from) {
            bool *mine = p->above + node * p->count;
            const bool *its = p->above + k * p->count;
            mine[k] = true;
            for (int a = 0; a < k; a++)
                mine[a] = mine[a] || its[a];
        }
}

static double tensor_bytes(const FornixTable *table)
{
    double bytes = 0;
    int64_t rows = table ? fornix_rows(table) : 0;
    for (int c = 0; rows > 0 && c < fornix_columns(table); c++)
        if (!(fornix_column(table, c)->kind & (FORNIX_LABEL | FORNIX_WEIGHT)))
            bytes += 4 * (double)rows * (double)fornix_floats(fornix_column(table, c)->shape);
    return bytes;
}

static void measure(PlannedNode *node, const Outer *outer)
{
    StagePlan *plan = stage_plan(outer->stage, NULL, stage_batch(outer->stage), UINT64_MAX);
    if (plan) {
        PlanSize size = plan_size(plan->plan);
        node->arena = (double)size.arena + (double)size.weights;
        node->disk = outer->stage->kind == STAGE_TRAIN ? (double)size.weights : 0;
        stage_plan_free(plan);
    }
    if (outer->stage->kind != STAGE_TRAIN)
        node->disk = tensor_bytes(outer->table);
}

static PlannedJob *describe_graph(Sweep *sweep, Experiment *experiment, bool measured)
{
    int count;
    Outer *const *nodes = experiment_nodes(experiment, &count);
    Hash *keys = mem_new((size_t)count + 1, sizeof *keys);
    PlannedJob *planned = NULL;
    if (run_foresee(experiment, sweep->cache, keys, &sweep->failure))
        planned = planned_new(count);
    Text names = {0};
    for (int k = 0; planned && k < count; k++) {
        const Outer *outer = nodes[k];
        text_format(&names, "%s\n", outer->id);
        PlannedNode *node = &planned->nodes[k];
        node->key = keys[k];
        node->id = outer->stage ? mem_text(outer->id) : NULL;
        for (int i = 0; i < outer->input_count; i++)
            note_above(planned, nodes, k, outer->inputs[i].from);
        for (int n = 0; outer->stage && n < outer->stage->net_count; n++)
            note_above(planned, nodes, k, outer->weights[n]);
        if (measured && node->id && !sweep_knows(sweep, node->key))
            measure(node, outer);
    }
    if (planned)
        planned->names = mem_text(text_value(&names));
    text_free(&names);
    mem_free(keys);
    return planned;
}

/* The graph's own mistakes say where in it, not in which job: the first such one is named. */
static void name_job(Sweep *sweep, const Diag *diag, size_t job)
{
    if (sweep->named || !diag_elsewhere(diag, sweep->source))
        return;
    sweep->named = true;
    const SweepJob *first = &sweep->jobs[job];
    Place place = source_place(sweep->source, 0, 1);
    for (size_t k = sweep->axis_count; k-- > 0;)
        if (first->value[k] != NO_VALUE) {
            place = sweep->axes[k].values[first->value[k]].place;
            break;
        }
    diag_error(sweep->diag, place, "so it is in job '%s'", first->name);
}

/* Mistakes of all jobs come together, each of them once: its place is in the sweep or the graph. */
static PlannedJob *plan_job(Sweep *sweep, size_t job, bool measured)
{
    ExperimentRequest request = {.path = sweep->graph,
                                 .settings = sweep->jobs[job].settings,
                                 .setting_count = sweep->jobs[job].setting_count};
    Experiment *experiment = experiment_open(&request);
    Diag *diag = experiment_diag(experiment);
    bool fine = diag_errors(diag) == 0;
    diag_join(sweep->diag, diag);
    name_job(sweep, diag, job);
    PlannedJob *planned = fine ? describe_graph(sweep, experiment, measured) : NULL;
    experiment_free(experiment);
    return planned;
}

/* ---- From process to process ------------------------------------------------------------- */

static void text_write(const char *text, FILE *out)
{
    size_t length = text ? strlen(text) + 1 : 0;
    fwrite(&length, sizeof length, 1, out);
    fwrite(text ? text : "", 1, length, out);
}

static bool text_read(char **text, FILE *in)
{
    size_t length = 0;
    *text = NULL;
    if (fread(&length, sizeof length, 1, in) != 1 || length > MOST_TEXT)
        return false;
    if (length)
        *text = mem_new(length + 1, 1);
    return !length || fread(*text, 1, length, in) == length;
}

static void planned_write(const PlannedJob *planned, FILE *out)
{
    int count = planned ? planned->count : -1;
    fwrite(&count, sizeof count, 1, out);
    if (planned)
        text_write(planned->names, out);
    for (int k = 0; k < count; k++) {
        fwrite(&planned->nodes[k], sizeof planned->nodes[k], 1, out);
        text_write(planned->nodes[k].id, out);
    }
    if (count > 0)
        fwrite(planned->above, sizeof *planned->above, (size_t)count * (size_t)count, out);
}

/* NULL: something is wrong in the job, or with its planner. */
static PlannedJob *planned_read(FILE *in)
{
    int count;
    if (fread(&count, sizeof count, 1, in) != 1 || count < 0 || count > MOST_NODES)
        return NULL;
    PlannedJob *planned = planned_new(count);
    bool fine = text_read(&planned->names, in);
    for (int k = 0; k < count && fine; k++) {
        PlannedNode *node = &planned->nodes[k];
        fine = fread(node, sizeof *node, 1, in) == 1;
        node->id = NULL; /* an address of another process */
        fine = fine && text_read(&node->id, in);
    }
    size_t cells = (size_t)count * (size_t)count;
    if (fine && fread(planned->above, sizeof *planned->above, cells, in) == cells)
        return planned;
    planned_free(planned);
    return NULL;
}

typedef struct Planner {
    pid_t process;
    FILE *in;
} Planner;

static void be_planner(Sweep *sweep, size_t first, size_t step, bool measured, int out)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    FILE *file = fdopen(out, "w");
    for (size_t job = first; file && job < sweep->job_count; job += step) {
        PlannedJob *planned = plan_job(sweep, job, measured);
        planned_write(planned, file);
        fflush(file);
        if (planned && measured)
            sweep_merge(sweep, job, planned); /* measured once */
        planned_free(planned);
    }
    _exit(0);
}

/* How many there are; job k is planned by planner (k - 1) % count. */
static size_t start_planners(Sweep *sweep, bool measured, Planner *planners)
{
    size_t wanted = (size_t)team_default_threads(), count = 0;
    wanted = wanted > MOST_PLANNERS ? MOST_PLANNERS : wanted;
    if (sweep->job_count < FEW_JOBS || wanted < 2)
        return 0;
    fflush(NULL);
    for (int ends[2]; count < wanted && pipe2(ends, O_CLOEXEC) == 0; count++) {
        pid_t child = fork();
        if (child == 0)
            be_planner(sweep, 1 + count, wanted, measured, ends[1]);
        close(ends[1]);
        planners[count] = (Planner){child, fdopen(ends[0], "r")};
    }
    return wanted; /* of one that could not be started nothing comes: the parent does its jobs */
}

static void end_planners(Planner *planners, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        if (planners[k].in)
            fclose(planners[k].in);
        if (planners[k].process > 0)
            waitpid(planners[k].process, NULL, 0);
    }
}

bool sweep_open_jobs(Sweep *sweep, bool measured)
{
    Planner planners[MOST_PLANNERS] = {0};
    size_t count = 0;
    bool fine = true;
    Gauge *gauge = meter_begin(sweep->meter, "checking", (int64_t)sweep->job_count, 0);
    for (size_t k = 0; k < sweep->job_count; k++) {
        FILE *in = k && count ? planners[(k - 1) % count].in : NULL;
        PlannedJob *planned = in ? planned_read(in) : NULL;
        if (!planned)
            planned = plan_job(sweep, k, measured);
        if (planned) {
            sweep_note_names(sweep, planned->names);
            sweep_merge(sweep, k, planned);
        }
        fine = fine && planned;
        planned_free(planned);
        if (k == 0 && fine)
            count = start_planners(sweep, measured, planners);
        meter_step(gauge, (int64_t)k + 1);
    }
    end_planners(planners, count);
    meter_drop(gauge);
    return fine;
}
