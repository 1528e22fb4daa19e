/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What Adam and AdamW share: all but where the decay goes. Internal to nodes/. */
#ifndef FORNIX_ADAM_PORTS_H
#define FORNIX_ADAM_PORTS_H

#include "kernels/optimise.h"
#include "node.h"

typedef struct {
    double rate, beta1, beta2, epsilon, decay;
} Adam;

enum { ADAM_MEAN, ADAM_SQUARE, ADAM_STATES };

static inline void adam_update(const FornixUpdate *update, const Adam *a, bool decoupled,
                               int64_t begin, int64_t end)
{
    AdamStep step = {.rate = update->rate,
                     .beta1 = a->beta1,
                     .beta2 = a->beta2,
                     .epsilon = a->epsilon,
                     .decay = a->decay,
                     .scale = update->scale,
                     .decoupled = decoupled,
                     .step = update->step,
                     .weight = update->weight,
                     .gradient = update->gradient,
                     .mean = update->state[ADAM_MEAN],
                     .square = update->state[ADAM_SQUARE]};
    adam_step(&step, begin, end);
}

#define ADAM_ATTRS(decay_fallback, decay_doc)                                                      \
    {                                                                                              \
        FORNIX_REAL(Adam, rate, "1e-3", 0, 100, "learning rate"),                                  \
            FORNIX_REAL(Adam, beta1, "0.9", 0, 1, "memory of the mean gradient"),                  \
            FORNIX_REAL(Adam, beta2, "0.999", 0, 1, "memory of the squared gradient"),             \
            FORNIX_REAL(Adam, epsilon, "1e-8", 0, 1, "added to the root of the second moment"),    \
            FORNIX_REAL(Adam, decay, decay_fallback, 0, 100, decay_doc),                           \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

#endif
