/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The exact Euclidean distance of every voxel to a set of voxels, on a grid of any spacing.
 *
 * After the pass along an axis a voxel holds the least square over all voxels that lie in the axes
 * so far: g(q) = min over v of f(v) + (s (q - v))^2. Of the parabolas only those that are lowest
 * somewhere are kept, with the place where each begins to be.
 */
#include "edt.h"

#include <math.h>

#include "base.h"

typedef struct {
    double *f, *begin; /* a line's values; where a parabola begins to be the lowest */
    int64_t *site;     /* of each that is */
} Line;

/* Where the parabola of q (right) falls below that of v (left). */
static double crossing(const Line *line, int64_t v, int64_t q, double square)
{
    double apart = (line->f[q] - line->f[v]) / square;
    return (apart / (double)(q - v) + (double)(q + v)) / 2;
}

static int64_t find_envelope(Line *line, int64_t length, double square)
{
    int64_t count = 0;
    for (int64_t q = 0; q < length; q++) {
        double begin = -INFINITY;
        if (isinf(line->f[q]))
            continue;
        while (count) {
            begin = crossing(line, line->site[count - 1], q, square);
            if (begin > line->begin[count - 1])
                break;
            count--;
        }
        line->begin[count] = count ? begin : -INFINITY;
        line->site[count++] = q;
    }
    return count;
}

static void sweep_line(Line *line, double *values, int64_t length, int64_t stride, double spacing)
{
    double square = spacing * spacing;
    for (int64_t q = 0; q < length; q++)
        line->f[q] = values[q * stride];
    int64_t count = find_envelope(line, length, square);
    for (int64_t q = 0, k = 0; q < length && count; q++) {
        while (k + 1 < count && line->begin[k + 1] < (double)q)
            k++;
        double apart = (double)(q - line->site[k]);
        values[q * stride] = line->f[line->site[k]] + apart * apart * square;
    }
}

void edt_squares(const uint8_t *in, const int64_t size[3], const double spacing[3], double *squares)
{
    int64_t voxels = size[0] * size[1] * size[2], longest = 1, stride = 1;
    for (int64_t i = 0; i < voxels; i++)
        squares[i] = in[i] ? 0 : INFINITY;
    for (int a = 0; a < 3; a++)
        longest = size[a] > longest ? size[a] : longest;
    Line line = {mem_new((size_t)longest, sizeof(double)), mem_new((size_t)longest, sizeof(double)),
                 mem_new((size_t)longest, sizeof(int64_t))};
    for (int a = 0; a < 3; stride *= size[a++])
        for (int64_t i = 0; i < voxels; i++) /* the first voxel of each line */
            if (size[a] > 1 && i / stride % size[a] == 0)
                sweep_line(&line, squares + i, size[a], stride, spacing[a]);
    mem_free(line.f);
    mem_free(line.begin);
    mem_free(line.site);
}
