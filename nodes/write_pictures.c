/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes pictures of images with the outlines of their masks, to look at.
 *
 * A figure of overlap does not show where a net errs; a few pictures do. Of a volume the slice with
 * most of the mask is drawn. They show patients: nothing writes them unless a graph asks for it.
 */
#include <inttypes.h>

#include "base.h"
#include "column.h"
#include "node.h"
#include "picture.h"
#include "sink.h"
#include "slice.h"

typedef struct {
    const char *image, *mask, *truth;
    int64_t count, channel;
} WritePictures;

enum { PANELS = 2 };

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

static void picture_draw(void *context, int64_t row)
{
    const Drawing *d = context;
    FornixError *error = &d->errors[row];
    SliceRequest request = {d->table, d->image, d->attrs->channel, d->mask, d->truth};
    const FornixRow *identity = fornix_row(d->table, row);
    Slice slice;
    if (!slice_draw(&request, row, &slice, error))
        return;
    char *path = sink_path(d->folder, identity, identity->name, ".png", error);
    if (path)
        picture_write(path, slice.colours, slice.height, slice.width, 3, error);
    mem_free(path);
    mem_free(slice.colours);
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
