/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "elementwise.h"

#include "lanes.h"

int64_t elementwise_grains(FornixShape shape)
{
    return batch_grains(shape);
}

INLINE void elementwise_fill_body(const FornixTensor *y, float value, int64_t begin, int64_t end)
{
    RowBlock block = batch_rows(y->shape, tensor_dense(y), begin, end);
    for (int64_t r = 0; r < block.rows; r++) {
        float *out = y->data + (block.first + r) * y->pitch_w;
        for (int64_t i = 0; i < block.length; i++)
            out[i] = value;
    }
}

ISA_KERNEL(elementwise_fill, (const FornixTensor *y, float value, int64_t begin, int64_t end),
           (y, value, begin, end))

INLINE void elementwise_scale_body(const FornixTensor *y, const FornixView *x, float factor,
                                   int64_t begin, int64_t end)
{
    RowBlock block = batch_rows(y->shape, tensor_dense(y) && view_dense(x), begin, end);
    for (int64_t r = 0; r < block.rows; r++) {
        float *out = y->data + (block.first + r) * y->pitch_w;
        const float *from = x->data + (block.first + r) * x->pitch_w;
        INDEPENDENT
        for (int64_t i = 0; i < block.length; i++)
            out[i] = factor * from[i];
    }
}

ISA_KERNEL(elementwise_scale,
           (const FornixTensor *y, const FornixView *x, float factor, int64_t begin, int64_t end),
           (y, x, factor, begin, end))

INLINE void elementwise_copy_body(const FornixTensor *y, const FornixView *x, int64_t begin,
                                  int64_t end)
{
    if (y->data == x->data)
        return;
    RowBlock block = batch_rows(y->shape, tensor_dense(y) && view_dense(x), begin, end);
    for (int64_t r = 0; r < block.rows; r++) {
        float *out = y->data + (block.first + r) * y->pitch_w;
        const float *from = x->data + (block.first + r) * x->pitch_w;
        if (block.length < LANES)
            for (int64_t i = 0; i < block.length; i++)
                out[i] = from[i];
        else
            __builtin_memcpy(out, from, (size_t)block.length * sizeof *out);
    }
}

ISA_KERNEL(elementwise_copy,
           (const FornixTensor *y, const FornixView *x, int64_t begin, int64_t end),
           (y, x, begin, end))

INLINE void add_pair(const FornixTensor *y, const FornixView *a, const FornixView *b,
                     RowBlock block)
{
    for (int64_t r = 0; r < block.rows; r++) {
        float *out = y->data + (block.first + r) * y->pitch_w;
        const float *left = a->data + (block.first + r) * a->pitch_w;
        const float *right = b->data + (block.first + r) * b->pitch_w;
        INDEPENDENT
        for (int64_t i = 0; i < block.length; i++)
            out[i] = left[i] + right[i];
    }
}

INLINE void elementwise_add_body(const FornixTensor *y, const FornixView *x, int count,
                                 int64_t begin, int64_t end)
{
    FornixView sum = tensor_view(y);
    for (int64_t g = begin; g < end; g++) {
        if (count == 1)
            elementwise_copy_body(y, &x[0], g, g + 1);
        for (int k = 1; k < count; k++) {
            const FornixView *left = k == 1 ? &x[0] : &sum;
            bool dense = tensor_dense(y) && view_dense(left) && view_dense(&x[k]);
            add_pair(y, left, &x[k], batch_rows(y->shape, dense, g, g + 1));
        }
    }
}

ISA_KERNEL(elementwise_add,
           (const FornixTensor *y, const FornixView *x, int count, int64_t begin, int64_t end),
           (y, x, count, begin, end))

INLINE void elementwise_bias_body(const FornixTensor *y, const FornixView *x, const float *bias,
                                  int64_t begin, int64_t end)
{
    RowBlock block = batch_rows(y->shape, false, begin, end);
    for (int64_t r = 0; r < block.rows; r++) {
        float *out = y->data + (block.first + r) * y->pitch_w;
        const float *from = x->data + (block.first + r) * x->pitch_w;
        INDEPENDENT
        for (int64_t i = 0; i < block.length; i++)
            out[i] = from[i] + bias[i];
    }
}

ISA_KERNEL(elementwise_bias,
           (const FornixTensor *y, const FornixView *x, const float *bias, int64_t begin,
            int64_t end),
           (y, x, bias, begin, end))

INLINE void elementwise_shift_body(const FornixTensor *y, const FornixView *x,
                                   const FornixView *shift, float factor, int64_t begin,
                                   int64_t end)
{
    int64_t pixels = sample_pixels(y->shape);
    RowBlock block = batch_rows(y->shape, false, begin, end);
    for (int64_t r = 0; r < block.rows; r++) {
        int64_t row = block.first + r;
        float *out = y->data + row * y->pitch_w;
        const float *from = x->data + row * x->pitch_w;
        const float *by = shift->data + row / pixels * shift->pitch_n;
        INDEPENDENT
        for (int64_t i = 0; i < block.length; i++)
            out[i] = from[i] + factor * by[i];
    }
}

ISA_KERNEL(elementwise_shift,
           (const FornixTensor *y, const FornixView *x, const FornixView *shift, float factor,
            int64_t begin, int64_t end),
           (y, x, shift, factor, begin, end))

INLINE void elementwise_one_hot_body(const FornixTensor *y, const FornixView *label, int64_t begin,
                                     int64_t end)
{
    RowBlock block = batch_rows(y->shape, false, begin, end);
    for (int64_t r = 0; r < block.rows; r++) {
        float *out = y->data + (block.first + r) * y->pitch_w;
        float class = label->data[(block.first + r) * label->pitch_w];
        for (int64_t i = 0; i < block.length; i++)
            out[i] = class == (float)i ? 1.0f : 0.0f;
    }
}

ISA_KERNEL(elementwise_one_hot,
           (const FornixTensor *y, const FornixView *label, int64_t begin, int64_t end),
           (y, label, begin, end))
