/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is written is read back; what is malformed is refused with words. */
#include "safetensors.h"

#include <check.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "folder.h"

static SafeFile *open_file(const char *path)
{
    FornixError error = {0};
    SafeFile *file = safetensors_open(path, &error);
    ck_assert_msg(file != NULL, "%s", error.text);
    return file;
}

/* A file with this header (length said to be what it is, unless claimed) and data bytes. */
static void make_file(const char *path, const char *header, int64_t claimed, size_t data)
{
    FornixError error = {0};
    uint64_t length = claimed >= 0 ? (uint64_t)claimed : strlen(header);
    size_t size = 8 + strlen(header) + data;
    char *bytes = mem_new(size, 1);
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, header, strlen(header));
    ck_assert(file_write(path, bytes, size, &error));
    mem_free(bytes);
}

START_TEST(round_trip)
{
    FornixError error = {0};
    char *path = in_folder("round.safetensors");
    static const SafeTensor tensors[] = {{"flag", SAFE_BOOL, 1, {3}},
                                         {"a/weight", SAFE_F32, 3, {4, 2, 3}},
                                         {"step", SAFE_I64, 0, {0}},
                                         {"none", SAFE_F32, 2, {0, 5}}};
    static const SafeText texts[] = {{"made", "by a \"test\""}, {"empty", ""}};
    SafeWriter *writer = safetensors_create(path, tensors, 4, texts, 2, &error);
    ck_assert_msg(writer != NULL, "%s", error.text);
    float weight[24], back[24];
    for (int i = 0; i < 24; i++)
        weight[i] = (float)i / 7;
    int64_t step = -123456789012345;
    ck_assert(safetensors_write(writer, 1, weight, 1, &error));
    ck_assert(safetensors_write(writer, 0, "\1\0\1", 3, &error));
    ck_assert(safetensors_write(writer, 1, weight + 6, 3, &error));
    ck_assert(safetensors_write(writer, 2, &step, 1, &error));
    ck_assert(!file_exists(path));
    ck_assert_msg(safetensors_commit(writer, &error), "%s", error.text);

    SafeFile *file = open_file(path);
    ck_assert_uint_eq(safetensors_count(file), 4);
    ck_assert_str_eq(safetensors_text(file, "made"), "by a \"test\"");
    ck_assert_str_eq(safetensors_text(file, "empty"), "");
    ck_assert_ptr_null(safetensors_text(file, "other"));
    ck_assert_int_eq(safetensors_find(file, "weight"), -1);
    size_t index = (size_t)safetensors_find(file, "a/weight");
    const SafeTensor *tensor = safetensors_tensor(file, index);
    ck_assert(tensor->rank == 3 && tensor->dims[0] == 4 && tensor->dims[2] == 3);
    ck_assert_int_eq(safetensors_row_size(tensor), 6);
    ck_assert(safetensors_read(file, index, 0, 4, back, &error));
    ck_assert_mem_eq(back, weight, sizeof back);
    ck_assert(safetensors_read(file, index, 2, 1, back, &error));
    ck_assert_mem_eq(back, weight + 12, 6 * sizeof *back);
    int64_t step_back;
    index = (size_t)safetensors_find(file, "step");
    ck_assert(safetensors_read_raw(file, index, 0, 1, &step_back, &error));
    ck_assert_int_eq(step, step_back);
    index = (size_t)safetensors_find(file, "flag");
    ck_assert(safetensors_read(file, index, 1, 2, back, &error) && back[0] == 0 && back[1] == 1);
    ck_assert(!safetensors_read(file, index, 2, 2, back, &error));
    ck_assert(strstr(error.text, "'flag' has 3 rows"));
    index = (size_t)safetensors_find(file, "none");
    ck_assert(safetensors_read(file, index, 0, 0, back, &error));
    safetensors_close(file);
    mem_free(path);
}
END_TEST

/* Fewer rows than declared, in the middle and at the end: no gaps, nothing shown of the room. */
START_TEST(fewer_rows)
{
    FornixError error = {0};
    char *path = in_folder("fewer.safetensors");
    static const SafeTensor tensors[] = {{"feature", SAFE_F32, 2, {100000, 3}},
                                         {"logits", SAFE_F32, 2, {100000, 2}}};
    SafeWriter *writer = safetensors_create(path, tensors, 2, NULL, 0, &error);
    float rows[6] = {1, 2, 3, 4, 5, 6}, back[6];
    ck_assert(safetensors_write(writer, 0, rows, 2, &error));
    ck_assert(safetensors_write(writer, 1, rows, 1, &error));
    ck_assert(safetensors_write(writer, 1, rows + 2, 2, &error));
    ck_assert(safetensors_commit(writer, &error));
    SafeFile *file = open_file(path);
    ck_assert_uint_eq(safetensors_count(file), 2);
    size_t index = (size_t)safetensors_find(file, "feature");
    ck_assert_int_eq(safetensors_tensor(file, index)->dims[0], 2);
    ck_assert(safetensors_read(file, index, 0, 2, back, &error));
    ck_assert_mem_eq(back, rows, sizeof rows);
    index = (size_t)safetensors_find(file, "logits");
    ck_assert_int_eq(safetensors_tensor(file, index)->dims[0], 3);
    ck_assert(safetensors_read(file, index, 0, 3, back, &error));
    ck_assert_mem_eq(back, rows, sizeof rows);
    safetensors_close(file);

    writer = safetensors_create(path, tensors, 1, NULL, 0, &error);
    ck_assert(safetensors_write(writer, 0, rows, 1, &error));
    ck_assert(safetensors_commit(writer, &error));
    FileIdentity identity;
    ck_assert(file_identity(path, &identity, &error));
    ck_assert_int_lt(identity.size, 300);
    mem_free(path);
}
END_TEST

START_TEST(misuse)
{
    FornixError error = {0};
    char *path = in_folder("misuse.safetensors");
    SafeTensor tensors[] = {{"x", SAFE_F32, 2, {2, 3}}, {"x", SAFE_F32, 1, {1}}};
    ck_assert(!safetensors_create(path, tensors, 2, NULL, 0, &error));
    ck_assert(strstr(error.text, "repeat"));
    error = (FornixError){0};
    tensors[1].name = "__metadata__";
    ck_assert(!safetensors_create(path, tensors, 2, NULL, 0, &error));
    error = (FornixError){0};
    tensors[0].dims[1] = INT64_MAX / 2;
    ck_assert(!safetensors_create(path, tensors, 1, NULL, 0, &error));
    ck_assert(strstr(error.text, "too big"));
    error = (FornixError){0};
    tensors[0].dims[1] = 3;
    SafeWriter *writer = safetensors_create(path, tensors, 1, NULL, 0, &error);
    float rows[9] = {0};
    ck_assert(!safetensors_write(writer, 0, rows, 3, &error));
    ck_assert(strstr(error.text, "more rows"));
    safetensors_abort(writer);
    size_t count;
    error = (FornixError){0};
    ck_assert(!file_exists(path));
    char **names = file_list(folder, &count, &error);
    file_list_free(names, count);
    mem_free(path);
}
END_TEST

START_TEST(number_types)
{
    static const struct {
        const char *type;
        unsigned char bytes[8];
        size_t size;
        float value;
    } cases[] = {
        {"F64", {0, 0, 0, 0, 0, 0, 0xF8, 0xBF}, 8, -1.5f},
        {"F32", {0, 0, 0x20, 0x41}, 4, 10},
        {"F16", {0x00, 0x3C}, 2, 1},
        {"F16", {0x00, 0xC1}, 2, -2.5f},
        {"F16", {0x01, 0x00}, 2, 0x1p-24f},
        {"F16", {0x01, 0x80}, 2, -0x1p-24f},
        {"F16", {0xFF, 0x03}, 2, 1023 * 0x1p-24f},
        {"F16", {0xFF, 0x7B}, 2, 65504},
        {"F16", {0x00, 0x7C}, 2, INFINITY},
        {"BF16", {0x80, 0x3F}, 2, 1},
        {"BF16", {0x49, 0xC0}, 2, -3.140625f},
        {"I64", {0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, 8, -2},
        {"I32", {0x00, 0x00, 0x01, 0x00}, 4, 65536},
        {"I16", {0x00, 0x80}, 2, -32768},
        {"I8", {0x80}, 1, -128},
        {"U8", {0x80}, 1, 128},
        {"BOOL", {7}, 1, 1},
    };
    char *path = in_folder("types.safetensors");
    for (size_t i = 0; i < COUNT(cases); i++) {
        char bytes[200], header[150];
        FornixError error = {0};
        snprintf(header, sizeof header,
                 "{\"x\":{\"dtype\":\"%s\",\"shape\":[1],\"data_offsets\":[0,%zu]}}  ",
                 cases[i].type, cases[i].size);
        uint64_t length = strlen(header);
        memcpy(bytes, &length, 8);
        memcpy(bytes + 8, header, length);
        memcpy(bytes + 8 + length, cases[i].bytes, cases[i].size);
        ck_assert(file_write(path, bytes, 8 + length + cases[i].size, &error));
        SafeFile *file = open_file(path);
        float value;
        ck_assert(safetensors_read(file, 0, 0, 1, &value, &error));
        ck_assert_msg(value == cases[i].value, "%zu: %g, not %g", i, value, cases[i].value);
        safetensors_close(file);
    }
    mem_free(path);
}
END_TEST

/* More elements than fit the buffer of a conversion. */
START_TEST(long_conversion)
{
    FornixError error = {0};
    enum { ROWS = 5, WIDTH = 3001 };
    char *path = in_folder("long.safetensors");
    SafeTensor tensor = {"x", SAFE_F64, 2, {ROWS, WIDTH}};
    SafeWriter *writer = safetensors_create(path, &tensor, 1, NULL, 0, &error);
    double *rows = mem_new(ROWS * WIDTH, sizeof *rows);
    float *back = mem_new(ROWS * WIDTH, sizeof *back);
    for (int i = 0; i < ROWS * WIDTH; i++)
        rows[i] = i;
    ck_assert(safetensors_write(writer, 0, rows, ROWS, &error));
    ck_assert(safetensors_commit(writer, &error));
    SafeFile *file = open_file(path);
    ck_assert(safetensors_read(file, 0, 1, 4, back, &error));
    for (int i = 0; i < 4 * WIDTH; i++)
        ck_assert(back[i] == (float)(i + WIDTH));
    safetensors_close(file);
    mem_free(rows);
    mem_free(back);
    mem_free(path);
}
END_TEST

#define X(type, shape, offsets)                                                                    \
    "{\"x\":{\"dtype\":\"" type "\",\"shape\":" shape ",\"data_offsets\":" offsets "}}"

START_TEST(malformed)
{
    static const struct {
        const char *header;
        int64_t claimed;
        size_t data;
        const char *words;
    } cases[] = {
        {"", INT64_MAX, 0, "header of"},
        {"", 100000001, 0, "header of"},
        {"{}", 3, 0, "truncated"},
        {"", 0, 0, "JSON"},
        {"[]", -1, 0, "JSON"},
        {"{", -1, 0, "JSON"},
        {"{\"x\":", -1, 0, "JSON"},
        {"{} {}", -1, 0, "JSON"},
        {"{}", -1, 4, "4 bytes behind"},
        {"{\"x\":1}", -1, 0, "dtype"},
        {"{\"x\":{}}", -1, 0, "dtype"},
        {X("F8", "[1]", "[0,1]"), -1, 1, "'F8'"},
        {X("F32", "1", "[0,4]"), -1, 4, "shape"},
        {X("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), -1, 4, "shape"},
        {X("F32", "[-1]", "[0,4]"), -1, 4, "shape"},
        {X("F32", "[1.0]", "[0,4]"), -1, 4, "shape"},
        {X("F32", "[1]", "[0]"), -1, 4, "data_offsets"},
        {X("F32", "[1]", "4"), -1, 4, "data_offsets"},
        {X("F32", "[1]", "[0,\"4\"]"), -1, 4, "data_offsets"},
        {X("F32", "[1]", "[4,0]"), -1, 4, "does not fill"},
        {X("F32", "[1]", "[-4,0]"), -1, 4, "does not fill"},
        {X("F32", "[2]", "[0,4]"), -1, 4, "does not fill"},
        {X("F32", "[4611686018427387904,4]", "[0,0]"), -1, 0, "does not fill"},
        {X("F32", "[2305843009213693953,2]", "[0,8]"), -1, 8, "does not fill"},
        {X("F32", "[0,4611686018427387904,4]", "[0,0]"), -1, 0, "does not fill"},
        {X("F32", "[9223372036854775808]", "[0,4]"), -1, 4, "JSON"},
        {X("F32", "[2]", "[0,8]"), -1, 4, "truncated: 4 of 8"},
        {X("F32", "[1]", "[4,8]"), -1, 8, "begins at byte 4"},
        {"{\"x\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
         "\"y\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}",
         -1, 3, "'y' begins at byte 1, not 2"},
        {"{\"x\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
         "\"x\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,4]}}",
         -1, 4, "duplicate"},
        {"{\"\\u0000\":1}", -1, 0, "JSON"},
    };
    char *path = in_folder("bad.safetensors");
    for (size_t i = 0; i < COUNT(cases); i++) {
        FornixError error = {0};
        make_file(path, cases[i].header, cases[i].claimed, cases[i].data);
        SafeFile *file = safetensors_open(path, &error);
        ck_assert_msg(!file, "case %zu was accepted", i);
        ck_assert_msg(error.input && strstr(error.text, cases[i].words) && strstr(error.text, path),
                      "case %zu: %s", i, error.text);
    }
    FornixError error = {0};
    ck_assert(file_write(path, "abc", 3, &error));
    ck_assert(!safetensors_open(path, &error) && strstr(error.text, "truncated"));
    mem_free(path);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("safetensors");
    TCase *tests = tcase_create("safetensors");
    tcase_add_test(tests, round_trip);
    tcase_add_test(tests, fewer_rows);
    tcase_add_test(tests, misuse);
    tcase_add_test(tests, number_types);
    tcase_add_test(tests, long_conversion);
    tcase_add_test(tests, malformed);
    suite_add_tcase(suite, tests);
    return folder_run(suite);
}
