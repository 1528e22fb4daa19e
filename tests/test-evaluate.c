/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Evaluators on tables made by hand: the figures, what they say in words, what they refuse. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attr.h"
#include "fornix-random.h"
#include "registry.h"
#include "tables.h"
#include "volume.h"

static Made made;

static void start(void)
{
    made_start(&made);
}

static void stop(void)
{
    made_stop(&made);
}

/* ---- Tables ------------------------------------------------------------------------------ */

typedef struct {
    const char *id;
    int subjects, slices;
    double signal;  /* how far the classes' logits lie apart */
    bool backwards; /* rows in reverse order */
    int32_t only;   /* all samples of this class; -1: in turn */
    int other_noise;
} Plan;

/* Two logits and the grade, by default of the same noise in every table. */
static const FornixTable *predictions(Plan plan)
{
    FornixBuild *build = build_new(
        made.samples, &(BuildRequest){.id = plan.id, .mistake = made_mistake, .context = &made});
    fornix_add_column(
        build, &(FornixColumn){.name = "logits", .kind = FORNIX_LOGITS, .shape = {1, 1, 1, 1, 2}});
    int grade = fornix_add_column(build, &(FornixColumn){.name = "grade",
                                                         .kind = FORNIX_LABEL,
                                                         .shape = {1, 1, 1, 1, 1},
                                                         .classes = 2,
                                                         .class_names = made_grades});
    int rows = plan.subjects * plan.slices;
    CellReader *reader = mem_new(1, sizeof *reader);
    *reader = (CellReader){mem_new((size_t)rows * 2, sizeof(float)), 2};
    FornixRandomKey key = fornix_random_key(4 + (uint64_t)plan.other_noise, "noise");
    for (int r = 0; r < rows; r++) {
        int i = plan.backwards ? rows - 1 - r : r, subject = i / plan.slices;
        int32_t class = plan.only >= 0 ? plan.only : subject % 2;
        char name[2][32];
        snprintf(name[0], sizeof name[0], "made/%d", subject);
        snprintf(name[1], sizeof name[1], "slice %d", i);
        fornix_add_row(build, &(FornixRow){name[0], name[1], FORNIX_REAL_SAMPLE, FORNIX_TEST});
        fornix_set_label(build, grade, r, class);
        reader->x[2 * r + 1] = fornix_random_normal(key, (uint64_t)subject) +
                               .1f * fornix_random_normal(key, (uint64_t)(1000 + i)) +
                               (float)(plan.signal * (class - .5));
    }
    build_set_reader(build,
                     &(TableReader){.read = cells_read, .close = cells_close, .opened = reader});
    const FornixTable *table = build_rows(build) ? build_table(build) : NULL;
    build_free(build);
    return table;
}

static const FornixTable *judged(const char *xml, const FornixTable *const *tables,
                                 const char *const *names, int count)
{
    return made_from(&made, xml, tables, names, count);
}

static const FornixTable *judged_one(const char *xml, const FornixTable *table)
{
    return judged(xml, &table, NULL, 1);
}

static double metric(const FornixTable *table, const char *name)
{
    return made_metric(table, name);
}

static bool says(const FornixTable *table, const char *words, bool warning)
{
    return made_says(table, words, warning);
}

static void refuses(const FornixTable *table, const char *where, const char *words)
{
    ck_assert_ptr_null(table);
    ck_assert_msg(strstr(made.mistake, words), "'%s' is not in '%s'", words, made.mistake);
    ck_assert_str_eq(made.where ? made.where : "", where);
}

/* ---- Classification ---------------------------------------------------------------------- */

static const char *const evaluate = "<evaluate_classification id='scores' draws='300'/>";

START_TEST(classification)
{
    const FornixTable *table =
        judged_one(evaluate, predictions((Plan){"p", 40, 3, 3, false, -1, 0}));
    ck_assert_msg(table != NULL, "%s", made.mistake);
    double low, high, auc;
    ck_assert(fornix_get_metric(table, "auc", &auc, &low, &high));
    ck_assert(auc > .9 && low > .5 && low < auc && high >= auc);
    double balanced = metric(table, "balanced_accuracy");
    ck_assert(fabs(balanced -
                   (metric(table, "sensitivity.low") + metric(table, "sensitivity.high")) / 2) <
              1e-12);
    ck_assert(metric(table, "samples") == 120 && metric(table, "clusters") == 40);
    ck_assert(metric(table, "confusion.low.low") + metric(table, "confusion.low.high") == 60);
    ck_assert(metric(table, "auc.permutation_p") < .01);
    ck_assert_int_eq(fornix_rows(table), 120);
    ck_assert(!says(table, "no evidence", true));
    ck_assert(says(table, "truth \\ predicted", false));
    ck_assert(says(table, "balanced accuracy", false));
    int truth = fornix_find_column(table, "truth"), score = fornix_find_column(table, "score_1");
    ck_assert_int_eq(fornix_label(table, truth, 3), 1);
    ck_assert(fornix_real(table, score, 3) > 0 && fornix_real(table, score, 3) < 1);
    ck_assert_str_eq(fornix_row(table, 3)->subject, "made/1");
}
END_TEST

START_TEST(noise_is_called_noise)
{
    const FornixTable *table =
        judged_one(evaluate, predictions((Plan){"p", 40, 3, 0, false, -1, 0}));
    ck_assert(says(table, "carry no evidence that the classes can be told apart", true));
    ck_assert(metric(table, "auc.permutation_p") > .05);
    table = judged_one(evaluate, predictions((Plan){"q", 40, 3, -4, false, -1, 0}));
    ck_assert(says(table, "the wrong way round", true));
}
END_TEST

START_TEST(few_subjects_and_a_class_missing)
{
    const FornixTable *table =
        judged_one(evaluate, predictions((Plan){"p", 8, 2, 1, false, -1, 0}));
    ck_assert(says(table, "only 4 subjects of class 'high': one is worth 25 points", true));
    table = judged_one(evaluate, predictions((Plan){"q", 30, 1, 1, false, 0, 0}));
    ck_assert(says(table, "balanced accuracy is undefined: a class has no samples", true));
    ck_assert(isnan(metric(table, "balanced_accuracy")) && isnan(metric(table, "auc")));
    ck_assert(isfinite(metric(table, "accuracy")));
}
END_TEST

START_TEST(mistakes_of_classification)
{
    const FornixTable *table = predictions((Plan){"p", 8, 1, 1, false, -1, 0});
    refuses(judged_one("<evaluate_classification id='s' column='logit'/>", table), "column",
            "did you mean 'logits'");
    refuses(judged_one("<evaluate_classification id='s' label='logits'/>", table), "label",
            "does not hold labels");
    refuses(judged_one("<evaluate_segmentation id='s'/>", table), "mask", "no column of masks");
    refuses(judged_one(evaluate, predictions((Plan){"n", 8, 1, NAN, false, -1, 0})), "column",
            "is not a number");
}
END_TEST

START_TEST(a_fitted_cut)
{
    const FornixTable *tables[2] = {predictions((Plan){"p", 40, 1, 1, false, -1, 0})};
    FornixBuild *build = build_new(
        made.samples, &(BuildRequest){.id = "cut", .mistake = made_mistake, .context = &made});
    fornix_set_values(build, "threshold", (double[]){0}, 1);
    ck_assert(build_rows(build));
    tables[1] = build_table(build);
    build_free(build);
    const FornixTable *table = judged(evaluate, tables, NULL, 2);
    ck_assert_msg(table != NULL, "%s", made.mistake);
    ck_assert(metric(table, "sensitivity.high") == 1 && metric(table, "sensitivity.low") == 0);
    ck_assert(metric(table, "auc") == metric(judged_one(evaluate, tables[0]), "auc"));
}
END_TEST

/* ---- Comparison -------------------------------------------------------------------------- */

static const char *const arm_names[] = {"scores[none]", "scores[same]", "scores[better]"};
static const char *const compare = "<compare id='verdict' over='arm' baseline='none' draws='300'/>";

static const FornixTable *compared(const char *xml, Plan better)
{
    const FornixTable *arms[3] = {
        judged_one(evaluate, predictions((Plan){"a", 40, 2, .5, false, -1, 0})),
        judged_one(evaluate, predictions((Plan){"b", 40, 2, .5, true, -1, 0})),
        judged_one(evaluate, predictions(better))};
    return judged(xml, arms, arm_names, 3);
}

START_TEST(arms)
{
    const FornixTable *table = compared(compare, (Plan){"c", 40, 2, 3, true, -1, 0});
    double value, low, high;
    ck_assert_msg(table != NULL, "%s", made.mistake);
    ck_assert(metric(table, "auc.same") == metric(table, "auc.none"));
    ck_assert(metric(table, "difference.auc.same") == 0 && metric(table, "p.auc.same") == 1);
    ck_assert(fornix_get_metric(table, "difference.auc.better", &value, &low, &high));
    ck_assert(value > .1 && low > 0 && high > value);
    ck_assert(metric(table, "p.auc.better") < .05);
    ck_assert(says(table, "better: AUC is higher than that of 'none'", false));
    ck_assert(!says(table, "no arm differs", false));
}
END_TEST

START_TEST(no_arm_differs)
{
    const FornixTable *table = compared(compare, (Plan){"c", 40, 2, .5, false, -1, 5});
    ck_assert(says(table, "no arm differs from 'none' in balanced accuracy or AUC", false));
}
END_TEST

/* Three subjects drawn again all agree, whatever is true. */
START_TEST(few_subjects_prove_nothing)
{
    const FornixTable *arms_of[] = {
        judged_one(evaluate, predictions((Plan){"a", 3, 2, -9, false, -1, 0})),
        judged_one(evaluate, predictions((Plan){"b", 3, 2, 9, false, -1, 0}))};
    const FornixTable *table = judged(compare, arms_of, arm_names, 2);
    ck_assert_msg(table != NULL, "%s", made.mistake);
    ck_assert(metric(table, "difference.auc.same") == 1);
    ck_assert(metric(table, "p.auc.same") == .25);
    ck_assert(says(table, "no arm differs", false));
}
END_TEST

/* A cut that suits the noise changes balanced accuracy, and cannot change the ranking. */
START_TEST(a_threshold_shift_is_called_so)
{
    const FornixTable *scores = predictions((Plan){"p", 40, 2, 4, false, -1, 0});
    FornixBuild *build = build_new(
        made.samples, &(BuildRequest){.id = "cut", .mistake = made_mistake, .context = &made});
    fornix_set_values(build, "threshold", (double[]){.99}, 1);
    ck_assert(build_rows(build));
    const FornixTable *cut[] = {scores, build_table(build)};
    build_free(build);
    const FornixTable *arms_of[] = {judged(evaluate, cut, NULL, 2), judged_one(evaluate, scores)};
    const FornixTable *table = judged(compare, arms_of, arm_names, 2);
    ck_assert_msg(table != NULL, "%s", made.mistake);
    ck_assert(metric(table, "difference.auc.same") == 0);
    ck_assert(metric(table, "difference.balanced_accuracy.same") > .1);
    ck_assert(says(table, "a shifted threshold gives such a gain for nothing", false));
}
END_TEST

START_TEST(mistakes_of_compare)
{
    Plan other = {"c", 44, 2, 1, false, -1, 0};
    refuses(compared(compare, other), "scores", "only 80 are the same");
    refuses(compared("<compare id='v' baseline='nothing'/>", other), "baseline", "no 'nothing'");
    const FornixTable *raw = predictions((Plan){"p", 8, 1, 1, false, -1, 0});
    refuses(judged_one("<compare id='v'/>", raw), "scores", "nothing to compare");
}
END_TEST

/* Arms within folds: each meets the baseline of its own fold. */
START_TEST(arms_in_folds)
{
    static const char *const names[] = {"scores[none][0]", "scores[none][1]", "scores[x][0]",
                                        "scores[x][1]"};
    const FornixTable *arms_of[] = {
        judged_one(evaluate, predictions((Plan){"a", 40, 1, 1, false, -1, 0})),
        judged_one(evaluate, predictions((Plan){"b", 36, 1, 1, false, -1, 0})),
        judged_one(evaluate, predictions((Plan){"c", 40, 1, 2, false, -1, 0})),
        judged_one(evaluate, predictions((Plan){"d", 36, 1, 2, false, -1, 0}))};
    const FornixTable *table = judged(compare, arms_of, names, 4);
    ck_assert_msg(table != NULL, "%s", made.mistake);
    ck_assert(metric(table, "difference.auc.x.0") > 0 && metric(table, "difference.auc.x.1") > 0);
    double median = (metric(table, "auc.x.0") + metric(table, "auc.x.1")) / 2;
    ck_assert(fabs(metric(table, "median.auc.x") - median) < 1e-12);
    ck_assert(says(table, "less baseline", false));
}
END_TEST

/* A mean over runs needs no common subjects; out of its bounds it is warned of. */
START_TEST(mean_over_runs)
{
    static const char *const within = "<mean_scores id='m' between='0.5 1'/>";
    const FornixTable *runs[] = {
        judged_one(evaluate, predictions((Plan){"a", 40, 1, 1, false, -1, 0})),
        judged_one(evaluate, predictions((Plan){"b", 36, 1, 2, false, -1, 1}))};
    double a = metric(runs[0], "auc"), b = metric(runs[1], "auc");
    const FornixTable *table = judged(within, runs, arm_names, 2);
    ck_assert_msg(table != NULL, "%s", made.mistake);
    ck_assert(fabs(metric(table, "mean.auc") - (a + b) / 2) < 1e-12);
    ck_assert(fabs(metric(table, "deviation.auc") - fabs(a - b) / sqrt(2)) < 1e-12);
    ck_assert(says(table, "as it has to be", false));
    table = judged("<mean_scores id='m' between='0.1 0.2'/>", runs, arm_names, 2);
    ck_assert(says(table, "has to lie between 0.1 and 0.2", true));
    refuses(judged("<mean_scores id='m' figure='auk'/>", runs, arm_names, 2), "figure",
            "no figure 'auk'");
    refuses(judged("<mean_scores id='m' between='0.5'/>", runs, arm_names, 2), "between",
            "two numbers");
    refuses(judged("<mean_scores id='m' between='1 0'/>", runs, arm_names, 2), "between", "above");
}
END_TEST

/* ---- Segmentation ------------------------------------------------------------------------ */

enum { SIDE = 4, PIXELS = SIDE * SIDE };

typedef struct {
    const char *subject;
    int predicted, truth; /* of the first pixels of the slice */
} Slice;

static bool slices_read(void *opened, const FornixTable *table, int column, int64_t row, float *out,
                        FornixError *error)
{
    (void)table, (void)error;
    const Slice *slice = (const Slice *)opened + row;
    for (int i = 0; i < PIXELS; i++)
        out[i] = column == 0 ? (i < slice->predicted ? 1.f : -1.f) : (float)(i < slice->truth);
    return true;
}

/* map: the way back of slices of one volume to a subject, numbered as they come; NULL: none. */
static const FornixTable *segmentations(const char *id, const Slice *slices, int count,
                                        const VolumeMap *map)
{
    FornixBuild *build = build_new(
        made.samples, &(BuildRequest){.id = id, .mistake = made_mistake, .context = &made});
    fornix_add_column(
        build,
        &(FornixColumn){.name = "logits", .kind = FORNIX_LOGITS, .shape = {1, 1, SIDE, SIDE, 1}});
    fornix_add_column(build, &(FornixColumn){.name = "mask",
                                             .kind = FORNIX_MASK,
                                             .shape = {1, 1, SIDE, SIDE, 1},
                                             .classes = 2});
    for (int i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof name, "slice %d", i);
        fornix_add_row(build,
                       &(FornixRow){slices[i].subject, name, FORNIX_REAL_SAMPLE, FORNIX_TEST});
        FornixSpace space = {.file = slices[i].subject, .axis = 2};
        for (int before = 0; before < i; before++)
            space.slice += strcmp(slices[before].subject, slices[i].subject) == 0;
        if (map) {
            memcpy(space.map, map, sizeof *map);
            fornix_set_space(build, i, &space);
        }
    }
    build_set_reader(build,
                     &(TableReader){.read = slices_read, .opened = (void *)(uintptr_t)slices});
    const FornixTable *table = build_rows(build) ? build_table(build) : NULL;
    build_free(build);
    return table;
}

static const Slice slices[] = {{"s/1", 4, 8}, {"s/2", 2, 2}, {"s/1", 4, 0}, {"s/3", 0, 0}};

START_TEST(segmentation)
{
    const FornixTable *table = segmentations("p", slices, 4, NULL);
    const FornixTable *scores = judged_one("<evaluate_segmentation id='dice' draws='200'/>", table);
    ck_assert_msg(scores != NULL, "%s", made.mistake);
    /* Subject 1: both 4, predicted 8, truth 8; subject 2: perfect; subject 3: nothing there. */
    ck_assert(fabs(metric(scores, "dice") - .75) < 1e-12);
    ck_assert(fabs(metric(scores, "iou") - (4. / 12 + 1) / 2) < 1e-12);
    ck_assert(metric(scores, "class_left_out.1") == 1 && metric(scores, "subjects") == 3);
    ck_assert_int_eq(fornix_rows(scores), 3);
    int dice = fornix_find_column(scores, "dice_1");
    ck_assert(fornix_real(scores, dice, 0) == .5 && isnan(fornix_real(scores, dice, 2)));
    scores = judged_one("<evaluate_segmentation id='dice' empty='one' cluster='none'/>", table);
    ck_assert(fabs(metric(scores, "dice") - (8. / 12 + 1 + 0 + 1) / 4) < 1e-12);
}
END_TEST

/* Images of 3 x 4 x 2 voxels, padded to 4 x 4: the last column is in no image. */
START_TEST(segmentation_in_the_image)
{
    static const Slice padded[] = {{"s/1", 5, 8}, {"s/1", 4, 0}};
    VolumeMap map = {
        .file_size = {3, 4, 2}, .size = {3, 4, 2}, .axis = {0, 1, 2}, .step = {1, 1, 1}};
    map = volume_crop(map, (int64_t[]){SIDE, SIDE, 2}, VOLUME_CORNER);
    const FornixTable *table = segmentations("p", padded, 2, &map);
    const FornixTable *scores = judged_one("<evaluate_segmentation id='grid'/>", table);
    ck_assert(fabs(metric(scores, "dice") - 10. / 17) < 1e-12);
    scores = judged_one("<evaluate_segmentation id='image' space='image'/>", table);
    ck_assert_msg(scores != NULL, "%s", made.mistake);
    ck_assert(fabs(metric(scores, "dice") - 8. / 13) < 1e-12);
    ck_assert_int_eq(fornix_rows(scores), 1);
    refuses(judged_one("<evaluate_segmentation id='i' space='image' cluster='none'/>", table),
            "cluster", "judged together");
    refuses(judged_one("<evaluate_segmentation id='i' space='image'/>",
                       segmentations("q", padded, 2, NULL)),
            "", "know no way back");
    map.size[0] = 5;
    refuses(judged_one("<evaluate_segmentation id='i' space='image'/>",
                       segmentations("r", padded, 2, &map)),
            "", "have not the size");
}
END_TEST

START_TEST(segmentations_compared)
{
    static const Slice better[] = {{"s/2", 2, 2}, {"s/1", 8, 8}, {"s/3", 0, 0}};
    const char *const names[] = {"before", "after"};
    const FornixTable *arms_of[] = {
        judged_one("<evaluate_segmentation id='before'/>", segmentations("p", slices, 4, NULL)),
        judged_one("<evaluate_segmentation id='after'/>", segmentations("q", better, 3, NULL))};
    const FornixTable *table = judged("<compare id='gain' baseline='before'/>", arms_of, names, 2);
    ck_assert_msg(table != NULL, "%s", made.mistake);
    ck_assert(fabs(metric(table, "difference.dice_1.after") - .25) < 1e-12);
}
END_TEST

/* ---- Distances of features --------------------------------------------------------------- */

enum { EACH = 200, WIDE = 4 };

/* Two classes, whose features lie `apart` from one another, moved and stretched. */
static const FornixTable *features(const char *id, double apart, double moved, double spread)
{
    static char subject[2 * EACH][32];
    Cell cells[2 * EACH];
    FornixRandomKey key = fornix_random_key(1, id);
    for (int i = 0; i < 2 * EACH; i++) {
        snprintf(subject[i], sizeof subject[i], "%s/%d", id, i);
        cells[i] = (Cell){.subject = subject[i], .label = i % 2, .part = FORNIX_TRAIN};
        for (int k = 0; k < WIDE; k++)
            cells[i].x[k] = (float)(spread * fornix_random_normal(key, (uint64_t)(i * WIDE + k)) +
                                    moved + (i % 2 ? apart : 0));
    }
    return made_table(&made, id, cells, 2 * EACH, WIDE, 2);
}

static const FornixTable *distances(const FornixTable *real, const FornixTable *synthetic)
{
    const FornixTable *both[] = {real, synthetic};
    const FornixTable *table = judged("<feature_distance id='apart'/>", both, NULL, 2);
    ck_assert_msg(table != NULL, "%s", made.mistake);
    return table;
}

START_TEST(features_of_one_distribution)
{
    const FornixTable *table = distances(features("a", 3, 0, 1), features("b", 3, 0, 1));
    ck_assert(metric(table, "means.low") < 2.5 * metric(table, "means_by_chance.low"));
    ck_assert(fabs(metric(table, "means_by_chance.low") - .1) < 1e-9);
    ck_assert(fabs(metric(table, "spreads.high") - 1) < .1);
    ck_assert(fabs(metric(table, "neighbours.high") - .5) < .1);
    ck_assert(metric(table, "frechet.low") < 3 * metric(table, "frechet_of_halves.low"));
    int count;
    table_lines(table, &count);
    ck_assert_int_eq(count, 4);
}
END_TEST

START_TEST(features_that_lie_apart)
{
    const FornixTable *table = distances(features("a", 3, 0, 1), features("b", 3, 2, .25));
    double means = metric(table, "means.low");
    ck_assert(fabs(means - 2) < .2 && fabs(metric(table, "spreads.low") - .25) < .05);
    ck_assert(metric(table, "neighbours.low") > .9);
    /* One coordinate a feature, each distance over the number of features: 2^2 + .75^2. */
    ck_assert(fabs(metric(table, "frechet.low") - 4.5625) < .8);
    ck_assert(says(table, "mean of synthetic 'low' lies nearer to real 'high'", true));
    ck_assert(says(table, "the generator repeats itself", true));
    ck_assert(metric(table, "farthest") >= means);
}
END_TEST

START_TEST(features_of_other_shape)
{
    static const Cell cell[] = {{"x/1", 0, FORNIX_TRAIN, {1}}, {"x/2", 1, FORNIX_TRAIN, {2}}};
    const FornixTable *both[] = {features("a", 3, 0, 1), made_table(&made, "c", cell, 2, 1, 2)};
    refuses(judged("<feature_distance id='apart'/>", both, NULL, 2), "synthetic",
            "features are 1 x 1 x 1 x 1");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("evaluate");
    TCase *tests = tcase_create("evaluate");
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, classification);
    tcase_add_test(tests, noise_is_called_noise);
    tcase_add_test(tests, few_subjects_and_a_class_missing);
    tcase_add_test(tests, mistakes_of_classification);
    tcase_add_test(tests, a_fitted_cut);
    tcase_add_test(tests, arms);
    tcase_add_test(tests, no_arm_differs);
    tcase_add_test(tests, few_subjects_prove_nothing);
    tcase_add_test(tests, a_threshold_shift_is_called_so);
    tcase_add_test(tests, mistakes_of_compare);
    tcase_add_test(tests, arms_in_folds);
    tcase_add_test(tests, mean_over_runs);
    tcase_add_test(tests, segmentation);
    tcase_add_test(tests, segmentation_in_the_image);
    tcase_add_test(tests, segmentations_compared);
    tcase_add_test(tests, features_of_one_distribution);
    tcase_add_test(tests, features_that_lie_apart);
    tcase_add_test(tests, features_of_other_shape);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
