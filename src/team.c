/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ready list holds passes with grains left, ordered by (priority, order of start, task). Every
 * change of it, and of the counts below, happens under one mutex; grains are taken in pieces large
 * enough for that to be cheap. Threads without work spin for a moment (a step has hundreds of
 * passes, and waking a thread costs more than most of them), then sleep. */
#include "team.h"

#include <omp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "base.h"
#include "crash.h"
#include "scene.h"

typedef struct Live {
    int pass;
    int64_t next; /* grain to be taken */
    int64_t left; /* grains not yet finished */
    int waits;    /* tasks that it still waits for */
} Live;

struct Ticket {
    const Tasks *tasks;
    Live *live;
    int unfinished;
    uint64_t number; /* order of start */
    atomic_bool done;
};

typedef struct Ready {
    Ticket *ticket;
    int task;
} Ready;

typedef struct Driver {
    void (*work)(void *context);
    void *context;
} Driver;

struct Team {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    int threads;
    Ready *ready; /* the best last */
    size_t ready_count, ready_capacity;
    Driver *drivers;
    size_t driver_count, driver_capacity;
    int driving; /* drivers and `begin` that have not ended */
    int asleep;
    uint64_t tickets;
    atomic_uint_fast64_t changes; /* of anything that a waiting thread looks for */
    double idle;
};

enum { SPINS = 4000 };

static void announce(Team *team) /* lock held */
{
    atomic_fetch_add(&team->changes, 1);
    if (team->asleep)
        pthread_cond_broadcast(&team->wake);
}

static bool comes_before(const Ready *a, const Ready *b)
{
    if (a->ticket->tasks->low != b->ticket->tasks->low)
        return b->ticket->tasks->low;
    if (a->ticket->number != b->ticket->number)
        return a->ticket->number < b->ticket->number;
    return a->task < b->task;
}

static void ready_insert(Team *team, Ticket *ticket, int task)
{
    if (team->ready_count == team->ready_capacity) {
        team->ready_capacity = team->ready_capacity ? 2 * team->ready_capacity : 64;
        team->ready = mem_grow(team->ready, team->ready_capacity, sizeof *team->ready);
    }
    Ready new = {ticket, task};
    size_t at = team->ready_count++;
    for (; at > 0 && comes_before(&team->ready[at - 1], &new); at--)
        team->ready[at] = team->ready[at - 1];
    team->ready[at] = new;
}

static void ready_remove(Team *team, const Ticket *ticket, int task)
{
    for (size_t i = team->ready_count; i-- > 0;)
        if (team->ready[i].ticket == ticket && team->ready[i].task == task) {
            for (team->ready_count--; i < team->ready_count; i++)
                team->ready[i] = team->ready[i + 1];
            return;
        }
}

/* Begins the task's next pass that has grains; a task that has none left has ended. */
static void task_advance(Team *team, Ticket *ticket, int task)
{
    const Task *fixed = &ticket->tasks->tasks[task];
    Live *live = &ticket->live[task];
    while (live->pass < fixed->passes && fixed->grains[live->pass] <= 0)
        live->pass++;
    if (live->pass < fixed->passes) {
        live->next = 0;
        live->left = fixed->grains[live->pass];
        ready_insert(team, ticket, task);
        return;
    }
    for (int k = 0; k < fixed->after_count; k++)
        if (--ticket->live[fixed->after[k]].waits == 0)
            task_advance(team, ticket, fixed->after[k]);
    if (--ticket->unfinished == 0)
        atomic_store(&ticket->done, true);
}

/* A share of what is left that gives every thread several turns, so that all end together. */
static int64_t piece(const Team *team, int64_t left)
{
    int64_t size = left / (4 * team->threads);
    return size > 1 ? size : 1;
}

/* Runs one piece of the best pass. Enters and leaves with the lock held; false: nothing to do. */
static bool run_piece(Team *team)
{
    if (!team->ready_count)
        return false;
    Ready ready = team->ready[team->ready_count - 1];
    const Tasks *tasks = ready.ticket->tasks;
    Live *live = &ready.ticket->live[ready.task];
    int64_t all = tasks->tasks[ready.task].grains[live->pass];
    int64_t begin = live->next, size = piece(team, all - begin);
    int pass = live->pass;
    live->next += size;
    if (live->next >= all)
        ready_remove(team, ready.ticket, ready.task);
    pthread_mutex_unlock(&team->lock);
    tasks->run(tasks->context, ready.task, pass, begin, begin + size);
    pthread_mutex_lock(&team->lock);
    live->left -= size;
    if (live->left == 0) {
        live->pass++;
        task_advance(team, ready.ticket, ready.task);
        announce(team);
    }
    return true;
}

static bool run_driver(Team *team)
{
    if (!team->driver_count)
        return false;
    Driver driver = team->drivers[0];
    team->driver_count--;
    for (size_t i = 0; i < team->driver_count; i++)
        team->drivers[i] = team->drivers[i + 1];
    pthread_mutex_unlock(&team->lock);
    driver.work(driver.context);
    pthread_mutex_lock(&team->lock);
    team->driving--;
    announce(team);
    return true;
}

/* Waits for a change: spins a moment, then sleeps. Lock held on entry and return. */
static void wait_for_change(Team *team)
{
    uint64_t seen = atomic_load(&team->changes);
    double began = seconds_now();
    pthread_mutex_unlock(&team->lock);
    for (int k = 0; k < SPINS && atomic_load(&team->changes) == seen; k++) {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#endif
        if (k % 64 == 63)
            sched_yield(); /* kind to a busy machine */
    }
    pthread_mutex_lock(&team->lock);
    while (atomic_load(&team->changes) == seen) {
        team->asleep++;
        pthread_cond_wait(&team->wake, &team->lock);
        team->asleep--;
    }
    team->idle += seconds_now() - began;
}

static void work_until_over(Team *team)
{
    pthread_mutex_lock(&team->lock);
    while (team->driving > 0)
        if (!run_piece(team) && !run_driver(team))
            wait_for_change(team);
    pthread_mutex_unlock(&team->lock);
}

void team_run(int threads, void (*begin)(void *context, Team *team), void *context)
{
    Team team = {.threads = threads < 1 ? 1 : threads, .driving = 1};
    pthread_mutex_init(&team.lock, NULL);
    pthread_cond_init(&team.wake, NULL);
#pragma omp parallel num_threads(team.threads)
    {
        void *stack = crash_stack_take();
#pragma omp single nowait
        {
            begin(context, &team);
            pthread_mutex_lock(&team.lock);
            team.driving--;
            announce(&team);
            pthread_mutex_unlock(&team.lock);
        }
        work_until_over(&team);
        crash_stack_give(stack);
    }
    pthread_cond_destroy(&team.wake);
    pthread_mutex_destroy(&team.lock);
    mem_free(team.ready);
    mem_free(team.drivers);
}

int team_threads(const Team *team)
{
    return team ? team->threads : 0;
}

int team_default_threads(void)
{
    return omp_get_max_threads();
}

void team_drive(Team *team, void (*work)(void *context), void *context)
{
    pthread_mutex_lock(&team->lock);
    if (team->driver_count == team->driver_capacity) {
        team->driver_capacity = team->driver_capacity ? 2 * team->driver_capacity : 16;
        team->drivers = mem_grow(team->drivers, team->driver_capacity, sizeof *team->drivers);
    }
    team->drivers[team->driver_count++] = (Driver){work, context};
    team->driving++;
    announce(team);
    pthread_mutex_unlock(&team->lock);
}

Ticket *team_start(Team *team, const Tasks *tasks)
{
    Ticket *ticket = mem_new(1, sizeof *ticket);
    ticket->tasks = tasks;
    ticket->live = mem_new((size_t)tasks->count + 1, sizeof *ticket->live);
    ticket->unfinished = tasks->count;
    atomic_init(&ticket->done, tasks->count == 0);
    for (int k = 0; k < tasks->count; k++)
        ticket->live[k].waits = tasks->tasks[k].before;
    pthread_mutex_lock(&team->lock);
    ticket->number = team->tickets++;
    for (int k = 0; k < tasks->count; k++)
        if (tasks->tasks[k].before == 0)
            task_advance(team, ticket, k);
    announce(team);
    pthread_mutex_unlock(&team->lock);
    return ticket;
}

double team_wait(Team *team, Ticket *ticket)
{
    double elsewhere = 0;
    pthread_mutex_lock(&team->lock);
    while (!atomic_load(&ticket->done)) {
        bool own = team->ready_count && team->ready[team->ready_count - 1].ticket == ticket;
        double began = own ? 0 : seconds_now();
        if (!run_piece(team))
            wait_for_change(team);
        else if (!own)
            elsewhere += seconds_now() - began;
    }
    pthread_mutex_unlock(&team->lock);
    mem_free(ticket->live);
    mem_free(ticket);
    return elsewhere;
}

void team_tasks(Team *team, const Tasks *tasks)
{
    team_wait(team, team_start(team, tasks));
}

typedef struct Each {
    void (*work)(void *context, int64_t i);
    void *context;
    const Scene *scene; /* of who asked: its node is at work on other threads, too */
} Each;

static void each_run(void *context, int task, int pass, int64_t begin, int64_t end)
{
    const Each *each = context;
    (void)task, (void)pass;
    const Scene *before = scene_enter(each->scene);
    for (int64_t i = begin; i < end; i++)
        each->work(each->context, i);
    scene_leave(before);
}

void team_each(Team *team, int64_t count, void (*work)(void *context, int64_t i), void *context)
{
    Each each = {work, context, scene_now};
    Task task = {.grains = &count, .passes = 1};
    Tasks tasks = {.tasks = &task, .count = 1, .run = each_run, .context = &each};
    team_tasks(team, &tasks);
}

double team_idle(const Team *team)
{
    return team->idle;
}
