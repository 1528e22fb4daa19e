/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reports: by themselves at the end of runs and sweeps, and made again. */
#include <stdio.h>

#include "command_parts.h"
#include "report.h"
#include "show.h"

/* Figures are there whether they can be shown or not: nothing fails with the report. */
static void tell(const FornixError *error)
{
    fprintf(stderr, "fornix: there is no report.html: %s\n", error->text);
}

void command_end_run(const char *folder, Experiment *experiment)
{
    FornixError error = {0};
    if (!show_save(experiment, folder, &error) ||
        !report_write(&(ReportRequest){.folder = folder}, &error))
        tell(&error);
}

/* A report of each of hundreds of jobs is made where somebody asks; what it needs of the open graph
 * is kept. */
void command_end_job(const char *folder, Experiment *experiment)
{
    FornixError error = {0};
    if (!show_save(experiment, folder, &error))
        tell(&error);
}

void command_end_sweep(const char *folder)
{
    FornixError error = {0};
    if (!report_write(&(ReportRequest){.folder = folder}, &error))
        tell(&error);
}

int command_report(const Options *options)
{
    FornixError error = {0};
    const char *folder = options->words.items[0];
    ReportRequest request = {
        .folder = folder, .output = options->output, .with_subjects = options->with_subjects};
    bool fine = report_write(&request, &error);
    if (fine && options->output)
        printf("%s\n", options->output);
    else if (fine)
        printf("%s/report.html\n", folder);
    else
        fprintf(stderr, "fornix: %s\n", error.text);
    return fine ? EXIT_FINE : error.input ? EXIT_INPUT : EXIT_RUN;
}
