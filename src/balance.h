/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What all rebalancers share: classes counted in one part, and a column `weight`.
 *
 * Every arm of a comparison hands the same columns to the same classifier: rows of the part, some
 * of them repeated, left out or made up, each with a weight. The other parts pass untouched.
 */
#ifndef FORNIX_BALANCE_H
#define FORNIX_BALANCE_H

#include "node.h"

/* For attributes `part`: "train", "validation", "test", "all". */
extern const char *const balance_parts[];
unsigned balance_part(int choice); /* bits 1 << FornixPart */

typedef struct Balance {
    FornixBuild *build;
    const FornixTable *table; /* input 0 */
    int label, weight;        /* columns of the output */
    unsigned parts;           /* bits 1 << FornixPart */
    int64_t classes;
    int64_t *count;            /* rows of each class in the part */
    int64_t **rows;            /* their numbers in the table, in order */
    int64_t largest, smallest; /* of the counts */
} Balance;

/* All columns of the input and `weight`; label: the attribute of that name. */
bool balance_columns(FornixBuild *build, const char *label);
/* Counts. A class without a row in the part is a mistake. */
bool balance_begin(FornixBuild *build, const char *label, int part, Balance *balance);
void balance_end(Balance *balance);

/* The rows of all classes in the part, in order; mem_free. */
int64_t *balance_members(const Balance *balance, int64_t *count);
void balance_copy_rows(const Balance *balance); /* all of the input's */
/* Rows that a class lacks of ratio times the largest class. */
int64_t balance_lack(const Balance *balance, double ratio, int64_t class);
/* Copies all rows but those marked, of which it takes back the marks of a class that would lose
 * all: with a warning. How many each class has lost is reported. */
void balance_drop_rows(const Balance *balance, bool *dropped);
/* The number of rows to make of each class, reported: "low 12 + 28, high 40 + 0". */
void balance_report(const Balance *balance, const int64_t *added);
/* The identity of made-up row n: a subject of its own, synthetic, of the part. */
void balance_name_row(const Balance *balance, int64_t row, int64_t n, int part);

#endif
