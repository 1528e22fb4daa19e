/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One OpenMP team for everything: the only user of OpenMP.
 *
 * Work comes as Tasks (a graph of tasks whose passes are cut into grains) and as drivers (whole
 * stages). Threads take grains first, in the order of the tasks; a thread that waits for its own
 * Tasks takes grains of any, so that independent nodes, stages and the loading of the next batch
 * fill the same cores. Which thread runs a grain, and when, never shows in what it computes.
 */
#ifndef FORNIX_TEAM_H
#define FORNIX_TEAM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Team Team;

/* Runs begin(context, team) on a team of that many threads (at least 1) and returns when it has
 * returned and all drivers have. */
void team_run(int threads, void (*begin)(void *context, Team *team), void *context);
int team_threads(const Team *team); /* 0 for NULL */
/* What OMP_NUM_THREADS says, else the machine's processors. */
int team_default_threads(void);

/* Starts work(context) on some thread of the team when it has nothing else to do. */
void team_drive(Team *team, void (*work)(void *context), void *context);

typedef struct Task {
    const int64_t *grains; /* of each pass; a pass begins when the one before has ended */
    int passes;
    int before;       /* how many tasks this one waits for */
    const int *after; /* the tasks that wait for this one */
    int after_count;
} Task;

typedef struct Tasks {
    const Task *tasks;
    int count;
    void (*run)(void *context, int task, int pass, int64_t begin, int64_t end);
    void *context;
    bool low; /* below everything that isn't (the next batch) */
} Tasks;

/* Runs all of them; returns when all have ended. Called from within the team only. */
void team_tasks(Team *team, const Tasks *tasks);

/* The same without waiting; *tasks must live until team_wait, which frees the ticket and tells for
 * how many seconds the thread that waited worked for others. */
typedef struct Ticket Ticket;
Ticket *team_start(Team *team, const Tasks *tasks);
double team_wait(Team *team, Ticket *ticket);

/* work(context, i) for every i in [0, count); returns when all have ended. */
void team_each(Team *team, int64_t count, void (*work)(void *context, int64_t i), void *context);

/* Seconds that the team's threads spent without work since it began, summed over threads. */
double team_idle(const Team *team);

#endif
