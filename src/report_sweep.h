/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of a sweep's report share: its grid as results.json shows it, and the sections
 * with its arms and runs. */
#ifndef FORNIX_REPORT_SWEEP_H
#define FORNIX_REPORT_SWEEP_H

#include "report_parts.h"

typedef struct SweepAxisSeen {
    const char *name;
    const char **values; /* in order of first appearance */
    size_t value_count;
    bool repeats; /* tells runs of one arm apart: a seed, a fold */
    bool numeric; /* all values are numbers, and there are several */
} SweepAxisSeen;

typedef struct SweepGrid {
    SweepAxisSeen *axes;
    size_t axis_count;
} SweepGrid;

SweepGrid *sweep_grid_seen(Report *report);
const json_t *sweep_jobs(const Report *report);
/* What a job's arm is called in the summary, without one of the axes (or NULL). */
const char *sweep_arm(Report *report, const SweepGrid *grid, const json_t *job,
                      const SweepAxisSeen *without);
double sweep_chance(const char *figure); /* what guessing reaches; NAN: it depends */
const char *sweep_baseline(const json_t *comparison); /* an arm's label; NULL: not known */

/* Opens the run of a job, with a request that outlives it; false: it can't be, which is told. It is
 * closed by report_close either way. */
bool sweep_open_run(Report *report, const char *job, ReportRequest *request, Report *run);

enum { FIGURES_DRAWN = 2 };
/* Those that matter most; how many. */
size_t sweep_figures(const json_t *comparison, const char *figures[FIGURES_DRAWN]);
/* <h3>: what was compared. */
void sweep_add_title(Report *report, const json_t *comparison);

void sweep_add_answer(Report *report, const json_t *comparison);
void sweep_add_surety(Report *report, const json_t *comparison, Text *list);
void sweep_add_comparison(Report *report, const json_t *comparison, bool first);
void sweep_add_controls(Report *report);
void sweep_add_made(Report *report);    /* differences against the number of synthetic samples */
void sweep_add_scores(Report *report);  /* the curves of each arm's predictions */
void sweep_add_example(Report *report); /* what only single runs have */
void sweep_add_counts(Report *report, const SweepGrid *grid);
void sweep_add_runs(Report *report, const SweepGrid *grid);

#endif
