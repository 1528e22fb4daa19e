/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A run's report.html: what must not be missed first, then what was found, then how.
 *
 * One page that needs nothing else: no scripts, no files, no network; figures are drawn as SVG in
 * the text. It holds what nodes said and measured, which names neither subjects nor shows images.
 */
#ifndef FORNIX_REPORT_H
#define FORNIX_REPORT_H

#include "fornix-error.h"
#include "samples.h"

/* A stage or another node of the outer graph. Pointers are borrowed; NULL or 0: nothing there. */
typedef struct ReportNode {
    const char *id, *type; /* "scores[smote]", "evaluate_classification" */
    double seconds;
    bool cached;              /* taken from an earlier run */
    const char *acknowledged; /* the deviation that the graph's author answers for */
    const TableMetric *metrics;
    int metric_count;
    const TableLine *lines;
    int line_count;
    const char *curves; /* lines of JSON objects: "step" and any numbers (metrics.jsonl) */
} ReportNode;

typedef struct ReportFact {
    const char *name, *value; /* "threads", "4" */
} ReportFact;

typedef struct Report {
    const char *title; /* of the experiment */
    const ReportFact *facts;
    int fact_count;
    const ReportNode *nodes; /* in the order of the graph */
    int node_count;
    const char *graph; /* the text of the graph file */
} Report;

/* The file appears whole or not at all. */
bool report_write(const char *path, const Report *report, FornixError *error);

#endif
