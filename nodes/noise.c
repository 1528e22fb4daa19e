/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random numbers as a tensor: what a generator makes samples from.
 *
 * Number i of sample n depends on the step's key, n and i alone, so that the same step draws the
 * same noise on any number of threads, and in backward as in forward.
 */
#include <math.h>

#include "node.h"
#include "text.h"

typedef struct {
    FornixList size;
    int distribution;
    double deviation;
} Noise;

enum { NOISE_NORMAL, NOISE_UNIFORM };

static bool noise_shape(FornixInfer *infer, const Noise *a, FornixShape *shape)
{
    int64_t *const size[] = {&shape->d, &shape->h, &shape->w, &shape->c};
    *shape = (FornixShape){fornix_batch(infer), 1, 1, 1, 1};
    if (a->size.count != 1 && a->size.count != 4)
        return fornix_infer_fail(infer, "size",
                                 "a length is wanted (100), or depth, height, width and channels "
                                 "(1 4 4 64)");
    for (int64_t i = 0; i < a->size.count; i++) {
        int64_t *to = size[4 - a->size.count + i];
        if (!text_to_int(a->size.items[i], to) || *to < 1 || *to > INT32_MAX)
            return fornix_infer_fail(infer, "size", "'%s' is not a size", a->size.items[i]);
    }
    return true;
}

static bool noise_infer(FornixInfer *infer, const void *attrs)
{
    FornixShape shape;
    if (!noise_shape(infer, attrs, &shape))
        return false;
    fornix_output(infer, 0, shape);
    fornix_pass(infer, FORNIX_FORWARD, shape.n, FORNIX_ALWAYS);
    return true;
}

static void noise_forward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                          int64_t end)
{
    const Noise *a = attrs;
    const FornixTensor *out = &step->out[0];
    int64_t floats = out->pitch_n;
    bool normal = a->distribution == NOISE_NORMAL;
    /* Uniform in [-b, b) has the standard deviation b / sqrt 3. */
    float scale = (float)(normal ? a->deviation : a->deviation * 2 * sqrt(3));
    float middle = normal ? 0 : .5F;
    (void)pass;

    for (int64_t n = begin; n < end; n++) {
        float *values = out->data + n * floats;
        FornixRandomKey key = fornix_random_derive(step->random, (uint64_t)n);
        if (normal)
            fornix_random_fill_normal(key, 0, values, floats);
        else
            fornix_random_fill_uniform(key, 0, values, floats);
        for (int64_t i = 0; i < floats; i++)
            values[i] = scale * (values[i] - middle);
    }
}

static const char *const distributions[] = {"normal", "uniform", NULL};

static const FornixAttr attrs[] = {
    FORNIX_LIST(Noise, size, NULL, "length of a vector, or depth, height, width and channels"),
    FORNIX_CHOICE(Noise, distribution, "normal", distributions, "of mean 0"),
    FORNIX_REAL(Noise, deviation, "1", 0, 1e6, "standard deviation"),
    {0}};

static const FornixPort outputs[] = {{"noise", FORNIX_NOISE, 0, "new numbers at each step"}, {0}};

static const FornixLayer layer = {.infer = noise_infer, .forward = noise_forward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "noise",
    .doc = "Draws random numbers for each sample of the batch, anew at each step.",
    .formula = "noise ~ N(0, deviation^2)",
    .attrs_size = sizeof(Noise),
    .attrs = attrs,
    .outputs = outputs,
    .layer = &layer,
    .example = " | <noise size=\"100\"/>\n"
               " | <noise size=\"2 4 4 8\" distribution=\"uniform\" deviation=\"0.5\"/>"};
