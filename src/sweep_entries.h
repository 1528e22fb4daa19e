/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the comparison of a sweep's arms works on: the evaluators' tables of its jobs, and the
 * subjects of all of them (sweep_entries.c); their differences (sweep_compare.c). */
#ifndef FORNIX_SWEEP_ENTRIES_H
#define FORNIX_SWEEP_ENTRIES_H

#include "sweep_parts.h"

/* An evaluator's table in one job. */
typedef struct Entry {
    size_t job;
    char *label, *pair; /* the arm; what it has in common with its baseline's */
    char *node;
    Arm *arm;
    int64_t *subject; /* of each sample */
    double *times;
} Entry;

typedef struct Pairing {
    const Sweep *sweep;
    SweepVerdict *verdict;
    Samples *samples;
    Entry *entries;
    size_t count;
    const char **subjects; /* of all entries, by number */
    int32_t *stratum;
    int64_t subject_count;
    int32_t strata;
} Pairing;

/* Keeps the first problem; false. */
bool pairing_fail(Pairing *pairing, const char *problem);
/* Finds and loads the tables that the comparison takes, and numbers their subjects. */
bool pairing_open(Pairing *pairing, const SweepTable *table);
void pairing_close(Pairing *pairing);

/* sweep_curves.c: {curve: {"columns", "rows"}} of all predictions of an arm's runs together; NULL:
 * it is no classification. The caller's. */
struct json_t *sweep_arm_curves(const Pairing *pairing, const char *label);

#endif
