/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a sweep found and what follows from it, as JSON: results.json, curves.json.
 *
 *   jobs         of each its axes, status and metrics
 *   summary      means over seeds and folds
 *   controls     of each its mean, where that has to lie, and whether it does
 *   comparisons  arms with their differences to the baseline and (against) to null arms, a verdict
 *                each (better, worse, no evidence, mixed, withheld), words and warnings
 *
 * and curves.json: {"comparisons": [{arm: {curve: {"columns": [name], "rows": [[number]]}}}]}.
 */
#include <jansson.h>
#include <math.h>

#include "findings.h"
#include "kernels/isa.h"
#include "sweep_parts.h"
#include "version.h"

static json_t *interval_json(double value, double low, double high)
{
    json_t *figure = json_object();
    json_object_set_new(figure, "value", findings_number_json(value));
    if (isfinite(low) && isfinite(high)) {
        json_object_set_new(figure, "low", json_real(low));
        json_object_set_new(figure, "high", json_real(high));
    }
    return figure;
}

static json_t *job_json(const Sweep *sweep, const SweepTable *table, size_t j)
{
    json_t *job = json_object(), *axes = json_object(), *metrics = json_object();
    for (size_t k = 0; k < sweep->axis_count; k++) {
        const char *value = sweep_value(sweep, &sweep->jobs[j], k);
        json_object_set_new(axes, sweep->axes[k].name, value ? json_string(value) : json_null());
    }
    for (size_t c = 0; c < table->column_count; c++) {
        const SweepFigure *figure = &table->figures[j * table->column_count + c];
        if (figure->there)
            json_object_set_new(metrics, table->columns[c],
                                interval_json(figure->value, figure->low, figure->high));
    }
    json_object_set_new(job, "job", json_string(sweep->jobs[j].name));
    json_object_set_new(job, "axes", axes);
    json_object_set_new(job, "status", json_string(table->status[j]));
    if (table->messages[j])
        json_object_set_new(job, "message", json_string(table->messages[j]));
    json_object_set_new(job, "stages", json_integer((json_int_t)sweep->jobs[j].stage_count));
    json_object_set_new(job, "metrics", metrics);
    return job;
}

static json_t *stages_json(const Sweep *sweep)
{
    json_t *stages = json_object();
    size_t distinct = 0, uses = 0;
    for (size_t k = 0; k < sweep->task_count; k++) {
        distinct += sweep->tasks[k].id != NULL;
        uses += sweep->tasks[k].id ? sweep->tasks[k].uses : 0;
    }
    json_object_set_new(stages, "in_jobs", json_integer((json_int_t)uses));
    json_object_set_new(stages, "distinct", json_integer((json_int_t)distinct));
    return stages;
}

static json_t *summary_json(const SweepTable *table, const SweepSummary *summary)
{
    json_t *arm = json_object(), *metrics = json_object();
    json_object_set_new(arm, "arm", json_string(summary->label));
    json_object_set_new(arm, "runs", json_integer((json_int_t)summary->runs));
    for (size_t c = 0; c < table->column_count; c++) {
        json_t *figure = json_object();
        json_object_set_new(figure, "mean", findings_number_json(summary->mean[c]));
        json_object_set_new(figure, "deviation", findings_number_json(summary->deviation[c]));
        json_object_set_new(figure, "runs", json_integer((json_int_t)summary->defined[c]));
        json_object_set_new(metrics, table->columns[c], figure);
    }
    json_object_set_new(arm, "metrics", metrics);
    return arm;
}

static json_t *against_json(const SweepAgainst *against, int figure)
{
    const Interval *apart = &against->apart[figure];
    json_t *entry = json_object();
    json_object_set_new(entry, "difference", interval_json(apart->value, apart->low, apart->high));
    json_object_set_new(entry, "p", findings_number_json(apart->p));
    json_object_set_new(entry, "effect", findings_number_json(against->effect[figure]));
    if (!isnan(against->resampled[figure]))
        json_object_set_new(entry, "resampled_p", findings_number_json(against->resampled[figure]));
    return entry;
}

static json_t *against_null_json(const SweepArm *arm, const SweepAgainst *against)
{
    json_t *root = json_object(), *figures = json_object();
    json_object_set_new(root, "arm", json_string(against->label));
    json_object_set_new(root, "pairs", json_integer((json_int_t)against->pairs));
    for (int f = 0; f < arm->figure_count; f++)
        json_object_set_new(figures, arm->figures[f], against_json(against, f));
    json_object_set_new(root, "figures", figures);
    return root;
}

static const char *finding_word(const SweepVerdict *verdict, const SweepArm *arm)
{
    static const char *const words[] = {"worse", "no evidence", "better", "mixed"};
    return arm->is_baseline    ? "baseline"
           : verdict->withheld ? "withheld"
                               : words[sweep_finding(verdict, arm) + 1];
}

/* Where the arm was judged. */
static json_t *runs_json(const Sweep *sweep, const SweepArm *arm)
{
    json_t *runs = json_array();
    for (size_t k = 0; k < arm->run_count; k++)
        json_array_append_new(runs,
                              json_pack("{s:s, s:s}", "job", sweep->jobs[arm->run[k].job].name,
                                        "node", arm->run[k].node));
    return runs;
}

static json_t *arm_json(const Sweep *sweep, const SweepVerdict *verdict, const SweepArm *arm)
{
    json_t *root = json_object(), *figures = json_object(), *nulls = json_array();
    const SweepAgainst *own = arm->against_count ? &arm->against[0] : NULL;
    json_object_set_new(root, "arm", json_string(arm->label));
    json_object_set_new(root, "runs", json_integer((json_int_t)arm->runs));
    json_object_set_new(root, "pairs", json_integer((json_int_t)(own ? own->pairs : arm->runs)));
    json_object_set_new(root, "verdict", json_string(finding_word(verdict, arm)));
    for (int f = 0; f < arm->figure_count; f++) {
        json_t *figure = own && own->pairs ? against_json(own, f) : json_object();
        json_object_set_new(figure, "mean", findings_number_json(arm->mean[f]));
        json_object_set_new(figure, "deviation", findings_number_json(arm->deviation[f]));
        if (isfinite(arm->own[f].low) && isfinite(arm->own[f].high)) {
            json_object_set_new(figure, "low", json_real(arm->own[f].low));
            json_object_set_new(figure, "high", json_real(arm->own[f].high));
        }
        json_object_set_new(figures, arm->figures[f], figure);
    }
    for (size_t k = 1; k < arm->against_count; k++)
        json_array_append_new(nulls, against_null_json(arm, &arm->against[k]));
    json_object_set_new(root, "figures", figures);
    json_object_set_new(root, "against", nulls);
    json_object_set_new(root, "scores", runs_json(sweep, arm));
    return root;
}

static json_t *texts_json(char *const *texts, size_t count)
{
    json_t *list = json_array();
    for (size_t k = 0; k < count; k++)
        json_array_append_new(list, json_string(texts[k]));
    return list;
}

static json_t *verdict_json(const Sweep *sweep, const SweepVerdict *verdict)
{
    json_t *root = json_object(), *arms = json_array();
    json_object_set_new(root, "scores", json_string(verdict->comparison->scores));
    if (*verdict->comparison->when)
        json_object_set_new(root, "when", json_string(verdict->comparison->when));
    json_object_set_new(root, "subjects", json_integer((json_int_t)verdict->subjects));
    if (verdict->problem)
        json_object_set_new(root, "problem", json_string(verdict->problem));
    if (verdict->withheld)
        json_object_set_new(root, "withheld", json_string(verdict->withheld));
    for (size_t a = 0; a < verdict->count && !verdict->problem; a++)
        json_array_append_new(arms, arm_json(sweep, verdict, &verdict->arms[a]));
    json_object_set_new(root, "arms", arms);
    json_object_set_new(root, "words", texts_json(verdict->words, verdict->word_count));
    json_object_set_new(root, "warnings", texts_json(verdict->warnings, verdict->warning_count));
    return root;
}

static json_t *control_json(const SweepControlled *found)
{
    const SweepControl *control = found->control;
    return json_pack("{s:s, s:s, s:o, s:f, s:f, s:I, s:b}", "name", control->name, "of",
                     control->of, "mean", findings_number_json(found->mean), "low", control->low,
                     "high", control->high, "runs", (json_int_t)found->runs, "passed",
                     found->passed);
}

char *sweep_json(const Sweep *sweep, const SweepResults *results)
{
    json_t *root = json_object(), *jobs = json_array(), *arms = json_array();
    json_t *verdicts = json_array(), *controls = json_array();
    json_object_set_new(root, "sweep", json_string(sweep->name));
    json_object_set_new(root, "fornix", json_string(FORNIX_BUILD));
    json_object_set_new(root, "isa", json_string(isa_name(isa_active())));
    json_object_set_new(root, "stages", stages_json(sweep));
    for (size_t j = 0; j < sweep->job_count; j++)
        json_array_append_new(jobs, job_json(sweep, results->table, j));
    for (size_t s = 0; s < results->summary_count; s++)
        json_array_append_new(arms, summary_json(results->table, &results->summaries[s]));
    for (size_t k = 0; k < sweep->comparison_count; k++)
        json_array_append_new(verdicts, verdict_json(sweep, &results->verdicts[k]));
    for (size_t k = 0; k < sweep->control_count; k++)
        json_array_append_new(controls, control_json(&results->controls[k]));
    json_object_set_new(root, "jobs", jobs);
    json_object_set_new(root, "summary", arms);
    json_object_set_new(root, "controls", controls);
    json_object_set_new(root, "comparisons", verdicts);
    char *text = json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(17));
    json_decref(root);
    return text;
}

json_t *sweep_curves_json(const Sweep *sweep, const SweepResults *results)
{
    json_t *comparisons = json_array();
    for (size_t k = 0; k < sweep->comparison_count; k++) {
        const SweepVerdict *verdict = &results->verdicts[k];
        json_t *arms = json_object();
        for (size_t a = 0; a < verdict->count; a++)
            if (verdict->arms[a].curves)
                json_object_set(arms, verdict->arms[a].label, verdict->arms[a].curves);
        json_array_append_new(comparisons, arms);
    }
    return json_pack("{s:o}", "comparisons", comparisons);
}
