/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the graph says of a stage: its attributes, updates, validations, what it collects. */
#include <string.h>

#include "stage_parts.h"

static bool is_named(const Element *element, const char *name)
{
    return strcmp(element->name, name) == 0;
}

static void *read_attrs(Stage *stage, const Element *element, const FornixNode *node)
{
    return attr_read(node, element, stage->context.resolver, stage->context.diag, stage->memory);
}

static int count_named(const Element *parent, const char *name)
{
    int count = 0;
    for (const Element *e = parent->first; e; e = e->next)
        count += is_named(e, name);
    return count;
}

/* ---- Updates ---- */

static bool read_schedule(Stage *stage, const Element *optimizer, Update *update)
{
    const Element *child = optimizer->first;
    if (!child)
        return true;
    const Plugin *plugin = registry_need(stage->context.registry, child, stage->context.diag);
    if (!plugin)
        return false;
    if (!plugin->node->schedule || child->next) {
        diag_error(stage->context.diag, (child->next ? child->next : child)->place,
                   "an optimizer holds one rate schedule at most, and <%s> is %s",
                   (child->next ? child->next : child)->name,
                   child->next ? "the second element" : "none");
        return false;
    }
    update->schedule = plugin->node;
    update->schedule_attrs = read_attrs(stage, child, plugin->node);
    return update->schedule_attrs != NULL;
}

static bool read_optimizer(Stage *stage, Update *update)
{
    const Element *child = update->element->first;
    if (!child || child->next) {
        diag_error_help(
            stage->context.diag, update->element->place, "for instance <adam rate=\"1e-3\"/>",
            "<update> holds exactly one optimizer, not %zu elements", update->element->child_count);
        return false;
    }
    const Plugin *plugin = registry_need(stage->context.registry, child, stage->context.diag);
    if (!plugin)
        return false;
    if (!plugin->node->optimizer) {
        diag_error(stage->context.diag, child->place, "<%s> is no optimizer", child->name);
        return false;
    }
    update->optimizer = plugin->node;
    update->optimizer_attrs = read_attrs(stage, child, plugin->node);
    return update->optimizer_attrs && read_schedule(stage, child, update);
}

static bool read_updates(Stage *stage)
{
    bool fine = true;
    int count = count_named(stage->element, "update");
    stage->updates = arena_take(stage->memory, (size_t)count + 1, sizeof(Update));
    for (const Element *e = stage->element->first; e; e = e->next) {
        if (!is_named(e, "update"))
            continue;
        Update *update = &stage->updates[stage->update_count++];
        update->element = e;
        update->id = e->id;
        update->attrs = read_attrs(stage, e, &language_update);
        fine = update->attrs && read_optimizer(stage, update) && fine;
    }
    if (count > UPDATES_MOST)
        diag_error(stage->context.diag, stage->element->place,
                   "train '%s' has %d updates, and %d are the most", stage->id, count,
                   UPDATES_MOST);
    if (count == 0 && stage->kind == STAGE_TRAIN)
        diag_error(stage->context.diag, stage->element->place,
                   "train '%s' has no <update>, so it would train nothing", stage->id);
    if (count > 0 && stage->kind != STAGE_TRAIN)
        diag_error(stage->context.diag, stage->updates[0].element->place,
                   "only <train> can hold an <update>");
    return fine && count <= UPDATES_MOST && (count > 0) == (stage->kind == STAGE_TRAIN);
}

/* ---- Validations ---- */

/* "1 epoch", "2 epochs", "100 steps". */
static bool read_every(Stage *stage, Validation *validation)
{
    static const char *const units[] = {"epoch", "epochs", "step", "steps"};
    size_t count = 0;
    char **words = text_split(validation->attrs->every, &count);
    bool fine = count == 2 && text_to_int(words[0], &validation->every) && validation->every > 0;
    int unit = 0;
    while (fine && unit < (int)COUNT(units) && strcmp(words[1], units[unit]) != 0)
        unit++;
    fine = fine && unit < (int)COUNT(units);
    validation->in_epochs = unit < 2;
    const Attribute *every = element_attribute(validation->element, "every");
    const char *near = count == 2 && every ? text_suggest(words[1], units, COUNT(units)) : NULL;
    if (!fine)
        diag_error_help(stage->context.diag,
                        near    ? attribute_word(every, 1)
                        : every ? every->value_place
                                : validation->element->place,
                        near ? arena_format(stage->memory, "did you mean '%s'?", near)
                             : "for instance \"1 epoch\" or \"100 steps\"",
                        "every can't be '%s'", validation->attrs->every);
    text_split_free(words);
    return fine;
}

static bool read_validations(Stage *stage)
{
    bool fine = true;
    int count = count_named(stage->element, "validate");
    stage->validations = arena_take(stage->memory, (size_t)count + 1, sizeof(Validation));
    for (const Element *e = stage->element->first; e; e = e->next) {
        if (!is_named(e, "validate"))
            continue;
        if (stage->kind != STAGE_TRAIN) {
            diag_error(stage->context.diag, e->place, "only <train> can hold a <validate>");
            return false;
        }
        Validation *validation = &stage->validations[stage->validation_count++];
        validation->element = e;
        validation->id = e->id;
        if (!validation->id) {
            fine = false; /* told of its file */
            continue;
        }
        validation->attrs = read_attrs(stage, e, &language_validate);
        if (!validation->attrs || !read_every(stage, validation)) {
            fine = false;
            continue;
        }
        if (!validation->attrs->batch)
            validation->attrs->batch = stage->train->batch;
    }
    return fine;
}

bool stage_parts(const Stage *stage, const Element *element, FornixList names, unsigned *parts)
{
    static const char *const known[] = {"none", "train", "validation", "test"};
    *parts = 0;
    for (int64_t k = 0; k < names.count; k++) {
        bool found = false;
        for (unsigned p = 0; p < COUNT(known); p++)
            if (strcmp(known[p], names.items[k]) == 0) {
                *parts |= 1u << p;
                found = true;
            }
        if (found)
            continue;
        const Attribute *part = element_attribute(element, "part");
        const char *near = text_suggest(names.items[k], known + 1, COUNT(known) - 1);
        diag_error_help(stage->context.diag, part ? part->value_place : element->place,
                        near ? arena_format(stage->memory, "did you mean '%s'?", near)
                             : "train, validation or test",
                        "there is no part '%s'", names.items[k]);
        return false;
    }
    return true;
}

/* ---- What is collected ---- */

static bool is_collect_word(const char *name)
{
    return strcmp(name, "pool") == 0 || attr_common(&language_collect, name);
}

static bool read_collect(Stage *stage, const Element *element)
{
    const Attribute *pool = element_attribute(element, "pool");
    if (pool && strcmp(pool->value, "mean") != 0 && strcmp(pool->value, "none") != 0) {
        diag_error_help(stage->context.diag, pool->value_place, "'none' or 'mean'",
                        "pool can't be '%s'", pool->value);
        return false;
    }
    for (size_t a = 0; a < element->attribute_count; a++)
        if (!is_collect_word(element->attributes[a].name))
            stage->collects[stage->collect_count++] =
                (Collect){.element = element,
                          .name = element->attributes[a].name,
                          .reference = &element->attributes[a],
                          .pools = pool && strcmp(pool->value, "mean") == 0};
    return true;
}

static bool read_collects(Stage *stage)
{
    size_t most = 1;
    for (const Element *e = stage->element->first; e; e = e->next)
        most += is_named(e, "collect") ? e->attribute_count : 0;
    stage->collects = arena_take(stage->memory, most, sizeof(Collect));
    bool fine = true;
    for (const Element *e = stage->element->first; e; e = e->next)
        if (is_named(e, "collect"))
            fine = read_collect(stage, e) && fine;
    bool collects = stage->kind == STAGE_APPLY || stage->kind == STAGE_GENERATE;
    if (fine && collects != (stage->collect_count > 0)) {
        diag_error(stage->context.diag, stage->element->place,
                   collects ? "%s '%s' has no <collect>, so nothing would come of it"
                            : "%s '%s' can't hold a <collect>: only <apply> and <generate> can",
                   stage->element->name, stage->id);
        return false;
    }
    return fine;
}

/* ---- Attributes of its own ---- */

static void copy_columns(Stage *stage, const FornixTable *samples)
{
    stage->column_count = fornix_columns(samples);
    stage->columns =
        arena_take(stage->memory, (size_t)stage->column_count + 1, sizeof(FornixColumn));
    for (int k = 0; k < stage->column_count; k++)
        stage->columns[k] = *fornix_column(samples, k);
}

static bool read_label(Stage *stage, const Attribute *attribute, const char *label)
{
    FornixError error = {0};
    const AttrResolver *resolver = stage->context.resolver;
    if (resolver->classes(resolver->context, label, &stage->label, &error))
        return true;
    if (error.text[0])
        diag_error(stage->context.diag, attribute ? attribute->value_place : stage->element->place,
                   "%s", error.text);
    return false;
}

static bool make_row_label(Stage *stage)
{
    stage->columns = arena_take(stage->memory, 1, sizeof(FornixColumn));
    if (!*stage->generate->label)
        return true;
    if (!read_label(stage, element_attribute(stage->element, "label"), stage->generate->label))
        return false;
    stage->column_count = 1;
    stage->columns[0] = (FornixColumn){.name = "label",
                                       .kind = FORNIX_LABEL,
                                       .shape = {1, 1, 1, 1, 1},
                                       .classes = stage->label.count,
                                       .class_names = stage->label.names};
    return true;
}

/* "c/logits agrees grade". */
static bool read_rule(Stage *stage)
{
    size_t count = 0;
    char **words = text_split(stage->filter->keep, &count);
    bool fine = count == 3 && strcmp(words[1], "agrees") == 0;
    const Attribute *keep = element_attribute(stage->element, "keep");
    static const char *const verb[] = {"agrees"};
    if (!fine)
        diag_error_help(stage->context.diag, keep->value_place,
                        count == 3 && text_suggest(words[1], verb, 1)
                            ? "did you mean 'agrees'?"
                            : "for instance \"c/logits agrees grade\"",
                        "keep is 'LOGITS agrees LABEL', not '%s'", stage->filter->keep);
    else {
        stage->filter_value = arena_text(stage->memory, words[0]);
        fine = read_label(stage, keep, words[2]);
        stage->label.label = arena_text(stage->memory, words[2]);
    }
    text_split_free(words);
    return fine;
}

static bool read_length(Stage *stage)
{
    const TrainAttrs *train = stage->train;
    if ((train->epochs > 0) == (train->steps > 0)) {
        diag_error(stage->context.diag, stage->element->place,
                   "train '%s' needs its length: %s epochs or steps", stage->id,
                   train->epochs ? "not both, just" : "either");
        return false;
    }
    if (train->select == SELECT_BEST && !*train->monitor) {
        diag_error(stage->context.diag, element_attribute(stage->element, "select")->value_place,
                   "select=\"best\" needs monitor, the figure that tells which is best");
        return false;
    }
    return true;
}

static bool read_stage(Stage *stage, const FornixTable *samples)
{
    static const FornixNode *const types[] = {&language_train, &language_apply, &language_generate,
                                              &language_filter};
    void *attrs = read_attrs(stage, stage->element, types[stage->kind]);
    if (!attrs)
        return false;
    if (samples)
        copy_columns(stage, samples);
    unsigned parts;
    switch (stage->kind) {
    case STAGE_TRAIN:
        stage->train = attrs;
        return stage_parts(stage, stage->element, stage->train->part, &parts) && read_length(stage);
    case STAGE_APPLY:
        stage->apply = attrs;
        return stage_parts(stage, stage->element, stage->apply->part, &parts);
    case STAGE_GENERATE: stage->generate = attrs; return make_row_label(stage);
    case STAGE_FILTER: break;
    }
    stage->filter = attrs;
    return stage_parts(stage, stage->element, stage->filter->part, &parts) && read_rule(stage);
}

/* "watch.dice": a validation's id and a figure of it. */
static bool check_watched(const Stage *stage)
{
    const char *monitor = stage->train ? stage->train->monitor : "";
    const char **ids = arena_take(stage->memory, (size_t)stage->validation_count + 1, sizeof *ids);
    for (int k = 0; k < stage->validation_count; k++) {
        ids[k] = stage->validations[k].id;
        size_t length = strlen(ids[k]);
        if (strncmp(monitor, ids[k], length) == 0 && monitor[length] == '.')
            return true;
    }
    if (!*monitor)
        return true;
    const char *id = arena_slice(stage->memory, monitor, strcspn(monitor, "."));
    const char *near = text_suggest(id, ids, (size_t)stage->validation_count);
    diag_error_help(
        stage->context.diag, element_attribute(stage->element, "monitor")->value_place,
        near ? arena_format(stage->memory, "did you mean '%s%s'?", near, monitor + strlen(id))
             : "a figure of a <validate>, such as 'watch.dice'",
        "monitor '%s' is of no <validate> in here", monitor);
    return false;
}

bool stage_read(Stage *stage, const FornixTable *samples)
{
    return read_stage(stage, samples) && stage_read_window(stage) && read_updates(stage) &&
           read_validations(stage) && check_watched(stage) && read_collects(stage);
}
