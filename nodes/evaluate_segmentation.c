/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Judges predicted masks against the true ones, subject by subject.
 *
 * Slices of a subject are put together before a ratio is taken or a distance measured: a Dice per
 * slice would reward empty slices and weigh a small tumour's rim like a large one's core. Only
 * figures are kept of what is read, so a cohort may be larger than memory. What the figures are
 * stands in segmentation.h and surface.h, what is said of them in segmentation_report.c.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "column.h"
#include "image_space.h"
#include "node.h"
#include "resample.h"
#include "segmentation_report.h"

typedef struct {
    const char *column, *mask;
    double threshold, tolerance;
    int empty, cluster, space;
    bool surfaces;
    int64_t draws, seed;
    double confidence;
} EvaluateSegmentation;

enum { PREDICTIONS, MOST_CLASSES = 256, READERS = 16 };
enum { BY_SUBJECT, BY_SAMPLE };
enum { ON_GRID, IN_IMAGE };

typedef struct {
    FornixBuild *build;
    const EvaluateSegmentation *attrs;
    const FornixTable *table;
    const FornixColumn *mask;
    int score_column, mask_column;
    float cut;
    int64_t classes, rows;
    int64_t units;           /* subjects (or samples), in order of first appearance */
    int64_t *member, *begin; /* rows by unit; where each unit's begin, one more than units */
    double *figures;         /* [units][classes][SEGMENTATION_FIGURES] */
    bool *missed;            /* [units][classes] */
    FornixError errors[READERS];
} Evaluation;

static bool choose_columns(FornixBuild *build, const EvaluateSegmentation *a, int *score, int *mask)
{
    *score =
        column_choose(build, PREDICTIONS, "column", a->column, FORNIX_LOGITS | FORNIX_PROBABILITY);
    *mask = column_choose(build, PREDICTIONS, "mask", a->mask, FORNIX_MASK);
    return *score >= 0 && *mask >= 0;
}

static bool has_column(const EvaluateSegmentation *a, int figure)
{
    return figure != VOLUME_BIAS && (a->surfaces || (figure != HD95 && figure != NSD));
}

/* One column a figure and class, the foreground's alone. */
static void add_figure_columns(FornixBuild *build, const EvaluateSegmentation *a, int64_t classes)
{
    for (int figure = 0; figure < SEGMENTATION_FIGURES; figure++)
        for (int64_t c = 1; has_column(a, figure) && c < classes; c++) {
            char name[40];
            snprintf(name, sizeof name, "%s_%" PRId64, segmentation_name(figure), c);
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
    add_figure_columns(build, a, classes);
    return true;
}

/* ---- Reading ----------------------------------------------------------------------------- */

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

/* The class of every pixel, beside the true one. */
static void classify(const Evaluation *e, Buffers *buffers)
{
    FornixShape shape = fornix_column(e->table, e->score_column)->shape;
    for (int64_t i = 0; i < fornix_pixels(shape); i++)
        buffers->class[i] = (float)pixel_class(buffers->score + i * shape.c, shape.c, e->cut);
}

/* ---- Judging ----------------------------------------------------------------------------- */

/* Of a unit, by class: what all its images give together. */
typedef struct {
    Overlap *overlap;
    Surfaces *surfaces;
} Found;

static bool judge_masks(const Evaluation *e, const MaskPair *pair, Found *found, FornixError *error)
{
    bool fine = true;
    overlap_count_classes(pair->predicted, pair->truth,
                          pair->size[0] * pair->size[1] * pair->size[2], e->classes,
                          found->overlap);
    for (int64_t c = 1; fine && e->attrs->surfaces && c < e->classes; c++)
        fine = surfaces_add(&found->surfaces[c], pair, c, error);
    return fine;
}

static bool has_spacing(const FornixSpace *space)
{
    return space && space->spacing[0] > 0 && space->spacing[1] > 0 && space->spacing[2] > 0;
}

/* mm along the row's own axes, of a slice those that it has kept; without mm, pixels. */
static void row_spacing(const FornixSpace *space, double spacing[3])
{
    int kept = 0;
    for (int a = 0; a < 3; a++)
        spacing[a] = 1;
    for (int a = 0; has_spacing(space) && a < 3; a++)
        if (space->slice < 0 || a != space->axis)
            spacing[kept++] = space->spacing[a];
}

static bool judge_row(const Evaluation *e, int64_t row, Buffers *buffers, Found *found,
                      FornixError *error)
{
    FornixShape shape = fornix_column(e->table, e->score_column)->shape;
    if (!read_row(e, row, buffers, error))
        return false;
    classify(e, buffers);
    MaskPair pair = {
        .size = {shape.w, shape.h, shape.d}, .predicted = buffers->class, .truth = buffers->mask};
    row_spacing(fornix_space(e->table, row), pair.spacing);
    return judge_masks(e, &pair, found, error);
}

static bool judge_space(const Evaluation *e, ImageSpace *image, const FornixSpace *space,
                        Found *found, FornixError *error)
{
    if (e->attrs->space == IN_IMAGE && !image_space_back(image, error))
        return false;
    MaskPair pair = {.predicted = image->predicted, .truth = image->truth};
    memcpy(pair.size, image->size, sizeof pair.size);
    for (int a = 0; a < 3; a++) {
        double step = e->attrs->space == IN_IMAGE ? image->map.step[a] : 1;
        pair.spacing[a] = has_spacing(space) ? space->spacing[a] / step : 1;
    }
    return judge_masks(e, &pair, found, error);
}

static const char *file_of(const Evaluation *e, int64_t row)
{
    const FornixSpace *space = fornix_space(e->table, row);
    return space && space->file ? space->file : "";
}

/* The rows from `first` of a unit that are of the same image. */
static bool judge_image(const Evaluation *e, int64_t first, int64_t end, Buffers *buffers,
                        Found *found, FornixError *error)
{
    ImageSpace image;
    const FornixSpace *space = fornix_space(e->table, e->member[first]);
    FornixShape shape = fornix_column(e->table, e->score_column)->shape;
    if (!image_space_open(&image, space, error))
        return false;
    bool fine = true;
    for (int64_t i = first; fine && i < end; i++) {
        int64_t row = e->member[i];
        if (strcmp(file_of(e, row), file_of(e, e->member[first])) != 0)
            continue;
        fine = read_row(e, row, buffers, error);
        if (fine)
            classify(e, buffers);
        fine = fine && image_space_put(&image, fornix_space(e->table, row), shape, buffers->class,
                                       buffers->mask, error);
    }
    fine = fine && judge_space(e, &image, space, found, error);
    image_space_close(&image);
    return fine;
}

static bool is_put_together(const Evaluation *e, int64_t row)
{
    const FornixSpace *space = fornix_space(e->table, row);
    bool slice = space && space->file && space->slice >= 0 && image_space_known(space);
    return e->attrs->cluster == BY_SUBJECT && (e->attrs->space == IN_IMAGE || slice);
}

static bool is_first_of_image(const Evaluation *e, int64_t begin, int64_t at)
{
    for (int64_t i = begin; i < at; i++)
        if (strcmp(file_of(e, e->member[i]), file_of(e, e->member[at])) == 0)
            return false;
    return true;
}

static bool judge_unit(Evaluation *e, int64_t unit, Buffers *buffers, FornixError *error)
{
    SegmentationRules rules = {(EmptyPolicy)e->attrs->empty, e->attrs->tolerance};
    int64_t begin = e->begin[unit], end = e->begin[unit + 1];
    Found found = {mem_new((size_t)e->classes, sizeof *found.overlap),
                   mem_new((size_t)e->classes, sizeof *found.surfaces)};
    bool fine = true;
    for (int64_t i = begin; fine && i < end; i++)
        if (!is_put_together(e, e->member[i]))
            fine = judge_row(e, e->member[i], buffers, &found, error);
        else if (is_first_of_image(e, begin, i))
            fine = judge_image(e, i, end, buffers, &found, error);
    for (int64_t c = 0; c < e->classes; c++) {
        int64_t at = unit * e->classes + c;
        const Overlap *overlap = &found.overlap[c];
        e->missed[at] = (overlap->predicted > 0) != (overlap->truth > 0);
        segmentation_judge(overlap, e->attrs->surfaces && c ? &found.surfaces[c] : NULL, rules,
                           e->figures + at * SEGMENTATION_FIGURES);
        surfaces_free(&found.surfaces[c]);
    }
    mem_free(found.overlap);
    mem_free(found.surfaces);
    return fine;
}

static void judge_share(void *context, int64_t reader)
{
    Evaluation *e = context;
    FornixError *error = &e->errors[reader];
    int64_t begin = e->units * reader / READERS, end = e->units * (reader + 1) / READERS;
    Buffers buffers;
    if (begin == end || !buffers_open(e, &buffers, error))
        return;
    bool fine = true;
    for (int64_t unit = begin; fine && unit < end; unit++)
        fine = judge_unit(e, unit, &buffers, error);
    mem_large_free(buffers.score, (size_t)buffers.bytes);
}

/* ---- Units ------------------------------------------------------------------------------- */

static void find_units(Evaluation *e)
{
    const char **subject = mem_new((size_t)e->rows + 1, sizeof *subject);
    int64_t *unit = mem_new((size_t)e->rows + 1, sizeof *unit);
    e->member = mem_new((size_t)e->rows + 1, sizeof *e->member);
    for (int64_t row = 0; row < e->rows; row++) {
        subject[row] = fornix_row(e->table, row)->subject;
        unit[row] = row;
    }
    e->units = e->attrs->cluster == BY_SUBJECT ? clusters_find(subject, e->rows, unit) : e->rows;
    e->begin = mem_new((size_t)e->units + 2, sizeof *e->begin);
    for (int64_t row = 0; row < e->rows; row++)
        e->begin[unit[row] + 2]++;
    for (int64_t u = 0; u < e->units; u++)
        e->begin[u + 2] += e->begin[u + 1];
    for (int64_t row = 0; row < e->rows; row++)
        e->member[e->begin[unit[row] + 1]++] = row;
    mem_free(unit);
    mem_free(subject);
}

static bool judge_units(Evaluation *e)
{
    size_t cells = (size_t)(e->units * e->classes);
    e->figures = mem_new(cells * SEGMENTATION_FIGURES + 1, sizeof *e->figures);
    e->missed = mem_new(cells + 1, sizeof *e->missed);
    fornix_parallel(e->build, READERS, judge_share, e);
    for (int reader = 0; reader < READERS; reader++)
        if (*e->errors[reader].text)
            return fornix_build_fail(e->build, NULL, "%s", e->errors[reader].text);
    return true;
}

static void add_rows(Evaluation *e)
{
    for (int64_t u = 0; u < e->units; u++) {
        FornixRow identity = *fornix_row(e->table, e->member[e->begin[u]]);
        if (e->attrs->cluster == BY_SUBJECT)
            identity.name = "";
        int64_t row = fornix_add_row(e->build, &identity);
        int column = 0;
        for (int figure = 0; figure < SEGMENTATION_FIGURES; figure++)
            for (int64_t c = 1; has_column(e->attrs, figure) && c < e->classes; c++)
                fornix_set_real(e->build, column++, row,
                                e->figures[(u * e->classes + c) * SEGMENTATION_FIGURES + figure]);
    }
}

static void report_units(const Evaluation *e)
{
    int64_t *missed = mem_new((size_t)e->classes, sizeof *missed);
    bool millimetres = true;
    for (int64_t i = 0; i < e->units * e->classes; i++)
        missed[i % e->classes] += e->missed[i];
    for (int64_t row = 0; row < e->rows; row++)
        millimetres = millimetres && has_spacing(fornix_space(e->table, row));
    SegmentationReport report = {.build = e->build,
                                 .mask = e->mask,
                                 .units = e->units,
                                 .classes = e->classes,
                                 .figures = e->figures,
                                 .missed = missed,
                                 .by_subject = e->attrs->cluster == BY_SUBJECT,
                                 .surfaces = e->attrs->surfaces,
                                 .millimetres = millimetres,
                                 .tolerance = e->attrs->tolerance,
                                 .confidence = e->attrs->confidence,
                                 .draws = e->attrs->draws,
                                 .seed = e->attrs->seed};
    segmentation_report(&report);
    mem_free(missed);
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
    find_units(&e);
    bool fine = judge_units(&e);
    if (fine) {
        add_rows(&e);
        report_units(&e);
    }
    mem_free(e.member);
    mem_free(e.begin);
    mem_free(e.figures);
    mem_free(e.missed);
    return fine;
}

static const char *const cluster_choices[] = {"subject", "none", NULL};
static const char *const space_choices[] = {"grid", "image", NULL};

static int64_t voxels_of(const FornixTable *input, int64_t pixels)
{
    const FornixSpace *space = fornix_rows(input) > 0 ? fornix_space(input, 0) : NULL;
    VolumeMap map;
    if (!space || space->slice < 0 || !image_space_known(space))
        return pixels;
    memcpy(&map, space->map, sizeof map);
    return map.size[0] * map.size[1] * map.size[2];
}

/* Of each reader: what it reads, of slices and of images the two masks on the grid and in the
 * image, and a double and three bytes for each voxel of the box around both masks, which is not
 * known before: a quarter of the image, between that of an organ and that of strays all over. */
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
    int64_t voxels = voxels_of(input, pixels);
    floats += 2 * pixels + (a->space == IN_IMAGE ? 4 : voxels > pixels ? 2 : 0) * voxels;
    floats += a->surfaces ? 3 * voxels / 4 : 0;
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
    FORNIX_BOOL(EvaluateSegmentation, surfaces, "yes",
                "also measure how far the surfaces lie apart: HD95 and NSD"),
    FORNIX_REAL(EvaluateSegmentation, tolerance, "1", 0, 1000,
                "within which surfaces agree (NSD), in mm; without a spacing in pixels"),
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
    {"scores", FORNIX_SCORES, 0, "the figures, and by subject those of each class"}, {0}};

static const FornixSamples samples = {.flags =
                                          FORNIX_EVALUATES | FORNIX_NEEDS_RUN | FORNIX_FORETELLS,
                                      .memory = evaluate_memory,
                                      .columns = evaluate_columns,
                                      .rows = evaluate_rows};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "evaluate_segmentation",
    .doc =
        "Judges predicted masks: Dice, IoU, the 95th percentile of the surface distance (HD95), "
        "normalised surface Dice (NSD), volume error and bias of each class but the background "
        "(class 0), as mean over subjects with a percentile interval by bootstrap over subjects, "
        "median and least. Slices of a subject are put together first, as volumes where they know "
        "theirs; distances are in mm where the spacing is known, else in pixels; `dice` alone is "
        "the mean over classes. A class that neither mask of a subject has is left out of its "
        "mean, and counted, unless empty= says otherwise; where just one has it, HD95 counts the "
        "image's diagonal. What a crop cut away is in neither mask, in the image's own space too.",
    .formula =
        "Dice = 2 |P and T| / (|P| + |T|) (Dice 1945; Sorensen 1948), IoU = |P and T| / |P or T| "
        "(Jaccard 1912); surface: voxels with a face neighbour outside of the mask; HD95 = the "
        "larger of the two directed 95th percentiles of the distances between surface voxels; NSD "
        "= share of both surfaces within the tolerance of the other (Nikolov et al. 2021); volume "
        "error = ||P| - |T|| / |T|, bias = (|P| - |T|) / |T|; percentile bootstrap (Efron 1979)",
    .attrs_size = sizeof(EvaluateSegmentation),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<evaluate_segmentation id=\"dice\" predictions=\"segmented\" part=\"test\" "
               "cluster=\"subject\"/>"};
