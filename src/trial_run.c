/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A node's own passes run on a bench: grain by grain in any order, and what they left behind. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "hash.h"
#include "trial_parts.h"

bool fault_set(Fault *fault, TrialCheck check, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(fault->text, sizeof fault->text, format, args);
    va_end(args);
    fault->check = check;
    return false;
}

/* ---- Names ---- */

const char *phase_name(FornixPhase phase)
{
    static const char *const names[] = {"forward", "backward", "keep"};
    return names[phase];
}

static const char *port_name(const FornixPort *ports, int number)
{
    for (int p = 0; ports && ports[p].name; p++)
        if (p == number || ports[p].flags & FORNIX_MANY)
            return ports[p].name;
    return NULL;
}

const char *tensor_name(const Node *node, const char *what, int number, char text[80])
{
    const char *port = strstr(what, "output")  ? port_name(node->type->outputs, number)
                       : strstr(what, "input") ? port_name(node->type->inputs, number)
                                               : NULL;
    const char *own = strstr(what, "weight") && number < node->weight_count
                          ? strrchr(node->weights[number]->name, '.')
                      : strstr(what, "state") && number < node->state_count
                          ? strrchr(node->states[number]->name, '.')
                          : NULL;
    if (port || own)
        snprintf(text, 80, "%s '%.50s'", what, port ? port : own + 1);
    else
        snprintf(text, 80, "%s %d", what, number);
    return text;
}

/* ---- Binding ---- */

typedef struct Bound {
    FornixView in[TENSORS_MOST], weight[TENSORS_MOST], state[TENSORS_MOST], dout[TENSORS_MOST];
    FornixTensor out[TENSORS_MOST], saved[TENSORS_MOST], din[TENSORS_MOST], dweight[TENSORS_MOST];
    FornixTensor new_state[TENSORS_MOST];
} Bound;

static bool weights_wanted(const Bench *bench)
{
    return bench->node->weight_count > 0 && !bench->variant->no_weights;
}

static FornixStep bind(const Bench *bench, FornixPhase phase, Bound *bound)
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
        if (t < node->inputs && !node_input_saved(node, t, weights_wanted(bench)))
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
                        .adds = bench->variant->adding ? node->adds : 0,
                        .opened = bench->opened};
}

/* ---- What may not be written ---- */

typedef struct Watched {
    const char *what;
    const Box *boxes;
    int count;
} Watched;

enum { WATCHED_MOST = 6 };

static int watch(const Bench *bench, FornixPhase phase, Watched watched[WATCHED_MOST])
{
    const Node *node = bench->node;
    int count = 0;
    if (!bench->out_shared)
        watched[count++] = (Watched){"input", bench->in, node->inputs};
    if (!bench->out_shared && phase != FORNIX_FORWARD)
        watched[count++] = (Watched){"output", bench->out, node->outputs};
    if (!bench->din_shared && phase == FORNIX_BACKWARD)
        watched[count++] = (Watched){"gradient of output", bench->dout, node->outputs};
    if (phase != FORNIX_FORWARD)
        watched[count++] = (Watched){"saved tensor", bench->saved, node->saved_count};
    watched[count++] = (Watched){"weight", bench->weight, node->weight_count};
    watched[count++] = (Watched){"state", bench->state, node->state_count};
    return count;
}

static Hash box_hash(const Box *box)
{
    return hash_bytes(box->memory, box->memory ? box->count * sizeof(float) : 0);
}

typedef struct Watch {
    Watched watched[WATCHED_MOST];
    Hash before[WATCHED_MOST][TENSORS_MOST];
    int count;
} Watch;

static void watch_begin(Watch *w, const Bench *bench, FornixPhase phase)
{
    w->count = watch(bench, phase, w->watched);
    for (int k = 0; k < w->count; k++)
        for (int t = 0; t < w->watched[k].count; t++)
            w->before[k][t] = box_hash(&w->watched[k].boxes[t]);
}

static bool watch_end(const Watch *w, const Bench *bench, FornixPhase phase, Fault *fault)
{
    char name[80];
    for (int k = 0; k < w->count; k++)
        for (int t = 0; t < w->watched[k].count; t++)
            if (!hash_equal(w->before[k][t], box_hash(&w->watched[k].boxes[t])))
                return fault_set(
                    fault, TRIAL_WRITES, "%s writes %s, which it may only read (or round it)",
                    phase_name(phase), tensor_name(bench->node, w->watched[k].what, t, name));
    return true;
}

/* ---- Running ---- */

typedef struct Run { /* one pass */
    FornixPass *pass;
    const FornixStep *step;
    const Bench *bench;
    int64_t grains;
    int number;
} Run;

static void run_pass(void *context)
{
    const Run *run = context;
    const void *attrs = run->bench->node->attrs;
    uint64_t seed = 11;
    switch (run->bench->variant->split) {
    case SPLIT_WHOLE: run->pass(run->step, attrs, run->number, 0, run->grains); break;
    case SPLIT_REVERSED:
        for (int64_t grain = run->grains - 1; grain >= 0; grain--)
            run->pass(run->step, attrs, run->number, grain, grain + 1);
        break;
    case SPLIT_RANDOM:
        for (int64_t begin = 0, end; begin < run->grains; begin = end) {
            end = begin + 1 + (int64_t)((draw(&seed) + 1) / 2 * (double)(run->grains - begin));
            end = end < run->grains ? end : run->grains;
            run->pass(run->step, attrs, run->number, begin, end);
        }
    }
}

static void hint_add(Text *hint, const char *verb, const char *name, const char *why)
{
    text_format(hint, "%s %s %s (%s)", hint->length ? " or" : "", verb, name, why);
}

/* Where a crash comes from: the pass, and what is NULL in it. */
static void tell_doing(const Bench *bench, FornixPhase phase, int pass)
{
    if (!bench->doing)
        return;
    const Node *node = bench->node;
    bool back = phase == FORNIX_BACKWARD;
    char name[80];
    Text hint = {0};
    snprintf(bench->doing, DOING_LENGTH, "%s, pass %d (%s)", phase_name(phase), pass,
             bench->variant->name);
    for (int t = 0; t < node->inputs && phase != FORNIX_FORWARD; t++)
        if (node->in[t] && !node_input_saved(node, t, weights_wanted(bench)))
            hint_add(&hint, "read", tensor_name(node, "input", t, name),
                     node_input_saved(node, t, true) ? "FORNIX_SAVED_FOR_WEIGHT alone"
                                                     : "not FORNIX_SAVED");
    for (int t = 0; t < node->outputs && phase != FORNIX_FORWARD; t++)
        if (!(node_output_flags(node, t) & FORNIX_SAVED))
            hint_add(&hint, "read", tensor_name(node, "output", t, name), "not FORNIX_SAVED");
    for (int t = 0; t < node->inputs; t++)
        if (!node->in[t])
            hint_add(&hint, "read", tensor_name(node, "input", t, name), "not connected");
        else if (back && !bench->at_din[t].data)
            hint_add(&hint, "write", tensor_name(node, "the gradient of input", t, name),
                     "not wanted");
    for (int t = 0; t < node->weight_count && back; t++)
        if (!bench->dweight[t].memory)
            hint_add(&hint, "write", tensor_name(node, "the gradient of weight", t, name),
                     "not wanted");
    snprintf(bench->hint, DOING_LENGTH, "%s", text_value(&hint));
    text_free(&hint);
}

static bool is_needed(const Bench *bench, FornixNeed need)
{
    bool input = false;
    for (int i = 0; i < bench->node->inputs; i++)
        input = input || bench->at_din[i].data;
    return need == FORNIX_ALWAYS || (need == FORNIX_FOR_INPUT ? input : weights_wanted(bench));
}

static bool guards_fine(const Box *box, FornixPhase phase, const char *what, Fault *fault)
{
    int64_t at;
    if (box_state(box, &at) != BOX_OUTSIDE)
        return true;
    return fault_set(fault, TRIAL_WRITES, "%s writes out of bounds: float %lld of %s of %lld",
                     phase_name(phase), (long long)at, what,
                     (long long)fornix_floats(box->tensor.shape));
}

static bool run_passes(Bench *bench, FornixPhase phase, Box *scratch, Fault *fault)
{
    const FornixLayer *layer = bench->node->layer;
    const Phase *plan = &bench->node->phase[phase];
    Bound bound;
    FornixStep step = bind(bench, phase, &bound);
    step.scratch = scratch->tensor.data;
    Run run = {.pass = phase == FORNIX_FORWARD    ? layer->forward
                       : phase == FORNIX_BACKWARD ? layer->backward
                                                  : layer->keep,
               .step = &step,
               .bench = bench};
    for (run.number = 0; run.number < plan->count; run.number++) {
        if (phase == FORNIX_BACKWARD && !is_needed(bench, plan->passes[run.number].need))
            continue;
        run.grains = plan->passes[run.number].grains;
        tell_doing(bench, phase, run.number);
        if (!bench->variant->counted)
            run_pass(&run);
        else if (memory_taken(run_pass, &run) > 0)
            return fault_set(fault, TRIAL_MEMORY,
                             "%s allocates memory in pass %d: take scratch (fornix_scratch), or "
                             "make it in open",
                             phase_name(phase), run.number);
    }
    return true;
}

bool bench_run(Bench *bench, FornixPhase phase, Fault *fault)
{
    Watch watch;
    watch_begin(&watch, bench, phase);
    Box scratch = box_new((FornixShape){1, 1, 1, 1, bench->node->phase[phase].scratch}, 0);
    bench_stale(bench, &scratch);
    bool fine = run_passes(bench, phase, &scratch, fault);
    fine = fine && guards_fine(&scratch, phase, "its scratch", fault);
    box_free(&scratch);
    for (int s = 0; s < bench->node->saved_count; s++)
        fine = fine && guards_fine(&bench->saved[s], phase, "a saved tensor", fault);
    if (bench->doing)
        snprintf(bench->doing, DOING_LENGTH, "what follows %s", phase_name(phase));
    return fine && watch_end(&watch, bench, phase, fault);
}

/* ---- What came out ---- */

static bool box_written(FornixPhase phase, const Box *box, bool finite, const char *name,
                        Fault *fault)
{
    int64_t at, floats = fornix_floats(box->tensor.shape);
    switch (box_state(box, &at)) {
    case BOX_OUTSIDE:
        return fault_set(fault, TRIAL_WRITES,
                         "%s writes out of bounds: float %lld from the beginning of %s of %lld",
                         phase_name(phase), (long long)at, name, (long long)floats);
    case BOX_UNWRITTEN:
        return fault_set(fault, TRIAL_WRITES,
                         "%s does not write all of %s: number %lld is as it was before "
                         "(is it added to?)",
                         phase_name(phase), name, (long long)at);
    case BOX_FINE: break;
    }
    for (int64_t i = 0; i < floats && finite; i++)
        if (!isfinite(*box_at(box, i)))
            return fault_set(fault, TRIAL_WRITES,
                             "%s makes number %lld of %s %g: does it read scratch or a saved "
                             "tensor that nobody wrote?",
                             phase_name(phase), (long long)i, name, (double)*box_at(box, i));
    return true;
}

bool bench_written(const Bench *bench, FornixPhase phase, Fault *fault)
{
    const Node *node = bench->node;
    char name[80];
    for (int o = 0; o < node->outputs && phase == FORNIX_FORWARD && !bench->out_shared; o++)
        if (!box_written(phase, &bench->out[o], node->out[o]->kind != FORNIX_METRIC,
                         tensor_name(node, "output", o, name), fault))
            return false;
    for (int i = 0; i < node->inputs && phase == FORNIX_BACKWARD && !bench->din_shared; i++)
        if (bench->at_din[i].data &&
            !box_written(phase, &bench->din[i], true,
                         tensor_name(node, "the gradient of input", i, name), fault))
            return false;
    for (int w = 0; w < node->weight_count && phase == FORNIX_BACKWARD; w++)
        if (!bench->variant->no_weights &&
            !box_written(phase, &bench->dweight[w], true,
                         tensor_name(node, "the gradient of weight", w, name), fault))
            return false;
    for (int s = 0; s < node->state_count && phase == FORNIX_KEEP; s++)
        if (!box_written(phase, &bench->new_state[s], true, tensor_name(node, "new state", s, name),
                         fault))
            return false;
    return true;
}

static bool tensors_same(const FornixTensor *a, const FornixTensor *b, int64_t *at)
{
    for (*at = 0; a->data && b->data && *at < fornix_floats(a->shape); ++*at)
        if (memcmp(tensor_at(a, *at), tensor_at(b, *at), sizeof(float)) != 0)
            return false;
    return true;
}

bool benches_same(const Bench *a, const Bench *b, FornixPhase phase, TrialCheck check, Fault *fault)
{
    static const char *const names[] = {"output", "the gradient of input", "the gradient of weight",
                                        "state"};
    for (int t = 0; t < TENSORS_MOST; t++) {
        const FornixTensor *pairs[][2] = {
            {&a->at_out[t], &b->at_out[t]},
            {&a->at_din[t], &b->at_din[t]},
            {&a->dweight[t].tensor, &b->dweight[t].tensor},
            {&a->new_state[t].tensor, &b->new_state[t].tensor},
        };
        static const FornixPhase made[] = {FORNIX_FORWARD, FORNIX_BACKWARD, FORNIX_BACKWARD,
                                           FORNIX_KEEP};
        int64_t at;
        char name[80];
        for (size_t k = 0; k < COUNT(pairs); k++)
            if (made[k] == phase && !tensors_same(pairs[k][0], pairs[k][1], &at))
                return fault_set(fault, check, "number %lld of %s is %.9g, not %.9g, %s",
                                 (long long)at, tensor_name(a->node, names[k], t, name),
                                 (double)*tensor_at(pairs[k][1], at),
                                 (double)*tensor_at(pairs[k][0], at), b->variant->name);
    }
    return true;
}
