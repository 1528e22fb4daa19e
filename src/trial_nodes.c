/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two nodes that trials put round the one that is tried: a tensor that is a weight, so that the
 * engine makes its gradient, and a number to differentiate that is linear in what it measures, so
 * that it adds no curvature and no kinks of its own. */
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "trial_parts.h"

/* ---- trial_given ---- */

typedef struct TensorSize {
    int64_t n, d, h, w, c, kind;
} TensorSize;

static FornixShape shape_of(const TensorSize *a)
{
    return (FornixShape){a->n, a->d, a->h, a->w, a->c};
}

static bool given_infer(FornixInfer *infer, const void *attrs)
{
    const TensorSize *a = attrs;
    fornix_output(infer, 0, shape_of(a));
    fornix_output_kind(infer, 0, (unsigned)a->kind);
    fornix_weight(infer, 0, "value", shape_of(a), (FornixInit){FORNIX_CONSTANT, 0});
    fornix_pass(infer, FORNIX_FORWARD, 1, FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_BACKWARD, 1, FORNIX_FOR_WEIGHT);
    return true;
}

static void given_forward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                          int64_t end)
{
    (void)attrs, (void)pass, (void)begin, (void)end;
    elementwise_copy(&step->out[0], &step->weight[0], 0, elementwise_grains(step->out[0].shape));
}

static void given_backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                           int64_t end)
{
    (void)attrs, (void)pass, (void)begin, (void)end;
    elementwise_copy(&step->dweight[0], &step->dout[0], 0, elementwise_grains(step->dout[0].shape));
}

enum { SIZE_MOST = 1 << 24 };

static const FornixAttr given_attrs[] = {
    FORNIX_INT(TensorSize, n, NULL, 1, SIZE_MOST, "samples"),
    FORNIX_INT(TensorSize, d, NULL, 1, SIZE_MOST, "depth"),
    FORNIX_INT(TensorSize, h, NULL, 1, SIZE_MOST, "height"),
    FORNIX_INT(TensorSize, w, NULL, 1, SIZE_MOST, "width"),
    FORNIX_INT(TensorSize, c, NULL, 1, SIZE_MOST, "channels"),
    FORNIX_INT(TensorSize, kind, NULL, 1, FORNIX_ANY_TENSOR, "what it stands for"),
    {0}};
static const FornixPort given_outputs[] = {{"y", FORNIX_FEATURE, FORNIX_PITCHED, "the weight"},
                                           {0}};
static const FornixLayer given_layer = {
    .infer = given_infer, .forward = given_forward, .backward = given_backward};

const FornixNode trial_given = {.abi = FORNIX_ABI,
                                .name = "trial_given",
                                .doc = "A tensor that is a weight.",
                                .attrs_size = sizeof(TensorSize),
                                .attrs = given_attrs,
                                .outputs = given_outputs,
                                .layer = &given_layer,
                                .example = "| <trial_given n=\"3\" d=\"1\" h=\"2\" w=\"3\" c=\"4\" "
                                           "kind=\"16\"/>"};

/* ---- trial_measure ---- */

typedef struct Measure {
    int64_t first;
    bool product;
} Measure;

static bool measure_infer(FornixInfer *infer, const void *attrs)
{
    (void)attrs;
    fornix_output(infer, 0, (FornixShape){1, 1, 1, 1, 1});
    fornix_pass(infer, FORNIX_FORWARD, 1, FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_BACKWARD, 1, FORNIX_FOR_INPUT);
    return true;
}

float trial_factor(int64_t tensor, int64_t i)
{
    FornixRandomKey key = fornix_random_derive(fornix_random_key(3, "measure"), (uint64_t)tensor);
    return 4 * fornix_random_uniform(key, (uint64_t)i) - 2;
}

static void measure_forward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                            int64_t end)
{
    (void)pass, (void)begin, (void)end;
    const Measure *a = attrs;
    double sum = 0;
    for (int k = 0; k < step->inputs; k += a->product ? 2 : 1)
        for (int64_t i = 0; i < fornix_floats(step->in[k].shape); i++)
            sum += (double)step->in[k].data[i] *
                   (a->product ? (double)step->in[k + 1].data[i] * (double)trial_factor(a->first, i)
                               : (double)trial_factor(a->first + k, i));
    *step->out[0].data = (float)sum;
}

static void measure_backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                             int64_t end)
{
    (void)pass, (void)begin, (void)end;
    const Measure *a = attrs;
    for (int k = 0; k < step->inputs; k++)
        for (int64_t i = 0; step->din[k].data && i < fornix_floats(step->din[k].shape); i++)
            step->din[k].data[i] = *step->dout[0].data *
                                   (a->product ? trial_factor(a->first, i) * step->in[k ^ 1].data[i]
                                               : trial_factor(a->first + k, i));
}

static bool measure_tangent(FornixInfer *infer, const void *attrs)
{
    const Measure *a = attrs;
    char all[16 * TENSORS_MOST] = "";
    if (a->product) { /* of a value with itself */
        fornix_emit(infer,
                    "<trial_measure id=\"tangent\" first=\"%lld\" product=\"yes\" "
                    "x=\"tangent0 input1 input0 tangent1\"/>",
                    (long long)a->first);
        return fornix_inputs(infer) == 2;
    }
    for (int k = 0; k < fornix_inputs(infer); k++)
        if (fornix_has_tangent(infer, k)) {
            fornix_emit(infer, "<trial_measure id=\"part%d\" first=\"%lld\" x=\"tangent%d\"/>", k,
                        (long long)a->first + k, k);
            size_t used = strlen(all);
            snprintf(all + used, sizeof all - used, " part%d", k);
        }
    fornix_emit(infer, "<sum id=\"tangent\" x=\"%s\"/>", all);
    return true;
}

static const FornixAttr measure_attrs[] = {
    FORNIX_INT(Measure, first, "0", 0, 1000, "the number of the first tensor's factors"),
    FORNIX_BOOL(Measure, product, "no",
                "of the products of two and two, with one tensor's factors"),
    {0}};
static const FornixPort measure_inputs[] = {
    {"x", FORNIX_ANY_TENSOR, FORNIX_MANY | FORNIX_SAVED, "what is measured"}, {0}};
static const FornixPort measure_outputs[] = {
    {"y", FORNIX_LOSS, 0, "the sum of all numbers times their factors"}, {0}};
static const FornixLayer measure_layer = {
    .infer = measure_infer, .forward = measure_forward, .backward = measure_backward};

const FornixNode trial_measure = {.abi = FORNIX_ABI,
                                  .name = "trial_measure",
                                  .doc = "The sum of tensors, each number times a factor.",
                                  .attrs_size = sizeof(Measure),
                                  .attrs = measure_attrs,
                                  .inputs = measure_inputs,
                                  .outputs = measure_outputs,
                                  .layer = &measure_layer,
                                  .example = "x=2,1,3,4,5 y=2,1,1,1,2 | <trial_measure x=\"x y\" "
                                             "first=\"1\"/>",
                                  .tangent = measure_tangent};

Registry *trial_registry(void)
{
    Registry *registry = registry_new();
    registry_add_node(registry, &trial_given);
    registry_add_node(registry, &trial_measure);
    return registry;
}
