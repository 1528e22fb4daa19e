/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inside of infer: scopes and items (infer.c), references (infer_reference.c), inputs
 * (infer_connect.c), nets (infer_net.c), composites (infer_composite.c), fused nodes
 * (infer_fuse.c), and what nodes see of it (infer_node.c). */
#ifndef FORNIX_INFER_PARTS_H
#define FORNIX_INFER_PARTS_H

#include "infer.h"
#include "text.h"

typedef enum { ITEM_NEW, ITEM_OPEN, ITEM_DONE, ITEM_FAILED } ItemState;

typedef struct Scope Scope;

/* One element of a scope: a node, or a use or composite with a scope of its own. */
typedef struct Item {
    const Element *element;
    const char *id;
    ItemState state;
    Node *node;
    Scope *inside;
    const FornixNode *composite; /* whose ports name nodes inside */
} Item;

typedef struct Binding { /* an input of a net or composite */
    const char *name;
    Value *value; /* NULL: not connected */
} Binding;

struct Scope {
    const char *path;     /* "" or "seg/" */
    int net;              /* whose weights these nodes own; -1: none */
    const char *net_path; /* within the net: "" or "enc0/" */
    Item *items;
    int item_count;
    Binding *bindings;
    int binding_count;
    bool is_body;     /* sees the stage's columns */
    const Node *twin; /* the node "tangent" in it is that one's twin; NULL: none */
};

struct Body {
    InferRequest request;
    Arena *memory;
    Graph graph;
    Scope *scope;
    int value_room, node_room, parameter_room;
    uint64_t open_nets; /* bit k: net k is being built */
    int depth;          /* of nets and composites in one another */
    int failed; /* grows with each mistake: what depends on one is left out without a word */
};

struct FornixInfer {
    Body *body;
    Scope *scope;
    Node *node;
    const Element *element;
    Text emitted;
    bool failed;
    const bool *tangents; /* by input, in a tangent: whether there is a direction */
};

enum { NETS_MOST = 64 }; /* sets of them are bits */

void scope_fill(Body *body, Scope *scope, const Element *parent);
Scope *scope_inside(Body *body, const Scope *scope, const Item *item); /* of a use or composite */

/* Builds what was not built yet; false after a mistake. */
bool body_build_item(Body *body, Scope *scope, Item *item);
bool body_build_scope(Body *body, Scope *scope);
bool body_build_use(Body *body, Scope *scope, Item *item);
bool body_build_gradient(Body *body, Scope *scope, Item *item);
bool body_build_composite(Body *body, Scope *scope, Item *item, FornixInfer *infer);
bool body_connect(Body *body, Scope *scope, const Element *element, Node *node);

typedef struct Reference {
    Body *body;
    Scope *scope; /* in which the next segment is looked up */
    const Element *from;
    const char *text;
    Place place;
} Reference;

/* What text, or its end, refers to. NULL with nothing told: an optional input left open. */
Value *reference_value(Reference *reference, const char *text);
Value *body_value_in(Body *body, Scope *scope, const Element *from, const Attribute *attribute);

/* Runs the node's infer over its connected inputs and makes its outputs. */
bool infer_node(FornixInfer *infer);

/* Finds the chains for which there are fused nodes. Readers are listed. */
void body_fuse(Body *body);

/* A node of the scope, and its outputs, before it is inferred; adding it makes it the graph's. */
Node *body_new_node(Body *body, const Scope *scope, const Item *item, const FornixNode *type);
void body_make_outputs(Body *body, Node *node);
void body_add_node(Body *body, Node *node);
/* The fragment that the infer's node emitted, in places that lead to what was written for it. */
Element *body_emitted(FornixInfer *infer, const char *name, const char *why);
/* What is read in place of a weight that was declared for the infer's node; NULL: the weight. */
Value *body_weight_value(FornixInfer *infer, Parameter *weight);

Value *body_add_value(Body *body, Value value);
Parameter *body_find_parameter(const Body *body, const char *name); /* NULL: there is none */
Parameter *body_add_parameter(Body *body, Parameter parameter);     /* or the one of its name */

#endif
