/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Adam, with PyTorch's formulas to the letter. */
#include "kernels/optimise.h"
#include "node.h"

typedef struct {
    double rate, beta1, beta2, epsilon, decay;
} Adam;

static void update(const FornixUpdate *update, const void *attrs, int64_t begin, int64_t end)
{
    const Adam *a = attrs;
    AdamStep step = {.rate = update->rate,
                     .beta1 = a->beta1,
                     .beta2 = a->beta2,
                     .epsilon = a->epsilon,
                     .decay = a->decay,
                     .scale = update->scale,
                     .step = update->step,
                     .weight = update->weight,
                     .gradient = update->gradient,
                     .mean = update->state[0],
                     .square = update->state[1]};
    adam_step(&step, begin, end);
}

static const FornixAttr attrs[] = {
    FORNIX_REAL(Adam, rate, "1e-3", 0, 100, "learning rate"),
    FORNIX_REAL(Adam, beta1, "0.9", 0, 1, "memory of the mean gradient"),
    FORNIX_REAL(Adam, beta2, "0.999", 0, 1, "memory of the squared gradient"),
    FORNIX_REAL(Adam, epsilon, "1e-8", 0, 1, "added to the root of the second moment"),
    FORNIX_REAL(Adam, decay, "0", 0, 100, "times the weight, added to its gradient"),
    {0}};

static const FornixOptimizer optimizer = {
    .states = 2, .rate_offset = offsetof(Adam, rate), .update = update};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "adam",
    .doc = "Adam: steps scaled by running means of the gradient and of its square.",
    .formula = "w -= rate / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon) (Kingma & "
               "Ba 2015; as torch.optim.Adam)",
    .attrs_size = sizeof(Adam),
    .attrs = attrs,
    .optimizer = &optimizer,
    .example = "<adam rate=\"1e-3\"/>"};
