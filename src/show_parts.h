/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the pictures share: words for shapes and sizes, and a picture of bodies while it is drawn.
 */
#ifndef FORNIX_SHOW_PARTS_H
#define FORNIX_SHOW_PARTS_H

#include "show.h"

/* "32³×16" of one row: depth, height, width, channels, without ones that say nothing. */
const char *shape_brief(Arena *arena, FornixShape shape);
/* "432", "35.1 k", "1.40 M" */
const char *count_brief(Arena *arena, int64_t count);

/* The first <use> of the net in the stage's body; NULL: none, though nets in it may use it. */
const Element *show_use(const Stage *stage, const char *net);

void box_fact(Box *box, const char *fact); /* beyond FACTS_MOST: left out */
/* The number of the port of that name, added where it is not there; NOWHERE: no room. */
int box_input(Box *box, const char *name, const char *fact);
int box_output(Box *box, const char *name, const char *fact);

/* What a path leads to. */
typedef struct Spot {
    const char *path; /* "seg", "seg/enc0" */
    int box, group;   /* one of them, the other is NOWHERE */
    const Element *inside;
} Spot;

/* A picture of bodies being drawn. */
typedef struct Sheet {
    Arena *memory;
    Drawing *drawing;
    Stage *stage; /* NULL: there are no nets to open */
    const char *const *open;
    size_t open_count;
    const Graph *graph;
    const char *only; /* "seg/": what stands in there is drawn; "" all */
    Spot *spots;
    int spot_count;
    Box *boxes;
    int box_count, first; /* first: of this body's boxes */
    int *node_box;        /* by node; NOWHERE: not drawn */
    int *column_box;      /* by value: the box that stands for what comes from outside */
    int64_t *pixels;      /* by box: of what it gives */
} Sheet;

int sheet_box(Sheet *sheet, const Box *box);
const Element *sheet_net(const Sheet *sheet, const char *name); /* NULL: none */
/* Attributes as the user wrote them, where they are few: ports and ids are seen in the picture. */
const char *sheet_settings(Sheet *sheet, const FornixNode *type, const Element *element);
/* The nodes of a body whose elements stand in parent, as boxes, and the arrows between them; all
 * texts are copied, so that the body may go before the picture is finished. */
void sheet_nodes(Sheet *sheet, Body *body, const Element *parent, int group);
void sheet_arrows(Sheet *sheet, Body *body, const Element *parent);
/* Stands for a value that comes from outside of what is drawn, once; name NULL: its path. */
void sheet_source(Sheet *sheet, const Value *value, const char *name);
void sheet_link(Sheet *sheet, const Value *value, int to, const char *to_port);
void sheet_levels(Sheet *sheet);

#endif
