/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A fused node against the chain that it replaces: the same bits of output, gradients and states.
 * The chain is made of the examples of its parts, all combinations that can be linked; the engine
 * runs it as it stands, and with the fused node at work. */
#include <string.h>

#include "base.h"
#include "trial_parts.h"

enum { PARTS_MOST = 6, COMBINATIONS_MOST = 48 };
static const ExampleSetting measured = {.behind = "<trial_measure id=\"l\" x=\"u/t\"/>",
                                        .sources = true};

typedef struct Chain {
    Trial *trial;
    const FornixNode *part[PARTS_MOST];
    const char *line[PARTS_MOST]; /* of its example, in this combination */
    int count;
    int served; /* combinations that fuse took */
} Chain;

/* ---- Text ---- */

static void add_quoted(Text *text, const char *name, const char *value)
{
    text_format(text, " %s=\"", name);
    for (; *value; value++)
        if (strchr("<&\"", *value))
            text_format(text, "&#%d;", *value);
        else
            text_add_slice(text, value, 1);
    text_add(text, "\"");
}

static bool is_input(const FornixNode *type, const char *name)
{
    for (const FornixPort *port = type->inputs; port && port->name; port++)
        if (strcmp(port->name, name) == 0)
            return true;
    return false;
}

/* The element of a part's example as link k of the chain; false: it has more than one input. */
static bool add_link(Chain *chain, int k, const Element *element, Text *text)
{
    const FornixNode *type = chain->part[k];
    bool last = k == chain->count - 1;
    text_format(text, "<%s id=\"", type->name);
    text_format(text, last ? "t\"" : "t%d\"", k);
    for (size_t a = 0; a < element->attribute_count; a++) {
        const Attribute *attribute = &element->attributes[a];
        if (strcmp(attribute->name, "id") == 0)
            continue;
        if (!is_input(type, attribute->name))
            add_quoted(text, attribute->name, attribute->value);
        else if (strcmp(attribute->name, type->inputs[0].name) != 0 ||
                 strchr(attribute->value, ' '))
            return false;
        else if (k == 0)
            add_quoted(text, attribute->name, attribute->value);
        else
            text_format(text, " %s=\"t%d\"", attribute->name, k - 1);
    }
    text_add(text, "/>");
    return true;
}

static bool chain_text(Chain *chain, Text *text)
{
    bool fine = true;
    for (int k = 0; k < chain->count && fine; k++) {
        Example part;
        FornixError error = {0};
        fine = example_read(&part, chain->part[k]->name, chain->line[k], &error);
        const Element *xml =
            fine ? expand_fragment("<example>", part.element, part.diag, part.arena) : NULL;
        fine = xml && xml->first && diag_errors(part.diag) == 0 &&
               add_link(chain, k, xml->first, text);
        example_close(&part);
    }
    return fine;
}

/* ---- Both in the engine ---- */

/* Whether the engine lets the fused node act for the chain. */
static bool is_served(const Chain *chain, const Graph *graph)
{
    for (int n = 0; n < graph->node_count; n++)
        if (graph->nodes[n]->fused && graph->nodes[n]->fused->type == chain->trial->type &&
            strcmp(graph->nodes[n]->path, "u/t") == 0)
            return true;
    return false;
}

static bool same(const char *what, int64_t floats, const float *a, const float *b, Fault *fault)
{
    for (int64_t i = 0; i < floats; i++)
        if (!(a[i] == b[i]))
            return fault_set(fault, TRIAL_FUSED, "number %lld of %s is %.9g, and of the chain %.9g",
                             (long long)i, what, (double)b[i], (double)a[i]);
    return true;
}

static bool same_gradients(const Machine *chain, const Machine *fused, Fault *fault)
{
    for (size_t k = 0; k < weights_count(chain->weights); k++) {
        const WeightTensor *a = weights_at(chain->weights, k);
        const WeightTensor *b = weights_find(fused->weights, a->name);
        if (!b || (!a->kept && !a->moment[0]))
            continue;
        if (!same(a->name, fornix_floats(a->shape), a->kept ? a->data : a->moment[0],
                  b->kept ? b->data : b->moment[0], fault))
            return false;
    }
    return true;
}

static bool same_output(const Machine *chain, const Machine *fused, Fault *fault)
{
    FornixView a = plan_wanted(chain->plan, 0), b = plan_wanted(fused->plan, 0);
    return same("the output", fornix_floats(a.shape), a.data, b.data, fault);
}

static bool same_machines(Trial *trial, const Example *chain, Fault *fault)
{
    Machine a, b;
    trial_doing(trial, "the engine, which compares it with the chain");
    bool fine = machine_open(&a, chain, "l", 0, true);
    fine = machine_open(&b, chain, "l", 0, false) && fine;
    if (!fine)
        fault_set(fault, TRIAL_FUSED, "the engine does not take it: %s%s", a.error.text,
                  b.error.text);
    fine = fine && machine_run(&a, 1, 1, 0) && machine_run(&b, 1, 1, 0) &&
           same_output(&a, &b, fault) && same_gradients(&a, &b, fault);
    machine_close(&a);
    machine_close(&b);
    return fine;
}

/* One combination; false after a fault. A chain that can't be linked says nothing. */
static bool combination_agrees(Chain *chain, Fault *fault)
{
    Text elements = {0}, given = {0};
    FornixError error = {0};
    Example example = {.name = NULL};
    text_add_slice(&given, chain->line[0], strcspn(chain->line[0], "|"));
    bool fine = true;
    if (chain_text(chain, &elements) &&
        example_make(&example, "chain", text_value(&given), text_value(&elements), &error) &&
        example.given_count == 1 &&
        example_open(&example, chain->trial->registry, &measured, &error) &&
        is_served(chain, example.graph)) {
        chain->served++;
        fine = same_machines(chain->trial, &example, fault);
    }
    if (example.arena)
        example_close(&example);
    if (!fine) {
        size_t length = strlen(fault->text);
        snprintf(fault->text + length, sizeof fault->text - length, "; the chain is %s",
                 text_value(&elements));
    }
    text_free(&elements);
    text_free(&given);
    return fine;
}

/* ---- All combinations ---- */

static bool combine(Chain *chain, int k, int *left, Fault *fault)
{
    if (*left <= 0)
        return true;
    if (k == chain->count) {
        --*left;
        return combination_agrees(chain, fault);
    }
    EACH_EXAMPLE(line, chain->part[k])
    {
        chain->line[k] = line;
        if (!combine(chain, k + 1, left, fault))
            return false;
    }
    return true;
}

static bool find_parts(Chain *chain, Fault *fault)
{
    size_t count;
    char **names = text_split(chain->trial->type->layer->fuses, &count);
    bool fine = count >= 1 && count <= PARTS_MOST;
    if (!fine)
        fault_set(fault, TRIAL_FUSED, "fuses has to name 1 to %d nodes", (int)PARTS_MOST);
    for (size_t k = 0; k < count && fine; k++) {
        const Plugin *plugin = registry_find(chain->trial->registry, names[k]);
        fine = plugin && plugin->node->layer && plugin->node->inputs;
        if (!fine)
            fault_set(fault, TRIAL_FUSED, "fuses names '%s', which is no layer that is found here",
                      names[k]);
        else
            chain->part[chain->count++] = plugin->node;
    }
    text_split_free(names);
    return fine;
}

void trial_fused(Trial *trial)
{
    Chain chain = {.trial = trial};
    Fault fault = {.check = TRIAL_FUSED, .text = "the engine fails to run it"};
    int left = COMBINATIONS_MOST;
    trial_checks(trial, TRIAL_FUSED);
    trial_doing(trial, "fuse");
    if (!find_parts(&chain, &fault) || !combine(&chain, 0, &left, &fault))
        trial_fail(trial, fault.check, "%s", fault.text);
    else if (!chain.served)
        trial_fail(trial, TRIAL_FUSED,
                   "fuse serves none of the chains that the examples of '%s' make",
                   trial->type->layer->fuses);
}
