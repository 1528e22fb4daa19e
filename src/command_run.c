/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands that compute: run, sweep, apply, import, export; and what they keep: cache. */
#include <stdio.h>
#include <string.h>

#include "cache.h"
#include "command_parts.h"
#include "exchange.h"
#include "prediction.h"
#include "sweep.h"

int command_run(const Options *options)
{
    RunRequest request = {.path = options->words.items[0],
                          .overrides = options->overrides.items,
                          .override_count = options->overrides.count,
                          .folder = options->output,
                          .after = command_end_run,
                          .fresh = options->fresh,
                          .smoke = options->smoke,
                          .profile = options->profile,
                          .json = options->json};
    return run_experiment(&request);
}

/* NULL gives 0, as an option that is not there. */
static bool read_count(const char *text, int64_t *count)
{
    *count = 0;
    return !text || (text_to_int(text, count) && *count >= 1 && *count <= 4096);
}

static bool read_shard(const char *text, int64_t *shard, int64_t *shards)
{
    *shard = *shards = 0;
    if (!text)
        return true;
    char *slash = strchr(text, '/'), *first = mem_text(text);
    bool fine = slash != NULL;
    if (fine) {
        first[slash - text] = '\0';
        fine = text_to_int(first, shard) && text_to_int(slash + 1, shards) && *shard >= 1 &&
               *shard <= *shards;
    }
    mem_free(first);
    return fine;
}

int command_sweep(const Options *options)
{
    SweepRequest request = {.path = options->words.items[0],
                            .overrides = options->overrides.items,
                            .override_count = options->overrides.count,
                            .folder = options->output,
                            .fail_fast = options->fail_fast,
                            .retry_failed = options->retry_failed,
                            .after = command_end_sweep,
                            .after_job = command_end_job,
                            .json = options->json};
    if (!read_count(options->jobs, &request.jobs) ||
        !read_count(options->threads, &request.threads) ||
        !read_shard(options->shard, &request.shard, &request.shards)) {
        fprintf(stderr, "fornix sweep: --jobs and --threads take a number from 1 on, --shard i/n "
                        "with i from 1 to n\n");
        return EXIT_INPUT;
    }
    return run_sweep(&request);
}

int command_apply(const Options *options)
{
    if (!options->manifest)
        return command_usage(options->command);
    PredictionRequest request = {.run = options->words.items[0],
                                 .manifest = options->manifest,
                                 .folder = options->output,
                                 .input = options->input,
                                 .nodes = options->nodes.items,
                                 .node_count = options->nodes.count,
                                 .probability = options->probability,
                                 .json = options->json};
    return prediction_run(&request);
}

static ExchangeRequest exchange(const Options *options)
{
    return (ExchangeRequest){.from = options->words.items[0],
                             .graph = options->words.items[1],
                             .overrides = options->overrides.items,
                             .override_count = options->overrides.count,
                             .net = options->net,
                             .map = options->map,
                             .to = options->output,
                             .json = options->json};
}

int command_import(const Options *options)
{
    ExchangeRequest request = exchange(options);
    return exchange_import(&request);
}

int command_export(const Options *options)
{
    ExchangeRequest request = exchange(options);
    return request.to ? exchange_export(&request) : command_usage(options->command);
}

int command_cache(const Options *options)
{
    bool list = strcmp(options->words.items[0], "list") == 0;
    bool prune = strcmp(options->words.items[0], "prune") == 0;
    double days = 30;
    if (!list && !prune)
        return command_usage(options->command);
    if (options->days && (!text_to_real(options->days, &days) || days < 0)) {
        fprintf(stderr, "fornix cache: --days takes a number of days, not '%s'\n", options->days);
        return EXIT_INPUT;
    }
    FornixError error = {0};
    Cache *cache = cache_open(NULL, &error);
    bool fine = cache && (list ? cache_list(cache, stdout, &error)
                               : cache_prune(cache, days, stdout, &error));
    if (!fine)
        fprintf(stderr, "fornix: %s\n", error.text);
    cache_close(cache);
    return fine ? EXIT_FINE : EXIT_RUN;
}
