/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What predictions of classes are worth.
 *
 * A bootstrap asks for all figures some thousand times: scores are ranked once, and a replicate is
 * then a walk along the ranks and one pass over the samples.
 */
#include "classification.h"

#include <math.h>

#include "base.h"

typedef struct {
    double confidence;
    int32_t class; /* the likeliest: a fitted cut may have predicted another */
    int bin;
} Belief;

struct Judge {
    const Predictions *predictions;
    Ranked *ranked; /* [classes][samples] */
    Belief *belief; /* [samples] */
};

static const struct {
    const char *name, *title, *undefined;
} overall_info[OVERALL_FIGURES] =
    {
        {"accuracy", "accuracy", "there are no samples"},
        {"balanced_accuracy", "balanced accuracy", "a class has no samples"},
        {"macro_f1", "macro F1", "a class neither occurs nor is predicted"},
        {"auc", "AUC", "a class has no samples, or all of them"},
        {"brier", "Brier score", "there are no samples"},
        {"g_mean", "G-mean", "a class has no samples"},
        {"mcc", "MCC", "one class alone occurs, or is predicted"},
        {"kappa", "Cohen's kappa", "one class alone occurs and is predicted"},
        {"average_precision", "average precision", "a class has no samples"},
        {"ece", "ECE", "there are no samples"},
},
  class_info[CLASS_FIGURES] = {
      {"sensitivity", "sensitivity", "the class has no samples"},
      {"specificity", "specificity", "no other class has samples"},
      {"precision", "precision", "the class is never predicted"},
      {"f1", "F1", "the class neither occurs nor is predicted"},
      {"class_auc", "AUC", "the class has no samples, or all of them"},
      {"class_average_precision", "average precision", "the class has no samples"},
};

int judge_figure_count(int32_t classes)
{
    return OVERALL_FIGURES + classes * CLASS_FIGURES;
}

int figure_of_class(int32_t class, int which)
{
    return OVERALL_FIGURES + class * CLASS_FIGURES + which;
}

const char *figure_name(int figure)
{
    return figure < OVERALL_FIGURES ? overall_info[figure].name
                                    : class_info[(figure - OVERALL_FIGURES) % CLASS_FIGURES].name;
}

const char *figure_title(int figure)
{
    return figure < OVERALL_FIGURES ? overall_info[figure].title
                                    : class_info[(figure - OVERALL_FIGURES) % CLASS_FIGURES].title;
}

const char *figure_undefined(int figure)
{
    return figure < OVERALL_FIGURES
               ? overall_info[figure].undefined
               : class_info[(figure - OVERALL_FIGURES) % CLASS_FIGURES].undefined;
}

double figure_chance(int figure, int32_t classes)
{
    bool area = figure == AUC || (figure >= OVERALL_FIGURES &&
                                  (figure - OVERALL_FIGURES) % CLASS_FIGURES == CLASS_AUC);
    if (figure == MCC || figure == KAPPA)
        return 0;
    return area ? 0.5 : figure == BALANCED_ACCURACY ? 1.0 / classes : NAN;
}

/* Of two classes one ranking serves both: 1 - p rounds, and would make ties that p has not. */
static int32_t ranked_class(int32_t classes, int32_t class)
{
    return classes == 2 ? 1 : class;
}

Judge *judge_new(const Predictions *predictions)
{
    int64_t n = predictions->samples;
    int32_t classes = predictions->classes;
    Judge *judge = mem_new(1, sizeof *judge);
    judge->predictions = predictions;
    judge->ranked = mem_new((size_t)n * (size_t)classes + 1, sizeof *judge->ranked);
    for (int32_t c = 0; c < classes; c++) {
        Ranked *ranked = judge->ranked + c * n;
        for (int64_t i = 0; i < n; i++)
            ranked[i] = (Ranked){predictions->score[i * classes + c], i};
        ranked_sort(ranked, n);
    }
    judge->belief = mem_new((size_t)n + 1, sizeof *judge->belief);
    for (int64_t i = 0; i < n; i++) {
        const double *score = predictions->score + i * classes;
        int32_t class = likeliest(score, classes);
        judge->belief[i] = (Belief){score[class], class, reliability_bin(score[class])};
    }
    return judge;
}

const Ranked *judge_ranked(const Judge *judge, int32_t class, bool *falling)
{
    int32_t classes = judge->predictions->classes, by = ranked_class(classes, class);
    *falling = by != class;
    return judge->ranked + by * judge->predictions->samples;
}

int32_t likeliest(const double *probability, int32_t classes)
{
    int32_t best = 0;
    for (int32_t c = 1; c < classes; c++)
        if (probability[c] > probability[best])
            best = c;
    return best;
}

int reliability_bin(double probability)
{
    double bin = ceil(probability * RELIABILITY_BINS) - 1;
    return (int)fmin(fmax(bin, 0), RELIABILITY_BINS - 1);
}

void judge_free(Judge *judge)
{
    if (!judge)
        return;
    mem_free(judge->ranked);
    mem_free(judge->belief);
    mem_free(judge);
}

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : NAN;
}

typedef struct {
    double right, predicted, truth, all; /* of one class: TP, TP + FP, TP + FN, n */
} ClassCount;

static void class_figures(ClassCount count, double *figures)
{
    double negatives = count.all - count.truth;
    figures[SENSITIVITY] = ratio(count.right, count.truth);
    figures[SPECIFICITY] = ratio(negatives - (count.predicted - count.right), negatives);
    figures[PRECISION] = ratio(count.right, count.predicted);
    figures[F1] = ratio(2 * count.right, count.predicted + count.truth);
}

static double brier_of(const double *score, int32_t classes, int32_t truth)
{
    double sum = 0;
    for (int32_t c = 0; c < classes; c++)
        sum += (score[c] - (c == truth)) * (score[c] - (c == truth));
    return sum / 2;
}

static double class_mean(const double *figures, int32_t classes, int which)
{
    double sum = 0;
    for (int32_t c = 0; c < classes; c++)
        sum += figures[figure_of_class(c, which)];
    return sum / classes;
}

static double class_root(const double *figures, int32_t classes)
{
    double product = 1;
    for (int32_t c = 0; c < classes; c++)
        product *= figures[figure_of_class(c, SENSITIVITY)];
    return pow(product, 1.0 / classes);
}

static void agreement_figures(const ClassCount *count, int32_t classes, double right, double all,
                              double *figures)
{
    double both = 0, predicted = 0, truth = 0;
    for (int32_t c = 0; c < classes; c++) {
        both += count[c].predicted * count[c].truth;
        predicted += count[c].predicted * count[c].predicted;
        truth += count[c].truth * count[c].truth;
    }
    double beyond = all * right - both;
    figures[MCC] = ratio(beyond, sqrt(all * all - predicted) * sqrt(all * all - truth));
    figures[KAPPA] = ratio(beyond, all * all - both);
}

static double calibration_error(const Judge *judge, const int32_t *truth, const double *times)
{
    double over[RELIABILITY_BINS] = {0}, all = 0, sum = 0; /* over: confidence less right */
    for (int64_t i = 0; i < judge->predictions->samples; i++) {
        const Belief *belief = &judge->belief[i];
        double weight = times ? times[i] : 1;
        over[belief->bin] += weight * (belief->confidence - (belief->class == truth[i]));
        all += weight;
    }
    for (int bin = 0; bin < RELIABILITY_BINS; bin++)
        sum += fabs(over[bin]);
    return ratio(sum, all);
}

void judge_figures(const Judge *judge, const int32_t *truth, const double *times, double *figures)
{
    const Predictions *p = judge->predictions;
    ClassCount *count = mem_new((size_t)p->classes, sizeof *count);
    double all = 0, right = 0, brier = 0;
    truth = truth ? truth : p->truth;
    for (int64_t i = 0; i < p->samples; i++) {
        double weight = times ? times[i] : 1;
        count[truth[i]].truth += weight;
        count[p->predicted[i]].predicted += weight;
        all += weight;
        brier += weight * brier_of(p->score + i * p->classes, p->classes, truth[i]);
        if (truth[i] == p->predicted[i]) {
            count[truth[i]].right += weight;
            right += weight;
        }
    }
    for (int32_t c = 0; c < p->classes; c++) {
        double *of_class = figures + figure_of_class(c, 0);
        bool falling;
        const Ranked *ranked = judge_ranked(judge, c, &falling);
        count[c].all = all;
        class_figures(count[c], of_class);
        of_class[CLASS_AUC] =
            ranked_auc(ranked, p->samples, truth, ranked_class(p->classes, c), times);
        of_class[CLASS_AVERAGE_PRECISION] =
            ranked_precision(ranked, p->samples, truth, c, falling, times);
    }
    agreement_figures(count, p->classes, right, all, figures);
    mem_free(count);
    figures[ACCURACY] = ratio(right, all);
    figures[BALANCED_ACCURACY] = class_mean(figures, p->classes, SENSITIVITY);
    figures[MACRO_F1] = class_mean(figures, p->classes, F1);
    figures[AUC] = class_mean(figures, p->classes, CLASS_AUC);
    figures[BRIER] = ratio(brier, all);
    figures[G_MEAN] = class_root(figures, p->classes);
    figures[AVERAGE_PRECISION] = class_mean(figures, p->classes, CLASS_AVERAGE_PRECISION);
    figures[ECE] = calibration_error(judge, truth, times);
}

void judge_statistic(const void *judge, const double *times, double *figures)
{
    judge_figures(judge, NULL, times, figures);
}

double judge_permutation(const Judge *judge, const Resampling *resampling, int figure)
{
    const Predictions *p = judge->predictions;
    for (int64_t i = 0; i < p->samples; i++)
        if (p->truth[i] != resampling->stratum[resampling->cluster[i]])
            return NAN;
    double *figures = mem_new((size_t)judge_figure_count(p->classes), sizeof *figures);
    int32_t *permuted = mem_new((size_t)p->samples + 1, sizeof *permuted);
    judge_figures(judge, NULL, NULL, figures);
    double reached = 1, found = figures[figure];
    for (int64_t b = 0; b < resampling->draws; b++) {
        resampling_permute(resampling, b, permuted);
        judge_figures(judge, permuted, NULL, figures);
        reached += figures[figure] >= found - 1e-12;
    }
    mem_free(permuted);
    mem_free(figures);
    return isnan(found) ? NAN : reached / (double)(resampling->draws + 1);
}

int32_t predictions_constant(const Predictions *predictions)
{
    for (int64_t i = 1; i < predictions->samples; i++)
        if (predictions->predicted[i] != predictions->predicted[0])
            return -1;
    return predictions->samples > 1 ? predictions->predicted[0] : -1;
}

void confusion_count(const Predictions *predictions, int64_t *count)
{
    for (int64_t i = 0; i < predictions->samples; i++)
        count[predictions->truth[i] * predictions->classes + predictions->predicted[i]]++;
}

static bool same_figure(double a, double b)
{
    return isnan(a) ? isnan(b) : fabs(a - b) < 1e-12;
}

bool judge_agrees(const Predictions *predictions, const double *figures)
{
    int32_t classes = predictions->classes;
    int64_t *count = mem_new((size_t)classes * (size_t)classes, sizeof *count), total = 0;
    confusion_count(predictions, count);
    double right = 0, balanced = 0;
    for (int32_t c = 0; c < classes; c++) {
        double of_class = 0;
        for (int32_t other = 0; other < classes; other++)
            of_class += (double)count[c * classes + other];
        if (of_class > 0)
            right += figures[figure_of_class(c, SENSITIVITY)] * of_class;
        balanced += ratio((double)count[c * classes + c], of_class) / classes;
        total += (int64_t)of_class;
    }
    mem_free(count);
    return total == predictions->samples &&
           same_figure(ratio(right, (double)total), figures[ACCURACY]) &&
           same_figure(balanced, figures[BALANCED_ACCURACY]);
}

void probabilities_of_logits(const float *logits, int32_t channels, double *probability)
{
    if (channels == 1) {
        double z = logits[0], e = exp(-fabs(z)), larger = 1 / (1 + e), smaller = e / (1 + e);
        probability[0] = z > 0 ? smaller : larger;
        probability[1] = z > 0 ? larger : smaller;
        return;
    }
    double highest = logits[0], sum = 0;
    for (int32_t c = 1; c < channels; c++)
        highest = fmax(highest, logits[c]);
    for (int32_t c = 0; c < channels; c++)
        sum += probability[c] = exp(logits[c] - highest);
    for (int32_t c = 0; c < channels; c++)
        probability[c] /= sum;
}

void probabilities_of(const float *values, int32_t channels, bool logits, double *probability)
{
    if (logits) {
        probabilities_of_logits(values, channels, probability);
    } else if (channels == 1) {
        probability[1] = (double)values[0];
        probability[0] = 1 - probability[1];
    } else {
        for (int32_t c = 0; c < channels; c++)
            probability[c] = (double)values[c];
    }
}
