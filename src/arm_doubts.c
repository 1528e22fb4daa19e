/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What makes an arm's scores say less than they seem to. */
#include <math.h>

#include "arm.h"
#include "base.h"
#include "samples.h"

bool arm_covers_chance(const Arm *arm)
{
    double value, low, high;
    return arm->truth && fornix_get_metric(arm->table, "auc", &value, &low, &high) && low <= 0.5 &&
           high >= 0.5;
}

bool arm_is_constant(const Arm *arm)
{
    return arm->truth && predictions_constant(&arm->predictions) >= 0;
}

bool arm_has_other_totals(const Arm *arm)
{
    double accuracy, low, high;
    if (!arm->truth || !fornix_get_metric(arm->table, "accuracy", &accuracy, &low, &high))
        return false;
    double *figures = mem_new((size_t)judge_figure_count(arm->classes), sizeof *figures);
    judge_figures(arm->judge, NULL, NULL, figures);
    bool other =
        !judge_agrees(&arm->predictions, figures) || !(fabs(figures[ACCURACY] - accuracy) < 1e-12);
    mem_free(figures);
    return other;
}

bool arm_was_fitted_on_judged(const Arm *arm)
{
    const char **subjects = mem_new((size_t)arm->samples + 1, sizeof *subjects);
    for (int64_t i = 0; i < arm->samples; i++)
        subjects[i] = fornix_row(arm->table, arm->row[i])->subject;
    Meeting meeting =
        fits_meet(table_samples(arm->table), table_fits(arm->table), subjects, arm->samples);
    bool met = meeting.met > 0;
    meeting_free(&meeting);
    mem_free(subjects);
    return met;
}
