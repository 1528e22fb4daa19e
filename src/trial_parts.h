/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inside of trial: the list of checks (trial.c), processes that make them (trial_child.c); a
 * node's own passes on tensors made by hand (trial_bench.c, trial_run.c), compared
 * (trial_passes.c), looked at for malloc (trial_memory.c) and differentiated (trial_slope.c); a
 * node in the engine (trial_machine.c, trial_nodes.c), on threads and used twice (trial_engine.c),
 * under a <gradient> (trial_tangent.c), against a chain (trial_fused.c); what is no layer
 * (trial_update.c), tables (trial_table.c); and what people read (trial_print.c). */
#ifndef FORNIX_TRIAL_PARTS_H
#define FORNIX_TRIAL_PARTS_H

#include "box.h"
#include "example.h"
#include "plan.h"
#include "trial.h"

/* ---- A check in its process ---- */

enum { FINDINGS_MOST = 8, DOING_LENGTH = 300 };

/* What a child tells its parent, in memory that both have. */
typedef struct TrialSeat {
    char doing[DOING_LENGTH]; /* when it crashed */
    char hint[DOING_LENGTH];  /* where that was at a NULL pointer */
    int signal;
    uintptr_t address;
    bool done;
    unsigned checked, skipped;
    char note[DOING_LENGTH]; /* why one was skipped */
    int finding_count;
    TrialFinding findings[FINDINGS_MOST];
} TrialSeat;

typedef struct Trial {
    Registry *registry;
    const char *name;
    const FornixNode *type; /* NULL: it is not loaded yet */
    const char *line;       /* of the example; NULL: the check is of no line */
    TrialSeat *seat;
} Trial;

typedef void TrialWork(Trial *trial);

void trial_checks(Trial *trial, TrialCheck check); /* says that the check is made */
bool trial_fail(Trial *trial, TrialCheck check, const char *format, ...) FORNIX_PRINTF(3, 4);
/* Says that the check can't be made, and why. */
void trial_skips(Trial *trial, TrialCheck check, const char *format, ...) FORNIX_PRINTF(3, 4);
void trial_doing(Trial *trial, const char *format, ...) FORNIX_PRINTF(2, 3);

typedef struct TrialUnit {
    Trial trial; /* but for its seat */
    TrialWork *work;
} TrialUnit;

/* Every unit in a process of its own; adds to the report in the order of the units. */
void trial_units(const TrialUnit *units, size_t count, int processes, TrialReport *report);
void trial_report_add(TrialReport *report, const TrialFinding *finding);

/* ---- The checks ---- */

TrialWork trial_example, trial_passes, trial_memory, trial_gradients, trial_engine, trial_tangents,
    trial_fused, trial_elements;

/* What a node of tables makes of tables that are made up, as that element of its example says. */
void trial_table(Trial *trial, const Element *element, const void *attrs);

/* The example of a trial, opened; false after a finding. The caller closes it in either case. */
bool trial_open(Trial *trial, Example *example, const ExampleSetting *setting);
/* The one node that the example of a layer makes. */
const Node *trial_node(const Example *example);

/* ---- A node's own passes ---- */

enum { TENSORS_MOST = 8 };

typedef enum { SPLIT_WHOLE, SPLIT_REVERSED, SPLIT_RANDOM } Split;

typedef struct Variant {
    const char *name;
    Split split;
    int64_t gap;                /* between the pixels of pitched tensors */
    bool shared;                /* memory, where the node offers to */
    bool no_inputs, no_weights; /* whose gradients nobody wants */
    int only;                   /* from 1: the one input whose gradient is wanted; 0: all */
    bool frozen, evaluating;
    bool adding;    /* to gradients of inputs, where the node offers to */
    bool counted;   /* that passes allocate nothing is seen to */
    float stale;    /* what scratch and saved tensors hold before; 0: poison */
    uint64_t point; /* other numbers for other points */
} Variant;

typedef struct Bench {
    const Node *node;
    const Variant *variant;
    uint64_t seed;
    void *opened;
    Box in[TENSORS_MOST], out[TENSORS_MOST], din[TENSORS_MOST], dout[TENSORS_MOST];
    Box weight[TENSORS_MOST], dweight[TENSORS_MOST], state[TENSORS_MOST], new_state[TENSORS_MOST];
    Box saved[TENSORS_MOST];
    FornixTensor at_in[TENSORS_MOST], at_out[TENSORS_MOST]; /* where they lie, perhaps shared */
    FornixTensor at_din[TENSORS_MOST], at_dout[TENSORS_MOST];
    bool out_shared, din_shared;
    char *doing, *hint; /* DOING_LENGTH each: for who reads of a crash; NULL: nobody */
} Bench;

typedef struct Fault { /* of a pass */
    TrialCheck check;
    char text[500];
} Fault;

/* False and the fault filled. */
bool fault_set(Fault *fault, TrialCheck check, const char *format, ...) FORNIX_PRINTF(3, 4);

/* Tensors filled for the variant, the node opened. NULL where that fails. */
Bench *bench_new(const Node *node, const Variant *variant, Fault *fault);
/* The same, with crashes told of. */
Bench *trial_bench(Trial *trial, const Node *node, const Variant *variant, Fault *fault);
void bench_free(Bench *bench);                  /* NULL is fine */
void bench_stale(const Bench *bench, Box *box); /* what passes may not rely on */
void bench_renew(Bench *bench);                 /* a keep begins with the state as it stands */
/* Runs all passes of a phase that somebody wants, and sees that they write nothing but their own.
 */
bool bench_run(Bench *bench, FornixPhase phase, Fault *fault);
/* Whether all that the phase has to write was written since it was made, and is finite. */
bool bench_written(const Bench *bench, FornixPhase phase, Fault *fault);
/* Whether both made the same bits; check: what it is a matter of where not. */
bool benches_same(const Bench *a, const Bench *b, FornixPhase phase, TrialCheck check,
                  Fault *fault);
/* "input 'x'", "gradient of weight 2": a tensor of a node, for people. */
const char *tensor_name(const Node *node, const char *what, int number, char text[80]);
bool input_has_gradient(const Node *node, int input);
const char *phase_name(FornixPhase phase);

/* ---- Memory ---- */

/* run(context) on a thread of its own, and whether it allocated. -1: that can't be seen here. */
int memory_taken(void (*run)(void *context), void *context);
/* Bytes that are taken; only differences mean something. */
size_t memory_used(void);
bool memory_seen(void); /* whether memory_used tells anything here */

/* ---- Slopes ---- */

enum { POINTS = 3 }; /* at which a gradient may be wrong before it is */

typedef struct Slope { /* of a functional, by the elements of one tensor */
    /* Its value, and what rounding may have changed of it. False: it can't be told. */
    bool (*functional)(void *context, double *value, double *noise);
    void *context;
    FornixTensor value;
    const FornixTensor *gradient;
    const char *name; /* of the tensor */
    uint64_t *seed;
    /* Kinks stand so close that no direction is free of them: what a difference of half the step
     * gives otherwise is allowed for. */
    bool kinked;
} Slope;

/* The gradient against central differences along random directions, drawn again near kinks. */
bool slope_check(const Slope *slope, Fault *fault);

/* ---- In the engine ---- */

extern const FornixNode trial_given, trial_measure;

float trial_factor(int64_t tensor, int64_t i); /* of trial_measure */

/* An example in the engine: used twice, on the same tensors and with the same weights; "a" and "b"
 * measure what the uses give, "l" measures both. */
typedef struct Machine {
    const Example *example;
    const Node *both; /* "l" */
    Plan *plan;
    Weights *weights;
    float *columns[GIVEN_MOST + 1];
    int threads, steps;
    double rate;
    FornixError error;
} Machine;

/* The example so that a machine can be made of it; grads: with all that has a gradient. False after
 * a finding. */
bool machine_example(Trial *trial, Example *example, bool *grads);
/* With a plan of one update that minimises `loss`; NULL: that only runs forward. Its weights are
 * those of the point; unfused: no fused node acts. False and the error filled; ends with
 * machine_close in either case. */
bool machine_open(Machine *machine, const Example *example, const char *loss, uint64_t point,
                  bool unfused);
void machine_close(Machine *machine);
/* That many steps; the gradients of the last one are moment 0 of the weights. */
bool machine_run(Machine *machine, int threads, int steps, double rate);
/* Whether the gradients of "l" by all weights are the slopes of what its inputs are measured to be;
 * how: said behind the name of a weight whose gradient is not. */
bool machine_slopes(Trial *trial, const Example *example, uint64_t point, const char *how,
                    Fault *fault);

#endif
