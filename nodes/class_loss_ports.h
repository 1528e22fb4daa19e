/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the losses on class logits share. Internal to nodes/. */
#ifndef FORNIX_CLASS_LOSS_PORTS_H
#define FORNIX_CLASS_LOSS_PORTS_H

#include "kernels/activation.h"
#include "kernels/loss.h"
#include "node.h"

enum { CLASS_LOSS_LOGITS, CLASS_LOSS_TARGET, CLASS_LOSS_WEIGHT };

static const FornixPort class_loss_outputs[] = {
    {"loss", FORNIX_LOSS, 0, "one number for the batch"}, {0}};

#define CLASS_LOSS_INPUTS(name, kind, words)                                                       \
    {                                                                                              \
        {"logits", FORNIX_LOGITS | FORNIX_FEATURE, FORNIX_SAVED | FORNIX_PITCHED,                  \
         "a channel a class, before softmax or sigmoid"},                                          \
            {name, kind, FORNIX_SAVED | FORNIX_NO_GRAD, words},                                    \
            {"weight", FORNIX_WEIGHT, FORNIX_OPTIONAL | FORNIX_SAVED | FORNIX_NO_GRAD,             \
             "how much each sample counts"},                                                       \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

static const FornixPort class_loss_mask_inputs[] __attribute__((unused)) =
    CLASS_LOSS_INPUTS("mask", FORNIX_MASK, "the class of each pixel");
static const FornixPort class_loss_label_inputs[] __attribute__((unused)) =
    CLASS_LOSS_INPUTS("label", FORNIX_LABEL | FORNIX_MASK, "the class of each sample or pixel");

/* channels: what the target's classes must be, 0 where they are not counted in channels. */
static inline bool class_loss_check(FornixInfer *infer, int64_t classes)
{
    FornixShape x = fornix_input(infer, CLASS_LOSS_LOGITS);
    FornixShape t = fornix_input(infer, CLASS_LOSS_TARGET);
    int64_t told = fornix_input_classes(infer, CLASS_LOSS_TARGET);
    if (x.n != t.n || x.d != t.d || x.h != t.h || x.w != t.w || t.c != 1)
        return fornix_infer_fail(infer, "logits",
                                 "the logits are %lld x %lld x %lld, what they are judged by is "
                                 "%lld x %lld x %lld x %lld",
                                 (long long)x.d, (long long)x.h, (long long)x.w, (long long)t.d,
                                 (long long)t.h, (long long)t.w, (long long)t.c);
    if (x.c > KERNEL_CLASSES)
        return fornix_infer_fail(infer, "logits", "%lld channels; the loss takes up to %d",
                                 (long long)x.c, (int)KERNEL_CLASSES);
    if (told && classes && told != classes)
        return fornix_infer_fail(infer, "logits",
                                 "%lld channels stand for %lld classes, and "
                                 "there are %lld",
                                 (long long)x.c, (long long)classes, (long long)told);
    return true;
}

static inline bool class_loss_declare(FornixInfer *infer, int64_t classes)
{
    FornixShape x = fornix_input(infer, CLASS_LOSS_LOGITS);
    if (!class_loss_check(infer, classes))
        return false;
    fornix_output(infer, 0, (FornixShape){1, 1, 1, 1, 1});
    fornix_saved(infer, (FornixShape){1, 1, 1, 1, class_loss_saved(x)});
    fornix_scratch(infer, FORNIX_FORWARD, class_loss_scratch(x));
    for (int p = 0; p < LOSS_FORWARD_PASSES; p++)
        fornix_pass(infer, FORNIX_FORWARD, loss_grains(x, p), FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_BACKWARD, loss_grains(x, 0), FORNIX_FOR_INPUT);
    fornix_flops(infer, FORNIX_FORWARD, 20.0 * (double)fornix_floats(x));
    fornix_flops(infer, FORNIX_BACKWARD, 10.0 * (double)fornix_floats(x));
    return true;
}

/* The layer of a loss over softmaxed channels, from the function that fills a ClassLoss. */
#define CLASS_LOSS_LAYER(describe)                                                                 \
    static bool infer(FornixInfer *infer, const void *attrs)                                       \
    {                                                                                              \
        (void)attrs;                                                                               \
        return class_loss_declare(infer, fornix_input(infer, CLASS_LOSS_LOGITS).c);                \
    }                                                                                              \
    CLASS_LOSS_PASSES(describe)                                                                    \
    static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

#define CLASS_LOSS_PASSES(describe)                                                                \
    static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin,        \
                        int64_t end)                                                               \
    {                                                                                              \
        ClassLoss loss = describe(step, attrs);                                                    \
        loss.value = step->out[0].data;                                                            \
        loss.saved = step->saved[0].data;                                                          \
        loss.scratch = step->scratch;                                                              \
        class_loss_forward(&loss, pass, begin, end);                                               \
    }                                                                                              \
    static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,       \
                         int64_t end)                                                              \
    {                                                                                              \
        (void)pass;                                                                                \
        ClassLoss loss = describe(step, attrs);                                                    \
        loss.saved = step->saved[0].data;                                                          \
        class_loss_backward(&loss, *step->dout[0].data, &step->din[0], begin, end);                \
    }

#endif
