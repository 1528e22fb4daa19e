/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "measure.h"

#include <stdio.h>
#include <string.h>

#include "base.h"
#include "scene.h"

struct FornixResults {
    const char *name; /* the value's path */
    const Node *node;
    bool is_loss;
    int64_t width, rows, room;
    float *values;
    const char **subjects;
    double sum; /* of a loss, weighted by rows */
    const char *prefix;
    Figures *figures;
};

struct Measure {
    FornixResults *results;
    int count;
    const FornixTable *samples;
};

Measure *measure_new(Value *const *values, int count, const FornixTable *samples)
{
    Measure *measure = mem_new(1, sizeof *measure);
    measure->results = mem_new((size_t)count + 1, sizeof *measure->results);
    measure->count = count;
    measure->samples = samples;
    for (int k = 0; k < count; k++) {
        const Node *node = values[k]->producer;
        measure->results[k] = (FornixResults){.name = mem_text(values[k]->path),
                                              .node = node,
                                              .is_loss = values[k]->kind == FORNIX_LOSS,
                                              .width = values[k]->shape.c};
    }
    return measure;
}

void measure_free(Measure *measure)
{
    if (!measure)
        return;
    for (int k = 0; k < measure->count; k++) {
        mem_free((char *)(uintptr_t)measure->results[k].name);
        mem_free(measure->results[k].values);
        mem_free(measure->results[k].subjects);
    }
    mem_free(measure->results);
    mem_free(measure);
}

static void make_room(FornixResults *results, int64_t more)
{
    if (results->rows + more <= results->room)
        return;
    results->room = 2 * (results->rows + more);
    results->values = mem_grow(results->values, (size_t)(results->room * results->width),
                               sizeof *results->values);
    results->subjects =
        mem_grow(results->subjects, (size_t)results->room, sizeof *results->subjects);
}

void measure_add(Measure *measure, int k, FornixView view, const int64_t *rows, int64_t count)
{
    FornixResults *results = &measure->results[k];
    if (results->is_loss) {
        results->sum += (double)view.data[0] * (double)count;
        results->rows += count;
        return;
    }
    make_room(results, count);
    for (int64_t i = 0; i < count; i++) {
        memcpy(results->values + results->rows * results->width, view.data + i * view.pitch_n,
               (size_t)results->width * sizeof(float));
        results->subjects[results->rows++] =
            measure->samples ? fornix_row(measure->samples, rows[i])->subject : "";
    }
}

int64_t fornix_results_rows(const FornixResults *results)
{
    return results->rows;
}

int64_t fornix_results_width(const FornixResults *results)
{
    return results->width;
}

const float *fornix_results_row(const FornixResults *results, int64_t row)
{
    return results->values + row * results->width;
}

const char *fornix_results_subject(const FornixResults *results, int64_t row)
{
    return results->subjects[row];
}

void fornix_results_add(FornixResults *results, const char *name, double value)
{
    char full[400];
    bool own = !name || !*name;
    snprintf(full, sizeof full, "%s%s%s%s", results->prefix, results->name, own ? "" : ".",
             own ? "" : name);
    figures_set(results->figures, full, value);
}

static void mean_columns(FornixResults *results)
{
    for (int64_t c = 0; c < results->width; c++) {
        double sum = 0;
        for (int64_t r = 0; r < results->rows; r++)
            sum += (double)results->values[r * results->width + c];
        char name[32] = "";
        if (c)
            snprintf(name, sizeof name, "%lld", (long long)c);
        fornix_results_add(results, name, sum / (double)results->rows);
    }
}

static void finish(FornixResults *results)
{
    const Node *node = results->node;
    Scene scene = {node->type, node->path, "in finish", node->place};
    const Scene *before = scene_enter(&scene);
    node->layer->finish(results, node->attrs);
    scene_leave(before);
}

void measure_finish(Measure *measure, const char *prefix, Figures *figures)
{
    for (int k = 0; k < measure->count; k++) {
        FornixResults *results = &measure->results[k];
        results->prefix = prefix;
        results->figures = figures;
        if (!results->rows)
            continue;
        if (results->is_loss)
            fornix_results_add(results, NULL, results->sum / (double)results->rows);
        else if (results->node->layer->finish)
            finish(results);
        else
            mean_columns(results);
    }
}
