/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "completion.h"

#include <string.h>

#include "expand.h"
#include "language.h"
#include "registry.h"

static const char bash_script[] =
    "# Completion of fornix in bash: made by `fornix complete bash`.\n"
    "_fornix()\n"
    "{\n"
    "    local line word=${COMP_WORDS[COMP_CWORD]}\n"
    "    COMPREPLY=()\n"
    "    while IFS= read -r line; do\n"
    "        case $line in\n"
    "        :folders)\n"
    "            compopt -o filenames\n"
    "            mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -d -- \"$word\")\n"
    "            ;;\n"
    "        :files*)\n"
    "            compopt -o filenames\n"
    "            line=${line#:files}\n"
    "            mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(\n"
    "                compgen -d -- \"$word\"\n"
    "                compgen -f -X \"!*${line:+.${line# }}\" -- \"$word\"\n"
    "            )\n"
    "            ;;\n"
    "        *)\n"
    "            line=${line%%$'\\t'*}\n"
    "            [[ $line != *= ]] || compopt -o nospace\n"
    "            COMPREPLY+=(\"$(printf %q \"$line\")\")\n"
    "            ;;\n"
    "        esac\n"
    "    done < <(\"${COMP_WORDS[0]}\" complete -- \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null)\n"
    "}\n"
    "complete -F _fornix fornix\n";

static const char zsh_script[] =
    "#compdef fornix\n"
    "# Completion of fornix in zsh: made by `fornix complete zsh`.\n"
    "local line name\n"
    "local -a names params\n"
    "for line in \"${(@f)$(\"${(Q)words[1]}\" complete -- \"${(@Q)words[2,CURRENT]}\" "
    "2>/dev/null)}\"; do\n"
    "    name=${line%%$'\\t'*}\n"
    "    case $line in\n"
    "    :folders) _files -/ ;;\n"
    "    :files) _files ;;\n"
    "    :files*) _files -g \"*.${line#:files }\" ;;\n"
    "    *=$'\\t'*) params+=(\"${name//:/\\\\:}:${line#*$'\\t'}\") ;;\n"
    "    ?*) names+=(\"${name//:/\\\\:}:${line#*$'\\t'}\") ;;\n"
    "    esac\n"
    "done\n"
    "(( ! $#names )) || _describe fornix names\n"
    "(( ! $#params )) || _describe fornix params -S ''\n";

bool completion_script(FILE *out, const char *shell)
{
    bool bash = strcmp(shell, "bash") == 0, zsh = strcmp(shell, "zsh") == 0;
    if (bash || zsh)
        fputs(bash ? bash_script : zsh_script, out);
    return bash || zsh;
}

/* ---- Offers ---- */

typedef struct Asked {
    FILE *out;
    const Usage *usage;
    int count;
    const char *const *words;
    const char *word; /* the last one: how what is offered begins */
} Asked;

/* In a line: docs may have several. */
static void offer(const Asked *asked, const char *name, const char *doc)
{
    if (strncmp(name, asked->word, strlen(asked->word)) != 0)
        return;
    fprintf(asked->out, "%s\t", name);
    for (doc = doc ? doc : ""; *doc; doc++)
        fputc(*doc == '\n' || *doc == '\t' ? ' ' : *doc, asked->out);
    fputc('\n', asked->out);
}

static void offer_commands(const Asked *asked)
{
    for (const Command *c = asked->usage->commands; c->name; c++)
        offer(asked, c->name, c->doc);
}

static void offer_options(const Asked *asked, const Command *command)
{
    for (const Option *o = asked->usage->options; o->word; o++)
        if (usage_takes(command, o->word))
            offer(asked, o->word, o->doc);
}

static void offer_nodes(const Asked *asked)
{
    Registry *registry = registry_new();
    size_t count;
    const char *const *names = registry_names(registry, &count);
    for (const LanguageWord *word = language_words; word->node; word++)
        offer(asked, word->node->name, word->node->doc);
    for (size_t k = 0; k < count; k++)
        offer(asked, names[k], NULL); /* without loading them all */
    registry_free(registry);
}

/* ---- What a graph file holds ---- */

static bool is_stage(const Element *element)
{
    return strcmp(element->name, "train") == 0 || strcmp(element->name, "apply") == 0 ||
           strcmp(element->name, "generate") == 0 || strcmp(element->name, "filter") == 0;
}

/* Behind "name=", the words that are known to be possible. */
static void offer_param(const Asked *asked, const Param *param, Arena *memory)
{
    size_t length = strlen(param->name), count = 0;
    if (strncmp(asked->word, param->name, length) != 0 || asked->word[length] != '=') {
        offer(asked, arena_format(memory, "%s=", param->name),
              arena_format(memory, "%s, now %s: %s", param->type, param->value ? param->value : "",
                           param->doc));
        return;
    }
    const char *of = strcmp(param->type, "bool") == 0 ? "yes no" : param->of;
    char **words = text_split(of ? of : "", &count);
    for (size_t k = 0; k < count; k++)
        offer(asked, arena_format(memory, "%s=%s", param->name, words[k]), NULL);
    text_split_free(words);
}

static void offer_graph(const Asked *asked, const char *what)
{
    const char *path = NULL;
    for (int k = 1; k + 1 < asked->count && !path; k++) {
        size_t length = strlen(asked->words[k]);
        if (length > 4 && strcmp(asked->words[k] + length - 4, ".xml") == 0)
            path = asked->words[k];
    }
    if (!path)
        return;
    Arena *memory = arena_new();
    Diag *diag = diag_new();
    const Expansion *graph = expand_file(&(ExpandRequest){.path = path}, diag, memory);
    for (size_t k = 0; graph && *what == 'n' && k < graph->param_count; k++)
        offer_param(asked, &graph->params[k], memory);
    for (const Element *e = graph && graph->root ? graph->root->first : NULL; e; e = e->next)
        if (e->id &&
            ((*what == 'I' && is_stage(e)) || (*what == 'N' && strcmp(e->name, "net") == 0)))
            offer(asked, e->id, element_value(e, "doc"));
    diag_free(diag);
    arena_free(memory);
}

/* ---- By what a command says of its arguments ---- */

/* "layer|loss": one of them. */
static void offer_choices(const Asked *asked, const char *choices)
{
    for (const char *at = choices; *at; at += *at == '|') {
        size_t length = strcspn(at, "|");
        Text choice = {0};
        text_add_slice(&choice, at, length);
        offer(asked, text_value(&choice), NULL);
        text_free(&choice);
        at += length;
    }
}

static void offer_for(const Asked *asked, const char *what, size_t length)
{
    static const char *const graph[] = {"name=value", "ID", "NET"};
    Text name = {0};
    text_add_slice(&name, what, length);
    const char *word = text_value(&name), *suffix = strchr(word, '.');
    bool done = false;
    for (size_t k = 0; k < COUNT(graph); k++)
        if (strcmp(word, graph[k]) == 0) {
            offer_graph(asked, word);
            done = true;
        }
    if (done || strcmp(word, "N") == 0 || strcmp(word, "NAME") == 0) {
    } else if (strcmp(word, "COMMAND") == 0) {
        offer_commands(asked);
    } else if (strcmp(word, "NODE") == 0) {
        offer_nodes(asked);
    } else if (strcmp(word, "PAGE") == 0) {
        offer(asked, "fornix", "the commands");
        offer(asked, "fornix-graph", "the language");
    } else if (strcmp(word, "SHELL") == 0) {
        offer(asked, "bash", NULL);
        offer(asked, "zsh", NULL);
    } else if (strcmp(word, "DIR") == 0 || strcmp(word, "RUN") == 0) {
        fputs(":folders\n", asked->out);
    } else if (strcmp(word, "FILE") == 0) {
        fputs(":files xml\n", asked->out);
    } else if (*word >= 'A' && *word <= 'Z') {
        fprintf(asked->out, ":files%s%s\n", suffix ? " " : "", suffix ? suffix + 1 : "");
    } else if (*word >= 'a' && *word <= 'z') {
        offer_choices(asked, word);
    }
    text_free(&name);
}

/* What is no option in "FILE [-p name=value]... [--json]", "NODE | --html [-o DIR]". */
static void offer_words(const Asked *asked, const Command *command)
{
    const char *at = command->arguments;
    while (*(at += strspn(at, " "))) {
        size_t length = strcspn(at, " ");
        size_t start = at[0] == '[', end = strcspn(at + start, " ].");
        bool option = at[start] == '-';
        if (!option)
            offer_for(asked, at + start, at[start + end] == '.' ? strcspn(at + start, " ]") : end);
        bool whole = strchr("].", at[length - 1]) != NULL;
        at += length;
        at += strspn(at, " ");
        if (option && !whole && *at && *at != '[' && *at != '|')
            at += strcspn(at, " "); /* the option's value */
    }
}

static const Option *find_option(const Asked *asked, const Command *command, const char *word)
{
    for (const Option *o = asked->usage->options; o->word; o++)
        if (strcmp(o->word, word) == 0 && usage_takes(command, word))
            return o;
    return NULL;
}

void completion_words(FILE *out, const Usage *usage, int count, const char *const *words)
{
    if (count < 1)
        return;
    Asked asked = {out, usage, count, words, words[count - 1]};
    if (count == 1) {
        offer_commands(&asked);
        return;
    }
    const Command *command = usage->commands;
    while (command->name && strcmp(command->name, words[0]) != 0)
        command++;
    if (!command->name)
        return;
    const Option *option = count > 2 ? find_option(&asked, command, words[count - 2]) : NULL;
    size_t length = 0;
    const char *value =
        option && option->kind != FLAG ? usage_value(command, option->word, &length) : NULL;
    if (value && length == strlen("FILE") && strncmp(value, "FILE", length) == 0)
        fputs(":files\n", out); /* no graph, as the FILE of a command is */
    else if (value)
        offer_for(&asked, value, length);
    else if (asked.word[0] == '-')
        offer_options(&asked, command);
    else
        offer_words(&asked, command);
}
