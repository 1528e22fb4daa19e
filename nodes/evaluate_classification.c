/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Judges predicted classes against the truth, and says how sure that is.
 *
 * Intervals come from drawing subjects (not slices) again; what is said of the figures stands in
 * classification_report.c. Its rows (subject, truth, prediction, scores) go on to `compare`, which
 * pairs them with those of other arms.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base.h"
#include "classification_report.h"
#include "decision.h"
#include "node.h"

typedef struct {
    const char *column, *label;
    int cluster;
    int64_t draws, seed;
    double confidence;
} EvaluateClassification;

enum { PREDICTIONS, CUT };
enum { BY_SUBJECT, BY_SAMPLE };

/* What is judged: the labelled rows of the table. */
typedef struct {
    FornixBuild *build;
    const EvaluateClassification *attrs;
    const FornixTable *table;
    DecisionColumns columns;
    const FornixColumn *label;
    int64_t *row; /* of the table, by sample */
    int32_t *truth, *predicted;
    double *score;
    Predictions predictions;
    int64_t *cluster;
    int32_t *stratum;
    Resampling resampling;
    int64_t unlabelled, mixed;
    const double *cut; /* NULL: the likeliest class */
} Evaluation;

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
    DecisionColumns columns;
    return decision_columns(build, a->column, a->label, &columns) &&
           add_score_columns(build, fornix_column(fornix_table(build, PREDICTIONS), columns.label),
                             columns.classes);
}

/* The fitted thresholds; none where the port is left open. */
static bool fitted_cut(Evaluation *e)
{
    const FornixTable *fit = fornix_table(e->build, CUT);
    FornixError error = {.text = ""};
    int64_t count = 0;
    e->cut = fit ? fornix_values(fit, DECISION_VALUES, &count) : NULL;
    return !fit ||
           decision_check(e->cut, count, e->columns.classes, fornix_table_name(e->build, CUT),
                          &error) ||
           fornix_build_fail(e->build, "cut", "%s", error.text);
}

static bool read_samples(Evaluation *e)
{
    int64_t rows = fornix_rows(e->table), kept = 0;
    int32_t classes = e->columns.classes;
    e->row = mem_new((size_t)rows + 1, sizeof *e->row);
    e->truth = mem_new((size_t)rows + 1, sizeof *e->truth);
    e->predicted = mem_new((size_t)rows + 1, sizeof *e->predicted);
    e->score = mem_new((size_t)rows + 1, (size_t)classes * sizeof *e->score);
    e->predictions = (Predictions){0, classes, e->truth, e->predicted, e->score};
    bool fine = fitted_cut(e);
    for (int64_t row = 0; fine && row < rows; row++) {
        int32_t label = fornix_label(e->table, e->columns.label, row);
        double *score = e->score + kept * classes;
        if (label < 0 || label >= classes) {
            e->unlabelled++;
            continue;
        }
        fine = decision_read(e->build, &e->columns, row, score);
        e->row[kept] = row;
        e->truth[kept] = label;
        e->predicted[kept++] = decision_of(score, classes, e->cut);
    }
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

/* ---- Subjects ---------------------------------------------------------------------------- */

/* Mean probability of all samples of a subject, as `aggregate` takes it. */
static void judge_subjects(const Evaluation *e, ClassificationReport report)
{
    int64_t subjects = e->resampling.clusters;
    int32_t classes = e->predictions.classes;
    double *score = mem_new((size_t)(subjects * classes) + 1, sizeof *score);
    double *samples = mem_new((size_t)subjects + 1, sizeof *samples);
    int32_t *predicted = mem_new((size_t)subjects + 1, sizeof *predicted);
    int64_t *itself = mem_new((size_t)subjects + 1, sizeof *itself);
    for (int64_t i = 0; i < e->predictions.samples; i++) {
        samples[e->cluster[i]]++;
        for (int32_t c = 0; c < classes; c++)
            score[e->cluster[i] * classes + c] += e->score[i * classes + c];
    }
    for (int64_t s = 0; s < subjects; s++) {
        for (int32_t c = 0; c < classes; c++)
            score[s * classes + c] /= samples[s];
        predicted[s] = decision_of(score + s * classes, classes, e->cut);
        itself[s] = s;
    }
    Predictions predictions = {subjects, classes, e->stratum, predicted, score};
    Resampling resampling = e->resampling;
    resampling.samples = subjects;
    resampling.cluster = itself;
    report.predictions = &predictions;
    report.resampling = &resampling;
    report.prefix = "subject.";
    report.samples = "subjects, each by the mean probability of its samples";
    classification_report(&report);
    mem_free(itself);
    mem_free(predicted);
    mem_free(samples);
    mem_free(score);
}

static void judge_samples(const Evaluation *e)
{
    ClassificationReport report = {.build = e->build,
                                   .predictions = &e->predictions,
                                   .resampling = &e->resampling,
                                   .label = e->label,
                                   .prefix = "",
                                   .samples = "samples",
                                   .by_subject = e->attrs->cluster == BY_SUBJECT,
                                   .mixed = e->mixed};
    classification_report(&report);
    if (e->unlabelled)
        fornix_report(e->build, "  %" PRId64 " samples without a label were left out",
                      e->unlabelled);
    if (!e->mixed && e->resampling.clusters < e->predictions.samples)
        judge_subjects(e, report);
}

static bool evaluate_rows(FornixBuild *build, const void *attrs)
{
    const EvaluateClassification *a = attrs;
    Evaluation e = {.build = build, .attrs = a, .table = fornix_table(build, PREDICTIONS)};
    if (!decision_columns(build, a->column, a->label, &e.columns))
        return false;
    e.label = fornix_column(e.table, e.columns.label);
    bool fine = read_samples(&e);
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
     "fitted thresholds: of two classes the second is predicted above its threshold rather than "
     "above .5, of more that with the largest probability over its threshold"},
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
        "Judges predicted classes: accuracy, balanced accuracy, G-mean, macro F1, MCC, Cohen's "
        "kappa, AUC, average precision, Brier score, calibration error (ECE), and of each class "
        "sensitivity, specificity, precision, F1, AUC and average precision, with percentile "
        "intervals by bootstrap over subjects within their classes; the confusion matrix; a "
        "permutation test of the AUC. Where subjects have several samples, all of it stands a "
        "second time by subject (mean probability), as subject.auc and so on. curves.json has the "
        "ROC and precision-recall curves, reliability bins and the matrix. Warns where an interval "
        "covers chance, where one class is named always, where a class has few subjects, and where "
        "a figure is undefined, never 0: without samples a class has no sensitivity, and then "
        "there is no mean over classes; never predicted, it has no precision.",
    .formula =
        "sensitivity = TP / (TP + FN), specificity = TN / (TN + FP), precision = TP / (TP + FP), "
        "F1 = 2 TP / (2 TP + FP + FN), balanced accuracy = mean sensitivity, AUC = P(s+ > s-) + "
        "P(s+ = s-) / 2 (one class against the rest, mean over classes), average precision = mean "
        "over positives of the precision among all that score as high, Brier = sum (p - y)^2 / 2, "
        "G-mean = geometric mean of the sensitivities, MCC of Matthews 1975 (Gorodkin 2004), kappa "
        "of Cohen 1960, ECE = sum over 10 bins of n_b / n |right - confidence| (Naeini et al. "
        "2015); percentile bootstrap (Efron 1979)",
    .attrs_size = sizeof(EvaluateClassification),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<evaluate_classification id=\"scores\" predictions=\"by_subject\" part=\"test\" "
               "cluster=\"subject\"/>"};
