/* SPDX-License-Identifier: GPL-3.0-or-later */
/* <use>: a net in a body, with its inputs bound and its weights named. */
#include <string.h>

#include "file.h"
#include "infer_parts.h"

static bool same_word(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static const NetDefinition *find_net(Body *body, const Element *use)
{
    const Attribute *net = element_attribute(use, "net");
    if (!net) {
        diag_error(body->request.diag, use->place, "<use> needs net, the net to use");
        return NULL;
    }
    const char **names =
        arena_take(body->memory, (size_t)body->request.net_count + 1, sizeof *names);
    for (int k = 0; k < body->request.net_count; k++) {
        names[k] = body->request.nets[k].name;
        if (same_word(names[k], net->value))
            return &body->request.nets[k];
    }
    const char *near = text_suggest(net->value, names, (size_t)body->request.net_count);
    diag_error_help(body->request.diag, net->value_place,
                    near ? arena_format(body->memory, "did you mean '%s'?", near) : NULL,
                    "there is no net '%s'", net->value);
    return NULL;
}

static int net_number(Body *body, const char *name, Place place)
{
    Graph *graph = &body->graph;
    int known = body_net(body, name);
    if (known >= 0)
        return known;
    if (graph->net_count == NETS_MOST) {
        diag_error(body->request.diag, place, "a stage can use at most %d nets", NETS_MOST);
        return -1;
    }
    graph->nets[graph->net_count] = (Net){.name = name, .weights = ""};
    return graph->net_count++;
}

static bool read_spectral(Body *body, const NetDefinition *definition, Net *net)
{
    const Attribute *spectral = element_attribute(definition->element, "spectral");
    net->spectral = spectral && same_word(spectral->value, "yes");
    if (!spectral || net->spectral || same_word(spectral->value, "no"))
        return true;
    diag_error(body->request.diag, spectral->value_place,
               "net '%s': spectral is '%s', not one of: no, yes", net->name, spectral->value);
    return false;
}

/* "x.safetensors" and anything with a slash is a file, seen from the graph's folder. */
static bool read_weights(Body *body, const Attribute *weights, Net *net)
{
    size_t length = strlen(weights->value);
    net->weights = weights->value;
    net->weights_place = weights->value_place;
    net->weights_file = strchr(weights->value, '/') ||
                        (length > 12 && same_word(weights->value + length - 12, ".safetensors"));
    if (!net->weights_file)
        return true;
    const AttrResolver *resolver = body->request.resolver;
    if (resolver && resolver->net_file) {
        FornixError error = {0};
        const char *kept = resolver->net_file(resolver->context, net->name, &error);
        if (error.text[0])
            diag_error(body->request.diag, weights->value_place, "%s", error.text);
        net->weights = kept ? kept : "";
        return kept != NULL;
    }
    const Source *source = weights->place.source;
    char *folder = file_folder(source ? source->name : "."), *path;
    path = file_join(folder, weights->value);
    net->weights = arena_text(body->memory, path);
    mem_free(folder);
    mem_free(path);
    return true;
}

static bool read_load(Body *body, const Element *use, Net *net)
{
    const Attribute *weights = element_attribute(use, "weights");
    const Attribute *load = element_attribute(use, "load");
    const Attribute *except = element_attribute(use, "except");
    if (!weights) {
        const Attribute *odd = load ? load : except;
        if (odd)
            diag_error(body->request.diag, odd->place,
                       "%s says how weights= is loaded, and "
                       "there is no weights=",
                       odd->name);
        return !odd;
    }
    const char *before = net->weights;
    if (!read_weights(body, weights, net))
        return false;
    if (*before && !same_word(before, net->weights)) {
        diag_error(body->request.diag, weights->value_place,
                   "net '%s' has its weights from '%s' already: all uses of a net in a stage "
                   "share one set",
                   net->name, before);
        return false;
    }
    if (except)
        net->except = except->value;
    if (load && !same_word(load->value, "all") && !same_word(load->value, "matching")) {
        diag_error_help(body->request.diag, load->value_place, "'all' or 'matching'",
                        "load can't be '%s'", load->value);
        return false;
    }
    net->load_matching = load && same_word(load->value, "matching");
    return true;
}

/* misnamed: an attribute of the use was told to be none; it may be the missing one. */
static bool bind_input(Body *body, Scope *scope, const Element *use, Binding *binding,
                       bool misnamed)
{
    const Attribute *given = element_attribute(use, binding->name);
    if (!given && misnamed)
        return false;
    if (!given) {
        diag_error(body->request.diag, use->place, "<use>: the net's input '%s' is not given",
                   binding->name);
        return false;
    }
    binding->value = body_value_in(body, scope, use, given);
    return binding->value != NULL;
}

static const char *net_inputs(Body *body, const Scope *inside)
{
    const char *inputs = "";
    for (int k = 0; k < inside->binding_count; k++)
        inputs =
            arena_format(body->memory, "%s%s'%s'", inputs, k ? ", " : "", inside->bindings[k].name);
    return inputs;
}

static bool check_use_attributes(Body *body, const Element *use, const Scope *inside)
{
    enum { ROOM = 16 }; /* the attributes of every use */
    const char **names =
        arena_take(body->memory, ROOM + (size_t)inside->binding_count + 1, sizeof *names);
    size_t count = 0, commons;
    for (int k = 0; k < inside->binding_count; k++)
        if (!element_attribute(use, inside->bindings[k].name))
            names[count++] = inside->bindings[k].name;
    for (int k = 0; k < inside->binding_count; k++)
        if (element_attribute(use, inside->bindings[k].name))
            names[count++] = inside->bindings[k].name;
    for (const FornixAttr *attr = language_use.attrs; attr->name; attr++)
        names[count++] = attr->name;
    const FornixAttr *common = attr_commons(&language_use, &commons);
    for (size_t k = 0; k < commons; k++)
        names[count++] = common[k].name;
    bool fine = true;
    for (size_t a = 0; a < use->attribute_count; a++) {
        const Attribute *attribute = &use->attributes[a];
        bool known = false;
        for (size_t k = 0; k < count; k++)
            known = known || same_word(names[k], attribute->name);
        if (known)
            continue;
        const char *near = text_suggest(attribute->name, names, count);
        const char *inputs = net_inputs(body, inside);
        const char *help = near      ? arena_format(body->memory, "did you mean '%s'?", near)
                           : *inputs ? arena_format(body->memory, "its net takes %s", inputs)
                                     : "its net takes no input";
        diag_error_help(body->request.diag, attribute->place, help, "<use>: no attribute '%s'",
                        attribute->name);
        fine = false;
    }
    return fine;
}

bool body_build_use(Body *body, Scope *scope, Item *item)
{
    const Element *use = item->element;
    const NetDefinition *net = find_net(body, use);
    int number = net ? net_number(body, net->name, use->place) : -1;
    if (number < 0)
        return false;
    if (body->open_nets >> number & 1) {
        diag_error(body->request.diag, use->place, "net '%s' contains itself", net->name);
        return false;
    }
    Scope *inside = scope_inside(body, scope, item);
    inside->net = number;
    inside->net_path = "";
    size_t words = 0;
    char **inputs = text_split(
        element_value(net->element, "input") ? element_value(net->element, "input") : "", &words);
    inside->bindings = arena_take(body->memory, words + 1, sizeof(Binding));
    for (size_t k = 0; k < words; k++)
        inside->bindings[inside->binding_count++] =
            (Binding){arena_text(body->memory, inputs[k]), NULL};
    text_split_free(inputs);
    bool named = check_use_attributes(body, use, inside), fine = named;
    fine = read_load(body, use, &body->graph.nets[number]) && fine;
    fine = read_spectral(body, net, &body->graph.nets[number]) && fine;
    for (int k = 0; k < inside->binding_count; k++)
        fine = bind_input(body, scope, use, &inside->bindings[k], !named) && fine;
    scope_fill(body, inside, net->element);
    item->inside = inside;
    body->open_nets |= (uint64_t)1 << number;
    fine = fine && body_build_scope(body, inside);
    body->open_nets &= ~((uint64_t)1 << number);
    return fine;
}
