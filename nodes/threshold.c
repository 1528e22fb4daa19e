/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finds the thresholds by which probabilities become a class.
 *
 * Shifting the threshold is the oldest cure of an imbalance, and what many a generator's gain comes
 * to: so it is an arm of its own. It is fitted on a part that is neither trained nor tested on, and
 * stands among the values as `threshold`, which decision.h applies.
 *
 * Of two classes there is one cut, half-way between the two scores where the figure is best, of
 * equals the one nearest .5. Of more, classes take turns. While the others' thresholds stay, a row
 * is given to a class where its threshold is below p_c / max p_j / t_j, and the best place among
 * these ratios is found as that of two classes is, only half-way in logarithms (geometrically), and
 * of equals the one nearest to where it was. A class moves only if that betters the figure, and the
 * end is reached when none does: so a result is best in each threshold, if not in all together.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balance.h"
#include "base.h"
#include "column.h"
#include "decision.h"
#include "node.h"
#include "text.h"

typedef struct {
    const char *column, *label;
    int fit, maximise;
} Threshold;

static const char *const figures[] = {"balanced-accuracy", "accuracy", "f1", NULL};
enum { BALANCED, RIGHT, F_ONE };

/* The labelled rows of the part. */
typedef struct {
    int32_t classes;
    int64_t count;
    double *p;        /* [count][classes] */
    int32_t *truth;   /* [count] */
    double *of_class; /* [classes]: rows */
    int maximise;
} Sample;

/* What is predicted of them, by class. */
typedef struct {
    double *said, *right;
} Tally;

static bool threshold_columns(FornixBuild *build, const void *attrs)
{
    const Threshold *a = attrs;
    DecisionColumns columns;
    if (!decision_columns(build, a->column, a->label, &columns))
        return false;
    fornix_fitted_on_parts(build, 0, balance_part(a->fit));
    return true;
}

static Tally tally_new(int32_t classes)
{
    return (Tally){mem_new((size_t)classes, sizeof(double)),
                   mem_new((size_t)classes, sizeof(double))};
}

static void tally_free(Tally tally)
{
    mem_free(tally.said);
    mem_free(tally.right);
}

static void tally_add(Tally tally, int32_t said, int32_t truth, double times)
{
    tally.said[said] += times;
    tally.right[said] += said == truth ? times : 0;
}

static void tally_clear(Tally tally, int32_t classes)
{
    memset(tally.said, 0, (size_t)classes * sizeof *tally.said);
    memset(tally.right, 0, (size_t)classes * sizeof *tally.right);
}

/* F1 is that of class 1 where there are two, else the mean over classes. */
static double figure_of(const Sample *s, Tally tally)
{
    bool one = s->maximise == F_ONE && s->classes == 2;
    double sum = 0;
    for (int32_t c = one; c < s->classes; c++)
        sum += s->maximise == RIGHT   ? tally.right[c]
               : s->maximise == F_ONE ? 2 * tally.right[c] / (tally.said[c] + s->of_class[c])
                                      : tally.right[c] / s->of_class[c];
    return s->maximise == RIGHT ? sum / (double)s->count : one ? sum : sum / s->classes;
}

/* ---- A place along a line ---------------------------------------------------------------- */

/* A row that turns from one class to another where the cut passes it. */
typedef struct {
    double at;
    int32_t truth, from;
} Turn;

typedef struct {
    Turn *turn;
    int64_t count;
    int32_t to;
    double low, high;   /* the first cut lies half-way to here, and the last */
    double least, most; /* there are none beyond */
    double gap;         /* turns as near as that have no cut between them */
    double same;        /* figures that differ by no more are equal: the cut nearest to */
    double now;         /* is taken */
} Line;

static int turn_compare(const void *a, const void *b)
{
    const Turn *x = a, *y = b;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* The best cut between two turns that differ, or outside of all. tally is of a cut below them. What
 * lies at a cut has turned, so that of two classes nothing is positive at a score of 0. */
static double line_cut(Line *line, const Sample *s, Tally tally, double *best)
{
    double cut = line->now;
    *best = -1;
    qsort(line->turn, (size_t)line->count, sizeof *line->turn, turn_compare);
    for (int64_t i = 0; i <= line->count; i++) {
        double low = i ? line->turn[i - 1].at : line->low;
        double high = i < line->count ? line->turn[i].at : line->high;
        double here = (low + high) / 2;
        bool between = i == line->count || high > low + line->gap;
        here = here < high ? here : low; /* neighbours have nothing between them */
        if (between && here >= line->least && here <= line->most) {
            double value = figure_of(s, tally);
            bool nearer = fabs(here - line->now) < fabs(cut - line->now);
            if (value > *best + line->same || (value >= *best - line->same && nearer)) {
                *best = value;
                cut = here;
            }
        }
        if (i < line->count) {
            tally_add(tally, line->turn[i].from, line->turn[i].truth, -1);
            tally_add(tally, line->to, line->turn[i].truth, 1);
        }
    }
    return cut;
}

/* ---- Two classes ------------------------------------------------------------------------- */

static void cut_fit(const Sample *s, double *cut, double *best)
{
    Turn *turn = mem_new((size_t)s->count + 1, sizeof *turn);
    Tally tally = tally_new(s->classes);
    for (int64_t i = 0; i < s->count; i++) {
        turn[i] = (Turn){s->p[2 * i + 1], s->truth[i], 1};
        tally_add(tally, 1, s->truth[i], 1);
    }
    Line line = {.turn = turn,
                 .count = s->count,
                 .high = 1,
                 .least = -INFINITY,
                 .most = INFINITY,
                 .now = .5};
    *cut = line_cut(&line, s, tally, best);
    tally_free(tally);
    mem_free(turn);
}

/* ---- More classes ------------------------------------------------------------------------ */

enum { MOST_ROUNDS = 100 };
#define CLEAR 1e-9   /* in logarithms: a decision nearer to a tie could be one of rounding */
#define EQUAL 1e-12  /* figures are sums over classes, and round */
#define FARTHEST 600 /* in logarithms, from one threshold to another: all are normal numbers */

typedef struct {
    const Sample *sample;
    double *factor;    /* [classes]: -log t, but for a constant; one moves while the others stay */
    double *threshold; /* [classes]: of these factors */
    double figure;
    Turn *turn;
    Tally tally;
} Search;

static void thresholds_of(const double *factor, int32_t classes, double *threshold)
{
    double least = factor[0], sum = 0;
    for (int32_t c = 1; c < classes; c++)
        least = fmin(least, factor[c]);
    for (int32_t c = 0; c < classes; c++)
        sum += threshold[c] = exp(least - factor[c]);
    for (int32_t c = 0; c < classes; c++)
        threshold[c] /= sum;
}

/* By what will decide: no rounding of a logarithm makes a figure up. */
static double figure_by(const Sample *s, Tally tally, const double *threshold)
{
    tally_clear(tally, s->classes);
    for (int64_t i = 0; i < s->count; i++)
        tally_add(tally, decision_of(s->p + i * s->classes, s->classes, threshold), s->truth[i], 1);
    return figure_of(s, tally);
}

/* The rows that turn to the class as its factor grows, and the tally of all where it is least. */
static Line line_of(Search *search, int32_t class)
{
    const Sample *s = search->sample;
    const double *factor = search->factor;
    Line line = {.turn = search->turn,
                 .to = class,
                 .low = INFINITY,
                 .high = -INFINITY,
                 .least = -INFINITY,
                 .most = INFINITY,
                 .gap = CLEAR,
                 .same = EQUAL,
                 .now = factor[class]};
    tally_clear(search->tally, s->classes);
    for (int64_t i = 0; i < s->count; i++) {
        double *p = s->p + i * s->classes, own = p[class];
        p[class] = 0;
        int32_t other = decision_of(p, s->classes, search->threshold);
        double rival = p[other];
        p[class] = own;
        /* What has no probability is never predicted, what alone has any is always. */
        tally_add(search->tally, own > 0 && rival <= 0 ? class : other, s->truth[i], 1);
        if (own <= 0 || rival <= 0)
            continue;
        double at = log(rival) + factor[other] - log(own);
        line.turn[line.count++] = (Turn){at, s->truth[i], other};
        line.low = fmin(line.low, at - 2 * log(2));
        line.high = fmax(line.high, at + 2 * log(2));
    }
    for (int32_t c = 0; c < s->classes; c++)
        if (c != class) {
            line.least = fmax(line.least, factor[c] - FARTHEST);
            line.most = fmin(line.most, factor[c] + FARTHEST);
        }
    return line;
}

/* Moves the threshold of one class where that betters the figure. */
static bool search_move(Search *search, int32_t class)
{
    const Sample *s = search->sample;
    double best, before = search->factor[class];
    Line line = line_of(search, class);
    double cut = line.count ? line_cut(&line, s, search->tally, &best) : before;
    if (!line.count || best <= search->figure + EQUAL)
        return false;
    search->factor[class] = cut;
    thresholds_of(search->factor, s->classes, search->threshold);
    double figure = figure_by(s, search->tally, search->threshold);
    if (figure > search->figure + EQUAL) {
        search->figure = figure;
        return true;
    }
    search->factor[class] = before;
    thresholds_of(search->factor, s->classes, search->threshold);
    return false;
}

/* plain: the figure of the likeliest class. */
static void thresholds_fit(const Sample *s, double *threshold, double *best, double *plain)
{
    Search search = {.sample = s,
                     .factor = mem_new((size_t)s->classes, sizeof(double)),
                     .threshold = threshold,
                     .turn = mem_new((size_t)s->count + 1, sizeof(Turn)),
                     .tally = tally_new(s->classes)};
    thresholds_of(search.factor, s->classes, threshold);
    *plain = search.figure = figure_by(s, search.tally, threshold);
    bool moved = true;
    for (int round = 0; round < MOST_ROUNDS && moved; round++) {
        moved = false;
        for (int32_t c = 0; c < s->classes; c++)
            moved = search_move(&search, c) || moved;
    }
    *best = search.figure;
    tally_free(search.tally);
    mem_free(search.turn);
    mem_free(search.factor);
}

/* ---- The node ---------------------------------------------------------------------------- */

static void sample_free(Sample *s)
{
    mem_free(s->p);
    mem_free(s->truth);
    mem_free(s->of_class);
}

static bool sample_read(FornixBuild *build, const Threshold *a, const DecisionColumns *columns,
                        Sample *s)
{
    const FornixTable *table = fornix_table(build, 0);
    int64_t rows = fornix_rows(table);
    int32_t classes = columns->classes;
    *s = (Sample){.classes = classes,
                  .p = mem_new((size_t)rows + 1, (size_t)classes * sizeof *s->p),
                  .truth = mem_new((size_t)rows + 1, sizeof *s->truth),
                  .of_class = mem_new((size_t)classes, sizeof *s->of_class),
                  .maximise = a->maximise};
    for (int64_t row = 0; row < rows; row++) {
        int32_t class = fornix_label(table, columns->label, row);
        double *p = s->p + s->count * classes;
        if (class < 0 || class >= classes ||
            !(balance_part(a->fit) >> fornix_row(table, row)->part & 1))
            continue;
        if (!decision_read(build, columns, row, p))
            return false;
        for (int32_t c = 0; classes > 2 && c < classes; c++)
            if (p[c] < 0)
                return fornix_build_fail(build, "column", "the prediction for %s is below 0: %g",
                                         fornix_row(table, row)->subject, p[c]);
        s->truth[s->count++] = class;
        s->of_class[class]++;
    }
    return true;
}

static bool sample_check(FornixBuild *build, const Threshold *a, const DecisionColumns *columns,
                         const Sample *s)
{
    const FornixColumn *label = fornix_column(fornix_table(build, 0), columns->label);
    const char *part = balance_parts[a->fit], *table = fornix_table_name(build, 0);
    char name[CLASS_NAME];
    for (int32_t c = 0; c < s->classes; c++) {
        if (s->of_class[c] > 0)
            continue;
        if (s->classes == 2)
            return fornix_build_fail(build, "fit",
                                     "part %s of '%s' has %.0f rows of class 0 "
                                     "and %.0f of class 1: nothing to fit a threshold on",
                                     part, table, s->of_class[0], s->of_class[1]);
        return fornix_build_fail(build, "fit",
                                 "part %s of '%s' has no rows of class '%s': nothing to fit its "
                                 "threshold on",
                                 part, table, column_class(label, c, name));
    }
    return true;
}

static void tell_cut(FornixBuild *build, const Threshold *a, const Sample *s)
{
    double cut, best;
    cut_fit(s, &cut, &best);
    fornix_set_values(build, DECISION_VALUES, &cut, 1);
    fornix_metric(build, "threshold", cut);
    fornix_report(build, "class 1 above %.4f: %s %.3f on %" PRId64 " rows of part %s", cut,
                  figures[a->maximise], best, s->count, balance_parts[a->fit]);
}

static void tell_thresholds(FornixBuild *build, const Threshold *a, const Sample *s,
                            const FornixColumn *label)
{
    double *threshold = mem_new((size_t)s->classes, sizeof *threshold), best, plain;
    char class[CLASS_NAME], metric[CLASS_NAME + 16];
    Text text = {0};
    thresholds_fit(s, threshold, &best, &plain);
    fornix_set_values(build, DECISION_VALUES, threshold, s->classes);
    for (int32_t c = 0; c < s->classes; c++) {
        column_class(label, c, class);
        snprintf(metric, sizeof metric, "threshold.%s", class);
        fornix_metric(build, metric, threshold[c]);
        text_format(&text, "%s%s %.4g", c ? ", " : "", class, threshold[c]);
    }
    fornix_report(build, "the largest of p / threshold: %s", text_value(&text));
    fornix_report(build, "%s %.3f on %" PRId64 " rows of part %s, %.3f by the likeliest class",
                  figures[a->maximise], best, s->count, balance_parts[a->fit], plain);
    text_free(&text);
    mem_free(threshold);
}

/* What the run that is applied found. */
static bool threshold_recall(FornixBuild *build, int32_t classes)
{
    int64_t count;
    FornixError error = {.text = ""};
    const double *threshold = fornix_stored(build, DECISION_VALUES, &count);
    if (!decision_check(threshold, count, classes, fornix_build_id(build), &error))
        return fornix_build_fail(build, NULL, "%s", error.text);
    fornix_set_values(build, DECISION_VALUES, threshold, count);
    return true;
}

static bool threshold_rows(FornixBuild *build, const void *attrs)
{
    const Threshold *a = attrs;
    DecisionColumns columns;
    Sample s;
    if (!decision_columns(build, a->column, a->label, &columns))
        return false;
    if (fornix_applied(build))
        return threshold_recall(build, columns.classes);
    bool fine = sample_read(build, a, &columns, &s) && sample_check(build, a, &columns, &s);
    if (fine && s.classes == 2)
        tell_cut(build, a, &s);
    else if (fine)
        tell_thresholds(build, a, &s, fornix_column(fornix_table(build, 0), columns.label));
    sample_free(&s);
    return fine;
}

static const FornixAttr attrs[] = {
    FORNIX_TEXT(Threshold, column, "", "the predictions, where there are several"),
    FORNIX_TEXT(Threshold, label, "", "the label column, where there are several"),
    FORNIX_CHOICE(Threshold, fit, "validation", balance_parts, "the part that it is fitted on"),
    FORNIX_CHOICE(Threshold, maximise, "balanced-accuracy", figures,
                  "what is best there; balanced accuracy of two classes is Youden's index but for "
                  "scale, F1 is that of class 1, of more classes their mean"),
    {0}};

static const FornixPort inputs[] = {
    {"samples", FORNIX_SAMPLES, 0, "predictions of two classes or more, with their labels"}, {0}};
static const FornixPort outputs[] = {
    {"cut", FORNIX_FIT, 0, "the thresholds, for who judges predictions"}, {0}};

static const FornixSamples samples = {
    .flags = FORNIX_NEEDS_RUN, .columns = threshold_columns, .rows = threshold_rows};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "threshold",
    .doc =
        "Fits the probability above which a sample is called positive; of more than two classes a "
        "threshold each. What they are fitted on should be large enough: of each class some rows, "
        "none of them trained on. Of more than two classes the thresholds are best one by one: no "
        "single one of them could be moved to better the figure.",
    .formula =
        "two classes: 1 where p_1 > t; more: the class of the largest p_c / t_c, t_c > 0 and "
        "sum t_c = 1",
    .attrs_size = sizeof(Threshold),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<threshold id=\"cut\" samples=\"by_subject\" fit=\"validation\" "
               "maximise=\"balanced-accuracy\"/>"};
