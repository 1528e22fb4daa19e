/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random fields that are smooth: elastic displacements, bias fields, textures, ragged borders.
 *
 * A field is a stationary Gaussian process of mean 0 and variance 1 on a grid of D x H x W, white
 * noise blurred by a Gaussian of standard deviation s (in voxels, along each axis):
 *
 *   F(x) = sum over k of a(k) T(k) exp(2 pi i k.x / L),   T(k) = exp(-2 pi^2 s^2 k^2 / L^2),
 *   correlation of F(x) and F(x + r) = exp(-r^2 / 4 s^2)
 *
 * with a(k) independent complex normals, drawn only where T > 1e-4 (or below the grid's Nyquist
 * frequency, if that comes first), and the sum made by one inverse Fourier transform (FFTW). The
 * transform is longer than the grid by 4 s, so that opposite sides, which it joins, have a
 * correlation below .02; it is never longer than three times the grid.
 *
 * The bits of a field depend on its key alone: any thread may draw it, and drawing does not
 * allocate. FFTW's planner serves one thread at a time: field_new and field_free see to it.
 */
#ifndef FORNIX_FIELD_H
#define FORNIX_FIELD_H

#include <stdint.h>

#include "fornix-error.h"
#include "fornix-random.h"

typedef struct Field Field;

/* Fields on a grid of size[0] x size[1] x size[2]; axes of size 1 fall away. smoothness may be 0
 * (white along that axis). NULL and a message where sizes or memory do not allow it. */
Field *field_new(const int64_t size[3], const double smoothness[3], FornixError *error);
void field_free(Field *field); /* NULL is fine */

/* How many floats field_draw needs; a multiple of 16. */
int64_t field_scratch(const Field *field);

/* Draws the field of that key; returns its D x H x W values, dense, which lie in scratch. */
float *field_draw(const Field *field, FornixRandomKey key, float *scratch);

/* FFTW's planner serves one thread at a time: whoever else plans takes it in between. */
void field_planner_lock(void);
void field_planner_unlock(void);

#endif
