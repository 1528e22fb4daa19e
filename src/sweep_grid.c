/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The jobs of a sweep: the product of its dimensions, without those that a when= switches off. */
#include <string.h>

#include "expression.h"
#include "file.h"
#include "sweep_parts.h"

enum { MOST_JOBS = 100000, LONGEST_NAME = 120 };

int sweep_axis(const Sweep *sweep, const char *name)
{
    for (size_t k = 0; k < sweep->axis_count; k++)
        if (strcmp(sweep->axes[k].name, name) == 0)
            return (int)k;
    return -1;
}

const char *sweep_value(const Sweep *sweep, const SweepJob *job, size_t axis)
{
    return job->value[axis] == NO_VALUE ? NULL : sweep->axes[axis].values[job->value[axis]].text;
}

/* ---- Conditions -------------------------------------------------------------------------- */

/* The words of all values: a value may be a list. */
static const char **words_of(const SweepAxis *axis, size_t *count, Arena *arena)
{
    Text all = {0};
    for (size_t v = 0; v < axis->count; v++)
        text_format(&all, "%s ", axis->values[v].text);
    char **words = text_split(text_value(&all), count);
    const char **kept = arena_take(arena, *count + 1, sizeof *kept);
    for (size_t k = 0; k < *count; k++)
        kept[k] = arena_text(arena, words[k]);
    text_split_free(words);
    text_free(&all);
    return kept;
}

/* All that a condition may name: what <set> sets, and the axes above, with all that they can be. */
static Name *names_of(const Sweep *sweep, const int *value, size_t axes, Arena *arena)
{
    Name *names = NULL;
    for (size_t k = 0; k < sweep->fixed_count; k++) {
        Name *name = arena_take(arena, 1, sizeof *name);
        *name = (Name){.name = sweep->fixed[k].name,
                       .datum = datum_read(sweep->fixed[k].value),
                       .outer = names};
        names = name;
    }
    for (size_t k = 0; k < axes; k++) {
        const SweepAxis *axis = &sweep->axes[k];
        Name *name = arena_take(arena, 1, sizeof *name);
        *name = (Name){.name = axis->name, .datum = datum_text(""), .outer = names};
        if (value[k] != NO_VALUE)
            name->datum = datum_read(axis->values[value[k]].text);
        if (!axis->given) /* pinned by -p: the others are still words that it could be */
            name->choices = words_of(axis, &name->choice_count, arena);
        names = name;
    }
    return names;
}

/* Whether a condition (NULL: none) holds for the values of the first so many axes. */
static bool holds(Sweep *sweep, const Attribute *when, size_t axes, const int *value)
{
    if (!when)
        return true;
    bool truth = false;
    Arena *arena = arena_new();
    Scope scope = {
        .names = names_of(sweep, value, axes, arena), .diag = sweep->diag, .arena = arena};
    expression_truth(&scope, when, &truth);
    arena_free(arena);
    return truth;
}

/* Whether all axes that move together have their value v here. */
static bool takes(Sweep *sweep, const SweepDimension *dimension, size_t v, const int *value)
{
    for (size_t k = dimension->first; k < dimension->first + dimension->axes; k++) {
        const SweepAxis *axis = &sweep->axes[k];
        if (!holds(sweep, axis->values[axis->given ? 0 : v].when, dimension->first, value))
            return false;
    }
    return true;
}

/* ---- Jobs -------------------------------------------------------------------------------- */

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("._=,+-", c));
}

/* Says what the job is, not which: a grid may grow around it. */
static char *job_name(const Sweep *sweep, const SweepJob *job)
{
    Text text = {0};
    for (size_t k = 0; k < sweep->axis_count; k++)
        if (job->value[k] != NO_VALUE)
            text_format(&text, "%s%s=%s", text.length ? "," : "", sweep->axes[k].name,
                        sweep_value(sweep, job, k));
    if (!text.length)
        text_add(&text, "all");
    char hash[HASH_TEXT];
    hash_text(hash_bytes(text.data, text.length), hash);
    bool plain = text.length <= LONGEST_NAME && text.data[0] != '.';
    for (size_t k = 0; k < text.length; k++)
        if (!is_plain(text.data[k])) {
            text.data[k] = '_';
            plain = false;
        }
    if (text.data[0] == '.')
        text.data[0] = '_';
    char *name = plain ? arena_text(sweep->memory, text.data)
                       : arena_format(sweep->memory, "%.*s-%.8s", LONGEST_NAME, text.data, hash);
    text_free(&text);
    return name;
}

static void set_settings(Sweep *sweep, SweepJob *job)
{
    job->settings =
        arena_take(sweep->memory, sweep->fixed_count + sweep->axis_count + 1, sizeof(Override));
    if (sweep->fixed_count)
        memcpy(job->settings, sweep->fixed, sweep->fixed_count * sizeof *job->settings);
    job->setting_count = sweep->fixed_count;
    for (size_t k = 0; k < sweep->axis_count; k++) {
        const SweepAxis *axis = &sweep->axes[k];
        if (job->value[k] == NO_VALUE)
            continue;
        const SweepValue *value = &axis->values[job->value[k]];
        job->settings[job->setting_count++] =
            (Override){.name = axis->name,
                       .value = value->text,
                       .name_place = axis->place,
                       .value_place = value->place,
                       .beside = axis->given ? NULL : sweep->source->name};
    }
}

static void add_job(Sweep *sweep, const int *value)
{
    if (sweep->job_count == sweep->job_room) {
        sweep->job_room = sweep->job_room ? 2 * sweep->job_room : 64;
        sweep->jobs = mem_grow(sweep->jobs, sweep->job_room, sizeof *sweep->jobs);
    }
    const SweepRequest *request = sweep->request;
    size_t index = sweep->job_count++;
    SweepJob *job = &sweep->jobs[index];
    *job = (SweepJob){.value = arena_take(sweep->memory, sweep->axis_count + 1, sizeof(int))};
    memcpy(job->value, value, (sweep->axis_count + 1) * sizeof *value);
    job->name = job_name(sweep, job);
    job->own = !request->shards || (int64_t)index % request->shards == request->shard - 1;
    set_settings(sweep, job);
}

static void cross(Sweep *sweep, size_t dimension, int *value)
{
    if (sweep->job_count > MOST_JOBS || diag_errors(sweep->diag))
        return;
    if (dimension == sweep->dimension_count) {
        add_job(sweep, value);
        return;
    }
    const SweepDimension *d = &sweep->dimensions[dimension];
    bool on = holds(sweep, d->when, d->first, value), none = true;
    for (size_t v = 0; on && v < d->count; v++) {
        if (!takes(sweep, d, v, value))
            continue;
        none = false;
        for (size_t k = d->first; k < d->first + d->axes; k++)
            value[k] = sweep->axes[k].given ? 0 : (int)v;
        cross(sweep, dimension + 1, value);
        for (size_t k = d->first; k < d->first + d->axes; k++)
            value[k] = NO_VALUE;
    }
    if (none)
        cross(sweep, dimension + 1, value);
}

/* Which jobs the when= of a comparison or control takes. */
static const bool *choose_jobs(Sweep *sweep, const Element *element)
{
    const Attribute *when = element_attribute(element, "when");
    bool *takes = arena_take(sweep->memory, sweep->job_count + 1, sizeof *takes), any = false;
    for (size_t k = 0; k < sweep->job_count && !diag_errors(sweep->diag); k++) {
        takes[k] = !when || holds(sweep, when, sweep->axis_count, sweep->jobs[k].value);
        any = any || takes[k];
    }
    if (when && !any && strcmp(element->name, "compare") == 0 && !diag_errors(sweep->diag))
        diag_error(sweep->diag, when->value_place, "no job is such");
    return takes;
}

bool sweep_grid(Sweep *sweep)
{
    int *value = arena_take(sweep->memory, sweep->axis_count + 1, sizeof *value);
    for (size_t k = 0; k <= sweep->axis_count; k++)
        value[k] = NO_VALUE;
    cross(sweep, 0, value);
    if (sweep->job_count > MOST_JOBS)
        diag_error(sweep->diag, sweep->axes[sweep->axis_count - 1].place,
                   "a sweep of more than %d jobs", MOST_JOBS);
    for (size_t k = 0; k < sweep->comparison_count && !diag_errors(sweep->diag); k++)
        sweep->comparisons[k].takes = choose_jobs(sweep, sweep->comparisons[k].element);
    for (size_t k = 0; k < sweep->control_count && !diag_errors(sweep->diag); k++)
        sweep->controls[k].takes = choose_jobs(sweep, sweep->controls[k].element);
    return diag_errors(sweep->diag) == 0;
}
