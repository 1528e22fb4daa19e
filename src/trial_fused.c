/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A fused node against the chain that it replaces: the same output and the same gradients, within
 * rounding. The chain is made of the examples of its parts, all combinations that can be linked;
 * fuse tells the attributes. */
#include <math.h>
#include <string.h>

#include "attr.h"
#include "base.h"
#include "trial_parts.h"

enum { PARTS_MOST = 6, COMBINATIONS_MOST = 48 };
static const double tolerance = 1e-4; /* of the largest number of a tensor */

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

/* ---- The fused node for a chain ---- */

static const Node *link_node(const Graph *graph, const FornixNode *type, int k)
{
    for (int n = 0; n < graph->node_count; n++)
        if (graph->nodes[n]->type == type && strncmp(graph->nodes[n]->path, "u/", 2) == 0 &&
            k-- == 0)
            return graph->nodes[n];
    return NULL;
}

/* The fused element that fuse makes of the chain's attributes; false: it does not serve them. */
static bool fused_text(const Chain *chain, const Example *example, Text *text)
{
    const FornixNode *type = chain->trial->type;
    const void *parts[PARTS_MOST];
    const bool in_net_inputs[1] = {true};
    for (int k = 0; k < chain->count; k++) {
        int before = 0;
        for (int j = 0; j < k; j++)
            before += chain->part[j] == chain->part[k];
        const Node *node = link_node(example->graph, chain->part[k], before);
        if (!node)
            return false;
        parts[k] = node->attrs;
    }
    void *attrs = arena_take(example->arena, 1, type->attrs_size + 1);
    if (!type->layer->fuse(attrs, parts, in_net_inputs))
        return false;
    text_format(text, "<%s id=\"t\" %s=\"%s\" ", type->name, type->inputs[0].name,
                example->given[0].name);
    const Element bare = {.name = type->name};
    attr_canonical(type, &bare, attrs, text);
    text_add(text, "/>");
    return true;
}

/* ---- Both in the engine ---- */

static bool near(const char *what, int64_t floats, const float *a, const float *b, Fault *fault)
{
    double scale = 1e-6;
    for (int64_t i = 0; i < floats; i++)
        scale = fmax(scale, fabs((double)a[i]));
    for (int64_t i = 0; i < floats; i++)
        if (!(fabs((double)a[i] - (double)b[i]) <= tolerance * scale))
            return fault_set(fault, TRIAL_FUSED, "number %lld of %s is %.9g, and of the chain %.9g",
                             (long long)i, what, (double)b[i], (double)a[i]);
    return true;
}

/* Weights of the net "n" stand for one another in their order, kept ones among themselves. */
static WeightTensor *net_weight(const Machine *machine, bool kept, int number)
{
    for (size_t k = 0; k < weights_count(machine->weights); k++) {
        WeightTensor *weight = weights_at(machine->weights, k);
        if (strncmp(weight->name, "n/", 2) == 0 && weight->kept == kept && number-- == 0)
            return weight;
    }
    return NULL;
}

static bool weights_take_over(const Machine *chain, const Machine *fused, Fault *fault)
{
    for (int kept = 0; kept < 2; kept++)
        for (int k = 0;; k++) {
            const WeightTensor *from = net_weight(chain, kept, k);
            WeightTensor *to = net_weight(fused, kept, k);
            if (!from && !to)
                break;
            if (!from || !to || !shape_equal(from->shape, to->shape))
                return fault_set(fault, TRIAL_FUSED,
                                 "its weights are not those of the chain, in the chain's order");
            memcpy(to->data, from->data, (size_t)shape_bytes(from->shape));
        }
    return true;
}

static bool gradients_near(const Machine *chain, const Machine *fused, Fault *fault)
{
    for (int k = 0;; k++) {
        const WeightTensor *a = net_weight(chain, false, k), *b = net_weight(fused, false, k);
        if (!a)
            break;
        if (!near("the gradient of a weight", fornix_floats(a->shape), a->moment[0], b->moment[0],
                  fault))
            return false;
    }
    for (size_t k = 0; k < weights_count(chain->weights); k++) {
        const WeightTensor *a = weights_at(chain->weights, k);
        const WeightTensor *b = weights_find(fused->weights, a->name);
        if (strncmp(a->name, "given/", 6) == 0 && b &&
            !near("the gradient of the input", fornix_floats(a->shape), a->moment[0], b->moment[0],
                  fault))
            return false;
    }
    return true;
}

static bool outputs_near(const Machine *chain, const Machine *fused, Fault *fault)
{
    FornixView a = plan_wanted(chain->plan, 0), b = plan_wanted(fused->plan, 0);
    if (!shape_equal(a.shape, b.shape))
        return fault_set(fault, TRIAL_FUSED, "its output has another shape than the chain's");
    return near("the output", fornix_floats(a.shape), a.data, b.data, fault);
}

static bool machines_near(Trial *trial, const Example *chain, const Example *fused, Fault *fault)
{
    Machine a, b;
    trial_doing(trial, "the engine, which compares it with the chain");
    bool fine = machine_open(&a, chain, "l", 0);
    fine = machine_open(&b, fused, "l", 0) && fine;
    if (!fine)
        fault_set(fault, TRIAL_FUSED, "the engine does not take it: %s%s", a.error.text,
                  b.error.text);
    fine = fine && weights_take_over(&a, &b, fault);
    fine = fine && machine_run(&a, 1, 1, 0) && machine_run(&b, 1, 1, 0) &&
           outputs_near(&a, &b, fault) && gradients_near(&a, &b, fault);
    machine_close(&a);
    machine_close(&b);
    return fine;
}

static const ExampleSetting measured = {.behind = "<trial_measure id=\"l\" x=\"u/t\"/>",
                                        .sources = true};

/* One combination; false after a fault. A chain that can't be linked says nothing. */
static bool combination_agrees(Chain *chain, Fault *fault)
{
    Text elements = {0}, fused = {0}, given = {0};
    FornixError error = {0};
    Example a = {.name = NULL}, b = {.name = NULL};
    text_add_slice(&given, chain->line[0], strcspn(chain->line[0], "|"));
    bool fine = true;
    if (chain_text(chain, &elements) &&
        example_make(&a, "chain", text_value(&given), text_value(&elements), &error) &&
        a.given_count == 1 && example_open(&a, chain->trial->registry, &measured, &error) &&
        fused_text(chain, &a, &fused)) {
        chain->served++;
        fine = example_make(&b, chain->trial->type->name, text_value(&given), text_value(&fused),
                            &error) &&
               example_open(&b, chain->trial->registry, &measured, &error);
        if (!fine)
            fault_set(fault, TRIAL_FUSED, "what fuse makes of the chain is refused: %s",
                      error.text);
        fine = fine && machines_near(chain->trial, &a, &b, fault);
        example_close(&b);
    }
    if (a.arena)
        example_close(&a);
    if (!fine) {
        size_t length = strlen(fault->text);
        snprintf(fault->text + length, sizeof fault->text - length, "; the chain is %s",
                 text_value(&elements));
    }
    text_free(&elements);
    text_free(&fused);
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
