/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loads images from one array that NumPy saved: the rows of its first axis, or a single image.
 *
 * What another framework was fed with, or a reference to compare with, mostly lies in such a file,
 * channels first. Rows are read from disk when they are wanted.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "npy.h"
#include "node.h"
#include "pixels.h"

typedef struct {
    const char *file, *cohort;
    FornixList axes;
    int normalise;
} Npy;

enum { N, D, H, W, C, AXES };

typedef struct {
    const Npy *attrs;
    NpyFile *file;
    int64_t size[AXES];
    int64_t step[AXES], from; /* in the array, of a row's element at an index */
} Opened;

static void npy_node_close(void *opened)
{
    Opened *o = opened;
    npy_close(o->file);
    mem_free(o);
}

/* ---- Axes ------------------------------------------------------------------------------- */

/* The axis that a word means; -1: told. */
static int axis_of(FornixBuild *build, const char *word, bool *back)
{
    static const char names[] = "ndhwc";
    *back = *word == '-';
    word += *back;
    const char *found = strlen(word) == 1 ? strchr(names, *word) : NULL;
    bool fine = found && !(*back && (found == names || *word == 'c'));
    if (!fine)
        fornix_build_fail(build, "axes",
                          "'%s' is none of n, c, d, h, w, the last three with a '-' where they "
                          "run backwards",
                          word);
    return fine ? (int)(found - names) : -1;
}

static bool axes_read(FornixBuild *build, Opened *o)
{
    const FornixList *words = &o->attrs->axes;
    const NpyInfo *info = npy_info(o->file);
    bool known[AXES] = {false};
    int64_t step = 1;
    if (words->count != info->rank)
        return fornix_build_fail(build, "axes", "%s has %d axes, not %" PRId64, o->attrs->file,
                                 info->rank, words->count);
    for (int a = 0; a < AXES; a++)
        o->size[a] = 1;
    for (int k = 0; k < info->rank; k++) {
        int at = info->fortran ? k : info->rank - 1 - k;
        bool back;
        int axis = axis_of(build, words->items[at], &back);
        if (axis < 0)
            return false;
        if (known[axis])
            return fornix_build_fail(build, "axes", "'%s' stands there twice", words->items[at]);
        known[axis] = true;
        if (info->dims[at] < 1 || (axis == N && k != info->rank - 1))
            return fornix_build_fail(build, "axes",
                                     axis == N ? "n has to be the axis that runs slowest"
                                               : "the array is empty");
        o->size[axis] = info->dims[at];
        o->step[axis] = back ? -step : step;
        o->from += back ? step * (info->dims[at] - 1) : 0;
        step *= info->dims[at];
    }
    return true;
}

/* ---- The table -------------------------------------------------------------------------- */

static bool npy_columns(FornixBuild *build, const void *attrs)
{
    const Npy *a = attrs;
    FornixError error = {0};
    Opened *o = mem_new(1, sizeof *o);
    o->attrs = a;
    fornix_set_opened(build, o);
    if (!fornix_uses_file(build, a->file))
        return false;
    if (!(o->file = npy_open(a->file, &error)))
        return fornix_build_fail(build, "file", "%s", error.text);
    if (!axes_read(build, o))
        return false;
    fornix_add_column(
        build, &(FornixColumn){.name = "image",
                               .kind = FORNIX_IMAGE,
                               .shape = {1, o->size[D], o->size[H], o->size[W], o->size[C]}});
    return true;
}

static bool npy_rows(FornixBuild *build, const void *attrs)
{
    const Npy *a = attrs;
    const Opened *o = fornix_opened(build);
    const char *cohort = *a->cohort ? a->cohort : fornix_build_id(build);
    for (int64_t row = 0; row < o->size[N]; row++) {
        char subject[300];
        snprintf(subject, sizeof subject, "%.256s/%" PRId64, cohort, row);
        fornix_add_row(build, &(FornixRow){.subject = subject, .name = ""});
    }
    return true;
}

static bool npy_node_read(void *opened, const FornixTable *table, int column, int64_t row,
                          float *out, FornixError *error)
{
    (void)table, (void)column;
    const Opened *o = opened;
    const int64_t *size = o->size, *step = o->step;
    int64_t count = size[D] * size[H] * size[W] * size[C], pixels = count / size[C], at = 0;
    size_t bytes = (size_t)count * sizeof(float);
    float *array = mem_large(bytes);
    if (!array)
        return fornix_fail(error, "no memory for a row of %s", o->attrs->file);
    bool fine = npy_read(o->file, row * count, count, array, error);
    for (int64_t d = 0; fine && d < size[D]; d++)
        for (int64_t h = 0; h < size[H]; h++)
            for (int64_t w = 0; w < size[W]; w++)
                for (int64_t c = 0; c < size[C]; c++)
                    out[at++] =
                        array[o->from + d * step[D] + h * step[H] + w * step[W] + c * step[C]];
    mem_large_free(array, bytes);
    for (int64_t i = 0; fine && i < count; i++)
        if (!isfinite(out[i]))
            return fornix_fail_input(error, "%s: row %" PRId64 " is not finite", o->attrs->file,
                                     row);
    return fine && pixels_scale(out, pixels, size[C], o->attrs->normalise, error);
}

static const FornixAttr attrs[] = {
    FORNIX_PATH(Npy, file, NULL, "the .npy file"),
    FORNIX_LIST(Npy, axes, NULL,
                "what its axes are, of n (samples), d, h, w and c (channels): \"n c h w\" as "
                "PyTorch has images; -d, -h or -w runs backwards"),
    FORNIX_TEXT(Npy, cohort, "", "stands before each subject; the node's id"),
    FORNIX_CHOICE(Npy, normalise, "none", pixels_scales,
                  "of each channel of an image: zscore over all of it, foreground over what is not "
                  "0, percentile: 1 % and 99 % of that become 0 and 1, byte: 255 becomes 1"),
    {0}};

static const FornixPort outputs[] = {
    {"samples", FORNIX_SAMPLES, 0, "a column image; a row for each n, each its own subject"}, {0}};

static const FornixSamples samples = {.flags = FORNIX_COSTLY_READ,
                                      .columns = npy_columns,
                                      .rows = npy_rows,
                                      .read = npy_node_read,
                                      .close = npy_node_close};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "npy",
    .doc = "Loads images or volumes from an array that NumPy saved (.npy), its axes in any order.",
    .attrs_size = sizeof(Npy),
    .attrs = attrs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<npy id=\"slices\" file=\"input.npy\" axes=\"n c h w\"/>"};
