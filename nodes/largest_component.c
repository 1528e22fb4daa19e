/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Leaves of each segmentation its largest connected component.
 *
 * A net that looks at patches finds scattered voxels that look like what it seeks; a tumour hangs
 * together. What is dropped is background afterwards: in a mask 0; among logits or probabilities
 * the winner's number and that of class 0 change places, so that the column keeps its kind, sums
 * stay what they are, and all that reads segmentations can go on with it.
 */
#include <string.h>

#include "base.h"
#include "column.h"
#include "components.h"
#include "node.h"
#include "sink.h"

typedef struct {
    const char *column;
    int of, neighbours;
} LargestComponent;

static const char *const of_choices[] = {"class", "foreground", NULL};
static const char *const neighbour_choices[] = {"6", "18", "26", NULL};
enum { OF_CLASS, OF_FOREGROUND };
typedef struct {
    const LargestComponent *attrs;
    const FornixTable *input;
    int column, from; /* its number here, and in the input */
} Opened;

/* What a net said; where it said nothing, a mask. */
static int find_column(FornixBuild *build, const char *name)
{
    const FornixTable *table = fornix_table(build, 0);
    unsigned kinds = FORNIX_LOGITS | FORNIX_PROBABILITY, there = 0;
    for (int c = 0; c < fornix_columns(table); c++)
        there |= fornix_column(table, c)->kind;
    return column_choose(build, 0, "column", name,
                         *name           ? kinds | FORNIX_MASK
                         : there & kinds ? kinds
                                         : FORNIX_MASK);
}

static bool largest_component_columns(FornixBuild *build, const void *attrs)
{
    const LargestComponent *a = attrs;
    fornix_copy_columns(build, 0);
    int from = find_column(build, a->column);
    if (from < 0)
        return false;
    const FornixColumn *shown = fornix_column(fornix_table(build, 0), from);
    if (fornix_pixels(shown->shape) == 1)
        return fornix_build_fail(build, "column", "'%s' has one pixel: it is no segmentation",
                                 shown->name);
    Opened *o = mem_new(1, sizeof *o);
    *o = (Opened){.attrs = a,
                  .input = fornix_table(build, 0),
                  .from = from,
                  .column = fornix_add_column(build, shown)};
    fornix_set_opened(build, o);
    return true;
}

static bool largest_component_rows(FornixBuild *build, const void *attrs)
{
    (void)attrs;
    for (int64_t row = 0; row < fornix_rows(fornix_table(build, 0)); row++)
        fornix_copy_row(build, 0, row);
    return true;
}

/* The pixel is background now, as surely as it was of its class. */
static void pixel_clear(const FornixColumn *shown, int32_t class, float *pixel)
{
    float value = pixel[0];
    if (shown->kind & FORNIX_MASK) {
        pixel[0] = 0;
    } else if (shown->shape.c > 1) {
        pixel[0] = pixel[class];
        pixel[class] = value;
    } else {
        pixel[0] = shown->kind & FORNIX_LOGITS ? -value : 1 - value;
    }
}

static bool largest_component_read(void *opened, const FornixTable *table, int column, int64_t row,
                                   float *out, FornixError *error)
{
    const Opened *o = opened;
    const FornixColumn *shown = fornix_column(table, column);
    FornixShape s = shown->shape;
    int64_t pixels = fornix_pixels(s);
    if (!fornix_read(o->input, o->from, row, out, error))
        return false;
    size_t bytes = (size_t)pixels * sizeof(float);
    float *found = mem_large(2 * bytes), *kept = found ? found + pixels : NULL;
    if (!found)
        return fornix_fail(error, "no memory for the components of '%s'", shown->name);
    sink_classes(out, pixels, shown, found);
    memcpy(kept, found, bytes);
    components_keep_largest(kept, (int64_t[]){s.d, s.h, s.w}, (Neighbours)o->attrs->neighbours,
                            o->attrs->of == OF_CLASS);
    for (int64_t i = 0; i < pixels; i++)
        if (found[i] > 0 && kept[i] == 0)
            pixel_clear(shown, (int32_t)found[i], out + i * s.c);
    mem_large_free(found, 2 * bytes);
    return true;
}

static const FornixAttr attrs[] = {
    FORNIX_TEXT(LargestComponent, column, "", "the segmentation, where there are several"),
    FORNIX_CHOICE(LargestComponent, of, "foreground", of_choices,
                  "foreground: all classes but 0 hang together; class: each by itself"),
    FORNIX_CHOICE(LargestComponent, neighbours, "26", neighbour_choices,
                  "of a voxel: those that share a face (6; of a pixel 4), an edge (18; 8) or a "
                  "corner (26; 8) with it"),
    {0}};

static const FornixPort inputs[] = {
    {"samples", FORNIX_SAMPLES, 0, "logits, probabilities or masks of volumes or slices"}, {0}};
static const FornixPort outputs[] = {
    {"samples", FORNIX_SAMPLES, 0, "the same, with all but the largest component background"}, {0}};

/* Classes before and after, of each row that is read. */
static int64_t largest_component_memory(const void *own, const FornixTable *input, int threads)
{
    (void)own;
    int64_t rows = fornix_rows(input), most = 0;
    for (int c = 0; c < fornix_columns(input); c++)
        if (fornix_pixels(fornix_column(input, c)->shape) > most)
            most = fornix_pixels(fornix_column(input, c)->shape);
    return 2 * (rows >= 0 && rows < threads ? rows : threads) * most * (int64_t)sizeof(float);
}

static const FornixSamples samples = {.flags = FORNIX_FORETELLS,
                                      .memory = largest_component_memory,
                                      .columns = largest_component_columns,
                                      .rows = largest_component_rows,
                                      .read = largest_component_read,
                                      .close = mem_free};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "largest_component",
    .doc = "Leaves of each segmentation its largest connected component and makes the rest "
           "background; a row at a time, so that slices are not joined across.",
    .attrs_size = sizeof(LargestComponent),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<largest_component id=\"clean\" samples=\"segmented\"/>"};
