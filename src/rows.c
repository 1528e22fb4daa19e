/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A body's plans, and its run over rows in order. */
#include <stdio.h>
#include <string.h>

#include "checkpoint.h"
#include "loader.h"
#include "train.h"

StagePlan *plans_get(StagePlans *plans, const Validation *validation, int64_t batch,
                     uint64_t updates, FornixError *error)
{
    for (int k = 0; k < plans->count; k++) {
        const StagePlanEntry *entry = &plans->entries[k];
        if (entry->validation == validation && entry->batch == batch && entry->updates == updates)
            return entry->plan;
    }
    StagePlan *plan = stage_plan(plans->run->stage, validation, batch, updates);
    if (!plan) {
        fornix_fail(error, "%s '%s' can't be planned for a batch of %lld rows",
                    plans->run->stage->element->name, plans->run->stage->id, (long long)batch);
        return NULL;
    }
    plans->entries = mem_grow(plans->entries, (size_t)plans->count + 1, sizeof *plans->entries);
    plans->entries[plans->count++] = (StagePlanEntry){validation, batch, updates, plan};
    bool fine = plan_open(plan->plan, plans->weights, plans->seed, error);
    for (int k = 0; k < 2 && plan->ahead[k]; k++)
        fine = fine && plan_open(plan->ahead[k], plans->weights, plans->seed, error);
    return fine ? plan : NULL;
}

bool plans_load(StagePlans *plans, FornixError *error)
{
    const Stage *stage = plans->run->stage;
    for (int k = 0; k < stage->net_count; k++) {
        const Net *net = &stage->nets[k];
        if (!*net->weights)
            continue;
        WeightsLoad load = {.path = plans->run->weights_file(plans->run->context, net->weights),
                            .net = net->name,
                            .matching = net->load_matching,
                            .except = net->except};
        if (!load.path)
            return fornix_fail(error, "the weights '%s' of net '%s' are not there", net->weights,
                               net->name);
        if (!weights_load(plans->weights, &load, error))
            return false;
    }
    return true;
}

void plans_free(StagePlans *plans)
{
    for (int k = 0; k < plans->count; k++)
        stage_plan_free(plans->entries[k].plan);
    mem_free(plans->entries);
    weights_free(plans->weights);
    *plans = (StagePlans){0};
}

static int64_t batch_rows(const Sweep *sweep, int64_t first)
{
    int64_t left = sweep->row_count - first;
    return left < sweep->batch ? left : sweep->batch;
}

static bool sweep_batches(const Sweep *sweep, Loader *loader, FornixError *error)
{
    if (loader)
        loader_begin(loader, sweep->rows + sweep->begin, batch_rows(sweep, sweep->begin), NULL);
    for (int64_t first = sweep->begin; first < sweep->row_count; first += sweep->batch) {
        int64_t count = batch_rows(sweep, first), next = first + count;
        StagePlan *plan = plans_get(sweep->plans, sweep->validation, count, 0, error);
        float *const *columns = loader && plan ? loader_wait(loader, error) : NULL;
        if (!plan || (loader && !columns))
            return false;
        if (loader && next < sweep->row_count)
            loader_begin(loader, sweep->rows + next, batch_rows(sweep, next), NULL);
        PlanRun run = {.columns = columns,
                       .random = fornix_random_derive(sweep->random, (uint64_t)first)};
        if (!plan_run(plan->plan, sweep->plans->run->team, &run, error) ||
            !sweep->each(sweep->context, plan, sweep->rows + first, count, error))
            return false;
        if (sweep->gauge)
            meter_step(sweep->gauge, sweep->before + next);
        if (sweep->stops && next < sweep->row_count && atomic_load(sweep->plans->run->stop))
            return fornix_fail(error, "%s '%s' stopped after %lld of %lld rows",
                               sweep->plans->run->stage->element->name,
                               sweep->plans->run->stage->id, (long long)next,
                               (long long)sweep->row_count);
    }
    return true;
}

bool sweep_run(const Sweep *sweep, FornixError *error)
{
    if (sweep->begin >= sweep->row_count)
        return true;
    StagePlan *plan =
        plans_get(sweep->plans, sweep->validation, batch_rows(sweep, sweep->begin), 0, error);
    if (!plan)
        return false;
    const Graph *graph = body_graph(plan->body);
    Loader *loader = NULL;
    if (sweep->samples) {
        loader = loader_new(sweep->plans->run->team, sweep->samples, graph->column_names,
                            graph->column_count, sweep->batch, error);
        if (!loader)
            return false;
    }
    bool fine = sweep_batches(sweep, loader, error);
    sweep->plans->waited += loader ? loader_waited(loader) : 0;
    loader_free(loader);
    return fine;
}

FornixRandomKey stage_random(const Stage *stage, int64_t seed)
{
    char plain[128];
    snprintf(plain, sizeof plain, "%.*s", (int)strcspn(stage->id, "["), stage->id);
    return fornix_random_key((uint64_t)seed, plain);
}
