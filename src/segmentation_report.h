/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an evaluator says of predicted masks: means over subjects with intervals, in words. */
#ifndef FORNIX_SEGMENTATION_REPORT_H
#define FORNIX_SEGMENTATION_REPORT_H

#include "node.h"
#include "segmentation.h"

typedef struct {
    FornixBuild *build;
    const FornixColumn *mask; /* with the names of the classes, if they have any */
    int64_t units, classes;
    const double *figures; /* [units][classes][SEGMENTATION_FIGURES]; NAN: left out */
    const int64_t *missed; /* [classes]: units where just one of both masks has the class */
    bool by_subject;       /* units are subjects */
    bool surfaces;         /* HD95 and NSD were measured */
    bool millimetres;      /* ... in mm */
    double tolerance, confidence;
    int64_t draws, seed;
} SegmentationReport;

void segmentation_report(const SegmentationReport *report);

#endif
