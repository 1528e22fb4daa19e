/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Soft Dice of a segmentation. */
#include "class_loss_ports.h"

typedef struct {
    bool sigmoid, per_sample;
    double smooth;
} DiceLoss;

/* One channel has nothing to compare with: it is the foreground's. */
static bool takes_sigmoid(const DiceLoss *a, FornixShape logits)
{
    return a->sigmoid || logits.c == 1;
}

static ClassLoss describe(const FornixStep *step, const void *attrs)
{
    const DiceLoss *a = attrs;
    return (ClassLoss){.sigmoid = takes_sigmoid(a, step->in[CLASS_LOSS_LOGITS].shape),
                       .per_sample = a->per_sample,
                       .dice_share = 1,
                       .smooth = a->smooth,
                       .x = step->in[CLASS_LOSS_LOGITS],
                       .label = step->in[CLASS_LOSS_TARGET],
                       .row_weight = step->in[CLASS_LOSS_WEIGHT]};
}

static bool infer(FornixInfer *infer, const void *attrs)
{
    FornixShape logits = fornix_input(infer, CLASS_LOSS_LOGITS);
    return class_loss_declare(infer, logits.c + takes_sigmoid(attrs, logits));
}

CLASS_LOSS_PASSES(describe)

static const FornixAttr attrs[] = {
    FORNIX_BOOL(DiceLoss, sigmoid, "no",
                "channel k is class k + 1 by itself, as one channel alone always is; else softmax"),
    FORNIX_BOOL(DiceLoss, per_sample, "no",
                "Dice of each sample, then their mean; else of the whole batch"),
    FORNIX_REAL(DiceLoss, smooth, "1e-5", 0, 1e6, "added to both sides of the fraction"),
    {0}};
static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "dice_loss",
    .doc = "One minus the soft Dice coefficient of a segmentation, from a softmax over the "
           "channels, or from a sigmoid where there is one channel for the foreground.",
    .formula =
        "1 - mean over channels of (2 sum p t + smooth) / (sum p + sum t + smooth), sums over "
        "the batch or a sample, pixels of class -1 left out (Milletari et al. 2016; "
        "Drozdzal et al. 2016)",
    .attrs_size = sizeof(DiceLoss),
    .attrs = attrs,
    .inputs = class_loss_mask_inputs,
    .outputs = class_loss_outputs,
    .layer = &layer,
    .example =
        "x=2,1,5,6,1 y=mask:2,1,5,6,1:2 | <dice_loss logits=\"x\" mask=\"y\" per_sample=\"yes\" "
        "smooth=\"1\"/>\n"
        "x=2,3,4,5,3 y=mask:2,3,4,5,1:3 | <dice_loss logits=\"x\" mask=\"y\"/>\n"
        "x=2,2,3,4,2 y=mask:2,2,3,4,1:3 w=weight:2,1,1,1,1 | <dice_loss logits=\"x\" mask=\"y\" "
        "weight=\"w\" sigmoid=\"yes\"/>"};
