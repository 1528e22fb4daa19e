/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Augmentation that gradients flow through: what a discriminator sees of few samples, real and
 * generated alike.
 *
 * Were real samples alone augmented, a generator would learn to make augmented ones. Both see the
 * same draw where both are given the same numbers; those may be normal, since the part of a
 * standard normal number behind its point is uniform to within 1e-8. A grain is a sample.
 */
#include <math.h>
#include <string.h>

#include "node.h"

typedef struct {
    double translation, cutout, noise;
} DiffAugment;

enum { X, DRAW };
enum { AXES = 3, NUMBERS = 2 * AXES };

static bool infer(FornixInfer *infer, const void *attrs)
{
    (void)attrs;
    FornixShape x = fornix_input(infer, X), draw = fornix_input(infer, DRAW);
    if (fornix_has_input(infer, DRAW) &&
        (draw.n != x.n || fornix_floats(draw) != x.n * (int64_t)NUMBERS))
        return fornix_infer_fail(infer, "draw", "it has to be %d numbers for each sample",
                                 (int)NUMBERS);
    fornix_output(infer, 0, x);
    fornix_pass(infer, FORNIX_FORWARD, x.n, FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_BACKWARD, x.n, FORNIX_FOR_INPUT);
    fornix_flops(infer, FORNIX_FORWARD, (double)fornix_floats(x));
    fornix_flops(infer, FORNIX_BACKWARD, (double)fornix_floats(x));
    return true;
}

/* What happens to one sample: where it goes, and where nothing is left of it. */
typedef struct {
    int64_t size[AXES], shift[AXES], hole[AXES], end[AXES]; /* the hole: [hole, end) */
    FornixRandomKey noise;
} Change;

static int64_t rounded(double share, int64_t size)
{
    return (int64_t)floor(share * (double)size + 0.5);
}

static void draw_axis(const DiffAugment *a, Change *change, int axis, const double uniform[2])
{
    int64_t size = change->size[axis], reach = rounded(a->translation, size);
    int64_t cut = size == 1 ? 1 : rounded(a->cutout, size);
    change->shift[axis] = (int64_t)(uniform[0] * (double)(2 * reach + 1)) - reach;
    int64_t middle = (int64_t)(uniform[1] * (double)(size + 1 - cut % 2));
    change->hole[axis] = size == 1 ? 0 : middle - cut / 2;
    change->end[axis] = change->hole[axis] + cut;
}

static Change change_of(const FornixStep *step, const DiffAugment *a, int64_t sample)
{
    FornixShape x = step->in[X].shape;
    Change change = {.size = {x.d, x.h, x.w}};
    const float *given = step->in[DRAW].data;
    uint64_t bits = 0;
    for (int axis = 0; axis < AXES; axis++) {
        double uniform[2];
        for (int k = 0; k < 2; k++) {
            int64_t at = sample * NUMBERS + k * AXES + axis;
            float number = given ? given[at] : fornix_random_uniform(step->random, (uint64_t)at);
            uint32_t word;
            memcpy(&word, &number, sizeof word);
            bits = bits * 0x9E3779B97F4A7C15u + word;
            uniform[k] = fmin((double)number - floor((double)number), 1 - 1e-9);
        }
        draw_axis(a, &change, axis, uniform);
    }
    if (a->cutout <= 0 || x.d * x.h * x.w == 1) /* a vector has no place for a hole */
        change.end[0] = change.hole[0];
    change.noise = fornix_random_derive(fornix_random_key(0, "diff_augment"), bits);
    return change;
}

/* Where pixel p of the output comes from, in pixels; -1: nowhere. */
static int64_t source_of(const Change *c, int64_t pixel)
{
    int64_t at[AXES] = {pixel / (c->size[1] * c->size[2]), pixel / c->size[2] % c->size[1],
                        pixel % c->size[2]};
    bool inside = true, cut = true;
    for (int a = 0; a < AXES; a++) {
        cut = cut && at[a] >= c->hole[a] && at[a] < c->end[a];
        at[a] -= c->shift[a];
        inside = inside && at[a] >= 0 && at[a] < c->size[a];
    }
    return inside && !cut ? (at[0] * c->size[1] + at[1]) * c->size[2] + at[2] : -1;
}

static void add_noise(const DiffAugment *a, const Change *change, float *y, int64_t floats)
{
    for (int64_t i = 0; i < floats; i++)
        y[i] += (float)a->noise * fornix_random_normal(change->noise, (uint64_t)i);
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    (void)pass;
    const DiffAugment *a = attrs;
    const FornixView *x = &step->in[X];
    int64_t channels = x->shape.c, pixels = x->pitch_n / channels;
    for (int64_t n = begin; n < end; n++) {
        Change change = change_of(step, a, n);
        const float *from = x->data + n * x->pitch_n;
        float *y = step->out[0].data + n * x->pitch_n;
        for (int64_t p = 0; p < pixels; p++) {
            int64_t source = source_of(&change, p);
            if (source < 0)
                memset(y + p * channels, 0, (size_t)channels * sizeof *y);
            else
                memcpy(y + p * channels, from + source * channels, (size_t)channels * sizeof *y);
        }
        if (a->noise > 0)
            add_noise(a, &change, y, x->pitch_n);
    }
}

static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                     int64_t end)
{
    (void)pass;
    const FornixView *dy = &step->dout[0];
    int64_t channels = dy->shape.c, pixels = dy->pitch_n / channels;
    for (int64_t n = begin; n < end; n++) {
        Change change = change_of(step, attrs, n);
        const float *from = dy->data + n * dy->pitch_n;
        float *dx = step->din[X].data + n * dy->pitch_n;
        memset(dx, 0, (size_t)dy->pitch_n * sizeof *dx);
        for (int64_t p = 0; p < pixels; p++) {
            int64_t source = source_of(&change, p);
            if (source >= 0)
                memcpy(dx + source * channels, from + p * channels, (size_t)channels * sizeof *dx);
        }
    }
}

static bool tangent(FornixInfer *infer, const void *attrs)
{
    const DiffAugment *a = attrs;
    fornix_emit(infer,
                "<diff_augment id=\"tangent\" x=\"tangent0\" translation=\"%.17g\" "
                "cutout=\"%.17g\"%s/>",
                a->translation, a->cutout, fornix_has_input(infer, DRAW) ? " draw=\"input1\"" : "");
    return true;
}

static const FornixAttr attrs[] = {
    FORNIX_REAL(DiffAugment, translation, "0.125", 0, 1,
                "how far a map is moved along each axis, at most, as a share of its size; zeros "
                "come in"),
    FORNIX_REAL(DiffAugment, cutout, "0.5", 0, 1,
                "size of a hole of zeros along each axis, as a share of the map's"),
    FORNIX_REAL(DiffAugment, noise, "0", 0, 1e6, "standard deviation of normal noise on top"),
    {0}};
static const FornixPort inputs[] = {
    {"x", FORNIX_VALUES, 0, "real or generated features or images"},
    {"draw", FORNIX_VALUES, FORNIX_OPTIONAL | FORNIX_SAVED | FORNIX_NO_GRAD,
     "<noise size=\"6\"/>: where real and generated ones are given the same, both are changed "
     "alike; unless given each use draws for itself"},
    {0}};
static const FornixPort outputs[] = {{"y", FORNIX_FEATURE, 0, "the same shape"}, {0}};
static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "diff_augment",
    .doc =
        "Differentiable augmentation in front of a discriminator, of real and generated features "
        "alike: a map is moved and loses a part, and noise comes on top; of vectors there is "
        "noise alone. It keeps a discriminator from learning few samples by heart.",
    .formula =
        "y[p] = x[p - shift] outside of the hole, else 0; + noise N(0, 1) (Zhao et al. 2020: "
        "translation and cutout)",
    .attrs_size = sizeof(DiffAugment),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .layer = &layer,
    .example = "x=3,1,8,7,4 z=noise:3,1,1,1,6 | <diff_augment x=\"x\" draw=\"z\"/>\n"
               "x=2,4,5,6,2 | <diff_augment x=\"x\" translation=\"0.3\" cutout=\"0.4\"/>\n"
               "x=5,1,1,1,7 z=noise:5,1,1,1,6 | <diff_augment x=\"x\" draw=\"z\" noise=\"0.1\"/>",
    .tangent = tangent};
