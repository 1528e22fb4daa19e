/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Judges predicted masks against the true ones, subject by subject.
 *
 * Slices of a subject are added up before a ratio is taken: a Dice per slice would reward empty
 * slices and weigh a small tumour's rim like a large one's core. Every subject counts the same, and
 * intervals come from drawing subjects again. Only counts are kept of what is read, so a cohort may
 * be larger than memory.
 *
 *   Dice = 2 |P and T| / (|P| + |T|)        IoU = |P and T| / |P or T|
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "column.h"
#include "findings.h"
#include "image_space.h"
#include "node.h"
#include "overlap.h"
#include "resample.h"
#include "statistics.h"
#include "text.h"

typedef struct {
    const char *column, *mask;
    double threshold;
    int empty, cluster, space;
    int64_t draws, seed;
    double confidence;
} EvaluateSegmentation;

enum { PREDICTIONS };
enum { BY_SUBJECT, BY_SAMPLE };
enum { ON_GRID, IN_IMAGE };
enum { DICE, IOU, RATIOS };
enum { MOST_CLASSES = 256, READERS = 16 };

typedef struct {
    FornixBuild *build;
    const EvaluateSegmentation *attrs;
    const FornixTable *table;
    const FornixColumn *mask;
    int score_column, mask_column;
    float cut;
    int64_t classes, rows;
    int64_t groups;   /* of rows that are counted together: one each, or those of an image */
    int64_t *member;  /* rows by group */
    int64_t *begin;   /* of each group in member; one more than groups */
    Overlap *counted; /* [groups][classes] */
    FornixError errors[READERS];
    int64_t units, *unit; /* subject (or sample) of each row, in order of first appearance */
    int64_t *first;       /* row of each unit */
    double *ratio;        /* [units][classes][RATIOS]; NAN: left out */
} Evaluation;

static bool choose_columns(FornixBuild *build, const EvaluateSegmentation *a, int *score, int *mask)
{
    *score =
        column_choose(build, PREDICTIONS, "column", a->column, FORNIX_LOGITS | FORNIX_PROBABILITY);
    *mask = column_choose(build, PREDICTIONS, "mask", a->mask, FORNIX_MASK);
    return *score >= 0 && *mask >= 0;
}

/* One column a class and ratio, the foreground's alone. */
static void add_ratio_columns(FornixBuild *build, int64_t classes)
{
    static const char *const ratios[] = {"dice", "iou"};
    for (int which = 0; which < RATIOS; which++)
        for (int64_t c = 1; c < classes; c++) {
            char name[40];
            snprintf(name, sizeof name, "%s_%" PRId64, ratios[which], c);
            FornixColumn column = {.name = name, .kind = FORNIX_WEIGHT, .shape = {1, 1, 1, 1, 1}};
            fornix_add_column(build, &column);
        }
}

static bool evaluate_columns(FornixBuild *build, const void *attrs)
{
    const EvaluateSegmentation *a = attrs;
    int score_column, mask_column;
    if (!choose_columns(build, a, &score_column, &mask_column))
        return false;
    const FornixColumn *score = fornix_column(fornix_table(build, PREDICTIONS), score_column);
    const FornixColumn *mask = fornix_column(fornix_table(build, PREDICTIONS), mask_column);
    int64_t classes = overlap_classes(score->shape.c);
    FornixShape s = score->shape, m = mask->shape;
    if (s.d != m.d || s.h != m.h || s.w != m.w)
        return fornix_build_fail(build, "mask",
                                 "'%s' is %" PRId64 " x %" PRId64 " x %" PRId64 ", '%s' %" PRId64
                                 " x %" PRId64 " x %" PRId64,
                                 score->name, s.d, s.h, s.w, mask->name, m.d, m.h, m.w);
    if (mask->classes && mask->classes != classes)
        return fornix_build_fail(
            build, "mask", "'%s' has %" PRId64 " classes, the predictions tell %" PRId64 " apart",
            mask->name, mask->classes, classes);
    if (classes > MOST_CLASSES)
        return fornix_build_fail(build, "column", "%" PRId64 " classes; at most %d are judged",
                                 classes, MOST_CLASSES);
    if (a->space == IN_IMAGE && a->cluster != BY_SUBJECT)
        return fornix_build_fail(build, "cluster",
                                 "in an image's own space the samples of a subject are judged "
                                 "together");
    add_ratio_columns(build, classes);
    return true;
}

/* ---- Counting ---------------------------------------------------------------------------- */

static bool all_finite(const float *values, int64_t count)
{
    float sum = 0; /* NaN and infinities times 0 are NaN, and stay */
    for (int64_t i = 0; i < count; i++)
        sum += values[i] * 0;
    return sum == 0;
}

/* What one reader reads into; large, so taken once for its share. */
typedef struct {
    float *score, *mask, *class;
    int64_t bytes;
} Buffers;

static bool buffers_open(const Evaluation *e, Buffers *buffers, FornixError *error)
{
    FornixShape shape = fornix_column(e->table, e->score_column)->shape;
    int64_t pixels = fornix_pixels(shape), floats = fornix_floats(shape) + 2 * pixels;
    buffers->bytes = floats * (int64_t)sizeof(float);
    buffers->score = mem_large((size_t)buffers->bytes);
    if (!buffers->score)
        return fornix_fail(error, "no memory to read a prediction of %" PRId64 " numbers", floats);
    buffers->mask = buffers->score + fornix_floats(shape);
    buffers->class = buffers->mask + pixels;
    return true;
}

static bool read_row(const Evaluation *e, int64_t row, Buffers *buffers, FornixError *error)
{
    FornixShape shape = fornix_column(e->table, e->score_column)->shape;
    if (!fornix_read(e->table, e->score_column, row, buffers->score, error) ||
        !fornix_read(e->table, e->mask_column, row, buffers->mask, error))
        return false;
    if (!all_finite(buffers->score, fornix_floats(shape)))
        return fornix_fail(error, "the prediction for %s is not finite everywhere",
                           fornix_row(e->table, row)->subject);
    return true;
}

static bool put_row(const Evaluation *e, int64_t row, ImageSpace *image, Buffers *buffers,
                    FornixError *error)
{
    FornixShape shape = fornix_column(e->table, e->score_column)->shape;
    if (!read_row(e, row, buffers, error))
        return false;
    for (int64_t i = 0; i < fornix_pixels(shape); i++)
        buffers->class[i] = (float)pixel_class(buffers->score + i * shape.c, shape.c, e->cut);
    return image_space_put(image, fornix_space(e->table, row), shape, buffers->class, buffers->mask,
                           error);
}

static bool count_image(const Evaluation *e, int64_t group, Buffers *buffers, FornixError *error)
{
    ImageSpace image;
    if (!image_space_open(&image, fornix_space(e->table, e->member[e->begin[group]]), error))
        return false;
    bool fine = true;
    for (int64_t i = e->begin[group]; fine && i < e->begin[group + 1]; i++)
        fine = put_row(e, e->member[i], &image, buffers, error);
    fine = fine && image_space_count(&image, e->classes, e->counted + group * e->classes, error);
    image_space_close(&image);
    return fine;
}

static bool count_row(const Evaluation *e, int64_t group, Buffers *buffers, FornixError *error)
{
    FornixShape shape = fornix_column(e->table, e->score_column)->shape;
    if (!read_row(e, e->member[group], buffers, error))
        return false;
    overlap_count(buffers->score, shape.c, e->cut, buffers->mask, fornix_pixels(shape),
                  e->counted + group * e->classes);
    return true;
}

static void count_share(void *context, int64_t reader)
{
    Evaluation *e = context;
    FornixError *error = &e->errors[reader];
    int64_t begin = e->groups * reader / READERS, end = e->groups * (reader + 1) / READERS;
    Buffers buffers;
    if (begin == end || !buffers_open(e, &buffers, error))
        return;
    bool fine = true;
    for (int64_t group = begin; fine && group < end; group++)
        fine = e->attrs->space == IN_IMAGE ? count_image(e, group, &buffers, error)
                                           : count_row(e, group, &buffers, error);
    mem_large_free(buffers.score, (size_t)buffers.bytes);
}

/* The rows of one subject and image file, or every row for itself. */
static void find_groups(Evaluation *e)
{
    size_t room = (size_t)e->rows + 2;
    int64_t *group = mem_new(room, sizeof *group);
    Text *keys = mem_new(room, sizeof *keys);
    const char **key = mem_new(room, sizeof *key);
    for (int64_t row = 0; row < e->rows; row++) {
        const FornixSpace *space = fornix_space(e->table, row);
        text_format(&keys[row], "%s\n%s", fornix_row(e->table, row)->subject,
                    space && space->file ? space->file : "");
        key[row] = text_value(&keys[row]);
        group[row] = row;
    }
    e->groups = e->attrs->space == IN_IMAGE ? clusters_find(key, e->rows, group) : e->rows;
    e->member = mem_new(room, sizeof *e->member);
    e->begin = mem_new(room, sizeof *e->begin);
    for (int64_t row = 0; row < e->rows; row++)
        e->begin[group[row] + 1]++;
    for (int64_t g = 0; g < e->groups; g++)
        e->begin[g + 1] += e->begin[g];
    for (int64_t row = e->rows; row-- > 0;)
        e->member[--e->begin[group[row] + 1]] = row;
    memmove(e->begin, e->begin + 1, (size_t)e->groups * sizeof *e->begin);
    e->begin[e->groups] = e->rows;
    for (int64_t row = 0; row < e->rows; row++)
        text_free(&keys[row]);
    mem_free(key);
    mem_free(keys);
    mem_free(group);
}

static bool count_groups(Evaluation *e)
{
    find_groups(e);
    e->counted = mem_new((size_t)(e->groups * e->classes) + 1, sizeof *e->counted);
    fornix_parallel(e->build, READERS, count_share, e);
    for (int reader = 0; reader < READERS; reader++)
        if (*e->errors[reader].text)
            return fornix_build_fail(e->build, NULL, "%s", e->errors[reader].text);
    return true;
}

static void find_units(Evaluation *e)
{
    const char **subject = mem_new((size_t)e->rows + 1, sizeof *subject);
    e->unit = mem_new((size_t)e->rows + 1, sizeof *e->unit);
    e->first = mem_new((size_t)e->rows + 1, sizeof *e->first);
    for (int64_t row = 0; row < e->rows; row++) {
        subject[row] = fornix_row(e->table, row)->subject;
        e->unit[row] = row;
    }
    e->units = e->attrs->cluster == BY_SUBJECT ? clusters_find(subject, e->rows, e->unit) : e->rows;
    for (int64_t row = e->rows; row-- > 0;)
        e->first[e->unit[row]] = row;
    mem_free(subject);
}

static void take_ratios(Evaluation *e)
{
    int64_t count = e->units * e->classes;
    Overlap *sum = mem_new((size_t)count + 1, sizeof *sum);
    for (int64_t group = 0; group < e->groups; group++)
        for (int64_t c = 0; c < e->classes; c++)
            overlap_add(&sum[e->unit[e->member[e->begin[group]]] * e->classes + c],
                        e->counted[group * e->classes + c]);
    e->ratio = mem_new((size_t)count * RATIOS + 1, sizeof *e->ratio);
    for (int64_t i = 0; i < count; i++) {
        e->ratio[i * RATIOS + DICE] = overlap_dice(sum[i], (EmptyPolicy)e->attrs->empty);
        e->ratio[i * RATIOS + IOU] = overlap_iou(sum[i], (EmptyPolicy)e->attrs->empty);
    }
    mem_free(sum);
}

static void add_rows(Evaluation *e)
{
    int foreground = (int)e->classes - 1;
    for (int64_t u = 0; u < e->units; u++) {
        FornixRow identity = *fornix_row(e->table, e->first[u]);
        if (e->attrs->cluster == BY_SUBJECT)
            identity.name = "";
        int64_t row = fornix_add_row(e->build, &identity);
        for (int c = 1; c <= foreground; c++)
            for (int which = 0; which < RATIOS; which++)
                fornix_set_real(e->build, which * foreground + c - 1, row,
                                e->ratio[(u * e->classes + c) * RATIOS + which]);
    }
}

/* ---- Figures ----------------------------------------------------------------------------- */

/* For each class from 0 and ratio: its mean over units; under class 0, which is the background,
 * stands the mean over the other classes, those without a defined unit left out. */
static void mean_ratios(const void *context, const double *times, double *figures)
{
    const Evaluation *e = context;
    for (int which = 0; which < RATIOS; which++) {
        double all = 0, defined = 0;
        for (int64_t c = 1; c < e->classes; c++) {
            double sum = 0, weight = 0;
            for (int64_t u = 0; u < e->units; u++) {
                double ratio = e->ratio[(u * e->classes + c) * RATIOS + which];
                if (isnan(ratio))
                    continue;
                sum += times[u] * ratio;
                weight += times[u];
            }
            figures[c * RATIOS + which] = weight > 0 ? sum / weight : NAN;
            all += weight > 0 ? sum / weight : 0;
            defined += weight > 0;
        }
        figures[which] = defined > 0 ? all / defined : NAN;
    }
}

static Interval *find_intervals(const Evaluation *e)
{
    int64_t *cluster = mem_new((size_t)e->units + 1, sizeof *cluster);
    int32_t *stratum = mem_new((size_t)e->units + 1, sizeof *stratum);
    for (int64_t u = 0; u < e->units; u++)
        cluster[u] = u;
    Resampling resampling = {.samples = e->units,
                             .clusters = e->units,
                             .cluster = cluster,
                             .stratum = stratum,
                             .strata = 1,
                             .draws = e->attrs->draws,
                             .confidence = e->attrs->confidence,
                             .random = fornix_build_random(e->build, e->attrs->seed)};
    Interval *intervals = mem_new((size_t)e->classes * RATIOS, sizeof *intervals);
    bootstrap(&resampling, mean_ratios, e, (int)e->classes * RATIOS, intervals);
    mem_free(stratum);
    mem_free(cluster);
    return intervals;
}

static void judge_class(Evaluation *e, int64_t class, const Interval *intervals, Grid *grid)
{
    char name[CLASS_NAME], text[INTERVAL_TEXT], value[FIGURE_TEXT];
    double *dice = mem_new((size_t)e->units + 1, sizeof *dice);
    for (int64_t u = 0; u < e->units; u++)
        dice[u] = e->ratio[(u * e->classes + class) * RATIOS + DICE];
    int64_t defined = statistics_drop_undefined(dice, e->units);
    double median = statistics_median(dice, defined);
    statistics_sort(dice, defined);
    column_class(e->mask, class, name);
    findings_interval(e->build, "class_dice", name, intervals[class * RATIOS + DICE]);
    findings_interval(e->build, "class_iou", name, intervals[class * RATIOS + IOU]);
    findings_value(e->build, "class_dice_median", name, median);
    findings_value(e->build, "class_left_out", name, (double)(e->units - defined));
    grid_cell(grid, "%s", name);
    grid_cell(grid, "%" PRId64, defined);
    grid_cell(grid, "%s", interval_text(intervals[class * RATIOS + DICE], text));
    grid_cell(grid, "%s", figure_text(median, value));
    grid_cell(grid, "%s", figure_text(statistics_quantile(dice, defined, 0), value));
    grid_cell(grid, "%s", interval_text(intervals[class * RATIOS + IOU], text));
    if (defined == 0)
        fornix_warn(e->build, "Dice of class '%s' is undefined: nowhere is it in either mask",
                    name);
    mem_free(dice);
}

static void judge_units(Evaluation *e)
{
    const char *const titles[] = {"class", e->attrs->cluster == BY_SUBJECT ? "subjects" : "samples",
                                  "Dice",  "median",
                                  "least", "IoU"};
    Interval *intervals = find_intervals(e);
    char text[INTERVAL_TEXT];
    fornix_report(e->build,
                  "%" PRId64 " %s; means with %g %% intervals by drawing them again %" PRId64
                  " times",
                  e->units, titles[1], 100 * e->attrs->confidence, e->attrs->draws);
    Grid *grid = grid_new((int)COUNT(titles));
    for (size_t i = 0; i < COUNT(titles); i++)
        grid_cell(grid, "%s", titles[i]);
    findings_interval(e->build, "dice", "", intervals[DICE]);
    findings_interval(e->build, "iou", "", intervals[IOU]);
    for (int64_t c = 1; c < e->classes; c++)
        judge_class(e, c, intervals, grid);
    if (e->classes > 2) {
        grid_cell(grid, "mean of classes");
        grid_cell(grid, "%" PRId64, e->units);
        grid_cell(grid, "%s", interval_text(intervals[DICE], text));
        grid_cell(grid, "%s", "");
        grid_cell(grid, "%s", "");
        grid_cell(grid, "%s", interval_text(intervals[IOU], text));
    }
    findings_grid(e->build, grid);
    fornix_metric(e->build, "subjects", (double)e->units);
    mem_free(intervals);
}

static bool evaluate_rows(FornixBuild *build, const void *attrs)
{
    const EvaluateSegmentation *a = attrs;
    Evaluation e = {.build = build, .attrs = a, .table = fornix_table(build, PREDICTIONS)};
    if (!choose_columns(build, a, &e.score_column, &e.mask_column))
        return false;
    const FornixColumn *score = fornix_column(e.table, e.score_column);
    e.mask = fornix_column(e.table, e.mask_column);
    e.classes = overlap_classes(score->shape.c);
    e.rows = fornix_rows(e.table);
    if (e.rows < 1)
        return fornix_build_fail(build, "predictions", "'%s' has no samples to judge",
                                 fornix_table_name(build, PREDICTIONS));
    e.cut = (float)(score->kind == FORNIX_PROBABILITY ? a->threshold
                                                      : log(a->threshold / (1 - a->threshold)));
    bool fine = count_groups(&e);
    if (fine) {
        find_units(&e);
        take_ratios(&e);
        add_rows(&e);
        judge_units(&e);
    }
    mem_free(e.member);
    mem_free(e.begin);
    mem_free(e.counted);
    mem_free(e.unit);
    mem_free(e.first);
    mem_free(e.ratio);
    return fine;
}

static const char *const cluster_choices[] = {"subject", "none", NULL};
static const char *const space_choices[] = {"grid", "image", NULL};

/* Of each reader: what it reads, and of an image the two masks on the grid and in the image. */
static int64_t evaluate_memory(const void *attrs, const FornixTable *input, int threads)
{
    const EvaluateSegmentation *a = attrs;
    int64_t floats = 0, pixels = 0, rows = fornix_rows(input);
    for (int c = 0; c < fornix_columns(input); c++) {
        const FornixColumn *shown = fornix_column(input, c);
        if (!(shown->kind & (FORNIX_LOGITS | FORNIX_PROBABILITY)) ||
            fornix_floats(shown->shape) <= floats)
            continue;
        floats = fornix_floats(shown->shape);
        pixels = fornix_pixels(shown->shape);
    }
    floats += (a->space == IN_IMAGE ? 6 : 2) * pixels;
    int64_t readers = rows >= 0 && rows < threads ? rows : threads;
    return readers * floats * (int64_t)sizeof(float);
}

static const FornixAttr attrs[] = {
    FORNIX_TEXT(EvaluateSegmentation, column, "",
                "column of logits or probabilities; if there is one, it need not be named"),
    FORNIX_TEXT(EvaluateSegmentation, mask, "",
                "column of the true masks; if there is one, it need not be named"),
    FORNIX_REAL(EvaluateSegmentation, threshold, "0.5", 0.001, 0.999,
                "probability above which a single channel means the foreground"),
    FORNIX_CHOICE(EvaluateSegmentation, empty, "skip", empty_choices,
                  "what a class scores in a subject that has it in neither mask: nothing (it is "
                  "left out, and counted), one, or zero"),
    FORNIX_CHOICE(EvaluateSegmentation, cluster, "subject", cluster_choices,
                  "what gets a score of its own and is drawn anew for intervals: a subject with "
                  "all its samples, or each sample (none)"),
    FORNIX_CHOICE(EvaluateSegmentation, space, "grid", space_choices,
                  "where pixels are counted: on the samples' grid, or in the voxels of the image "
                  "that they came from, to which both masks are brought back (nearest voxel)"),
    FORNIX_INT(EvaluateSegmentation, draws, "2000", 100, 100000, "replicates of the bootstrap"),
    FORNIX_REAL(EvaluateSegmentation, confidence, "0.95", 0.5, 0.999, "of the intervals"),
    FORNIX_INT(EvaluateSegmentation, seed, "1", 0, INT32_MAX, "of the draws"),
    {0}};

static const FornixPort inputs[] = {
    {"predictions", FORNIX_SAMPLES, 0, "samples with logits or probabilities and their true mask"},
    {0}};

static const FornixPort outputs[] = {
    {"scores", FORNIX_SCORES, 0, "the figures, and by subject the Dice and IoU of each class"},
    {0}};

static const FornixSamples samples = {.flags =
                                          FORNIX_EVALUATES | FORNIX_NEEDS_RUN | FORNIX_FORETELLS,
                                      .memory = evaluate_memory,
                                      .columns = evaluate_columns,
                                      .rows = evaluate_rows};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "evaluate_segmentation",
    .doc =
        "Judges predicted masks: Dice and IoU of each class but the background (class 0), as "
        "mean over subjects with a percentile interval by bootstrap over subjects, median and "
        "least. Slices of a subject are added up first; `dice` alone is the mean over classes. "
        "A class that neither mask of a subject has is left out of its mean, and counted, unless "
        "empty= says otherwise. What a crop cut away is in neither mask, in the image's own "
        "space too.",
    .formula = "Dice = 2 |P and T| / (|P| + |T|) (Dice 1945; Sorensen 1948), "
               "IoU = |P and T| / |P or T| (Jaccard 1912); percentile bootstrap (Efron 1979)",
    .attrs_size = sizeof(EvaluateSegmentation),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<evaluate_segmentation id=\"dice\" predictions=\"segmented\" part=\"test\" "
               "cluster=\"subject\"/>"};
