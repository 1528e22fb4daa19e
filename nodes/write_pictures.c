/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes pictures of images with the outlines of their masks, to look at.
 *
 * A figure of overlap does not show where a net errs; a few pictures do. Of a volume the slice with
 * most of the mask is drawn. They show patients: nothing writes them unless a graph asks for it.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base.h"
#include "column.h"
#include "node.h"
#include "picture.h"
#include "sink.h"

typedef struct {
    const char *image, *mask, *truth;
    int64_t count, channel;
} WritePictures;

enum { PANELS = 2, COLOURS = 3 };

typedef struct {
    const WritePictures *attrs;
    const FornixTable *table;
    int image, mask, truth; /* truth -1: not drawn */
    const char *folder;
    FornixError *errors;
} Drawing;

static const unsigned SEGMENTED = FORNIX_LOGITS | FORNIX_PROBABILITY | FORNIX_MASK;

static bool columns_find(FornixBuild *build, const WritePictures *a, Drawing *d)
{
    const FornixTable *table = fornix_table(build, 0);
    d->image = column_choose(build, 0, "image", a->image, FORNIX_IMAGE);
    d->mask = column_choose(build, 0, "mask", a->mask, SEGMENTED);
    d->truth = *a->truth ? column_choose(build, 0, "truth", a->truth, SEGMENTED) : -1;
    if (d->image < 0 || d->mask < 0 || (*a->truth && d->truth < 0))
        return false;
    FornixShape x = fornix_column(table, d->image)->shape;
    const int masks[] = {d->mask, d->truth};
    for (size_t i = 0; i < COUNT(masks); i++) {
        FornixShape m = masks[i] < 0 ? x : fornix_column(table, masks[i])->shape;
        if (m.d != x.d || m.h != x.h || m.w != x.w)
            return fornix_build_fail(build, i ? "truth" : "mask",
                                     "'%s' has another size than the image",
                                     fornix_column(table, masks[i])->name);
    }
    if (x.h > PICTURE_SIDE || PANELS * x.w > PICTURE_SIDE)
        return fornix_build_fail(build, "image", "too large for a picture");
    return a->channel < x.c ||
           fornix_build_fail(build, "channel", "the image has %" PRId64 " channels, from 0", x.c);
}

static bool write_pictures_columns(FornixBuild *build, const void *attrs)
{
    Drawing d;
    return columns_find(build, attrs, &d);
}

/* ---- One picture ------------------------------------------------------------------------- */

static int64_t fullest_slice(const float *classes, FornixShape shape)
{
    int64_t best = shape.d / 2, most = 0;
    for (int64_t d = 0; d < shape.d; d++) {
        int64_t count = 0;
        for (int64_t i = 0; i < shape.h * shape.w; i++)
            count += classes[d * shape.h * shape.w + i] > 0;
        if (count > most) {
            most = count;
            best = d;
        }
    }
    return best;
}

static void window_find(const float *image, int64_t pixels, int64_t channels, float *low,
                        float *high)
{
    *low = INFINITY;
    *high = -INFINITY;
    for (int64_t i = 0; i < pixels; i++) {
        *low = fminf(*low, image[i * channels]);
        *high = fmaxf(*high, image[i * channels]);
    }
}

/* The slice in grey with the outlines of a mask, on the left or right half of a picture. */
static void panel_draw(const uint8_t *grey, const float *classes, FornixShape shape, int panel,
                       uint8_t *picture)
{
    size_t line = (size_t)shape.w * COLOURS;
    uint8_t *colours = mem_new((size_t)shape.h * line, 1);
    picture_outline(grey, classes, shape.h, shape.w, colours);
    for (int64_t h = 0; h < shape.h; h++)
        memcpy(picture + ((size_t)h * PANELS + (size_t)panel) * line, colours + (size_t)h * line,
               line);
    mem_free(colours);
}

/* Volumes have their last line at the head or the front, which atlases show on top. */
static void picture_flip(uint8_t *picture, FornixShape shape)
{
    size_t line = (size_t)shape.w * PANELS * COLOURS;
    uint8_t *kept = mem_new(line, 1);
    for (int64_t h = 0; h < shape.h / 2; h++) {
        uint8_t *a = picture + (size_t)h * line, *b = picture + (size_t)(shape.h - 1 - h) * line;
        memcpy(kept, a, line);
        memcpy(a, b, line);
        memcpy(b, kept, line);
    }
    mem_free(kept);
}

static bool row_draw(const Drawing *d, int64_t row, float *image, float *values, float *classes,
                     FornixError *error)
{
    FornixShape shape = fornix_column(d->table, d->image)->shape;
    int64_t pixels = shape.h * shape.w, slice = -1;
    uint8_t *grey = mem_new((size_t)pixels, 1);
    uint8_t *picture = mem_new((size_t)pixels * PANELS * COLOURS, 1);
    const int masks[PANELS] = {d->truth < 0 ? d->mask : d->truth, d->mask};
    bool fine = fornix_read(d->table, d->image, row, image, error);
    for (int panel = 0; fine && panel < PANELS; panel++) {
        const FornixColumn *column = fornix_column(d->table, masks[panel]);
        fine = fornix_read(d->table, masks[panel], row, values, error);
        if (!fine)
            break;
        sink_classes(values, fornix_pixels(shape), column, classes);
        if (slice < 0) {
            float low, high;
            slice = fullest_slice(classes, shape);
            const float *x = image + slice * pixels * shape.c;
            window_find(x + d->attrs->channel, pixels, shape.c, &low, &high);
            picture_window(x, pixels, shape.c, d->attrs->channel, low, high, grey);
        }
        panel_draw(grey, classes + slice * pixels, shape, panel, picture);
    }
    const FornixSpace *space = fornix_space(d->table, row);
    if (fine && space && !sink_is_picture(space))
        picture_flip(picture, shape);
    const FornixRow *identity = fornix_row(d->table, row);
    char *path = fine ? sink_path(d->folder, identity, identity->name, ".png", error) : NULL;
    if (path)
        picture_write(path, picture, shape.h, PANELS * shape.w, COLOURS, error);
    mem_free(path);
    mem_free(grey);
    mem_free(picture);
    return !error->text[0];
}

static void picture_draw(void *context, int64_t row)
{
    const Drawing *d = context;
    const FornixColumn *image = fornix_column(d->table, d->image);
    int64_t pixels = fornix_pixels(image->shape), channels = 1;
    const int masks[] = {d->mask, d->truth};
    for (size_t i = 0; i < COUNT(masks); i++)
        if (masks[i] >= 0 && fornix_column(d->table, masks[i])->shape.c > channels)
            channels = fornix_column(d->table, masks[i])->shape.c;
    size_t floats = (size_t)(pixels * (image->shape.c + channels + 1));
    float *memory = mem_large(floats * sizeof *memory);
    if (!memory) {
        fornix_fail(&d->errors[row], "no memory for a picture");
        return;
    }
    row_draw(d, row, memory, memory + pixels * image->shape.c,
             memory + pixels * (image->shape.c + channels), &d->errors[row]);
    mem_large_free(memory, floats * sizeof *memory);
}

static bool write_pictures_rows(FornixBuild *build, const void *attrs)
{
    const WritePictures *a = attrs;
    Drawing d = {.attrs = a, .table = fornix_table(build, 0)};
    if (!columns_find(build, a, &d))
        return false;
    int64_t count = fornix_rows(d.table) < a->count ? fornix_rows(d.table) : a->count;
    d.folder = fornix_output_folder(build);
    d.errors = mem_new((size_t)count + 1, sizeof *d.errors);
    fornix_parallel(build, count, picture_draw, &d);
    bool fine = true;
    for (int64_t i = 0; fine && i < count; i++)
        if (d.errors[i].text[0])
            fine = fornix_build_fail(build, NULL, "%s", d.errors[i].text);
    if (fine)
        fornix_report(build, "%" PRId64 " pictures in %s", count, d.folder);
    mem_free(d.errors);
    return fine;
}

static const FornixAttr attrs[] = {
    FORNIX_TEXT(WritePictures, image, "", "the image, where there are several"),
    FORNIX_TEXT(WritePictures, mask, "", "the segmentation, where there are several"),
    FORNIX_TEXT(WritePictures, truth, "", "what is drawn on the left to compare; the same"),
    FORNIX_INT(WritePictures, channel, "0", 0, 65535, "of the image"),
    FORNIX_INT(WritePictures, count, "16", 1, INT32_MAX, "how many rows are drawn, from the first"),
    {0}};

static const FornixPort inputs[] = {
    {"samples", FORNIX_SAMPLES, 0, "images with logits, probabilities or masks"}, {0}};

static const FornixSamples samples = {
    .flags = FORNIX_NEEDS_RUN, .columns = write_pictures_columns, .rows = write_pictures_rows};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "write_pictures",
    .doc = "Writes PNG pictures of images with the outlines of segmentations, truth on the left, "
           "to the node's folder in the run's results.",
    .attrs_size = sizeof(WritePictures),
    .attrs = attrs,
    .inputs = inputs,
    .samples = &samples,
    .example = "<write_pictures id=\"pictures\" samples=\"segmented\" mask=\"logits\" "
               "truth=\"mask\" count=\"8\"/>"};
