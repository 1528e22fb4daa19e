/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Real and synthetic samples on the two principal axes of the real ones, to be looked at.
 *
 * The axes are those of the real samples alone: that synthetic ones lie apart can't make an axis.
 * Samples of many features are projected first, as their distances are measured: every feature is
 * added to or taken from one of some coordinates, by a draw of its own.
 */
#ifndef FORNIX_SCATTER_H
#define FORNIX_SCATTER_H

#include "node.h"

typedef struct ScatterSide {
    const FornixTable *table;
    int column, label; /* of features, of the class */
    int part;          /* the rows of this FornixPart; FORNIX_NO_PART: all */
} ScatterSide;

/* Columns of the node's table: "class" as the label has it, "axis_1" and "axis_2". */
void scatter_columns(FornixBuild *build, const FornixColumn *label);
/* A row for each of some samples of every class, real and synthetic; false after a failure. Fewer
 * than two real samples have no axes: no rows, and no failure. */
bool scatter_rows(FornixBuild *build, const ScatterSide *real, const ScatterSide *synthetic,
                  FornixRandomKey random);

#endif
