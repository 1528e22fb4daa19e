/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the samples engine share: how tables and builds lie in memory. */
#ifndef FORNIX_SAMPLES_PARTS_H
#define FORNIX_SAMPLES_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "arena.h"
#include "samples.h"
#include "scene.h"

typedef struct Interned {
    uint64_t hash;
    int64_t number;    /* from 0, in order of interning */
    const char *owner; /* of a file: the subject that it is of; NULL: not told */
    char text[];
} Interned;

struct Samples {
    SamplesHost host;
    pthread_mutex_t lock; /* of all below but kept */
    Arena *arena;         /* texts and fits */
    Interned **slots;     /* open addressing, a power of two of them */
    size_t slot_count, interned;
    FornixTable **tables;
    size_t table_count;
    _Atomic int64_t kept; /* bytes of costly reads in memory */
};

/* Where a row's tensors come from. */
typedef struct Origin {
    int64_t row, other; /* of the input; other -1: row alone */
    double share;
    int input; /* -1: the row is this table's own */
} Origin;

typedef struct Column {
    FornixColumn shown;
    bool own;               /* what the node declared itself; else passed on from an input */
    int32_t *labels;        /* of LABEL, a row each */
    double *reals;          /* of WEIGHT */
    int *from;              /* its number in each input, -1: not there */
    _Atomic(float *) *kept; /* of costly reads, a row each; NULL: not read yet */
    bool *foreseen;         /* of a check: groups of rows whose reads were told of; or NULL */
} Column;

struct FornixTable {
    Samples *samples;
    Arena *arena;
    const char *id;
    const FornixTable **inputs;
    const char **input_names;
    int input_count;
    Column *columns;
    int column_count;
    int64_t rows, row_capacity;
    bool rows_known;
    bool foreseen; /* rows stand for those of a run */
    FornixRow *row;
    Origin *origins;
    const FornixSpace **spaces;
    TableMetric *metrics;
    TableLine *lines;
    TableValues *values;
    TableCurve *curves;
    int metric_count, line_count, value_count, curve_count;
    Fits fits;
    TableReader reader;
    Scene scene; /* of its node reading; node NULL: it has none */
    bool costly;
};

typedef struct SubjectList {
    const char **subjects;
    int64_t count, capacity;
} SubjectList;

struct FornixBuild {
    FornixTable *table;
    BuildRequest request;
    bool failed;
    bool ready; /* rows may be added */
    SubjectList fitted;
    const char **files;
    int file_count;
};

int64_t interned_number(const char *interned);
/* Whose that is: the subject of who asked first. Both interned. */
const char *samples_owner(Samples *samples, const char *what, const char *subject);
void samples_own(Samples *samples, FornixTable *table);
FornixTable *table_new(Samples *samples, const char *id);
/* Makes room for the costly reads of a finished table. */
void table_keep_reads(FornixTable *table);
bool column_is_tensor(const Column *column);
/* What the table's own reader gives. */
bool table_read_own(const FornixTable *table, int column, int64_t row, float *out,
                    FornixError *error);

/* Mistakes that only the whole table shows; false after a report. */
bool guard_evaluation(FornixBuild *build); /* nothing judged was fitted on */
bool guard_parts(FornixBuild *build);      /* no subject in two parts */
bool guard_tensors(FornixBuild *build);    /* every row's tensors come from somewhere */

#endif
