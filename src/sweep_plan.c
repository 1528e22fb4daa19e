/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All jobs' stages merged by their keys into one graph of tasks.
 *
 * Of a job's graph what it comes down to is left: a thousand jobs take the memory of one. What
 * follows a task alone, and is followed by it alone, is made by the same process: starting one
 * costs reading the graph and its tables.
 */
#include <jansson.h>
#include <string.h>

#include "file.h"
#include "grid.h"
#include "sweep_parts.h"

/* ---- Tasks ------------------------------------------------------------------------------- */

static size_t *find_slot(size_t *slots, size_t count, const SweepTask *tasks, Hash key)
{
    size_t at = (size_t)key.low & (count - 1);
    while (slots[at] && !hash_equal(tasks[slots[at] - 1].key, key))
        at = (at + 1) & (count - 1);
    return &slots[at];
}

static void make_slots(Sweep *sweep)
{
    if (2 * (sweep->task_count + 1) <= sweep->slot_count)
        return;
    mem_free(sweep->slots);
    sweep->slot_count = sweep->slot_count ? 2 * sweep->slot_count : 256;
    sweep->slots = mem_new(sweep->slot_count, sizeof *sweep->slots);
    for (size_t k = 0; k < sweep->task_count; k++)
        *find_slot(sweep->slots, sweep->slot_count, sweep->tasks, sweep->tasks[k].key) = k + 1;
}

/* The task of that key; a new one has no id yet. */
static size_t take_task(Sweep *sweep, Hash key, size_t job)
{
    make_slots(sweep);
    size_t *slot = find_slot(sweep->slots, sweep->slot_count, sweep->tasks, key);
    if (*slot)
        return *slot - 1;
    if (sweep->task_count == sweep->task_room) {
        sweep->task_room = sweep->task_room ? 2 * sweep->task_room : 256;
        sweep->tasks = mem_grow(sweep->tasks, sweep->task_room, sizeof *sweep->tasks);
    }
    sweep->tasks[sweep->task_count] = (SweepTask){.key = key, .job = job};
    *slot = ++sweep->task_count;
    return *slot - 1;
}

/* ---- A job's stages ---------------------------------------------------------------------- */

/* Stages among those in set that none of the others in set waits for. */
static void set_deps(Sweep *sweep, const PlannedJob *p, const bool *set, SweepTask *task)
{
    bool *hidden = mem_new((size_t)p->count + 1, sizeof *hidden);
    for (int k = 0; k < p->count; k++)
        for (int a = 0; set[k] && p->nodes[k].id && a < k; a++)
            hidden[a] = hidden[a] || p->above[k * p->count + a];
    task->deps = arena_take(sweep->memory, (size_t)p->count + 1, sizeof *task->deps);
    for (int k = 0; k < p->count; k++)
        if (set[k] && p->nodes[k].id && !hidden[k])
            task->deps[task->dep_count++] = p->task[k];
    mem_free(hidden);
}

static void add_stages(Sweep *sweep, const PlannedJob *p, size_t job)
{
    for (int k = 0; k < p->count; k++) {
        const PlannedNode *node = &p->nodes[k];
        if (!node->id)
            continue;
        size_t index = p->task[k] = take_task(sweep, node->key, job);
        SweepTask *task = &sweep->tasks[index];
        task->uses++;
        sweep->jobs[job].stage_count++;
        task->arena = task->arena > node->arena ? task->arena : node->arena;
        task->disk = task->disk > node->disk ? task->disk : node->disk;
        if (task->id)
            continue;
        task->id = arena_text(sweep->memory, node->id);
        set_deps(sweep, p, p->above + k * p->count, task);
    }
}

static void add_end(Sweep *sweep, const PlannedJob *p, size_t job)
{
    Hasher *hasher = hasher_new();
    bool *all = mem_new((size_t)p->count + 1, sizeof *all);
    hasher_add_text(hasher, sweep->jobs[job].name);
    for (int k = 0; k < p->count; k++) {
        hasher_add(hasher, &p->nodes[k].key, sizeof p->nodes[k].key);
        all[k] = true;
    }
    Hash key = sweep->jobs[job].key = hasher_result(hasher);
    hasher_free(hasher);
    size_t index = sweep->ends[job] = take_task(sweep, key, job);
    sweep->tasks[index].uses = 1;
    set_deps(sweep, p, all, &sweep->tasks[index]);
    mem_free(all);
}

void sweep_merge(Sweep *sweep, size_t job, const PlannedJob *planned)
{
    add_stages(sweep, planned, job);
    add_end(sweep, planned, job);
}

bool sweep_knows(const Sweep *sweep, Hash key)
{
    return sweep->slot_count && *find_slot(sweep->slots, sweep->slot_count, sweep->tasks, key);
}

/* ---- What is to do ----------------------------------------------------------------------- */

char *sweep_job_folder(const Sweep *sweep, const SweepJob *job)
{
    char *jobs = file_join(sweep->folder, "jobs"), *folder = file_join(jobs, job->name);
    mem_free(jobs);
    return folder;
}

static bool job_is_there(const Sweep *sweep, const SweepJob *job)
{
    FornixError error = {0};
    char *folder = sweep_job_folder(sweep, job), *path = file_join(folder, "job.json");
    char *final = file_join(folder, "final.json"), text[HASH_TEXT];
    char *content = file_exists(path) ? file_read(path, 1 << 20, NULL, &error) : NULL;
    json_t *root = content ? json_loads(content, 0, NULL) : NULL;
    const char *key = json_string_value(json_object_get(root, "key"));
    hash_text(job->key, text);
    bool there = key && strcmp(key, text) == 0 && file_exists(final);
    json_decref(root);
    mem_free(content);
    mem_free(final);
    mem_free(path);
    mem_free(folder);
    return there;
}

bool sweep_task_is_there(const Sweep *sweep, const SweepTask *task)
{
    return task->id ? cache_has(sweep->cache, task->key)
                    : job_is_there(sweep, &sweep->jobs[task->job]);
}

static void find_work(Sweep *sweep)
{
    for (size_t k = 0; k < sweep->task_count; k++) {
        SweepTask *task = &sweep->tasks[k];
        task->was_there = sweep_task_is_there(sweep, task);
        for (size_t d = 0; d < task->dep_count; d++) {
            sweep->tasks[task->deps[d]].consumers++;
            sweep->tasks[task->deps[d]].consumer = k;
        }
    }
    for (size_t k = sweep->task_count; k-- > 0;) {
        SweepTask *task = &sweep->tasks[k];
        if (!task->id)
            task->wanted = sweep->jobs[task->job].own && !task->was_there;
        task->follows = task->dep_count == 1 && sweep->tasks[task->deps[0]].consumers == 1;
        for (size_t d = 0; task->wanted && d < task->dep_count; d++)
            if (!sweep->tasks[task->deps[d]].was_there)
                sweep->tasks[task->deps[d]].wanted = true;
    }
}

bool sweep_plan(Sweep *sweep, bool measured)
{
    sweep->ends = arena_take(sweep->memory, sweep->job_count + 1, sizeof *sweep->ends);
    if (sweep_open_jobs(sweep, measured))
        sweep_check_names(sweep);
    if (diag_errors(sweep->diag))
        return false;
    find_work(sweep);
    return true;
}

/* ---- Told to people ---------------------------------------------------------------------- */

typedef struct Kind {
    const char *id;
    size_t distinct, uses, there;
    double arena, disk;
} Kind;

/* "classify" of "classify[smote]": rounds of a loop count together. */
static Kind *find_kind(Kind *kinds, size_t *count, const char *id)
{
    size_t length = strcspn(id, "[");
    for (size_t k = 0; k < *count; k++)
        if (strncmp(kinds[k].id, id, length) == 0 && strlen(kinds[k].id) == length)
            return &kinds[k];
    return &kinds[(*count)++];
}

static Kind *count_kinds(const Sweep *sweep, size_t *count)
{
    Kind *kinds = mem_new(sweep->task_count + 1, sizeof *kinds);
    *count = 0;
    for (size_t k = 0; k < sweep->task_count; k++) {
        const SweepTask *task = &sweep->tasks[k];
        if (!task->id)
            continue;
        Kind *kind = find_kind(kinds, count, task->id);
        if (!kind->id)
            kind->id = arena_slice(sweep->memory, task->id, strcspn(task->id, "["));
        kind->distinct++;
        kind->uses += task->uses;
        kind->there += task->was_there;
        kind->disk += task->disk;
        kind->arena = kind->arena > task->arena ? kind->arena : task->arena;
    }
    return kinds;
}

static void print_line(void *out, const char *text)
{
    fprintf(out, "  %s\n", text);
}

void sweep_plan_print(const Sweep *sweep, FILE *out)
{
    size_t count, distinct = 0, uses = 0, there = 0, done = 0;
    double arena = 0, disk = 0;
    Kind *kinds = count_kinds(sweep, &count);
    static const char *const titles[] = {"stage", "in jobs", "distinct", "there", "memory", "disk"};
    Grid *grid = grid_new(COUNT(titles));
    for (size_t k = 0; k < COUNT(titles); k++)
        grid_cell(grid, "%s", titles[k]);
    for (size_t k = 0; k < count; k++) {
        grid_cell(grid, "%s", kinds[k].id);
        grid_cell(grid, "%zu", kinds[k].uses);
        grid_cell(grid, "%zu", kinds[k].distinct);
        grid_cell(grid, "%zu", kinds[k].there);
        grid_cell(grid, "%.1f MB", kinds[k].arena / 1e6);
        grid_cell(grid, "%.1f MB", kinds[k].disk / 1e6);
        distinct += kinds[k].distinct;
        uses += kinds[k].uses;
        there += kinds[k].there;
        disk += kinds[k].disk;
        arena = arena > kinds[k].arena ? arena : kinds[k].arena;
    }
    for (size_t k = 0; k < sweep->job_count; k++)
        done += sweep->tasks[sweep->ends[k]].was_there;
    fprintf(out, "sweep %s: %zu jobs of %s\n", sweep->name, sweep->job_count, sweep->graph);
    for (size_t k = 0; k < sweep->axis_count; k++)
        fprintf(out, "  axis %s: %zu values\n", sweep->axes[k].name, sweep->axes[k].count);
    grid_lines(grid, print_line, out);
    grid_free(grid);
    fprintf(out,
            "%zu stages in all jobs, %zu distinct: %zu are shared with another job\n"
            "%zu stages and %zu jobs are there already\n"
            "tensors and weights: at most %.1f MB in each worker; results: %.1f MB on disk where "
            "the rows are known now\n",
            uses, distinct, uses - distinct, there, done, arena / 1e6, disk / 1e6);
    mem_free(kinds);
}
