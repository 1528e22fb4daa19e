/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Adam with decoupled weight decay, with PyTorch's formulas to the letter. */
#include "adam_ports.h"

static void update(const FornixUpdate *update, const void *attrs, int64_t begin, int64_t end)
{
    adam_update(update, attrs, true, begin, end);
}

static const FornixAttr attrs[] = ADAM_ATTRS("1e-2", "of the weight itself, times the rate");
static const FornixOptimizer optimizer = {
    .states = ADAM_STATES, .rate_offset = offsetof(Adam, rate), .update = update};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "adamw",
    .doc = "Adam that shrinks the weights themselves instead of adding decay to their gradients.",
    .formula = "w -= rate decay w, then a step of adam without decay (Loshchilov & Hutter 2019; as "
               "torch.optim.AdamW)",
    .attrs_size = sizeof(Adam),
    .attrs = attrs,
    .optimizer = &optimizer,
    .example = "<adamw rate=\"1e-3\"/>\n<adamw rate=\"1e-3\"><cosine warmup=\"100\"/></adamw>"};
