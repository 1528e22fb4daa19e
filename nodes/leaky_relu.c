/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The leaky rectifier. */
#include "activation_ports.h"

typedef struct {
    double slope;
} LeakyRelu;

static bool infer(FornixInfer *infer, const void *attrs)
{
    (void)attrs;
    return activation_declare(infer, 2);
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    (void)pass;
    activation_run(step, ACTIVATION_LEAKY, ((const LeakyRelu *)attrs)->slope, begin, end);
}

static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                     int64_t end)
{
    (void)pass;
    activation_run_back(step, ACTIVATION_LEAKY, ((const LeakyRelu *)attrs)->slope, begin, end);
}

static const FornixAttr attrs[] = {FORNIX_REAL(LeakyRelu, slope, "0.01", 0, 1, "of values below 0"),
                                   {0}};
static const FornixPort outputs[] = {
    {"y", FORNIX_FEATURE, FORNIX_SAVED | FORNIX_PITCHED, "the same shape"}, {0}};
static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "leaky_relu",
    .doc = "The leaky rectifier, value by value.",
    .formula = "y = x where x > 0, else slope x (Maas et al. 2013)",
    .attrs_size = sizeof(LeakyRelu),
    .attrs = attrs,
    .inputs = activation_inputs,
    .outputs = outputs,
    .layer = &layer,
    .example =
        "x=2,3,4,5,6 | <leaky_relu x=\"x\"/>\nx=3,1,1,1,7 | <leaky_relu x=\"x\" slope=\"0.2\"/>"};
