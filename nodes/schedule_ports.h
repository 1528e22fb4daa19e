/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the rate schedules share. Internal to nodes/. */
#ifndef FORNIX_SCHEDULE_PORTS_H
#define FORNIX_SCHEDULE_PORTS_H

#include "node.h"

#define SCHEDULE_WARMUP(Struct)                                                                    \
    FORNIX_INT(Struct, warmup, "0", 0, 1 << 30,                                                    \
               "steps in which the rate first rises evenly to its full height")

/* Of the full rate, in step `step` of the warm-up. */
static inline double schedule_rise(int64_t warmup, int64_t step)
{
    return (double)(step + 1) / (double)warmup;
}

/* How much of the time behind the warm-up has passed, 0 to 1. */
static inline double schedule_passed(int64_t warmup, int64_t step, int64_t steps)
{
    int64_t all = steps - warmup;
    double passed = all > 0 ? (double)(step - warmup) / (double)all : 1;
    return passed < 1 ? passed : 1;
}

#endif
