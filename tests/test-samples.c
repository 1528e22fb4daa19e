/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables through tables, the memory of costly reads, provenance, and tables on disk. */
#include "samples.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "file.h"
#include "store.h"
#include "tables.h"

static Made made;

static void start(void)
{
    made = (Made){.samples = samples_new(NULL)};
}

static void stop(void)
{
    samples_free(made.samples);
}

static const Cell cells[] = {
    {"c/a", 0, FORNIX_TRAIN, {1, 2}}, {"c/a", 0, FORNIX_TRAIN, {3, 4}},
    {"c/b", 1, FORNIX_TEST, {5, 6}},  {"c/c", -1, FORNIX_VALIDATION, {7, 8}},
    {"c/d", 1, FORNIX_TEST, {9, 10}},
};

static const FornixTable *five(void)
{
    const FornixTable *table = made_table(&made, "five", cells, COUNT(cells), 2, 2);
    ck_assert_ptr_nonnull(table);
    return table;
}

/* ---- Reading through --------------------------------------------------------------------- */

START_TEST(rows_read_through)
{
    const FornixTable *table = five();
    BuildInput input = {table, "five", 0};
    FornixBuild *build =
        build_new(made.samples, &(BuildRequest){.id = "b", .inputs = &input, .input_count = 1});
    fornix_copy_columns(build, 0);
    fornix_add_column(
        build, &(FornixColumn){.name = "weight", .kind = FORNIX_WEIGHT, .shape = {1, 1, 1, 1, 1}});
    fornix_copy_row(build, 0, 4);
    int64_t mixed = fornix_mix_rows(build, 0, 0, 2, .25);
    fornix_set_row(build, mixed, &(FornixRow){"made/1", "", FORNIX_SYNTHETIC_SAMPLE, FORNIX_TRAIN});
    fornix_set_real(build, 2, mixed, 3.5);
    ck_assert(build_rows(build));
    const FornixTable *out = build_table(build);
    build_free(build);
    ck_assert_int_eq(fornix_rows(out), 2);
    ck_assert_str_eq(fornix_row(out, 0)->subject, "c/d");
    ck_assert_ptr_eq(fornix_row(out, 0)->subject, fornix_row(table, 4)->subject);
    ck_assert_str_eq(fornix_row(out, 0)->name, "row 4");
    ck_assert_int_eq(made_label(out, 0), 1);
    ck_assert(fornix_real(out, 2, 0) == 1 && fornix_real(out, 2, 1) == 3.5);
    ck_assert(made_value(out, "feature", 0, 1) == 10);
    ck_assert(made_value(out, "feature", 1, 0) == .75f * 1 + .25f * 5);
    ck_assert(made_value(out, "weight", 1, 0) == 3.5f);
    ck_assert(made_value(out, "grade", 0, 0) == 1);
    FornixError error = {0};
    float x[2];
    ck_assert(!fornix_read(out, 0, 2, x, &error) && error.text[0]);
}
END_TEST

START_TEST(parts)
{
    const FornixTable *table = five();
    ck_assert_uint_eq(parts_parse("train validation"), 1 << FORNIX_TRAIN | 1 << FORNIX_VALIDATION);
    ck_assert_uint_eq(parts_parse("all"), PARTS_ALL);
    ck_assert_uint_eq(parts_parse("tset"), 0);
    int64_t count, *rows = table_select(table, 1 << FORNIX_TEST, &count);
    ck_assert_int_eq(count, 2);
    ck_assert(rows[0] == 2 && rows[1] == 4);
    mem_free(rows);
    int64_t group[5];
    ck_assert_int_eq(table_subjects(table, group), 4);
    ck_assert(group[0] == 0 && group[1] == 0 && group[2] == 1 && group[4] == 3);
    Cell twice[] = {{"s", 0, FORNIX_TRAIN, {0}}, {"s", 0, FORNIX_TEST, {0}}};
    ck_assert_ptr_null(made_table(&made, "twice", twice, 2, 1, 2));
    ck_assert_ptr_nonnull(strstr(made.mistake, "'s' is in two parts, train and test"));
    Cell wrong[] = {{"s", 2, FORNIX_TRAIN, {0}}};
    ck_assert_ptr_null(made_table(&made, "wrong", wrong, 1, 1, 2));
    Cell nobody[] = {{"", 0, FORNIX_TRAIN, {0}}};
    ck_assert_ptr_null(made_table(&made, "nobody", nobody, 1, 1, 2));
}
END_TEST

START_TEST(columns_checked)
{
    FornixBuild *build = build_new(
        made.samples, &(BuildRequest){.id = "b", .mistake = made_mistake, .context = &made});
    FornixColumn column = {.name = "x", .kind = FORNIX_IMAGE, .shape = {1, 1, 2, 2, 1}};
    ck_assert_int_eq(fornix_add_column(build, &column), 0);
    fornix_add_column(build, &column);
    ck_assert_ptr_nonnull(strstr(made.mistake, "two columns 'x'"));
    column.name = "a.b";
    ck_assert_int_eq(fornix_add_column(build, &column), -1);
    column =
        (FornixColumn){.name = "y", .kind = FORNIX_IMAGE, .shape = {1, 1, 1 << 30, 1ll << 40, 9}};
    ck_assert_int_eq(fornix_add_column(build, &column), -1);
    ck_assert(!build_rows(build));
    build_free(build);
}
END_TEST

/* ---- Costly reads ------------------------------------------------------------------------ */

static _Atomic int reads;

static bool slow_columns(FornixBuild *build, const void *attrs)
{
    (void)attrs;
    fornix_add_column(
        build, &(FornixColumn){.name = "image", .kind = FORNIX_IMAGE, .shape = {1, 1, 4, 4, 1}});
    return true;
}

static bool slow_rows(FornixBuild *build, const void *attrs)
{
    (void)attrs;
    for (int r = 0; r < 8; r++) {
        char subject[16];
        snprintf(subject, sizeof subject, "s%d", r);
        fornix_add_row(build, &(FornixRow){subject, "", FORNIX_REAL_SAMPLE, FORNIX_TEST});
    }
    return true;
}

static bool slow_read(void *opened, const FornixTable *table, int column, int64_t row, float *out,
                      FornixError *error)
{
    (void)opened, (void)table, (void)column;
    reads++;
    if (row == 7)
        return fornix_fail(error, "row seven cannot be read");
    for (int i = 0; i < 16; i++)
        out[i] = (float)(row * 16 + i);
    return true;
}

static const FornixSamples slow_samples = {
    .flags = FORNIX_COSTLY_READ, .columns = slow_columns, .rows = slow_rows, .read = slow_read};
static const FornixNode slow = {.abi = FORNIX_ABI, .name = "slow", .samples = &slow_samples};

START_TEST(costly_reads_are_kept)
{
    Samples *pool = samples_new(&(SamplesHost){.cache_bytes = 3 * 64});
    Made here = {.samples = pool};
    const FornixTable *table = made_by(&here, &slow, NULL, "slow", NULL, NULL, 0);
    ck_assert_ptr_nonnull(table);
    reads = 0;
    for (int round = 0; round < 3; round++)
        for (int row = 0; row < 5; row++)
            ck_assert(made_value(table, "image", row, 3) == (float)(row * 16 + 3));
    ck_assert_int_eq(reads, 5 + 2 * 2);
    ck_assert_int_eq(samples_cached(pool), 3 * 64);
    float x[16];
    FornixError error = {0};
    ck_assert(!fornix_read(table, 0, 7, x, &error));
    ck_assert_str_eq(error.text, "row seven cannot be read; told by slow 'slow'");
    table_forget(table);
    ck_assert_int_eq(samples_cached(pool), 0);
    samples_free(pool);
}
END_TEST

static void *read_all(void *context)
{
    const FornixTable *table = context;
    for (int round = 0; round < 200; round++)
        for (int row = 0; row < 7; row++)
            if (made_value(table, "image", row, 5) != (float)(row * 16 + 5))
                return context;
    return NULL;
}

START_TEST(threads_share_a_table)
{
    const FornixTable *table = made_by(&made, &slow, NULL, "slow", NULL, NULL, 0);
    pthread_t threads[4];
    for (size_t i = 0; i < COUNT(threads); i++)
        pthread_create(&threads[i], NULL, read_all, (void *)table);
    for (size_t i = 0; i < COUNT(threads); i++) {
        void *bad;
        pthread_join(threads[i], &bad);
        ck_assert_ptr_null(bad);
    }
    ck_assert_int_eq(samples_cached(made.samples), 7 * 64);
}
END_TEST

/* ---- Provenance -------------------------------------------------------------------------- */

static bool judge_rows(FornixBuild *build, const void *attrs)
{
    (void)attrs;
    fornix_metric(build, "rows", (double)fornix_rows(fornix_table(build, 0)));
    return true;
}

static const FornixPort judge_inputs[] = {{"predictions", FORNIX_SAMPLES, 0, ""}, {0}};
static const FornixSamples judge_samples = {.flags = FORNIX_EVALUATES, .rows = judge_rows};
static const FornixNode judge = {
    .abi = FORNIX_ABI, .name = "judge", .inputs = judge_inputs, .samples = &judge_samples};

static const FornixTable *judged(const FornixTable *table, unsigned judged_parts, const char *why)
{
    BuildInput input = {table, table_id(table), 0};
    BuildRequest request = {.type = &judge,
                            .id = "scores",
                            .inputs = &input,
                            .input_count = 1,
                            .parts = judged_parts,
                            .acknowledge = why,
                            .mistake = made_mistake,
                            .context = &made};
    FornixBuild *build = build_new(made.samples, &request);
    bool done = build_columns(build) && build_rows(build);
    const FornixTable *out = done ? build_table(build) : NULL;
    build_free(build);
    return out;
}

/* What `table` would be if weights fitted on the train part had made it, through another table. */
static const FornixTable *predicted(const FornixTable *table)
{
    Fits fits = {0};
    fits_add_table(made.samples, &fits, "net", table, 1 << FORNIX_TRAIN);
    BuildInput input = {table, table_id(table), 0};
    FornixBuild *build = build_new(
        made.samples, &(BuildRequest){.id = "predicted", .inputs = &input, .input_count = 1});
    fornix_copy_columns(build, 0);
    for (int64_t row = 0; row < fornix_rows(table); row++)
        fornix_copy_row(build, 0, row);
    build_add_fits(build, &fits);
    fits_free(&fits);
    ck_assert(build_rows(build));
    const FornixTable *out = build_table(build);
    build_free(build);
    return table_part(out, PARTS_ALL);
}

START_TEST(leaks_are_refused)
{
    const FornixTable *table = predicted(five());
    double value, low, high;
    const FornixTable *scores = judged(table, 0, NULL);
    ck_assert_ptr_nonnull(scores);
    ck_assert(fornix_get_metric(scores, "rows", &value, &low, &high) && value == 2 && isnan(low));
    ck_assert_ptr_null(judged(table, 1 << FORNIX_TRAIN | 1 << FORNIX_TEST, NULL));
    ck_assert_ptr_nonnull(strstr(made.mistake, "1 of 3 subjects that were used to fit 'net': c/a"));
    scores = judged(table, PARTS_ALL, "the protocol does so");
    ck_assert_ptr_nonnull(scores);
    int count;
    const TableLine *lines = table_lines(scores, &count);
    ck_assert_int_eq(count, 1);
    ck_assert(lines[0].warning && strstr(lines[0].text, "the protocol does so"));
    ck_assert_int_eq(table_fits(scores)->count, 1);
    Cell whole[] = {{"s", 0, FORNIX_NO_PART, {0}}};
    ck_assert_ptr_null(judged(made_table(&made, "whole", whole, 1, 1, 2), 0, NULL));
    ck_assert_ptr_nonnull(strstr(made.mistake, "no rows of part 'test'"));
    ck_assert_str_eq(made.where, "predictions");
}
END_TEST

static bool fit_rows(FornixBuild *build, const void *attrs)
{
    (void)attrs;
    for (int64_t row = 0; row < fornix_rows(fornix_table(build, 0)); row++)
        fornix_copy_row(build, 0, row);
    fornix_fitted_on(build, 0, 2);
    return true;
}

static const FornixSamples fit_samples = {.rows = fit_rows};
static const FornixNode fit_node = {
    .abi = FORNIX_ABI, .name = "fit", .inputs = judge_inputs, .samples = &fit_samples};

/* A node that says row by row what it was fitted on, and rows that nobody has. */
START_TEST(rows_are_named_or_made_up)
{
    const FornixTable *table = five();
    const FornixTable *fitted = made_by(&made, &fit_node, NULL, "chosen", &table, NULL, 1);
    ck_assert_ptr_nonnull(fitted);
    ck_assert_ptr_null(judged(fitted, 0, NULL));
    ck_assert_ptr_nonnull(
        strstr(made.mistake, "1 of 2 subjects that were used to fit 'chosen': c/b"));
    FornixBuild *build = build_new(
        made.samples, &(BuildRequest){.id = "made", .mistake = made_mistake, .context = &made});
    fornix_add_row(build, &(FornixRow){"gan/1", "", FORNIX_SYNTHETIC_SAMPLE, FORNIX_TEST});
    fornix_add_row(build, &(FornixRow){"c/x", "", FORNIX_REAL_SAMPLE, FORNIX_TEST});
    ck_assert(build_rows(build));
    table = build_table(build);
    build_free(build);
    ck_assert_ptr_null(judged(table, 0, NULL));
    ck_assert_ptr_nonnull(strstr(made.mistake, "1 of 2 samples that are made up"));
    ck_assert_ptr_nonnull(judged(table, 0, "to see what it takes them for"));
}
END_TEST

START_TEST(fits_are_hashed)
{
    const char *const both[] = {"x", "y"}, *const others[] = {"z", "y", "y"};
    Fits fits = {0};
    fits_add(made.samples, &fits, &(Fit){"net", both, 2, FIT_NAMED});
    fits_add(made.samples, &fits, &(Fit){"file", NULL, 0, FIT_UNKNOWN});
    fits_add(made.samples, &fits, &(Fit){"none", NULL, 0, FIT_NAMED});
    ck_assert_int_eq(fits.count, 2);
    char *text = fits_text(&fits);
    ck_assert(!strchr(text, 'x') && !strchr(text, 'y') && strstr(text, "file unknown\n"));
    mem_free(text);
    Meeting meeting = fits_meet(made.samples, &fits, others, 3);
    ck_assert(meeting.subjects == 2 && meeting.met == 1);
    ck_assert_str_eq(meeting.names, "y");
    ck_assert_str_eq(meeting.artefacts, "'net'");
    ck_assert_str_eq(meeting.unknown, "'file'");
    meeting_free(&meeting);
    fits_free(&fits);
}
END_TEST

START_TEST(fits_are_sets)
{
    Fits a = {0}, b = {0};
    const char *const both[] = {"x", "y", "x"};
    fits_add(made.samples, &a, &(Fit){"net", both, 3, FIT_NAMED});
    fits_add(made.samples, &b, &(Fit){"net", both, 2, FIT_NAMED});
    ck_assert_int_eq(a.items[0]->count, 2);
    fits_join(&a, &b);
    ck_assert_int_eq(a.count, 1);
    fits_add(made.samples, &b, &(Fit){"net", both, 1, FIT_NAMED});
    fits_join(&a, &b);
    ck_assert_int_eq(a.count, 2);
    fits_free(&a);
    fits_free(&b);
}
END_TEST

/* ---- On disk ----------------------------------------------------------------------------- */

static char folder[64];

static void disk_start(void)
{
    start();
    strcpy(folder, "/tmp/test-samples-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void disk_stop(void)
{
    FornixError error = {0};
    file_remove(folder, &error);
    stop();
}

static const FornixTable *noted(void)
{
    const FornixTable *table = predicted(five());
    BuildInput input = {table, "t", 0};
    FornixBuild *build =
        build_new(made.samples, &(BuildRequest){.id = "n", .inputs = &input, .input_count = 1});
    fornix_copy_columns(build, 0);
    fornix_add_column(
        build, &(FornixColumn){.name = "weight", .kind = FORNIX_WEIGHT, .shape = {1, 1, 1, 1, 1}});
    for (int64_t row = 0; row < 5; row++)
        fornix_set_real(build, 2, fornix_copy_row(build, 0, row), 1.0 / 3 + (double)row);
    FornixSpace space = {.file = "a.nii", .slice = 7, .axis = 2, .spacing = {1, .1, 3}};
    for (int i = 0; i < 512; i++)
        space.map[i] = (unsigned char)(i * 7);
    fornix_set_space(build, 1, &space);
    space.slice = 8;
    fornix_set_space(build, 2, &space);
    fornix_metric(build, "auc", NAN);
    fornix_metric_interval(build, "dice", .1, -.2, .3);
    fornix_warn(build, "100%% sure");
    const double values[] = {1, .1, INFINITY};
    fornix_set_values(build, "mean", values, 3);
    ck_assert(build_rows(build));
    const FornixTable *out = build_table(build);
    build_free(build);
    return out;
}

START_TEST(tables_come_back)
{
    const FornixTable *table = noted();
    FornixError error = {0};
    ck_assert_msg(store_save(table, folder, &error), "%s", error.text);
    Samples *pool = samples_new(NULL);
    const FornixTable *back = store_load(pool, folder, "back", &error);
    ck_assert_msg(back != NULL, "%s", error.text);
    ck_assert_int_eq(fornix_rows(back), 5);
    ck_assert_int_eq(fornix_columns(back), 3);
    for (int64_t row = 0; row < 5; row++) {
        ck_assert_str_eq(fornix_row(back, row)->subject, fornix_row(table, row)->subject);
        ck_assert_str_eq(fornix_row(back, row)->name, fornix_row(table, row)->name);
        ck_assert_int_eq(fornix_row(back, row)->part, fornix_row(table, row)->part);
        ck_assert_int_eq(made_label(back, row), made_label(table, row));
        ck_assert(fornix_real(back, 2, row) == fornix_real(table, 2, row));
        for (int i = 0; i < 2; i++)
            ck_assert(made_value(back, "feature", row, i) == made_value(table, "feature", row, i));
    }
    ck_assert_str_eq(fornix_column(back, 1)->class_names[1], "high");
    ck_assert_ptr_null(fornix_space(back, 0));
    ck_assert_int_eq(fornix_space(back, 1)->slice, 7);
    ck_assert_int_eq(fornix_space(back, 2)->slice, 8);
    ck_assert_mem_eq(fornix_space(back, 2)->map, fornix_space(table, 2)->map, 512);
    ck_assert_str_eq(fornix_space(back, 2)->file, "a.nii");
    double value, low, high;
    ck_assert(fornix_get_metric(back, "auc", &value, &low, &high) && isnan(value));
    ck_assert(fornix_get_metric(back, "dice", &value, &low, &high) && low == -.2 && high == .3);
    int64_t count;
    const double *values = fornix_values(back, "mean", &count);
    ck_assert(count == 3 && values[1] == .1 && isinf(values[2]));
    ck_assert_int_eq(table_fits(back)->count, 1);
    ck_assert_str_eq(table_fits(back)->items[0]->subjects[0], "c/a");
    samples_free(pool);
}
END_TEST

static void overwrite(const char *path, const char *text, size_t length)
{
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, length, file), length);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(damage_is_found)
{
    const FornixTable *table = noted();
    FornixError error = {0};
    ck_assert(store_save(table, folder, &error));
    char *path = file_join(folder, "table.json");
    size_t length;
    char *text = file_read(path, 1 << 20, &length, &error);
    ck_assert_ptr_nonnull(text);
    FornixRandomKey key = fornix_random_key(1, "damage");
    for (uint64_t i = 0; i < 400; i++) {
        size_t at = (size_t)fornix_random_below(key, 2 * i, (int64_t)length);
        char kept = text[at];
        text[at] = (char)(32 + fornix_random_below(key, 2 * i + 1, 95));
        error = (FornixError){0};
        overwrite(path, text, length);
        Samples *pool = samples_new(NULL);
        bool loaded = store_load(pool, folder, "back", &error) != NULL;
        ck_assert(loaded || error.text[0]);
        samples_free(pool);
        text[at] = kept;
    }
    error = (FornixError){0};
    ck_assert(!store_load(made.samples, "/nowhere", "back", &error) && error.text[0]);
    mem_free(text);
    mem_free(path);
}
END_TEST

START_TEST(rows_stream_to_disk)
{
    const FornixTable *table = five();
    FornixColumn columns[] = {{.name = "tap", .kind = FORNIX_FEATURE, .shape = {1, 1, 1, 2, 3}},
                              *fornix_column(table, 1)};
    FornixError error = {0};
    StoreRequest request = {columns, 2, 5, NULL};
    StoreWriter *writer = store_create(folder, &request, &error);
    ck_assert_msg(writer != NULL, "%s", error.text);
    for (int row = 4; row >= 2; row--) {
        float x[6] = {(float)row, 0, 0, 0, 0, (float)-row};
        ck_assert(store_add(writer, table, row, (const float *const[]){x, NULL}, &error));
    }
    ck_assert_msg(store_commit(writer, NULL, &error), "%s", error.text);
    const FornixTable *back = store_load(made.samples, folder, "back", &error);
    ck_assert_msg(back != NULL, "%s", error.text);
    ck_assert_int_eq(fornix_rows(back), 3);
    ck_assert(made_value(back, "tap", 0, 0) == 4 && made_value(back, "tap", 2, 5) == -2);
    ck_assert_str_eq(fornix_row(back, 1)->subject, "c/c");
    ck_assert_int_eq(made_label(back, 1), -1);
    writer = store_create(folder, &request, &error);
    store_abort(writer);
    ck_assert_ptr_null(store_load(made.samples, folder, "back", &error));
    error = (FornixError){0};
    writer = store_create(folder, &request, &error);
    ck_assert_msg(store_commit(writer, NULL, &error), "%s", error.text);
    back = store_load(made.samples, folder, "back", &error);
    ck_assert_msg(back && fornix_rows(back) == 0, "%s", error.text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("samples");
    TCase *tables = tcase_create("tables");
    tcase_add_checked_fixture(tables, start, stop);
    tcase_add_test(tables, rows_read_through);
    tcase_add_test(tables, parts);
    tcase_add_test(tables, columns_checked);
    tcase_add_test(tables, costly_reads_are_kept);
    tcase_add_test(tables, threads_share_a_table);
    tcase_add_test(tables, leaks_are_refused);
    tcase_add_test(tables, rows_are_named_or_made_up);
    tcase_add_test(tables, fits_are_hashed);
    tcase_add_test(tables, fits_are_sets);
    suite_add_tcase(suite, tables);
    TCase *disk = tcase_create("disk");
    tcase_add_checked_fixture(disk, disk_start, disk_stop);
    tcase_add_test(disk, tables_come_back);
    tcase_add_test(disk, damage_is_found);
    tcase_add_test(disk, rows_stream_to_disk);
    suite_add_tcase(suite, disk);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
