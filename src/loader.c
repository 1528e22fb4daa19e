/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "loader.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base.h"

typedef struct Slot {
    float **columns;
    int64_t *rows;
    int64_t count;
    Ticket *ticket;
    Task task;
    Tasks tasks;
    Loader *loader;
} Slot;

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

static void read_rows(void *context, int task, int pass, int64_t begin, int64_t end)
{
    Slot *slot = context;
    Loader *loader = slot->loader;
    (void)task, (void)pass;
    for (int64_t i = begin; i < end; i++)
        for (int k = 0; k < loader->column_count; k++) {
            FornixError error = {0};
            if (read_column(loader, k, slot->rows[i], slot->columns[k] + i * loader->floats[k],
                            &error))
                continue;
            pthread_mutex_lock(&loader->lock);
            if (!loader->error.text[0])
                loader->error = error;
            pthread_mutex_unlock(&loader->lock);
            return;
        }
}

static bool slot_open(Loader *loader, Slot *slot, FornixError *error)
{
    slot->loader = loader;
    slot->rows = mem_new((size_t)loader->most, sizeof(int64_t));
    slot->columns = mem_new((size_t)loader->column_count + 1, sizeof(float *));
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

static void slot_close(Loader *loader, Slot *slot)
{
    if (slot->ticket)
        team_wait(loader->team, slot->ticket);
    for (int k = 0; slot->columns && k < loader->column_count; k++)
        mem_large_free(slot->columns[k],
                       (size_t)(loader->most * loader->floats[k]) * sizeof(float));
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

void loader_begin(Loader *loader, const int64_t *rows, int64_t count)
{
    Slot *slot = &loader->slots[loader->next];
    memcpy(slot->rows, rows, (size_t)count * sizeof *rows);
    slot->count = count;
    slot->task = (Task){.grains = &slot->count, .passes = 1};
    slot->tasks =
        (Tasks){.tasks = &slot->task, .count = 1, .run = read_rows, .context = slot, .low = true};
    slot->ticket = team_start(loader->team, &slot->tasks);
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

float *const *loader_wait(Loader *loader, FornixError *error)
{
    Slot *slot = &loader->slots[loader->next];
    double began = seconds_now();
    team_wait(loader->team, slot->ticket);
    slot->ticket = NULL;
    loader->waited += seconds_now() - began;
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
