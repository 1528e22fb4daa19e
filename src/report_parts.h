/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inside of a report: what it knows (report_read.c), and its sections in their order. A section
 * that has nothing to show adds nothing. */
#ifndef FORNIX_REPORT_PARTS_H
#define FORNIX_REPORT_PARTS_H

#include <jansson.h>

#include "arena.h"
#include "html.h"
#include "plot.h"
#include "report.h"
#include "samples.h"

/* A node of the outer graph. All of it is borrowed from the files' JSON. */
typedef struct ReportNode {
    const char *id, *type;
    const char *acknowledge;      /* the deviation that the graph's author answers for, or NULL */
    double seconds, memory;       /* NAN: not known */
    bool cached;                  /* taken from an earlier run */
    const json_t *entry;          /* of manifest.json */
    const json_t *figures;        /* of final.json: an object, or NULL */
    const json_t *lines, *curves; /* of lines.json and curves.json, or NULL */
    bool told;                    /* its warnings stand somewhere already */
} ReportNode;

typedef struct Report {
    const ReportRequest *request;
    Arena *memory;
    const char *folder;
    json_t *manifest, *final, *lines, *curves; /* of a run; NULL: not there */
    json_t *sweep;                             /* results.json of a sweep; NULL: a run */
    ReportNode *nodes;                         /* in the order of the graph */
    int node_count;
    Samples *samples; /* of tables that were read */
    Text page;
    Text missing; /* list items: what is left out, and why */
} Report;

typedef struct ReportFigure {
    double value, low, high; /* NAN: undefined, or no interval */
    bool there;
} ReportFigure;

/* ---- report_read.c ---- */

bool report_open(Report *report, FornixError *error);
void report_close(Report *report);
/* What is left out of the report, told at its end. */
void report_misses(Report *report, const char *format, ...) FORNIX_PRINTF(2, 3);
/* A JSON file of the folder; NULL where it is not there, or damaged, which is told. */
json_t *report_json(Report *report, const char *name);
ReportNode *report_node(const Report *report, const char *id); /* NULL: none */
ReportFigure report_figure(const ReportNode *node, const char *format, ...) FORNIX_PRINTF(2, 3);
double report_number(const json_t *value);                       /* NAN where it is none */
const char *report_text(const json_t *object, const char *name); /* a member; NULL: it is none */
const char *report_attribute(const ReportNode *node, const char *name); /* as written; NULL: not */
/* The node that feeds a port, the nth one of them; NULL: none. */
ReportNode *report_input(const Report *report, const ReportNode *node, const char *port, int nth);
bool report_is(const ReportNode *node, const char *type);
/* "smote" of "scores[smote]", "smote.1" of "scores[smote][1]", else the id. */
const char *report_label(Report *report, const ReportNode *node);
/* The node's id without its loops. */
const char *report_base(Report *report, const ReportNode *node);
/* What lies in stages/ID/table; NULL where nothing does, or where it is damaged, which is told. */
const FornixTable *report_table(Report *report, const ReportNode *node);
char *report_file(Report *report, const char *name, int64_t most); /* text or NULL; mem_free */

/* A column of a curve of curves.json, at most SERIES_MOST values of it; NULL: not there. */
enum { SERIES_MOST = 100000 };
double *report_series(Report *report, const ReportNode *node, const char *curve, const char *column,
                      size_t *count);
/* The names of the classes that a node judges; NULL where there are none. */
const char **report_classes(Report *report, const ReportNode *node, size_t *count);

/* ---- Words that sections share (report.c) ---- */

/* <h2>, once; id: by which it is called in tests and links. */
void report_heading(Report *report, const char *id, const char *title);
/* <figure data-figure="..."> with its caption; report_figure_end closes it. */
void report_figure_begin(Report *report, const char *kind, const char *of, const char *caption);
void report_figure_end(Report *report);
/* A node's warnings, where what they concern is shown; what several nodes say is told once. */
void report_warnings(Report *report, ReportNode *const *nodes, int count);

/* What stands in red at the top: deviations that somebody answers for. */
void report_red_lines(Report *report, Text *list);

/* ---- Sections ---- */

void report_summary(Report *report);  /* title, red lines, asked, found, how sure */
void report_arms(Report *report);     /* arms and their differences with intervals */
void report_counts(Report *report);   /* a score against the number of synthetic samples */
void report_scores(Report *report);   /* confusion, ROC, precision, reliability */
void report_masks(Report *report);    /* what segmentation reached, subject by subject */
void report_slices(Report *report);   /* of those who were segmented, if asked for */
void report_features(Report *report); /* synthetic beside real ones */
void report_learning(Report *report); /* losses and figures over steps */
void report_picture(Report *report);  /* of the graph */
void report_costs(Report *report);    /* time and memory */
void report_subjects(Report *report); /* if asked for */
void report_details(Report *report);  /* the manifest; all that was said and measured */
void report_manifest(Report *report); /* that alone */
void report_sweep(Report *report);    /* all of a sweep's */

/* ---- report_verdicts.c: what a <compare> compared ---- */

typedef struct ReportVerdict {
    ReportNode *node;
    ReportNode **arms; /* evaluators, in the order in which they were compared */
    int count;
    const char *baseline; /* the label of the arm that others are compared with; NULL: several */
    const char **figures; /* names, those that matter most first */
    int figure_count;
    double level; /* p below it is called a difference */
} ReportVerdict;

/* All of the run. */
ReportVerdict *report_verdicts(Report *report, int *count);
bool report_is_baseline(Report *report, const ReportVerdict *verdict, int arm);
/* 1 better, -1 worse, 0 no evidence; *withheld where nothing is said. */
int report_judgement(Report *report, const ReportVerdict *verdict, int arm, bool *withheld);
/* List items of what it said in words: neither heading nor table nor warning. */
void report_words(const ReportNode *node, Text *list);
const char *report_title(Report *report, const char *figure); /* "balanced accuracy" */
/* What guessing reaches; NAN where that depends. */
double report_chance(const ReportNode *scores, const char *figure);
/* Whether it judges something: those whose figures a reader wants first. */
bool report_judges(const ReportNode *node);
const char *report_main_figure(const ReportNode *scores); /* "auc", "dice", or NULL */

/* Predictions with their baseline's (NULL: none), which is drawn grey behind them. */
typedef struct ReportScored {
    const ReportNode *node, *baseline;
} ReportScored;
/* Confusion, ROC, precision over recall and reliability of each, without a heading. */
void report_scored(Report *report, const ReportScored *scored, int count);

/* A curve of points (count, score) by arm, each with an interval. */
typedef struct ReportPoint {
    const char *arm;
    ReportFigure figure;
    double count;
} ReportPoint;
/* How many synthetic samples are added upstream of an evaluator; NAN: none. */
double report_count(Report *report, const ReportNode *scores);
/* "acgan" of "acgan-300", "acgan300" and "acgan.300", of which 300 is the count that it is drawn
 * against. */
const char *report_family(Report *report, const char *label, double count);
/* Lets every family begin at the origin, where it has one; points has room for twice as many. How
 * many there are then. */
size_t report_add_origins(ReportFigure origin, ReportPoint *points, size_t count);
/* level: of the baseline, NAN: none. */
void report_count_curve(Report *report, const ReportPoint *points, size_t count, double level,
                        const char *count_title, const char *figure_title);

/* Rows of a forest plot: one table for one figure. */
typedef struct ReportArm {
    const char *label, *note; /* note: beside the label, or NULL */
    ReportFigure value, apart;
    double p;
    int verdict; /* 1 better, -1 worse, 0 no evidence */
    bool is_baseline;
} ReportArm;
void report_forest(Report *report, const char *of, const char *title, const char *baseline,
                   double chance, const ReportArm *arms, int count);

#endif
