/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The loop of a train stage: batches, updates, validations, checkpoints. */
#include <string.h>

#include "train_parts.h"
#include "base.h"

enum { LOGS = 100, CHECKPOINTS = 20, CHECKPOINT_SECONDS = 20 };

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* ---- Which rows are in which batch ---- */

bool train_plan_epochs(Trainer *t, FornixError *error)
{
    const TrainAttrs *attrs = t->stage->train;
    int64_t rows = t->row_count, batch = attrs->batch;
    t->draws = 1;
    for (int u = 0; u < t->stage->update_count; u++)
        t->draws = most(t->draws, t->stage->updates[u].attrs->times);
    if (!rows)
        return fornix_fail(error, "train '%s': there are no rows to train on", t->stage->id);
    t->batch_most = batch;
    t->per_epoch = (rows + batch - 1) / batch;
    if (attrs->remainder == REMAINDER_DROP && !(t->run->smoke && rows < batch)) {
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

void train_batch_range(const Trainer *t, int64_t place, int64_t *first, int64_t *count)
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

const int64_t *train_batch_rows(Trainer *t, int64_t number, int64_t *count)
{
    int64_t epoch = number / t->per_epoch, first;
    train_batch_range(t, number % t->per_epoch, &first, count);
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

/* ---- One step ---- */

uint64_t train_updates_in(const Trainer *t, int64_t draw)
{
    uint64_t updates = 0;
    for (int u = 0; u < t->stage->update_count; u++)
        if (draw >= t->draws - t->stage->updates[u].attrs->times)
            updates |= (uint64_t)1 << u;
    return updates;
}

/* The batch is read, and what depends on it alone is made, while the step before it runs. */
static bool begin_batch(Trainer *t, int64_t number, FornixError *error)
{
    int64_t count;
    const int64_t *rows = train_batch_rows(t, number, &count);
    StagePlan *plan =
        plans_get(&t->plans, NULL, count, train_updates_in(t, number % t->draws), error);
    if (!plan)
        return false;
    LoaderAhead ahead = {.plan = plan->ahead[loader_turn(t->loader)],
                         .random = fornix_random_derive(t->random, (uint64_t)number),
                         .wanted = plan->given_count};
    loader_begin(t->loader, rows, count, &ahead);
    return true;
}

static double update_rate(const Update *update, int64_t step, int64_t steps)
{
    const char *attrs = update->optimizer_attrs;
    double rate;
    memcpy(&rate, attrs + update->optimizer->optimizer->rate_offset, sizeof rate);
    if (!update->schedule)
        return rate;
    Scene scene = {.node = update->schedule, .doing = "in factor", .place = update->element->place};
    const Scene *before = scene_enter(&scene);
    rate *= update->schedule->schedule->factor(update->schedule_attrs, step, steps);
    scene_leave(before);
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
    train_batch_rows(t, number, &count);
    uint64_t updates = train_updates_in(t, draw);
    StagePlan *plan = plans_get(&t->plans, NULL, count, updates, error);
    float *const *columns = plan ? loader_wait(t->loader, error) : NULL;
    if (!columns)
        return false;
    if (number + 1 < t->steps * t->draws && !begin_batch(t, number + 1, error))
        return false;
    double rates[UPDATES_MOST];
    int64_t numbers[UPDATES_MOST];
    int k = 0;
    for (int u = 0; u < t->stage->update_count; u++)
        if (updates >> u & 1) {
            int64_t times = t->stage->updates[u].attrs->times;
            numbers[k] = t->progress.step * times + draw - (t->draws - times);
            rates[k++] = update_rate(&t->stage->updates[u], t->progress.step, t->steps);
        }
    PlanRun run = {.columns = columns,
                   .random = fornix_random_derive(t->random, (uint64_t)number),
                   .numbers = numbers,
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

/* ---- Breaks ---- */

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
        meter_say(t->run->meter, "%-24s goes on at step %lld of %lld", t->stage->id,
                  (long long)t->progress.step, (long long)t->steps);
    t->damaged = !found && error->text[0];
    return !t->damaged;
}

static int64_t log_interval(const Trainer *t)
{
    return most(1, t->steps / LOGS);
}

/* A break costs a twentieth of the stage at most: of a short one, a step. */
static int64_t logs_per_checkpoint(const Trainer *t)
{
    return most(1, t->steps / log_interval(t) / CHECKPOINTS);
}

/* After a step: figures, validations, and a checkpoint where figures are complete. */
static bool after_step(Trainer *t, FornixError *error)
{
    bool logs = t->progress.step % log_interval(t) == 0 || t->progress.step == t->steps;
    for (int k = 0; k < t->stage->validation_count; k++)
        logs = logs || is_due(t, &t->stage->validations[k]);
    if (logs && !train_log_losses(t, error))
        return false;
    for (int k = 0; k < t->stage->validation_count; k++)
        if (is_due(t, &t->stage->validations[k]) &&
            !train_validate(t, &t->stage->validations[k], error))
            return false;
    bool often = t->progress.step % (log_interval(t) * logs_per_checkpoint(t)) == 0;
    if (logs && (often || atomic_load(t->run->stop) ||
                 seconds_now() - t->checkpointed > CHECKPOINT_SECONDS))
        if (!save_checkpoint(t, error))
            return false;
    meter_step(t->gauge, t->progress.step);
    return !(logs && atomic_load(t->run->stop)) ||
           fornix_fail(error, "train '%s' stopped at step %lld of %lld", t->stage->id,
                       (long long)t->progress.step, (long long)t->steps);
}

static bool is_over(const Trainer *t)
{
    int64_t patience = t->stage->train->patience;
    return t->progress.step >= t->steps ||
           (patience > 0 && t->progress.validations_without >= patience);
}

static bool train_steps(Trainer *t, FornixError *error)
{
    if (!is_over(t) && !begin_batch(t, t->progress.step * t->draws, error))
        return false;
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
    train_batch_range(t, 0, &first, &count);
    for (int64_t draw = 0; draw < t->draws; draw++)
        if (!plans_get(&t->plans, NULL, count, train_updates_in(t, draw), error))
            return false;
    for (int k = 0; k < t->stage->validation_count; k++) {
        const Validation *validation = &t->stage->validations[k];
        if (!plans_get(&t->plans, validation, validation->attrs->batch, 0, error))
            return false;
    }
    if (!plans_load(&t->plans, error))
        return false;
    weights_start_averages(t->plans.weights);
    return true;
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
    train_batch_range(t, 0, &first, &count);
    StagePlan *plan = plans_get(&t->plans, NULL, count, train_updates_in(t, t->draws - 1), error);
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
    t->damaged = !t->metrics && t->progress.step > 0;
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
    t->random = stage_random(t->stage, t->stage->train->seed);
    t->plans = (StagePlans){
        .run = t->run, .weights = weights_new(), .seed = (uint64_t)t->stage->train->seed};
    return train_plan_epochs(t, error) && open_plans(t, error) && open_best(t, error) &&
           go_on(t, error) && open_metrics(t, error) && open_loader(t, error);
}

static bool finish(Trainer *t, FornixError *error)
{
    if (t->best && !t->progress.has_best)
        return fornix_fail(error,
                           "train '%s': %s was never a finite number, so no weights are best",
                           t->stage->id, t->stage->train->monitor);
    char *path = file_join(t->run->folder, "weights.safetensors");
    char *fitted = t->run->fits ? fits_text(t->run->fits) : NULL;
    SafeText text = {FITS_TEXT, fitted};
    weights_swap_averages(t->plans.weights);
    bool fine =
        weights_save(t->best ? t->best : t->plans.weights, path, &text, fitted ? 1 : 0, error);
    mem_free(fitted);
    mem_free(path);
    fine = fine && file_lines_sync(t->metrics, error) && train_read_latest(t, error);
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

/* A checkpoint that can't be read is no reason to fail, but to begin anew. */
static bool open_again(Trainer *t, FornixError *error)
{
    StageRun *run = t->run;
    meter_say(run->meter, "%-24s begins anew: %s", run->stage->id, error->text);
    *error = (FornixError){0};
    close_trainer(t);
    *t = (Trainer){.run = run, .stage = run->stage, .checkpointed = seconds_now()};
    char *path = file_join(run->folder, "checkpoint.safetensors");
    bool fine = file_remove(path, error) && open_trainer(t, error);
    mem_free(path);
    return fine;
}

bool train_run(StageRun *run, FornixError *error)
{
    Trainer t = {.run = run, .stage = run->stage, .checkpointed = seconds_now()};
    bool fine = open_trainer(&t, error) || (t.damaged && open_again(&t, error));
    ProfileStart start = profile_start(run);
    if (fine) {
        t.gauge = meter_begin(run->meter, run->stage->id, t.steps, t.progress.step);
        fine = train_steps(&t, error) && finish(&t, error);
        meter_end(t.gauge);
    }
    if (fine) /* beside what validation waited */
        t.plans.waited += loader_waited(t.loader);
    if (fine && run->profile)
        profile_print(&t.plans, &start);
    close_trainer(&t);
    return fine;
}
