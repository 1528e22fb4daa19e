/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Workers: what is ready is claimed and given to a process, until nothing is left to do.
 *
 * The parent never works itself nor starts a thread, so that forking is safe; it looks after its
 * children, keeps its claims alive and listens to signals. Children die with it, whatever ends it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "csv.h"
#include "base.h"
#include "file.h"
#include "machine.h"
#include "sweep_parts.h"
#include "team.h"

typedef struct Crew {
    Sweep *sweep;
    char *claims;
    int64_t most, threads, idle; /* processes; of each, 0: as fits; processors without work */
    int64_t going;
    size_t left, jobs_left, jobs; /* tasks; jobs */
    bool stopping, failed, changed;
    const char *why; /* it stops */
    double began, looked, beat;
    int64_t processors;
    struct Cost *costs;
    size_t cost_count;
    Gauge *gauge;
    size_t made;
} Crew;

static const double LOOK_SECONDS = 0.25, BEAT_SECONDS = 5;

/* A signal's handler has no context. */
static volatile sig_atomic_t asked;

static void ask_to_stop(int signal_number)
{
    (void)signal_number;
    asked++;
}

static bool start_child(Crew *crew, SweepTask *task, int64_t threads, FornixError *error)
{
    task->threads = (int)threads;
    int process = sweep_child(crew->sweep, task, &task->message, error);
    if (process < 0)
        return false;
    task->process = process;
    task->began = seconds_now();
    task->state = TASK_GOES;
    crew->idle -= threads;
    crew->going++;
    return true;
}

/* ---- What has ended ---------------------------------------------------------------------- */

static const char *task_name(const Sweep *sweep, const SweepTask *task)
{
    return task->id ? task->id : sweep->jobs[task->job].name;
}

static void note_time(const Crew *crew, const SweepTask *task, const char *status)
{
    char *path = file_join(crew->sweep->folder, "times.csv");
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
    bool new = file >= 0;
    if (!new)
        file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    mem_free(path);
    if (file < 0)
        return;
    char seconds[40], threads[24];
    snprintf(seconds, sizeof seconds, "%.3f", seconds_now() - task->began);
    snprintf(threads, sizeof threads, "%d", task->threads);
    const char *const titles[] = {"job", "stage", "status", "threads", "seconds"};
    const char *const fields[] = {crew->sweep->jobs[task->job].name, task->id ? task->id : "",
                                  status, threads, seconds};
    Text text = {0};
    if (new)
        csv_add_row(&text, titles, COUNT(titles));
    csv_add_row(&text, fields, COUNT(fields));
    ssize_t wrote = write(file, text.data, text.length); /* lines of several writers stay whole */
    (void)wrote;
    text_free(&text);
    close(file);
}

/* Whether this task's process makes it; else that of the task behind it does. */
static bool is_head(const Sweep *sweep, const SweepTask *task)
{
    const SweepTask *behind = &sweep->tasks[task->consumer];
    return task->consumers != 1 || !behind->follows || !behind->wanted;
}

/* What a kind of task takes, in seconds of one processor: "" for ends of jobs. */
typedef struct Cost {
    const char *kind;
    double seconds, count;
} Cost;

static Cost *cost_of(Crew *crew, const SweepTask *task)
{
    const char *kind = task->id ? task->id : "";
    size_t length = strcspn(kind, "[");
    for (size_t k = 0; k < crew->cost_count; k++)
        if (strncmp(crew->costs[k].kind, kind, length) == 0 &&
            strcspn(crew->costs[k].kind, "[") == length)
            return &crew->costs[k];
    crew->costs = mem_grow(crew->costs, crew->cost_count + 1, sizeof *crew->costs);
    crew->costs[crew->cost_count] = (Cost){.kind = kind};
    return &crew->costs[crew->cost_count++];
}

static double work_left(Crew *crew, const SweepTask *task, double mean, double now)
{
    const Cost *cost = cost_of(crew, task);
    double all = cost->count > 0 ? cost->seconds / cost->count : mean;
    double done = task->state == TASK_GOES ? (now - task->began) * task->threads : 0;
    return all > done ? all - done : 0;
}

/* A long stage that comes first says nothing of the many short ones behind it. */
static void expect_end(Crew *crew, const SweepTask *ended)
{
    Sweep *sweep = crew->sweep;
    double now = seconds_now(), left = 0, known = 0, count = 0;
    Cost *cost = cost_of(crew, ended);
    cost->seconds += (now - ended->began) * ended->threads;
    cost->count++;
    for (size_t k = 0; k < crew->cost_count; k++) {
        known += crew->costs[k].seconds;
        count += crew->costs[k].count;
    }
    for (size_t k = 0; k < sweep->task_count; k++) {
        const SweepTask *task = &sweep->tasks[k];
        bool open = task->state == TASK_GOES || task->state == TASK_WAITS;
        if (task->wanted && open && task != ended && is_head(sweep, task))
            left += work_left(crew, task, known / count, now);
    }
    meter_expect(crew->gauge, left / (double)crew->processors);
}

static void settle(Crew *crew, SweepTask *task, TaskState state)
{
    task->state = state;
    crew->left--;
    crew->changed = true;
    if (!task->id)
        crew->jobs_left--;
    crew->failed = crew->failed || state == TASK_FAILED;
    meter_step(crew->gauge, meter_done(crew->gauge) + 1);
    if (state == TASK_FAILED && crew->sweep->request->fail_fast && !crew->stopping) {
        crew->stopping = true;
        crew->why = "stops at the first failure";
    }
}

static void tell_end(Crew *crew, const SweepTask *task, const char *failure)
{
    Meter *meter = crew->sweep->meter;
    double seconds = seconds_now() - task->began;
    const char *name = task_name(crew->sweep, task);
    if (failure)
        meter_say(meter, "%s %s failed: %s", task->id ? "stage" : "job", name, failure);
    else if (!task->id)
        meter_say(meter, "[%zu of %zu] %s  %.1f s", crew->jobs - crew->jobs_left, crew->jobs, name,
                  seconds);
    else
        meter_say(meter, "%s, for %zu job%s  %.1f s", name, task->uses, task->uses == 1 ? "" : "s",
                  seconds);
}

/* Those that one process made count each. */
static size_t chain_length(const Sweep *sweep, const SweepTask *task)
{
    size_t made = task->id && !task->was_there;
    while (task->follows) {
        task = &sweep->tasks[task->deps[0]];
        made += !task->was_there;
    }
    return made;
}

static void child_ended(Crew *crew, SweepTask *task, int status)
{
    FornixError error = {0};
    char text[sizeof error.text] = "";
    ssize_t length = read(task->message, text, sizeof text - 1);
    text[length > 0 ? length : 0] = '\0';
    close(task->message);
    crew->idle += task->threads;
    crew->going--;
    task->process = 0;
    bool fine = WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FINE;
    if (WIFSIGNALED(status))
        snprintf(text, sizeof text, "its process was ended by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    note_time(crew, task, fine ? "done" : crew->stopping ? "stopped" : "failed");
    if (fine) {
        crew->made += chain_length(crew->sweep, task);
        expect_end(crew, task);
        settle(crew, task, TASK_DONE);
        tell_end(crew, task, NULL);
    } else if (crew->stopping) {
        task->state = TASK_WAITS;
    } else {
        failure_note(crew->sweep, task, text, &error);
        tell_end(crew, task, text);
        settle(crew, task, TASK_FAILED);
    }
    claim_leave(task->claim);
    task->claim = NULL;
}

static void look_after_children(Crew *crew)
{
    int status;
    for (pid_t child; crew->going && (child = waitpid(-1, &status, WNOHANG)) > 0;)
        for (size_t k = 0; k < crew->sweep->task_count; k++)
            if (crew->sweep->tasks[k].process == child)
                child_ended(crew, &crew->sweep->tasks[k], status);
}

static void signal_children(const Crew *crew, int number)
{
    for (size_t k = 0; k < crew->sweep->task_count; k++)
        if (crew->sweep->tasks[k].process)
            kill(crew->sweep->tasks[k].process, number);
}

/* ---- What is ready ----------------------------------------------------------------------- */

/* What the first one of a process waits for: TASK_DONE, or the worst state of all. */
static TaskState state_before(const Sweep *sweep, const SweepTask *task, const SweepTask **failed)
{
    while (task->follows)
        task = &sweep->tasks[task->deps[0]];
    TaskState state = TASK_DONE;
    for (size_t d = 0; d < task->dep_count; d++) {
        const SweepTask *dep = &sweep->tasks[task->deps[d]];
        if (dep->state == TASK_FAILED) {
            *failed = dep;
            return TASK_FAILED;
        }
        if (dep->wanted && dep->state != TASK_DONE)
            state = TASK_WAITS;
    }
    return state;
}

/* Nobody has to work on it: it is there, or has failed. */
static bool is_settled(Crew *crew, SweepTask *task)
{
    if (sweep_task_is_there(crew->sweep, task)) {
        settle(crew, task, TASK_DONE);
        return true;
    }
    char *failure = failure_read(crew->sweep, task);
    if (!failure)
        return false;
    task->began = seconds_now();
    tell_end(crew, task, failure);
    settle(crew, task, TASK_FAILED);
    mem_free(failure);
    return true;
}

/* False: nothing can begin any more. */
static bool try_task(Crew *crew, SweepTask *task, int64_t threads)
{
    FornixError *error = &crew->sweep->failure;
    char key[HASH_TEXT];
    hash_text(task->key, key);
    ClaimResult result = claim_take(crew->claims, key, &task->claim, error);
    if (result == CLAIM_BROKEN)
        return false;
    if (result == CLAIM_BUSY) {
        is_settled(crew, task);
        return true;
    }
    /* Whoever had it may have ended between a look and the claim. */
    bool settled = is_settled(crew, task), started = !settled;
    if (!settled)
        started = start_child(crew, task, threads, error);
    if (!started) {
        claim_leave(task->claim);
        task->claim = NULL;
    }
    return settled || started;
}

static int64_t threads_of(const Crew *crew, int64_t ready)
{
    if (crew->threads)
        return crew->threads;
    int64_t room = crew->most - crew->going, share = ready < room ? ready : room;
    return share > 0 && crew->idle / share > 1 ? crew->idle / share : 1;
}

static bool has_room(const Crew *crew)
{
    return crew->going < crew->most && (crew->threads || crew->idle > 0);
}

static bool is_open(Crew *crew, SweepTask *task)
{
    const SweepTask *failed = NULL;
    if (!task->wanted || task->state != TASK_WAITS || !is_head(crew->sweep, task))
        return false;
    TaskState before = state_before(crew->sweep, task, &failed);
    if (before == TASK_FAILED) /* the cause was told */
        settle(crew, task, TASK_FAILED);
    return before == TASK_DONE;
}

static bool start_ready(Crew *crew)
{
    Sweep *sweep = crew->sweep;
    int64_t ready = 0;
    for (size_t k = 0; k < sweep->task_count; k++)
        ready += is_open(crew, &sweep->tasks[k]);
    bool fine = true;
    for (size_t k = 0; k < sweep->task_count && fine && has_room(crew); k++)
        if (is_open(crew, &sweep->tasks[k])) {
            fine = try_task(crew, &sweep->tasks[k], threads_of(crew, ready));
            ready -= sweep->tasks[k].state != TASK_WAITS;
        }
    return fine;
}

/* ---- The whole --------------------------------------------------------------------------- */

static void begin_stopping(Crew *crew, const char *why)
{
    if (crew->stopping)
        return;
    crew->stopping = true;
    crew->why = why;
}

static void mind_time(Crew *crew, double now)
{
    const Sweep *sweep = crew->sweep;
    if (asked)
        begin_stopping(crew, "stopped");
    if (sweep->budget > 0 && now - crew->began > sweep->budget)
        begin_stopping(crew, "the budget is spent");
    if (now - crew->beat < BEAT_SECONDS)
        return;
    crew->beat = now;
    for (size_t k = 0; k < sweep->task_count; k++)
        if (sweep->tasks[k].claim)
            claim_beat(sweep->tasks[k].claim);
}

static void work_on(Crew *crew)
{
    const struct timespec moment = {.tv_nsec = 3000000};
    bool told = false;
    int killed = 0;
    while (crew->left && (crew->going || !crew->stopping)) {
        double now = seconds_now();
        look_after_children(crew);
        mind_time(crew, now);
        if (crew->stopping && !told)
            signal_children(crew, SIGTERM); /* they end at a checkpoint */
        if (asked > 1 && !killed++)
            signal_children(crew, SIGKILL);
        told = crew->stopping;
        if (!crew->stopping && (crew->changed || now - crew->looked > LOOK_SECONDS)) {
            crew->changed = false;
            crew->looked = now;
            if (!start_ready(crew))
                begin_stopping(crew, crew->sweep->failure.text);
        }
        if (crew->left)
            nanosleep(&moment, NULL);
    }
}

static bool prepare(Crew *crew)
{
    Sweep *sweep = crew->sweep;
    static const char *const folders[] = {"claims", "failures"};
    for (size_t k = 0; k < COUNT(folders); k++) {
        char *folder = file_join(sweep->folder, folders[k]);
        bool fine = file_make_folders(folder, &sweep->failure);
        mem_free(folder);
        if (!fine)
            return false;
    }
    for (size_t k = 0; k < sweep->task_count; k++) {
        SweepTask *task = &sweep->tasks[k];
        if (sweep->request->retry_failed && task->wanted &&
            !failure_forget(sweep, task, &sweep->failure))
            return false;
        crew->left += task->wanted && is_head(sweep, task);
        crew->jobs_left += task->wanted && !task->id;
    }
    for (size_t k = 0; k < sweep->job_count; k++)
        crew->jobs += sweep->jobs[k].own;
    return true;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = ask_to_stop};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* How many of the largest stage fit into three quarters of the memory; what loaders keep has the
 * last one. */
static int64_t fit_memory(const Sweep *sweep, int64_t most)
{
    double largest = 0, memory = (double)machine_memory();
    for (size_t k = 0; k < sweep->task_count; k++)
        if (sweep->tasks[k].wanted && sweep->tasks[k].arena > largest)
            largest = sweep->tasks[k].arena;
    double fit = largest > 0 ? floor(0.75 * memory / largest) : (double)most;
    if (fit >= (double)most)
        return most;
    meter_say(sweep->meter, "%.0f at a time: a stage takes up to %.0f MB, and there are %.0f MB",
              fmax(fit, 1), largest / 1e6, memory / 1e6);
    return (int64_t)fmax(fit, 1);
}

static void choose_crew(Crew *crew)
{
    Sweep *sweep = crew->sweep;
    const SweepRequest *request = sweep->request;
    int64_t jobs = request->jobs ? request->jobs : sweep->jobs_at_once;
    crew->threads = request->threads ? request->threads : sweep->threads;
    crew->idle = team_default_threads();
    crew->processors = crew->idle;
    crew->most = jobs ? jobs : crew->threads ? crew->idle / crew->threads : crew->idle;
    if (crew->most < 1)
        crew->most = 1;
    if (!jobs)
        crew->most = fit_memory(sweep, crew->most);
    sweep->workers = crew->most;
    if (!crew->threads && crew->idle < crew->most)
        crew->idle = crew->most; /* asked for more than there are: one thread each */
}

bool sweep_work(Sweep *sweep)
{
    Crew crew = {.sweep = sweep, .claims = file_join(sweep->folder, "claims"), .changed = true};
    choose_crew(&crew);
    bool fine = prepare(&crew);
    if (fine) {
        crew.began = crew.beat = seconds_now();
        crew.gauge = meter_begin(sweep->meter, "sweep", (int64_t)crew.left, 0);
        catch_signals();
        work_on(&crew);
        meter_drop(crew.gauge);
        size_t there = 0;
        for (size_t k = 0; k < sweep->task_count; k++)
            there += sweep->tasks[k].id && sweep->tasks[k].was_there;
        meter_say(sweep->meter, "%zu stages made, %zu were there; %.1f s", crew.made, there,
                  seconds_now() - crew.began);
        if (crew.stopping)
            meter_say(sweep->meter, "%s: the same command goes on from there", crew.why);
    }
    mem_free(crew.claims);
    mem_free(crew.costs);
    return fine && !crew.failed && !crew.left;
}
