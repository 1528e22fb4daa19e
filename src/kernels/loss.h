/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Losses: one number for a batch, and its gradient by the logits.
 *
 * All take an optional weight for each sample (row): r_n, a view of n numbers; data NULL: 1.
 * Values are sums of doubles in a fixed order. A loss over nothing (all labels ignored, all
 * weights 0) is 0 with gradient 0, and a Dice group with S + e = 0 has the score 1.
 *
 * ClassLoss: cross-entropy and soft Dice from one softmax (or sigmoids), over pixels i of samples n
 * and classes k, with labels y_i that are class numbers as floats; a pixel whose label is no whole
 * number in range (-1: ignored) does not count.
 *
 *   L = entropy_share CE + dice_share Dice
 *   CE = sum_i r_n l_i / sum_i r_n w_y
 *   l_i = (1 - s) w_y (-log p_iy) + s / K sum_k w_k (-log p_ik)                  softmax
 *   l_i = w_y (1 - p_iy)^g (-log p_iy)                                           softmax, g > 0
 *   l_i = 1 / K sum_k BCE(x_ik, (1 - s) o_ik + s / 2),  w = 1                    sigmoid
 *   Dice = 1 - sum_g v_g (2 I_g + e) / (S_g + e) / sum_g v_g
 *   I_g = sum p o,  S_g = sum (p + o),  o_ik = 1 where pixel i is of class k
 *
 * with s smoothing, K channels, w the class weights, e the smooth term, g the focus (Lin et al.
 * 2017). Without focus this is PyTorch's cross_entropy with weight, label_smoothing and reduction
 * 'mean'. Dice groups g are the channels
 * over the whole batch (p and o times r_n, v = 1; Milletari et al. 2016, Drozdzal et al. 2016), or
 * with per_sample each channel of each sample (v = r_n). With sigmoids channel k is class k + 1:
 * class 0, the background, has none.
 *
 * PointLoss: the mean over numbers, sum r_n l(x, t) / sum r_n, of targets t (a tensor or one
 * constant, smoothed to (1 - s) t + s / 2 for POINT_ENTROPY):
 *
 *   POINT_ENTROPY   l = max(x, 0) - x t + log(1 + e^-|x|)    dl = sigmoid(x) - t    logits x
 *   POINT_SQUARE    l = (x - t)^2                            dl = 2 (x - t)
 *   POINT_ABSOLUTE  l = |x - t|                              dl = sign(x - t)
 *   POINT_HINGE     l = max(0, 1 - t x)                      dl = -t where t x < 1
 *   POINT_LINEAR    l = -t x                                 dl = -t
 *
 * Passes: forward LOSS_FORWARD_PASSES, then backward one of loss_grains(shape, 0). forward saves
 * for backward. scratch is aligned to 8 bytes.
 */
#ifndef FORNIX_KERNELS_LOSS_H
#define FORNIX_KERNELS_LOSS_H

#include "../node.h"

enum { LOSS_FORWARD_PASSES = 2 };

int64_t loss_grains(FornixShape shape, int pass); /* shape of the logits */

typedef struct {
    bool sigmoid;    /* else softmax, with 1 to KERNEL_CLASSES channels */
    bool per_sample; /* Dice */
    double entropy_share, dice_share;
    double smooth, smoothing; /* e and s */
    double focus;             /* g: softmax without smoothing */
    FornixView x, label, row_weight;
    const float *class_weight; /* softmax: one for each channel; NULL: 1 */
    float *value;              /* L */
    float *saved;              /* written by forward, read by backward */
    float *scratch;            /* of forward */
} ClassLoss;

int64_t class_loss_scratch(FornixShape shape);
int64_t class_loss_saved(FornixShape shape);
void class_loss_forward(const ClassLoss *loss, int pass, int64_t begin, int64_t end);
/* dx = scale dL/dx, overwritten */
void class_loss_backward(const ClassLoss *loss, float scale, const FornixTensor *dx, int64_t begin,
                         int64_t end);

typedef enum {
    POINT_ENTROPY,
    POINT_SQUARE,
    POINT_ABSOLUTE,
    POINT_HINGE,
    POINT_LINEAR,
} PointLossKind;

typedef struct {
    PointLossKind kind;
    double smoothing;
    float constant; /* the target where target.data is NULL */
    FornixView x, target, row_weight;
    float *value, *scratch; /* of forward */
} PointLoss;

int64_t point_loss_scratch(FornixShape shape);
void point_loss_forward(const PointLoss *loss, int pass, int64_t begin, int64_t end);
/* dx = scale dL/dx. The gradient by the target of a square or absolute error is -dx. */
void point_loss_backward(const PointLoss *loss, float scale, const FornixTensor *dx, int64_t begin,
                         int64_t end);

#endif
