/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Convolution: which way a task is done, and the sums for biases; see conv.h.
 */
#include "conv_winograd.h"

int64_t conv_extent(int64_t size, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation)
{
    int64_t room = size + padding - dilation * (kernel - 1) - 1;
    return room < 0 ? 0 : room / stride + 1;
}

int64_t conv_transposed_extent(int64_t size, int64_t kernel, int64_t stride, int64_t padding,
                               int64_t dilation, int64_t extra)
{
    return (size - 1) * stride - padding + dilation * (kernel - 1) + 1 + extra;
}

double conv_flops(const Conv *conv)
{
    return 2.0 * (double)conv_taps(conv) * (double)conv->x.c * (double)fornix_floats(conv->y);
}

/* ---- Sums for biases: slabs of pixels, then slabs by order ---------------------------------- */

enum { BIAS_PIXELS = 4096, BIAS_SLABS = 64, BIAS_LANES = 64, BIAS_RUN = 32 };

static int64_t bias_slab(FornixShape shape) /* rows */
{
    int64_t rows = shape.n * shape.d * shape.h;
    return conv_max(conv_shares(BIAS_PIXELS, conv_max(1, shape.w)), conv_shares(rows, BIAS_SLABS));
}

static int64_t bias_slabs(FornixShape shape)
{
    return conv_shares(shape.n * shape.d * shape.h, bias_slab(shape));
}

/* Floats run for a few pixels only, double from there on. */
static void row_sum(double *sum, const float *row, int64_t pitch, int64_t pixels, int64_t lanes)
{
    for (int64_t p = 0; p < pixels; p += BIAS_RUN) {
        float run[BIAS_LANES] = {0};
        for (int64_t q = p; q < conv_min(p + BIAS_RUN, pixels); q++)
            for (int64_t j = 0; j < lanes; j++)
                run[j] += row[q * pitch + j];
        for (int64_t j = 0; j < lanes; j++)
            sum[j] += (double)run[j];
    }
}

static void slab_sum(const FornixView *view, FornixShape shape, float *parts, int64_t slab)
{
    int64_t rows = shape.n * shape.d * shape.h, begin = slab * bias_slab(shape);
    int64_t end = conv_min(begin + bias_slab(shape), rows);
    for (int64_t c = 0; c < shape.c; c += BIAS_LANES) {
        int64_t lanes = conv_min(BIAS_LANES, shape.c - c);
        double sum[BIAS_LANES] = {0};
        for (int64_t row = begin; row < end; row++) {
            int64_t plane = row / shape.h;
            row_sum(sum,
                    view->data + plane / shape.d * view->pitch_n + plane % shape.d * view->pitch_d +
                        row % shape.h * view->pitch_h + c,
                    view->pitch_w, shape.w, lanes);
        }
        for (int64_t j = 0; j < lanes; j++)
            parts[slab * shape.c + c + j] = (float)sum[j];
    }
}

static void slabs_sum(float *to, const float *parts, FornixShape shape)
{
    for (int64_t c = 0; c < shape.c; c++) {
        double sum = 0;
        for (int64_t slab = 0; slab < bias_slabs(shape); slab++)
            sum += (double)parts[slab * shape.c + c];
        to[c] = (float)sum;
    }
}

/* ---- Tasks ---------------------------------------------------------------------------------- */

int conv_passes(const Conv *conv, ConvTask task)
{
    (void)conv;
    (void)task;
    return 2;
}

static const ConvApplyWay *apply_way(const Conv *conv, ConvTask task)
{
    if (conv_winograd_size(conv, task))
        return &conv_winograd;
    return conv_gathers(conv, task) ? &conv_gathered : &conv_direct;
}

static const ConvWeightWay *weight_way(const Conv *conv)
{
    if (conv_winograd_size(conv, CONV_WEIGHT_GRADIENT))
        return &conv_weight_winograd;
    return conv_weight_gathers(conv) ? &conv_weight_gathered : &conv_weight_direct;
}

int64_t conv_grains(const Conv *conv, ConvTask task, int pass)
{
    if (task == CONV_WEIGHT_GRADIENT)
        return weight_way(conv)->grains(conv, pass) +
               (pass == 0 ? bias_slabs(conv->y) + bias_slabs(conv->x) : 2);
    return apply_way(conv, task)->grains(conv, task, pass);
}

int64_t conv_scratch(const Conv *conv, ConvTask task)
{
    if (task == CONV_WEIGHT_GRADIENT)
        return weight_way(conv)->scratch(conv) + bias_slabs(conv->y) * conv->y.c +
               bias_slabs(conv->x) * conv->x.c;
    return apply_way(conv, task)->scratch(conv, task);
}

void conv_apply(const Conv *conv, ConvTask task, const ConvApply *apply, int pass, int64_t begin,
                int64_t end)
{
    apply_way(conv, task)->compute(conv, task, apply, pass, begin, end);
}

/* Grains behind those of the weights: slabs of dy, slabs of x; then the two sums. */
void conv_weight_gradient(const Conv *conv, const ConvWeightGradient *gradient, int pass,
                          int64_t begin, int64_t end)
{
    const ConvWeightWay *way = weight_way(conv);
    int64_t grains = way->grains(conv, pass);
    if (gradient->dweight && begin < grains)
        way->compute(conv, gradient, pass, begin, conv_min(end, grains));
    float *dy_parts = gradient->scratch + way->scratch(conv);
    float *x_parts = dy_parts + bias_slabs(conv->y) * conv->y.c;
    int64_t dy_grains = pass == 0 ? bias_slabs(conv->y) : 1;
    for (int64_t grain = conv_max(begin, grains) - grains; grain < end - grains; grain++) {
        bool of_dy = grain < dy_grains;
        int64_t slab = of_dy ? grain : grain - dy_grains;
        const FornixView *view = of_dy ? &gradient->dy : &gradient->x;
        FornixShape shape = of_dy ? conv->y : conv->x;
        float *to = of_dy ? gradient->sum_dy : gradient->sum_x;
        if (to && pass == 0)
            slab_sum(view, shape, of_dy ? dy_parts : x_parts, slab);
        else if (to)
            slabs_sum(to, of_dy ? dy_parts : x_parts, shape);
    }
}
