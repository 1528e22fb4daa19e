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

/* ---- findings_json.c --------------------------------------------------------------------- */

/* A number, or "undefined", "inf", "-inf". */
struct json_t *findings_number_json(double value);
/* {"columns": [name], "rows": [[number]]}; most: so many rows at most, evenly chosen, and the last
 * one; 0: all. */
struct json_t *findings_curve_json(const FornixCurve *curve, int64_t most);
/* The file appears whole. Takes over root. */
bool findings_write_json(const char *folder, const char *name, struct json_t *root,
                         FornixError *error);

#endif
