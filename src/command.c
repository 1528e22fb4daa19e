/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command_parts.h"
#include "completion.h"
#include "crash.h"
#include "describe.h"
#include "kernels/isa.h"
#include "manual.h"
#include "template.h"
#include "version.h"

static const Note variables[] = {
    {"FORNIX_CACHE", "The folder of the cache; fornix in XDG_CACHE_HOME or ~/.cache where unset."},
    {"FORNIX_PLUGIN_PATH", "Folders with nodes of one's own, between colons."},
    {"FORNIX_ISA", "The kernels to use: plain, v2, v3 or v4. The best that the machine has where "
                   "unset."},
    {"OMP_NUM_THREADS", "How many threads work; as many as the machine runs where unset."},
    {0}};

static const Note codes[] = {
    {"0", "Fine."}, {"1", "The run failed."}, {"2", "The input is wrong."}, {0}};

const Usage command_whole = {"runs experiments that are described as dataflow graphs in XML",
                             commands, command_options, variables, codes};

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

/* What stands behind "--" is the line to complete. */
static int complete(const Options *options)
{
    const Words *words = &options->words;
    if (options->rest)
        completion_words(stdout, &command_whole, (int)words->count, words->items);
    else if (words->count != 1 || !completion_script(stdout, words->items[0]))
        return command_usage(options->command);
    return EXIT_FINE;
}

static int version(const Options *options)
{
    (void)options;
    printf("fornix %s, kernels for %s\n", FORNIX_BUILD, isa_name(isa_active()));
    return EXIT_FINE;
}

static int help(const Options *options)
{
    const char *word = options->words.count ? options->words.items[0] : NULL;
    const Command *about = word && strcmp(word, "graph") != 0 ? find_command(word) : NULL;
    if (!word)
        manual_help(stdout, &command_whole);
    else if (about)
        manual_command(stdout, &command_whole, about);
    else if (strcmp(word, "graph") == 0)
        describe_language(stdout);
    return !word || about || strcmp(word, "graph") == 0 ? EXIT_FINE : EXIT_INPUT;
}

const Command commands[] = {
    {"run", "FILE [-p name=value]... [-o DIR] [--fresh] [--smoke] [--profile] [--json]",
     "runs the graph; what was computed before is taken from the cache", 1, command_run},
    {"sweep",
     "FILE [-p name=value]... [-o DIR] [--shard i/n] [--jobs N] [--threads N] [--fail-fast] "
     "[--retry-failed] [--json]",
     "runs a graph over a grid of settings; a stage that several jobs share is made once", 1,
     command_sweep},
    {"check", "FILE [-p name=value]... [--json]",
     "finds all that is wrong with the graph; prints tables, shapes and parameters", 1,
     command_check},
    {"plan", "FILE [-p name=value]... [-o DIR] [--json]",
     "prints what each stage will do, and what it takes: memory, arithmetic, disk; of a sweep "
     "besides what is shared, and what is there already",
     1, command_plan},
    {"show",
     "FILE [-p name=value]... [--stage ID] [--open NET]... [--rounds] [-o PICTURE] [--json]",
     "draws the graph, the body of a stage or a net", 1, command_show},
    {"report", "DIR [-o FILE.html] [--with-subjects]",
     "writes report.html of a finished run or sweep: what was asked, found, and how sure it is", 1,
     command_report},
    {"apply",
     "RUN --manifest FILE.csv [-o DIR] [--input ID] [--node ID]... [--probability] [--json]",
     "applies a finished run to new subjects: masks in their images' space, classes as CSV", 1,
     command_apply},
    {"import",
     "FROM.safetensors GRAPH.xml [-p name=value]... [--net NET] [--map FILE] [-o FILE] [--json]",
     "makes weights of a net of what PyTorch saved, by a map of names (GRAPH.map)", 2,
     command_import},
    {"export",
     "FROM GRAPH.xml -o FILE.safetensors [-p name=value]... [--net NET] [--map FILE] [--json]",
     "the way back: from a run or a file of weights to what PyTorch loads", 2, command_export},
    {"list", "", "names all nodes", 0, command_list},
    {"describe", "NODE | --html [-o DIR] | --man PAGE",
     "tells what a node does, its ports and attributes; of all nodes as a site", ANY_WORDS,
     command_describe},
    {"schema", "[-o FILE]", "writes a RELAX NG schema of all nodes, for editors and validators", 0,
     command_schema},
    {"new-node", "NAME --kind " TEMPLATE_KINDS,
     "begins a node of one's own: a folder with one that works, to be changed", 1,
     command_new_node},
    {"test-node", "[NODE | FILE.so]...",
     "tries nodes on their own examples; without a name, all that are found", ANY_WORDS,
     command_test_node},
    {"cache", "list | prune [--days N]",
     "shows what the cache holds; removes what was not used for 30 days", 1, command_cache},
    {"complete", "SHELL", "prints what bash or zsh need to complete fornix's words", ANY_WORDS,
     complete},
    {"version", "", "tells which build this is", ANY_WORDS, version},
    {"help", "[COMMAND | graph]", "prints this, all about a command, or how a graph is written",
     ANY_WORDS, help},
    {0}};

static int run_command(const Command *command, int count, char **words)
{
    Options options = options_read(command, count, words);
    int code = EXIT_FINE;
    crash_catch(options.json);
    if (options.help)
        manual_command(stdout, &command_whole, command);
    else if (options.wrong ||
             (command->words != ANY_WORDS && options.words.count != (size_t)command->words))
        code = command_usage(command);
    else
        code = command->run(&options);
    options_free(&options);
    return code;
}

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
    return command ? run_command(command, count > 2 ? count - 2 : 0, words + 2) : EXIT_INPUT;
}

int command_main(int count, char **words)
{
    int code = dispatch(count, words);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    fprintf(stderr, "fornix: cannot write to the standard output: %s\n", strerror(errno));
    return code ? code : EXIT_RUN;
}
