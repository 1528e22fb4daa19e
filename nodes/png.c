/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loads a cohort of PNG pictures that a manifest lists.
 *
 * Many public sets come as slices in PNG. Where their manifest has a column for the patient, it is
 * the subject; where it has none, each file stands for itself, and a split must then go by a column
 * that keeps patients together.
 */
#include <inttypes.h>
#include <string.h>

#include "base.h"
#include "fit.h"
#include "manifest.h"
#include "node.h"
#include "picture.h"
#include "pixels.h"
#include "volume.h"

typedef struct {
    const char *manifest, *folder, *subject, *cohort, *mask;
    FornixList images, labels, classes, mask_classes;
    bool colour;
    int fit, normalise;
    FornixDims size;
} Png;

enum { IMAGE, MASK };

_Static_assert(sizeof(VolumeMap) <= sizeof((FornixSpace){0}.map), "a map fits a row's space");

typedef struct {
    const char **files; /* of each image column, then the mask */
    int64_t height, width;
} Picture;

typedef struct {
    const Png *attrs;
    Manifest manifest;
    Picture *pictures;
    int64_t height, width; /* of the grid */
    MaskMap mask_map;
    int first_label;
} Opened;

static void png_close(void *opened)
{
    Opened *o = opened;
    mem_free(o->pictures);
    manifest_close(&o->manifest);
    mem_free(o);
}

/* ---- Columns ----------------------------------------------------------------------------- */

static bool has_mask(const Opened *o) /* new subjects have none */
{
    return *o->attrs->mask && !o->manifest.unlabelled;
}

static bool picture_find(FornixBuild *build, Opened *o, const int64_t *columns, int64_t row)
{
    const Png *a = o->attrs;
    int64_t count = a->images.count + has_mask(o);
    Picture *picture = &o->pictures[row];
    picture->files = arena_take(o->manifest.arena, (size_t)count, sizeof(char *));
    for (int64_t i = 0; i < count; i++) {
        FornixError error = {0};
        PictureInfo info;
        ManifestField field = {.row = row, .column = columns[i]};
        picture->files[i] = manifest_file(build, &o->manifest, field);
        if (!picture->files[i])
            return false;
        if (!picture_inspect(picture->files[i], &info, &error))
            return manifest_fail(build, &o->manifest, field, "manifest", "%s", error.text);
        if (i && (info.height != picture->height || info.width != picture->width))
            return manifest_fail(
                build, &o->manifest, field, "manifest",
                "it has %" PRId64 " x %" PRId64 " pixels, %s %" PRId64 " x %" PRId64, info.height,
                info.width, picture->files[0], picture->height, picture->width);
        picture->height = info.height;
        picture->width = info.width;
    }
    return true;
}

static bool pictures_find(FornixBuild *build, Opened *o)
{
    enum { TOLD_MOST = 5 };
    const Png *a = o->attrs;
    int64_t count = a->images.count + has_mask(o);
    int64_t *columns = arena_take(o->manifest.arena, (size_t)count + 1, sizeof *columns);
    for (int64_t i = 0; i < count; i++) {
        bool mask = i == a->images.count;
        columns[i] = manifest_column(build, &o->manifest, mask ? "mask" : "images",
                                     mask ? a->mask : a->images.items[i]);
        if (columns[i] < 0)
            return false;
    }
    o->pictures = mem_new((size_t)o->manifest.rows, sizeof *o->pictures);
    int told = 0;
    for (int64_t row = 0; row < o->manifest.rows && told < TOLD_MOST; row++) {
        const Picture *one = &o->pictures[row], *first = &o->pictures[0];
        if (!picture_find(build, o, columns, row))
            told++;
        else if (!told && !a->size.count &&
                 (one->height != first->height || one->width != first->width))
            told += !manifest_fail(
                build, &o->manifest, (ManifestField){.row = row, .column = columns[0]}, "manifest",
                "it has %" PRId64 " x %" PRId64 " pixels, %s %" PRId64 " x %" PRId64
                ": say a size for all",
                one->height, one->width, first->files[0], first->height, first->width);
    }
    o->height = a->size.count ? a->size.size[1] : o->pictures[0].height;
    o->width = a->size.count ? a->size.size[2] : o->pictures[0].width;
    return !told;
}

static bool png_columns(FornixBuild *build, const void *attrs)
{
    const Png *a = attrs;
    if (!a->images.count)
        return fornix_build_fail(build, "images", "no column of images is named");
    if (a->size.count == 3 && a->size.size[0] != 1 && a->size.size[0] != a->size.size[1])
        return fornix_build_fail(build, "size", "a picture has the size H W");
    ManifestRequest request = {a->manifest,
                               a->folder,
                               *a->subject ? a->subject : a->images.items[0],
                               a->cohort,
                               a->labels,
                               a->classes,
                               *a->subject ? NULL : "images"};
    Manifest manifest;
    if (!manifest_open(build, &request, &manifest))
        return false;
    Opened *o = mem_new(1, sizeof *o);
    *o = (Opened){.attrs = a, .manifest = manifest};
    fornix_set_opened(build, o);
    if (!mask_map_read(build, "mask_classes", a->mask_classes, manifest.arena, &o->mask_map) ||
        !pictures_find(build, o))
        return false;
    int64_t channels = a->images.count * (a->colour ? 3 : 1);
    fornix_add_column(build, &(FornixColumn){.name = "image",
                                             .kind = FORNIX_IMAGE,
                                             .shape = {1, 1, o->height, o->width, channels}});
    if (*a->mask)
        fornix_add_column(build, &(FornixColumn){.name = "mask",
                                                 .kind = FORNIX_MASK,
                                                 .shape = {1, 1, o->height, o->width, 1},
                                                 .classes = o->mask_map.classes});
    o->first_label = manifest_add_labels(build, &o->manifest);
    return true;
}

/* ---- Rows -------------------------------------------------------------------------------- */

/* What a picture lies on as a volume of one slice, whose machinery fits it to the grid. */
static VolumeMap map_of(const Opened *o, const Picture *picture)
{
    int64_t size[3] = {o->width, o->height, 1};
    VolumeMap map = {.file_size = {picture->width, picture->height, 1},
                     .size = {picture->width, picture->height, 1},
                     .axis = {0, 1, 2},
                     .step = {1, 1, 1}};
    return o->attrs->fit == FIT_CROP ? volume_crop(map, size, VOLUME_CENTRE)
                                     : volume_resize(map, size);
}

static bool png_rows(FornixBuild *build, const void *attrs)
{
    (void)attrs;
    Opened *o = fornix_opened(build);
    manifest_report(build, &o->manifest);
    for (int64_t i = 0; i < o->manifest.rows; i++) {
        const char *field = o->pictures[i].files[0];
        const char *name = strrchr(field, '/');
        int64_t row = fornix_add_row(
            build, &(FornixRow){.subject = o->manifest.subject[i],
                                .name = o->manifest.repeated[i] ? name ? name + 1 : field : ""});
        if (o->first_label >= 0)
            manifest_set_labels(build, &o->manifest, o->first_label, i, row);
        VolumeMap map = map_of(o, &o->pictures[i]);
        FornixSpace space = {.file = field, .slice = -1, .axis = 2};
        memcpy(space.map, &map, sizeof map);
        fornix_set_space(build, row, &space);
    }
    return true;
}

/* ---- Reading ----------------------------------------------------------------------------- */

static void colours_repeat(float *pixels, int64_t count)
{
    for (int64_t i = count; i-- > 0;)
        pixels[3 * i] = pixels[3 * i + 1] = pixels[3 * i + 2] = pixels[i];
}

/* A picture's pixels with the channels wanted; freed with free. */
static float *pixels_read(const Opened *o, const Picture *picture, const char *path, int kind,
                          int64_t channels, FornixError *error)
{
    PictureInfo info;
    float *read = picture_read(path, &info, error);
    if (!read)
        return NULL;
    size_t bytes = (size_t)picture_bytes(&info);
    int64_t count = picture->height * picture->width;
    if (info.height != picture->height || info.width != picture->width) {
        fornix_fail(error, "%s changed while it was used", path);
        mem_large_free(read, bytes);
        return NULL;
    }
    if (channels == 1)
        picture_to_grey(read, &info);
    float *pixels = mem_large((size_t)(count * channels) * sizeof *pixels);
    if (pixels) {
        memcpy(pixels, read, (size_t)(count * info.channels) * sizeof *pixels);
        if (info.channels < channels)
            colours_repeat(pixels, count);
    } else {
        fornix_fail(error, "no memory for %s", path);
    }
    mem_large_free(read, bytes);
    bool fine = pixels &&
                (kind == MASK ? mask_map_apply(&o->mask_map, pixels, count, error)
                              : pixels_scale(pixels, count, channels, o->attrs->normalise, error));
    if (!fine && pixels)
        mem_large_free(pixels, (size_t)(count * channels) * sizeof *pixels);
    return fine ? pixels : NULL;
}

static bool file_load(const Opened *o, const Picture *picture, int64_t file, int64_t total,
                      float *out, FornixError *error)
{
    int kind = file == o->attrs->images.count ? MASK : IMAGE;
    int64_t c = kind == IMAGE && o->attrs->colour ? 3 : 1;
    int64_t count = picture->height * picture->width, grid = o->height * o->width;
    float *pixels = pixels_read(o, picture, picture->files[file], kind, c, error);
    float *part = pixels ? mem_large((size_t)(grid * c) * sizeof *part) : NULL;
    VolumeMap map = map_of(o, picture);
    bool fine = pixels && (part || fornix_fail(error, "no memory for %s", picture->files[file])) &&
                volume_to_grid(&map, kind == MASK ? VOLUME_NEAREST : VOLUME_LINEAR, pixels, c,
                               kind == MASK ? 0 : pixels_least(pixels, count * c), part, error);
    int64_t first = kind == MASK ? 0 : file * c;
    if (fine)
        pixels_interleave(part, grid, c, out + first, total);
    if (part)
        mem_large_free(part, (size_t)(grid * c) * sizeof *part);
    if (pixels)
        mem_large_free(pixels, (size_t)(count * c) * sizeof *pixels);
    return fine;
}

static bool png_read(void *opened, const FornixTable *table, int column, int64_t row, float *out,
                     FornixError *error)
{
    const Opened *o = opened;
    const FornixColumn *shown = fornix_column(table, column);
    const Picture *picture = &o->pictures[row];
    if (shown->kind & FORNIX_MASK && !has_mask(o))
        return fornix_fail_input(error, "%s is of a new subject: it has no mask",
                                 picture->files[0]);
    bool fine = true;
    if (shown->kind & FORNIX_MASK)
        fine = file_load(o, picture, o->attrs->images.count, 1, out, error);
    for (int64_t i = 0; fine && !(shown->kind & FORNIX_MASK) && i < o->attrs->images.count; i++)
        fine = file_load(o, picture, i, shown->shape.c, out, error);
    return fine || manifest_blame(&o->manifest, row, error);
}

static const FornixAttr attrs[] = {
    FORNIX_PATH(Png, manifest, NULL, "a CSV file with a header: a line a picture"),
    FORNIX_PATH(Png, folder, "", "that file names are relative to; the manifest's own"),
    FORNIX_TEXT(Png, subject, "", "the column that says whose a picture is; each its own"),
    FORNIX_TEXT(Png, cohort, "", "stands before each subject; the node's id"),
    FORNIX_LIST(Png, images, NULL, "columns of file names: the channels, in this order"),
    FORNIX_TEXT(Png, mask, "", "the column of file names of the mask; none"),
    FORNIX_LIST(Png, mask_classes, "any",
                "any: all but 0 is class 1; else a word for each class from 1 on with its values, "
                "such as 1,2,4"),
    FORNIX_LIST(Png, labels, "", "label columns, as name:column or column"),
    FORNIX_LIST(Png, classes, "",
                "value:class for each value of the label (label/value:class where there are "
                "several); value: drops its rows; all values in order"),
    FORNIX_BOOL(Png, colour, "no", "three channels a picture; else grey"),
    FORNIX_DIMS(Png, size, "", 1, 32768, "of the grid, H W; as it is"),
    FORNIX_CHOICE(Png, fit, "crop", fit_choices, "how size is reached: crop or pad, or resample"),
    FORNIX_CHOICE(Png, normalise, "zscore", pixels_scales,
                  "of each channel of a picture: zscore over all of it, foreground over what is "
                  "not 0, percentile: 1 % and 99 % of that become 0 and 1, byte: 255 becomes 1"),
    {0}};

static const FornixPort outputs[] = {
    {"samples", FORNIX_SAMPLES, 0, "columns image, mask if there is one, and the labels"}, {0}};

static const FornixSamples samples = {.flags = FORNIX_COSTLY_READ | FORNIX_LOADS_NEW,
                                      .columns = png_columns,
                                      .rows = png_rows,
                                      .read = png_read,
                                      .close = png_close};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "png",
    .doc = "Loads PNG pictures that a manifest lists, scaled and on one grid.",
    .attrs_size = sizeof(Png),
    .attrs = attrs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<png id=\"cheng\" manifest=\"index.csv\" images=\"file\" mask=\"mask\" "
               "labels=\"class fold\" normalise=\"zscore\"/>"};
