/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a predicted mask is worth, of one subject and one class. */
#include "segmentation.h"

#include <math.h>

static const struct {
    const char *name, *title;
    double worst, best; /* where neither mask has the class and the user wants a number */
} info[SEGMENTATION_FIGURES] = {
    {"dice", "Dice", 0, 1},
    {"iou", "IoU", 0, 1},
    {"hd95", "HD95", 0, 0}, /* the worst is the diagonal */
    {"nsd", "NSD", 0, 1},
    {"volume_error", "volume error", 1, 0},
    {"volume_bias", "volume bias", 0, 0},
};

const char *segmentation_name(int figure)
{
    return info[figure].name;
}

const char *segmentation_title(int figure)
{
    return info[figure].title;
}

static void judge_empty(const Surfaces *surfaces, EmptyPolicy empty, double *figures)
{
    for (int f = 0; f < SEGMENTATION_FIGURES; f++)
        figures[f] = empty == EMPTY_SKIP ? NAN : empty == EMPTY_ONE ? info[f].best : info[f].worst;
    if (!surfaces)
        figures[HD95] = figures[NSD] = NAN;
    else if (empty == EMPTY_ZERO)
        figures[HD95] = surfaces->diagonal;
}

void segmentation_judge(const Overlap *overlap, Surfaces *surfaces, SegmentationRules rules,
                        double figures[SEGMENTATION_FIGURES])
{
    if (overlap->predicted + overlap->truth == 0) {
        judge_empty(surfaces, rules.empty, figures);
        return;
    }
    double apart = overlap->predicted - overlap->truth;
    figures[DICE] = overlap_dice(*overlap, rules.empty);
    figures[IOU] = overlap_iou(*overlap, rules.empty);
    figures[HD95] = surfaces ? surfaces_hd95(surfaces) : NAN;
    figures[NSD] = surfaces ? surfaces_nsd(surfaces, rules.tolerance) : NAN;
    figures[VOLUME_BIAS] = overlap->truth > 0 ? apart / overlap->truth : NAN;
    figures[VOLUME_ERROR] = fabs(figures[VOLUME_BIAS]);
}
