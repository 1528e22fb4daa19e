/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dropout: leaves out numbers at random while a net is trained.
 *
 * The mask is a function of the step's random key, so that backward draws it again instead of
 * reading it. Outside of training, and in a net that no update of the stage trains, all pass.
 */
#include "kernels/dropout.h"
#include "kernels/elementwise.h"
#include "node.h"

typedef struct {
    double rate;
} DropoutAttrs;

static bool infer(FornixInfer *infer, const void *attrs)
{
    (void)attrs;
    FornixShape x = fornix_input(infer, 0);
    fornix_output(infer, 0, x);
    fornix_in_place(infer, 0, 0);
    fornix_pass(infer, FORNIX_FORWARD, dropout_grains(x), FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_BACKWARD, dropout_grains(x), FORNIX_FOR_INPUT);
    fornix_flops(infer, FORNIX_FORWARD, 10.0 * (double)fornix_floats(x));
    fornix_flops(infer, FORNIX_BACKWARD, 10.0 * (double)fornix_floats(x));
    return true;
}

/* The same map forward and backward; its grains are those of every sweep over all pixels. */
static void apply(const FornixStep *step, const DropoutAttrs *a, const FornixView *x,
                  const FornixTensor *y, int64_t begin, int64_t end)
{
    if (!step->training || step->frozen || a->rate <= 0) {
        elementwise_copy(y, x, begin, end);
        return;
    }
    Dropout bound = {.rate = a->rate, .key = step->random, .x = *x, .y = *y};
    dropout(&bound, begin, end);
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    (void)pass;
    apply(step, attrs, &step->in[0], &step->out[0], begin, end);
}

static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                     int64_t end)
{
    (void)pass;
    apply(step, attrs, &step->dout[0], &step->din[0], begin, end);
}

static bool tangent(FornixInfer *infer, const void *attrs)
{
    const DropoutAttrs *a = attrs;
    fornix_emit(infer, "<dropout id=\"tangent\" x=\"tangent0\" rate=\"%.17g\"/>", a->rate);
    return true;
}

static const FornixAttr attrs[] = {
    FORNIX_REAL(DropoutAttrs, rate, "0.5", 0, 1, "share of the numbers that are left out"), {0}};
static const FornixPort inputs[] = {{"x", FORNIX_VALUES, FORNIX_PITCHED, "any tensor of values"},
                                    {0}};
static const FornixPort outputs[] = {{"y", 0, FORNIX_PITCHED, "the same shape"}, {0}};
static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "dropout",
    .doc = "Sets numbers to 0 at random while a net is trained, and enlarges the others so that "
           "the mean stays. Outside of training, and in a net that no update of the stage trains, "
           "it does nothing.",
    .formula = "y = x m / (1 - rate), m = 0 with probability rate, else 1 (Srivastava et al. 2014)",
    .attrs_size = sizeof(DropoutAttrs),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .layer = &layer,
    .example = "x=2,3,4,5,6 | <dropout x=\"x\"/>\n"
               "x=5,1,1,1,70 | <dropout x=\"x\" rate=\"0.3\"/>\n"
               "x=3,1,1,1,7 | <dropout x=\"x\" rate=\"0\"/>",
    .tangent = tangent};
