/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "loss.h"

#include "loss_row.h"

int64_t point_loss_scratch(FornixShape shape)
{
    return 2 * loss_grains(shape, 0);
}

INLINE float point_value(PointLossKind kind, float x, float target)
{
    switch (kind) {
    case POINT_SQUARE: return (x - target) * (x - target);
    case POINT_ABSOLUTE: return x > target ? x - target : target - x;
    case POINT_HINGE: return target * x < 1 ? 1 - target * x : 0;
    case POINT_LINEAR: return -target * x;
    case POINT_ENTROPY: break;
    }
    return point_entropy(x, target);
}

INLINE float point_slope(PointLossKind kind, float x, float target)
{
    switch (kind) {
    case POINT_SQUARE: return 2 * (x - target);
    case POINT_ABSOLUTE: return x > target ? 1.0f : x < target ? -1.0f : x - target;
    case POINT_HINGE: return target * x < 1 ? -target : 0;
    case POINT_LINEAR: return -target;
    case POINT_ENTROPY: break;
    }
    return sigmoid_of(x) - target;
}

/* A run of numbers side by side, and their targets: t = kept (values or constant) + middle. */
typedef struct {
    const float *x, *target;
    int64_t count;
    float constant, kept, middle;
} PointRun;

INLINE PointRun point_run(const PointLoss *loss, int64_t pixel, int64_t count)
{
    double smoothing = loss->kind == POINT_ENTROPY ? loss->smoothing : 0;
    const float *target = loss->target.data;
    return (PointRun){.x = loss->x.data + pixel * loss->x.pitch_w,
                      .target = target ? target + pixel * loss->target.pitch_w : NULL,
                      .count = count,
                      .constant = loss->constant,
                      .kept = (float)(1 - smoothing),
                      .middle = (float)(smoothing / 2)};
}

INLINE double point_sum(PointLossKind kind, PointRun run)
{
    double lanes[LANES] = {0}, total = 0;
    for (int64_t i = 0; i < run.count; i += LANES) {
        float x[LANES] = {0}, target[LANES] = {0};
        int count = lane_count(LANES, run.count, i);
        FOR_LANES (l, LANES)
            target[l] = run.constant;
        __builtin_memcpy(x, run.x + i, (size_t)count * sizeof *x);
        if (run.target)
            __builtin_memcpy(target, run.target + i, (size_t)count * sizeof *x);
        FOR_LANES (l, LANES) {
            float value = point_value(kind, x[l], run.kept * target[l] + run.middle);
            lanes[l] += (double)(l < count ? value : 0.0f);
        }
    }
    for (int l = 0; l < LANES; l++)
        total += lanes[l];
    return total;
}

static bool point_dense(const PointLoss *loss)
{
    return view_dense(&loss->x) && (!loss->target.data || view_dense(&loss->target));
}

INLINE void point_loss_sum_body(const PointLoss *loss, double *partials, int64_t begin, int64_t end)
{
    FornixShape shape = loss->x.shape;
    for (int64_t g = begin; g < end; g++) {
        PixelBlock block = pixel_block(shape, g);
        RowBlock rows = row_block(block.first, block.count, shape.c, point_dense(loss));
        partials[g] = 0;
        for (int64_t r = 0; r < rows.rows; r++) {
            PointRun run = point_run(loss, rows.first + r, rows.length);
            switch (loss->kind) {
            case POINT_ENTROPY: partials[g] += point_sum(POINT_ENTROPY, run); break;
            case POINT_SQUARE: partials[g] += point_sum(POINT_SQUARE, run); break;
            case POINT_ABSOLUTE: partials[g] += point_sum(POINT_ABSOLUTE, run); break;
            case POINT_HINGE: partials[g] += point_sum(POINT_HINGE, run); break;
            case POINT_LINEAR: partials[g] += point_sum(POINT_LINEAR, run); break;
            }
        }
    }
}

KERNEL(point_loss_sum, (const PointLoss *loss, double *partials, int64_t begin, int64_t end),
       (loss, partials, begin, end))

/* What a number of a row of weight 1 counts in the mean. */
static double point_share(const PointLoss *loss)
{
    FornixShape shape = loss->x.shape;
    double total = row_total(&loss->row_weight, shape.n) * (double)(sample_pixels(shape) * shape.c);
    return total > 0 ? 1 / total : 0;
}

void point_loss_forward(const PointLoss *loss, int pass, int64_t begin, int64_t end)
{
    double *partials = (double *)(void *)loss->scratch, total = 0;
    FornixShape shape = loss->x.shape;
    if (pass == 0) {
        point_loss_sum(loss, partials, begin, end);
        return;
    }
    for (int64_t g = 0; g < loss_grains(shape, 0); g++)
        total += (double)row_weight(&loss->row_weight, g / sample_blocks(shape)) * partials[g];
    *loss->value = (float)(point_share(loss) * total);
}

INLINE void point_gradient(PointLossKind kind, PointRun run, float scale, float *dx)
{
    if (!run.target) {
        INDEPENDENT
        for (int64_t i = 0; i < run.count; i++)
            dx[i] = scale * point_slope(kind, run.x[i], run.kept * run.constant + run.middle);
        return;
    }
    INDEPENDENT
    for (int64_t i = 0; i < run.count; i++)
        dx[i] = scale * point_slope(kind, run.x[i], run.kept * run.target[i] + run.middle);
}

INLINE void point_loss_gradient_body(const PointLoss *loss, float scale, const FornixTensor *dx,
                                     int64_t begin, int64_t end)
{
    FornixShape shape = loss->x.shape;
    bool dense = point_dense(loss) && tensor_dense(dx);
    for (int64_t g = begin; g < end; g++) {
        PixelBlock block = pixel_block(shape, g);
        RowBlock rows = row_block(block.first, block.count, shape.c, dense);
        float factor = scale * row_weight(&loss->row_weight, block.sample);
        for (int64_t r = 0; r < rows.rows; r++) {
            PointRun run = point_run(loss, rows.first + r, rows.length);
            float *out = dx->data + (rows.first + r) * dx->pitch_w;
            switch (loss->kind) {
            case POINT_ENTROPY: point_gradient(POINT_ENTROPY, run, factor, out); break;
            case POINT_SQUARE: point_gradient(POINT_SQUARE, run, factor, out); break;
            case POINT_ABSOLUTE: point_gradient(POINT_ABSOLUTE, run, factor, out); break;
            case POINT_HINGE: point_gradient(POINT_HINGE, run, factor, out); break;
            case POINT_LINEAR: point_gradient(POINT_LINEAR, run, factor, out); break;
            }
        }
    }
}

KERNEL(point_loss_gradient,
       (const PointLoss *loss, float scale, const FornixTensor *dx, int64_t begin, int64_t end),
       (loss, scale, dx, begin, end))

void point_loss_backward(const PointLoss *loss, float scale, const FornixTensor *dx, int64_t begin,
                         int64_t end)
{
    point_loss_gradient(loss, (float)((double)scale * point_share(loss)), dx, begin, end);
}
