/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What nodes that write files share: names of files, and classes out of what a net says. */
#ifndef FORNIX_SINK_H
#define FORNIX_SINK_H

#include "node.h"

/* folder/SUBJECT[-NAME]SUFFIX, its folders made; a cohort is a folder, and characters that a file's
 * name had better not hold are written %XX (a blank _). NULL after a failure; freed with mem_free.
 */
char *sink_path(const char *folder, const FornixRow *row, const char *name, const char *suffix,
                FornixError *error);

/* Whether a row is of a picture, whose lines run downwards, and not of a volume in RAS. */
bool sink_is_picture(const FornixSpace *space);

/* The class of each pixel: of logits or probabilities the likeliest, of a single channel whether it
 * is above even; of a mask its own. in and out may be the same for one channel. */
void sink_classes(const float *in, int64_t pixels, const FornixColumn *column, float *out);

#endif
