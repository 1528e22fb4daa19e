/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From an inferred graph to boxes and arrows.
 *
 * The graph knows layers alone, so that shapes and weights are true; which of them stand in one box
 * follows from their paths and from the elements that the user wrote: a net or composite is a box
 * until it is opened. A net that goes down to coarser resolutions and up again is laid out with a
 * row for each resolution.
 */
#include <string.h>

#include "show_parts.h"

/* ---- Which box ---- */

int sheet_box(Sheet *sheet, const Box *box)
{
    size_t count = (size_t)sheet->box_count + 1;
    sheet->boxes = mem_grow(sheet->boxes, count, sizeof *sheet->boxes);
    sheet->pixels = mem_grow(sheet->pixels, count, sizeof *sheet->pixels);
    sheet->boxes[sheet->box_count] = *box;
    sheet->pixels[sheet->box_count] = 0;
    return sheet->box_count++;
}

static bool is_open(const Sheet *sheet, const char *name)
{
    for (size_t k = 0; name && k < sheet->open_count; k++)
        if (strcmp(sheet->open[k], name) == 0)
            return true;
    return false;
}

const Element *sheet_net(const Sheet *sheet, const char *name)
{
    for (int k = 0; sheet->stage && name && k < sheet->stage->context.net_count; k++)
        if (strcmp(sheet->stage->context.nets[k].name, name) == 0)
            return sheet->stage->context.nets[k].element;
    return NULL;
}

const char *sheet_settings(Sheet *sheet, const FornixNode *type, const Element *element)
{
    enum { LONGEST = 28 };
    const char *words = "";
    for (const FornixAttr *attr = type->attrs; element && attr && attr->name; attr++)
        if (element_value(element, attr->name))
            words = arena_format(sheet->memory, "%s %s=%s", words, attr->name,
                                 element_value(element, attr->name));
    return strlen(words) <= LONGEST ? words : "";
}

static Spot *add_spot(Sheet *sheet, const char *path)
{
    if (!(sheet->spot_count & (sheet->spot_count - 1))) {
        size_t room = sheet->spot_count ? 2 * (size_t)sheet->spot_count : 1;
        Spot *spots = arena_take(sheet->memory, room, sizeof *spots);
        if (sheet->spot_count)
            memcpy(spots, sheet->spots, (size_t)sheet->spot_count * sizeof *spots);
        sheet->spots = spots;
    }
    Spot *spot = &sheet->spots[sheet->spot_count++];
    *spot = (Spot){path, NOWHERE, NOWHERE, NULL};
    return spot;
}

/* A use, or a composite: element NULL where a composite wrote it. */
static Spot *make_inside(Sheet *sheet, const char *path, const char *id, int group,
                         const Element *element)
{
    Spot *spot = add_spot(sheet, path);
    bool use = element && strcmp(element->name, "use") == 0;
    const char *net = use ? element_value(element, "net") : NULL;
    const char *weights = use ? element_value(element, "weights") : NULL;
    const char *type = use       ? arena_format(sheet->memory, "net %s%s%s", net,
                                          weights ? ", weights of " : "", weights ? weights : "")
                       : element ? element->name
                                 : "";
    if (is_open(sheet, use ? net : element ? element->name : NULL)) {
        const char *title = arena_format(sheet->memory, "%s: %s", id, type);
        spot->group = drawing_group(sheet->drawing, group, title);
        spot->inside = sheet_net(sheet, net);
        return spot;
    }
    Box box = {.group = group,
               .look = use ? BOX_NET : BOX_COMPOSITE,
               .title = id,
               .type = type,
               .level = NOWHERE};
    spot->box = sheet_box(sheet, &box);
    return spot;
}

static Spot *make_layer(Sheet *sheet, const Node *node, int group, const Element *element)
{
    Spot *spot = add_spot(sheet, node->path);
    Box box = {.group = group,
               .look = BOX_LAYER,
               .title = arena_text(sheet->memory, node->id),
               .type = arena_format(sheet->memory, "%s%s", node->type->name,
                                    sheet_settings(sheet, node->type, element)),
               .level = NOWHERE,
               .tip = node->type->doc};
    spot->box = sheet_box(sheet, &box);
    return spot;
}

static Spot *find_spot(Sheet *sheet, const char *path)
{
    for (int k = sheet->spot_count - 1; k >= 0; k--)
        if (strcmp(sheet->spots[k].path, path) == 0)
            return &sheet->spots[k];
    return NULL;
}

/* The length of a path's first segment; what stands in brackets may hold a '/'. */
static size_t segment(const char *path)
{
    size_t at = 0;
    for (int depth = 0; path[at] && (depth > 0 || path[at] != '/'); at++)
        depth += (path[at] == '[') - (path[at] == ']');
    return at;
}

static int place_node(Sheet *sheet, const Node *node, int group, const Element *scope)
{
    size_t at = strlen(sheet->only);
    if (strncmp(node->path, sheet->only, at) != 0)
        return NOWHERE;
    for (;;) {
        size_t length = segment(node->path + at);
        const char *id = arena_slice(sheet->memory, node->path + at, length);
        const char *path = arena_slice(sheet->memory, node->path, at + length);
        const Element *element = scope ? element_child(scope, id) : NULL;
        bool last = !node->path[at + length];
        Spot *spot = find_spot(sheet, path);
        if (!spot)
            spot = last ? make_layer(sheet, node, group, element)
                        : make_inside(sheet, path, id, group, element);
        if (spot->box >= 0)
            return spot->box;
        group = spot->group;
        scope = spot->inside;
        at += length + 1;
    }
}

/* ---- What a box tells ---- */

static bool first_of_box(const Sheet *sheet, const Parameter *parameter, const Node *before,
                         int box)
{
    for (int n = 0; n < before->index; n++)
        for (int w = 0; sheet->node_box[n] == box && w < sheet->graph->nodes[n]->weight_count; w++)
            if (sheet->graph->nodes[n]->weights[w] == parameter)
                return false;
    return true;
}

static void tell_parameters(Sheet *sheet, int box)
{
    int64_t count = 0;
    for (int n = 0; n < sheet->graph->node_count; n++) {
        const Node *node = sheet->graph->nodes[n];
        for (int w = 0; sheet->node_box[n] == box && w < node->weight_count; w++)
            if (first_of_box(sheet, node->weights[w], node, box))
                count += fornix_floats(node->weights[w]->shape);
    }
    if (count)
        box_fact(&sheet->boxes[box],
                 arena_format(sheet->memory, "%s parameters", count_brief(sheet->memory, count)));
}

static bool leaves(const Sheet *sheet, const Value *value)
{
    int box = sheet->node_box[value->producer->index];
    for (int r = 0; r < value->reader_count; r++)
        if (sheet->node_box[value->readers[r]->index] != box)
            return true;
    return !value->reader_count;
}

/* What a reader of the box calls the value: an output of a layer, a node in a net. */
static const char *value_name(Sheet *sheet, const Value *value)
{
    const Node *node = value->producer;
    const Box *box = &sheet->boxes[sheet->node_box[node->index]];
    if (box->look == BOX_LAYER)
        return node->type->outputs[value->output].name;
    const char *id = strstr(value->path, arena_format(sheet->memory, "%s/", box->title));
    const char *inner = id ? id + strlen(box->title) + 1 : value->path;
    return arena_slice(sheet->memory, inner, segment(inner));
}

static void tell_outputs(Sheet *sheet)
{
    for (int v = 0; v < sheet->graph->value_count; v++) {
        const Value *value = sheet->graph->values[v];
        int box = value->producer ? sheet->node_box[value->producer->index] : NOWHERE;
        if (box < 0 || !leaves(sheet, value))
            continue;
        bool number = value->kind & (FORNIX_LOSS | FORNIX_METRIC);
        box_output(&sheet->boxes[box], value_name(sheet, value),
                   number ? "" : shape_brief(sheet->memory, value->shape));
        if (!sheet->pixels[box])
            sheet->pixels[box] = value->shape.d * value->shape.h * value->shape.w;
    }
    for (int k = sheet->first; k < sheet->box_count; k++) {
        Box *box = &sheet->boxes[k];
        if (box->output_count == 1 && *box->outputs[0].fact)
            box_fact(box, box->look == BOX_NET
                              ? arena_format(sheet->memory, "%s %s", box->outputs[0].name,
                                             box->outputs[0].fact)
                              : box->outputs[0].fact);
    }
}

/* ---- Arrows ---- */

static int value_box(const Sheet *sheet, const Value *value)
{
    int box = value->producer ? sheet->node_box[value->producer->index] : NOWHERE;
    return box >= 0 ? box : sheet->column_box[value->index];
}

void sheet_source(Sheet *sheet, const Value *value, const char *name)
{
    if (value_box(sheet, value) >= 0)
        return;
    Box box = {.group = NOWHERE,
               .look = BOX_END,
               .title = arena_text(sheet->memory, name ? name : value->path),
               .type = "",
               .level = NOWHERE};
    box_fact(&box, shape_brief(sheet->memory, value->shape));
    int number = sheet_box(sheet, &box);
    sheet->pixels[number] = value->shape.d * value->shape.h * value->shape.w;
    sheet->column_box[value->index] = number;
}

static const char *port_name(const Node *node, int input)
{
    const FornixPort *port = node->type->inputs;
    while (input-- && port[1].name && !(port->flags & FORNIX_MANY))
        port++;
    return port->name;
}

void sheet_link(Sheet *sheet, const Value *value, int to, const char *to_port)
{
    int from = value_box(sheet, value);
    if (from < 0 || to < 0 || from == to)
        return;
    const Box *source = &sheet->boxes[from];
    drawing_arrow(
        sheet->drawing,
        (Arrow){.from = from,
                .to = to,
                .from_port = value->producer && source->look != BOX_END
                                 ? box_output(&sheet->boxes[from], value_name(sheet, value), "")
                                 : NOWHERE,
                .to_port = to_port ? box_input(&sheet->boxes[to], to_port, "") : NOWHERE,
                .kind = value->kind});
}

/* The input of a folded net that the value is given to; NULL: of another box, or not known. */
static const char *binding_name(Sheet *sheet, Body *body, const Element *parent, const Box *box,
                                const Value *value)
{
    const Element *use = box->look == BOX_NET && parent ? element_child(parent, box->title) : NULL;
    const Element *net = use ? sheet_net(sheet, element_value(use, "net")) : NULL;
    const char *words = net ? element_value(net, "input") : NULL;
    while (words && *words) {
        size_t length = strcspn(words, " ");
        const char *name = arena_slice(sheet->memory, words, length);
        const Attribute *given = length ? element_attribute(use, name) : NULL;
        if (given && body_value(body, use, given) == value)
            return name;
        words += length + strspn(words + length, " ");
    }
    return NULL;
}

void sheet_arrows(Sheet *sheet, Body *body, const Element *parent)
{
    for (int n = 0; n < sheet->graph->node_count; n++) {
        const Node *node = sheet->graph->nodes[n];
        int to = sheet->node_box[n];
        for (int i = 0; to >= 0 && i < node->inputs; i++) {
            const Value *value = node->in[i];
            if (!value)
                continue;
            sheet_source(sheet, value, NULL);
            const Box *box = &sheet->boxes[to];
            const char *port = box->look == BOX_LAYER
                                   ? port_name(node, i)
                                   : binding_name(sheet, body, parent, box, value);
            sheet_link(sheet, value, to, port);
        }
    }
}

/* ---- Levels ---- */

/* The finest resolution that each box touches: one that pools stands beside what it reads. Whether
 * the nodes go down to coarser ones and up again. */
static bool find_finest(Sheet *sheet, int64_t *finest)
{
    bool down = false, up = false;
    memcpy(finest, sheet->pixels, (size_t)sheet->box_count * sizeof *finest);
    for (int n = 0; n < sheet->graph->node_count; n++) {
        const Node *node = sheet->graph->nodes[n];
        int to = sheet->node_box[n];
        for (int i = 0; to >= 0 && i < node->inputs; i++) {
            int from = node->in[i] ? value_box(sheet, node->in[i]) : NOWHERE;
            int64_t before = from >= 0 ? sheet->pixels[from] : 0, after = sheet->pixels[to];
            down = down || (before && after && after < before);
            up = up || (before && after > before);
            finest[to] = before > finest[to] ? before : finest[to];
        }
    }
    return down && up;
}

void sheet_levels(Sheet *sheet)
{
    int64_t *finest = arena_take(sheet->memory, (size_t)sheet->box_count + 1, sizeof *finest);
    if (!find_finest(sheet, finest))
        return;
    for (int k = 0; k < sheet->box_count; k++) {
        Box *box = &sheet->boxes[k];
        if (!finest[k] || box->look == BOX_END)
            continue;
        box->level = 0; /* as many as there are finer resolutions */
        for (int a = 0; a < sheet->box_count; a++) {
            bool counted = finest[a] <= finest[k];
            for (int b = 0; b < a; b++)
                counted = counted || finest[b] == finest[a];
            box->level += !counted;
        }
    }
}

/* ---- All of them ---- */

void sheet_nodes(Sheet *sheet, Body *body, const Element *parent, int group)
{
    const Graph *graph = body_graph(body);
    sheet->graph = graph;
    sheet->first = sheet->box_count;
    sheet->spot_count = 0;
    sheet->node_box = arena_take(sheet->memory, (size_t)graph->node_count + 1, sizeof(int));
    sheet->column_box = arena_take(sheet->memory, (size_t)graph->value_count + 1, sizeof(int));
    for (int v = 0; v < graph->value_count; v++)
        sheet->column_box[v] = NOWHERE;
    for (int n = 0; n < graph->node_count; n++)
        sheet->node_box[n] = place_node(sheet, graph->nodes[n], group, parent);
    for (int k = sheet->first; k < sheet->box_count; k++)
        tell_parameters(sheet, k);
    tell_outputs(sheet);
}
