/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A rate that falls by a factor every so many steps. */
#include <math.h>

#include "schedule_ports.h"

typedef struct {
    int64_t every, warmup;
    double factor;
} StepDecay;

static double factor(const void *attrs, int64_t step, int64_t steps)
{
    (void)steps;
    const StepDecay *a = attrs;
    if (step < a->warmup)
        return schedule_rise(a->warmup, step);
    return pow(a->factor, (double)((step - a->warmup) / a->every));
}

static const FornixAttr attrs[] = {
    FORNIX_INT(StepDecay, every, NULL, 1, 1 << 30, "steps from one fall to the next"),
    FORNIX_REAL(StepDecay, factor, "0.1", 0, 1, "what is left of the rate each time"),
    SCHEDULE_WARMUP(StepDecay),
    {0}};
static const FornixSchedule schedule = {factor};

const FornixNode fornix_node = {.abi = FORNIX_ABI,
                                .name = "step_decay",
                                .doc = "The rate is multiplied by a factor every so many steps.",
                                .formula = "rate factor^floor((step - warmup) / every)",
                                .attrs_size = sizeof(StepDecay),
                                .attrs = attrs,
                                .schedule = &schedule,
                                .example = "<sgd rate=\"0.1\"><step_decay every=\"1000\"/></sgd>"};
