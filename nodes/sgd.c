/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stochastic gradient descent with momentum, with PyTorch's formulas to the letter. */
#include "kernels/optimise.h"
#include "node.h"

typedef struct {
    double rate, momentum, decay;
    bool nesterov;
} Sgd;

static void update(const FornixUpdate *update, const void *attrs, int64_t begin, int64_t end)
{
    const Sgd *a = attrs;
    SgdStep step = {.rate = update->rate,
                    .momentum = a->momentum,
                    .decay = a->decay,
                    .scale = update->scale,
                    .nesterov = a->nesterov,
                    .step = update->step,
                    .weight = update->weight,
                    .gradient = update->gradient,
                    .velocity = update->state[0]};
    sgd_step(&step, begin, end);
}

static const FornixAttr attrs[] = {
    FORNIX_REAL(Sgd, rate, "1e-2", 0, 100, "learning rate"),
    FORNIX_REAL(Sgd, momentum, "0.9", 0, 1, "memory of the steps before"),
    FORNIX_REAL(Sgd, decay, "0", 0, 100, "times the weight, added to its gradient"),
    FORNIX_BOOL(Sgd, nesterov, "no", "look ahead along the momentum"),
    {0}};

static const FornixOptimizer optimizer = {
    .states = 1, .rate_offset = offsetof(Sgd, rate), .update = update};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "sgd",
    .doc = "Stochastic gradient descent, with momentum.",
    .formula = "b = momentum b + g; w -= rate b, or rate (g + momentum b) with nesterov (Sutskever "
               "et al. 2013; as torch.optim.SGD)",
    .attrs_size = sizeof(Sgd),
    .attrs = attrs,
    .optimizer = &optimizer,
    .example = "<sgd rate=\"1e-2\"/>\n"
               "<sgd rate=\"0.1\" nesterov=\"yes\"><step_decay every=\"100\"/></sgd>"};
