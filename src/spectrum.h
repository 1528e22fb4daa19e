/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mean power of images and maps by spatial frequency.
 *
 * A generator that blurs, or leaves a checkerboard, shows it here when means and spreads are right
 * (Durall, Keuper and Keuper 2020). Frequencies are in cycles a pixel; all directions are together:
 *
 *   power(r) = mean over samples, channels and modes k with |k / size| in the bin of r
 *              of |sum over pixels of x exp(-2 pi i k.pixel / size)|^2 / pixels
 *
 * Bin b, from 1 to half of the longest axis, holds the modes nearest to b / longest; the mean (k =
 * 0) and what lies beyond half a cycle a pixel (the corners) are left out.
 */
#ifndef FORNIX_SPECTRUM_H
#define FORNIX_SPECTRUM_H

#include "node.h"

typedef struct Spectrum Spectrum;

int64_t spectrum_bins(FornixShape shape); /* 0: no spectrum, of a vector */
/* For samples of that shape (n = 1); NULL and a message where there is no memory. */
Spectrum *spectrum_new(FornixShape shape, FornixError *error);
void spectrum_free(Spectrum *spectrum); /* NULL is fine */
void spectrum_add(Spectrum *spectrum, const float *sample);
/* power[bins] over the samples added; zeros without any. frequency may be NULL. */
void spectrum_power(const Spectrum *spectrum, double *frequency, double *power);

/* Root mean square over bins of log10(a / b): 1 is a factor of ten everywhere. What is less than
 * 1e-12 of the largest power of both counts as that. NAN without bins or power. */
double spectrum_distance(const double *a, const double *b, int64_t bins);

#endif
