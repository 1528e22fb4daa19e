/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Soft Dice and cross-entropy together, from one softmax. */
#include "class_loss_ports.h"

typedef struct {
    double dice, entropy, smooth, smoothing;
    bool per_sample;
} DiceCrossEntropy;

static ClassLoss describe(const FornixStep *step, const void *attrs)
{
    const DiceCrossEntropy *a = attrs;
    return (ClassLoss){.per_sample = a->per_sample,
                       .entropy_share = a->entropy,
                       .dice_share = a->dice,
                       .smooth = a->smooth,
                       .smoothing = a->smoothing,
                       .x = step->in[CLASS_LOSS_LOGITS],
                       .label = step->in[CLASS_LOSS_TARGET],
                       .row_weight = step->in[CLASS_LOSS_WEIGHT]};
}

CLASS_LOSS_LAYER(describe)

static const FornixAttr attrs[] = {
    FORNIX_REAL(DiceCrossEntropy, dice, "1", 0, 1e6, "share of the Dice loss"),
    FORNIX_REAL(DiceCrossEntropy, entropy, "1", 0, 1e6, "share of the cross-entropy"),
    FORNIX_REAL(DiceCrossEntropy, smooth, "1e-5", 0, 1e6,
                "added to both sides of the Dice fraction"),
    FORNIX_REAL(DiceCrossEntropy, smoothing, "0", 0, 1,
                "of the labels, in the cross-entropy alone"),
    FORNIX_BOOL(DiceCrossEntropy, per_sample, "no",
                "Dice of each sample, then their mean; else of the whole batch"),
    {0}};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "dice_cross_entropy",
    .doc = "Soft Dice plus cross-entropy of a segmentation, both from one softmax over the "
           "channels: the usual loss of 3-D U-Nets.",
    .formula = "dice (1 - mean over classes of (2 sum p t + smooth) / (sum p + sum t + smooth)) + "
               "entropy mean(-log p[t]) (Milletari et al. 2016; Isensee et al. 2021)",
    .attrs_size = sizeof(DiceCrossEntropy),
    .attrs = attrs,
    .inputs = class_loss_mask_inputs,
    .outputs = class_loss_outputs,
    .layer = &layer,
    .example =
        "x=2,3,4,5,3 y=mask:2,3,4,5,1:3 | <dice_cross_entropy logits=\"x\" mask=\"y\"/>\n"
        "x=2,1,4,5,4 y=mask:2,1,4,5,1:4 w=weight:2,1,1,1,1 | <dice_cross_entropy logits=\"x\" "
        "mask=\"y\" weight=\"w\" per_sample=\"yes\"/>"};
