/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Focal loss: cross-entropy in which samples that are told rightly with confidence count little.
 *
 * A rare class is outvoted by the many easy samples of the common one, which the exponent quiets
 * (Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection, 2017). The mean is the
 * one of cross_entropy, so that gamma 0 gives that loss and arms with either compare.
 */
#include "class_loss_ports.h"
#include "number_list.h"

typedef struct {
    double gamma;
    FornixList class_weights;
} FocalLoss;

static ClassLoss describe(const FornixStep *step, const void *attrs)
{
    const FocalLoss *a = attrs;
    return (ClassLoss){.entropy_share = 1,
                       .focus = a->gamma,
                       .x = step->in[CLASS_LOSS_LOGITS],
                       .label = step->in[CLASS_LOSS_TARGET],
                       .row_weight = step->in[CLASS_LOSS_WEIGHT],
                       .class_weight = a->class_weights.count ? step->opened : NULL};
}

static bool infer(FornixInfer *infer, const void *attrs)
{
    const FocalLoss *a = attrs;
    int64_t channels = fornix_input(infer, CLASS_LOSS_LOGITS).c;
    return numbers_check(infer, "class_weights", &a->class_weights, channels, 0) &&
           class_loss_declare(infer, channels);
}

CLASS_LOSS_PASSES(describe)

static void *open(const FornixInfer *infer, const void *attrs, FornixError *error)
{
    (void)error;
    const FocalLoss *a = attrs;
    return numbers_open(&a->class_weights, fornix_input(infer, CLASS_LOSS_LOGITS).c);
}

static const FornixAttr attrs[] = {
    FORNIX_REAL(FocalLoss, gamma, "2", 0, 20, "how much what is easy is quieted; 0: not at all"),
    FORNIX_LIST(FocalLoss, class_weights, "", "one for each class, in their order; unsaid: 1"),
    {0}};
static const FornixLayer layer = {
    .infer = infer, .forward = forward, .backward = backward, .open = open, .close = mem_free};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "focal_loss",
    .doc = "Cross-entropy of the softmax of logits in which what is told rightly with confidence "
           "counts little, for the labels of samples or the mask of pixels. A label of -1 does not "
           "count.",
    .formula = "sum of r w[t] (1 - p[t])^gamma (-log p[t]) / sum of r w[t], r: weight of the "
               "sample, w: of the class (Lin et al. 2017; the mean is that of cross_entropy)",
    .attrs_size = sizeof(FocalLoss),
    .attrs = attrs,
    .inputs = class_loss_label_inputs,
    .outputs = class_loss_outputs,
    .layer = &layer,
    .example = "x=5,1,1,1,3 l=label:5,1,1,1,1:3 | <focal_loss logits=\"x\" label=\"l\"/>\n"
               "x=4,1,1,1,2 l=label:4,1,1,1,1:2 w=weight:4,1,1,1,1 | <focal_loss logits=\"x\" "
               "label=\"l\" weight=\"w\" class_weights=\"0.5 2\" gamma=\"0.5\"/>\n"
               "x=2,2,3,4,3 y=mask:2,2,3,4,1:3 | <focal_loss logits=\"x\" label=\"y\" "
               "gamma=\"3\"/>"};
