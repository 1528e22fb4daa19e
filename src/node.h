/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The contract between fornix and its nodes: all that the author of a plugin needs.
 *
 * A plugin is a shared module NAME.so that exports one `const FornixNode fornix_node` of that name:
 * docs, a table of attributes, tables of ports, an example and the functions of its family:
 *
 *   layer      a node of the inner graph: tensors in, tensors out, one batch at a time
 *   composite  a node of the inner graph that stands for several others
 *   samples    a node of the outer graph: tables in, a table out (loaders, samplers, evaluators)
 *   optimizer  what <update> does with a gradient
 *   schedule   how the rate of an optimizer changes from step to step
 *
 * `fornix new-node NAME --kind layer` begins one that works; FORNIX_PLUGIN_PATH names the folders
 * of plugins, `fornix describe NAME` shows what users will read, `fornix test-node ./NAME.so` says
 * what to mend. A plugin may call what this header and the two that it includes declare, libc and
 * libraries of its own; whatever else the program happens to export may change any day.
 *
 * TENSORS are float32, N D H W C: batch, depth, height, width, channels, channels side by side in
 * memory. An image has d = 1, a vector d = h = w = 1.
 *
 * MISTAKES. Everything that a user can get wrong is found in `infer`, `expand` or `columns`, where
 * a line of the graph can be shown; what runs afterwards must not fail for any reason but the
 * machine's. A plugin never prints, exits or aborts. Should it crash, the run ends as if killed:
 * the node is named, and the same command goes on at the last checkpoint.
 *
 * OWNERSHIP. Tables of the descriptor are static and never change. The engine owns attributes,
 * tensors and scratch, a node only what its `open` returns or fornix_set_opened was given, which
 * its `close` frees. What a function here is given is copied before it returns, texts and arrays
 * too; what a function here gives lives as long as the FornixInfer, FornixTable or FornixBuild that
 * it was asked of. Attributes, and texts and lists in them, live as long as what was opened.
 *
 * WHEN WHAT IS CALLED, AND BY WHOM. `infer` once for each batch size, in `check` too, possibly for
 * graphs that never run; `open` once for each plan, then passes, then `close`. `columns`, then
 * `rows`, in a check and again in a run, each time for another table; then `read`; then `close`. A
 * node may stand in a graph many times and be used by several stages at once: passes and `read` run
 * on several threads at the same time, `infer`, `open`, `columns`, `rows` of different nodes too.
 * So nothing is kept in static variables but constants. Memory may be taken anywhere but in passes
 * and in an optimizer's update.
 *
 * DETERMINISM. The same seed gives the same bits, on any number of threads. That holds when a grain
 * depends on its number and its inputs alone: sums over grains are added in a pass behind them, in
 * their order; nothing asks for the time, a thread's number, an address or the order of calls.
 * Random numbers are functions of a key and an index (fornix-random.h): a pass derives from
 * step->random a key for each sample, a table from fornix_build_random; whoever draws again, as
 * backward does, gets the same.
 *
 * THE CACHE. What a stage computed is taken from there when nothing changed that it depends on: the
 * graph's text, its seeds, its files, and the files of the plugins in it. So a plugin built anew is
 * computed with anew, and a file that a node reads must be told with fornix_uses_file, or a change
 * in it goes unseen.
 *
 * ABI POLICY. FORNIX_ABI is the major number: it is raised, and FORNIX_ABI_MINOR goes back to 0,
 * with every change that a plugin which was built before would take for something else: the size of
 * a struct, where a field lies and its type, the value of a constant, a function that goes or takes
 * other arguments, another meaning of any of them. Plugins of another major number are refused and
 * told to be built again. FORNIX_ABI_MINOR counts what is only added: functions, constants, flags
 * that mean what was before where they are not set. A plugin that uses such an addition (#if
 * FORNIX_ABI_MINOR >= 2) runs where it is there; elsewhere it does not load, and which function is
 * missing is told. tests/test-abi.sh compares this file with what was recorded, and says what to
 * do.
 */
#ifndef FORNIX_NODE_H
#define FORNIX_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fornix-error.h"
#include "fornix-random.h"

#ifdef __cplusplus
extern "C" {
#endif

/* See ABI POLICY above before you change anything below. */
#define FORNIX_ABI 1
#define FORNIX_ABI_MINOR 3

#define FORNIX_FUSED "fused_" /* names of fused nodes begin so */

/* ---- Shapes and views ------------------------------------------------------------------- */

typedef struct {
    int64_t n, d, h, w, c;
} FornixShape;

/* A tensor in memory: pixel (n, d, h, w) starts at data + n * pitch_n + d * pitch_d + h * pitch_h
 * + w * pitch_w, all in floats. Dense means pitch_w = c, pitch_h = w * c and so on; a node sees
 * another pitch only at ports that say FORNIX_PITCHED, and then pitch_h = w * pitch_w,
 * pitch_d = h * pitch_h and pitch_n = d * pitch_d still hold: only pitch_w exceeds c (a tensor
 * that is some channels of a wider one). data is NULL where a port is not connected, a tensor was
 * not declared SAVED, or a gradient is not wanted. */
typedef struct {
    FornixShape shape;
    int64_t pitch_w, pitch_h, pitch_d, pitch_n;
    const float *data;
} FornixView;

typedef struct {
    FornixShape shape;
    int64_t pitch_w, pitch_h, pitch_d, pitch_n;
    float *data;
} FornixTensor;

static inline int64_t fornix_pixels(FornixShape s) /* of the whole batch */
{
    return s.n * s.d * s.h * s.w;
}

static inline int64_t fornix_floats(FornixShape s)
{
    return fornix_pixels(s) * s.c;
}

/* ---- Kinds ------------------------------------------------------------------------------ */

/* What a tensor or a column means. An input port names all that it takes, an output port the one
 * that it gives. Losses want logits and take features (a linear layer's output), never
 * probabilities. */
typedef enum {
    FORNIX_IMAGE = 1 << 0,       /* intensities */
    FORNIX_MASK = 1 << 1,        /* class indices of pixels, c = 1 */
    FORNIX_LABEL = 1 << 2,       /* class index of a sample, d = h = w = c = 1; -1 is missing */
    FORNIX_WEIGHT = 1 << 3,      /* how much a sample counts, d = h = w = c = 1 */
    FORNIX_FEATURE = 1 << 4,     /* what layers give */
    FORNIX_LOGITS = 1 << 5,      /* unnormalised log-probabilities, a channel a class */
    FORNIX_PROBABILITY = 1 << 6, /* after softmax or sigmoid */
    FORNIX_NOISE = 1 << 7,
    FORNIX_LOSS = 1 << 8,     /* one number for a batch: 1 x 1 x 1 x 1 x 1 */
    FORNIX_METRIC = 1 << 9,   /* a row of numbers for each sample: n x 1 x 1 x 1 x c */
    FORNIX_SAMPLES = 1 << 10, /* outer graph: a table of samples */
    FORNIX_FIT = 1 << 11,     /* outer graph: what was fitted on a table (a threshold) */
    FORNIX_SCORES = 1 << 12,  /* outer graph: what an evaluator found */
    FORNIX_ANY_TENSOR = (1 << 10) - 1,
    FORNIX_DATA = (1 << 8) - 1, /* any tensor but losses and metrics */
    FORNIX_VALUES = FORNIX_IMAGE | FORNIX_FEATURE | FORNIX_LOGITS | FORNIX_PROBABILITY |
                    FORNIX_NOISE /* what a layer can work on */
} FornixKind;

/* ---- Ports ------------------------------------------------------------------------------ */

enum {
    FORNIX_OPTIONAL = 1 << 0,
    FORNIX_MANY = 1 << 1,             /* one or more, in order; the last input port only */
    FORNIX_SAVED = 1 << 2,            /* backward reads it (an input or an output) */
    FORNIX_NO_GRAD = 1 << 3,          /* no gradient flows into this input */
    FORNIX_PITCHED = 1 << 4,          /* works with pitch_w > c */
    FORNIX_SAVED_FOR_WEIGHT = 1 << 5, /* passes FORNIX_FOR_WEIGHT of backward read it (an input) */
};

typedef struct {
    const char *name;
    unsigned kinds; /* input: all that it takes; output: the one it gives, 0 = its first input's */
    unsigned flags;
    const char *doc;
} FornixPort; /* tables end with {0} */

/* ---- Attributes ------------------------------------------------------------------------- */

typedef enum {
    FORNIX_ATTR_INT,
    FORNIX_ATTR_REAL,
    FORNIX_ATTR_BOOL,    /* yes | no (true, false, 1, 0 too) */
    FORNIX_ATTR_CHOICE,  /* int: index into choices */
    FORNIX_ATTR_DIMS,    /* one to three sizes, D H W: "3" is 3 3 3, "3 3" is 1 3 3 for kernels */
    FORNIX_ATTR_TEXT,    /* any text */
    FORNIX_ATTR_PATH,    /* a file or folder, relative to the graph file; given absolute */
    FORNIX_ATTR_LIST,    /* words between blanks; of choices where there are any */
    FORNIX_ATTR_CLASSES, /* a number of classes, or the name of a label column */
    FORNIX_ATTR_LIKE,    /* "table.column": shape, kind and classes of a column */
} FornixAttrKind;

typedef struct {
    int64_t size[3]; /* as written, left-filled: "5" gives {5, 5, 5}, "4 5" gives {1, 4, 5} */
    int count;       /* how many were written: 0 to 3 */
} FornixDims;

typedef struct {
    const char *const *items;
    int64_t count;
} FornixList;

typedef struct {
    int64_t count;
    const char *label;        /* the label column that was named, or NULL */
    const char *const *names; /* count names, or NULL */
} FornixClasses;

typedef struct {
    FornixShape shape; /* n = 1 */
    unsigned kind;
    int64_t classes; /* of a label or mask; 0 elsewhere */
} FornixLike;

typedef struct {
    const char *name; /* the XML attribute */
    FornixAttrKind kind;
    size_t offset;              /* of the field in the node's own struct */
    const char *fallback;       /* the default as a user would write it; NULL: required */
    double low, high;           /* inclusive, for numbers and sizes */
    const char *const *choices; /* NULL-terminated */
    const char *doc;
} FornixAttr; /* tables end with {0} */

/* A field of the wrong C type does not compile. The attribute has the field's name. */
#define FORNIX_FIELD(Struct, field, Type)                                                          \
    (offsetof(Struct, field) + 0 * sizeof(char[_Generic(((Struct *)0)->field, Type : 1, default    \
                                                        : -1)]))
#define FORNIX_INT(Struct, field, fallback, low, high, doc)                                        \
    {                                                                                              \
#field, FORNIX_ATTR_INT, FORNIX_FIELD(Struct, field, int64_t), fallback, low, high, 0, doc \
    }
#define FORNIX_REAL(Struct, field, fallback, low, high, doc)                                       \
    {                                                                                              \
#field, FORNIX_ATTR_REAL, FORNIX_FIELD(Struct, field, double), fallback, low, high, 0, doc \
    }
#define FORNIX_BOOL(Struct, field, fallback, doc)                                                  \
    {                                                                                              \
#field, FORNIX_ATTR_BOOL, FORNIX_FIELD(Struct, field, bool), fallback, 0, 0, 0, doc        \
    }
#define FORNIX_CHOICE(Struct, field, fallback, choices, doc)                                       \
    {                                                                                              \
#field, FORNIX_ATTR_CHOICE, FORNIX_FIELD(Struct, field, int), fallback, 0, 0, choices, doc \
    }
#define FORNIX_DIMS(Struct, field, fallback, low, high, doc)                                       \
    {                                                                                              \
#field, FORNIX_ATTR_DIMS, FORNIX_FIELD(Struct, field, FornixDims), fallback, low, high, 0, \
            doc                                                                                    \
    }
#define FORNIX_TEXT(Struct, field, fallback, doc)                                                  \
    {                                                                                              \
#field, FORNIX_ATTR_TEXT, FORNIX_FIELD(Struct, field, const char *), fallback, 0, 0, 0,    \
            doc                                                                                    \
    }
#define FORNIX_PATH(Struct, field, fallback, doc)                                                  \
    {                                                                                              \
#field, FORNIX_ATTR_PATH, FORNIX_FIELD(Struct, field, const char *), fallback, 0, 0, 0,    \
            doc                                                                                    \
    }
#define FORNIX_LIST(Struct, field, fallback, doc)                                                  \
    {                                                                                              \
#field, FORNIX_ATTR_LIST, FORNIX_FIELD(Struct, field, FornixList), fallback, 0, 0, 0, doc  \
    }
#define FORNIX_WORDS(Struct, field, fallback, choices, doc)                                        \
    {                                                                                              \
#field, FORNIX_ATTR_LIST, FORNIX_FIELD(Struct, field, FornixList), fallback, 0, 0,         \
            choices, doc                                                                           \
    }
#define FORNIX_CLASSES(Struct, field, fallback, doc)                                               \
    {                                                                                              \
#field, FORNIX_ATTR_CLASSES, FORNIX_FIELD(Struct, field, FornixClasses), fallback, 1,      \
            65536, 0, doc                                                                          \
    }
#define FORNIX_LIKE(Struct, field, fallback, doc)                                                  \
    {                                                                                              \
#field, FORNIX_ATTR_LIKE, FORNIX_FIELD(Struct, field, FornixLike), fallback, 0, 0, 0, doc  \
    }

/* An attribute whose fallback is "" may be left out: text and path are then "", a list or dims
 * has count 0, classes count 0, like shape.n 0. */

/* ---- Layers: what is known before a run ------------------------------------------------- */

typedef struct FornixInfer FornixInfer;

typedef enum { FORNIX_FORWARD, FORNIX_BACKWARD, FORNIX_KEEP } FornixPhase;

/* When a pass of FORNIX_BACKWARD runs: skipped where nobody wants what it makes. */
typedef enum { FORNIX_ALWAYS, FORNIX_FOR_INPUT, FORNIX_FOR_WEIGHT } FornixNeed;

typedef enum { FORNIX_CONSTANT, FORNIX_UNIFORM, FORNIX_NORMAL } FornixInitKind;

typedef struct {
    FornixInitKind kind;
    double value; /* the constant; b of uniform in [-b, b); the standard deviation of normal */
} FornixInit;

/* The largest tiles of minimal filtering (Winograd) that convolutions may use, as a stage says. */
typedef enum { FORNIX_WINOGRAD_F2, FORNIX_WINOGRAD_NONE, FORNIX_WINOGRAD_F4 } FornixWinograd;

/* Inputs count as in the port table; those of a MANY port follow one another from its place on. */
int fornix_inputs(const FornixInfer *infer);
int64_t
fornix_batch(const FornixInfer *infer); /* n of the stage's batch, for nodes without inputs */
FornixWinograd fornix_winograd(const FornixInfer *infer);      /* what the stage allows */
FornixShape fornix_input(const FornixInfer *infer, int input); /* n = 0: not connected */
bool fornix_has_input(const FornixInfer *infer, int input);
unsigned fornix_input_kind(const FornixInfer *infer, int input);
/* Classes of a label or mask, 0 where unknown. */
int64_t fornix_input_classes(const FornixInfer *infer, int input);

/* infer gives every output a shape, in the order of the port table. */
void fornix_output(FornixInfer *infer, int output, FornixShape shape);
void fornix_output_kind(FornixInfer *infer, int output, unsigned kind);      /* where it varies */
void fornix_output_classes(FornixInfer *infer, int output, int64_t classes); /* of a mask, label */

/* Declares a weight; they count from 0 in the order of declaration. Only nets own weights. part
 * tells which of the nodes that a fused node replaces names it, 0 elsewhere. */
void fornix_weight(FornixInfer *infer, int part, const char *name, FornixShape shape,
                   FornixInit init);
/* Declares kept state (running statistics): checkpointed, changed in FORNIX_KEEP alone. */
void fornix_state(FornixInfer *infer, int part, const char *name, FornixShape shape, double start);
/* Declares a tensor that forward writes and backward (and keep) read. */
void fornix_saved(FornixInfer *infer, FornixShape shape);
/* Scratch for all passes of a phase together; its content does not outlive the phase. */
void fornix_scratch(FornixInfer *infer, FornixPhase phase, int64_t floats);
/* Declares the next pass of a phase. Grains depend on shapes alone; those of one pass write apart
 * and may run in any order at the same time, a pass begins when the one before has ended. */
void fornix_pass(FornixInfer *infer, FornixPhase phase, int64_t grains, FornixNeed need);
/* Multiply-adds times two of one execution, for `plan` and `--profile`. */
void fornix_flops(FornixInfer *infer, FornixPhase phase, double flops);

/* output may lie in the memory of input, where nobody else reads that later: forward must then
 * work with out.data == in.data, and backward with din.data == dout.data. */
void fornix_in_place(FornixInfer *infer, int output, int input);
/* The gradient of a saved input may lie in the memory of that input, where nobody else reads it
 * later: backward must then work with din.data == in.data, reading the input in no pass that comes
 * after the first that writes its gradient. Since FORNIX_ABI_MINOR 2. */
void fornix_gradient_in_place(FornixInfer *infer, int input);
/* backward can add to a gradient that din[input] holds already, that of another reader of the same
 * values: it must where bit `input` of FornixStep.adds is set, and input is below 16. Since
 * FORNIX_ABI_MINOR 3. */
void fornix_gradient_adds(FornixInfer *infer, int input);
/* output holds the values of input in the same order (reshape): where the engine lets both share
 * memory, out.data == in.data (din.data == dout.data), and the node has nothing to copy. */
void fornix_same_memory(FornixInfer *infer, int output, int input);
/* input is channels [channel, channel + c) of output (concat): where the engine lets the producer
 * write there, in.data == out.data + channel (din.data == dout.data + channel): nothing to copy. */
void fornix_part_of(FornixInfer *infer, int input, int output, int64_t channel);

/* No gradient flows into that input, because of what attributes say: as FORNIX_NO_GRAD. */
void fornix_no_gradient(FornixInfer *infer, int input);

/* Reports a mistake at the attribute or port of that name (NULL: at the node); returns false. */
bool fornix_infer_fail(FornixInfer *infer, const char *where, const char *format, ...)
    FORNIX_PRINTF(3, 4);

/* ---- Layers: what runs ------------------------------------------------------------------ */

typedef struct {
    const FornixView *in;     /* as declared; only SAVED ones have data in backward */
    const FornixTensor *out;  /* in backward: only SAVED ones have data */
    const FornixView *weight; /* dense */
    const FornixTensor *saved;
    const FornixView *state;       /* dense */
    const FornixView *dout;        /* backward: never NULL data; a loss's is one number */
    const FornixTensor *din;       /* backward: overwritten or `adds`; data NULL: not wanted */
    const FornixTensor *dweight;   /* backward, dense: overwritten; data NULL: not wanted */
    const FornixTensor *new_state; /* keep: overwritten; it starts as a copy of state */
    float *scratch;
    FornixRandomKey random;  /* of this node, stage, update and step; the same in backward */
    int inputs;              /* with those of a MANY port */
    bool training;           /* else: running statistics, no dropout */
    bool frozen;             /* its net is not trained: statistics are not changed */
    uint16_t adds;           /* bit k: backward adds to din[k] (fornix_gradient_adds) */
    void *opened;            /* what open returned */
    FornixWinograd winograd; /* as in infer */
} FornixStep;

/* Grains [begin, end) of one pass. Passes count from 0, in the order in which infer declared those
 * of the phase; where nobody wants what one makes it is left out, and the others keep their
 * numbers. */
typedef void FornixPass(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                        int64_t end);

/* What a metric node's rows become: called once, serially, over all rows in their order. */
typedef struct FornixResults FornixResults;
int64_t fornix_results_rows(const FornixResults *results);
int64_t fornix_results_width(const FornixResults *results);
const float *fornix_results_row(const FornixResults *results, int64_t row);
const char *fornix_results_subject(const FornixResults *results, int64_t row);
/* The figure `name` of this node; NULL or "": the node's own, which monitor="stage.node" means. */
void fornix_results_add(FornixResults *results, const char *name, double value);

typedef struct {
    bool (*infer)(FornixInfer *infer, const void *attrs); /* false after fornix_infer_fail */
    FornixPass *forward;
    FornixPass *backward; /* NULL: no gradient passes; the engine refuses to train through it */
    FornixPass *keep;     /* new state from state and saved; NULL: keeps none */
    void *(*open)(const FornixInfer *infer, const void *attrs, FornixError *error); /* or NULL */
    void (*close)(void *opened);
    void (*finish)(FornixResults *results, const void *attrs); /* of a metric; NULL: mean rows */
    /* A node that replaces others lists their names, a chain linked through first input and first
     * output ("conv instance_norm leaky_relu"), and has a name that begins with FORNIX_FUSED. fuse
     * fills its own attributes from those of the parts, or returns false where they can't be
     * served; given[i] tells that input i comes with the batch. Inputs are those of the first part,
     * the output is that of the last, weights are the parts' own, declared in their order. It runs
     * wherever such a chain stands and nobody asks for what is made on its way, and must give the
     * same bits: what is tapped must not change what is learnt. */
    const char *fuses;
    bool (*fuse)(void *attrs, const void *const *parts, const bool *given);
} FornixLayer;

/* ---- Composites ------------------------------------------------------------------------- */

/* expand writes nodes as graph text with fornix_emit; the node's own inputs are there under their
 * ports' names, and each output is the node whose id is the output's name. Shapes of inputs are
 * known (fornix_input). What is wrong in the text is shown at what the user wrote: at the input
 * that an emitted attribute names, at the composite's attribute of its name, or at the first of
 * those that from="width depth" lists on the emitted element; else at the composite. */
typedef struct {
    bool (*expand)(FornixInfer *infer, const void *attrs);
} FornixComposite;

void fornix_emit(FornixInfer *infer, const char *format, ...) FORNIX_PRINTF(2, 3);
/* In a tangent: whether there is a direction of that input; where not, the input does not move. */
bool fornix_has_tangent(const FornixInfer *infer, int input);

/* ---- Optimizers and schedules ----------------------------------------------------------- */

typedef struct {
    float *weight;
    const float *gradient;
    float *const *state; /* `states` buffers as long as the weight, zero at first */
    int64_t step;        /* from 1: how often this weight was updated, this time included */
    double rate;         /* after the schedule */
    double scale;        /* of the gradient: clipping and accumulation */
} FornixUpdate;

typedef struct {
    int states;
    size_t rate_offset; /* of the double in the attributes that is the learning rate */
    /* Elements [begin, end) of one weight and its states, no others; the same bits however a range
     * is split. The gradient counts times scale. */
    void (*update)(const FornixUpdate *update, const void *attrs, int64_t begin, int64_t end);
} FornixOptimizer;

typedef struct {
    /* Times the optimizer's rate: 0 to 1; step from 0. */
    double (*factor)(const void *attrs, int64_t step, int64_t steps);
} FornixSchedule;

/* ---- Samples ---------------------------------------------------------------------------- */

/* A table of samples. Its rows have an identity (engine columns, never floats) and columns of
 * tensors, labels and weights. Tables do not change once made. */
typedef struct FornixTable FornixTable;

typedef enum { FORNIX_REAL_SAMPLE, FORNIX_SYNTHETIC_SAMPLE } FornixOrigin;

typedef enum { FORNIX_NO_PART, FORNIX_TRAIN, FORNIX_VALIDATION, FORNIX_TEST } FornixPart;

typedef struct {
    const char *subject; /* "cohort/name": what splits, clusters and joins go by */
    const char *name;    /* of the sample in its subject: "" or "slice 12" */
    FornixOrigin origin;
    FornixPart part;
} FornixRow;

typedef struct {
    const char *name;
    unsigned kind;     /* FORNIX_IMAGE, MASK, FEATURE, LOGITS, PROBABILITY, LABEL or WEIGHT */
    FornixShape shape; /* of one row: n = 1 */
    int64_t classes;   /* of labels, masks; 0 where unknown */
    const char *const *class_names; /* classes names, or NULL */
} FornixColumn;

/* How a tensor of a row lies in the patient: what is needed to write it in the image's own space.
 */
typedef struct {
    const char *file;       /* the image that the row came from; NULL: none */
    int64_t slice;          /* along axis, or -1: the whole volume */
    int axis;               /* of the slice in RAS: 0 R, 1 A, 2 S */
    double spacing[3];      /* mm, of a voxel of the row along W, H, D; 0: a picture, without mm */
    unsigned char map[512]; /* the loader's own way back (plain data), see volume.h */
} FornixSpace;

int64_t fornix_rows(const FornixTable *table); /* -1: not known before the run */
int fornix_columns(const FornixTable *table);
const FornixColumn *fornix_column(const FornixTable *table, int column);
int fornix_find_column(const FornixTable *table, const char *name); /* -1: none */
const FornixRow *fornix_row(const FornixTable *table, int64_t row);
int32_t fornix_label(const FornixTable *table, int column, int64_t row); /* -1: missing */
double fornix_real(const FornixTable *table, int column, int64_t row);   /* of a WEIGHT column */
/* A tensor of a row, dense, into out. Safe from several threads. */
bool fornix_read(const FornixTable *table, int column, int64_t row, float *out, FornixError *error);
/* A part of it, D H W, dense, into out. Beyond the tensor's borders its edge goes on. */
typedef struct {
    int64_t start[3], size[3];
} FornixBox;
bool fornix_read_box(const FornixTable *table, int column, int64_t row, const FornixBox *box,
                     float *out, FornixError *error);
const FornixSpace *fornix_space(const FornixTable *table, int64_t row); /* NULL: none */
/* Numbers that a node kept with its table (fitted statistics, a threshold); NULL: none. */
const double *fornix_values(const FornixTable *table, const char *name, int64_t *count);

/* One node of the outer graph being made. */
typedef struct FornixBuild FornixBuild;

int fornix_tables(const FornixBuild *build); /* inputs, with those of a MANY port */
const FornixTable *fornix_table(const FornixBuild *build, int input); /* NULL: not connected */
/* How the graph names an input: its id, and in a <for> the loop's values ("scores[smote]"). */
const char *fornix_table_name(const FornixBuild *build, int input);
const char *fornix_build_id(const FornixBuild *build);

/* In `columns`: what the output has. */
int fornix_add_column(FornixBuild *build, const FornixColumn *column);
void fornix_copy_columns(FornixBuild *build, int input); /* all of an input's */
/* In `rows`. A new row has labels -1, reals 1 and no tensors of its own. */
int64_t fornix_add_row(FornixBuild *build, const FornixRow *row);
/* A row with the identity, labels, reals, space and tensors of a row of an input. */
int64_t fornix_copy_row(FornixBuild *build, int input, int64_t row);
/* As copy_row, but its tensors are (1 - share) * row + share * other: sampled, not stored. */
int64_t fornix_mix_rows(FornixBuild *build, int input, int64_t row, int64_t other, double share);
void fornix_set_row(FornixBuild *build, int64_t row, const FornixRow *identity);
void fornix_set_label(FornixBuild *build, int column, int64_t row, int32_t label);
void fornix_set_real(FornixBuild *build, int column, int64_t row, double value);
void fornix_set_space(FornixBuild *build, int64_t row, const FornixSpace *space);
void fornix_set_values(FornixBuild *build, const char *name, const double *values, int64_t count);
/* This row's subject (and all that it stems from) was used to fit what this node gives. */
void fornix_fitted_on(FornixBuild *build, int input, int64_t row);
/* All rows of those parts (bits 1 << FornixPart) were. Said in `columns`, it lets `check` refuse
 * a leak before anything runs. */
void fornix_fitted_on_parts(FornixBuild *build, int input, unsigned parts);

/* Figures: they stand in final.json under the node's id, and in the report. */
void fornix_metric(FornixBuild *build, const char *name, double value);
void fornix_metric_interval(FornixBuild *build, const char *name, double value, double low,
                            double high);
/* Numbers side by side, row by row (the points of a ROC curve, bins, a confusion matrix): they
 * stand in curves.json under the node's id, for whoever draws them. */
typedef struct {
    const char *const *columns; /* their names */
    int width;
    const double *values; /* [rows][width] */
    int64_t rows;
} FornixCurve;
void fornix_curve(FornixBuild *build, const char *name, const FornixCurve *curve);
/* Reads figures of an input (SCORES); false: it has none of that name. */
bool fornix_get_metric(const FornixTable *table, const char *name, double *value, double *low,
                       double *high);
/* A line of the report, shown at the end of the run. */
void fornix_report(FornixBuild *build, const char *format, ...) FORNIX_PRINTF(2, 3);
/* A line of the report that must not be missed (a leak acknowledged, an interval covers chance). */
void fornix_warn(FornixBuild *build, const char *format, ...) FORNIX_PRINTF(2, 3);

/* Says that a file, or (line above 0) a line of it, is of that subject. false, told at `cohort`:
 * another table has it as somebody else's. Under two names nobody could see that one who is tested
 * was trained on. What fornix_set_space names is told so by itself. */
bool fornix_file_of(FornixBuild *build, const char *path, int64_t line, const char *subject);
/* A file that this node reads: its content enters the keys of all that depends on it. */
bool fornix_uses_file(FornixBuild *build, const char *path);
/* The folder for this node's own files in the run's directory, made at the first call. */
const char *fornix_output_folder(FornixBuild *build);
FornixRandomKey fornix_build_random(const FornixBuild *build, int64_t seed);

/* Whether a finished run is applied to new subjects. They come without masks and labels (-1). */
bool fornix_applied(const FornixBuild *build);
/* Then, for their loader: the file that lists them, in place of the one that the attributes name.
 * NULL elsewhere. */
const char *fornix_new_manifest(const FornixBuild *build);
/* What this node kept in that run with fornix_set_values, to be used instead of fitting again, and
 * a column that its table had there. NULL: no run is applied, or none of that name. */
const double *fornix_stored(const FornixBuild *build, const char *name, int64_t *count);
const FornixColumn *fornix_stored_column(const FornixBuild *build, const char *name);

/* Runs work(context, i) for every i in [0, count) on the team; returns when all have ended. */
void fornix_parallel(FornixBuild *build, int64_t count, void (*work)(void *context, int64_t i),
                     void *context);

/* What this node keeps between columns, rows and read; freed with close. */
void fornix_set_opened(FornixBuild *build, void *opened);
void *fornix_opened(const FornixBuild *build);

/* Reports a mistake at the attribute or port of that name (NULL: at the node); returns false. */
bool fornix_build_fail(FornixBuild *build, const char *where, const char *format, ...)
    FORNIX_PRINTF(3, 4);

enum {
    FORNIX_COSTLY_READ = 1 << 0, /* the engine keeps what it read in memory, within its budget */
    FORNIX_EVALUATES = 1 << 1,   /* judges its inputs: the engine passes on rows of `part` only, and
                                    refuses subjects that anything was fitted on */
    FORNIX_NEEDS_RUN = 1 << 2,   /* reads tensors or writes files: rows are made in a run only */
    FORNIX_LOADS_NEW = 1 << 3,   /* a loader that asks for fornix_new_manifest */
    FORNIX_PASSES_NEW = 1 << 4,  /* changes rows for training: new subjects' rows pass untouched */
    FORNIX_READS_BOX = 1 << 5,   /* has read_box */
    FORNIX_FORETELLS = 1 << 6,   /* has keeps or memory */
};

typedef struct {
    unsigned flags;
    /* Declares the output's columns from the inputs' columns and the attributes (and the headers
     * of files); runs in `check`. NULL: those of the first input. */
    bool (*columns)(FornixBuild *build, const void *attrs);
    /* Makes the rows. Runs in `check` too where the inputs' rows are known. */
    bool (*rows)(FornixBuild *build, const void *attrs);
    /* A tensor of an output row that is not passed on from an input. Safe from several threads.
     * NULL: rows take their tensors from the inputs that they were copied from. */
    bool (*read)(void *opened, const FornixTable *table, int column, int64_t row, float *out,
                 FornixError *error);
    void (*close)(void *opened);
    /* As read, but a part of the tensor, where that costs less than the whole. */
    bool (*read_box)(void *opened, const FornixTable *table, int column, int64_t row,
                     const FornixBox *box, float *out, FornixError *error);
    /* For `plan`. Bytes that a read of this row keeps in memory for good, once for all rows of a
     * group (of a volume, where rows are slices); of COSTLY_READ the engine knows. NULL: none. */
    int64_t (*keeps)(void *opened, const FornixTable *table, int column, int64_t row,
                     int64_t *group);
    /* Bytes that it takes at once to make its rows, or where it has `read`, to read one on each of
     * so many threads. NULL: a few rows of its first input on each. */
    int64_t (*memory)(const void *attrs, const FornixTable *input, int threads);
} FornixSamples;

/* ---- The descriptor --------------------------------------------------------------------- */

typedef struct {
    unsigned abi;              /* FORNIX_ABI */
    const char *name;          /* the XML element; lower case, words joined by _ */
    const char *doc;           /* what it does, in a sentence; then more where it helps */
    const char *formula;       /* the equation in plain text and where it is from, or NULL */
    size_t attrs_size;         /* of the struct that attributes fill */
    const FornixAttr *attrs;   /* NULL: none */
    const FornixPort *inputs;  /* NULL: none */
    const FornixPort *outputs; /* layer, composite: the first is what the bare id means */
    /* Exactly one of these. */
    const FornixLayer *layer;
    const FornixComposite *composite;
    const FornixSamples *samples;
    const FornixOptimizer *optimizer;
    const FornixSchedule *schedule;
    /* A graph or a fragment in which the node is used as a user would; `fornix test-node` tries the
     * node on it. For layers and composites: `<node …/>` with inputs x, y… given by `shapes`, e.g.
     * "x=2,3,4,5,6 label=2,1,1,1,1"; several configurations, one a line: "SHAPES | <element …/>".
     * For samples: its tables are made up (columns image and mask, feature, logits, probability,
     * grade), its files read where they are: from the folder that test-node is called in. */
    const char *example;
    /* Of a layer with one output: how that changes along given directions of the inputs, written as
     * nodes with fornix_emit, of which the one with the id "tangent" is the result. It has the
     * weights of the layer, where it declares any of the same names, and draws what the layer drew.
     * input0, tangent0, input1, ... are the inputs and their directions, output0 is the output;
     * fornix_has_tangent says which directions there are, one at least. <gradient> needs it, to
     * train on gradients. NULL: it has none. */
    bool (*tangent)(FornixInfer *infer, const void *attrs);
    void *reserved[3]; /* NULL */
} FornixNode;

#ifdef __cplusplus
}
#endif

#endif
