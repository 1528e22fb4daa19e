/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the cross-entropies with a weight for each class share. Internal to nodes/. */
#ifndef FORNIX_WEIGHED_LOSS_PORTS_H
#define FORNIX_WEIGHED_LOSS_PORTS_H

#include "class_loss_ports.h"
#include "number_list.h"

typedef struct {
    FornixList class_weights;
    double smoothing; /* of cross_entropy */
    double gamma;     /* of focal_loss */
} WeighedLoss;

#define CLASS_WEIGHTS_ATTR                                                                         \
    FORNIX_LIST(WeighedLoss, class_weights, "", "one for each class, in their order; unsaid: 1")

static ClassLoss describe(const FornixStep *step, const void *attrs)
{
    const WeighedLoss *a = attrs;
    return (ClassLoss){.entropy_share = 1,
                       .smoothing = a->smoothing,
                       .focus = a->gamma,
                       .x = step->in[CLASS_LOSS_LOGITS],
                       .label = step->in[CLASS_LOSS_TARGET],
                       .row_weight = step->in[CLASS_LOSS_WEIGHT],
                       .class_weight = a->class_weights.count ? step->opened : NULL};
}

static bool infer(FornixInfer *infer, const void *attrs)
{
    const WeighedLoss *a = attrs;
    int64_t channels = fornix_input(infer, CLASS_LOSS_LOGITS).c;
    return numbers_check(infer, "class_weights", &a->class_weights, channels, 0) &&
           class_loss_declare(infer, channels);
}

CLASS_LOSS_PASSES(describe)

static void *open(const FornixInfer *infer, const void *attrs, FornixError *error)
{
    (void)error;
    const WeighedLoss *a = attrs;
    return numbers_open(&a->class_weights, fornix_input(infer, CLASS_LOSS_LOGITS).c);
}

static const FornixLayer layer = {
    .infer = infer, .forward = forward, .backward = backward, .open = open, .close = mem_free};

#endif
