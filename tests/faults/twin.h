/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A layer without a fault, y = scale w x^2 / 2 with a weight w for each channel, of which each file
 * here is a twin with one fault: a macro that it defines before this header takes the place of what
 * stands here. A grain is a sample; all that it knows of fornix is its header. */
#ifndef FORNIX_FAULTS_TWIN_H
#define FORNIX_FAULTS_TWIN_H

#include <node.h>
#include <stdlib.h>

#ifndef ABI
#define ABI FORNIX_ABI
#endif
#ifndef X_FLAGS
#define X_FLAGS FORNIX_SAVED
#endif
#ifndef X_DOC
#define X_DOC "any values"
#endif
#ifndef SCALE_DEFAULT
#define SCALE_DEFAULT "1"
#endif
#ifndef SLOPE /* of y by x */
#define SLOPE(scale, w, x) ((scale) * (w) * (x))
#endif
#ifndef DECLARE /* more, in infer */
#define DECLARE(infer)
#endif
#ifndef AT_GRAIN /* after a grain of forward, whose floats are y[0, count) from x */
#define AT_GRAIN(step, y, x, count, grain)
#endif
#ifndef LEFT_OUT /* numbers of a sample that forward does not write */
#define LEFT_OUT 0
#endif
#ifndef NEED /* of the pass that makes it */
#define NEED FORNIX_FOR_INPUT
#endif
#ifndef ASSIGN /* a gradient of the input */
#define ASSIGN(place, value) (place) = (value)
#endif
#ifndef OPEN
#define OPEN NULL
#endif

typedef struct {
    double scale;
} Twin;

static bool infer(FornixInfer *infer, const void *attrs)
{
    (void)attrs;
    FornixShape x = fornix_input(infer, 0);
    fornix_output(infer, 0, x);
    fornix_weight(infer, 0, "w", (FornixShape){1, 1, 1, 1, x.c}, (FornixInit){FORNIX_CONSTANT, 1});
    fornix_pass(infer, FORNIX_FORWARD, x.n, FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_BACKWARD, x.n, NEED);
    fornix_pass(infer, FORNIX_BACKWARD, x.c, FORNIX_FOR_WEIGHT);
    DECLARE(infer);
    return true;
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    const Twin *a = attrs;
    FornixShape s = step->in[0].shape;
    int64_t count = s.d * s.h * s.w * s.c;
    (void)pass;
    for (int64_t grain = begin; grain < end; grain++) {
        const float *x = step->in[0].data + grain * count;
        float *y = step->out[0].data + grain * count;
        for (int64_t i = 0; i < count - LEFT_OUT; i++)
            y[i] = (float)a->scale * step->weight[0].data[i % s.c] * x[i] * x[i] / 2;
        AT_GRAIN(step, y, x, count, grain);
    }
}

static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                     int64_t end)
{
    const Twin *a = attrs;
    const float *x = step->in[0].data, *dy = step->dout[0].data;
    FornixShape s = step->in[0].shape;
    int64_t count = s.d * s.h * s.w * s.c;
    if (pass == 0)
        for (int64_t i = begin * count; i < end * count; i++)
            ASSIGN(step->din[0].data[i],
                   SLOPE((float)a->scale, step->weight[0].data[i % s.c], x[i]) * dy[i]);
    for (int64_t c = begin; c < end && pass == 1; c++) {
        double sum = 0;
        for (int64_t i = c; i < fornix_floats(s); i += s.c)
            sum += a->scale / 2 * (double)x[i] * (double)x[i] * (double)dy[i];
        step->dweight[0].data[c] = (float)sum;
    }
}

static const FornixAttr attrs[] = {FORNIX_REAL(Twin, scale, SCALE_DEFAULT, 0, 10, "how much of it"),
                                   {0}};
static const FornixPort inputs[] = {{"x", FORNIX_VALUES, X_FLAGS, X_DOC}, {0}};
static const FornixPort outputs[] = {{"y", FORNIX_FEATURE, 0, "the same shape"}, {0}};
static const FornixLayer layer = {
    .infer = infer, .forward = forward, .backward = backward, .open = OPEN};

const FornixNode fornix_node = {.abi = ABI,
                                .name = NAME,
                                .doc = "Half the square of its input, scaled.",
                                .attrs_size = sizeof(Twin),
                                .attrs = attrs,
                                .inputs = inputs,
                                .outputs = outputs,
                                .layer = &layer,
                                .example = "x=8,1,2,3,4 | <" NAME " x=\"x\"/>\n"
                                           "x=3,1,1,1,7 | <" NAME " x=\"x\" scale=\"2\"/>"};

#endif
