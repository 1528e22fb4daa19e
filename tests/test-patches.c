/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Patches: where they lie, how many are on a tumour, that columns stay together and rows keep who
 * they are of; boxes of tensors from every kind of table; the node that drops small components. */
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "file.h"
#include "store.h"
#include "tables.h"

enum { D = 12, H = 15, W = 18, VOXELS = D * H * W, SUBJECTS = 3, EACH = 400, SIZE = 5 };

static Made made;
static char folder[64];

static void start(void)
{
    made_start(&made);
    strcpy(folder, "/tmp/fornix-patches.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void stop(void)
{
    FornixError error = {0};
    made_stop(&made);
    ck_assert(file_remove(folder, &error));
}

/* ---- Volumes whose voxels tell where they are ---- */

static bool is_tumour(int64_t row, int64_t voxel)
{
    int64_t d = voxel / (H * W), h = voxel / W % H, w = voxel % W;
    if (row == SUBJECTS - 1) /* the last subject has none */
        return false;
    int64_t off = (d - 6) * (d - 6) + (h - 7) * (h - 7) + (w - 6 - 3 * row) * (w - 6 - 3 * row);
    return off <= 7;
}

static int volume_reads;

static bool volumes_read(void *opened, const FornixTable *table, int column, int64_t row,
                         float *out, FornixError *error)
{
    (void)opened, (void)error;
    bool mask = fornix_column(table, column)->kind & FORNIX_MASK;
    volume_reads++;
    for (int64_t i = 0; i < VOXELS; i++)
        if (mask) {
            out[i] = is_tumour(row, i) ? 2 : 0;
        } else {
            out[2 * i] = (float)i;
            out[2 * i + 1] = (float)(row * VOXELS + i);
        }
    return true;
}

static const FornixTable *volumes(void)
{
    static const char *const names[] = {"c/a", "c/b", "c/c"};
    static const FornixPart parts[] = {FORNIX_TRAIN, FORNIX_TEST, FORNIX_TRAIN};
    FornixBuild *build = build_new(
        made.samples, &(BuildRequest){.id = "v", .mistake = made_mistake, .context = &made});
    FornixSpace space = {.file = "nowhere.nii", .slice = -1, .spacing = {1, 2, 3}};
    fornix_add_column(build, &(FornixColumn){"image", FORNIX_IMAGE, {1, D, H, W, 2}, 0, NULL});
    fornix_add_column(build, &(FornixColumn){"mask", FORNIX_MASK, {1, D, H, W, 1}, 3, NULL});
    int grade = fornix_add_column(
        build, &(FornixColumn){"grade", FORNIX_LABEL, {1, 1, 1, 1, 1}, 2, made_grades});
    for (int r = 0; r < SUBJECTS; r++) {
        fornix_add_row(build, &(FornixRow){names[r], "", FORNIX_REAL_SAMPLE, parts[r]});
        fornix_set_label(build, grade, r, r % 2);
        fornix_set_space(build, r, &space);
    }
    build_set_reader(build, &(TableReader){.read = volumes_read});
    const FornixTable *table = build_rows(build) ? build_table(build) : NULL;
    build_free(build);
    ck_assert_ptr_nonnull(table);
    return table;
}

static void take(const FornixTable *table, const char *column, int64_t row, float *out)
{
    FornixError error = {0};
    int c = fornix_find_column(table, column);
    ck_assert_msg(fornix_read(table, c, row, out, &error), "%s", error.text);
}

/* Where a patch of SIZE begins; checks that all of it, and its mask, is from there. */
static void patch_place(const FornixTable *pieces, int64_t row, int64_t place[3])
{
    float image[SIZE * SIZE * SIZE * 2], mask[SIZE * SIZE * SIZE];
    take(pieces, "image", row, image);
    take(pieces, "mask", row, mask);
    int64_t first = (int64_t)image[0], volume = row / EACH;
    place[0] = first / (H * W);
    place[1] = first / W % H;
    place[2] = first % W;
    ck_assert(place[0] + SIZE <= D && place[1] + SIZE <= H && place[2] + SIZE <= W);
    for (int64_t i = 0; i < SIZE * SIZE * SIZE; i++) {
        int64_t at = first + (i / (SIZE * SIZE) * H + i / SIZE % SIZE) * W + i % SIZE;
        ck_assert_float_eq(image[2 * i], (float)at);
        ck_assert_float_eq(image[2 * i + 1], (float)(volume * VOXELS + at));
        ck_assert_float_eq(mask[i], is_tumour(volume, at) ? 2 : 0);
    }
}

START_TEST(rows_keep_who_they_are_of)
{
    const FornixTable *table = volumes();
    const FornixTable *pieces =
        made_run(&made, "<patches size=\"5\" per_volume=\"400\" foreground=\"0.5\"/>", table, NULL);
    ck_assert_int_eq(fornix_rows(pieces), SUBJECTS * EACH);
    int image = fornix_find_column(pieces, "image");
    ck_assert_int_eq(fornix_floats(fornix_column(pieces, image)->shape), SIZE * SIZE * SIZE * 2);
    ck_assert_int_eq(fornix_column(pieces, fornix_find_column(pieces, "mask"))->classes, 3);
    for (int64_t row = 0; row < fornix_rows(pieces); row += 123) {
        const FornixRow *is = fornix_row(pieces, row), *of = fornix_row(table, row / EACH);
        ck_assert_ptr_eq(is->subject, of->subject);
        ck_assert_int_eq(is->part, of->part);
        ck_assert_int_eq(made_label(pieces, row), made_label(table, row / EACH));
        ck_assert_ptr_null(fornix_space(pieces, row)->file);
        ck_assert_double_eq(fornix_space(pieces, row)->spacing[2], 3);
    }
    ck_assert_str_eq(fornix_row(pieces, EACH)->name, "patch 1");
    ck_assert_str_eq(fornix_row(pieces, EACH + 398)->name, "patch 399");
}
END_TEST

/* Four standard deviations of a share of n draws. */
static double tolerance(double share, double n)
{
    return 4 * sqrt(share * (1 - share) / n) + 1e-9;
}

static bool on_tumour(int64_t volume, const int64_t place[3])
{
    int64_t half = SIZE / 2;
    return is_tumour(volume, ((place[0] + half) * H + place[1] + half) * W + place[2] + half);
}

/* Share of all places in the volume where a patch has a tumour in its middle. */
static double share_by_chance(int64_t volume)
{
    double hits = 0, all = 0;
    for (int64_t d = 0; d + SIZE <= D; d++)
        for (int64_t h = 0; h + SIZE <= H; h++)
            for (int64_t w = 0; w + SIZE <= W; w++) {
                hits += on_tumour(volume, (int64_t[]){d, h, w});
                all++;
            }
    return hits / all;
}

START_TEST(patches_lie_as_told)
{
    static const double shares[] = {0, .3, 1};
    double asked = shares[_i];
    char text[100];
    snprintf(text, sizeof text, "<patches size=\"5\" per_volume=\"400\" foreground=\"%g\"/>",
             asked);
    const FornixTable *pieces = made_run(&made, text, volumes(), NULL);
    for (int64_t volume = 0; volume < SUBJECTS; volume++) {
        double hits = 0, chance = share_by_chance(volume), mean[3] = {0}, expected[3] = {0};
        int64_t low[] = {D, H, W}, high[] = {0, 0, 0}, tumour = 0;
        bool seen[VOXELS] = {false};
        for (int64_t k = 0; k < EACH; k++) {
            int64_t place[3];
            patch_place(pieces, volume * EACH + k, place);
            hits += on_tumour(volume, place);
            seen[(place[0] * H + place[1]) * W + place[2]] = true;
            for (int axis = 0; axis < 3; axis++) {
                mean[axis] += (double)(place[axis] + SIZE / 2) / EACH;
                low[axis] = place[axis] < low[axis] ? place[axis] : low[axis];
                high[axis] = place[axis] > high[axis] ? place[axis] : high[axis];
            }
        }
        for (int64_t i = 0; i < VOXELS; i++)
            if (is_tumour(volume, i)) {
                tumour++;
                expected[0] += (double)(i / (H * W));
                expected[1] += (double)(i / W % H);
                expected[2] += (double)(i % W);
            }
        double share = tumour ? asked + (1 - asked) * chance : 0;
        ck_assert_double_eq_tol(hits / EACH, share, tolerance(share, EACH));
        int64_t places = 0;
        for (int64_t i = 0; i < VOXELS; i++)
            places += seen[i];
        if (asked == 1 && tumour) { /* every voxel of the tumour is as likely */
            for (int axis = 0; axis < 3; axis++)
                ck_assert_double_eq_tol(mean[axis], expected[axis] / (double)tumour, .3);
            ck_assert(places <= tumour && places > tumour - 6);
        } else if (asked == 0 || !tumour) { /* all that there is of the volume */
            ck_assert(low[0] == 0 && low[1] == 0 && low[2] == 0);
            ck_assert(high[0] == D - SIZE && high[1] == H - SIZE && high[2] == W - SIZE);
            ck_assert_int_gt(places, EACH * 3 / 4);
        }
    }
}
END_TEST

START_TEST(places_depend_on_seed_and_row_alone)
{
    const FornixTable *table = volumes();
    const char *text = "<patches size=\"5\" per_volume=\"400\" foreground=\"0.5\" seed=\"7\"/>";
    const FornixTable *one = made_run(&made, text, table, NULL);
    const FornixTable *two = made_run(&made, text, table, NULL);
    const FornixTable *other =
        made_run(&made, "<patches size=\"5\" per_volume=\"400\" foreground=\"0.5\" seed=\"8\"/>",
                 table, NULL);
    int same = 0;
    for (int64_t row = 0; row < SUBJECTS * EACH; row += 7) {
        int64_t back = SUBJECTS * EACH - 1 - row, a[3], b[3], c[3];
        patch_place(one, row, a); /* the one forwards, the other backwards */
        patch_place(two, back, b);
        patch_place(one, back, c);
        ck_assert_mem_eq(b, c, sizeof b);
        patch_place(other, row, c);
        same += memcmp(a, c, sizeof a) == 0;
    }
    ck_assert_int_lt(same, SUBJECTS * EACH / 7 / 10);
}
END_TEST

START_TEST(small_volumes_are_in_the_middle)
{
    const FornixTable *pieces = made_run(
        &made, "<patches size=\"16 15 30\" per_volume=\"2\" foreground=\"1\"/>", volumes(), NULL);
    static float image[16 * 15 * 30 * 2];
    take(pieces, "image", 3, image);
    for (int64_t i = 0; i < 16 * 15 * 30; i++) {
        int64_t d = i / (15 * 30) - 2, h = i / 30 % 15, w = i % 30 - 6;
        d = d < 0 ? 0 : d >= D ? D - 1 : d;
        w = w < 0 ? 0 : w >= W ? W - 1 : w;
        ck_assert_float_eq(image[2 * i], (float)((d * H + h) * W + w));
    }
}
END_TEST

START_TEST(mistakes_are_told)
{
    const FornixTable *table = volumes();
    ck_assert_ptr_null(made_run(&made, "<patches size=\"5\" mask=\"image\"/>", table, NULL));
    ck_assert_str_eq(made.where, "mask");
    ck_assert_ptr_null(made_run(&made, "<patches size=\"5\" column=\"imag\"/>", table, NULL));
    ck_assert_ptr_nonnull(strstr(made.mistake, "did you mean 'image'?"));
    const FornixTable *flat =
        made_run(&made, "<phantom subjects=\"2\" size=\"1 12 12\"/>", NULL, NULL);
    ck_assert_ptr_null(made_run(&made, "<patches size=\"2 5 5\"/>", flat, NULL));
    ck_assert_ptr_nonnull(strstr(made.mistake, "size H W"));
    ck_assert_ptr_nonnull(made_run(&made, "<patches size=\"5\"/>", flat, NULL));
}
END_TEST

/* ---- Boxes of tables ---- */

START_TEST(boxes_are_parts_of_wholes)
{
    FornixError error = {0};
    const FornixTable *table = volumes();
    const FornixTable *kept = made_run(&made, "<phantom subjects=\"2\" size=\"14\"/>", NULL, NULL);
    made_boxes(kept, "image", 1);
    const FornixTable *heads =
        made_run(&made, "<phantom grades=\"low:5 high:5\" size=\"14\"/>", NULL, NULL);
    made_boxes(made_run(&made, "<split test=\"0.5\"/>", heads, NULL), "image", 3);
    ck_assert_msg(store_save(table, folder, &error), "%s", error.text);
    const FornixTable *stored = store_load(made.samples, folder, "stored", &error);
    ck_assert_msg(stored != NULL, "%s", error.text);
    for (int64_t row = 0; row < SUBJECTS; row++) {
        made_boxes(table, "image", row);
        made_boxes(stored, "image", row);
        made_boxes(stored, "mask", row);
    }
    FornixBox box = {{0, 0, 0}, {1, 1, 1}};
    float value;
    ck_assert(!fornix_read_box(table, 0, SUBJECTS, &box, &value, &error));
    ck_assert(!fornix_read_box(table, fornix_find_column(table, "grade"), 0, &box, &value, &error));
}
END_TEST

/* Of a table on disk a patch is read in parts; of what a loader keeps, no volume is read twice. */
START_TEST(patches_read_no_more_than_they_need)
{
    const FornixTable *table = volumes();
    const FornixTable *pieces =
        made_run(&made, "<patches size=\"5\" per_volume=\"400\" foreground=\"0.5\"/>", table, NULL);
    int64_t place[3];
    volume_reads = 0;
    for (int64_t k = 0; k < 50; k++)
        patch_place(pieces, k, place);
    ck_assert_int_eq(volume_reads, 101); /* two for each patch, and once to look for the tumour */
}
END_TEST

/* ---- The largest component ---- */

static bool blobs_read(void *opened, const FornixTable *table, int column, int64_t row, float *out,
                       FornixError *error)
{
    /* a line of ten: two of class 1, three of class 2 beside them, one of class 1 apart */
    static const int classes[] = {0, 1, 1, 2, 2, 2, 0, 0, 1, 0};
    (void)opened, (void)row, (void)error;
    const FornixColumn *shown = fornix_column(table, column);
    for (int i = 0; i < 10; i++)
        if (shown->shape.c == 1 && shown->kind == FORNIX_MASK)
            out[i] = (float)classes[i];
        else if (shown->shape.c == 1)
            out[i] = classes[i] ? .9f : .2f;
        else
            for (int c = 0; c < 3; c++)
                out[3 * i + c] = (float)(c == classes[i] ? 5 : c + 1) / 10;
    return true;
}

static const FornixTable *blobs(const char *name, unsigned kind, int64_t channels)
{
    FornixBuild *build = build_new(
        made.samples, &(BuildRequest){.id = "b", .mistake = made_mistake, .context = &made});
    fornix_add_column(
        build, &(FornixColumn){.name = name, .kind = kind, .shape = {1, 1, 1, 10, channels}});
    fornix_add_row(build, &(FornixRow){.subject = "s", .name = ""});
    build_set_reader(build, &(TableReader){.read = blobs_read});
    const FornixTable *table = build_rows(build) ? build_table(build) : NULL;
    build_free(build);
    return table;
}

START_TEST(small_components_become_background)
{
    const FornixTable *mask = blobs("mask", FORNIX_MASK, 1);
    const FornixTable *whole = made_run(&made, "<largest_component/>", mask, NULL);
    const FornixTable *each = made_run(&made, "<largest_component of=\"class\"/>", mask, NULL);
    for (int i = 0; i < 10; i++) {
        float is = made_value(mask, "mask", 0, i), left = i == 8 ? 0 : is;
        ck_assert_float_eq(made_value(whole, "mask", 0, i), left);
        ck_assert_float_eq(made_value(each, "mask", 0, i), left);
    }
    const FornixTable *logits = blobs("logits", FORNIX_LOGITS, 3);
    const FornixTable *swapped = made_run(&made, "<largest_component/>", logits, NULL);
    for (int i = 0; i < 30; i++) {
        int from = i == 24 ? 25 : i == 25 ? 24 : i; /* pixel 8: classes 0 and 1 */
        ck_assert_float_eq(made_value(swapped, "logits", 0, i),
                           made_value(logits, "logits", 0, from));
    }
    const FornixTable *p = blobs("p", FORNIX_PROBABILITY, 1);
    const FornixTable *cleared = made_run(&made, "<largest_component/>", p, NULL);
    ck_assert_float_eq(made_value(cleared, "p", 0, 8), 1 - .9f);
    ck_assert_float_eq(made_value(cleared, "p", 0, 5), .9f);
    ck_assert_ptr_null(made_run(&made, "<largest_component/>",
                                made_run(&made, "<phantom subjects=\"1\" size=\"1\"/>", NULL, NULL),
                                NULL));
    ck_assert_ptr_nonnull(strstr(made.mistake, "one pixel"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("patches");
    TCase *cases = tcase_create("patches");
    tcase_add_checked_fixture(cases, start, stop);
    tcase_add_test(cases, rows_keep_who_they_are_of);
    tcase_add_loop_test(cases, patches_lie_as_told, 0, 3);
    tcase_add_test(cases, places_depend_on_seed_and_row_alone);
    tcase_add_test(cases, small_volumes_are_in_the_middle);
    tcase_add_test(cases, mistakes_are_told);
    tcase_add_test(cases, boxes_are_parts_of_wholes);
    tcase_add_test(cases, patches_read_no_more_than_they_need);
    tcase_add_test(cases, small_components_become_background);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
