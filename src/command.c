/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "command_parts.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "completion.h"
#include "describe.h"
#include "exchange.h"
#include "file.h"
#include "forecast.h"
#include "kernels/isa.h"
#include "manual.h"
#include "prediction.h"
#include "schema.h"
#include "show.h"
#include "sweep.h"
#include "trial.h"
#include "version.h"

/* ---- run, check, plan ---- */

static int do_run(const Command *command, int count, char **words)
{
    Options options = options_read(command, count, words);
    if (options.wrong || options.word_count != 1)
        return options_end(&options, command_usage(command));
    RunRequest request = {.path = options.words[0],
                          .overrides = options.overrides.items,
                          .override_count = options.overrides.count,
                          .folder = options.output,
                          .fresh = options.fresh,
                          .smoke = options.smoke,
                          .profile = options.profile,
                          .json = options.json};
    return options_end(&options, run_experiment(&request));
}

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

static int do_look(const Command *command, int count, char **words, PrintNodes *print)
{
    Options options = options_read(command, count, words);
    if (options.wrong || options.word_count != 1)
        return options_end(&options, command_usage(command));
    if (sweep_is(options.words[0])) {
        SweepRequest request = {.path = options.words[0],
                                .overrides = options.overrides.items,
                                .override_count = options.overrides.count,
                                .json = options.json};
        return options_end(&options, sweep_look(&request, print == print_plan));
    }
    Experiment *experiment =
        experiment_open(&(ExperimentRequest){.path = options.words[0],
                                             .overrides = options.overrides.items,
                                             .override_count = options.overrides.count});
    Diag *diag = experiment_diag(experiment);
    bool fine = diag_errors(diag) == 0;
    diag_print(diag, stderr, options.json);
    int nodes = 0;
    Outer *const *outer = fine ? experiment_nodes(experiment, &nodes) : NULL;
    if (fine)
        print(experiment, outer, nodes);
    experiment_free(experiment);
    return options_end(&options, fine ? EXIT_FINE : EXIT_INPUT);
}

static int do_check(const Command *command, int count, char **words)
{
    return do_look(command, count, words, print_check);
}

static int do_plan(const Command *command, int count, char **words)
{
    return do_look(command, count, words, print_plan);
}

static int do_show(const Command *command, int count, char **words)
{
    Options options = options_read(command, count, words);
    if (options.wrong || options.word_count != 1)
        return options_end(&options, command_usage(command));
    ShowRequest request = {.path = options.words[0],
                           .overrides = options.overrides.items,
                           .override_count = options.overrides.count,
                           .stage = options.stage,
                           .open = options.open.items,
                           .open_count = options.open.count,
                           .rounds = options.rounds,
                           .output = options.output,
                           .json = options.json};
    return options_end(&options, show_run(&request));
}

/* ---- sweep ---- */

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

static int do_sweep(const Command *command, int count, char **words)
{
    Options options = options_read(command, count, words);
    if (options.wrong || options.word_count != 1)
        return options_end(&options, command_usage(command));
    SweepRequest request = {.path = options.words[0],
                            .overrides = options.overrides.items,
                            .override_count = options.overrides.count,
                            .folder = options.output,
                            .fail_fast = options.fail_fast,
                            .retry_failed = options.retry_failed,
                            .json = options.json};
    if (!read_count(options.jobs, &request.jobs) ||
        !read_count(options.threads, &request.threads) ||
        !read_shard(options.shard, &request.shard, &request.shards)) {
        fprintf(stderr, "fornix sweep: --jobs and --threads take a number from 1 on, --shard i/n "
                        "with i from 1 to n\n");
        return options_end(&options, EXIT_INPUT);
    }
    return options_end(&options, run_sweep(&request));
}

/* ---- apply ---- */

static int do_apply(const Command *command, int count, char **words)
{
    Options options = options_read(command, count, words);
    if (options.wrong || options.word_count != 1 || !options.manifest)
        return options_end(&options, command_usage(command));
    PredictionRequest request = {.run = options.words[0],
                                 .manifest = options.manifest,
                                 .folder = options.output,
                                 .input = options.input,
                                 .nodes = options.nodes.items,
                                 .node_count = options.nodes.count,
                                 .probability = options.probability,
                                 .json = options.json};
    return options_end(&options, prediction_run(&request));
}

/* ---- import, export ---- */

static int do_exchange(const Command *command, int count, char **words)
{
    Options options = options_read(command, count, words);
    bool in = strcmp(command->name, "import") == 0;
    if (options.wrong || options.word_count != 2 || !(in || options.output))
        return options_end(&options, command_usage(command));
    ExchangeRequest request = {.from = options.words[0],
                               .graph = options.words[1],
                               .overrides = options.overrides.items,
                               .override_count = options.overrides.count,
                               .net = options.net,
                               .map = options.map,
                               .to = options.output,
                               .json = options.json};
    return options_end(&options, in ? exchange_import(&request) : exchange_export(&request));
}

/* ---- The others ---- */

static int do_list(const Command *command, int count, char **words)
{
    Options options = options_read(command, count, words);
    if (options.wrong || options.word_count != 0)
        return options_end(&options, command_usage(command));
    Registry *registry = registry_new();
    describe_list(stdout, registry);
    registry_free(registry);
    return options_end(&options, EXIT_FINE);
}

/* Of a sweep's file; one that is called as a node is, is told as "sweep/compare". */
static const FornixNode *sweep_find(const char *name)
{
    for (size_t k = 0; sweep_elements[k]; k++)
        if (strcmp(sweep_elements[k]->name, name) == 0)
            return sweep_elements[k];
    return NULL;
}

static const Note variables[] = {
    {"FORNIX_CACHE", "The folder of the cache; fornix in XDG_CACHE_HOME or ~/.cache where unset."},
    {"FORNIX_PLUGIN_PATH", "Folders with nodes of one's own, between colons."},
    {"FORNIX_ISA", "The kernels to use: plain, v2, v3 or v4. The best that the machine has where "
                   "unset."},
    {"OMP_NUM_THREADS", "How many threads work; as many as the machine runs where unset."},
    {0}};

static const Note codes[] = {
    {"0", "Fine."}, {"1", "The run failed."}, {"2", "The input is wrong."}, {0}};

static const Usage whole = {"runs experiments that are described as dataflow graphs in XML",
                            commands, command_options, variables, codes};

static int describe_named(const char *name)
{
    static const char of_sweep[] = "sweep/";
    Registry *registry = registry_new();
    bool swept = strncmp(name, of_sweep, sizeof of_sweep - 1) == 0;
    const LanguageWord *word = swept ? NULL : language_word(name);
    const Plugin *plugin = word || swept ? NULL : registry_find(registry, name);
    const FornixNode *node = word ? word->node : plugin ? plugin->node : NULL;
    if (!node)
        node = sweep_find(swept ? name + sizeof of_sweep - 1 : name);
    FornixError error = {0};
    if (node)
        describe_node(stdout, node);
    else if (!registry_fail(registry, name, &error))
        fprintf(stderr, "fornix: %s\n", error.text);
    registry_free(registry);
    return node ? EXIT_FINE : EXIT_INPUT;
}

static int describe_all(const char *folder)
{
    Registry *registry = registry_new();
    FornixError error = {0};
    bool fine = describe_site(folder, registry, &error);
    if (error.text[0])
        fprintf(stderr, "fornix: %s\n", error.text);
    if (fine)
        printf("%s/index.html\n", folder);
    registry_free(registry);
    return fine ? EXIT_FINE : EXIT_RUN;
}

static int do_describe(const Command *command, int count, char **words)
{
    Options options = options_read(command, count, words);
    int wanted = options.word_count + options.html + (options.man != NULL);
    if (options.wrong || wanted != 1 || (options.output && !options.html) ||
        (options.man && !manual_write(stdout, options.man, &whole)))
        return options_end(&options, command_usage(command));
    int code = EXIT_FINE;
    if (options.html)
        code = describe_all(options.output ? options.output : "fornix-nodes");
    else if (options.word_count)
        code = describe_named(options.words[0]);
    return options_end(&options, code);
}

static int do_schema(const Command *command, int count, char **words)
{
    Options options = options_read(command, count, words);
    if (options.wrong || options.word_count != 0)
        return options_end(&options, command_usage(command));
    FornixError error = {0};
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    Registry *registry = registry_new();
    if (out)
        schema_write(out, registry);
    bool fine = out && fclose(out) == 0;
    if (fine && options.output)
        fine = file_write(options.output, text, length, &error);
    else if (fine)
        fine = fwrite(text, 1, length, stdout) == length && fflush(stdout) == 0;
    if (!fine)
        fprintf(stderr, "fornix: %s\n", *error.text ? error.text : "the schema can't be written");
    registry_free(registry);
    free(text);
    return options_end(&options, fine ? EXIT_FINE : EXIT_RUN);
}

static int do_test_node(const Command *command, int count, char **words)
{
    if (count && words[0][0] == '-')
        return command_usage(command);
    return trial_nodes((const char *const *)words, (size_t)count);
}

static int do_cache(const Command *command, int count, char **words)
{
    Options options = options_read(command, count, words);
    bool list = options.word_count == 1 && strcmp(options.words[0], "list") == 0;
    bool prune = options.word_count == 1 && strcmp(options.words[0], "prune") == 0;
    double days = 30;
    if (options.wrong || !(list || prune))
        return options_end(&options, command_usage(command));
    if (options.days && (!text_to_real(options.days, &days) || days < 0)) {
        fprintf(stderr, "fornix cache: --days takes a number of days, not '%s'\n", options.days);
        return options_end(&options, EXIT_INPUT);
    }
    FornixError error = {0};
    Cache *cache = cache_open(NULL, &error);
    bool fine = cache && (list ? cache_list(cache, stdout, &error)
                               : cache_prune(cache, days, stdout, &error));
    if (!fine)
        fprintf(stderr, "fornix: %s\n", error.text);
    cache_close(cache);
    return options_end(&options, fine ? EXIT_FINE : EXIT_RUN);
}

/* Reads its words itself: those behind "--" are of another command line. */
static int do_complete(const Command *command, int count, char **words)
{
    if (count > 0 && strcmp(words[0], "--") == 0)
        completion_words(stdout, &whole, count - 1, words + 1);
    else if (count != 1 || !completion_script(stdout, words[0]))
        return command_usage(command);
    return EXIT_FINE;
}

static int do_version(const Command *command, int count, char **words)
{
    (void)command, (void)count, (void)words;
    printf("fornix %s, kernels for %s\n", FORNIX_BUILD, isa_name(isa_active()));
    return EXIT_FINE;
}

/* NULL: told. */
static const Command *find_command(const char *word)
{
    const char *names[32];
    size_t known = 0;
    for (const Command *c = commands; c->name; c++) {
        if (strcmp(c->name, word) == 0)
            return c;
        names[known++] = c->name;
    }
    const char *near = text_suggest(word, names, known);
    fprintf(stderr, "fornix: no command '%s'%s%s%s; 'fornix help' names them\n", word,
            near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    return NULL;
}

static int do_help(const Command *command, int count, char **words)
{
    (void)command;
    if (count > 0 && strcmp(words[0], "graph") == 0) {
        describe_language(stdout);
    } else if (count > 0) {
        const Command *about = find_command(words[0]);
        if (!about)
            return EXIT_INPUT;
        manual_command(stdout, &whole, about);
    } else {
        manual_help(stdout, &whole);
    }
    return EXIT_FINE;
}

const Command commands[] = {
    {"run", "FILE [-p name=value]... [-o DIR] [--fresh] [--smoke] [--profile] [--json]",
     "runs the graph; what was computed before is taken from the cache", do_run},
    {"sweep",
     "FILE [-p name=value]... [-o DIR] [--shard i/n] [--jobs N] [--threads N] [--fail-fast] "
     "[--retry-failed] [--json]",
     "runs a graph over a grid of settings; a stage that several jobs share is made once",
     do_sweep},
    {"check", "FILE [-p name=value]... [--json]",
     "finds all that is wrong with the graph; prints tables, shapes and parameters", do_check},
    {"plan", "FILE [-p name=value]... [--json]",
     "prints what each stage will do, and what it takes: memory, arithmetic, disk", do_plan},
    {"show",
     "FILE [-p name=value]... [--stage ID] [--open NET]... [--rounds] [-o PICTURE] [--json]",
     "draws the graph, the body of a stage or a net", do_show},
    {"apply",
     "RUN --manifest FILE.csv [-o DIR] [--input ID] [--node ID]... [--probability] [--json]",
     "applies a finished run to new subjects: masks in their images' space, classes as CSV",
     do_apply},
    {"import",
     "FROM.safetensors GRAPH.xml [-p name=value]... [--net NET] [--map FILE] [-o FILE] [--json]",
     "makes weights of a net of what PyTorch saved, by a map of names (GRAPH.map)", do_exchange},
    {"export",
     "FROM GRAPH.xml -o FILE.safetensors [-p name=value]... [--net NET] [--map FILE] [--json]",
     "the way back: from a run or a file of weights to what PyTorch loads", do_exchange},
    {"list", "", "names all nodes", do_list},
    {"describe", "NODE | --html [-o DIR] | --man PAGE",
     "tells what a node does, its ports and attributes; of all nodes as a site", do_describe},
    {"schema", "[-o FILE]", "writes a RELAX NG schema of all nodes, for editors and validators",
     do_schema},
    {"test-node", "[NAME | FILE.so]...",
     "tries nodes on their own examples; without a name, all that are found", do_test_node},
    {"cache", "list | prune [--days N]",
     "shows what the cache holds; removes what was not used for 30 days", do_cache},
    {"complete", "SHELL", "prints what bash or zsh need to complete fornix's words", do_complete},
    {"version", "", "tells which build this is", do_version},
    {"help", "[COMMAND | graph]", "prints this, all about a command, or how a graph is written",
     do_help},
    {0}};

static int dispatch(int count, char **words)
{
    if (isa_refused()) {
        fprintf(stderr,
                "fornix: FORNIX_ISA can't be '%s' here: plain, v2, v3 or v4, as the machine has\n",
                isa_refused());
        return EXIT_INPUT;
    }
    const char *word = count > 1 ? words[1] : "help";
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        word = "help";
    if (strcmp(word, "--version") == 0)
        word = "version";
    const Command *command = find_command(word);
    if (!command)
        return EXIT_INPUT;
    for (int k = 2; k < count; k++)
        if (strcmp(words[k], "--help") == 0 || strcmp(words[k], "-h") == 0) {
            manual_command(stdout, &whole, command);
            return EXIT_FINE;
        }
    return command->run(command, count > 2 ? count - 2 : 0, words + 2);
}

int command_main(int count, char **words)
{
    int code = dispatch(count, words);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    fprintf(stderr, "fornix: cannot write to the standard output: %s\n", strerror(errno));
    return code ? code : EXIT_RUN;
}
