/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decision.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>

#include "base.h"
#include "classification.h"
#include "column.h"

enum { MOST_CLASSES = 256 };

int32_t decision_of(const double *probability, int32_t classes, const double *threshold)
{
    int32_t best = 0;
    if (classes == 2)
        return probability[1] > (threshold ? *threshold : .5);
    if (!threshold)
        return likeliest(probability, classes);
    /* A ratio of thresholds is 1 where they are equal: quotients of probabilities would round. */
    for (int32_t c = 1; c < classes; c++)
        if (probability[c] > probability[best] * (threshold[c] / threshold[best]))
            best = c;
    return best;
}

int64_t decision_values(int32_t classes)
{
    return classes == 2 ? 1 : classes;
}

bool decision_check(const double *values, int64_t count, int32_t classes, const char *name,
                    FornixError *error)
{
    if (!values || !count)
        return fornix_fail_input(error, "'%s' holds no threshold", name);
    if (count == 1 && classes != 2)
        return fornix_fail_input(error, "'%s' was fitted for two classes, these are %d", name,
                                 (int)classes);
    if (count != decision_values(classes))
        return fornix_fail_input(error,
                                 "'%s' holds %" PRId64 " thresholds; %d classes have %" PRId64,
                                 name, count, (int)classes, decision_values(classes));
    for (int64_t c = 0; c < count; c++)
        if (!isfinite(values[c]) || (classes > 2 && (values[c] < DBL_MIN || values[c] > 1)))
            return fornix_fail_input(error, "'%s' holds %g, which is no threshold", name,
                                     values[c]);
    return true;
}

bool decision_columns(FornixBuild *build, const char *column, const char *label,
                      DecisionColumns *columns)
{
    const FornixTable *table = fornix_table(build, 0);
    columns->score = column_choose(build, 0, "column", column, FORNIX_LOGITS | FORNIX_PROBABILITY);
    columns->label = column_choose(build, 0, "label", label, FORNIX_LABEL);
    if (columns->score < 0 || columns->label < 0)
        return false;
    const FornixColumn *score = fornix_column(table, columns->score);
    const FornixColumn *truth = fornix_column(table, columns->label);
    int64_t classes = score->shape.c == 1 ? 2 : score->shape.c;
    if (fornix_pixels(score->shape) != 1)
        return fornix_build_fail(build, "column",
                                 "'%s' says something of every pixel; evaluate_segmentation "
                                 "judges masks",
                                 score->name);
    if (truth->classes && truth->classes != classes)
        return fornix_build_fail(
            build, "label", "'%s' has %" PRId64 " classes, the predictions tell %" PRId64 " apart",
            truth->name, truth->classes, classes);
    if (classes > MOST_CLASSES)
        return fornix_build_fail(build, "column", "%" PRId64 " classes; at most %d are judged",
                                 classes, MOST_CLASSES);
    columns->classes = (int32_t)classes;
    return true;
}

bool decision_read(FornixBuild *build, const DecisionColumns *columns, int64_t row,
                   double *probability)
{
    const FornixTable *table = fornix_table(build, 0);
    const FornixColumn *score = fornix_column(table, columns->score);
    float values[MOST_CLASSES];
    FornixError error = {.text = ""};
    if (!fornix_read(table, columns->score, row, values, &error))
        return fornix_build_fail(build, NULL, "%s", error.text);
    for (int64_t c = 0; c < score->shape.c; c++)
        if (!isfinite(values[c]))
            return fornix_build_fail(build, "column", "the prediction for %s is not a number",
                                     fornix_row(table, row)->subject);
    probabilities_of(values, (int32_t)score->shape.c, score->kind & FORNIX_LOGITS, probability);
    return true;
}
