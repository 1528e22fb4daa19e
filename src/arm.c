/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One arm of a comparison: what an evaluator handed on, in an order in which arms can be paired.
 *
 * Arms are paired by subject and name alone: a comparison by position would go wrong in silence
 * the first time that two stages read their samples in another order.
 */
#define _GNU_SOURCE

#include "arm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "samples.h"
#include "text.h"

/* Of a classification, in the order of importance; then the sensitivity of each class. */
static const int compared[] = {BALANCED_ACCURACY, AUC, ACCURACY, MACRO_F1};
enum { JUDGED = 2 };

static bool is_classification(const FornixTable *table)
{
    return fornix_find_column(table, "truth") >= 0 && fornix_find_column(table, "predicted") >= 0 &&
           fornix_find_column(table, "score_0") >= 0;
}

static int number_columns(const FornixTable *table, int *column)
{
    int count = 0;
    for (int i = 0; i < fornix_columns(table) && count < ARM_FIGURES; i++)
        if (fornix_column(table, i)->kind == FORNIX_WEIGHT)
            column[count++] = i;
    return count;
}

bool arm_comparable(const FornixTable *table)
{
    int column[ARM_FIGURES];
    return number_columns(table, column) > 0;
}

static int row_order(const void *a, const void *b, void *context)
{
    const FornixTable *table = context;
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    const FornixRow *first = fornix_row(table, x), *second = fornix_row(table, y);
    int order = strcmp(first->subject, second->subject);
    order = order ? order : strcmp(first->name, second->name);
    return order ? order : (x > y) - (x < y);
}

static int32_t read_class(Arm *arm, int column, int64_t row)
{
    int32_t class = fornix_label(arm->table, column, row);
    bool known = class >= 0 && class < arm->classes;
    arm->broken |= !known;
    return known ? class : 0;
}

static void read_predictions(Arm *arm)
{
    const FornixTable *table = arm->table;
    int truth = fornix_find_column(table, "truth");
    int predicted = fornix_find_column(table, "predicted");
    int score = fornix_find_column(table, "score_0");
    int32_t classes = arm->classes = (int32_t)fornix_column(table, truth)->classes;
    size_t room = (size_t)arm->samples + 1;
    arm->truth = mem_new(room, sizeof *arm->truth);
    arm->predicted = mem_new(room, sizeof *arm->predicted);
    arm->score = mem_new(room, (size_t)classes * sizeof *arm->score);
    for (int64_t i = 0; i < arm->samples; i++) {
        arm->truth[i] = read_class(arm, truth, arm->row[i]);
        arm->predicted[i] = read_class(arm, predicted, arm->row[i]);
        for (int32_t c = 0; c < classes; c++)
            arm->score[i * classes + c] = fornix_real(table, score + c, arm->row[i]);
    }
    arm->predictions = (Predictions){arm->samples, classes, arm->truth, arm->predicted, arm->score};
    arm->judge = judge_new(&arm->predictions);
    int sensitivities = classes < ARM_FIGURES - (int)COUNT(compared) ? classes : 0;
    arm->count = (int)COUNT(compared) + sensitivities;
}

static void read_numbers(Arm *arm)
{
    int column[ARM_FIGURES];
    arm->count = number_columns(arm->table, column);
    arm->value = mem_new((size_t)arm->samples + 1, (size_t)arm->count * sizeof *arm->value);
    for (int64_t i = 0; i < arm->samples; i++)
        for (int k = 0; k < arm->count; k++)
            arm->value[i * arm->count + k] = fornix_real(arm->table, column[k], arm->row[i]);
}

static void find_clusters(Arm *arm)
{
    size_t room = (size_t)arm->samples + 1;
    const char **subject = mem_new(room, sizeof *subject);
    arm->cluster = mem_new(room, sizeof *arm->cluster);
    arm->stratum = mem_new(room, sizeof *arm->stratum);
    for (int64_t i = 0; i < arm->samples; i++)
        subject[i] = fornix_row(arm->table, arm->row[i])->subject;
    arm->clusters = clusters_find(subject, arm->samples, arm->cluster);
    if (arm->truth)
        clusters_label(arm->cluster, arm->clusters, arm->truth, arm->samples, arm->stratum);
    mem_free(subject);
}

Arm *arm_new(const FornixTable *table)
{
    Arm *arm = mem_new(1, sizeof *arm);
    arm->table = table;
    arm->samples = fornix_rows(table);
    arm->row = mem_new((size_t)arm->samples + 1, sizeof *arm->row);
    for (int64_t i = 0; i < arm->samples; i++)
        arm->row[i] = i;
    qsort_r(arm->row, (size_t)arm->samples, sizeof *arm->row, row_order, (void *)(uintptr_t)table);
    if (is_classification(table))
        read_predictions(arm);
    else
        read_numbers(arm);
    find_clusters(arm);
    return arm;
}

void arm_free(Arm *arm)
{
    if (!arm)
        return;
    judge_free(arm->judge);
    mem_free(arm->row);
    mem_free(arm->truth);
    mem_free(arm->predicted);
    mem_free(arm->score);
    mem_free(arm->value);
    mem_free(arm->cluster);
    mem_free(arm->stratum);
    mem_free(arm);
}

int arm_judged(const Arm *arm)
{
    return arm->truth ? JUDGED : arm->count;
}

static const char *class_name(const Arm *arm, int class, char number[16])
{
    const FornixColumn *truth = fornix_column(arm->table, fornix_find_column(arm->table, "truth"));
    snprintf(number, 16, "%d", class);
    return truth->class_names ? truth->class_names[class] : number;
}

static void figure_words(const Arm *arm, int figure, bool title, char *words, size_t size)
{
    int column[ARM_FIGURES], known = (int)COUNT(compared);
    char number[16];
    if (!arm->truth) {
        number_columns(arm->table, column);
        snprintf(words, size, "%s", fornix_column(arm->table, column[figure])->name);
    } else if (figure < known) {
        snprintf(words, size, "%s",
                 title ? figure_title(compared[figure]) : figure_name(compared[figure]));
    } else {
        snprintf(words, size, "sensitivity%c%s", title ? ' ' : '.',
                 class_name(arm, figure - known, number));
    }
}

void arm_figure_name(const Arm *arm, int figure, char *name, size_t size)
{
    figure_words(arm, figure, false, name, size);
}

void arm_figure_title(const Arm *arm, int figure, char *title, size_t size)
{
    figure_words(arm, figure, true, title, size);
}

int64_t arm_subjects(const Arm *arm, int32_t class)
{
    int64_t count = 0;
    for (int64_t k = 0; k < arm->clusters; k++)
        count += arm->stratum[k] == class;
    return count;
}

bool arm_lower_is_better(const Arm *arm, int figure)
{
    static const char *const errors[] = {"hd95_", "volume_error_"};
    char name[64];
    figure_words(arm, figure, false, name, sizeof name);
    bool lower = false;
    for (size_t k = 0; k < COUNT(errors); k++)
        lower = lower || strncmp(name, errors[k], strlen(errors[k])) == 0;
    return !arm->truth && lower;
}

int arm_sensitivity(const Arm *arm, int32_t class)
{
    int figure = (int)COUNT(compared) + class;
    return arm->truth && figure < arm->count ? figure : -1;
}

static void judged_figures(const Arm *arm, const double *times, double *figures)
{
    int known = (int)COUNT(compared);
    double *all = mem_new((size_t)judge_figure_count(arm->classes), sizeof *all);
    judge_figures(arm->judge, NULL, times, all);
    for (int k = 0; k < arm->count; k++)
        figures[k] = all[k < known ? compared[k] : figure_of_class(k - known, SENSITIVITY)];
    mem_free(all);
}

void arm_figures(const Arm *arm, const double *times, double *figures)
{
    if (arm->truth) {
        judged_figures(arm, times, figures);
        return;
    }
    for (int k = 0; k < arm->count; k++) {
        double sum = 0, weight = 0;
        for (int64_t i = 0; i < arm->samples; i++) {
            double value = arm->value[i * arm->count + k];
            if (isnan(value))
                continue;
            sum += value * (times ? times[i] : 1);
            weight += times ? times[i] : 1;
        }
        figures[k] = weight > 0 ? sum / weight : NAN;
    }
}

int64_t arms_shared(const Arm *a, const Arm *b)
{
    int64_t shared = 0;
    for (int64_t i = 0, j = 0; i < a->samples && j < b->samples;) {
        const FornixRow *first = fornix_row(a->table, a->row[i]);
        const FornixRow *second = fornix_row(b->table, b->row[j]);
        int order = strcmp(first->subject, second->subject);
        order = order ? order : strcmp(first->name, second->name);
        shared += order == 0 && (!a->truth || !b->truth || a->truth[i] == b->truth[j]);
        i += order <= 0;
        j += order >= 0;
    }
    return shared;
}

static double delong_p(const Arm *a, const Arm *b)
{
    double *score = mem_new((size_t)a->samples + 1, 2 * sizeof *score);
    AucTest test;
    for (int64_t i = 0; i < a->samples; i++) {
        score[i] = a->score[2 * i + 1];
        score[a->samples + i] = b->score[2 * i + 1];
    }
    auc_compare(score, score + a->samples, a->truth, 1, a->samples, &test);
    mem_free(score);
    return test.p;
}

double arms_test(const Arm *a, const Arm *b, int figure)
{
    if (!a->truth || a->clusters != a->samples || figure >= (int)COUNT(compared))
        return NAN;
    if (compared[figure] == AUC && a->classes == 2)
        return delong_p(a, b);
    if (compared[figure] != ACCURACY)
        return NAN;
    int64_t only_a = 0, only_b = 0;
    for (int64_t i = 0; i < a->samples; i++) {
        bool right_a = a->predicted[i] == a->truth[i], right_b = b->predicted[i] == b->truth[i];
        only_a += right_a && !right_b;
        only_b += right_b && !right_a;
    }
    return statistics_mcnemar(only_a, only_b);
}

/* ---- Permutations ------------------------------------------------------------------------ */

/* Two arms that can be swapped subject by subject. */
typedef struct {
    const Arm *of[2];
    Arm *copy[2];
} Swap;

static void copy_sample(Arm *to, const Arm *from, int64_t i)
{
    size_t width = (size_t)(from->truth ? from->classes : from->count);
    if (from->truth) {
        to->predicted[i] = from->predicted[i];
        memcpy(to->score + i * from->classes, from->score + i * from->classes,
               width * sizeof *to->score);
    } else
        memcpy(to->value + i * from->count, from->value + i * from->count,
               width * sizeof *to->value);
}

/* all: draw counts through the sets of clusters, 0 being none of however many there are. */
static bool is_swapped(FornixRandomKey key, bool all, int64_t draw, int64_t cluster)
{
    return all ? draw && draw >> cluster & 1 : fornix_random_real(key, (uint64_t)cluster) < 0.5;
}

static void swapped_figures(const Swap *swap, FornixRandomKey key, bool all, int64_t draw,
                            double *figures)
{
    double one[2][ARM_FIGURES];
    for (int64_t i = 0; i < swap->of[0]->samples; i++) {
        bool swapped = is_swapped(key, all, draw, swap->of[0]->cluster[i]);
        copy_sample(swap->copy[0], swap->of[swapped], i);
        copy_sample(swap->copy[1], swap->of[!swapped], i);
    }
    for (int k = 0; k < 2; k++) {
        Arm *copy = swap->copy[k];
        copy->judge = copy->truth ? judge_new(&copy->predictions) : NULL;
        arm_figures(copy, NULL, one[k]);
        judge_free(copy->judge);
        copy->judge = NULL;
    }
    for (int k = 0; k < swap->of[0]->count; k++)
        figures[k] = one[0][k] - one[1][k];
}

void arms_permutation(const Arm *a, const Arm *b, const Resampling *resampling, double *p)
{
    Swap swap = {{a, b}, {arm_new(a->table), arm_new(b->table)}};
    double found[ARM_FIGURES], figures[ARM_FIGURES], reached[ARM_FIGURES] = {0};
    bool all = a->clusters < 62 && (int64_t)1 << a->clusters <= resampling->draws;
    int64_t draws = all ? (int64_t)1 << a->clusters : resampling->draws;
    for (int k = 0; k < 2; k++) {
        judge_free(swap.copy[k]->judge);
        swap.copy[k]->judge = NULL;
    }
    swapped_figures(&swap, resampling->random, true, 0, found);
    for (int64_t draw = 0; draw < draws; draw++) {
        FornixRandomKey key = fornix_random_derive(resampling->random, (uint64_t)draw);
        swapped_figures(&swap, key, all, draw, figures);
        for (int k = 0; k < a->count; k++)
            reached[k] += !(fabs(figures[k]) < fabs(found[k]) - 1e-12); /* NAN counts */
    }
    for (int k = 0; k < a->count; k++)
        p[k] = isnan(found[k]) ? NAN
               : all           ? reached[k] / (double)draws
                               : (reached[k] + 1) / (double)(draws + 1);
    for (int k = 0; k < 2; k++)
        arm_free(swap.copy[k]);
}

/* ---- Who was trained on ------------------------------------------------------------------ */

static bool same_cohort(const char *a, const char *b)
{
    size_t length = strcspn(a, "/");
    return length == strcspn(b, "/") && strncmp(a, b, length) == 0;
}

static bool is_of_cohorts(const Arm *arm, const char *subject)
{
    bool cohort = false, judged = false;
    for (int64_t i = 0; i < arm->samples && !judged; i++) {
        const char *other = fornix_row(arm->table, arm->row[i])->subject;
        cohort = cohort || same_cohort(subject, other);
        judged = strcmp(subject, other) == 0;
    }
    return cohort && !judged;
}

int64_t arm_trained(const Arm *arm)
{
    const Fits *fits = table_fits(arm->table);
    const char **subjects = NULL;
    int64_t count = 0, all = 0;
    for (int k = 0; k < fits->count; k++)
        all += fits->items[k]->kind == FIT_NAMED ? fits->items[k]->count : 0;
    subjects = mem_new((size_t)all + 1, sizeof *subjects);
    for (int k = 0; k < fits->count; k++)
        for (int64_t s = 0; fits->items[k]->kind == FIT_NAMED && s < fits->items[k]->count; s++)
            if (is_of_cohorts(arm, fits->items[k]->subjects[s]))
                subjects[count++] = fits->items[k]->subjects[s];
    int64_t *number = mem_new((size_t)all + 1, sizeof *number);
    int64_t trained = clusters_find(subjects, count, number);
    mem_free(number);
    mem_free(subjects);
    return trained;
}

/* ---- Names ------------------------------------------------------------------------------- */

const char *arm_value(const char *name, int loop, size_t *length)
{
    const char *at = strchr(name, '[');
    for (int i = 0; at && i < loop; i++)
        at = strchr(at + 1, '[');
    *length = at ? strcspn(at + 1, "]") : 0;
    return at ? at + 1 : NULL;
}

static bool is_baseline_of(const char *other, const char *name, int loop, const char *baseline)
{
    size_t length, other_length, wanted = strlen(baseline);
    const char *value = arm_value(name, loop, &length);
    const char *other_value = arm_value(other, loop, &other_length);
    if (!value || !other_value || other_length != wanted ||
        strncmp(other_value, baseline, wanted) != 0)
        return false;
    return value - name == other_value - other &&
           strncmp(name, other, (size_t)(value - name)) == 0 &&
           strcmp(value + length, other_value + other_length) == 0;
}

static int baseline_in_loop(const char *const *names, int count, int i, int loop,
                            const char *baseline)
{
    for (int other = 0; other < count; other++)
        if (is_baseline_of(names[other], names[i], loop, baseline))
            return other;
    return -1;
}

int arms_loop(const char *const *names, int count, const char *baseline)
{
    size_t length;
    for (int loop = 0; count && arm_value(names[0], loop, &length); loop++) {
        bool all = true;
        for (int i = 0; all && i < count; i++)
            all = baseline_in_loop(names, count, i, loop, baseline) >= 0;
        if (all)
            return loop;
    }
    return -1;
}

int arm_baseline(const char *const *names, int count, int i, const char *baseline)
{
    for (int other = 0; other < count; other++)
        if (strcmp(names[other], baseline) == 0)
            return other;
    int loop = arms_loop(names, count, baseline);
    return loop < 0 ? -1 : baseline_in_loop(names, count, i, loop, baseline);
}

void arm_suggest(const char *const *names, int count, const char *baseline, char *near, size_t size)
{
    Text words = {0};
    size_t length, words_count;
    const char *value;
    for (int i = 0; i < count; i++) {
        text_format(&words, "%s ", names[i]);
        for (int loop = 0; (value = arm_value(names[i], loop, &length)); loop++)
            text_format(&words, "%.*s ", (int)length, value);
    }
    char **list = text_split(text_value(&words), &words_count);
    const char *found = text_suggest(baseline, (const char *const *)list, words_count);
    snprintf(near, size, "%s", found ? found : "");
    text_split_free(list);
    text_free(&words);
}

void arm_label(const char *name, char *label, size_t size)
{
    size_t length, used = 0;
    const char *value;
    snprintf(label, size, "%s", name);
    for (int loop = 0; (value = arm_value(name, loop, &length)) && used < size; loop++) {
        int more =
            snprintf(label + used, size - used, "%s%.*s", loop ? "." : "", (int)length, value);
        used += more > 0 ? (size_t)more : 0;
    }
}
