/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inside of a sweep: what is written (sweep_read.c, sweep_axis.c), the grid (sweep_grid.c), its
 * stages merged (sweep_open.c, sweep_plan.c), claims (sweep_claim.c), workers (sweep_run.c,
 * sweep_child.c), results (sweep_results.c, sweep_json.c, sweep_gather.c), comparisons
 * (sweep_compare.c, sweep_words.c) and controls (sweep_control.c). */
#ifndef FORNIX_SWEEP_PARTS_H
#define FORNIX_SWEEP_PARTS_H

#include "arm.h"
#include "sweep.h"

typedef struct SweepValue {
    const char *text;
    Place place;
    const Attribute *when; /* NULL: always */
} SweepValue;

typedef struct SweepAxis {
    const char *name;
    Place place; /* of the name */
    SweepValue *values;
    size_t count;
    size_t dimension;
    bool given; /* by -p */
} SweepAxis;

/* Axes that move together: those of a <zip>, or one. */
typedef struct SweepDimension {
    const Attribute *when; /* NULL: always */
    size_t first, axes, count;
} SweepDimension;

typedef struct SweepMetric {
    const char *name, *of;
    const Element *element;
} SweepMetric;

typedef struct SweepControl {
    const char *name, *of, *when;
    FornixList between;
    double low, high;
    const Element *element;
    const bool *takes; /* of each job */
} SweepControl;

typedef struct SweepComparison {
    const Element *element;
    const char *scores, *baseline, *when;
    FornixList over, figures, null;
    const bool *takes; /* of each job */
    int64_t draws, seed;
    double confidence, level;
} SweepComparison;

enum { NO_VALUE = -1 };

typedef struct SweepJob {
    int *value; /* by axis: which of its values; NO_VALUE */
    char *name; /* "arm=acgan,seed=1" as a folder's name */
    Override *settings;
    size_t setting_count;
    size_t stage_count;
    Hash key; /* of all that its results depend on */
    bool own; /* of this process's shard */
} SweepJob;

/* A stage of the merged graph, or the end of a job: its evaluators and what it leaves. */
typedef enum { TASK_WAITS, TASK_GOES, TASK_DONE, TASK_FAILED } TaskState;

typedef struct SweepTask {
    Hash key;
    char *id;     /* of a stage; NULL: the end of a job */
    size_t job;   /* the first one that has it */
    size_t *deps; /* tasks that it waits for; none that another of them waits for */
    size_t dep_count;
    size_t uses, consumers, consumer; /* by jobs; by tasks, and the last of those */
    bool follows;                     /* one process makes it behind its only dep */
    bool wanted, was_there;
    TaskState state;
    double arena, disk; /* bytes, where measured */
    /* While it goes. */
    int process, threads, message;
    double began;
    struct SweepClaim *claim;
} SweepTask;

typedef struct Sweep {
    const SweepRequest *request;
    Arena *memory;
    Diag *diag;
    const Source *source;
    const char *name, *graph;
    char *folder;
    int64_t jobs_at_once, threads;
    int64_t workers; /* at once, of this process */
    double budget;      /* seconds; 0: none */
    FornixList repeats; /* axes that repeat an arm: seeds, folds */
    SweepAxis *axes;
    size_t axis_count;
    SweepDimension *dimensions;
    size_t dimension_count;
    Override *fixed;
    size_t fixed_count;
    SweepMetric *metrics;
    size_t metric_count;
    SweepComparison *comparisons;
    size_t comparison_count;
    SweepControl *controls;
    size_t control_count;
    SweepJob *jobs;
    size_t job_count, job_room;
    SweepTask *tasks; /* each after its deps; the ends of jobs among them */
    size_t task_count, task_room;
    size_t *slots; /* open addressing by key: task + 1; 0: free */
    size_t slot_count;
    size_t *ends; /* of each job: its task */
    Cache *cache;
    Meter *meter;
    bool named; /* a job in which a mistake showed */
    char **nodes; /* the names of all nodes of all jobs, once each */
    size_t node_count;
    FornixError failure;
} Sweep;

/* An element's table as a node's, for help and reading. */
#define SWEEP_ELEMENT(Name, Struct, text)                                                          \
    const FornixNode written_##Name = {.abi = FORNIX_ABI,                                          \
                                       .name = #Name,                                              \
                                       .doc = text,                                                \
                                       .attrs_size = sizeof(Struct),                               \
                                       .attrs = Name##_attrs};

/* sweep_axis.c */
extern const FornixNode written_axis, written_value, written_control;
bool sweep_read_axis(Sweep *sweep, const Element *element, SweepAxis *axis);
/* The struct of the element's attributes; NULL after a mistake. */
void *sweep_attrs_of(Sweep *sweep, const FornixNode *node, const Element *element);
Place sweep_value_place(const Element *element, const char *name); /* the element's without it */
void sweep_refuse_child(Sweep *sweep, const Element *child);

/* sweep_read.c: false after mistakes, which the diag has. */
bool sweep_read(Sweep *sweep);

/* sweep_grid.c: the jobs; false after mistakes. */
bool sweep_grid(Sweep *sweep);
/* The job's value of an axis, NULL where it has none. */
const char *sweep_value(const Sweep *sweep, const SweepJob *job, size_t axis);
/* The number of the axis; -1: none. */
int sweep_axis(const Sweep *sweep, const char *name);

/* What a job's graph comes down to: its nodes, each behind all that are above it. */
typedef struct PlannedNode {
    Hash key;
    char *id;           /* of a stage; NULL: it is none */
    double arena, disk; /* of a stage that was measured */
} PlannedNode;

typedef struct PlannedJob {
    int count;
    char *names; /* of all nodes, a line each */
    PlannedNode *nodes;
    bool *above;  /* [node][other]: it waits for the other, or for one that does */
    size_t *task; /* of each stage, once merged */
} PlannedJob;

/* sweep_open.c: opens the jobs' graphs, and merges all that nothing is wrong with. */
bool sweep_open_jobs(Sweep *sweep, bool measured);

/* sweep_names.c: what metrics, controls and comparisons call nodes and arms. */
void sweep_note_names(Sweep *sweep, const char *names); /* a line each */
void sweep_check_names(Sweep *sweep);
/* "acgan 300": the values of the axes that tell arms, and what the stars stand for; mem_free. */
char *sweep_label(const Sweep *sweep, const SweepComparison *comparison, size_t job,
                  const char *stars);

/* sweep_plan.c: opens every job's graph, and merges their stages; false after mistakes. */
bool sweep_plan(Sweep *sweep, bool measured); /* measured: with memory and disk of each stage */
void sweep_merge(Sweep *sweep, size_t job, const PlannedJob *planned);
bool sweep_knows(const Sweep *sweep, Hash key); /* a stage of a job that was merged */
void sweep_plan_print(const Sweep *sweep, FILE *out);
char *sweep_job_folder(const Sweep *sweep, const SweepJob *job);
bool sweep_task_is_there(const Sweep *sweep, const SweepTask *task);

/* sweep_claim.c */
typedef struct SweepClaim SweepClaim;
typedef enum { CLAIM_MINE, CLAIM_BUSY, CLAIM_BROKEN } ClaimResult;
/* Takes what nobody alive has. */
ClaimResult claim_take(const char *folder, const char *key, SweepClaim **claim, FornixError *error);
void claim_beat(SweepClaim *claim); /* still alive: every few seconds */
void claim_leave(SweepClaim *claim);

/* sweep_child.c: a process that makes the task; what it fails with comes through *message. -1 on
 * failure. */
int sweep_child(const Sweep *sweep, const SweepTask *task, int *message, FornixError *error);

/* sweep_run.c */
bool sweep_work(Sweep *sweep); /* false: not all was done */

/* sweep_failures.c: what a task ended with, for every process and the next start. */
bool failure_note(const Sweep *sweep, const SweepTask *task, const char *text, FornixError *error);
char *failure_read(const Sweep *sweep, const SweepTask *task); /* NULL: none; mem_free */
bool failure_forget(const Sweep *sweep, const SweepTask *task, FornixError *error);

/* sweep_gather.c: what the jobs found. */
typedef struct SweepFigure {
    double value, low, high; /* NAN: undefined; low, high NAN: no interval */
    bool there;
} SweepFigure;

typedef struct SweepTable {
    char **columns; /* of metrics */
    size_t column_count;
    SweepFigure *figures; /* [job][column] */
    const char **status;  /* "done", "failed", "missing" */
    char **messages;      /* of failures, or NULL */
    size_t job_count;
} SweepTable;

/* found(context, stars, figure) for every figure of a job that fits a pattern. */
typedef void SweepFound(void *context, const char *stars, SweepFigure figure);
void sweep_each_figure(const Sweep *sweep, size_t job, const char *pattern, SweepFound *found,
                       void *context);
/* A job's final.json; NULL: none. The caller's. */
struct json_t *sweep_final(const Sweep *sweep, size_t job);
SweepTable *sweep_gather(const Sweep *sweep);
void sweep_table_free(SweepTable *table);
/* "*" stands for any text; what the stars stood for, joined by '.', into stars (or NULL). */
bool pattern_fits(const char *pattern, const char *text, Text *stars);

/* sweep_control.c */
void sweep_read_control(Sweep *sweep, const Element *element);
typedef struct SweepControlled {
    const SweepControl *control;
    double mean; /* NAN: no job has it, or one has it undefined */
    size_t runs;
    bool passed;
} SweepControlled;
SweepControlled *sweep_control(const Sweep *sweep, const SweepTable *table); /* mem_free */
/* The first that failed; NULL: none did. */
const SweepControlled *sweep_failed_control(const Sweep *sweep, const SweepControlled *controls);

/* sweep_compare.c, on what sweep_entries.h has: an arm less the baseline, or a null arm; p
 * corrected, NAN where none is */
typedef struct SweepAgainst {
    const char *label; /* of the other arm */
    size_t pairs;      /* runs that met one of the other's */
    Interval *apart;   /* by figure */
    double *effect;    /* Cohen's d over pairs */
    double *resampled; /* p over folds (Nadeau and Bengio); NAN: no folds */
} SweepAgainst;

typedef enum { SWEEP_WORSE = -1, SWEEP_NONE, SWEEP_BETTER, SWEEP_MIXED } SweepFinding;

typedef struct SweepRun {
    size_t job;
    char *node; /* which of the job's evaluators */
} SweepRun;

typedef struct SweepArm {
    char *label;
    size_t runs;
    int figure_count;
    char **figures;
    bool *lower; /* by figure: less is better */
    double *mean, *deviation; /* over runs */
    Interval *own;            /* of the mean, by drawing subjects again */
    SweepAgainst *against; /* the baseline first, then the null arms; none in the baseline's own */
    size_t against_count;
    bool is_baseline, is_null;
    size_t by_chance, constant, other_totals, chosen; /* runs of which arm_doubts.c says so */
    SweepRun *run;
    size_t run_count;
    struct json_t *curves; /* of all runs together; NULL: it is no classification */
} SweepArm;

typedef struct SweepVerdict {
    const SweepComparison *comparison;
    SweepArm *arms;
    size_t count;
    int64_t subjects;
    int judged;           /* so many of the figures, the first, make a verdict */
    int64_t fewest;       /* subjects of a class; INT64_MAX: no classes */
    char *fewest_class;   /* which; NULL: no classes */
    char *problem;        /* why there is nothing; NULL: there is */
    const char *withheld; /* the control that failed; NULL: none */
    char **words, **warnings;
    size_t word_count, warning_count;
} SweepVerdict;

/* One a comparison. */
SweepVerdict *sweep_compare(const Sweep *sweep, const SweepTable *table);
void sweep_verdicts_free(const Sweep *sweep, SweepVerdict *verdicts);

/* sweep_words.c: sentences and warnings of what was compared. */
void sweep_tell(SweepVerdict *verdict, const SweepControlled *failed);
SweepFinding sweep_finding(const SweepVerdict *verdict, const SweepArm *arm);

/* sweep_json.c: what the jobs found, and what follows, as results.json; free() */
typedef struct SweepSummary {
    char *label;
    size_t first, runs;
    double *mean, *deviation; /* by column */
    int64_t *defined;
} SweepSummary;

typedef struct SweepResults {
    SweepTable *table;
    SweepControlled *controls;
    SweepVerdict *verdicts;
    SweepSummary *summaries;
    size_t summary_count;
} SweepResults;
char *sweep_json(const Sweep *sweep, const SweepResults *results);
/* curves.json. The caller's. */
struct json_t *sweep_curves_json(const Sweep *sweep, const SweepResults *results);

/* sweep_results.c: writes them, and prints a summary. */
bool sweep_finish(const Sweep *sweep, FILE *out, FornixError *error);

#endif
