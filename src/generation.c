/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether made-up points lie where real ones do, cover them all, and are none of them.
 *
 * Some hundred points of some tens of coordinates: every pair is looked at. Sums run in the order
 * of the points, so that bits do not depend on who else is at work.
 */
#include "generation.h"

#include <math.h>
#include <stdbool.h>

#include "base.h"

/* ---- KID --------------------------------------------------------------------------------- */

static double kernel(const double *x, const double *y, int64_t features)
{
    double product = 0;
    for (int64_t f = 0; f < features; f++)
        product += x[f] * y[f];
    double base = product / (double)features + 1;
    return base * base * base;
}

Kernels kernels_new(const Cloud *real, const Cloud *made)
{
    int64_t n = real->points, all = n + made->points, width = real->features;
    Kernels kernels = {n, all, mem_new((size_t)(all * all) + 1, sizeof(double))};
    for (int64_t i = 0; i < all; i++) {
        const double *x = i < n ? real->at + i * width : made->at + (i - n) * width;
        for (int64_t j = 0; j <= i; j++) {
            const double *y = j < n ? real->at + j * width : made->at + (j - n) * width;
            kernels.value[i * all + j] = kernels.value[j * all + i] = kernel(x, y, width);
        }
    }
    return kernels;
}

void kernels_free(Kernels *kernels)
{
    mem_free(kernels->value);
    *kernels = (Kernels){0};
}

typedef struct {
    double sum, weight;
} Mean;

/* Over pairs of points [a, a_end) and [b, b_end), a point with itself left out. */
static Mean kernel_mean(const Kernels *k, const double *times, const int64_t a[2],
                        const int64_t b[2])
{
    Mean mean = {0, 0};
    for (int64_t i = a[0]; i < a[1]; i++) {
        double sum = 0, weight = 0;
        for (int64_t j = b[0]; times[i] > 0 && j < b[1]; j++)
            if (j != i) {
                sum += times[j] * k->value[i * k->all + j];
                weight += times[j];
            }
        mean.sum += times[i] * sum;
        mean.weight += times[i] * weight;
    }
    return mean;
}

void kernels_distance(const void *kernels, const double *times, double *figure)
{
    const Kernels *k = kernels;
    const int64_t real[2] = {0, k->real}, made[2] = {k->real, k->all};
    Mean within = kernel_mean(k, times, real, real), beyond = kernel_mean(k, times, made, made);
    Mean between = kernel_mean(k, times, real, made);
    bool defined = within.weight > 0 && beyond.weight > 0;
    *figure = defined ? within.sum / within.weight + beyond.sum / beyond.weight -
                            2 * between.sum / between.weight
                      : NAN;
}

/* ---- Manifolds --------------------------------------------------------------------------- */

static double square_apart(const double *x, const double *y, int64_t features)
{
    double sum = 0;
    for (int64_t f = 0; f < features; f++)
        sum += (x[f] - y[f]) * (x[f] - y[f]);
    return sum;
}

static const double *point_at(const Cloud *cloud, int64_t i)
{
    return cloud->at + i * cloud->features;
}

/* The square of the distance of each point to its k-th nearest other one. */
static double *ball_squares(const Cloud *cloud, int64_t k)
{
    double *squares = mem_new((size_t)cloud->points + 1, sizeof *squares);
    double *others = mem_new((size_t)cloud->points + 1, sizeof *others);
    for (int64_t i = 0; i < cloud->points; i++) {
        int64_t count = 0;
        for (int64_t j = 0; j < cloud->points; j++)
            if (j != i)
                others[count++] =
                    square_apart(point_at(cloud, i), point_at(cloud, j), cloud->features);
        statistics_sort(others, count);
        squares[i] = others[k - 1];
    }
    mem_free(others);
    return squares;
}

Manifold manifold_compare(const Cloud *real, const Cloud *made, int64_t k)
{
    if (real->points <= k || made->points <= k)
        return (Manifold){NAN, NAN, NAN, NAN};
    double *of_real = ball_squares(real, k), *of_made = ball_squares(made, k);
    double balls = 0, precise = 0, recalled = 0, covered = 0;
    for (int64_t j = 0; j < made->points; j++) {
        double in = 0;
        for (int64_t i = 0; i < real->points; i++)
            in += square_apart(point_at(real, i), point_at(made, j), real->features) <= of_real[i];
        balls += in;
        precise += in > 0;
    }
    for (int64_t i = 0; i < real->points; i++) {
        bool recall = false, cover = false;
        for (int64_t j = 0; j < made->points; j++) {
            double apart = square_apart(point_at(real, i), point_at(made, j), real->features);
            recall = recall || apart <= of_made[j];
            cover = cover || apart <= of_real[i];
        }
        recalled += recall;
        covered += cover;
    }
    mem_free(of_real);
    mem_free(of_made);
    double n = (double)real->points, m = (double)made->points;
    return (Manifold){precise / m, recalled / n, balls / (m * (double)k), covered / n};
}

/* ---- Memorisation ------------------------------------------------------------------------ */

void nearest_distances(const Cloud *from, const Cloud *to, double *out)
{
    for (int64_t i = 0; i < from->points; i++) {
        double least = INFINITY;
        for (int64_t j = 0; j < to->points; j++)
            least = fmin(least, square_apart(point_at(from, i), point_at(to, j), to->features));
        out[i] = sqrt(least);
    }
}

Closeness closeness_new(const double *distances, int64_t made, int64_t all)
{
    Closeness closeness = {mem_new((size_t)all + 1, sizeof(Ranked)),
                           mem_new((size_t)all + 1, sizeof(int32_t)), all};
    for (int64_t i = 0; i < all; i++) {
        closeness.ranked[i] = (Ranked){distances[i], i};
        closeness.unseen[i] = i >= made;
    }
    ranked_sort(closeness.ranked, all);
    return closeness;
}

void closeness_free(Closeness *closeness)
{
    mem_free(closeness->ranked);
    mem_free(closeness->unseen);
    *closeness = (Closeness){0};
}

void closeness_share(const void *closeness, const double *times, double *figure)
{
    const Closeness *c = closeness;
    *figure = ranked_auc(c->ranked, c->all, c->unseen, 1, times);
}
