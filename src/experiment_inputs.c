/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the ports of outer nodes are connected to. */
#include <string.h>

#include "experiment_parts.h"

Outer *experiment_outer(Experiment *x, const Element *element)
{
    for (int k = 0; k < x->node_count; k++)
        if (x->nodes[k].element == element)
            return &x->nodes[k];
    return NULL;
}

unsigned outer_kind(const Outer *outer)
{
    return outer->type->outputs && outer->type->outputs[0].name ? outer->type->outputs[0].kinds : 0;
}

static void add_input(Experiment *x, Outer *outer, OuterInput input)
{
    OuterInput *inputs = arena_take(x->memory, (size_t)outer->input_count + 1, sizeof *inputs);
    if (outer->input_count)
        memcpy(inputs, outer->inputs, (size_t)outer->input_count * sizeof *inputs);
    inputs[outer->input_count++] = input;
    outer->inputs = inputs;
}

typedef struct {
    const Experiment *experiment;
    unsigned kinds;
} Wanted;

/* Weights are named by weights= alone, and nets work in stages. */
static bool gives_kind(const void *context, const Element *element)
{
    const Wanted *wanted = context;
    const LanguageWord *word = language_word(element->name);
    const Plugin *plugin = word ? NULL : registry_find(wanted->experiment->registry, element->name);
    const FornixPort *out = word ? word->node->outputs : plugin ? plugin->node->outputs : NULL;
    return out && (out->kinds & wanted->kinds) && !(word && word->node == &language_train);
}

const char *experiment_suggest_table(Experiment *x, const Element *from, const FornixPort *port,
                                     const char *id)
{
    const Wanted wanted = {x, port->kinds};
    return element_suggest(from, id, &(ElementFits){gives_kind, &wanted}, x->memory);
}

static bool input_unknown(Experiment *x, const Element *from, const FornixPort *port, Place place,
                          const char *id)
{
    const char *near = experiment_suggest_table(x, from, port, id);
    diag_error_help(x->diag, place,
                    near ? arena_format(x->memory, "did you mean '%s'?", near) : NULL,
                    "nothing in the graph has the id '%s'", id);
    return false;
}

static bool connect_one(Experiment *x, Outer *outer, int port, const Element *element, Place place)
{
    const FornixPort *what = &outer->type->inputs[port];
    Outer *from = experiment_outer(x, element);
    if (!from) {
        diag_error(x->diag, place, "'%s' is a <%s>, not a table", element->id, element->name);
        return false;
    }
    if (from->check == OUTER_OPEN) {
        diag_error(x->diag, place, "'%s' depends on itself through '%s': a cycle", outer->id,
                   from->id);
        return false;
    }
    if (!experiment_check(x, from))
        return false;
    if (!(outer_kind(from) & what->kinds)) {
        diag_error(x->diag, place, "%s '%s': %s takes %s, but '%s' is %s", outer->type->name,
                   outer->id, what->name, kinds_text(x->memory, what->kinds), from->id,
                   from->stage_kind == STAGE_TRAIN ? "weights, to be named by weights="
                                                   : kinds_text(x->memory, outer_kind(from)));
        return false;
    }
    add_input(x, outer, (OuterInput){from, from->id, port});
    return true;
}

static bool connect_words(Experiment *x, Outer *outer, int port, const Attribute *attribute)
{
    bool fine = true;
    int found = 0;
    const char *text = attribute->value;
    for (size_t at = strspn(text, " \t\n\r"); text[at];) {
        size_t length = strcspn(text + at, " \t\n\r"), count = 0;
        const char *id = arena_slice(x->memory, text + at, length);
        Place place = attribute_part(attribute, at, length);
        const Element *const *elements = element_find_all(outer->element, id, &count, x->memory);
        bool open = !count && (outer->type->inputs[port].flags & FORNIX_OPTIONAL) &&
                    element_absent(outer->element, id);
        if (open)
            add_input(x, outer, (OuterInput){NULL, id, port});
        else if (!count)
            fine = input_unknown(x, outer->element, &outer->type->inputs[port], place, id);
        for (size_t k = 0; k < count; k++)
            fine = connect_one(x, outer, port, elements[k], place) && fine;
        found += (int)count + open;
        at += length;
        at += strspn(text + at, " \t\n\r");
    }
    if (fine && found != 1 && !(outer->type->inputs[port].flags & FORNIX_MANY)) {
        diag_error(x->diag, attribute->value_place, "%s '%s': %s takes one table, not %d",
                   outer->type->name, outer->id, attribute->name, found);
        return false;
    }
    return fine;
}

bool outer_connect(Experiment *x, Outer *outer)
{
    bool fine = true;
    for (int p = 0; outer->type->inputs && outer->type->inputs[p].name; p++) {
        const FornixPort *port = &outer->type->inputs[p];
        const Attribute *attribute = element_attribute(outer->element, port->name);
        if (attribute)
            fine = connect_words(x, outer, p, attribute) && fine;
        else if (port->flags & FORNIX_OPTIONAL)
            add_input(x, outer, (OuterInput){NULL, port->name, p});
        else {
            if (!outer->element->faulty)
                diag_error(x->diag, outer->element->place, "%s '%s' needs %s (%s)",
                           outer->type->name, outer->id, port->name, port->doc);
            fine = false;
        }
    }
    return fine;
}
