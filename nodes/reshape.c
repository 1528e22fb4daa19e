/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The same numbers in the same order under another shape: vectors to maps and back. */
#include "kernels/elementwise.h"
#include "node.h"
#include "text.h"

typedef struct {
    FornixList shape;
} Reshape;

enum { AXES = 4, AXIS_MOST = 1 << 22 };

/* Sizes of d, h, w, c; the one that is -1 takes what is left of `floats`. */
static bool read_sizes(FornixInfer *infer, const FornixList *list, int64_t floats,
                       int64_t size[AXES])
{
    int64_t known = 1;
    int open = -1;
    if (list->count != AXES)
        return fornix_infer_fail(infer, "shape", "%lld sizes are not the four d h w c",
                                 (long long)list->count);
    for (int k = 0; k < AXES; k++) {
        if (!text_to_int(list->items[k], &size[k]) || size[k] < -1 || size[k] == 0 ||
            size[k] > AXIS_MOST || (size[k] == -1 && open >= 0))
            return fornix_infer_fail(infer, "shape",
                                     "'%s': sizes are whole numbers from 1 on, one may be -1",
                                     list->items[k]);
        if (size[k] == -1)
            open = k;
        else if (known <= floats)
            known *= size[k];
    }
    if (open >= 0 && floats % known == 0)
        size[open] = floats / known;
    else if (open >= 0 || known != floats)
        return fornix_infer_fail(infer, "shape", "a sample has %lld numbers: they don't fit",
                                 (long long)floats);
    return true;
}

static bool infer(FornixInfer *infer, const void *attrs)
{
    const Reshape *a = attrs;
    FornixShape x = fornix_input(infer, 0);
    int64_t size[AXES];
    if (!read_sizes(infer, &a->shape, x.d * x.h * x.w * x.c, size))
        return false;
    fornix_output(infer, 0, (FornixShape){x.n, size[0], size[1], size[2], size[3]});
    fornix_same_memory(infer, 0, 0);
    fornix_pass(infer, FORNIX_FORWARD, elementwise_grains(x), FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_BACKWARD, elementwise_grains(x), FORNIX_FOR_INPUT);
    return true;
}

/* Both are dense: one is seen in the other's shape. */
static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    (void)attrs, (void)pass;
    FornixTensor y = {
        .shape = step->in[0].shape, .pitch_w = step->in[0].shape.c, .data = step->out[0].data};
    elementwise_copy(&y, &step->in[0], begin, end);
}

static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                     int64_t end)
{
    (void)attrs, (void)pass;
    FornixView dy = {
        .shape = step->din[0].shape, .pitch_w = step->din[0].shape.c, .data = step->dout[0].data};
    elementwise_copy(&step->din[0], &dy, begin, end);
}

static bool tangent(FornixInfer *infer, const void *attrs)
{
    const Reshape *a = attrs;
    fornix_emit(infer, "<reshape id=\"tangent\" x=\"tangent0\" shape=\"%s %s %s %s\"/>",
                a->shape.items[0], a->shape.items[1], a->shape.items[2], a->shape.items[3]);
    return true;
}

static const FornixAttr attrs[] = {
    FORNIX_LIST(Reshape, shape, NULL, "sizes of d h w c; one may be -1: what is left"), {0}};
static const FornixPort inputs[] = {{"x", FORNIX_VALUES, 0, "any tensor of values"}, {0}};
static const FornixPort outputs[] = {{"y", 0, 0, "as many numbers in the same order"}, {0}};
static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "reshape",
    .doc = "Gives the numbers of each sample another shape; their order stays (channels fastest, "
           "then w, h, d).",
    .attrs_size = sizeof(Reshape),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .layer = &layer,
    .example = "x=2,1,1,1,24 | <reshape x=\"x\" shape=\"1 2 3 -1\"/>\n"
               "x=3,2,3,2,5 | <reshape x=\"x\" shape=\"1 1 1 60\"/>",
    .tangent = tangent};
