/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A run's or a sweep's report.html: what was asked, what came out, how sure that is; then how.
 *
 * It is made of what lies in the folder alone (manifest.json, final.json, lines.json, curves.json,
 * graph.dot, stages/ID; of a sweep results.json and the runs in jobs/), so that it can be made
 * again anywhere. Nothing there is trusted: what is missing or damaged is left out with a word.
 *
 * The page needs nothing else: no scripts, no files, no network. It names no subject and shows no
 * image, unless subjects are asked for.
 */
#ifndef FORNIX_REPORT_H
#define FORNIX_REPORT_H

#include "fornix-error.h"

typedef struct ReportRequest {
    const char *folder; /* of a finished run, or of a sweep */
    const char *output; /* NULL: report.html in it */
    bool with_subjects;
} ReportRequest;

/* The file appears whole or not at all, and replaces one that is there. */
bool report_write(const ReportRequest *request, FornixError *error);

#endif
