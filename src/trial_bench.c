/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tensors for a node's own passes, made by hand: between guards, poisoned, pitched or shared as its
 * ports and offers allow. */
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "trial_parts.h"

bool input_has_gradient(const Node *node, int input)
{
    return node->in[input] && !(node_input_flags(node, input) & FORNIX_NO_GRAD);
}

static int64_t gap_of(const Bench *bench, unsigned flags)
{
    return flags & FORNIX_PITCHED ? bench->variant->gap : 0;
}

/* ---- Sharing ---- */

static void share_whole(FornixTensor *guest, const FornixTensor *host)
{
    guest->data = host->data;
    if (shape_equal(guest->shape, host->shape)) {
        FornixShape shape = guest->shape;
        *guest = *host;
        guest->shape = shape;
    }
}

static void bench_share(Bench *bench)
{
    const Node *node = bench->node;
    bool done = false;
    for (int k = 0; k < node->share_count; k++) {
        const Share *share = &node->shares[k];
        FornixTensor *in = &bench->at_in[share->input], *out = &bench->at_out[share->output];
        FornixTensor *din = &bench->at_din[share->input], *dout = &bench->at_dout[share->output];
        bool read_later = node_input_saved(node, share->input, true);
        if (share->kind == SHARE_GRADIENT) {
            if (din->data && read_later)
                share_whole(din, in);
        } else if (share->kind == SHARE_PART) {
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

static void make_tensors(Bench *bench)
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

void bench_stale(const Bench *bench, Box *box)
{
    int64_t floats = fornix_floats(box->tensor.shape);
    for (int64_t i = 0; i < floats && bench->variant->stale != 0; i++)
        box->tensor.data[i] = bench->variant->stale;
}

static void make_weights(Bench *bench)
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
    }
    for (int s = 0; s < node->saved_count; s++) {
        bench->saved[s] = box_new(node->saved[s], 0);
        bench_stale(bench, &bench->saved[s]);
    }
}

void bench_renew(Bench *bench)
{
    for (int s = 0; s < bench->node->state_count; s++)
        memcpy(bench->new_state[s].memory, bench->state[s].memory,
               bench->state[s].count * sizeof(float));
}

static void fill_tensors(Bench *bench)
{
    const Node *node = bench->node;
    for (int i = 0; i < node->inputs; i++)
        if (node->in[i])
            tensor_draw(&bench->at_in[i], node->in[i]->kind, node->in[i]->classes, &bench->seed);
    for (int o = 0; o < node->outputs; o++)
        tensor_draw(&bench->dout[o].tensor, FORNIX_FEATURE, 0, &bench->seed);
}

Bench *bench_new(const Node *node, const Variant *variant, Fault *fault)
{
    int counts[] = {node->inputs, node->outputs, node->weight_count, node->state_count,
                    node->saved_count};
    for (size_t k = 0; k < COUNT(counts); k++)
        if (counts[k] > TENSORS_MOST) {
            fault_set(fault, TRIAL_EXAMPLE,
                      "it has more than %d tensors of one sort, which is more than a trial takes",
                      TENSORS_MOST);
            return NULL;
        }
    Bench *bench = mem_new(1, sizeof *bench);
    *bench = (Bench){.node = node, .variant = variant, .seed = 4711 + variant->point};
    make_tensors(bench);
    make_weights(bench);
    bench_renew(bench);
    if (variant->shared)
        bench_share(bench);
    fill_tensors(bench);
    FornixError error = {0};
    if (node->layer->open &&
        !(bench->opened = node->layer->open(node->infer, node->attrs, &error))) {
        fault_set(fault, TRIAL_EXAMPLE, "open fails: %s",
                  error.text[0] ? error.text : "without a word in its error");
        bench_free(bench);
        return NULL;
    }
    return bench;
}

void bench_free(Bench *bench)
{
    if (!bench)
        return;
    if (bench->opened && bench->node->layer->close)
        bench->node->layer->close(bench->opened);
    Box *all[] = {bench->in,      bench->out,   bench->din,       bench->dout, bench->weight,
                  bench->dweight, bench->state, bench->new_state, bench->saved};
    for (size_t k = 0; k < COUNT(all); k++)
        for (int t = 0; t < TENSORS_MOST; t++)
            box_free(&all[k][t]);
    mem_free(bench);
}
