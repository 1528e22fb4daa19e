/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Slices for people: the fullest one, the truth left and the prediction right, on the image or on
 * what was thought likely; the same bytes as a file, and as text in a page. */
#include "slice.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "file.h"
#include "html.h"
#include "picture.h"
#include "tables.h"

enum { D = 3, H = 4, W = 5, PIXELS = D * H * W, COLUMNS = 3 };

static Made made;
/* The truth is one pixel of slice 0, and of slice 1 all; the net finds of slice 1 its last line. */
static float image[PIXELS], logits[2 * PIXELS], mask[PIXELS];

static bool volume_values(void *opened, const FornixTable *table, int column, int64_t row,
                          float *out, FornixError *error)
{
    static const float *const of[COLUMNS] = {image, logits, mask};
    (void)opened, (void)row, (void)error;
    size_t floats = (size_t)fornix_floats(fornix_column(table, column)->shape);
    memcpy(out, of[column], floats * sizeof *out);
    return true;
}

static const FornixTable *volumes(void)
{
    BuildRequest request = {.id = "v", .mistake = made_mistake, .context = &made};
    FornixBuild *build = build_new(made.samples, &request);
    FornixColumn columns[COLUMNS] = {
        {.name = "image", .kind = FORNIX_IMAGE, .shape = {1, D, H, W, 1}},
        {.name = "logits", .kind = FORNIX_LOGITS, .shape = {1, D, H, W, 2}},
        {.name = "mask", .kind = FORNIX_MASK, .shape = {1, D, H, W, 1}, .classes = 2}};
    for (int c = 0; c < COLUMNS; c++)
        fornix_add_column(build, &columns[c]);
    fornix_add_row(build, &(FornixRow){"c/1", "", FORNIX_REAL_SAMPLE, FORNIX_TEST});
    build_set_reader(build, &(TableReader){.read = volume_values});
    const FornixTable *table = build_rows(build) ? build_table(build) : NULL;
    build_free(build);
    ck_assert_msg(table != NULL, "%s", made.mistake);
    return table;
}

static void start(void)
{
    made = (Made){.samples = samples_new(NULL)};
    for (int i = 0; i < PIXELS; i++) {
        int d = i / (H * W), h = i / W % H;
        image[i] = (float)(d == 1 ? h : 100);
        mask[i] = d == 1 || i == 0;
        logits[2 * i] = 0;
        logits[2 * i + 1] = d == 1 && h == H - 1 ? 9 : -9;
    }
}

static void stop(void)
{
    samples_free(made.samples);
}

static bool is_grey(const Slice *slice, int64_t h, int64_t w)
{
    const uint8_t *at = slice->colours + 3 * (h * slice->width + w);
    return at[0] == at[1] && at[1] == at[2];
}

START_TEST(fullest)
{
    FornixError error = {0};
    Slice slice;
    SliceRequest request = {.table = volumes(), .image = 0, .mask = 1, .truth = 2};
    ck_assert(slice_draw(&request, 0, &slice, &error));
    ck_assert(slice.height == H && slice.width == 2 * W);
    for (int h = 0; h < H; h++)
        for (int w = 0; w < W; w++) {
            /* All of it is mask: no pixel has a neighbour of another class. */
            ck_assert(is_grey(&slice, h, w));
            ck_assert_int_eq(slice.colours[3 * (h * 2 * W + w)], lrint(255.0 * h / (H - 1)));
            ck_assert_int_eq(is_grey(&slice, h, W + w), h < H - 1);
        }
    mem_free(slice.colours);
    request.truth = -1; /* then the prediction says which slice, and stands on both sides */
    ck_assert(slice_draw(&request, 0, &slice, &error));
    for (int w = 0; w < 2 * W; w++)
        ck_assert(!is_grey(&slice, H - 1, w) && is_grey(&slice, 0, w));
    mem_free(slice.colours);
}
END_TEST

START_TEST(likelihood)
{
    FornixError error = {0};
    Slice slice;
    logits[2 * (H * W)] = 9; /* sure of nothing there */
    logits[2 * (H * W) + 1] = 9;
    SliceRequest request = {.table = volumes(), .image = -1, .mask = 1, .truth = 2};
    ck_assert(slice_draw(&request, 0, &slice, &error));
    ck_assert_int_eq(slice.colours[0], 128);
    ck_assert_int_eq(slice.colours[3], 0);
    ck_assert_int_eq(slice.colours[3 * (H - 1) * 2 * W], 255);
    mem_free(slice.colours);
}
END_TEST

START_TEST(in_a_page)
{
    static const uint8_t pixels[6] = {1, 2, 3, 250, 251, 252};
    FornixError error = {0};
    Text png = {0}, page = {0};
    ck_assert(picture_encode(pixels, 1, 2, 3, &png, &error));
    ck_assert(!picture_encode(pixels, 0, 2, 3, &png, &error) && *error.text);
    char path[] = "/tmp/fornix-slice.XXXXXX";
    int file = mkstemp(path);
    ck_assert_int_eq(write(file, png.data, png.length), (ssize_t)png.length);
    close(file);
    PictureInfo info;
    error = (FornixError){0};
    float *read = picture_read(path, &info, &error);
    ck_assert_msg(read != NULL, "%s", error.text);
    for (int k = 0; k < 6; k++)
        ck_assert_int_eq((int)read[k], pixels[k]);
    mem_large_free(read, (size_t)picture_bytes(&info));
    unlink(path);
    html_png(&page, "Man\xff", 4, "a \"b\""); /* RFC 4648's digits and padding */
    ck_assert_str_eq(page.data,
                     "<img alt=\"a &quot;b&quot;\" src=\"data:image/png;base64,TWFu/w==\">");
    text_free(&page);
    html_png(&page,
             "\xfb\xff\xbf"
             "light",
             8, "");
    ck_assert_str_eq(page.data, "<img alt=\"\" src=\"data:image/png;base64,+/+/bGlnaHQ=\">");
    text_free(&page);
    text_free(&png);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("slice");
    TCase *tests = tcase_create("slice");
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, fullest);
    tcase_add_test(tests, likelihood);
    tcase_add_test(tests, in_a_page);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
