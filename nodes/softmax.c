/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Softmax over channels. */
#include "activation_ports.h"

static bool infer(FornixInfer *infer, const void *attrs)
{
    (void)attrs;
    int64_t channels = fornix_input(infer, 0).c;
    if (channels > KERNEL_CLASSES)
        return fornix_infer_fail(infer, "x", "%lld channels; softmax takes up to %d",
                                 (long long)channels, (int)KERNEL_CLASSES);
    return activation_declare(infer, 20);
}

ACTIVATION_PASSES(ACTIVATION_SOFTMAX, ACTIVATION_NO_CONSTANT)

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "softmax",
    .doc = "Makes the channels of each pixel or sample probabilities that add up to 1. Losses take "
           "the logits in front of it.",
    .formula = "y[k] = exp(x[k]) / sum over j of exp(x[j])",
    .inputs = activation_inputs,
    .outputs = activation_probabilities,
    .layer = &layer,
    .example = "x=2,3,4,5,6 | <softmax x=\"x\"/>\n"
               "x=3,1,1,1,7 | <softmax x=\"x\"/>\n"
               "x=2,1,7,9,3 | <softmax x=\"x\"/>"};
