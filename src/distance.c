/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How far one cloud of points lies from another: means, spreads, Fréchet, nearest neighbours.
 *
 * The matrices are small (some tens of projected features), so the square roots that a Fréchet
 * distance needs come from an own eigensolver: its bits depend on no library's thread count.
 */
#include "distance.h"

#include <math.h>

#include "base.h"

Moments moments_new(int64_t features)
{
    return (Moments){.features = features,
                     .mean = mem_new((size_t)features + 1, sizeof(double)),
                     .squares = mem_new((size_t)features + 1, sizeof(double))};
}

void moments_free(Moments *moments)
{
    mem_free(moments->mean);
    mem_free(moments->squares);
    *moments = (Moments){0};
}

void moments_add(Moments *moments, const float *point)
{
    double share = 1 / (double)++moments->points;
    for (int64_t f = 0; f < moments->features; f++) {
        double apart = point[f] - moments->mean[f];
        moments->mean[f] += apart * share;
        moments->squares[f] += apart * (point[f] - moments->mean[f]);
    }
}

void moments_join(Moments *moments, const Moments *others)
{
    double own = (double)moments->points, more = (double)others->points, all = own + more;
    if (others->points == 0)
        return;
    for (int64_t f = 0; f < moments->features; f++) {
        double apart = others->mean[f] - moments->mean[f];
        moments->mean[f] += apart * more / all;
        moments->squares[f] += others->squares[f] + apart * apart * own * more / all;
    }
    moments->points += others->points;
}

double moments_spread(const Moments *moments)
{
    double squares = 0;
    for (int64_t f = 0; f < moments->features; f++)
        squares += moments->squares[f];
    return moments->points < 2 ? NAN : sqrt(squares / (double)(moments->points - 1));
}

MomentsDistance moments_distance(const Moments *a, const Moments *b)
{
    double apart = 0, own = moments_spread(a);
    int64_t features = 0;
    for (int64_t f = 0; f < a->features; f++) {
        apart += (b->mean[f] - a->mean[f]) * (b->mean[f] - a->mean[f]);
        features += a->squares[f] > 0;
    }
    bool defined = features > 0 && a->points > 1 && b->points > 0;
    double chance = 1 / (double)a->points + 1 / (double)b->points;
    return (MomentsDistance){.means = defined ? sqrt(apart) / own : NAN,
                             .by_chance = defined ? sqrt(chance) : NAN,
                             .spreads = defined ? moments_spread(b) / own : NAN,
                             .features = features};
}

static double *cloud_mean(const Cloud *cloud)
{
    double *mean = mem_new((size_t)cloud->features, sizeof *mean);
    for (int64_t i = 0; i < cloud->points; i++)
        for (int64_t f = 0; f < cloud->features; f++)
            mean[f] += cloud->at[i * cloud->features + f] / (double)cloud->points;
    return mean;
}

static double *cloud_covariance(const Cloud *cloud, const double *mean)
{
    int64_t n = cloud->features;
    double *covariance = mem_new((size_t)n * (size_t)n, sizeof *covariance);
    for (int64_t i = 0; i < cloud->points; i++) {
        const double *at = cloud->at + i * n;
        for (int64_t f = 0; f < n; f++)
            for (int64_t g = 0; g < n; g++)
                covariance[f * n + g] +=
                    (at[f] - mean[f]) * (at[g] - mean[g]) / (double)(cloud->points - 1);
    }
    return covariance;
}

/* The rotation in the plane of p and q that makes matrix[p][q] zero (Jacobi 1846; the stable
 * tangent is that of Rutishauser 1966). */
static void rotate(double *matrix, double *vectors, int64_t n, int64_t p, int64_t q)
{
    double off = matrix[p * n + q];
    double theta = (matrix[q * n + q] - matrix[p * n + p]) / (2 * off);
    double tangent = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(theta * theta + 1));
    double cosine = 1 / sqrt(tangent * tangent + 1), sine = tangent * cosine;
    for (int64_t k = 0; k < n; k++) {
        double x = matrix[k * n + p], y = matrix[k * n + q];
        matrix[k * n + p] = cosine * x - sine * y;
        matrix[k * n + q] = sine * x + cosine * y;
        x = vectors[k * n + p], y = vectors[k * n + q];
        vectors[k * n + p] = cosine * x - sine * y;
        vectors[k * n + q] = sine * x + cosine * y;
    }
    for (int64_t k = 0; k < n; k++) {
        double x = matrix[p * n + k], y = matrix[q * n + k];
        matrix[p * n + k] = cosine * x - sine * y;
        matrix[q * n + k] = sine * x + cosine * y;
    }
}

void symmetric_eigen(double *matrix, int64_t n, double *values, double *vectors)
{
    enum { SWEEPS = 60 }; /* convergence is quadratic: some ten suffice */
    for (int64_t i = 0; i < n * n; i++)
        vectors[i] = i / n == i % n;
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        bool turned = false;
        for (int64_t p = 0; p < n; p++)
            for (int64_t q = p + 1; q < n; q++) {
                double scale = sqrt(fabs(matrix[p * n + p])) * sqrt(fabs(matrix[q * n + q]));
                if (fabs(matrix[p * n + q]) <= 1e-17 * scale || matrix[p * n + q] == 0)
                    continue;
                rotate(matrix, vectors, n, p, q);
                matrix[p * n + q] = matrix[q * n + p] = 0;
                turned = true;
            }
        if (!turned)
            break;
    }
    for (int64_t i = 0; i < n; i++)
        values[i] = matrix[i * n + i];
}

/* product = left right, n x n each; transposed: product = left right'. */
static void multiply(const double *left, const double *right, bool transposed, int64_t n,
                     double *product)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) {
            double sum = 0;
            for (int64_t k = 0; k < n; k++)
                sum += left[i * n + k] * (transposed ? right[j * n + k] : right[k * n + j]);
            product[i * n + j] = sum;
        }
}

/* trace((A B)^1/2) = sum of the roots of the eigenvalues of A^1/2 B A^1/2, which is symmetric.
 * Overwrites a and b. */
static double trace_of_root(double *a, double *b, int64_t n)
{
    size_t size = (size_t)n * (size_t)n;
    double *space = mem_new(3 * size + (size_t)n, sizeof *space);
    double *vectors = space, *root = space + size, *product = root + size, *values = product + size;
    symmetric_eigen(a, n, values, vectors);
    for (int64_t i = 0; i < n * n; i++)
        product[i] = vectors[i] * sqrt(fmax(0, values[i % n]));
    multiply(product, vectors, true, n, root);
    multiply(root, b, false, n, product);
    multiply(product, root, false, n, b);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < i; j++)
            b[i * n + j] = b[j * n + i] = (b[i * n + j] + b[j * n + i]) / 2;
    symmetric_eigen(b, n, values, vectors);
    double trace = 0;
    for (int64_t i = 0; i < n; i++)
        trace += sqrt(fmax(0, values[i]));
    mem_free(space);
    return trace;
}

double frechet_distance(const Cloud *a, const Cloud *b)
{
    int64_t n = a->features;
    if (a->points < 2 || b->points < 2)
        return NAN;
    double *mean_a = cloud_mean(a), *mean_b = cloud_mean(b), distance = 0;
    double *spread_a = cloud_covariance(a, mean_a), *spread_b = cloud_covariance(b, mean_b);
    for (int64_t f = 0; f < n; f++) {
        double apart = mean_a[f] - mean_b[f];
        distance += apart * apart + spread_a[f * n + f] + spread_b[f * n + f];
    }
    distance -= 2 * trace_of_root(spread_a, spread_b, n);
    mem_free(mean_a);
    mem_free(mean_b);
    mem_free(spread_a);
    mem_free(spread_b);
    return fmax(0, distance);
}

/* The squared distance from point to the nearest of a cloud, but for the one numbered `except`. */
static double nearest(const Cloud *cloud, const double *point, int64_t except)
{
    double least = INFINITY;
    for (int64_t i = 0; i < cloud->points; i++) {
        const double *at = cloud->at + i * cloud->features;
        double sum = 0;
        for (int64_t f = 0; f < cloud->features; f++)
            sum += (at[f] - point[f]) * (at[f] - point[f]);
        if (i != except && sum < least)
            least = sum;
    }
    return least;
}

static int64_t at_home(const Cloud *own, const Cloud *other)
{
    int64_t count = 0;
    for (int64_t i = 0; i < own->points; i++) {
        const double *point = own->at + i * own->features;
        count += nearest(own, point, i) < nearest(other, point, -1);
    }
    return count;
}

double neighbour_share(const Cloud *a, const Cloud *b)
{
    if (a->points < 2 || b->points < 2)
        return NAN;
    return (double)(at_home(a, b) + at_home(b, a)) / (double)(a->points + b->points);
}

/* ---- Principal axes ---------------------------------------------------------------------- */

/* Takes the largest of values, and leaves -1 in its place. */
static int64_t take_largest(double *values, int64_t n)
{
    int64_t best = 0;
    for (int64_t k = 1; k < n; k++)
        if (values[k] > values[best])
            best = k;
    values[best] = -1;
    return best;
}

PrincipalAxes principal_axes(const Cloud *points, int axes)
{
    int64_t n = points->features;
    size_t size = (size_t)n * (size_t)n;
    PrincipalAxes found = {.features = n, .axes = axes, .mean = cloud_mean(points)};
    found.direction = mem_new((size_t)axes * (size_t)n, sizeof *found.direction);
    if (points->points < 2)
        return found;
    double *covariance = cloud_covariance(points, found.mean);
    double *vectors = mem_new(size, sizeof *vectors), *values = mem_new((size_t)n, sizeof *values);
    symmetric_eigen(covariance, n, values, vectors);
    for (int axis = 0; axis < axes && axis < n; axis++) {
        int64_t best = take_largest(values, n), heaviest = 0;
        double *direction = found.direction + axis * n;
        for (int64_t f = 0; f < n; f++) {
            direction[f] = vectors[f * n + best];
            if (fabs(direction[f]) > fabs(direction[heaviest]))
                heaviest = f;
        }
        double sign = direction[heaviest] < 0 ? -1 : 1; /* either would do: one has to be chosen */
        for (int64_t f = 0; f < n; f++)
            direction[f] *= sign;
    }
    mem_free(covariance);
    mem_free(vectors);
    mem_free(values);
    return found;
}

void principal_axes_free(PrincipalAxes *axes)
{
    mem_free(axes->mean);
    mem_free(axes->direction);
}

double principal_coordinate(const PrincipalAxes *axes, int axis, const double *point)
{
    double sum = 0;
    for (int64_t f = 0; f < axes->features; f++)
        sum += axes->direction[axis * axes->features + f] * (point[f] - axes->mean[f]);
    return sum;
}
