/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tiling.h"

#include <math.h>
#include <string.h>

#include "base.h"
#include "cutout.h"

/* As few as leave the overlap. */
static int64_t axis_count(const TilingRequest *r, int axis)
{
    int64_t slack = r->grid[axis] - r->size[axis];
    double step = fmax((double)r->size[axis] * (1 - r->overlap), 1);
    return slack > 0 ? (int64_t)ceil((double)slack / step) + 1 : 1;
}

/* Spread evenly; in the middle of a grid that is no larger. */
static void axis_begin(Tiling *tiling, int axis)
{
    const TilingRequest *r = &tiling->request;
    int64_t size = r->size[axis], slack = r->grid[axis] - size;
    int64_t steps = axis_count(r, axis) - 1;
    tiling->count[axis] = steps + 1;
    tiling->start[axis] = mem_new((size_t)steps + 1, sizeof(int64_t));
    tiling->start[axis][0] = slack < 0 ? slack / 2 : 0;
    for (int64_t k = 1; k <= steps; k++)
        tiling->start[axis][k] = (2 * k * slack + steps) / (2 * steps);
    tiling->weight[axis] = mem_new((size_t)size, sizeof(float));
    for (int64_t i = 0; i < size; i++) {
        double sigmas = 8 * ((double)i - (double)(size - 1) / 2) / (double)size;
        tiling->weight[axis][i] = r->even ? 1 : (float)exp(-sigmas * sigmas / 2);
    }
}

/* Whether view number `choice` of eight, bit a for a flip along axis a, is one that is asked for.
 */
static bool is_asked(const TilingRequest *r, int choice)
{
    for (int axis = 0; axis < 3; axis++)
        if (choice >> axis & 1 && !r->flips[axis])
            return false;
    return true;
}

Tiling *tiling_new(const TilingRequest *request)
{
    Tiling *tiling = mem_new(1, sizeof *tiling);
    tiling->request = *request;
    for (int axis = 0; axis < 3; axis++)
        axis_begin(tiling, axis);
    for (int choice = 0; choice < 8; choice++) {
        if (!is_asked(request, choice))
            continue;
        for (int axis = 0; axis < 3; axis++)
            tiling->flipped[tiling->views][axis] = choice >> axis & 1;
        tiling->views++;
    }
    return tiling;
}

int64_t tiling_views(const TilingRequest *request)
{
    int64_t views = 0;
    for (int choice = 0; choice < 8; choice++)
        views += is_asked(request, choice);
    for (int axis = 0; axis < 3; axis++)
        views *= axis_count(request, axis);
    return views;
}

int64_t tiling_batch(const TilingRequest *request, int64_t most)
{
    int64_t views = tiling_views(request);
    most = most < views ? most : views;
    for (int64_t batch = most; 2 * batch >= most; batch--)
        if (views % batch == 0)
            return batch;
    return most;
}

void tiling_free(Tiling *tiling)
{
    for (int axis = 0; tiling && axis < 3; axis++) {
        mem_free(tiling->start[axis]);
        mem_free(tiling->weight[axis]);
    }
    mem_free(tiling);
}

int64_t tiling_count(const Tiling *tiling)
{
    return tiling_views(&tiling->request);
}

FornixBox tiling_box(const Tiling *tiling, int64_t k)
{
    FornixBox box;
    k /= tiling->views;
    for (int axis = 2; axis >= 0; axis--) {
        box.size[axis] = tiling->request.size[axis];
        box.start[axis] = tiling->start[axis][k % tiling->count[axis]];
        k /= tiling->count[axis];
    }
    return box;
}

/* Where place i of a window lies in its view along an axis. */
static int64_t in_view(const Tiling *tiling, int64_t k, int axis, int64_t i)
{
    bool flipped = tiling->flipped[k % tiling->views][axis];
    return flipped ? tiling->request.size[axis] - 1 - i : i;
}

static void swap_pixels(float *a, float *b, int64_t floats)
{
    for (int64_t i = 0; i < floats; i++) {
        float value = a[i];
        a[i] = b[i];
        b[i] = value;
    }
}

void tiling_take(const Tiling *tiling, int64_t k, const float *grid, int64_t channels, float *out)
{
    const int64_t *size = tiling->request.size;
    FornixBox box = tiling_box(tiling, k);
    cutout_take(&box, grid, tiling->request.grid, channels, out);
    /* One axis after the other, in place: before it `outer` blocks, behind it `inner` floats. */
    for (int axis = 0; axis < 3; axis++) {
        int64_t outer = 1, inner = channels;
        for (int before = 0; before < axis; before++)
            outer *= size[before];
        for (int behind = axis + 1; behind < 3; behind++)
            inner *= size[behind];
        for (int64_t o = 0; tiling->flipped[k % tiling->views][axis] && o < outer; o++)
            for (int64_t i = 0; i < size[axis] / 2; i++) {
                float *block = out + o * size[axis] * inner;
                swap_pixels(block + i * inner, block + (size[axis] - 1 - i) * inner, inner);
            }
    }
}

/* ---- Putting together -------------------------------------------------------------------- */

/* Lines of a window along W, as far as they lie in the grid. */
typedef struct {
    FornixBox box;
    int64_t begin[3], end[3]; /* places of the window */
} Inside;

static Inside window_inside(const Tiling *tiling, int64_t k)
{
    Inside inside = {.box = tiling_box(tiling, k)};
    for (int axis = 0; axis < 3; axis++) {
        int64_t start = inside.box.start[axis], size = inside.box.size[axis];
        int64_t left = tiling->request.grid[axis] - start;
        inside.begin[axis] = start < 0 ? -start : 0;
        inside.end[axis] = left < size ? left : size;
    }
    return inside;
}

/* The place in the grid where line (d, h) enters it. */
static int64_t line_place(const Tiling *tiling, const Inside *inside, int64_t d, int64_t h)
{
    const int64_t *grid = tiling->request.grid, *start = inside->box.start;
    return ((start[0] + d) * grid[1] + start[1] + h) * grid[2] + start[2] + inside->begin[2];
}

typedef struct {
    const float *from; /* its first place in the view */
    int64_t step;      /* floats to the next place; negative where flipped */
    int64_t places, channels;
    const float *weight, *seen; /* of this window by place, and of those before */
    float other;                /* what the line counts */
} Line;

/* A running mean instead of two sums: where the new value is the mean, the mean stays as it is. */
static void line_blend(const Line *line, float *mean)
{
    for (int64_t w = 0; w < line->places; w++) {
        float own = line->weight[w] * line->other, share = own / (line->seen[w] + own);
        const float *from = line->from + w * line->step;
        float *to = mean + w * line->channels;
        for (int64_t c = 0; c < line->channels; c++)
            to[c] += share * (from[c] - to[c]);
    }
}

void tiling_put(const Tiling *tiling, int64_t k, FornixView made, int64_t n, const float *weight,
                float *mean)
{
    Inside inside = window_inside(tiling, k);
    int64_t first = inside.begin[2];
    Line line = {.step = tiling->flipped[k % tiling->views][2] ? -made.pitch_w : made.pitch_w,
                 .places = inside.end[2] - first,
                 .channels = made.shape.c,
                 .weight = tiling->weight[2] + first};
    for (int64_t d = inside.begin[0]; d < inside.end[0]; d++)
        for (int64_t h = inside.begin[1]; h < inside.end[1]; h++) {
            int64_t place = line_place(tiling, &inside, d, h);
            line.from = made.data + n * made.pitch_n + in_view(tiling, k, 0, d) * made.pitch_d +
                        in_view(tiling, k, 1, h) * made.pitch_h +
                        in_view(tiling, k, 2, first) * made.pitch_w;
            line.seen = weight + place;
            line.other = tiling->weight[0][d] * tiling->weight[1][h];
            line_blend(&line, mean + place * made.shape.c);
        }
}

void tiling_weigh(const Tiling *tiling, int64_t k, float *weight)
{
    Inside inside = window_inside(tiling, k);
    for (int64_t d = inside.begin[0]; d < inside.end[0]; d++)
        for (int64_t h = inside.begin[1]; h < inside.end[1]; h++) {
            float *to = weight + line_place(tiling, &inside, d, h);
            float other = tiling->weight[0][d] * tiling->weight[1][h];
            for (int64_t w = inside.begin[2]; w < inside.end[2]; w++)
                *to++ += tiling->weight[2][w] * other;
        }
}
