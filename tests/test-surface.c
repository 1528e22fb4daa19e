/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Distances on grids and between the surfaces of masks, against scipy and against all pairs; what
 * the evaluator makes of them, with an image's spacing and without. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "edt.h"
#include "fornix-random.h"
#include "segmentation.h"
#include "tables.h"
#include "values/surfaces-values.h"
#include "volume.h"

static void assert_near(double found, double wanted, const char *of)
{
    bool same = isnan(wanted) ? isnan(found)
                              : found == wanted || fabs(found - wanted) <= 1e-12 * fmax(1, wanted);
    ck_assert_msg(same, "%s: %.17g is not %.17g", of, found, wanted);
}

/* ---- Distance transform ------------------------------------------------------------------ */

START_TEST(transforms)
{
    for (size_t k = 0; k < COUNT(edt_cases); k++) {
        const EdtCase *c = &edt_cases[k];
        int64_t voxels = c->size[0] * c->size[1] * c->size[2];
        double *squares = mem_new((size_t)voxels, sizeof *squares);
        edt_squares(c->in, c->size, c->spacing, squares);
        for (int64_t i = 0; i < voxels; i++)
            assert_near(squares[i], c->squares[i], "edt");
        mem_free(squares);
    }
}
END_TEST

static double square_between(const int64_t size[3], const double spacing[3], int64_t i, int64_t j)
{
    double sum = 0;
    for (int a = 0; a < 3; i /= size[a], j /= size[a], a++) {
        double apart = (double)(i % size[a] - j % size[a]) * spacing[a];
        sum += apart * apart;
    }
    return sum;
}

/* Sets of all densities, the empty one too, on grids of odd sizes and spacings. */
START_TEST(transforms_by_all_pairs)
{
    enum { MOST = 12 * 12 * 12 };
    static uint8_t in[MOST];
    static double squares[MOST];
    for (int trial = 0; trial < 60; trial++) {
        FornixRandomKey key = fornix_random_key((uint64_t)trial, "edt");
        int64_t size[3], voxels = 1;
        double spacing[3];
        for (int a = 0; a < 3; a++) {
            size[a] = 1 + fornix_random_below(key, (uint64_t)a, trial % 3 ? 8 : 12);
            spacing[a] = .2 + 3 * fornix_random_real(key, 10 + (uint64_t)a);
            voxels *= size[a];
        }
        double density = trial % 10 / 20.;
        for (int64_t i = 0; i < voxels; i++)
            in[i] = fornix_random_real(key, 100 + (uint64_t)i) < density;
        edt_squares(in, size, spacing, squares);
        for (int64_t i = 0; i < voxels; i++) {
            double least = INFINITY;
            for (int64_t j = 0; j < voxels; j++)
                if (in[j])
                    least = fmin(least, square_between(size, spacing, i, j));
            assert_near(squares[i], least, "by all pairs");
        }
    }
}
END_TEST

/* ---- Surfaces ---------------------------------------------------------------------------- */

START_TEST(surfaces)
{
    for (size_t k = 0; k < COUNT(surface_cases); k++) {
        const SurfaceCase *c = &surface_cases[k];
        int64_t voxels = c->size[0] * c->size[1] * c->size[2];
        Surfaces all = {0};
        FornixError error = {0};
        for (int i = 0; i < c->images; i++) {
            MaskPair pair = {.predicted = c->predicted + i * voxels,
                             .truth = c->truth + i * voxels};
            memcpy(pair.size, c->size, sizeof pair.size);
            memcpy(pair.spacing, c->spacing, sizeof pair.spacing);
            ck_assert(surfaces_add(&all, &pair, 1, &error));
        }
        assert_near(surfaces_hd95(&all), c->wanted[0], c->name);
        assert_near(surfaces_nsd(&all, c->tolerance), c->wanted[1], c->name);
        surfaces_free(&all);
    }
}
END_TEST

/* What the definitions say where a mask is empty. */
START_TEST(empty_masks)
{
    static const float none[8] = {0}, some[8] = {0, 1, 0, 0, 0, 0, 0, 0};
    double figures[SEGMENTATION_FIGURES], diagonal = sqrt(1 + 4 + 9);
    FornixError error = {0};
    const Overlap both_empty = {0, 0, 0}, missed = {0, 0, 1}, made_up = {0, 1, 0};
    for (int policy = EMPTY_SKIP; policy <= EMPTY_ZERO; policy++) {
        Surfaces empty = {0};
        MaskPair pair = {{2, 2, 2}, {1, 2, 3}, none, none};
        SegmentationRules rules = {(EmptyPolicy)policy, 1};
        ck_assert(surfaces_add(&empty, &pair, 1, &error));
        segmentation_judge(&both_empty, &empty, rules, figures);
        double want[] = {
            policy == EMPTY_ONE, policy == EMPTY_ONE,  policy == EMPTY_ONE ? 0 : diagonal,
            policy == EMPTY_ONE, policy == EMPTY_ZERO, 0};
        for (int f = 0; f < SEGMENTATION_FIGURES; f++)
            assert_near(figures[f], policy == EMPTY_SKIP ? NAN : want[f], segmentation_name(f));
        surfaces_free(&empty);
        Surfaces one = {0};
        pair.truth = some;
        ck_assert(surfaces_add(&one, &pair, 1, &error));
        segmentation_judge(&missed, &one, rules, figures);
        double lost[] = {0, 0, diagonal, 0, 1, -1}, extra[] = {0, 0, diagonal, 0, NAN, NAN};
        for (int f = 0; f < SEGMENTATION_FIGURES; f++)
            assert_near(figures[f], lost[f], segmentation_name(f));
        segmentation_judge(&made_up, &one, rules, figures);
        for (int f = 0; f < SEGMENTATION_FIGURES; f++)
            assert_near(figures[f], extra[f], segmentation_name(f));
        segmentation_judge(&missed, NULL, rules, figures);
        ck_assert(isnan(figures[HD95]) && isnan(figures[NSD]) && figures[DICE] == 0);
        surfaces_free(&one);
    }
}
END_TEST

/* ---- The evaluator ----------------------------------------------------------------------- */

static Made made;

static void start(void)
{
    made_start(&made);
}

static void stop(void)
{
    made_stop(&made);
}

/* A volume of 6 x 5 x 4 (W H D), whole or as slices across D; the prediction is one pixel off. */
enum { W = 6, H = 5, D = 4, VOXELS = W * H * D };

static int truth_at(int w, int h, int d)
{
    return w >= 1 && w <= 3 && h >= 1 && h <= 3 && d >= 1 && d <= 2;
}

static int predicted_at(int w, int h, int d)
{
    return w > 0 && truth_at(w - 1, h, d);
}

static bool volume_of(void *opened, const FornixTable *table, int column, int64_t row, float *out,
                      FornixError *error)
{
    (void)table, (void)error;
    bool slices = *(const bool *)opened;
    for (int d = 0; d < (slices ? 1 : D); d++)
        for (int h = 0; h < H; h++)
            for (int w = 0; w < W; w++) {
                int at = slices ? (int)row : d, value = predicted_at(w, h, at);
                float *to = out + ((d * H + h) * W + w) * (column == 0 ? 2 : 1);
                if (column == 0) {
                    to[0] = (float)!value;
                    to[1] = (float)value;
                } else
                    *to = (float)truth_at(w, h, at);
            }
    return true;
}

/* spacing NULL: nobody knows it. step: voxels of the image in one of the grid, along W. */
static const FornixTable *volume_table(const char *id, const bool *slices, const double *spacing,
                                       double step)
{
    FornixBuild *build = build_new(
        made.samples, &(BuildRequest){.id = id, .mistake = made_mistake, .context = &made});
    FornixShape shape = {1, *slices ? 1 : D, H, W, 2};
    fornix_add_column(build,
                      &(FornixColumn){.name = "logits", .kind = FORNIX_LOGITS, .shape = shape});
    shape.c = 1;
    fornix_add_column(
        build, &(FornixColumn){.name = "mask", .kind = FORNIX_MASK, .shape = shape, .classes = 2});
    VolumeMap map = {.file_size = {(int64_t)(W * step), H, D},
                     .size = {W, H, D},
                     .axis = {0, 1, 2},
                     .start = {(step - 1) / 2, 0, 0},
                     .step = {step, 1, 1}};
    for (int row = 0; row < (*slices ? D : 1); row++) {
        char name[32];
        snprintf(name, sizeof name, "slice %d", row);
        fornix_add_row(build, &(FornixRow){"s/1", name, FORNIX_REAL_SAMPLE, FORNIX_TEST});
        FornixSpace space = {.file = "one.nii", .slice = *slices ? row : -1, .axis = 2};
        memcpy(space.map, &map, sizeof map);
        if (spacing)
            memcpy(space.spacing, spacing, sizeof space.spacing);
        fornix_set_space(build, row, &space);
    }
    build_set_reader(build, &(TableReader){.read = volume_of, .opened = (void *)(uintptr_t)slices});
    const FornixTable *table = build_rows(build) ? build_table(build) : NULL;
    build_free(build);
    ck_assert_msg(table != NULL, "%s", made.mistake);
    return table;
}

static const FornixTable *judged(const char *attrs, const FornixTable *table)
{
    char text[200];
    snprintf(text, sizeof text, "<evaluate_segmentation draws='100' %s/>", attrs);
    const FornixTable *scores = made_run(&made, text, table, NULL);
    ck_assert_msg(scores != NULL, "%s", made.mistake);
    return scores;
}

static const bool slices = true, whole = false;

/* One pixel off along W: HD95 is one pixel there, whichever way the volume comes. */
START_TEST(evaluated)
{
    const double spacing[3] = {.5, 2, 3};
    const FornixTable *tables[] = {volume_table("whole", &whole, spacing, 1),
                                   volume_table("slices", &slices, spacing, 1)};
    for (size_t k = 0; k < COUNT(tables); k++) {
        const FornixTable *scores = judged("tolerance='0.4'", tables[k]);
        assert_near(made_metric(scores, "class_hd95.1"), .5, "hd95");
        assert_near(made_metric(scores, "class_dice.1"), 2. / 3, "dice");
        assert_near(made_metric(scores, "class_volume_error.1"), 0, "volume");
        /* 18 voxels each, all of them surface, of which 12 are in both */
        assert_near(made_metric(scores, "class_nsd.1"), 12. / 18, "nsd");
        assert_near(made_metric(judged("tolerance='0.5'", tables[k]), "nsd"), 1, "wide");
        ck_assert(made_metric(scores, "spacing_known") == 1);
        ck_assert(fornix_rows(scores) == 1 && made_says(scores, "HD95, mm", false));
        assert_near(fornix_real(scores, fornix_find_column(scores, "hd95_1"), 0), .5, "hd95_1");
    }
}
END_TEST

/* A voxel of the image is half as long as one of the grid: twice as many lie between. */
START_TEST(evaluated_in_the_image)
{
    const double spacing[3] = {.5, 2, 3};
    const FornixTable *scores = judged("space='image'", volume_table("fine", &slices, spacing, 2));
    assert_near(made_metric(scores, "class_hd95.1"), .5, "hd95");
    assert_near(made_metric(scores, "class_dice.1"), 2. / 3, "dice");
}
END_TEST

START_TEST(evaluated_without_spacing)
{
    const FornixTable *table = volume_table("bare", &whole, NULL, 1);
    const FornixTable *scores = judged("", table);
    assert_near(made_metric(scores, "class_hd95.1"), 1, "hd95");
    ck_assert(made_metric(scores, "spacing_known") == 0);
    ck_assert(made_says(scores, "HD95, pixels", false));
    scores = judged("surfaces='no'", table);
    double value, low, high;
    ck_assert(!fornix_get_metric(scores, "class_hd95.1", &value, &low, &high));
    ck_assert(fornix_find_column(scores, "hd95_1") < 0);
    ck_assert(fornix_find_column(scores, "volume_error_1") >= 0);
    assert_near(made_metric(scores, "class_dice.1"), 2. / 3, "dice");
}
END_TEST

/* Slices that are judged each for itself keep the two axes that they have. */
START_TEST(evaluated_slice_by_slice)
{
    const double spacing[3] = {.5, 2, 3};
    const FornixTable *scores = judged("cluster='none'", volume_table("each", &slices, spacing, 1));
    ck_assert_int_eq(fornix_rows(scores), D);
    int hd95 = fornix_find_column(scores, "hd95_1");
    ck_assert(isnan(fornix_real(scores, hd95, 0)));
    assert_near(fornix_real(scores, hd95, 1), .5, "slice 1");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("surface");
    TCase *tests = tcase_create("surface");
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, transforms);
    tcase_add_test(tests, transforms_by_all_pairs);
    tcase_add_test(tests, surfaces);
    tcase_add_test(tests, empty_masks);
    tcase_add_test(tests, evaluated);
    tcase_add_test(tests, evaluated_in_the_image);
    tcase_add_test(tests, evaluated_without_spacing);
    tcase_add_test(tests, evaluated_slice_by_slice);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
