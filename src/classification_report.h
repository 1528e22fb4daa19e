/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an evaluator says of predicted classes: figures, curves, lines of the report, warnings.
 *
 * Predictions of slices and those of subjects are judged by the same words: the evaluator makes a
 * report of each.
 */
#ifndef FORNIX_CLASSIFICATION_REPORT_H
#define FORNIX_CLASSIFICATION_REPORT_H

#include "classification.h"
#include "column.h"
#include "node.h"

typedef struct ClassificationReport {
    FornixBuild *build;
    const Predictions *predictions;
    const Resampling *resampling;
    const FornixColumn *label; /* with the names of the classes, if they have any */
    const char *prefix;        /* of all figures and curves: "", "subject." */
    const char *samples;       /* what they are: "samples", "subjects" */
    bool by_subject;           /* what is drawn anew are subjects */
    int64_t mixed;             /* subjects with samples of several classes */
} ClassificationReport;

void classification_report(const ClassificationReport *report);

/* The class's name, or its number, in text; which it returns. */
const char *report_class(const FornixColumn *label, int32_t classes, int32_t class,
                         char text[CLASS_NAME]);

typedef struct CurveRequest {
    const Predictions *predictions;
    const Judge *judge; /* of them */
    const FornixColumn *label;
    void (*take)(void *context, const char *name, const FornixCurve *curve); /* to be copied */
    void *context;
} CurveRequest;

/* ROC and precision over recall of each class against the rest, reliability, confusion. */
void classification_curves(const CurveRequest *request);

#endif
