/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inner graph: values (tensors), the nodes that make them, the nets that own weights.
 *
 * One Graph is one body of a stage at one batch size, built and inferred by infer.h from the
 * expanded XML; autodiff and plan read it, nothing changes it afterwards. Nodes stand in an order
 * in which every value is made before it is read. All memory is the graph's arena's.
 */
#ifndef FORNIX_GRAPH_H
#define FORNIX_GRAPH_H

#include "arena.h"
#include "diag.h"
#include "node.h"

typedef struct Node Node;

typedef struct Value {
    int index;
    const char *path; /* "seg/enc0/conv1" or "batch.image" */
    FornixShape shape;
    unsigned kind;
    int64_t classes;
    Node *producer; /* NULL: a column of the batch */
    int output;     /* of the producer, or the column's number in Graph.columns */
    uint64_t nets;  /* bit k: its content depends on weights of net k */
    Node **readers;
    int *reader_inputs;
    int reader_count;
} Value;

typedef struct Pass {
    int64_t grains;
    FornixNeed need;
} Pass;

enum { PASSES_MOST = 8, PHASES = 3 };

typedef struct Phase {
    Pass passes[PASSES_MOST];
    int count;
    int64_t scratch; /* floats */
    double flops;
} Phase;

/* How a node lets two of its tensors share memory (node.h: in_place, same_memory, part_of,
 * gradient_in_place). */
typedef enum { SHARE_IN_PLACE = 1, SHARE_SAME, SHARE_PART, SHARE_GRADIENT } ShareKind;

typedef struct Share {
    ShareKind kind;
    int input, output;
    int64_t channel;
} Share;

/* A weight or a kept state: shared by all uses of its net. */
typedef struct Parameter {
    int index;        /* in Graph.parameters */
    const char *name; /* "unet/enc0/conv1.weight": the net, the path in it, the node's own name */
    const FornixNode *type; /* of the node that owns it */
    int net;
    FornixShape shape;
    FornixInit init;
    bool kept; /* state: changed in FORNIX_KEEP, never by an optimizer */
    Place place;
} Parameter;

/* What <gradient> adds to its node: the gradient of the sum of `of` by `by`, and how that changes
 * with weights. The nodes on the way from `by` to `of` have twins behind this node, which give what
 * `of` changes by along `direction`. With the gradient's own gradient as the direction, the slopes
 * of that number by the weights are those of the gradient: forward over reverse. */
typedef struct GradientWay {
    Value *of, *by;
    Value *direction; /* made in a backward sweep alone */
    Value *along;     /* the change of `of` along it */
    bool *values;     /* by Value.index: it lies on the way; values and nodes that came before */
    bool *nodes;      /* by Node.index */
    Node *last;       /* of the twins */
} GradientWay;

struct Node {
    int index;
    const char *id, *path;
    Place place;
    const FornixNode *type;
    const FornixLayer *layer;
    void *attrs;
    int net;    /* that owns its weights; -1: in no net */
    Value **in; /* NULL where an optional port is not connected */
    int inputs;
    Value **out;
    int outputs;
    Parameter **weights, **states;
    int weight_count, state_count;
    Value **weight_values; /* by weight: what it reads in its place; NULL: the weight itself */
    FornixShape *saved;
    int saved_count;
    Phase phase[PHASES];
    Share *shares;
    int share_count;
    const FornixInfer *infer; /* as its infer left it: for open */
    uint64_t no_gradients;    /* bit k: none flows into input k, whatever its port says */
    uint16_t adds;            /* bit k: backward can add to the gradient of input k */
    const Node *twin;         /* whose weights and random numbers it uses; NULL: its own */
    GradientWay *derivative;  /* of a <gradient>; NULL: a layer */
    const Node *gradient;     /* whose last twin this is; NULL: none */
    const Node *fused;        /* does the work of the chain that ends here; NULL: none */
    const Node **parts;       /* of a fused node: the chain */
    int part_count;
};

typedef struct Net {
    const char *name;
    const char *weights; /* where its weights come from: "" none, a stage's id, or a file */
    Place weights_place;
    bool weights_file;  /* they come from a file */
    bool load_matching; /* load="matching": leave out what has another shape */
    const char *except; /* names that are not loaded, between blanks; NULL: none */
    bool spectral;      /* its matrices are divided by their largest singular value */
} Net;

typedef struct Graph {
    Arena *arena;
    int64_t batch;
    FornixWinograd winograd;
    Value **values;
    int value_count;
    Node **nodes;
    int node_count;
    Parameter **parameters;
    int parameter_count;
    Net *nets;
    int net_count;
    Value **columns;           /* what the body reads of the batch */
    const char **column_names; /* as in "batch.NAME" */
    int column_count;
} Graph;

/* The flags of the port behind input or output number i of a node. */
unsigned node_input_flags(const Node *node, int input);
/* Whether backward reads it, where gradients of weights are wanted or not. */
bool node_input_saved(const Node *node, int input, bool for_weight);
unsigned node_output_flags(const Node *node, int output);

/* Bytes of a weight or value; shapes were checked when inferred. */
int64_t shape_bytes(FornixShape shape);
bool shape_equal(FornixShape a, FornixShape b);
/* Whether it is a direction of a <gradient>, into which no gradient flows. */
bool is_direction(const Value *value);
/* "2 x 64 x 64 x 64 x 16" (n d h w c) into the arena. */
const char *shape_text(Arena *arena, FornixShape shape);

/* "an image", "logits or a feature": the kinds in the bit set, for messages. */
const char *kinds_text(Arena *arena, unsigned kinds);

#endif
