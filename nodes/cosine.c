/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A rate that falls along half a cosine. */
#include <math.h>

#include "schedule_ports.h"

typedef struct {
    int64_t warmup;
    double final;
} Cosine;

static double factor(const void *attrs, int64_t step, int64_t steps)
{
    const Cosine *a = attrs;
    if (step < a->warmup)
        return schedule_rise(a->warmup, step);
    double angle = 3.14159265358979323846 * schedule_passed(a->warmup, step, steps);
    return a->final + (1 - a->final) * (1 + cos(angle)) / 2;
}

static const FornixAttr attrs[] = {
    SCHEDULE_WARMUP(Cosine),
    FORNIX_REAL(Cosine, final, "0", 0, 1, "share of the rate that is left at the end"),
    {0}};
static const FornixSchedule schedule = {factor};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "cosine",
    .doc = "The rate falls along half a cosine from the optimizer's to a share of it, over the "
           "steps of the stage.",
    .formula = "rate (final + (1 - final) (1 + cos(pi t)) / 2), t from 0 to 1 behind the warm-up "
               "(Loshchilov & Hutter 2017; as torch's CosineAnnealingLR behind a LinearLR)",
    .attrs_size = sizeof(Cosine),
    .attrs = attrs,
    .schedule = &schedule,
    .example = "<adam rate=\"1e-3\"><cosine warmup=\"100\"/></adam>"};
