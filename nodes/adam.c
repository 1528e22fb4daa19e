/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Adam, with PyTorch's formulas to the letter. */
#include "adam_ports.h"

static void update(const FornixUpdate *update, const void *attrs, int64_t begin, int64_t end)
{
    adam_update(update, attrs, false, begin, end);
}

static const FornixAttr attrs[] = ADAM_ATTRS("0", "times the weight, added to its gradient");
static const FornixOptimizer optimizer = {
    .states = ADAM_STATES, .rate_offset = offsetof(Adam, rate), .update = update};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "adam",
    .doc = "Adam: steps scaled by running means of the gradient and of its square.",
    .formula = "w -= rate / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon) (Kingma & "
               "Ba 2015; as torch.optim.Adam)",
    .attrs_size = sizeof(Adam),
    .attrs = attrs,
    .optimizer = &optimizer,
    .example = "<adam rate=\"1e-3\"/>\n<adam rate=\"1e-3\"><cosine warmup=\"100\"/></adam>"};
