/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rows that a stage has collected so far, so that a break does not cost them.
 *
 * A table appears at its end alone. Until then journal.bin holds its rows as plain numbers, one
 * after another, and journal.json how many of them are safe; a stage that was broken off puts
 * those into its table without computing them again. What is no journal counts as none.
 */
#ifndef FORNIX_APPLY_JOURNAL_H
#define FORNIX_APPLY_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "fornix-error.h"

typedef struct Journal Journal;

/* In folder, for `rows` rows of so many floats. NULL with an empty error: the disk has no room to
 * spare for it; else NULL after a failure. */
Journal *journal_open(const char *folder, int64_t rows, int64_t floats, FornixError *error);
void journal_close(Journal *journal);         /* the files stay; NULL is fine */
int64_t journal_rows(const Journal *journal); /* that are safe; 0 for NULL */
bool journal_read(const Journal *journal, int64_t row, float *out, FornixError *error);
bool journal_add(Journal *journal, const float *row, FornixError *error); /* NULL is fine */
/* All that was added is safe now, if enough came since the last time. NULL is fine. */
bool journal_keep(Journal *journal, FornixError *error);

#endif
