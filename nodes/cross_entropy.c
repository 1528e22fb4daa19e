/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cross-entropy of class logits, for each sample or each pixel. */
#include "weighed_loss_ports.h"

static const FornixAttr attrs[] = {
    CLASS_WEIGHTS_ATTR,
    FORNIX_REAL(WeighedLoss, smoothing, "0", 0, 1, "share of the labels given to all classes"),
    {0}};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "cross_entropy",
    .doc =
        "Cross-entropy of the softmax of logits, a channel a class, for the labels of samples or "
        "the mask of pixels. A label of -1 does not count.",
    .formula = "sum of r l / sum of r w[t], l = (1 - s) w[t] (-log p[t]) + s / K sum over k of "
               "w[k] (-log p[k]), r: weight of the sample, w: of the class, s: smoothing (as "
               "torch.nn.functional.cross_entropy)",
    .attrs_size = sizeof(WeighedLoss),
    .attrs = attrs,
    .inputs = class_loss_label_inputs,
    .outputs = class_loss_outputs,
    .layer = &layer,
    .example = "x=5,1,1,1,3 l=label:5,1,1,1,1:3 | <cross_entropy logits=\"x\" label=\"l\"/>\n"
               "x=4,1,1,1,2 l=label:4,1,1,1,1:2 w=weight:4,1,1,1,1 | <cross_entropy logits=\"x\" "
               "label=\"l\" weight=\"w\" class_weights=\"0.5 2\" smoothing=\"0.1\"/>\n"
               "x=2,2,3,4,3 y=mask:2,2,3,4,1:3 | <cross_entropy logits=\"x\" label=\"y\"/>"};
