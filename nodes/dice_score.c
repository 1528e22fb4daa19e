/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How well a segmentation agrees with the mask, by subject: what validation goes by.
 *
 * A batch gives counts, not ratios: slices of one subject add up to its Dice, which then weighs as
 * much as that of any other subject. Each grain counts one plane, so that a single large volume
 * keeps all threads busy.
 *
 *   Dice(subject, class) = 2 |P and T| / (|P| + |T|)
 */
#include <math.h>
#include <stdio.h>

#include "base.h"
#include "node.h"
#include "overlap.h"
#include "resample.h"
#include "statistics.h"

typedef struct {
    double threshold;
    int empty;
} DiceScore;

enum { LOGITS, MASK };
enum { COUNTS = 3, MOST_CLASSES = 256 }; /* of a class: both, predicted, truth */

static bool dice_score_infer(FornixInfer *infer, const void *attrs)
{
    (void)attrs;
    FornixShape logits = fornix_input(infer, LOGITS), mask = fornix_input(infer, MASK);
    int64_t told = fornix_input_classes(infer, MASK), classes = overlap_classes(logits.c);
    if (mask.n != logits.n || mask.d != logits.d || mask.h != logits.h || mask.w != logits.w)
        return fornix_infer_fail(
            infer, "mask", "the prediction is %lld x %lld x %lld, the mask %lld x %lld x %lld",
            (long long)logits.d, (long long)logits.h, (long long)logits.w, (long long)mask.d,
            (long long)mask.h, (long long)mask.w);
    if (told && told != classes)
        return fornix_infer_fail(infer, "logits",
                                 "%lld channels tell %lld classes, the mask has %lld",
                                 (long long)logits.c, (long long)classes, (long long)told);
    if (classes > MOST_CLASSES)
        return fornix_infer_fail(infer, "logits", "%lld channels; at most %d classes are counted",
                                 (long long)logits.c, MOST_CLASSES);
    fornix_output(infer, 0, (FornixShape){logits.n, 1, 1, 1, COUNTS * classes});
    fornix_scratch(infer, FORNIX_FORWARD, logits.n * logits.d * COUNTS * classes);
    fornix_pass(infer, FORNIX_FORWARD, logits.n * logits.d, FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_FORWARD, logits.n, FORNIX_ALWAYS);
    return true;
}

typedef struct {
    float cut; /* of a single channel, in its own units */
} Opened;

static void *dice_score_open(const FornixInfer *infer, const void *attrs, FornixError *error)
{
    const DiceScore *a = attrs;
    (void)error;
    Opened *opened = mem_new(1, sizeof *opened);
    bool probability = fornix_input_kind(infer, LOGITS) == FORNIX_PROBABILITY;
    opened->cut = (float)(probability ? a->threshold : log(a->threshold / (1 - a->threshold)));
    return opened;
}

static void count_plane(const FornixStep *step, int64_t plane)
{
    FornixShape shape = step->in[LOGITS].shape;
    int64_t classes = overlap_classes(shape.c), pixels = shape.h * shape.w;
    const Opened *opened = step->opened;
    Overlap found[MOST_CLASSES] = {{0}};
    overlap_count(step->in[LOGITS].data + plane * pixels * shape.c, shape.c, opened->cut,
                  step->in[MASK].data + plane * pixels, pixels, found);
    float *counts = step->scratch + plane * COUNTS * classes;
    for (int64_t c = 0; c < classes; c++) {
        counts[COUNTS * c] = (float)found[c].both;
        counts[COUNTS * c + 1] = (float)found[c].predicted;
        counts[COUNTS * c + 2] = (float)found[c].truth;
    }
}

static void sum_planes(const FornixStep *step, int64_t sample)
{
    int64_t width = step->out[0].shape.c, planes = step->in[LOGITS].shape.d;
    const float *counts = step->scratch + sample * planes * width;
    for (int64_t i = 0; i < width; i++) {
        double sum = 0;
        for (int64_t plane = 0; plane < planes; plane++)
            sum += counts[plane * width + i];
        step->out[0].data[sample * width + i] = (float)sum;
    }
}

static void dice_score_forward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                               int64_t end)
{
    (void)attrs;
    for (int64_t i = begin; i < end; i++)
        pass == 0 ? count_plane(step, i) : sum_planes(step, i);
}

/* The counts of every subject: [subjects][classes]. */
static Overlap *sum_subjects(const FornixResults *results, int64_t classes, int64_t *subjects)
{
    int64_t rows = fornix_results_rows(results);
    const char **subject = mem_new((size_t)rows + 1, sizeof *subject);
    int64_t *cluster = mem_new((size_t)rows + 1, sizeof *cluster);
    for (int64_t row = 0; row < rows; row++)
        subject[row] = fornix_results_subject(results, row);
    *subjects = clusters_find(subject, rows, cluster);
    Overlap *sums = mem_new((size_t)(*subjects * classes) + 1, sizeof *sums);
    for (int64_t row = 0; row < rows; row++) {
        const float *counts = fornix_results_row(results, row);
        for (int64_t c = 0; c < classes; c++)
            overlap_add(
                &sums[cluster[row] * classes + c],
                (Overlap){counts[COUNTS * c], counts[COUNTS * c + 1], counts[COUNTS * c + 2]});
    }
    mem_free(cluster);
    mem_free(subject);
    return sums;
}

static void dice_score_finish(FornixResults *results, const void *attrs)
{
    const DiceScore *a = attrs;
    int64_t classes = fornix_results_width(results) / COUNTS, subjects, defined = 0;
    Overlap *sums = sum_subjects(results, classes, &subjects);
    double *dice = mem_new((size_t)subjects + 1, sizeof *dice);
    double *iou = mem_new((size_t)subjects + 1, sizeof *iou), dice_sum = 0, iou_sum = 0;
    for (int64_t c = 1; c < classes; c++) {
        for (int64_t s = 0; s < subjects; s++) {
            dice[s] = overlap_dice(sums[s * classes + c], (EmptyPolicy)a->empty);
            iou[s] = overlap_iou(sums[s * classes + c], (EmptyPolicy)a->empty);
        }
        int64_t left = statistics_drop_undefined(dice, subjects);
        double mean = statistics_mean(dice, left);
        char name[40];
        snprintf(name, sizeof name, "class_%lld", (long long)c);
        if (classes > 2)
            fornix_results_add(results, name, mean);
        if (left == 0)
            continue;
        dice_sum += mean;
        iou_sum += statistics_mean(iou, statistics_drop_undefined(iou, subjects));
        defined++;
    }
    fornix_results_add(results, "", defined ? dice_sum / (double)defined : NAN);
    fornix_results_add(results, "iou", defined ? iou_sum / (double)defined : NAN);
    mem_free(iou);
    mem_free(dice);
    mem_free(sums);
}

static const FornixAttr attrs[] = {
    FORNIX_REAL(DiceScore, threshold, "0.5", 0.001, 0.999,
                "probability above which a single channel means the tumour"),
    FORNIX_CHOICE(DiceScore, empty, "skip", empty_choices,
                  "what a class scores in a subject that has it in neither mask: nothing (it is "
                  "left out), one, or zero"),
    {0}};

static const FornixPort inputs[] = {
    {"logits", FORNIX_LOGITS | FORNIX_FEATURE | FORNIX_PROBABILITY, FORNIX_NO_GRAD,
     "what a net says of each pixel: a channel a class, or one channel for foreground"},
    {"mask", FORNIX_MASK, FORNIX_NO_GRAD, "the truth"},
    {0}};

static const FornixPort outputs[] = {
    {"dice", FORNIX_METRIC, 0, "pixels of each class, by sample: in both, predicted, true"}, {0}};

static const FornixLayer layer = {.infer = dice_score_infer,
                                  .forward = dice_score_forward,
                                  .open = dice_score_open,
                                  .close = mem_free,
                                  .finish = dice_score_finish};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "dice_score",
    .doc = "Dice of a segmentation, averaged over subjects and then over the classes but the "
           "background. Slices of a subject are added up first. Further figures: iou, and class_1, "
           "class_2, ... where there are several.",
    .formula = "Dice = 2 |P and T| / (|P| + |T|) (Dice 1945; Sorensen 1948), "
               "IoU = |P and T| / |P or T| (Jaccard 1912)",
    .attrs_size = sizeof(DiceScore),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .layer = &layer,
    .example = "logits=3,4,5,6,1 mask=3,4,5,6,1 | <dice_score logits=\"logits\" mask=\"mask\"/>\n"
               "logits=2,1,5,6,3 mask=2,1,5,6,1 | "
               "<dice_score logits=\"logits\" mask=\"mask\" empty=\"one\"/>"};
