/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fit.h"

#include "text.h"

const char *const fit_choices[] = {"crop", "resample", NULL};
const char *const fit_anchors[] = {"centre", "corner", NULL};

static const double FINEST = .01, COARSEST = 1000; /* mm */

/* Attributes are written D H W, volumes count W H D. */
static void wanted_size(const Fitting *fitting, const VolumeMap *map, int64_t size[3])
{
    int axis = fitting->axis;
    if (axis < 0) {
        for (int k = 0; k < 3; k++)
            size[k] = fitting->size.size[2 - k];
        return;
    }
    int w = axis == 0 ? 1 : 0, h = axis == 2 ? 1 : 2;
    size[axis] = map->size[axis];
    size[w] = fitting->size.size[2];
    size[h] = fitting->size.size[1];
}

static bool wanted_spacing(FornixBuild *build, FornixList words, double spacing[3])
{
    if (words.count != 1 && words.count != 3)
        return fornix_build_fail(build, "spacing", "spacing is one number of mm, or three: D H W");
    for (int k = 0; k < 3; k++) {
        const char *word = words.items[words.count == 1 ? 0 : 2 - k];
        if (!text_to_real(word, &spacing[k]) || spacing[k] < FINEST || spacing[k] > COARSEST)
            return fornix_build_fail(build, "spacing", "'%s' is no number of mm", word);
    }
    return true;
}

bool fit_volume(FornixBuild *build, const Fitting *fitting, const VolumeInfo *info, VolumeMap *map,
                double spacing[3])
{
    double wanted[3];
    int64_t size[3];
    *map = info->map;
    if (fitting->spacing.count) {
        if (!wanted_spacing(build, fitting->spacing, wanted))
            return false;
        *map = volume_respace(*map, info->spacing, wanted);
    }
    if (fitting->size.count) {
        wanted_size(fitting, map, size);
        *map = fitting->fit == FIT_CROP ? volume_crop(*map, size, (VolumeAnchor)fitting->anchor)
                                        : volume_resize(*map, size);
    }
    volume_spacing(map, info->spacing, spacing);
    return true;
}

FornixShape fit_shape(const VolumeMap *map, int axis, int64_t channels)
{
    int64_t slice[2];
    if (axis < 0)
        return (FornixShape){1, map->size[2], map->size[1], map->size[0], channels};
    volume_slice_size(map->size, axis, slice);
    return (FornixShape){1, 1, slice[1], slice[0], channels};
}
