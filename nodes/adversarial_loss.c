/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a discriminator and its generator minimise about "real or fake", by one attribute.
 *
 * The kinds differ in what they make of the one number per sample that the discriminator gives;
 * roles differ in what it should have said.
 */
#include "point_loss_ports.h"

typedef struct {
    int kind, role;
    double smoothing;
} AdversarialLoss;

enum { SCORE, WEIGHT };
enum { BCE, LEAST_SQUARES, HINGE, WASSERSTEIN };
enum { ROLE_REAL, ROLE_FAKE, ROLE_GENERATOR };

static PointLoss describe(const FornixStep *step, const AdversarialLoss *a)
{
    /* A generator gains by every step over the hinge's margin, so that its own loss has none. */
    static const PointLossKind kinds[][3] = {
        [BCE] = {POINT_ENTROPY, POINT_ENTROPY, POINT_ENTROPY},
        [LEAST_SQUARES] = {POINT_SQUARE, POINT_SQUARE, POINT_SQUARE},
        [HINGE] = {POINT_HINGE, POINT_HINGE, POINT_LINEAR},
        [WASSERSTEIN] = {POINT_LINEAR, POINT_LINEAR, POINT_LINEAR}};
    bool margin = a->kind == HINGE || a->kind == WASSERSTEIN;
    return (PointLoss){.kind = kinds[a->kind][a->role],
                       .smoothing = a->smoothing,
                       .constant = a->role != ROLE_FAKE ? 1
                                   : margin             ? -1
                                                        : 0,
                       .x = step->in[SCORE],
                       .row_weight = step->in[WEIGHT],
                       .value = step->out[0].data,
                       .scratch = step->scratch};
}

static bool infer(FornixInfer *infer, const void *attrs)
{
    const AdversarialLoss *a = attrs;
    if (a->smoothing > 0 && a->kind != BCE)
        return fornix_infer_fail(infer, "smoothing", "only kind=\"bce\" has targets to smooth");
    point_loss_passes(infer, fornix_input(infer, SCORE));
    return true;
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    PointLoss loss = describe(step, attrs);
    point_loss_forward(&loss, pass, begin, end);
}

static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                     int64_t end)
{
    (void)pass;
    PointLoss loss = describe(step, attrs);
    point_loss_backward(&loss, *step->dout[0].data, &step->din[0], begin, end);
}

static const char *const kinds[] = {"bce", "least-squares", "hinge", "wasserstein", NULL};
static const char *const roles[] = {"real", "fake", "generator", NULL};

static const FornixAttr attrs[] = {
    FORNIX_CHOICE(AdversarialLoss, kind, "bce", kinds, "of loss"),
    FORNIX_CHOICE(AdversarialLoss, role, NULL, roles,
                  "real: the discriminator's, of real samples; fake: the discriminator's, of "
                  "generated ones; generator: the generator's"),
    FORNIX_REAL(AdversarialLoss, smoothing, "0", 0, 1,
                "how far targets are drawn towards one half (bce)"),
    {0}};
static const FornixPort inputs[] = {{"score", FORNIX_LOGITS | FORNIX_FEATURE,
                                     FORNIX_SAVED | FORNIX_PITCHED,
                                     "the discriminator's numbers, before any sigmoid"},
                                    POINT_LOSS_WEIGHT_PORT,
                                    {0}};
static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "adversarial_loss",
    .doc = "What a discriminator minimises on real or on fake samples, or a generator on its own: "
           "binary cross-entropy, least squares, hinge or Wasserstein. A Wasserstein critic has to "
           "be held in bounds: gradient_penalty, or spectral=\"yes\" of its net.",
    .formula =
        "mean over samples of l(s), for real, fake, generator: bce log(1 + e^-s), log(1 + e^s), "
        "log(1 + e^-s) (Goodfellow et al. 2014); least-squares (s - 1)^2, s^2, (s - 1)^2 (Mao et "
        "al. 2017); hinge max(0, 1 - s), max(0, 1 + s), -s (Lim & Ye 2017); wasserstein -s, s, -s "
        "(Arjovsky et al. 2017)",
    .attrs_size = sizeof(AdversarialLoss),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = point_loss_outputs,
    .layer = &layer,
    .example =
        "x=5,1,1,1,1 | <adversarial_loss score=\"x\" role=\"real\" smoothing=\"0.1\"/>\n"
        "x=5,1,1,1,1 | <adversarial_loss score=\"x\" role=\"fake\" kind=\"least-squares\"/>\n"
        "x=5,1,1,1,1 | <adversarial_loss score=\"x\" role=\"real\" kind=\"hinge\"/>\n"
        "x=4,1,3,2,1 w=weight:4,1,1,1,1 | <adversarial_loss score=\"x\" weight=\"w\" "
        "role=\"fake\" kind=\"hinge\"/>\n"
        "x=5,1,1,1,1 | <adversarial_loss score=\"x\" role=\"generator\" "
        "kind=\"wasserstein\"/>"};
