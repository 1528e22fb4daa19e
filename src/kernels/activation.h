/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rectifiers, sigmoid, tanh and softmax over channels; gradients from the output alone.
 *
 *   leaky    y = x > 0 ? x : a x             dx = dy (y > 0 ? 1 : a)         a >= 0; ReLU: a = 0
 *   elu      y = x > 0 ? x : a (e^x - 1)     dx = dy (y > 0 ? 1 : y + a)     a >= 0
 *   sigmoid  y = 1 / (1 + e^-x)              dx = dy y (1 - y)
 *   tanh     y = tanh x                      dx = dy (1 - y^2)
 *   softmax  y_k = e^(x_k - max) / sum       dx_k = y_k (dy_k - sum_j dy_j y_j)
 *
 * One pass of activation_grains(shape). y may be x and dx may be dy or y, pixel on pixel. Softmax
 * takes up to KERNEL_CLASSES channels.
 */
#ifndef FORNIX_KERNELS_ACTIVATION_H
#define FORNIX_KERNELS_ACTIVATION_H

#include "../node.h"

enum { KERNEL_CLASSES = 512 };

typedef enum {
    ACTIVATION_LEAKY,
    ACTIVATION_ELU,
    ACTIVATION_SIGMOID,
    ACTIVATION_TANH,
    ACTIVATION_SOFTMAX,
} ActivationKind;

typedef struct {
    ActivationKind kind;
    float a;
    FornixView x;
    FornixTensor y;
} ActivationForward;

typedef struct {
    ActivationKind kind;
    float a;
    FornixView y, dy;
    FornixTensor dx;
} ActivationBackward;

int64_t activation_grains(FornixShape shape);
void activation_forward(const ActivationForward *forward, int64_t begin, int64_t end);
void activation_backward(const ActivationBackward *backward, int64_t begin, int64_t end);

#endif
