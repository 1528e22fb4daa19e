/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The outer graph as a picture.
 *
 * What a loop repeats is drawn once, with the number of its rounds: seven arms side by side hide
 * the shape of an experiment. Of a table only what its node adds or changes is told.
 */
#include <string.h>

#include "show_parts.h"

enum { COLUMNS_TOLD = 4, CLASSES_TOLD = 4 };

/* The rounds of what stands in a loop, or one node. */
typedef struct Fold {
    const char *name;
    Outer **members;
    int count;
    Box box;
} Fold;

typedef struct Overview {
    Experiment *experiment;
    Arena *memory;
    Drawing *drawing;
    Fold *folds;
    int fold_count;
} Overview;

/* ---- Folding ---- */

static Fold *fold_of(Overview *view, const Element *element)
{
    for (int k = 0; k < view->fold_count; k++)
        for (int m = 0; m < view->folds[k].count; m++)
            if (view->folds[k].members[m]->element == element)
                return &view->folds[k];
    return NULL;
}

static Fold *fold_named(Overview *view, const char *name, size_t length)
{
    for (int k = 0; k < view->fold_count; k++)
        if (strlen(view->folds[k].name) == length &&
            strncmp(view->folds[k].name, name, length) == 0)
            return &view->folds[k];
    return NULL;
}

static void fold_add(Overview *view, Fold *fold, Outer *outer)
{
    if (!(fold->count & (fold->count - 1))) {
        size_t room = fold->count ? 2 * (size_t)fold->count : 1;
        Outer **members = arena_take(view->memory, room, sizeof(Outer *));
        if (fold->count)
            memcpy(members, fold->members, (size_t)fold->count * sizeof(Outer *));
        fold->members = members;
    }
    fold->members[fold->count++] = outer;
}

static void fold_nodes(Overview *view, bool rounds)
{
    int count;
    Outer *const *nodes = experiment_nodes(view->experiment, &count);
    view->folds = arena_take(view->memory, (size_t)count + 1, sizeof *view->folds);
    for (int k = 0; k < count; k++) {
        size_t length = rounds ? strlen(nodes[k]->id) : strcspn(nodes[k]->id, "[");
        Fold *fold = fold_named(view, nodes[k]->id, length);
        if (!fold) {
            fold = &view->folds[view->fold_count++];
            *fold = (Fold){.name = arena_slice(view->memory, nodes[k]->id, length)};
        }
        fold_add(view, fold, nodes[k]);
    }
}

/* ---- What a box tells ---- */

/* A fact is told of a fold where it holds for every round. */
typedef const char *Telling(Arena *arena, const Outer *outer, int which);

static void tell(Overview *view, Fold *fold, Telling *telling, int which)
{
    const char *fact = telling(view->memory, fold->members[0], which);
    for (int m = 1; fact && m < fold->count; m++) {
        const char *other = telling(view->memory, fold->members[m], which);
        if (!other || strcmp(other, fact) != 0)
            return;
    }
    if (fact)
        box_fact(&fold->box, fact);
}

/* -1: only a run knows. Rows that were foreseen stand for others, of which there may be more. */
static int64_t rows_of(const Outer *outer)
{
    bool exact = outer->has_rows;
    if (outer->stage)
        exact = !outer->input_count || outer->inputs[0].from->has_rows;
    return exact && outer->table ? fornix_rows(outer->table) : -1;
}

static void tell_rows(Overview *view, Fold *fold)
{
    int64_t low = INT64_MAX, high = -1;
    for (int m = 0; m < fold->count; m++) {
        int64_t rows = rows_of(fold->members[m]);
        if (rows < 0)
            return;
        low = rows < low ? rows : low;
        high = rows > high ? rows : high;
    }
    if (high > 0)
        box_fact(&fold->box, low == high ? arena_format(view->memory, "%lld rows", (long long)low)
                                         : arena_format(view->memory, "%lld to %lld rows",
                                                        (long long)low, (long long)high));
}

static const char *column_words(Arena *arena, const FornixColumn *column)
{
    if (column->kind & FORNIX_WEIGHT)
        return column->name;
    if (!(column->kind & FORNIX_LABEL))
        return arena_format(arena, "%s %s", column->name, shape_brief(arena, column->shape));
    const char *words = arena_format(arena, "%s:", column->name);
    if (column->classes > CLASSES_TOLD || !column->class_names)
        return arena_format(arena, "%s %lld classes", words, (long long)column->classes);
    for (int64_t c = 0; c < column->classes; c++)
        words = arena_format(arena, "%s %s", words, column->class_names[c]);
    return words;
}

static bool column_known(const FornixTable *table, const FornixColumn *column)
{
    int at = table ? fornix_find_column(table, column->name) : -1;
    if (at < 0)
        return false;
    const FornixColumn *known = fornix_column(table, at);
    return known->kind == column->kind && known->classes == column->classes &&
           shape_equal(known->shape, column->shape);
}

/* The column number `which` of those that its first input has not. */
static const char *tell_column(Arena *arena, const Outer *outer, int which)
{
    const FornixTable *before =
        outer->input_count && outer->inputs[0].from ? outer->inputs[0].from->table : NULL;
    int new = 0;
    for (int k = 0; outer->table && k < fornix_columns(outer->table); k++) {
        const FornixColumn *column = fornix_column(outer->table, k);
        if (!column_known(before, column) && new ++ == which)
            return which < COLUMNS_TOLD ? column_words(arena, column) : "and more columns";
    }
    return NULL;
}

static const char *tell_length(Arena *arena, const Outer *outer, int which)
{
    (void)which;
    const Stage *stage = outer->stage;
    if (!stage)
        return NULL;
    if (stage->kind == STAGE_TRAIN) {
        bool epochs = stage->train->epochs > 0;
        return arena_format(arena, "%lld %s, batch %lld",
                            (long long)(epochs ? stage->train->epochs : stage->train->steps),
                            epochs ? "epochs" : "steps", (long long)stage->train->batch);
    }
    return NULL;
}

static const char *tell_part(Arena *arena, const Outer *outer, int which)
{
    (void)which;
    const char *part = element_value(outer->element, "part");
    return part ? arena_format(arena, "part %s", part) : NULL;
}

static bool is_trained(const Stage *stage, const char *net)
{
    for (int u = 0; u < stage->update_count; u++)
        for (int64_t k = 0; k < stage->updates[u].attrs->nets.count; k++)
            if (strcmp(stage->updates[u].attrs->nets.items[k], net) == 0)
                return true;
    return false;
}

static const char *tell_net(Arena *arena, const Outer *outer, int which)
{
    const Stage *stage = outer->stage;
    if (!stage || which >= stage->net_count)
        return NULL;
    const char *net = stage->nets[which].name;
    bool fixed = stage->kind == STAGE_TRAIN && !is_trained(stage, net);
    return arena_format(arena, "net %s, %s parameters%s", net,
                        count_brief(arena, stage_net_size(stage, net)), fixed ? ", frozen" : "");
}

static const char *types_of(Overview *view, const Fold *fold)
{
    const char *types = fold->members[0]->type->name;
    for (int m = 1; m < fold->count; m++) {
        bool known = false;
        for (int k = 0; k < m; k++)
            known = known || fold->members[k]->type == fold->members[m]->type;
        if (!known)
            types = arena_format(view->memory, "%s, %s", types, fold->members[m]->type->name);
    }
    return types;
}

static unsigned outer_gives(const Outer *outer)
{
    return outer->type->outputs ? outer->type->outputs[0].kinds : 0;
}

static Look look_of(const Outer *outer)
{
    unsigned kinds = outer_gives(outer);
    if (outer->stage_kind >= 0)
        return BOX_STAGE;
    return kinds & FORNIX_SAMPLES ? BOX_TABLE : kinds & FORNIX_FIT ? BOX_NET : BOX_COMPOSITE;
}

static void fill_box(Overview *view, Fold *fold)
{
    const Outer *first = fold->members[0];
    fold->box = (Box){.group = NOWHERE,
                      .look = look_of(first),
                      .title = fold->count > 1
                                   ? arena_format(view->memory, "%s × %d", fold->name, fold->count)
                                   : first->id,
                      .type = types_of(view, fold),
                      .level = NOWHERE,
                      .tip = first->type->doc};
    tell(view, fold, tell_length, 0);
    tell(view, fold, tell_part, 0);
    for (int n = 0; first->stage && n < first->stage->net_count; n++)
        tell(view, fold, tell_net, n);
    bool table = outer_gives(first) & FORNIX_SAMPLES;
    if (table)
        tell_rows(view, fold);
    for (int c = 0; table && c <= COLUMNS_TOLD; c++)
        tell(view, fold, tell_column, c);
    for (int m = 0; m < fold->count; m++)
        for (int k = 0; k < fold->members[m]->input_count; k++) {
            const OuterInput *input = &fold->members[m]->inputs[k];
            if (input->from)
                box_input(&fold->box, fold->members[m]->type->inputs[input->port].name, "");
        }
}

/* ---- Arrows ---- */

static void add_inputs(Overview *view, Fold *fold, const Outer *outer)
{
    for (int k = 0; k < outer->input_count; k++) {
        const OuterInput *input = &outer->inputs[k];
        Fold *from = input->from ? fold_of(view, input->from->element) : NULL;
        if (!from)
            continue;
        unsigned kind = outer_gives(input->from);
        drawing_arrow(
            view->drawing,
            (Arrow){.from = (int)(from - view->folds),
                    .to = (int)(fold - view->folds),
                    .from_port = NOWHERE,
                    .to_port = box_input(&fold->box, outer->type->inputs[input->port].name, ""),
                    .kind = kind,
                    .beside = kind & FORNIX_FIT});
    }
}

/* Of every <use weights="stage">: from the graph's text, so that it is known of wrong stages too.
 */
static void add_weights(Overview *view, Fold *fold, const Element *parent)
{
    for (const Element *e = parent->first; e; e = e->next) {
        const char *weights = strcmp(e->name, "use") == 0 ? element_value(e, "weights") : NULL;
        const Element *found = weights ? element_find(e, weights) : NULL;
        Fold *from = found ? fold_of(view, found) : NULL;
        if (from && from != fold)
            drawing_arrow(view->drawing, (Arrow){.from = (int)(from - view->folds),
                                                 .to = (int)(fold - view->folds),
                                                 .from_port = NOWHERE,
                                                 .to_port = NOWHERE,
                                                 .kind = FORNIX_FIT,
                                                 .beside = true});
        add_weights(view, fold, e);
    }
}

Drawing *show_outer(Experiment *experiment, const char *title, bool rounds)
{
    Overview view = {.experiment = experiment, .memory = arena_new()};
    view.drawing = drawing_new(title);
    fold_nodes(&view, rounds);
    for (int k = 0; k < view.fold_count; k++) {
        fill_box(&view, &view.folds[k]);
        drawing_box(view.drawing, &view.folds[k].box);
    }
    for (int k = 0; k < view.fold_count; k++)
        for (int m = 0; m < view.folds[k].count; m++) {
            add_inputs(&view, &view.folds[k], view.folds[k].members[m]);
            if (view.folds[k].members[m]->stage_kind >= 0)
                add_weights(&view, &view.folds[k], view.folds[k].members[m]->element);
        }
    arena_free(view.memory);
    return view.drawing;
}
