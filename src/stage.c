/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A stage's bodies: their plans, the nets and plugins that they use, what comes of them. */
#include "stage.h"

#include <string.h>

#include "stage_parts.h"

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
                        .scene = {.node = update->optimizer,
                                  .doing = "in update",
                                  .place = update->element->first->place},
                        .clip = update->attrs->clip,
                        .accumulate = (int)update->attrs->accumulate,
                        .average = update->attrs->average};
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
        diag_error_help(stage->context.diag, attribute_word(nets, k),
                        near ? arena_format(stage->memory, "did you mean '%s'?", near) : NULL,
                        "this stage uses no net '%s'", name);
        return false;
    }
    return true;
}

/* Augmentation, noise, labels: nodes that no weights stand before, read by nodes that they do.
 * Those of metrics and losses are left where they are. */
static void find_given(StagePlan *made)
{
    enum { GIVEN_MOST = 32 };
    const Graph *graph = body_graph(made->body);
    made->given = mem_new(GIVEN_MOST, sizeof *made->given);
    for (int v = 0; v < graph->value_count && made->given_count < GIVEN_MOST; v++) {
        Value *value = graph->values[v];
        bool crosses = false;
        for (int r = 0; r < value->reader_count; r++)
            crosses = crosses || value->readers[r]->out[0]->nets;
        if (value->producer && !value->nets && crosses && (value->kind & FORNIX_DATA))
            made->given[made->given_count++] = value;
    }
}

static bool plan_ahead(StagePlan *made, Diag *diag)
{
    PlanRequest request = {.graph = body_graph(made->body),
                           .wanted = made->given,
                           .wanted_count = made->given_count,
                           .training = true};
    for (int k = 0; k < 2 && made->given_count; k++)
        if (!(made->ahead[k] = plan_new(&request, diag)))
            return false;
    return true;
}

FornixWinograd stage_winograd(const Stage *stage)
{
    int choice = stage->kind == STAGE_TRAIN      ? stage->train->winograd
                 : stage->kind == STAGE_APPLY    ? stage->apply->winograd
                 : stage->kind == STAGE_GENERATE ? stage->generate->winograd
                                                 : stage->filter->winograd;
    return (FornixWinograd)choice;
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
                            .winograd = stage_winograd(stage),
                            .nets = stage->context.nets,
                            .net_count = stage->context.net_count,
                            .registry = stage->context.registry,
                            .resolver = stage->context.resolver,
                            .diag = stage->context.diag};
    made->body = body_new(&request);
    bool training = stage->kind == STAGE_TRAIN && !validation;
    PlanUpdate *resolved = mem_new((size_t)stage->update_count + 1, sizeof *resolved);
    PlanRequest plan = {.graph = body_graph(made->body), .updates = resolved, .training = training};
    bool fine = diag_errors(stage->context.diag) == errors && !body_failed(made->body);
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
    fine = fine && diag_errors(stage->context.diag) == errors;
    if (fine && training) {
        find_given(made);
        plan.given = made->given;
        plan.given_count = made->given_count;
        fine = plan_ahead(made, stage->context.diag);
    }
    if (fine)
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
    plan_free(plan->ahead[0]);
    plan_free(plan->ahead[1]);
    mem_free(plan->given);
    body_free(plan->body);
    mem_free(plan->wanted);
    mem_free(plan);
}

/* ---- The whole ---- */

int64_t stage_batch(const Stage *stage)
{
    switch (stage->kind) {
    case STAGE_TRAIN: return stage->train->batch;
    case STAGE_APPLY: return stage->apply->batch;
    case STAGE_GENERATE: return stage->generate->batch;
    case STAGE_FILTER: break;
    }
    return stage->filter->batch;
}

int64_t stage_net_size(const Stage *stage, const char *net)
{
    int64_t floats = 0;
    size_t length = strlen(net);
    for (int p = 0; p < stage->parameter_count; p++)
        if (strncmp(stage->parameters[p].name, net, length) == 0 &&
            stage->parameters[p].name[length] == '/' && !stage->parameters[p].kept)
            floats += fornix_floats(stage->parameters[p].shape);
    return floats;
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
        new->place.trail = NULL; /* of the body's arena */
        bool known = false;
        for (int k = 0; k < stage->parameter_count; k++)
            known = known || strcmp(all[k].name, new->name) == 0;
        stage->parameter_count += !known;
    }
}

/* What the engine adds of its own is none. */
static void note_plugin(Stage *stage, const char *name)
{
    const Plugin *plugin = registry_find(stage->context.registry, name);
    if (!plugin)
        return;
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
    stage->plugins[stage->plugin_count++] = plugin;
}

static void note_nets(Stage *stage, const Graph *graph)
{
    note_parameters(stage, graph);
    for (int n = 0; n < graph->node_count; n++) {
        note_plugin(stage, graph->nodes[n]->type->name);
        if (graph->nodes[n]->fused)
            note_plugin(stage, graph->nodes[n]->fused->type->name);
    }
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

static bool describe_collected(Stage *stage, const StagePlan *plan)
{
    bool fine = true;
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
        fine = stage_join_windows(stage, collect, value) && fine;
    }
    return fine;
}

/* A node may add figures of its own behind its path. */
static bool gives_figure(const StagePlan *plan, const char *name)
{
    for (int k = 0; k < plan->wanted_count; k++) {
        size_t length = strlen(plan->wanted[k]->path);
        if (strncmp(name, plan->wanted[k]->path, length) == 0 &&
            (name[length] == '\0' || name[length] == '.'))
            return true;
    }
    return false;
}

/* Whether the validation measures what the stage watches, if it is the one to do so. */
static bool check_monitor(const Stage *stage, const Validation *validation, const StagePlan *plan)
{
    const char *monitor = stage->train->monitor;
    size_t length = strlen(validation->id);
    if (strncmp(monitor, validation->id, length) != 0 || monitor[length] != '.' ||
        gives_figure(plan, monitor + length + 1))
        return true;
    const char *names[64] = {NULL};
    size_t count = 0;
    for (int k = 0; k < plan->wanted_count && count < COUNT(names); k++)
        names[count++] = plan->wanted[k]->path;
    const char *near = text_suggest(monitor + length + 1, names, count), *help = NULL;
    if (near)
        help = arena_format(stage->memory, "did you mean '%s.%s'?", validation->id, near);
    else if (count)
        help = arena_format(stage->memory, "it measures '%s'", names[0]);
    diag_error_help(stage->context.diag, element_attribute(stage->element, "monitor")->value_place,
                    help, "<validate id=\"%s\"> measures no '%s'", validation->id,
                    monitor + length + 1);
    return false;
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
    fine = fine && stage_check_idle(stage, stage->element, plan);
    if (plan) {
        note_nets(stage, body_graph(plan->body));
        fine = describe_collected(stage, plan) && fine;
    }
    stage_plan_free(plan);
    for (int k = 0; k < stage->validation_count; k++) {
        const Validation *validation = &stage->validations[k];
        plan = stage_plan(stage, validation, validation->attrs->batch, 0);
        if (plan)
            note_nets(stage, body_graph(plan->body));
        fine = fine && plan && stage_check_idle(stage, validation->element, plan) &&
               check_monitor(stage, validation, plan);
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
    if (stage_read(stage, samples) && check_bodies(stage))
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
