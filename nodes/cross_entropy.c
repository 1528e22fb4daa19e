/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cross-entropy of class logits, for each sample or each pixel. */
#include "class_loss_ports.h"
#include "number_list.h"

typedef struct {
    FornixList class_weights;
    double smoothing;
} CrossEntropy;

static ClassLoss describe(const FornixStep *step, const void *attrs)
{
    const CrossEntropy *a = attrs;
    return (ClassLoss){.entropy_share = 1,
                       .smoothing = a->smoothing,
                       .x = step->in[CLASS_LOSS_LOGITS],
                       .label = step->in[CLASS_LOSS_TARGET],
                       .row_weight = step->in[CLASS_LOSS_WEIGHT],
                       .class_weight = a->class_weights.count ? step->opened : NULL};
}

static bool infer(FornixInfer *infer, const void *attrs)
{
    const CrossEntropy *a = attrs;
    int64_t channels = fornix_input(infer, CLASS_LOSS_LOGITS).c;
    return numbers_check(infer, "class_weights", &a->class_weights, channels, 0) &&
           class_loss_declare(infer, channels);
}

CLASS_LOSS_PASSES(describe)

static void *open(const FornixInfer *infer, const void *attrs, FornixError *error)
{
    (void)error;
    const CrossEntropy *a = attrs;
    return numbers_open(&a->class_weights, fornix_input(infer, CLASS_LOSS_LOGITS).c);
}

static const FornixAttr attrs[] = {
    FORNIX_LIST(CrossEntropy, class_weights, "", "one for each class, in their order; unsaid: 1"),
    FORNIX_REAL(CrossEntropy, smoothing, "0", 0, 1, "share of the labels given to all classes"),
    {0}};
static const FornixLayer layer = {
    .infer = infer, .forward = forward, .backward = backward, .open = open, .close = mem_free};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "cross_entropy",
    .doc =
        "Cross-entropy of the softmax of logits, a channel a class, for the labels of samples or "
        "the mask of pixels. A label of -1 does not count.",
    .formula = "sum of r l / sum of r w[t], l = (1 - s) w[t] (-log p[t]) + s / K sum over k of "
               "w[k] (-log p[k]), r: weight of the sample, w: of the class, s: smoothing (as "
               "torch.nn.functional.cross_entropy)",
    .attrs_size = sizeof(CrossEntropy),
    .attrs = attrs,
    .inputs = class_loss_label_inputs,
    .outputs = class_loss_outputs,
    .layer = &layer,
    .example = "x=5,1,1,1,3 l=label:5,1,1,1,1:3 | <cross_entropy logits=\"x\" label=\"l\"/>\n"
               "x=4,1,1,1,2 l=label:4,1,1,1,1:2 w=weight:4,1,1,1,1 | <cross_entropy logits=\"x\" "
               "label=\"l\" weight=\"w\" class_weights=\"0.5 2\" smoothing=\"0.1\"/>\n"
               "x=2,2,3,4,3 y=mask:2,2,3,4,1:3 | <cross_entropy logits=\"x\" label=\"y\"/>"};
