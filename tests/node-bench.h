/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A node's own passes on tensors made by hand: between guards, poisoned, pitched or shared as its
 * ports and offers allow, grain by grain in any order. */
#ifndef FORNIX_TESTS_NODE_BENCH_H
#define FORNIX_TESTS_NODE_BENCH_H

#include "../src/graph.h"
#include "kernels.h"

enum { TENSORS_MOST = 8 };

typedef enum { SPLIT_WHOLE, SPLIT_REVERSED, SPLIT_RANDOM } Split;

typedef struct {
    const char *name;
    Split split;
    int64_t gap;                /* between the pixels of pitched tensors */
    bool shared;                /* memory, where the node offers to */
    bool no_inputs, no_weights; /* whose gradients nobody wants */
    int only;                   /* from 1: the one input whose gradient is wanted; 0: all */
    bool frozen, evaluating;
} Variant;

typedef struct {
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
} Bench;

static inline float *tensor_at(const FornixTensor *t, int64_t i)
{
    return t->data + i / t->shape.c * t->pitch_w + i % t->shape.c;
}

static inline bool is_whole(unsigned kind)
{
    return kind & (FORNIX_MASK | FORNIX_LABEL);
}

/* Numbers as they are usual for a kind, the same whatever the pitch. classes 0: not known. */
static inline void tensor_draw(const FornixTensor *t, unsigned kind, int64_t classes,
                               uint64_t *seed)
{
    for (int64_t i = 0; i < fornix_floats(t->shape); i++) {
        double u = draw(seed);
        *tensor_at(t, i) =
            (float)(is_whole(kind)          ? floor((u + 1) / 2 * (double)(classes ? classes : 2))
                    : kind == FORNIX_WEIGHT ? 1 + u / 2
                    : kind == FORNIX_PROBABILITY ? (u + 1) / 2
                                                 : 2 * u);
    }
}

static inline bool input_has_gradient(const Node *node, int i)
{
    return node->in[i] && !(node_input_flags(node, i) & FORNIX_NO_GRAD);
}

static inline int64_t gap_of(const Bench *bench, unsigned flags)
{
    return flags & FORNIX_PITCHED ? bench->variant->gap : 0;
}

/* ---- Sharing ---- */

static inline void share_whole(FornixTensor *guest, const FornixTensor *host)
{
    guest->data = host->data;
    if (shape_equal(guest->shape, host->shape)) {
        FornixShape shape = guest->shape;
        *guest = *host;
        guest->shape = shape;
    }
}

static inline void bench_share(Bench *bench)
{
    const Node *node = bench->node;
    bool done = false;
    for (int k = 0; k < node->share_count; k++) {
        const Share *share = &node->shares[k];
        FornixTensor *in = &bench->at_in[share->input], *out = &bench->at_out[share->output];
        FornixTensor *din = &bench->at_din[share->input], *dout = &bench->at_dout[share->output];
        bool read_later = node_input_flags(node, share->input) & FORNIX_SAVED;
        if (share->kind == SHARE_PART) {
            *in = tensor_channels(out, share->channel, in->shape.c);
            if (din->data)
                *din = tensor_channels(dout, share->channel, din->shape.c);
        } else if (!done) {
            if (!read_later)
                share_whole(out, in);
            if (din->data)
                share_whole(din, dout);
            done = true;
        }
    }
    bench->out_shared = bench->din_shared = node->share_count > 0;
}

/* ---- Making ---- */

static inline void bench_make_tensors(Bench *bench)
{
    const Node *node = bench->node;
    const Variant *v = bench->variant;
    for (int i = 0; i < node->inputs; i++) {
        if (!node->in[i])
            continue;
        int64_t gap = gap_of(bench, node_input_flags(node, i));
        bench->in[i] = box_new(node->in[i]->shape, gap);
        bench->at_in[i] = bench->in[i].tensor;
        bench->at_din[i] = (FornixTensor){.shape = node->in[i]->shape};
        if (!input_has_gradient(node, i) || v->no_inputs || (v->only && v->only != i + 1))
            continue;
        bench->din[i] = box_new(node->in[i]->shape, gap);
        bench->at_din[i] = bench->din[i].tensor;
    }
    for (int o = 0; o < node->outputs; o++) {
        int64_t gap = gap_of(bench, node_output_flags(node, o));
        bench->out[o] = box_new(node->out[o]->shape, gap);
        bench->dout[o] = box_new(node->out[o]->shape, gap);
        bench->at_out[o] = bench->out[o].tensor;
        bench->at_dout[o] = bench->dout[o].tensor;
    }
}

static inline void bench_make_weights(Bench *bench)
{
    const Node *node = bench->node;
    for (int w = 0; w < node->weight_count; w++) {
        bench->weight[w] = box_new(node->weights[w]->shape, 0);
        if (!bench->variant->no_weights)
            bench->dweight[w] = box_new(node->weights[w]->shape, 0);
        tensor_draw(&bench->weight[w].tensor, FORNIX_FEATURE, 0, &bench->seed);
    }
    for (int s = 0; s < node->state_count; s++) { /* a variance is positive */
        bench->state[s] = box_new(node->states[s]->shape, 0);
        bench->new_state[s] = box_new(node->states[s]->shape, 0);
        tensor_draw(&bench->state[s].tensor, FORNIX_WEIGHT, 0, &bench->seed);
        memcpy(bench->new_state[s].memory, bench->state[s].memory,
               bench->state[s].count * sizeof(float));
    }
    for (int s = 0; s < node->saved_count; s++)
        bench->saved[s] = box_new(node->saved[s], 0);
}

static inline Bench *bench_new(const Node *node, const Variant *variant)
{
    Bench *bench = test_memory(1, sizeof *bench);
    *bench = (Bench){.node = node, .variant = variant, .seed = 4711};
    ck_assert(node->inputs <= TENSORS_MOST && node->outputs <= TENSORS_MOST &&
              node->weight_count <= TENSORS_MOST && node->saved_count <= TENSORS_MOST);
    FornixError error = {0};
    if (node->layer->open)
        ck_assert_ptr_nonnull(bench->opened = node->layer->open(node->infer, node->attrs, &error));
    bench_make_tensors(bench);
    bench_make_weights(bench);
    if (variant->shared)
        bench_share(bench);
    for (int i = 0; i < node->inputs; i++)
        if (node->in[i])
            tensor_draw(&bench->at_in[i], node->in[i]->kind, node->in[i]->classes, &bench->seed);
    for (int o = 0; o < node->outputs; o++)
        tensor_draw(&bench->dout[o].tensor, FORNIX_FEATURE, 0, &bench->seed);
    return bench;
}

static inline void bench_free(Bench *bench)
{
    if (bench->opened && bench->node->layer->close)
        bench->node->layer->close(bench->opened);
    Box *all[] = {bench->in,      bench->out,   bench->din,       bench->dout, bench->weight,
                  bench->dweight, bench->state, bench->new_state, bench->saved};
    for (size_t k = 0; k < COUNT(all); k++)
        for (int t = 0; t < TENSORS_MOST; t++)
            box_free(&all[k][t]);
    free(bench);
}

/* ---- Running ---- */

typedef struct {
    FornixView in[TENSORS_MOST], weight[TENSORS_MOST], state[TENSORS_MOST], dout[TENSORS_MOST];
    FornixTensor out[TENSORS_MOST], saved[TENSORS_MOST], din[TENSORS_MOST], dweight[TENSORS_MOST];
    FornixTensor new_state[TENSORS_MOST];
} Bound;

static inline FornixStep bench_bind(const Bench *bench, FornixPhase phase, Bound *bound)
{
    const Node *node = bench->node;
    *bound = (Bound){.in = {{.data = NULL}}};
    for (int t = 0; t < TENSORS_MOST; t++) {
        bound->in[t] = tensor_view(&bench->at_in[t]);
        bound->out[t] = bench->at_out[t];
        bound->weight[t] = box_view(&bench->weight[t]);
        bound->state[t] = box_view(&bench->state[t]);
        bound->saved[t] = bench->saved[t].tensor;
        if (phase == FORNIX_FORWARD)
            continue;
        bound->dout[t] = tensor_view(&bench->at_dout[t]);
        bound->din[t] = bench->at_din[t];
        bound->dweight[t] = bench->dweight[t].tensor;
        bound->new_state[t] = bench->new_state[t].tensor;
        if (t < node->inputs && !(node_input_flags(node, t) & FORNIX_SAVED))
            bound->in[t].data = NULL;
        if (t < node->outputs && !(node_output_flags(node, t) & FORNIX_SAVED))
            bound->out[t].data = NULL;
    }
    return (FornixStep){.in = bound->in,
                        .out = bound->out,
                        .weight = bound->weight,
                        .saved = bound->saved,
                        .state = bound->state,
                        .dout = bound->dout,
                        .din = bound->din,
                        .dweight = bound->dweight,
                        .new_state = bound->new_state,
                        .random = fornix_random_key(7, "nodes"),
                        .inputs = node->inputs,
                        .training = !bench->variant->evaluating,
                        .frozen = bench->variant->frozen,
                        .opened = bench->opened};
}

static inline void run_pass(FornixPass *run, const FornixStep *step, const Bench *bench,
                            int64_t grains, int pass)
{
    const void *attrs = bench->node->attrs;
    uint64_t seed = 11;
    switch (bench->variant->split) {
    case SPLIT_WHOLE: run(step, attrs, pass, 0, grains); break;
    case SPLIT_REVERSED:
        for (int64_t grain = grains - 1; grain >= 0; grain--)
            run(step, attrs, pass, grain, grain + 1);
        break;
    case SPLIT_RANDOM:
        for (int64_t begin = 0, end; begin < grains; begin = end) {
            end = begin + 1 + (int64_t)((draw(&seed) + 1) / 2 * (double)(grains - begin));
            end = end < grains ? end : grains;
            run(step, attrs, pass, begin, end);
        }
    }
}

static inline bool is_needed(const Bench *bench, FornixNeed need)
{
    bool input = false;
    for (int i = 0; i < bench->node->inputs; i++)
        input = input || bench->at_din[i].data;
    bool weight = bench->node->weight_count > 0 && !bench->variant->no_weights;
    return need == FORNIX_ALWAYS || (need == FORNIX_FOR_INPUT ? input : weight);
}

/* Nothing was written in front of or behind what may have been written in part only. */
static inline void guards_check(const float *memory, int64_t count)
{
    float expected = poison();
    for (int64_t g = 0; g < GUARD; g++)
        ck_assert_msg(memcmp(memory + g, &expected, sizeof expected) == 0 &&
                          memcmp(memory + GUARD + count + g, &expected, sizeof expected) == 0,
                      "a guard of scratch or of what is saved was written");
}

static inline void bench_run(Bench *bench, FornixPhase phase)
{
    const FornixLayer *layer = bench->node->layer;
    const Phase *plan = &bench->node->phase[phase];
    FornixPass *run = phase == FORNIX_FORWARD    ? layer->forward
                      : phase == FORNIX_BACKWARD ? layer->backward
                                                 : layer->keep;
    Bound bound;
    FornixStep step = bench_bind(bench, phase, &bound);
    size_t floats = (size_t)plan->scratch + 2 * GUARD;
    float *scratch = aligned_alloc(64, (floats * sizeof(float) + 63) / 64 * 64);
    ck_assert_ptr_nonnull(scratch);
    for (size_t i = 0; i < floats; i++)
        scratch[i] = poison();
    step.scratch = scratch + GUARD;
    for (int p = 0; p < plan->count; p++)
        if (phase != FORNIX_BACKWARD || is_needed(bench, plan->passes[p].need))
            run_pass(run, &step, bench, plan->passes[p].grains, p);
    guards_check(scratch, plan->scratch);
    free(scratch);
    for (int s = 0; s < bench->node->saved_count; s++)
        guards_check(bench->saved[s].memory, fornix_floats(bench->saved[s].tensor.shape));
}

/* What must have been written, was; the rest was not. */
static inline void bench_check(const Bench *bench, FornixPhase phase)
{
    const Node *node = bench->node;
    for (int o = 0; o < node->outputs && phase == FORNIX_FORWARD && !bench->out_shared; o++)
        box_check(&bench->out[o]);
    for (int i = 0; i < node->inputs && phase == FORNIX_BACKWARD && !bench->din_shared; i++)
        if (bench->at_din[i].data)
            box_check(&bench->din[i]);
    for (int w = 0; w < node->weight_count && phase == FORNIX_BACKWARD; w++)
        if (!bench->variant->no_weights)
            box_check(&bench->dweight[w]);
}

/* Both hold the same bits. */
static inline void tensors_same(const FornixTensor *a, const FornixTensor *b, const char *what)
{
    for (int64_t i = 0; a->data && b->data && i < fornix_floats(a->shape); i++)
        if (memcmp(tensor_at(a, i), tensor_at(b, i), sizeof(float)) != 0)
            ck_abort_msg("%s differs at %ld: %.9g, not %.9g", what, (long)i,
                         (double)*tensor_at(b, i), (double)*tensor_at(a, i));
}

static inline void benches_same(const Bench *a, const Bench *b, FornixPhase phase)
{
    for (int t = 0; t < TENSORS_MOST; t++) {
        char what[4][80];
        static const char *const names[] = {"output", "gradient of input", "gradient of weight",
                                            "state"};
        for (size_t k = 0; k < COUNT(what); k++)
            snprintf(what[k], sizeof what[k], "%s: %s %d", b->variant->name, names[k], t);
        if (phase == FORNIX_FORWARD)
            tensors_same(&a->at_out[t], &b->at_out[t], what[0]);
        if (phase == FORNIX_BACKWARD) {
            tensors_same(&a->at_din[t], &b->at_din[t], what[1]);
            tensors_same(&a->dweight[t].tensor, &b->dweight[t].tensor, what[2]);
        }
        if (phase == FORNIX_KEEP)
            tensors_same(&a->new_state[t].tensor, &b->new_state[t].tensor, what[3]);
    }
}

#endif
