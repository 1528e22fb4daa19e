/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the report share. */
#ifndef FORNIX_REPORT_PARTS_H
#define FORNIX_REPORT_PARTS_H

#include "report.h"
#include "text.h"

/* Every series of lines of JSON objects over their "step", each in a chart of its own. Lines that
 * cannot be read (the last one of a run that was killed) are passed over. */
void charts_add(Text *page, const char *lines);

/* A figure with its interval on a scale from 0 to 1 (or -1 to 1); nothing where it is beyond. */
void interval_add(Text *page, const TableMetric *metric);

#endif
