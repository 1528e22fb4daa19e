/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The order of a run: what is ready starts, what fails or is interrupted stops the others. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crash.h"
#include "base.h"
#include "file.h"
#include "machine.h"
#include "run_parts.h"

/* A signal's handler has no context: the only state that is the process's. */
static atomic_bool stop_asked, interrupted;

static void ask_to_stop(int signal_number)
{
    if (atomic_exchange(&interrupted, true))
        _exit(128 + signal_number); /* asked twice: at once, as a kill would */
    atomic_store(&stop_asked, true);
}

/* ---- Order ---- */

static bool is_ready(const Outer *outer)
{
    if (outer->run->state != RUN_WAITS || !outer->run->wanted)
        return false;
    for (int k = 0; k < outer->input_count; k++)
        if (outer->inputs[k].from && outer->inputs[k].from->run->state != RUN_DONE)
            return false;
    for (int k = 0; outer->stage && k < outer->stage->net_count; k++)
        if (outer->weights[k] && outer->weights[k]->run->state != RUN_DONE)
            return false;
    return true;
}

static void run_outer(void *context);

static void fail(Run *run, const FornixError *error) /* lock held */
{
    if (!run->failed)
        run->failure = *error;
    run->failed = true;
    atomic_store(run->stop, true); /* what runs beside it ends at a checkpoint */
}

/* Nothing begins any more; once all that was going has ended, the run has failed. */
static void stop_before(Run *run, Outer *const *nodes, int count) /* lock held */
{
    const Outer *first = NULL;
    for (int k = 0; k < count; k++) {
        if (nodes[k]->run->state == RUN_GOES)
            return;
        if (!first && is_ready(nodes[k]))
            first = nodes[k];
    }
    FornixError stopped = {0};
    if (first) {
        fornix_fail(&stopped, "stopped before '%s'", first->id);
        fail(run, &stopped);
    }
}

static void start_ready(Run *run) /* lock held */
{
    int count;
    Outer *const *nodes = experiment_nodes(run->experiment, &count);
    if (atomic_load(run->stop)) {
        stop_before(run, nodes, count);
        return;
    }
    for (int k = 0; k < count; k++)
        if (is_ready(nodes[k])) {
            nodes[k]->run->state = RUN_GOES;
            team_drive(run->team, run_outer, nodes[k]->run);
        }
}

static void run_outer(void *context)
{
    OuterRun *r = context;
    Run *run = r->run;
    FornixError error = {0};
    double began = seconds_now();
    bool fine = run_node(r, &error);
    r->seconds = seconds_now() - began;
    pthread_mutex_lock(&run->lock);
    r->state = fine ? RUN_DONE : RUN_FAILED;
    if (!fine)
        fail(run, &error);
    start_ready(run);
    pthread_mutex_unlock(&run->lock);
}

static void begin_run(void *context, Team *team)
{
    Run *run = context;
    run->team = team;
    pthread_mutex_lock(&run->lock);
    start_ready(run);
    pthread_mutex_unlock(&run->lock);
}

/* ---- The whole ---- */

static void host_parallel(void *host, int64_t count, void (*work)(void *context, int64_t i),
                          void *context)
{
    const Run *run = host;
    if (run->team) {
        team_each(run->team, count, work, context);
        return;
    }
    for (int64_t i = 0; i < count; i++)
        work(context, i);
}

static void want(const Outer *outer)
{
    if (outer->run->wanted)
        return;
    outer->run->wanted = true;
    for (int k = 0; k < outer->input_count; k++)
        if (outer->inputs[k].from)
            want(outer->inputs[k].from);
    for (int k = 0; outer->stage && k < outer->stage->net_count; k++)
        if (outer->weights[k])
            want(outer->weights[k]);
}

static OuterRun *open_nodes(Run *run)
{
    int count;
    Outer *const *nodes = experiment_nodes(run->experiment, &count);
    OuterRun *runs = mem_new((size_t)count + 1, sizeof *runs);
    const char *target = run->request->target;
    for (int k = 0; k < count; k++) {
        runs[k] = (OuterRun){.run = run, .outer = nodes[k]};
        nodes[k]->run = &runs[k];
    }
    for (int k = 0; k < count; k++)
        if (!target || strcmp(nodes[k]->id, target) == 0)
            want(nodes[k]);
    return runs;
}

static void close_nodes(const Run *run, OuterRun *runs)
{
    int count;
    experiment_nodes(run->experiment, &count);
    for (int k = 0; k < count; k++) {
        fits_free(&runs[k].fits);
        figures_clear(&runs[k].figures);
        cache_leave(runs[k].entry);
        mem_free(runs[k].weights);
    }
    mem_free(runs);
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = ask_to_stop};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static int finish(Run *run, double seconds)
{
    FornixError error = {0};
    Diag *diag = experiment_diag(run->experiment);
    if (run->failed) {
        diag_print(diag, stderr, run->request->json);
        meter_fail(run->meter, run->failure.text);
        if (atomic_load(&interrupted))
            meter_say(run->meter, "the same command goes on from there");
        return run->failure.input ? EXIT_INPUT : EXIT_RUN;
    }
    if (run->request->target)
        return EXIT_FINE;
    if (!run_write_results(run, seconds, &error)) {
        run->failure = error;
        meter_fail(run->meter, error.text);
        return EXIT_RUN;
    }
    run_print_report(run, stdout);
    if (run->request->after)
        run->request->after(run->folder, run->experiment);
    printf("\nresults: %s (%.1f s)\n", run->folder, seconds);
    return EXIT_FINE;
}

/* A part of a run leaves its stages in the cache and nothing else. */
static bool open_folder(Run *run, FornixError *error)
{
    char *name = file_join("runs", experiment_name(run->experiment));
    run->folder = mem_text(run->request->folder ? run->request->folder : name);
    mem_free(name);
    return run->request->target ||
           (file_make_folders(run->folder, error) && run_clear_results(run, error));
}

static int run_checked(Run *run)
{
    FornixError error = {0};
    run->cache =
        open_folder(run, &error) && run_hash_engine(run, &error) ? cache_open(NULL, &error) : NULL;
    int code = EXIT_RUN;
    if (run->cache) {
        OuterRun *runs = open_nodes(run);
        double began = seconds_now();
        catch_signals();
        crash_advise("what was finished is kept, and the same command goes on at the last "
                     "checkpoint; with another plugin, stages that use it begin anew");
        run->threads = run->request->threads ? run->request->threads : team_default_threads();
        team_run(run->threads, begin_run, run);
        run->team = NULL;
        code = finish(run, seconds_now() - began);
        close_nodes(run, runs);
    } else {
        run->failure = error;
        meter_fail(run->meter, error.text);
    }
    cache_close(run->cache);
    mem_free(run->folder);
    return code;
}

int run_experiment(const RunRequest *request)
{
    Run run = {.request = request, .stop = &stop_asked};
    pthread_mutex_init(&run.lock, NULL);
    SamplesHost host = {.parallel = host_parallel,
                        .host = &run,
                        .cache_bytes =
                            request->sharers > 1 ? machine_memory() / 4 / request->sharers : 0};
    run.experiment = experiment_open(&(ExperimentRequest){.path = request->path,
                                                          .overrides = request->overrides,
                                                          .override_count = request->override_count,
                                                          .settings = request->settings,
                                                          .setting_count = request->setting_count,
                                                          .host = &host});
    run.meter = meter_new(stderr, request->json);
    Diag *diag = experiment_diag(run.experiment);
    int code = EXIT_INPUT;
    if (diag_errors(diag))
        diag_print(diag, stderr, request->json);
    else
        code = run_checked(&run);
    if (request->failure)
        *request->failure = run.failure;
    meter_free(run.meter);
    experiment_free(run.experiment);
    pthread_mutex_destroy(&run.lock);
    return code;
}
