/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Instance, batch and group normalisation, with an optional affine map and rectifier behind them.
 *
 *   z = (x - mean) rstd gamma + beta,   rstd = 1 / sqrt(variance + epsilon)
 *   y = z > 0 ? z : slope z             (slope 1: y = z)
 *
 * mean and (biased) variance are taken over the pixels of a channel of a sample (instance; Ulyanov
 * et al. 2016), over all pixels of a channel (batch; Ioffe & Szegedy 2015), or over the pixels and
 * channels of a group of a sample (group; Wu & He 2018). Sums are double throughout. With
 * dz = dy (z > 0 ? 1 : slope), u = (x - mean) rstd and averages over the same sets:
 *
 *   dgamma = sum dz u,   dbeta = sum dz,
 *   dx = rstd (gamma dz - average(gamma dz) - u average(gamma dz u))
 *
 * and dx = rstd gamma dz where the statistics are given (fixed). The gradient needs x and what
 * forward saved, not y.
 *
 * A node runs NORM_FORWARD_PASSES and NORM_BACKWARD_PASSES with the grains told here. Of the
 * latter, NORM_INPUT_PASS and the one before it serve dx alone, NORM_WEIGHT_PASS the weights.
 */
#ifndef FORNIX_KERNELS_NORM_H
#define FORNIX_KERNELS_NORM_H

#include "../node.h"

typedef enum { NORM_INSTANCE, NORM_BATCH, NORM_GROUP } NormKind;

enum {
    NORM_FORWARD_PASSES = 3,
    NORM_BACKWARD_PASSES = 4,
    NORM_MEAN_PASS = 1, /* of backward */
    NORM_INPUT_PASS = 2,
    NORM_WEIGHT_PASS = 3,
};

typedef struct {
    FornixShape shape; /* of x, y and their gradients */
    NormKind kind;
    int64_t groups; /* of NORM_GROUP: divides shape.c */
    float epsilon, slope;
} Norm;

/* Floats of scratch for one phase (aligned to 8 bytes) and of what forward saves for backward. */
int64_t norm_scratch(const Norm *norm);
int64_t norm_saved(const Norm *norm);
int64_t norm_forward_grains(const Norm *norm, int pass);
int64_t norm_backward_grains(const Norm *norm, int pass);

typedef struct {
    FornixView x;
    const float *gamma, *beta;    /* c each; NULL: 1 and 0 */
    const float *mean, *variance; /* c each: given statistics (NORM_BATCH); NULL: take x's */
    FornixTensor y;
    float *saved, *scratch;
} NormForward;

typedef struct {
    FornixView x, dy;
    const float *gamma, *beta;
    const float *saved;
    bool fixed;      /* forward was given its statistics */
    FornixTensor dx; /* may be dy; overwritten, like dgamma and dbeta; data NULL: not wanted */
    float *dgamma, *dbeta;
    float *scratch;
} NormBackward;

void norm_forward(const Norm *norm, const NormForward *forward, int pass, int64_t begin,
                  int64_t end);
void norm_backward(const Norm *norm, const NormBackward *backward, int pass, int64_t begin,
                   int64_t end);

/* Running statistics of NORM_BATCH after a forward with x's own statistics, as PyTorch keeps them:
 * running = (1 - momentum) running + momentum taken, with the unbiased variance. */
void norm_keep(const Norm *norm, const float *saved, float momentum, float *mean, float *variance);

#endif
