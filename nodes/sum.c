/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The weighted sum of losses: what an update minimises where several things count. */
#include "number_list.h"

typedef struct {
    FornixList weights;
} Sum;

static bool infer(FornixInfer *infer, const void *attrs)
{
    const Sum *a = attrs;
    if (!numbers_check(infer, "weights", &a->weights, fornix_inputs(infer), -1e6))
        return false;
    fornix_output(infer, 0, (FornixShape){1, 1, 1, 1, 1});
    fornix_pass(infer, FORNIX_FORWARD, 1, FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_BACKWARD, 1, FORNIX_FOR_INPUT);
    return true;
}

static void *open(const FornixInfer *infer, const void *attrs, FornixError *error)
{
    (void)error;
    const Sum *a = attrs;
    return numbers_open(&a->weights, fornix_inputs(infer));
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    (void)attrs, (void)pass, (void)begin, (void)end;
    const float *weights = step->opened;
    double total = 0;
    for (int i = 0; i < step->inputs; i++)
        total += (double)weights[i] * (double)*step->in[i].data;
    *step->out[0].data = (float)total;
}

static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                     int64_t end)
{
    (void)attrs, (void)pass, (void)begin, (void)end;
    const float *weights = step->opened;
    for (int i = 0; i < step->inputs; i++)
        if (step->din[i].data)
            *step->din[i].data = weights[i] * *step->dout[0].data;
}

static const FornixAttr attrs[] = {
    FORNIX_LIST(Sum, weights, "", "one for each loss, in their order; unsaid: 1"), {0}};
static const FornixPort inputs[] = {{"x", FORNIX_LOSS, FORNIX_MANY, "losses"}, {0}};
static const FornixPort outputs[] = {{"loss", FORNIX_LOSS, 0, "their weighted sum"}, {0}};
static const FornixLayer layer = {
    .infer = infer, .forward = forward, .backward = backward, .open = open, .close = mem_free};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "sum",
    .doc = "The weighted sum of losses, to be minimised together.",
    .formula = "loss = w1 x1 + w2 x2 + ...",
    .attrs_size = sizeof(Sum),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .layer = &layer,
    .example = "a=loss:1,1,1,1,1 b=loss:1,1,1,1,1 | <sum x=\"a b\"/>\n"
               "a=loss:1,1,1,1,1 b=loss:1,1,1,1,1 c=loss:1,1,1,1,1 | <sum x=\"a b c\" "
               "weights=\"1 0.5 -2\"/>"};
