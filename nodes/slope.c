/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A tensor times the slope of an activation: how that changes along a direction.
 *
 * Slopes are those of the activation's output alone, so that its backward kernel gives the product,
 * forward and by x. By the output, the slope changes where it is curved:
 *
 *   leaky 0, elu 1 below 0, sigmoid 1 - 2 y, tanh -2 y
 */
#include "kernels/activation.h"
#include "node.h"
#include "pair_ports.h"

typedef struct {
    int activation;
    double constant;
} Slope;

enum { X, OF };
enum { LEAKY, ELU, SIGMOID, TANH };

static bool infer(FornixInfer *infer, const void *attrs)
{
    const Slope *a = attrs;
    FornixShape x = fornix_input(infer, X);
    if (!pair_check(infer, "x", "of"))
        return false;
    fornix_output(infer, 0, x);
    if (a->activation == LEAKY) /* it is not curved */
        fornix_no_gradient(infer, OF);
    fornix_pass(infer, FORNIX_FORWARD, activation_grains(x), FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_BACKWARD, activation_grains(x), FORNIX_FOR_INPUT);
    fornix_pass(infer, FORNIX_BACKWARD, x.n, FORNIX_FOR_INPUT);
    fornix_flops(infer, FORNIX_FORWARD, 2.0 * (double)fornix_floats(x));
    fornix_flops(infer, FORNIX_BACKWARD, 5.0 * (double)fornix_floats(x));
    return true;
}

static ActivationKind kind_of(const Slope *a)
{
    static const ActivationKind kinds[] = {[LEAKY] = ACTIVATION_LEAKY,
                                           [ELU] = ACTIVATION_ELU,
                                           [SIGMOID] = ACTIVATION_SIGMOID,
                                           [TANH] = ACTIVATION_TANH};
    return kinds[a->activation];
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    (void)pass;
    const Slope *a = attrs;
    ActivationBackward bound = {kind_of(a), (float)a->constant, step->in[OF], step->in[X],
                                step->out[0]};
    activation_backward(&bound, begin, end);
}

static float bend_of(ActivationKind kind, float y)
{
    switch (kind) {
    case ACTIVATION_ELU: return y > 0 ? 0 : 1;
    case ACTIVATION_SIGMOID: return 1 - 2 * y;
    case ACTIVATION_TANH: return -2 * y;
    default: break;
    }
    return 0;
}

static void bend_samples(const FornixStep *step, ActivationKind kind, int64_t begin, int64_t end)
{
    int64_t floats = step->in[X].pitch_n;
    for (int64_t i = begin * floats; i < end * floats; i++)
        step->din[OF].data[i] =
            step->dout[0].data[i] * step->in[X].data[i] * bend_of(kind, step->in[OF].data[i]);
}

static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                     int64_t end)
{
    const Slope *a = attrs;
    if (pass == 0 && step->din[X].data) {
        ActivationBackward bound = {kind_of(a), (float)a->constant, step->in[OF], step->dout[0],
                                    step->din[X]};
        activation_backward(&bound, begin, end);
    }
    if (pass == 1 && step->din[OF].data)
        bend_samples(step, kind_of(a), begin, end);
}

static const char *const activations[] = {"leaky", "elu", "sigmoid", "tanh", NULL};

static const FornixAttr attrs[] = {
    FORNIX_CHOICE(Slope, activation, NULL, activations, "whose slope it is"),
    FORNIX_REAL(Slope, constant, "0", 0, 100, "the slope below 0 of leaky, the alpha of elu"),
    {0}};
static const FornixPort inputs[] = {
    {"x", FORNIX_VALUES, FORNIX_SAVED, "a direction: how the activation's input changes"},
    {"of", FORNIX_VALUES, FORNIX_SAVED, "the activation's output"},
    {0}};
static const FornixPort outputs[] = {{"y", FORNIX_FEATURE, 0, "how its output changes"}, {0}};
static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "slope",
    .doc =
        "A tensor times the slope that an activation has where it gave an output: how it changes "
        "along a direction. What a <gradient> is made of, of little use by itself.",
    .formula = "y = x f'(f^-1(of)), with f' of the output: leaky 1 above 0, else the constant; elu "
               "1 above 0, else of + constant; sigmoid of (1 - of); tanh 1 - of^2",
    .attrs_size = sizeof(Slope),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .layer = &layer,
    .example =
        "x=2,3,4,5,6 y=2,3,4,5,6 | <slope x=\"x\" of=\"y\" activation=\"leaky\" "
        "constant=\"0.2\"/>\n"
        "x=3,1,1,1,7 y=3,1,1,1,7 | <slope x=\"x\" of=\"y\" activation=\"elu\" constant=\"1\"/>\n"
        "x=2,1,3,3,4 y=2,1,3,3,4 | <slope x=\"x\" of=\"y\" activation=\"sigmoid\"/>\n"
        "x=3,1,1,1,7 y=3,1,1,1,7 | <slope x=\"x\" of=\"y\" activation=\"tanh\"/>"};
