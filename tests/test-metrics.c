/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What evaluators say, figure by figure, against scikit-learn, scipy and plain loops: random cases,
 * and those where a class, a mask or a difference is missing. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "classification.h"
#include "scores.h"
#include "values/metrics-values.h"

static Made made;

static void start(void)
{
    made_start(&made);
}

static void stop(void)
{
    made_stop(&made);
}

static void assert_near(const char *of, const char *name, double found, double wanted, double most)
{
    bool same = isnan(wanted) ? isnan(found) : fabs(found - wanted) <= most * fmax(1, fabs(wanted));
    ck_assert_msg(same, "%s: %s is %.17g, not %.17g", of, name, found, wanted);
}

static void assert_metric(const char *of, const FornixTable *table, const char *name, double wanted)
{
    assert_near(of, name, made_metric(table, name), wanted, 1e-12);
}

/* ---- Tables ------------------------------------------------------------------------------ */

static const FornixTable *table_of(Said said)
{
    return made_said(&made, said);
}

static const FornixTable *run(const char *text, const FornixTable *one, const FornixTable *two)
{
    const FornixTable *table = made_run(&made, text, one, two);
    ck_assert_msg(table != NULL, "%s: %s", text, made.mistake);
    return table;
}

/* ---- Classification ---------------------------------------------------------------------- */

static const FornixTable *case_table(const ClassCase *c)
{
    return table_of((Said){c->name, c->samples, c->channels, c->classes,
                           c->logits ? FORNIX_LOGITS : FORNIX_PROBABILITY, c->label, c->subject,
                           c->values, FORNIX_TEST});
}

static bool line_begins(const FornixTable *table, const char *words, bool warning)
{
    int count, found = 0;
    const TableLine *lines = table_lines(table, &count);
    for (int i = 0; i < count; i++)
        found += lines[i].warning == warning && strncmp(lines[i].text, words, strlen(words)) == 0;
    return found == 1;
}

/* A figure that is undefined says why, over all classes as a warning. */
static void check_words(const ClassCase *c, const FornixTable *scores, int figure)
{
    char words[100];
    int class = (figure - OVERALL_FIGURES) / CLASS_FIGURES;
    bool overall = figure < OVERALL_FIGURES, undefined = isnan(c->figures[figure]);
    if (overall)
        snprintf(words, sizeof words, "%s is undefined: ", figure_title(figure));
    else
        snprintf(words, sizeof words, "  %s of '%d' is undefined: ", figure_title(figure), class);
    ck_assert_msg(line_begins(scores, words, overall) == undefined, "%s: '%s'", c->name, words);
}

START_TEST(classification)
{
    for (size_t i = 0; i < COUNT(class_cases); i++) {
        const ClassCase *c = &class_cases[i];
        const FornixTable *scores =
            run("<evaluate_classification draws='100'/>", case_table(c), NULL);
        char name[64];
        for (int f = 0; f < judge_figure_count(c->classes); f++) {
            int class = (f - OVERALL_FIGURES) / CLASS_FIGURES;
            snprintf(name, sizeof name, f < OVERALL_FIGURES ? "%s" : "%s.%d", figure_name(f),
                     class);
            assert_metric(c->name, scores, name, c->figures[f]);
            check_words(c, scores, f);
        }
        double labelled = 0;
        for (int t = 0; t < c->classes * c->classes; t++) {
            snprintf(name, sizeof name, "confusion.%d.%d", t / c->classes, t % c->classes);
            assert_metric(c->name, scores, name, c->confusion[t]);
            labelled += c->confusion[t];
        }
        assert_metric(c->name, scores, "samples", labelled);
        assert_metric(c->name, scores, "clusters", c->subjects);
        ck_assert(!made_says(scores, "do not follow", true));
        ck_assert(!made_says(scores, "nan", false) && !made_says(scores, "nan", true));
    }
}
END_TEST

/* ---- Curves ------------------------------------------------------------------------------ */

static const FornixCurve *curve_of(const FornixTable *table, const char *name)
{
    int count;
    const TableCurve *curves = table_curves(table, &count);
    for (int k = 0; k < count; k++)
        if (strcmp(curves[k].name, name) == 0)
            return &curves[k].curve;
    return NULL;
}

static double score_at(const FornixTable *scores, int64_t row, int class)
{
    return fornix_real(scores, fornix_find_column(scores, "score_0") + class, row);
}

/* The share of those with `positive` whose score for a class reaches the threshold. */
static double share_above(const FornixTable *scores, int class, bool positive, double threshold)
{
    double above = 0, all = 0;
    for (int64_t row = 0; row < fornix_rows(scores); row++) {
        if ((fornix_label(scores, 0, row) == class) != positive)
            continue;
        all++;
        above += score_at(scores, row, class) >= threshold;
    }
    return above / all;
}

/* Each point is counted again, and the area under all of them is the AUC. */
static void check_roc(const ClassCase *c, const FornixTable *scores, int class, double auc)
{
    char name[32];
    snprintf(name, sizeof name, "roc.%d", class);
    const FornixCurve *roc = curve_of(scores, name);
    ck_assert_msg((roc == NULL) == isnan(auc), "%s: %s", c->name, name);
    if (!roc)
        return;
    double area = 0;
    for (int64_t k = 0; k < roc->rows; k++) {
        const double *at = roc->values + 3 * k;
        assert_near(c->name, name, at[0], share_above(scores, class, false, at[2]), 1e-12);
        assert_near(c->name, name, at[1], share_above(scores, class, true, at[2]), 1e-12);
        area += k ? (at[0] - at[-3]) * (at[1] + at[-2]) / 2 : 0;
    }
    const double *last = roc->values + 3 * (roc->rows - 1);
    ck_assert(roc->values[0] == 0 && roc->values[1] == 0 && last[0] == 1 && last[1] == 1);
    assert_near(c->name, "area", area, auc, 1e-12);
}

static void check_precision(const ClassCase *c, const FornixTable *scores, int class, double wanted)
{
    char name[32];
    snprintf(name, sizeof name, "precision_recall.%d", class);
    const FornixCurve *curve = curve_of(scores, name);
    ck_assert_msg((curve == NULL) == isnan(wanted), "%s: %s", c->name, name);
    double sum = 0;
    for (int64_t k = 0; curve && k < curve->rows; k++) {
        const double *at = curve->values + 3 * k;
        assert_near(c->name, name, at[0], share_above(scores, class, true, at[2]), 1e-12);
        sum += (at[0] - (k ? at[-3] : 0)) * at[1];
    }
    if (curve)
        assert_near(c->name, name, sum, wanted, 1e-12);
}

/* Bins of the highest probability add up to the samples and to the ECE; those of a class hold the
 * samples whose probability lies in them. */
static void check_reliability(const ClassCase *c, const FornixTable *scores)
{
    const FornixCurve *all = curve_of(scores, "reliability"),
                      *of = curve_of(scores, "reliability.1");
    double n = (double)fornix_rows(scores), sum = 0, error = 0;
    ck_assert(all && of && all->rows == 10 && of->rows == 10);
    for (int k = 0; k < 10; k++) {
        const double *bin = all->values + 5 * k, *one = of->values + 5 * k;
        double inside = 0, right = 0;
        for (int64_t row = 0; row < fornix_rows(scores); row++) {
            double p = score_at(scores, row, 1);
            bool in = (p > one[0] || k == 0) && p <= one[1];
            inside += in;
            right += in && fornix_label(scores, 0, row) == 1;
        }
        ck_assert(one[2] == inside);
        assert_near(c->name, "frequency", one[4], inside > 0 ? right / inside : NAN, 1e-12);
        sum += bin[2];
        error += bin[2] > 0 ? bin[2] / n * fabs(bin[3] - bin[4]) : 0;
    }
    ck_assert(sum == n);
    assert_near(c->name, "ece", error, c->figures[ECE], 1e-12);
}

START_TEST(curves)
{
    for (size_t i = 0; i < COUNT(class_cases); i++) {
        const ClassCase *c = &class_cases[i];
        const FornixTable *scores =
            run("<evaluate_classification draws='100'/>", case_table(c), NULL);
        for (int class = 0; class < c->classes; class ++) {
            check_roc(c, scores, class, c->figures[figure_of_class(class, CLASS_AUC)]);
            check_precision(c, scores, class,
                            c->figures[figure_of_class(class, CLASS_AVERAGE_PRECISION)]);
        }
        check_reliability(c, scores);
        const FornixCurve *confusion = curve_of(scores, "confusion");
        ck_assert(confusion && confusion->width == c->classes && confusion->rows == c->classes);
        for (int k = 0; k < c->classes * c->classes; k++)
            ck_assert(confusion->values[k] == c->confusion[k]);
    }
}
END_TEST

START_TEST(accuracy)
{
    const FornixNode *node = made_node(&made, "accuracy_score");
    for (size_t i = 0; i < COUNT(class_cases); i++) {
        const ClassCase *c = &class_cases[i];
        int width = 1 + c->channels;
        if (!c->logits)
            continue;
        float *out = mem_new((size_t)(c->samples * width), sizeof *out);
        float *label = mem_new((size_t)c->samples, sizeof *label);
        for (int s = 0; s < c->samples; s++)
            label[s] = (float)c->label[s];
        FornixView in[] = {view_of((FornixShape){c->samples, 1, 1, 1, c->channels}, c->values),
                           view_of((FornixShape){c->samples, 1, 1, 1, 1}, label)};
        FornixTensor to = tensor_of((FornixShape){c->samples, 1, 1, 1, width}, out);
        node->layer->forward(&(FornixStep){.in = in, .out = &to}, NULL, 0, 0, c->samples);
        Figures figures = {0};
        void *attrs = mem_new(1, node->attrs_size);
        scores_finish(node, attrs, view_of(to.shape, out), case_table(c), &figures);
        for (int f = 0; f < OVERALL_FIGURES; f++) {
            char name[64];
            snprintf(name, sizeof name, "watch.it.%s", figure_name(f));
            assert_near(c->name, name, scores_figure(&figures, name), c->figures[f], 1e-12);
        }
        assert_near(c->name, "watch.it", scores_figure(&figures, "watch.it"), c->figures[1], 1e-12);
        figures_clear(&figures);
        mem_free(attrs);
        mem_free(label);
        mem_free(out);
    }
}
END_TEST

START_TEST(mean_over_runs)
{
    static const char *const wanted[] = {"pair", "ties", "triple"};
    const FornixTable *runs[COUNT(wanted)];
    for (size_t i = 0; i < COUNT(class_cases); i++)
        for (size_t k = 0; k < COUNT(wanted); k++)
            if (strcmp(class_cases[i].name, wanted[k]) == 0)
                runs[k] = run("<evaluate_classification draws='100'/>", case_table(&class_cases[i]),
                              NULL);
    const FornixTable *mean = made_from(&made, "<mean_scores/>", runs, wanted, COUNT(wanted));
    assert_metric("runs", mean, "mean.auc", mean_auc[0]);
    assert_metric("runs", mean, "deviation.auc", mean_auc[1]);
}
END_TEST

/* ---- Segmentation ------------------------------------------------------------------------ */

enum { SIDE = 4, PIXELS = SIDE * SIDE };

/* Logits that are highest for what is predicted. */
static void mask_logits(const MaskCase *c, int row, float *out)
{
    for (int p = 0; p < PIXELS; p++)
        for (int k = 0; k < c->classes; k++)
            out[p * c->classes + k] = k == c->predicted[row * PIXELS + p] ? 2.f : (float)-k;
}

static bool masks_read(void *opened, const FornixTable *table, int column, int64_t row, float *out,
                       FornixError *error)
{
    (void)table, (void)error;
    const MaskCase *c = opened;
    if (column == 0)
        mask_logits(c, (int)row, out);
    else
        for (int p = 0; p < PIXELS; p++)
            out[p] = (float)c->mask[row * PIXELS + p];
    return true;
}

static const FornixTable *masks_table(const MaskCase *c)
{
    FornixBuild *build = build_new(
        made.samples, &(BuildRequest){.id = c->name, .mistake = made_mistake, .context = &made});
    fornix_add_column(build, &(FornixColumn){.name = "logits",
                                             .kind = FORNIX_LOGITS,
                                             .shape = {1, 1, SIDE, SIDE, c->classes}});
    fornix_add_column(build, &(FornixColumn){.name = "mask",
                                             .kind = FORNIX_MASK,
                                             .shape = {1, 1, SIDE, SIDE, 1},
                                             .classes = c->classes});
    for (int i = 0; i < c->samples; i++) {
        char subject[32], name[32];
        snprintf(subject, sizeof subject, "s/%d", c->subject[i]);
        snprintf(name, sizeof name, "slice %d", i);
        fornix_add_row(build, &(FornixRow){subject, name, FORNIX_REAL_SAMPLE, FORNIX_TEST});
    }
    build_set_reader(build, &(TableReader){.read = masks_read, .opened = (void *)(uintptr_t)c});
    const FornixTable *table = build_rows(build) ? build_table(build) : NULL;
    build_free(build);
    ck_assert_msg(table != NULL, "%s", made.mistake);
    return table;
}

static const char *const policies[] = {"skip", "one", "zero"};

/* The figures of a policy in the case. */
static const double *ratios_of(const MaskCase *c, size_t policy)
{
    return c->ratios + policy * (size_t)(2 + 4 * (c->classes - 1));
}

START_TEST(segmentation)
{
    static const char *const names[] = {"class_dice", "class_iou", "class_dice_median",
                                        "class_left_out"};
    for (size_t i = 0; i < COUNT(mask_cases); i++)
        for (size_t policy = 0; policy < COUNT(policies); policy++) {
            const MaskCase *c = &mask_cases[i];
            const double *wanted = ratios_of(c, policy);
            char text[100], name[64];
            snprintf(text, sizeof text, "<evaluate_segmentation draws='100' empty='%s'/>",
                     policies[policy]);
            const FornixTable *scores = run(text, masks_table(c), NULL);
            assert_metric(c->name, scores, "dice", wanted[0]);
            assert_metric(c->name, scores, "iou", wanted[1]);
            assert_metric(c->name, scores, "subjects", c->subjects);
            for (int k = 0; k < 4 * (c->classes - 1); k++) {
                snprintf(name, sizeof name, "%s.%d", names[k % 4], 1 + k / 4);
                assert_metric(c->name, scores, name, wanted[2 + k]);
            }
            ck_assert(made_says(scores, "is undefined: nowhere", true) ==
                      (isnan(wanted[2]) || (c->classes > 2 && isnan(wanted[6]))));
            ck_assert(!made_says(scores, "nan", false));
        }
}
END_TEST

static int order_of(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Subjects drawn again by hand: the mean over those drawn, as often as drawn, that have a Dice. */
START_TEST(intervals_of_dice)
{
    enum { DRAWS = 200 };
    for (size_t i = 0; i < COUNT(mask_cases); i++) {
        const MaskCase *c = &mask_cases[i];
        const FornixTable *scores =
            run("<evaluate_segmentation id='again' draws='200' seed='3'/>", masks_table(c), NULL);
        FornixRandomKey key = fornix_random_key(3, "samples/again");
        double drawn[DRAWS], value, low, high;
        int column = fornix_find_column(scores, "dice_1"), defined = 0;
        for (int b = 0; b < DRAWS; b++) {
            double sum = 0, count = 0;
            for (int u = 0; u < c->subjects; u++) {
                int64_t of = fornix_random_below(fornix_random_derive(key, (uint64_t)b),
                                                 (uint64_t)u, c->subjects);
                double dice = fornix_real(scores, column, of);
                sum += isnan(dice) ? 0 : dice;
                count += !isnan(dice);
            }
            if (count > 0)
                drawn[defined++] = sum / count;
        }
        ck_assert(fornix_get_metric(scores, "class_dice.1", &value, &low, &high));
        if (isnan(value))
            continue;
        qsort(drawn, (size_t)defined, sizeof *drawn, order_of);
        for (int side = 0; side < 2; side++) {
            double at = (side ? .975 : .025) * (defined - 1);
            int below = (int)floor(at), above = below + 1 < defined ? below + 1 : below;
            assert_near(c->name, side ? "high" : "low", side ? high : low,
                        drawn[below] + (at - below) * (drawn[above] - drawn[below]), 1e-12);
        }
    }
}
END_TEST

static void measure_masks(const MaskCase *c, Figures *figures, size_t policy)
{
    const FornixNode *node = made_node(&made, "dice_score");
    int width = 3 * c->classes;
    size_t pixels = (size_t)(c->samples * PIXELS);
    float *logits = mem_new(pixels * (size_t)c->classes, sizeof *logits), cut = 0;
    float *mask = mem_new(pixels, sizeof *mask);
    float *out = mem_new((size_t)(c->samples * width), 2 * sizeof *out);
    for (int s = 0; s < c->samples; s++)
        mask_logits(c, s, logits + s * PIXELS * c->classes);
    for (size_t p = 0; p < pixels; p++)
        mask[p] = (float)c->mask[p];
    FornixView in[] = {view_of((FornixShape){c->samples, 1, SIDE, SIDE, c->classes}, logits),
                       view_of((FornixShape){c->samples, 1, SIDE, SIDE, 1}, mask)};
    FornixTensor to = tensor_of((FornixShape){c->samples, 1, 1, 1, width}, out);
    FornixStep step = {.in = in, .out = &to, .scratch = out + c->samples * width, .opened = &cut};
    for (int pass = 0; pass < 2; pass++)
        node->layer->forward(&step, NULL, pass, 0, c->samples);
    char text[100];
    snprintf(text, sizeof text, "<dice_score empty='%s'/>", policies[policy]);
    Diag *diag = diag_new();
    const Element *element = xml_parse_fragment("test", text, diag, made.arena)->first;
    void *attrs = attr_read(node, element, NULL, diag, made.arena);
    scores_finish(node, attrs, view_of(to.shape, out), masks_table(c), figures);
    diag_free(diag);
    mem_free(logits);
    mem_free(mask);
    mem_free(out);
}

START_TEST(dice)
{
    for (size_t i = 0; i < COUNT(mask_cases); i++)
        for (size_t policy = 0; policy < COUNT(policies); policy++) {
            const MaskCase *c = &mask_cases[i];
            const double *wanted = ratios_of(c, policy);
            Figures figures = {0};
            measure_masks(c, &figures, policy);
            assert_near(c->name, "dice", scores_figure(&figures, "watch.it"), wanted[0], 1e-12);
            assert_near(c->name, "iou", scores_figure(&figures, "watch.it.iou"), wanted[1], 1e-12);
            for (int k = 1; c->classes > 2 && k < c->classes; k++) {
                char name[64];
                snprintf(name, sizeof name, "watch.it.class_%d", k);
                assert_near(c->name, name, scores_figure(&figures, name), wanted[4 * k - 2], 1e-12);
            }
            figures_clear(&figures);
        }
}
END_TEST

/* ---- Slices become subjects, scores a decision ------------------------------------------- */

START_TEST(aggregated)
{
    static const char *const rules[] = {"mean-probability", "mean-logit", "max", "vote"};
    Said said = {"slices",      COUNT(slice_subject), 3,          3, FORNIX_LOGITS, NULL,
                 slice_subject, slice_logits,         FORNIX_TEST};
    for (size_t rule = 0; rule < COUNT(rules); rule++) {
        char text[64];
        snprintf(text, sizeof text, "<aggregate rule='%s'/>", rules[rule]);
        const FornixTable *table = run(text, table_of(said), NULL);
        ck_assert_int_eq(fornix_rows(table), 6);
        for (int64_t row = 0; row < 6; row++)
            for (int c = 0; c < 3; c++) {
                int subject = atoi(fornix_row(table, row)->subject + 2);
                assert_near(rules[rule], "p", (double)made_value(table, "probability", row, c),
                            slice_rules[((int)rule * 6 + subject) * 3 + c], 1e-7);
            }
    }
    float broken[COUNT(slice_logits)];
    memcpy(broken, slice_logits, sizeof broken);
    broken[7] = NAN;
    said.values = broken;
    ck_assert(!made_run(&made, "<aggregate/>", table_of(said), NULL));
    ck_assert_ptr_nonnull(strstr(made.mistake, "is not a number"));
}
END_TEST

static double fitted_figure(const CutCase *c, double cut, int which)
{
    double right[2] = {0, 0}, all[2] = {0, 0}, said = 0;
    for (int i = 0; i < c->samples; i++) {
        int truth = c->label[i], predicted = (double)c->score[i] > cut;
        all[truth]++;
        right[truth] += predicted == truth;
        said += predicted;
    }
    return which == 0   ? (right[0] / all[0] + right[1] / all[1]) / 2
           : which == 1 ? (right[0] + right[1]) / c->samples
                        : 2 * right[1] / (said + all[1]);
}

START_TEST(cuts)
{
    static const char *const figures[] = {"balanced-accuracy", "accuracy", "f1"};
    for (size_t i = 0; i < COUNT(cut_cases); i++)
        for (int which = 0; which < 3; which++) {
            const CutCase *c = &cut_cases[i];
            char text[64];
            snprintf(text, sizeof text, "<threshold maximise='%s'/>", figures[which]);
            const FornixTable *fit =
                run(text,
                    table_of((Said){c->name, c->samples, 1, 2, FORNIX_PROBABILITY, c->label, NULL,
                                    c->score, FORNIX_VALIDATION}),
                    NULL);
            double cut = made_metric(fit, "threshold");
            assert_near(c->name, figures[which], fitted_figure(c, cut, which), c->best[2 * which],
                        1e-12);
            assert_near(c->name, "cut", cut, c->best[2 * which + 1], 1e-12);
        }
}
END_TEST

START_TEST(cut_of_what_is_no_number)
{
    static const float values[] = {.25f, NAN, .5f};
    static const int32_t label[] = {0, 1, 1};
    Said said = {"p", 3, 1, 2, FORNIX_PROBABILITY, label, NULL, values, FORNIX_VALIDATION};
    ck_assert(!made_run(&made, "<threshold/>", table_of(said), NULL));
    ck_assert_ptr_nonnull(strstr(made.mistake, "is not a number"));
}
END_TEST

/* ---- Arms -------------------------------------------------------------------------------- */

enum { ARMS = 4, SUBJECTS = COUNT(arm_truth) };

START_TEST(arms)
{
    static const char *const names[] = {"scores[none]", "scores[a]", "scores[b]", "scores[c]"};
    const FornixTable *scores[ARMS];
    for (int i = 0; i < ARMS; i++)
        scores[i] = run("<evaluate_classification draws='100'/>",
                        table_of((Said){"arm", SUBJECTS, 1, 2, FORNIX_PROBABILITY, arm_truth, NULL,
                                        arm_scores + i * SUBJECTS, FORNIX_TEST}),
                        NULL);
    const FornixTable *table =
        made_from(&made, "<compare baseline='none' draws='100'/>", scores, names, ARMS);
    ck_assert_msg(table != NULL, "%s", made.mistake);
    bool small = false;
    for (int i = 1; i < ARMS; i++) {
        char name[64], arm = (char)('a' + i - 1);
        snprintf(name, sizeof name, "auc.%c", arm);
        assert_metric("arms", table, name, arm_auc[i]);
        snprintf(name, sizeof name, "difference.auc.%c", arm);
        assert_metric("arms", table, name, arm_auc[i] - arm_auc[0]);
        snprintf(name, sizeof name, "difference.accuracy.%c", arm);
        assert_metric("arms", table, name, arm_accuracy[i] - arm_accuracy[0]);
        snprintf(name, sizeof name, "p.auc.%c", arm);
        assert_metric("arms", table, name, arm_auc_p[i - 1]);
        snprintf(name, sizeof name, "p.accuracy.%c", arm);
        assert_metric("arms", table, name, arm_accuracy_p[i - 1]);
        small = small || arm_auc_p[i - 1] < .0005;
    }
    ck_assert(small); /* one that is certain: no p is nothing */
    ck_assert(made_says(table, ", p < .001", false));
    ck_assert(!made_says(table, "p = .000", false) && !made_says(table, "= <", false));
}
END_TEST

/* Labels dealt at random 999 times never reach a perfect ranking of 60 subjects. */
START_TEST(no_p_is_nothing)
{
    float said[SUBJECTS];
    for (int i = 0; i < SUBJECTS; i++)
        said[i] = arm_truth[i] ? .75f : .25f;
    const FornixTable *scores = run("<evaluate_classification draws='2000'/>",
                                    table_of((Said){"sure", SUBJECTS, 1, 2, FORNIX_PROBABILITY,
                                                    arm_truth, NULL, said, FORNIX_TEST}),
                                    NULL);
    assert_metric("sure", scores, "auc.permutation_p", 1. / 2001);
    ck_assert(made_says(scores, "reach this AUC with p < .001", false));
}
END_TEST

/* ---- Features ---------------------------------------------------------------------------- */

enum { EACH = 20, WIDTH = 4 };

static const FornixTable *features(const char *id, const float *values, int rows)
{
    int32_t label[2 * EACH];
    for (int i = 0; i < 2 * EACH; i++)
        label[i] = i / EACH;
    return table_of((Said){id, rows, WIDTH, 2, FORNIX_FEATURE, label, NULL, values, FORNIX_TRAIN});
}

START_TEST(distances)
{
    static const char *const names[] = {"means", "means_by_chance", "spreads", "frechet",
                                        "neighbours"};
    const FornixTable *table = run("<feature_distance/>", features("real", feature_real, 2 * EACH),
                                   features("made", feature_made, 2 * EACH));
    for (int i = 0; i < 2 * (int)COUNT(names); i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.%d", names[i % 5], i / 5);
        assert_near("features", name, made_metric(table, name), feature_distances[i],
                    i % 5 == 3 ? 1e-6 : 1e-12); /* a square root of what is nearly 0 */
    }
    assert_metric("features", table, "farthest", fmax(feature_distances[0], feature_distances[5]));
    table = run("<feature_distance/>", features("real", feature_real, 2 * EACH),
                features("half", feature_made, EACH));
    ck_assert(isnan(made_metric(table, "means.1")) && isnan(made_metric(table, "farthest")));
    ck_assert(made_says(table, "class '1' lacks real or synthetic samples", true));
}
END_TEST

START_TEST(standardized)
{
    FornixPart part[] = {FORNIX_TRAIN, FORNIX_TEST};
    const FornixTable *tables[2];
    for (int i = 0; i < 2; i++) {
        int32_t subject[2 * EACH];
        int rows = i ? 15 : 25;
        for (int k = 0; k < rows; k++)
            subject[k] = 25 * i + k;
        tables[i] = table_of((Said){i ? "test" : "train", rows, WIDTH, 2, FORNIX_FEATURE, NULL,
                                    subject, feature_real + 25 * i * WIDTH, part[i]});
    }
    const FornixTable *scaled = run("<standardize/>", run("<merge/>", tables[0], tables[1]), NULL);
    int64_t count;
    for (int k = 0; k < WIDTH; k++) {
        assert_near("scaled", "mean", fornix_values(scaled, "mean.p", &count)[k], scaled_mean[k],
                    1e-12);
        assert_near("scaled", "deviation", fornix_values(scaled, "deviation.p", &count)[k],
                    scaled_deviation[k], 1e-12);
    }
    for (int i = 0; i < 2 * EACH * WIDTH; i++)
        assert_near("scaled", "value", (double)made_value(scaled, "p", i / WIDTH, i % WIDTH),
                    scaled_values[i], 1e-6);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("metrics");
    TCase *tests = tcase_create("metrics");
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, classification);
    tcase_add_test(tests, curves);
    tcase_add_test(tests, accuracy);
    tcase_add_test(tests, mean_over_runs);
    tcase_add_test(tests, segmentation);
    tcase_add_test(tests, intervals_of_dice);
    tcase_add_test(tests, dice);
    tcase_add_test(tests, aggregated);
    tcase_add_test(tests, cuts);
    tcase_add_test(tests, cut_of_what_is_no_number);
    tcase_add_test(tests, arms);
    tcase_add_test(tests, no_p_is_nothing);
    tcase_add_test(tests, distances);
    tcase_add_test(tests, standardized);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
