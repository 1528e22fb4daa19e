/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mean power of images and maps by spatial frequency.
 *
 * The transform of real numbers gives half of the modes along the last axis that is longer than a
 * pixel; the other half has the same power, so that most modes count twice.
 */
#include "spectrum.h"

#include <fftw3.h>
#include <math.h>

#include "base.h"
#include "field.h"

enum { AXES = 3 };

struct Spectrum {
    FornixShape shape;
    int64_t size[AXES], half; /* D H W; half: modes along W */
    int64_t bins, samples;
    float *pixels;
    fftwf_complex *modes;
    int64_t pixel_bytes, mode_bytes;
    fftwf_plan plan;
    int *bin;             /* of each mode, 0: left out */
    double *sum, *weight; /* by bin, from 0 */
};

static int64_t longest_of(FornixShape shape)
{
    int64_t longest = shape.d > shape.h ? shape.d : shape.h;
    return shape.w > longest ? shape.w : longest;
}

int64_t spectrum_bins(FornixShape shape)
{
    return longest_of(shape) / 2;
}

static double frequency_of(int64_t mode, int64_t size)
{
    return (double)(mode <= size / 2 ? mode : mode - size) / (double)size;
}

/* Modes 0 and (of an even size) the last along W are their own mirror images. */
static double times_of(const Spectrum *s, int64_t w)
{
    return w == 0 || 2 * w == s->size[2] ? 1 : 2;
}

static void sort_modes(Spectrum *s)
{
    int64_t i = 0;
    for (int64_t d = 0; d < s->size[0]; d++)
        for (int64_t h = 0; h < s->size[1]; h++)
            for (int64_t w = 0; w < s->half; w++, i++) {
                double x = frequency_of(d, s->size[0]), y = frequency_of(h, s->size[1]);
                double z = frequency_of(w, s->size[2]), radius = sqrt(x * x + y * y + z * z);
                int64_t bin = (int64_t)floor(radius * (double)longest_of(s->shape) + 0.5);
                s->bin[i] = radius <= 0.5 + 1e-9 && bin <= s->bins ? (int)bin : 0;
                s->weight[s->bin[i]] += times_of(s, w);
            }
}

static bool open_transform(Spectrum *s, FornixError *error)
{
    int64_t pixels = s->size[0] * s->size[1] * s->size[2];
    int64_t modes = s->size[0] * s->size[1] * s->half;
    const int size[AXES] = {(int)s->size[0], (int)s->size[1], (int)s->size[2]};
    s->pixel_bytes = pixels * (int64_t)sizeof *s->pixels;
    s->mode_bytes = modes * (int64_t)sizeof *s->modes;
    s->pixels = mem_large((size_t)s->pixel_bytes);
    s->modes = mem_large((size_t)s->mode_bytes);
    if (!s->pixels || !s->modes)
        return fornix_fail(error, "no memory for a spectrum of %lld pixels", (long long)pixels);
    field_planner_lock();
    s->plan = fftwf_plan_dft_r2c(AXES, size, s->pixels, s->modes, FFTW_ESTIMATE);
    field_planner_unlock();
    if (!s->plan)
        return fornix_fail(error, "FFTW plans no transform of %d x %d x %d", size[0], size[1],
                           size[2]);
    s->bin = mem_new((size_t)modes, sizeof *s->bin);
    sort_modes(s);
    return true;
}

Spectrum *spectrum_new(FornixShape shape, FornixError *error)
{
    Spectrum *s = mem_new(1, sizeof *s);
    *s = (Spectrum){.shape = shape,
                    .size = {shape.d, shape.h, shape.w},
                    .half = shape.w / 2 + 1,
                    .bins = spectrum_bins(shape)};
    s->sum = mem_new((size_t)s->bins + 1, sizeof *s->sum);
    s->weight = mem_new((size_t)s->bins + 1, sizeof *s->weight);
    if (open_transform(s, error))
        return s;
    spectrum_free(s);
    return NULL;
}

void spectrum_free(Spectrum *spectrum)
{
    if (!spectrum)
        return;
    if (spectrum->plan) {
        field_planner_lock();
        fftwf_destroy_plan(spectrum->plan);
        field_planner_unlock();
    }
    mem_large_free(spectrum->pixels, (size_t)spectrum->pixel_bytes);
    mem_large_free(spectrum->modes, (size_t)spectrum->mode_bytes);
    mem_free(spectrum->bin);
    mem_free(spectrum->sum);
    mem_free(spectrum->weight);
    mem_free(spectrum);
}

static void add_modes(Spectrum *s)
{
    int64_t modes = s->size[0] * s->size[1] * s->half;
    double pixels = (double)(s->size[0] * s->size[1] * s->size[2]);
    for (int64_t i = 0; i < modes; i++) {
        double real = (double)s->modes[i][0], imaginary = (double)s->modes[i][1];
        s->sum[s->bin[i]] +=
            times_of(s, i % s->half) * (real * real + imaginary * imaginary) / pixels;
    }
}

void spectrum_add(Spectrum *spectrum, const float *sample)
{
    int64_t channels = spectrum->shape.c;
    int64_t pixels = spectrum->size[0] * spectrum->size[1] * spectrum->size[2];
    for (int64_t c = 0; c < channels; c++) {
        for (int64_t i = 0; i < pixels; i++)
            spectrum->pixels[i] = sample[i * channels + c];
        fftwf_execute(spectrum->plan);
        add_modes(spectrum);
    }
    spectrum->samples++;
}

void spectrum_power(const Spectrum *spectrum, double *frequency, double *power)
{
    double spectra = (double)(spectrum->samples * spectrum->shape.c);
    for (int64_t b = 1; b <= spectrum->bins; b++) {
        double weight = spectrum->weight[b] * spectra;
        if (frequency)
            frequency[b - 1] = (double)b / (double)longest_of(spectrum->shape);
        power[b - 1] = weight > 0 ? spectrum->sum[b] / weight : 0;
    }
}

double spectrum_distance(const double *a, const double *b, int64_t bins)
{
    double largest = 0, sum = 0;
    for (int64_t k = 0; k < bins; k++)
        largest = fmax(largest, fmax(a[k], b[k]));
    for (int64_t k = 0; k < bins; k++) {
        double apart = log10(fmax(a[k], 1e-12 * largest) / fmax(b[k], 1e-12 * largest));
        sum += apart * apart;
    }
    return largest > 0 ? sqrt(sum / (double)bins) : NAN;
}
