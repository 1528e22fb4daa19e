/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loads a cohort of NIfTI volumes from a manifest, as whole volumes or as slices.
 *
 * A manifest says which files belong to which subject, so nothing is ever matched by its place in a
 * folder's listing. Volumes are oriented to RAS, their intensities brought to a common scale, and
 * fitted to one grid; each row remembers the way back to the voxels of its file. Slices of a volume
 * share its scale, and the volume, once decoded, while memory lasts.
 */
#include <inttypes.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "cutout.h"
#include "fit.h"
#include "glimpse.h"
#include "manifest.h"
#include "node.h"
#include "samples.h"
#include "scan.h"
#include "volume.h"

typedef struct {
    const char *manifest, *folder, *subject, *cohort, *mask, *mask_folder;
    FornixList images, labels, classes, mask_classes, spacing;
    int slices, keep, fit, anchor, outside, normalise, not_finite;
    FornixDims size;
} Nifti;

static const char *const slices_choices[] = {"none", "sagittal", "coronal", "axial", NULL};
static const char *const keep_choices[] = {"all", "tumour", NULL};
static const char *const outside_choices[] = {"least", "zero", NULL};
static const char *const finite_choices[] = {"error", "zero", NULL};
enum { KEEP_ALL, KEEP_TUMOUR };
enum { OUTSIDE_LEAST, OUTSIDE_ZERO };
enum { IMAGE, MASK, KINDS };

_Static_assert(sizeof(VolumeMap) <= sizeof((FornixSpace){0}.map), "a map fits a row's space");

typedef struct {
    const char **files; /* of each image column */
    const char *mask;   /* NULL: none */
    VolumeMap map;
    double spacing[3];            /* of the grid, W H D */
    _Atomic(float *) kept[KINDS]; /* grids that were read, while memory lasts */
} Volume;

typedef struct {
    Nifti own; /* attributes; for new subjects without what only those of the run have */
    const Nifti *attrs;
    Manifest manifest;
    Volume *volumes; /* of each row of the manifest */
    int64_t channels;
    int64_t mask; /* its column in the manifest */
    MaskMap mask_map;
    int first_label;
    const FornixTable *table; /* whose budget it is; NULL before there is one */
    int64_t *volume, *slice;  /* of each row of the table; slice -1: whole */
    int64_t rows, capacity;
} Opened;

static int64_t grid_bytes(const Opened *o, const Volume *volume, int kind)
{
    return volume_bytes(&volume->map, kind == MASK ? 1 : o->channels);
}

static void nifti_close(void *opened)
{
    Opened *o = opened;
    for (int64_t v = 0; o->volumes && v < o->manifest.rows; v++)
        for (int kind = 0; kind < KINDS; kind++)
            mem_large_free(atomic_load(&o->volumes[v].kept[kind]),
                           (size_t)grid_bytes(o, &o->volumes[v], kind));
    mem_free(o->volumes);
    mem_free(o->volume);
    mem_free(o->slice);
    manifest_close(&o->manifest);
    mem_free(o);
}

static int slice_axis(const Nifti *a)
{
    return a->slices - 1; /* -1: whole volumes */
}

/* ---- Columns: the manifest and all headers ------------------------------------------------ */

static bool same_size(const int64_t a[3], const int64_t b[3])
{
    return a[0] == b[0] && a[1] == b[1] && a[2] == b[2];
}

/* A file that a field names and its header; NULL after a mistake. */
static const char *header_read(FornixBuild *build, Opened *o, ManifestField field, VolumeInfo *info)
{
    FornixError error = {0};
    const char *path = manifest_file(build, &o->manifest, field);
    if (!path || volume_inspect(path, info, &error))
        return path;
    manifest_fail(build, &o->manifest, field, "manifest", "%s", error.text);
    return NULL;
}

/* Of the file in a field and of the row's first. */
static bool sizes_agree(FornixBuild *build, Opened *o, ManifestField field, const VolumeInfo *info,
                        const VolumeInfo *first)
{
    const int64_t *a = info->map.size, *b = first->map.size;
    return same_size(a, b) ||
           manifest_fail(build, &o->manifest, field, "manifest",
                         "it has %" PRId64 " x %" PRId64 " x %" PRId64 " voxels (R A S), %s "
                         "has %" PRId64 " x %" PRId64 " x %" PRId64,
                         a[0], a[1], a[2], o->volumes[field.row].files[0], b[0], b[1], b[2]);
}

static bool volume_find(FornixBuild *build, Opened *o, const int64_t *columns, int64_t mask,
                        int64_t row)
{
    const Nifti *a = o->attrs;
    Volume *volume = &o->volumes[row];
    VolumeInfo first = {0}, info;
    int64_t channels = 0;
    volume->files = arena_take(o->manifest.arena, (size_t)a->images.count, sizeof(char *));
    for (int64_t i = 0; i < a->images.count; i++) {
        ManifestField field = {.row = row, .column = columns[i]};
        if (!(volume->files[i] = header_read(build, o, field, &info)))
            return false;
        if (!i)
            first = info;
        if (!sizes_agree(build, o, field, &info, &first))
            return false;
        channels += info.channels;
    }
    if (row && channels != o->channels)
        return manifest_fail(build, &o->manifest, (ManifestField){.row = row, .column = columns[0]},
                             "manifest", "%" PRId64 " channels, and %s has %" PRId64, channels,
                             o->volumes[0].files[0], o->channels);
    o->channels = channels;
    ManifestField masked = {row, mask, a->mask_folder};
    if (mask >= 0 && (!(volume->mask = header_read(build, o, masked, &info)) ||
                      !sizes_agree(build, o, masked, &info, &first)))
        return false;
    if (mask >= 0 && info.channels > 1)
        return manifest_fail(build, &o->manifest, masked, "manifest",
                             "a mask is one volume, and %s holds %" PRId64, volume->mask,
                             info.channels);
    Fitting fitting = {a->size, a->spacing, a->fit, a->anchor, slice_axis(a)};
    return fit_volume(build, &fitting, &first, &volume->map, volume->spacing);
}

static bool grids_agree(FornixBuild *build, Opened *o, ManifestField field)
{
    int64_t row = field.row;
    FornixShape a = fit_shape(&o->volumes[row].map, slice_axis(o->attrs), 1);
    FornixShape b = fit_shape(&o->volumes[0].map, slice_axis(o->attrs), 1);
    return (a.d == b.d && a.h == b.h && a.w == b.w) ||
           manifest_fail(build, &o->manifest, field, "manifest",
                         "it gives %" PRId64 " x %" PRId64 " x %" PRId64
                         " (D H W), %s gives %" PRId64 " x %" PRId64 " x %" PRId64
                         ": say a size for all",
                         a.d, a.h, a.w, o->volumes[0].files[0], b.d, b.h, b.w);
}

static bool volumes_find(FornixBuild *build, Opened *o)
{
    enum { TOLD_MOST = 5 };
    const Nifti *a = o->attrs;
    int64_t *columns = arena_take(o->manifest.arena, (size_t)a->images.count, sizeof *columns);
    int64_t mask = -1;
    bool masked = *a->mask && !o->manifest.unlabelled;
    for (int64_t i = 0; i < a->images.count; i++)
        if ((columns[i] = manifest_column(build, &o->manifest, "images", a->images.items[i])) < 0)
            return false;
    if (masked && (mask = manifest_column(build, &o->manifest, "mask", a->mask)) < 0)
        return false;
    o->mask = mask;
    o->volumes = mem_new((size_t)o->manifest.rows, sizeof *o->volumes);
    int told = 0;
    for (int64_t row = 0; row < o->manifest.rows && told < TOLD_MOST; row++)
        if (!volume_find(build, o, columns, mask, row) ||
            !(row == 0 || told ||
              grids_agree(build, o, (ManifestField){.row = row, .column = columns[0]})))
            told++;
    return !told;
}

static bool attrs_check(FornixBuild *build, const Nifti *a)
{
    if (!a->images.count)
        return fornix_build_fail(build, "images", "no column of images is named");
    if (a->keep == KEEP_TUMOUR && (slice_axis(a) < 0 || !*a->mask))
        return fornix_build_fail(build, "keep", "tumour is kept in slices and with a mask");
    return slice_axis(a) < 0 || a->size.count != 3 || a->size.size[0] == 1 ||
           fornix_build_fail(build, "size", "a slice has the size H W");
}

static bool nifti_columns(FornixBuild *build, const void *attrs)
{
    const Nifti *a = attrs;
    ManifestRequest request = {a->manifest, a->folder,  a->subject, a->cohort,
                               a->labels,   a->classes, NULL};
    Manifest manifest;
    if (!attrs_check(build, a) || !manifest_open(build, &request, &manifest))
        return false;
    Opened *o = mem_new(1, sizeof *o);
    *o = (Opened){.own = *a, .manifest = manifest};
    o->attrs = &o->own;
    if (manifest.unlabelled) /* where a tumour is, nobody knows yet */
        o->own.keep = KEEP_ALL;
    fornix_set_opened(build, o);
    if (!mask_map_read(build, "mask_classes", a->mask_classes, manifest.arena, &o->mask_map) ||
        !volumes_find(build, o))
        return false;
    FornixColumn image = {.name = "image",
                          .kind = FORNIX_IMAGE,
                          .shape = fit_shape(&o->volumes[0].map, slice_axis(a), o->channels)};
    FornixColumn mask = {.name = "mask",
                         .kind = FORNIX_MASK,
                         .shape = fit_shape(&o->volumes[0].map, slice_axis(a), 1),
                         .classes = o->mask_map.classes};
    fornix_add_column(build, &image);
    if (*a->mask)
        fornix_add_column(build, &mask);
    o->first_label = manifest_add_labels(build, &o->manifest);
    return true;
}

/* ---- Reading ----------------------------------------------------------------------------- */

static bool volume_load(const Opened *o, const Volume *volume, int kind, float *grid,
                        FornixError *error)
{
    static const float zero = 0;
    const Nifti *a = o->attrs;
    ScanFiles files = {.paths = kind == MASK ? &volume->mask : volume->files,
                       .count = kind == MASK ? 1 : a->images.count,
                       .channels = kind == MASK ? 1 : o->channels,
                       .mask = kind == MASK ? &o->mask_map : NULL,
                       .scale = a->normalise,
                       .least = a->normalise != SCALE_FOREGROUND && a->outside == OUTSIDE_LEAST,
                       .replace = a->not_finite ? &zero : NULL};
    if (kind == MASK && !volume->mask)
        return fornix_fail_input(error, "%s is of a new subject: it has no mask", volume->files[0]);
    return scan_load(&files, &volume->map, grid, error);
}

/* The grid of a volume, kept while memory lasts; else in `into`, or where that is NULL the
 * caller's: *own, to be freed with grid_done. NULL: it cannot be read. */
static float *grid_get(const Opened *o, Volume *volume, int kind, float *into, bool *own,
                       FornixError *error)
{
    float *grid = atomic_load(&volume->kept[kind]), *none = NULL;
    int64_t bytes = grid_bytes(o, volume, kind);
    *own = false;
    if (grid)
        return grid;
    bool keep = table_reserve(o->table, bytes);
    grid = into && !keep ? into : mem_large((size_t)bytes);
    bool fine = grid ? volume_load(o, volume, kind, grid, error)
                     : fornix_fail(error, "no memory for %s", volume->files[0]);
    bool kept = fine && keep && atomic_compare_exchange_strong(&volume->kept[kind], &none, grid);
    if (keep && !kept)
        table_release(o->table, bytes);
    *own = fine && !kept && grid != into;
    if (fine)
        return grid;
    if (grid && grid != into)
        mem_large_free(grid, (size_t)bytes);
    return NULL;
}

static void grid_done(const Opened *o, const Volume *volume, int kind, float *grid)
{
    mem_large_free(grid, (size_t)grid_bytes(o, volume, kind));
}

/* box NULL: all of the row. */
static bool nifti_read_box(void *opened, const FornixTable *table, int column, int64_t row,
                           const FornixBox *box, float *out, FornixError *error)
{
    Opened *o = opened;
    Volume *volume = &o->volumes[o->volume[row]];
    const FornixColumn *shown = fornix_column(table, column);
    FornixShape s = shown->shape;
    int kind = shown->kind & FORNIX_MASK ? MASK : IMAGE;
    bool own, whole = o->slice[row] < 0;
    float *grid = grid_get(o, volume, kind, whole && !box ? out : NULL, &own, error);
    if (!grid)
        return manifest_blame(&o->manifest, o->volume[row], error);
    float *part = whole ? grid : box ? mem_new((size_t)fornix_floats(s), sizeof *part) : out;
    if (!whole)
        volume_take_slice(grid, volume->map.size, s.c, slice_axis(o->attrs), o->slice[row], part);
    if (box)
        cutout_take(box, part, (int64_t[]){s.d, s.h, s.w}, s.c, out);
    else if (part != out)
        memcpy(out, part, (size_t)fornix_floats(s) * sizeof *out);
    if (!whole && box)
        mem_free(part);
    if (own)
        grid_done(o, volume, kind, grid);
    return true;
}

static bool nifti_read(void *opened, const FornixTable *table, int column, int64_t row, float *out,
                       FornixError *error)
{
    return nifti_read_box(opened, table, column, row, NULL, out, error);
}

static int64_t nifti_keeps(void *opened, const FornixTable *table, int column, int64_t row,
                           int64_t *group)
{
    const Opened *o = opened;
    *group = o->volume[row];
    return grid_bytes(o, &o->volumes[*group],
                      fornix_column(table, column)->kind & FORNIX_MASK ? MASK : IMAGE);
}

/* ---- Rows -------------------------------------------------------------------------------- */

static void row_add(FornixBuild *build, Opened *o, int64_t v, int64_t slice)
{
    char name[80] = "";
    const Volume *volume = &o->volumes[v];
    if (o->manifest.repeated[v])
        snprintf(name, sizeof name, "line %" PRId64 "%s", manifest_line(&o->manifest, v),
                 slice < 0 ? "" : " ");
    if (slice >= 0)
        snprintf(name + strlen(name), 40, "slice %" PRId64, slice);
    int64_t row =
        fornix_add_row(build, &(FornixRow){.subject = o->manifest.subject[v], .name = name});
    if (o->rows == o->capacity) {
        o->capacity = o->capacity ? 2 * o->capacity : 64;
        o->volume = mem_grow(o->volume, (size_t)o->capacity, sizeof *o->volume);
        o->slice = mem_grow(o->slice, (size_t)o->capacity, sizeof *o->slice);
    }
    o->volume[o->rows] = v;
    o->slice[o->rows++] = slice;
    if (o->first_label >= 0)
        manifest_set_labels(build, &o->manifest, o->first_label, v, row);
    int axis = slice_axis(o->attrs);
    FornixSpace space = {.file = volume->files[0],
                         .slice = slice,
                         .axis = axis < 0 ? 2 : axis,
                         .spacing = {volume->spacing[0], volume->spacing[1], volume->spacing[2]}};
    memcpy(space.map, &volume->map, sizeof volume->map);
    fornix_set_space(build, row, &space);
}

typedef struct {
    Opened *opened;
    int64_t most; /* slices of a volume */
    bool *tumour; /* by volume and slice */
    FornixError *errors;
} Look;

/* All but the file that says where a tumour is. */
static Hash look_hash(const Opened *o, const Volume *volume)
{
    Hasher *hasher = hasher_new();
    int axis = slice_axis(o->attrs);
    hasher_add(hasher, &axis, sizeof axis);
    hasher_add(hasher, &o->attrs->not_finite, sizeof o->attrs->not_finite);
    hasher_add(hasher, &volume->map, sizeof volume->map);
    for (int64_t k = 0; k < o->attrs->mask_classes.count; k++)
        hasher_add_text(hasher, o->attrs->mask_classes.items[k]);
    Hash hash = hasher_result(hasher);
    hasher_free(hasher);
    return hash;
}

static void volume_look(void *context, int64_t v)
{
    const Look *look = context;
    Opened *o = look->opened;
    Volume *volume = &o->volumes[v];
    int axis = slice_axis(o->attrs);
    bool own, *tumour = look->tumour + v * look->most;
    size_t bytes = (size_t)volume->map.size[axis] * sizeof *tumour;
    Glimpse glimpse = {0};
    if (volume->mask && glimpse_find(&glimpse, volume->mask, look_hash(o, volume), tumour, bytes))
        return;
    float *grid = grid_get(o, volume, MASK, NULL, &own, &look->errors[v]);
    if (!grid)
        return;
    volume_filled_slices(grid, volume->map.size, axis, tumour);
    glimpse_keep(&glimpse, tumour);
    if (own)
        grid_done(o, volume, MASK, grid);
}

static bool slices_add(FornixBuild *build, Opened *o)
{
    int axis = slice_axis(o->attrs);
    int64_t count = o->manifest.rows;
    bool chosen = o->attrs->keep == KEEP_TUMOUR, fine = true;
    Look look = {.opened = o};
    for (int64_t v = 0; v < count; v++)
        if (o->volumes[v].map.size[axis] > look.most)
            look.most = o->volumes[v].map.size[axis];
    look.tumour = mem_new((size_t)count * (size_t)look.most, sizeof *look.tumour);
    look.errors = mem_new((size_t)count, sizeof *look.errors);
    if (chosen)
        fornix_parallel(build, count, volume_look, &look);
    for (int64_t v = 0; v < count; v++) {
        if (look.errors[v].text[0])
            fine = manifest_fail(build, &o->manifest, (ManifestField){.row = v, .column = o->mask},
                                 "manifest", "%s", look.errors[v].text);
        for (int64_t k = 0; fine && k < o->volumes[v].map.size[axis]; k++)
            if (!chosen || look.tumour[v * look.most + k])
                row_add(build, o, v, k);
    }
    mem_free(look.tumour);
    mem_free(look.errors);
    return fine && (o->rows || fornix_build_fail(build, "keep", "no slice has any tumour"));
}

static bool nifti_rows(FornixBuild *build, const void *attrs)
{
    Opened *o = fornix_opened(build);
    o->table = build_table(build);
    manifest_report(build, &o->manifest);
    if (o->manifest.unlabelled && ((const Nifti *)attrs)->keep == KEEP_TUMOUR)
        fornix_report(build, "all slices are taken: where a tumour is, nobody knows yet");
    if (slice_axis(o->attrs) >= 0)
        return slices_add(build, o);
    for (int64_t v = 0; v < o->manifest.rows; v++)
        row_add(build, o, v, -1);
    return true;
}

static const FornixAttr attrs[] = {
    FORNIX_PATH(Nifti, manifest, NULL, "a CSV file with a header: a line a volume"),
    FORNIX_PATH(Nifti, folder, "", "that file names are relative to; the manifest's own"),
    FORNIX_TEXT(Nifti, subject, NULL, "the column that says whose a volume is"),
    FORNIX_TEXT(Nifti, cohort, "", "stands before each subject; the node's id"),
    FORNIX_LIST(Nifti, images, NULL, "columns of file names: the channels, in this order"),
    FORNIX_TEXT(Nifti, mask, "", "the column of file names of the mask; none"),
    FORNIX_PATH(Nifti, mask_folder, "", "that file names of masks are relative to; that of images"),
    FORNIX_LIST(Nifti, mask_classes, "any",
                "any: all but 0 is class 1; else a word for each class from 1 on with its values, "
                "such as 1,2,4"),
    FORNIX_LIST(Nifti, labels, "", "label columns, as name:column or column"),
    FORNIX_LIST(Nifti, classes, "",
                "value:class for each value of the label (label/value:class where there are "
                "several); value: drops its rows; all values in order"),
    FORNIX_CHOICE(Nifti, slices, "none", slices_choices, "rows are slices across this axis"),
    FORNIX_CHOICE(Nifti, keep, "all", keep_choices, "which slices: tumour is where a mask is"),
    FORNIX_LIST(Nifti, spacing, "", "mm of a voxel, D H W or one for all; as it is"),
    FORNIX_DIMS(Nifti, size, "", 1, 4096, "of the grid, D H W, of slices H W; as it is"),
    FORNIX_CHOICE(Nifti, fit, "crop", fit_choices, "how size is reached: crop or pad, or resample"),
    FORNIX_CHOICE(Nifti, anchor, "centre", fit_anchors, "what crop leaves in its place"),
    FORNIX_CHOICE(Nifti, outside, "least", outside_choices,
                  "what the grid has beyond a volume, once that is scaled: its least value, or 0, "
                  "which is zscore's mean; foreground has 0 there in any case"),
    FORNIX_CHOICE(Nifti, normalise, "zscore", pixels_scales,
                  "of each channel of a volume: zscore over all of it, foreground over what is not "
                  "0, percentile: 1 % and 99 % of that become 0 and 1, byte: 255 becomes 1"),
    FORNIX_CHOICE(Nifti, not_finite, "error", finite_choices,
                  "what a NaN or infinity in a file is"),
    {0}};

static const FornixPort outputs[] = {
    {"samples", FORNIX_SAMPLES, 0, "columns image, mask if there is one, and the labels"}, {0}};

static const FornixSamples samples = {.flags =
                                          FORNIX_LOADS_NEW | FORNIX_READS_BOX | FORNIX_FORETELLS,
                                      .columns = nifti_columns,
                                      .rows = nifti_rows,
                                      .read = nifti_read,
                                      .read_box = nifti_read_box,
                                      .keeps = nifti_keeps,
                                      .close = nifti_close};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "nifti",
    .doc = "Loads NIfTI volumes (.nii, .nii.gz) that a manifest lists: oriented to RAS, scaled, on "
           "one grid; whole or as slices.",
    .attrs_size = sizeof(Nifti),
    .attrs = attrs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<nifti id=\"lgg\" manifest=\"index.csv\" subject=\"patient\" images=\"image\" "
               "mask=\"mask\" labels=\"grade:who_grade\" classes=\"2:low 3:high\" "
               "slices=\"axial\" keep=\"tumour\"/>"};
