/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inner graph as a picture: bodies of stages with what they hand on and update, and nets. */
#include <string.h>

#include "show_parts.h"

static void draw_end(Sheet *sheet, const Box *box, const Value *value, const char *port)
{
    sheet_source(sheet, value, NULL);
    int end = sheet_box(sheet, box);
    sheet_link(sheet, value, end, port);
}

static void draw_collected(Sheet *sheet, Body *body, int group)
{
    const Stage *stage = sheet->stage;
    if (!stage->collect_count)
        return;
    Box box = {.group = group, .look = BOX_END, .title = "collect", .type = "", .level = NOWHERE};
    int end = sheet_box(sheet, &box);
    for (int k = 0; k < stage->collect_count; k++) {
        const Collect *collect = &stage->collects[k];
        const Value *value = body_value(body, collect->element, collect->reference);
        sheet_source(sheet, value, NULL);
        sheet_link(sheet, value, end, collect->name);
    }
}

static void draw_rule(Sheet *sheet, Body *body, int group)
{
    const Attribute *keep = element_attribute(sheet->stage->element, "keep");
    const Value *value = body_value_part(body, sheet->stage->element->first, keep, 0,
                                         strlen(sheet->stage->filter_value));
    Box box = {.group = group,
               .look = BOX_END,
               .title = arena_format(sheet->memory, "keep where %s", keep->value),
               .type = "",
               .level = NOWHERE};
    draw_end(sheet, &box, value, NULL);
}

static void draw_updates(Sheet *sheet, Body *body, int group)
{
    for (int u = 0; u < sheet->stage->update_count; u++) {
        const Update *update = &sheet->stage->updates[u];
        const Element *optimizer = update->element->first;
        Box box = {.group = group,
                   .look = BOX_UPDATE,
                   .title = arena_format(sheet->memory, "update %s",
                                         element_value(update->element, "nets")),
                   .type = arena_format(sheet->memory, "%s%s", update->optimizer->name,
                                        sheet_settings(sheet, update->optimizer, optimizer)),
                   .level = NOWHERE,
                   .tip = update->optimizer->doc};
        const Value *loss =
            body_value(body, update->element, element_attribute(update->element, "minimise"));
        draw_end(sheet, &box, loss, NULL);
    }
}

static Drawing *finish(Sheet *sheet)
{
    for (int k = 0; k < sheet->box_count; k++)
        drawing_box(sheet->drawing, &sheet->boxes[k]);
    mem_free(sheet->boxes);
    mem_free(sheet->pixels);
    arena_free(sheet->memory);
    return sheet->drawing;
}

static void draw_validation(Sheet *sheet, const Validation *validation)
{
    StagePlan *plan = stage_plan(sheet->stage, validation, validation->attrs->batch, 0);
    if (!plan)
        return;
    int group = drawing_group(sheet->drawing, NOWHERE,
                              arena_format(sheet->memory, "%s: validate, every %s", validation->id,
                                           validation->attrs->every));
    sheet_nodes(sheet, plan->body, validation->element, group);
    sheet_arrows(sheet, plan->body, validation->element);
    stage_plan_free(plan);
}

Drawing *show_stage(Stage *stage, const char *title, const char *const *open, size_t count)
{
    StagePlan *plan = stage_plan(stage, NULL, stage_batch(stage), UINT64_MAX);
    if (!plan)
        return NULL;
    Sheet sheet = {.memory = arena_new(),
                   .drawing = drawing_new(title),
                   .stage = stage,
                   .open = open,
                   .open_count = count,
                   .only = ""};
    int group =
        stage->validation_count
            ? drawing_group(sheet.drawing, NOWHERE,
                            arena_format(sheet.memory, "%s: %s", stage->id, stage->element->name))
            : NOWHERE;
    sheet_nodes(&sheet, plan->body, stage->element, group);
    sheet_arrows(&sheet, plan->body, stage->element);
    if (stage->kind == STAGE_TRAIN)
        draw_updates(&sheet, plan->body, group);
    draw_collected(&sheet, plan->body, group);
    if (stage->kind == STAGE_FILTER)
        draw_rule(&sheet, plan->body, group);
    for (int k = 0; k < stage->validation_count; k++)
        draw_validation(&sheet, &stage->validations[k]);
    Drawing *drawing = finish(&sheet);
    stage_plan_free(plan);
    return drawing;
}

const Element *show_use(const Stage *stage, const char *net)
{
    for (const Element *e = stage->element->first; e; e = e->next)
        if (strcmp(e->name, "use") == 0 && strcmp(element_value(e, "net"), net) == 0)
            return e;
    return NULL;
}

Drawing *show_net(Stage *stage, const char *title, const char *const *open, size_t count)
{
    const Element *use = show_use(stage, open[0]);
    StagePlan *plan = use ? stage_plan(stage, NULL, stage_batch(stage), UINT64_MAX) : NULL;
    if (!plan)
        return NULL;
    Sheet sheet = {.memory = arena_new(),
                   .drawing = drawing_new(title),
                   .stage = stage,
                   .open = open,
                   .open_count = count};
    sheet.only = arena_format(sheet.memory, "%s/", use->id);
    const Element *net = sheet_net(&sheet, open[0]);
    sheet_nodes(&sheet, plan->body, net, NOWHERE);
    size_t inputs;
    char **names =
        text_split(element_value(net, "input") ? element_value(net, "input") : "", &inputs);
    for (size_t k = 0; k < inputs; k++)
        sheet_source(&sheet, body_value(plan->body, use, element_attribute(use, names[k])),
                     arena_text(sheet.memory, names[k]));
    text_split_free(names);
    sheet_arrows(&sheet, plan->body, NULL);
    sheet_levels(&sheet);
    Drawing *drawing = finish(&sheet);
    stage_plan_free(plan);
    return drawing;
}

Drawing *show_example(const Example *example, const char *title)
{
    Sheet sheet = {.memory = arena_new(),
                   .drawing = drawing_new(title),
                   .open = &example->net->first->name,
                   .open_count = 1,
                   .only = "u/"};
    sheet_nodes(&sheet, example->body, example->net, NOWHERE);
    for (int k = 0; k < example->graph->column_count; k++)
        if (example->graph->columns[k]->reader_count) /* others lend their shape alone */
            sheet_source(&sheet, example->graph->columns[k], example->graph->column_names[k]);
    sheet_arrows(&sheet, example->body, NULL);
    return finish(&sheet);
}

static void draw_ends(Drawing *drawing, int node, int port, const FornixPort *what,
                      const char *words)
{
    size_t count;
    char **names = text_split(words, &count);
    for (size_t k = 0; k < count; k++) {
        Box box = {
            .group = NOWHERE, .look = BOX_END, .title = names[k], .type = "", .level = NOWHERE};
        int end = drawing_box(drawing, &box);
        drawing_arrow(drawing, (Arrow){.from = end,
                                       .to = node,
                                       .from_port = NOWHERE,
                                       .to_port = port,
                                       .kind = what->kinds & ~(what->kinds - 1)});
    }
    text_split_free(names);
}

Drawing *show_ports(const FornixNode *node, const Element *element, const char *title)
{
    Arena *memory = arena_new();
    Drawing *drawing = drawing_new(title);
    const char *id = element->id ? element->id : element_value(element, "id");
    Box box = {.group = NOWHERE,
               .look = node->samples ? BOX_TABLE : BOX_STAGE,
               .title = id ? id : node->name,
               .type = id ? node->name : "",
               .level = NOWHERE};
    for (const FornixAttr *attr = node->attrs; attr && attr->name; attr++)
        if (element_value(element, attr->name))
            box_fact(&box,
                     arena_format(memory, "%s=%s", attr->name, element_value(element, attr->name)));
    for (const FornixPort *port = node->inputs; port && port->name; port++)
        if (element_value(element, port->name))
            box_input(&box, port->name, "");
    int number = drawing_box(drawing, &box);
    for (const FornixPort *port = node->inputs; port && port->name; port++)
        if (element_value(element, port->name))
            draw_ends(drawing, number, box_input(&box, port->name, ""), port,
                      element_value(element, port->name));
    for (const FornixPort *port = node->outputs; port && port->name; port++) {
        Box end = {
            .group = NOWHERE, .look = BOX_END, .title = port->name, .type = "", .level = NOWHERE};
        drawing_arrow(drawing, (Arrow){.from = number,
                                       .to = drawing_box(drawing, &end),
                                       .from_port = NOWHERE,
                                       .to_port = NOWHERE,
                                       .kind = port->kinds & ~(port->kinds - 1)});
    }
    arena_free(memory);
    return drawing;
}
