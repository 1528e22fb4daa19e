/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the jobs of a sweep found, whoever ran them: read from their folders. */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "file.h"
#include "sweep_parts.h"

bool pattern_fits(const char *pattern, const char *text, Text *stars)
{
    size_t length = strcspn(pattern, "*");
    if (strncmp(pattern, text, length) != 0)
        return false;
    if (!pattern[length])
        return !text[length];
    const char *rest = pattern + length + 1;
    size_t before = stars ? stars->length : 0;
    for (const char *from = text + length, *to = from;; to++) { /* the shortest that fits */
        if (stars) {
            text_add(stars, before ? "." : "");
            text_add_slice(stars, from, (size_t)(to - from));
        }
        if (pattern_fits(rest, to, stars))
            return true;
        if (stars && stars->data) {
            stars->length = before;
            stars->data[before] = '\0';
        }
        if (!*to)
            return false;
    }
}

/* ---- final.json -------------------------------------------------------------------------- */

json_t *sweep_final(const Sweep *sweep, size_t job)
{
    FornixError error = {0};
    char *folder = sweep_job_folder(sweep, &sweep->jobs[job]);
    char *path = file_join(folder, "final.json");
    char *text = file_read(path, 1 << 26, NULL, &error);
    json_t *root = text ? json_loads(text, 0, NULL) : NULL;
    mem_free(text);
    mem_free(path);
    mem_free(folder);
    return root;
}

static double number_of(const json_t *value)
{
    const char *text = json_string_value(value);
    if (text && strcmp(text, "inf") == 0)
        return INFINITY;
    if (text && strcmp(text, "-inf") == 0)
        return -INFINITY;
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static double bound_of(json_t *figures, const char *figure, const char *which)
{
    Text name = {0};
    text_format(&name, "%s.%s", figure, which);
    double bound = number_of(json_object_get(figures, name.data));
    text_free(&name);
    return bound;
}

/* "auc.low" beside "auc": an end of its interval, which a star does not mean. */
static bool is_bound(const json_t *figures, const char *name, const char *pattern)
{
    static const char *const ends[] = {".low", ".high"};
    bool bound = false;
    for (size_t k = 0; k < COUNT(ends); k++) {
        size_t length = strlen(name), tail = strlen(ends[k]), all = strlen(pattern);
        if (length <= tail || strcmp(name + length - tail, ends[k]) != 0 ||
            (all > tail && strcmp(pattern + all - tail, ends[k]) == 0))
            continue;
        char *of = mem_text(name);
        of[length - tail] = '\0';
        bound = json_object_get(figures, of) != NULL;
        mem_free(of);
    }
    return bound;
}

static void each_figure(json_t *final, const char *pattern, SweepFound *found, void *context)
{
    const char *node, *name;
    json_t *figures, *value;
    json_object_foreach(final, node, figures)
    {
        json_object_foreach(figures, name, value)
        {
            Text full = {0}, stars = {0};
            text_format(&full, "%s.%s", node, name);
            if (pattern_fits(pattern, full.data, &stars) && !is_bound(figures, name, pattern))
                found(context, text_value(&stars),
                      (SweepFigure){.value = number_of(value),
                                    .low = bound_of(figures, name, "low"),
                                    .high = bound_of(figures, name, "high"),
                                    .there = true});
            text_free(&full);
            text_free(&stars);
        }
    }
}

void sweep_each_figure(const Sweep *sweep, size_t job, const char *pattern, SweepFound *found,
                       void *context)
{
    json_t *final = sweep_final(sweep, job);
    each_figure(final, pattern, found, context);
    json_decref(final);
}

/* ---- Columns ----------------------------------------------------------------------------- */

typedef struct Column {
    SweepTable *table;
    const char *metric;
    size_t found; /* in one job */
    bool several; /* a job has more than one */
    size_t job;
} Column;

static void count_figure(void *context, const char *stars, SweepFigure figure)
{
    Column *column = context;
    (void)stars, (void)figure;
    column->several = ++column->found > 1 || column->several;
}

static size_t find_column(SweepTable *table, const Column *column, const char *stars)
{
    Text name = {0};
    text_add(&name, column->metric);
    if (column->several)
        text_format(&name, "[%s]", stars);
    size_t at = 0;
    while (at < table->column_count && strcmp(table->columns[at], name.data) != 0)
        at++;
    if (at == table->column_count) {
        table->columns = mem_grow(table->columns, at + 1, sizeof *table->columns);
        table->columns[table->column_count++] = mem_text(name.data);
    }
    text_free(&name);
    return at;
}

static void name_column(void *context, const char *stars, SweepFigure figure)
{
    Column *column = context;
    (void)figure;
    find_column(column->table, column, stars);
}

static void set_figure(void *context, const char *stars, SweepFigure figure)
{
    Column *column = context;
    SweepTable *table = column->table;
    size_t at = find_column(table, column, stars);
    table->figures[column->job * table->column_count + at] = figure;
}

static void gather_figures(const Sweep *sweep, SweepTable *table, json_t *const *finals)
{
    Column *columns = mem_new(sweep->metric_count + 1, sizeof *columns);
    for (size_t m = 0; m < sweep->metric_count; m++) {
        columns[m] = (Column){.table = table, .metric = sweep->metrics[m].name};
        bool any = false;
        for (size_t k = 0; k < sweep->job_count; k++) {
            columns[m].found = 0;
            each_figure(finals[k], sweep->metrics[m].of, count_figure, &columns[m]);
            any = any || columns[m].found;
        }
        if (!any) /* nobody has it: an empty column tells */
            find_column(table, &columns[m], "");
        for (size_t k = 0; k < sweep->job_count; k++)
            each_figure(finals[k], sweep->metrics[m].of, name_column, &columns[m]);
    }
    table->figures = mem_new(sweep->job_count * table->column_count + 1, sizeof *table->figures);
    for (size_t m = 0; m < sweep->metric_count; m++)
        for (size_t k = 0; k < sweep->job_count; k++) {
            columns[m].job = k;
            each_figure(finals[k], sweep->metrics[m].of, set_figure, &columns[m]);
        }
    mem_free(columns);
}

/* ---- Status ------------------------------------------------------------------------------ */

/* What each task ended with, or one that it waits for. */
static char **read_failures(const Sweep *sweep)
{
    char **failures = mem_new(sweep->task_count + 1, sizeof *failures);
    for (size_t k = 0; k < sweep->task_count; k++) {
        const SweepTask *task = &sweep->tasks[k];
        if (sweep_task_is_there(sweep, task))
            continue;
        failures[k] = failure_read(sweep, task);
        for (size_t d = 0; d < task->dep_count && !failures[k]; d++)
            failures[k] = mem_text(failures[task->deps[d]]);
    }
    return failures;
}

static void gather_status(const Sweep *sweep, SweepTable *table)
{
    char **failures = read_failures(sweep);
    for (size_t k = 0; k < sweep->job_count; k++) {
        size_t end = sweep->ends[k];
        bool there = sweep_task_is_there(sweep, &sweep->tasks[end]);
        table->status[k] = there ? "done" : failures[end] ? "failed" : "missing";
        table->messages[k] = there ? NULL : mem_text(failures[end]);
    }
    for (size_t k = 0; k < sweep->task_count; k++)
        mem_free(failures[k]);
    mem_free(failures);
}

SweepTable *sweep_gather(const Sweep *sweep)
{
    size_t room = sweep->job_count + 1;
    SweepTable *table = mem_new(1, sizeof *table);
    json_t **finals = mem_new(room, sizeof *finals);
    table->status = mem_new(room, sizeof *table->status);
    table->messages = mem_new(room, sizeof *table->messages);
    table->job_count = sweep->job_count;
    gather_status(sweep, table);
    for (size_t k = 0; k < sweep->job_count; k++)
        if (strcmp(table->status[k], "done") == 0)
            finals[k] = sweep_final(sweep, k);
    gather_figures(sweep, table, finals);
    for (size_t k = 0; k < sweep->job_count; k++)
        json_decref(finals[k]);
    mem_free(finals);
    return table;
}

void sweep_table_free(SweepTable *table)
{
    for (size_t k = 0; k < table->column_count; k++)
        mem_free(table->columns[k]);
    for (size_t k = 0; k < table->job_count; k++)
        mem_free(table->messages[k]);
    mem_free(table->columns);
    mem_free(table->figures);
    mem_free(table->status);
    mem_free(table->messages);
    mem_free(table);
}
