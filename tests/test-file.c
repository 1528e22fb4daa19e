/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files appear whole or not at all; folders, paths and hashes; rows kept for a break. */

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apply_journal.h"
#include "base.h"
#include "folder.h"
#include "glimpse.h"
#include "hash.h"

static void check_content(const char *path, const char *expected)
{
    FornixError error = {0};
    size_t length;
    char *text = file_read(path, 1 << 20, &length, &error);
    ck_assert_msg(text != NULL, "%s", error.text);
    ck_assert_str_eq(text, expected);
    ck_assert_uint_eq(length, strlen(expected));
    mem_free(text);
}

static size_t all_names(const char *path)
{
    char command[200];
    snprintf(command, sizeof command, "ls -A %s | wc -l", path);
    FILE *list = popen(command, "r");
    size_t count;
    ck_assert_int_eq(fscanf(list, "%zu", &count), 1);
    pclose(list);
    return count;
}

START_TEST(whole_files)
{
    FornixError error = {0};
    char *path = in_folder("a");
    ck_assert(file_write(path, "one", 3, &error));
    ck_assert(file_write(path, "", 0, &error));
    check_content(path, "");
    ck_assert(file_write(path, "second", 6, &error));
    check_content(path, "second");
    ck_assert_uint_eq(all_names(folder), 1);
    struct stat status;
    ck_assert_int_eq(stat(path, &status), 0);
    mode_t mask = umask(0);
    umask(mask);
    ck_assert_uint_eq(status.st_mode & 0777, 0666 & ~mask);
    ck_assert(!file_read(path, 5, NULL, &error));
    ck_assert(error.input && strstr(error.text, "6 bytes") && strstr(error.text, path));
    ck_assert(file_remove(path, &error));
    mem_free(path);
}
END_TEST

START_TEST(missing_files)
{
    FornixError error = {0};
    char *path = in_folder("no/such");
    ck_assert(!file_exists(path));
    ck_assert(!file_read(path, 10, NULL, &error));
    ck_assert(error.input && strstr(error.text, path) && strstr(error.text, strerror(ENOENT)));
    error = (FornixError){0};
    ck_assert(!file_write(path, "x", 1, &error));
    ck_assert(!error.input && strstr(error.text, path));
    error = (FornixError){0};
    ck_assert(!file_read(folder, 1000, NULL, &error));
    ck_assert(error.input && strstr(error.text, "not a file"));
    mem_free(path);
}
END_TEST

START_TEST(writer_pieces)
{
    FornixError error = {0};
    char *path = in_folder("big");
    ck_assert(file_write(path, "old", 3, &error));
    FileWriter *writer = file_writer_open(path, &error);
    ck_assert(file_writer_add(writer, "....", 4, &error));
    ck_assert(file_writer_add(writer, "tail-of-no-use", 14, &error));
    ck_assert(file_writer_put(writer, "HEAD", 4, 0, &error));
    ck_assert_int_eq(file_writer_offset(writer), 18);
    ck_assert(file_writer_resize(writer, 8, &error));
    check_content(path, "old");
    ck_assert(file_writer_commit(writer, &error));
    check_content(path, "HEADtail");
    writer = file_writer_open(path, &error);
    ck_assert(file_writer_add(writer, "never", 5, &error));
    file_writer_abort(writer);
    check_content(path, "HEADtail");
    ck_assert_uint_eq(all_names(folder), 1);
    ck_assert(file_remove(path, &error));
    mem_free(path);
}
END_TEST

/* A limit on file sizes is the nearest thing to a full disk that a test can make. */
START_TEST(full_disk)
{
    FornixError error = {0};
    char *path = in_folder("full");
    ck_assert(file_write(path, "old", 3, &error));
    struct rlimit before, limit;
    getrlimit(RLIMIT_FSIZE, &before);
    limit = before;
    limit.rlim_cur = 4096;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    char bytes[10000] = {0};
    bool ok = file_write(path, bytes, sizeof bytes, &error);
    setrlimit(RLIMIT_FSIZE, &before);
    ck_assert(!ok && !error.input);
    ck_assert(strstr(error.text, path) && strstr(error.text, strerror(EFBIG)));
    check_content(path, "old");
    ck_assert_uint_eq(all_names(folder), 1);
    error = (FornixError){0};
    ck_assert(file_remove(path, &error));
    mem_free(path);
}
END_TEST

START_TEST(lines)
{
    FornixError error = {0};
    char *path = in_folder("metrics");
    FileLines *file = file_lines_open(path, 0, &error);
    ck_assert(file_lines_add(file, "one", &error));
    int64_t offset = file_lines_offset(file);
    ck_assert(file_lines_add(file, "two", &error));
    ck_assert(file_lines_sync(file, &error));
    file_lines_close(file);
    check_content(path, "one\ntwo\n");
    file = file_lines_open(path, offset, &error);
    ck_assert(file_lines_add(file, "2", &error));
    file_lines_close(file);
    check_content(path, "one\n2\n");
    ck_assert(!file_lines_open(path, 100, &error));
    ck_assert(strstr(error.text, "100"));
    check_content(path, "one\n2\n");
    error = (FornixError){0};
    ck_assert(file_remove(path, &error));
    mem_free(path);
}
END_TEST

START_TEST(folders)
{
    FornixError error = {0};
    char *deep = in_folder("x/y//z/");
    char *top = in_folder("x");
    char *outside = in_folder("outside"), *kept = in_folder("outside/kept");
    ck_assert(file_make_folders(deep, &error));
    ck_assert(file_make_folders(deep, &error));
    ck_assert(file_make_folders(outside, &error));
    ck_assert(file_write(kept, "k", 1, &error));
    static const char *const names[] = {"x/b", "x/a", "x/C", "x/.hidden"};
    for (size_t i = 0; i < COUNT(names); i++) {
        char *path = in_folder(names[i]);
        ck_assert(file_write(path, "", 0, &error));
        mem_free(path);
    }
    char *link = in_folder("x/link");
    ck_assert_int_eq(symlink("../outside", link), 0);
    size_t count;
    char **list = file_list(top, &count, &error);
    static const char *const sorted[] = {"C", "a", "b", "link", "y"};
    ck_assert_uint_eq(count, COUNT(sorted));
    for (size_t i = 0; i < count; i++)
        ck_assert_str_eq(list[i], sorted[i]);
    file_list_free(list, count);
    ck_assert(file_remove(top, &error));
    ck_assert(file_remove(top, &error));
    ck_assert(!file_exists(top) && file_exists(kept));
    ck_assert(!file_make_folders(kept, &error));
    ck_assert(strstr(error.text, kept));
    error = (FornixError){0};
    ck_assert(file_remove(outside, &error));
    ck_assert(!file_list(top, &count, &error) && error.input);
    ck_assert_int_gt(file_free_space("."), 0);
    ck_assert_int_eq(file_free_space(top), -1);
    mem_free(deep);
    mem_free(top);
    mem_free(outside);
    mem_free(kept);
    mem_free(link);
}
END_TEST

START_TEST(paths)
{
    static const char *const cases[][3] = {{"a", "b", "a/b"}, {"a/", "b", "a/b"},
                                           {"a", "/b", "/b"}, {"", "b", "b"},
                                           {"/", "b", "/b"},  {".", "b/c", "./b/c"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *path = file_join(cases[i][0], cases[i][1]);
        ck_assert_str_eq(path, cases[i][2]);
        mem_free(path);
    }
    static const char *const above[][2] = {
        {"a/b", "a"}, {"b", "."}, {"/b", "/"}, {"/a/b/c", "/a/b"}};
    for (size_t i = 0; i < COUNT(above); i++) {
        char *path = file_folder(above[i][0]);
        ck_assert_str_eq(path, above[i][1]);
        mem_free(path);
    }
    ck_assert_str_eq(file_name("/a/b.xml"), "b.xml");
    ck_assert_str_eq(file_name("b.xml"), "b.xml");
}
END_TEST

START_TEST(identities)
{
    FornixError error = {0};
    char *path = in_folder("id");
    FileIdentity first, same, other;
    ck_assert(file_write(path, "abc", 3, &error));
    ck_assert(file_identity(path, &first, &error) && file_identity(path, &same, &error));
    ck_assert_mem_eq(&first, &same, sizeof first);
    ck_assert_int_eq(first.size, 3);
    ck_assert(file_write(path, "abd", 3, &error));
    ck_assert(file_identity(path, &other, &error));
    ck_assert(memcmp(&first, &other, sizeof first) != 0);
    ck_assert(file_remove(path, &error));
    ck_assert(!file_identity(path, &other, &error) && error.input);
    mem_free(path);
}
END_TEST

START_TEST(hashes)
{
    FornixError error = {0};
    char text[HASH_TEXT];
    hash_text(hash_bytes("", 0), text); /* XXH3's published value of nothing */
    ck_assert_str_eq(text, "99aa06d3014798d86001c324468d497f");
    enum { SIZE = 3000000 };
    char *bytes = mem_new(SIZE, 1), *path = in_folder("h");
    for (int i = 0; i < SIZE; i++)
        bytes[i] = (char)(i * 31 >> 3);
    Hash whole = hash_bytes(bytes, SIZE), file, parsed;
    Hasher *hasher = hasher_new();
    for (size_t at = 0, step = 1; at < SIZE; at += step, step = step * 7 % 100003) {
        size_t rest = SIZE - at;
        hasher_add(hasher, bytes + at, step < rest ? step : rest);
    }
    ck_assert(hash_equal(whole, hasher_result(hasher)));
    hasher_free(hasher);
    ck_assert(file_write(path, bytes, SIZE, &error));
    ck_assert(hash_file(path, &file, &error) && hash_equal(whole, file));
    hash_text(whole, text);
    ck_assert(hash_parse(text, &parsed) && hash_equal(whole, parsed));
    text[5] = 'g';
    ck_assert(!hash_parse(text, &parsed) && !hash_parse("12", &parsed));
    Hasher *a = hasher_new(), *b = hasher_new();
    hasher_add_text(a, "ab");
    hasher_add_text(a, "c");
    hasher_add_text(b, "a");
    hasher_add_text(b, "bc");
    ck_assert(!hash_equal(hasher_result(a), hasher_result(b)));
    hasher_free(a);
    hasher_free(b);
    ck_assert(file_remove(path, &error));
    ck_assert(!hash_file(path, &file, &error) && error.input);
    mem_free(bytes);
    mem_free(path);
}
END_TEST

static Journal *journal_of_rows(int64_t rows)
{
    FornixError error = {0};
    Journal *journal = journal_open(folder, rows, 3, &error);
    ck_assert_msg(journal != NULL, "%s", error.text);
    return journal;
}

/* Rows that are not as they were left, are none. */
START_TEST(glimpses)
{
    const char *sources = getenv("srcdir");
    FornixError error = {0};
    char *old = file_join(sources ? sources : ".", "tests/test-file.c");
    char *young = in_folder("young");
    Hash one = hash_bytes("1", 1), two = hash_bytes("2", 1);
    Glimpse glimpse;
    int seen = 7;
    ck_assert(file_write(young, "x", 1, &error));
    ck_assert(!glimpse_find(&glimpse, old, one, &seen, sizeof seen) && seen == 7);
    glimpse_keep(&glimpse, &seen);
    seen = 0;
    ck_assert(glimpse_find(&glimpse, old, one, &seen, sizeof seen) && seen == 7);
    ck_assert(!glimpse_find(&glimpse, old, one, &seen, sizeof(char)));
    for (int k = 0; k < 1000; k++) { /* the table grows */
        int other = -k;
        ck_assert(!glimpse_find(&glimpse, old, hash_bytes(&k, sizeof k), &seen, sizeof seen));
        glimpse_keep(&glimpse, &other);
    }
    for (int k = 0; k < 1000; k++)
        ck_assert(glimpse_find(&glimpse, old, hash_bytes(&k, sizeof k), &seen, sizeof seen) &&
                  seen == -k);
    ck_assert(!glimpse_find(&glimpse, old, two, &seen, sizeof seen));
    /* What changed a moment ago may do so again unseen. */
    ck_assert(!glimpse_find(&glimpse, young, one, &seen, sizeof seen));
    glimpse_keep(&glimpse, &seen);
    ck_assert(!glimpse_find(&glimpse, young, one, &seen, sizeof seen));
    ck_assert(!glimpse_find(&glimpse, "no such file", one, &seen, sizeof seen));
    glimpse_keep(&glimpse, &seen);
    mem_free(old);
    mem_free(young);
}
END_TEST

START_TEST(journals)
{
    FornixError error = {0};
    Journal *journal = journal_of_rows(9);
    for (int k = 0; k < 4; k++) {
        float row[] = {(float)k, 2, 3};
        ck_assert(journal_add(journal, row, &error) && journal_keep(journal, &error));
    }
    journal_close(journal);
    journal = journal_of_rows(9);
    ck_assert_int_eq(journal_rows(journal), 4);
    float row[] = {4, 2, 3};
    ck_assert(journal_add(journal, row, &error) && journal_keep(journal, &error));
    journal_close(journal);
    journal = journal_of_rows(9);
    ck_assert_int_eq(journal_rows(journal), 5);
    ck_assert(journal_read(journal, 4, row, &error) && row[0] == 4);
    journal_close(journal);

    char *path = in_folder("journal.bin");
    FILE *file = fopen(path, "r+");
    ck_assert(file && fseek(file, 16, SEEK_SET) == 0 && putc('x', file) == 'x');
    fclose(file);
    journal = journal_of_rows(9);
    ck_assert_int_eq(journal_rows(journal), 0);
    journal_close(journal);
    ck_assert(file_remove(path, &error));
    mem_free(path);
    path = in_folder("journal.json");
    ck_assert(file_remove(path, &error));
    mem_free(path);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("file");
    TCase *tests = tcase_create("file");
    tcase_add_test(tests, whole_files);
    tcase_add_test(tests, missing_files);
    tcase_add_test(tests, writer_pieces);
    tcase_add_test(tests, full_disk);
    tcase_add_test(tests, lines);
    tcase_add_test(tests, folders);
    tcase_add_test(tests, paths);
    tcase_add_test(tests, identities);
    tcase_add_test(tests, hashes);
    tcase_add_test(tests, glimpses);
    tcase_add_test(tests, journals);
    suite_add_tcase(suite, tests);
    return folder_run(suite);
}
