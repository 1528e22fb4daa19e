/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What tests of kernels need: pitched tensors between guards, passes run in any order, and slopes
 * by central differences of a naive double reference. */
#ifndef FORNIX_TESTS_KERNELS_H
#define FORNIX_TESTS_KERNELS_H

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../src/box.h"
#include "../src/kernels/elementwise.h"
#include "../src/kernels/lanes.h"

static inline void *test_memory(int64_t count, size_t size)
{
    void *memory = calloc((size_t)count + 1, size);
    ck_assert_ptr_nonnull(memory);
    return memory;
}

static inline double *doubles(int64_t count)
{
    return (double *)test_memory(count, sizeof(double));
}

static inline double *box_doubles(const Box *box)
{
    double *values = doubles(fornix_floats(box->tensor.shape));
    for (int64_t i = 0; i < fornix_floats(box->tensor.shape); i++)
        values[i] = (double)*box_at(box, i);
    return values;
}

/* Nothing was written between the pixels nor round it, and all of the tensor was. */
static inline void box_check(const Box *box)
{
    int64_t at;
    BoxState state = box_state(box, &at);
    ck_assert_msg(state == BOX_FINE, "float %ld of a %s", (long)at,
                  state == BOX_OUTSIDE ? "guard was written" : "tensor was not written");
}

static inline void box_same(const Box *a, const Box *b)
{
    ck_assert_mem_eq(a->memory, b->memory, a->count * sizeof(float));
}

static inline void box_near(const Box *box, const double *expected, double tolerance)
{
    double most_off = 0, scale = 1e-30;
    int64_t worst = 0;
    for (int64_t i = 0; i < fornix_floats(box->tensor.shape); i++) {
        double off = fabs((double)*box_at(box, i) - expected[i]);
        if (!(off <= most_off)) {
            most_off = off;
            worst = i;
        }
        scale = fmax(scale, fabs(expected[i]));
    }
    ck_assert_msg(most_off <= tolerance * scale, "element %ld is %.9g, not %.9g", (long)worst,
                  (double)*box_at(box, worst), expected[worst]);
}

/* Grains [0, grains): all at once, or one by one from the last to the first. */
#define RUN_GRAINS(grains, one_by_one, call)                                                       \
    do {                                                                                           \
        int64_t grain_count = (grains);                                                            \
        for (int64_t last = grain_count; last > 0; last = (one_by_one) ? last - 1 : 0) {           \
            int64_t begin = (one_by_one) ? last - 1 : 0, end = last;                               \
            call;                                                                                  \
        }                                                                                          \
    } while (0)

/* d f / d values[i] by central difference. */
typedef double Reference(const void *problem);

static inline double slope_of(Reference *reference, const void *problem, double *value)
{
    double kept = *value, step = 1e-5;
    *value = kept + step;
    double above = reference(problem);
    *value = kept - step;
    double below = reference(problem);
    *value = kept;
    return (above - below) / (2 * step);
}

/* A few gradients, spread over all elements, against slopes of the reference. */
static inline void slopes_near(Reference *reference, const void *problem, double *values,
                               const Box *gradient, double tolerance)
{
    int64_t count = fornix_floats(gradient->tensor.shape), step = count / 12 + 1;
    double scale = 1e-5; /* below that, rounding is all there is */
    for (int64_t i = 0; i < count; i++)
        scale = fmax(scale, fabs((double)*box_at(gradient, i)));
    for (int64_t i = 0; i < count; i += step) {
        double expected = slope_of(reference, problem, &values[i]);
        double found = (double)*box_at(gradient, i);
        if (!(fabs(found - expected) <= tolerance * scale))
            ck_abort_msg("gradient %ld of %ld is %.9g, not %.9g", (long)i, (long)count, found,
                         expected);
    }
}

#define SHAPE_COUNT 7
static const FornixShape test_shapes[SHAPE_COUNT] = {
    {2, 3, 4, 5, 3},  {1, 1, 1, 7, 17},  {3, 1, 9, 8, 16},   {2, 2, 2, 2, 8},
    {5, 1, 1, 1, 40}, {2, 3, 30, 40, 5}, {1, 1, 45, 70, 16},
};

#endif
