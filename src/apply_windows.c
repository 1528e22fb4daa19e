/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "apply_windows.h"

#include <string.h>

typedef struct Whole {
    float *data; /* of the sample that was entered; NULL: not read by the body */
    size_t bytes;
} Whole;

struct Windows {
    const Stage *stage;
    const FornixTable *samples, *table;
    const int64_t *rows;
    Tiling *tiling;
    Whole *columns; /* of samples */
    int column_count;
    int64_t entered;
    float *weight; /* of what was put so far, by place */
    size_t weight_bytes;
    FornixError *error; /* while the table is made */
};

static bool view_read(void *opened, const FornixTable *table, int column, int64_t row, float *out,
                      FornixError *error)
{
    const Windows *w = *(Windows *const *)opened;
    int64_t each = tiling_count(w->tiling);
    if (row / each != w->entered || !w->columns[column].data)
        return fornix_fail(error, "row %lld of the windows of '%s' is not open", (long long)row,
                           table_id(w->samples));
    tiling_take(w->tiling, row % each, w->columns[column].data,
                fornix_column(table, column)->shape.c, out);
    return true;
}

static void mistake(void *context, const char *where, const Place *at, const char *text)
{
    const Windows *w = context;
    (void)where, (void)at;
    fornix_fail(w->error, "%s", text);
}

/* The table lives as long as the pool: its reader knows the windows through a pointer of its own.
 */
static bool table_make(Windows *w, int64_t count)
{
    BuildInput input = {.table = w->samples, .name = table_id(w->samples)};
    FornixBuild *build = build_new(table_samples(w->samples), &(BuildRequest){.id = w->stage->id,
                                                                              .inputs = &input,
                                                                              .input_count = 1,
                                                                              .mistake = mistake,
                                                                              .context = w});
    fornix_copy_columns(build, 0);
    for (int c = 0; c < w->column_count; c++)
        if (w->columns[c].bytes)
            fornix_add_column(build, &w->stage->columns[c]);
    Windows **self = mem_new(1, sizeof *self);
    *self = w;
    build_set_reader(build, &(TableReader){.read = view_read, .close = mem_free, .opened = self});
    for (int64_t k = 0; k < count * tiling_count(w->tiling); k++)
        fornix_copy_row(build, 0, w->rows[k / tiling_count(w->tiling)]);
    bool fine = build_rows(build);
    w->table = fine ? build_table(build) : NULL;
    build_free(build);
    return fine;
}

static bool columns_open(Windows *w, const Graph *graph, FornixError *error)
{
    w->column_count = fornix_columns(w->samples);
    w->columns = mem_new((size_t)w->column_count + 1, sizeof *w->columns);
    for (int c = 0; c < w->column_count; c++) {
        const FornixColumn *column = fornix_column(w->samples, c);
        bool read = false;
        if (!stage_windows(w->stage, column))
            continue;
        w->columns[c].bytes = (size_t)fornix_floats(column->shape) * sizeof(float);
        for (int k = 0; k < graph->column_count; k++)
            read = read || strcmp(graph->column_names[k], column->name) == 0;
        if (read && !(w->columns[c].data = mem_large(w->columns[c].bytes)))
            return fornix_fail(error, "no memory for a whole '%s'", column->name);
    }
    return true;
}

Windows *windows_new(const Stage *stage, const FornixTable *samples, const int64_t *rows,
                     int64_t count, const Graph *graph, FornixError *error)
{
    Windows *w = mem_new(1, sizeof *w);
    const int64_t *grid = stage->window->tiling.grid;
    *w = (Windows){.stage = stage,
                   .samples = samples,
                   .rows = rows,
                   .tiling = tiling_new(&stage->window->tiling),
                   .entered = -1,
                   .weight_bytes = (size_t)(grid[0] * grid[1] * grid[2]) * sizeof(float),
                   .error = error};
    w->weight = mem_large(w->weight_bytes);
    if ((w->weight || fornix_fail(error, "no memory for the weights of windows")) &&
        columns_open(w, graph, error) && table_make(w, count))
        return w;
    windows_free(w);
    return NULL;
}

void windows_free(Windows *w)
{
    if (!w)
        return;
    for (int c = 0; c < w->column_count; c++)
        if (w->columns[c].data)
            mem_large_free(w->columns[c].data, w->columns[c].bytes);
    if (w->weight)
        mem_large_free(w->weight, w->weight_bytes);
    mem_free(w->columns);
    tiling_free(w->tiling);
    mem_free(w);
}

const FornixTable *windows_table(const Windows *w)
{
    return w->table;
}

int64_t windows_each(const Windows *w)
{
    return tiling_count(w->tiling);
}

bool windows_enter(Windows *w, int64_t k, FornixError *error)
{
    w->entered = k;
    memset(w->weight, 0, w->weight_bytes);
    for (int c = 0; c < w->column_count; c++)
        if (w->columns[c].data &&
            !fornix_read(w->samples, c, w->rows[k], w->columns[c].data, error))
            return false;
    return true;
}

void windows_put(Windows *w, const StagePlan *plan, const int64_t *rows, int64_t count,
                 float *record)
{
    const Stage *stage = w->stage;
    for (int64_t i = 0; i < count; i++) {
        int64_t view = rows[i] % tiling_count(w->tiling);
        float *mean = record;
        for (int k = 0; k < stage->collect_count; k++) {
            tiling_put(w->tiling, view, plan_wanted(plan->plan, k), i, w->weight, mean);
            mean += fornix_floats(stage->collects[k].column.shape);
        }
        tiling_weigh(w->tiling, view, w->weight);
    }
}
