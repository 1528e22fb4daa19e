/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a sweep leaves: a table, all of it as JSON (sweep_json.c), and a summary for people.
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
#include "findings.h"
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

static void summarise(const Sweep *sweep, const SweepTable *table, SweepSummary *summary)
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

static SweepSummary *summaries_new(const Sweep *sweep, const SweepTable *table, size_t *count)
{
    SweepSummary *summaries = mem_new(sweep->job_count + 1, sizeof *summaries);
    *count = 0;
    for (size_t j = 0; j < sweep->job_count; j++) {
        bool known = false;
        for (size_t s = 0; s < *count && !known; s++)
            known = same_arm(sweep, summaries[s].first, j);
        if (known)
            continue;
        SweepSummary *summary = &summaries[(*count)++];
        *summary = (SweepSummary){.label = arm_text(sweep, j), .first = j};
        summarise(sweep, table, summary);
    }
    return summaries;
}

static void summaries_free(SweepSummary *summaries, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        mem_free(summaries[k].label);
        mem_free(summaries[k].mean);
        mem_free(summaries[k].deviation);
        mem_free(summaries[k].defined);
    }
    mem_free(summaries);
}

/* ---- Both -------------------------------------------------------------------------------- */

static SweepResults results_open(const Sweep *sweep)
{
    SweepResults results = {.table = sweep_gather(sweep)};
    results.controls = sweep_control(sweep, results.table);
    results.verdicts = sweep_compare(sweep, results.table);
    for (size_t k = 0; k < sweep->comparison_count; k++)
        sweep_tell(&results.verdicts[k], sweep_failed_control(sweep, results.controls));
    results.summaries = summaries_new(sweep, results.table, &results.summary_count);
    return results;
}

static void results_close(const Sweep *sweep, SweepResults *results)
{
    sweep_verdicts_free(sweep, results->verdicts);
    mem_free(results->controls);
    summaries_free(results->summaries, results->summary_count);
    sweep_table_free(results->table);
}

static bool write_all(const Sweep *sweep, const SweepResults *results, FornixError *error)
{
    Text csv = {0};
    csv_text(sweep, results->table, &csv);
    char *json = sweep_json(sweep, results), *path = file_join(sweep->folder, "results.csv");
    bool fine = json && file_write(path, csv.data, csv.length, error);
    mem_free(path);
    path = file_join(sweep->folder, "results.json");
    fine =
        fine && file_write(path, json, strlen(json), error) &&
        findings_write_json(sweep->folder, "curves.json", sweep_curves_json(sweep, results), error);
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

static void figure_cell(Grid *grid, const SweepSummary *summary, size_t column)
{
    if (summary->defined[column])
        spread_cell(grid, summary->mean[column], summary->deviation[column]);
    else
        grid_cell(grid, "-");
}

static Grid *row_each_arm(const SweepResults *results)
{
    const SweepTable *table = results->table;
    Grid *grid = grid_new(2 + (int)table->column_count);
    grid_cell(grid, "mean ± SD over runs");
    grid_cell(grid, "runs");
    for (size_t c = 0; c < table->column_count; c++)
        grid_cell(grid, "%s", table->columns[c]);
    for (size_t s = 0; s < results->summary_count; s++) {
        grid_cell(grid, "%s", results->summaries[s].label);
        grid_cell(grid, "%zu", results->summaries[s].runs);
        for (size_t c = 0; c < table->column_count; c++)
            figure_cell(grid, &results->summaries[s], c);
    }
    return grid;
}

static Grid *row_each_figure(const SweepResults *results)
{
    const SweepTable *table = results->table;
    Grid *grid = grid_new(1 + (int)results->summary_count);
    grid_cell(grid, "mean ± SD over runs");
    for (size_t s = 0; s < results->summary_count; s++)
        grid_cell(grid, "(%zu)", s + 1);
    grid_cell(grid, "runs");
    for (size_t s = 0; s < results->summary_count; s++)
        grid_cell(grid, "%zu", results->summaries[s].runs);
    for (size_t c = 0; c < table->column_count; c++) {
        grid_cell(grid, "%s", table->columns[c]);
        for (size_t s = 0; s < results->summary_count; s++)
            figure_cell(grid, &results->summaries[s], c);
    }
    return grid;
}

/* Arms inside of a graph make a column each: then lines would be longer than any screen. */
static void print_summaries(const SweepResults *results, FILE *out)
{
    enum { COLUMNS_MOST = 8 };
    size_t columns = results->table->column_count;
    bool turned = columns > COLUMNS_MOST && columns > results->summary_count;
    fprintf(out, "\n");
    for (size_t s = 0; turned && s < results->summary_count; s++)
        fprintf(out, "  (%zu) %s\n", s + 1, results->summaries[s].label);
    print_grid(turned ? row_each_figure(results) : row_each_arm(results), out);
}

static void against_cells(Grid *grid, const SweepArm *arm, const SweepAgainst *against, int f)
{
    char interval[INTERVAL_TEXT], p[FIGURE_TEXT];
    bool apart = against && against->pairs;
    spread_cell(grid, arm->mean[f], arm->deviation[f]);
    grid_cell(grid, "%s", apart ? interval_text(against->apart[f], interval) : "");
    grid_cell(grid, "%s", apart ? p_text(against->apart[f].p, p) : "");
}

static void print_verdict(const SweepVerdict *verdict, FILE *out)
{
    const char *when = verdict->comparison->when;
    fprintf(out, "\n%s%s%s, each run paired with the baseline's of the same seed and fold\n",
            verdict->comparison->scores, *when ? " where " : "", when);
    if (verdict->problem || !verdict->count) {
        fprintf(out, "  ! not compared: %s\n", verdict->problem ? verdict->problem : "no runs");
        return;
    }
    int figures = verdict->judged;
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
        grid_cell(grid, "%s", arm->label);
        grid_cell(grid, "%zu", arm->is_baseline ? arm->runs : arm->against[0].pairs);
        for (int f = 0; f < figures; f++)
            against_cells(grid, arm, arm->against, f);
    }
    print_grid(grid, out);
    fprintf(out,
            "  differences: means over pairs, %g %% intervals and p by drawing subjects again over "
            "all runs, p corrected for all arms (Holm)\n",
            100 * verdict->comparison->confidence);
    for (size_t k = 0; k < verdict->word_count; k++)
        fprintf(out, "  %s\n", verdict->words[k]);
    for (size_t k = 0; k < verdict->warning_count; k++)
        fprintf(out, "  ! %s\n", verdict->warnings[k]);
}

static void print_controls(const Sweep *sweep, const SweepResults *results, FILE *out)
{
    char mean[FIGURE_TEXT], low[FIGURE_TEXT], high[FIGURE_TEXT];
    for (size_t k = 0; k < sweep->control_count; k++) {
        const SweepControlled *found = &results->controls[k];
        fprintf(out, "%s%scontrol '%s': mean %s of %zu, has to lie between %s and %s: %s\n",
                k ? "" : "\n", found->passed ? "" : "! ", found->control->name,
                figure_text(found->mean, mean), found->runs, figure_text(found->control->low, low),
                figure_text(found->control->high, high), found->passed ? "passed" : "failed");
    }
}

static void print_results(const Sweep *sweep, const SweepResults *results, FILE *out)
{
    const SweepTable *table = results->table;
    size_t done = count_done(table), failed = 0;
    for (size_t j = 0; j < table->job_count; j++)
        failed += strcmp(table->status[j], "failed") == 0;
    if (table->column_count)
        print_summaries(results, out);
    print_controls(sweep, results, out);
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
        SweepResults results = results_open(sweep);
        seen = count_done(results.table);
        fine = write_all(sweep, &results, error);
        SweepTable *again = sweep_gather(sweep);
        now = count_done(again);
        sweep_table_free(again);
        if (fine && now == seen && sweep->request->after)
            sweep->request->after(sweep->folder);
        if (fine && now == seen)
            print_results(sweep, &results, out);
        results_close(sweep, &results);
    } while (fine && now != seen);
    return fine;
}
