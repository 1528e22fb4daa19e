/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How well a classifier names the class of samples: what validation goes by.
 *
 * Its own figure is the balanced accuracy, because plain accuracy is highest for a net that has
 * learnt nothing but which class is larger. Samples without a label do not count.
 *
 *   balanced accuracy = mean over classes of (right of the class / samples of the class)
 */
#include <math.h>

#include "base.h"
#include "classification.h"
#include "node.h"

typedef struct {
    int figure;
} AccuracyScore;

enum { LOGITS, LABEL };

static bool accuracy_score_infer(FornixInfer *infer, const void *attrs)
{
    (void)attrs;
    FornixShape logits = fornix_input(infer, LOGITS), label = fornix_input(infer, LABEL);
    int64_t told = fornix_input_classes(infer, LABEL), classes = logits.c == 1 ? 2 : logits.c;
    if (fornix_pixels(logits) != logits.n)
        return fornix_infer_fail(infer, "logits", "a sample is %lld x %lld x %lld, not one vector",
                                 (long long)logits.d, (long long)logits.h, (long long)logits.w);
    if (label.n != logits.n)
        return fornix_infer_fail(infer, "label", "%lld labels for %lld samples", (long long)label.n,
                                 (long long)logits.n);
    if (told && told != classes)
        return fornix_infer_fail(infer, "logits",
                                 "%lld channels tell %lld classes, the label has %lld",
                                 (long long)logits.c, (long long)classes, (long long)told);
    fornix_output(infer, 0, (FornixShape){logits.n, 1, 1, 1, 1 + logits.c});
    fornix_pass(infer, FORNIX_FORWARD, logits.n, FORNIX_ALWAYS);
    return true;
}

static void accuracy_score_forward(const FornixStep *step, const void *attrs, int pass,
                                   int64_t begin, int64_t end)
{
    (void)attrs;
    (void)pass;
    int64_t channels = step->in[LOGITS].shape.c;
    for (int64_t i = begin; i < end; i++) {
        float *row = step->out[0].data + i * (1 + channels);
        row[0] = step->in[LABEL].data[i];
        for (int64_t c = 0; c < channels; c++)
            row[1 + c] = step->in[LOGITS].data[i * channels + c];
    }
}

/* The labelled rows as predictions; freed by the caller. */
typedef struct {
    Predictions predictions;
    int32_t *truth, *predicted;
    double *score;
    bool broken; /* a net that has diverged */
} Rows;

static Rows read_rows(const FornixResults *results)
{
    int64_t rows = fornix_results_rows(results), kept = 0;
    int32_t channels = (int32_t)fornix_results_width(results) - 1;
    int32_t classes = channels == 1 ? 2 : channels;
    Rows r = {.truth = mem_new((size_t)rows + 1, sizeof *r.truth),
              .predicted = mem_new((size_t)rows + 1, sizeof *r.predicted),
              .score = mem_new((size_t)rows + 1, (size_t)classes * sizeof *r.score)};
    for (int64_t i = 0; i < rows; i++) {
        const float *row = fornix_results_row(results, i);
        double *score = r.score + kept * classes;
        if (!(row[0] >= 0 && row[0] < (float)classes))
            continue;
        probabilities_of_logits(row + 1, channels, score);
        r.truth[kept] = (int32_t)row[0];
        for (int32_t c = 1; c < classes; c++)
            if (score[c] > score[r.predicted[kept]])
                r.predicted[kept] = c;
        kept++;
    }
    for (int64_t i = 0; i < kept * classes; i++)
        r.broken |= !isfinite(r.score[i]);
    r.predictions = (Predictions){kept, classes, r.truth, r.predicted, r.score};
    return r;
}

static const char *const figure_choices[] = {"balanced_accuracy", "accuracy", "macro_f1", "auc",
                                             NULL};
static const int chosen_figure[] = {BALANCED_ACCURACY, ACCURACY, MACRO_F1, AUC};

static void accuracy_score_finish(FornixResults *results, const void *attrs)
{
    const AccuracyScore *a = attrs;
    Rows rows = read_rows(results);
    double *figures =
        mem_new((size_t)judge_figure_count(rows.predictions.classes), sizeof *figures);
    Judge *judge = judge_new(&rows.predictions);
    judge_figures(judge, NULL, NULL, figures);
    for (int figure = 0; rows.broken && figure < OVERALL_FIGURES; figure++)
        figures[figure] = NAN;
    fornix_results_add(results, "", figures[chosen_figure[a->figure]]);
    for (int figure = 0; figure < OVERALL_FIGURES; figure++)
        fornix_results_add(results, figure_name(figure), figures[figure]);
    judge_free(judge);
    mem_free(figures);
    mem_free(rows.truth);
    mem_free(rows.predicted);
    mem_free(rows.score);
}

static const FornixAttr attrs[] = {
    FORNIX_CHOICE(AccuracyScore, figure, "balanced_accuracy", figure_choices,
                  "which figure this node stands for where it is monitored"),
    {0}};

static const FornixPort inputs[] = {
    {"logits", FORNIX_LOGITS | FORNIX_FEATURE, FORNIX_NO_GRAD,
     "what a net says of each sample: a channel a class, or one channel for class 1"},
    {"label", FORNIX_LABEL, FORNIX_NO_GRAD, "the truth"},
    {0}};

static const FornixPort outputs[] = {{"score", FORNIX_METRIC, 0, "label and logits, by sample"},
                                     {0}};

static const FornixLayer layer = {.infer = accuracy_score_infer,
                                  .forward = accuracy_score_forward,
                                  .finish = accuracy_score_finish};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "accuracy_score",
    .doc = "Balanced accuracy of a classifier, with accuracy, macro F1, AUC and Brier score beside "
           "it, by sample. Samples without a label are left out.",
    .formula = "balanced accuracy = mean over classes of sensitivity; "
               "AUC = P(s+ > s-) + P(s+ = s-) / 2 (Mann and Whitney 1947), mean over classes",
    .attrs_size = sizeof(AccuracyScore),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .layer = &layer,
    .example = "logits=4,1,1,1,3 label=4,1,1,1,1 | "
               "<accuracy_score logits=\"logits\" label=\"label\"/>\n"
               "logits=4,1,1,1,1 label=4,1,1,1,1 | "
               "<accuracy_score logits=\"logits\" label=\"label\" figure=\"auc\"/>"};
