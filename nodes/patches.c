/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Patches of volumes, at places drawn at random, to train on.
 *
 * A volume in full size needs more memory for a training step than most machines have, and most of
 * it is background. A patch is a row: which place it is of is a function of the seed and the row
 * alone, found when the patch is read, so that rows cost next to nothing and there may be as many
 * as a training has steps. Those are drawn anew in each pass over the volumes, yet stay the same in
 * every run, on any number of threads, after any break.
 *
 * All columns on the image's grid are cut at the same place; of tumours only runs of voxels along W
 * are kept in memory.
 */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "cutout.h"
#include "column.h"
#include "node.h"

typedef struct {
    FornixDims size;
    int64_t per_volume, seed;
    double foreground;
    const char *column, *mask;
} Patches;

/* Voxels of a volume that are of a class other than 0, in order of memory. */
typedef struct {
    int64_t runs, voxels;
    struct {
        int64_t begin;  /* the first voxel's place in memory */
        int64_t before; /* voxels of the runs before */
    } run[];
} Foreground;

typedef struct {
    const FornixTable *input;
    FornixRandomKey key;
    int64_t size[3], grid[3], per_volume;
    double foreground;
    int mask;                     /* -1: places are drawn without one */
    int *from;                    /* of each column: the input's */
    _Atomic(Foreground *) *found; /* of each volume, once it was looked at */
    int64_t volumes;
} Opened;

static void patches_close(void *opened)
{
    Opened *o = opened;
    for (int64_t v = 0; o->found && v < o->volumes; v++)
        mem_free(atomic_load(&o->found[v]));
    mem_free(o->found);
    mem_free(o->from);
    mem_free(o);
}

/* ---- Columns and rows -------------------------------------------------------------------- */

static bool on_grid(const FornixColumn *column, const int64_t grid[3])
{
    return !(column->kind & (FORNIX_LABEL | FORNIX_WEIGHT)) && column->shape.d == grid[0] &&
           column->shape.h == grid[1] && column->shape.w == grid[2];
}

static bool mask_find(FornixBuild *build, const Patches *a, Opened *o)
{
    o->mask = -1;
    if (a->foreground == 0 || fornix_applied(build)) /* new subjects have no masks */
        return true;
    o->mask = column_choose(build, 0, "mask", a->mask, FORNIX_MASK);
    if (o->mask < 0)
        return false;
    const FornixColumn *mask = fornix_column(o->input, o->mask);
    return on_grid(mask, o->grid) ||
           fornix_build_fail(build, "mask", "'%s' is on another grid than the image", mask->name);
}

static bool patches_columns(FornixBuild *build, const void *attrs)
{
    const Patches *a = attrs;
    fornix_copy_columns(build, 0);
    int image = column_choose(build, 0, "column", a->column, FORNIX_IMAGE | FORNIX_FEATURE);
    if (image < 0)
        return false;
    Opened *o = mem_new(1, sizeof *o);
    fornix_set_opened(build, o);
    o->input = fornix_table(build, 0);
    FornixShape s = fornix_column(o->input, image)->shape;
    memcpy(o->grid, (int64_t[]){s.d, s.h, s.w}, sizeof o->grid);
    o->key = fornix_build_random(build, a->seed);
    o->per_volume = a->per_volume;
    o->foreground = a->foreground;
    if (!cutout_size(&a->size, o->grid, o->size))
        return fornix_build_fail(build, "size", "a patch of a slice has the size H W");
    if (!mask_find(build, a, o))
        return false;
    int columns = fornix_columns(o->input);
    o->from = mem_new((size_t)columns + 1, sizeof *o->from);
    for (int c = 0; c < columns; c++) {
        FornixColumn column = *fornix_column(o->input, c);
        if (!on_grid(&column, o->grid))
            continue;
        column.shape = (FornixShape){1, o->size[0], o->size[1], o->size[2], column.shape.c};
        int at = fornix_add_column(build, &column);
        if (at >= 0)
            o->from[at] = c;
    }
    return true;
}

static bool patches_rows(FornixBuild *build, const void *attrs)
{
    Opened *o = fornix_opened(build);
    (void)attrs;
    o->volumes = fornix_rows(o->input);
    o->found = mem_new((size_t)o->volumes + 1, sizeof *o->found);
    for (int64_t v = 0; v < o->volumes; v++) {
        FornixRow row = *fornix_row(o->input, v);
        FornixSpace space = {.slice = -1}; /* no patch is an image's file, but spacing stays */
        if (fornix_space(o->input, v))
            memcpy(space.spacing, fornix_space(o->input, v)->spacing, sizeof space.spacing);
        const char *of = row.name;
        for (int64_t k = 0; k < o->per_volume; k++) {
            char name[200];
            snprintf(name, sizeof name, "%.150s%spatch %" PRId64, of, *of ? " " : "", k + 1);
            row.name = name;
            int64_t at = fornix_copy_row(build, 0, v);
            fornix_set_row(build, at, &row);
            fornix_set_space(build, at, &space);
        }
    }
    return true;
}

/* ---- Places ------------------------------------------------------------------------------ */

static Foreground *foreground_of(const float *mask, const int64_t grid[3])
{
    int64_t room = 256, width = grid[2], voxels = grid[0] * grid[1] * width;
    Foreground *found = mem_new(1, sizeof *found + (size_t)room * sizeof *found->run);
    for (int64_t i = 0; i < voxels; i++) {
        if (!(mask[i] >= 1))
            continue;
        if (i % width == 0 || !(mask[i - 1] >= 1)) {
            if (found->runs == room) {
                room *= 2;
                found = mem_grow(found, 1, sizeof *found + (size_t)room * sizeof *found->run);
            }
            found->run[found->runs].begin = i;
            found->run[found->runs++].before = found->voxels;
        }
        found->voxels++;
    }
    return mem_grow(found, 1, sizeof *found + (size_t)found->runs * sizeof *found->run);
}

/* NULL after a failure. Two readers may look at once; the first keeps what it found. */
static const Foreground *foreground_find(Opened *o, int64_t volume, FornixError *error)
{
    Foreground *found = atomic_load(&o->found[volume]), *none = NULL;
    if (found)
        return found;
    size_t bytes = (size_t)(o->grid[0] * o->grid[1] * o->grid[2]) * sizeof(float);
    float *mask = mem_large(bytes);
    if (!mask) {
        fornix_fail(error, "no memory to look for the foreground of a mask");
        return NULL;
    }
    if (fornix_read(o->input, o->mask, volume, mask, error)) {
        found = foreground_of(mask, o->grid);
        if (!atomic_compare_exchange_strong(&o->found[volume], &none, found)) {
            mem_free(found);
            found = none;
        }
    }
    mem_large_free(mask, bytes);
    return found;
}

/* The place in memory of foreground voxel number k. */
static int64_t foreground_place(const Foreground *found, int64_t k)
{
    int64_t low = 0, high = found->runs - 1;
    while (low < high) {
        int64_t middle = (low + high + 1) / 2;
        if (found->run[middle].before <= k)
            low = middle;
        else
            high = middle - 1;
    }
    return found->run[low].begin + k - found->run[low].before;
}

enum { DRAW_KIND, DRAW_VOXEL, DRAW_PLACE };

/* Within the volume, where that is large enough; else with the volume in its middle. */
static bool place_draw(Opened *o, int64_t row, FornixBox *box, FornixError *error)
{
    FornixRandomKey key = fornix_random_derive(o->key, (uint64_t)row);
    bool seeks = o->mask >= 0 && fornix_random_real(key, DRAW_KIND) < o->foreground;
    const Foreground *found = seeks ? foreground_find(o, row / o->per_volume, error) : NULL;
    if (seeks && !found)
        return false;
    seeks = seeks && found->voxels;
    int64_t voxel =
        seeks ? foreground_place(found, fornix_random_below(key, DRAW_VOXEL, found->voxels)) : 0;
    int64_t centre[] = {voxel / (o->grid[1] * o->grid[2]), voxel / o->grid[2] % o->grid[1],
                        voxel % o->grid[2]};
    for (uint64_t axis = 0; axis < 3; axis++) {
        int64_t slack = o->grid[axis] - o->size[axis], start = centre[axis] - o->size[axis] / 2;
        box->size[axis] = o->size[axis];
        if (slack <= 0)
            start = slack / 2;
        else if (!seeks)
            start = fornix_random_below(key, DRAW_PLACE + axis, slack + 1);
        else
            start = start < 0 ? 0 : start > slack ? slack : start;
        box->start[axis] = start;
    }
    return true;
}

static bool patches_read(void *opened, const FornixTable *table, int column, int64_t row,
                         float *out, FornixError *error)
{
    Opened *o = opened;
    FornixBox box;
    (void)table;
    return place_draw(o, row, &box, error) &&
           fornix_read_box(o->input, o->from[column], row / o->per_volume, &box, out, error);
}

static const FornixAttr attrs[] = {
    FORNIX_DIMS(Patches, size, NULL, 1, 4096,
                "of a patch, D H W, of slices H W; where a volume is smaller, its edge goes on"),
    FORNIX_INT(Patches, per_volume, "16", 1, 1000000,
               "patches of each row of samples: no place is drawn twice on purpose, so that with "
               "as many as a training takes each step sees new ones"),
    FORNIX_REAL(Patches, foreground, "0.33", 0, 1,
                "share of the patches that have in their middle a voxel of a class other than 0, "
                "each as likely, as far as borders let it be the middle; others lie anywhere"),
    FORNIX_TEXT(Patches, column, "", "the image, where there are several"),
    FORNIX_TEXT(Patches, mask, "", "the mask that tells foreground, where there are several"),
    FORNIX_INT(Patches, seed, "1", 0, INT32_MAX, "of the places"),
    {0}};

static const FornixPort inputs[] = {{"samples", FORNIX_SAMPLES, 0, "volumes, or slices"}, {0}};
static const FornixPort outputs[] = {
    {"samples", FORNIX_SAMPLES, 0,
     "patches of them, with the columns on the image's grid cut at the same place"},
    {0}};

static const FornixSamples samples = {
    .columns = patches_columns, .rows = patches_rows, .read = patches_read, .close = patches_close};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "patches",
    .doc = "Cuts patches out of volumes at random places, to train on; <window> in an <apply> "
           "then segments whole ones. Volumes are read from the memory that loaders keep; a "
           "cohort that is too large for it is best collected by an <apply> first, whose table on "
           "disk is read in parts.",
    .attrs_size = sizeof(Patches),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<patches id=\"pieces\" samples=\"parts\" size=\"64\" per_volume=\"100\"/>"};
