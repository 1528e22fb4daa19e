/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pool.h"

#include <math.h>

#include "lanes.h"

static int64_t pool_size(const Pool *pool, int axis, int64_t size)
{
    int64_t room = size + 2 * pool->padding[axis] - pool->kernel[axis];
    return room < 0 ? 0 : room / pool->stride[axis] + 1;
}

FornixShape pool_output(const Pool *pool, FornixShape x)
{
    return (FornixShape){x.n, pool_size(pool, 0, x.d), pool_size(pool, 1, x.h),
                         pool_size(pool, 2, x.w), x.c};
}

static int winner_size(const Pool *pool)
{
    return pool->kernel[0] * pool->kernel[1] * pool->kernel[2] <= 256 ? 1 : 4;
}

int64_t pool_winner_bytes(const Pool *pool, FornixShape x)
{
    return fornix_floats(pool_output(pool, x)) * winner_size(pool);
}

int64_t pool_grains(const Pool *pool, FornixShape x)
{
    FornixShape y = pool_output(pool, x);
    return y.n * y.d * y.h;
}

/* Along one axis: which of a window's taps lie in [low, high). */
typedef struct {
    int64_t origin, first, last; /* input position of tap 0; taps [first, last) */
} Taps;

INLINE Taps pool_taps(const Pool *pool, int axis, int64_t out, int64_t low, int64_t high)
{
    int64_t origin = out * pool->stride[axis] - pool->padding[axis];
    return (Taps){origin, most(0, low - origin), least(pool->kernel[axis], high - origin)};
}

/* A window: its taps inside the image (or a grain's box) and where they are found. */
typedef struct {
    Taps d, h, w;
    int64_t pitch_d, pitch_h, pitch_w; /* of the tensor that the taps index */
    int64_t kernel_h, kernel_w;
    float divisor;
} Window;

/* Runs a statement for each tap of a window, with its `offset` in floats and its number `tap`. */
#define FOR_TAPS(window, statement)                                                                \
    for (int64_t kd = (window)->d.first; kd < (window)->d.last; kd++)                              \
        for (int64_t kh = (window)->h.first; kh < (window)->h.last; kh++)                          \
            for (int64_t kw = (window)->w.first; kw < (window)->w.last; kw++) {                    \
                int64_t offset = ((window)->d.origin + kd) * (window)->pitch_d +                   \
                                 ((window)->h.origin + kh) * (window)->pitch_h +                   \
                                 ((window)->w.origin + kw) * (window)->pitch_w;                    \
                int32_t tap = (int32_t)((kd * (window)->kernel_h + kh) * (window)->kernel_w + kw); \
                statement;                                                                         \
            }

/* Runs a statement on `some`, a copy of the window: constants where it is 2 x 2 x 2 or 1 x 2 x 2.
 */
#define WITH_WINDOW(window, statement)                                                             \
    do {                                                                                           \
        Window some = *(window);                                                                   \
        if (window_halves(&some, 2)) {                                                             \
            window_fix(&some, 2);                                                                  \
            statement;                                                                             \
        } else if (window_halves(&some, 1)) {                                                      \
            window_fix(&some, 1);                                                                  \
            statement;                                                                             \
        } else {                                                                                   \
            statement;                                                                             \
        }                                                                                          \
    } while (0)

INLINE bool window_halves(const Window *window, int depth)
{
    return window->kernel_h == 2 && window->kernel_w == 2 && window->d.first == 0 &&
           window->d.last == depth && window->h.first == 0 && window->h.last == 2 &&
           window->w.first == 0 && window->w.last == 2;
}

INLINE void window_fix(Window *window, int depth)
{
    window->kernel_h = window->kernel_w = 2;
    window->d.first = window->h.first = window->w.first = 0;
    window->d.last = depth;
    window->h.last = window->w.last = 2;
}

INLINE void max_lanes(const Window *window, const float *x, float *y, void *winner, bool bytes,
                      int width)
{
    float best[LANES];
    int32_t at[LANES];
    int32_t first =
        (int32_t)((window->d.first * window->kernel_h + window->h.first) * window->kernel_w +
                  window->w.first);
    FOR_LANES (l, width) {
        best[l] = -INFINITY;
        at[l] = first;
    }
    FOR_TAPS(
        window, FOR_LANES (l, width) {
            float value = x[offset + l];
            bool better = (value > best[l]) | (value != value);
            best[l] = better ? value : best[l];
            at[l] = better ? tap : at[l];
        })
    FOR_LANES (l, width)
        y[l] = best[l];
    if (winner && bytes)
        FOR_LANES (l, width)
            ((uint8_t *)winner)[l] = (uint8_t)at[l];
    else if (winner)
        FOR_LANES (l, width)
            ((int32_t *)winner)[l] = at[l];
}

INLINE void average_lanes(const Window *window, const float *x, float *y, int width)
{
    float sum[LANES] = {0};
    FOR_TAPS(window, (void)tap; FOR_LANES (l, width) sum[l] += x[offset + l])
    FOR_LANES (l, width)
        y[l] = sum[l] / window->divisor;
}

INLINE float pool_divisor(const Pool *pool, FornixShape x, int64_t d, int64_t h, int64_t w)
{
    if (!pool->pixels_alone)
        return (float)(pool->kernel[0] * pool->kernel[1] * pool->kernel[2]);
    Taps taps[3] = {pool_taps(pool, 0, d, 0, x.d), pool_taps(pool, 1, h, 0, x.h),
                    pool_taps(pool, 2, w, 0, x.w)};
    return (float)((taps[0].last - taps[0].first) * (taps[1].last - taps[1].first) *
                   (taps[2].last - taps[2].first));
}

INLINE void pool_forward_body(const Pool *pool, const PoolForward *forward, int64_t begin,
                              int64_t end)
{
    const FornixView *x = &forward->x;
    FornixShape in = x->shape, out = forward->y.shape;
    int size = winner_size(pool);
    Window window = {.pitch_d = x->pitch_d,
                     .pitch_h = x->pitch_h,
                     .pitch_w = x->pitch_w,
                     .kernel_h = pool->kernel[1],
                     .kernel_w = pool->kernel[2]};
    for (int64_t row = begin; row < end; row++) {
        int64_t n = row / out.h / out.d, d = row / out.h % out.d, h = row % out.h;
        window.d = pool_taps(pool, 0, d, 0, in.d);
        window.h = pool_taps(pool, 1, h, 0, in.h);
        for (int64_t w = 0; w < out.w; w++) {
            window.w = pool_taps(pool, 2, w, 0, in.w);
            window.divisor = pool_divisor(pool, in, d, h, w);
            int64_t pixel = row * out.w + w;
            for (int64_t c = 0; c < in.c; c += LANES) {
                const float *from = x->data + n * x->pitch_n + c;
                float *y = forward->y.data + pixel * forward->y.pitch_w + c;
                void *winner =
                    forward->winner ? (char *)forward->winner + (pixel * in.c + c) * size : NULL;
                if (pool->average)
                    WITH_WIDTH(lane_count(LANES, in.c, c), average_lanes(&window, from, y, width));
                else if (size == 1)
                    WITH_WINDOW(&window,
                                WITH_WIDTH(lane_count(LANES, in.c, c),
                                           max_lanes(&some, from, y, winner, true, width)));
                else
                    WITH_WIDTH(lane_count(LANES, in.c, c),
                               max_lanes(&window, from, y, winner, false, width));
            }
        }
    }
}

ISA_KERNEL(pool_forward, (const Pool *pool, const PoolForward *forward, int64_t begin, int64_t end),
           (pool, forward, begin, end))

INLINE void send_max_lanes(const Window *window, float *dx, const float *dy, const void *winner,
                           bool bytes, int width)
{
    float gradient[LANES] = {0};
    int32_t at[LANES] = {0};
    FOR_LANES (l, width) {
        gradient[l] = dy[l];
        at[l] = bytes ? ((const uint8_t *)winner)[l] : ((const int32_t *)winner)[l];
    }
    FOR_TAPS(window, FOR_LANES (l, width) dx[offset + l] += at[l] == tap ? gradient[l] : 0.0f)
}

INLINE void send_average_lanes(const Window *window, float *dx, const float *dy, int width)
{
    float share[LANES] = {0};
    FOR_LANES (l, width)
        share[l] = dy[l] / window->divisor;
    FOR_TAPS(window, (void)tap; FOR_LANES (l, width) dx[offset + l] += share[l])
}

/* Along one axis: input positions [low, high) that grain number `out` owns, and the windows
 * [first, last) that touch them. */
typedef struct {
    int64_t low, high, first, last;
} Own;

INLINE Own pool_own(const Pool *pool, int axis, int64_t out, int64_t outs, int64_t size)
{
    int64_t stride = pool->stride[axis], padding = pool->padding[axis], k = pool->kernel[axis];
    int64_t start = out * stride - padding;
    Own own = {.low = out == 0 ? 0 : least(size, most(0, start)),
               .high = out == outs - 1 ? size : least(size, most(0, start + stride))};
    own.first = own.low + padding < k ? 0 : (own.low + padding - k) / stride + 1;
    own.last = least(outs, (own.high - 1 + padding) / stride + 1);
    return own;
}

INLINE void clear_row(float *data, int64_t pitch, int64_t pixels, int64_t channels)
{
    for (int64_t p = 0; p < pixels; p++)
        for (int64_t c = 0; c < channels; c++)
            data[p * pitch + c] = 0;
}

INLINE void send_window(const Pool *pool, const PoolBackward *backward, const Window *window,
                        int64_t pixel, int64_t sample)
{
    const FornixTensor *dx = &backward->dx;
    int size = winner_size(pool);
    for (int64_t c = 0; c < dx->shape.c; c += LANES) {
        float *to = dx->data + sample * dx->pitch_n + c;
        const float *dy = backward->dy.data + pixel * backward->dy.pitch_w + c;
        const char *winner = backward->winner;
        if (!pool->average)
            winner += (pixel * dx->shape.c + c) * size;
        if (pool->average)
            WITH_WIDTH(lane_count(LANES, dx->shape.c, c),
                       send_average_lanes(window, to, dy, width));
        else if (size == 1)
            WITH_WINDOW(window, WITH_WIDTH(lane_count(LANES, dx->shape.c, c),
                                           send_max_lanes(&some, to, dy, winner, true, width)));
        else
            WITH_WIDTH(lane_count(LANES, dx->shape.c, c),
                       send_max_lanes(window, to, dy, winner, false, width));
    }
}

INLINE void pool_gather(const Pool *pool, const PoolBackward *backward, int64_t n, Own box_d,
                        Own box_h)
{
    const FornixTensor *dx = &backward->dx;
    FornixShape in = dx->shape, out = backward->dy.shape;
    Window window = {.pitch_d = dx->pitch_d,
                     .pitch_h = dx->pitch_h,
                     .pitch_w = dx->pitch_w,
                     .kernel_h = pool->kernel[1],
                     .kernel_w = pool->kernel[2]};
    for (int64_t d = box_d.low; d < box_d.high && !backward->adds; d++)
        for (int64_t h = box_h.low; h < box_h.high; h++)
            clear_row(dx->data + n * dx->pitch_n + d * dx->pitch_d + h * dx->pitch_h, dx->pitch_w,
                      in.w, in.c);
    for (int64_t d = box_d.first; d < box_d.last; d++)
        for (int64_t h = box_h.first; h < box_h.last; h++) {
            window.d = pool_taps(pool, 0, d, box_d.low, box_d.high);
            window.h = pool_taps(pool, 1, h, box_h.low, box_h.high);
            for (int64_t w = 0; w < out.w; w++) {
                window.w = pool_taps(pool, 2, w, 0, in.w);
                window.divisor = pool_divisor(pool, in, d, h, w);
                send_window(pool, backward, &window, ((n * out.d + d) * out.h + h) * out.w + w, n);
            }
        }
}

INLINE void pool_backward_body(const Pool *pool, const PoolBackward *backward, int64_t begin,
                               int64_t end)
{
    FornixShape in = backward->dx.shape, out = backward->dy.shape;
    for (int64_t row = begin; row < end; row++) {
        int64_t n = row / out.h / out.d, d = row / out.h % out.d, h = row % out.h;
        pool_gather(pool, backward, n, pool_own(pool, 0, d, out.d, in.d),
                    pool_own(pool, 1, h, out.h, in.h));
    }
}

ISA_KERNEL(pool_backward,
           (const Pool *pool, const PoolBackward *backward, int64_t begin, int64_t end),
           (pool, backward, begin, end))
