/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The data-to-data cross-entropy of a ReACGAN: a sample should point to the proxy of its class, and
 * away from the batch's samples of other classes, both as far as a margin and no further.
 *
 * Cross-entropy's gradient grows with the length of features and goes on for samples that are easy:
 * what makes ACGANs collapse early. Here features count by their direction alone, and easy pairs
 * not at all. Work grows with the square of the batch. Labels of -1 do not count.
 */
#include <math.h>
#include <string.h>

#include "node.h"

typedef struct {
    double temperature, near, far;
} DataToData;

enum { X, COSINES, LABEL };
enum { UNIT, LENGTH, PULL, PUSH, LOSS }; /* saved */
static const double least_length = 1e-12;

static bool infer(FornixInfer *infer, const void *attrs)
{
    (void)attrs;
    FornixShape x = fornix_input(infer, X), y = fornix_input(infer, COSINES);
    FornixShape label = fornix_input(infer, LABEL);
    int64_t told = fornix_input_classes(infer, LABEL), floats = x.d * x.h * x.w * x.c;
    if (y.n != x.n || fornix_pixels(y) != y.n)
        return fornix_infer_fail(infer, "cosines", "it has to be one vector for each sample of x");
    if (label.n != x.n)
        return fornix_infer_fail(infer, "label", "%lld labels for %lld samples", (long long)label.n,
                                 (long long)x.n);
    if (told && told != y.c)
        return fornix_infer_fail(infer, "cosines", "%lld channels for %lld classes", (long long)y.c,
                                 (long long)told);
    fornix_output(infer, 0, (FornixShape){1, 1, 1, 1, 1});
    fornix_saved(infer, (FornixShape){x.n, 1, 1, 1, floats});
    for (int saved = LENGTH; saved <= LOSS; saved++)
        fornix_saved(infer, (FornixShape){x.n, 1, 1, 1, saved == PUSH ? x.n : 1});
    fornix_pass(infer, FORNIX_FORWARD, x.n, FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_FORWARD, x.n, FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_FORWARD, 1, FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_BACKWARD, x.n, FORNIX_FOR_INPUT);
    fornix_flops(infer, FORNIX_FORWARD, 2.0 * (double)x.n * (double)fornix_floats(x));
    fornix_flops(infer, FORNIX_BACKWARD, 4.0 * (double)x.n * (double)fornix_floats(x));
    return true;
}

typedef struct {
    const DataToData *attrs;
    const FornixStep *step;
    int64_t samples, floats, classes;
    float *unit, *length, *pull, *push, *loss;
} Pairs;

static Pairs bind(const FornixStep *step, const void *attrs)
{
    FornixShape x = step->in[X].shape;
    return (Pairs){.attrs = attrs,
                   .step = step,
                   .samples = x.n,
                   .floats = x.d * x.h * x.w * x.c,
                   .classes = step->in[COSINES].shape.c,
                   .unit = step->saved[UNIT].data,
                   .length = step->saved[LENGTH].data,
                   .pull = step->saved[PULL].data,
                   .push = step->saved[PUSH].data,
                   .loss = step->saved[LOSS].data};
}

static int64_t label_of(const Pairs *p, int64_t sample) /* -1: does not count */
{
    float label = p->step->in[LABEL].data[sample];
    return label >= 0 && label < (float)p->classes ? (int64_t)label : -1;
}

static double product_of(const float *a, const float *b, int64_t floats)
{
    double sum = 0;
    for (int64_t i = 0; i < floats; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

static void make_unit(const Pairs *p, int64_t sample)
{
    const float *x = p->step->in[X].data + sample * p->floats;
    double length = fmax(sqrt(product_of(x, x, p->floats)), least_length);
    p->length[sample] = (float)length;
    for (int64_t i = 0; i < p->floats; i++)
        p->unit[sample * p->floats + i] = (float)((double)x[i] / length);
}

/* The loss of a sample; in pull and push how fast it changes with each cosine. */
static void judge(const Pairs *p, int64_t i)
{
    const DataToData *a = p->attrs;
    float *push = p->push + i * p->samples;
    int64_t own = label_of(p, i);
    memset(push, 0, (size_t)p->samples * sizeof *push);
    p->pull[i] = p->loss[i] = 0;
    if (own < 0)
        return;
    double cosine = (double)p->step->in[COSINES].data[i * p->classes + own];
    double near = fmin(0, cosine - a->near) / a->temperature, others = 0;
    for (int64_t j = 0; j < p->samples; j++) {
        int64_t other = label_of(p, j);
        if (other < 0 || other == own)
            continue;
        double between =
            product_of(p->unit + i * p->floats, p->unit + j * p->floats, p->floats) - a->far;
        double weight = exp(fmax(0, between) / a->temperature);
        others += weight;
        push[j] = between > 0 ? (float)(weight / a->temperature) : 0;
    }
    double sum = exp(near) + others;
    for (int64_t j = 0; j < p->samples; j++)
        push[j] = (float)((double)push[j] / sum);
    p->pull[i] = cosine < a->near ? (float)(-others / sum / a->temperature) : 0;
    p->loss[i] = (float)log1p(others * exp(-near));
}

static double share_of(const Pairs *p)
{
    int64_t counted = 0;
    for (int64_t i = 0; i < p->samples; i++)
        counted += label_of(p, i) >= 0;
    return counted ? 1 / (double)counted : 0;
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    Pairs p = bind(step, attrs);
    for (int64_t i = begin; i < end && pass == 0; i++)
        make_unit(&p, i);
    for (int64_t i = begin; i < end && pass == 1; i++)
        judge(&p, i);
    if (pass != 2)
        return;
    double sum = 0;
    for (int64_t i = 0; i < p.samples; i++)
        sum += (double)p.loss[i];
    *step->out[0].data = (float)(sum * share_of(&p));
}

static void turn(const Pairs *p, int64_t i, double scale, float *dx)
{
    const float *own = p->unit + i * p->floats;
    memset(dx, 0, (size_t)p->floats * sizeof *dx);
    for (int64_t j = 0; j < p->samples; j++) {
        double rate = (double)p->push[i * p->samples + j] + (double)p->push[j * p->samples + i];
        const float *other = p->unit + j * p->floats;
        if (rate == 0)
            continue;
        float factor = (float)(scale * rate / (double)p->length[i]);
        float cosine = (float)product_of(own, other, p->floats);
        for (int64_t k = 0; k < p->floats; k++)
            dx[k] += factor * (other[k] - cosine * own[k]);
    }
}

static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                     int64_t end)
{
    (void)pass;
    Pairs p = bind(step, attrs);
    double scale = (double)*step->dout[0].data * share_of(&p);
    for (int64_t i = begin; i < end; i++) {
        if (step->din[X].data)
            turn(&p, i, scale, step->din[X].data + i * p.floats);
        for (int64_t k = 0; step->din[COSINES].data && k < p.classes; k++)
            step->din[COSINES].data[i * p.classes + k] =
                k == label_of(&p, i) ? (float)(scale * (double)p.pull[i]) : 0;
    }
}

static const FornixAttr attrs[] = {
    FORNIX_REAL(DataToData, temperature, "0.5", 1e-3, 1e3, "how soft it is"),
    FORNIX_REAL(DataToData, near, "0.98", -1, 1,
                "the cosine with its proxy from which on a sample is near enough"),
    FORNIX_REAL(DataToData, far, "0.02", -1, 1,
                "the cosine below which samples of two classes are far enough apart"),
    {0}};
static const FornixPort inputs[] = {
    {"x", FORNIX_VALUES, FORNIX_SAVED, "the embedding of each sample"},
    {"cosines", FORNIX_LOGITS, FORNIX_SAVED, "class_proxies of the embedding"},
    {"label", FORNIX_LABEL, FORNIX_SAVED | FORNIX_NO_GRAD, "the class of each sample"},
    {0}};
static const FornixPort outputs[] = {{"loss", FORNIX_LOSS, 0, "one number for the batch"}, {0}};
static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "data_to_data_loss",
    .doc = "The data-to-data cross-entropy (D2D-CE) of a ReACGAN, in place of an ACGAN's "
           "cross_entropy on real and on fake samples.",
    .formula = "mean over i of -log(e^p / (e^p + sum over j of e^n)), p = min(0, cos(x_i, proxy of "
               "its class) - near) / temperature, n = max(0, cos(x_i, x_j) - far) / temperature, j "
               "of other classes (Kang et al. 2021)",
    .attrs_size = sizeof(DataToData),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .layer = &layer,
    .example = "x=6,1,1,1,5 c=logits:6,1,1,1,3 l=label:6,1,1,1,1:3 | <data_to_data_loss x=\"x\" "
               "cosines=\"c\" label=\"l\"/>\n"
               "x=4,1,2,2,3 c=logits:4,1,1,1,2 l=label:4,1,1,1,1:2 | <data_to_data_loss x=\"x\" "
               "cosines=\"c\" label=\"l\" temperature=\"0.3\" near=\"0.5\" far=\"-0.2\"/>"};
