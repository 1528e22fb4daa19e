/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "descriptor.h"

#include <string.h>

#include "attr.h"
#include "base.h"

static const char *const families[] = {"layer",     "composite", "samples",
                                       "optimizer", "schedule",  "language"};

const char *family_name(Family family)
{
    return families[family];
}

Family descriptor_family(const FornixNode *node)
{
    return node->layer       ? FAMILY_LAYER
           : node->composite ? FAMILY_COMPOSITE
           : node->samples   ? FAMILY_SAMPLES
           : node->optimizer ? FAMILY_OPTIMIZER
           : node->schedule  ? FAMILY_SCHEDULE
                             : FAMILIES;
}

void descriptor_kinds(unsigned kinds, Text *out)
{
    static const char *const names[] = {"image",  "mask",        "label", "weight", "feature",
                                        "logits", "probability", "noise", "loss",   "metric",
                                        "table",  "fit",         "scores"};
    static const struct {
        unsigned kinds;
        const char *name;
    } sets[] = {{FORNIX_ANY_TENSOR, "any tensor"},
                {FORNIX_DATA, "any tensor but losses and metrics"},
                {FORNIX_VALUES, "image, feature, logits, probability or noise"}};
    for (size_t i = 0; i < COUNT(sets); i++) {
        if (kinds == sets[i].kinds) {
            text_add(out, sets[i].name);
            return;
        }
    }
    for (size_t i = 0; i < COUNT(names); i++) {
        unsigned later = kinds >> (i + 1);
        if (!(kinds >> i & 1))
            continue;
        text_add(out, names[i]);
        if (later)
            text_add(out, later & (later - 1) ? ", " : " or ");
    }
}

/* ---- What is checked --------------------------------------------------------------------- */

bool descriptor_name_good(const char *name)
{
    if (!name || *name < 'a' || *name > 'z')
        return false;
    return name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

static bool text_there(const char *text)
{
    return text && *text;
}

static bool attrs_check(const FornixNode *node, FornixError *error)
{
    for (const FornixAttr *attr = node->attrs; attr && attr->name; attr++) {
        if (!descriptor_name_good(attr->name))
            return fornix_fail(error, "'%s' is no name for an attribute", attr->name);
        if (attr_common(node, attr->name))
            return fornix_fail(error, "attribute '%s' belongs to the engine", attr->name);
        for (const FornixAttr *before = node->attrs; before < attr; before++)
            if (strcmp(before->name, attr->name) == 0)
                return fornix_fail(error, "attribute '%s' is there twice", attr->name);
        if (!attr_check(attr, node->attrs_size, error))
            return false;
    }
    return true;
}

static bool ports_check(const FornixPort *ports, FornixError *error)
{
    for (const FornixPort *port = ports; port && port->name; port++) {
        if (!descriptor_name_good(port->name))
            return fornix_fail(error, "'%s' is no name for a port", port->name);
        if (!text_there(port->doc))
            return fornix_fail(error, "port '%s' has no doc", port->name);
        for (const FornixPort *before = ports; before < port; before++)
            if (strcmp(before->name, port->name) == 0)
                return fornix_fail(error, "port '%s' is there twice", port->name);
    }
    return true;
}

/* Attributes and input ports share the element's attributes as their one space of names. */
static bool inputs_check(const FornixNode *node, unsigned kinds, FornixError *error)
{
    for (const FornixPort *port = node->inputs; port && port->name; port++) {
        if (!port->kinds || port->kinds & ~kinds)
            return fornix_fail(error, "input '%s' takes kinds that its family has not", port->name);
        if (port->flags & FORNIX_MANY && port[1].name)
            return fornix_fail(error, "input '%s' takes many but is not the last", port->name);
        if (attr_common(node, port->name))
            return fornix_fail(error, "input '%s' has a name of the engine's", port->name);
        for (const FornixAttr *attr = node->attrs; attr && attr->name; attr++)
            if (strcmp(attr->name, port->name) == 0)
                return fornix_fail(error, "'%s' is an attribute and an input", port->name);
    }
    return true;
}

static bool outputs_check(const FornixNode *node, unsigned kinds, FornixError *error)
{
    bool inputs = node->inputs && node->inputs->name;
    for (const FornixPort *port = node->outputs; port && port->name; port++) {
        if (port->kinds & ~kinds || port->kinds & (port->kinds - 1))
            return fornix_fail(error, "output '%s' has not one kind of its family", port->name);
        if (!port->kinds && !inputs)
            return fornix_fail(error, "output '%s' has no kind and no input to take it from",
                               port->name);
        if (port->flags & ~(unsigned)(FORNIX_SAVED | FORNIX_PITCHED))
            return fornix_fail(error, "output '%s' has flags of an input", port->name);
    }
    return true;
}

static bool functions_check(const FornixNode *node, FornixError *error)
{
    const FornixLayer *layer = node->layer;
    if (layer && (!layer->infer || !layer->forward))
        return fornix_fail(error, "a layer needs infer and forward");
    if (layer && !layer->fuses != !layer->fuse)
        return fornix_fail(error, "a fused layer needs both fuses and fuse");
    bool named = strncmp(node->name, FORNIX_FUSED, sizeof FORNIX_FUSED - 1) == 0;
    if (named != (layer && layer->fuses))
        return fornix_fail(error, "the names of fused layers, and no others, begin with '%s'",
                           FORNIX_FUSED);
    if (node->composite && !node->composite->expand)
        return fornix_fail(error, "a composite needs expand");
    if (node->samples && !node->samples->rows)
        return fornix_fail(error, "a node of samples needs rows");
    if (node->optimizer && !node->optimizer->update)
        return fornix_fail(error, "an optimizer needs update");
    if (node->optimizer && (node->optimizer->rate_offset > node->attrs_size ||
                            node->attrs_size - node->optimizer->rate_offset < sizeof(double)))
        return fornix_fail(error, "the optimizer's rate lies outside of its struct");
    if (node->schedule && !node->schedule->factor)
        return fornix_fail(error, "a schedule needs factor");
    return true;
}

bool descriptor_check(const FornixNode *node, const char *name, FornixError *error)
{
    if (node->abi != FORNIX_ABI)
        return fornix_fail(error, "it was built for ABI %u, this fornix has ABI %u: build it again",
                           node->abi, (unsigned)FORNIX_ABI);
    if (!descriptor_name_good(node->name))
        return fornix_fail(error, "'%s' is no name for a node", node->name ? node->name : "");
    if (strcmp(node->name, name) != 0)
        return fornix_fail(error, "it calls itself '%s', so its file must be %s.so", node->name,
                           node->name);
    if (!text_there(node->doc))
        return fornix_fail(error, "it has no doc");
    int families_there =
        !!node->layer + !!node->composite + !!node->samples + !!node->optimizer + !!node->schedule;
    if (families_there != 1)
        return fornix_fail(error, "it has the functions of %d families, not of one",
                           families_there);
    const unsigned tables = FORNIX_SAMPLES | FORNIX_FIT | FORNIX_SCORES;
    Family family = descriptor_family(node);
    unsigned kinds = family == FAMILY_SAMPLES  ? tables
                     : family < FAMILY_SAMPLES ? (unsigned)FORNIX_ANY_TENSOR
                                               : 0;
    if (family < FAMILY_SAMPLES && !(node->outputs && node->outputs->name))
        return fornix_fail(error, "it has no output");
    return functions_check(node, error) && attrs_check(node, error) &&
           ports_check(node->inputs, error) && ports_check(node->outputs, error) &&
           inputs_check(node, kinds, error) && outputs_check(node, kinds, error);
}
