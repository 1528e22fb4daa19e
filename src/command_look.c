/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands that look at a graph and run nothing: check, plan, show. */
#include <stdio.h>

#include "command_parts.h"
#include "forecast.h"
#include "show.h"
#include "sweep.h"

static void print_columns(const FornixTable *table)
{
    Arena *arena = arena_new();
    if (fornix_rows(table) >= 0)
        printf("  %lld rows\n", (long long)fornix_rows(table));
    for (int k = 0; k < fornix_columns(table); k++) {
        const FornixColumn *column = fornix_column(table, k);
        printf("  %-20s %-14s", column->name, kinds_text(arena, column->kind));
        if (column->kind & (FORNIX_LABEL | FORNIX_WEIGHT))
            printf("%s", column->classes ? "" : "\n");
        else
            printf("%s\n", shape_text(arena, column->shape));
        if (column->kind == FORNIX_LABEL && column->classes) {
            for (int64_t c = 0; c < column->classes && column->class_names; c++)
                printf("%s ", column->class_names[c]);
            printf("(%lld classes)\n", (long long)column->classes);
        }
    }
    arena_free(arena);
}

static void print_stage(const Stage *stage)
{
    for (int k = 0; k < stage->net_count; k++) {
        const Net *net = &stage->nets[k];
        printf("  net %-16s %12lld parameters%s%s\n", net->name,
               (long long)stage_net_size(stage, net->name), *net->weights ? ", from " : "",
               net->weights);
    }
}

typedef void PrintNodes(Experiment *experiment, Outer *const *nodes, int count);

static void print_node(const Outer *outer)
{
    printf("%s %s\n", outer->type->name, outer->id);
    if (outer->stage)
        print_stage(outer->stage);
    if (outer->table)
        print_columns(outer->table);
}

static void print_check(Experiment *experiment, Outer *const *nodes, int count)
{
    (void)experiment;
    for (int k = 0; k < count; k++)
        print_node(nodes[k]);
}

static void print_stage_plan(const Outer *outer)
{
    const Stage *stage = outer->stage;
    int64_t batch = stage_batch(stage);
    StagePlan *plan = stage_plan(outer->stage, NULL, batch, UINT64_MAX);
    if (!plan)
        return;
    PlanSize size = plan_size(plan->plan);
    printf("%s %s: batch %lld, %d steps, arena %.1f MB (lower bound %.1f MB), weights %.1f MB, "
           "%.3g GFLOP\n",
           outer->type->name, outer->id, (long long)batch, size.steps, (double)size.arena / 1e6,
           (double)size.bound / 1e6, (double)size.weights / 1e6, size.flops / 1e9);
    plan_print(plan->plan, stdout);
    stage_plan_free(plan);
}

static void print_plan(Experiment *experiment, Outer *const *nodes, int count)
{
    for (int k = 0; k < count; k++)
        if (nodes[k]->stage)
            print_stage_plan(nodes[k]);
    forecast_print(nodes, count, team_default_threads(),
                   samples_budget(experiment_samples(experiment)), stdout);
}

static int look(const Options *options, PrintNodes *print)
{
    const char *path = options->words.items[0];
    if (sweep_is(path)) {
        SweepRequest request = {.path = path,
                                .overrides = options->overrides.items,
                                .override_count = options->overrides.count,
                                .folder = options->output,
                                .json = options->json};
        return sweep_look(&request, print == print_plan);
    }
    Experiment *experiment =
        experiment_open(&(ExperimentRequest){.path = path,
                                             .overrides = options->overrides.items,
                                             .override_count = options->overrides.count});
    Diag *diag = experiment_diag(experiment);
    bool fine = diag_errors(diag) == 0;
    diag_print(diag, stderr, options->json);
    int nodes = 0;
    Outer *const *outer = fine ? experiment_nodes(experiment, &nodes) : NULL;
    if (fine)
        print(experiment, outer, nodes);
    experiment_free(experiment);
    return fine ? EXIT_FINE : EXIT_INPUT;
}

int command_check(const Options *options)
{
    return look(options, print_check);
}

int command_plan(const Options *options)
{
    return look(options, print_plan);
}

int command_show(const Options *options)
{
    ShowRequest request = {.path = options->words.items[0],
                           .overrides = options->overrides.items,
                           .override_count = options->overrides.count,
                           .stage = options->stage,
                           .open = options->open.items,
                           .open_count = options->open.count,
                           .rounds = options->rounds,
                           .output = options->output,
                           .json = options->json};
    return show_run(&request);
}
