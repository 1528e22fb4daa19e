/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a train stage measures: losses as it goes, validations, and which weights were best. */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "train_parts.h"

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
        else
            text_format(&line, ", \"%s\": null", figures->items[k].name);
    text_add(&line, "}");
    bool fine = file_lines_add(t->metrics, line.data, error);
    text_free(&line);
    return fine;
}

bool train_log_losses(Trainer *t, FornixError *error)
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

static bool watch_batch(void *context, const StagePlan *plan, const int64_t *rows, int64_t count,
                        FornixError *error)
{
    Measure *measure = context;
    (void)error;
    for (int k = 0; k < plan->wanted_count; k++)
        measure_add(measure, k, plan_wanted(plan->plan, k), rows, count);
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
    if (!figure) /* another validation's */
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

bool train_validate(Trainer *t, const Validation *validation, FornixError *error)
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
    Measure *measure = plan ? measure_new(plan->wanted, plan->wanted_count, t->run->samples) : NULL;
    Sweep sweep = {.plans = &t->plans,
                   .validation = validation,
                   .samples = t->run->samples,
                   .rows = rows,
                   .row_count = count,
                   .batch = batch,
                   .random = t->random,
                   .each = watch_batch,
                   .context = measure};
    weights_swap_averages(t->plans.weights); /* what will be handed on is what is judged */
    bool fine = plan && sweep_run(&sweep, error);
    if (fine) {
        char prefix[200];
        Figures figures = {0};
        snprintf(prefix, sizeof prefix, "%s.", validation->id);
        measure_finish(measure, prefix, &figures);
        fine = write_line(t, &figures, error) && note_best(t, &figures, error);
        figures_clear(&figures);
    }
    weights_swap_averages(t->plans.weights);
    measure_free(measure);
    mem_free(rows);
    return fine;
}

/* Of which validation a figure is; NULL: of none. */
static void note_line(Figures *figures, const char *line)
{
    json_t *root = json_loads(line, 0, NULL);
    for (void *at = json_object_iter(root); at; at = json_object_iter_next(root, at)) {
        const char *name = json_object_iter_key(at);
        const json_t *value = json_object_iter_value(at);
        if (strcmp(name, "step") != 0 && strcmp(name, "epoch") != 0)
            figures_set(figures, name, json_is_null(value) ? NAN : json_number_value(value));
    }
    json_decref(root);
}

bool train_read_latest(const Trainer *t, FornixError *error)
{
    char *path = file_join(t->run->folder, "metrics.jsonl");
    char *text = file_read(path, INT64_MAX, NULL, error), *rest = text;
    mem_free(path);
    for (char *line; rest && (line = strsep(&rest, "\n")) && *line;)
        note_line(&t->run->figures, line);
    mem_free(text);
    return text != NULL;
}
