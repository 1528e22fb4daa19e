/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs an apply, generate or filter stage: leaves the folder `table` in its working folder. */
#ifndef FORNIX_APPLY_H
#define FORNIX_APPLY_H

#include "train.h"

/* columns: of what it hands on; rows: that a generate makes (NULL elsewhere); fits: what the
 * weights and samples behind it were fitted on. */
typedef struct ApplyRun {
    StageRun run;
    const FornixColumn *columns;
    int column_count;
    const FornixTable *made;
} ApplyRun;

bool apply_run(ApplyRun *apply, FornixError *error);

#endif
