/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The loop of a train stage: batches, updates, validations, checkpoints. */
#include "train.h"

#include <jansson.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "checkpoint.h"
#include "file.h"
#include "loader.h"
#include "measure.h"
#include "profile.h"

enum { LOGS = 100, LOGS_PER_CHECKPOINT = 5, CHECKPOINT_SECONDS = 20 };

typedef struct Trainer {
    StageRun *run;
    const Stage *stage;
    StagePlans plans;
    Weights *best; /* NULL: the stage hands on its last weights */
    int64_t *rows, row_count;
    int64_t per_epoch; /* batches */
    int64_t draws;     /* batches in a step */
    int64_t steps;
    int64_t batch_most;
    FornixRandomKey random;
    int64_t *order, order_epoch; /* of the rows in the epoch that was shuffled last */
    Loader *loader;
    int64_t begun; /* batches given to the loader */
    Progress progress;
    FileLines *metrics;
    Gauge *gauge;
    double checkpointed; /* when */
    Measure *losses;     /* since the last line of metrics */
} Trainer;

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* ---- Which rows are in which batch ---- */

static bool plan_epochs(Trainer *t, FornixError *error)
{
    const TrainAttrs *attrs = t->stage->train;
    int64_t rows = t->row_count, batch = attrs->batch;
    if (!rows)
        return fornix_fail(error, "train '%s': there are no rows to train on", t->stage->id);
    t->batch_most = batch;
    t->per_epoch = (rows + batch - 1) / batch;
    if (attrs->remainder == REMAINDER_DROP) {
        t->per_epoch = rows / batch;
        if (!t->per_epoch)
            return fornix_fail(error,
                               "train '%s': %lld rows fill no batch of %lld, and remainder is drop",
                               t->stage->id, (long long)rows, (long long)batch);
    } else if (attrs->remainder == REMAINDER_SPREAD) {
        t->per_epoch = most(1, rows / batch);
        t->batch_most = (rows + t->per_epoch - 1) / t->per_epoch;
    } else if (rows < batch) {
        t->batch_most = rows;
    }
    t->steps =
        attrs->steps ? attrs->steps : (attrs->epochs * t->per_epoch + t->draws - 1) / t->draws;
    if (t->run->smoke)
        t->steps = 1;
    return true;
}

static void batch_range(const Trainer *t, int64_t place, int64_t *first, int64_t *count)
{
    int64_t batch = t->stage->train->batch;
    if (t->stage->train->remainder == REMAINDER_SPREAD) { /* the first ones are one longer */
        int64_t base = t->row_count / t->per_epoch, longer = t->row_count % t->per_epoch;
        *first = place * base + (place < longer ? place : longer);
        *count = base + (place < longer);
        return;
    }
    *first = place * batch;
    *count = t->row_count - *first < batch ? t->row_count - *first : batch;
}

static const int64_t *batch_rows(Trainer *t, int64_t number, int64_t *count)
{
    int64_t epoch = number / t->per_epoch, first;
    batch_range(t, number % t->per_epoch, &first, count);
    if (!t->stage->train->shuffle)
        return t->rows + first;
    if (t->order_epoch != epoch) {
        FornixRandomKey key = fornix_random_derive(t->random, UINT64_MAX);
        fornix_random_permutation(fornix_random_derive(key, (uint64_t)epoch), t->order,
                                  t->row_count);
        for (int64_t k = 0; k < t->row_count; k++)
            t->order[k] = t->rows[t->order[k]];
        t->order_epoch = epoch;
    }
    return t->order + first;
}

static void begin_batch(Trainer *t, int64_t number)
{
    int64_t count;
    const int64_t *rows = batch_rows(t, number, &count);
    loader_begin(t->loader, rows, count);
    t->begun = number + 1;
}

/* ---- One step ---- */

/* In draw d of a step, the updates that run in it: all in the last, those with times left before.
 */
static uint64_t updates_in(const Trainer *t, int64_t draw)
{
    uint64_t updates = 0;
    for (int u = 0; u < t->stage->update_count; u++)
        if (draw >= t->draws - t->stage->updates[u].attrs->times)
            updates |= (uint64_t)1 << u;
    return updates;
}

static double update_rate(const Update *update, int64_t step, int64_t steps)
{
    const char *attrs = update->optimizer_attrs;
    double rate;
    memcpy(&rate, attrs + update->optimizer->optimizer->rate_offset, sizeof rate);
    if (update->schedule)
        rate *= update->schedule->schedule->factor(update->schedule_attrs, step, steps);
    return rate;
}

static void measure_losses(Trainer *t, const StagePlan *plan, int64_t count)
{
    if (!t->losses)
        t->losses = measure_new(plan->wanted, plan->wanted_count, NULL);
    for (int k = 0; k < plan->wanted_count; k++)
        if (plan->wanted[k]->kind == FORNIX_LOSS)
            measure_add(t->losses, k, plan_wanted(plan->plan, k), NULL, count);
}

static bool run_draw(Trainer *t, int64_t number, int64_t draw, FornixError *error)
{
    int64_t count;
    batch_rows(t, number, &count);
    uint64_t updates = updates_in(t, draw);
    StagePlan *plan = plans_get(&t->plans, NULL, count, updates, error);
    float *const *columns = plan ? loader_wait(t->loader, error) : NULL;
    if (!columns)
        return false;
    if (number + 1 < t->steps * t->draws)
        begin_batch(t, number + 1);
    double rates[64];
    int k = 0;
    for (int u = 0; u < t->stage->update_count; u++)
        if (updates >> u & 1)
            rates[k++] = update_rate(&t->stage->updates[u], t->progress.step, t->steps);
    PlanRun run = {.columns = columns,
                   .random = fornix_random_derive(t->random, (uint64_t)number),
                   .number = t->progress.step,
                   .rates = rates};
    if (!plan_run(plan->plan, t->run->team, &run, error))
        return false;
    if (draw == t->draws - 1)
        measure_losses(t, plan, count);
    return true;
}

static bool run_step(Trainer *t, FornixError *error)
{
    for (int64_t draw = 0; draw < t->draws; draw++)
        if (!run_draw(t, t->progress.step * t->draws + draw, draw, error))
            return false;
    t->progress.step++;
    return true;
}

/* ---- Figures ---- */

static bool write_line(Trainer *t, const Figures *figures, FornixError *error)
{
    char head[80];
    Text line = {0};
    snprintf(head, sizeof head, "{\"step\": %lld, \"epoch\": %.4f", (long long)t->progress.step,
             (double)(t->progress.step * t->draws) / (double)t->per_epoch);
    text_add(&line, head);
    for (size_t k = 0; k < figures->count; k++)
        if (isfinite(figures->items[k].value))
            text_format(&line, ", \"%s\": %.9g", figures->items[k].name, figures->items[k].value);
    text_add(&line, "}");
    bool fine = file_lines_add(t->metrics, line.data, error);
    text_free(&line);
    return fine;
}

static bool log_losses(Trainer *t, FornixError *error)
{
    if (!t->losses)
        return true;
    Figures figures = {0};
    measure_finish(t->losses, "", &figures);
    measure_free(t->losses);
    t->losses = NULL;
    bool finite = true;
    for (size_t k = 0; k < figures.count; k++)
        finite = finite && isfinite(figures.items[k].value);
    if (figures.count)
        meter_note(t->gauge, "%s %.4g", figures.items[figures.count - 1].name,
                   figures.items[figures.count - 1].value);
    bool fine = write_line(t, &figures, error);
    figures_clear(&figures);
    return fine && (finite || fornix_fail(error,
                                          "train '%s': a loss is not finite any more at step "
                                          "%lld; a lower rate or clip= may help",
                                          t->stage->id, (long long)t->progress.step));
}

typedef struct Watch {
    Measure *measure;
} Watch;

static bool watch_batch(void *context, const StagePlan *plan, const int64_t *rows, int64_t count,
                        FornixError *error)
{
    Watch *watch = context;
    (void)error;
    for (int k = 0; k < plan->wanted_count; k++)
        measure_add(watch->measure, k, plan_wanted(plan->plan, k), rows, count);
    return true;
}

static bool is_better(const Trainer *t, const char *monitor, double value)
{
    int goal = t->stage->train->goal;
    bool low = goal == GOAL_MIN || (goal == GOAL_AUTO && strstr(monitor, "loss"));
    if (!t->progress.has_best)
        return isfinite(value);
    return low ? value < t->progress.best : value > t->progress.best;
}

static bool note_best(Trainer *t, const Figures *figures, FornixError *error)
{
    const char *monitor = t->stage->train->monitor;
    const Figure *figure = *monitor ? figures_find(figures, monitor) : NULL;
    if (!figure)
        return true;
    meter_note(t->gauge, "%s %.4f", monitor, figure->value);
    if (!is_better(t, monitor, figure->value)) {
        t->progress.validations_without++;
        return true;
    }
    t->progress.validations_without = 0;
    t->progress.has_best = true;
    t->progress.best = figure->value;
    t->progress.best_step = t->progress.step;
    return !t->best || weights_copy(t->best, t->plans.weights, error);
}

static bool validate(Trainer *t, const Validation *validation, FornixError *error)
{
    unsigned parts;
    if (!stage_parts(t->stage, validation->element, validation->attrs->part, &parts))
        return fornix_fail(error, "its parts are wrong");
    int64_t count, *rows = table_select(t->run->samples, parts ? parts : PARTS_ALL, &count);
    int64_t batch = validation->attrs->batch;
    if (t->run->smoke && count > batch)
        count = batch;
    if (!count) {
        mem_free(rows);
        return fornix_fail(error, "train '%s': <validate id=\"%s\"> has no rows", t->stage->id,
                           validation->id);
    }
    StagePlan *plan = plans_get(&t->plans, validation, count < batch ? count : batch, 0, error);
    Watch watch = {plan ? measure_new(plan->wanted, plan->wanted_count, t->run->samples) : NULL};
    Sweep sweep = {.plans = &t->plans,
                   .validation = validation,
                   .samples = t->run->samples,
                   .rows = rows,
                   .row_count = count,
                   .batch = batch,
                   .random = t->random,
                   .each = watch_batch,
                   .context = &watch};
    bool fine = plan && sweep_run(&sweep, error);
    if (fine) {
        char prefix[200];
        Figures figures = {0};
        snprintf(prefix, sizeof prefix, "%s.", validation->id);
        measure_finish(watch.measure, prefix, &figures);
        fine = write_line(t, &figures, error) && note_best(t, &figures, error);
        figures_clear(&figures);
    }
    measure_free(watch.measure);
    mem_free(rows);
    return fine;
}

static bool is_due(const Trainer *t, const Validation *validation)
{
    int64_t step = t->progress.step;
    if (step == t->steps)
        return true;
    if (!validation->in_epochs)
        return step % validation->every == 0;
    int64_t before = (step - 1) * t->draws / t->per_epoch, now = step * t->draws / t->per_epoch;
    return now / validation->every > before / validation->every;
}

/* ---- Breaks ---- */

static bool save_checkpoint(Trainer *t, FornixError *error)
{
    char *path = file_join(t->run->folder, "checkpoint.safetensors");
    bool fine = file_lines_sync(t->metrics, error);
    t->progress.metrics_offset = file_lines_offset(t->metrics);
    fine = fine && checkpoint_save(path, t->plans.weights, t->best, &t->progress, error);
    t->checkpointed = seconds_now();
    mem_free(path);
    return fine;
}

static bool go_on(Trainer *t, FornixError *error)
{
    char *path = file_join(t->run->folder, "checkpoint.safetensors");
    bool found = checkpoint_load(path, t->plans.weights, t->best, &t->progress, error);
    mem_free(path);
    if (found)
        meter_say(t->run->meter, "%s goes on at step %lld of %lld", t->stage->id,
                  (long long)t->progress.step, (long long)t->steps);
    return found || !error->text[0];
}

static int64_t log_interval(const Trainer *t)
{
    return most(1, t->steps / LOGS);
}

/* After a step: figures, validations, and a checkpoint where figures are complete. */
static bool after_step(Trainer *t, FornixError *error)
{
    bool logs = t->progress.step % log_interval(t) == 0 || t->progress.step == t->steps;
    for (int k = 0; k < t->stage->validation_count; k++)
        logs = logs || is_due(t, &t->stage->validations[k]);
    if (logs && !log_losses(t, error))
        return false;
    for (int k = 0; k < t->stage->validation_count; k++)
        if (is_due(t, &t->stage->validations[k]) && !validate(t, &t->stage->validations[k], error))
            return false;
    bool often = t->progress.step % (log_interval(t) * LOGS_PER_CHECKPOINT) == 0;
    if (logs && (often || atomic_load(t->run->stop) ||
                 seconds_now() - t->checkpointed > CHECKPOINT_SECONDS))
        if (!save_checkpoint(t, error))
            return false;
    meter_step(t->gauge, t->progress.step);
    return !(logs && atomic_load(t->run->stop)) ||
           fornix_fail(error, "stopped at step %lld of %lld", (long long)t->progress.step,
                       (long long)t->steps);
}

static bool is_over(const Trainer *t)
{
    int64_t patience = t->stage->train->patience;
    return t->progress.step >= t->steps ||
           (patience > 0 && t->progress.validations_without >= patience);
}

static bool train_steps(Trainer *t, FornixError *error)
{
    if (!is_over(t))
        begin_batch(t, t->progress.step * t->draws);
    while (!is_over(t))
        if (!run_step(t, error) || !after_step(t, error))
            return false;
    return true;
}

/* ---- The whole ---- */

/* Every plan that can be needed, so that all weights are there before any is loaded. */
static bool open_plans(Trainer *t, FornixError *error)
{
    int64_t first, count;
    batch_range(t, 0, &first, &count);
    for (int64_t draw = 0; draw < t->draws; draw++)
        if (!plans_get(&t->plans, NULL, count, updates_in(t, draw), error))
            return false;
    for (int k = 0; k < t->stage->validation_count; k++) {
        const Validation *validation = &t->stage->validations[k];
        if (!plans_get(&t->plans, validation, validation->attrs->batch, 0, error))
            return false;
    }
    return plans_load(&t->plans, error);
}

static bool open_best(Trainer *t, FornixError *error)
{
    if (t->stage->train->select != SELECT_BEST)
        return true;
    t->best = weights_new();
    for (size_t k = 0; k < weights_count(t->plans.weights); k++) {
        const WeightTensor *tensor = weights_at(t->plans.weights, k);
        Parameter parameter = {.name = tensor->name, .shape = tensor->shape, .kept = tensor->kept};
        if (!weights_take(t->best, &parameter, 0, error))
            return false;
    }
    return weights_copy(t->best, t->plans.weights, error);
}

static bool open_loader(Trainer *t, FornixError *error)
{
    int64_t first, count;
    batch_range(t, 0, &first, &count);
    StagePlan *plan = plans_get(&t->plans, NULL, count, updates_in(t, t->draws - 1), error);
    const Graph *graph = plan ? body_graph(plan->body) : NULL;
    if (graph)
        t->loader = loader_new(t->run->team, t->run->samples, graph->column_names,
                               graph->column_count, t->batch_most, error);
    return t->loader != NULL;
}

static bool open_metrics(Trainer *t, FornixError *error)
{
    char *path = file_join(t->run->folder, "metrics.jsonl");
    t->metrics = file_lines_open(path, t->progress.metrics_offset, error);
    mem_free(path);
    return t->metrics != NULL;
}

static bool open_trainer(Trainer *t, FornixError *error)
{
    unsigned parts;
    if (!stage_parts(t->stage, t->stage->element, t->stage->train->part, &parts))
        return fornix_fail(error, "its parts are wrong");
    t->rows = table_select(t->run->samples, parts ? parts : PARTS_ALL, &t->row_count);
    t->order = mem_new((size_t)t->row_count + 1, sizeof(int64_t));
    t->order_epoch = -1;
    t->draws = 1;
    for (int u = 0; u < t->stage->update_count; u++)
        t->draws = most(t->draws, t->stage->updates[u].attrs->times);
    t->random = stage_random(t->stage, t->stage->train->seed);
    t->plans = (StagePlans){
        .run = t->run, .weights = weights_new(), .seed = (uint64_t)t->stage->train->seed};
    return plan_epochs(t, error) && open_plans(t, error) && open_best(t, error) &&
           go_on(t, error) && open_metrics(t, error) && open_loader(t, error);
}

/* The last value of every figure, from the lines themselves: those before a break count too. */
static bool read_latest(const Trainer *t, FornixError *error)
{
    char *path = file_join(t->run->folder, "metrics.jsonl");
    size_t length;
    char *text = file_read(path, INT64_MAX, &length, error), *rest = text;
    mem_free(path);
    for (char *line; rest && (line = strsep(&rest, "\n")) && *line;) {
        const char *name;
        json_t *value, *root = json_loads(line, 0, NULL);
        json_object_foreach(root, name,
                            value) if (strcmp(name, "step") != 0 && strcmp(name, "epoch") != 0)
            figures_set(&t->run->figures, name, json_number_value(value));
        json_decref(root);
    }
    mem_free(text);
    return text != NULL;
}

static bool finish(Trainer *t, FornixError *error)
{
    char *path = file_join(t->run->folder, "weights.safetensors");
    bool fine = weights_save(t->best ? t->best : t->plans.weights, path, error);
    mem_free(path);
    fine = fine && read_latest(t, error);
    figures_set(&t->run->figures, "steps", (double)t->progress.step);
    if (t->progress.has_best) {
        figures_set(&t->run->figures, "best", t->progress.best);
        figures_set(&t->run->figures, "best_step", (double)t->progress.best_step);
    }
    return fine;
}

static void close_trainer(Trainer *t)
{
    loader_free(t->loader);
    measure_free(t->losses);
    file_lines_close(t->metrics);
    plans_free(&t->plans);
    weights_free(t->best);
    mem_free(t->rows);
    mem_free(t->order);
}

bool train_run(StageRun *run, FornixError *error)
{
    Trainer t = {.run = run, .stage = run->stage, .checkpointed = seconds_now()};
    bool fine = open_trainer(&t, error);
    if (fine) {
        t.gauge = meter_begin(run->meter, run->stage->id, t.steps, t.progress.step);
        fine = train_steps(&t, error) && finish(&t, error);
        meter_end(t.gauge);
    }
    if (fine && run->profile)
        profile_print(&t.plans, loader_waited(t.loader), run->profile);
    close_trainer(&t);
    return fine;
}
