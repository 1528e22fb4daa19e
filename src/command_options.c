/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options of all commands; which of them a command takes, it says in its arguments. */
#include <stdio.h>
#include <string.h>

#include "command_parts.h"

const Option command_options[] = {
    {"-p", VALUES, offsetof(Options, overrides), "gives a param of the graph another value"},
    {"-o", VALUE, offsetof(Options, output), "where the results go"},
    {"--days", VALUE, offsetof(Options, days), "how long what is not used is kept"},
    {"--manifest", VALUE, offsetof(Options, manifest), "the table of the new subjects"},
    {"--input", VALUE, offsetof(Options, input),
     "the loader that reads the new subjects, where there are several"},
    {"--net", VALUE, offsetof(Options, net), "the net, where the graph has several"},
    {"--map", VALUE, offsetof(Options, map),
     "the map of names; that beside the graph where unsaid"},
    {"--node", VALUES, offsetof(Options, nodes),
     "whose predictions are wanted; all that nobody sums up where unsaid"},
    {"--stage", VALUE, offsetof(Options, stage), "whose body is drawn"},
    {"--open", VALUES, offsetof(Options, open),
     "a net or composite whose inside is drawn; without --stage, that net alone"},
    {"--rounds", FLAG, offsetof(Options, rounds),
     "draws the rounds of a loop one by one, not folded into one box"},
    {"--shard", VALUE, offsetof(Options, shard), "i/n: works on the i-th of n parts of the jobs"},
    {"--jobs", VALUE, offsetof(Options, jobs), "how many jobs run at a time"},
    {"--threads", VALUE, offsetof(Options, threads), "how many threads each of them has"},
    {"--fail-fast", FLAG, offsetof(Options, fail_fast), "stops at the first job that fails"},
    {"--retry-failed", FLAG, offsetof(Options, retry_failed), "tries what failed before once more"},
    {"--fresh", FLAG, offsetof(Options, fresh), "computes anew what the cache has"},
    {"--smoke", FLAG, offsetof(Options, smoke), "runs a batch of everything and stops"},
    {"--profile", FLAG, offsetof(Options, profile), "tells where the time went"},
    {"--probability", FLAG, offsetof(Options, probability),
     "writes the probability of each class, too, as images"},
    {"--kind", VALUE, offsetof(Options, kind), "what the node will be"},
    {"--with-subjects", FLAG, offsetof(Options, with_subjects),
     "names every subject that was judged, with what was found"},
    {"--html", FLAG, offsetof(Options, html), "writes pages about all nodes, for a browser"},
    {"--man", VALUE, offsetof(Options, man), "prints a manual page: fornix or fornix-graph"},
    {"--json", FLAG, offsetof(Options, json), "tells mistakes and progress as JSON, a line each"},
    {0}};

int command_usage(const Command *command)
{
    fprintf(stderr, "usage: fornix %s %s\n", command->name, command->arguments);
    return EXIT_INPUT;
}

static const Option *find_option(const Options *options, const char *word)
{
    for (size_t k = 0; command_options[k].word; k++)
        if (strcmp(command_options[k].word, word) == 0 && usage_takes(options->command, word))
            return &command_options[k];
    return NULL;
}

static void unknown_option(Options *options, const char *word)
{
    const char *known[COUNT(command_options)];
    size_t count = 0;
    for (size_t k = 0; command_options[k].word; k++)
        if (usage_takes(options->command, command_options[k].word))
            known[count++] = command_options[k].word;
    const char *near = text_suggest(word, known, count);
    fprintf(stderr, "fornix %s: no option '%s'%s%s%s\n", options->command->name, word,
            near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    options->wrong = true;
}

static void words_add(Words *words, const char *word)
{
    words->items = mem_grow(words->items, words->count + 1, sizeof *words->items);
    words->items[words->count++] = word;
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
        words_add(field, value);
    }
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

Options options_read(const Command *command, int count, char **words)
{
    Options options = {.command = command};
    for (int k = 0; k < count && !options.wrong; k++) {
        const Option *option = options.rest ? NULL : find_option(&options, words[k]);
        if (option) {
            set_option(&options, option, k + 1 < count ? words[k + 1] : NULL);
            k += option->kind != FLAG;
        } else if (options.rest || words[k][0] != '-' || !words[k][1]) {
            words_add(&options.words, words[k]);
        } else if (is_help(words[k])) {
            options.help = true;
        } else if (strcmp(words[k], "--") == 0) {
            options.rest = true;
        } else {
            unknown_option(&options, words[k]);
        }
    }
    return options;
}

void options_free(Options *options)
{
    mem_free(options->words.items);
    mem_free(options->overrides.items);
    mem_free(options->nodes.items);
    mem_free(options->open.items);
}
