/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A schedule whose factor leaves 0 to 1. */
#include <node.h>

static double factor(const void *attrs, int64_t step, int64_t steps)
{
    (void)attrs, (void)steps;
    return (double)(step + 1);
}

static const FornixSchedule schedule = {factor};

const FornixNode fornix_node = {.abi = FORNIX_ABI,
                                .name = "growing",
                                .doc = "The rate grows with every step.",
                                .schedule = &schedule,
                                .example = "<sgd rate=\"0.1\"><growing/></sgd>"};
