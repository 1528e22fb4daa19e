/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "apply.h"

#include <string.h>

#include "apply_journal.h"
#include "apply_windows.h"
#include "file.h"
#include "store.h"

typedef struct Applier {
    ApplyRun *apply;
    const Stage *stage;
    const FornixTable *from; /* whose rows go through the body */
    StoreWriter *writer;
    Journal *journal;      /* NULL: none */
    Windows *windows;      /* NULL: whole rows go through the body */
    const float **tensors; /* of a row, by column */
    float *record;         /* what is computed of a row: its collects, or whether it is kept */
    int64_t record_floats;
    int label; /* a filter's, in `from` */
    int64_t kept, seen;
} Applier;

static void copy_row(FornixView view, int64_t n, float *out)
{
    const float *from = view.data + n * view.pitch_n;
    int64_t pixels = view.shape.d * view.shape.h * view.shape.w, channels = view.shape.c;
    if (view.pitch_w == channels) {
        memcpy(out, from, (size_t)(pixels * channels) * sizeof(float));
        return;
    }
    for (int64_t p = 0; p < pixels; p++)
        memcpy(out + p * channels, from + p * view.pitch_w, (size_t)channels * sizeof(float));
}

/* Each channel's sum in the order of its pixels; some channels at a time, as they lie side by side.
 */
static void pool_row(FornixView view, int64_t n, float *out)
{
    enum { BLOCK = 64 };
    const float *from = view.data + n * view.pitch_n;
    int64_t pixels = view.shape.d * view.shape.h * view.shape.w, channels = view.shape.c;
    for (int64_t first = 0; first < channels; first += BLOCK, from += BLOCK) {
        int64_t count = channels - first < BLOCK ? channels - first : BLOCK;
        double sums[BLOCK] = {0};
        for (int64_t p = 0; p < pixels; p++)
            for (int64_t c = 0; c < count; c++)
                sums[c] += (double)from[p * view.pitch_w + c];
        for (int64_t c = 0; c < count; c++)
            out[first + c] = (float)(sums[c] / (double)pixels);
    }
}

/* The record becomes a row of the table, or none. */
static bool put_row(Applier *a, int64_t row, FornixError *error)
{
    a->seen++;
    if (a->stage->kind == STAGE_FILTER && *a->record == 0)
        return true;
    a->kept++;
    return store_add(a->writer, a->from, row, a->tensors, error);
}

static bool add_row(Applier *a, int64_t row, FornixError *error)
{
    return journal_add(a->journal, a->record, error) && put_row(a, row, error);
}

static bool collect_rows(void *context, const StagePlan *plan, const int64_t *rows, int64_t count,
                         FornixError *error)
{
    Applier *a = context;
    for (int64_t i = 0; i < count; i++) {
        float *out = a->record;
        for (int k = 0; k < a->stage->collect_count; k++) {
            const Collect *collect = &a->stage->collects[k];
            FornixView view = plan_wanted(plan->plan, k);
            if (collect->pools)
                pool_row(view, i, out);
            else
                copy_row(view, i, out);
            out += fornix_floats(collect->column.shape);
        }
        if (!add_row(a, rows[i], error))
            return false;
    }
    return journal_keep(a->journal, error);
}

static bool collect_views(void *context, const StagePlan *plan, const int64_t *rows, int64_t count,
                          FornixError *error)
{
    Applier *a = context;
    (void)error;
    windows_put(a->windows, plan, rows, count, a->record);
    return true;
}

static bool filter_rows(void *context, const StagePlan *plan, const int64_t *rows, int64_t count,
                        FornixError *error)
{
    Applier *a = context;
    FornixView logits = plan_wanted(plan->plan, 0);
    for (int64_t i = 0; i < count; i++) {
        const float *row = logits.data + i * logits.pitch_n;
        int32_t best = 0;
        for (int32_t c = 1; c < logits.shape.c; c++)
            best = row[c] > row[best] ? c : best;
        bool agrees = best == fornix_label(a->from, a->label, rows[i]);
        *a->record = agrees || a->apply->run.smoke; /* what comes after wants rows, too */
        if (!add_row(a, rows[i], error))
            return false;
    }
    return journal_keep(a->journal, error);
}

/* What an earlier run collected before it was broken off. */
static bool replay(Applier *a, const int64_t *rows, int64_t done, int64_t count, FornixError *error)
{
    for (int64_t k = 0; k < done; k++)
        if (!journal_read(a->journal, k, a->record, error) || !put_row(a, rows[k], error))
            return false;
    if (done)
        meter_say(a->apply->run.meter, "%-24s goes on at row %lld of %lld", a->stage->id,
                  (long long)done, (long long)count);
    return true;
}

static FornixList stage_part_names(const Stage *stage)
{
    if (stage->kind == STAGE_APPLY)
        return stage->apply->part;
    return stage->kind == STAGE_FILTER ? stage->filter->part : (FornixList){0};
}

static int64_t stage_rows_batch(const Stage *stage)
{
    return stage->kind == STAGE_APPLY    ? stage->apply->batch
           : stage->kind == STAGE_FILTER ? stage->filter->batch
                                         : stage->generate->batch;
}

/* Where a row belongs: its part and its class by the table's first label. */
static int64_t row_group(const FornixTable *table, int label, int64_t row)
{
    int64_t classes = label < 0 ? 1 : fornix_column(table, label)->classes + 1;
    int64_t class = label < 0 ? 0 : fornix_label(table, label, row) + 1;
    return (int64_t)fornix_row(table, row)->part * classes + class;
}

/* A smoke run takes rows from all over the table, and a few of every part and class: what comes
 * after fits and judges by class. */
static int64_t thin_rows(const FornixTable *table, int64_t *rows, int64_t count, int64_t wanted)
{
    enum { LEAST = 2 };
    int label = -1;
    for (int c = fornix_columns(table) - 1; c >= 0; c--)
        if (fornix_column(table, c)->kind == FORNIX_LABEL && fornix_column(table, c)->classes > 0)
            label = c;
    int64_t classes = label < 0 ? 1 : fornix_column(table, label)->classes + 1, kept = 0;
    size_t groups = (size_t)((FORNIX_TEST + 1) * classes);
    int64_t *size = mem_new(groups, sizeof *size), *seen = mem_new(groups, sizeof *seen);
    for (int64_t k = 0; k < count; k++)
        size[row_group(table, label, rows[k])]++;
    for (int64_t k = 0; k < count; k++) {
        int64_t g = row_group(table, label, rows[k]), share = wanted * size[g] / count;
        int64_t quota = share > LEAST ? share : size[g] < LEAST ? size[g] : LEAST;
        int64_t before = seen[g]++ * quota / size[g];
        if (count <= wanted || seen[g] * quota / size[g] > before)
            rows[kept++] = rows[k];
    }
    mem_free(size);
    mem_free(seen);
    return kept;
}

/* Sample by sample, as what was made of one of them has to be in memory whole. */
static bool sweep_windows(Applier *a, const Sweep *whole, FornixError *error)
{
    int64_t each = windows_each(a->windows), count = whole->row_count;
    int64_t *rows = mem_new((size_t)each, sizeof *rows);
    Sweep sweep = *whole;
    sweep.samples = windows_table(a->windows);
    sweep.rows = rows;
    sweep.row_count = each;
    sweep.begin = 0;
    sweep.each = collect_views;
    bool fine = true;
    for (int64_t k = whole->begin; fine && k < count; k++) {
        for (int64_t i = 0; i < each; i++)
            rows[i] = k * each + i;
        sweep.before = k * each;
        memset(a->record, 0, (size_t)a->record_floats * sizeof *a->record);
        fine = windows_enter(a->windows, k, error) && sweep_run(&sweep, error) &&
               add_row(a, whole->rows[k], error) && journal_keep(a->journal, error);
    }
    mem_free(rows);
    return fine;
}

static bool sweep_begin(Applier *a, StagePlans *plans, Sweep *sweep, FornixError *error)
{
    int64_t batch = sweep->batch < sweep->row_count ? sweep->batch : sweep->row_count;
    if (a->stage->window)
        batch = sweep->batch = tiling_batch(&a->stage->window->tiling, sweep->batch);
    const StagePlan *plan = plans_get(plans, NULL, batch, 0, error);
    if (!plan || !plans_load(plans, error))
        return false;
    if (!a->stage->window)
        return true;
    a->windows = windows_new(a->stage, a->from, sweep->rows, sweep->row_count,
                             body_graph(plan->body), error);
    return a->windows != NULL;
}

/* Rows that one row's work is told in: its windows, or itself. */
static int64_t rows_each(const Stage *stage)
{
    return stage->window ? tiling_views(&stage->window->tiling) : 1;
}

static bool sweep_stage(Applier *a, FornixError *error)
{
    StageRun *run = &a->apply->run;
    unsigned parts;
    if (!stage_parts(a->stage, a->stage->element, stage_part_names(a->stage), &parts))
        return fornix_fail(error, "its parts are wrong");
    int64_t batch = stage_rows_batch(a->stage), each = rows_each(a->stage), count;
    int64_t *rows = table_select(a->from, parts ? parts : PARTS_ALL, &count);
    if (!count && fornix_rows(a->from)) {
        mem_free(rows);
        return fornix_fail(error, "%s '%s': none of its samples is in its part",
                           a->stage->element->name, a->stage->id);
    }
    if (run->smoke)
        count = thin_rows(a->from, rows, count, (4 * batch + each - 1) / each);
    int64_t seed = a->stage->kind == STAGE_GENERATE ? a->stage->generate->seed : 0;
    StagePlans plans = {.run = run, .weights = weights_new(), .seed = (uint64_t)seed};
    a->journal = journal_open(run->folder, count, a->record_floats, error);
    int64_t done = journal_rows(a->journal);
    Gauge *gauge = meter_begin(run->meter, a->stage->id, count * each, done * each);
    Sweep sweep = {.plans = &plans,
                   .samples = a->from,
                   .rows = rows,
                   .row_count = count,
                   .begin = done,
                   .batch = batch,
                   .random = stage_random(a->stage, seed),
                   .gauge = gauge,
                   .stops = true,
                   .each = a->stage->kind == STAGE_FILTER ? filter_rows : collect_rows,
                   .context = a};
    bool fine = !error->text[0] && replay(a, rows, done, count, error);
    if (fine && count)
        fine = sweep_begin(a, &plans, &sweep, error);
    ProfileStart start = profile_start(run);
    if (fine && count)
        fine = a->windows ? sweep_windows(a, &sweep, error) : sweep_run(&sweep, error);
    if (fine && count && run->profile)
        profile_print(&plans, &start);
    meter_note(gauge, "%lld rows", (long long)a->kept);
    meter_end(gauge);
    windows_free(a->windows);
    plans_free(&plans);
    journal_close(a->journal);
    mem_free(rows);
    return fine;
}

static bool open_applier(Applier *a, const char *folder, FornixError *error)
{
    ApplyRun *apply = a->apply;
    a->from = apply->made ? apply->made : apply->run.samples;
    a->tensors = mem_new((size_t)apply->column_count + 1, sizeof *a->tensors);
    a->record_floats = a->stage->kind == STAGE_FILTER;
    for (int k = 0; k < a->stage->collect_count; k++)
        a->record_floats += fornix_floats(a->stage->collects[k].column.shape);
    a->record = mem_new((size_t)a->record_floats, sizeof(float));
    const float *at = a->record;
    for (int k = 0; k < a->stage->collect_count; k++) {
        a->tensors[apply->column_count - a->stage->collect_count + k] = at;
        at += fornix_floats(a->stage->collects[k].column.shape);
    }
    if (a->stage->kind == STAGE_FILTER)
        a->label = fornix_find_column(a->from, a->stage->label.label);
    StoreRequest request = {apply->columns, apply->column_count, fornix_rows(a->from),
                            apply->run.fits};
    a->writer = store_create(folder, &request, error);
    return a->writer != NULL;
}

bool apply_run(ApplyRun *apply, FornixError *error)
{
    Applier a = {.apply = apply, .stage = apply->run.stage};
    char *folder = file_join(apply->run.folder, "table");
    bool fine = file_remove(folder, error) && open_applier(&a, folder, error);
    if (fine && sweep_stage(&a, error)) {
        fine = store_commit(a.writer, NULL, error);
    } else {
        store_abort(a.writer);
        fine = false;
    }
    figures_set(&apply->run.figures, "rows", (double)a.kept);
    if (a.stage->kind == STAGE_FILTER && a.seen)
        figures_set(&apply->run.figures, "kept", (double)a.kept / (double)a.seen);
    mem_free(a.record);
    mem_free(a.tensors);
    mem_free(folder);
    return fine;
}
