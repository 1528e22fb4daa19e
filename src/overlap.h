/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How far a predicted mask and the true one agree, counted pixel by pixel.
 *
 * Counts add up: slices make a subject, subjects a cohort. Ratios are taken last, and a class that
 * neither mask has says nothing about a segmentation: it is left out unless the user decides.
 */
#ifndef FORNIX_OVERLAP_H
#define FORNIX_OVERLAP_H

#include <stdint.h>

typedef struct {
    double both, predicted, truth; /* pixels of a class: in both masks, in either */
} Overlap;

/* What a class scores that neither mask has. */
typedef enum { EMPTY_SKIP, EMPTY_ONE, EMPTY_ZERO } EmptyPolicy; /* skip: NAN, to be left out */

/* Its words in a table of attributes, in that order; NULL-terminated. */
extern const char *const empty_choices[];

double overlap_dice(Overlap overlap, EmptyPolicy empty); /* 2 both / (predicted + truth) */
double overlap_iou(Overlap overlap, EmptyPolicy empty);  /* both / (predicted + truth - both) */
void overlap_add(Overlap *sum, Overlap more);

/* How many classes a prediction of so many channels tells apart: one channel tells two. */
int64_t overlap_classes(int64_t channels);

/* The class of a pixel: that of the highest channel, the first of equals; of one channel 1 where
 * it is above cut. */
int64_t pixel_class(const float *values, int64_t channels, float cut);

/* Adds the pixels of a dense prediction and a dense mask to classes[overlap_classes(channels)].
 * Where the mask holds no class of these (-1: not annotated), the pixel does not count. */
void overlap_count(const float *values, int64_t channels, float cut, const float *mask,
                   int64_t pixels, Overlap *classes);
/* The same where the prediction is one class a pixel. */
void overlap_count_classes(const float *predicted, const float *mask, int64_t pixels,
                           int64_t classes, Overlap *overlap);

#endif
