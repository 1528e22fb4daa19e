/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counts what it has to judge; crashes where CRASH_JUDGING says so, in work for the whole team too.
 */
#include "crash.h"

#include <node.h>

static void look(void *context, int64_t i)
{
    (void)context, (void)i;
    crash("CRASH_JUDGING");
}

static bool rows(FornixBuild *build, const void *attrs)
{
    (void)attrs;
    fornix_parallel(build, 8, look, NULL);
    fornix_metric(build, "rows", (double)fornix_rows(fornix_table(build, 0)));
    return true;
}

static const FornixPort inputs[] = {{"predictions", FORNIX_SAMPLES, 0, "what is judged"}, {0}};
static const FornixPort outputs[] = {{"scores", FORNIX_SCORES, 0, "how many there are"}, {0}};
static const FornixSamples samples = {.flags = FORNIX_EVALUATES | FORNIX_NEEDS_RUN, .rows = rows};

const FornixNode fornix_node = {.abi = FORNIX_ABI,
                                .name = "crashes_judging",
                                .doc = "Counts what it has to judge.",
                                .inputs = inputs,
                                .outputs = outputs,
                                .samples = &samples,
                                .example = "<crashes_judging id=\"n\" predictions=\"made\"/>"};
