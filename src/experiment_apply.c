/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which nodes of a finished run work on new subjects, and which stand as it left them.
 *
 * A first pass over the graph finds what is connected to what. New subjects enter at one loader and
 * go as far as the predictions that are wanted; what is beside that way (other cohorts, training,
 * evaluation) is not made again: its tables are there with their columns and without rows.
 */
#include <string.h>

#include "experiment_parts.h"

enum { PREDICTIONS = FORNIX_LOGITS | FORNIX_PROBABILITY };

Outer *experiment_loader(const Experiment *x)
{
    return x->loader;
}

static bool is_loader(const Outer *outer)
{
    return outer->plugin && outer->type->samples->flags & FORNIX_LOADS_NEW;
}

/* Whether a table tells classes: of pixels, or of samples. */
static bool predicts(const FornixTable *table, bool pixels)
{
    for (int c = 0; table && c < fornix_columns(table); c++) {
        const FornixColumn *column = fornix_column(table, c);
        if (column->kind & PREDICTIONS && pixels == (fornix_pixels(column->shape) > 1))
            return true;
    }
    return false;
}

/* ---- The run's tables -------------------------------------------------------------------- */

static bool fail(Experiment *x, const FornixError *error)
{
    diag_error(x->diag, (Place){0}, "%s", error->text);
    return false;
}

static bool check_sources(Experiment *x)
{
    for (size_t k = 0; k < x->expansion->source_count; k++)
        if (!bundle_knows(x->apply->bundle, x->expansion->sources[k]))
            diag_error(x->diag, (Place){0}, "%s was changed since the run",
                       x->expansion->sources[k]->name);
    return diag_errors(x->diag) == 0;
}

static bool link_nodes(Experiment *x)
{
    x->linking = true;
    for (int k = 0; k < x->node_count; k++)
        experiment_check(x, &x->nodes[k]);
    x->linking = false;
    for (int k = 0; k < x->node_count; k++) {
        FornixError error = {0};
        Outer *outer = &x->nodes[k];
        outer->stored = bundle_table(x->apply->bundle, x->samples, outer->id, &error);
        if (error.text[0])
            return fail(x, &error);
        outer->table = outer->stored;
        outer->has_rows = outer->stored != NULL;
    }
    return diag_errors(x->diag) == 0;
}

/* ---- The way from a loader --------------------------------------------------------------- */

static bool reads_live(const Outer *outer)
{
    for (int k = 0; k < outer->input_count; k++)
        if (outer->inputs[k].from && outer->inputs[k].from->live)
            return true;
    return false;
}

/* Marks all tables that rows of the loader get into. */
static void spread(Experiment *x, const Outer *loader)
{
    for (int k = 0; k < x->ordered; k++) {
        Outer *outer = x->order[k];
        bool judges = outer->plugin && outer->type->samples->flags & FORNIX_EVALUATES;
        outer->live = outer == loader || (outer_kind(outer) == FORNIX_SAMPLES && outer->stored &&
                                          !judges && reads_live(outer));
    }
}

/* Whether another table that is made of this one says the same, further on. */
static bool summed_up(const Experiment *x, const Outer *outer, bool pixels)
{
    for (int k = 0; k < x->ordered; k++)
        for (int i = 0; x->order[k]->live && i < x->order[k]->input_count; i++)
            if (x->order[k]->inputs[i].from == outer && predicts(x->order[k]->stored, pixels))
                return true;
    return false;
}

static bool is_named(const ExperimentApply *apply, const char *id)
{
    for (size_t k = 0; k < apply->node_count; k++)
        if (strcmp(apply->nodes[k], id) == 0)
            return true;
    return false;
}

/* How many predictions are wanted of those that the loader's rows get into. */
static size_t want(Experiment *x, const Outer *loader)
{
    size_t count = 0;
    spread(x, loader);
    for (int k = 0; k < x->ordered; k++) {
        Outer *outer = x->order[k];
        bool wanted = false;
        for (int pixels = 0; pixels < 2 && outer->live && !wanted; pixels++)
            wanted = predicts(outer->stored, pixels) &&
                     (x->apply->node_count ? is_named(x->apply, outer->id)
                                           : !summed_up(x, outer, pixels));
        outer->wanted = wanted;
        count += wanted;
    }
    return count;
}

/* ---- The choice -------------------------------------------------------------------------- */

static const char *names_of(Experiment *x, bool (*belongs)(const Outer *outer))
{
    const char *names = "";
    for (int k = 0; k < x->ordered; k++)
        if (belongs(x->order[k]))
            names = arena_format(x->memory, "%s%s%s", names, *names ? ", " : "", x->order[k]->id);
    return names;
}

static bool has_predictions(const Outer *outer)
{
    return predicts(outer->stored, true) || predicts(outer->stored, false);
}

static const Outer *find(const Experiment *x, const char *id)
{
    for (int k = 0; k < x->ordered; k++)
        if (strcmp(x->order[k]->id, id) == 0)
            return x->order[k];
    return NULL;
}

static const char *nearest(Experiment *x, const char *name)
{
    const char **ids = arena_take(x->memory, (size_t)x->ordered + 1, sizeof *ids);
    size_t count = 0;
    for (int k = 0; k < x->ordered; k++)
        if (has_predictions(x->order[k]))
            ids[count++] = x->order[k]->id;
    return text_suggest(name, ids, count);
}

static bool check_names(Experiment *x)
{
    const ExperimentApply *apply = x->apply;
    const Outer *input = apply->input ? find(x, apply->input) : NULL;
    if (apply->input && !(input && is_loader(input)))
        diag_error(x->diag, (Place){0}, "--input %s: %s; the graph's loaders: %s", apply->input,
                   input ? "it reads no list of subjects" : "no such node", names_of(x, is_loader));
    for (size_t k = 0; k < apply->node_count; k++) {
        const Outer *node = find(x, apply->nodes[k]);
        const char *near = node ? NULL : nearest(x, apply->nodes[k]);
        if (!node && near)
            diag_error(x->diag, (Place){0}, "--node %s: no such node; did you mean '%s'?",
                       apply->nodes[k], near);
        else if (!node || !has_predictions(node))
            diag_error(x->diag, (Place){0}, "--node %s: %s; those with predictions: %s",
                       apply->nodes[k], node ? "it predicts nothing" : "no such node",
                       names_of(x, has_predictions));
    }
    return diag_errors(x->diag) == 0;
}

static Outer *choose_loader(Experiment *x)
{
    Outer *chosen = NULL;
    const char *others = "";
    int count = 0;
    for (int k = 0; k < x->ordered; k++) {
        Outer *outer = x->order[k];
        if (!is_loader(outer) || (x->apply->input && strcmp(outer->id, x->apply->input) != 0))
            continue;
        size_t wanted = want(x, outer);
        if (!wanted || wanted < x->apply->node_count)
            continue;
        chosen = outer;
        count++;
        others = arena_format(x->memory, "%s%s%s", others, *others ? ", " : "", outer->id);
    }
    if (count == 1)
        return chosen;
    const char *loaders = names_of(x, is_loader);
    if (count)
        diag_error(x->diag, (Place){0},
                   "predictions come from several loaders: choose one with --input: %s", others);
    else if (!*loaders)
        diag_error(x->diag, (Place){0},
                   "no node of the graph reads a list of subjects, so it can't be applied to any");
    else
        diag_error(x->diag, (Place){0}, "no prediction that is wanted comes from %s",
                   x->apply->input ? x->apply->input : loaders);
    return NULL;
}

/* What nobody needs for what is wanted stands as it is. */
static void drop_unneeded(Experiment *x)
{
    bool *needed = arena_take(x->memory, (size_t)x->node_count + 1, sizeof *needed);
    for (int k = x->ordered; k-- > 0;) {
        Outer *outer = x->order[k];
        if (!outer->wanted && !needed[outer - x->nodes])
            outer->live = false;
        for (int i = 0; outer->live && i < outer->input_count; i++)
            if (outer->inputs[i].from)
                needed[outer->inputs[i].from - x->nodes] = true;
    }
}

void experiment_choose(Experiment *x)
{
    if (diag_errors(x->diag) || !check_sources(x) || !link_nodes(x) || !check_names(x))
        return;
    x->loader = choose_loader(x);
    if (!x->loader)
        return;
    want(x, x->loader);
    drop_unneeded(x);
    x->ordered = 0;
    for (int k = 0; k < x->node_count; k++) {
        Outer *outer = &x->nodes[k];
        outer->check = OUTER_NEW;
        if (!outer->live)
            continue;
        outer->input_count = 0;
        outer->table = NULL;
        outer->has_rows = false;
    }
}

bool experiment_fits_run(Experiment *x, const Outer *loader, const FornixTable *table)
{
    for (int c = 0; c < fornix_columns(table); c++) {
        const FornixColumn *new = fornix_column(table, c);
        int at = fornix_find_column(loader->stored, new->name);
        const FornixColumn *old = at < 0 ? NULL : fornix_column(loader->stored, at);
        if (!old || old->shape.c == new->shape.c)
            continue;
        diag_error(x->diag, (Place){0},
                   "column '%s' of %s has %lld channels; the run was trained on %lld", new->name,
                   x->apply->manifest, (long long)new->shape.c, (long long)old->shape.c);
        return false;
    }
    return true;
}
