/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Arms of a sweep against their baseline, over all seeds and folds at once.
 *
 * Runs of several seeds and folds are not independent: they train on the same subjects and judge
 * the same subjects. So no plain test is made over runs. Each run of an arm is paired with the
 * baseline's of the same seed and fold, the figure is the mean of their differences, and what is
 * drawn again are the subjects, each with all that it is in any run:
 *
 *   d = 1/R sum over runs r of (figure(arm, r) - figure(baseline, r))
 *
 * with percentile intervals, p at least 2^(1 - n) of n subjects, corrected for all arms (Holm).
 * Null arms are met as the baseline is. Over folds stands beside it what a t test says whose
 * variance is corrected for the subjects that folds share in training (Nadeau and Bengio 2003).
 */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "column.h"
#include "sweep_entries.h"

/* ---- Differences ------------------------------------------------------------------------- */

typedef struct Difference {
    Entry **arm, **baseline; /* pair by pair; baseline NULL: the arm's own figures */
    size_t pairs;
    const int *figure;
    int figures;
} Difference;

static void entry_figures(const Entry *entry, const double *times, double *figures)
{
    for (int64_t i = 0; i < entry->arm->samples; i++)
        entry->times[i] = times[entry->subject[i]];
    arm_figures(entry->arm, entry->times, figures);
}

/* A replicate may lack a class in some fold: then the others count. */
static void difference_statistic(const void *context, const double *times, double *figures)
{
    const Difference *d = context;
    double one[ARM_FIGURES], other[ARM_FIGURES], sum[ARM_FIGURES] = {0}, count[ARM_FIGURES] = {0};
    for (size_t k = 0; k < d->pairs; k++) {
        entry_figures(d->arm[k], times, one);
        if (d->baseline[k])
            entry_figures(d->baseline[k], times, other);
        for (int f = 0; f < d->figures; f++) {
            double apart = one[d->figure[f]] - (d->baseline[k] ? other[d->figure[f]] : 0);
            sum[f] += isnan(apart) ? 0 : apart;
            count[f] += !isnan(apart);
        }
    }
    for (int f = 0; f < d->figures; f++)
        figures[f] = count[f] > 0 ? sum[f] / count[f] : NAN;
}

static double at_least(double p, int64_t subjects)
{
    double least = ldexp(1, 1 - (int)(subjects < 64 ? subjects : 64));
    return p < least ? least : p;
}

static void draw_again(Pairing *p, const Difference *d, Interval *apart)
{
    const SweepComparison *c = p->verdict->comparison;
    int64_t *identity = mem_new((size_t)p->subject_count + 1, sizeof *identity);
    for (int64_t k = 0; k < p->subject_count; k++)
        identity[k] = k;
    Resampling resampling = {.samples = p->subject_count,
                             .clusters = p->subject_count,
                             .cluster = identity,
                             .stratum = p->stratum,
                             .strata = p->strata,
                             .draws = c->draws,
                             .confidence = c->confidence,
                             .random = fornix_random_key((uint64_t)c->seed, "compare")};
    bootstrap(&resampling, difference_statistic, d, d->figures, apart);
    for (int f = 0; f < d->figures; f++)
        if (!isnan(apart[f].p))
            apart[f].p = at_least(apart[f].p, p->subject_count);
    mem_free(identity);
}

/* Subjects tested over those trained on; NAN where nobody knows, or where all runs judge the same
 * subjects: then they tell of the seeds alone. */
static double tested_share(const Difference *d)
{
    bool others = false;
    double sum = 0;
    for (size_t k = 0; k < d->pairs; k++) {
        const Arm *arm = d->arm[k]->arm, *first = d->arm[0]->arm;
        int64_t trained = arm_trained(arm);
        others = others || arms_shared(arm, first) != first->samples;
        sum += trained ? (double)arm->clusters / (double)trained : NAN;
    }
    return others ? sum / (double)d->pairs : NAN;
}

static void compare_runs(const Difference *d, SweepAgainst *against)
{
    double one[ARM_FIGURES], other[ARM_FIGURES], share = tested_share(d);
    double *apart = mem_new(d->pairs * (size_t)d->figures + 1, sizeof *apart);
    for (size_t k = 0; k < d->pairs; k++) {
        arm_figures(d->arm[k]->arm, NULL, one);
        arm_figures(d->baseline[k]->arm, NULL, other);
        for (int f = 0; f < d->figures; f++)
            apart[(size_t)f * d->pairs + k] = one[d->figure[f]] - other[d->figure[f]];
    }
    for (int f = 0; f < d->figures; f++) {
        double *values = apart + (size_t)f * d->pairs;
        int64_t runs = statistics_drop_undefined(values, (int64_t)d->pairs);
        against->effect[f] = statistics_cohen_d(values, runs);
        against->resampled[f] = statistics_resampled(values, runs, share).p;
    }
    mem_free(apart);
}

static Entry *find_entry(const Pairing *p, const char *label, const char *pair)
{
    for (size_t k = 0; k < p->count; k++)
        if (strcmp(p->entries[k].label, label) == 0 && strcmp(p->entries[k].pair, pair) == 0)
            return &p->entries[k];
    return NULL;
}

static bool same_samples(const Entry *a, const Entry *b)
{
    int64_t shared = arms_shared(a->arm, b->arm);
    return shared == a->arm->samples && shared == b->arm->samples && a->arm->count == b->arm->count;
}

static bool find_pairs(Pairing *p, const SweepArm *arm, const char *baseline, Difference *d)
{
    for (size_t k = 0; k < p->count; k++) {
        Entry *entry = &p->entries[k];
        if (strcmp(entry->label, arm->label) != 0)
            continue;
        Entry *other = find_entry(p, baseline, entry->pair);
        if (!other)
            continue;
        if (!same_samples(entry, other))
            return pairing_fail(
                p, "runs of one seed and fold judge other samples: they can't be paired");
        d->arm[d->pairs] = entry;
        d->baseline[d->pairs++] = other;
    }
    return true;
}

static SweepAgainst *against_add(SweepArm *arm, const char *label)
{
    size_t figures = (size_t)arm->figure_count + 1;
    arm->against = mem_grow(arm->against, arm->against_count + 1, sizeof *arm->against);
    SweepAgainst *against = &arm->against[arm->against_count++];
    *against = (SweepAgainst){.label = label,
                              .apart = mem_new(figures, sizeof *against->apart),
                              .effect = mem_new(figures, sizeof *against->effect),
                              .resampled = mem_new(figures, sizeof *against->resampled)};
    for (int f = 0; f < arm->figure_count; f++) {
        against->apart[f] = (Interval){.value = NAN, .low = NAN, .high = NAN, .p = NAN};
        against->effect[f] = against->resampled[f] = NAN;
    }
    return against;
}

static bool compare_pair(Pairing *p, SweepArm *arm, const char *other, Difference *d)
{
    SweepAgainst *against = against_add(arm, other);
    d->pairs = 0;
    if (!find_pairs(p, arm, other, d))
        return false;
    against->pairs = d->pairs;
    if (d->pairs) {
        draw_again(p, d, against->apart);
        compare_runs(d, against);
    }
    return true;
}

/* ---- Figures of each arm ----------------------------------------------------------------- */

static void summarise_arm(const Pairing *p, SweepArm *arm, const int *figure)
{
    double *values = mem_new(p->count + 1, (size_t)ARM_FIGURES * sizeof *values);
    double *one = mem_new(p->count + 1, sizeof *one);
    for (size_t k = 0; k < p->count; k++)
        if (strcmp(p->entries[k].label, arm->label) == 0)
            arm_figures(p->entries[k].arm, NULL, values + ARM_FIGURES * arm->runs++);
    for (int f = 0; f < arm->figure_count; f++) {
        for (size_t r = 0; r < arm->runs; r++)
            one[r] = values[ARM_FIGURES * r + (size_t)figure[f]];
        int64_t defined = statistics_drop_undefined(one, (int64_t)arm->runs);
        arm->mean[f] = statistics_mean(one, defined);
        arm->deviation[f] = statistics_deviation(one, defined);
    }
    mem_free(one);
    mem_free(values);
}

/* Of the means over runs, by drawing subjects again. */
static void find_intervals(Pairing *p, SweepArm *arm, Difference *d)
{
    d->pairs = 0;
    for (size_t k = 0; k < p->count; k++)
        if (strcmp(p->entries[k].label, arm->label) == 0) {
            d->arm[d->pairs] = &p->entries[k];
            d->baseline[d->pairs++] = NULL;
        }
    draw_again(p, d, arm->own);
}

static int find_figure(const Arm *arm, const char *wanted)
{
    char name[128];
    for (int k = 0; k < arm->count; k++) {
        arm_figure_name(arm, k, name, sizeof name);
        if (strcmp(name, wanted) == 0)
            return k;
    }
    return -1;
}

static void add_figure(int *figure, int *count, int number)
{
    for (int k = 0; k < *count; k++)
        if (figure[k] == number)
            return;
    if (number >= 0 && *count < ARM_FIGURES)
        figure[(*count)++] = number;
}

/* The numbers of the figures to compare, of which the first `judged` make a verdict; behind them
 * what tells whether one class pays for another. False where one is not there. */
static bool choose_figures(Pairing *p, int *figure, int *count)
{
    const SweepComparison *c = p->verdict->comparison;
    const Arm *arm = p->entries[0].arm;
    *count = 0;
    for (int k = 0; !c->figures.count && k < arm_judged(arm); k++)
        add_figure(figure, count, k);
    for (int64_t w = 0; w < c->figures.count; w++) {
        int found = find_figure(arm, c->figures.items[w]);
        if (found < 0) {
            Text text = {0};
            text_format(&text, "there is no figure '%s'", c->figures.items[w]);
            pairing_fail(p, text.data);
            text_free(&text);
            return false;
        }
        add_figure(figure, count, found);
    }
    p->verdict->judged = *count;
    if (arm->truth)
        add_figure(figure, count, find_figure(arm, "balanced_accuracy"));
    for (int32_t class = 0; arm->truth && class < arm->classes; class ++)
        add_figure(figure, count, arm_sensitivity(arm, class));
    return true;
}

static void open_arms(Pairing *p, const int *figure, int figures)
{
    SweepVerdict *verdict = p->verdict;
    char name[128];
    verdict->arms = mem_new(p->count + 1, sizeof *verdict->arms);
    for (size_t k = 0; k < p->count; k++) {
        bool known = false;
        for (size_t a = 0; a < verdict->count; a++)
            known = known || strcmp(verdict->arms[a].label, p->entries[k].label) == 0;
        if (known)
            continue;
        size_t room = (size_t)figures + 1;
        SweepArm *arm = &verdict->arms[verdict->count++];
        *arm = (SweepArm){.label = mem_text(p->entries[k].label), .figure_count = figures};
        arm->figures = mem_new(room, sizeof *arm->figures);
        arm->mean = mem_new(room, sizeof *arm->mean);
        arm->deviation = mem_new(room, sizeof *arm->deviation);
        arm->lower = mem_new(room, sizeof *arm->lower);
        arm->own = mem_new(room, sizeof *arm->own);
        for (int f = 0; f < figures; f++) {
            arm_figure_name(p->entries[0].arm, figure[f], name, sizeof name);
            arm->figures[f] = mem_text(name);
            arm->lower[f] = arm_lower_is_better(p->entries[0].arm, figure[f]);
        }
    }
}

/* Each figure's p together, of all arms that meet the same one. */
static void correct(SweepVerdict *verdict, int figure, size_t which)
{
    double *p = mem_new(verdict->count + 1, sizeof *p);
    int64_t count = 0;
    for (size_t a = 0; a < verdict->count; a++)
        if (which < verdict->arms[a].against_count)
            p[count++] = verdict->arms[a].against[which].apart[figure].p;
    statistics_holm(p, count);
    count = 0;
    for (size_t a = 0; a < verdict->count; a++)
        if (which < verdict->arms[a].against_count)
            verdict->arms[a].against[which].apart[figure].p = p[count++];
    mem_free(p);
}

static bool is_named(const FornixList *list, const char *label)
{
    for (int64_t k = 0; k < list->count; k++)
        if (strcmp(list->items[k], label) == 0)
            return true;
    return false;
}

static bool compare_arm(Pairing *p, SweepArm *arm, const char *baseline, Difference *d)
{
    const FornixList *null = &p->verdict->comparison->null;
    bool fine = arm->is_baseline || compare_pair(p, arm, baseline, d);
    for (int64_t k = 0; fine && !arm->is_null && !arm->is_baseline && k < null->count; k++)
        if (strcmp(null->items[k], baseline) != 0)
            fine = compare_pair(p, arm, null->items[k], d);
    return fine;
}

static bool compare_arms(Pairing *p)
{
    SweepVerdict *verdict = p->verdict;
    int figure[ARM_FIGURES], figures;
    if (!choose_figures(p, figure, &figures))
        return false;
    open_arms(p, figure, figures);
    const char *named = verdict->comparison->baseline;
    const char *baseline = *named ? named : verdict->arms[0].label;
    Difference d = {.figure = figure, .figures = figures};
    d.arm = mem_new(p->count + 1, sizeof *d.arm);
    d.baseline = mem_new(p->count + 1, sizeof *d.baseline);
    bool fine = true, found = false;
    for (size_t a = 0; a < verdict->count && fine; a++) {
        SweepArm *arm = &verdict->arms[a];
        summarise_arm(p, arm, figure);
        find_intervals(p, arm, &d);
        arm->is_baseline = strcmp(arm->label, baseline) == 0;
        arm->is_null = is_named(&verdict->comparison->null, arm->label);
        found = found || arm->is_baseline;
        fine = compare_arm(p, arm, baseline, &d);
    }
    if (fine && !found)
        fine = pairing_fail(p, "no arm is the baseline");
    for (int f = 0; f < figures; f++) /* the baseline, then the null arms in their order */
        for (size_t which = 0; which <= (size_t)verdict->comparison->null.count; which++)
            correct(verdict, f, which);
    mem_free(d.arm);
    mem_free(d.baseline);
    return fine;
}

/* ---- What a reader must not overlook ----------------------------------------------------- */

static void name_class(Pairing *p, int32_t class)
{
    const FornixTable *table = p->entries[0].arm->table;
    char text[CLASS_NAME];
    int column = fornix_find_column(table, "truth");
    mem_free(p->verdict->fewest_class);
    p->verdict->fewest_class = mem_text(column_class(fornix_column(table, column), class, text));
}

static void look_at_runs(Pairing *p)
{
    for (size_t k = 0; k < p->count; k++) {
        const Entry *entry = &p->entries[k];
        SweepArm *of = p->verdict->arms;
        while (strcmp(of->label, entry->label) != 0)
            of++;
        of->by_chance += arm_covers_chance(entry->arm);
        of->constant += arm_is_constant(entry->arm);
        of->other_totals += arm_has_other_totals(entry->arm);
        of->chosen += arm_was_fitted_on_judged(entry->arm);
        of->run = mem_grow(of->run, of->run_count + 1, sizeof *of->run);
        of->run[of->run_count++] = (SweepRun){entry->job, mem_text(entry->node)};
    }
    for (size_t a = 0; a < p->verdict->count; a++)
        p->verdict->arms[a].curves = sweep_arm_curves(p, p->verdict->arms[a].label);
    int64_t *of_class = mem_new((size_t)p->strata + 1, sizeof *of_class);
    for (int64_t s = 0; s < p->subject_count; s++)
        of_class[p->stratum[s]]++;
    p->verdict->subjects = p->subject_count;
    p->verdict->fewest = INT64_MAX;
    for (int32_t c = 0; p->strata > 1 && c < p->strata; c++)
        if (of_class[c] < p->verdict->fewest) {
            p->verdict->fewest = of_class[c];
            name_class(p, c);
        }
    mem_free(of_class);
}

/* ---- The whole --------------------------------------------------------------------------- */

static void compare_one(const Sweep *sweep, const SweepTable *table, SweepVerdict *verdict)
{
    Pairing p = {.sweep = sweep, .verdict = verdict, .samples = samples_new(NULL)};
    if (pairing_open(&p, table) && compare_arms(&p))
        look_at_runs(&p);
    pairing_close(&p);
    samples_free(p.samples);
}

SweepVerdict *sweep_compare(const Sweep *sweep, const SweepTable *table)
{
    SweepVerdict *verdicts = mem_new(sweep->comparison_count + 1, sizeof *verdicts);
    for (size_t k = 0; k < sweep->comparison_count; k++) {
        verdicts[k].comparison = &sweep->comparisons[k];
        compare_one(sweep, table, &verdicts[k]);
    }
    return verdicts;
}

static void arm_clear(SweepArm *arm)
{
    for (int f = 0; f < arm->figure_count; f++)
        mem_free(arm->figures[f]);
    for (size_t k = 0; k < arm->against_count; k++) {
        mem_free(arm->against[k].apart);
        mem_free(arm->against[k].effect);
        mem_free(arm->against[k].resampled);
    }
    mem_free(arm->against);
    mem_free(arm->label);
    mem_free(arm->figures);
    mem_free(arm->lower);
    mem_free(arm->mean);
    mem_free(arm->deviation);
    mem_free(arm->own);
    for (size_t k = 0; k < arm->run_count; k++)
        mem_free(arm->run[k].node);
    mem_free(arm->run);
    json_decref(arm->curves);
}

static void texts_free(char **texts, size_t count)
{
    for (size_t k = 0; k < count; k++)
        mem_free(texts[k]);
    mem_free(texts);
}

void sweep_verdicts_free(const Sweep *sweep, SweepVerdict *verdicts)
{
    for (size_t k = 0; k < sweep->comparison_count; k++) {
        for (size_t a = 0; a < verdicts[k].count; a++)
            arm_clear(&verdicts[k].arms[a]);
        texts_free(verdicts[k].words, verdicts[k].word_count);
        texts_free(verdicts[k].warnings, verdicts[k].warning_count);
        mem_free(verdicts[k].arms);
        mem_free(verdicts[k].problem);
        mem_free(verdicts[k].fewest_class);
    }
    mem_free(verdicts);
}
