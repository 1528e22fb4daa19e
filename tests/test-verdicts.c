/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What follows from a comparison: verdicts in figures and sentences, against null arms and with
 * controls; what is warned of; permutations and tests over folds against plain loops. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "statistics.h"
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

static bool says(const FornixTable *table, const char *words)
{
    return made_says(table, words, false);
}

static bool warns(const FornixTable *table, const char *words)
{
    return made_says(table, words, true);
}

static void assert_near(double found, double wanted)
{
    ck_assert_msg(fabs(found - wanted) <= 1e-12 * fmax(1, fabs(wanted)), "%.17g is not %.17g",
                  found, wanted);
}

/* ---- Tables of scores, as evaluators hand them on ---------------------------------------- */

typedef struct {
    const char *id;
    int subjects;
    double signal; /* how far the scores of the classes lie apart */
    double shift;  /* of all towards class 1 */
    int noise;     /* the same number: the same noise */
    int from;      /* the first subject's number */
    const Fits *fits;
    double auc[2]; /* its interval, as the evaluator told it; 0 0: not told */
    double accuracy;
} Plan;

static FornixBuild *build_of(const char *id)
{
    return build_new(made.samples,
                     &(BuildRequest){.id = id, .mistake = made_mistake, .context = &made});
}

static const FornixTable *finish(FornixBuild *build)
{
    const FornixTable *table = build_rows(build) ? build_table(build) : NULL;
    build_free(build);
    ck_assert_msg(table != NULL, "%s", made.mistake);
    return table;
}

static void add_scores(FornixBuild *build)
{
    static const char *const names[] = {"truth", "predicted", "score_0", "score_1"};
    for (int k = 0; k < 4; k++)
        fornix_add_column(build, &(FornixColumn){.name = names[k],
                                                 .kind = k < 2 ? FORNIX_LABEL : FORNIX_WEIGHT,
                                                 .shape = {1, 1, 1, 1, 1},
                                                 .classes = k < 2 ? 2 : 0,
                                                 .class_names = k < 2 ? made_grades : NULL});
}

static const FornixTable *scores(Plan plan)
{
    FornixBuild *build = build_of(plan.id);
    FornixRandomKey key = fornix_random_key((uint64_t)plan.noise, "noise");
    add_scores(build);
    for (int i = 0; i < plan.subjects; i++) {
        char subject[32];
        int who = plan.from + i, class = i % 2;
        double z = (double)fornix_random_normal(key, (uint64_t)who) + plan.shift +
                   plan.signal * (class - .5);
        snprintf(subject, sizeof subject, "c/%d", who);
        fornix_add_row(build, &(FornixRow){subject, "", FORNIX_REAL_SAMPLE, FORNIX_TEST});
        fornix_set_label(build, 0, i, class);
        fornix_set_label(build, 1, i, z > 0);
        fornix_set_real(build, 2, i, 1 / (1 + exp(z)));
        fornix_set_real(build, 3, i, 1 / (1 + exp(-z)));
    }
    if (plan.auc[1] > 0)
        fornix_metric_interval(build, "auc", (plan.auc[0] + plan.auc[1]) / 2, plan.auc[0],
                               plan.auc[1]);
    if (plan.accuracy > 0)
        fornix_metric(build, "accuracy", plan.accuracy);
    if (plan.fits)
        build_add_fits(build, plan.fits);
    return finish(build);
}

static const char *const names[] = {"scores[none]", "scores[weights]", "scores[gan]"};

static const FornixTable *compared(const char *attrs, const FornixTable *const *tables, int count)
{
    char text[200];
    snprintf(text, sizeof text, "<compare id='verdict' over='arm' baseline='none' draws='200' %s/>",
             attrs);
    const FornixTable *table = made_from(&made, text, tables, names, count);
    return table;
}

static const FornixTable *three(const char *attrs, Plan none, Plan weights, Plan gan)
{
    const FornixTable *tables[] = {scores(none), scores(weights), scores(gan)};
    const FornixTable *table = compared(attrs, tables, 3);
    ck_assert_msg(table != NULL, "%s", made.mistake);
    return table;
}

static const Plan poor = {.id = "none", .subjects = 60, .signal = .4, .noise = 1},
                  good = {.id = "weights", .subjects = 60, .signal = 3, .noise = 1},
                  good_too = {.id = "gan", .subjects = 60, .signal = 3, .noise = 1},
                  bad = {.id = "gan", .subjects = 60, .signal = -3, .noise = 1};

/* ---- Verdicts ---------------------------------------------------------------------------- */

START_TEST(better)
{
    const FornixTable *table = three("", poor, good, good_too);
    ck_assert(made_metric(table, "verdict.gan") == 1 && made_metric(table, "verdict.weights") == 1);
    ck_assert(
        says(table, "verdict on 'gan': better (better than 'none'); AUC less that of 'none': "));
    ck_assert(says(table, "from 60 subjects (30 low, 30 high)"));
    ck_assert(!says(table, "no arm differs") && !says(table, "no evidence"));
    double value, low, high;
    ck_assert(fornix_get_metric(table, "difference.auc.gan", &value, &low, &high) && low > 0);
    ck_assert(!fornix_get_metric(table, "verdict.none", &value, &low, &high));
    ck_assert(made_metric(table, "subjects") == 60);
}
END_TEST

/* What a null arm reaches too is no merit. */
START_TEST(against_null_arms)
{
    const FornixTable *table = three("null='weights'", poor, good, good_too);
    ck_assert(made_metric(table, "verdict.gan") == 0 && made_metric(table, "verdict.weights") == 1);
    ck_assert(says(table, "verdict on 'gan': no evidence (better than 'none'; no evidence of a "
                          "difference to 'weights')"));
    ck_assert(made_metric(table, "against.weights.auc.gan") == 0);
    ck_assert(made_metric(table, "against_p.weights.auc.gan") == 1);
    ck_assert(says(table, "gan less weights"));
    Plan best = good_too;
    best.signal = 20;
    table = three("null='weights'", poor,
                  (Plan){.id = "weights", .subjects = 60, .signal = .8, .noise = 1}, best);
    ck_assert(made_metric(table, "verdict.gan") == 1);
    ck_assert(says(table, "verdict on 'gan': better (better than 'none', 'weights'); AUC"));
    const FornixTable *tables[] = {scores(poor), scores(good)};
    ck_assert(!compared("null='wieghts'", tables, 2));
    ck_assert_msg(strstr(made.mistake, "no 'wieghts' among the arms; did you mean 'weights'?"),
                  "%s", made.mistake);
    ck_assert_str_eq(made.where, "null");
    table = compared("null='threshold'", tables, 2);
    ck_assert_msg(table != NULL, "%s", made.mistake);
    ck_assert(warns(table, "null arm 'threshold' is not there: no verdict is against it"));
}
END_TEST

START_TEST(worse)
{
    const FornixTable *table = three("", poor, poor, bad);
    ck_assert(made_metric(table, "verdict.gan") == -1);
    ck_assert(made_metric(table, "verdict.weights") == 0);
    ck_assert(says(table, "verdict on 'gan': worse (worse than 'none')"));
    ck_assert(says(table, "gan: AUC is lower than that of 'none' by"));
    ck_assert(
        says(table, "verdict on 'weights': no evidence (no evidence of a difference to 'none')"));
}
END_TEST

/* Of distances and volume errors less is better. */
START_TEST(of_masks)
{
    static const char *const columns[] = {"dice_1", "hd95_1"};
    const FornixTable *tables[2];
    double apart[2][10], dice[2][10], hd95[2][10];
    for (int arm = 0; arm < 2; arm++) {
        FornixBuild *build = build_of(arm ? "weights" : "none");
        FornixRandomKey key = fornix_random_key(5, arm ? "a" : "b");
        for (int k = 0; k < 2; k++)
            fornix_add_column(build, &(FornixColumn){.name = columns[k],
                                                     .kind = FORNIX_WEIGHT,
                                                     .shape = {1, 1, 1, 1, 1}});
        for (int i = 0; i < 10; i++) {
            char subject[32];
            snprintf(subject, sizeof subject, "c/%d", i);
            fornix_add_row(build, &(FornixRow){subject, "", FORNIX_REAL_SAMPLE, FORNIX_TEST});
            dice[arm][i] = .5 + .1 * fornix_random_real(key, (uint64_t)i) + .02 * arm;
            hd95[arm][i] = 9 - 4 * arm + fornix_random_real(key, 100 + (uint64_t)i);
            fornix_set_real(build, 0, i, dice[arm][i]);
            fornix_set_real(build, 1, i, hd95[arm][i]);
        }
        tables[arm] = finish(build);
    }
    const FornixTable *table =
        made_from(&made, "<compare baseline='none' draws='2000'/>", tables, names, 2);
    ck_assert_msg(table != NULL, "%s", made.mistake);
    int reached[2] = {0, 0};
    double found[2] = {0, 0};
    for (int i = 0; i < 10; i++) {
        apart[0][i] = dice[1][i] - dice[0][i];
        apart[1][i] = hd95[1][i] - hd95[0][i];
        for (int k = 0; k < 2; k++)
            found[k] += apart[k][i];
    }
    for (int signs = 0; signs < 1024; signs++) /* all of them */
        for (int k = 0; k < 2; k++) {
            double sum = 0;
            for (int i = 0; i < 10; i++)
                sum += signs >> i & 1 ? -apart[k][i] : apart[k][i];
            reached[k] += fabs(sum) >= fabs(found[k]) - 1e-11;
        }
    assert_near(made_metric(table, "permutation_p.dice_1.weights"), reached[0] / 1024.);
    assert_near(made_metric(table, "permutation_p.hd95_1.weights"), reached[1] / 1024.);
    assert_near(made_metric(table, "effect.hd95_1.weights"), statistics_cohen_d(apart[1], 10));
    ck_assert(reached[1] == 2 && made_metric(table, "verdict.weights") == 1);
    ck_assert(says(table, "hd95_1 is lower than that of 'none'"));
    ck_assert(!says(table, ": worse"));
}
END_TEST

/* Balanced accuracy of eight subjects, every swap of them counted again. */
START_TEST(swaps_of_classes)
{
    enum { N = 8 };
    const FornixTable *tables[] = {
        scores((Plan){.id = "none", .subjects = N, .signal = 0, .noise = 3}),
        scores((Plan){.id = "weights", .subjects = N, .signal = 2, .noise = 4})};
    const FornixTable *table = made_from(&made, "<compare baseline='none'/>", tables, names, 2);
    double found = 0;
    int reached = 0;
    for (int swaps = 0; swaps < 1 << N; swaps++) {
        double right[2][2] = {{0}};
        for (int i = 0; i < N; i++)
            for (int arm = 0; arm < 2; arm++) {
                int from = swaps >> i & 1 ? !arm : arm, truth = i % 2;
                right[arm][truth] += fornix_label(tables[from], 1, i) == truth;
            }
        double apart = (right[1][0] + right[1][1] - right[0][0] - right[0][1]) / N;
        found = swaps ? found : apart;
        reached += fabs(apart) >= fabs(found) - 1e-12;
    }
    ck_assert_msg(table != NULL, "%s", made.mistake);
    assert_near(made_metric(table, "difference.balanced_accuracy.weights"), found);
    assert_near(made_metric(table, "permutation_p.balanced_accuracy.weights"),
                reached / (double)(1 << N));
    ck_assert(reached < 1 << N);
    assert_near(made_metric(table, "effect.accuracy.weights"),
                statistics_cohen_h(made_metric(table, "accuracy.weights"),
                                   made_metric(table, "accuracy.none")));
    ck_assert(warns(table, "only 4 subjects of class 'low'"));
}
END_TEST

/* ---- Controls ---------------------------------------------------------------------------- */

static const FornixTable *control(const char *between, double auc)
{
    char text[100];
    FornixBuild *build = build_of("run");
    fornix_metric(build, "auc", auc);
    const FornixTable *run = finish(build);
    snprintf(text, sizeof text, "<mean_scores id='control' %s/>", between);
    return made_from(&made, text, &run, NULL, 1);
}

START_TEST(controls)
{
    static const struct {
        double positive, permuted;
        bool failed;
    } cases[] = {
        {.8, .5, false}, {.55, .5, true}, {.8, .62, true}, {.5, .7, true}, {NAN, .5, true}};
    for (size_t k = 0; k < COUNT(cases); k++) {
        const FornixTable *first[] = {control("between='0.6 1'", cases[k].positive),
                                      control("between='0.45 0.55'", cases[k].permuted)};
        ck_assert(first[0] && first[1]);
        memcpy(made.first, first, sizeof made.first);
        const FornixTable *table = three("", poor, good, good_too);
        ck_assert(made_metric(table, "controls_failed") == cases[k].failed);
        ck_assert(isnan(made_metric(table, "verdict.gan")) == cases[k].failed);
        ck_assert(warns(table, "the verdict is withheld") == cases[k].failed);
        ck_assert(says(table, "verdict on 'gan'") != cases[k].failed);
        ck_assert(says(table, "gan: AUC is higher") != cases[k].failed);
        ck_assert(made_metric(table, "difference.auc.gan") > 0);
    }
    made.first[1] = NULL;
    made.first[0] = control("", .9);
    const FornixTable *tables[] = {scores(poor), scores(good)};
    ck_assert(!compared("", tables, 2));
    ck_assert_msg(strstr(made.mistake, "does not say where its mean has to lie"), "%s",
                  made.mistake);
    ck_assert_str_eq(made.where, "positive");
}
END_TEST

/* ---- Warnings ---------------------------------------------------------------------------- */

START_TEST(warnings)
{
    Plan luck = good, constant = good_too, odd = good;
    luck.auc[0] = .45, luck.auc[1] = .8;
    constant.shift = 100;
    constant.auc[0] = .6, constant.auc[1] = .8;
    const FornixTable *table = three("", poor, luck, constant);
    ck_assert(warns(table, "'weights': chance lies in the interval of the AUC"));
    ck_assert(warns(table, "'gan': a constant classifier"));
    ck_assert(!warns(table, "totals") && !warns(table, "subjects of class") &&
              !warns(table, "flatters"));
    odd.accuracy = .99;
    ck_assert(warns(three("", poor, odd, good_too), "'weights': the totals do not follow"));
    static const char *const subjects[] = {"c/7", "c/900"};
    Fits fits = {0};
    fits_add(made.samples, &fits, &(Fit){"cut", subjects, 2, FIT_NAMED});
    Plan chosen = good;
    chosen.fits = &fits;
    ck_assert(warns(three("", poor, chosen, good_too),
                    "'weights': something was fitted or chosen on subjects that are judged here"));
    fits_free(&fits);
    table = three("", (Plan){.id = "a", .subjects = 12, .signal = 1, .noise = 2},
                  (Plan){.id = "b", .subjects = 12, .signal = 1, .noise = 2},
                  (Plan){.id = "c", .subjects = 12, .signal = 1, .noise = 2});
    ck_assert(warns(table, "only 6 subjects of class 'high'"));
}
END_TEST

/* All scores moved towards class 1: it gains what the other loses. */
START_TEST(one_class_pays)
{
    Plan moved = good_too;
    moved.signal = poor.signal;
    moved.shift = 1.5;
    const FornixTable *table = three("", poor, poor, moved);
    ck_assert(warns(table, "gan: sensitivity high is better by"));
    ck_assert(!warns(table, "weights: sensitivity") && !warns(table, "gan: sensitivity low"));
    ck_assert(made_metric(table, "verdict.gan") == 0);
}
END_TEST

/* ---- Folds ------------------------------------------------------------------------------- */

/* Three folds of 24 subjects, each trained on the other two: 24 tested for 48 trained on. */
START_TEST(over_folds)
{
    static const char *const folds[] = {"scores[none][0]", "scores[none][1]", "scores[none][2]",
                                        "scores[gan][0]",  "scores[gan][1]",  "scores[gan][2]"};
    const FornixTable *tables[6];
    char(*who)[16] = mem_new(73, sizeof *who);
    const char *subjects[73];
    for (int i = 0; i < 72; i++) {
        snprintf(who[i], sizeof who[i], "c/%d", i);
        subjects[i] = who[i];
    }
    subjects[72] = "elsewhere/3"; /* a cohort that nobody is judged of */
    for (int k = 0; k < 6; k++) {
        const char *trained[49];
        int count = 0, fold = k % 3;
        for (int i = 0; i < 73; i++)
            if (i / 24 != fold)
                trained[count++] = subjects[i];
        Fits fits = {0};
        fits_add(made.samples, &fits, &(Fit){"net", trained, count, FIT_NAMED});
        fits_add(made.samples, &fits, &(Fit){"scaled", trained, count, FIT_NAMED});
        tables[k] = scores((Plan){.id = folds[k],
                                  .subjects = 24,
                                  .signal = k < 3 ? .5 : 1,
                                  .noise = k,
                                  .from = 24 * fold,
                                  .fits = &fits});
        fits_free(&fits);
    }
    mem_free(who);
    const FornixTable *table =
        made_from(&made, "<compare baseline='none' draws='200'/>", tables, folds, 6);
    ck_assert_msg(table != NULL, "%s", made.mistake);
    double apart[3];
    for (int f = 0; f < 3; f++) {
        char name[64];
        snprintf(name, sizeof name, "difference.auc.gan.%d", f);
        apart[f] = made_metric(table, name);
    }
    ResampledTest wanted = statistics_resampled(apart, 3, .5);
    ck_assert(!isnan(wanted.p));
    assert_near(made_metric(table, "resampled_p.auc.gan"), wanted.p);
    ck_assert(says(table, "p over runs"));
    /* Runs that judge the same subjects are no folds. */
    const FornixTable *seeds[] = {tables[0], tables[0], tables[3], tables[3]};
    static const char *const runs[] = {"scores[none][1]", "scores[none][2]", "scores[gan][1]",
                                       "scores[gan][2]"};
    table = made_from(&made, "<compare baseline='none' draws='200'/>", seeds, runs, 4);
    double none;
    ck_assert(!fornix_get_metric(table, "resampled_p.auc.gan", &none, &none, &none));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("verdicts");
    TCase *tests = tcase_create("verdicts");
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, better);
    tcase_add_test(tests, against_null_arms);
    tcase_add_test(tests, worse);
    tcase_add_test(tests, of_masks);
    tcase_add_test(tests, swaps_of_classes);
    tcase_add_test(tests, controls);
    tcase_add_test(tests, warnings);
    tcase_add_test(tests, one_class_pays);
    tcase_add_test(tests, over_folds);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
