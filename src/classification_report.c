/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an evaluator says of predicted classes: figures, lines of the report, warnings.
 *
 * Published gains were threshold shifts, totals that did not follow from their parts, and
 * differences that one patient more would have reversed. So balanced accuracy always stands beside
 * accuracy, the arithmetic is checked, and scores that could be luck are called so.
 */
#include "classification_report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base.h"
#include "findings.h"
#include "text.h"

enum { FEW_SUBJECTS = 10 };

/* A report in the making. */
typedef struct {
    const ClassificationReport *report;
    FornixBuild *build;
    const Predictions *predictions;
    Judge *judge;
    Interval *figures;
    int64_t *confusion, *of_class; /* of_class: what is drawn anew, by class */
    double permutation;
} Telling;

const char *report_class(const FornixColumn *label, int32_t classes, int32_t class,
                         char text[CLASS_NAME])
{
    FornixColumn named = *label;
    named.classes = classes;
    named.class_names = label->classes ? label->class_names : NULL;
    return column_class(&named, class, text);
}

static const char *class_of(const Telling *t, int32_t class, char text[CLASS_NAME])
{
    return report_class(t->report->label, t->predictions->classes, class, text);
}

static const char *drawn(const Telling *t)
{
    return t->report->by_subject ? "subjects" : "samples";
}

/* ---- Figures ----------------------------------------------------------------------------- */

static void add_interval(const Telling *t, const char *name, const char *of, Interval interval)
{
    char full[CLASS_NAME + 64];
    snprintf(full, sizeof full, "%s%s", t->report->prefix, name);
    findings_interval(t->build, full, of, interval);
}

static void add_value(const Telling *t, const char *name, const char *of, double value)
{
    add_interval(t, name, of, (Interval){.value = value, .low = NAN, .high = NAN});
}

static void add_metrics(const Telling *t)
{
    int32_t classes = t->predictions->classes;
    char class[CLASS_NAME], other[CLASS_NAME], name[CLASS_NAME + 16];
    for (int figure = 0; figure < OVERALL_FIGURES; figure++)
        add_interval(t, figure_name(figure), "", t->figures[figure]);
    add_value(t, "auc", "permutation_p", t->permutation);
    for (int32_t c = 0; c < classes; c++) {
        class_of(t, c, class);
        for (int figure = figure_of_class(c, 0); figure < figure_of_class(c + 1, 0); figure++)
            add_interval(t, figure_name(figure), class, t->figures[figure]);
        snprintf(name, sizeof name, "confusion.%s", class);
        for (int32_t p = 0; p < classes; p++)
            add_value(t, name, class_of(t, p, other), (double)t->confusion[c * classes + p]);
    }
    add_value(t, "samples", "", (double)t->predictions->samples);
    add_value(t, "clusters", "", (double)t->report->resampling->clusters);
    for (int32_t c = 0; c < classes; c++)
        add_value(t, "clusters", class_of(t, c, class), (double)t->of_class[c]);
}

/* ---- The report -------------------------------------------------------------------------- */

static void report_overall(const Telling *t)
{
    const ClassificationReport *report = t->report;
    const Resampling *resampling = report->resampling;
    char text[INTERVAL_TEXT], p[FIGURE_TEXT], of_subjects[40] = "";
    if (report->by_subject && resampling->clusters < t->predictions->samples)
        snprintf(of_subjects, sizeof of_subjects, " of %" PRId64 " subjects", resampling->clusters);
    fornix_report(t->build,
                  "%" PRId64 " %s%s; %g %% intervals by drawing %s again %" PRId64 " times",
                  t->predictions->samples, report->samples, of_subjects,
                  100 * resampling->confidence, drawn(t), resampling->draws);
    Grid *grid = grid_new(3);
    for (int figure = 0; figure < OVERALL_FIGURES; figure++) {
        double chance = figure_chance(figure, t->predictions->classes);
        grid_cell(grid, "%s", figure_title(figure));
        grid_cell(grid, "%s", interval_text(t->figures[figure], text));
        if (isnan(chance))
            grid_cell(grid, "%s", "");
        else
            grid_cell(grid, "chance %s", figure_text(chance, p));
    }
    findings_grid(t->build, grid);
    if (!isnan(t->permutation))
        fornix_report(t->build, "  labels dealt at random reach this AUC with %s",
                      p_words(t->permutation, p));
    if (report->mixed)
        fornix_report(t->build,
                      "  %" PRId64 " subjects have samples of several classes: strata go by the "
                      "first, and there is no permutation test",
                      report->mixed);
}

static void report_classes(const Telling *t)
{
    char text[INTERVAL_TEXT];
    Grid *grid = grid_new(2 + CLASS_FIGURES);
    grid_cell(grid, "class");
    grid_cell(grid, "%s", drawn(t));
    for (int which = 0; which < CLASS_FIGURES; which++)
        grid_cell(grid, "%s", figure_title(figure_of_class(0, which)));
    for (int32_t c = 0; c < t->predictions->classes; c++) {
        grid_cell(grid, "%s", class_of(t, c, text));
        grid_cell(grid, "%" PRId64, t->of_class[c]);
        for (int which = 0; which < CLASS_FIGURES; which++)
            grid_cell(grid, "%s", interval_text(t->figures[figure_of_class(c, which)], text));
    }
    findings_grid(t->build, grid);
}

static void report_confusion(const Telling *t)
{
    int32_t classes = t->predictions->classes;
    char class[CLASS_NAME];
    Grid *grid = grid_new(1 + classes);
    grid_cell(grid, "truth \\ predicted");
    for (int32_t c = 0; c < classes; c++)
        grid_cell(grid, "%s", class_of(t, c, class));
    for (int32_t c = 0; c < classes; c++) {
        grid_cell(grid, "%s", class_of(t, c, class));
        for (int32_t p = 0; p < classes; p++)
            grid_cell(grid, "%" PRId64, t->confusion[c * classes + p]);
    }
    findings_grid(t->build, grid);
}

/* The reader can follow the total from its parts, and the program has done so too. */
static void report_arithmetic(const Telling *t)
{
    int32_t classes = t->predictions->classes;
    int64_t right = 0, largest = 0, all = t->predictions->samples;
    char class[CLASS_NAME], value[FIGURE_TEXT], share[FIGURE_TEXT];
    double *figures = mem_new((size_t)judge_figure_count(classes), sizeof *figures);
    Text sum = {0};
    for (int32_t c = 0; c < classes; c++) {
        int64_t of_class = 0;
        for (int32_t p = 0; p < classes; p++)
            of_class += t->confusion[c * classes + p];
        right += t->confusion[c * classes + c];
        largest = of_class > largest ? of_class : largest;
        text_format(&sum, "%s%" PRId64 " of %" PRId64 " %s", c ? " + " : "",
                    t->confusion[c * classes + c], of_class, class_of(t, c, class));
    }
    fornix_report(t->build,
                  "  right: %s = %" PRId64 " of %" PRId64 ", accuracy %s; naming the largest class "
                  "always would reach %s",
                  text_value(&sum), right, all, figure_text((double)right / (double)all, value),
                  figure_text((double)largest / (double)all, share));
    judge_figures(t->judge, NULL, NULL, figures);
    if (!judge_agrees(t->predictions, figures))
        fornix_warn(t->build,
                    "the totals do not follow from the figures and counts of the classes");
    text_free(&sum);
    mem_free(figures);
}

/* ---- Warnings ---------------------------------------------------------------------------- */

static void warn_of_chance(const Telling *t)
{
    Interval auc = t->figures[AUC];
    char text[INTERVAL_TEXT];
    const char *by = *t->report->prefix ? "by subject, " : "";
    if (auc.low <= 0.5 && auc.high >= 0.5)
        fornix_warn(t->build,
                    "%sthese scores carry no evidence that the classes can be told apart: AUC "
                    "%s covers .5",
                    by, interval_text(auc, text));
    else if (auc.high < 0.5)
        fornix_warn(t->build, "%sthe scores rank the classes the wrong way round: AUC %s", by,
                    interval_text(auc, text));
}

static void warn_of_constant(const Telling *t)
{
    int32_t always = predictions_constant(t->predictions);
    char class[CLASS_NAME], share[FIGURE_TEXT];
    if (always >= 0)
        fornix_warn(t->build,
                    "a constant classifier: it names '%s' always, and its accuracy %s is that "
                    "class's share of the %s",
                    class_of(t, always, class), figure_text(t->figures[ACCURACY].value, share),
                    t->report->samples);
}

/* A figure that is not there is not 0: it says what it lacks. */
static void tell_undefined(const Telling *t)
{
    char class[CLASS_NAME];
    for (int f = 0; f < judge_figure_count(t->predictions->classes); f++)
        if (isnan(t->figures[f].value) && f < OVERALL_FIGURES)
            fornix_warn(t->build, "%s is undefined: %s", figure_title(f), figure_undefined(f));
        else if (isnan(t->figures[f].value))
            fornix_report(t->build, "  %s of '%s' is undefined: %s", figure_title(f),
                          class_of(t, (f - OVERALL_FIGURES) / CLASS_FIGURES, class),
                          figure_undefined(f));
}

static void warn_of_counts(const Telling *t)
{
    char class[CLASS_NAME];
    const char *what = t->report->by_subject ? "subject" : "sample";
    for (int32_t c = 0; c < t->predictions->classes; c++)
        if (t->of_class[c] > 0 && t->of_class[c] < FEW_SUBJECTS)
            fornix_warn(t->build,
                        "only %" PRId64 " %s%s of class '%s': one is worth %.0f points of its "
                        "sensitivity, and intervals from so few are too narrow",
                        t->of_class[c], what, t->of_class[c] > 1 ? "s" : "", class_of(t, c, class),
                        100. / (double)t->of_class[c]);
}

/* ---- The whole --------------------------------------------------------------------------- */

static void count(Telling *t)
{
    const Resampling *resampling = t->report->resampling;
    size_t classes = (size_t)t->predictions->classes;
    t->confusion = mem_new(classes * classes, sizeof *t->confusion);
    t->of_class = mem_new(classes, sizeof *t->of_class);
    confusion_count(t->predictions, t->confusion);
    for (int64_t c = 0; c < resampling->clusters; c++)
        t->of_class[resampling->stratum[c]]++;
}

static void take_curve(void *context, const char *name, const FornixCurve *curve)
{
    const ClassificationReport *report = context;
    char full[CLASS_NAME + 64];
    snprintf(full, sizeof full, "%s%s", report->prefix, name);
    fornix_curve(report->build, full, curve);
}

static void add_curves(const Telling *t)
{
    ClassificationReport report = *t->report;
    classification_curves(&(CurveRequest){.predictions = t->predictions,
                                          .judge = t->judge,
                                          .label = report.label,
                                          .take = take_curve,
                                          .context = &report});
}

void classification_report(const ClassificationReport *report)
{
    int figures = judge_figure_count(report->predictions->classes);
    Telling t = {.report = report,
                 .build = report->build,
                 .predictions = report->predictions,
                 .judge = judge_new(report->predictions),
                 .figures = mem_new((size_t)figures, sizeof *t.figures)};
    bootstrap(report->resampling, judge_statistic, t.judge, figures, t.figures);
    t.permutation = judge_permutation(t.judge, report->resampling, AUC);
    count(&t);
    add_metrics(&t);
    add_curves(&t);
    report_overall(&t);
    report_classes(&t);
    report_confusion(&t);
    report_arithmetic(&t);
    warn_of_chance(&t);
    warn_of_constant(&t);
    tell_undefined(&t);
    if (!*report->prefix) /* else the same */
        warn_of_counts(&t);
    judge_free(t.judge);
    mem_free(t.figures);
    mem_free(t.confusion);
    mem_free(t.of_class);
}
