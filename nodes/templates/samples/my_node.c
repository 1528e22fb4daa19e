/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Slices that lie side by side are nearly the same: a few of each subject tell a net as much as all
 * of them, in less time. What is read stays where it is: rows are recipes. */
#include <inttypes.h>
#include <node.h>
#include <string.h>

typedef struct {
    int64_t every;
} Settings;

static bool rows(FornixBuild *build, const void *attrs)
{
    const Settings *a = attrs;
    const FornixTable *table = fornix_table(build, 0);
    int64_t count = fornix_rows(table), kept = 0, place = 0; /* of a row among its subject's */
    for (int64_t row = 0; row < count; row++, place++) {
        const char *subject = fornix_row(table, row)->subject;
        if (row && strcmp(subject, fornix_row(table, row - 1)->subject) != 0)
            place = 0;
        if (place % a->every == 0) {
            fornix_copy_row(build, 0, row);
            kept++;
        }
    }
    fornix_metric(build, "kept", (double)kept);
    fornix_report(build, "%" PRId64 " of %" PRId64 " rows kept", kept, count);
    return true;
}

static const FornixAttr attrs[] = {
    FORNIX_INT(Settings, every, "4", 1, 1000, "one row of so many is kept, and each first"), {0}};
static const FornixPort inputs[] = {
    {"samples", FORNIX_SAMPLES, 0, "a subject's rows one behind the other"}, {0}};
static const FornixPort outputs[] = {{"samples", FORNIX_SAMPLES, 0, "the rows that are kept"}, {0}};
static const FornixSamples samples = {.flags = FORNIX_PASSES_NEW, .rows = rows};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "my_node",
    .doc = "Keeps one of so many rows of each subject, such as every fourth slice.",
    .attrs_size = sizeof(Settings),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<my_node id=\"few\" samples=\"slices\" every=\"4\"/>"};
