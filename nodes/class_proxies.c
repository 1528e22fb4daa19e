/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A vector for each class, and how near a sample points to each: a class head whose logits are
 * cosines.
 *
 * With x' = x / |x| and w' = w / |w|:  y_k = x' . w'_k,  dx = sum_k dy_k (w'_k - y_k x') / |x|,
 * dw_k = sum_n dy_nk (x'_n - y_nk w'_k) / |w_k|. Lengths are saved; sums are of doubles, in order.
 */
#include <math.h>

#include "conv_ports.h"

typedef struct {
    FornixClasses classes;
} ClassProxies;

enum { ROWS, COLUMNS }; /* saved: the lengths of samples, and of proxies */
static const double least_length = 1e-12;

static int64_t sample_floats(FornixShape x)
{
    return x.d * x.h * x.w * x.c;
}

static bool infer(FornixInfer *infer, const void *attrs)
{
    const ClassProxies *a = attrs;
    FornixShape x = fornix_input(infer, 0);
    int64_t in = sample_floats(x), classes = a->classes.count;
    double flops = 2.0 * (double)x.n * (double)in * (double)classes;
    fornix_output(infer, 0, (FornixShape){x.n, 1, 1, 1, classes});
    fornix_weight(infer, 0, "proxies", (FornixShape){1, 1, 1, classes, in}, conv_init(in));
    fornix_saved(infer, (FornixShape){x.n, 1, 1, 1, 1});
    fornix_saved(infer, (FornixShape){1, 1, 1, 1, classes});
    fornix_pass(infer, FORNIX_FORWARD, classes, FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_FORWARD, x.n, FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_BACKWARD, x.n, FORNIX_FOR_INPUT);
    fornix_pass(infer, FORNIX_BACKWARD, classes, FORNIX_FOR_WEIGHT);
    fornix_flops(infer, FORNIX_FORWARD, flops);
    fornix_flops(infer, FORNIX_BACKWARD, 2 * flops);
    return true;
}

static double product_of(const float *a, const float *b, int64_t floats)
{
    double sum = 0;
    for (int64_t i = 0; i < floats; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

static float length_of(const float *a, int64_t floats)
{
    return (float)fmax(sqrt(product_of(a, a, floats)), least_length);
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    (void)attrs;
    const float *proxies = step->weight[0].data;
    float *row = step->saved[ROWS].data, *column = step->saved[COLUMNS].data;
    int64_t floats = step->weight[0].shape.c, classes = step->weight[0].shape.w;
    for (int64_t k = begin; k < end && pass == 0; k++)
        column[k] = length_of(proxies + k * floats, floats);
    for (int64_t n = begin; n < end && pass == 1; n++) {
        const float *x = step->in[0].data + n * floats;
        row[n] = length_of(x, floats);
        for (int64_t k = 0; k < classes; k++)
            step->out[0].data[n * classes + k] =
                (float)(product_of(x, proxies + k * floats, floats) /
                        ((double)row[n] * (double)column[k]));
    }
}

/* to = (sum over others of dy (other' - y own')) / |own|; others are `count` vectors. */
typedef struct {
    const float *own, *others, *lengths, *y, *dy; /* y and dy: `step` from one to the next */
    float own_length;
    int64_t count, step, floats;
} Turn;

static void turn(const Turn *t, float *to)
{
    double along = 0;
    for (int64_t j = 0; j < t->count; j++)
        along += (double)t->dy[j * t->step] * (double)t->y[j * t->step];
    for (int64_t i = 0; i < t->floats; i++) {
        double sum = -along * (double)t->own[i] / (double)t->own_length;
        for (int64_t j = 0; j < t->count; j++)
            sum += (double)t->dy[j * t->step] * (double)t->others[j * t->floats + i] /
                   (double)t->lengths[j];
        to[i] = (float)(sum / (double)t->own_length);
    }
}

static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                     int64_t end)
{
    (void)attrs;
    const FornixView *proxies = &step->weight[0];
    int64_t floats = proxies->shape.c, classes = proxies->shape.w;
    for (int64_t g = begin; g < end; g++) {
        bool input = pass == 0;
        const float *x = step->in[0].data, *row = step->saved[ROWS].data;
        const float *column = step->saved[COLUMNS].data;
        int64_t at = input ? g * classes : g;
        Turn t = {.own = (input ? x : proxies->data) + g * floats,
                  .others = input ? proxies->data : x,
                  .lengths = input ? column : row,
                  .y = step->out[0].data + at,
                  .dy = step->dout[0].data + at,
                  .own_length = input ? row[g] : column[g],
                  .count = input ? classes : step->in[0].shape.n,
                  .step = input ? 1 : classes,
                  .floats = floats};
        turn(&t, (input ? step->din[0].data : step->dweight[0].data) + g * floats);
    }
}

static const FornixAttr attrs[] = {
    FORNIX_CLASSES(ClassProxies, classes, NULL, "their number, or the label column"), {0}};
static const FornixPort inputs[] = {
    {"x", FORNIX_VALUES, FORNIX_SAVED, "an embedding: vectors, or maps taken as one each"}, {0}};
static const FornixPort outputs[] = {
    {"cosines", FORNIX_LOGITS, FORNIX_SAVED, "a channel a class, -1 to 1"}, {0}};
static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "class_proxies",
    .doc =
        "A trained vector for each class, and the cosine of the angle between a sample and each: "
        "the class head of a ReACGAN, whose loss is data_to_data_loss.",
    .formula = "y[k] = x . w[k] / (|x| |w[k]|) (Kang et al. 2021); weights start uniform in +-1 / "
               "sqrt(inputs)",
    .attrs_size = sizeof(ClassProxies),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .layer = &layer,
    .example = "x=4,1,1,1,7 | <class_proxies x=\"x\" classes=\"3\"/>\n"
               "x=3,1,2,3,4 | <class_proxies x=\"x\" classes=\"2\"/>"};
