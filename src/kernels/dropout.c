/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dropout.h"

#include "lanes.h"

enum { DROPOUT_CHUNK = 1024 };

int64_t dropout_grains(FornixShape shape)
{
    return batch_grains(shape);
}

INLINE void dropout_run_body(const Dropout *d, const float *x, float *y, uint64_t first,
                             int64_t length)
{
    float uniform[DROPOUT_CHUNK], rate = (float)d->rate;
    float scale = d->rate < 1 ? (float)(1 / (1 - d->rate)) : 0;
    for (int64_t i = 0; i < length; i += DROPOUT_CHUNK) {
        int64_t count = least(DROPOUT_CHUNK, length - i);
        fornix_random_fill_uniform(d->key, first + (uint64_t)i, uniform, count);
        INDEPENDENT
        for (int64_t j = 0; j < count; j++)
            y[i + j] = uniform[j] >= rate ? scale * x[i + j] : 0.0f;
    }
}

KERNEL(dropout_run, (const Dropout *d, const float *x, float *y, uint64_t first, int64_t length),
       (d, x, y, first, length))

void dropout(const Dropout *d, int64_t begin, int64_t end)
{
    const FornixView *x = &d->x;
    const FornixTensor *y = &d->y;
    RowBlock block = batch_rows(x->shape, view_dense(x) && tensor_dense(y), begin, end);
    for (int64_t r = block.first; r < block.first + block.rows; r++)
        dropout_run(d, x->data + r * x->pitch_w, y->data + r * y->pitch_w,
                    (uint64_t)(r * x->shape.c), block.length);
}
