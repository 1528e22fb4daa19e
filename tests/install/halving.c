/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plugin of somebody else's: all that it knows of fornix is the installed header. */
#include <math.h>
#include <node.h>

static double factor(const void *attrs, int64_t step, int64_t steps)
{
    (void)attrs, (void)steps;
    return pow(0.5, (double)step);
}

static const FornixSchedule schedule = {factor};

const FornixNode fornix_node = {.abi = FORNIX_ABI,
                                .name = "halving",
                                .doc = "The rate is halved at every step (a < b && c > \"d\").",
                                .schedule = &schedule,
                                .example = "<sgd rate=\"0.1\"><halving/></sgd>"};
