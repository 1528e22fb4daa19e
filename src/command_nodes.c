/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands about nodes: list, describe, schema, test-node, new-node. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command_parts.h"
#include "describe.h"
#include "file.h"
#include "manual.h"
#include "schema.h"
#include "sweep.h"
#include "template.h"
#include "trial.h"

int command_list(const Options *options)
{
    (void)options;
    Registry *registry = registry_new();
    describe_list(stdout, registry);
    registry_free(registry);
    return EXIT_FINE;
}

/* What is called as a node of a graph is, and stands in a sweep, is told as "sweep/compare". */
static int describe_named(const char *name)
{
    static const char of_sweep[] = "sweep/";
    Registry *registry = registry_new();
    bool swept = strncmp(name, of_sweep, sizeof of_sweep - 1) == 0;
    const LanguageWord *word = swept ? NULL : language_word(name);
    const Plugin *plugin = word || swept ? NULL : registry_find(registry, name);
    const FornixNode *node = word ? word->node : plugin ? plugin->node : NULL;
    const SweepWord *in_sweep = node ? NULL : sweep_word(swept ? name + sizeof of_sweep - 1 : name);
    if (in_sweep)
        node = in_sweep->node;
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

int command_describe(const Options *options)
{
    size_t wanted = options->words.count + options->html + (options->man != NULL);
    if (wanted != 1 || (options->output && !options->html) ||
        (options->man && !manual_write(stdout, options->man, &command_whole)))
        return command_usage(options->command);
    if (options->html)
        return describe_all(options->output ? options->output : "fornix-nodes");
    return options->words.count ? describe_named(options->words.items[0]) : EXIT_FINE;
}

int command_schema(const Options *options)
{
    FornixError error = {0};
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    Registry *registry = registry_new();
    if (out)
        schema_write(out, registry);
    bool fine = out && fclose(out) == 0;
    if (fine && options->output)
        fine = file_write(options->output, text, length, &error);
    else if (fine)
        fine = fwrite(text, 1, length, stdout) == length && fflush(stdout) == 0;
    if (!fine)
        fprintf(stderr, "fornix: %s\n", *error.text ? error.text : "the schema can't be written");
    registry_free(registry);
    free(text);
    return fine ? EXIT_FINE : EXIT_RUN;
}

int command_test_node(const Options *options)
{
    return trial_nodes(options->words.items, options->words.count);
}

int command_new_node(const Options *options)
{
    return template_write(options->words.items[0], options->kind);
}
