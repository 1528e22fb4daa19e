/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Binary cross-entropy of logits: against one number for all (real or fake), or a tensor. */
#include "point_loss_ports.h"

typedef struct {
    double target, smoothing;
} BceLoss;

static PointLoss describe(const FornixStep *step, const BceLoss *a)
{
    PointLoss loss = point_loss_bind(step, POINT_ENTROPY);
    loss.constant = (float)a->target;
    loss.smoothing = a->smoothing;
    return loss;
}

static bool infer(FornixInfer *infer, const void *attrs)
{
    (void)attrs;
    int64_t classes = fornix_input_classes(infer, POINT_LOSS_TARGET);
    if (classes > 2)
        return fornix_infer_fail(infer, "truth", "it has %lld classes, not two: take cross_entropy",
                                 (long long)classes);
    return point_loss_declare(infer, "truth");
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

static const FornixAttr attrs[] = {
    FORNIX_REAL(BceLoss, target, "1", 0, 1, "of all numbers, where no truth is given"),
    FORNIX_REAL(BceLoss, smoothing, "0", 0, 1, "how far targets are drawn towards one half"),
    {0}};
static const FornixPort inputs[] = {
    {"logits", FORNIX_LOGITS | FORNIX_FEATURE, FORNIX_SAVED | FORNIX_PITCHED, "before the sigmoid"},
    {"truth", FORNIX_MASK | FORNIX_LABEL | FORNIX_PROBABILITY,
     FORNIX_OPTIONAL | FORNIX_SAVED | FORNIX_NO_GRAD | FORNIX_PITCHED,
     "0 or 1, or between, for each number"},
    POINT_LOSS_WEIGHT_PORT,
    {0}};
static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "bce_loss",
    .doc =
        "Binary cross-entropy of the sigmoid of logits, against one target for all (is it real?) "
        "or a truth for each number.",
    .formula = "sum of r (max(x, 0) - x t + log(1 + exp(-|x|))) / sum of r, t = (1 - smoothing) "
               "target + smoothing / 2 (as torch's binary_cross_entropy_with_logits)",
    .attrs_size = sizeof(BceLoss),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = point_loss_outputs,
    .layer = &layer,
    .example = "x=5,1,1,1,1 | <bce_loss logits=\"x\" target=\"0\"/>\n"
               "x=4,1,1,1,1 w=weight:4,1,1,1,1 | <bce_loss logits=\"x\" target=\"1\" "
               "smoothing=\"0.1\" weight=\"w\"/>\n"
               "x=2,2,3,4,1 y=mask:2,2,3,4,1:2 | <bce_loss logits=\"x\" truth=\"y\"/>"};
