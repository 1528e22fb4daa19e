/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finds the probability above which a sample is called positive.
 *
 * Shifting the threshold is the oldest cure of an imbalance, and what many a generator's gain comes
 * to: so it is an arm of its own. The cut is fitted on a part that is neither trained nor tested
 * on, half-way between the two scores where the figure is best (of equals the one nearest .5), and
 * stands among the values as `threshold`.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "balance.h"
#include "base.h"
#include "classification.h"
#include "column.h"
#include "node.h"

typedef struct {
    const char *column, *label;
    int fit, maximise;
} Threshold;

static const char *const figures[] = {"balanced-accuracy", "accuracy", "f1", NULL};
enum { BALANCED, RIGHT, F_ONE };

typedef struct {
    double score;
    bool positive;
} Scored;

static bool threshold_columns(FornixBuild *build, const void *attrs)
{
    const Threshold *a = attrs;
    const FornixTable *table = fornix_table(build, 0);
    int column = column_choose(build, 0, "column", a->column, FORNIX_LOGITS | FORNIX_PROBABILITY);
    int label = column_choose(build, 0, "label", a->label, FORNIX_LABEL);
    if (column < 0 || label < 0)
        return false;
    fornix_fitted_on_parts(build, 0, balance_part(a->fit));
    const FornixColumn *score = fornix_column(table, column);
    int64_t classes = fornix_column(table, label)->classes;
    if (fornix_floats(score->shape) > 2 || classes > 2)
        return fornix_build_fail(build, "column",
                                 "a threshold is for two classes; '%s' has %" PRId64, score->name,
                                 classes > 2 ? classes : fornix_floats(score->shape));
    return true;
}

static int scored_compare(const void *a, const void *b)
{
    const Scored *x = a, *y = b;
    return x->score < y->score ? -1 : x->score > y->score;
}

/* P(class 1) of each labelled row of the part. */
static bool scores_read(FornixBuild *build, const Threshold *a, Scored *scored, int64_t *count)
{
    const FornixTable *table = fornix_table(build, 0);
    int column = column_choose(build, 0, "column", a->column, FORNIX_LOGITS | FORNIX_PROBABILITY);
    int label = column_choose(build, 0, "label", a->label, FORNIX_LABEL);
    const FornixColumn *score = fornix_column(table, column);
    FornixError error = {0};
    *count = 0;
    for (int64_t row = 0; row < fornix_rows(table); row++) {
        float values[2];
        double p[2];
        int32_t class = fornix_label(table, label, row);
        if (class < 0 || !(balance_part(a->fit) >> fornix_row(table, row)->part & 1))
            continue;
        if (!fornix_read(table, column, row, values, &error))
            return fornix_build_fail(build, NULL, "%s", error.text);
        probabilities_of(values, (int32_t)score->shape.c, score->kind & FORNIX_LOGITS, p);
        if (!isfinite(p[1]))
            return fornix_build_fail(build, "column", "the prediction for %s is not a number",
                                     fornix_row(table, row)->subject);
        scored[(*count)++] = (Scored){p[1], class == 1};
    }
    return true;
}

/* tp, fp: positives and negatives above the cut; p, n: of all. */
static double figure_of(int which, double tp, double fp, double p, double n)
{
    switch (which) {
    case RIGHT: return (tp + n - fp) / (p + n);
    case F_ONE: return 2 * tp / (tp + fp + p);
    default: return (tp / p + (n - fp) / n) / 2;
    }
}

/* Of sorted scores; a cut lies between two that differ, or outside of all. What is called positive
 * lies above it, so that there is none below a score of 0. */
static double cut_find(const Scored *scored, int64_t count, int which, double *best)
{
    double p = 0, n = 0, cut = .5;
    for (int64_t i = 0; i < count; i++)
        *(scored[i].positive ? &p : &n) += 1;
    double tp = p, fp = n;
    *best = -1;
    for (int64_t i = 0; i <= count; i++) {
        double low = i ? scored[i - 1].score : 0, high = i < count ? scored[i].score : 1;
        double here = (low + high) / 2, value = figure_of(which, tp, fp, p, n);
        bool between = i == count || low < high;
        here = here < high ? here : low; /* neighbours have nothing between them */
        if (between && (value > *best || (value == *best && fabs(here - .5) < fabs(cut - .5)))) {
            *best = value;
            cut = here;
        }
        if (i < count)
            *(scored[i].positive ? &tp : &fp) -= 1;
    }
    return cut;
}

/* What the run that is applied found. */
static bool threshold_recall(FornixBuild *build)
{
    int64_t count;
    const double *cut = fornix_stored(build, "threshold", &count);
    if (!cut || count != 1)
        return fornix_build_fail(build, NULL, "the run did not fit a threshold");
    fornix_set_values(build, "threshold", cut, 1);
    return true;
}

static bool threshold_rows(FornixBuild *build, const void *attrs)
{
    if (fornix_applied(build))
        return threshold_recall(build);
    const Threshold *a = attrs;
    const FornixTable *table = fornix_table(build, 0);
    Scored *scored = mem_new((size_t)fornix_rows(table) + 1, sizeof *scored);
    int64_t count, positives = 0;
    bool fine = scores_read(build, a, scored, &count);
    for (int64_t i = 0; fine && i < count; i++)
        positives += scored[i].positive;
    if (fine && (!positives || positives == count))
        fine = fornix_build_fail(build, "fit",
                                 "part %s of '%s' has %" PRId64 " rows of class 0 "
                                 "and %" PRId64 " of class 1: nothing to fit a threshold on",
                                 balance_parts[a->fit], fornix_table_name(build, 0),
                                 count - positives, positives);
    if (fine) {
        double best;
        qsort(scored, (size_t)count, sizeof *scored, scored_compare);
        double cut = cut_find(scored, count, a->maximise, &best);
        fornix_set_values(build, "threshold", &cut, 1);
        fornix_metric(build, "threshold", cut);
        fornix_report(build, "class 1 above %.4f: %s %.3f on %" PRId64 " rows of part %s", cut,
                      figures[a->maximise], best, count, balance_parts[a->fit]);
    }
    mem_free(scored);
    return fine;
}

static const FornixAttr attrs[] = {
    FORNIX_TEXT(Threshold, column, "", "the predictions, where there are several"),
    FORNIX_TEXT(Threshold, label, "", "the label column, where there are several"),
    FORNIX_CHOICE(Threshold, fit, "validation", balance_parts, "the part that it is fitted on"),
    FORNIX_CHOICE(Threshold, maximise, "balanced-accuracy", figures,
                  "what is best there; balanced accuracy is Youden's index but for scale"),
    {0}};

static const FornixPort inputs[] = {
    {"samples", FORNIX_SAMPLES, 0, "predictions of two classes, with their labels"}, {0}};
static const FornixPort outputs[] = {
    {"cut", FORNIX_FIT, 0, "the threshold, for who judges predictions"}, {0}};

static const FornixSamples samples = {
    .flags = FORNIX_NEEDS_RUN, .columns = threshold_columns, .rows = threshold_rows};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "threshold",
    .doc = "Fits the probability above which a sample is called positive.",
    .attrs_size = sizeof(Threshold),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<threshold id=\"cut\" samples=\"by_subject\" fit=\"validation\" "
               "maximise=\"balanced-accuracy\"/>"};
