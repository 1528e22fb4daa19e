/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PNG of every type read as the numbers in it; damaged files refused. */
#include "picture.h"

#include <check.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "folder.h"

/* What libpng itself writes of any type, 5 x 4; rows hold `stride` bytes. */
static void make(const char *path, int type, int depth, bool interlaced, png_byte *rows,
                 size_t stride)
{
    FILE *file = fopen(path, "wb");
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_init_io(png, file);
    png_set_IHDR(png, info, 5, 4, depth, type, interlaced ? PNG_INTERLACE_ADAM7 : 0, 0, 0);
    static const png_color palette[4] = {{1, 2, 3}, {40, 50, 60}, {7, 8, 9}, {255, 0, 128}};
    static const png_byte alpha[4] = {0, 255, 128, 0};
    if (type == PNG_COLOR_TYPE_PALETTE) {
        png_set_PLTE(png, info, palette, 4);
        png_set_tRNS(png, info, alpha, 4, NULL);
    }
    png_set_gAMA(png, info, 0.45455);
    png_bytep lines[4] = {rows, rows + stride, rows + 2 * stride, rows + 3 * stride};
    png_set_rows(png, info, lines);
    png_write_png(png, info, 0, NULL);
    png_destroy_write_struct(&png, &info);
    fclose(file);
}

typedef struct {
    int type, depth, channels;
    size_t stride;
} Case;

/* The value of a pixel that the rows below hold: byte k of all is k * 37. */
static float expected(const Case *c, const png_byte *rows, int y, int x, int channel)
{
    const png_byte *row = rows + (size_t)y * c->stride;
    static const float palette[4][3] = {{1, 2, 3}, {40, 50, 60}, {7, 8, 9}, {255, 0, 128}};
    int stored = c->type == PNG_COLOR_TYPE_GRAY_ALPHA  ? 2
                 : c->type == PNG_COLOR_TYPE_RGB_ALPHA ? 4
                                                       : c->channels;
    if (c->type == PNG_COLOR_TYPE_PALETTE)
        return palette[row[x / 4] >> (6 - x % 4 * 2) & 3][channel];
    if (c->depth < 8)
        return (float)(row[x * c->depth / 8] >> (8 - c->depth - x * c->depth % 8) &
                       ((1 << c->depth) - 1));
    int at = (x * stored + channel) * c->depth / 8;
    return (float)(c->depth == 16 ? row[at] << 8 | row[at + 1] : row[at]);
}

START_TEST(all_types)
{
    static const Case cases[] = {
        {PNG_COLOR_TYPE_GRAY, 1, 1, 1},        {PNG_COLOR_TYPE_GRAY, 2, 1, 2},
        {PNG_COLOR_TYPE_GRAY, 4, 1, 3},        {PNG_COLOR_TYPE_GRAY, 8, 1, 5},
        {PNG_COLOR_TYPE_GRAY, 16, 1, 10},      {PNG_COLOR_TYPE_RGB, 8, 3, 15},
        {PNG_COLOR_TYPE_RGB, 16, 3, 30},       {PNG_COLOR_TYPE_GRAY_ALPHA, 8, 1, 10},
        {PNG_COLOR_TYPE_RGB_ALPHA, 16, 3, 40}, {PNG_COLOR_TYPE_PALETTE, 2, 3, 2},
    };
    char *path = in_folder("t.png");
    for (size_t i = 0; i < 2 * COUNT(cases); i++) {
        const Case *c = &cases[i / 2];
        FornixError error = {0};
        PictureInfo info, seen;
        png_byte rows[160];
        for (int k = 0; k < 160; k++)
            rows[k] = (png_byte)(k * 37);
        make(path, c->type, c->depth, i % 2, rows, c->stride);
        float *pixels = picture_read(path, &info, &error);
        ck_assert_msg(pixels != NULL, "%s", error.text);
        ck_assert(info.height == 4 && info.width == 5 && info.channels == c->channels);
        ck_assert_int_eq(info.depth, c->type == PNG_COLOR_TYPE_PALETTE ? 8 : c->depth);
        ck_assert(picture_inspect(path, &seen, &error) && seen.channels == info.channels);
        for (int k = 0; k < 20 * c->channels; k++) {
            int y = k / c->channels / 5, x = k / c->channels % 5;
            float value = expected(c, rows, y, x, k % c->channels);
            ck_assert_msg(pixels[k] == value, "case %zu, %d: %g, not %g", i, k, (double)pixels[k],
                          (double)value);
        }
        mem_large_free(pixels, (size_t)picture_bytes(&info));
    }
    mem_free(path);
}
END_TEST

START_TEST(written)
{
    FornixError error = {0};
    uint8_t pixels[2 * 3 * 3];
    for (int i = 0; i < 18; i++)
        pixels[i] = (uint8_t)(i * 14);
    char *path = in_folder("w.png");
    for (int64_t channels = 1; channels <= 3; channels += 2) {
        PictureInfo info;
        ck_assert_msg(picture_write(path, pixels, 2, 3, channels, &error), "%s", error.text);
        float *back = picture_read(path, &info, &error);
        ck_assert(back && info.channels == channels);
        for (int i = 0; i < 6 * channels; i++)
            ck_assert(back[i] == pixels[i]);
        size_t bytes = (size_t)picture_bytes(&info);
        if (channels == 3) {
            back[0] = back[1] = back[2] = 77;
            picture_to_grey(back, &info);
            ck_assert(back[0] == 77 && info.channels == 1);
            ck_assert_float_eq_tol(back[1], .299f * 42 + .587f * 56 + .114f * 70, 1e-4f);
        }
        mem_large_free(back, bytes);
    }
    char *lost = in_folder("no/such.png");
    ck_assert(!picture_write(lost, pixels, 2, 3, 1, &error) && strstr(error.text, lost));
    error = (FornixError){0};
    ck_assert(!picture_write(path, pixels, 0, 3, 1, &error));
    mem_free(lost);
    mem_free(path);
}
END_TEST

static bool readable(const char *path, FornixError *error)
{
    PictureInfo info;
    *error = (FornixError){0};
    float *pixels = picture_read(path, &info, error);
    if (pixels)
        mem_large_free(pixels, (size_t)picture_bytes(&info));
    else
        ck_assert_msg(strstr(error->text, path) && error->input, "%s", error->text);
    return pixels != NULL;
}

static void put(const char *path, const char *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");
    fwrite(bytes, 1, length, file);
    fclose(file);
}

START_TEST(damaged)
{
    FornixError error = {0};
    png_byte rows[60];
    memset(rows, 9, sizeof rows);
    char *path = in_folder("d.png");
    for (int interlaced = 0; interlaced < 2; interlaced++) {
        make(path, PNG_COLOR_TYPE_RGB, 8, interlaced, rows, 15);
        size_t length;
        error = (FornixError){0};
        char *bytes = file_read(path, 1 << 20, &length, &error);
        for (size_t cut = 0; cut < length; cut++) {
            put(path, bytes, cut);
            ck_assert(!readable(path, &error));
            ck_assert(strstr(error.text, cut < 8 ? "not a PNG" : "truncated"));
        }
        for (size_t at = 8; at < length; at++) {
            bytes[at] ^= 0x55;
            put(path, bytes, length);
            readable(path, &error); /* damage to what is not needed may pass */
            bytes[at] ^= 0x55;
        }
        bytes[length - 20] ^= 1; /* in the pixels or their checksum */
        put(path, bytes, length);
        ck_assert(!readable(path, &error));
        mem_free(bytes);
    }
    PictureInfo info;
    error = (FornixError){0};
    ck_assert(!picture_read(folder, &info, &error) && error.input);
    mem_free(path);
}
END_TEST

START_TEST(outlines)
{
    const float mask[16] = {0, 0, 0, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 2};
    uint8_t grey[16], colours[48];
    const float image[4] = {-1, 0, 1, 5};
    picture_window(image, 4, 1, 0, 0, 2, grey);
    ck_assert(grey[0] == 0 && grey[1] == 0 && grey[2] == 128 && grey[3] == 255);
    memset(grey, 50, sizeof grey);
    picture_outline(grey, mask, 4, 4, colours);
    static const bool drawn[16] = {0, 0, 0, 0, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1};
    for (int i = 0; i < 16; i++)
        ck_assert_int_eq(colours[3 * i] != 50 || colours[3 * i + 1] != 50, drawn[i]);
    ck_assert(memcmp(colours + 15, colours + 45, 3) != 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("picture");
    TCase *tests = tcase_create("picture");
    tcase_add_test(tests, all_types);
    tcase_add_test(tests, written);
    tcase_add_test(tests, damaged);
    tcase_add_test(tests, outlines);
    suite_add_tcase(suite, tests);
    return folder_run(suite);
}
