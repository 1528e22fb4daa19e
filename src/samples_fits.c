/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Provenance: who was used to fit what, and the checks that rest on it. */
#include <pthread.h>
#include <string.h>

#include "samples_parts.h"
#include "text.h"

enum { SHOWN_MOST = 5 }; /* subjects that a message names */

/* ---- Sets of fits ------------------------------------------------------------------------ */

void fits_free(Fits *fits)
{
    mem_free(fits->items);
    *fits = (Fits){0};
}

const Fits *table_fits(const FornixTable *table)
{
    return &table->fits;
}

static bool fit_same(const Fit *a, const Fit *b)
{
    return a == b ||
           (a->artefact == b->artefact && a->count == b->count &&
            memcmp(a->subjects, b->subjects, (size_t)a->count * sizeof *a->subjects) == 0);
}

static void fits_put(Fits *fits, const Fit *fit)
{
    for (int i = 0; i < fits->count; i++)
        if (fit_same(fits->items[i], fit))
            return;
    fits->items = mem_grow(fits->items, (size_t)fits->count + 1, sizeof *fits->items);
    fits->items[fits->count++] = fit;
}

void fits_join(Fits *fits, const Fits *more)
{
    for (int i = 0; i < more->count; i++)
        fits_put(fits, more->items[i]);
}

void fits_add(Samples *samples, Fits *fits, const char *artefact, const char *const *subjects,
              int64_t count)
{
    if (!count)
        return;
    const char **known = mem_new((size_t)count, sizeof *known);
    int64_t most = 0, kept = 0;
    for (int64_t i = 0; i < count; i++) {
        known[i] = samples_intern(samples, subjects[i]);
        most = interned_number(known[i]) > most ? interned_number(known[i]) : most;
    }
    bool *seen = mem_new((size_t)most + 1, sizeof *seen);
    for (int64_t i = 0; i < count; i++) {
        bool *is = &seen[interned_number(known[i])];
        if (!*is)
            known[kept++] = known[i];
        *is = true;
    }
    const char *name = samples_intern(samples, artefact);
    pthread_mutex_lock(&samples->lock);
    Fit *fit = arena_take(samples->arena, 1, sizeof *fit);
    const char **copy = arena_take(samples->arena, (size_t)kept, sizeof *copy);
    pthread_mutex_unlock(&samples->lock);
    memcpy(copy, known, (size_t)kept * sizeof *copy);
    *fit = (Fit){name, copy, kept};
    fits_put(fits, fit);
    mem_free(known);
    mem_free(seen);
}

void fits_add_table(Samples *samples, Fits *fits, const char *artefact, const FornixTable *table,
                    unsigned parts)
{
    fits_join(fits, &table->fits);
    const char **subjects = mem_new((size_t)table->rows + 1, sizeof *subjects);
    int64_t count = 0;
    for (int64_t row = 0; row < table->rows; row++)
        if (parts >> table->row[row].part & 1)
            subjects[count++] = table->row[row].subject;
    fits_add(samples, fits, artefact, subjects, count);
    mem_free(subjects);
}

void build_add_fits(FornixBuild *build, const Fits *fits)
{
    fits_join(&build->table->fits, fits);
}

void fornix_fitted_on(FornixBuild *build, int input, int64_t row)
{
    SubjectList *list = &build->fitted;
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 64;
        list->subjects = mem_grow(list->subjects, (size_t)list->capacity, sizeof *list->subjects);
    }
    list->subjects[list->count++] = fornix_row(fornix_table(build, input), row)->subject;
}

void fornix_fitted_on_parts(FornixBuild *build, int input, unsigned parts)
{
    FornixTable *table = build->table;
    if (table->inputs[input]->rows_known)
        fits_add_table(table->samples, &table->fits, table->id, table->inputs[input], parts);
}

/* ---- Guards ------------------------------------------------------------------------------ */

typedef struct Leak {
    int64_t judged, leaked; /* subjects */
    Text artefacts, subjects;
} Leak;

/* seen[number]: 1 a subject to be judged, 2 one that something was fitted on. */
static void leak_find(const FornixTable *table, char *seen, int64_t numbers, Leak *leak)
{
    for (int f = 0; f < table->fits.count; f++) {
        const Fit *fit = table->fits.items[f];
        bool meets = false;
        for (int64_t i = 0; i < fit->count; i++) {
            int64_t number = interned_number(fit->subjects[i]);
            if (number >= numbers || !seen[number])
                continue;
            meets = true;
            if (seen[number] == 1 && leak->leaked++ < SHOWN_MOST)
                text_format(&leak->subjects, "%s%s", leak->leaked > 1 ? ", " : "",
                            fit->subjects[i]);
            seen[number] = 2;
        }
        if (meets)
            text_format(&leak->artefacts, "%s'%s'", leak->artefacts.length ? ", " : "",
                        fit->artefact);
    }
    if (leak->leaked > SHOWN_MOST)
        text_add(&leak->subjects, ", ...");
}

/* The table at an input if its rows are to be judged (and not, say, a threshold's). */
static const FornixTable *judged_table(const FornixBuild *build, int input)
{
    const FornixNode *type = build->request.type;
    int port = build->request.inputs[input].port;
    return type->inputs[port].kinds & FORNIX_SAMPLES ? build->table->inputs[input] : NULL;
}

static char *subjects_mark(const FornixBuild *build, int64_t *numbers, int64_t *judged)
{
    *numbers = 0;
    *judged = 0;
    for (int i = 0; i < build->table->input_count; i++) {
        const FornixTable *table = judged_table(build, i);
        for (int64_t row = 0; table && row < table->rows; row++) {
            int64_t number = interned_number(table->row[row].subject);
            *numbers = number >= *numbers ? number + 1 : *numbers;
        }
    }
    char *seen = mem_new((size_t)*numbers + 1, 1);
    for (int i = 0; i < build->table->input_count; i++) {
        const FornixTable *table = judged_table(build, i);
        for (int64_t row = 0; table && row < table->rows; row++) {
            char *is = &seen[interned_number(table->row[row].subject)];
            *judged += !*is;
            *is = 1;
        }
    }
    return seen;
}

static bool guard_rows(FornixBuild *build)
{
    const FornixNode *type = build->request.type;
    for (int i = 0; i < build->table->input_count; i++) {
        const FornixTable *input = judged_table(build, i);
        int port = build->request.inputs[i].port;
        if (!input || input->rows)
            continue;
        Text parts = {0};
        for (unsigned part = FORNIX_TRAIN; part <= FORNIX_TEST; part++)
            if (build->request.parts >> part & 1)
                text_format(&parts, "%s'%s'", parts.length ? " or " : "", part_name(part));
        fornix_build_fail(build, type->inputs[port].name,
                          "'%s' has no rows of part %s to judge: split it before, or say "
                          "part=\"all\"",
                          build->table->input_names[i], text_value(&parts));
        text_free(&parts);
        return false;
    }
    return true;
}

bool guard_evaluation(FornixBuild *build)
{
    const FornixNode *type = build->request.type;
    const FornixTable *table = build->table;
    if (!type || !(type->samples->flags & FORNIX_EVALUATES))
        return true;
    if (!guard_rows(build))
        return false;
    Leak leak = {0};
    int64_t numbers;
    char *seen = subjects_mark(build, &numbers, &leak.judged);
    leak_find(table, seen, numbers, &leak);
    const char *reason = build->request.acknowledge;
    bool accepted = reason && *reason;
    if (leak.leaked && accepted)
        fornix_warn(build,
                    "'%s' judges %lld of %lld subjects that were used to fit %s; acknowledged: %s",
                    table->id, (long long)leak.leaked, (long long)leak.judged,
                    text_value(&leak.artefacts), reason);
    else if (leak.leaked)
        fornix_build_fail(build, NULL,
                          "'%s' would judge %lld of %lld subjects that were used to fit %s: %s. "
                          "Judge another part, or say acknowledge=\"why\"",
                          table->id, (long long)leak.leaked, (long long)leak.judged,
                          text_value(&leak.artefacts), text_value(&leak.subjects));
    text_free(&leak.artefacts);
    text_free(&leak.subjects);
    mem_free(seen);
    return !leak.leaked || accepted;
}

bool guard_parts(FornixBuild *build)
{
    const FornixTable *table = build->table;
    int64_t *group = mem_new((size_t)table->rows + 1, sizeof *group);
    int64_t groups = table_subjects(table, group);
    FornixPart *part = mem_new((size_t)groups + 1, sizeof *part);
    bool sound = true;
    for (int64_t row = 0; row < table->rows && sound; row++) {
        FornixPart *of = &part[group[row]], here = table->row[row].part;
        if (here && *of && here != *of)
            sound = fornix_build_fail(build, NULL, "'%s': subject '%s' is in two parts, %s and %s",
                                      table->id, table->row[row].subject, part_name(*of),
                                      part_name(here));
        if (here)
            *of = here;
    }
    mem_free(group);
    mem_free(part);
    return sound;
}

bool guard_tensors(FornixBuild *build)
{
    const FornixTable *table = build->table;
    for (int c = 0; c < table->column_count && !table->reader.read; c++) {
        const Column *column = &table->columns[c];
        for (int64_t row = 0; column_is_tensor(column) && row < table->rows; row++) {
            int input = table->origins[row].input;
            if (input < 0)
                return fornix_build_fail(build, NULL, "'%s' gives row %lld no '%s'", table->id,
                                         (long long)row, column->shown.name);
            if (column->from[input] < 0)
                return fornix_build_fail(build, NULL,
                                         "'%s' has no column '%s' of that kind and shape, which "
                                         "'%s' needs",
                                         table->input_names[input], column->shown.name, table->id);
        }
    }
    return true;
}

const FornixTable *table_part(const FornixTable *table, unsigned parts)
{
    BuildInput input = {.table = table, .name = table->id};
    FornixBuild *build = build_new(
        table->samples, &(BuildRequest){.id = table->id, .inputs = &input, .input_count = 1});
    fornix_copy_columns(build, 0);
    FornixTable *view = build->table;
    for (int64_t row = 0; row < table->rows; row++)
        if (parts >> table->row[row].part & 1)
            fornix_copy_row(build, 0, row);
    view->rows_known = table->rows_known;
    for (int i = 0; i < table->value_count; i++)
        fornix_set_values(build, table->values[i].name, table->values[i].values,
                          table->values[i].count);
    build_free(build);
    return view;
}
