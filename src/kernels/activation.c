/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "activation.h"

#include "tile.h"

int64_t activation_grains(FornixShape shape)
{
    return batch_grains(shape);
}

INLINE float activate(ActivationKind kind, float a, float x)
{
    switch (kind) {
    case ACTIVATION_ELU: return x > 0 ? x : a * expm1_of(x);
    case ACTIVATION_SIGMOID: return sigmoid_of(x);
    case ACTIVATION_TANH: return tanh_of(x);
    default: return rectify(x, a);
    }
}

INLINE float activation_slope(ActivationKind kind, float a, float y)
{
    switch (kind) {
    case ACTIVATION_ELU: return y > 0 ? 1 : y + a;
    case ACTIVATION_SIGMOID: return y * (1 - y);
    case ACTIVATION_TANH: return 1 - y * y;
    default: return y > 0 ? 1 : a;
    }
}

INLINE void activate_rows(ActivationKind kind, const ActivationForward *forward, RowBlock block)
{
    const FornixView *x = &forward->x;
    const FornixTensor *y = &forward->y;
    float a = forward->a;
    for (int64_t r = 0; r < block.rows; r++) {
        const float *from = x->data + (block.first + r) * x->pitch_w;
        float *out = y->data + (block.first + r) * y->pitch_w;
        INDEPENDENT
        for (int64_t i = 0; i < block.length; i++)
            out[i] = activate(kind, a, from[i]);
    }
}

INLINE void slope_rows(ActivationKind kind, const ActivationBackward *backward, RowBlock block)
{
    const FornixView *y = &backward->y, *dy = &backward->dy;
    const FornixTensor *dx = &backward->dx;
    float a = backward->a;
    for (int64_t r = 0; r < block.rows; r++) {
        const float *value = y->data + (block.first + r) * y->pitch_w;
        const float *gradient = dy->data + (block.first + r) * dy->pitch_w;
        float *out = dx->data + (block.first + r) * dx->pitch_w;
        INDEPENDENT
        for (int64_t i = 0; i < block.length; i++)
            out[i] = gradient[i] * activation_slope(kind, a, value[i]);
    }
}

INLINE void softmax_rows(const FornixView *x, const FornixTensor *y, RowBlock block)
{
    TileRow rows[KERNEL_CLASSES], sum;
    for (int64_t r = 0; r < block.rows; r += TILE) {
        int pixels = (int)least(TILE, block.rows - r);
        tile_load(rows, x->data + (block.first + r) * x->pitch_w, x->pitch_w, block.length, pixels);
        tile_centre(rows, block.length);
        tile_softmax(rows, block.length, sum);
        tile_store(y->data + (block.first + r) * y->pitch_w, y->pitch_w, rows, block.length,
                   pixels);
    }
}

INLINE void softmax_slope_rows(const ActivationBackward *backward, RowBlock block)
{
    const FornixView *y = &backward->y, *dy = &backward->dy;
    const FornixTensor *dx = &backward->dx;
    TileRow rows[KERNEL_CLASSES], gradient, product;
    for (int64_t r = 0; r < block.rows; r += TILE) {
        int pixels = (int)least(TILE, block.rows - r);
        const float *from = dy->data + (block.first + r) * dy->pitch_w;
        tile_load(rows, y->data + (block.first + r) * y->pitch_w, y->pitch_w, block.length, pixels);
        FOR_LANES (p, TILE)
            product[p] = 0;
        for (int64_t k = 0; k < block.length; k++) {
            tile_load(&gradient, from + k, dy->pitch_w, 1, pixels);
            FOR_LANES (p, TILE)
                product[p] += rows[k][p] * gradient[p];
        }
        for (int64_t k = 0; k < block.length; k++) {
            tile_load(&gradient, from + k, dy->pitch_w, 1, pixels);
            FOR_LANES (p, TILE)
                rows[k][p] = rows[k][p] * (gradient[p] - product[p]);
        }
        tile_store(dx->data + (block.first + r) * dx->pitch_w, dx->pitch_w, rows, block.length,
                   pixels);
    }
}

INLINE void activation_forward_body(const ActivationForward *forward, int64_t begin, int64_t end)
{
    const FornixView *x = &forward->x;
    bool flat = forward->kind != ACTIVATION_SOFTMAX && view_dense(x) && tensor_dense(&forward->y);
    RowBlock block = batch_rows(x->shape, flat, begin, end);
    switch (forward->kind) {
    case ACTIVATION_LEAKY: activate_rows(ACTIVATION_LEAKY, forward, block); break;
    case ACTIVATION_ELU: activate_rows(ACTIVATION_ELU, forward, block); break;
    case ACTIVATION_SIGMOID: activate_rows(ACTIVATION_SIGMOID, forward, block); break;
    case ACTIVATION_TANH: activate_rows(ACTIVATION_TANH, forward, block); break;
    case ACTIVATION_SOFTMAX: softmax_rows(x, &forward->y, block); break;
    }
}

ISA_KERNEL(activation_forward, (const ActivationForward *forward, int64_t begin, int64_t end),
           (forward, begin, end))

INLINE void activation_backward_body(const ActivationBackward *backward, int64_t begin, int64_t end)
{
    const FornixView *y = &backward->y;
    bool flat = backward->kind != ACTIVATION_SOFTMAX && view_dense(y) &&
                view_dense(&backward->dy) && tensor_dense(&backward->dx);
    RowBlock block = batch_rows(y->shape, flat, begin, end);
    switch (backward->kind) {
    case ACTIVATION_LEAKY: slope_rows(ACTIVATION_LEAKY, backward, block); break;
    case ACTIVATION_ELU: slope_rows(ACTIVATION_ELU, backward, block); break;
    case ACTIVATION_SIGMOID: slope_rows(ACTIVATION_SIGMOID, backward, block); break;
    case ACTIVATION_TANH: slope_rows(ACTIVATION_TANH, backward, block); break;
    case ACTIVATION_SOFTMAX: softmax_slope_rows(backward, block); break;
    }
}

ISA_KERNEL(activation_backward, (const ActivationBackward *backward, int64_t begin, int64_t end),
           (backward, begin, end))
