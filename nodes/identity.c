/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Its input again, under a name of its own, and as another kind where that is wanted.
 *
 * Output and input lie in the same memory wherever the engine lets them.
 */
#include "kernels/elementwise.h"
#include "node.h"

typedef struct {
    int as;
} Identity;

static bool infer(FornixInfer *infer, const void *attrs)
{
    static const unsigned kinds[] = {0, FORNIX_IMAGE, FORNIX_FEATURE, FORNIX_LOGITS};
    const Identity *a = attrs;
    FornixShape x = fornix_input(infer, 0);
    if (fornix_input_kind(infer, 0) == FORNIX_PROBABILITY && a->as)
        return fornix_infer_fail(infer, "as",
                                 "a probability stays one: what losses want stands in front of the "
                                 "softmax or sigmoid");
    fornix_output(infer, 0, x);
    if (a->as)
        fornix_output_kind(infer, 0, kinds[a->as]);
    fornix_same_memory(infer, 0, 0);
    fornix_pass(infer, FORNIX_FORWARD, elementwise_grains(x), FORNIX_ALWAYS);
    fornix_pass(infer, FORNIX_BACKWARD, elementwise_grains(x), FORNIX_FOR_INPUT);
    return true;
}

static void forward(const FornixStep *step, const void *attrs, int pass, int64_t begin, int64_t end)
{
    (void)attrs, (void)pass;
    elementwise_copy(&step->out[0], &step->in[0], begin, end);
}

static void backward(const FornixStep *step, const void *attrs, int pass, int64_t begin,
                     int64_t end)
{
    (void)attrs, (void)pass;
    elementwise_copy(&step->din[0], &step->dout[0], begin, end);
}

static const char *const kinds[] = {"it-is", "image", "feature", "logits", NULL};

static bool tangent(FornixInfer *infer, const void *attrs)
{
    (void)attrs;
    fornix_emit(infer, "<identity id=\"tangent\" x=\"tangent0\"/>");
    return true;
}

static const FornixAttr attrs[] = {
    FORNIX_CHOICE(Identity, as, "it-is", kinds,
                  "what it means from here on: evaluators look for logits"),
    {0}};
static const FornixPort inputs[] = {{"x", FORNIX_VALUES, FORNIX_PITCHED, "any tensor of values"},
                                    {0}};
static const FornixPort outputs[] = {{"y", 0, FORNIX_PITCHED, "the same"}, {0}};
static const FornixLayer layer = {.infer = infer, .forward = forward, .backward = backward};

const FornixNode fornix_node = {
    .abi = FORNIX_ABI,
    .name = "identity",
    .doc = "Gives its input on unchanged: a name for what comes out of a net, or another kind, as "
           "the last layer's features are logits.",
    .formula = "y = x",
    .attrs_size = sizeof(Identity),
    .attrs = attrs,
    .inputs = inputs,
    .outputs = outputs,
    .layer = &layer,
    .example = "x=2,3,4,5,6 | <identity x=\"x\"/>\nx=3,1,1,1,7 | <identity x=\"x\" as=\"logits\"/>",
    .tangent = tangent};
