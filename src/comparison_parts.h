/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files that report a comparison share: figures and tables (comparison_report.c), repeats
 * over folds and seeds (comparison_repeats.c), sentences and warnings (comparison_words.c). */
#ifndef FORNIX_COMPARISON_PARTS_H
#define FORNIX_COMPARISON_PARTS_H

#include "comparison.h"

enum { COMPARISON_LABEL = 160, COMPARISON_TITLE = 128 };

const char *comparison_label(const Comparison *comparison, int arm, char label[COMPARISON_LABEL]);
void comparison_repeats(const Comparison *comparison);
void comparison_words(const Comparison *comparison);
void comparison_warnings(const Comparison *comparison);

#endif
