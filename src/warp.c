/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pull-back resampling: each output voxel looks up its place in the input.
 *
 * An affine transform is given by what it does to the picture, the look-up needs its inverse. The
 * factors are inverted one by one, each exactly, so there is no matrix to invert and none that can
 * be singular.
 */
#include "warp.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

typedef struct {
    double at[3][3];
} Matrix;

const Affine affine_identity = {.zoom = {1, 1, 1}};

static Matrix matrix_product(Matrix a, Matrix b)
{
    Matrix c = {{{0}}};
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 3; k++)
                c.at[i][j] += a.at[i][k] * b.at[k][j];
    return c;
}

static Matrix matrix_diagonal(double d, double h, double w)
{
    return (Matrix){{{d, 0, 0}, {0, h, 0}, {0, 0, w}}};
}

/* A rotation by -angle in the plane of axes i and j. */
static Matrix rotated_back(int i, int j, double angle)
{
    Matrix m = matrix_diagonal(1, 1, 1);
    m.at[i][i] = m.at[j][j] = cos(angle);
    m.at[i][j] = sin(angle);
    m.at[j][i] = -sin(angle);
    return m;
}

/* The inverse of the unit upper triangle that shears. */
static Matrix sheared_back(const double shear[3])
{
    Matrix m = matrix_diagonal(1, 1, 1);
    m.at[0][1] = -shear[0];
    m.at[0][2] = shear[0] * shear[2] - shear[1];
    m.at[1][2] = -shear[2];
    return m;
}

Warp warp_affine(const int64_t size[3], const Affine *affine)
{
    Affine a = *affine;
    bool flat[3] = {size[0] == 1, size[1] == 1, size[2] == 1};
    for (int i = 0; i < 3; i++) {
        if (flat[i]) {
            a.flip[i] = false;
            a.zoom[i] = 1;
            a.shift[i] = 0;
        }
        if (flat[(i + 1) % 3] || flat[(i + 2) % 3])
            a.rotate[i] = 0;
    }
    a.shear[0] = flat[0] || flat[1] ? 0 : a.shear[0];
    a.shear[1] = flat[0] || flat[2] ? 0 : a.shear[1];
    a.shear[2] = flat[1] || flat[2] ? 0 : a.shear[2];

    Matrix m = rotated_back(1, 2, a.rotate[0]);
    m = matrix_product(rotated_back(0, 2, a.rotate[1]), m);
    m = matrix_product(rotated_back(0, 1, a.rotate[2]), m);
    m = matrix_product(sheared_back(a.shear), m);
    m = matrix_product(matrix_diagonal((a.flip[0] ? -1 : 1) / a.zoom[0],
                                       (a.flip[1] ? -1 : 1) / a.zoom[1],
                                       (a.flip[2] ? -1 : 1) / a.zoom[2]),
                       m);

    Warp warp = {.size = {size[0], size[1], size[2]}};
    for (int i = 0; i < 3; i++) {
        double offset = (double)(size[i] - 1) / 2;
        for (int j = 0; j < 3; j++) {
            offset -= m.at[i][j] * ((double)(size[j] - 1) / 2 + a.shift[j]);
            warp.matrix[i][j] = (float)m.at[i][j];
        }
        warp.matrix[i][3] = (float)offset;
    }
    return warp;
}

typedef struct {
    float at[3];
} Point;

/* Where the value of a voxel is, kept within the grid. voxel counts in D x H x W. */
static inline Point warp_point(const Warp *warp, float d, float h, float w, int64_t voxel)
{
    Point y;
    for (int i = 0; i < 3; i++) {
        const float *m = warp->matrix[i];
        float at = m[0] * d + m[1] * h + m[2] * w + m[3];
        if (warp->displacement[i])
            at += warp->displacement[i][voxel];
        y.at[i] = fminf(fmaxf(at, 0), (float)(warp->size[i] - 1));
    }
    return y;
}

typedef struct {
    int64_t low[3], high[3]; /* offsets in floats of the two neighbours along each axis */
    float share[3];          /* of the higher one */
} Cell;

static inline Cell warp_cell(const Warp *warp, Point y, const int64_t pitch[3])
{
    Cell cell;
    for (int i = 0; i < 3; i++) {
        int64_t low = (int64_t)y.at[i];
        int64_t high = low + 1 < warp->size[i] ? low + 1 : low;
        cell.low[i] = low * pitch[i];
        cell.high[i] = high * pitch[i];
        cell.share[i] = y.at[i] - (float)low;
    }
    return cell;
}

static inline float between(float a, float b, float share)
{
    return a + share * (b - a);
}

static inline float cell_value(const Cell *cell, const float *in)
{
    float plane[2];
    for (int d = 0; d < 2; d++) {
        float line[2];
        for (int h = 0; h < 2; h++) {
            const float *at =
                in + (d ? cell->high[0] : cell->low[0]) + (h ? cell->high[1] : cell->low[1]);
            line[h] = between(at[cell->low[2]], at[cell->high[2]], cell->share[2]);
        }
        plane[d] = between(line[0], line[1], cell->share[1]);
    }
    return between(plane[0], plane[1], cell->share[0]);
}

void warp_image(const Warp *warp, int64_t channels, const float *in, float *out, int64_t row_begin,
                int64_t row_end)
{
    int64_t height = warp->size[1], width = warp->size[2];
    int64_t pitch[3] = {height * width * channels, width * channels, channels};

    for (int64_t row = row_begin; row < row_end; row++) {
        float d = (float)(row / height), h = (float)(row % height);
        for (int64_t w = 0; w < width; w++) {
            int64_t voxel = row * width + w;
            Cell cell = warp_cell(warp, warp_point(warp, d, h, (float)w, voxel), pitch);
            for (int64_t c = 0; c < channels; c++)
                out[voxel * channels + c] = cell_value(&cell, in + c);
        }
    }
}

void warp_mask(const Warp *warp, const float *in, float *out, int64_t row_begin, int64_t row_end)
{
    int64_t height = warp->size[1], width = warp->size[2];

    for (int64_t row = row_begin; row < row_end; row++) {
        float d = (float)(row / height), h = (float)(row % height);
        for (int64_t w = 0; w < width; w++) {
            Point y = warp_point(warp, d, h, (float)w, row * width + w);
            int64_t at[3];
            for (int i = 0; i < 3; i++)
                at[i] = (int64_t)(y.at[i] + .5F);
            out[row * width + w] = in[(at[0] * height + at[1]) * width + at[2]];
        }
    }
}
