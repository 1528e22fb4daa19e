/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The passes of a layer, compared bit for bit: again, cut otherwise, pitched, in shared memory,
 * with gradients left out. */
#include <math.h>
#include <string.h>

#include "base.h"
#include "trial_parts.h"

static bool has_phase(const Node *node, const Variant *variant, FornixPhase phase)
{
    const FornixLayer *layer = node->layer;
    return phase == FORNIX_FORWARD    ? true
           : phase == FORNIX_BACKWARD ? layer->backward && !variant->evaluating
                                      : layer->keep != NULL;
}

Bench *trial_bench(Trial *trial, const Node *node, const Variant *variant, Fault *fault)
{
    trial_doing(trial, "open");
    Bench *bench = bench_new(node, variant, fault);
    if (bench) {
        bench->doing = trial->seat->doing;
        bench->hint = trial->seat->hint;
    }
    return bench;
}

static bool same_phase(Bench *a, Bench *b, FornixPhase phase, TrialCheck check, Fault *fault)
{
    return bench_run(a, phase, fault) && bench_written(a, phase, fault) &&
           bench_run(b, phase, fault) && bench_written(b, phase, fault) &&
           benches_same(a, b, phase, check, fault);
}

/* Both variants of the node give the same bits. */
static bool same_variants(Trial *trial, const Node *node, const Variant *reference,
                          const Variant *variant, Fault *fault)
{
    Bench *a = trial_bench(trial, node, reference, fault);
    Bench *b = a ? trial_bench(trial, node, variant, fault) : NULL;
    bool fine = b != NULL;
    for (FornixPhase phase = FORNIX_FORWARD; phase <= FORNIX_KEEP && fine; phase++)
        if (has_phase(node, reference, phase))
            fine = same_phase(a, b, phase, TRIAL_GRAINS, fault);
    bench_free(a);
    bench_free(b);
    return fine;
}

/* Every phase twice on the same tensors, against a bench that ran it once; then with other things
 * in what passes may not rely on. */
static bool same_again(Trial *trial, const Node *node, Fault *fault)
{
    static const Variant once = {.name = "the first time"},
                         twice = {.name = "run again: does it keep something between runs?"},
                         stale = {.name = "where scratch and saved tensors held other numbers "
                                          "before: it reads what it did not write",
                                  .stale = 1e3f};
    Bench *bench[3];
    const Variant *variants[] = {&once, &twice, &stale};
    bool fine = true;
    for (int k = 0; k < 3; k++) {
        bench[k] = fine ? trial_bench(trial, node, variants[k], fault) : NULL;
        fine = fine && bench[k];
    }
    for (FornixPhase phase = FORNIX_FORWARD; phase <= FORNIX_KEEP && fine; phase++) {
        if (!has_phase(node, &once, phase))
            continue;
        fine = same_phase(bench[0], bench[1], phase, TRIAL_REPEATS, fault);
        for (int again = 0; again < 2 && fine; again++) {
            bench_renew(bench[1]);
            fine = bench_run(bench[1], phase, fault) &&
                   benches_same(bench[0], bench[1], phase, TRIAL_REPEATS, fault);
        }
        fine = fine && bench_run(bench[2], phase, fault) &&
               benches_same(bench[0], bench[2], phase, TRIAL_REPEATS, fault);
    }
    for (int k = 0; k < 3; k++)
        bench_free(bench[k]);
    return fine;
}

static bool same_cuts(Trial *trial, const Node *node, Fault *fault)
{
    static const Variant whole = {"whole", .split = SPLIT_WHOLE};
    static const Variant others[] = {
        {"grain by grain, the last first", .split = SPLIT_REVERSED},
        {"in pieces of several grains", .split = SPLIT_RANDOM},
        {"in pitched tensors", .split = SPLIT_REVERSED, .gap = 3},
        {"in shared memory", .split = SPLIT_REVERSED, .shared = true},
        {"where gradients of weights are not wanted", .split = SPLIT_RANDOM, .no_weights = true},
        {"where gradients of inputs are not wanted", .split = SPLIT_RANDOM, .no_inputs = true},
        {"where the gradient of input 0 alone is wanted", .split = SPLIT_RANDOM, .only = 1},
        {"where the gradient of input 1 alone is wanted", .split = SPLIT_RANDOM, .only = 2},
    };
    bool fine = true;
    for (size_t v = 0; v < COUNT(others) && fine; v++)
        fine = same_variants(trial, node, &whole, &others[v], fault);
    for (int frozen = 0; frozen < 2 && fine; frozen++) {
        Variant a = {frozen ? "frozen" : "evaluated", .frozen = frozen, .evaluating = !frozen};
        Variant b = a;
        b.split = SPLIT_REVERSED;
        b.gap = 5;
        fine = same_variants(trial, node, &a, &b, fault);
    }
    return fine;
}

/* The gradient that it made alone, more than what was there before. */
static bool is_sum(const Bench *alone, const Bench *added, int input, const float *before,
                   Fault *fault)
{
    const FornixTensor *own = &alone->at_din[input], *sum = &added->at_din[input];
    for (int64_t at = 0; at < fornix_floats(own->shape); at++) {
        double wanted = (double)before[at] + (double)*tensor_at(own, at);
        double got = (double)*tensor_at(sum, at);
        if (!(fabs(got - wanted) <= 1e-5 * (fabs(wanted) + fabs((double)before[at]))))
            return fault_set(fault, TRIAL_GRAINS,
                             "number %lld of the gradient of input %d is %.9g, not %.9g, where it "
                             "adds to %.9g that was there",
                             (long long)at, input, got, wanted, (double)before[at]);
    }
    return true;
}

static bool adds_to(Bench *alone, Bench *added, int input, Fault *fault)
{
    FornixTensor *sum = &added->at_din[input];
    int64_t floats = fornix_floats(sum->shape);
    float *before = mem_new((size_t)floats + 1, sizeof *before);
    tensor_draw(sum, FORNIX_FEATURE, 0, &added->seed);
    for (int64_t at = 0; at < floats; at++)
        before[at] = *tensor_at(sum, at);
    bool fine =
        bench_run(added, FORNIX_BACKWARD, fault) && is_sum(alone, added, input, before, fault);
    mem_free(before);
    return fine;
}

/* Each input of which backward says that it can add to its gradient, alone. */
static bool gradients_added(Trial *trial, const Node *node, Fault *fault)
{
    bool fine = true;
    for (int i = 0; i < node->inputs && i < 16 && fine; i++) {
        const Variant plain = {.name = "alone", .only = i + 1};
        const Variant adding = {.name = "added", .only = i + 1, .gap = 3, .adding = true};
        if (!(node->adds >> i & 1) || !input_has_gradient(node, i) || !node->layer->backward)
            continue;
        Bench *a = trial_bench(trial, node, &plain, fault);
        Bench *b = a ? trial_bench(trial, node, &adding, fault) : NULL;
        fine = b && bench_run(a, FORNIX_FORWARD, fault) && bench_run(b, FORNIX_FORWARD, fault) &&
               bench_run(a, FORNIX_BACKWARD, fault) && adds_to(a, b, i, fault);
        bench_free(a);
        bench_free(b);
    }
    return fine;
}

void trial_passes(Trial *trial)
{
    Example example;
    Fault fault;
    if (trial_open(trial, &example, &(ExampleSetting){.behind = NULL})) {
        const Node *node = trial_node(&example);
        trial_checks(trial, TRIAL_WRITES);
        trial_checks(trial, TRIAL_REPEATS);
        trial_checks(trial, TRIAL_GRAINS);
        if (!same_again(trial, node, &fault) || !same_cuts(trial, node, &fault) ||
            !gradients_added(trial, node, &fault))
            trial_fail(trial, fault.check, "%s", fault.text);
    }
    example_close(&example);
}

/* ---- Memory ---- */

/* What open took is free again after close: were it not, each window of rounds would take more,
 * which a library's table that grows once (FFTW's) does not. */
static bool closes(const Node *node, Fault *fault)
{
    enum { WINDOWS = 4, ROUNDS = 20 };
    size_t least = SIZE_MAX;
    FornixError error = {0};
    const FornixLayer *layer = node->layer;
    for (int window = 0; window < WINDOWS; window++) {
        size_t before = memory_used();
        for (int round = 0; round < ROUNDS; round++) {
            void *opened = layer->open(node->infer, node->attrs, &error);
            if (opened && layer->close)
                layer->close(opened);
        }
        size_t after = memory_used(), grown = after > before ? after - before : 0;
        least = grown < least ? grown : least;
    }
    if (least < ROUNDS)
        return true;
    return fault_set(fault, TRIAL_MEMORY,
                     layer->close ? "open takes %zu bytes that close does not free"
                                  : "open takes %zu bytes, and there is no close to free them",
                     least / ROUNDS);
}

void trial_memory(Trial *trial)
{
    static const Variant counted = {.name = "looking for malloc", .counted = true};
    Example example;
    Fault fault;
    if (!memory_seen())
        return;
    if (trial_open(trial, &example, &(ExampleSetting){.behind = NULL})) {
        const Node *node = trial_node(&example);
        trial_checks(trial, TRIAL_MEMORY);
        Bench *bench = trial_bench(trial, node, &counted, &fault);
        bool fine = bench != NULL;
        for (FornixPhase phase = FORNIX_FORWARD; phase <= FORNIX_KEEP && fine; phase++)
            fine = !has_phase(node, &counted, phase) || bench_run(bench, phase, &fault);
        bench_free(bench);
        fine = fine && (!node->layer->open || closes(node, &fault));
        if (!fine)
            trial_fail(trial, fault.check, "%s", fault.text);
    }
    example_close(&example);
}
