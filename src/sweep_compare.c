/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Arms of a sweep against their baseline, over all seeds and folds at once.
 *
 * Runs of several seeds and folds are not independent: they train on the same subjects and judge
 * the same subjects. So nothing is tested over runs. Each run of an arm is paired with the
 * baseline's of the same seed and fold, the figure is the mean of their differences, and what is
 * drawn again are the subjects, each with all that it is in any run:
 *
 *   d = 1/R sum over runs r of (figure(arm, r) - figure(baseline, r))
 *
 * with percentile intervals, p at least 2^(1 - n) of n subjects, corrected for all arms (Holm).
 */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "file.h"
#include "store.h"
#include "sweep_parts.h"

/* An evaluator's table in one job. */
typedef struct Entry {
    size_t job;
    char *label, *pair; /* the arm; what it has in common with its baseline's */
    char *node;
    Arm *arm;
    int64_t *subject; /* of each sample */
    double *times;
} Entry;

typedef struct Pairing {
    const Sweep *sweep;
    SweepVerdict *verdict;
    Samples *samples;
    Entry *entries;
    size_t count;
    const char **subjects; /* of all entries, by number */
    int32_t *stratum;
    int64_t subject_count;
    int32_t strata;
} Pairing;

static bool fail(Pairing *p, const char *problem)
{
    if (!p->verdict->problem)
        p->verdict->problem = mem_text(problem);
    return false;
}

static bool is_over(const SweepComparison *comparison, const char *axis)
{
    for (int64_t k = 0; k < comparison->over.count; k++)
        if (strcmp(comparison->over.items[k], axis) == 0)
            return true;
    return false;
}

/* ---- Which tables there are -------------------------------------------------------------- */

/* "acgan 300": the values of the axes that tell arms, and what the stars stand for. */
static char *label_of(const Sweep *sweep, const SweepComparison *c, size_t job, const char *stars)
{
    Text label = {0};
    for (int64_t k = 0; k < c->over.count; k++) {
        int axis = sweep_axis(sweep, c->over.items[k]);
        const char *value = axis < 0 ? stars : sweep_value(sweep, &sweep->jobs[job], (size_t)axis);
        if (value && *value)
            text_format(&label, "%s%s", label.length ? " " : "", value);
    }
    char *copy = mem_text(text_value(&label));
    text_free(&label);
    return copy;
}

static char *pair_of(const Sweep *sweep, const SweepComparison *c, size_t job)
{
    Text pair = {0};
    for (size_t k = 0; k < sweep->axis_count; k++) {
        const char *value = sweep_value(sweep, &sweep->jobs[job], k);
        if (value && !is_over(c, sweep->axes[k].name))
            text_format(&pair, "%s=%s,", sweep->axes[k].name, value);
    }
    char *copy = mem_text(text_value(&pair));
    text_free(&pair);
    return copy;
}

static void add_entries(Pairing *p, size_t job)
{
    const SweepComparison *c = p->verdict->comparison;
    const char *node;
    json_t *final = sweep_final(p->sweep, job), *figures;
    json_object_foreach(final, node, figures)
    {
        Text stars = {0};
        if (pattern_fits(c->scores, node, &stars)) {
            p->entries = mem_grow(p->entries, p->count + 1, sizeof *p->entries);
            p->entries[p->count++] =
                (Entry){.job = job,
                        .label = label_of(p->sweep, c, job, text_value(&stars)),
                        .pair = pair_of(p->sweep, c, job),
                        .node = mem_text(node)};
        }
        text_free(&stars);
    }
    json_decref(final);
}

/* Where a job has several such nodes that over= does not tell apart, each is paired with its own
 * kind. */
static void tell_nodes_apart(Pairing *p)
{
    bool alike = false;
    for (size_t a = 1; a < p->count; a++)
        alike = alike || (p->entries[a].job == p->entries[a - 1].job &&
                          strcmp(p->entries[a].label, p->entries[a - 1].label) == 0);
    for (size_t k = 0; alike && k < p->count; k++) {
        Entry *entry = &p->entries[k];
        Text pair = {0};
        text_format(&pair, "%s%s", entry->pair, entry->node);
        mem_free(entry->pair);
        entry->pair = mem_text(pair.data);
        text_free(&pair);
    }
}

static bool load_entry(Pairing *p, Entry *entry)
{
    FornixError error = {0};
    char *folder = sweep_job_folder(p->sweep, &p->sweep->jobs[entry->job]);
    Text path = {0};
    text_format(&path, "%s/stages/%s/table", folder, entry->node);
    const FornixTable *table = store_load(p->samples, path.data, entry->node, &error);
    bool fine = table && arm_comparable(table);
    if (fine) {
        entry->arm = arm_new(table);
        fine = !entry->arm->broken && entry->arm->samples > 0;
        entry->times = mem_new((size_t)entry->arm->samples + 1, sizeof *entry->times);
    }
    if (!fine)
        fail(p, *error.text ? error.text : "a table holds nothing to compare");
    text_free(&path);
    mem_free(folder);
    return fine;
}

/* ---- Subjects ---------------------------------------------------------------------------- */

/* Texts of one Samples are equal where their pointers are: found by those. */
static void number_subjects(Pairing *p)
{
    size_t all = 0;
    for (size_t k = 0; k < p->count; k++)
        all += (size_t)p->entries[k].arm->samples;
    const char **names = mem_new(all + 1, sizeof *names);
    int64_t *number = mem_new(all + 1, sizeof *number);
    int32_t *truth = mem_new(all + 1, sizeof *truth);
    int64_t at = 0;
    for (size_t k = 0; k < p->count; k++) {
        const Arm *arm = p->entries[k].arm;
        for (int64_t i = 0; i < arm->samples; i++, at++) {
            names[at] = fornix_row(arm->table, arm->row[i])->subject;
            truth[at] = arm->truth ? arm->truth[i] : 0;
        }
        int32_t strata = arm->truth ? arm->classes : 1;
        p->strata = p->strata > strata ? p->strata : strata;
    }
    p->subject_count = clusters_find(names, at, number);
    p->stratum = mem_new((size_t)p->subject_count + 1, sizeof *p->stratum);
    clusters_label(number, p->subject_count, truth, at, p->stratum);
    at = 0;
    for (size_t k = 0; k < p->count; k++) {
        Entry *entry = &p->entries[k];
        entry->subject = mem_new((size_t)entry->arm->samples + 1, sizeof *entry->subject);
        for (int64_t i = 0; i < entry->arm->samples; i++)
            entry->subject[i] = number[at++];
    }
    mem_free(names);
    mem_free(number);
    mem_free(truth);
}

/* ---- Differences ------------------------------------------------------------------------- */

typedef struct Difference {
    Entry **arm, **baseline; /* pair by pair */
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
        entry_figures(d->baseline[k], times, other);
        for (int f = 0; f < d->figures; f++) {
            double apart = one[d->figure[f]] - other[d->figure[f]];
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

static void compare_arm(Pairing *p, SweepArm *arm, const Difference *d)
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
    bootstrap(&resampling, difference_statistic, d, d->figures, arm->apart);
    for (int f = 0; f < d->figures; f++)
        if (!isnan(arm->apart[f].p))
            arm->apart[f].p = at_least(arm->apart[f].p, p->subject_count);
    mem_free(identity);
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
            return fail(p, "runs of one seed and fold judge other samples: they can't be paired");
        d->arm[d->pairs] = entry;
        d->baseline[d->pairs++] = other;
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

/* The numbers of the figures to compare; false where one is not there. */
static bool choose_figures(Pairing *p, int *figure, int *count)
{
    const SweepComparison *c = p->verdict->comparison;
    const Arm *arm = p->entries[0].arm;
    char name[128];
    *count = 0;
    for (int k = 0; !c->figures.count && k < arm_judged(arm); k++)
        figure[(*count)++] = k;
    for (int64_t w = 0; w < c->figures.count && *count < ARM_FIGURES; w++) {
        int found = -1;
        for (int k = 0; k < arm->count; k++) {
            arm_figure_name(arm, k, name, sizeof name);
            if (strcmp(name, c->figures.items[w]) == 0)
                found = k;
        }
        if (found < 0) {
            Text text = {0};
            text_format(&text, "there is no figure '%s'", c->figures.items[w]);
            fail(p, text.data);
            text_free(&text);
            return false;
        }
        figure[(*count)++] = found;
    }
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
        arm->apart = mem_new(room, sizeof *arm->apart);
        for (int f = 0; f < figures; f++) {
            arm_figure_name(p->entries[0].arm, figure[f], name, sizeof name);
            arm->figures[f] = mem_text(name);
            arm->apart[f] = (Interval){.value = NAN, .low = NAN, .high = NAN, .p = NAN};
        }
    }
}

static void correct(SweepVerdict *verdict, int figures)
{
    double *p = mem_new(verdict->count + 1, sizeof *p);
    for (int f = 0; f < figures; f++) {
        for (size_t a = 0; a < verdict->count; a++)
            p[a] = verdict->arms[a].apart[f].p;
        statistics_holm(p, (int)verdict->count);
        for (size_t a = 0; a < verdict->count; a++)
            verdict->arms[a].apart[f].p = p[a];
    }
    mem_free(p);
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
        arm->is_baseline = strcmp(arm->label, baseline) == 0;
        found = found || arm->is_baseline;
        d.pairs = 0;
        fine = find_pairs(p, arm, baseline, &d);
        arm->pairs = d.pairs;
        if (fine && !arm->is_baseline && d.pairs)
            compare_arm(p, arm, &d);
    }
    if (fine && !found)
        fine = fail(p, "no arm is the baseline");
    correct(verdict, figures);
    mem_free(d.arm);
    mem_free(d.baseline);
    return fine;
}

/* ---- The whole --------------------------------------------------------------------------- */

static void compare_one(const Sweep *sweep, const SweepTable *table, SweepVerdict *verdict)
{
    Pairing p = {.sweep = sweep, .verdict = verdict, .samples = samples_new(NULL)};
    bool fine = true;
    for (size_t k = 0; k < sweep->job_count; k++)
        if (strcmp(table->status[k], "done") == 0)
            add_entries(&p, k);
    tell_nodes_apart(&p);
    if (!p.count)
        fine = fail(&p, "no job that is done has such scores");
    for (size_t k = 0; k < p.count && fine; k++)
        fine = load_entry(&p, &p.entries[k]);
    if (fine) {
        number_subjects(&p);
        compare_arms(&p);
    }
    for (size_t k = 0; k < p.count; k++) {
        arm_free(p.entries[k].arm);
        mem_free(p.entries[k].label);
        mem_free(p.entries[k].pair);
        mem_free(p.entries[k].node);
        mem_free(p.entries[k].subject);
        mem_free(p.entries[k].times);
    }
    mem_free(p.entries);
    mem_free(p.stratum);
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

void sweep_verdicts_free(const Sweep *sweep, SweepVerdict *verdicts)
{
    for (size_t k = 0; k < sweep->comparison_count; k++) {
        for (size_t a = 0; a < verdicts[k].count; a++) {
            SweepArm *arm = &verdicts[k].arms[a];
            for (int f = 0; f < arm->figure_count; f++)
                mem_free(arm->figures[f]);
            mem_free(arm->label);
            mem_free(arm->figures);
            mem_free(arm->mean);
            mem_free(arm->deviation);
            mem_free(arm->apart);
        }
        mem_free(verdicts[k].arms);
        mem_free(verdicts[k].problem);
    }
    mem_free(verdicts);
}
