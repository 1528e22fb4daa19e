/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From boxes and arrows to Graphviz's language.
 *
 * Every text is put into HTML-like labels, where few characters have to be escaped, and things are
 * called by numbers, so that no name in a user's file can mean anything to Graphviz.
 */
#include "drawing.h"

#include <string.h>

#include "arena.h"
#include "base.h"
#include "descriptor.h"

typedef struct Group {
    int parent;
    const char *title;
} Group;

struct Drawing {
    Arena *memory;
    const char *title;
    Group *groups;
    Box *boxes;
    Arrow *arrows;
    int group_count, box_count, arrow_count;
};

#define QUIET "#5b6570"
#define EDGE "#8a94a0"

static const char *const fills[] = {
    [BOX_TABLE] = "white", [BOX_STAGE] = "#e3eefb",     [BOX_NET] = "#fbf0d9",
    [BOX_LAYER] = "white", [BOX_COMPOSITE] = "#e9f4ea", [BOX_UPDATE] = "#fbe6e4",
    [BOX_END] = "#f4f5f7",
};

/* By the bit of the kind; in the middle of the scale, to be seen on white and on black. */
static const char *const colours[] = {
    "#2f7fd6", /* image */
    "#2f9e62", /* mask */
    "#8f5bd6", /* label */
    "#a8781c", /* weight */
    "#7a8699", /* feature */
    "#e07a1f", /* logits */
    "#d6508c", /* probability */
    "#86982a", /* noise */
    "#d23c3c", /* loss */
    "#1797a8", /* metric */
    "#2f7fd6", /* samples */
    "#a8781c", /* fit */
    "#1797a8", /* scores */
};

static int bit_of(unsigned kind)
{
    int bit = kind ? __builtin_ctz(kind) : -1;
    return bit < (int)COUNT(colours) ? bit : -1;
}

static const char *colour_of(unsigned kind)
{
    int bit = bit_of(kind);
    return bit < 0 ? EDGE : colours[bit];
}

/* ---- What is drawn ---- */

Drawing *drawing_new(const char *title)
{
    Drawing *drawing = mem_new(1, sizeof *drawing);
    drawing->memory = arena_new();
    drawing->title = arena_text(drawing->memory, title);
    return drawing;
}

void drawing_free(Drawing *drawing)
{
    if (!drawing)
        return;
    mem_free(drawing->groups);
    mem_free(drawing->boxes);
    mem_free(drawing->arrows);
    arena_free(drawing->memory);
    mem_free(drawing);
}

int drawing_group(Drawing *drawing, int parent, const char *title)
{
    size_t count = (size_t)drawing->group_count + 1;
    drawing->groups = mem_grow(drawing->groups, count, sizeof *drawing->groups);
    drawing->groups[count - 1] = (Group){parent, arena_text(drawing->memory, title)};
    return drawing->group_count++;
}

static void copy_ports(Drawing *drawing, Port *ports, int count)
{
    for (int k = 0; k < count; k++)
        ports[k] = (Port){arena_text(drawing->memory, ports[k].name),
                          arena_text(drawing->memory, ports[k].fact)};
}

int drawing_box(Drawing *drawing, const Box *box)
{
    size_t count = (size_t)drawing->box_count + 1;
    drawing->boxes = mem_grow(drawing->boxes, count, sizeof *drawing->boxes);
    Box *copy = &drawing->boxes[count - 1];
    *copy = *box;
    copy->title = arena_text(drawing->memory, box->title);
    copy->type = arena_text(drawing->memory, box->type);
    copy->tip = arena_text(drawing->memory, box->tip);
    for (int k = 0; k < box->fact_count; k++)
        copy->facts[k] = arena_text(drawing->memory, box->facts[k]);
    copy_ports(drawing, copy->inputs, box->input_count);
    copy_ports(drawing, copy->outputs, box->output_count);
    return drawing->box_count++;
}

void drawing_arrow(Drawing *drawing, Arrow arrow)
{
    for (int k = 0; k < drawing->arrow_count; k++) {
        const Arrow *known = &drawing->arrows[k];
        if (known->from == arrow.from && known->to == arrow.to && known->kind == arrow.kind &&
            known->from_port == arrow.from_port && known->to_port == arrow.to_port)
            return;
    }
    size_t count = (size_t)drawing->arrow_count + 1;
    drawing->arrows = mem_grow(drawing->arrows, count, sizeof *drawing->arrows);
    drawing->arrows[drawing->arrow_count++] = arrow;
}

/* ---- Boxes ---- */

/* Graphviz replaces \N, \G and their kin in labels of HTML, too, entities being read first. */
static void add_label(Text *dot, const char *text)
{
    Text plain = {0};
    text_add_html(&plain, text);
    for (const char *at = text_value(&plain); *at;) {
        size_t length = strcspn(at, "\\");
        text_add_slice(dot, at, length);
        at += length;
        if (*at == '\\') {
            text_add(dot, "\\\\");
            at++;
        }
    }
    text_free(&plain);
}

static void add_text(Text *dot, const char *colour, int size, bool bold, const char *text)
{
    text_format(dot, "<FONT COLOR=\"%s\" POINT-SIZE=\"%d\">%s", colour, size, bold ? "<B>" : "");
    add_label(dot, text);
    text_format(dot, "%s</FONT>", bold ? "</B>" : "");
}

static void add_row(Text *dot, const char *colour, int size, bool bold, const char *text)
{
    text_add(dot, "<TR><TD>");
    add_text(dot, colour, size, bold, text);
    text_add(dot, "</TD></TR>");
}

static void add_ports(Text *dot, const Port *ports, int count, char side)
{
    if (count < 2)
        return;
    text_add(dot, "<TR><TD><TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"3\" "
                  "CELLPADDING=\"2\"><TR>");
    for (int k = 0; k < count; k++) {
        text_format(dot, "<TD PORT=\"%c%d\" BGCOLOR=\"#f4f5f7\">", side, k);
        add_text(dot, "#1b1f24", 9, false, ports[k].name);
        if (*ports[k].fact) {
            text_add(dot, "<BR/>");
            add_text(dot, QUIET, 9, false, ports[k].fact);
        }
        text_add(dot, "</TD>");
    }
    text_add(dot, "</TR></TABLE></TD></TR>");
}

/* A tip is no label: there, Graphviz reads \N and its kin, and quotes end it. */
static void add_quoted(Text *dot, const char *text)
{
    text_add(dot, "\"");
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            text_add(dot, "\\");
        text_add_slice(dot, *text == '\n' ? " " : text, 1);
    }
    text_add(dot, "\"");
}

static void add_box(Text *dot, int number, const Box *box)
{
    text_format(dot, "n%d [fillcolor=\"%s\"%s", number, fills[box->look],
                box->look == BOX_END ? ", style=\"rounded,filled\", penwidth=0" : "");
    if (box->tip) {
        text_add(dot, ", tooltip=");
        add_quoted(dot, box->tip);
    }
    text_add(dot, ", label=<<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"0\" "
                  "CELLPADDING=\"1\">");
    add_ports(dot, box->inputs, box->input_count, 'i');
    add_row(dot, "#1b1f24", box->look == BOX_END ? 10 : 12, box->look != BOX_END, box->title);
    if (*box->type)
        add_row(dot, QUIET, 10, false, box->type);
    for (int k = 0; k < box->fact_count; k++)
        add_row(dot, QUIET, 9, false, box->facts[k]);
    add_ports(dot, box->outputs, box->output_count, 'o');
    text_add(dot, "</TABLE>>];\n");
}

static void add_group(const Drawing *drawing, Text *dot, int group)
{
    for (int k = 0; k < drawing->box_count; k++)
        if (drawing->boxes[k].group == group)
            add_box(dot, k, &drawing->boxes[k]);
    for (int k = 0; k < drawing->group_count; k++) {
        if (drawing->groups[k].parent != group)
            continue;
        text_format(dot,
                    "subgraph cluster%d {\nstyle=\"rounded,filled\"; color=\"#c3cad2\"; "
                    "fillcolor=\"#fafbfc\";\nlabel=<",
                    k);
        add_text(dot, QUIET, 11, true, drawing->groups[k].title);
        text_add(dot, ">;\n");
        add_group(drawing, dot, k);
        text_add(dot, "}\n");
    }
}

/* ---- Rows ---- */

/* An invisible chain holds the levels in their order; a row hangs on each link of it. */
static void add_levels(const Drawing *drawing, Text *dot)
{
    int most = -1;
    for (int k = 0; k < drawing->box_count; k++)
        if (drawing->boxes[k].level > most)
            most = drawing->boxes[k].level;
    for (int level = 0; level <= most; level++) {
        text_format(dot, "{rank=same; l%d [style=invis, label=\"\", width=0, height=0];", level);
        for (int k = 0; k < drawing->box_count; k++)
            if (drawing->boxes[k].level == level)
                text_format(dot, " n%d;", k);
        text_add(dot, "}\n");
        if (level)
            text_format(dot, "l%d -> l%d [style=invis];\n", level - 1, level);
    }
}

/* ---- Arrows ---- */

static bool has_port(const Drawing *drawing, int box, int port, bool output)
{
    const Box *b = &drawing->boxes[box];
    return port >= 0 && (output ? b->output_count : b->input_count) > 1 && b->level < 0;
}

/* An arrow to a level above is written upside down, so that rows keep their order. */
static void add_arrow(const Drawing *drawing, Text *dot, const Arrow *arrow)
{
    int from = drawing->boxes[arrow->from].level, to = drawing->boxes[arrow->to].level;
    bool up = from >= 0 && to >= 0 && to < from;
    Text tail = {0}, head = {0};
    text_format(&tail, "n%d", arrow->from);
    if (has_port(drawing, arrow->from, arrow->from_port, true))
        text_format(&tail, ":o%d:s", arrow->from_port);
    text_format(&head, "n%d", arrow->to);
    if (has_port(drawing, arrow->to, arrow->to_port, false))
        text_format(&head, ":i%d:n", arrow->to_port);
    text_format(dot, "%s -> %s [color=\"%s\"%s%s];\n", text_value(up ? &head : &tail),
                text_value(up ? &tail : &head), colour_of(arrow->kind), up ? ", dir=back" : "",
                arrow->beside ? ", style=dashed" : "");
    text_free(&tail);
    text_free(&head);
}

static void add_legend(const Drawing *drawing, Text *dot)
{
    unsigned kinds = 0, beside = 0;
    for (int k = 0; k < drawing->arrow_count; k++) {
        kinds |= drawing->arrows[k].kind;
        beside |= drawing->arrows[k].beside ? drawing->arrows[k].kind : 0;
    }
    text_add(dot, "label=<<TABLE BORDER=\"0\" CELLSPACING=\"4\"><TR><TD>");
    add_text(dot, "#1b1f24", 13, true, drawing->title);
    text_add(dot, "</TD>");
    for (unsigned k = 0; k < COUNT(colours); k++) {
        if (!(kinds >> k & 1))
            continue;
        Text name = {0};
        text_add(&name, beside >> k & 1 ? "┄ " : "― ");
        descriptor_kinds(1u << k, &name);
        text_add(dot, "<TD>");
        add_text(dot, colours[k], 11, true, text_value(&name));
        text_add(dot, "</TD>");
        text_free(&name);
    }
    text_add(dot, "</TR></TABLE>>;\n");
}

void drawing_write(const Drawing *drawing, Text *dot)
{
    text_add(dot, "digraph G {\n"
                  "charset=\"UTF-8\"; bgcolor=white; labelloc=t; labeljust=l; newrank=true;\n"
                  "nodesep=0.25; ranksep=0.35; fontname=\"Helvetica,Arial,sans-serif\";\n"
                  "node [shape=box, style=filled, color=\"" EDGE "\", margin=\"0.09,0.06\",\n"
                  "      fontname=\"Helvetica,Arial,sans-serif\", height=0.2, width=0.2];\n"
                  "edge [penwidth=1.6, arrowsize=0.7];\n");
    add_legend(drawing, dot);
    add_group(drawing, dot, NOWHERE);
    add_levels(drawing, dot);
    for (int k = 0; k < drawing->arrow_count; k++)
        add_arrow(drawing, dot, &drawing->arrows[k]);
    text_add(dot, "}\n");
}
