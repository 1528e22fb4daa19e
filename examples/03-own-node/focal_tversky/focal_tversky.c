/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A loss for small lesions: what is missed costs more than what is found too much, and classes that
 * go well already cost next to nothing.
 *
 * The index is one of the whole batch, so forward has two passes: planes are summed apart, a grain
 * each, into scratch; then their sums are added in order, which no number of threads can change.
 * What backward needs of that is two numbers a class, handed on in a saved tensor:
 *
 *   d loss / d p = gain t + base
 */
#include <math.h>
#include <node.h>

typedef struct {
    double missed, false_alarm, focus, smooth;
} FocalTversky;

enum { LOGITS, MASK };
enum { BOTH, PREDICTED, TRUTH, SUMS }; /* of a class, over pixels */
enum { CLASSES_MOST = 64 };

static bool infer(FornixInfer *infer, const void *attrs)
{
    FornixShape x = fornix_input(infer, LOGITS), mask = fornix_input(infer, MASK);
    int64_t told = fornix_input_classes(infer, MASK), planes = x.n * x.d;
    (void)attrs;
    if (x.n != mask.n || x.d != mask.d || x.h != mask.h || x.w != mask.w)
        return fornix_infer_fail(infer, "mask", "its sizes differ from those of the logits");
    if (x.c < 2 || x.c > CLASSES_MOST || (told && told != x.c))
        return fornix_infer_fail(infer, "logits",
                                 "%lld channels: one for each class is needed, 2 to %d",
                                 (long long)x.c, (int)CLASSES_MOST);
    fornix_output(infer, 0, (FornixShape){1, 1, 1, 1, 1});
    fornix_scratch(infer, FORNIX_FORWARD, planes * SUMS * x.c);
    fornix_saved(infer, (FornixShape){1, 1, 1, 2, x.c}); /* gain and base */
    fornix_pass(infer, FORNIX_FORWARD, planes, FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_FORWARD, 1, FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_BACKWARD, planes, FORNIX_FOR_INPUT);
    return true;
}

static void softmax(const float *x, int64_t classes, double *p)
{
    double most = (double)x[0], sum = 0;
    for (int64_t c = 1; c < classes; c++)
        most = fmax(most, (double)x[c]);
    for (int64_t c = 0; c < classes; c++)
        sum += p[c] = exp((double)x[c] - most);
    for (int64_t c = 0; c < classes; c++)
        p[c] /= sum;
}

static void sum_plane(const FornixStep *s, int64_t plane)
{
    FornixShape x = s->in[LOGITS].shape;
    double sums[SUMS * CLASSES_MOST] = {0}, p[CLASSES_MOST];
    for (int64_t i = plane * x.h * x.w; i < (plane + 1) * x.h * x.w; i++) {
        softmax(s->in[LOGITS].data + i * x.c, x.c, p);
        for (int64_t c = 0; c < x.c; c++) {
            bool is = (int64_t)s->in[MASK].data[i] == c;
            sums[SUMS * c + BOTH] += is ? p[c] : 0;
            sums[SUMS * c + PREDICTED] += p[c];
            sums[SUMS * c + TRUTH] += is;
        }
    }
    for (int64_t k = 0; k < SUMS * x.c; k++)
        s->scratch[plane * SUMS * x.c + k] = (float)sums[k];
}

/* The loss of class c; its slopes into saved. */
static double class_loss(const FornixStep *s, const FocalTversky *a, int64_t c)
{
    FornixShape x = s->in[LOGITS].shape;
    double sums[SUMS] = {0}, share = 1 - a->missed - a->false_alarm, power = 1 / a->focus;
    for (int64_t k = 0; k < x.n * x.d * SUMS; k++)
        sums[k % SUMS] += (double)s->scratch[k / SUMS * SUMS * x.c + SUMS * c + k % SUMS];
    double up = sums[BOTH] + a->smooth;
    double down =
        share * sums[BOTH] + a->missed * sums[TRUTH] + a->false_alarm * sums[PREDICTED] + a->smooth;
    double rest = fmax(1 - up / down, 1e-6);
    double slope = -power * pow(rest, power - 1) / (down * down) / (double)x.c;
    s->saved[0].data[c] = (float)(slope * (down - share * up));
    s->saved[0].data[x.c + c] = (float)(-slope * a->false_alarm * up);
    return pow(rest, power) / (double)x.c;
}

static void forward(const FornixStep *s, const void *attrs, int pass, int64_t begin, int64_t end)
{
    double loss = 0;
    for (int64_t plane = begin; plane < end && pass == 0; plane++)
        sum_plane(s, plane);
    for (int64_t c = 0; c < s->in[LOGITS].shape.c && pass == 1; c++)
        loss += class_loss(s, attrs, c);
    if (pass == 1)
        s->out[0].data[0] = (float)loss;
}

/* Through the softmax: d loss / d x = p (g - sum g p), g = d loss / d p. */
static void backward(const FornixStep *s, const void *attrs, int pass, int64_t begin, int64_t end)
{
    FornixShape x = s->in[LOGITS].shape;
    const float *gain = s->saved[0].data, *base = gain + x.c;
    double p[CLASSES_MOST], g[CLASSES_MOST];
    (void)attrs, (void)pass;
    for (int64_t i = begin * x.h * x.w; i < end * x.h * x.w; i++) {
        double mean = 0;
        softmax(s->in[LOGITS].data + i * x.c, x.c, p);
        for (int64_t c = 0; c < x.c; c++) {
            g[c] = (double)base[c] + ((int64_t)s->in[MASK].data[i] == c ? (double)gain[c] : 0);
            mean += g[c] * p[c];
        }
        for (int64_t c = 0; c < x.c; c++)
            s->din[LOGITS].data[i * x.c + c] =
                (float)((double)s->dout[0].data[0] * p[c] * (g[c] - mean));
    }
}

static const FornixAttr attrs[] = {
    FORNIX_REAL(FocalTversky, missed, "0.7", 0, 10, "what a pixel costs that is not found"),
    FORNIX_REAL(FocalTversky, false_alarm, "0.3", 0, 10, "what one costs that is found wrongly"),
    FORNIX_REAL(FocalTversky, focus, "1.3333", 1, 10, "above 1: classes that go badly lead"),
    FORNIX_REAL(FocalTversky, smooth, "1e-5", 1e-12, 1e6, "added to both sides of the fraction"),
    {0}};

static const FornixPort inputs[] = {
    {"logits", FORNIX_LOGITS | FORNIX_FEATURE, FORNIX_SAVED, "a channel a class"},
    {"mask", FORNIX_MASK, FORNIX_SAVED | FORNIX_NO_GRAD, "the class of each pixel"},
    {0}};
static const FornixPort outputs[] = {{"loss", FORNIX_LOSS, 0, "one number for the batch"}, {0}};
static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "focal_tversky",
    .doc = "The focal Tversky loss of a segmentation, for lesions that fill few voxels: missing "
           "one costs more than finding one too many.",
    .formula = "mean over classes of (1 - T)^(1 / focus), T = (sum p t + smooth) / (sum p t + "
               "missed sum (1 - p) t + false_alarm sum p (1 - t) + smooth), sums over the batch "
               "(Abraham and Khan 2019)",
    .attrs_size = sizeof(FocalTversky),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .layer = &layer,
    .example = "x=2,3,4,5,3 y=mask:2,3,4,5,1:3 | <focal_tversky logits=\"x\" mask=\"y\"/>\n"
               "x=2,1,5,6,2 y=mask:2,1,5,6,1:2 | <focal_tversky logits=\"x\" mask=\"y\" "
               "missed=\"0.9\" false_alarm=\"0.5\" focus=\"1\" smooth=\"1\"/>"};
