/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables of the outer graph: made by nodes, read by stages, judged by evaluators.
 *
 * A table owns its rows' identities, labels and reals; its tensors are read when they are wanted,
 * through the table that the row came from, so that a split, a subsample or SMOTE costs no memory.
 * Tables never change once finished and live as long as the Samples that they belong to, which any
 * number of threads may use. Equal texts in rows are the same pointer within one Samples.
 *
 * Everything fitted (weights, a normaliser, a threshold) hands on what it was fitted on: Fits. A
 * table's Fits are those of all its ancestors together; who judges a table is refused subjects
 * that stand in them.
 */
#ifndef FORNIX_SAMPLES_H
#define FORNIX_SAMPLES_H

#include "base.h"
#include "diag.h"
#include "node.h"

/* ---- The pool ---------------------------------------------------------------------------- */

typedef struct Samples Samples;

typedef struct SamplesHost {
    /* Runs work(context, i) for every i in [0, count); NULL: one after another. */
    void (*parallel)(void *host, int64_t count, void (*work)(void *context, int64_t i),
                     void *context);
    void *host;
    int64_t cache_bytes; /* for what FORNIX_COSTLY_READ nodes read; 0: a quarter of the memory */
} SamplesHost;

Samples *samples_new(const SamplesHost *host); /* NULL: serial, default budget */
void samples_free(Samples *samples);           /* and all its tables; NULL is fine */
const char *samples_intern(Samples *samples, const char *text);
int64_t samples_cached(const Samples *samples); /* bytes kept of costly reads */

/* ---- Parts ------------------------------------------------------------------------------- */

enum {
    PARTS_ALL =
        (1 << FORNIX_NO_PART) | (1 << FORNIX_TRAIN) | (1 << FORNIX_VALIDATION) | (1 << FORNIX_TEST)
};

const char *part_name(FornixPart part); /* "", "train", "validation", "test" */
/* The set (bit 1 << part) of "train", "validation test", "all"; 0 where a word is none of them. */
unsigned parts_parse(const char *words);

/* ---- Provenance -------------------------------------------------------------------------- */

typedef enum {
    FIT_NAMED,  /* by the subjects' ids */
    FIT_HASHED, /* by hashes of them: what a file of weights says, which may leave the house */
    FIT_UNKNOWN /* nobody knows on whom: a file of weights that says nothing */
} FitKind;

typedef struct Fit {
    const char *artefact; /* the id of what was fitted */
    const char *const *subjects;
    int64_t count;
    FitKind kind;
} Fit;

typedef struct Fits {
    const Fit **items;
    int count;
} Fits; /* start with {0}; end with fits_free */

void fits_free(Fits *fits); /* not what the items point to: that is the pool's */
void fits_join(Fits *fits, const Fits *more);
/* Adds a copy; twice the same subject counts once, and a fit on nobody is none. */
void fits_add(Samples *samples, Fits *fits, const Fit *fit);
/* artefact was fitted on rows of those parts, and on all that the table stems from. */
void fits_add_table(Samples *samples, Fits *fits, const char *artefact, const FornixTable *table,
                    unsigned parts);
const Fits *table_fits(const FornixTable *table);
/* A line a fit, its subjects as hashes, to be kept with weights under FITS_TEXT; freed with
 * mem_free. Hashes keep names from readers, not from those who can guess names and try them. */
char *fits_text(const Fits *fits);
#define FITS_TEXT "fitted_on"
/* What a safetensors file says of itself; where it says nothing, a fit on nobody knows whom, called
 * as the file is. */
bool fits_of_file(Samples *samples, Fits *fits, const char *path, FornixError *error);

/* Those of some subjects that stand in fits. */
typedef struct Meeting {
    int64_t subjects; /* of those asked for, each counted once */
    int64_t met;
    char *artefacts; /* "'seg', 'scaled'": what was fitted on those met */
    char *names;     /* of the first few met */
    char *unknown;   /* artefacts of which nobody knows on whom they were fitted */
} Meeting;           /* ends with meeting_free */

Meeting fits_meet(Samples *samples, const Fits *fits, const char *const *subjects, int64_t count);
void meeting_free(Meeting *meeting);

/* ---- Making a table ---------------------------------------------------------------------- */

typedef struct BuildInput {
    const FornixTable *table; /* NULL: an optional port that is not connected */
    const char *name;         /* as the graph names it: "scores[smote]" */
    int port;                 /* of the node's type; those of a MANY port follow one another */
} BuildInput;

typedef struct BuildRequest {
    const FornixNode *type; /* NULL: the caller adds columns and rows itself */
    const void *attrs;
    const char *id; /* "balanced[smote]" */
    Place place;    /* of the node in the graph; source NULL: not known */
    const BuildInput *inputs;
    int input_count;
    unsigned parts;          /* that a FORNIX_EVALUATES node gets; 0: test */
    const char *acknowledge; /* why a leak is accepted; NULL or "": it is not */
    const char *folder;      /* for the node's own files, made when asked for; NULL in a check */
    /* Where a finished run is applied: this node's table there, without rows; the loader's list of
     * new subjects. NULL elsewhere. */
    const FornixTable *stored;
    const char *manifest;
    /* A mistake at an attribute or port of the element (NULL: at the element); at: the place in a
     * file that this reads, where the mistake stands; NULL: it is of the graph. */
    void (*mistake)(void *context, const char *where, const Place *at, const char *text);
    void *context;
} BuildRequest;

/* request, and all it points to, must outlive the build; type and attrs the Samples. */
FornixBuild *build_new(Samples *samples, const BuildRequest *request);
bool build_columns(FornixBuild *build);
/* Whether rows can be made now: in a check, only from known rows and without reading tensors. */
bool build_rows_known(const FornixBuild *build, bool checking);
bool build_rows(FornixBuild *build); /* after build_columns */
/* In a check, where only a run makes the rows: those that the first input has in parts stand for
 * them, with their labels and without tensors. Nothing where the input's rows are not known. */
void build_foresee_rows(FornixBuild *build, unsigned parts);
/* The rows added so far are those of a run, without tensors. */
void build_foresaw_rows(FornixBuild *build);
/* Of a node: as above; of an evaluator: whether rows that it is to judge, where they are known,
 * were used to fit what made them. */
bool build_foresee(FornixBuild *build);
/* The table, finished: without rows where build_rows was not called (schema alone). Rows that the
 * caller of a build without a type added are finished here, if they were not before. */
const FornixTable *build_table(FornixBuild *build);
void build_add_fits(FornixBuild *build, const Fits *fits); /* of what made the values */
/* What a safetensors file that they were read from says of itself, if it says anything. */
bool build_add_fits_of(FornixBuild *build, const char *path, FornixError *error);
/* As fornix_build_fail, of a mistake that stands in a file which the attribute names. */
bool build_fail_at(FornixBuild *build, Place at, const char *where, const char *format, ...)
    FORNIX_PRINTF(4, 5);
const char *const *build_files(const FornixBuild *build, int *count); /* fornix_uses_file */
void build_free(FornixBuild *build);                                  /* the table stays */

/* What a table's own columns are read with, where no node is: for tables that lie on disk. The
 * table takes opened over. */
typedef struct TableReader {
    bool (*read)(void *opened, const FornixTable *table, int column, int64_t row, float *out,
                 FornixError *error);
    void (*close)(void *opened);
    void *opened;
    /* A part of a tensor; NULL: the whole is read and cut. */
    bool (*read_box)(void *opened, const FornixTable *table, int column, int64_t row,
                     const FornixBox *box, float *out, FornixError *error);
    int64_t (*keeps)(void *opened, const FornixTable *table, int column, int64_t row,
                     int64_t *group); /* as of FornixSamples */
} TableReader;
void build_set_reader(FornixBuild *build, const TableReader *reader);

/* In a check: bytes that a read of this row will keep in memory for good, beyond those told of
 * before. */
int64_t table_foresee_read(const FornixTable *table, int column, int64_t row);
int64_t samples_budget(const Samples *samples); /* bytes that may be kept in all */

/* Whether its rows, or rows that they stem from, only stand for those of a run. */
bool table_is_foreseen(const FornixTable *table);

/* ---- Finished tables --------------------------------------------------------------------- */

const char *table_id(const FornixTable *table);
Samples *table_samples(const FornixTable *table); /* that it belongs to */
/* The numbers of the rows of those parts, in order; freed with mem_free. */
int64_t *table_select(const FornixTable *table, unsigned parts, int64_t *count);
/* The table with the rows of those parts alone. */
const FornixTable *table_part(const FornixTable *table, unsigned parts);
/* group[row]: the number of its subject, in order of first appearance; returns how many. */
int64_t table_subjects(const FornixTable *table, int64_t *group);
/* Whether so many bytes may be kept in memory for what is read at a cost: within the budget that
 * all tables share. For nodes that keep more than rows (the volume that a slice is from). */
bool table_reserve(const FornixTable *table, int64_t bytes);
void table_release(const FornixTable *table, int64_t bytes);
/* Gives back what was kept of costly reads; nobody may be reading the table. */
void table_forget(const FornixTable *table);

typedef struct TableMetric {
    const char *name;
    double value, low, high;
    bool interval;
} TableMetric;

typedef struct TableLine {
    const char *text;
    bool warning;
} TableLine;

typedef struct TableValues {
    const char *name;
    const double *values;
    int64_t count;
} TableValues;

typedef struct TableCurve {
    const char *name;
    FornixCurve curve;
} TableCurve;

const TableMetric *table_metrics(const FornixTable *table, int *count);
const TableLine *table_lines(const FornixTable *table, int *count);
const TableValues *table_values(const FornixTable *table, int *count);
const TableCurve *table_curves(const FornixTable *table, int *count);

#endif
