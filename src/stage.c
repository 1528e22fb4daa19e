/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stage.h"

#include <string.h>

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
    size_t count = 0;
    char **words = text_split(validation->attrs->every, &count);
    bool fine = count == 2 && text_to_int(words[0], &validation->every) && validation->every > 0;
    bool epochs = fine && strncmp(words[1], "epoch", 5) == 0 && strlen(words[1]) <= 6;
    bool steps = fine && strncmp(words[1], "step", 4) == 0 && strlen(words[1]) <= 5;
    text_split_free(words);
    validation->in_epochs = epochs;
    if (epochs || steps)
        return true;
    const Attribute *every = element_attribute(validation->element, "every");
    diag_error_help(stage->context.diag, every ? every->value_place : validation->element->place,
                    "for instance \"1 epoch\" or \"100 steps\"", "every can't be '%s'",
                    validation->attrs->every);
    return false;
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
            diag_error(stage->context.diag, e->place, "<validate> needs an id");
            fine = false;
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
    return strcmp(name, "pool") == 0 || strcmp(name, "id") == 0 || strcmp(name, "doc") == 0 ||
           strcmp(name, "if") == 0;
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

/* ---- Plans ---- */

static void add_wanted(StagePlan *made, Value *value)
{
    made->wanted = mem_grow(made->wanted, (size_t)made->wanted_count + 1, sizeof *made->wanted);
    made->wanted[made->wanted_count++] = value;
}

static void want_figures(StagePlan *made)
{
    const Graph *graph = body_graph(made->body);
    for (int v = 0; v < graph->value_count; v++)
        if (graph->values[v]->kind & (FORNIX_LOSS | FORNIX_METRIC))
            add_wanted(made, graph->values[v]);
}

static bool want_collected(Stage *stage, StagePlan *made)
{
    bool fine = true;
    for (int k = 0; k < stage->collect_count; k++) {
        Value *value =
            body_value(made->body, stage->collects[k].element, stage->collects[k].reference);
        if (value)
            add_wanted(made, value);
        fine = fine && value;
    }
    if (stage->kind != STAGE_FILTER)
        return fine;
    const Attribute *keep = element_attribute(stage->element, "keep");
    Value *value =
        body_value_part(made->body, stage->element->first, keep, 0, strlen(stage->filter_value));
    if (value)
        add_wanted(made, value);
    return value != NULL;
}

/* The update's loss and nets in this body; false after a mistake. */
static bool resolve_update(Stage *stage, Body *body, const Update *update, PlanUpdate *out)
{
    const Attribute *minimise = element_attribute(update->element, "minimise");
    const Attribute *nets = element_attribute(update->element, "nets");
    Value *loss = body_value(body, update->element, minimise);
    if (!loss)
        return false;
    if (!(loss->kind & FORNIX_LOSS)) {
        diag_error(stage->context.diag, minimise->value_place,
                   "an update minimises a loss, but '%s' is %s", loss->path,
                   kinds_text(stage->memory, loss->kind));
        return false;
    }
    *out = (PlanUpdate){.id = update->id,
                        .place = minimise->value_place,
                        .loss = loss,
                        .optimizer = update->optimizer->optimizer,
                        .optimizer_attrs = update->optimizer_attrs,
                        .clip = update->attrs->clip,
                        .accumulate = (int)update->attrs->accumulate};
    const Graph *graph = body_graph(body);
    for (int64_t k = 0; k < update->attrs->nets.count; k++) {
        const char *name = update->attrs->nets.items[k];
        int number = body_net(body, name);
        if (number >= 0) {
            out->nets |= (uint64_t)1 << number;
            continue;
        }
        const char *names[64];
        for (int n = 0; n < graph->net_count; n++)
            names[n] = graph->nets[n].name;
        const char *near = text_suggest(name, names, (size_t)graph->net_count);
        diag_error_help(stage->context.diag, nets->value_place,
                        near ? arena_format(stage->memory, "did you mean '%s'?", near) : NULL,
                        "this stage uses no net '%s'", name);
        return false;
    }
    return true;
}

StagePlan *stage_plan(Stage *stage, const Validation *validation, int64_t batch, uint64_t updates)
{
    StagePlan *made = mem_new(1, sizeof *made);
    size_t errors = diag_errors(stage->context.diag);
    InferRequest request = {.body = validation ? validation->element : stage->element,
                            .prefix = stage->kind == STAGE_GENERATE ? "row" : "batch",
                            .columns = stage->columns,
                            .column_count = stage->column_count,
                            .batch = batch,
                            .nets = stage->context.nets,
                            .net_count = stage->context.net_count,
                            .registry = stage->context.registry,
                            .resolver = stage->context.resolver,
                            .diag = stage->context.diag};
    made->body = body_new(&request);
    bool training = stage->kind == STAGE_TRAIN && !validation;
    PlanUpdate *resolved = mem_new((size_t)stage->update_count + 1, sizeof *resolved);
    PlanRequest plan = {.graph = body_graph(made->body), .updates = resolved, .training = training};
    bool fine = diag_errors(stage->context.diag) == errors;
    for (int u = 0; training && fine && u < stage->update_count; u++) {
        PlanUpdate *out = &resolved[plan.update_count];
        fine = resolve_update(stage, made->body, &stage->updates[u], out);
        plan.trained |= out->nets;
        plan.update_count += (int)(updates >> u & 1);
    }
    if (stage->kind == STAGE_TRAIN)
        want_figures(made);
    else
        fine = want_collected(stage, made) && fine;
    plan.wanted = made->wanted;
    plan.wanted_count = made->wanted_count;
    if (fine && diag_errors(stage->context.diag) == errors)
        made->plan = plan_new(&plan, stage->context.diag);
    mem_free(resolved);
    if (made->plan)
        return made;
    stage_plan_free(made);
    return NULL;
}

void stage_plan_free(StagePlan *plan)
{
    if (!plan)
        return;
    plan_free(plan->plan);
    body_free(plan->body);
    mem_free(plan->wanted);
    mem_free(plan);
}

/* ---- The whole ---- */

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
    if (!fine)
        diag_error_help(stage->context.diag, keep->value_place,
                        "for instance \"c/logits agrees grade\"",
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

static int64_t stage_batch(const Stage *stage)
{
    switch (stage->kind) {
    case STAGE_TRAIN: return stage->train->batch;
    case STAGE_APPLY: return stage->apply->batch;
    case STAGE_GENERATE: return stage->generate->batch;
    case STAGE_FILTER: break;
    }
    return stage->filter->batch;
}

static void note_parameters(Stage *stage, const Graph *graph)
{
    Parameter *all = arena_take(
        stage->memory, (size_t)(stage->parameter_count + graph->parameter_count) + 1, sizeof *all);
    if (stage->parameter_count)
        memcpy(all, stage->parameters, (size_t)stage->parameter_count * sizeof *all);
    stage->parameters = all;
    for (int p = 0; p < graph->parameter_count; p++) {
        Parameter *new = &all[stage->parameter_count];
        *new = *graph->parameters[p];
        new->name = arena_text(stage->memory, new->name);
        bool known = false;
        for (int k = 0; k < stage->parameter_count; k++)
            known = known || strcmp(all[k].name, new->name) == 0;
        stage->parameter_count += !known;
    }
}

static void note_plugin(Stage *stage, const char *name)
{
    for (int k = 0; k < stage->plugin_count; k++)
        if (strcmp(stage->plugins[k]->name, name) == 0)
            return;
    if (!(stage->plugin_count & (stage->plugin_count - 1))) {
        size_t room = stage->plugin_count ? 2 * (size_t)stage->plugin_count : 1;
        const Plugin **plugins = arena_take(stage->memory, room, sizeof *plugins);
        if (stage->plugin_count)
            memcpy(plugins, stage->plugins, (size_t)stage->plugin_count * sizeof *plugins);
        stage->plugins = plugins;
    }
    stage->plugins[stage->plugin_count++] = registry_find(stage->context.registry, name);
}

static void note_nets(Stage *stage, const Graph *graph)
{
    note_parameters(stage, graph);
    for (int n = 0; n < graph->node_count; n++)
        note_plugin(stage, graph->nodes[n]->type->name);
    for (int k = 0; k < graph->net_count; k++) {
        int known = 0;
        while (known < stage->net_count &&
               strcmp(stage->nets[known].name, graph->nets[k].name) != 0)
            known++;
        if (known == stage->net_count)
            stage->nets[stage->net_count++] = graph->nets[k];
        else if (!*stage->nets[known].weights)
            stage->nets[known] = graph->nets[k];
    }
    for (int k = 0; k < stage->net_count; k++) { /* the body's arena goes, the stage's stays */
        Net *net = &stage->nets[k];
        net->name = arena_text(stage->memory, net->name);
        net->weights = arena_text(stage->memory, net->weights);
        net->except = arena_text(stage->memory, net->except);
    }
}

/* A net that nothing trains and nothing loads would run on its random start. */
static bool check_weights(Stage *stage, const StagePlan *plan)
{
    uint64_t trained = 0;
    const Graph *graph = body_graph(plan->body);
    for (int u = 0; u < stage->update_count; u++)
        for (int64_t k = 0; k < stage->updates[u].attrs->nets.count; k++) {
            int net = body_net(plan->body, stage->updates[u].attrs->nets.items[k]);
            trained |= net >= 0 ? (uint64_t)1 << net : 0;
        }
    bool fine = true;
    for (int k = 0; k < graph->net_count; k++) {
        bool owns = false;
        for (int p = 0; p < graph->parameter_count; p++)
            owns = owns || graph->parameters[p]->net == k;
        if (!owns || *graph->nets[k].weights || (trained >> k & 1))
            continue;
        diag_error_help(stage->context.diag, stage->element->place,
                        "weights=\"a train stage's id\"",
                        "net '%s' is neither trained in %s '%s' nor given weights",
                        graph->nets[k].name, stage->element->name, stage->id);
        fine = false;
    }
    return fine;
}

/* A linear layer's output is a feature until the graph calls it logits: by loss, or by name here.
 */
static unsigned collected_kind(const Collect *collect, const Value *value)
{
    bool named = strcmp(collect->name, "logits") == 0 && value->kind == FORNIX_FEATURE;
    return named ? FORNIX_LOGITS : value->kind;
}

static void describe_collected(Stage *stage, const StagePlan *plan)
{
    for (int k = 0; k < stage->collect_count; k++) {
        const Value *value = plan->wanted[k];
        Collect *collect = &stage->collects[k];
        FornixShape shape = value->shape;
        shape.n = 1;
        if (collect->pools)
            shape.d = shape.h = shape.w = 1;
        collect->column = (FornixColumn){.name = collect->name,
                                         .kind = collected_kind(collect, value),
                                         .shape = shape,
                                         .classes = value->classes};
    }
}

static bool check_bodies(Stage *stage)
{
    for (int u = 0; u < stage->update_count; u++) {
        note_plugin(stage, stage->updates[u].optimizer->name);
        if (stage->updates[u].schedule)
            note_plugin(stage, stage->updates[u].schedule->name);
    }
    stage->nets =
        arena_take(stage->memory, 64 * (size_t)(stage->validation_count + 1) + 1, sizeof(Net));
    StagePlan *plan = stage_plan(stage, NULL, stage_batch(stage), UINT64_MAX);
    bool fine = plan && check_weights(stage, plan);
    if (plan) {
        note_nets(stage, body_graph(plan->body));
        describe_collected(stage, plan);
    }
    stage_plan_free(plan);
    for (int k = 0; k < stage->validation_count; k++) {
        const Validation *validation = &stage->validations[k];
        plan = stage_plan(stage, validation, validation->attrs->batch, 0);
        if (plan)
            note_nets(stage, body_graph(plan->body));
        fine = fine && plan;
        stage_plan_free(plan);
    }
    return fine;
}

Stage *stage_new(StageKind kind, const Element *element, const FornixTable *samples,
                 const StageContext *context)
{
    Stage *stage = mem_new(1, sizeof *stage);
    stage->kind = kind;
    stage->element = element;
    stage->context = *context;
    stage->memory = arena_new();
    stage->id = element->id;
    bool fine = read_stage(stage, samples);
    fine = fine && read_updates(stage) && read_validations(stage) && read_collects(stage);
    if (fine && check_bodies(stage))
        return stage;
    stage_free(stage);
    return NULL;
}

void stage_free(Stage *stage)
{
    if (!stage)
        return;
    arena_free(stage->memory);
    mem_free(stage);
}
