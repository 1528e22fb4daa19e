/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Makes one prediction for a subject of those for its samples.
 *
 *   mean-probability: p_c = mean over samples of p_c       mean-logit: p = softmax(mean of logits)
 *   max: p_c = max over samples of p_c, over their sum     vote: p_c = share of samples for c
 *
 * A patient is ill or not; slices are not patients. What is judged is the subject, and this is the
 * step in between, said openly.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base.h"
#include "classification.h"
#include "column.h"
#include "node.h"
#include "samples.h"

typedef struct {
    int by, rule;
    const char *column;
} Aggregate;

static const char *const by_choices[] = {"subject", NULL};
static const char *const rule_choices[] = {"mean-probability", "mean-logit", "max", "vote", NULL};
enum { MEAN_PROBABILITY, MEAN_LOGIT, MAX, VOTE };

typedef struct {
    int64_t classes;
    float *probability; /* of each row */
} Opened;

static void aggregate_close(void *opened)
{
    Opened *o = opened;
    mem_free(o->probability);
    mem_free(o);
}

static int column_of(FornixBuild *build, const Aggregate *a)
{
    return column_choose(build, 0, "column", a->column, FORNIX_LOGITS | FORNIX_PROBABILITY);
}

static int64_t classes_of(const FornixColumn *column)
{
    return column->shape.c == 1 ? 2 : column->shape.c;
}

static bool aggregate_columns(FornixBuild *build, const void *attrs)
{
    const Aggregate *a = attrs;
    const FornixTable *table = fornix_table(build, 0);
    int column = column_of(build, a);
    if (column < 0)
        return false;
    const FornixColumn *score = fornix_column(table, column);
    if (fornix_pixels(score->shape) != 1)
        return fornix_build_fail(build, "column", "'%s' says something of every pixel",
                                 score->name);
    if (a->rule == MEAN_LOGIT && !(score->kind & FORNIX_LOGITS))
        return fornix_build_fail(build, "rule", "'%s' holds probabilities, not logits",
                                 score->name);
    for (int c = 0; c < fornix_columns(table); c++)
        if (fornix_column(table, c)->kind & (FORNIX_LABEL | FORNIX_WEIGHT) &&
            strcmp(fornix_column(table, c)->name, "probability") != 0)
            fornix_add_column(build, fornix_column(table, c));
    FornixColumn out = {.name = "probability",
                        .kind = FORNIX_PROBABILITY,
                        .shape = {1, 1, 1, 1, classes_of(score)}};
    fornix_add_column(build, &out);
    return true;
}

/* ---- One subject ------------------------------------------------------------------------- */

typedef struct {
    FornixBuild *build;
    const FornixTable *table;
    const FornixColumn *score;
    int column, rule;
    int64_t classes;
    float *values;    /* of a sample */
    double *p;        /* of a sample */
    double *gathered; /* by subject and class, or logit */
    int64_t *samples; /* of each subject */
} Gathering;

static void probabilities(const Gathering *g)
{
    if (g->rule != MEAN_LOGIT) {
        probabilities_of(g->values, (int32_t)g->score->shape.c, g->score->kind & FORNIX_LOGITS,
                         g->p);
        return;
    }
    for (int64_t c = 0; c < g->score->shape.c; c++)
        g->p[c] = (double)g->values[c];
}

static bool sample_gather(const Gathering *g, int64_t row, int64_t subject)
{
    FornixError error = {0};
    double *into = g->gathered + subject * g->classes;
    int64_t best = 0;
    if (!fornix_read(g->table, g->column, row, g->values, &error))
        return fornix_build_fail(g->build, NULL, "%s", error.text);
    for (int64_t c = 0; c < g->score->shape.c; c++)
        if (!isfinite(g->values[c]))
            return fornix_build_fail(g->build, "column", "the prediction for %s is not a number",
                                     fornix_row(g->table, row)->subject);
    probabilities(g);
    for (int64_t c = 0; c < g->classes; c++) {
        best = g->p[c] > g->p[best] ? c : best;
        if (g->rule == MAX)
            into[c] = fmax(into[c], g->p[c]);
        else if (g->rule != VOTE)
            into[c] += g->p[c];
    }
    into[best] += g->rule == VOTE;
    g->samples[subject]++;
    return true;
}

static void subject_finish(const Gathering *g, int64_t subject, float *probability)
{
    double *gathered = g->gathered + subject * g->classes, sum = 0;
    int64_t channels = g->score->shape.c;
    if (g->rule == MEAN_LOGIT) {
        for (int64_t c = 0; c < channels; c++)
            g->values[c] = (float)(gathered[c] / (double)g->samples[subject]);
        probabilities_of_logits(g->values, (int32_t)channels, gathered);
    }
    for (int64_t c = 0; c < g->classes; c++)
        sum += gathered[c];
    for (int64_t c = 0; c < g->classes; c++)
        probability[c] = (float)(sum > 0 ? gathered[c] / sum : 1 / (double)g->classes);
}

/* ---- Rows -------------------------------------------------------------------------------- */

/* The labels of a subject are those of its first sample; others must not differ. */
static bool labels_agree(FornixBuild *build, const FornixTable *table, int64_t first, int64_t row)
{
    for (int c = 0; c < fornix_columns(table); c++)
        if (fornix_column(table, c)->kind & FORNIX_LABEL &&
            fornix_label(table, c, first) != fornix_label(table, c, row))
            return fornix_build_fail(build, "samples", "samples of subject '%s' differ in '%s'",
                                     fornix_row(table, row)->subject,
                                     fornix_column(table, c)->name);
    return true;
}

static bool gather_all(const Gathering *g, const int64_t *group, int64_t *first)
{
    for (int64_t row = 0; row < fornix_rows(g->table); row++) {
        int64_t subject = group[row];
        if (!g->samples[subject]) {
            first[subject] = row;
            FornixRow identity = *fornix_row(g->table, row);
            identity.name = "";
            fornix_set_row(g->build, fornix_copy_row(g->build, 0, row), &identity);
        }
        if (!labels_agree(g->build, g->table, first[subject], row) ||
            !sample_gather(g, row, subject))
            return false;
    }
    return true;
}

static bool aggregate_rows(FornixBuild *build, const void *attrs)
{
    const Aggregate *a = attrs;
    Gathering g = {.build = build, .table = fornix_table(build, 0), .rule = a->rule};
    g.column = column_of(build, a);
    g.score = fornix_column(g.table, g.column);
    g.classes = classes_of(g.score);
    size_t rows = (size_t)fornix_rows(g.table), classes = (size_t)g.classes;
    int64_t *group = mem_new(rows + 1, sizeof *group), *first = mem_new(rows + 1, sizeof *first);
    size_t subjects = (size_t)table_subjects(g.table, group);
    g.values = mem_new(classes, sizeof *g.values);
    g.p = mem_new(classes, sizeof *g.p);
    g.gathered = mem_new(subjects * classes + 1, sizeof *g.gathered);
    g.samples = mem_new(subjects + 1, sizeof *g.samples);
    Opened *o = mem_new(1, sizeof *o);
    *o = (Opened){g.classes, mem_new(subjects * classes + 1, sizeof *o->probability)};
    fornix_set_opened(build, o);
    bool fine = gather_all(&g, group, first);
    for (int64_t s = 0; fine && s < (int64_t)subjects; s++)
        subject_finish(&g, s, o->probability + s * g.classes);
    if (fine)
        fornix_report(build, "%zu samples of %zu subjects", rows, subjects);
    mem_free(group);
    mem_free(first);
    mem_free(g.values);
    mem_free(g.p);
    mem_free(g.gathered);
    mem_free(g.samples);
    return fine;
}

static bool aggregate_read(void *opened, const FornixTable *table, int column, int64_t row,
                           float *out, FornixError *error)
{
    (void)table, (void)column, (void)error;
    const Opened *o = opened;
    memcpy(out, o->probability + row * o->classes, (size_t)o->classes * sizeof *out);
    return true;
}

static const FornixAttr attrs[] = {
    FORNIX_CHOICE(Aggregate, by, "subject", by_choices, "what becomes one row"),
    FORNIX_CHOICE(Aggregate, rule, "mean-probability", rule_choices, "how many become one"),
    FORNIX_TEXT(Aggregate, column, "", "the predictions, where there are several"),
    {0}};

static const FornixPort inputs[] = {
    {"samples", FORNIX_SAMPLES, 0, "samples with logits or probabilities of classes"}, {0}};
static const FornixPort outputs[] = {
    {"samples", FORNIX_SAMPLES, 0, "a row a subject: its labels and a column probability"}, {0}};

static const FornixSamples samples = {.flags = FORNIX_NEEDS_RUN,
                                      .columns = aggregate_columns,
                                      .rows = aggregate_rows,
                                      .read = aggregate_read,
                                      .close = aggregate_close};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "aggregate",
    .doc = "Makes one prediction for each subject of those for its samples.",
    .formula = "mean-probability: mean of p; mean-logit: softmax of the mean; max: largest p of "
               "each class, over their sum; vote: share of samples",
    .attrs_size = sizeof(Aggregate),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .samples = &samples,
    .example = "<aggregate id=\"by_subject\" samples=\"predicted\" rule=\"mean-probability\"/>"};
