/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How nodes that judge say what they found: figures with intervals, tables in the report. */
#include "findings.h"

#include <math.h>

#include "text.h"

void findings_interval(FornixBuild *build, const char *name, const char *of, Interval interval)
{
    Text full = {0};
    text_format(&full, "%s%s%s", name, *of ? "." : "", of);
    if (isnan(interval.low) || isnan(interval.high))
        fornix_metric(build, text_value(&full), interval.value);
    else
        fornix_metric_interval(build, text_value(&full), interval.value, interval.low,
                               interval.high);
    text_free(&full);
}

void findings_value(FornixBuild *build, const char *name, const char *of, double value)
{
    findings_interval(build, name, of, (Interval){.value = value, .low = NAN, .high = NAN});
}

static void report_line(void *build, const char *text)
{
    fornix_report(build, "  %s", text);
}

void findings_grid(FornixBuild *build, Grid *grid)
{
    grid_lines(grid, report_line, build);
    grid_free(grid);
}
