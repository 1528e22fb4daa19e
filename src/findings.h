/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How nodes that judge say what they found: figures with intervals, tables in the report. */
#ifndef FORNIX_FINDINGS_H
#define FORNIX_FINDINGS_H

#include "grid.h"
#include "node.h"
#include "resample.h"

/* The figure "name.of", or "name" where of is ""; with its interval if it has one. */
void findings_interval(FornixBuild *build, const char *name, const char *of, Interval interval);
void findings_value(FornixBuild *build, const char *name, const char *of, double value);
/* The grid's lines, indented; frees it. */
void findings_grid(FornixBuild *build, Grid *grid);

#endif
