/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Single nodes under test: an example line opened and put on the trials' bench, where a failure is
 * the test's. */
#ifndef FORNIX_TESTS_NODES_H
#define FORNIX_TESTS_NODES_H

#include "kernels.h"

#include "../src/trial_parts.h"

static inline void no_mistakes(const Example *example)
{
    FornixError error = {0};
    ck_assert_msg(example_fine(example, &error), "%s", error.text);
}

static inline void read_line(Example *example, const char *line)
{
    FornixError error = {0};
    ck_assert_msg(example_read(example, "a case", line, &error), "%s: %s", line, error.text);
}

static inline void open_line(Example *example, Registry *registry, const char *line,
                             const char *behind)
{
    FornixError error = {0};
    read_line(example, line);
    ck_assert_msg(example_open(example, registry, &(ExampleSetting){.behind = behind}, &error),
                  "%s", error.text);
}

static inline Bench *bench_of(const Example *example, const Variant *variant)
{
    Fault fault;
    Bench *bench = bench_new(trial_node(example), variant, &fault);
    ck_assert_msg(bench != NULL, "%s", fault.text);
    return bench;
}

static inline void run(Bench *bench, FornixPhase phase)
{
    Fault fault;
    ck_assert_msg(bench_run(bench, phase, &fault), "%s", fault.text);
}

#endif
