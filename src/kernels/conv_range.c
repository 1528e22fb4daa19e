/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Positions along an axis that share their taps; see conv_parts.h.
 *
 * Borders are met here once for all: an axis is cut where the set of taps that fall inside changes,
 * and whatever computes on a range needs neither padding nor tests. In an input gradient with
 * stride s, positions s apart meet the same taps, those with a whole (p + front - dilation k) / s.
 */
#include "conv_parts.h"

static int64_t divide_up(int64_t a, int64_t b) /* b > 0 */
{
    return a > 0 ? (a + b - 1) / b : -(-a / b);
}

static int64_t common_divisor(int64_t a, int64_t b)
{
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

typedef struct {
    int64_t in;                    /* where the first tap reads, may lie outside */
    int64_t tap, tap_step, tap_in; /* as in ConvRange */
    int64_t taps;                  /* inside or outside */
} Series;

static Series forward_series(const Conv *conv, int axis, int64_t first)
{
    return (Series){.in = first * conv->stride[axis] - conv->front[axis],
                    .tap_step = 1,
                    .tap_in = conv->dilation[axis],
                    .taps = conv->kernel[axis]};
}

static Series gradient_series(const Conv *conv, int axis, int64_t first)
{
    int64_t kernel = conv->kernel[axis], stride = conv->stride[axis];
    int64_t dilation = conv->dilation[axis], step = stride / common_divisor(stride, dilation);
    int64_t place = first + conv->front[axis] - (kernel - 1) * dilation;
    int64_t tap = 0;
    while (tap < step && (place + tap * dilation) % stride)
        tap++;
    if (tap == step || tap >= kernel)
        return (Series){.tap_step = 1, .tap_in = 1};
    return (Series){.in = (place + tap * dilation) / stride,
                    .tap = tap,
                    .tap_step = step,
                    .tap_in = step * dilation / stride,
                    .taps = divide_up(kernel - tap, step)};
}

typedef struct {
    int64_t begin, end;
} Inside;

static Inside taps_inside(const Series *series, int64_t in, int64_t size)
{
    int64_t begin = conv_max(0, divide_up(-in, series->tap_in));
    int64_t end = conv_min(series->taps, divide_up(size - in, series->tap_in));
    return begin < end ? (Inside){begin, end} : (Inside){0, 0};
}

ConvRange conv_range(const Conv *conv, ConvTask task, int axis, int64_t first, int64_t end)
{
    bool gradient = task == CONV_INPUT_GRADIENT;
    Series series =
        gradient ? gradient_series(conv, axis, first) : forward_series(conv, axis, first);
    int64_t size = conv_extent_of(conv_in(conv, task), axis);
    ConvRange range = {.first = first,
                       .step = gradient ? conv->stride[axis] : 1,
                       .count = 1,
                       .in_step = gradient ? 1 : conv->stride[axis],
                       .tap_step = series.tap_step,
                       .tap_in = series.tap_in};
    Inside inside = taps_inside(&series, series.in, size);
    range.taps = inside.end - inside.begin;
    range.tap = series.tap + inside.begin * series.tap_step;
    range.in = range.taps ? series.in + inside.begin * series.tap_in : 0;
    for (int64_t p = first + range.step; p < end; p += range.step) {
        Inside next = taps_inside(&series, series.in + range.count * range.in_step, size);
        if (next.begin != inside.begin || next.end != inside.end)
            break;
        range.count++;
    }
    return range;
}

bool conv_far(const Conv *conv)
{
    enum { FAR_FLOATS = 1 << 21, SHORT_PIXEL = 64 };
    return conv->stride[1] > 1 && conv->dilation[2] == 1 && conv->x.c <= SHORT_PIXEL &&
           fornix_floats(conv->x) >= FAR_FLOATS;
}

void conv_touch(const FornixView *x, const ConvRange *d, const ConvRange *h, const ConvRange *w,
                const float *first)
{
    enum { PIECE = 16 }; /* floats that come from memory together */
    int64_t pixels = w->taps ? (w->count - 1) * w->in_step + w->taps : 0;
    for (int64_t i = 0; i < d->taps * h->taps; i++) {
        const float *row =
            first + i / h->taps * d->tap_in * x->pitch_d + i % h->taps * h->tap_in * x->pitch_h;
        for (int64_t p = 0; p < pixels; p++)
            for (int64_t k = 0; k < x->shape.c; k += PIECE)
                (void)*(const volatile float *)(row + p * x->pitch_w + k);
    }
}
