/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the body of a stage to a Graph: nodes found, attributes read, nets and composites opened,
 * shapes, kinds and weights inferred. All that can be wrong with a body is found here.
 *
 * References: `/` enters a used net or a composite (seg/bottleneck), `.` names a port (a.image),
 * `batch.` or `row.` a column of the stage's samples. A bare id means a node's first output.
 * Nodes may stand in any order; what a cycle runs through is told.
 */
#ifndef FORNIX_INFER_H
#define FORNIX_INFER_H

#include "attr.h"
#include "expand.h"
#include "graph.h"
#include "registry.h"

typedef struct NetDefinition {
    const char *name;
    const Element *element; /* <net> with the attribute input="x y" */
} NetDefinition;

typedef struct InferRequest {
    const Element *body;
    const char *prefix;          /* of columns: "batch" or "row" */
    const FornixColumn *columns; /* of the stage's samples */
    int column_count;
    int64_t batch;
    FornixWinograd winograd;
    const NetDefinition *nets;
    int net_count;
    Registry *registry;
    const AttrResolver *resolver; /* of label names and columns in attributes */
    Diag *diag;
} InferRequest;

typedef struct Body Body;

/* NULL never; mistakes are in the diag, and what depends on them is left out of the graph. */
Body *body_new(const InferRequest *request);
void body_free(Body *body); /* and its graph */
const Graph *body_graph(const Body *body);
/* Whether anything was wrong, which may have been told before of another body. */
bool body_failed(const Body *body);

/* The value that an attribute's text (or length bytes of it from offset on) refers to in the body;
 * NULL after a mistake. */
Value *body_value(Body *body, const Element *from, const Attribute *attribute);
Value *body_value_part(Body *body, const Element *from, const Attribute *attribute, size_t offset,
                       size_t length);
/* The number of a net in the graph; -1 where the body does not use it. */
int body_net(const Body *body, const char *name);

#endif
