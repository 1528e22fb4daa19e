/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Noise, random labels, one-hot vectors: distributions, and the same numbers however work is cut.
 */
#include <math.h>
#include <stdlib.h>

#include "tables.h"

static Made made;

static void start(void)
{
    made_start(&made);
}

static void stop(void)
{
    made_stop(&made);
}

/* A layer as a graph writes it, run grain by grain on one input (or none). */
static void run(const char *text, FornixView in, FornixTensor out, int64_t grains, uint64_t seed)
{
    Diag *diag = diag_new();
    Element *element = xml_parse_fragment("test", text, diag, made.arena)->first;
    const Plugin *plugin = registry_need(made.registry, element, diag);
    ck_assert_ptr_nonnull(plugin);
    const void *attrs = attr_read(plugin->node, element, NULL, diag, made.arena);
    ck_assert_uint_eq(diag_errors(diag), 0);
    diag_free(diag);
    FornixStep step = {.in = &in, .out = &out, .random = fornix_random_key(seed, "step")};
    for (int64_t grain = grains - 1; grain >= 0; grain--)
        plugin->node->layer->forward(&step, attrs, 0, grain, grain + 1);
}

static FornixTensor rows_of(float *data, int64_t rows, int64_t width)
{
    return (FornixTensor){{rows, 1, 1, 1, width}, width, width, width, width, data};
}

START_TEST(noise_has_its_distribution)
{
    enum { ROWS = 50, WIDTH = 400 };
    static float x[ROWS * WIDTH], y[ROWS * WIDTH];
    const char *text = _i ? "<noise size=\"400\" distribution=\"uniform\" deviation=\"2\"/>"
                          : "<noise size=\"400\" deviation=\"2\"/>";
    run(text, (FornixView){0}, rows_of(x, ROWS, WIDTH), ROWS, 1);
    double sum = 0, squares = 0, most = 0;
    for (int i = 0; i < ROWS * WIDTH; i++) {
        sum += (double)x[i];
        squares += (double)x[i] * (double)x[i];
        most = fmax(most, fabs((double)x[i]));
    }
    ck_assert_double_eq_tol(sum / (ROWS * WIDTH), 0, .06);
    ck_assert_double_eq_tol(sqrt(squares / (ROWS * WIDTH)), 2, .05);
    ck_assert(_i ? most <= 2 * sqrt(3) : most > 6);

    run(text, (FornixView){0}, rows_of(y, 7, WIDTH), 7, 1);
    ck_assert(memcmp(x, y, 7 * WIDTH * sizeof *x) == 0);
    ck_assert(memcmp(x, x + WIDTH, WIDTH * sizeof *x) != 0);
    run(text, (FornixView){0}, rows_of(y, 7, WIDTH), 7, 2);
    ck_assert(memcmp(x, y, 7 * WIDTH * sizeof *x) != 0);
}
END_TEST

START_TEST(labels_have_theirs)
{
    enum { ROWS = 8000 };
    static const struct {
        const char *text;
        double share[3];
    } cases[] = {{"<random_labels like=\"3\"/>", {1. / 3, 1. / 3, 1. / 3}},
                 {"<random_labels like=\"3\" distribution=\"1 0 3\"/>", {.25, 0, .75}}};
    static float label[ROWS];
    double count[3] = {0};
    run(cases[_i].text, (FornixView){0}, rows_of(label, ROWS, 1), 1, 1);
    for (int i = 0; i < ROWS; i++) {
        ck_assert(label[i] == 0 || label[i] == 1 || label[i] == 2);
        count[(int)label[i]]++;
    }
    for (int class = 0; class < 3; class ++)
        ck_assert_double_eq_tol(count[class] / ROWS, cases[_i].share[class],
                                cases[_i].share[class] > 0 ? .02 : 1e-9);
}
END_TEST

START_TEST(one_hot_is_one_at_the_class)
{
    const float label[] = {2, 0, -1, 1}, wanted[] = {0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1, 0};
    float out[COUNT(wanted)];
    for (size_t i = 0; i < COUNT(out); i++)
        out[i] = NAN;
    FornixView in = {{4, 1, 1, 1, 1}, 1, 1, 1, 1, label};
    run("<one_hot classes=\"3\"/>", in, rows_of(out, 4, 3), 1, 1);
    ck_assert(memcmp(out, wanted, sizeof out) == 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("noise");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, start, stop);
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, noise_has_its_distribution, 0, 2);
    tcase_add_loop_test(all, labels_have_theirs, 0, 2);
    tcase_add_test(all, one_hot_is_one_at_the_class);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
