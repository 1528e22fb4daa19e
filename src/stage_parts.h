/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inside of a Stage: what is read (stage_read.c) what is made of it (stage.c),
 * the windows that it sees (stage_window.c), and what has no use (stage_idle.c). */
#ifndef FORNIX_STAGE_PARTS_H
#define FORNIX_STAGE_PARTS_H

#include "stage.h"

/* All that stands in the stage's element; false after a mistake. */
bool stage_read(Stage *stage, const FornixTable *samples);
/* The <window> in it, once its columns are known, which then are those of a window. */
bool stage_read_window(Stage *stage);
/* A collected column gets the size of the samples; false, told, if it can't be put together. */
bool stage_join_windows(const Stage *stage, Collect *collect, const Value *value);
/* Whether figures, losses or what is collected depend on every node of that body; told if not. */
bool stage_check_idle(const Stage *stage, const Element *body, const StagePlan *plan);

#endif
