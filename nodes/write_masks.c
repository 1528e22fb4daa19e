/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes segmentations as NIfTI masks in the space of the images that they are of.
 *
 * A mask is of use where it lies on its image: same voxels, same orientation, same header. Logits
 * are brought back to the image's voxels first and decided there, which keeps borders smooth;
 * slices of a volume are gathered, and those that are not there are background.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base.h"
#include "classification.h"
#include "column.h"
#include "node.h"
#include "picture.h"
#include "sink.h"
#include "volume.h"

typedef struct {
    const char *column;
    bool probability;
} WriteMasks;

enum { CLASSES_MOST = 256 };

typedef struct {
    FornixBuild *build;
    const FornixTable *table;
    const FornixColumn *shown;
    int column;
    bool probability;
    const char *folder;
    int64_t *first, *rows; /* of each volume: its rows stand side by side */
    FornixError *errors;
} Writing;

static bool write_masks_columns(FornixBuild *build, const void *attrs)
{
    const WriteMasks *a = attrs;
    int column = column_choose(build, 0, "column", a->column,
                               FORNIX_LOGITS | FORNIX_PROBABILITY | FORNIX_MASK);
    if (column < 0 || !a->probability)
        return column >= 0;
    const FornixColumn *shown = fornix_column(fornix_table(build, 0), column);
    if (shown->kind & FORNIX_MASK)
        return fornix_build_fail(build, "probability",
                                 "'%s' holds classes, not how likely they are", shown->name);
    return shown->shape.c <= CLASSES_MOST ||
           fornix_build_fail(build, "probability", "'%s' has more than %d classes", shown->name,
                             CLASSES_MOST);
}

/* The grid of a volume, of its one row or its slices; NULL after a failure. */
static float *grid_gather(const Writing *w, int64_t volume, const VolumeMap *map, size_t bytes,
                          FornixError *error)
{
    int64_t floats = fornix_floats(w->shown->shape), channels = w->shown->shape.c;
    float *grid = mem_large(bytes), *slice = mem_new((size_t)floats, sizeof *slice);
    bool fine = grid || fornix_fail(error, "no memory for a volume");
    if (fine)
        memset(grid, 0, bytes);
    for (int64_t i = 0; fine && i < w->rows[volume]; i++) {
        int64_t row = w->first[volume] + i, size[2];
        const FornixSpace *space = fornix_space(w->table, row);
        bool whole = space->slice < 0;
        volume_slice_size(map->size, space->axis, size);
        int64_t wanted = whole ? map->size[0] * map->size[1] * map->size[2] : size[0] * size[1];
        if (floats != wanted * channels || space->slice >= map->size[space->axis])
            fine = fornix_fail(error,
                               "subject '%s': the segmentation is of another size than the "
                               "image's grid",
                               fornix_row(w->table, row)->subject);
        else if (fornix_read(w->table, w->column, row, whole ? grid : slice, error) && !whole)
            volume_put_slice(grid, map->size, channels, space->axis, space->slice, slice);
        fine = fine && !error->text[0];
    }
    mem_free(slice);
    if (fine)
        return grid;
    mem_large_free(grid, bytes);
    return NULL;
}

/* Greys from black, class 0, to white, the last one; of a probability from 0 to 1. */
static bool picture_save(const char *path, const VolumeMap *map, const float *values, double most,
                         FornixError *error)
{
    int64_t pixels = map->file_size[0] * map->file_size[1];
    uint8_t *grey = mem_new((size_t)pixels, 1);
    for (int64_t i = 0; i < pixels; i++)
        grey[i] = (uint8_t)lround(255 * fmin(1, (double)values[i] / most));
    bool fine = picture_write(path, grey, map->file_size[1], map->file_size[0], 1, error);
    mem_free(grey);
    return fine;
}

/* P of each class from 1 on; of a single channel what it stands for. May be done in place. */
static void probabilities_keep(const FornixColumn *shown, int64_t pixels, float *values)
{
    int64_t channels = shown->shape.c, kept = channels > 1 ? channels - 1 : 1;
    double p[CLASSES_MOST];
    for (int64_t i = 0; i < pixels; i++) {
        probabilities_of(values + i * channels, (int32_t)channels, shown->kind & FORNIX_LOGITS, p);
        for (int64_t c = 0; c < kept; c++)
            values[i * kept + c] = (float)p[c + 1];
    }
}

/* Background where the grid does not reach. */
static bool probability_write(const Writing *w, int64_t volume, const VolumeMap *map, float *grid,
                              float *image, FornixError *error)
{
    int64_t channels = w->shown->shape.c, kept = channels > 1 ? channels - 1 : 1;
    const FornixSpace *space = fornix_space(w->table, w->first[volume]);
    const FornixRow *row = fornix_row(w->table, w->first[volume]);
    probabilities_keep(w->shown, map->size[0] * map->size[1] * map->size[2], grid);
    bool picture = sink_is_picture(space);
    if (picture && kept > 1)
        return fornix_fail_input(error, "a picture holds how likely one class is, not %" PRId64,
                                 kept);
    char *path = NULL;
    if (volume_from_grid(map, VOLUME_LINEAR, grid, kept, 0, image, error))
        path = sink_path(w->folder, row, space->slice < 0 ? row->name : "",
                         picture ? "-probability.png" : "-probability.nii.gz", error);
    bool fine = path && (picture ? picture_save(path, map, image, 1, error)
                                 : volume_write_like(path, space->file, image, kept, VOLUME_FLOAT32,
                                                     error));
    mem_free(path);
    return fine;
}

static int64_t last_class(const FornixColumn *shown)
{
    int64_t classes = shown->kind & FORNIX_MASK ? shown->classes : shown->shape.c;
    return classes > 2 ? classes - 1 : 1;
}

static void volume_write_mask(void *context, int64_t volume)
{
    const Writing *w = context;
    FornixError *error = &w->errors[volume];
    const FornixSpace *space = fornix_space(w->table, w->first[volume]);
    const FornixRow *row = fornix_row(w->table, w->first[volume]);
    int64_t channels = w->shown->shape.c, size[3];
    VolumeMap map;
    memcpy(&map, space->map, sizeof map);
    volume_image_size(&map, size);
    int64_t voxels = size[0] * size[1] * size[2];
    size_t grid_bytes = (size_t)volume_bytes(&map, channels);
    size_t bytes = (size_t)(voxels * channels) * sizeof(float);
    float *image = mem_large(bytes);
    float *grid = image ? grid_gather(w, volume, &map, grid_bytes, error) : NULL;
    char *path = NULL;
    if (!image)
        fornix_fail(error, "no memory for a mask");
    if (grid &&
        volume_from_grid(&map, w->shown->kind & FORNIX_MASK ? VOLUME_NEAREST : VOLUME_LINEAR, grid,
                         channels, 0, image, error))
        path = sink_path(w->folder, row, space->slice < 0 ? row->name : "",
                         sink_is_picture(space) ? ".png" : ".nii.gz", error);
    if (path) {
        sink_classes(image, voxels, w->shown, image);
        bool fine = sink_is_picture(space)
                        ? picture_save(path, &map, image, (double)last_class(w->shown), error)
                        : volume_write_like(path, space->file, image, 1, VOLUME_UINT8, error);
        if (fine && w->probability)
            probability_write(w, volume, &map, grid, image, error);
    }
    mem_free(path);
    if (grid)
        mem_large_free(grid, grid_bytes);
    if (image)
        mem_large_free(image, bytes);
}

static bool volumes_find(Writing *w, int64_t *count)
{
    *count = 0;
    for (int64_t row = 0; row < fornix_rows(w->table); row++) {
        const FornixSpace *space = fornix_space(w->table, row);
        const FornixSpace *last = row ? fornix_space(w->table, row - 1) : NULL;
        if (!space || !space->file)
            return fornix_build_fail(w->build, "samples", "subject '%s' is of no file",
                                     fornix_row(w->table, row)->subject);
        bool same = last && space->slice >= 0 && last->slice >= 0 && last->file == space->file;
        for (int64_t v = 0; !same && space->slice >= 0 && v < *count; v++)
            if (fornix_space(w->table, w->first[v])->file == space->file)
                return fornix_build_fail(w->build, "samples",
                                         "the slices of subject '%s' do not follow one another",
                                         fornix_row(w->table, row)->subject);
        if (!same)
            w->first[(*count)++] = row;
        w->rows[*count - 1]++;
    }
    return true;
}

static bool write_masks_rows(FornixBuild *build, const void *attrs)
{
    const WriteMasks *a = attrs;
    Writing w = {.build = build, .table = fornix_table(build, 0)};
    w.column = column_choose(build, 0, "column", a->column,
                             FORNIX_LOGITS | FORNIX_PROBABILITY | FORNIX_MASK);
    w.shown = fornix_column(w.table, w.column);
    w.probability = a->probability;
    w.folder = fornix_output_folder(build);
    size_t rows = (size_t)fornix_rows(w.table);
    int64_t count;
    w.first = mem_new(rows + 1, sizeof *w.first);
    w.rows = mem_new(rows + 1, sizeof *w.rows);
    bool fine = volumes_find(&w, &count);
    w.errors = mem_new(rows + 1, sizeof *w.errors);
    if (fine)
        fornix_parallel(build, count, volume_write_mask, &w);
    for (int64_t i = 0; fine && i < count; i++)
        if (w.errors[i].text[0])
            fine = fornix_build_fail(build, NULL, "%s", w.errors[i].text);
    if (fine)
        fornix_report(build, "%" PRId64 " masks in %s", count, w.folder);
    mem_free(w.first);
    mem_free(w.rows);
    mem_free(w.errors);
    return fine;
}

/* Of each writer: all that is known of a volume, on the grid and in the image. */
static int64_t write_masks_memory(const void *attrs, const FornixTable *input, int threads)
{
    const WriteMasks *a = attrs;
    int64_t rows = fornix_rows(input), most = 0;
    for (int c = 0; c < fornix_columns(input); c++) {
        const FornixColumn *shown = fornix_column(input, c);
        bool meant = *a->column ? strcmp(shown->name, a->column) == 0
                                : shown->kind & (FORNIX_LOGITS | FORNIX_PROBABILITY | FORNIX_MASK);
        if (meant && fornix_floats(shown->shape) > most)
            most = fornix_floats(shown->shape);
    }
    return 2 * (rows >= 0 && rows < threads ? rows : threads) * most * (int64_t)sizeof(float);
}

static const FornixAttr attrs[] = {
    FORNIX_TEXT(WriteMasks, column, "", "the segmentation, where there are several"),
    FORNIX_BOOL(WriteMasks, probability, "no",
                "also SUBJECT-probability.nii.gz: how likely each class from 1 on is"),
    {0}};

static const FornixPort inputs[] = {
    {"samples", FORNIX_SAMPLES, 0, "logits, probabilities or masks of volumes or slices"}, {0}};

static const FornixSamples samples = {.flags = FORNIX_NEEDS_RUN | FORNIX_FORETELLS,
                                      .memory = write_masks_memory,
                                      .columns = write_masks_columns,
                                      .rows = write_masks_rows};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "write_masks",
    .doc = "Writes a NIfTI mask for each volume, in the space of its image, to the node's folder "
           "in the run's results; of PNG pictures a picture, class 0 black, the last one white.",
    .attrs_size = sizeof(WriteMasks),
    .attrs = attrs,
    .inputs = inputs,
    .samples = &samples,
    .example = "<write_masks id=\"masks\" samples=\"segmented\"/>"};
