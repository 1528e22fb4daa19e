/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A list of numbers as an attribute: checked in infer, read in open. Internal to nodes/. */
#ifndef FORNIX_NUMBER_LIST_H
#define FORNIX_NUMBER_LIST_H

#include "base.h"
#include "node.h"
#include "text.h"

/* Whether the list is empty or holds `count` numbers from `low` on. */
static inline bool numbers_check(FornixInfer *infer, const char *attr, const FornixList *list,
                                 int64_t count, double low)
{
    double value;
    if (list->count && list->count != count)
        return fornix_infer_fail(infer, attr, "%lld numbers where %lld are needed",
                                 (long long)list->count, (long long)count);
    for (int64_t k = 0; k < list->count; k++)
        if (!text_to_real(list->items[k], &value) || value < low || value > 1e6)
            return fornix_infer_fail(infer, attr, "'%s' is no number from %g to 1e6",
                                     list->items[k], low);
    return true;
}

/* `count` numbers, 1 where the list is empty; freed with mem_free. */
static inline float *numbers_open(const FornixList *list, int64_t count)
{
    float *numbers = mem_new((size_t)count, sizeof *numbers);
    for (int64_t k = 0; k < count; k++) {
        double value = 1;
        if (list->count)
            text_to_real(list->items[k], &value);
        numbers[k] = (float)value;
    }
    return numbers;
}

#endif
