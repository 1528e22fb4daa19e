/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How frequent each class is in one part, as a column that logits can be shifted by.
 *
 *   log_prior[k] = log(n_k / n)         n_k of n rows of the part are of class k
 *
 * The column is the same for all rows, so that the inner graph takes it with the batch, and an
 * apply stage with what it is applied to. Counting on tested rows would be a leak: so this is
 * fitted on a part, as a scaling is, and kept for new subjects.
 */
#include <math.h>
#include <string.h>

#include "balance.h"
#include "base.h"
#include "column.h"
#include "node.h"

typedef struct {
    const char *label;
    int fit;
} ClassPriors;

typedef struct {
    float *log_prior;
    int64_t classes;
} Opened;

static const char column_name[] = "log_prior";

static void class_priors_close(void *opened)
{
    Opened *o = opened;
    mem_free(o->log_prior);
    mem_free(o);
}

static bool class_priors_columns(FornixBuild *build, const void *attrs)
{
    const ClassPriors *a = attrs;
    int label = column_choose(build, 0, "label", a->label, FORNIX_LABEL);
    if (label < 0)
        return false;
    const FornixColumn *column = fornix_column(fornix_table(build, 0), label);
    if (!column->classes)
        return fornix_build_fail(build, "label", "nobody knows how many classes '%s' has",
                                 column->name);
    fornix_fitted_on_parts(build, 0, balance_part(a->fit));
    fornix_copy_columns(build, 0);
    fornix_add_column(build, &(FornixColumn){.name = column_name,
                                             .kind = FORNIX_LOGITS,
                                             .shape = {1, 1, 1, 1, column->classes}});
    return true;
}

static void priors_keep(FornixBuild *build, const double *log_prior, int64_t classes)
{
    Opened *o = mem_new(1, sizeof *o);
    *o = (Opened){mem_new((size_t)classes, sizeof *o->log_prior), classes};
    for (int64_t k = 0; k < classes; k++)
        o->log_prior[k] = (float)log_prior[k];
    fornix_set_opened(build, o);
    fornix_set_values(build, column_name, log_prior, classes);
    for (int64_t row = 0; row < fornix_rows(fornix_table(build, 0)); row++)
        fornix_copy_row(build, 0, row);
}

static bool priors_recall(FornixBuild *build, const char *label)
{
    int64_t count;
    const double *kept = fornix_stored(build, column_name, &count);
    int column = column_choose(build, 0, "label", label, FORNIX_LABEL);
    if (!kept || column < 0 || count != fornix_column(fornix_table(build, 0), column)->classes)
        return fornix_build_fail(build, "label", "the run did not count these classes");
    priors_keep(build, kept, count);
    return true;
}

static bool class_priors_rows(FornixBuild *build, const void *attrs)
{
    const ClassPriors *a = attrs;
    if (fornix_applied(build))
        return priors_recall(build, a->label);
    Balance balance;
    bool fine = balance_begin(build, a->label, a->fit, &balance);
    double *log_prior = mem_new((size_t)balance.classes + 1, sizeof *log_prior), total = 0;
    char name[CLASS_NAME];
    for (int64_t k = 0; fine && k < balance.classes; k++)
        total += (double)balance.count[k];
    for (int64_t k = 0; fine && k < balance.classes; k++) {
        log_prior[k] = log((double)balance.count[k] / total);
        fornix_report(build, "%s: %.4f of the rows of part %s",
                      column_class(fornix_column(balance.table, balance.label), k, name),
                      exp(log_prior[k]), balance_parts[a->fit]);
    }
    if (fine)
        priors_keep(build, log_prior, balance.classes);
    mem_free(log_prior);
    balance_end(&balance);
    return fine;
}

/* Of log_prior alone: all other columns are passed on. */
static bool class_priors_read(void *opened, const FornixTable *table, int column, int64_t row,
                              float *out, FornixError *error)
{
    (void)table, (void)column, (void)row, (void)error;
    const Opened *o = opened;
    memcpy(out, o->log_prior, (size_t)o->classes * sizeof *out);
    return true;
}

static const FornixAttr attrs[] = {
    FORNIX_TEXT(ClassPriors, label, "", "the label column, where there are several"),
    FORNIX_CHOICE(ClassPriors, fit, "train", balance_parts, "the part whose rows are counted"),
    {0}};

static const FornixPort inputs[] = {{"samples", FORNIX_SAMPLES, 0, "labelled samples"}, {0}};
static const FornixPort outputs[] = {
    {"samples", FORNIX_SAMPLES, 0, "the same rows with a column `log_prior`: a number a class"},
    {0}};

static const FornixSamples samples = {.columns = class_priors_columns,
                                      .rows = class_priors_rows,
                                      .read = class_priors_read,
                                      .close = class_priors_close};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "class_priors",
    .doc = "Counts the classes of one part and gives every sample the logarithms of their shares, "
           "for logit_adjustment.",
    .formula = "log_prior[k] = log(n_k / n)",
    .attrs_size = sizeof(ClassPriors),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<class_priors id=\"counted\" samples=\"features\" fit=\"train\"/>"};
