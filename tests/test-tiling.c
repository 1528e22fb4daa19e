/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Windows cover every grid, agree exactly where they agree, and are weighed as told where not;
 * components are those that a flood fill finds. */
#include "tiling.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "cutout.h"
#include "components.h"

enum { CHANNELS = 2 };

static const TilingRequest requests[] = {
    {.grid = {9, 11, 7}, .size = {4, 4, 4}, .overlap = .5},
    {.grid = {9, 11, 7}, .size = {5, 3, 4}, .overlap = .25, .flips = {true, false, true}},
    {.grid = {3, 5, 10}, .size = {8, 6, 4}, .overlap = .5, .flips = {true, true, true}},
    {.grid = {1, 13, 17}, .size = {1, 8, 8}, .overlap = .7, .flips = {false, true, true}},
    {.grid = {1, 1, 1}, .size = {4, 3, 2}, .overlap = 0},
    {.grid = {20, 4, 5}, .size = {3, 4, 5}, .overlap = .95},
    {.grid = {8, 8, 8}, .size = {8, 8, 8}, .overlap = .5, .even = true},
    {.grid = {10, 9, 8}, .size = {4, 5, 3}, .overlap = .5, .even = true, .flips = {true, 0, 0}},
};

static int64_t volume_of(const int64_t size[3])
{
    return size[0] * size[1] * size[2];
}

static float noise(int64_t a, int64_t b)
{
    return fornix_random_uniform(fornix_random_key((uint64_t)a, "tiling"), (uint64_t)b) - .3f;
}

static FornixView view_of(const TilingRequest *r, const float *data)
{
    FornixShape s = {1, r->size[0], r->size[1], r->size[2], CHANNELS};
    return (FornixView){s, s.c, s.w * s.c, s.h * s.w * s.c, s.d * s.h * s.w * s.c, data};
}

/* ---- Cover ---- */

START_TEST(windows_cover_with_their_overlap)
{
    const TilingRequest *r = &requests[_i];
    Tiling *t = tiling_new(r);
    int64_t views = 1;
    for (int axis = 0; axis < 3; axis++) {
        int64_t count = t->count[axis], last = r->grid[axis] - r->size[axis];
        views *= count * (r->flips[axis] ? 2 : 1);
        ck_assert_int_eq(t->start[axis][0], last < 0 ? last / 2 : 0);
        if (last >= 0)
            ck_assert_int_eq(t->start[axis][count - 1], last);
        else
            ck_assert_int_eq(count, 1);
        for (int64_t k = 1; k < count; k++) { /* rounding may cost one place */
            int64_t step = t->start[axis][k] - t->start[axis][k - 1];
            ck_assert_int_gt(step, 0);
            ck_assert_double_le((double)step,
                                fmax(1, ceil((double)r->size[axis] * (1 - r->overlap))));
        }
        if (count > 1) { /* and one window less would not do */
            double step = (double)last / (double)(count - 2 ? count - 2 : 1);
            ck_assert(count == 2 ? last > 0
                                 : step > (double)r->size[axis] * (1 - r->overlap) || last < count);
        }
        for (int64_t i = 0; i < r->size[axis]; i++) {
            double q = ((double)i - (double)(r->size[axis] - 1) / 2) / ((double)r->size[axis] / 8);
            ck_assert_double_eq_tol((double)t->weight[axis][i], r->even ? 1 : exp(-q * q / 2),
                                    1e-6);
        }
    }
    ck_assert_int_eq(tiling_count(t), views);
    ck_assert_int_eq(tiling_views(r), views);
    int64_t batch = tiling_batch(r, 6);
    ck_assert(batch >= 1 && batch <= 6 && (views % batch == 0 || batch == (views < 6 ? views : 6)));
    tiling_free(t);
}
END_TEST

/* ---- Putting together ---- */

/* What is seen goes back where it was: each place, the last bit, whatever the weights. */
START_TEST(what_agrees_stays)
{
    const TilingRequest *r = &requests[_i];
    Tiling *t = tiling_new(r);
    int64_t places = volume_of(r->grid), pixels = volume_of(r->size);
    float *grid = mem_new((size_t)(places * CHANNELS), sizeof *grid);
    float *mean = mem_new((size_t)(places * CHANNELS), sizeof *mean);
    float *weight = mem_new((size_t)places, sizeof *weight);
    float *seen = mem_new((size_t)(pixels * CHANNELS), sizeof *seen);
    for (int64_t i = 0; i < places * CHANNELS; i++)
        grid[i] = noise(1, i);
    for (int64_t k = 0; k < tiling_count(t); k++) {
        tiling_take(t, k, grid, CHANNELS, seen);
        tiling_put(t, k, view_of(r, seen), 0, weight, mean);
        tiling_weigh(t, k, weight);
    }
    ck_assert_mem_eq(mean, grid, (size_t)(places * CHANNELS) * sizeof *grid);
    for (int64_t i = 0; i < places; i++)
        ck_assert_float_gt(weight[i], 0);
    mem_free(grid);
    mem_free(mean);
    mem_free(weight);
    mem_free(seen);
    tiling_free(t);
}
END_TEST

typedef struct {
    double *sum, *weight;
} Naive;

/* Straight from the definition: each place of each view, its own weight, two sums. */
static void naive_add(const Tiling *t, int64_t k, const float *made, Naive *naive)
{
    const TilingRequest *r = &t->request;
    const bool *flip = t->flipped[k % t->views];
    FornixBox box = tiling_box(t, k);
    for (int64_t i = 0; i < volume_of(r->size); i++) {
        int64_t view[] = {i / (r->size[1] * r->size[2]), i / r->size[2] % r->size[1],
                          i % r->size[2]};
        int64_t place = 0;
        double own = 1;
        bool inside = true;
        for (int axis = 0; axis < 3; axis++) {
            int64_t at = flip[axis] ? r->size[axis] - 1 - view[axis] : view[axis];
            double q = ((double)at - (double)(r->size[axis] - 1) / 2) / ((double)r->size[axis] / 8);
            own *= r->even ? 1 : exp(-q * q / 2);
            at += box.start[axis];
            inside = inside && at >= 0 && at < r->grid[axis];
            place = place * r->grid[axis] + at;
        }
        if (!inside)
            continue;
        naive->weight[place] += own;
        for (int c = 0; c < CHANNELS; c++)
            naive->sum[place * CHANNELS + c] += own * (double)made[i * CHANNELS + c];
    }
}

START_TEST(what_differs_is_weighed)
{
    const TilingRequest *r = &requests[_i];
    Tiling *t = tiling_new(r);
    int64_t places = volume_of(r->grid), pixels = volume_of(r->size);
    float *mean = mem_new((size_t)(places * CHANNELS), sizeof *mean);
    float *weight = mem_new((size_t)places, sizeof *weight);
    float *made = mem_new((size_t)(2 * pixels * CHANNELS), sizeof *made);
    Naive naive = {mem_new((size_t)(places * CHANNELS), sizeof(double)),
                   mem_new((size_t)places, sizeof(double))};
    for (int64_t k = 0; k < tiling_count(t); k++) { /* it stands second in its batch */
        float *second = made + pixels * CHANNELS;
        for (int64_t i = 0; i < pixels * CHANNELS; i++)
            second[i] = noise(k, i);
        tiling_put(t, k, view_of(r, made), 1, weight, mean);
        tiling_weigh(t, k, weight);
        naive_add(t, k, second, &naive);
    }
    for (int64_t i = 0; i < places * CHANNELS; i++)
        ck_assert_double_eq_tol((double)mean[i], naive.sum[i] / naive.weight[i / CHANNELS], 2e-6);
    mem_free(mean);
    mem_free(weight);
    mem_free(made);
    mem_free(naive.sum);
    mem_free(naive.weight);
    tiling_free(t);
}
END_TEST

/* ---- Boxes ---- */

START_TEST(boxes_repeat_the_edge)
{
    enum { D = 3, H = 4, W = 5 };
    static const FornixBox boxes[] = {{{0, 0, 0}, {3, 4, 5}},  {{1, 1, 2}, {1, 2, 2}},
                                      {{-2, 1, 3}, {7, 2, 6}}, {{-5, -5, -5}, {3, 3, 3}},
                                      {{8, 9, 10}, {2, 3, 2}}, {{0, 0, -1}, {1, 1, 8}},
                                      {{2, -1, 0}, {2, 6, 4}}};
    float grid[D * H * W * CHANNELS], out[400];
    for (int i = 0; i < D * H * W * CHANNELS; i++)
        grid[i] = (float)i;
    for (size_t b = 0; b < COUNT(boxes); b++) {
        const FornixBox *box = &boxes[b];
        cutout_take(box, grid, (int64_t[]){D, H, W}, CHANNELS, out);
        for (int64_t i = 0; i < volume_of(box->size); i++) {
            double d = (double)(box->start[0] + i / (box->size[1] * box->size[2]));
            double h = (double)(box->start[1] + i / box->size[2] % box->size[1]);
            double w = (double)(box->start[2] + i % box->size[2]);
            int64_t from = (int64_t)fmin(fmax(d, 0), D - 1) * H * W +
                           (int64_t)fmin(fmax(h, 0), H - 1) * W + (int64_t)fmin(fmax(w, 0), W - 1);
            for (int c = 0; c < CHANNELS; c++)
                ck_assert_float_eq(out[i * CHANNELS + c], grid[from * CHANNELS + c]);
        }
    }
    int64_t size[3];
    ck_assert(cutout_size(&(FornixDims){{8, 8, 8}, 1}, (int64_t[]){1, 20, 20}, size) &&
              size[0] == 1);
    ck_assert(cutout_size(&(FornixDims){{8, 8, 8}, 1}, (int64_t[]){2, 20, 20}, size) &&
              size[0] == 8);
    ck_assert(!cutout_size(&(FornixDims){{2, 8, 8}, 3}, (int64_t[]){1, 20, 20}, size));
}
END_TEST

/* ---- Components ---- */

typedef struct {
    const float *classes;
    const int64_t *size;
    int reach; /* of how many axes a neighbour may differ in */
    bool each_class;
    int32_t *mark; /* 0: not seen */
} Fill;

static bool alike(const Fill *fill, int64_t a, int64_t b)
{
    float x = fill->classes[a], y = fill->classes[b];
    return x >= 1 && y >= 1 && (!fill->each_class || x == y);
}

static int64_t fill_from(const Fill *fill, int64_t first, int32_t mark)
{
    int64_t voxels = volume_of(fill->size), count = 0, open = 0;
    int64_t *stack = mem_new((size_t)voxels, sizeof *stack);
    stack[open++] = first;
    fill->mark[first] = mark;
    while (open) {
        int64_t at = stack[--open];
        count++;
        for (int step = 0; step < 27; step++) {
            int64_t by[] = {step / 9 - 1, step / 3 % 3 - 1, step % 3 - 1};
            int64_t to[] = {at / (fill->size[1] * fill->size[2]),
                            at / fill->size[2] % fill->size[1], at % fill->size[2]};
            int differs = 0;
            bool inside = true;
            for (int axis = 0; axis < 3; axis++) {
                to[axis] += by[axis];
                differs += by[axis] != 0;
                inside = inside && to[axis] >= 0 && to[axis] < fill->size[axis];
            }
            int64_t next = (to[0] * fill->size[1] + to[1]) * fill->size[2] + to[2];
            if (!inside || differs > fill->reach || fill->mark[next] || !alike(fill, at, next))
                continue;
            fill->mark[next] = mark;
            stack[open++] = next;
        }
    }
    mem_free(stack);
    return count;
}

/* keeps[i]: whether place i belongs to the largest component of its class. */
static void naive_largest(const Fill *fill, bool *keeps)
{
    int64_t most[8] = {0}, voxels = volume_of(fill->size);
    int32_t best[8] = {0}, mark = 0;
    for (int64_t i = 0; i < voxels; i++) {
        if (fill->classes[i] < 1 || fill->mark[i])
            continue;
        int class = fill->each_class ? (int)fill->classes[i] : 1;
        int64_t count = fill_from(fill, i, ++mark);
        if (count > most[class]) {
            most[class] = count;
            best[class] = mark;
        }
    }
    for (int64_t i = 0; i < voxels; i++)
        keeps[i] =
            fill->mark[i] && best[fill->each_class ? (int)fill->classes[i] : 1] == fill->mark[i];
}

START_TEST(components_are_those_of_a_flood_fill)
{
    static const int64_t sizes[][3] = {{6, 7, 9}, {1, 12, 12}, {5, 1, 8}, {1, 1, 30}, {10, 9, 8}};
    const int64_t *size = sizes[_i % 5];
    int64_t voxels = volume_of(size), cleared = 0, kept = 0;
    int neighbours = _i / 5 % 3, sparse = _i / 15 % 4;
    bool each_class = _i / 60;
    float *classes = mem_new((size_t)voxels, sizeof *classes);
    float *found = mem_new((size_t)voxels, sizeof *found);
    bool *keeps = mem_new((size_t)voxels, sizeof *keeps);
    for (int64_t i = 0; i < voxels; i++) {
        float u = noise(_i, i) + .3f;
        classes[i] = u < .2f * (float)(sparse + 1) ? 0 : u < .93f ? 1 : 3;
    }
    memcpy(found, classes, (size_t)voxels * sizeof *found);
    Fill fill = {classes, size, neighbours + 1, each_class, mem_new((size_t)voxels, 4)};
    naive_largest(&fill, keeps);
    int64_t told = components_keep_largest(found, size, (Neighbours)neighbours, each_class);
    for (int64_t i = 0; i < voxels; i++) {
        ck_assert_float_eq(found[i], keeps[i] ? classes[i] : 0);
        cleared += classes[i] >= 1 && !keeps[i];
        kept += keeps[i];
    }
    ck_assert_int_eq(told, cleared);
    ck_assert_int_gt(kept, 0);
    mem_free(fill.mark);
    mem_free(classes);
    mem_free(found);
    mem_free(keeps);
}
END_TEST

START_TEST(nothing_has_no_components)
{
    float none[24] = {0}, odd[] = {-1, .5f, NAN, 1};
    ck_assert_int_eq(components_keep_largest(none, (int64_t[]){2, 3, 4}, NEIGHBOURS_26, true), 0);
    ck_assert_int_eq(components_keep_largest(odd, (int64_t[]){1, 1, 4}, NEIGHBOURS_6, false), 0);
    ck_assert_float_eq(odd[3], 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tiling");
    TCase *tiling = tcase_create("tiling"), *components = tcase_create("components");
    int count = (int)COUNT(requests);
    tcase_add_loop_test(tiling, windows_cover_with_their_overlap, 0, count);
    tcase_add_loop_test(tiling, what_agrees_stays, 0, count);
    tcase_add_loop_test(tiling, what_differs_is_weighed, 0, count);
    tcase_add_test(tiling, boxes_repeat_the_edge);
    tcase_add_loop_test(components, components_are_those_of_a_flood_fill, 0, 120);
    tcase_add_test(components, nothing_has_no_components);
    suite_add_tcase(suite, tiling);
    suite_add_tcase(suite, components);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
