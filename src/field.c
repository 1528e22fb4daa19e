/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Band-limited Gaussian random fields by one inverse Fourier transform.
 *
 * Only the modes that the blur leaves are drawn, a few thousand where the grid has a hundred
 * thousand points: the transform is nearly all of the cost. Half of the spectrum stands for all of
 * it since the field is real; the plane k_w = 0 holds both a mode and its mirror image, so the
 * latter is copied, not drawn.
 */
#include "field.h"

#include <fftw3.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "base.h"

enum { ALIGNMENT = 16 }; /* floats: what FFTW plans for, and field_draw sees to */

typedef struct {
    int64_t size, length; /* of the grid, of the transform */
    int64_t band;         /* modes -band … band are drawn */
    float *amplitude;     /* of mode k at [k + band] */
} Axis;

struct Field {
    Axis axis[3];
    int64_t row; /* floats from one row of the transform to the next */
    int64_t floats;
    fftwf_plan plan;
};

static pthread_mutex_t planner = PTHREAD_MUTEX_INITIALIZER;

void field_planner_lock(void)
{
    pthread_mutex_lock(&planner);
}

void field_planner_unlock(void)
{
    pthread_mutex_unlock(&planner);
}

static int64_t good_length(int64_t least)
{
    for (int64_t length = least;; length++) {
        int64_t rest = length;
        for (int64_t prime = 2; prime <= 5; prime++)
            while (rest % prime == 0)
                rest /= prime;
        if (rest == 1)
            return length;
    }
}

/* Each axis brings a variance of 1, so that the product of the three does. */
static void axis_open(Axis *axis, int64_t size, double smoothness)
{
    const double pi = 3.14159265358979323846, faintest = 1e-4;

    axis->size = axis->length = size;
    if (size > 1) {
        double margin = fmin(ceil(4 * smoothness), 2 * (double)size);
        axis->length = good_length(size + (int64_t)margin);
    }
    double length = (double)axis->length;
    double band = sqrt(-log(faintest) / 2) / pi / fmax(smoothness, 1e-3) * length;
    axis->band = (int64_t)fmin(band, (double)((axis->length - 1) / 2));
    axis->amplitude = mem_new((size_t)(2 * axis->band + 1), sizeof(float));

    double variance = 0;
    for (int64_t k = -axis->band; k <= axis->band; k++) {
        double f = pi * smoothness * (double)k / length;
        variance += exp(-4 * f * f);
    }
    for (int64_t k = -axis->band; k <= axis->band; k++) {
        double f = pi * smoothness * (double)k / length;
        axis->amplitude[k + axis->band] = (float)(exp(-2 * f * f) / sqrt(variance));
    }
}

static bool field_plan(Field *field, FornixError *error)
{
    const Axis *axis = field->axis;
    size_t bytes = (size_t)field->floats * sizeof(float);
    float *values = mem_large(bytes);
    if (!values)
        return fornix_fail(error, "no memory for a random field of %zu bytes", bytes);

    int lengths[3] = {(int)axis[0].length, (int)axis[1].length, (int)axis[2].length};
    field_planner_lock();
    field->plan =
        fftwf_plan_dft_c2r(3, lengths, (fftwf_complex *)(void *)values, values, FFTW_ESTIMATE);
    field_planner_unlock();
    mem_large_free(values, bytes);
    return field->plan || fornix_fail(error, "FFTW has no plan for a field of %d x %d x %d",
                                      lengths[0], lengths[1], lengths[2]);
}

Field *field_new(const int64_t size[3], const double smoothness[3], FornixError *error)
{
    const int64_t longest = 1 << 20;

    for (int i = 0; i < 3; i++) {
        if (size[i] < 1 || size[i] > longest || !(smoothness[i] >= 0)) {
            fornix_fail_input(error, "no random field of size %lld with smoothness %g",
                              (long long)size[i], smoothness[i]);
            return NULL;
        }
    }
    Field *field = mem_new(1, sizeof *field);
    for (int i = 0; i < 3; i++)
        axis_open(&field->axis[i], size[i], smoothness[i]);
    field->row = 2 * (field->axis[2].length / 2 + 1);

    const Axis *axis = field->axis;
    bool fits = size_multiply(axis[0].length, axis[1].length, &field->floats) &&
                size_multiply(field->floats, field->row, &field->floats) &&
                field->floats <= INT32_MAX;
    if (!fits) {
        fornix_fail_input(error, "a random field of %lld x %lld x %lld is too large",
                          (long long)size[0], (long long)size[1], (long long)size[2]);
        field_free(field);
        return NULL;
    }
    if (!field_plan(field, error)) {
        field_free(field);
        return NULL;
    }
    return field;
}

void field_free(Field *field)
{
    if (!field)
        return;
    for (int i = 0; i < 3; i++)
        mem_free(field->axis[i].amplitude);
    field_planner_lock();
    if (field->plan)
        fftwf_destroy_plan(field->plan);
    field_planner_unlock();
    mem_free(field);
}

int64_t field_scratch(const Field *field)
{
    return (field->floats + 2 * ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static int64_t wrapped(int64_t mode, int64_t length)
{
    return mode < 0 ? mode + length : mode;
}

/* Where the complex numbers of the modes (k_d, k_h, 0 …) begin; row counts them in the band. */
static float *spectrum_row(const Field *field, float *spectrum, int64_t row)
{
    const Axis *d = &field->axis[0], *h = &field->axis[1];
    int64_t rows = 2 * h->band + 1;
    int64_t kd = wrapped(row / rows - d->band, d->length);
    int64_t kh = wrapped(row % rows - h->band, h->length);
    return spectrum + (kd * h->length + kh) * field->row;
}

static void spectrum_draw(const Field *field, FornixRandomKey key, float *spectrum)
{
    const Axis *d = &field->axis[0], *h = &field->axis[1], *w = &field->axis[2];
    int64_t rows = (2 * d->band + 1) * (2 * h->band + 1);
    int64_t drawn = 2 * (w->band + 1);
    const float root_half = 0.70710678F;

    memset(spectrum, 0, (size_t)field->floats * sizeof *spectrum);
    for (int64_t row = 0; row < rows; row++) {
        float *mode = spectrum_row(field, spectrum, row);
        float amplitude = root_half * d->amplitude[row / (2 * h->band + 1)] *
                          h->amplitude[row % (2 * h->band + 1)];
        fornix_random_fill_normal(key, (uint64_t)(row * drawn), mode, drawn);
        for (int64_t k = 0; k <= w->band; k++) {
            mode[2 * k] *= amplitude * w->amplitude[k + w->band];
            mode[2 * k + 1] *= amplitude * w->amplitude[k + w->band];
        }
        int64_t mirror = rows - 1 - row;
        if (mirror < row) {
            const float *twin = spectrum_row(field, spectrum, mirror);
            mode[0] = twin[0];
            mode[1] = -twin[1];
        } else if (mirror == row) {
            mode[0] *= 2 * root_half;
            mode[1] = 0;
        }
    }
}

float *field_draw(const Field *field, FornixRandomKey key, float *scratch)
{
    const Axis *axis = field->axis;
    uintptr_t boundary = ALIGNMENT * sizeof(float);
    uintptr_t beyond = (uintptr_t)scratch % boundary;
    float *values = beyond ? scratch + (boundary - beyond) / sizeof(float) : scratch;

    spectrum_draw(field, key, values);
    fftwf_execute_dft_c2r(field->plan, (fftwf_complex *)(void *)values, values);

    for (int64_t d = 0; d < axis[0].size; d++)
        for (int64_t h = 0; h < axis[1].size; h++)
            memmove(values + (d * axis[1].size + h) * axis[2].size,
                    values + (d * axis[1].length + h) * field->row,
                    (size_t)axis[2].size * sizeof *values);
    return values;
}
