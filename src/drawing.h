/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A picture of boxes and arrows, written in Graphviz's language.
 *
 * Who draws says what stands where and what flows along the arrows; looks are decided here alone,
 * for light and dark. Texts come from users' files: they may hold anything.
 */
#ifndef FORNIX_DRAWING_H
#define FORNIX_DRAWING_H

#include "text.h"

typedef enum { BOX_TABLE, BOX_STAGE, BOX_NET, BOX_LAYER, BOX_COMPOSITE, BOX_UPDATE, BOX_END } Look;

typedef struct Port {
    const char *name, *fact; /* fact: "" or the shape, in a quiet hand */
} Port;

enum { PORTS_MOST = 12, FACTS_MOST = 8, NOWHERE = -1 };

typedef struct Box {
    int group; /* that it stands in, or NOWHERE */
    Look look;
    const char *title, *type; /* type: "" for none */
    const char *facts[FACTS_MOST];
    int fact_count;
    Port inputs[PORTS_MOST], outputs[PORTS_MOST]; /* shown where there are several */
    int input_count, output_count;
    int level;       /* boxes of one level stand in a row, level 0 on top; NOWHERE: as it comes */
    const char *tip; /* shown by a browser over the box, or NULL */
} Box;

typedef struct Arrow {
    int from, to;           /* boxes */
    int from_port, to_port; /* of outputs, inputs, or NOWHERE */
    unsigned kind;          /* of what flows: one FornixKind, or 0 */
    bool beside;            /* what does not flow with the samples: weights that are loaded */
} Arrow;

typedef struct Drawing Drawing;

Drawing *drawing_new(const char *title);
void drawing_free(Drawing *drawing); /* NULL is fine */

/* All give the number by which it is called; texts are copied. */
int drawing_group(Drawing *drawing, int parent, const char *title);
int drawing_box(Drawing *drawing, const Box *box);
void drawing_arrow(Drawing *drawing, Arrow arrow); /* the same one again counts once */

void drawing_write(const Drawing *drawing, Text *dot); /* with a legend of the kinds in it */

/* Graphviz's picture of dot in a format that it knows ("svg", "png", "pdf"); an SVG follows the
 * reader's choice of light or dark. dot may hold several graphs, whose pictures then follow one
 * another. false: Graphviz is missing (told how to get it) or refuses. */
bool drawing_render(const Text *dot, const char *format, Text *picture, FornixError *error);

#endif
