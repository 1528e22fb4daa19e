/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Focal loss: cross-entropy in which samples that are told rightly with confidence count little.
 *
 * A rare class is outvoted by the many easy samples of the common one, which the exponent quiets
 * (Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection, 2017). The mean is the
 * one of cross_entropy, so that gamma 0 gives that loss and arms with either compare.
 */
#include "weighed_loss_ports.h"

static const FornixAttr attrs[] = {
    FORNIX_REAL(WeighedLoss, gamma, "2", 0, 20, "how much what is easy is quieted; 0: not at all"),
    CLASS_WEIGHTS_ATTR,
    {0}};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "focal_loss",
    .doc = "Cross-entropy of the softmax of logits in which what is told rightly with confidence "
           "counts little, for the labels of samples or the mask of pixels. A label of -1 does not "
           "count.",
    .formula = "sum of r w[t] (1 - p[t])^gamma (-log p[t]) / sum of r w[t], r: weight of the "
               "sample, w: of the class (Lin et al. 2017; the mean is that of cross_entropy)",
    .attrs_size = sizeof(WeighedLoss),
    .attrs = attrs,
    .inputs = class_loss_label_inputs,
    .outputs = class_loss_outputs,
    .layer = &layer,
    .example = "x=5,1,1,1,3 l=label:5,1,1,1,1:3 | <focal_loss logits=\"x\" label=\"l\"/>\n"
               "x=4,1,1,1,2 l=label:4,1,1,1,1:2 w=weight:4,1,1,1,1 | <focal_loss logits=\"x\" "
               "label=\"l\" weight=\"w\" class_weights=\"0.5 2\" gamma=\"0.5\"/>\n"
               "x=2,2,3,4,3 y=mask:2,2,3,4,1:3 | <focal_loss logits=\"x\" label=\"y\" "
               "gamma=\"3\"/>"};
