/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dropout (Srivastava et al. 2014), whose mask is never stored.
 *
 *   y_i = u_i >= rate ? x_i / (1 - rate) : 0,   u_i uniform, value i of the key
 *
 * i numbers the elements of the dense tensor, so that pitches do not matter. The gradient is the
 * same map of dy with the same key. rate 1 gives 0. One pass of dropout_grains.
 */
#ifndef FORNIX_KERNELS_DROPOUT_H
#define FORNIX_KERNELS_DROPOUT_H

#include "../node.h"

typedef struct {
    double rate;
    FornixRandomKey key;
    FornixView x;
    FornixTensor y; /* may be x */
} Dropout;

int64_t dropout_grains(FornixShape shape);
void dropout(const Dropout *d, int64_t begin, int64_t end);

#endif
