/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The quick ways of loading beside the plain ones: at once and as a stream, in place and through a
 * copy, passing over background and looking at each pixel. All give the same bits. */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base.h"
#include "file.h"
#include "fornix-random.h"
#include "pixels.h"
#include "volume_parts.h"

static char folder[] = "test-loading-XXXXXX";

enum { WIDTH = 33, HEIGHT = 21, DEPTH = 13, VOXELS = WIDTH * HEIGHT * DEPTH };

/* To the left, to the back and to the feet: every axis is turned when it is read. */
static VolumeInfo turned(int64_t channels)
{
    return (VolumeInfo){.map = {.file_size = {WIDTH, HEIGHT, DEPTH},
                                .size = {WIDTH, HEIGHT, DEPTH},
                                .axis = {0, 1, 2},
                                .step = {1, 1, 1}},
                        .channels = channels,
                        .affine = {{-1, 0, 0, 5}, {0, -2, 0, 6}, {0, 0, -3, 7}}};
}

static float *written(const char *path, int64_t channels)
{
    FornixError error = {0};
    VolumeInfo info = turned(channels);
    float *image = mem_new((size_t)(VOXELS * channels), sizeof *image);
    fornix_random_fill_normal(fornix_random_key(3, path), 0, image, VOXELS * channels);
    ck_assert_msg(volume_write(path, &info, image, VOLUME_FLOAT32, &error), "%s", error.text);
    return image;
}

/* The content in gzip members that end at these bytes. */
static void zip(const char *path, const char *content, const size_t *ends, int members)
{
    for (int m = 0; m < members; m++) {
        size_t begin = m ? ends[m - 1] : 0;
        gzFile file = gzopen(path, m ? "ab" : "wb");
        ck_assert_int_eq(gzwrite(file, content + begin, (unsigned)(ends[m] - begin)),
                         (int)(ends[m] - begin));
        ck_assert_int_eq(gzclose(file), Z_OK);
    }
}

static bool inflates(const char *path, size_t bytes, const char *content)
{
    char *got = volume_inflate(path, (int64_t)bytes);
    if (!got)
        return false;
    ck_assert_mem_eq(got, content, bytes);
    mem_large_free(got, bytes);
    return true;
}

static void reads_as(const char *path, const float *image)
{
    FornixError error = {0};
    VolumeInfo info;
    float *got = volume_read(path, &info, NULL, &error);
    ck_assert_msg(got != NULL, "%s", error.text);
    ck_assert_mem_eq(got, image, VOXELS * sizeof *image);
    mem_large_free(got, VOXELS * sizeof *image);
}

START_TEST(at_once_and_as_a_stream)
{
    FornixError error = {0};
    char *plain = file_join(folder, "a.nii"), *zipped = file_join(folder, "a.nii.gz");
    size_t length, packed;
    mem_free(written(plain, 1));
    char *content = file_read(plain, 1 << 20, &length, &error);
    VolumeInfo info;
    float *image = volume_read(plain, &info, NULL, &error);
    ck_assert(info.map.flip[0] && info.map.flip[1] && info.map.flip[2]);
    const size_t ends[] = {100, 100, 352, 20000, length};
    for (int members = 1; members <= 5; members++) {
        zip(zipped, content, ends + 5 - members, members);
        ck_assert(inflates(zipped, length, content));
        ck_assert(!inflates(zipped, length - 1, content));
        ck_assert(!inflates(zipped, length + 1, content));
        reads_as(zipped, image);
    }
    char *longer = mem_new(length + 9, 1); /* what lies behind the image is left alone */
    memcpy(longer, content, length);
    zip(zipped, longer, &(size_t){length + 9}, 1);
    ck_assert(!inflates(zipped, length, content));
    reads_as(zipped, image);
    zip(zipped, content, &length, 1);
    char *bytes = file_read(zipped, 1 << 20, &packed, &error);
    ck_assert(file_write(zipped, bytes, packed - 1, &error) && !inflates(zipped, length, content));
    bytes[packed - 7] ^= 1; /* the checksum */
    ck_assert(file_write(zipped, bytes, packed, &error) && !inflates(zipped, length, content));
    mem_free(bytes);
    mem_free(longer);
    mem_free(content);
    mem_large_free(image, VOXELS * sizeof *image);
    mem_free(plain);
    mem_free(zipped);
}
END_TEST

enum { LONG = 150, MIDDLE = 37, SHORT = 18, ALL = LONG * MIDDLE * SHORT };

/* What a file says, zipped and plain, whose axes run along W, H and D as `order` says. */
static void compare_order(const int order[3], int flips, const float *image, const float *replace)
{
    FornixError error = {0}, plain_error = {0};
    VolumeInfo info = {.map = {.size = {LONG, MIDDLE, SHORT}}, .channels = 1}, seen;
    for (int a = 0; a < 3; a++)
        info.affine[order[a]][a] = flips >> a & 1 ? -2 : 2;
    char *plain = file_join(folder, "o.nii"), *zipped = file_join(folder, "o.nii.gz");
    ck_assert(volume_write(plain, &info, image, VOLUME_FLOAT32, &error));
    ck_assert(volume_write(zipped, &info, image, VOLUME_FLOAT32, &error));
    float *expected = volume_read(plain, &seen, replace, &plain_error);
    float *got = volume_read(zipped, &seen, replace, &error);
    ck_assert((got == NULL) == (expected == NULL));
    if (got) {
        ck_assert_msg(memcmp(got, expected, ALL * sizeof *got) == 0, "%d%d%d, flips %d", order[0],
                      order[1], order[2], flips);
        mem_large_free(got, ALL * sizeof *got);
        mem_large_free(expected, ALL * sizeof *got);
    } else {
        ck_assert_str_eq(strstr(error.text, "voxel"), strstr(plain_error.text, "voxel"));
    }
    mem_free(plain);
    mem_free(zipped);
}

START_TEST(any_order_of_axes)
{
    static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                    {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static const int64_t bad[] = {LONG + 3, 131, ALL - 1};
    float *image = mem_new(ALL, sizeof *image), with = 7;
    fornix_random_fill_normal(fornix_random_key(5, "order"), 0, image, ALL);
    for (size_t k = 0; k < COUNT(orders); k++)
        for (int flips = 0; flips < 8; flips++)
            compare_order(orders[k], flips, image, NULL);
    for (size_t b = 0; b < COUNT(bad); b++)
        image[bad[b]] = NAN;
    for (size_t k = 0; k < COUNT(orders); k++) {
        compare_order(orders[k], 5, image, NULL);
        compare_order(orders[k], 2, image, &with);
    }
    mem_free(image);
}
END_TEST

START_TEST(in_place)
{
    for (int64_t channels = 1; channels <= 3; channels++) {
        FornixError error = {0};
        char *path = file_join(folder, channels == 2 ? "b.nii" : "b.nii.gz");
        size_t bytes = (size_t)(VOXELS * channels) * sizeof(float);
        VolumeInfo info;
        mem_free(written(path, channels));
        float *image = volume_read(path, &info, NULL, &error), *out = mem_new(bytes, 1);
        VolumeTarget target = {out, channels, NULL};
        ck_assert(volume_is_whole(&info.map));
        ck_assert(volume_read_into(path, &info.map, &target, &error));
        ck_assert_mem_eq(out, image, bytes);
        target.channels++;
        ck_assert(!volume_read_into(path, &info.map, &target, &error));
        ck_assert_ptr_nonnull(strstr(error.text, "changed while it was used"));
        target.channels--;
        for (int a = 0; a < 3; a++) {
            VolumeMap other = info.map, moved = info.map, wider = info.map;
            moved.start[a] = .5;
            wider.step[a] = 1.5;
            ck_assert(!volume_is_whole(&moved) && !volume_is_whole(&wider));
            error = (FornixError){0};
            other.size[a]--;
            ck_assert(!volume_is_whole(&other));
            ck_assert(!volume_read_into(path, &other, &target, &error));
            ck_assert_ptr_nonnull(strstr(error.text, "changed while it was used"));
        }
        mem_large_free(image, bytes);
        mem_free(out);
        mem_free(path);
    }
}
END_TEST

/* Each at a place of its own, as tiles and vectors have beginnings and ends. */
START_TEST(not_finite)
{
    static const float bad[] = {NAN, -NAN, INFINITY, -INFINITY},
                       fine[] = {FLT_MAX, -FLT_MAX, 1e-45f};
    VolumeInfo info = turned(1), seen;
    char *path = file_join(folder, "c.nii.gz");
    float *image = mem_new(VOXELS, sizeof *image);
    for (int at = 0; at < VOXELS; at += at < 40 ? 1 : 331)
        for (int k = 0; k < 7; k++) {
            FornixError error = {0};
            image[at] = k < 4 ? bad[k] : fine[k - 4];
            if (k > 0 && at % 5)
                continue;
            ck_assert(volume_write(path, &info, image, VOLUME_FLOAT32, &error));
            float *got = volume_read(path, &seen, NULL, &error);
            ck_assert_msg((got == NULL) == (k < 4), "%d %g", at, (double)image[at]);
            if (got)
                mem_large_free(got, VOXELS * sizeof *got);
            image[at] = 0;
        }
    mem_free(image);
    mem_free(path);
}
END_TEST

/* As pixels.h says it, pixel by pixel. */
static void scale_plainly(float *x, int64_t pixels, int64_t channels, bool all)
{
    double sum = 0, squares = 0, count = 0;
    for (int64_t i = 0; i < pixels; i++)
        if (all || x[i * channels] != 0) {
            sum += (double)x[i * channels];
            count++;
        }
    double mean = count > 0 ? sum / count : 0;
    for (int64_t i = 0; i < pixels; i++)
        if (all || x[i * channels] != 0)
            squares += ((double)x[i * channels] - mean) * ((double)x[i * channels] - mean);
    double deviation = count > 0 ? sqrt(squares / count) : 0;
    for (int64_t i = 0; i < pixels; i++)
        if (all || x[i * channels] != 0)
            x[i * channels] =
                (float)(((double)x[i * channels] - mean) * (deviation > 0 ? 1 / deviation : 1));
}

/* Noise with runs of zeros of either sign, of any length. */
static void fill_runs(float *image, int64_t count, uint64_t seed)
{
    FornixRandomKey key = fornix_random_key(seed, "runs");
    fornix_random_fill_normal(key, 0, image, count);
    for (int64_t i = 0, run = 0; i < count; i++) {
        run = run ? run - 1 : (int64_t)(40 * fabsf(image[i]));
        if (run % 30 > 12)
            image[i] = run % 3 ? 0.f : -0.f;
    }
}

START_TEST(scales)
{
    enum { MOST = 300 };
    float image[MOST * 3], expected[MOST * 3];
    FornixError error = {0};
    for (int64_t pixels = 0; pixels <= MOST; pixels += pixels < 40 ? 1 : 13)
        for (int64_t channels = 1; channels <= 3; channels++)
            for (int all = 0; all < 2; all++) {
                fill_runs(image, pixels * channels, (uint64_t)pixels);
                memcpy(expected, image, sizeof image);
                for (int64_t c = 0; c < channels; c++)
                    scale_plainly(expected + c, pixels, channels, all);
                ck_assert(pixels_scale(image, pixels, channels,
                                       all ? SCALE_ZSCORE : SCALE_FOREGROUND, &error));
                size_t bytes = (size_t)(pixels * channels) * sizeof *image;
                ck_assert_msg(memcmp(image, expected, bytes) == 0, "%lld pixels, %lld channels",
                              (long long)pixels, (long long)channels);
            }
}
END_TEST

START_TEST(least)
{
    float image[100];
    for (int64_t count = 0; count <= 100; count++)
        for (int positive = 0; positive < 2; positive++) {
            fill_runs(image, count, (uint64_t)count + 7);
            float expected = 0;
            for (int64_t i = 0; i < count; i++) {
                if (positive && (!i || image[i] != 0)) /* then the first zero is the least */
                    image[i] = 1 + fabsf(image[i]);
                expected = !i || image[i] < expected ? image[i] : expected;
            }
            float got = pixels_least(image, count);
            ck_assert_mem_eq(&got, &expected, sizeof got);
        }
}
END_TEST

START_TEST(interleaved)
{
    float part[20], out[50];
    for (int64_t channels = 1; channels <= 2; channels++)
        for (int64_t first = 0; first + channels <= 5; first++) {
            for (int i = 0; i < 50; i++)
                out[i] = (float)-i;
            for (int i = 0; i < 20; i++)
                part[i] = (float)(100 + i);
            pixels_interleave(part, 10, channels, out + first, 5);
            for (int i = 0; i < 50; i++) {
                int64_t c = i % 5 - first;
                bool own = c >= 0 && c < channels;
                ck_assert_float_eq(out[i], own ? (float)(100 + i / 5 * channels + c) : (float)-i);
            }
        }
}
END_TEST

START_TEST(masks)
{
    FornixError error = {0};
    MaskMap any = {.classes = 2};
    MaskMap three = {3, 3, (double[]){1, 2, -4}, (int32_t[]){1, 1, 2}};
    const float values[] = {0, -0.f, 1, 2, 3, -4, 1.0005f, 1e-4f};
    const float one[] = {0, 0, 1, 1, 1, 1, 1, 0}, some[] = {0, 0, 1, 1, 0, 2, 1, 0};
    float mask[COUNT(values)], half = .5f;
    memcpy(mask, values, sizeof mask);
    ck_assert(mask_map_apply(&any, mask, COUNT(values), &error));
    ck_assert_mem_eq(mask, one, sizeof mask);
    memcpy(mask, values, sizeof mask);
    ck_assert(mask_map_apply(&three, mask, COUNT(values), &error));
    ck_assert_mem_eq(mask, some, sizeof mask);
    ck_assert(!mask_map_apply(&any, &half, 1, &error));
}
END_TEST

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    Suite *suite = suite_create("loading");
    TCase *tests = tcase_create("loading");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, at_once_and_as_a_stream);
    tcase_add_test(tests, any_order_of_axes);
    tcase_add_test(tests, in_place);
    tcase_add_test(tests, not_finite);
    tcase_add_test(tests, scales);
    tcase_add_test(tests, least);
    tcase_add_test(tests, interleaved);
    tcase_add_test(tests, masks);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    FornixError error = {0};
    return failed != 0 || !file_remove(folder, &error);
}
