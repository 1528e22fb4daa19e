/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A rate that falls along a line; with final="1" a warm-up alone. */
#include "schedule_ports.h"

typedef struct {
    int64_t warmup;
    double final;
} Linear;

static double factor(const void *attrs, int64_t step, int64_t steps)
{
    const Linear *a = attrs;
    if (step < a->warmup)
        return schedule_rise(a->warmup, step);
    return 1 - (1 - a->final) * schedule_passed(a->warmup, step, steps);
}

static const FornixAttr attrs[] = {
    SCHEDULE_WARMUP(Linear),
    FORNIX_REAL(Linear, final, "0", 0, 1, "share of the rate that is left at the end; 1: all"),
    {0}};
static const FornixSchedule schedule = {factor};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "linear",
    .doc = "The rate falls evenly from the optimizer's to a share of it, over the steps of the "
           "stage. With final=\"1\" it stays: a warm-up alone.",
    .formula = "rate (1 - (1 - final) t), t from 0 to 1 behind the warm-up",
    .attrs_size = sizeof(Linear),
    .attrs = attrs,
    .schedule = &schedule,
    .example = "<adam rate=\"1e-3\"><linear warmup=\"100\" final=\"1\"/></adam>"};
