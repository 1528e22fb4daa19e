/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Volumes against nibabel, grids and their way back, and files that lie about themselves. */
#include "volume.h"

#include <check.h>
#include <math.h>
#include <nifti2_io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <zlib.h>

#include "base.h"
#include "fornix-random.h"
#include "folder.h"

static float *random_image(const int64_t size[3], int64_t channels, uint64_t seed)
{
    int64_t count = size[0] * size[1] * size[2] * channels;
    float *image = mem_new((size_t)count, sizeof *image);
    fornix_random_fill_normal(fornix_random_key(seed, "image"), 0, image, count);
    return image;
}

static VolumeMap whole(int64_t w, int64_t h, int64_t d)
{
    return (VolumeMap){
        .file_size = {w, h, d}, .size = {w, h, d}, .axis = {0, 1, 2}, .step = {1, 1, 1}};
}

/* 0, or 77 where python has no nibabel. */
static int run_python(const char *what)
{
    const char *sources = getenv("srcdir");
    char command[1000];
    snprintf(command, sizeof command, "/usr/bin/python3 '%s/tests/values/volume.py' %s '%s'",
             sources ? sources : ".", what, folder);
    int status = system(command);
    return WIFEXITED(status) && WEXITSTATUS(status) != 127 ? WEXITSTATUS(status) : 77;
}

static void compare_case(int number)
{
    FornixError error = {0};
    VolumeInfo info, seen;
    char name[40], back[40];
    snprintf(name, sizeof name, "%02d.expected", number);
    char *expected_path = in_folder(name);
    snprintf(name, sizeof name, "%02d.nii%s", number, number % 2 ? ".gz" : "");
    snprintf(back, sizeof back, "%02d.back.nii.gz", number);
    char *path = in_folder(name), *back_path = in_folder(back);
    size_t length;
    char *bytes = file_read(expected_path, 1 << 24, &length, &error);
    double head[19];
    memcpy(head, bytes, sizeof head);
    float *image = volume_read(path, &info, NULL, &error);
    ck_assert_msg(image != NULL, "%s", error.text);
    ck_assert(volume_inspect(path, &seen, &error));
    ck_assert_mem_eq(&seen.map, &info.map, sizeof seen.map);
    ck_assert_int_eq(info.channels, (int64_t)head[3]);
    for (int a = 0; a < 3; a++) {
        ck_assert_int_eq(info.map.size[a], (int64_t)head[a]);
        ck_assert_double_le(fabs(info.spacing[a] - head[4 + a]), 1e-6 * head[4 + a]);
        for (int i = 0; i < 4; i++)
            ck_assert_msg(fabs(info.affine[a][i] - head[7 + 4 * a + i]) < 1e-4, "%s affine", path);
    }
    int64_t count = volume_bytes(&info.map, info.channels) / 4;
    ck_assert_uint_eq(length, sizeof head + 4 * (size_t)count);
    for (int64_t i = 0; i < count; i++) {
        float expected;
        memcpy(&expected, bytes + sizeof head + 4 * i, 4);
        ck_assert_msg(fabsf(image[i] - expected) <= 1e-7f * fabsf(expected), "%s: %lld: %g, not %g",
                      path, (long long)i, (double)image[i], (double)expected);
    }
    ck_assert_msg(volume_write_like(back_path, path, image, info.channels, VOLUME_FLOAT32, &error),
                  "%s", error.text);
    mem_large_free(image, (size_t)count * 4);
    mem_free(bytes);
    mem_free(path);
    mem_free(back_path);
    mem_free(expected_path);
}

START_TEST(as_nibabel)
{
    int made = run_python("make");
    if (made == 77)
        return;
    ck_assert_int_eq(made, 0);
    for (int number = 0; number < 40; number++)
        compare_case(number);
    ck_assert_int_eq(run_python("check"), 0);
}
END_TEST

/* A map of every kind is undone where nothing was lost: padding and growing by whole numbers. */
START_TEST(crop_and_pad)
{
    FornixError error = {0};
    const int64_t size[3] = {5, 4, 3}, wanted[3] = {8, 2, 3};
    VolumeMap map = volume_crop(whole(5, 4, 3), wanted, VOLUME_CENTRE);
    float *image = random_image(size, 2, 1), grid[8 * 2 * 3 * 2], back[5 * 4 * 3 * 2];
    ck_assert(volume_to_grid(&map, VOLUME_LINEAR, image, 2, -9, grid, &error));
    for (int d = 0; d < 3; d++)
        for (int h = 0; h < 2; h++)
            for (int w = 0; w < 8; w++)
                for (int c = 0; c < 2; c++) {
                    bool inside = w >= 1 && w < 6;
                    float expected = inside ? image[((d * 4 + h + 1) * 5 + w - 1) * 2 + c] : -9;
                    ck_assert(grid[((d * 2 + h) * 8 + w) * 2 + c] == expected);
                }
    ck_assert(volume_from_grid(&map, VOLUME_NEAREST, grid, 2, 7, back, &error));
    for (int d = 0; d < 3; d++)
        for (int h = 0; h < 4; h++)
            for (int n = 0; n < 10; n++) {
                int at = (d * 4 + h) * 10 + n;
                ck_assert(back[at] == (h == 1 || h == 2 ? image[at] : 7));
            }
    map = volume_crop(whole(5, 4, 3), wanted, VOLUME_CORNER);
    ck_assert(volume_to_grid(&map, VOLUME_NEAREST, image, 2, 0, grid, &error));
    ck_assert(grid[0] == image[0] && grid[10] == 0 && grid[16] == image[10]);
    mem_free(image);
}
END_TEST

START_TEST(odd_differences)
{
    VolumeMap map = volume_crop(whole(8, 5, 5), (int64_t[3]){5, 8, 5}, VOLUME_CENTRE);
    ck_assert(map.start[0] == 1 && map.start[1] == -1 && map.start[2] == 0);
}
END_TEST

/* A ramp grown is a ramp, away from the edges; shrunk again, nearly: the triangle is sampled. */
START_TEST(ramps)
{
    FornixError error = {0};
    const int64_t size[3] = {20, 15, 10}, wanted[3] = {31, 22, 10};
    VolumeMap map = volume_resize(whole(20, 15, 10), wanted);
    float *image = random_image(size, 1, 2), *grid = random_image(wanted, 1, 3);
    for (int i = 0; i < 20 * 15 * 10; i++)
        image[i] = (float)(i % 20 + 2 * (i / 20 % 15) - i / 300);
    ck_assert(volume_to_grid(&map, VOLUME_LINEAR, image, 1, 0, grid, &error));
    for (int d = 0; d < 10; d++)
        for (int h = 1; h < 21; h++)
            for (int w = 1; w < 30; w++) {
                double x = map.start[0] + map.step[0] * w, y = map.start[1] + map.step[1] * h;
                float value = grid[(d * 22 + h) * 31 + w];
                ck_assert_double_le(fabs(value - (x + 2 * y - d)), 1e-4);
            }
    ck_assert(volume_from_grid(&map, VOLUME_LINEAR, grid, 1, 0, image, &error));
    for (int d = 0; d < 10; d++)
        for (int h = 3; h < 12; h++)
            for (int w = 2; w < 18; w++)
                ck_assert_double_le(fabs(image[(d * 15 + h) * 20 + w] - (float)(w + 2 * h - d)),
                                    0.05);
    mem_free(image);
    mem_free(grid);
}
END_TEST

/* Averages stay when shrinking (no aliasing); masks keep their classes and come back. */
START_TEST(shrink_and_grow)
{
    FornixError error = {0};
    const int64_t size[3] = {24, 24, 24}, half[3] = {12, 12, 12}, twice[3] = {48, 48, 48};
    float *image = random_image(size, 1, 4), *grid = random_image(twice, 1, 5);
    float *back = random_image(size, 1, 6);
    for (int i = 0; i < 24 * 24 * 24; i++)
        image[i] = (float)(i % 2);
    VolumeMap map = volume_resize(whole(24, 24, 24), half);
    ck_assert(volume_to_grid(&map, VOLUME_LINEAR, image, 1, 0, grid, &error));
    for (int i = 0; i < 12 * 12 * 12; i++)
        if (i % 12 > 0 && i % 12 < 11)
            ck_assert(fabsf(grid[i] - 0.5f) < 1e-6f);
    for (int i = 0; i < 24 * 24 * 24; i++)
        image[i] = (float)(i * 7 % 11 % 4);
    map = volume_resize(whole(24, 24, 24), twice);
    ck_assert(volume_to_grid(&map, VOLUME_NEAREST, image, 1, 0, grid, &error));
    ck_assert(volume_from_grid(&map, VOLUME_NEAREST, grid, 1, 0, back, &error));
    ck_assert_mem_eq(image, back, sizeof *image * 24 * 24 * 24);
    mem_free(image);
    mem_free(grid);
    mem_free(back);
}
END_TEST

START_TEST(spacings)
{
    const double spacing[3] = {0.5, 1, 3}, one[3] = {1, 1, 1};
    double got[3];
    VolumeMap map = volume_respace(whole(240, 240, 20), spacing, one);
    ck_assert(map.size[0] == 120 && map.size[1] == 240 && map.size[2] == 60);
    volume_spacing(&map, spacing, got);
    for (int a = 0; a < 3; a++)
        ck_assert_double_le(fabs(got[a] - 1), 1e-12);
    ck_assert_double_le(fabs(map.start[0] - 0.5), 1e-12);
    ck_assert_double_le(fabs(map.start[2] + 1.0 / 3), 1e-12);
    ck_assert_uint_le(sizeof map, 512);
}
END_TEST

START_TEST(slices)
{
    const int64_t size[3] = {3, 4, 5};
    float *grid = random_image(size, 2, 7), *copy = random_image(size, 2, 8);
    for (int axis = 0; axis < 3; axis++) {
        for (int64_t index = 0; index < size[axis]; index++) {
            int64_t area[2];
            float slice[40];
            volume_slice_size(size, axis, area);
            volume_take_slice(grid, size, 2, axis, index, slice);
            for (int64_t y = 0; y < area[1]; y++)
                for (int64_t x = 0; x < area[0]; x++) {
                    int64_t w = axis == 0 ? index : x, h = axis == 1 ? index : axis == 0 ? x : y;
                    int64_t d = axis == 2 ? index : y;
                    ck_assert(slice[(y * area[0] + x) * 2 + 1] ==
                              grid[((d * 4 + h) * 3 + w) * 2 + 1]);
                }
            volume_put_slice(copy, size, 2, axis, index, slice);
        }
        ck_assert_mem_eq(grid, copy, sizeof *grid * 120);
        memset(copy, 0, sizeof *grid * 120);
    }
    mem_free(grid);
    mem_free(copy);
}
END_TEST

static VolumeInfo plain_info(int64_t w, int64_t h, int64_t d, int64_t channels)
{
    return (VolumeInfo){.map = whole(w, h, d),
                        .channels = channels,
                        .spacing = {1, 2, 3},
                        .affine = {{1, 0, 0, -5}, {0, 2, 0, 6}, {0, 0, 3, 7}}};
}

START_TEST(written_types)
{
    FornixError error = {0};
    const float image[6] = {-70000, -1, 0.4f, 1.6f, 254.6f, 70000};
    const float expected[3][6] = {{0, 0, 0, 2, 255, 255},
                                  {-32768, -1, 0, 2, 255, 32767},
                                  {-70000, -1, 0.4f, 1.6f, 254.6f, 70000}};
    static const char *const names[] = {"w.nii", "w.nii.gz"};
    VolumeInfo info = plain_info(3, 1, 1, 2), got;
    for (int type = 0; type < 6; type++) {
        char *path = in_folder(names[type % 2]);
        ck_assert_msg(volume_write(path, &info, image, (VolumeType)(type / 2), &error), "%s",
                      error.text);
        float *back = volume_read(path, &got, NULL, &error);
        ck_assert_msg(back != NULL, "%s", error.text);
        ck_assert_mem_eq(back, expected[type / 2], sizeof image);
        ck_assert_mem_eq(got.affine, info.affine, sizeof info.affine);
        ck_assert_mem_eq(&got.map, &info.map, sizeof info.map);
        ck_assert(got.placed && got.channels == 2);
        mem_large_free(back, sizeof image);
        mem_free(path);
    }
}
END_TEST

static void refused(const char *path, const char *words)
{
    FornixError error = {0};
    VolumeInfo info;
    float *image = volume_read(path, &info, NULL, &error);
    ck_assert_msg(!image, "'%s' was accepted", words);
    ck_assert_msg(error.input && strstr(error.text, words) && strstr(error.text, path),
                  "'%s', not '%s'", error.text, words);
}

START_TEST(truncated)
{
    FornixError error = {0};
    const int64_t size[3] = {20, 10, 10};
    VolumeInfo info = plain_info(20, 10, 10, 1);
    float *image = random_image(size, 1, 9);
    char *plain = in_folder("t.nii"), *zipped = in_folder("t.nii.gz");
    ck_assert(volume_write(plain, &info, image, VOLUME_FLOAT32, &error));
    ck_assert(volume_write(zipped, &info, image, VOLUME_FLOAT32, &error));
    size_t length;
    char *bytes = file_read(plain, 1 << 20, &length, &error);
    ck_assert(file_write(plain, bytes, 4000, &error));
    refused(plain, "is truncated: 4000 of 8352 bytes");
    ck_assert(file_write(plain, bytes, 100, &error));
    refused(plain, "is truncated: 100 of 352 bytes");
    ck_assert(file_write(plain, bytes, 0, &error));
    refused(plain, "is truncated: 0 of 352 bytes");
    mem_free(bytes);
    bytes = file_read(zipped, 1 << 20, &length, &error);
    ck_assert(file_write(zipped, bytes, length / 2, &error));
    refused(zipped, "is truncated: ");
    refused(zipped, " of 8352 bytes");
    ck_assert(file_write(zipped, bytes, length - 4, &error));
    refused(zipped, "damaged");
    bytes[length - 8] ^= 1; /* the checksum */
    ck_assert(file_write(zipped, bytes, length, &error));
    refused(zipped, "damaged");
    bytes[length - 8] ^= 1;
    memset(bytes + length / 2, 0xFF, 50);
    ck_assert(file_write(zipped, bytes, length, &error));
    refused(zipped, "damaged at byte");
    mem_free(bytes);
    mem_free(image);
    mem_free(plain);
    mem_free(zipped);
}
END_TEST

START_TEST(not_finite)
{
    FornixError error = {0};
    VolumeInfo info = plain_info(3, 2, 2, 2);
    float image[24] = {0}, with = 5;
    image[(1 * 6 + 1 * 3 + 2) * 2 + 1] = NAN;
    char *path = in_folder("nan.nii.gz");
    ck_assert(volume_write(path, &info, image, VOLUME_FLOAT32, &error));
    refused(path, "voxel (2, 1, 1) of volume 1 is NaN");
    float *back = volume_read(path, &info, &with, &error);
    ck_assert(back && back[23] == 5 && back[22] == 0);
    mem_large_free(back, sizeof image);
    image[23] = INFINITY;
    ck_assert(volume_write(path, &info, image, VOLUME_FLOAT32, &error));
    refused(path, "is infinite");
    mem_free(path);
}
END_TEST

static nifti_1_header good_header(void)
{
    nifti_1_header header;
    memset(&header, 0, sizeof header);
    header.sizeof_hdr = 348;
    memcpy(header.magic, "n+1", 4);
    header.dim[0] = 3;
    header.dim[1] = header.dim[2] = header.dim[3] = 2;
    header.datatype = DT_UINT8;
    header.vox_offset = 352;
    header.sform_code = 1;
    header.srow_x[0] = header.srow_y[1] = header.srow_z[2] = 1;
    return header;
}

static void refuse_header(const nifti_1_header *header, const char *words)
{
    FornixError error = {0};
    char bytes[352 + 8] = {0}, *path = in_folder("h.nii");
    memcpy(bytes, header, sizeof *header);
    ck_assert(file_write(path, bytes, sizeof bytes, &error));
    if (words) {
        refused(path, words);
    } else {
        VolumeInfo info;
        float *image = volume_read(path, &info, NULL, &error);
        ck_assert_msg(image != NULL, "%s", error.text);
        mem_large_free(image, 32);
    }
    mem_free(path);
}

START_TEST(lying_headers)
{
    nifti_1_header h = good_header();
    refuse_header(&h, NULL);
#define LIE(change, words)                                                                         \
    h = good_header();                                                                             \
    change;                                                                                        \
    refuse_header(&h, words)
    LIE(h.sizeof_hdr = 0, "not a NIfTI file");
    LIE(memcpy(h.magic, "xyz", 4), "not a NIfTI file");
    LIE(memcpy(h.magic, "ni1", 4), ".hdr/.img");
    LIE(h.dim[0] = 0, "dimensions");
    LIE(h.dim[0] = -3, "dimensions");
    LIE(h.dim[0] = 9, "dimensions");
    LIE(h.dim[2] = 0, "dimension 2 is 0");
    LIE(h.dim[3] = -5, "dimension 3 is -5");
    LIE(h.dim[1] = 3, "truncated: 360 of 364");
    LIE(h.datatype = DT_RGB24, "RGB24");
    LIE(h.datatype = DT_COMPLEX64, "COMPLEX64");
    LIE(h.datatype = 12345, "12345");
    LIE(h.vox_offset = NAN, "vox_offset");
    LIE(h.vox_offset = -8, "vox_offset");
    LIE(h.vox_offset = 1e30f, "vox_offset");
    LIE(h.vox_offset = 4000, "truncated");
    LIE(h.srow_x[0] = 0, "singular");
    LIE(h.srow_x[0] = NAN, "affine");
    LIE(h.srow_y[0] = 1; h.srow_y[1] = 0, "singular");
    LIE(h.scl_slope = 1; h.scl_inter = INFINITY, "scl_inter");
    LIE(h.scl_slope = NAN; h.scl_inter = NAN, NULL);
    h = good_header();
    h.dim[0] = 7;
    for (int i = 1; i < 8; i++)
        h.dim[i] = 32767;
    refuse_header(&h, "overflow");
}
END_TEST

/* A small file that claims to be huge must not be believed, nor be given memory. */
START_TEST(zip_bomb)
{
    FornixError error = {0};
    char *path = in_folder("bomb.nii.gz");
    nifti_1_header h = good_header();
    h.dim[0] = 4;
    h.dim[1] = h.dim[2] = h.dim[3] = h.dim[4] = 30000;
    gzFile file = gzopen(path, "wb");
    gzwrite(file, &h, sizeof h);
    gzwrite(file, "\0\0\0\0\0\0\0\0\0\0\0\0", 12);
    gzclose(file);
    refused(path, "cannot hold");
    ck_assert(file_write(path, "", 0, &error));
    refused(path, "truncated");
    mem_free(path);
}
END_TEST

/* Any byte of a header replaced: read or refused, never worse. */
START_TEST(damaged_headers)
{
    FornixError error = {0};
    char *path = in_folder("d.nii");
    static const char values[] = {0, 1, 0x7F, (char)0x80, (char)0xFF};
    nifti_1_header h = good_header();
    for (size_t at = 0; at < sizeof h; at++)
        for (size_t v = 0; v < sizeof values; v++) {
            char bytes[352 + 8] = {0};
            memcpy(bytes, &h, sizeof h);
            bytes[at] = values[v];
            FILE *file = fopen(path, "wb");
            fwrite(bytes, 1, sizeof bytes, file);
            fclose(file);
            VolumeInfo info;
            error = (FornixError){0};
            float *image = volume_read(path, &info, NULL, &error);
            ck_assert(image || error.input);
            if (image)
                mem_large_free(image, (size_t)volume_bytes(&info.map, info.channels));
        }
    mem_free(path);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("volume");
    TCase *tests = tcase_create("volume");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, as_nibabel);
    tcase_add_test(tests, crop_and_pad);
    tcase_add_test(tests, odd_differences);
    tcase_add_test(tests, ramps);
    tcase_add_test(tests, shrink_and_grow);
    tcase_add_test(tests, spacings);
    tcase_add_test(tests, slices);
    tcase_add_test(tests, written_types);
    tcase_add_test(tests, truncated);
    tcase_add_test(tests, not_finite);
    tcase_add_test(tests, lying_headers);
    tcase_add_test(tests, zip_bomb);
    tcase_add_test(tests, damaged_headers);
    suite_add_tcase(suite, tests);
    return folder_run(suite);
}
