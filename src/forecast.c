/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forecast.h"

#include <string.h>

#include "train_parts.h"

enum { LARGE_PAGE = 2 << 20 };

/* As it lies in memory: large tensors in large pages. */
static int64_t in_memory(int64_t floats)
{
    int64_t bytes = floats * (int64_t)sizeof(float);
    return bytes < LARGE_PAGE ? bytes : (bytes + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* ---- Stages ------------------------------------------------------------------------------ */

typedef struct Sum {
    const Outer *outer;
    Forecast told;
    int64_t weights;
} Sum;

/* A plan that stays open, run so many times. Returns its bytes of batches: two are read ahead. */
static int64_t add_plan(Sum *sum, const Validation *validation, int64_t batch, uint64_t updates,
                        int64_t times)
{
    const FornixTable *samples = sum->outer->input_count ? sum->outer->inputs[0].from->table : NULL;
    StagePlan *plan = stage_plan(sum->outer->stage, validation, batch, updates);
    int64_t read = 0;
    if (!plan)
        return 0;
    PlanSize size = plan_size(plan->plan);
    sum->told.memory += size.arena;
    sum->told.flops += size.flops * (double)times;
    sum->weights = larger(sum->weights, size.weights);
    for (int k = 0; k < 2 && plan->ahead[k]; k++) {
        sum->told.memory += plan_size(plan->ahead[k]).arena;
        sum->told.flops += k ? 0 : plan_size(plan->ahead[k]).flops * (double)times;
    }
    const Graph *graph = body_graph(plan->body);
    for (int k = 0; samples && k < graph->column_count; k++)
        for (int c = 0; c < sum->outer->stage->column_count; c++)
            if (strcmp(sum->outer->stage->columns[c].name, graph->column_names[k]) == 0)
                read += 2 * in_memory(batch * fornix_floats(sum->outer->stage->columns[c].shape));
    stage_plan_free(plan);
    return read;
}

/* Rows of those parts; their number is -1 where only a run knows it. Freed with mem_free. */
static int64_t *rows_of(const Sum *sum, const Element *element, FornixList parts, int64_t *count)
{
    const FornixTable *samples = sum->outer->inputs[0].from->table;
    unsigned set;
    *count = -1;
    if (fornix_rows(samples) < 0 || !stage_parts(sum->outer->stage, element, parts, &set))
        return NULL;
    return table_select(samples, set ? set : PARTS_ALL, count);
}

/* What will be kept of the rows that the body reads. */
static void add_kept(Sum *sum, const Validation *validation, const int64_t *rows, int64_t count)
{
    const FornixTable *samples = sum->outer->inputs[0].from->table;
    StagePlan *plan = stage_plan(sum->outer->stage, validation, 1, 0);
    const Graph *graph = plan ? body_graph(plan->body) : NULL;
    for (int k = 0; graph && k < graph->column_count; k++) {
        int column = fornix_find_column(samples, graph->column_names[k]);
        for (int64_t i = 0; column >= 0 && i < count; i++)
            sum->told.kept += table_foresee_read(samples, column, rows[i]);
    }
    stage_plan_free(plan);
}

static int64_t read_rows(Sum *sum, const Validation *validation, const Element *element,
                         FornixList parts)
{
    int64_t count, *rows = rows_of(sum, element, parts, &count);
    add_kept(sum, validation, rows, count);
    mem_free(rows);
    return count;
}

static int64_t parameter_floats(const Stage *stage)
{
    int64_t floats = 0;
    for (int p = 0; p < stage->parameter_count; p++)
        floats += fornix_floats(stage->parameters[p].shape);
    return floats;
}

/* Every batch of a sweep over rows, and the smaller one at its end. Returns bytes of batches. */
static int64_t add_sweep(Sum *sum, const Validation *validation, int64_t batch, int64_t rows,
                         int64_t times)
{
    int64_t whole = rows < 0 ? 1 : rows / batch, left = rows < 0 ? 0 : rows % batch, read = 0;
    if (whole || validation) /* a validation's is opened whatever comes */
        read = add_plan(sum, validation, batch, 0, whole * times);
    if (left)
        read = larger(read, add_plan(sum, validation, left, 0, times));
    return read;
}

static void add_updates(Sum *sum, const Trainer *t, int64_t batch, int64_t times, int64_t *read)
{
    for (int64_t draw = 0; draw < t->draws; draw++) {
        uint64_t updates = train_updates_in(t, draw);
        int64_t before = draw - 1, alike = 1;
        if (draw && updates == train_updates_in(t, before)) /* that plan ran in the draw before */
            continue;
        while (draw + alike < t->draws && train_updates_in(t, draw + alike) == updates)
            alike++;
        *read = larger(*read, add_plan(sum, NULL, batch, updates, times * alike));
    }
}

static void add_validation(Sum *sum, const Trainer *t, const Validation *validation, int64_t *read)
{
    int64_t rows = read_rows(sum, validation, validation->element, validation->attrs->part);
    double every = (double)validation->every;
    if (validation->in_epochs)
        every *= (double)t->per_epoch / (double)t->draws;
    int64_t times = t->steps ? larger(1, (int64_t)((double)t->steps / every)) : 1;
    *read += add_sweep(sum, validation, validation->attrs->batch, rows, times);
}

/* A training that is shorter than an epoch reads the first rows of its order alone. */
static void add_drawn(Sum *sum, Trainer *t)
{
    int64_t count;
    t->order = mem_new((size_t)t->row_count, sizeof *t->order);
    t->order_epoch = -1;
    t->random = stage_random(t->stage, t->stage->train->seed);
    int64_t batches = t->steps * t->draws < t->per_epoch ? t->steps * t->draws : t->per_epoch;
    if (batches) {
        const int64_t *first = train_batch_rows(t, 0, &count);
        const int64_t *last = train_batch_rows(t, batches - 1, &count);
        add_kept(sum, NULL, first, last + count - first);
    }
    mem_free(t->order);
}

/* The batches of an epoch have one or two sizes, each with plans of its own. */
static void add_train(Sum *sum)
{
    const Stage *stage = sum->outer->stage;
    StageRun run = {.smoke = false};
    FornixError error = {0};
    int64_t rows, *row = rows_of(sum, stage->element, stage->train->part, &rows), read = 0;
    Trainer t = {.run = &run,
                 .stage = stage,
                 .row_count = rows < 0 ? stage->train->batch : rows,
                 .rows = row};
    int64_t first, count, last;
    bool fine = train_plan_epochs(&t, &error);
    if (fine && row)
        add_drawn(sum, &t);
    mem_free(row);
    if (!fine)
        return;
    train_batch_range(&t, 0, &first, &count);
    train_batch_range(&t, t.per_epoch - 1, &first, &last);
    int64_t others = last == count ? 0
                     : stage->train->remainder == REMAINDER_SPREAD
                         ? t.per_epoch - t.row_count % t.per_epoch
                         : 1;
    int64_t rest = t.per_epoch ? t.steps * others / t.per_epoch : 0;
    add_updates(sum, &t, count, t.steps - rest, &read);
    if (others && t.steps * t.draws >= t.per_epoch - others)
        add_updates(sum, &t, last, rest, &read);
    sum->told.rows = rows;
    sum->told.steps = rows < 0 && !stage->train->steps ? -1 : t.steps;
    for (int k = 0; k < stage->validation_count; k++)
        add_validation(sum, &t, &stage->validations[k], &read);
    int64_t best = stage->train->select == SELECT_BEST ? in_memory(parameter_floats(stage)) : 0;
    sum->told.memory += sum->weights + best + read;
    sum->told.disk = sum->weights + best + parameter_floats(stage) * (int64_t)sizeof(float);
}

static int64_t row_floats(const FornixTable *table)
{
    int64_t floats = 0;
    for (int c = 0; c < fornix_columns(table); c++)
        if (!(fornix_column(table, c)->kind & (FORNIX_LABEL | FORNIX_WEIGHT)))
            floats += fornix_floats(fornix_column(table, c)->shape);
    return floats;
}

/* Whole samples, what is made of them and how much of it, while they are seen in windows. */
static int64_t windows_memory(const Outer *outer)
{
    const TilingRequest *tiling = &outer->stage->window->tiling;
    const FornixTable *samples = outer->inputs[0].from->table;
    int64_t places = tiling->grid[0] * tiling->grid[1] * tiling->grid[2];
    int64_t bytes = in_memory(places);
    StagePlan *plan = stage_plan(outer->stage, NULL, 1, 0);
    const Graph *graph = plan ? body_graph(plan->body) : NULL;
    for (int k = 0; graph && k < graph->column_count; k++) {
        int c = fornix_find_column(samples, graph->column_names[k]);
        if (c >= 0 && stage_windows(outer->stage, fornix_column(samples, c)))
            bytes += in_memory(fornix_floats(fornix_column(samples, c)->shape));
    }
    stage_plan_free(plan);
    return bytes;
}

/* Apply, generate, filter: what is collected lies in memory a row at a time, on disk twice. */
static void add_apply(Sum *sum)
{
    const Outer *outer = sum->outer;
    const Stage *stage = outer->stage;
    int64_t batch = stage->kind == STAGE_APPLY    ? stage->apply->batch
                    : stage->kind == STAGE_FILTER ? stage->filter->batch
                                                  : stage->generate->batch;
    FornixList parts = stage->kind == STAGE_APPLY    ? stage->apply->part
                       : stage->kind == STAGE_FILTER ? stage->filter->part
                                                     : (FornixList){0};
    int64_t rows = stage->kind == STAGE_GENERATE ? stage->generate->count
                                                 : read_rows(sum, NULL, stage->element, parts);
    int64_t seen = rows, floats = row_floats(outer->table);
    sum->told.rows = rows;
    if (stage->window) {
        int64_t views = tiling_views(&stage->window->tiling);
        batch = tiling_batch(&stage->window->tiling, batch);
        sum->told.memory += windows_memory(outer);
        sum->told.memory += add_sweep(sum, NULL, batch, views, rows < 0 ? 1 : rows);
        seen = rows < 0 ? -1 : views * rows;
    } else {
        sum->told.memory += add_sweep(sum, NULL, batch, rows, 1);
    }
    sum->told.steps = seen < 0 ? -1 : (seen + batch - 1) / batch;
    sum->told.memory += sum->weights + in_memory(floats);
    sum->told.disk = 2 * (rows < 0 ? 0 : rows) * floats * (int64_t)sizeof(float);
}

/* ---- Nodes of tables --------------------------------------------------------------------- */

/* What nodes of tables take to make, or to read, the table of this one: as it works on rows that it
 * has read, or while it reads them. */
static int64_t table_memory(const Outer *outer, int threads)
{
    const FornixSamples *type = outer->plugin ? outer->type->samples : NULL;
    const Outer *from = outer->input_count ? outer->inputs[0].from : NULL;
    if (!type || !from || !from->table)
        return 0;
    int64_t rows = fornix_rows(from->table), bytes = row_floats(from->table) * 4, own = 0;
    bytes *= rows >= 0 && rows < threads ? rows : threads;
    int64_t reading = from->plugin ? table_memory(from, threads) : 0;
    if (type->flags & FORNIX_FORETELLS && type->memory)
        own = type->memory(outer->attrs, from->table, threads);
    else if (type->flags & (FORNIX_NEEDS_RUN | FORNIX_EVALUATES))
        own = 2 * bytes;
    return larger(own, reading ? reading + bytes : 0);
}

Forecast forecast_node(const Outer *outer, int threads)
{
    Sum sum = {.outer = outer, .told = {.rows = -1, .steps = -1}};
    if (outer->stage && outer->stage->kind == STAGE_TRAIN)
        add_train(&sum);
    else if (outer->stage)
        add_apply(&sum);
    else if (outer->type->samples->flags & (FORNIX_NEEDS_RUN | FORNIX_EVALUATES))
        sum.told.memory = table_memory(outer, threads);
    if (!outer->stage && outer->table)
        sum.told.rows = fornix_rows(outer->table);
    return sum.told;
}

/* ---- The run ----------------------------------------------------------------------------- */

typedef struct Play {
    Outer *const *nodes;
    const Forecast *forecasts;
    int count;
    double *left; /* work of each node; -1: done */
    bool *goes;
} Play;

static bool is_done(const Play *play, const Outer *outer)
{
    for (int k = 0; k < play->count; k++)
        if (play->nodes[k] == outer)
            return play->left[k] < 0;
    return true;
}

static bool is_ready(const Play *play, int k)
{
    const Outer *outer = play->nodes[k];
    if (play->goes[k] || play->left[k] < 0)
        return false;
    for (int i = 0; i < outer->input_count; i++)
        if (outer->inputs[i].from && !is_done(play, outer->inputs[i].from))
            return false;
    for (int n = 0; outer->stage && n < outer->stage->net_count; n++)
        if (outer->weights[n] && !is_done(play, outer->weights[n]))
            return false;
    return true;
}

/* Arithmetic, and for all nodes alike a little time for the rest: reading, writing, beginning. */
static double work_of(const Forecast *forecast)
{
    return forecast->flops + 1e9 + 10 * (double)forecast->memory;
}

/* Runs on until a node ends; false when all have. */
static bool play_on(Play *play)
{
    double least = 0;
    int going = 0;
    for (int k = 0; k < play->count; k++)
        if (play->goes[k] && (!going++ || play->left[k] < least))
            least = play->left[k];
    for (int k = 0; k < play->count; k++) {
        if (!play->goes[k])
            continue;
        play->goes[k] = play->left[k] > least;
        play->left[k] = play->goes[k] ? play->left[k] - least : -1;
    }
    return going > 0;
}

ForecastRun forecast_run(Outer *const *nodes, const Forecast *forecasts, int count, int threads,
                         int64_t budget)
{
    enum { BASE = 13 << 20 }; /* the program and its libraries */
    ForecastRun told = {0};
    Play play = {nodes, forecasts, count, mem_new((size_t)count + 1, sizeof(double)),
                 mem_new((size_t)count + 1, sizeof(bool))};
    for (int k = 0; k < count; k++) {
        play.left[k] = work_of(&forecasts[k]);
        told.disk += forecasts[k].disk;
        told.flops += forecasts[k].flops;
    }
    do {
        int going = 0, most = -1;
        for (int k = 0; k < count; k++)
            going += play.goes[k];
        for (int k = 0; k < count && going < threads; k++) {
            if (!is_ready(&play, k))
                continue;
            play.goes[k] = true;
            told.kept += forecasts[k].kept;
            going++;
        }
        int64_t memory = BASE + (told.kept < budget ? told.kept : budget);
        for (int k = 0; k < count; k++) {
            memory += play.goes[k] ? forecasts[k].memory : 0;
            if (play.goes[k] && (most < 0 || forecasts[k].memory > forecasts[most].memory))
                most = k;
        }
        if (memory > told.memory) {
            told.memory = memory;
            told.at = most < 0 ? NULL : nodes[most];
        }
    } while (play_on(&play));
    mem_free(play.left);
    mem_free(play.goes);
    return told;
}
