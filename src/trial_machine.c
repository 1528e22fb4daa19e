/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An example in the engine, as a stage would run it: inferred, differentiated, planned, on a team.
 * Its tensors are weights too, so that the engine makes their gradients. */
#include <math.h>
#include <string.h>

#include "base.h"
#include "trial_parts.h"

/* ---- Its graph ---- */

/* "u/t u/t.b": the outputs in the bit set, of a use. */
static void write_outputs(const FornixNode *type, const char *use, unsigned outputs, Text *text)
{
    for (int o = 0; type->outputs[o].name; o++)
        if (outputs >> o & 1)
            text_format(text, "%s%s/t%s%s",
                        text->length && text->data[text->length - 1] != '"' ? " " : "", use,
                        o ? "." : "", o ? type->outputs[o].name : "");
}

static int output_count(const FornixNode *type)
{
    int count = 0;
    while (count < 30 && type->outputs[count].name)
        count++;
    return count;
}

static void write_measures(const FornixNode *type, unsigned outputs, Text *text)
{
    int count = __builtin_popcount(outputs);
    text_add(text, "<trial_measure id=\"a\" x=\"");
    write_outputs(type, "u", outputs, text);
    text_format(text, "\"/><trial_measure id=\"b\" first=\"%d\" x=\"", count);
    write_outputs(type, "v", outputs, text);
    text_add(text, "\"/><trial_measure id=\"l\" x=\"");
    write_outputs(type, "u", outputs, text);
    write_outputs(type, "v", outputs, text);
    text_add(text, "\"/>");
}

static const Node *graph_node(const Graph *graph, const char *path)
{
    for (int n = 0; n < graph->node_count; n++)
        if (strcmp(graph->nodes[n]->path, path) == 0)
            return graph->nodes[n];
    return NULL;
}

static bool open_measured(Trial *trial, Example *example, unsigned outputs, bool sources)
{
    Text behind = {0};
    write_measures(trial->type, outputs, &behind);
    bool fine = trial_open(
        trial, example,
        &(ExampleSetting){.behind = text_value(&behind), .sources = sources, .twice = true});
    text_free(&behind);
    return fine;
}

/* Which of its outputs a gradient can come into. */
static unsigned outputs_with_gradient(const Example *example)
{
    unsigned outputs = 0;
    const Node *a = graph_node(example->graph, "a");
    for (int o = 0; o < a->inputs; o++)
        if (a->in[o]->kind & (FORNIX_VALUES | FORNIX_LOSS))
            outputs |= 1u << o;
    return outputs;
}

static bool has_weights(const Graph *graph)
{
    for (int p = 0; p < graph->parameter_count; p++)
        if (!graph->parameters[p]->kept)
            return true;
    return false;
}

bool machine_example(Trial *trial, Example *example, bool *grads)
{
    *grads = false;
    if (!open_measured(trial, example, (1u << output_count(trial->type)) - 1, false))
        return false;
    unsigned outputs = outputs_with_gradient(example);
    bool trains = outputs && (!trial->type->layer || trial->type->layer->backward);
    if (!trains)
        return true;
    example_close(example);
    if (!open_measured(trial, example, outputs, true))
        return false;
    *grads = has_weights(example->graph);
    return true;
}

/* ---- Its optimizer ---- */

/* Keeps the gradient as its moment, so that trials can read what the engine made. */
static void record(const FornixUpdate *update, const void *attrs, int64_t begin, int64_t end)
{
    (void)attrs;
    for (int64_t i = begin; i < end; i++) {
        float gradient = (float)(update->scale * (double)update->gradient[i]);
        update->state[0][i] = gradient;
        update->weight[i] -= (float)(update->rate * (double)gradient);
    }
}

static const FornixOptimizer recorder = {.states = 1, .update = record};

/* ---- Opening ---- */

static const Given *given_of(const Example *example, const Parameter *parameter)
{
    for (int k = 0; k < example->given_count; k++) {
        size_t length = strlen(example->given[k].name);
        if (strncmp(parameter->name, "given/", 6) == 0 &&
            strncmp(parameter->name + 6, example->given[k].name, length) == 0 &&
            parameter->name[6 + length] == '.')
            return &example->given[k];
    }
    return NULL;
}

static void fill_weights(Machine *machine, uint64_t point)
{
    const Graph *graph = machine->example->graph;
    uint64_t seed = 17 + point;
    for (int p = 0; p < graph->parameter_count; p++) {
        const Parameter *parameter = graph->parameters[p];
        const Given *given = given_of(machine->example, parameter);
        FornixTensor t = {.shape = parameter->shape, .pitch_w = parameter->shape.c};
        WeightTensor *weight = weights_find(machine->weights, parameter->name);
        t.data = weight->data;
        if (given)
            tensor_draw(&t, given->kind, given->classes, &seed);
        for (int64_t i = 0; i < fornix_floats(t.shape) && !given && !weight->kept; i++)
            t.data[i] += (float)(0.1 * draw(&seed)); /* a bias of 0 would hide mistakes */
    }
}

static void fill_columns(Machine *machine)
{
    const Graph *graph = machine->example->graph;
    uint64_t seed = 5;
    for (int c = 0; c < graph->column_count; c++) {
        const Value *column = graph->columns[c];
        FornixTensor t = {.shape = column->shape, .pitch_w = column->shape.c};
        t.data = machine->columns[c] = mem_new((size_t)fornix_floats(t.shape), sizeof(float));
        tensor_draw(&t, column->kind, column->classes, &seed);
    }
}

static uint64_t nets_with_weights(const Graph *graph)
{
    uint64_t nets = 0;
    for (int p = 0; p < graph->parameter_count; p++)
        if (!graph->parameters[p]->kept)
            nets |= (uint64_t)1 << graph->parameters[p]->net;
    return nets;
}

bool machine_open(Machine *machine, const Example *example, const char *loss, uint64_t point,
                  bool unfused)
{
    const Graph *graph = example->graph;
    *machine = (Machine){.example = example, .weights = weights_new()};
    machine->both = graph_node(graph, "l");
    PlanUpdate update = {.id = "update",
                         .loss = loss ? graph_node(graph, loss)->out[0] : NULL,
                         .nets = nets_with_weights(graph),
                         .optimizer = &recorder,
                         .accumulate = 1};
    PlanRequest request = {.graph = graph,
                           .updates = &update,
                           .update_count = loss ? 1 : 0,
                           .wanted = machine->both->in,
                           .wanted_count = machine->both->inputs,
                           .trained = ~(uint64_t)0,
                           .training = loss != NULL,
                           .unfused = unfused};
    machine->plan = plan_new(&request, example->diag);
    if (!example_fine(example, &machine->error))
        return false;
    fill_columns(machine);
    if (!plan_open(machine->plan, machine->weights, 3, &machine->error))
        return false;
    fill_weights(machine, point);
    return true;
}

void machine_close(Machine *machine)
{
    plan_free(machine->plan);
    weights_free(machine->weights);
    for (size_t c = 0; c < COUNT(machine->columns); c++)
        mem_free(machine->columns[c]);
}

/* ---- Running ---- */

static void run_steps(void *context, Team *team)
{
    Machine *machine = context;
    for (int64_t step = 0; step < machine->steps && !machine->error.text[0]; step++) {
        PlanRun run = {.columns = machine->columns,
                       .random =
                           fornix_random_derive(fornix_random_key(1, "trial"), (uint64_t)step),
                       .numbers = &step,
                       .rates = &machine->rate};
        plan_run(machine->plan, team, &run, &machine->error);
    }
}

bool machine_run(Machine *machine, int threads, int steps, double rate)
{
    machine->steps = steps;
    machine->rate = rate;
    team_run(threads, run_steps, machine);
    return !machine->error.text[0];
}
