/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Judges predicted classes against the truth, and says how sure that is.
 *
 * Published gains were threshold shifts, totals that did not follow from their parts, and
 * differences that one patient more would have reversed. So balanced accuracy always stands beside
 * accuracy, the arithmetic is checked, intervals come from drawing subjects (not slices) again, and
 * scores that could be luck are called so. Its rows (subject, truth, prediction, scores) go on to
 * `compare`, which pairs them with those of other arms.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "classification.h"
#include "column.h"
#include "findings.h"
#include "node.h"
#include "text.h"

typedef struct {
    const char *column, *label;
    int cluster;
    int64_t draws, seed;
    double confidence;
} EvaluateClassification;

enum { PREDICTIONS, CUT };
enum { BY_SUBJECT, BY_SAMPLE };
enum { MOST_CLASSES = 256, FEW_SUBJECTS = 10 };

/* What is judged: the labelled rows of the table. */
typedef struct {
    FornixBuild *build;
    const EvaluateClassification *attrs;
    const FornixTable *table;
    int score_column;
    const FornixColumn *label;
    int64_t *row; /* of the table, by sample */
    int32_t *truth, *predicted;
    double *score;
    Predictions predictions;
    int64_t *cluster;
    int32_t *stratum;
    Resampling resampling;
    int64_t unlabelled, mixed;
    Interval *figures;
} Evaluation;

static int64_t classes_of(const FornixColumn *score)
{
    return score->shape.c == 1 ? 2 : score->shape.c;
}

static bool add_score_columns(FornixBuild *build, const FornixColumn *label, int64_t classes)
{
    FornixColumn truth = {.name = "truth",
                          .kind = FORNIX_LABEL,
                          .shape = {1, 1, 1, 1, 1},
                          .classes = classes,
                          .class_names = label->classes ? label->class_names : NULL};
    FornixColumn predicted = truth;
    predicted.name = "predicted";
    fornix_add_column(build, &truth);
    fornix_add_column(build, &predicted);
    for (int64_t c = 0; c < classes; c++) {
        char name[32];
        snprintf(name, sizeof name, "score_%" PRId64, c);
        FornixColumn score = {.name = name, .kind = FORNIX_WEIGHT, .shape = {1, 1, 1, 1, 1}};
        fornix_add_column(build, &score);
    }
    return true;
}

static bool evaluate_columns(FornixBuild *build, const void *attrs)
{
    const EvaluateClassification *a = attrs;
    const FornixTable *table = fornix_table(build, PREDICTIONS);
    int score_column =
        column_choose(build, PREDICTIONS, "column", a->column, FORNIX_LOGITS | FORNIX_PROBABILITY);
    int label_column = column_choose(build, PREDICTIONS, "label", a->label, FORNIX_LABEL);
    if (score_column < 0 || label_column < 0)
        return false;
    const FornixColumn *score = fornix_column(table, score_column);
    const FornixColumn *label = fornix_column(table, label_column);
    int64_t classes = classes_of(score);
    if (fornix_pixels(score->shape) != 1)
        return fornix_build_fail(build, "column",
                                 "'%s' says something of every pixel; evaluate_segmentation "
                                 "judges masks",
                                 score->name);
    if (label->classes && label->classes != classes)
        return fornix_build_fail(
            build, "label", "'%s' has %" PRId64 " classes, the predictions tell %" PRId64 " apart",
            label->name, label->classes, classes);
    if (classes > MOST_CLASSES)
        return fornix_build_fail(build, "column", "%" PRId64 " classes; at most %d are judged",
                                 classes, MOST_CLASSES);
    return add_score_columns(build, label, classes);
}

/* The probability above which class 1 is predicted; .5 unless one was fitted. */
static bool fitted_cut(Evaluation *e, double *cut)
{
    const FornixTable *fit = fornix_table(e->build, CUT);
    int64_t count = 0;
    const double *values = fit ? fornix_values(fit, "threshold", &count) : NULL;
    *cut = 0.5;
    if (!fit)
        return true;
    if (!values || count != 1)
        return fornix_build_fail(e->build, "cut", "'%s' holds no threshold",
                                 fornix_table_name(e->build, CUT));
    if (e->predictions.classes != 2)
        return fornix_build_fail(e->build, "cut", "a threshold is for two classes, these are %d",
                                 (int)e->predictions.classes);
    *cut = values[0];
    return true;
}

/* Where cut is .5, equal probabilities go to the first class, as for any number of classes. */
static int32_t decide(const double *score, int32_t classes, double cut)
{
    int32_t best = 0;
    if (classes == 2)
        return score[1] > cut;
    for (int32_t c = 1; c < classes; c++)
        if (score[c] > score[best])
            best = c;
    return best;
}

static bool read_scores(Evaluation *e, int64_t row, float *values, double *score)
{
    const FornixColumn *column = fornix_column(e->table, e->score_column);
    int32_t channels = (int32_t)column->shape.c;
    FornixError error = {.text = ""};
    if (!fornix_read(e->table, e->score_column, row, values, &error))
        return fornix_build_fail(e->build, NULL, "%s", error.text);
    for (int32_t c = 0; c < channels; c++)
        if (!isfinite(values[c]))
            return fornix_build_fail(e->build, "column", "the prediction for %s is not a number",
                                     fornix_row(e->table, row)->subject);
    probabilities_of(values, channels, column->kind == FORNIX_LOGITS, score);
    return true;
}

static bool read_samples(Evaluation *e, int label_column)
{
    int64_t rows = fornix_rows(e->table), kept = 0;
    int32_t classes = (int32_t)classes_of(fornix_column(e->table, e->score_column));
    float *values = mem_new((size_t)classes, sizeof *values);
    e->row = mem_new((size_t)rows + 1, sizeof *e->row);
    e->truth = mem_new((size_t)rows + 1, sizeof *e->truth);
    e->predicted = mem_new((size_t)rows + 1, sizeof *e->predicted);
    e->score = mem_new((size_t)rows + 1, (size_t)classes * sizeof *e->score);
    e->predictions = (Predictions){0, classes, e->truth, e->predicted, e->score};
    double cut;
    bool fine = fitted_cut(e, &cut);
    for (int64_t row = 0; fine && row < rows; row++) {
        int32_t label = fornix_label(e->table, label_column, row);
        double *score = e->score + kept * classes;
        if (label < 0 || label >= classes) {
            e->unlabelled++;
            continue;
        }
        fine = read_scores(e, row, values, score);
        e->row[kept] = row;
        e->truth[kept] = label;
        e->predicted[kept++] = decide(score, classes, cut);
    }
    mem_free(values);
    e->predictions.samples = kept;
    if (fine && !kept)
        return fornix_build_fail(e->build, "predictions", "'%s' has no labelled samples to judge",
                                 fornix_table_name(e->build, PREDICTIONS));
    return fine;
}

static void find_clusters(Evaluation *e)
{
    int64_t samples = e->predictions.samples, clusters = samples;
    e->cluster = mem_new((size_t)samples, sizeof *e->cluster);
    e->stratum = mem_new((size_t)samples, sizeof *e->stratum);
    if (e->attrs->cluster == BY_SUBJECT) {
        const char **subject = mem_new((size_t)samples, sizeof *subject);
        for (int64_t i = 0; i < samples; i++)
            subject[i] = fornix_row(e->table, e->row[i])->subject;
        clusters = clusters_find(subject, samples, e->cluster);
        mem_free(subject);
    } else {
        for (int64_t i = 0; i < samples; i++)
            e->cluster[i] = i;
    }
    e->mixed = clusters_label(e->cluster, clusters, e->truth, samples, e->stratum);
    e->resampling = (Resampling){.samples = samples,
                                 .clusters = clusters,
                                 .cluster = e->cluster,
                                 .stratum = e->stratum,
                                 .strata = e->predictions.classes,
                                 .draws = e->attrs->draws,
                                 .confidence = e->attrs->confidence,
                                 .random = fornix_build_random(e->build, e->attrs->seed)};
}

static void add_rows(Evaluation *e)
{
    int32_t classes = e->predictions.classes;
    int truth = 0, predicted = 1, score = 2; /* as add_score_columns made them */
    for (int64_t i = 0; i < e->predictions.samples; i++) {
        int64_t row = fornix_add_row(e->build, fornix_row(e->table, e->row[i]));
        fornix_set_label(e->build, truth, row, e->truth[i]);
        fornix_set_label(e->build, predicted, row, e->predicted[i]);
        for (int32_t c = 0; c < classes; c++)
            fornix_set_real(e->build, score + c, row, e->score[i * classes + c]);
    }
}

/* ---- Figures ----------------------------------------------------------------------------- */

static const char *class_of(const Evaluation *e, int32_t class, char text[CLASS_NAME])
{
    FornixColumn label = *e->label;
    label.classes = e->predictions.classes;
    label.class_names = e->label->classes ? e->label->class_names : NULL;
    return column_class(&label, class, text);
}

static void count_clusters(const Evaluation *e, int64_t *of_class)
{
    for (int64_t c = 0; c < e->resampling.clusters; c++)
        of_class[e->stratum[c]]++;
}

static void add_metrics(const Evaluation *e, const int64_t *confusion, double permutation)
{
    int32_t classes = e->predictions.classes;
    char class[CLASS_NAME], other[CLASS_NAME], name[CLASS_NAME + 16];
    for (int figure = 0; figure < OVERALL_FIGURES; figure++)
        findings_interval(e->build, figure_name(figure), "", e->figures[figure]);
    findings_value(e->build, "auc", "permutation_p", permutation);
    for (int32_t c = 0; c < classes; c++) {
        class_of(e, c, class);
        for (int figure = figure_of_class(c, 0); figure < figure_of_class(c + 1, 0); figure++)
            findings_interval(e->build, figure_name(figure), class, e->figures[figure]);
        snprintf(name, sizeof name, "confusion.%s", class);
        for (int32_t p = 0; p < classes; p++)
            findings_value(e->build, name, class_of(e, p, other),
                           (double)confusion[c * classes + p]);
    }
    findings_value(e->build, "samples", "", (double)e->predictions.samples);
    findings_value(e->build, "clusters", "", (double)e->resampling.clusters);
}

/* ---- The report -------------------------------------------------------------------------- */

static void report_overall(const Evaluation *e, double permutation)
{
    char text[INTERVAL_TEXT], p[FIGURE_TEXT];
    bool subjects = e->attrs->cluster == BY_SUBJECT;
    char of_subjects[40] = "";
    if (subjects)
        snprintf(of_subjects, sizeof of_subjects, " of %" PRId64 " subjects",
                 e->resampling.clusters);
    fornix_report(e->build,
                  "%" PRId64 " samples%s; %g %% intervals by drawing %s again %" PRId64 " times",
                  e->predictions.samples, of_subjects, 100 * e->attrs->confidence,
                  subjects ? "subjects" : "samples", e->attrs->draws);
    Grid *grid = grid_new(3);
    for (int figure = 0; figure < OVERALL_FIGURES; figure++) {
        double chance = figure_chance(figure, e->predictions.classes);
        grid_cell(grid, "%s", figure_title(figure));
        grid_cell(grid, "%s", interval_text(e->figures[figure], text));
        if (isnan(chance))
            grid_cell(grid, "%s", "");
        else
            grid_cell(grid, "chance %s", figure_text(chance, p));
    }
    findings_grid(e->build, grid);
    if (!isnan(permutation))
        fornix_report(e->build, "  labels dealt at random reach this AUC with %s",
                      p_words(permutation, p));
    if (e->unlabelled)
        fornix_report(e->build, "  %" PRId64 " samples without a label were left out",
                      e->unlabelled);
    if (e->mixed)
        fornix_report(e->build,
                      "  %" PRId64 " subjects have samples of several classes: strata go by the "
                      "first, and there is no permutation test",
                      e->mixed);
}

static void report_classes(const Evaluation *e, const int64_t *of_class)
{
    char text[INTERVAL_TEXT];
    Grid *grid = grid_new(2 + CLASS_FIGURES);
    grid_cell(grid, "class");
    grid_cell(grid, e->attrs->cluster == BY_SUBJECT ? "subjects" : "samples");
    for (int which = 0; which < CLASS_FIGURES; which++)
        grid_cell(grid, "%s", figure_title(figure_of_class(0, which)));
    for (int32_t c = 0; c < e->predictions.classes; c++) {
        grid_cell(grid, "%s", class_of(e, c, text));
        grid_cell(grid, "%" PRId64, of_class[c]);
        for (int which = 0; which < CLASS_FIGURES; which++)
            grid_cell(grid, "%s", interval_text(e->figures[figure_of_class(c, which)], text));
    }
    findings_grid(e->build, grid);
}

static void report_confusion(const Evaluation *e, const int64_t *confusion)
{
    int32_t classes = e->predictions.classes;
    char class[CLASS_NAME];
    Grid *grid = grid_new(1 + classes);
    grid_cell(grid, "truth \\ predicted");
    for (int32_t c = 0; c < classes; c++)
        grid_cell(grid, "%s", class_of(e, c, class));
    for (int32_t c = 0; c < classes; c++) {
        grid_cell(grid, "%s", class_of(e, c, class));
        for (int32_t p = 0; p < classes; p++)
            grid_cell(grid, "%" PRId64, confusion[c * classes + p]);
    }
    findings_grid(e->build, grid);
}

/* The reader can follow the total from its parts, and the program has done so too. */
static void report_arithmetic(const Evaluation *e, const int64_t *confusion, bool agree)
{
    int32_t classes = e->predictions.classes;
    int64_t right = 0, largest = 0;
    char class[CLASS_NAME], value[FIGURE_TEXT], share[FIGURE_TEXT];
    Text sum = {0};
    for (int32_t c = 0; c < classes; c++) {
        int64_t of_class = 0;
        for (int32_t p = 0; p < classes; p++)
            of_class += confusion[c * classes + p];
        right += confusion[c * classes + c];
        largest = of_class > largest ? of_class : largest;
        text_format(&sum, "%s%" PRId64 " of %" PRId64 " %s", c ? " + " : "",
                    confusion[c * classes + c], of_class, class_of(e, c, class));
    }
    int64_t all = e->predictions.samples;
    fornix_report(e->build,
                  "  right: %s = %" PRId64 " of %" PRId64 ", accuracy %s; naming the largest class "
                  "always would reach %s",
                  text_value(&sum), right, all, figure_text((double)right / (double)all, value),
                  figure_text((double)largest / (double)all, share));
    if (!agree)
        fornix_warn(e->build,
                    "the totals do not follow from the figures and counts of the classes");
    text_free(&sum);
}

static void warn_of_chance(const Evaluation *e)
{
    Interval auc = e->figures[AUC];
    char text[INTERVAL_TEXT];
    if (auc.low <= 0.5 && auc.high >= 0.5)
        fornix_warn(e->build,
                    "these scores carry no evidence that the classes can be told apart: AUC "
                    "%s covers .5",
                    interval_text(auc, text));
    else if (auc.high < 0.5)
        fornix_warn(e->build, "the scores rank the classes the wrong way round: AUC %s",
                    interval_text(auc, text));
}

/* A figure that is not there is not 0: it says what it lacks. */
static void tell_undefined(const Evaluation *e)
{
    char class[CLASS_NAME];
    for (int f = 0; f < judge_figure_count(e->predictions.classes); f++)
        if (isnan(e->figures[f].value) && f < OVERALL_FIGURES)
            fornix_warn(e->build, "%s is undefined: %s", figure_title(f), figure_undefined(f));
        else if (isnan(e->figures[f].value))
            fornix_report(e->build, "  %s of '%s' is undefined: %s", figure_title(f),
                          class_of(e, (f - OVERALL_FIGURES) / CLASS_FIGURES, class),
                          figure_undefined(f));
}

static void warn_of_counts(const Evaluation *e, const int64_t *of_class)
{
    char class[CLASS_NAME];
    const char *what = e->attrs->cluster == BY_SUBJECT ? "subject" : "sample";
    for (int32_t c = 0; c < e->predictions.classes; c++)
        if (of_class[c] > 0 && of_class[c] < FEW_SUBJECTS)
            fornix_warn(e->build,
                        "only %" PRId64 " %s%s of class '%s': one is worth %.0f points of its "
                        "sensitivity, and intervals from so few are too narrow",
                        of_class[c], what, of_class[c] > 1 ? "s" : "", class_of(e, c, class),
                        100. / (double)of_class[c]);
}

static void judge_samples(Evaluation *e)
{
    int32_t classes = e->predictions.classes;
    int count = judge_figure_count(classes);
    int64_t *confusion = mem_new((size_t)classes * (size_t)classes, sizeof *confusion);
    int64_t *of_class = mem_new((size_t)classes, sizeof *of_class);
    double *figures = mem_new((size_t)count, sizeof *figures);
    Judge *judge = judge_new(&e->predictions);
    e->figures = mem_new((size_t)count, sizeof *e->figures);
    bootstrap(&e->resampling, judge_statistic, judge, count, e->figures);
    judge_figures(judge, NULL, NULL, figures);
    double permutation = judge_permutation(judge, &e->resampling, AUC);
    confusion_count(&e->predictions, confusion);
    count_clusters(e, of_class);
    add_metrics(e, confusion, permutation);
    report_overall(e, permutation);
    report_classes(e, of_class);
    report_confusion(e, confusion);
    report_arithmetic(e, confusion, judge_agrees(&e->predictions, figures));
    warn_of_chance(e);
    tell_undefined(e);
    warn_of_counts(e, of_class);
    judge_free(judge);
    mem_free(figures);
    mem_free(of_class);
    mem_free(confusion);
}

static bool evaluate_rows(FornixBuild *build, const void *attrs)
{
    const EvaluateClassification *a = attrs;
    Evaluation e = {.build = build, .attrs = a, .table = fornix_table(build, PREDICTIONS)};
    e.score_column =
        column_choose(build, PREDICTIONS, "column", a->column, FORNIX_LOGITS | FORNIX_PROBABILITY);
    int label_column = column_choose(build, PREDICTIONS, "label", a->label, FORNIX_LABEL);
    if (e.score_column < 0 || label_column < 0)
        return false;
    e.label = fornix_column(e.table, label_column);
    bool fine = read_samples(&e, label_column);
    if (fine) {
        find_clusters(&e);
        add_rows(&e);
        judge_samples(&e);
    }
    mem_free(e.row);
    mem_free(e.truth);
    mem_free(e.predicted);
    mem_free(e.score);
    mem_free(e.cluster);
    mem_free(e.stratum);
    mem_free(e.figures);
    return fine;
}

static const char *const cluster_choices[] = {"subject", "none", NULL};

static const FornixAttr attrs[] = {
    FORNIX_TEXT(EvaluateClassification, column, "",
                "column of logits or probabilities; if there is one, it need not be named"),
    FORNIX_TEXT(EvaluateClassification, label, "",
                "column of the truth; if there is one, it need not be named"),
    FORNIX_CHOICE(EvaluateClassification, cluster, "subject", cluster_choices,
                  "what is drawn anew for intervals: subjects with all their samples, or single "
                  "samples (none), which is right only where each stands for itself"),
    FORNIX_INT(EvaluateClassification, draws, "2000", 100, 100000,
               "replicates of the bootstrap and of the permutation test"),
    FORNIX_REAL(EvaluateClassification, confidence, "0.95", 0.5, 0.999, "of the intervals"),
    FORNIX_INT(EvaluateClassification, seed, "1", 0, INT32_MAX, "of the draws"),
    {0}};

static const FornixPort inputs[] = {
    {"predictions", FORNIX_SAMPLES, 0, "samples with logits or probabilities and their true class"},
    {"cut", FORNIX_FIT, FORNIX_OPTIONAL,
     "a fitted threshold: of two classes the second is predicted above it, rather than above .5"},
    {0}};

static const FornixPort outputs[] = {
    {"scores", FORNIX_SCORES, 0, "the figures, and by sample the truth, prediction and scores"},
    {0}};

static const FornixSamples samples = {.flags = FORNIX_EVALUATES | FORNIX_NEEDS_RUN,
                                      .columns = evaluate_columns,
                                      .rows = evaluate_rows};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "evaluate_classification",
    .doc =
        "Judges predicted classes: accuracy, balanced accuracy, macro F1, AUC, Brier score, and "
        "of each class sensitivity, specificity, precision, F1 and AUC, with percentile intervals "
        "by bootstrap over subjects within their classes; the confusion matrix; a permutation "
        "test of the AUC. Warns where an interval covers chance, where a class has few subjects, "
        "and where a figure is undefined, never 0: without samples a class has no sensitivity, "
        "and then there is no mean over classes; never predicted, it has no precision.",
    .formula =
        "sensitivity = TP / (TP + FN), specificity = TN / (TN + FP), precision = TP / (TP + FP), "
        "F1 = 2 TP / (2 TP + FP + FN), balanced accuracy = mean sensitivity, AUC = P(s+ > s-) + "
        "P(s+ = s-) / 2 (one class against the rest, mean over classes), Brier = sum (p - y)^2 / "
        "2; percentile bootstrap (Efron 1979)",
    .attrs_size = sizeof(EvaluateClassification),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<evaluate_classification id=\"scores\" predictions=\"by_subject\" part=\"test\" "
               "cluster=\"subject\"/>"};
