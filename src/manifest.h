/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A cohort as a CSV file lists it: a row a sample, with its subject, its files and its labels.
 *
 * All loaders of files begin here, so that subjects get their cohort's prefix, labels their classes
 * and blanks their end in one way. A row without a value for a label is dropped and counted; a
 * value that no class is given for is a mistake, never a class of its own by accident. Where a
 * finished run is applied, the list of new subjects takes the manifest's place: files are relative
 * to it, subjects are called as it says, labels are missing and their classes those of the run.
 */
#ifndef FORNIX_MANIFEST_H
#define FORNIX_MANIFEST_H

#include "arena.h"
#include "csv.h"
#include "diag.h"
#include "node.h"

typedef struct ManifestRequest {
    const char *path;
    const char *folder; /* that files are relative to; "": the manifest's */
    const char
        *subject;       /* the column that says whose a row is; "": each row its own, by its line */
    const char *cohort; /* "": the node's id */
    FornixList labels;  /* "grade:who_grade": a name and its column; "grade": both */
    /* "2:low": rows of value 2 are of class low; "2:": they are dropped; "grade/2:low" where there
     * are several labels. A label without any: its values in order are the classes. */
    FornixList classes;
    const char *subject_where; /* the attribute that names subject; NULL: "subject" */
} ManifestRequest;

typedef struct ManifestLabel {
    const char *name;
    int64_t column; /* of the CSV */
    int64_t classes;
    const char **names;
    int32_t *of; /* each row */
} ManifestLabel;

/* A row that is kept, and a column of the CSV. */
typedef struct ManifestField {
    int64_t row, column;
    const char *folder; /* that the file which it names is relative to; NULL, "": the manifest's */
} ManifestField;

typedef struct Manifest {
    Arena *arena;
    const Source *source; /* the text once more, when a mistake was shown in it */
    Csv *csv;
    const char *folder;
    int64_t rows; /* that are kept */
    int64_t *at;  /* their numbers in the CSV */
    const char **subject;
    bool *repeated; /* the subject has several rows */
    ManifestLabel *labels;
    int label_count;
    int64_t dropped; /* rows without a label */
    bool unlabelled; /* new subjects for a finished run: every label is missing, no row dropped */
} Manifest;

/* false: told, and closed. Attributes are called manifest, subject, labels and classes. */
bool manifest_open(FornixBuild *build, const ManifestRequest *request, Manifest *manifest);
void manifest_close(Manifest *manifest);

/* The CSV's column of that name; -1: told at attribute where. */
int64_t manifest_column(FornixBuild *build, const Manifest *manifest, const char *where,
                        const char *name);
/* The file that a field names; it is there, and the build uses it. NULL: told. */
const char *manifest_file(FornixBuild *build, Manifest *manifest, ManifestField field);
int64_t manifest_line(const Manifest *manifest, int64_t row); /* of the CSV file */

/* Reports a mistake at a field of the file, and behind it the attribute where of the loader;
 * returns false. */
bool manifest_fail(FornixBuild *build, Manifest *manifest, ManifestField field, const char *where,
                   const char *format, ...) FORNIX_PRINTF(5, 6);
/* While rows are read: what is wrong with a file is told with its line; returns false. */
bool manifest_blame(const Manifest *manifest, int64_t row, FornixError *error);

/* In `columns`: a label column each; returns the number of the first. */
int manifest_add_labels(FornixBuild *build, const Manifest *manifest);
/* In `rows`: the labels of a row of the manifest, for a row of the table. */
void manifest_set_labels(FornixBuild *build, const Manifest *manifest, int first, int64_t row,
                         int64_t table_row);
void manifest_report(FornixBuild *build, const Manifest *manifest); /* what was dropped */

#endif
