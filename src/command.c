/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "command.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "describe.h"
#include "exchange.h"
#include "file.h"
#include "forecast.h"
#include "kernels/isa.h"
#include "prediction.h"
#include "schema.h"
#include "sweep.h"
#include "trial.h"
#include "version.h"

/* ---- Options ---- */

typedef struct Words {
    const char **items;
    size_t count;
} Words;

typedef struct Options {
    const Command *command;
    const char *words[8]; /* what is no option */
    int word_count;
    Words overrides, nodes;
    const char *output, *days, *manifest, *input, *net, *map, *shard, *jobs, *threads;
    bool fresh, smoke, profile, json, probability, fail_fast, retry_failed;
    bool wrong;
} Options;

typedef enum { FLAG, VALUE, VALUES } OptionKind;

typedef struct Option {
    const char *word;
    OptionKind kind;
    size_t offset; /* in Options: of a bool, a text, Words */
} Option;

static const Option known_options[] = {{"-p", VALUES, offsetof(Options, overrides)},
                                       {"-o", VALUE, offsetof(Options, output)},
                                       {"--days", VALUE, offsetof(Options, days)},
                                       {"--manifest", VALUE, offsetof(Options, manifest)},
                                       {"--input", VALUE, offsetof(Options, input)},
                                       {"--net", VALUE, offsetof(Options, net)},
                                       {"--map", VALUE, offsetof(Options, map)},
                                       {"--node", VALUES, offsetof(Options, nodes)},
                                       {"--shard", VALUE, offsetof(Options, shard)},
                                       {"--jobs", VALUE, offsetof(Options, jobs)},
                                       {"--threads", VALUE, offsetof(Options, threads)},
                                       {"--fail-fast", FLAG, offsetof(Options, fail_fast)},
                                       {"--retry-failed", FLAG, offsetof(Options, retry_failed)},
                                       {"--fresh", FLAG, offsetof(Options, fresh)},
                                       {"--smoke", FLAG, offsetof(Options, smoke)},
                                       {"--profile", FLAG, offsetof(Options, profile)},
                                       {"--probability", FLAG, offsetof(Options, probability)},
                                       {"--json", FLAG, offsetof(Options, json)}};

static int usage(const Command *command)
{
    fprintf(stderr, "usage: fornix %s %s\n", command->name, command->arguments);
    return EXIT_INPUT;
}

/* Whether the option stands in what the command says of itself: "[--json]". */
static bool takes(const Command *command, const char *option)
{
    size_t length = strlen(option);
    for (const char *at = command->arguments; (at = strstr(at, option)); at++)
        if ((at == command->arguments || strchr(" [", at[-1])) && strchr(" ]", at[length]))
            return true;
    return false;
}

static const Option *find_option(const Options *options, const char *word)
{
    for (size_t k = 0; k < COUNT(known_options); k++)
        if (strcmp(known_options[k].word, word) == 0 && takes(options->command, word))
            return &known_options[k];
    return NULL;
}

static void unknown_option(Options *options, const char *word)
{
    const char *known[COUNT(known_options)];
    size_t count = 0;
    for (size_t k = 0; k < COUNT(known_options); k++)
        if (takes(options->command, known_options[k].word))
            known[count++] = known_options[k].word;
    const char *near = text_suggest(word, known, count);
    fprintf(stderr, "fornix %s: no option '%s'%s%s%s\n", options->command->name, word,
            near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    options->wrong = true;
}

/* value: what stands behind the option; NULL at the end. */
static void set_option(Options *options, const Option *option, const char *value)
{
    void *field = (char *)options + option->offset;
    if (option->kind == FLAG) {
        *(bool *)field = true;
    } else if (!value) {
        fprintf(stderr, "fornix %s: %s needs a value behind it\n", options->command->name,
                option->word);
        options->wrong = true;
    } else if (option->kind == VALUE) {
        *(const char **)field = value;
    } else {
        Words *list = field;
        list->items[list->count++] = value;
    }
}

static Options options_read(const Command *command, int count, char **words)
{
    Options options = {.command = command};
    options.overrides.items = mem_new((size_t)count + 1, sizeof(char *));
    options.nodes.items = mem_new((size_t)count + 1, sizeof(char *));
    for (int k = 0; k < count && !options.wrong; k++) {
        const Option *option = find_option(&options, words[k]);
        if (option) {
            set_option(&options, option, k + 1 < count ? words[k + 1] : NULL);
            k += option->kind != FLAG;
        } else if (words[k][0] == '-' && words[k][1]) {
            unknown_option(&options, words[k]);
        } else if (options.word_count < (int)COUNT(options.words)) {
            options.words[options.word_count++] = words[k];
        }
    }
    return options;
}

static int options_end(Options *options, int code)
{
    mem_free(options->overrides.items);
    mem_free(options->nodes.items);
    return code;
}

/* ---- run, check, plan ---- */

static int do_run(const Command *command, int count, char **words)
{
    Options options = options_read(command, count, words);
    if (options.wrong || options.word_count != 1)
        return options_end(&options, usage(command));
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

static int64_t net_size(const Stage *stage, const char *net)
{
    int64_t floats = 0;
    size_t length = strlen(net);
    for (int p = 0; p < stage->parameter_count; p++)
        if (strncmp(stage->parameters[p].name, net, length) == 0 &&
            stage->parameters[p].name[length] == '/' && !stage->parameters[p].kept)
            floats += fornix_floats(stage->parameters[p].shape);
    return floats;
}

static void print_stage(const Stage *stage)
{
    for (int k = 0; k < stage->net_count; k++) {
        const Net *net = &stage->nets[k];
        printf("  net %-16s %12lld parameters%s%s\n", net->name,
               (long long)net_size(stage, net->name), *net->weights ? ", from " : "", net->weights);
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
        return options_end(&options, usage(command));
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
        return options_end(&options, usage(command));
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
        return options_end(&options, usage(command));
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
        return options_end(&options, usage(command));
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
        return options_end(&options, usage(command));
    Registry *registry = registry_new();
    describe_list(stdout, registry);
    registry_free(registry);
    return options_end(&options, EXIT_FINE);
}

/* Some are called as a node is: then both are told. */
static const FornixNode *sweep_find(const char *name)
{
    for (size_t k = 0; sweep_elements[k]; k++)
        if (strcmp(sweep_elements[k]->name, name) == 0)
            return sweep_elements[k];
    return NULL;
}

static int do_describe(const Command *command, int count, char **words)
{
    Options options = options_read(command, count, words);
    if (options.wrong || options.word_count != 1)
        return options_end(&options, usage(command));
    Registry *registry = registry_new();
    const LanguageWord *word = language_word(options.words[0]);
    const Plugin *plugin = word ? NULL : registry_find(registry, options.words[0]);
    const FornixNode *node = word ? word->node : plugin ? plugin->node : NULL;
    const FornixNode *swept = sweep_find(options.words[0]);
    FornixError error = {0};
    if (node)
        describe_node(stdout, node);
    if (swept)
        describe_node(stdout, swept);
    if (!node && !swept && !registry_fail(registry, options.words[0], &error))
        fprintf(stderr, "fornix: %s\n", error.text);
    registry_free(registry);
    return options_end(&options, node || swept ? EXIT_FINE : EXIT_INPUT);
}

static int do_schema(const Command *command, int count, char **words)
{
    Options options = options_read(command, count, words);
    if (options.wrong || options.word_count != 0)
        return options_end(&options, usage(command));
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
        return usage(command);
    return trial_nodes((const char *const *)words, (size_t)count);
}

static int do_cache(const Command *command, int count, char **words)
{
    Options options = options_read(command, count, words);
    bool list = options.word_count == 1 && strcmp(options.words[0], "list") == 0;
    bool prune = options.word_count == 1 && strcmp(options.words[0], "prune") == 0;
    double days = 30;
    if (options.wrong || !(list || prune))
        return options_end(&options, usage(command));
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

static void print_help(const Command *command)
{
    printf("  fornix %s %s\n      %s\n", command->name, command->arguments, command->doc);
}

static int do_help(const Command *command, int count, char **words)
{
    (void)command;
    if (count > 0) {
        const Command *about = find_command(words[0]);
        if (about)
            print_help(about);
        return about ? EXIT_FINE : EXIT_INPUT;
    }
    printf("fornix runs experiments that are described as dataflow graphs in XML.\n\n");
    for (const Command *c = commands; c->name; c++)
        print_help(c);
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
    {"describe", "NODE", "tells what a node does, its ports and attributes", do_describe},
    {"schema", "[-o FILE]", "writes a RELAX NG schema of all nodes, for editors and validators",
     do_schema},
    {"test-node", "[NAME | FILE.so]...",
     "tries nodes on their own examples; without a name, all that are found", do_test_node},
    {"cache", "list | prune [--days N]",
     "shows what the cache holds; removes what was not used for 30 days", do_cache},
    {"version", "", "tells which build this is", do_version},
    {"help", "[COMMAND]", "prints this", do_help},
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
            print_help(command);
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
