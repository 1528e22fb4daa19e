/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shifts logits by how frequent classes are.
 *
 *   y[k] = x[k] + tau log prior[k]
 *
 * In front of a cross-entropy (tau above 0) the net need not spend its logits on the imbalance, so
 * that what it gives without the shift is balanced; behind a net that was trained plainly (tau
 * below 0) the shift takes the imbalance out again: both aim at the least balanced error (Menon,
 * Jayasumana, Rawat, Jain, Veit, Kumar: Long-tail learning via logit adjustment, ICLR 2021).
 */
#include "kernels/elementwise.h"
#include "node.h"

typedef struct {
    double tau;
} LogitAdjustment;

enum { LOGITS, PRIOR };

static bool infer(FornixInfer *infer, const void *attrs)
{
    (void)attrs;
    FornixShape x = fornix_input(infer, LOGITS), prior = fornix_input(infer, PRIOR);
    if (prior.d != 1 || prior.h != 1 || prior.w != 1 || prior.c != x.c)
        return fornix_infer_fail(infer, "prior",
                                 "%lld x %lld x %lld x %lld numbers where %lld logits need one "
                                 "each: take the column log_prior of class_priors",
                                 (long long)prior.d, (long long)prior.h, (long long)prior.w,
                                 (long long)prior.c, (long long)x.c);
    fornix_output(infer, 0, x);
    fornix_in_place(infer, 0, LOGITS);
    fornix_pass(infer, FORNIX_FORWARD, elementwise_grains(x), FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_BACKWARD, elementwise_grains(x), FORNIX_FOR_INPUT);
    return true;
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    (void)pass;
    const LogitAdjustment *a = attrs;
    elementwise_shift(&step->out[0], &step->in[LOGITS], &step->in[PRIOR], (float)a->tau, begin,
                      end);
}

static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                     int64_t end)
{
    (void)attrs, (void)pass;
    elementwise_copy(&step->din[LOGITS], &step->dout[0], begin, end);
}

static const FornixAttr attrs[] = {
    FORNIX_REAL(LogitAdjustment, tau, "1", -100, 100,
                "above 0 in front of a loss; below 0 on the logits of a net trained plainly"),
    {0}};

static const FornixPort inputs[] = {
    {"logits", FORNIX_LOGITS | FORNIX_FEATURE, FORNIX_PITCHED, "a channel a class"},
    {"prior", FORNIX_LOGITS, FORNIX_NO_GRAD,
     "the logarithms of the classes' shares: batch.log_prior of class_priors"},
    {0}};
static const FornixPort outputs[] = {{"y", FORNIX_LOGITS, FORNIX_PITCHED, "shifted"}, {0}};
static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "logit_adjustment",
    .doc = "Shifts logits by the logarithms of the classes' shares: in the loss (tau above 0) or "
           "behind a trained net (tau below 0).",
    .formula = "y[k] = x[k] + tau log prior[k] (Menon et al. 2021)",
    .attrs_size = sizeof(LogitAdjustment),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .layer = &layer,
    .example = "x=5,1,1,1,3 p=logits:5,1,1,1,3 | <logit_adjustment logits=\"x\" prior=\"p\"/>\n"
               "x=2,2,3,4,2 p=logits:2,1,1,1,2 | <logit_adjustment logits=\"x\" prior=\"p\" "
               "tau=\"-0.5\"/>"};
