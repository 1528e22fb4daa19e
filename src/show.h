/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `fornix show`: a graph as a picture: the outer graph, the body of a stage, or a net. */
#ifndef FORNIX_SHOW_H
#define FORNIX_SHOW_H

#include "drawing.h"
#include "example.h"
#include "experiment.h"

typedef struct ShowRequest {
    const char *path;
    const char *const *overrides;
    size_t override_count;
    const char *stage;       /* whose body is drawn; NULL: the outer graph */
    const char *const *open; /* nets, and composites, whose insides are drawn too */
    size_t open_count;       /* without a stage: one net, drawn alone */
    bool rounds;             /* of a loop one by one, not folded into one box */
    const char *output;      /* its suffix says which format; NULL: NAME.svg of the graph */
    bool json;               /* mistakes as JSON */
} ShowRequest;

/* The program's exit code. A graph that is wrong, or whose data is not here, is drawn as far as it
 * can be: the outer graph without shapes. */
int show_run(const ShowRequest *request);

/* The outer graph as Graphviz is told of it: graph.dot in a folder. */
bool show_save(Experiment *experiment, const char *folder, FornixError *error);

/* The pictures themselves; freed with drawing_free. */
Drawing *show_outer(Experiment *experiment, const char *title, bool rounds);
Drawing *show_stage(Stage *stage, const char *title, const char *const *open, size_t count);
Drawing *show_net(Stage *stage, const char *title, const char *const *open, size_t count);

/* An example of a layer or composite, which is opened. */
Drawing *show_example(const Example *example, const char *title);
/* A node as an element connects it, by its ports alone. */
Drawing *show_ports(const FornixNode *node, const Element *element, const char *title);

#endif
