/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Layers that measure, run by hand: what a batch gives, and the figures that rows become. */
#ifndef FORNIX_TESTS_SCORES_H
#define FORNIX_TESTS_SCORES_H

#include "measure.h"
#include "tables.h"

static inline const FornixNode *made_node(const Made *made, const char *name)
{
    const Plugin *plugin = registry_find(made->registry, name);
    ck_assert_msg(plugin != NULL, "no plugin %s", name);
    return plugin->node;
}

static inline FornixView view_of(FornixShape s, const float *data)
{
    return (FornixView){s, s.c, s.w * s.c, s.h * s.w * s.c, s.d * s.h * s.w * s.c, data};
}

static inline FornixTensor tensor_of(FornixShape s, float *data)
{
    return (FornixTensor){s, s.c, s.w * s.c, s.h * s.w * s.c, s.d * s.h * s.w * s.c, data};
}

/* The figures "watch.it", "watch.it.iou" that rows of a metric become, rows of the table in order.
 */
static inline void scores_finish(const FornixNode *node, void *attrs, FornixView rows,
                                 const FornixTable *table, Figures *figures)
{
    Node producer = {.type = node, .layer = node->layer, .attrs = attrs};
    Value value = {.path = "it", .shape = rows.shape, .kind = FORNIX_METRIC, .producer = &producer};
    Value *values[] = {&value};
    int64_t *row = mem_new((size_t)rows.shape.n + 1, sizeof *row);
    for (int64_t i = 0; i < rows.shape.n; i++)
        row[i] = i;
    ck_assert_ptr_nonnull(table);
    Measure *measure = measure_new(values, 1, table);
    measure_add(measure, 0, rows, row, rows.shape.n);
    measure_finish(measure, "watch.", figures);
    measure_free(measure);
    mem_free(row);
}

static inline double scores_figure(const Figures *figures, const char *name)
{
    const Figure *figure = figures_find(figures, name);
    ck_assert_msg(figure != NULL, "no figure %s", name);
    return figure->value;
}

#endif
