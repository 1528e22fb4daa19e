/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hands images on as they are; crashes or fails at the one that CRASH_READING names, crashes before
 * anything is read where CRASH_COLUMNS says so. */
#include "crash.h"

#include <node.h>

typedef struct {
    const FornixTable *table;
} Opened;

static bool columns(FornixBuild *build, const void *attrs)
{
    Opened *opened = calloc(1, sizeof *opened);
    (void)attrs;
    if (!opened)
        return fornix_build_fail(build, NULL, "no memory");
    crash("CRASH_COLUMNS");
    opened->table = fornix_table(build, 0);
    fornix_set_opened(build, opened);
    fornix_copy_columns(build, 0);
    int image = fornix_find_column(opened->table, "image");
    return fornix_add_column(build, fornix_column(opened->table, image)) >= 0;
}

static bool rows(FornixBuild *build, const void *attrs)
{
    (void)attrs;
    for (int64_t row = 0; row < fornix_rows(fornix_table(build, 0)); row++)
        fornix_copy_row(build, 0, row);
    return true;
}

static bool read(void *opened, const FornixTable *table, int column, int64_t row, float *out,
                 FornixError *error)
{
    const Opened *o = opened;
    (void)table;
    if (crash("CRASH_READING"))
        return fornix_fail(error, "row %d can't be read", (int)row);
    return fornix_read(o->table, column, row, out, error);
}

static const FornixPort inputs[] = {{"samples", FORNIX_SAMPLES, 0, "with images"}, {0}};
static const FornixPort outputs[] = {{"samples", FORNIX_SAMPLES, 0, "the same"}, {0}};
static const FornixSamples samples = {
    .columns = columns, .rows = rows, .read = read, .close = free};

const FornixNode fornix_node = {.abi = FORNIX_ABI,
                                .name = "crashes_reading",
                                .doc = "Hands images on.",
                                .inputs = inputs,
                                .outputs = outputs,
                                .samples = &samples,
                                .example = "<crashes_reading id=\"on\" samples=\"images\"/>"};
