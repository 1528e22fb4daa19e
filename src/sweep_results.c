/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a sweep leaves: a table, all of it as JSON, and a summary for people.
 *
 * Nothing here tells of time, place or order: two sweeps of one grid that went otherwise (killed,
 * sharded, on more workers) leave the same bytes.
 */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "csv.h"
#include "file.h"
#include "grid.h"
#include "kernels/isa.h"
#include "sweep_parts.h"
#include "version.h"

/* ---- CSV --------------------------------------------------------------------------------- */

static void csv_text(const Sweep *sweep, const SweepTable *table, Text *out)
{
    size_t width = 1 + sweep->axis_count + 1 + table->column_count;
    const char **fields = mem_new(width, sizeof *fields);
    Text *numbers = mem_new(table->column_count + 1, sizeof *numbers);
    fields[0] = "job";
    for (size_t k = 0; k < sweep->axis_count; k++)
        fields[1 + k] = sweep->axes[k].name;
    fields[1 + sweep->axis_count] = "status";
    for (size_t c = 0; c < table->column_count; c++)
        fields[2 + sweep->axis_count + c] = table->columns[c];
    csv_add_row(out, fields, width);
    for (size_t j = 0; j < sweep->job_count; j++) {
        const SweepFigure *figures = table->figures + j * table->column_count;
        fields[0] = sweep->jobs[j].name;
        for (size_t k = 0; k < sweep->axis_count; k++) {
            const char *value = sweep_value(sweep, &sweep->jobs[j], k);
            fields[1 + k] = value ? value : "";
        }
        fields[1 + sweep->axis_count] = table->status[j];
        for (size_t c = 0; c < table->column_count; c++) {
            text_free(&numbers[c]);
            numbers[c] = (Text){0};
            if (figures[c].there && isfinite(figures[c].value))
                text_add_real(&numbers[c], figures[c].value);
            else if (figures[c].there)
                text_add(&numbers[c], isnan(figures[c].value) ? "nan"
                                      : figures[c].value > 0  ? "inf"
                                                              : "-inf");
            fields[2 + sweep->axis_count + c] = text_value(&numbers[c]);
        }
        csv_add_row(out, fields, width);
    }
    for (size_t c = 0; c < table->column_count; c++)
        text_free(&numbers[c]);
    mem_free(numbers);
    mem_free(fields);
}

/* ---- Summaries: over the axes that repeat an arm ----------------------------------------- */

typedef struct Summary {
    char *label;
    size_t first, runs;
    double *mean, *deviation; /* by column */
    int64_t *defined;
} Summary;

static bool is_repeat(const Sweep *sweep, size_t axis)
{
    const FornixList *repeats = &sweep->repeats;
    for (int64_t k = 0; k < repeats->count; k++)
        if (strcmp(repeats->items[k], sweep->axes[axis].name) == 0)
            return true;
    return false;
}

static bool same_arm(const Sweep *sweep, size_t a, size_t b)
{
    for (size_t k = 0; k < sweep->axis_count; k++) {
        const char *one = sweep_value(sweep, &sweep->jobs[a], k);
        const char *other = sweep_value(sweep, &sweep->jobs[b], k);
        if (!is_repeat(sweep, k) && (!one != !other || (one && strcmp(one, other) != 0)))
            return false;
    }
    return true;
}

static char *arm_text(const Sweep *sweep, size_t job)
{
    Text label = {0};
    for (size_t k = 0; k < sweep->axis_count; k++) {
        const char *value = sweep_value(sweep, &sweep->jobs[job], k);
        if (value && !is_repeat(sweep, k))
            text_format(&label, "%s%s=%s", label.length ? " " : "", sweep->axes[k].name, value);
    }
    char *copy = mem_text(label.length ? label.data : "all");
    text_free(&label);
    return copy;
}

static void summarise(const Sweep *sweep, const SweepTable *table, Summary *summary)
{
    double *values = mem_new(sweep->job_count + 1, sizeof *values);
    size_t room = table->column_count + 1;
    summary->mean = mem_new(room, sizeof *summary->mean);
    summary->deviation = mem_new(room, sizeof *summary->deviation);
    summary->defined = mem_new(room, sizeof *summary->defined);
    for (size_t j = summary->first; j < sweep->job_count; j++)
        summary->runs +=
            strcmp(table->status[j], "done") == 0 && same_arm(sweep, summary->first, j);
    for (size_t c = 0; c < table->column_count; c++) {
        int64_t count = 0;
        for (size_t j = summary->first; j < sweep->job_count; j++) {
            const SweepFigure *figure = &table->figures[j * table->column_count + c];
            if (figure->there && same_arm(sweep, summary->first, j))
                values[count++] = figure->value;
        }
        summary->defined[c] = statistics_drop_undefined(values, count);
        summary->mean[c] = statistics_mean(values, summary->defined[c]);
        summary->deviation[c] = statistics_deviation(values, summary->defined[c]);
    }
    mem_free(values);
}

static Summary *summaries_new(const Sweep *sweep, const SweepTable *table, size_t *count)
{
    Summary *summaries = mem_new(sweep->job_count + 1, sizeof *summaries);
    *count = 0;
    for (size_t j = 0; j < sweep->job_count; j++) {
        bool known = false;
        for (size_t s = 0; s < *count && !known; s++)
            known = same_arm(sweep, summaries[s].first, j);
        if (known)
            continue;
        Summary *summary = &summaries[(*count)++];
        *summary = (Summary){.label = arm_text(sweep, j), .first = j};
        summarise(sweep, table, summary);
    }
    return summaries;
}

static void summaries_free(Summary *summaries, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        mem_free(summaries[k].label);
        mem_free(summaries[k].mean);
        mem_free(summaries[k].deviation);
        mem_free(summaries[k].defined);
    }
    mem_free(summaries);
}

/* ---- JSON -------------------------------------------------------------------------------- */

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value)
                           : json_string(isnan(value) ? "undefined"
                                         : value > 0  ? "inf"
                                                      : "-inf");
}

static json_t *interval_json(double value, double low, double high)
{
    json_t *figure = json_object();
    json_object_set_new(figure, "value", number(value));
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

static json_t *summary_json(const SweepTable *table, const Summary *summary)
{
    json_t *arm = json_object(), *metrics = json_object();
    json_object_set_new(arm, "arm", json_string(summary->label));
    json_object_set_new(arm, "runs", json_integer((json_int_t)summary->runs));
    for (size_t c = 0; c < table->column_count; c++) {
        json_t *figure = json_object();
        json_object_set_new(figure, "mean", number(summary->mean[c]));
        json_object_set_new(figure, "deviation", number(summary->deviation[c]));
        json_object_set_new(figure, "runs", json_integer((json_int_t)summary->defined[c]));
        json_object_set_new(metrics, table->columns[c], figure);
    }
    json_object_set_new(arm, "metrics", metrics);
    return arm;
}

static json_t *arm_json(const SweepArm *arm)
{
    json_t *root = json_object(), *figures = json_object();
    json_object_set_new(root, "arm", json_string(arm->label));
    json_object_set_new(root, "runs", json_integer((json_int_t)arm->runs));
    json_object_set_new(root, "pairs", json_integer((json_int_t)arm->pairs));
    for (int f = 0; f < arm->figure_count; f++) {
        json_t *figure = json_object();
        json_object_set_new(figure, "mean", number(arm->mean[f]));
        json_object_set_new(figure, "deviation", number(arm->deviation[f]));
        if (!arm->is_baseline && arm->pairs) {
            const Interval *apart = &arm->apart[f];
            json_object_set_new(figure, "difference",
                                interval_json(apart->value, apart->low, apart->high));
            json_object_set_new(figure, "p", number(apart->p));
        }
        json_object_set_new(figures, arm->figures[f], figure);
    }
    json_object_set_new(root, "figures", figures);
    return root;
}

static json_t *verdict_json(const SweepVerdict *verdict)
{
    json_t *root = json_object(), *arms = json_array();
    json_object_set_new(root, "scores", json_string(verdict->comparison->scores));
    if (verdict->problem)
        json_object_set_new(root, "problem", json_string(verdict->problem));
    for (size_t a = 0; a < verdict->count && !verdict->problem; a++)
        json_array_append_new(arms, arm_json(&verdict->arms[a]));
    json_object_set_new(root, "arms", arms);
    return root;
}

/* ---- Both -------------------------------------------------------------------------------- */

typedef struct Results {
    SweepTable *table;
    SweepVerdict *verdicts;
    Summary *summaries;
    size_t summary_count;
} Results;

static Results results_open(const Sweep *sweep)
{
    Results results = {.table = sweep_gather(sweep)};
    results.verdicts = sweep_compare(sweep, results.table);
    results.summaries = summaries_new(sweep, results.table, &results.summary_count);
    return results;
}

static void results_close(const Sweep *sweep, Results *results)
{
    sweep_verdicts_free(sweep, results->verdicts);
    summaries_free(results->summaries, results->summary_count);
    sweep_table_free(results->table);
}

static char *json_text(const Sweep *sweep, const Results *results)
{
    json_t *root = json_object(), *jobs = json_array(), *arms = json_array();
    json_t *verdicts = json_array();
    json_object_set_new(root, "sweep", json_string(sweep->name));
    json_object_set_new(root, "fornix", json_string(FORNIX_BUILD));
    json_object_set_new(root, "isa", json_string(isa_name(isa_active())));
    json_object_set_new(root, "stages", stages_json(sweep));
    for (size_t j = 0; j < sweep->job_count; j++)
        json_array_append_new(jobs, job_json(sweep, results->table, j));
    for (size_t s = 0; s < results->summary_count; s++)
        json_array_append_new(arms, summary_json(results->table, &results->summaries[s]));
    for (size_t k = 0; k < sweep->comparison_count; k++)
        json_array_append_new(verdicts, verdict_json(&results->verdicts[k]));
    json_object_set_new(root, "jobs", jobs);
    json_object_set_new(root, "summary", arms);
    json_object_set_new(root, "comparisons", verdicts);
    char *text = json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(17));
    json_decref(root);
    return text;
}

static bool write_both(const Sweep *sweep, const Results *results, FornixError *error)
{
    Text csv = {0};
    csv_text(sweep, results->table, &csv);
    char *json = json_text(sweep, results), *path = file_join(sweep->folder, "results.csv");
    bool fine = json && file_write(path, csv.data, csv.length, error);
    mem_free(path);
    path = file_join(sweep->folder, "results.json");
    fine = fine && file_write(path, json, strlen(json), error);
    mem_free(path);
    free(json);
    text_free(&csv);
    return fine;
}

static size_t count_done(const SweepTable *table)
{
    size_t done = 0;
    for (size_t j = 0; j < table->job_count; j++)
        done += strcmp(table->status[j], "done") == 0;
    return done;
}

/* ---- For people -------------------------------------------------------------------------- */

static void print_line(void *out, const char *text)
{
    fprintf(out, "  %s\n", text);
}

static void print_grid(Grid *grid, FILE *out)
{
    grid_lines(grid, print_line, out);
    grid_free(grid);
}

static void spread_cell(Grid *grid, double mean, double deviation)
{
    char value[FIGURE_TEXT], spread[FIGURE_TEXT];
    if (isnan(deviation))
        grid_cell(grid, "%s", figure_text(mean, value));
    else
        grid_cell(grid, "%s ± %s", figure_text(mean, value), figure_text(deviation, spread));
}

static void print_summaries(const Results *results, FILE *out)
{
    const SweepTable *table = results->table;
    Grid *grid = grid_new(2 + (int)table->column_count);
    grid_cell(grid, "mean ± SD over runs");
    grid_cell(grid, "runs");
    for (size_t c = 0; c < table->column_count; c++)
        grid_cell(grid, "%s", table->columns[c]);
    for (size_t s = 0; s < results->summary_count; s++) {
        const Summary *summary = &results->summaries[s];
        grid_cell(grid, "%s", summary->label);
        grid_cell(grid, "%zu", summary->runs);
        for (size_t c = 0; c < table->column_count; c++)
            if (summary->defined[c])
                spread_cell(grid, summary->mean[c], summary->deviation[c]);
            else
                grid_cell(grid, "-");
    }
    fprintf(out, "\n");
    print_grid(grid, out);
}

static void print_verdict(const SweepVerdict *verdict, FILE *out)
{
    fprintf(out, "\n%s, each run paired with the baseline's of the same seed and fold\n",
            verdict->comparison->scores);
    if (verdict->problem || !verdict->count) {
        fprintf(out, "  ! not compared: %s\n", verdict->problem ? verdict->problem : "no runs");
        return;
    }
    int figures = verdict->arms[0].figure_count;
    char interval[INTERVAL_TEXT], p[FIGURE_TEXT];
    Grid *grid = grid_new(2 + 3 * figures);
    grid_cell(grid, "arm");
    grid_cell(grid, "pairs");
    for (int f = 0; f < figures; f++) {
        grid_cell(grid, "%s", verdict->arms[0].figures[f]);
        grid_cell(grid, "less baseline");
        grid_cell(grid, "p");
    }
    for (size_t a = 0; a < verdict->count; a++) {
        const SweepArm *arm = &verdict->arms[a];
        bool apart = !arm->is_baseline && arm->pairs;
        grid_cell(grid, "%s", arm->label);
        grid_cell(grid, "%zu", arm->pairs);
        for (int f = 0; f < figures; f++) {
            spread_cell(grid, arm->mean[f], arm->deviation[f]);
            grid_cell(grid, "%s", apart ? interval_text(arm->apart[f], interval) : "");
            grid_cell(grid, "%s", apart ? p_text(arm->apart[f].p, p) : "");
        }
    }
    print_grid(grid, out);
    fprintf(out,
            "  differences: means over pairs, %g %% intervals and p by drawing subjects again over "
            "all runs, p corrected (Holm)\n",
            100 * verdict->comparison->confidence);
}

static void print_results(const Sweep *sweep, const Results *results, FILE *out)
{
    const SweepTable *table = results->table;
    size_t done = count_done(table), failed = 0;
    for (size_t j = 0; j < table->job_count; j++)
        failed += strcmp(table->status[j], "failed") == 0;
    if (table->column_count)
        print_summaries(results, out);
    for (size_t k = 0; k < sweep->comparison_count; k++)
        print_verdict(&results->verdicts[k], out);
    fprintf(out, "\n%zu of %zu jobs done", done, table->job_count);
    if (failed)
        fprintf(out, ", %zu failed", failed);
    fprintf(out, "; results: %s/results.csv\n", sweep->folder);
}

/* Another process may end a job between this one's look and its writing: then it looks again, so
 * that whoever writes last has seen all. */
bool sweep_finish(const Sweep *sweep, FILE *out, FornixError *error)
{
    size_t seen, now;
    bool fine;
    do {
        Results results = results_open(sweep);
        seen = count_done(results.table);
        fine = write_both(sweep, &results, error);
        SweepTable *again = sweep_gather(sweep);
        now = count_done(again);
        sweep_table_free(again);
        if (fine && now == seen)
            print_results(sweep, &results, out);
        results_close(sweep, &results);
    } while (fine && now != seen);
    return fine;
}
