/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inside of infer: what infer.c builds with and infer_node.c shows to nodes. */
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
    bool is_body; /* sees the stage's columns */
};

struct Body {
    InferRequest request;
    Arena *memory;
    Graph graph;
    Scope *scope;
    int value_room, node_room, parameter_room;
    int depth;  /* of nets and composites in one another */
    int failed; /* items that could not be built: what reads them is left out silently */
};

struct FornixInfer {
    Body *body;
    Scope *scope;
    Node *node;
    const Element *element;
    Text emitted;
    bool failed;
};

/* Runs the node's infer over its connected inputs and makes its outputs. */
bool infer_node(FornixInfer *infer);

Value *body_add_value(Body *body, Value value);
Parameter *body_add_parameter(Body *body, Parameter parameter);

#endif
