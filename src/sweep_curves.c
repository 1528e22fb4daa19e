/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The curves of a sweep's arms: all predictions of an arm's runs together, each of a subject that
 * its run had not seen, so that a curve of five folds is one of all subjects.
 *
 * Probabilities of runs need not mean the same, which can only bend such a curve down: figures are
 * means over runs instead, and stand elsewhere.
 */
#include <jansson.h>
#include <string.h>

#include "classification_report.h"
#include "findings.h"
#include "sweep_entries.h"

enum { ROWS_MOST = 1000 }; /* of a curve */

typedef struct Pool {
    int32_t *truth, *predicted;
    double *score;
    Predictions predictions;
} Pool;

/* Classes are those of the arm's first run. */
static bool is_pooled(const Entry *entry, const char *label, int32_t classes)
{
    return entry->arm->classes == classes && strcmp(entry->label, label) == 0;
}

static void pool_open(const Pairing *p, const char *label, int32_t classes, Pool *pool)
{
    int64_t all = 0, at = 0;
    for (size_t k = 0; k < p->count; k++)
        all += is_pooled(&p->entries[k], label, classes) ? p->entries[k].arm->samples : 0;
    pool->truth = mem_new((size_t)all + 1, sizeof *pool->truth);
    pool->predicted = mem_new((size_t)all + 1, sizeof *pool->predicted);
    pool->score = mem_new((size_t)all + 1, (size_t)classes * sizeof *pool->score);
    for (size_t k = 0; k < p->count; k++) {
        const Arm *arm = p->entries[k].arm;
        if (!is_pooled(&p->entries[k], label, classes))
            continue;
        size_t samples = (size_t)arm->samples;
        memcpy(pool->truth + at, arm->truth, samples * sizeof *pool->truth);
        memcpy(pool->predicted + at, arm->predicted, samples * sizeof *pool->predicted);
        memcpy(pool->score + at * classes, arm->score,
               samples * (size_t)classes * sizeof *pool->score);
        at += arm->samples;
    }
    pool->predictions = (Predictions){all, classes, pool->truth, pool->predicted, pool->score};
}

static void pool_close(Pool *pool)
{
    mem_free(pool->truth);
    mem_free(pool->predicted);
    mem_free(pool->score);
}

static void take_curve(void *curves, const char *name, const FornixCurve *curve)
{
    json_object_set_new(curves, name, findings_curve_json(curve, ROWS_MOST));
}

json_t *sweep_arm_curves(const Pairing *pairing, const char *label)
{
    const Pairing *p = pairing;
    const Arm *first = NULL;
    for (size_t k = 0; k < p->count && !first; k++)
        if (strcmp(p->entries[k].label, label) == 0)
            first = p->entries[k].arm;
    if (!first || !first->truth)
        return NULL;
    Pool pool;
    json_t *curves = json_object();
    int column = fornix_find_column(first->table, "truth");
    pool_open(p, label, first->classes, &pool);
    Judge *judge = judge_new(&pool.predictions);
    classification_curves(&(CurveRequest){.predictions = &pool.predictions,
                                          .judge = judge,
                                          .label = fornix_column(first->table, column),
                                          .take = take_curve,
                                          .context = curves});
    judge_free(judge);
    pool_close(&pool);
    return curves;
}
