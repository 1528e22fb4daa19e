/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random flips, affine transforms and elastic deformation of training samples.
 *
 * A segmentation net sees few subjects; seen flipped, turned, stretched and bent they are many.
 * Each sample of a batch draws one transform, by which image and mask go together: the image is
 * interpolated, the mask takes the nearest voxel's class. Outside of training all passes as it is.
 *
 * Numbers are drawn from the step's key by sample, so neither the batch's grains nor the order in
 * which they run matter. Fields need a Fourier transform each: they are drawn in a pass of their
 * own, into scratch, before the pass that resamples.
 */
#include <math.h>
#include <string.h>

#include "base.h"
#include "field.h"
#include "node.h"
#include "warp.h"

enum { ROW_BLOCK_VOXELS = 4096 };

typedef struct {
    double flip_d, flip_h, flip_w;
    double alpha, sigma, reference;
    double rotate, shift, shear, zoom;
    double noise, gain, gamma;
} Augment;

typedef struct {
    Field *field; /* of the displacements; NULL: none */
} Opened;

/* How scratch and grains are laid out; a function of shapes and attributes alone. */
typedef struct {
    int64_t n, size[3], channels;
    double rms;     /* of a displacement, in voxels */
    double smooth;  /* of the displacements, in voxels */
    int64_t fields; /* displacement fields of a sample */
    int64_t range;  /* grains of a sample that find its range: 0 or 1 */
    int64_t rows, blocks, block_rows;
} Layout;

static Layout layout_of(const Augment *a, FornixShape s)
{
    const double root_twelve_pi = 6.1399602476;
    Layout l = {.n = s.n, .size = {s.d, s.h, s.w}, .channels = s.c, .rows = s.d * s.h};
    double scale = (double)s.w / a->reference;

    l.smooth = a->sigma * scale;
    l.rms = a->alpha / (root_twelve_pi * a->sigma) * scale;
    l.fields = a->alpha > 0 ? (s.d > 1) + (s.h > 1) + (s.w > 1) : 0;
    l.range = a->gamma > 0;
    l.block_rows = s.w < ROW_BLOCK_VOXELS ? ROW_BLOCK_VOXELS / s.w : 1;
    l.blocks = (l.rows + l.block_rows - 1) / l.block_rows;
    return l;
}

static Field *layout_field(const Layout *l, FornixError *error)
{
    double smoothness[3] = {l->smooth, l->smooth, l->smooth};
    return field_new(l->size, smoothness, error);
}

static bool augment_infer(FornixInfer *infer, const void *attrs)
{
    const Augment *a = attrs;
    FornixShape image = fornix_input(infer, 0), mask = fornix_input(infer, 1);
    Layout l = layout_of(a, image);

    fornix_output(infer, 0, image);
    fornix_output_kind(infer, 0, fornix_input_kind(infer, 0));
    if (fornix_has_input(infer, 1)) {
        if (mask.n != image.n || mask.d != image.d || mask.h != image.h || mask.w != image.w)
            return fornix_infer_fail(infer, "mask",
                                     "the image is %lld x %lld x %lld, the mask %lld x %lld x %lld",
                                     (long long)image.d, (long long)image.h, (long long)image.w,
                                     (long long)mask.d, (long long)mask.h, (long long)mask.w);
        fornix_output(infer, 1, mask);
        fornix_output_classes(infer, 1, fornix_input_classes(infer, 1));
    } else {
        fornix_output(infer, 1, (FornixShape){image.n, 1, 1, 1, 1});
    }

    int64_t scratch = 0;
    if (l.fields) {
        FornixError error = {.text = ""};
        Field *field = layout_field(&l, &error);
        if (!field)
            return fornix_infer_fail(infer, "sigma", "%s", error.text);
        scratch += l.n * l.fields * field_scratch(field);
        field_free(field);
    }
    scratch += l.n * l.range * 2 * l.channels;
    fornix_scratch(infer, FORNIX_FORWARD, scratch);
    if (l.fields + l.range)
        fornix_pass(infer, FORNIX_FORWARD, l.n * (l.fields + l.range), FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_FORWARD, l.n * l.blocks, FORNIX_ALWAYS);
    return true;
}

static void *augment_open(const FornixInfer *infer, const void *attrs, FornixError *error)
{
    Layout l = layout_of(attrs, fornix_input(infer, 0));
    Opened *opened = mem_new(1, sizeof *opened);
    if (l.fields && !(opened->field = layout_field(&l, error))) {
        mem_free(opened);
        return NULL;
    }
    return opened;
}

static void augment_close(void *opened)
{
    if (opened)
        field_free(((Opened *)opened)->field);
    mem_free(opened);
}

/* What the keys and indices of a sample's numbers are for. */
enum { KEY_TRANSFORM, KEY_NOISE, KEY_CHANNELS, KEY_FIELD };
enum { DRAW_FLIP = 0, DRAW_ZOOM = 3, DRAW_SHEAR = 6, DRAW_ROTATE = 9, DRAW_SHIFT = 12 };

static FornixRandomKey sample_key(const FornixStep *step, int64_t sample, int what)
{
    FornixRandomKey key = fornix_random_derive(step->random, (uint64_t)sample);
    return fornix_random_derive(key, (uint64_t)what);
}

/* Uniform in [-most, most). */
static double draw(FornixRandomKey key, int index, double most)
{
    return most * (2 * fornix_random_real(key, (uint64_t)index) - 1);
}

static Affine draw_affine(const Augment *a, const Layout *l, FornixRandomKey key)
{
    const double degree = 0.017453292519943295;
    const double flip[3] = {a->flip_d, a->flip_h, a->flip_w};
    Affine affine;
    for (int i = 0; i < 3; i++) {
        affine.flip[i] = fornix_random_real(key, (uint64_t)(DRAW_FLIP + i)) < flip[i];
        affine.zoom[i] = 1 + draw(key, DRAW_ZOOM + i, a->zoom);
        affine.shear[i] = draw(key, DRAW_SHEAR + i, a->shear);
        affine.rotate[i] = draw(key, DRAW_ROTATE + i, a->rotate * degree);
        affine.shift[i] = draw(key, DRAW_SHIFT + i, a->shift) * (double)l->size[i];
    }
    return affine;
}

static const Field *step_field(const FornixStep *step)
{
    return ((const Opened *)step->opened)->field;
}

/* Where a displacement of a sample is drawn, and then lies. */
static float *sample_field(const FornixStep *step, const Layout *l, int64_t sample, int64_t which)
{
    return step->scratch + (sample * l->fields + which) * field_scratch(step_field(step));
}

static void draw_field(const FornixStep *step, const Layout *l, int64_t sample, int64_t which)
{
    int64_t voxels = l->size[0] * l->size[1] * l->size[2];
    float *scratch = sample_field(step, l, sample, which);
    FornixRandomKey key = sample_key(step, sample, KEY_FIELD + (int)which);

    const float *values = field_draw(step_field(step), key, scratch);
    for (int64_t i = 0; i < voxels; i++)
        scratch[i] = (float)l->rms * values[i];
}

/* Where the lowest and highest value of each channel of a sample are kept. */
static float *sample_range(const FornixStep *step, const Layout *l, int64_t sample)
{
    float *ranges = step->scratch;
    if (l->fields)
        ranges = sample_field(step, l, l->n, 0);
    return ranges + sample * 2 * l->channels;
}

static void find_range(const FornixStep *step, const Layout *l, int64_t sample)
{
    const FornixView *image = &step->in[0];
    const float *in = image->data + sample * image->pitch_n;
    float *range = sample_range(step, l, sample);
    int64_t floats = l->rows * l->size[2] * l->channels;

    for (int64_t c = 0; c < l->channels; c++)
        range[2 * c] = range[2 * c + 1] = in[c];
    for (int64_t i = 0; i < floats; i++) {
        float *of = range + 2 * (i % l->channels);
        of[0] = fminf(of[0], in[i]);
        of[1] = fmaxf(of[1], in[i]);
    }
}

static void change_gamma(float *out, int64_t count, int64_t channels, const float *range,
                         float power)
{
    float low = range[0], width = range[1] - range[0];
    if (!(width > 0))
        return;
    for (int64_t i = 0; i < count * channels; i += channels)
        out[i] = low + width * powf(fmaxf(out[i] - low, 0) / width, power);
}

/* Gamma, gain and noise of voxels [begin, end) of a sample. */
static void change_intensity(const FornixStep *step, const Augment *a, const Layout *l,
                             int64_t sample, int64_t begin, int64_t end)
{
    float *out = step->out[0].data + sample * step->out[0].pitch_n + begin * l->channels;
    FornixRandomKey key = sample_key(step, sample, KEY_CHANNELS);

    for (int64_t c = 0; c < l->channels; c++) {
        float factor = (float)(1 + draw(key, (int)(2 * c), a->gain));
        if (a->gamma > 0)
            change_gamma(out + c, end - begin, l->channels, sample_range(step, l, sample) + 2 * c,
                         (float)exp(draw(key, (int)(2 * c + 1), a->gamma)));
        if (a->gain > 0)
            for (int64_t i = c; i < (end - begin) * l->channels; i += l->channels)
                out[i] *= factor;
    }
    if (a->noise > 0) {
        enum { CHUNK = 1024 };
        float normal[CHUNK];
        int64_t floats = (end - begin) * l->channels;
        key = sample_key(step, sample, KEY_NOISE);
        for (int64_t i = 0; i < floats; i += CHUNK) {
            int64_t count = floats - i < CHUNK ? floats - i : CHUNK;
            fornix_random_fill_normal(key, (uint64_t)(begin * l->channels + i), normal, count);
            for (int64_t j = 0; j < count; j++)
                out[i + j] += (float)a->noise * normal[j];
        }
    }
}

static Warp sample_warp(const FornixStep *step, const Augment *a, const Layout *l, int64_t sample)
{
    Affine affine = draw_affine(a, l, sample_key(step, sample, KEY_TRANSFORM));
    Warp warp = warp_affine(l->size, &affine);
    for (int i = 0, which = 0; i < 3 && l->fields; i++)
        if (l->size[i] > 1)
            warp.displacement[i] = sample_field(step, l, sample, which++);
    return warp;
}

static void resample(const FornixStep *step, const Augment *a, const Layout *l, int64_t grain)
{
    int64_t sample = grain / l->blocks;
    int64_t begin = grain % l->blocks * l->block_rows;
    int64_t end = begin + l->block_rows < l->rows ? begin + l->block_rows : l->rows;
    const FornixView *image = &step->in[0], *mask = &step->in[1];
    const FornixTensor *image_out = &step->out[0], *mask_out = &step->out[1];
    const float *from = image->data + sample * image->pitch_n;
    float *to = image_out->data + sample * image_out->pitch_n;
    int64_t width = l->size[2];

    if (!step->training) {
        memcpy(to + begin * width * l->channels, from + begin * width * l->channels,
               (size_t)((end - begin) * width * l->channels) * sizeof *to);
        if (mask->data)
            memcpy(mask_out->data + sample * mask_out->pitch_n + begin * width,
                   mask->data + sample * mask->pitch_n + begin * width,
                   (size_t)((end - begin) * width) * sizeof *to);
        return;
    }
    Warp warp = sample_warp(step, a, l, sample);
    warp_image(&warp, l->channels, from, to, begin, end);
    change_intensity(step, a, l, sample, begin * width, end * width);
    if (mask->data)
        warp_mask(&warp, mask->data + sample * mask->pitch_n,
                  mask_out->data + sample * mask_out->pitch_n, begin, end);
}

static void augment_forward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                            int64_t end)
{
    Layout l = layout_of(attrs, step->in[0].shape);
    int64_t prepared = l.fields + l.range;
    bool last = pass == (prepared > 0);

    for (int64_t grain = begin; grain < end; grain++) {
        if (last) {
            resample(step, attrs, &l, grain);
            if (!step->in[1].data && step->out[1].data && grain % l.blocks == 0)
                step->out[1].data[grain / l.blocks] = 0;
        } else if (step->training && grain % prepared < l.fields) {
            draw_field(step, &l, grain / prepared, grain % prepared);
        } else if (step->training) {
            find_range(step, &l, grain / prepared);
        }
    }
}

static const FornixAttr attrs[] = {
    FORNIX_REAL(Augment, flip_d, "0.5", 0, 1, "probability of a flip along D (volumes only)"),
    FORNIX_REAL(Augment, flip_h, "0.5", 0, 1, "probability of a flip along H"),
    FORNIX_REAL(Augment, flip_w, "0.5", 0, 1, "probability of a flip along W"),
    FORNIX_REAL(
        Augment, alpha, "720", 0, 1e6,
        "how strongly it bends, in pixels of a plane image `reference` wide: uniform noise "
        "blurred by sigma, times alpha; 720 and 24 displace by 4.9 pixels of 240 (root mean "
        "square). A volume is displaced as far along each axis. 0: not at all"),
    FORNIX_REAL(Augment, sigma, "24", 0.1, 1e5,
                "how smoothly it bends, in pixels of an image `reference` wide"),
    FORNIX_REAL(Augment, reference, "240", 1, 1e6,
                "width that alpha and sigma are meant for; both scale with the image's own"),
    FORNIX_REAL(Augment, rotate, "20", 0, 180,
                "rotates by up to so many degrees, a volume about each axis"),
    FORNIX_REAL(Augment, shift, "0.1", 0, 1, "shifts by up to this part of the size, per axis"),
    FORNIX_REAL(Augment, shear, "0.05", 0, 1, "shears by up to this, per plane"),
    FORNIX_REAL(Augment, zoom, "0.1", 0, 0.9,
                "zooms by a factor between 1 - zoom and 1 + zoom, per axis"),
    FORNIX_REAL(Augment, noise, "0", 0, 1e6,
                "standard deviation of normal noise added to the image, in its own units"),
    FORNIX_REAL(Augment, gain, "0", 0, 1,
                "multiplies each channel by a factor between 1 - gain and 1 + gain"),
    FORNIX_REAL(Augment, gamma, "0", 0, 3,
                "raises each channel, from its lowest to its highest value, to a power between "
                "exp(-gamma) and exp(gamma)"),
    {0}};

static const FornixPort inputs[] = {
    {"image", FORNIX_IMAGE | FORNIX_FEATURE, FORNIX_NO_GRAD, "what is interpolated linearly"},
    {"mask", FORNIX_MASK, FORNIX_OPTIONAL | FORNIX_NO_GRAD, "what goes along, nearest voxel"},
    {0}};

static const FornixPort outputs[] = {{"image", 0, 0, "the image transformed"},
                                     {"mask", FORNIX_MASK, 0, "the mask transformed"},
                                     {0}};

static const FornixLayer layer = {.infer = augment_infer,
                                  .forward = augment_forward,
                                  .open = augment_open,
                                  .close = augment_close};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "augment",
    .doc = "Flips, turns, stretches and bends training samples, image and mask by one transform. "
           "Outside of training both pass through unchanged. The defaults are those of arXiv "
           "2209.14097; voxels are taken as cubes, and what comes in from outside the image has "
           "the border's value.",
    .formula = "out(x) = image(M x + m + u(x)); u: Gaussian field (Simard, Steinkraus, Platt: "
               "Best practices for convolutional neural networks, ICDAR 2003)",
    .attrs_size = sizeof(Augment),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .layer = &layer,
    .example =
        "image=2,6,7,8,3 mask=2,6,7,8,1 | <augment image=\"image\" mask=\"mask\"/>\n"
        "image=2,1,9,8,1 | <augment image=\"image\" alpha=\"0\" gamma=\"0.2\" noise=\"0.1\"/>"};
