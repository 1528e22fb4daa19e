/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Samples seen in windows, for an apply with a <window>: a table whose rows are all views of all
 * samples, of which one sample at a time lies in memory, and what was made of them put together.
 */
#ifndef FORNIX_APPLY_WINDOWS_H
#define FORNIX_APPLY_WINDOWS_H

#include "samples.h"
#include "stage.h"

typedef struct Windows Windows;

/* Of these rows of samples; the graph tells which columns are read. NULL after a failure. */
Windows *windows_new(const Stage *stage, const FornixTable *samples, const int64_t *rows,
                     int64_t count, const Graph *graph, FornixError *error);
void windows_free(Windows *windows); /* NULL is fine; nobody may read its table any more */

const FornixTable *windows_table(const Windows *windows);
int64_t windows_each(const Windows *windows); /* rows of that table for each sample, in order */

/* Reads sample k of those; only its rows can be read from now on. */
bool windows_enter(Windows *windows, int64_t k, FornixError *error);
/* What was made of a batch of its rows goes into record: what is collected, one after another,
 * which was 0 when the sample was entered. */
void windows_put(Windows *windows, const StagePlan *plan, const int64_t *rows, int64_t count,
                 float *record);

#endif
