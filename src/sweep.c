/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sweep from its file to its results. */
#include "sweep.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "kernels/isa.h"
#include "sweep_parts.h"
#include "version.h"

static Sweep *sweep_open(const SweepRequest *request)
{
    Sweep *sweep = mem_new(1, sizeof *sweep);
    sweep->request = request;
    sweep->memory = arena_new();
    sweep->diag = diag_new();
    sweep->meter = meter_new(stderr, request->json);
    if (!sweep_read(sweep) || !sweep_grid(sweep))
        return sweep;
    char *folder = file_join("sweeps", sweep->name);
    sweep->folder = mem_text(request->folder ? request->folder : folder);
    mem_free(folder);
    sweep->cache = cache_open(NULL, &sweep->failure);
    return sweep;
}

static void sweep_close(Sweep *sweep)
{
    cache_close(sweep->cache);
    meter_free(sweep->meter);
    mem_free(sweep->folder);
    mem_free(sweep->jobs);
    mem_free(sweep->tasks);
    mem_free(sweep->slots);
    mem_free(sweep->nodes);
    diag_free(sweep->diag);
    arena_free(sweep->memory);
    mem_free(sweep);
}

/* Says what is wrong; the exit code, EXIT_FINE where nothing is. */
static int tell_mistakes(const Sweep *sweep)
{
    diag_print(sweep->diag, stderr, sweep->request->json);
    if (diag_errors(sweep->diag))
        return EXIT_INPUT;
    if (!*sweep->failure.text)
        return EXIT_FINE;
    meter_fail(sweep->meter, sweep->failure.text);
    return sweep->failure.input ? EXIT_INPUT : EXIT_RUN;
}

/* ---- One instruction set ----------------------------------------------------------------- */

static char *pin_text(void)
{
    json_t *root = json_object();
    json_object_set_new(root, "fornix", json_string(FORNIX_BUILD));
    json_object_set_new(root, "isa", json_string(isa_name(isa_active())));
    char *text = json_dumps(root, JSON_INDENT(1));
    json_decref(root);
    return text;
}

/* Whoever comes first says for all: two sets of instructions round in two ways. */
static bool write_pin(const char *path, FornixError *error)
{
    char host[100] = "", *text = pin_text();
    gethostname(host, sizeof host - 1);
    Text own = {0};
    text_format(&own, "%s.%s-%ld", path, host, (long)getpid());
    bool fine = text && file_write(own.data, text, strlen(text), error);
    if (fine && link(own.data, path) != 0 && errno != EEXIST)
        fine = fornix_fail(error, "%s: %s", path, strerror(errno));
    unlink(own.data);
    text_free(&own);
    free(text);
    return fine;
}

static bool check_pin(const Sweep *sweep, FornixError *error)
{
    char *path = file_join(sweep->folder, "machine.json");
    bool fine = file_make_folders(sweep->folder, error) && write_pin(path, error);
    char *text = fine ? file_read(path, 1 << 16, NULL, error) : NULL;
    json_t *root = text ? json_loads(text, 0, NULL) : NULL;
    const char *isa = json_string_value(json_object_get(root, "isa"));
    const char *here = isa_name(isa_active());
    if (fine && !isa)
        fine = fornix_fail(error, "%s does not say which instruction set this sweep is made with",
                           path);
    else if (fine && strcmp(isa, here) != 0)
        fine = fornix_fail_input(
            error,
            "%s was begun with instruction set %s, and this machine uses %s, which rounds "
            "otherwise: set FORNIX_ISA=%s where it can be, or begin another folder with the "
            "FORNIX_ISA that all machines have",
            sweep->folder, isa, here, isa);
    json_decref(root);
    mem_free(text);
    mem_free(path);
    return fine;
}

/* ---- Commands ---------------------------------------------------------------------------- */

int run_sweep(const SweepRequest *request)
{
    Sweep *sweep = sweep_open(request);
    if (sweep->cache && check_pin(sweep, &sweep->failure))
        sweep_plan(sweep, true); /* what stages take says how many fit side by side */
    int code = tell_mistakes(sweep);
    if (code == EXIT_FINE) {
        bool fine = sweep_work(sweep);
        if (*sweep->failure.text || !sweep_finish(sweep, stdout, &sweep->failure))
            code = tell_mistakes(sweep);
        if (!fine && code == EXIT_FINE)
            code = EXIT_RUN;
    }
    sweep_close(sweep);
    return code;
}

int sweep_look(const SweepRequest *request, bool plan)
{
    Sweep *sweep = sweep_open(request);
    if (sweep->cache)
        sweep_plan(sweep, plan);
    int code = tell_mistakes(sweep);
    if (code == EXIT_FINE && plan) {
        sweep_plan_print(sweep, stdout);
    } else if (code == EXIT_FINE) {
        size_t ends = sweep->job_count, stages = sweep->task_count - ends;
        printf("sweep %s: %zu jobs, %zu distinct stages\n", sweep->name, ends, stages);
    }
    sweep_close(sweep);
    return code;
}
