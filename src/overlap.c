/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How far a predicted mask and the true one agree, counted pixel by pixel.
 *
 * What is counted fits a double exactly, so sums do not depend on their order.
 */
#include "overlap.h"

#include <math.h>
#include <stddef.h>

const char *const empty_choices[] = {"skip", "one", "zero", NULL};

static double empty_value(EmptyPolicy empty)
{
    return empty == EMPTY_SKIP ? NAN : empty == EMPTY_ONE ? 1 : 0;
}

double overlap_dice(Overlap overlap, EmptyPolicy empty)
{
    double sum = overlap.predicted + overlap.truth;
    return sum > 0 ? 2 * overlap.both / sum : empty_value(empty);
}

double overlap_iou(Overlap overlap, EmptyPolicy empty)
{
    double sum = overlap.predicted + overlap.truth - overlap.both;
    return sum > 0 ? overlap.both / sum : empty_value(empty);
}

void overlap_add(Overlap *sum, Overlap more)
{
    sum->both += more.both;
    sum->predicted += more.predicted;
    sum->truth += more.truth;
}

int64_t overlap_classes(int64_t channels)
{
    return channels == 1 ? 2 : channels;
}

int64_t pixel_class(const float *values, int64_t channels, float cut)
{
    if (channels == 1)
        return values[0] > cut;
    int64_t best = 0;
    for (int64_t c = 1; c < channels; c++)
        if (values[c] > values[best])
            best = c;
    return best;
}

static void count_pixel(int64_t predicted, float mask, int64_t classes, Overlap *overlap)
{
    if (!(mask >= 0 && mask <= (float)(classes - 1)))
        return;
    int64_t truth = (int64_t)mask;
    overlap[truth].truth++;
    overlap[predicted].predicted++;
    if (truth == predicted)
        overlap[truth].both++;
}

void overlap_count(const float *values, int64_t channels, float cut, const float *mask,
                   int64_t pixels, Overlap *classes)
{
    int64_t count = overlap_classes(channels);
    for (int64_t i = 0; i < pixels; i++)
        count_pixel(pixel_class(values + i * channels, channels, cut), mask[i], count, classes);
}

void overlap_count_classes(const float *predicted, const float *mask, int64_t pixels,
                           int64_t classes, Overlap *overlap)
{
    for (int64_t i = 0; i < pixels; i++)
        if (predicted[i] >= 0 && predicted[i] < (float)classes)
            count_pixel((int64_t)predicted[i], mask[i], classes, overlap);
}
