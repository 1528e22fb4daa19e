/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Arms beside their baseline and the null arms: differences, how sure they are, and what follows.
 */
#include "comparison.h"

#include <math.h>

#include "base.h"
#include "statistics.h"

/* ---- Pairs ------------------------------------------------------------------------------- */

static void pair_add(Comparison *c, int arm, int other, int null)
{
    size_t figures = (size_t)c->figures;
    c->pair = mem_grow(c->pair, (size_t)c->pairs + 1, sizeof *c->pair);
    c->pair[c->pairs++] = (ArmPair){.arm = arm,
                                    .other = other,
                                    .null = null,
                                    .apart = mem_new(figures, sizeof(Interval)),
                                    .p = mem_new(figures, sizeof(double)),
                                    .swaps = mem_new(figures, sizeof(double)),
                                    .effect = mem_new(figures, sizeof(double))};
}

static bool find_nulls(Comparison *c)
{
    char near[200];
    for (int64_t k = 0; k < c->null->count; k++) {
        bool found = false;
        for (int i = 0; i < c->count; i++) {
            int other = arm_baseline(c->name, c->count, i, c->null->items[k]);
            if (other >= 0)
                c->is_null[other] = found = true;
        }
        arm_suggest(c->name, c->count, c->null->items[k], near, sizeof near);
        if (!found && *near)
            return fornix_build_fail(c->build, "null", "no '%s' among the arms; did you mean '%s'?",
                                     c->null->items[k], near);
        if (!found) /* arms are often a param: one may have been left out on purpose */
            fornix_warn(c->build, "null arm '%s' is not there: no verdict is against it",
                        c->null->items[k]);
    }
    for (int i = 0; i < c->count; i++)
        c->is_null[c->baseline[i]] = true;
    return true;
}

static void find_pairs(Comparison *c)
{
    for (int i = 0; i < c->count; i++)
        if (c->baseline[i] != i)
            pair_add(c, i, c->baseline[i], -1);
    for (int i = 0; i < c->count; i++)
        for (int64_t k = 0; !c->is_null[i] && k < c->null->count; k++) {
            int other = arm_baseline(c->name, c->count, i, c->null->items[k]);
            if (other >= 0 && other != c->baseline[i])
                pair_add(c, i, other, (int)k);
        }
}

/* ---- Comparing --------------------------------------------------------------------------- */

typedef struct {
    const Arm *arm, *other;
} Both;

static void pair_statistic(const void *context, const double *times, double *figures)
{
    const Both *both = context;
    double other[ARM_FIGURES];
    arm_figures(both->arm, times, figures);
    arm_figures(both->other, times, other);
    for (int k = 0; k < both->arm->count; k++)
        figures[k] -= other[k];
}

static Resampling resampling_of(const Comparison *c, const Arm *arm)
{
    return (Resampling){.samples = arm->samples,
                        .clusters = arm->clusters,
                        .cluster = arm->cluster,
                        .stratum = arm->stratum,
                        .strata = arm->truth ? arm->classes : 1,
                        .draws = c->draws,
                        .confidence = c->confidence,
                        .random = c->random};
}

static double *numbers_apart(const Arm *a, const Arm *b, int figure, int64_t *count)
{
    double *apart = mem_new((size_t)a->samples + 1, sizeof *apart);
    for (int64_t i = 0; i < a->samples; i++)
        apart[i] = a->value[i * a->count + figure] - b->value[i * b->count + figure];
    *count = statistics_drop_undefined(apart, a->samples);
    return apart;
}

static double effect_of(const Comparison *c, const ArmPair *pair, int figure)
{
    const Arm *a = c->arm[pair->arm], *b = c->arm[pair->other];
    if (a->truth)
        return statistics_cohen_h(c->value[pair->arm * c->figures + figure],
                                  c->value[pair->other * c->figures + figure]);
    int64_t count;
    double *apart = numbers_apart(a, b, figure, &count);
    double effect = statistics_cohen_d(apart, count);
    mem_free(apart);
    return effect;
}

/* Few subjects drawn again look surer than they are: swapping two arms' predictions subject by
 * subject gives 2^n outcomes, so that no p of n subjects is below 2^(1 - n). NAN stays. */
static double at_least(double p, const Arm *arm)
{
    double least = ldexp(1, 1 - (int)(arm->clusters < 64 ? arm->clusters : 64));
    return p < least ? least : p;
}

static void pair_judge(Comparison *c, ArmPair *pair)
{
    Both both = {c->arm[pair->arm], c->arm[pair->other]};
    Resampling resampling = resampling_of(c, both.other);
    bootstrap(&resampling, pair_statistic, &both, c->figures, pair->apart);
    arms_permutation(both.arm, both.other, &resampling, pair->swaps);
    for (int k = 0; k < c->figures; k++) {
        double p = arms_test(both.arm, both.other, k);
        pair->p[k] = isnan(p) ? at_least(pair->apart[k].p, both.arm) : p;
        pair->effect[k] = effect_of(c, pair, k);
    }
}

/* All that meet one null arm together, and all that meet a baseline. */
static void correct(Comparison *c, int null, int figure)
{
    double *p = mem_new((size_t)c->pairs + 1, sizeof *p);
    int count = 0;
    for (int k = 0; k < c->pairs; k++)
        if (c->pair[k].null == null)
            p[count++] = c->pair[k].p[figure];
    statistics_holm(p, count);
    count = 0;
    for (int k = 0; k < c->pairs; k++)
        if (c->pair[k].null == null)
            c->pair[k].p[figure] = p[count++];
    mem_free(p);
}

bool comparison_judge(Comparison *comparison)
{
    Comparison *c = comparison;
    c->figures = c->arm[0]->count;
    c->value = mem_new((size_t)(c->count * c->figures), sizeof *c->value);
    c->is_null = mem_new((size_t)c->count, sizeof *c->is_null);
    for (int i = 0; i < c->count; i++)
        arm_figures(c->arm[i], NULL, c->value + i * c->figures);
    if (!find_nulls(c))
        return false;
    find_pairs(c);
    for (int k = 0; k < c->pairs; k++)
        pair_judge(c, &c->pair[k]);
    for (int figure = 0; figure < c->figures; figure++)
        for (int null = -1; null < (int)c->null->count; null++)
            correct(c, null, figure);
    return true;
}

void comparison_free(Comparison *comparison)
{
    for (int i = 0; comparison->arm && i < comparison->count; i++)
        arm_free(comparison->arm[i]);
    for (int k = 0; k < comparison->pairs; k++) {
        mem_free(comparison->pair[k].apart);
        mem_free(comparison->pair[k].p);
        mem_free(comparison->pair[k].swaps);
        mem_free(comparison->pair[k].effect);
    }
    mem_free(comparison->arm);
    mem_free(comparison->name);
    mem_free(comparison->baseline);
    mem_free(comparison->is_null);
    mem_free(comparison->value);
    mem_free(comparison->pair);
}

/* ---- What follows ------------------------------------------------------------------------ */

int pair_verdict(const Comparison *comparison, const ArmPair *pair, int figure)
{
    if (!(pair->p[figure] < comparison->level)) /* NAN is no evidence */
        return VERDICT_NONE;
    bool higher = pair->apart[figure].value > 0;
    return higher != arm_lower_is_better(comparison->arm[pair->arm], figure) ? VERDICT_BETTER
                                                                             : VERDICT_WORSE;
}

int pair_overall(const Comparison *comparison, const ArmPair *pair)
{
    bool better = false, worse = false;
    for (int k = 0; k < arm_judged(comparison->arm[pair->arm]); k++) {
        int verdict = pair_verdict(comparison, pair, k);
        better = better || verdict == VERDICT_BETTER;
        worse = worse || verdict == VERDICT_WORSE;
    }
    return better && worse ? VERDICT_MIXED
           : better        ? VERDICT_BETTER
           : worse         ? VERDICT_WORSE
                           : VERDICT_NONE;
}

const ArmPair *baseline_pair(const Comparison *comparison, int arm)
{
    for (int k = 0; k < comparison->pairs; k++)
        if (comparison->pair[k].arm == arm && comparison->pair[k].null < 0)
            return &comparison->pair[k];
    return NULL;
}

int arm_verdict(const Comparison *comparison, int arm)
{
    const ArmPair *own = baseline_pair(comparison, arm);
    int verdict = own ? pair_overall(comparison, own) : VERDICT_NONE;
    for (int k = 0; k < comparison->pairs && verdict == VERDICT_BETTER; k++)
        if (comparison->pair[k].arm == arm &&
            pair_overall(comparison, &comparison->pair[k]) != VERDICT_BETTER)
            verdict = VERDICT_NONE;
    return verdict;
}
