/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the losses share that compare number by number. Internal to nodes/. */
#ifndef FORNIX_POINT_LOSS_PORTS_H
#define FORNIX_POINT_LOSS_PORTS_H

#include "kernels/loss.h"
#include "node.h"

enum { POINT_LOSS_X, POINT_LOSS_TARGET, POINT_LOSS_WEIGHT };

#define POINT_LOSS_WEIGHT_PORT                                                                     \
    {                                                                                              \
        "weight", FORNIX_WEIGHT, FORNIX_OPTIONAL | FORNIX_SAVED | FORNIX_NO_GRAD,                  \
            "how much each sample counts"                                                          \
    }

static const FornixPort point_loss_outputs[] = {
    {"loss", FORNIX_LOSS, 0, "one number for the batch"}, {0}};
static const FornixPort point_loss_inputs[] __attribute__((unused)) = {
    {"x", FORNIX_VALUES, FORNIX_SAVED | FORNIX_PITCHED, "what is judged"},
    {"target", FORNIX_VALUES | FORNIX_MASK, FORNIX_SAVED | FORNIX_PITCHED, "what it should be"},
    POINT_LOSS_WEIGHT_PORT,
    {0}};

static inline void point_loss_passes(FornixInfer *infer, FornixShape x)
{
    fornix_output(infer, 0, (FornixShape){1, 1, 1, 1, 1});
    fornix_scratch(infer, FORNIX_FORWARD, point_loss_scratch(x));
    for (int p = 0; p < LOSS_FORWARD_PASSES; p++)
        fornix_pass(infer, FORNIX_FORWARD, loss_grains(x, p), FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_BACKWARD, loss_grains(x, 0), FORNIX_FOR_INPUT);
    fornix_flops(infer, FORNIX_FORWARD, 4.0 * (double)fornix_floats(x));
    fornix_flops(infer, FORNIX_BACKWARD, 4.0 * (double)fornix_floats(x));
}

static inline bool point_loss_declare(FornixInfer *infer, const char *target)
{
    FornixShape x = fornix_input(infer, POINT_LOSS_X), t = fornix_input(infer, POINT_LOSS_TARGET);
    if (fornix_has_input(infer, POINT_LOSS_TARGET) &&
        (x.n != t.n || x.d != t.d || x.h != t.h || x.w != t.w || x.c != t.c))
        return fornix_infer_fail(infer, target,
                                 "the %s is %lld x %lld x %lld x %lld, what it is compared with "
                                 "%lld x %lld x %lld x %lld",
                                 target, (long long)t.d, (long long)t.h, (long long)t.w,
                                 (long long)t.c, (long long)x.d, (long long)x.h, (long long)x.w,
                                 (long long)x.c);
    point_loss_passes(infer, x);
    return true;
}

static inline PointLoss point_loss_bind(const FornixStep *step, PointLossKind kind)
{
    return (PointLoss){.kind = kind,
                       .x = step->in[POINT_LOSS_X],
                       .target = step->in[POINT_LOSS_TARGET],
                       .row_weight = step->in[POINT_LOSS_WEIGHT],
                       .value = step->out[0].data,
                       .scratch = step->scratch};
}

/* The layer of an error between two tensors, either of which may be trained. */
#define POINT_LOSS_LAYER(kind)                                                                     \
    static bool infer(FornixInfer *infer, const void *attrs)                                       \
    {                                                                                              \
        (void)attrs;                                                                               \
        return point_loss_declare(infer, "target");                                                \
    }                                                                                              \
    static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin,        \
                        int64_t end)                                                               \
    {                                                                                              \
        (void)attrs;                                                                               \
        PointLoss loss = point_loss_bind(step, kind);                                              \
        point_loss_forward(&loss, pass, begin, end);                                               \
    }                                                                                              \
    static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,       \
                         int64_t end)                                                              \
    {                                                                                              \
        (void)attrs, (void)pass;                                                                   \
        PointLoss loss = point_loss_bind(step, kind);                                              \
        float scale = *step->dout[0].data;                                                         \
        if (step->din[POINT_LOSS_X].data)                                                          \
            point_loss_backward(&loss, scale, &step->din[POINT_LOSS_X], begin, end);               \
        if (step->din[POINT_LOSS_TARGET].data)                                                     \
            point_loss_backward(&loss, -scale, &step->din[POINT_LOSS_TARGET], begin, end);         \
    }                                                                                              \
    static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

#endif
