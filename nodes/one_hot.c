/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A class label as a vector: a channel for each class, 1 at the label's own.
 *
 * Classes have no order and no distance, so nets are given them this way. A label that is missing
 * (-1) gives zeros.
 */
#include <string.h>

#include "node.h"

typedef struct {
    FornixClasses classes;
} OneHot;

static bool one_hot_infer(FornixInfer *infer, const void *attrs)
{
    const OneHot *a = attrs;
    FornixShape shape = fornix_input(infer, 0);
    int64_t known = fornix_input_classes(infer, 0);
    shape.c = a->classes.count ? a->classes.count : known;
    if (shape.c == 0)
        return fornix_infer_fail(infer, "classes", "the label's number of classes is not known");
    if (shape.c < known)
        return fornix_infer_fail(infer, "classes", "the label has %lld classes, not %lld",
                                 (long long)known, (long long)shape.c);
    fornix_output(infer, 0, shape);
    fornix_pass(infer, FORNIX_FORWARD, 1, FORNIX_ALWAYS);
    return true;
}

static void one_hot_forward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                            int64_t end)
{
    const FornixView *label = &step->in[0];
    const FornixTensor *out = &step->out[0];
    (void)attrs, (void)pass, (void)begin, (void)end;

    for (int64_t n = 0; n < out->shape.n; n++) {
        float *vector = out->data + n * out->pitch_n;
        float class = label->data[n * label->pitch_n];
        memset(vector, 0, (size_t)out->shape.c * sizeof *vector);
        if (class >= 0 && class < (float)out->shape.c)
            vector[(int64_t) class] = 1;
    }
}

static const FornixAttr attrs[] = {
    FORNIX_CLASSES(OneHot, classes, "", "number of classes; the label's own unless given"), {0}};

static const FornixPort inputs[] = {{"label", FORNIX_LABEL, FORNIX_NO_GRAD, "class of a sample"},
                                    {0}};
static const FornixPort outputs[] = {{"vector", FORNIX_FEATURE, 0, "a channel a class"}, {0}};

static const FornixLayer layer = {.infer = one_hot_infer, .forward = one_hot_forward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "one_hot",
    .doc = "Turns a label into a vector with a channel for each class: 1 at the label's own, else "
           "0.",
    .attrs_size = sizeof(OneHot),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .layer = &layer,
    .example = "label=5,1,1,1,1 | <one_hot label=\"label\" classes=\"3\"/>"};
