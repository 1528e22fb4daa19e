/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What follows from the comparison of a sweep's arms, in sentences, and what must not be missed. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "sweep_parts.h"

/* ---- Findings ---------------------------------------------------------------------------- */

static SweepFinding figure_finding(const SweepVerdict *verdict, const SweepArm *arm,
                                   const SweepAgainst *against, int figure)
{
    Interval apart = against->apart[figure];
    if (!(apart.p < verdict->comparison->level)) /* NAN is no evidence */
        return SWEEP_NONE;
    return (apart.value > 0) != arm->lower[figure] ? SWEEP_BETTER : SWEEP_WORSE;
}

static SweepFinding against_finding(const SweepVerdict *verdict, const SweepArm *arm,
                                    const SweepAgainst *against)
{
    bool better = false, worse = false;
    for (int f = 0; f < verdict->judged; f++) {
        SweepFinding finding = figure_finding(verdict, arm, against, f);
        better = better || finding == SWEEP_BETTER;
        worse = worse || finding == SWEEP_WORSE;
    }
    return better && worse ? SWEEP_MIXED : better ? SWEEP_BETTER : worse ? SWEEP_WORSE : SWEEP_NONE;
}

SweepFinding sweep_finding(const SweepVerdict *verdict, const SweepArm *arm)
{
    SweepFinding finding =
        arm->against_count ? against_finding(verdict, arm, &arm->against[0]) : SWEEP_NONE;
    for (size_t k = 1; k < arm->against_count && finding == SWEEP_BETTER; k++)
        if (against_finding(verdict, arm, &arm->against[k]) != SWEEP_BETTER)
            finding = SWEEP_NONE;
    return finding;
}

/* ---- Sentences --------------------------------------------------------------------------- */

/* Takes over what text has become. */
static void keep(char ***texts, size_t *count, Text *text)
{
    *texts = mem_grow(*texts, *count + 1, sizeof **texts);
    (*texts)[(*count)++] = mem_text(text_value(text));
    text_free(text);
}

/* The figures that tell them apart, or all where none does. */
static void tell_against(const SweepVerdict *verdict, const SweepArm *arm,
                         const SweepAgainst *against, Text *text)
{
    static const char *const words[] = {"worse than", "no evidence of a difference to",
                                        "better than", "better and worse, by figure, than"};
    SweepFinding finding = against_finding(verdict, arm, against);
    char interval[INTERVAL_TEXT], p[FIGURE_TEXT];
    int told = 0;
    text_format(text, "%s%s '%s' (", text->length ? "; " : "", words[finding + 1], against->label);
    for (int f = 0; f < verdict->judged; f++)
        if (finding == SWEEP_NONE || figure_finding(verdict, arm, against, f) != SWEEP_NONE)
            text_format(text, "%s%s by %s, %s", told++ ? "; " : "", arm->figures[f],
                        interval_text(against->apart[f], interval),
                        p_words(against->apart[f].p, p));
    text_add(text, ")");
}

static void tell_arm(SweepVerdict *verdict, const SweepArm *arm)
{
    static const char *const overall[] = {"worse", "no evidence", "better", "mixed"};
    Text text = {0}, pairs = {0};
    for (size_t k = 0; k < arm->against_count; k++)
        tell_against(verdict, arm, &arm->against[k], &pairs);
    text_format(&text, "'%s': %s: %s; %zu runs, from %" PRId64 " subjects", arm->label,
                overall[sweep_finding(verdict, arm) + 1], text_value(&pairs), arm->against[0].pairs,
                verdict->subjects);
    text_free(&pairs);
    keep(&verdict->words, &verdict->word_count, &text);
}

/* ---- Warnings ---------------------------------------------------------------------------- */

/* What holds of some runs of some arms, in a line for all of them. */
static void warn_of_runs(SweepVerdict *verdict, size_t counts, const char *words)
{
    Text text = {0};
    for (size_t a = 0; a < verdict->count; a++) {
        const SweepArm *arm = &verdict->arms[a];
        size_t runs = *(const size_t *)(const void *)((const char *)arm + counts);
        if (runs)
            text_format(&text, "%s '%s' in %zu of %zu runs", text.length ? "," : words, arm->label,
                        runs, arm->runs);
    }
    if (text.length)
        keep(&verdict->warnings, &verdict->warning_count, &text);
}

static int figure_named(const SweepArm *arm, const char *name)
{
    for (int f = 0; f < arm->figure_count; f++)
        if (strcmp(arm->figures[f], name) == 0)
            return f;
    return -1;
}

static bool has_shifted(const SweepVerdict *verdict, const SweepArm *arm, int f)
{
    int balanced = figure_named(arm, "balanced_accuracy");
    const SweepAgainst *own = arm->against;
    return own && balanced >= 0 && f < arm->figure_count &&
           strncmp(arm->figures[f], "sensitivity.", 12) == 0 &&
           figure_finding(verdict, arm, own, f) == SWEEP_BETTER &&
           figure_finding(verdict, arm, own, balanced) != SWEEP_BETTER;
}

/* A class that gained at the cost of the others. */
static void warn_of_shift(SweepVerdict *verdict)
{
    int figures = verdict->count ? verdict->arms[0].figure_count : 0;
    for (int f = 0; f < figures; f++) {
        Text arms = {0}, text = {0};
        for (size_t a = 0; a < verdict->count; a++)
            if (has_shifted(verdict, &verdict->arms[a], f))
                text_format(&arms, "%s'%s'", arms.length ? ", " : "", verdict->arms[a].label);
        if (arms.length) {
            text_format(&text,
                        "%s is better, and balanced accuracy is not: other classes paid for it: %s",
                        verdict->arms[0].figures[f], text_value(&arms));
            keep(&verdict->warnings, &verdict->warning_count, &text);
        }
        text_free(&arms);
    }
}

/* A null arm that no job has: then no verdict is against it. */
static void warn_of_missing(SweepVerdict *verdict)
{
    const FornixList *null = &verdict->comparison->null;
    for (int64_t k = 0; k < null->count; k++) {
        bool found = false;
        Text text = {0};
        for (size_t a = 0; a < verdict->count; a++)
            found = found || strcmp(verdict->arms[a].label, null->items[k]) == 0;
        if (found)
            continue;
        text_format(&text, "null arm '%s' is not there: no verdict is against it", null->items[k]);
        keep(&verdict->warnings, &verdict->warning_count, &text);
    }
}

static void warn_of_few(SweepVerdict *verdict)
{
    Text text = {0};
    if (verdict->fewest >= FEW_SUBJECTS)
        return;
    text_format(&text,
                "only %" PRId64 " subjects of class '%s': intervals and p of so few are not to be "
                "relied on",
                verdict->fewest, verdict->fewest_class);
    keep(&verdict->warnings, &verdict->warning_count, &text);
}

static void withhold(SweepVerdict *verdict, const SweepControlled *failed)
{
    const SweepControl *control = failed->control;
    char mean[FIGURE_TEXT], low[FIGURE_TEXT], high[FIGURE_TEXT];
    Text text = {0};
    verdict->withheld = control->name;
    text_format(&text,
                "the verdict is withheld: control '%s' failed, its mean %s over %zu figures has to "
                "lie between %s and %s",
                control->name, figure_text(failed->mean, mean), failed->runs,
                figure_text(control->low, low), figure_text(control->high, high));
    keep(&verdict->warnings, &verdict->warning_count, &text);
}

void sweep_tell(SweepVerdict *verdict, const SweepControlled *failed)
{
    static const struct {
        size_t counts;
        const char *words;
    } doubts[] = {
        {offsetof(SweepArm, by_chance), "chance lies in the interval of the AUC:"},
        {offsetof(SweepArm, constant), "it names one class always:"},
        {offsetof(SweepArm, other_totals),
         "the totals do not follow from the figures and counts of the classes:"},
        {offsetof(SweepArm, chosen),
         "something was fitted or chosen on subjects that are judged, which flatters:"},
    };
    if (verdict->problem)
        return;
    if (failed)
        withhold(verdict, failed);
    for (size_t a = 0; a < verdict->count; a++) {
        const SweepArm *arm = &verdict->arms[a];
        if (!failed && arm->against_count)
            tell_arm(verdict, arm);
    }
    for (size_t k = 0; k < COUNT(doubts); k++)
        warn_of_runs(verdict, doubts[k].counts, doubts[k].words);
    warn_of_shift(verdict);
    warn_of_missing(verdict);
    warn_of_few(verdict);
}
