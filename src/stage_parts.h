/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inside of a Stage: what is read (stage_read.c) and what is made of it (stage.c). */
#ifndef FORNIX_STAGE_PARTS_H
#define FORNIX_STAGE_PARTS_H

#include "stage.h"

/* All that stands in the stage's element; false after a mistake. */
bool stage_read(Stage *stage, const FornixTable *samples);

#endif
