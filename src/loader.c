/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "loader.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base.h"

typedef struct Slot {
    float **columns;
    int64_t *rows;
    int64_t count;
    Ticket *ticket;
    Loader *loader;
    LoaderAhead ahead;
    const Tasks *work;    /* of ahead.plan */
    const Plan *chained;  /* for which `chain` was made */
    Task *chain;          /* reading, then the plan's tasks */
    int *after, **afters; /* which tasks wait: of reading; of each of the plan's */
    int links;
    Tasks tasks;
} Slot;

enum { AHEAD_MOST = 64 };

struct Loader {
    Team *team;
    const FornixTable *table;
    int *columns;    /* in the table */
    int64_t *floats; /* of one row */
    int column_count;
    int64_t most;
    Slot slots[2];
    int next;             /* slot to fill */
    pthread_mutex_t lock; /* of error */
    FornixError error;
    atomic_bool failed;
    double waited;
};

static bool read_column(Loader *loader, int k, int64_t row, float *out, FornixError *error)
{
    const FornixColumn *column = fornix_column(loader->table, loader->columns[k]);
    if (column->kind == FORNIX_LABEL)
        *out = (float)fornix_label(loader->table, loader->columns[k], row);
    else if (column->kind == FORNIX_WEIGHT)
        *out = (float)fornix_real(loader->table, loader->columns[k], row);
    else
        return fornix_read(loader->table, loader->columns[k], row, out, error);
    return true;
}

static void read_rows(Slot *slot, int64_t begin, int64_t end)
{
    Loader *loader = slot->loader;
    for (int64_t i = begin; i < end; i++)
        for (int k = 0; k < loader->column_count; k++) {
            FornixError error = {0};
            if (read_column(loader, k, slot->rows[i], slot->columns[k] + i * loader->floats[k],
                            &error))
                continue;
            pthread_mutex_lock(&loader->lock);
            if (!loader->error.text[0])
                loader->error = error;
            atomic_store(&loader->failed, true);
            pthread_mutex_unlock(&loader->lock);
            return;
        }
}

static bool slot_open(Loader *loader, Slot *slot, FornixError *error)
{
    slot->loader = loader;
    slot->rows = mem_new((size_t)loader->most, sizeof(int64_t));
    slot->columns = mem_new((size_t)loader->column_count + AHEAD_MOST, sizeof(float *));
    for (int k = 0; k < loader->column_count; k++) {
        size_t bytes = (size_t)(loader->most * loader->floats[k]) * sizeof(float);
        slot->columns[k] = mem_large(bytes);
        if (!slot->columns[k])
            return fornix_fail(error, "no memory for a batch of %zu bytes", bytes);
    }
    return true;
}

Loader *loader_new(Team *team, const FornixTable *table, const char *const *columns, int count,
                   int64_t most, FornixError *error)
{
    Loader *loader = mem_new(1, sizeof *loader);
    pthread_mutex_init(&loader->lock, NULL);
    loader->team = team;
    loader->table = table;
    loader->most = most;
    loader->columns = mem_new((size_t)count + 1, sizeof(int));
    loader->floats = mem_new((size_t)count + 1, sizeof(int64_t));
    bool fine = true;
    for (int k = 0; k < count && fine; k++) {
        loader->columns[k] = fornix_find_column(table, columns[k]);
        fine = loader->columns[k] >= 0 ||
               fornix_fail(error, "the samples have no column '%s'", columns[k]);
        if (fine)
            loader->floats[k] = fornix_floats(fornix_column(table, loader->columns[k])->shape);
        loader->column_count += fine;
    }
    fine = fine && slot_open(loader, &loader->slots[0], error) &&
           slot_open(loader, &loader->slots[1], error);
    if (fine)
        return loader;
    loader_free(loader);
    return NULL;
}

static void chain_free(Slot *slot)
{
    for (int k = 0; k < slot->links; k++)
        mem_free(slot->afters[k]);
    mem_free(slot->afters);
    mem_free(slot->after);
    mem_free(slot->chain);
    slot->links = 0;
}

static void slot_close(Loader *loader, Slot *slot)
{
    if (slot->ticket)
        team_wait(loader->team, slot->ticket);
    for (int k = 0; slot->columns && k < loader->column_count; k++)
        mem_large_free(slot->columns[k],
                       (size_t)(loader->most * loader->floats[k]) * sizeof(float));
    chain_free(slot);
    mem_free(slot->columns);
    mem_free(slot->rows);
}

void loader_free(Loader *loader)
{
    if (!loader)
        return;
    slot_close(loader, &loader->slots[0]);
    slot_close(loader, &loader->slots[1]);
    pthread_mutex_destroy(&loader->lock);
    mem_free(loader->columns);
    mem_free(loader->floats);
    mem_free(loader);
}

/* ---- Reading, then what can be made ahead ---- */

static void run_link(void *context, int task, int pass, int64_t begin, int64_t end)
{
    Slot *slot = context;
    if (task == 0)
        read_rows(slot, begin, end);
    else if (!atomic_load(&slot->loader->failed))
        slot->work->run(slot->work->context, task - 1, pass, begin, end);
}

/* The plan's tasks behind the reading: their numbers move by one, and who waited for none waits
 * for the reading. */
static void chain_make(Slot *slot, const Tasks *work)
{
    chain_free(slot);
    slot->links = work ? work->count : 0;
    size_t links = (size_t)slot->links + 1;
    slot->chain = mem_new(links, sizeof *slot->chain);
    slot->after = mem_new(links, sizeof *slot->after);
    slot->afters = mem_new(links, sizeof *slot->afters);
    slot->chain[0] = (Task){.grains = &slot->count, .passes = 1, .after = slot->after};
    for (int k = 0; k < slot->links; k++) {
        Task *link = &slot->chain[k + 1];
        *link = work->tasks[k];
        slot->afters[k] = mem_new((size_t)link->after_count + 1, sizeof(int));
        for (int j = 0; j < link->after_count; j++)
            slot->afters[k][j] = work->tasks[k].after[j] + 1;
        link->after = slot->afters[k];
        if (link->before > 0)
            continue;
        link->before = 1;
        slot->after[slot->chain[0].after_count++] = k + 1;
    }
}

void loader_begin(Loader *loader, const int64_t *rows, int64_t count, const LoaderAhead *ahead)
{
    Slot *slot = &loader->slots[loader->next];
    memcpy(slot->rows, rows, (size_t)count * sizeof *rows);
    slot->count = count;
    slot->ahead = ahead && ahead->plan ? *ahead : (LoaderAhead){0};
    PlanRun run = {.columns = slot->columns, .random = slot->ahead.random};
    slot->work = slot->ahead.plan ? plan_begin(slot->ahead.plan, &run) : NULL;
    if (!slot->chain || slot->chained != slot->ahead.plan)
        chain_make(slot, slot->work);
    slot->chained = slot->ahead.plan;
    slot->tasks = (Tasks){.tasks = slot->chain,
                          .count = slot->links + 1,
                          .run = run_link,
                          .context = slot,
                          .low = true};
    slot->ticket = team_start(loader->team, &slot->tasks);
}

int loader_turn(const Loader *loader)
{
    return loader->next;
}

float *const *loader_wait(Loader *loader, FornixError *error)
{
    Slot *slot = &loader->slots[loader->next];
    double began = seconds_now();
    double elsewhere = team_wait(loader->team, slot->ticket);
    slot->ticket = NULL;
    for (int k = 0; k < slot->ahead.wanted; k++)
        slot->columns[loader->column_count + k] =
            (float *)(uintptr_t)plan_wanted(slot->ahead.plan, k).data;
    if (slot->ahead.plan)
        plan_end(slot->ahead.plan);
    loader->waited += seconds_now() - began - elsewhere;
    loader->next = !loader->next;
    if (!loader->error.text[0])
        return slot->columns;
    *error = loader->error;
    return NULL;
}

double loader_waited(const Loader *loader)
{
    return loader->waited;
}
